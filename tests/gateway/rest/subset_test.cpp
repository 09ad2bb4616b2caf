#include "gateway/rest/subset.hpp"

#include <doctest/doctest.h>

#include "fhir/json/json.hpp"

using namespace causeway;

namespace {

std::string cut(const std::string& json, const std::vector<fhir::search::QueryParameter>& parameters,
                std::string_view type = "Patient") {
    const auto subset = rest::parse_subset(parameters, type).value();
    return subset ? rest::cut_down(json, *subset) : json;
}

const std::string patient =
    R"({"resourceType":"Patient","id":"1","meta":{"versionId":"2"},"text":{"status":"generated","div":"<div>x</div>"},"active":true,)"
    R"("name":[{"family":"Rocha"}],"photo":[{"url":"http://x"}],"contact":[{"name":{"family":"A"}}],"birthDate":"1962"})";
const std::string tag =
    R"("tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}])";

}  // namespace

TEST_SUITE("gateway/rest/subset") {
    TEST_CASE("_summary keeps what the definitions say and tags the result") {
        CHECK(cut(patient, {{"_summary", "true"}}) ==
              R"({"resourceType":"Patient","id":"1","meta":{"versionId":"2",)" + tag +
                  R"(},"active":true,"name":[{"family":"Rocha"}],"birthDate":"1962"})");
        CHECK(cut(patient, {{"_summary", "text"}}) == R"({"resourceType":"Patient","id":"1","meta":{"versionId":"2",)" +
                                                          tag +
                                                          R"(},"text":{"status":"generated","div":"<div>x</div>"}})");
        const std::string data = cut(patient, {{"_summary", "data"}});
        CHECK(data.find("\"text\"") == std::string::npos);
        CHECK(data.find("\"photo\"") != std::string::npos);
        CHECK(cut(patient, {{"_summary", "false"}}) == patient);
        CHECK(rest::parse_subset(std::vector<fhir::search::QueryParameter>{{"_summary", "some"}}, "Patient")
                  .error()
                  .status == 400);
    }

    TEST_CASE("_elements keeps what was asked for, and what is mandatory or modifies the meaning") {
        CHECK(cut(patient, {{"_elements", "birthDate,photo"}}) ==
              R"({"resourceType":"Patient","id":"1","meta":{"versionId":"2",)" + tag +
                  R"(},"active":true,"photo":[{"url":"http://x"}],"birthDate":"1962"})");
        CHECK(cut(patient, {{"_elements", "Patient.birthDate,Observation.code"}}).find("birthDate") !=
              std::string::npos);
        CHECK(cut(patient, {{"_elements", "Observation.code"}}) == patient);
        const std::string observation =
            R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50},"issued":"2020"})";
        const std::string kept = cut(observation, {{"_elements", "value"}}, "Observation");
        CHECK(kept.find("\"status\":\"final\"") != std::string::npos);
        CHECK(kept.find("\"code\"") != std::string::npos);
        CHECK(kept.find("\"value\":1.50") != std::string::npos);
        CHECK(kept.find("issued") == std::string::npos);
    }

    TEST_CASE("a subsetted resource is recognised") {
        CHECK(rest::is_subsetted(fhir::parse_json(cut(patient, {{"_summary", "true"}})).value()->root()));
        CHECK_FALSE(rest::is_subsetted(fhir::parse_json(patient).value()->root()));
    }
}
