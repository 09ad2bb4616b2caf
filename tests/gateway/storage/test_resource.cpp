#include "gateway/storage/identifier.hpp"
#include "gateway/storage/resource.hpp"
#include "gateway/storage/siphash.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace causeway::storage;

TEST_SUITE("gateway/storage/resource") {
    TEST_CASE("prepare_body: what goes in comes out with version and time in place") {
        struct Row {
            const char* in;
            const char* out;
        };
        for (
            const auto& row : {
                Row{R"({"resourceType":"Patient"})",
                    R"({"resourceType":"Patient","id":"7","meta":{"versionId":"3","lastUpdated":"2023-11-14T22:13:20.000001Z"}})"},
                Row{"{ \"id\" : \"other\",\n\t\"resourceType\":\"Patient\" , \"active\" : true }",
                    R"({"resourceType":"Patient","id":"7","meta":{"versionId":"3","lastUpdated":"2023-11-14T22:13:20.000001Z"},"active":true})"},
                Row{R"({"active":true,"meta":{"versionId":"99","profile":["http://x"],"lastUpdated":"1999"},"text":{"div":"a } \" { [ b\\"}})",
                    R"({"resourceType":"Patient","id":"7","meta":{"versionId":"3","lastUpdated":"2023-11-14T22:13:20.000001Z","profile":["http://x"]},"active":true,"text":{"div":"a } \" { [ b\\"}})"},
                Row{R"({"meta":{},"a":[ 1 , 2.50,-1e5 ],"b":{"c":null}})",
                    R"({"resourceType":"Patient","id":"7","meta":{"versionId":"3","lastUpdated":"2023-11-14T22:13:20.000001Z"},"a":[1,2.50,-1e5],"b":{"c":null}})"},
                Row{R"({"meta":{"lastUpdated":"x"},"s":"  kept  "})",
                    R"({"resourceType":"Patient","id":"7","meta":{"versionId":"3","lastUpdated":"2023-11-14T22:13:20.000001Z"},"s":"  kept  "})"},
            }) {
            CAPTURE(row.in);
            const auto body = prepare_body(row.in, "Patient", "7");
            REQUIRE(body.has_value());
            StoredResource resource;
            resource.version.number = 3;
            resource.version.at_us = 1'700'000'000'000'001;
            resource.body = *body;
            CHECK(resource.json() == row.out);
        }
    }

    TEST_CASE("prepare_body refuses what is not one object") {
        for (const std::string text :
             {"", "[]", "{", R"({"a")", R"({"a":})", R"({"a":1)", R"({"a":"x)", R"({"a":"x\\")", R"({"a":1} x)",
              R"({"meta":1})", R"({"meta":{},"meta":{}})", R"({"a":[1)", R"({"a":1,})", R"({,})"}) {
            CAPTURE(text);
            CHECK(prepare_body(text, "Patient", "7").has_error());
        }
    }

    TEST_CASE("an erased resource has no body") {
        StoredResource resource;
        resource.version.kind = WriteKind::erase;
        CHECK(resource.json().empty());
    }

    TEST_CASE("instants") {
        struct Row {
            TimeUs at;
            const char* text;
        };
        for (const auto& row :
             {Row{0, "1970-01-01T00:00:00.000000Z"}, Row{951'827'696'000'007, "2000-02-29T12:34:56.000007Z"},
              Row{-1, "1969-12-31T23:59:59.999999Z"}, Row{4'102'444'799'999'999, "2099-12-31T23:59:59.999999Z"}}) {
            std::string text;
            append_instant(row.at, text);
            CHECK(text == row.text);
        }
    }

    TEST_CASE("SipHash-2-4 gives the reference values") {
        // Key 00 01 .. 0f; input the first n bytes of 00 01 02 ..
        const HashKey key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
        std::string bytes;
        for (char c = 0; c < 15; ++c) bytes += c;
        CHECK(siphash(key, {}) == 0x726fdb47dd0e0e31ULL);
        CHECK(siphash(key, std::string_view(bytes).substr(0, 1)) == 0x74f839c593dc67fdULL);
        CHECK(siphash(key, bytes) == 0xa129ca6149be45e5ULL);
        CHECK(SipHash(key).add(std::string_view(bytes).substr(0, 7)).add(std::string_view(bytes).substr(7)).finish() ==
              0xa129ca6149be45e5ULL);
    }

    TEST_CASE("ids are UUIDs of version 7 that ascend, even when the clock does not") {
        IdentifierSource source;
        std::string last;
        for (int i = 0; i < 20'000; ++i) {
            const auto id = source.next(1'700'000'000'000'000 - i);
            REQUIRE(id.size() == 36);
            CHECK(id[14] == '7');
            CHECK(std::string_view("89ab").find(id[19]) != std::string_view::npos);
            CHECK(id > last);
            last = id;
        }
    }
}
