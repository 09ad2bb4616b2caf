#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

std::string patient(const std::string& id, int year) {
    return R"({"resourceType":"Patient","id":")" + id + R"(","birthDate":")" + std::to_string(year) + "\"}";
}

}  // namespace

TEST_SUITE("gateway/rest/history") {
    TEST_CASE("of an instance: newest first, deletions as entries without a resource") {
        Gateway gateway;
        gateway.put("Patient/p", patient("p", 1961));
        gateway.put("Patient/p", patient("p", 1962));
        gateway.put("Patient/p", patient("p", 1962));
        gateway.erase("Patient/p");
        const auto got = gateway.get("Patient/p/_history");
        REQUIRE(got.status == 200);
        CHECK(got.root()["type"].text() == "history");
        REQUIRE(got.entries() == 3);
        CHECK(got.entry(0)["request"]["method"].text() == "DELETE");
        CHECK_FALSE(got.entry(0)["resource"]);
        CHECK(got.entry(0)["response"]["etag"].text() == "W/\"3\"");
        CHECK(got.entry(1)["resource"]["birthDate"].text() == "1962");
        CHECK(got.entry(1)["request"]["method"].text() == "PUT");
        CHECK(got.entry(1)["request"]["url"].text() == "Patient/p");
        CHECK(got.entry(1)["response"]["status"].text().starts_with("200"));
        CHECK(got.entry(2)["response"]["status"].text().starts_with("201"));
        CHECK(got.entry(2)["fullUrl"].text() == "http://test/fhir/Patient/p");
        CHECK(got.entry(2)["resource"]["meta"]["versionId"].text() == "1");
        CHECK(gateway.get("Patient/never/_history").status == 404);
    }

    TEST_CASE("of a type and of the system, in pages, with _since and _at") {
        Gateway gateway;
        for (int i = 0; i < 5; ++i)
            gateway.put("Patient/p" + std::to_string(i), patient("p" + std::to_string(i), 1960 + i));
        gateway.put("Basic/b", R"({"resourceType":"Basic","id":"b","code":{"text":"x"}})");
        CHECK(gateway.get("Patient/_history").entries() == 5);
        CHECK(gateway.get("_history").entries() == 6);
        auto page = gateway.get("Patient/_history?_count=2");
        std::vector<std::string> ids;
        for (;;) {
            REQUIRE(page.status == 200);
            for (const auto entry : page.root()["entry"].items()) ids.emplace_back(entry["resource"]["id"].text());
            if (page.link("next").empty()) break;
            gateway.put("Patient/late", patient("late", 2000));
            page = gateway.get(page.link("next"));
        }
        CHECK(ids == std::vector<std::string>{"p4", "p3", "p2", "p1", "p0"});

        const std::string third(gateway.get("Patient/p2").root()["meta"]["lastUpdated"].text());
        const auto since = gateway.get("Patient/_history?_since=" + third);
        CHECK(since.entries() == 4);
        CHECK(gateway.get("Patient/_history?_since=2999-01-01T00:00:00Z").entries() == 0);
        CHECK(gateway.get("Patient/_history?_at=2999").entries() > 0);
        CHECK(gateway.get("Patient/_history?_at=1999").entries() == 0);
        for (const char* query : {"_since=yesterday", "_count=x", "foo=1", "_count=1&_count=2", "_since=ge2020"}) {
            CAPTURE(query);
            CHECK(gateway.get(std::string("Patient/_history?") + query).status == 400);
        }
        CHECK(gateway.get("Patient/_history?foo=1", {{"Prefer", "handling=lenient"}}).status == 200);
    }

    TEST_CASE("a history bundle posted elsewhere replays with the same ids") {
        Gateway from, to;
        from.put("Patient/p", patient("p", 1961));
        const std::string made = from.create(patient("x", 1970));
        from.erase("Patient/p");
        const auto history = from.get("Patient/_history?_count=1");
        const auto got = to.post("", history.body);
        (void)got;
        auto replayed = to.post("", from.get("Patient/" + made + "/_history").body);
        REQUIRE_MESSAGE(replayed.status == 200, replayed.body);
        CHECK(to.get("Patient/" + made).root()["birthDate"].text() == "1970");
    }
}
