#include "gateway/rest/answer.hpp"

#include <doctest/doctest.h>

#include "fhir/json/json.hpp"
#include "gateway/rest/bundle_writer.hpp"

using namespace causeway;

TEST_SUITE("gateway/rest/answer") {
    TEST_CASE("entity tags") {
        CHECK(rest::etag(7) == "W/\"7\"");
        for (const char* text : {"W/\"7\"", "\"7\"", "7", " W/\"7\" "}) CHECK(rest::version_in_etag(text) == 7);
        for (const char* text : {"", "W/\"x\"", "W/\"\"", "\"0\"", "W/\"-1\"", "\"7x\""})
            CHECK_FALSE(rest::version_in_etag(text));
        CHECK(rest::etag_matches("W/\"1\", W/\"7\"", 7));
        CHECK(rest::etag_matches("*", 7));
        CHECK_FALSE(rest::etag_matches("W/\"17\"", 7));
        CHECK_FALSE(rest::etag_matches("W/\"*\"", 7));
    }

    TEST_CASE("HTTP dates both ways") {
        CHECK(rest::http_date(1'769'847'330'123'456) == "Sat, 31 Jan 2026 08:15:30 GMT");
        CHECK(rest::parse_http_date_us("Sat, 31 Jan 2026 08:15:30 GMT") == 1'769'847'330'000'000);
        CHECK_FALSE(rest::parse_http_date_us("yesterday"));
        CHECK_FALSE(rest::parse_http_date_us("Sat, 31 Jan 2026 08:15:30 GMT+1"));
    }

    TEST_CASE("a bundle's parts are JSON whatever their number, and texts are escaped") {
        for (int entries = 0; entries < 3; ++entries)
            for (int links = 0; links < 3; ++links) {
                rest::BundleWriter bundle("searchset", 1'769'847'330'123'456);
                bundle.total(3);
                for (int i = 0; i < links; ++i) bundle.link("self", "http://x/\"y\"");
                for (int i = 0; i < entries; ++i) {
                    bundle.begin_entry();
                    bundle.full_url("http://x", "Patient", "1");
                    bundle.resource([](std::string& json) { json += R"({"resourceType":"Patient"})"; });
                    bundle.search("match", 0.5);
                    bundle.request("GET", "Patient/1");
                    bundle.response("200 OK", "", 2, 0);
                    bundle.end_entry();
                }
                const auto document = fhir::parse_json(std::move(bundle).finish());
                REQUIRE(document.has_value());
                const auto root = (*document)->root();
                CHECK(root["entry"].size() == static_cast<std::size_t>(entries));
                CHECK(root["link"].size() == static_cast<std::size_t>(links));
                CHECK(root["total"].text() == "3");
                CHECK(root["meta"]["lastUpdated"].text() == "2026-01-31T08:15:30.123456Z");
                if (links > 0) CHECK(root["link"].item(0)["url"].text() == "http://x/\"y\"");
                if (entries > 0) {
                    CHECK(root["entry"].item(0)["search"]["score"].text() == "0.5000");
                    CHECK(root["entry"].item(0)["response"]["etag"].text() == "W/\"2\"");
                }
            }
    }

    TEST_CASE("XML is written from the same text, and what it cannot hold is a 406") {
        const auto xml = rest::json_response({rest::Syntax::xml, false}, 200,
                                             R"({"resourceType":"Patient","id":"1","active":true})");
        CHECK(xml.status == 200);
        CHECK(xml.headers.get("Content-Type") == "application/fhir+xml; charset=utf-8");
        CHECK(xml.body.to_string().find("<active value=\"true\"/>") != std::string::npos);
        const auto refused =
            rest::json_response({rest::Syntax::xml, false}, 200, R"({"resourceType":"Patient","unheardOf":"1"})");
        CHECK(refused.status == 406);
        const auto pretty =
            rest::json_response({rest::Syntax::json, true}, 200, R"({"resourceType":"Patient","id":"1"})");
        CHECK(pretty.body.to_string().find("\n  \"id\"") != std::string::npos);
    }

    TEST_CASE("a fault's answer has its headers and an OperationOutcome with the place") {
        rest::Fault fault = rest::fault(412, fhir::IssueCode::conflict, "text", "Patient.id");
        fault.headers.add("Retry-After", "1");
        const auto response = rest::fault_response({}, fault);
        CHECK(response.status == 412);
        CHECK(response.headers.get("Retry-After") == "1");
        const auto outcome = fhir::parse_json(response.body.to_string()).value();
        CHECK(outcome->resource_type() == "OperationOutcome");
        CHECK(outcome->root()["issue"].item(0)["code"].text() == "conflict");
        CHECK(outcome->root()["issue"].item(0)["expression"].item(0).text() == "Patient.id");
    }
}
