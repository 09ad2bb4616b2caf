#include "gateway/rest/route.hpp"

#include <doctest/doctest.h>

using namespace causeway;
using rest::parse_route;
using Kind = rest::Route::Kind;

TEST_SUITE("gateway/rest/route") {
    TEST_CASE("every form of a path") {
        struct Row {
            std::string_view path;
            Kind kind;
            std::string_view type, id, version, operation, member;
        };
        for (const auto& row : {
                 Row{"", Kind::system, "", "", "", "", ""},
                 Row{"/", Kind::system, "", "", "", "", ""},
                 Row{"/metadata", Kind::capabilities, "", "", "", "", ""},
                 Row{"/_history", Kind::history, "", "", "", "", ""},
                 Row{"/_search", Kind::search, "", "", "", "", ""},
                 Row{"/$export", Kind::operation, "", "", "", "export", ""},
                 Row{"/Patient", Kind::type, "Patient", "", "", "", ""},
                 Row{"/Patient/", Kind::type, "Patient", "", "", "", ""},
                 Row{"/Patient/_search", Kind::search, "Patient", "", "", "", ""},
                 Row{"/Patient/_history", Kind::history, "Patient", "", "", "", ""},
                 Row{"/Patient/$match", Kind::operation, "Patient", "", "", "match", ""},
                 Row{"/Patient/a-b.1", Kind::instance, "Patient", "a-b.1", "", "", ""},
                 Row{"/Patient/%61", Kind::instance, "Patient", "a", "", "", ""},
                 Row{"/Patient/1/_history", Kind::history, "Patient", "1", "", "", ""},
                 Row{"/Patient/1/_history/7", Kind::version, "Patient", "1", "7", "", ""},
                 Row{"/Patient/1/$everything", Kind::operation, "Patient", "1", "", "everything", ""},
                 Row{"/Patient/1/%24everything", Kind::operation, "Patient", "1", "", "everything", ""},
                 Row{"/Patient/1/Observation", Kind::compartment, "Patient", "1", "", "", "Observation"},
                 Row{"/Patient/1/*", Kind::compartment, "Patient", "1", "", "", "*"},
                 Row{"/Patient/1/Observation/_search", Kind::search, "Patient", "1", "", "", "Observation"},
             }) {
            CAPTURE(row.path);
            const auto route = parse_route(row.path);
            REQUIRE(route.has_value());
            CHECK(route->kind == row.kind);
            CHECK(route->type == row.type);
            CHECK(route->id == row.id);
            CHECK(route->version == row.version);
            CHECK(route->operation == row.operation);
            CHECK(route->member_type == row.member);
        }
    }

    TEST_CASE("what is no path of ours is a 404 with the right code") {
        const std::string long_id(65, 'a');
        for (const std::string& path :
             {std::string("/patient"), std::string("/Foo"), std::string("/Foo/1"), std::string("/DomainResource"),
              std::string("/$"), std::string("/Patient/1/foo"), std::string("/Patient/1/Observation/2"),
              std::string("/Patient/1/_search"), std::string("/metadata/x"), std::string("/a/b/c/d/e/f/g/h/i")}) {
            CAPTURE(path);
            const auto route = parse_route(path);
            REQUIRE(route.has_error());
            CHECK(route.error().status == 404);
            CHECK(route.error().issues.at(0).code == fhir::IssueCode::not_supported);
        }
        for (const std::string& path : {"/Patient/" + long_id, std::string("/Patient/a_b"),
                                        std::string("/Patient/a%20b"), std::string("/Patient/%2e%2e%2fx")}) {
            CAPTURE(path);
            const auto route = parse_route(path);
            REQUIRE(route.has_error());
            CHECK(route.error().status == 404);
            CHECK(route.error().issues.at(0).code == fhir::IssueCode::not_found);
        }
    }
}
