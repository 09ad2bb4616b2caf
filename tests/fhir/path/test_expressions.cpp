#include <doctest/doctest.h>

#include "fhir/json/json.hpp"
#include "fhir/path/expression.hpp"

namespace {

using namespace causeway::fhir;

constexpr const char* patient = R"({
  "resourceType": "Patient", "id": "p1", "active": true,
  "contained": [{"resourceType": "Organization", "id": "o1", "name": "Ward 7"}],
  "identifier": [{"system": "urn:mrn", "value": "123"}, {"system": "urn:ssn", "value": "999-1"}],
  "name": [{"use": "official", "family": "Rocha", "given": ["Ines", "Maria"]},
           {"use": "usual", "given": ["Nes"], "_given": [{"extension": [{"url": "urn:x", "valueCode": "c"}]}]}],
  "birthDate": "1974-12-25", "gender": "female", "multipleBirthInteger": 2,
  "_birthDate": {"extension": [{"url": "urn:time", "valueDateTime": "1974-12-25T14:35:45-05:00"}]},
  "managingOrganization": {"reference": "#o1"},
  "generalPractitioner": [{"reference": "Practitioner/7"}, {"reference": "http://elsewhere.example/Organization/8/_history/2"}],
  "extension": [{"url": "urn:weight", "valueQuantity": {"value": 71.50, "unit": "kilos", "system": "http://unitsofmeasure.org", "code": "kg"}}]
})";

/// Results as "type:text" joined by " ; ", or "error: <message>".
std::string run(std::string_view text, path::CompileOptions options = {}, path::Environment environment = {}) {
    static const DocumentPtr document = parse_json(patient).value();
    const auto expression = path::Expression::compile(text, options);
    if (expression.has_error()) return "error: " + expression.error().message;
    path::Evaluation evaluation;
    const auto items = evaluation.run(*expression, document->root(), environment);
    if (items.has_error()) return "error: " + items.error().message;
    std::string out;
    for (const path::Item& item : *items) {
        if (!out.empty()) out += " ; ";
        std::string type = path::type_name(item);
        if (const std::size_t dot = type.find('.'); dot != std::string::npos) type = type.substr(dot + 1);
        out += type + ":" + path::display(item);
    }
    return out;
}

struct Row {
    std::string_view expression;
    std::string_view expected;
};

void check(std::initializer_list<Row> rows, path::CompileOptions options = {}, path::Environment environment = {}) {
    for (const Row& row : rows) {
        CAPTURE(row.expression);
        CHECK(run(row.expression, options, environment) == row.expected);
    }
}

}  // namespace

TEST_SUITE("fhir/path/expressions") {
    TEST_CASE("walks the document, choice types and references") {
        check({
            {"Patient.name.given", "string:Ines ; string:Maria ; string:Nes"},
            {"name[0].family", "string:Rocha"},
            {"Observation.name", ""},
            {"multipleBirth", "integer:2"},
            {"multipleBirthInteger", ""},
            {"multipleBirth is integer", "Boolean:true"},
            {"multipleBirth.ofType(boolean)", ""},
            {"extension('urn:weight').value.unit", "string:kilos"},
            {"birthDate.extension('urn:time').value", "dateTime:1974-12-25T14:35:45-05:00"},
            {"name.given.where(extension.exists())", "string:Nes"},
            {"name.given.extension.value", "code:c"},
            {"managingOrganization.resolve().name", "string:Ward 7"},
            {"contained.type().name", "String:Organization"},
            {"identifier.where(system = 'urn:mrn').value", "string:123"},
            {"name.where(use = 'official').given.first()", "string:Ines"},
            {"%resource.id | %context.id", "id:p1"},
            {"gender is string", "Boolean:true"},
            {"gender.ofType(string)", ""},
            {"children().count() > 5", "Boolean:true"},
            {"descendants().where($this is code).count()", "Integer:5"},
            {"generalPractitioner.where(resolve() is Organization)", ""},
        });
        path::Environment environment;
        environment.resolve_to_type = true;
        check({{"generalPractitioner.where(resolve() is Organization).reference",
                "string:http://elsewhere.example/Organization/8/_history/2"},
               {"generalPractitioner.where(resolve() is Practitioner).reference", "string:Practitioner/7"}},
              {}, environment);
    }

    TEST_CASE("binds operators as the grammar says") {
        check({
            {"1 + 2 * 3", "Integer:7"},
            {"(1 + 2) * 3", "Integer:9"},
            {"-7 div 2", "Integer:-3"},
            {"7 mod 4 = 3 and true", "Boolean:true"},
            {"1 | 2 | 1", "Integer:1 ; Integer:2"},
            {"2 > 1 implies 'a' < 'b'", "Boolean:true"},
            {"{} and false", "Boolean:false"},
            {"{} or true", "Boolean:true"},
            {"{} and true", ""},
            {"true xor true", "Boolean:false"},
            {"'a' & {} & 'b'", "String:ab"},
            {"text.div.exists() or true", "Boolean:true"},
            {"7 div 2 = 3 and name.count() mod 2 = 0", "Boolean:true"},
            {"1 in (1 | 2)", "Boolean:true"},
            {"(1 | 2) contains 3", "Boolean:false"},
            {"1 / 4", "Decimal:0.25"},
            {"1 / 0", ""},
            {"2147483647 + 1", ""},
            {"0.1 + 0.2 = 0.3", "Boolean:true"},
            {"1.10 = 1.1", "Boolean:true"},
            {"'Ab  c' ~ 'aB c'", "Boolean:true"},
            {"(1 | 2) ~ (2 | 1)", "Boolean:true"},
            {"(1 | 2) = (2 | 1)", "Boolean:false"},
        });
    }

    TEST_CASE("calculates with dates, times and quantities") {
        check({
            {"@2024-01-31 + 1 month", "Date:2024-02-29"},
            {"@2024-02-29 - 1 year", "Date:2023-02-28"},
            {"@2024 + 13 months", "Date:2025"},
            {"@2024-01-01T10:00:00Z + 90 minutes", "DateTime:2024-01-01T11:30:00Z"},
            {"@T23:30 + 45 minutes", "Time:00:15"},
            {"birthDate < @1974-12-26", "Boolean:true"},
            {"birthDate = @1974", ""},
            {"birthDate ~ @1974", "Boolean:false"},
            {"@2024-01-01T10:00:00+02:00 = @2024-01-01T08:00:00Z", "Boolean:true"},
            {"@2024-01-01T10:00:00 = @2024-01-01T08:00:00Z", ""},
            {"4 'g' = 4000 'mg'", "Boolean:true"},
            {"1 'kg' > 999 'g'", "Boolean:true"},
            {"1 'kg' > 1 'm'", ""},
            {"5 'mg' + 1 'g'", "Quantity:1005 'mg'"},
            {"extension('urn:weight').value > 71 'kg'", "Boolean:true"},
            {"extension('urn:weight').value.as(Quantity) < 72000 'g'", "Boolean:true"},
            {"'3 days'.toQuantity() < 1 week", "Boolean:true"},
            {"37 'Cel' = 310.15 'K'", "Boolean:true"},
            {"@2024.lowBoundary(17)", "DateTime:2024-01-01T00:00:00.000+14:00"},
            {"@2024-02.highBoundary()", "Date:2024-02-29"},
            {"1.5.highBoundary(2)", "Decimal:1.55"},
        });
    }

    TEST_CASE("knows the functions on strings and collections") {
        check({
            {"name.given.join('-')", "String:Ines-Maria-Nes"},
            {"'Ward 7'.replaceMatches('([a-zA-Z]+) (\\\\d+)', '$2:$1')", "String:7:Ward"},
            {"'abc'.matches('^a.c$')", "Boolean:true"},
            {"'xabcx'.matchesFull('a.c')", "Boolean:false"},
            {"'aXbXc'.split('X').count()", "Integer:3"},
            {"'Grüße'.length()", "Integer:5"},
            {"'Grüße'.substring(2, 2)", "String:üß"},
            {"'éa'.upper()", "String:ÉA"},
            {"(3 | 1 | 2).sort()", "Integer:1 ; Integer:2 ; Integer:3"},
            {"(3 | 1 | 2).sort($this desc).first()", "Integer:3"},
            {"(1 | 2 | 3).aggregate($total + $this, 0)", "Integer:6"},
            {"(1 | 2 | 3).where($index > 0)", "Integer:2 ; Integer:3"},
            {"name.repeat(given).count()", "Integer:3"},
            {"iif(active, 'on', 'off')", "String:on"},
            {"defineVariable('n', name.count()).select(%n + 1)", "Integer:3"},
            {"'dGVzdA=='.decode('base64')", "String:test"},
            {"name.given.exists($this.startsWith('Mar'))", "Boolean:true"},
            {"name.all(given.exists())", "Boolean:true"},
            {"name.select(given | given).count()", "Integer:3"},
            {"(1 | 2).select(coalesce({}, 7)).count()", "Integer:2"},
            {"'abc'.replaceMatches('', 'x')", "String:abc"},
            {"coalesce(name.prefix, name.family)", "string:Rocha"},
        });
    }

    TEST_CASE("errors say what is wrong and where") {
        struct Bad {
            std::string_view text;
            std::size_t line, column;
        };
        for (const Bad& bad :
             {Bad{"name.given.", 1, 12}, Bad{"name.\n  foo()", 2, 3}, Bad{"'open", 1, 1}, Bad{"1 + ", 1, 5},
              Bad{"a.is(Nothing)", 1, 3}, Bad{"@2024-13", 1, 1}, Bad{"name[0", 1, 7}, Bad{"name.where()", 1, 6},
              Bad{"a b", 1, 3}, Bad{"'a'.matches('(')", 1, 13}}) {
            CAPTURE(bad.text);
            const auto expression = path::Expression::compile(bad.text);
            REQUIRE(expression.has_error());
            CHECK(expression.error().line == bad.line);
            CHECK(expression.error().column == bad.column);
            CHECK_FALSE(expression.error().message.empty());
        }
        check({{"name.single()", "error: single() takes one item, not 2"},
               {"1 + 'a'", "error: cannot calculate with System.Integer and System.String"},
               {"1 < 'a'", "error: cannot compare System.Integer with System.String"},
               {"%nothing", "error: unknown variable %nothing"},
               {"'a'.memberOf('urn:vs')", "error: the value set cannot be expanded here"}});
    }

    TEST_CASE("strict types refuse what cannot be there") {
        const path::CompileOptions strict{.context_type = "Patient", .strict = true};
        check({{"name.given1", "error: there is no element given1 here"},
               {"Patient.name.given.first()", "string:Ines"},
               {"multipleBirthInteger", "error: there is no element multipleBirthInteger here"},
               {"Observation.status", "error: there is no element Observation here"},
               {"(multipleBirth as Period).unit", "error: there is no element unit here"},
               {"children().first()", "error: the order of children() is not defined"},
               {"contact.where(name.family = 'x').gender", ""}},
              strict);
    }

    TEST_CASE("what is hostile is bounded") {
        CHECK(path::Expression::compile(std::string(5000, '(')).has_error());
        CHECK(path::Expression::compile(std::string(5000, '-') + "1").has_error());
        std::string chain = "a";
        for (int i = 0; i < 3000; ++i) chain += ".a";
        CHECK(path::Expression::compile(chain).has_error());
        path::Environment environment;
        environment.steps_max = 100'000;
        const std::string product =
            "%context.descendants().select(%context.descendants()).select(%context.descendants()).count()";
        CHECK(run(product, {}, environment) == "error: expression touches more items than the limit allows");
    }
}
