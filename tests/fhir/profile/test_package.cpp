#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include "fhir/json/json.hpp"
#include "fhir/profile/package.hpp"
#include "fhir/validate/validate.hpp"

using namespace causeway::fhir;

namespace {

std::string member(const std::string& name, const std::string& content, char type = '0') {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    char size[13];
    std::snprintf(size, sizeof size, "%011lo", static_cast<unsigned long>(content.size()));
    header.replace(124, 11, size, 11);
    header[156] = type;
    header.replace(257, 5, "ustar");
    std::string out = header + content;
    out.resize((out.size() + 511) / 512 * 512);
    return out;
}

const std::string end(1024, '\0');

constexpr const char* profile =
    R"({"resourceType":"StructureDefinition","url":"http://example.org/p","version":"1.0.0","name":"P",
    "status":"draft","kind":"resource","abstract":false,"type":"Patient","derivation":"constraint",
    "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","differential":{"element":[{"id":"Patient.name","path":"Patient.name","min":1}]}})";

}  // namespace

TEST_SUITE("fhir/profile/package") {
    TEST_CASE("reads the files of an archive") {
        const std::string long_name = "package/" + std::string(120, 'x') + ".json";
        const auto files =
            read_tar(member("package", "", '5') + member("package/a.json", "one") + member("x", long_name, 'L') +
                     member("cut", "two") + member("y", "30 path=package/pax.json\n", 'x') +
                     member("cut", std::string(600, 'z')) + end + "rubbish");
        REQUIRE(files.has_value());
        REQUIRE(files->size() == 3);
        CHECK((*files)[0].path == "package/a.json");
        CHECK((*files)[0].bytes == "one");
        CHECK((*files)[1].path == long_name);
        CHECK((*files)[2].path == "package/pax.json");
        CHECK((*files)[2].bytes.size() == 600);
    }

    TEST_CASE("refuses what is no archive, breaks off, is too large or leaves its folder") {
        CHECK(read_tar("").has_error());
        CHECK(read_tar(std::string(512, 'x')).has_error());
        CHECK(read_tar(member("a", "content").substr(0, 515)).has_error());
        CHECK(read_tar(member("../a", "content") + end).has_error());
        CHECK(read_tar(member("package/../../a", "content") + end).has_error());
        CHECK(read_tar(member("/etc/a", "content") + end).has_error());
        PackageLimits limits;
        limits.bytes_max = 5;
        CHECK(read_tar(member("a", "content") + end, limits).error().code == Errc::too_large);
        limits = {};
        limits.files_max = 1;
        CHECK(read_tar(member("a", "1") + member("b", "2") + end, limits).error().code == Errc::too_large);
    }

    TEST_CASE("a package brings profiles and terms, not its examples") {
        ValidatorBuilder builder;
        const auto report = add_package(
            builder, {{"package/package.json",
                       R"({"name":"org.example","version":"1.0.0","dependencies":{"hl7.fhir.r4.core":"4.0.1"}})"},
                      {"package/.index.json", "{}"},
                      {"package/StructureDefinition-p.json", profile},
                      {"package/ValueSet-v.json",
                       R"({"resourceType":"ValueSet","url":"http://example.org/v","status":"draft"})"},
                      {"package/SearchParameter-s.json", R"({"resourceType":"SearchParameter"})"},
                      {"package/broken.json", "{"},
                      {"package/example/Patient-1.json", R"({"resourceType":"Patient"})"}});
        CHECK(report.name == "org.example");
        CHECK(report.version == "1.0.0");
        CHECK(report.depends == std::vector<std::string>{"hl7.fhir.r4.core 4.0.1"});
        CHECK(report.profiles == 1);
        CHECK(report.terms == 1);
        CHECK(report.others == 1);
        REQUIRE(report.faults.size() == 1);
        CHECK(report.faults[0].starts_with("package/broken.json: "));
        const auto validator = std::move(builder).build();
        CHECK(validator->knows_profile("http://example.org/p"));
        CHECK(validator->knows_profile("http://example.org/p|1.0.0"));
        CHECK(!validator->knows_profile("http://example.org/p|2.0.0"));
        ValidationOptions options;
        options.profiles = {"http://example.org/p"};
        CHECK(has_error(validator->validate(**parse_json(R"({"resourceType":"Patient"})"), options)));
    }
}
