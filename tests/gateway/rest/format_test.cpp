#include "gateway/rest/format.hpp"

#include <doctest/doctest.h>

using namespace causeway;
using rest::BodyType;
using rest::Syntax;

namespace {

rest::Outcome<rest::Format> accept(std::string_view header, std::vector<fhir::search::QueryParameter> parameters = {}) {
    http::Headers headers;
    if (!header.empty()) headers.add("Accept", header);
    return rest::negotiate(headers, parameters);
}

}  // namespace

TEST_SUITE("gateway/rest/format") {
    TEST_CASE("Accept chooses by weight, then by order; silence and wildcards mean JSON") {
        struct Row {
            std::string_view header;
            Syntax syntax;
            bool stated;
        };
        for (const auto& row : {
                 Row{"", Syntax::json, false},
                 Row{"*/*", Syntax::json, false},
                 Row{"application/*", Syntax::json, false},
                 Row{"application/fhir+json", Syntax::json, true},
                 Row{"application/fhir+xml", Syntax::xml, true},
                 Row{"application/json", Syntax::json, true},
                 Row{"text/xml", Syntax::xml, true},
                 Row{"application/xml+fhir", Syntax::xml, true},
                 Row{"APPLICATION/FHIR+XML", Syntax::xml, true},
                 Row{"application/fhir+xml;q=0.5, application/fhir+json", Syntax::json, true},
                 Row{"application/fhir+json;q=0.1, text/html, application/fhir+xml;q=0.9", Syntax::xml, true},
                 Row{"text/html, */*;q=0.1", Syntax::json, false},
                 Row{"application/fhir+json; fhirVersion=4.0", Syntax::json, true},
                 Row{"application/fhir+xml; fhirVersion=3.0, application/fhir+json; fhirVersion=4.0", Syntax::json,
                     true},
             }) {
            CAPTURE(row.header);
            const auto format = accept(row.header);
            REQUIRE(format.has_value());
            CHECK_FALSE(format->foreign);
            CHECK(format->syntax == row.syntax);
            CHECK(format->stated == row.stated);
        }
    }

    TEST_CASE("what no format fits is foreign, and another FHIR version is a 406") {
        for (const char* header : {"text/html", "image/png", "application/fhir+json;q=0", "application/fhir+turtle"}) {
            CAPTURE(header);
            const auto format = accept(header);
            REQUIRE(format.has_value());
            CHECK(format->foreign);
        }
        for (const char* header :
             {"application/fhir+json; fhirVersion=3.0", "application/fhir+xml;fhirVersion=\"5.0\""}) {
            const auto format = accept(header);
            REQUIRE(format.has_error());
            CHECK(format.error().status == 406);
            CHECK(format.error().issues.at(0).code == fhir::IssueCode::not_supported);
        }
    }

    TEST_CASE("_format beats Accept, also with a '+' that became a blank") {
        CHECK(accept("application/fhir+json", {{"_format", "xml"}})->syntax == Syntax::xml);
        CHECK(accept("text/html", {{"_format", "json"}})->syntax == Syntax::json);
        CHECK_FALSE(accept("text/html", {{"_format", "json"}})->foreign);
        CHECK(accept("", {{"_format", "application/fhir xml"}})->syntax == Syntax::xml);
        CHECK(accept("", {{"_format", "application/fhir+json; fhirVersion=4.0.1"}})->syntax == Syntax::json);
        CHECK(accept("", {{"_format", "pdf"}}).error().status == 406);
        CHECK(accept("", {{"_format", "application/fhir+json; fhirVersion=3.0"}}).error().status == 406);
        CHECK(accept("", {{"_pretty", "true"}})->pretty);
        CHECK(accept("", {{"_pretty", "true"}, {"_format", "json"}})->pretty);
    }

    TEST_CASE("Content-Type") {
        const auto type = [](std::string_view header) {
            http::Request request;
            if (!header.empty()) request.headers.add("Content-Type", header);
            return rest::body_type(request);
        };
        CHECK(*type("") == BodyType::none);
        CHECK(*type("application/fhir+json; charset=UTF-8") == BodyType::json);
        CHECK(*type("text/json") == BodyType::json);
        CHECK(*type("application/fhir+xml") == BodyType::xml);
        CHECK(*type("application/json-patch+json") == BodyType::json_patch);
        CHECK(*type("application/xml-patch+xml") == BodyType::xml_patch);
        CHECK(*type("application/x-www-form-urlencoded; charset=utf-8") == BodyType::form);
        CHECK(*type("image/png") == BodyType::foreign);
        CHECK(type("application/fhir+json; charset=iso-8859-1").error().status == 415);
        CHECK(type("application/fhir+json; fhirVersion=3.0").error().status == 415);
    }

    TEST_CASE("Prefer") {
        auto prefer = rest::parse_prefer("return=minimal");
        CHECK(prefer.return_ == rest::Prefer::Return::minimal);
        CHECK(rest::applied(prefer) == "return=minimal");
        prefer = rest::parse_prefer("respond-async, handling=lenient; return=representation");
        CHECK(prefer.return_ == rest::Prefer::Return::representation);
        CHECK(prefer.lenient);
        CHECK(prefer.respond_async);
        CHECK(rest::applied(prefer) == "return=representation, handling=lenient");
        prefer = rest::parse_prefer("return=\"OperationOutcome\", handling=nonsense, wait=10");
        CHECK(prefer.return_ == rest::Prefer::Return::outcome);
        CHECK_FALSE(prefer.lenient);
        CHECK(rest::applied(rest::parse_prefer("")).empty());
    }
}
