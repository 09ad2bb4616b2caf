#include "gateway/terminology/concept_files.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "fhir/terminology/terminology.hpp"
#include "gateway/terminology/import.hpp"
#include "gateway/terminology/system_writer.hpp"
#include "tests/gateway/terminology/folder.hpp"

using namespace causeway;
using namespace causeway::terminology;

namespace {

constexpr std::string_view system_url = "http://snomed.info/sct";

/// A tree of `count` concepts, each below its half, with the same words.
void write_tree(const std::filesystem::path& folder, int count, std::string_view version) {
    SystemWriter out(folder, "snomed");
    for (int i = 1; i <= count; ++i) {
        const std::string code = std::to_string(i);
        const auto id = out.add({.code = code, .display = "Größe of kind " + code, .inactive = i % 5 == 0});
        out.add_property(id, "memberOf", i % 2 == 0 ? "even" : "odd", true);
        out.add_parent(id, out.find(std::to_string(i / 2)));
    }
    out.set("system", system_url);
    out.set("title", "tree");
    out.set("version", version);
    out.finish();
}

std::string codes_of(const ConceptFiles& files, const fhir::ConceptQuery& query, std::size_t max = 100) {
    std::string out;
    std::size_t count = 0;
    files.search(system_url, query, [&](const fhir::StoredConcept& found) {
        out += found.code + " ";
        return ++count < max;
    });
    return out;
}

}  // namespace

TEST_SUITE("gateway/terminology/concept_files") {
    TEST_CASE("searches by words, hierarchy and property") {
        const test::Folder folder;
        write_tree(folder.path(), 15, "1");
        const ConceptFiles files(folder.path());
        CHECK(codes_of(files, {}) == "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 ");
        CHECK(codes_of(files, {}, 2) == "1 2 ");
        CHECK(codes_of(files, {.filter = "grosse"}) == "");  // folded is not transliterated
        CHECK(codes_of(files, {.filter = "groß kin"}) == "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 ");
        CHECK(codes_of(files, {.filter = "GRÖß 12"}) == "12 ");
        CHECK(codes_of(files, {.filter = "\" OR x:*"}) == "");
        CHECK(codes_of(files, {.filter = " "}) == codes_of(files, {}));
        CHECK(codes_of(files, {.ancestor = "3"}) == "3 6 7 12 13 14 15 ");
        CHECK(codes_of(files, {.ancestor = "3", .ancestor_itself = false}) == "6 7 12 13 14 15 ");
        CHECK(codes_of(files, {.ancestor = "nothing"}) == "");
        CHECK(codes_of(files, {.property = "memberOf", .value = "even"}) == "2 4 6 8 10 12 14 ");
        CHECK(codes_of(files, {.filter = "1", .ancestor = "3", .property = "memberOf", .value = "even"}) == "12 14 ");
        CHECK(codes_of(files, {.property = "none", .value = "even"}) == "");
    }

    TEST_CASE("answers for the terminology") {
        const test::Folder folder;
        write_tree(folder.path(), 200, "http://snomed.info/sct/1/version/2024");
        fhir::TerminologyBuilder builder(fhir::Terminology::built_in());
        builder.set_store(std::make_shared<ConceptFiles>(folder.path()));
        const auto all = std::move(builder).build();
        CHECK(all->validate_code({system_url, "200"}).answer == fhir::Answer::yes);
        CHECK(all->validate_code({system_url, "201"}).answer == fhir::Answer::no);
        CHECK(all->validate_code("http://snomed.info/sct?fhir_vs=isa/3", {system_url, "13"}).answer ==
              fhir::Answer::yes);
        CHECK(all->validate_code("http://snomed.info/sct?fhir_vs=isa/3", {system_url, "4"}).answer == fhir::Answer::no);
        const auto page =
            all->expand("http://snomed.info/sct?fhir_vs=isa/2", {.offset = 10, .count = 5, .active_only = true});
        REQUIRE(page.has_value());
        CHECK(page->total > 60);
        CHECK(page->items.size() == 5);
        const auto found = all->lookup({system_url, "6"});
        REQUIRE(found.has_value());
        CHECK(found->parents == std::vector<std::string>{"3"});
        CHECK(found->children == std::vector<std::string>{"12", "13"});
        CHECK(*all->subsumes(system_url, "1", "199") == fhir::Subsumption::subsumes);
        // a value set of FHIR that takes a branch of SNOMED CT
        CHECK(all->validate_code("http://hl7.org/fhir/ValueSet/clinical-findings", {system_url, "5"}).answer !=
              fhir::Answer::unknown);
    }

    TEST_CASE("notices a new file while others read") {
        const test::Folder folder;
        const ConceptFiles files(folder.path() / "none" / "yet");
        CHECK_FALSE(files.version_of(system_url).has_value());
        CHECK(files.systems().empty());
        write_tree(folder.path() / "none" / "yet", 10, "1");
        CHECK(files.systems().size() == 1);
        std::vector<std::thread> threads;
        std::atomic<int> wrong = 0;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int turn = 0; turn < 50; ++turn) {
                    const auto found = files.find(system_url, "7");
                    if (!found || files.subsumes(system_url, "1", "7") != true) ++wrong;
                }
            });
        write_tree(folder.path() / "none" / "yet", 20, "2");
        for (auto& thread : threads) thread.join();
        CHECK(wrong == 0);
        CHECK(files.systems().at(0).version == "2");
        CHECK(files.find(system_url, "20").has_value());
    }

    TEST_CASE("a file that is none is a failure, not a wrong answer") {
        const test::Folder folder;
        folder.write("broken.db", "this is no database, but it is long enough to be taken for one at first");
        std::string message;
        try {
            const ConceptFiles files(folder.path());
        } catch (const std::runtime_error& error) {
            message = error.what();
        }
        CHECK(message.find("broken.db: SQLite:") != std::string::npos);
    }
}
