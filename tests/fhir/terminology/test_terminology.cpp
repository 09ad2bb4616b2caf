#include <doctest/doctest.h>

#include <map>
#include <string>

#include "fhir/json/json.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/terminology/grammar.hpp"
#include "fhir/terminology/terminology.hpp"

using namespace causeway::fhir;

namespace {

const Terminology& built_in() {
    static const auto made = Terminology::built_in();
    return *made;
}

constexpr std::string_view v3_act_code = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// A little system with a hierarchy, as a database would answer for it.
class FakeStore : public ConceptStore {
public:
    std::optional<std::string> version_of(std::string_view system) const override {
        return system == "http://loinc.org" ? std::optional<std::string>("2.77") : std::nullopt;
    }
    std::optional<StoredConcept> find(std::string_view, std::string_view code) const override {
        const auto found = rows_.find(std::string(code));
        if (found == rows_.end()) return std::nullopt;
        return StoredConcept{found->first, found->second, "", false};
    }
    std::optional<bool> subsumes(std::string_view, std::string_view, std::string_view) const override {
        return std::nullopt;
    }
    std::optional<bool> has_property(std::string_view, std::string_view code, std::string_view property,
                                     std::string_view value) const override {
        return property == "SCALE_TYP" && value == "Qn" && code == "718-7";
    }
    void search(std::string_view, std::string_view,
                const std::function<bool(const StoredConcept&)>& each) const override {
        for (const auto& [code, display] : rows_)
            if (!each({code, display, "", false})) return;
    }

private:
    std::map<std::string, std::string> rows_{{"718-7", "Hemoglobin in Blood"}, {"11502-2", "Laboratory report"}};
};

DocumentPtr parsed(const char* text) { return *parse_json(text); }

}  // namespace

TEST_SUITE("fhir/terminology") {
    TEST_CASE("holds FHIR, v2 and v3") {
        const auto* gender = built_in().find_system("http://hl7.org/fhir/administrative-gender");
        REQUIRE(gender);
        CHECK(gender->concepts().size() == 4);
        CHECK(gender->find("male") != Concept::none);
        CHECK(gender->find("Male") == Concept::none);
        CHECK(gender->is_complete());
        REQUIRE(built_in().find_system("http://terminology.hl7.org/CodeSystem/v2-0203"));
        CHECK(built_in().find_system("http://terminology.hl7.org/CodeSystem/v2-0203")->find("MR") != Concept::none);
        REQUIRE(built_in().find_system(v3_act_code));
        CHECK(built_in().find_system("http://loinc.org") == nullptr);
        std::size_t missing = 0;
        for (const auto& type : r4::types())
            for (const auto& element : type.elements)
                if (element.binding == r4::BindingStrength::required && !built_in().find_value_set(element.value_set))
                    ++missing;
        CHECK(missing == 1);  // MolecularSequence.structureVariant.variantType: a LOINC answer list
    }

    TEST_CASE("validates codes in value sets") {
        struct Row {
            const char* value_set;
            const char* system;
            const char* code;
            Answer answer;
        };
        for (const Row& row : {
                 Row{"http://hl7.org/fhir/ValueSet/administrative-gender", "", "male", Answer::yes},
                 Row{"http://hl7.org/fhir/ValueSet/administrative-gender", "", "M", Answer::no},
                 Row{"http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1",
                     "http://hl7.org/fhir/administrative-gender", "male", Answer::yes},
                 Row{"http://hl7.org/fhir/ValueSet/administrative-gender", "http://other", "male", Answer::no},
                 Row{"http://hl7.org/fhir/ValueSet/marital-status",
                     "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "M", Answer::yes},
                 Row{"http://hl7.org/fhir/ValueSet/marital-status",
                     "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "UNK", Answer::yes},
                 Row{"http://hl7.org/fhir/ValueSet/marital-status",
                     "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "NI", Answer::no},
                 Row{"http://terminology.hl7.org/ValueSet/v3-ActEncounterCode", v3_act_code.data(), "IMP", Answer::yes},
                 Row{"http://terminology.hl7.org/ValueSet/v3-ActEncounterCode", v3_act_code.data(), "ACUTE",
                     Answer::yes},
                 Row{"http://terminology.hl7.org/ValueSet/v3-ActEncounterCode", v3_act_code.data(), "PUBLICPOL",
                     Answer::no},
                 Row{"http://hl7.org/fhir/ValueSet/mimetypes", "", "application/fhir+json; charset=utf-8", Answer::yes},
                 Row{"http://hl7.org/fhir/ValueSet/mimetypes", "", "text", Answer::no},
                 Row{"http://hl7.org/fhir/ValueSet/currencies", "", "EUR", Answer::yes},
                 Row{"http://hl7.org/fhir/ValueSet/currencies", "", "EURO", Answer::no},
                 Row{"http://hl7.org/fhir/ValueSet/observation-codes", "http://loinc.org", "718-7", Answer::unknown},
                 Row{"http://hl7.org/fhir/ValueSet/observation-codes", "http://other", "x", Answer::no},
                 Row{"http://hl7.org/fhir/ValueSet/all-types", "", "Patient", Answer::yes},
                 Row{"http://hl7.org/fhir/ValueSet/nothing", "", "x", Answer::unknown},
             }) {
            CAPTURE(row.value_set);
            CAPTURE(row.code);
            const auto answer = built_in().validate_code(row.value_set, {row.system, row.code});
            CHECK(answer.answer == row.answer);
            CHECK(answer.message.empty() == (row.answer == Answer::yes));
        }
        const auto answer =
            built_in().validate_code("http://hl7.org/fhir/ValueSet/administrative-gender", {"", "male", "", "Mail"});
        CHECK(answer.display == "Male");
        CHECK_FALSE(answer.display_matches);
        CHECK(built_in().validate_code({"http://hl7.org/fhir/administrative-gender", "x"}).answer == Answer::no);
        CHECK(built_in().validate_code({"http://loinc.org", "718-7"}).message.find("terminology import") !=
              std::string::npos);
    }

    TEST_CASE("looks up and subsumes") {
        const auto inpatient = built_in().lookup({v3_act_code, "IMP"});
        REQUIRE(inpatient.has_value());
        CHECK(inpatient->display == "inpatient encounter");
        CHECK(inpatient->name == "v3.ActCode");
        CHECK(inpatient->parents == std::vector<std::string>{"_ActEncounterCode"});
        CHECK(inpatient->children.size() == 2);
        CHECK(built_in().lookup({v3_act_code, "_ActEncounterCode"})->is_abstract);
        CHECK(built_in().lookup({v3_act_code, "nothing"}).error().code == Errc::unknown_name);
        CHECK(built_in().lookup({"http://nothing", "x"}).error().code == Errc::unknown_name);
        CHECK(*built_in().subsumes(v3_act_code, "_ActEncounterCode", "ACUTE") == Subsumption::subsumes);
        CHECK(*built_in().subsumes(v3_act_code, "ACUTE", "IMP") == Subsumption::subsumed_by);
        CHECK(*built_in().subsumes(v3_act_code, "ACUTE", "ACUTE") == Subsumption::equivalent);
        CHECK(*built_in().subsumes(v3_act_code, "AMB", "IMP") == Subsumption::not_subsumed);
        CHECK(built_in().subsumes(v3_act_code, "AMB", "nothing").has_error());
    }

    TEST_CASE("expands with filter and paging") {
        const auto all = built_in().expand("http://hl7.org/fhir/ValueSet/administrative-gender");
        REQUIRE(all.has_value());
        CHECK(all->total == 4);
        CHECK(all->items[0].code == "male");
        CHECK(all->items[0].display == "Male");
        const auto page = built_in().expand("http://hl7.org/fhir/ValueSet/administrative-gender",
                                            {.filter = {}, .offset = 1, .count = 2});
        CHECK(page->total == 4);
        REQUIRE(page->items.size() == 2);
        CHECK(page->items[0].code == "female");
        const auto filtered =
            built_in().expand("http://terminology.hl7.org/ValueSet/v3-ActEncounterCode", {.filter = "INP"});
        REQUIRE(filtered.has_value());
        CHECK(filtered->total == 3);
        for (const auto& item : filtered->items) CHECK(item.display.find("inpatient") != std::string::npos);
        CHECK(built_in().expand("http://hl7.org/fhir/ValueSet/observation-codes").error().code == Errc::unknown_name);
        CHECK(built_in().expand("http://nothing").error().code == Errc::unknown_name);
        CHECK(built_in().expand("http://hl7.org/fhir/ValueSet/all-types", {.candidates_max = 10}).error().code ==
              Errc::too_large);
    }

    TEST_CASE("translates, both ways") {
        const CodingView male{"http://hl7.org/fhir/administrative-gender", "male"};
        const auto v2 = built_in().translate("", male, "http://terminology.hl7.org/CodeSystem/v2-0001");
        REQUIRE(v2.has_value());
        REQUIRE(v2->size() == 1);
        CHECK(v2->front().code == "M");
        CHECK(v2->front().equivalence == "equal");
        const auto back =
            built_in().translate(v2->front().map, {"http://terminology.hl7.org/CodeSystem/v2-0001", "M"}, "", true);
        REQUIRE(back.has_value());
        REQUIRE(back->size() == 1);
        CHECK(back->front().code == "male");
        CHECK(built_in().translate("http://nothing", male).has_error());
    }

    TEST_CASE("definitions of the user hide and use those built in") {
        TerminologyBuilder builder(Terminology::built_in());
        CHECK(builder.add(parsed(
            R"({"resourceType":"CodeSystem","url":"http://own/cs","version":"2","status":"active","content":"complete","caseSensitive":false,
        "concept":[{"code":"A","display":"a","concept":[{"code":"A1","property":[{"code":"inactive","valueBoolean":true}]}]},{"code":"B","property":[{"code":"child","valueCode":"A1"}]}]})")));
        CHECK(builder.add(parsed(R"({"resourceType":"ValueSet","url":"http://own/vs","compose":{"include":[
        {"system":"http://own/cs","filter":[{"property":"concept","op":"is-a","value":"A"}]},
        {"valueSet":["http://hl7.org/fhir/ValueSet/administrative-gender"]}],"exclude":[{"system":"http://own/cs","concept":[{"code":"A"}]}]}})")));
        CHECK_FALSE(builder.add(parsed(R"({"resourceType":"Patient"})")));
        const auto own = std::move(builder).build();
        const auto in = [&](const char* system, const char* code) {
            return own->validate_code("http://own/vs", {system, code}).answer;
        };
        CHECK(in("http://own/cs", "a1") == Answer::yes);
        CHECK(in("http://own/cs", "A") == Answer::no);
        CHECK(in("http://own/cs", "B") == Answer::no);
        CHECK(in("http://hl7.org/fhir/administrative-gender", "male") == Answer::yes);
        CHECK(*own->subsumes("http://own/cs", "B", "A1") == Subsumption::subsumes);
        CHECK(own->expand("http://own/vs")->total == 5);
        CHECK(own->expand("http://own/vs", {.active_only = true})->total == 4);
        CHECK(own->find_value_set("http://own/vs|3") == nullptr);
        CHECK(own->find_system("http://own/cs", "2") != nullptr);
        CHECK(own->lookup({v3_act_code, "IMP"}).has_value());
    }

    TEST_CASE("value sets that include each other end") {
        TerminologyBuilder builder;
        builder.add(parsed(
            R"({"resourceType":"ValueSet","url":"http://a","compose":{"include":[{"valueSet":["http://b"]}]}})"));
        builder.add(parsed(
            R"({"resourceType":"ValueSet","url":"http://b","compose":{"include":[{"valueSet":["http://a"]}]}})"));
        const auto own = std::move(builder).build();
        CHECK(own->validate_code("http://a", {"s", "c"}).answer == Answer::unknown);
        CHECK(own->expand("http://a").error().code == Errc::too_deep);
    }

    TEST_CASE("large systems are asked from the store") {
        TerminologyBuilder builder(Terminology::built_in());
        builder.set_store(std::make_shared<FakeStore>());
        builder.add(parsed(
            R"({"resourceType":"ValueSet","url":"http://own/qn","compose":{"include":[{"system":"http://loinc.org","filter":[{"property":"SCALE_TYP","op":"=","value":"Qn"}]}]}})"));
        const auto own = std::move(builder).build();
        CHECK(own->validate_code("http://hl7.org/fhir/ValueSet/observation-codes", {"http://loinc.org", "718-7"})
                  .answer == Answer::yes);
        CHECK(own->validate_code("http://hl7.org/fhir/ValueSet/observation-codes", {"http://loinc.org", "1"}).answer ==
              Answer::no);
        CHECK(own->lookup({"http://loinc.org", "718-7"})->display == "Hemoglobin in Blood");
        CHECK(own->validate_code("http://own/qn", {"http://loinc.org", "11502-2"}).answer == Answer::no);
        CHECK(own->expand("http://own/qn")->total == 1);
        CHECK(own->subsumes("http://loinc.org", "718-7", "11502-2").error().code == Errc::not_supported);
    }

    TEST_CASE("grammars") {
        const auto language = code_grammar("urn:ietf:bcp:47");
        for (const char* good : {"en", "en-US", "zh-Hans-CN", "x-private", "sl-rozaj-biske"})
            CHECK_MESSAGE(language(good), good);
        for (const char* bad : {"", "e", "english-", "en_US", "1n", "abcdefghi"}) CHECK_MESSAGE(!language(bad), bad);
        CHECK((code_grammar("http://loinc.org") == nullptr));
    }
}
