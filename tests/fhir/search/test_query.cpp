#include <doctest/doctest.h>

#include "fhir/path/temporal.hpp"
#include "fhir/search/parameters.hpp"
#include "fhir/search/query.hpp"

using namespace causeway::fhir;
using namespace causeway::fhir::search;

namespace {

ParsedQuery parse(std::string_view type, std::string_view query, const QueryOptions& options = {}) {
    return parse_query(type, decode_query(query).value(), options);
}

/// The only criterion of a query that must be good.
Criterion one(std::string_view type, std::string_view query, const QueryOptions& options = {}) {
    CAPTURE(query);
    const ParsedQuery parsed = parse(type, query, options);
    REQUIRE_MESSAGE(parsed.ok(), (parsed.issues.empty() ? "" : parsed.issues.front().text));
    REQUIRE(parsed.plan.conditions.size() == 1);
    REQUIRE(parsed.plan.conditions[0].criterion.children.size() == 1);
    return parsed.plan.conditions[0].criterion.children[0];
}

std::string first_issue(std::string_view type, std::string_view query, const QueryOptions& options = {}) {
    const ParsedQuery parsed = parse(type, query, options);
    return parsed.issues.empty() ? "" : parsed.issues.front().text;
}

std::int64_t day(int year, unsigned month, unsigned number) {
    return path::days_from_civil(year, month, number) * 86'400'000'000;
}

}  // namespace

TEST_SUITE("fhir/search/query") {
    TEST_CASE("text is decoded once and split by what is not escaped") {
        const auto decoded = decode_query("a=b%20c&name%3Aexact=x+y&&flag&u=%C3%A9").value();
        REQUIRE(decoded.size() == 4);
        CHECK(decoded[0].value == "b c");
        CHECK(decoded[1].name == "name:exact");
        CHECK(decoded[1].value == "x y");
        CHECK(decoded[2].name == "flag");
        CHECK(decoded[3].value == "\u00e9");
        CHECK(decode_query("a=%2").error().offset == 2);
        CHECK(decode_query("a=1&b=%zz").error().offset == 6);
        CHECK(decode_query("a=1&b=2&c=3", 2).has_error());
        CHECK(encode_query(std::vector<std::pair<std::string, std::string>>{
                  {"name:exact", "a b&c"}, {"code", "s|1,2"}}) == "name:exact=a%20b%26c&code=s|1,2");

        const Criterion names = one("Patient", "name:exact=a%5C,b,c%5C%5C");
        REQUIRE(names.operands.size() == 2);
        CHECK(names.operands[0].text == "a,b");
        CHECK(names.operands[1].text == "c\\");
        CHECK(first_issue("Patient", "name=a%5Cb") ==
              "name: a backslash may only stand before ',', '$', '|' and another backslash");
    }

    TEST_CASE("strings and their modifiers") {
        CHECK(one("Patient", "family=GARC%C3%8DA").operands[0].text == "garcia");
        CHECK(one("Patient", "family:exact=Garc%C3%ADa").operands[0].text == "Garc\u00eda");
        CHECK(one("Patient", "family:contains=ARC").modifier == Modifier::contains);
        CHECK(first_issue("Patient", "family=--") == "family: a string needs a letter or a digit");
        CHECK(first_issue("Patient", "family:above=x") == "family:above: 'family' has no modifier 'above'");
    }

    TEST_CASE("tokens") {
        const auto token = [](std::string_view query) { return one("Patient", query).operands.at(0); };
        CHECK(token("identifier=12").system_match == SystemMatch::any);
        CHECK(token("identifier=|12").system_match == SystemMatch::none);
        CHECK(token("identifier=urn:s|12").system == "urn:s");
        CHECK(token("identifier=urn:s|12").text == "12");
        CHECK(token("identifier=urn:s|").system_match == SystemMatch::exact_any_code);
        CHECK(token("identifier=a%5C|b").text == "a|b");
        CHECK(token("phone=(03)%205555").text == "035555");
        CHECK(token("identifier:of-type=urn:t|MR|12").type_code == "MR");
        CHECK(token("identifier:of-type=urn:t|MR|12").text == "12");
        CHECK(one("Patient", "gender:not=male,female").modifier == Modifier::not_);
        CHECK(one("Observation", "code:in=http://x.example/vs").operands[0].text == "http://x.example/vs");
        CHECK(one("Observation", "code:text=Body%20WEIGHT").operands[0].text == "body weight");
        CHECK(first_issue("Patient", "identifier=|") == "identifier: a token needs a system or a code");
        CHECK(first_issue("Patient", "identifier=a|b|c") == "identifier: a token has at most one '|'");
        CHECK(first_issue("Patient", "identifier:of-type=a|b") ==
              "identifier:of-type: :of-type takes system|code|value, all three");
        CHECK(first_issue("Patient", "_id:text=a") == "_id:text: '_id' has no modifier 'text'");
    }

    TEST_CASE("dates, with zones and prefixes per value") {
        const Criterion dates = one("Patient", "birthdate=lt1950,ge2010-03");
        REQUIRE(dates.operands.size() == 2);
        CHECK(dates.operands[0].prefix == Prefix::lt);
        CHECK(dates.operands[0].date == DateRange{day(1950, 1, 1), day(1951, 1, 1)});
        CHECK(dates.operands[1].date == DateRange{day(2010, 3, 1), day(2010, 4, 1)});
        QueryOptions options;
        options.zone_offset_minutes = -120;
        CHECK(one("Patient", "birthdate=1950-01-01", options).operands[0].date.low_us ==
              day(1950, 1, 1) + 7'200'000'000);
        // a '+' that form encoding made a blank
        CHECK(one("Observation", "date=2024-01-01T12:30:00+02:00").operands[0].date.low_us ==
              day(2024, 1, 1) + 37'800'000'000);
        CHECK(one("Observation", "date=2024-01-01T12:30").operands[0].date.high_us == day(2024, 1, 1) + 45'060'000'000);
        options.now_us = day(2024, 1, 11);
        options.zone_offset_minutes = 0;
        CHECK(one("Observation", "date=ap2024-01-01", options).operands[0].date ==
              DateRange{day(2024, 1, 1) - 77'760'000'000, day(2024, 1, 2) + 77'760'000'000});
        for (const char* bad : {"23%20May%202009", "2024-13", "2024-02-30", "xx2024", "20240101"}) {
            CAPTURE(bad);
            CHECK_FALSE(parse("Patient", std::string("birthdate=") + bad).ok());
            CHECK(first_issue("Patient", std::string("birthdate=") + bad).find(bad) ==
                  std::string::npos);  // values are not repeated
        }
    }

    TEST_CASE("numbers and quantities") {
        const auto number = [](std::string_view text) {
            return one("RiskAssessment", "probability=" + std::string(text)).operands.at(0);
        };
        CHECK(number("100").implied == NumberRange{99.5, 100.5});
        CHECK(number("100.00").implied == NumberRange{99.995, 100.005});
        CHECK(number("1e2").implied == NumberRange{95, 105});
        CHECK(number("-0.5").implied == NumberRange{-0.55, -0.45});
        CHECK(number("ap100").implied == NumberRange{90, 110});
        CHECK(number("le0.8").number == 0.8);
        CHECK_FALSE(parse("RiskAssessment", "probability=abc").ok());
        CHECK_FALSE(parse("RiskAssessment", "probability=1e99999").ok());

        const auto quantity = [](std::string_view text) {
            return one("Observation", "value-quantity=" + std::string(text)).operands.at(0);
        };
        CHECK(quantity("gt5.4|http://unitsofmeasure.org|mg").canonical_unit == "g");
        CHECK(quantity("gt5.4|http://unitsofmeasure.org|mg").canonical_number == 0.0054);
        CHECK(quantity("5.4||mm[Hg]").canonical_unit == "g.m-1.s-2");
        CHECK(quantity("5.4||tablets").canonical_unit.empty());
        CHECK(quantity("5.4|urn:other|mg").canonical_unit.empty());
        CHECK(quantity("5.4").text.empty());
        CHECK_FALSE(parse("Observation", "value-quantity=5|mg").ok());
    }

    TEST_CASE("references") {
        QueryOptions options;
        options.base_url = "http://own.example/fhir";
        const auto reference = [&](std::string_view query) {
            return one("Observation", query, options).operands.at(0).reference;
        };
        CHECK(reference("subject=Patient/1").type == "Patient");
        CHECK(reference("subject=Patient/1/_history/2").version == "2");
        CHECK(reference("subject=https://own.example/fhir/Patient/1").id == "1");
        CHECK(reference("subject=http://other.example/Patient/1").url == "http://other.example/Patient/1");
        CHECK(reference("patient=1").type == "Patient");
        CHECK(reference("subject=1").types.size() == 4);
        CHECK(reference("subject:Patient=1").type == "Patient");
        CHECK(one("CarePlan", "instantiates-canonical=http://x.example/p|1").operands[0].reference.version == "1");
        CHECK(one("Observation", "subject:identifier=urn:s|9").modifier == Modifier::identifier);
        CHECK_FALSE(parse("Observation", "subject:Medication=1").ok());
        CHECK_FALSE(parse("Observation", "subject:Patient=Group/1").ok());
    }

    TEST_CASE("composites") {
        const Criterion criterion =
            one("Observation", "component-code-value-quantity=http://loinc.org|8480-6$lt60,x$ge2||mg");
        REQUIRE(criterion.operands.size() == 2);
        CHECK(criterion.operands[0].parts[0].system == "http://loinc.org");
        CHECK(criterion.operands[0].parts[1].prefix == Prefix::lt);
        CHECK(criterion.operands[1].parts[1].canonical_unit == "g");
        CHECK_FALSE(parse("Observation", "component-code-value-quantity=x").ok());
        CHECK_FALSE(parse("Observation", "component-code-value-quantity=x$").ok());
        CHECK_FALSE(parse("Observation", "component-code-value-quantity:missing=true").ok());
    }

    TEST_CASE(":missing, empty values and repetition") {
        const Criterion missing = one("Patient", "gender:missing=true");
        CHECK(missing.kind == Criterion::Kind::missing);
        CHECK(missing.missing);
        CHECK_FALSE(parse("Patient", "gender:missing=maybe").ok());
        CHECK_FALSE(parse("Patient", "gender:missing=true,false").ok());
        CHECK(parse("Patient", "name=&gender=").plan.conditions[0].criterion.children.empty());
        CHECK(parse("Patient", "name=a&name=b").plan.conditions[0].criterion.children.size() == 2);
        CHECK_FALSE(parse("Patient", "name=,").ok());
    }

    TEST_CASE("chains and _has") {
        const Criterion chain = one("Observation", "subject:Patient.name:exact=Peter");
        CHECK(chain.kind == Criterion::Kind::chain);
        REQUIRE(chain.targets.size() == 1);
        CHECK(chain.targets[0].type == "Patient");
        CHECK(chain.targets[0].criterion->modifier == Modifier::exact);
        const Criterion untyped = one("Observation", "subject.name=x");
        CHECK(untyped.targets.size() ==
              2);  // Patient and Location; Group and Device have no name ... Device has device-name
        const Criterion deep = one("Observation", "patient.organization.name=x");
        CHECK(deep.targets[0].criterion->kind == Criterion::Kind::chain);

        const Criterion has = one("Patient", "_has:Observation:patient:code=1234-5,x");
        CHECK(has.kind == Criterion::Kind::has);
        CHECK(has.targets[0].type == "Observation");
        CHECK(parameter(has.targets[0].via).code == "patient");
        CHECK(has.targets[0].criterion->operands.size() == 2);
        CHECK(one("Patient", "_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/1")
                  .targets[0]
                  .criterion->kind == Criterion::Kind::has);
        CHECK(one("Patient", "_has:Observation:patient:encounter.status=planned").targets[0].criterion->kind ==
              Criterion::Kind::chain);
        CHECK(one("Observation", "patient._has:Encounter:patient:status=planned").targets[0].criterion->kind ==
              Criterion::Kind::has);

        CHECK(first_issue("Observation", "code.name=x") == "code.name: 'code' is no reference and cannot be chained");
        CHECK(first_issue("Observation", "subject:Medication.code=x") ==
              "subject:Medication.code: 'subject' does not point to 'Medication'");
        CHECK(first_issue("Patient", "_has:Observation:code:code=x") ==
              "_has:Observation:code:code: 'code' of Observation does not point to Patient");
        CHECK_FALSE(parse("Patient", "_has:Observation:patient=x").ok());
        CHECK_FALSE(parse("Observation", "subject.birthdate=nonsense").ok());
        std::string long_chain = "organization";
        for (int i = 0; i < 20; ++i) long_chain += ".partof";
        CHECK_FALSE(parse("Patient", long_chain + ".name=x").ok());
    }

    TEST_CASE("what is not known is refused, or left out on request") {
        const ParsedQuery strict = parse("Patient", "nme=x");
        CHECK_FALSE(strict.ok());
        CHECK(strict.ignored_any);
        CHECK(strict.issues[0].code == IssueCode::not_supported);
        CHECK(strict.issues[0].text.find("birthdate") != std::string::npos);
        QueryOptions options;
        options.handling = Handling::lenient;
        const ParsedQuery lenient = parse("Patient", "nme=x&gender=male&_include=Patient:nothing", options);
        CHECK(lenient.ok());
        CHECK(lenient.ignored_any);
        CHECK(lenient.issues.size() == 2);
        CHECK(lenient.plan.used == std::vector<std::pair<std::string, std::string>>{{"gender", "male"}});
        CHECK_FALSE(parse("Patient", "gender:foo=x", options).ok());  // a modifier is never ignored
        const std::vector<std::string> noise = {"utm_source"};
        options.ignorable = noise;
        options.handling = Handling::strict;
        CHECK(parse("Patient", "utm_source=x", options).issues.empty());
        CHECK_FALSE(parse("Nothing", "").ok());
        CHECK_FALSE(parse("Patient", "Gender=male").ok());
        CHECK_FALSE(parse("Patient", "_query=x").ok());
    }

    TEST_CASE("results: sort, count, total, summary, elements, includes") {
        const SearchPlan plan =
            parse("Observation",
                  "_sort=status,-date,_lastUpdated,-_id&_count=20&_total=accurate&_elements=id,code&_summary=data")
                .plan;
        REQUIRE(plan.sort.size() == 4);
        CHECK(plan.sort[1].descending);
        CHECK(plan.sort[1].type == ParameterType::date);
        CHECK(plan.sort[2].special == Special::last_updated);
        CHECK(plan.sort[3].special == Special::id);
        CHECK(plan.count == 20U);
        CHECK(plan.total == Total::accurate);
        CHECK(plan.summary == Summary::data);
        CHECK(plan.elements == std::vector<std::string>{"id", "code"});
        CHECK(parse("Patient", "_count=0").plan.summary == Summary::count);
        for (const char* bad : {"_count=-1", "_count=x", "_total=some", "_sort=nothing", "_sort=code-value-quantity",
                                "_summary=maybe", "_sort:x=code"}) {
            CAPTURE(bad);
            CHECK_FALSE(parse("Observation", bad).ok());
        }

        const auto includes = parse("Observation",
                                    "_include=Observation:subject:Patient&_include:iterate=Patient:organization&_"
                                    "revinclude=Provenance:target&_include=Observation:*&_include=*")
                                  .plan.includes;
        REQUIRE(includes.size() == 5);
        CHECK(includes[0].target_type == "Patient");
        CHECK(includes[1].iterate);
        CHECK(includes[2].reverse);
        CHECK(includes[3].code.empty());
        CHECK(includes[4].source_type.empty());
        for (const char* bad :
             {"_include=Observation", "_include=Observation:code", "_include=Observation:subject:Medication",
              "_include:foo=Observation:subject", "_include=Nothing:x", "_summary=text&_include=Observation:subject"}) {
            CAPTURE(bad);
            CHECK_FALSE(parse("Observation", bad).ok());
        }
        QueryOptions condition;
        condition.result_parameters = false;
        CHECK_FALSE(parse("Patient", "identifier=1&_sort=name", condition).ok());
    }

    TEST_CASE("several types take what they have in common") {
        const ParsedQuery both = parse("", "_type=Patient,Practitioner&name=x&_sort=name");
        CHECK(both.ok());
        REQUIRE(both.plan.conditions.size() == 2);
        CHECK(parameter(both.plan.conditions[1].criterion.children[0].parameters[0]).resource_type == "Practitioner");
        CHECK(both.plan.sort[0].parameters.size() == 2);
        CHECK_FALSE(parse("", "_type=Patient,Observation&birthdate=2000").ok());
        CHECK(parse("", "_id=1").plan.conditions.size() == 146);
        CHECK_FALSE(parse("", "_type=Nothing").ok());
    }

    TEST_CASE("limits") {
        QueryOptions options;
        CHECK(first_issue("AuditEvent", "entity.entity.entity.entity.entity.code=x").find("nothing") ==
              std::string::npos);
        CHECK_FALSE(parse("Provenance", "target.focus.focus.focus.focus.focus.focus.focus.code=x").ok());  // in no time
        CHECK_FALSE(
            parse("Provenance", "_filter=target.focus.focus.focus.focus.focus.focus.focus.focus.code%20eq%20x").ok());
        CHECK_FALSE(parse("Observation", "subject.birthdate=nonsense&subject.name=x").ok());
        options.values_max = 3;
        CHECK(parse("Patient", "name=a,b,c", options).ok());
        CHECK_FALSE(parse("Patient", "name=a,b,c,d", options).ok());
        options.includes_max = 1;
        CHECK_FALSE(parse("Patient", "_include=Patient:organization&_include=*", options).ok());
    }

    TEST_CASE("near") {
        const Criterion near = one("Location", "near=42.256500|-83.694810|11.20|km");
        CHECK(near.operands[0].near.distance_m == 11200);
        CHECK(one("Location", "near=1|2||[mi_i]").operands[0].near.distance_m == doctest::Approx(16093.44));
        for (const char* bad : {"near=1", "near=91|0", "near=0|181", "near=0|0|x", "near=0|0|1|kg", "near=0|0|-1"}) {
            CAPTURE(bad);
            CHECK_FALSE(parse("Location", bad).ok());
        }
    }
}
