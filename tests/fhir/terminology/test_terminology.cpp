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

/// A little LOINC without hierarchy and a little SNOMED CT with one, as a database would answer for them.
class FakeStore : public ConceptStore {
public:
    std::optional<std::string> version_of(std::string_view system) const override {
        if (system == "http://loinc.org") return "2.77";
        if (system == "http://snomed.info/sct") return "http://snomed.info/sct/1/version/20240101";
        return std::nullopt;
    }
    std::optional<StoredConcept> find(std::string_view system, std::string_view code) const override {
        const auto& rows = rows_of(system);
        const auto found = rows.find(std::string(code));
        if (found == rows.end()) return std::nullopt;
        return StoredConcept{found->first, found->second, "", code == "13", code == "1"};
    }
    std::optional<bool> subsumes(std::string_view system, std::string_view ancestor,
                                 std::string_view code) const override {
        if (system == "http://loinc.org") return std::nullopt;
        return code.starts_with(ancestor);  // 1 is above 11 and 12
    }
    std::optional<bool> has_property(std::string_view, std::string_view code, std::string_view property,
                                     std::string_view value) const override {
        if (property == "memberOf") return value == "900" && code == "12";
        if (property == "LIST") return value == "LL1-1" && code == "718-7";
        if (property != "SCALE_TYP") return std::nullopt;
        return value == "Qn" && code == "718-7";
    }
    std::vector<ConceptProperty> properties(std::string_view, std::string_view code) const override {
        if (code != "718-7") return {};
        return {{"SCALE_TYP", "Qn", "string", ""}};
    }
    std::vector<ConceptDesignation> designations(std::string_view, std::string_view code) const override {
        if (code != "718-7") return {};
        return {{"en", "SHORTNAME", "Hgb Bld-mCnc"}};
    }
    std::vector<std::string> parents(std::string_view, std::string_view code) const override {
        return code.size() == 2 ? std::vector<std::string>{"1"} : std::vector<std::string>{};
    }
    std::vector<std::string> children(std::string_view, std::string_view code) const override {
        return code == "1" ? std::vector<std::string>{"11", "12", "13"} : std::vector<std::string>{};
    }
    void search(std::string_view system, const ConceptQuery& query,
                const std::function<bool(const StoredConcept&)>& each) const override {
        for (const auto& [code, display] : rows_of(system)) {
            if (display.find(query.filter) == std::string::npos) continue;
            if (!query.ancestor.empty() &&
                (!code.starts_with(query.ancestor) || (!query.ancestor_itself && code == query.ancestor)))
                continue;
            if (!query.property.empty() && !has_property(system, code, query.property, query.value).value_or(false))
                continue;
            if (!each(*find(system, code))) return;
        }
    }

private:
    const std::map<std::string, std::string>& rows_of(std::string_view system) const {
        return system == "http://loinc.org" ? loinc_ : snomed_;
    }
    std::map<std::string, std::string> loinc_{{"718-7", "Hemoglobin in Blood"}, {"11502-2", "Laboratory report"}};
    std::map<std::string, std::string> snomed_{
        {"1", "Finding"}, {"11", "Asthma"}, {"12", "Angina"}, {"13", "Ague"}, {"2", "Procedure"}};
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

    TEST_CASE("a store tells what it knows of a code") {
        TerminologyBuilder builder(Terminology::built_in());
        builder.set_store(std::make_shared<FakeStore>());
        const auto own = std::move(builder).build();
        const auto found = own->lookup({"http://loinc.org", "718-7"});
        REQUIRE(found.has_value());
        CHECK(found->version == "2.77");
        REQUIRE(found->properties.size() == 1);
        CHECK(found->properties[0].code == "SCALE_TYP");
        REQUIRE(found->designations.size() == 1);
        CHECK(found->designations[0].value == "Hgb Bld-mCnc");
        CHECK(own->lookup({"http://snomed.info/sct", "1"})->children.size() == 3);
        CHECK(own->lookup({"http://snomed.info/sct", "11"})->parents == std::vector<std::string>{"1"});
        CHECK(own->lookup({"http://loinc.org", "718-7", "2.70"}).error().message.find("version 2.77 is") !=
              std::string::npos);
        // any of a concept's names is a right display
        const auto named = own->validate_code({"http://loinc.org", "718-7", "", "hgb bld-mcnc"});
        CHECK(named.display_matches);
        CHECK(named.version == "2.77");
        CHECK_FALSE(own->validate_code({"http://loinc.org", "718-7", "", "Potassium"}).display_matches);
        CHECK(own->validate_code({"http://loinc.org", "718-7", "2.70"}).answer == Answer::unknown);
        CHECK(own->validate_code({"http://snomed.info/sct", "11", "http://snomed.info/sct/1"}).answer == Answer::yes);
        CHECK(own->validate_code({"http://snomed.info/sct", "1"}).answer == Answer::yes);
        CHECK(own->validate_code({"http://snomed.info/sct", "1"}, {.abstract_allowed = false}).answer == Answer::no);
        CHECK(*own->subsumes("http://snomed.info/sct", "1", "12") == Subsumption::subsumes);
        CHECK(*own->subsumes("http://snomed.info/sct", "12", "1") == Subsumption::subsumed_by);
        CHECK(*own->subsumes("http://snomed.info/sct", "2", "1") == Subsumption::not_subsumed);
        CHECK(own->lookup({"http://hl7.org/fhir/sid/cvx", "1"}).error().message.find("--system cvx") !=
              std::string::npos);
    }

    TEST_CASE("value sets that a URL describes") {
        TerminologyBuilder builder(Terminology::built_in());
        builder.set_store(std::make_shared<FakeStore>());
        const auto own = std::move(builder).build();
        const auto codes = [&](const char* url) {
            std::string out;
            const auto expanded = own->expand(url);
            if (expanded.has_error()) return expanded.error().message;
            for (const auto& item : expanded->items) out += item.code + " ";
            return out;
        };
        CHECK(codes("http://snomed.info/sct?fhir_vs") == "1 11 12 13 2 ");
        CHECK(codes("http://snomed.info/sct?fhir_vs=isa/1") == "1 11 12 13 ");
        CHECK(codes("http://snomed.info/sct/1/version/20240101?fhir_vs=isa/1") == "1 11 12 13 ");
        CHECK(codes("http://snomed.info/sct?fhir_vs=refset/900") == "12 ");
        CHECK(codes("http://snomed.info/sct?fhir_vs=ecl/<1") == "11 12 13 ");
        CHECK(codes("http://snomed.info/sct?fhir_vs=ecl/%3C%3C%201") == "1 11 12 13 ");
        CHECK(codes("http://snomed.info/sct?fhir_vs=ecl/^900") == "12 ");
        CHECK(codes("http://snomed.info/sct?fhir_vs=ecl/*") == "1 11 12 13 2 ");
        CHECK(codes("http://snomed.info/sct?fhir_vs=ecl/11|Asthma|") == "11 ");
        CHECK(codes("http://loinc.org/vs") == "11502-2 718-7 ");
        CHECK(codes("http://loinc.org/vs/LL1-1") == "718-7 ");
        for (const char* bad :
             {"http://snomed.info/sct?fhir_vs=isa/x", "http://snomed.info/sct?fhir_vs=ecl/<1 AND <2",
              "http://snomed.info/sctx?fhir_vs", "http://loinc.org/vs/x", "http://snomed.info/sct?fhir_vs=what/1"})
            CHECK_MESSAGE(own->expand(bad).error().code == Errc::unknown_name, bad);
        const auto answer = [&](const char* url, const char* code) {
            return own->validate_code(url, {"http://snomed.info/sct", code}).answer;
        };
        CHECK(answer("http://snomed.info/sct?fhir_vs=isa/1", "12") == Answer::yes);
        CHECK(answer("http://snomed.info/sct?fhir_vs=isa/1", "2") == Answer::no);
        CHECK(answer("http://snomed.info/sct?fhir_vs=refset/900", "12") == Answer::yes);
        CHECK(answer("http://snomed.info/sct?fhir_vs=refset/900", "11") == Answer::no);
    }

    TEST_CASE("every kind of filter") {
        TerminologyBuilder builder;
        builder.add(parsed(R"({"resourceType":"CodeSystem","url":"http://cs","version":"1","valueSet":"http://cs/all",
            "content":"complete","concept":[{"code":"A","display":"alpha","property":[{"code":"size","valueInteger":1}],
            "concept":[{"code":"A1","display":"alpha one","definition":"the first","designation":[{"language":"de","value":"Alpha eins"}]},
            {"code":"A2","display":"alpha two","property":[{"code":"size","valueInteger":2},{"code":"status","valueCode":"retired"}]}]},
            {"code":"B","display":"beta","property":[{"code":"kind","valueCoding":{"code":"k"}},{"code":"notSelectable","valueBoolean":true}]}]})"));
        const auto own = std::move(builder).build();
        const auto codes = [&](const std::string& filter, const ExpandOptions& options = {}) {
            const auto set = parsed((R"({"resourceType":"ValueSet","compose":{"include":[{"system":"http://cs")" +
                                     (filter.empty() ? "" : ",\"filter\":[" + filter + "]") + "}]}}")
                                        .c_str());
            const ValueSet read = read_value_set(set->root());
            std::string out;
            const auto expanded = own->expand(read, options);
            for (const auto& item : expanded->items) {
                out += item.code + " ";
                CHECK(own->contains(read, "http://cs", item.code) == Answer::yes);
            }
            for (const char* code : {"A", "A1", "A2", "B"})  // both directions say the same
                if (options.filter.empty() && !options.active_only && !options.selectable_only)
                    CHECK((own->contains(read, "http://cs", code) == Answer::yes) ==
                          (out.find(std::string(code) + " ") != std::string::npos));
            return out;
        };
        const auto filter = [](const char* property, const char* op, const char* value) {
            return std::string("{\"property\":\"") + property + "\",\"op\":\"" + op + "\",\"value\":\"" + value + "\"}";
        };
        CHECK(codes("") == "A A1 A2 B ");
        CHECK(codes(filter("concept", "is-a", "A")) == "A A1 A2 ");
        CHECK(codes(filter("concept", "descendent-of", "A")) == "A1 A2 ");
        CHECK(codes(filter("concept", "is-not-a", "A")) == "B ");
        CHECK(codes(filter("concept", "generalizes", "A1")) == "A A1 ");
        CHECK(codes(filter("concept", "in", "A1, B")) == "A1 B ");
        CHECK(codes(filter("concept", "not-in", "A1,B")) == "A A2 ");
        CHECK(codes(filter("code", "regex", "A[0-9]")) == "A1 A2 ");
        CHECK(codes(filter("code", "=", "B")) == "B ");
        CHECK(codes(filter("size", "=", "2")) == "A2 ");
        CHECK(codes(filter("size", "exists", "true")) == "A A2 ");
        CHECK(codes(filter("size", "exists", "false")) == "A1 B ");
        CHECK(codes(filter("size", "in", "1,2")) == "A A2 ");
        CHECK(codes(filter("kind", "=", "k")) == "B ");
        CHECK(codes(filter("parent", "=", "A")) == "A1 A2 ");
        CHECK(codes(filter("child", "=", "A2")) == "A ");
        CHECK(codes(filter("display", "regex", "alpha.+")) == "A1 A2 ");
        CHECK(codes(filter("inactive", "=", "true")) == "A2 ");
        CHECK(codes(filter("concept", "is-a", "A") + "," + filter("size", "exists", "true")) == "A A2 ");
        CHECK(codes("", {.active_only = true}) == "A A1 B ");
        CHECK(codes("", {.selectable_only = true}) == "A A1 A2 ");
        CHECK(codes("", {.filter = "alp tw"}) == "A2 ");
        CHECK(own->expand("http://cs/all")->total == 4);
        CHECK(own->expand("http://cs/all")->systems == std::vector<std::string>{"http://cs|1"});
        const auto full = own->expand("http://cs/all", {.with_designations = true, .with_definition = true});
        CHECK(full->items[1].definition == "the first");
        REQUIRE(full->items[1].designations.size() == 1);
        CHECK(full->items[1].designations[0].language == "de");
        const auto found = own->lookup({"http://cs", "A2"});
        REQUIRE(found->properties.size() == 2);
        CHECK(found->properties[0].type == "integer");
        CHECK(found->properties[0].value == "2");
        CHECK(found->is_inactive);
        const CodingView codings[] = {{"http://other", "x"}, {"http://cs", "A1"}};
        CHECK(own->validate_code("http://cs/all", codings).answer == Answer::yes);
        CHECK(own->validate_code("http://cs/all", std::span(codings).first(1)).answer == Answer::no);
        CHECK(own->validate_code("http://cs/all", {"http://cs", "B"}, {.abstract_allowed = false}).answer ==
              Answer::no);
        CHECK(own->validate_code("http://cs/all", {"http://cs", "A1", "2"}).answer == Answer::unknown);
    }

    TEST_CASE("what a map says of codes that it does not map") {
        TerminologyBuilder builder;
        builder.add(parsed(R"({"resourceType":"ConceptMap","url":"http://cm","group":[
            {"source":"http://a","target":"http://b","element":[{"code":"1","target":[{"code":"one","equivalence":"equivalent","comment":"c","display":"One","dependsOn":[{"property":"p","value":"v"}]}]}],
             "unmapped":{"mode":"fixed","code":"other","display":"Other"}},
            {"source":"http://p","target":"http://q","unmapped":{"mode":"provided"}},
            {"source":"http://x","target":"http://b","unmapped":{"mode":"other-map","url":"http://cm2"}}]})"));
        builder.add(parsed(R"({"resourceType":"ConceptMap","url":"http://cm2","group":[
            {"source":"http://x","target":"http://b","element":[{"code":"1","target":[{"code":"ein","equivalence":"wider"}]}],"unmapped":{"mode":"other-map","url":"http://cm"}}]})"));
        const auto own = std::move(builder).build();
        const auto one = *own->translate("http://cm", {"http://a", "1"});
        REQUIRE(one.size() == 1);
        CHECK(one[0].code == "one");
        CHECK(one[0].display == "One");
        CHECK(one[0].comment == "c");
        CHECK(one[0].depends);
        CHECK(own->translate("http://cm", {"http://a", "2"})->at(0).code == "other");
        CHECK(own->translate("http://cm", {"http://p", "7"})->at(0).code == "7");
        CHECK(own->translate("http://cm", {"http://x", "1"})->at(0).code == "ein");
        CHECK(own->translate("http://cm", {"http://x", "2"})->empty());  // the two maps name each other: it ends
        CHECK(own->translate("http://cm", {"http://a", "2"}, "http://q")->empty());
        CHECK(own->translate("", {"http://x", "1"})->size() == 2);  // by either map
    }

    TEST_CASE("grammars") {
        const auto language = code_grammar("urn:ietf:bcp:47");
        for (const char* good : {"en", "en-US", "zh-Hans-CN", "x-private", "sl-rozaj-biske"})
            CHECK_MESSAGE(language(good), good);
        for (const char* bad : {"", "e", "english-", "en_US", "1n", "abcdefghi"}) CHECK_MESSAGE(!language(bad), bad);
        CHECK((code_grammar("http://loinc.org") == nullptr));
    }
}
