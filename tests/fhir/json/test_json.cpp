#include <doctest/doctest.h>

#include <string>

#include "fhir/json/json.hpp"
#include "fhir/json/scan.hpp"

using namespace causeway::fhir;

namespace {

std::string round_trip(std::string text) {
    const auto document = parse_json(std::move(text));
    REQUIRE_MESSAGE(document.has_value(), document.error().message);
    return to_json((*document)->root());
}

}  // namespace

TEST_SUITE("fhir/json") {
    TEST_CASE("gives back what it read, byte for byte") {
        for (const char* text :
             {R"({"resourceType":"Patient","id":"a","active":true,"multipleBirthInteger":2})",
              R"({"a":1.50,"b":1.0e2,"c":-0.0})", R"({"a":12345678901234567890123456789012.5})",
              R"({"name":[{"given":["Zoë","J\"\\\n\u0001"]}]})",
              R"({"birthDate":"1970","_birthDate":{"id":"b1","extension":[{"url":"u","valueString":"s"}]}})",
              R"({"_birthDate":{"extension":[{"url":"u"}]}})",
              R"({"given":["a",null,"c"],"_given":[null,{"id":"x"},null]})", R"({"_given":[{"id":"x"}]})",
              R"([{"op":"add","path":"/a","value":[1,[2,3],{}]}])", R"({"a":[],"b":{},"c":[null]})", R"("text")",
              R"(0)", R"({"d":"😀"})"}) {
            CAPTURE(text);
            CHECK(round_trip(text) == text);
        }
    }

    TEST_CASE("brings _x to stand after x, whatever its place") {
        CHECK(round_trip(R"({"_a":{"id":"1"},"b":2,"a":"v"})") == R"({"a":"v","_a":{"id":"1"},"b":2})");
        CHECK(round_trip(R"({"_a":[null,{"id":"1"}],"a":["v","w"]})") == R"({"a":["v","w"],"_a":[null,{"id":"1"}]})");
        CHECK(round_trip(R"({"a":["v","w"],"_a":[{"id":"1"}]})") == R"({"a":["v","w"],"_a":[{"id":"1"},null]})");
        CHECK(round_trip(R"({"a":["v"],"_a":[null,{"id":"1"}]})") == R"({"a":["v",null],"_a":[null,{"id":"1"}]})");
    }

    TEST_CASE("x and _x are one element") {
        const auto document = *parse_json(
            R"({"resourceType":"Patient","id":"p","birthDate":"1970","_birthDate":{"extension":[{"url":"u"}]},
        "_deceasedBoolean":{"id":"d"},"name":[{"given":["a",null],"_given":[null,{"id":"g"}]}]})");
        const Element patient = document->root();
        CHECK(document->resource_type() == "Patient");
        CHECK(document->id() == "p");
        CHECK(patient["birthDate"].text() == "1970");
        CHECK(patient["birthDate"]["extension"].first()["url"].text() == "u");
        CHECK(patient["deceasedBoolean"].kind() == Kind::null);
        CHECK_FALSE(patient["deceasedBoolean"].has_value());
        CHECK(patient["deceasedBoolean"]["id"].text() == "d");
        CHECK_FALSE(patient["_birthDate"]);
        const Element given = patient["name"].first()["given"];
        CHECK(given.size() == 2);
        CHECK(given.item(1).kind() == Kind::null);
        CHECK(given.item(1)["id"].text() == "g");
        CHECK(path_of(given.item(1)) == "Patient.name[0].given[1]");
        CHECK(patient["nothing"]["at"]["all"].kind() == Kind::absent);
        std::size_t count = 0;
        for (const Element item : patient["birthDate"].items()) count += item == patient["birthDate"] ? 1 : 100;
        CHECK(count == 1);
        CHECK(patient["nothing"].items().empty());
    }

    TEST_CASE("tells numbers from strings") {
        const auto document = *parse_json(R"({"a":1.50,"b":"1.50","c":true,"d":"true"})");
        CHECK(document->root()["a"].kind() == Kind::number);
        CHECK(document->root()["b"].kind() == Kind::string);
        CHECK(document->root()["a"].text() == "1.50");
        CHECK(document->root()["c"].kind() == Kind::boolean);
        CHECK(document->root()["d"].kind() == Kind::string);
    }

    TEST_CASE("refuses what it cannot hold and says where") {
        struct Row {
            std::string text;
            Errc code;
            std::size_t line;
            std::size_t column;
            std::string path;
        };
        const std::vector<Row> rows{
            {"", Errc::syntax, 1, 1, ""},
            {"{\"a\":1,}", Errc::syntax, 1, 8, "$this.a"},
            {"{\"resourceType\":\"Patient\",\n \"name\":[{\"given\":[\"a\",\n01]}]}", Errc::syntax, 3, 2,
             "Patient.name[0].given[1]"},
            {"{} {}", Errc::syntax, 1, 4, "$this"},
            {"{\"a\":1,\n\"a\":2}", Errc::duplicate_member, 2, 2, "$this.a"},
            {"{\"a\":\"x\\ny\\n\",\n\"b\":1,\"b\":2}", Errc::duplicate_member, 2, 8, "$this.b"},
            {"{\"_a\":{},\"_a\":{}}", Errc::duplicate_member, 1, 11, "$this.a"},
            {"{\"a\":\"\xC3\x28\"}", Errc::bad_utf8, 1, 7, "$this.a"},
            {"{\"a\":\"\xED\xA0\x80\"}", Errc::bad_utf8, 1, 7, "$this.a"},
            {"{\"a\":\"\\u0000\"}", Errc::bad_value, 1, 7, "$this.a"},
            {"{\"a\":\"\\ud800x\"}", Errc::bad_value, 1, 7, "$this.a"},
            {"{\"a\":\"\\udc00\"}", Errc::bad_value, 1, 7, "$this.a"},
            {"{\"a\":\"x\ny\"}", Errc::syntax, 1, 8, "$this.a"},
            {"{\"a\":NaN}", Errc::syntax, 1, 6, "$this.a"},
            {"{\"a\":'b'}", Errc::syntax, 1, 6, "$this.a"},
            {"{/**/}", Errc::syntax, 1, 2, "$this"},
            {"{\"a\":\"v\",\"_a\":\"w\"}", Errc::wrong_shape, 1, 16, "$this.a"},
            {"{\"a\":\"v\",\"_a\":[]}", Errc::wrong_shape, 1, 11, "$this.a"},
            {"{\"a\":[\"v\"],\"_a\":{}}", Errc::wrong_shape, 1, 13, "$this.a"},
            {"{\"_a\":[{}],\"a\":\"v\"}", Errc::wrong_shape, 1, 17, "$this.a"},
            {"{\"_a\":{},\"a\":{}}", Errc::wrong_shape, 1, 11, "$this.a"},
            {"{\"a\":{},\"_a\":{}}", Errc::wrong_shape, 1, 10, "$this.a"},
            {"{\"a\":[{}],\"_a\":[{}]}", Errc::wrong_shape, 1, 12, "$this.a[0]"},
            {"{\"a\":\"v\",\"_a\":null}", Errc::wrong_shape, 1, 11, "$this.a"},
        };
        for (const auto& row : rows) {
            CAPTURE(row.text);
            const auto result = parse_json(row.text);
            REQUIRE(result.has_error());
            CHECK(result.error().code == row.code);
            CHECK(result.error().line == row.line);
            CHECK(result.error().column == row.column);
            CHECK(result.error().path == row.path);
            CHECK_FALSE(result.error().message.empty());
        }
    }

    TEST_CASE("limits bytes, depth, elements and members") {
        CHECK(parse_json(std::string(500'000, '[')).error().code == Errc::too_deep);
        std::string nested = std::string(128, '[') + std::string(128, ']');
        CHECK(parse_json(nested).has_value());
        CHECK(parse_json("[" + nested + "]").error().code == Errc::too_deep);
        CHECK(parse_json("[1,2,3]", {.bytes_max = 6}).error().code == Errc::too_large);
        CHECK(parse_json("[1,2,3]", {.elements_max = 3}).error().code == Errc::too_large);
        CHECK(parse_json("[1,2,3]", {.elements_max = 4}).has_value());
        CHECK(parse_json(R"({"a":1,"b":2})", {.members_max = 1}).error().code == Errc::too_large);
    }

    TEST_CASE("pretty text reads back to the same content") {
        const auto document = *parse_json(R"({"a":[1,{"b":null}],"c":{},"d":[],"e":"x","_e":{"id":"i"}})");
        const std::string pretty = to_json(document->root(), {.pretty = true});
        CHECK(pretty ==
              "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n  \"d\": [],\n  \"e\": "
              "\"x\",\n"
              "  \"_e\": {\n    \"id\": \"i\"\n  }\n}");
        CHECK(same_content((*parse_json(pretty))->root(), document->root()));
    }

    TEST_CASE("the scan finds a fault at every place of a word") {
        for (std::size_t at = 0; at < 40; ++at) {
            std::string text(40, 'a');
            CHECK(json::scan_text(text).fault == json::TextFault::none);
            text[at] = '\x80';
            CHECK(json::scan_text(text).fault == json::TextFault::bad_utf8);
            CHECK(json::scan_text(text).offset == at);
            text[at] = '\0';
            CHECK(json::scan_text(text).fault == json::TextFault::nul);
            text[at] = 'a';
            text.insert(at, "\\n");
            CHECK(json::scan_text(text).has_newline_escape);
            text.replace(at, 2, "\\\\n");
            CHECK_FALSE(json::scan_text(text).has_newline_escape);
        }
        for (const char* good : {"\u00e9", "\u20ac", "\U0001F600", "\U0010FFFF", "\\ud83d\\ude00", "\\u00e9"})
            CHECK(json::scan_text(good).fault == json::TextFault::none);
        for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                                "\xC3", "\xE2\x82"})
            CHECK(json::scan_text(bad).fault == json::TextFault::bad_utf8);
    }
}
