#include <chrono>
#include <thread>

#include "gateway/rest/bulk_jobs.hpp"
#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

const Gateway::Headers in_background = {{"Prefer", "respond-async"}, {"Accept", "application/fhir+json"}};

/// The gateway with a bulk queue beside it, and the handler of its files.
struct Bulk {
    explicit Bulk(Gateway& over, std::uint32_t page = 2)
        : gateway(over), jobs(over.services(), options(over, page)), handler(over.services(), jobs) {
        rest::add_bulk_operations(over.operations(), jobs);
    }
    static rest::BulkJobs::Options options(const Gateway& over, std::uint32_t page) {
        rest::BulkJobs::Options out;
        out.folder = over.folder() / "bulk";
        out.page = page;
        return out;
    }
    tests::Got fetch(std::string_view url, http::Method method = http::Method::get) {
        http::Request request;
        request.method = method;
        request.target = url.starts_with("http") ? url.substr(std::string_view("http://test").size()) : url;
        struct Sink : http::ReplySink {
            http::Response response;
            void complete(http::Response made) override { response = std::move(made); }
        };
        const auto sink = std::make_shared<Sink>();
        handler.handle(std::move(request), http::Reply(sink));
        tests::Got got{sink->response.status, sink->response.headers, sink->response.body.to_string(), nullptr};
        if (auto parsed = fhir::parse_json(got.body)) got.document = std::move(*parsed);
        return got;
    }
    /// Waits for the job's end.
    tests::Got finish(const tests::Got& accepted) {
        REQUIRE_MESSAGE(accepted.status == 202, accepted.body);
        const std::string place(accepted.header("Content-Location"));
        for (int i = 0; i < 600; ++i) {
            auto got = fetch(place);
            if (got.status != 202) return got;
            CHECK_FALSE(got.header("X-Progress").empty());
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return fetch(place);
    }
    /// Lines of the files of a type.
    std::vector<std::string> lines(const tests::Got& manifest, std::string_view type, const char* list = "output") {
        std::vector<std::string> out;
        for (const auto file : manifest.root()[list].items()) {
            if (file["type"].text() != type) continue;
            const auto got = fetch(file["url"].text());
            REQUIRE(got.status == 200);
            std::size_t count = 0;
            for (std::size_t at = 0; at < got.body.size(); ++count) {
                const auto end = got.body.find('\n', at);
                REQUIRE(end != std::string::npos);
                out.push_back(got.body.substr(at, end - at));
                at = end + 1;
            }
            CHECK(file["count"].text() == std::to_string(count));
        }
        return out;
    }

    Gateway& gateway;
    rest::BulkJobs jobs;
    rest::BulkHandler handler;
};

void fill(Gateway& gateway) {
    for (const char* id : {"a", "b", "c", "d", "e"}) {
        const std::string name(id);
        REQUIRE(gateway.put("Patient/" + name, R"({"resourceType":"Patient","id":")" + name + R"(","gender":"male"})")
                    .status == 201);
        REQUIRE(gateway
                    .put("Observation/o" + name, R"({"resourceType":"Observation","id":"o)" + name + R"(","status":")" +
                                                     (name < "c" ? "final" : "amended") +
                                                     R"(","code":{"text":"x"},"subject":{"reference":"Patient/)" +
                                                     name + "\"}}")
                    .status == 201);
    }
    REQUIRE(
        gateway
            .put("Observation/dev", R"({"resourceType":"Observation","id":"dev","status":"final","code":{"text":"x"},
        "subject":{"reference":"Device/1"}})")
            .status == 201);
    REQUIRE(gateway.put("Organization/org", R"({"resourceType":"Organization","id":"org","name":"x"})").status == 201);
    REQUIRE(gateway
                .put("Group/g", R"({"resourceType":"Group","id":"g","type":"person","actual":true,"member":[
        {"entity":{"reference":"Patient/a"}},{"entity":{"reference":"Patient/b"},"inactive":true},{"entity":{"reference":"Patient/c"}}]})")
                .status == 201);
}

}  // namespace

TEST_SUITE("gateway/rest/bulk") {
    TEST_CASE("exports of the system, of patients and of a group") {
        Gateway gateway;
        Bulk bulk(gateway);
        fill(gateway);
        bulk.jobs.start();
        const auto all = bulk.finish(gateway.get("$export", in_background));
        REQUIRE(all.status == 200);
        CHECK(all.root()["request"].text() == "http://test/fhir/$export");
        CHECK(all.root()["requiresAccessToken"].text() == "false");
        CHECK_FALSE(all.root()["transactionTime"].text().empty());
        CHECK(all.root()["error"].size() == 0);
        CHECK_FALSE(all.header("Expires").empty());
        CHECK(bulk.lines(all, "Patient").size() == 5);
        CHECK(bulk.lines(all, "Observation").size() == 6);
        CHECK(bulk.lines(all, "Organization").size() == 1);
        CHECK(fhir::parse_json(bulk.lines(all, "Group").at(0)).value()->id() == "g");

        const auto patients = bulk.finish(gateway.get("Patient/$export", in_background));
        CHECK(bulk.lines(patients, "Patient").size() == 5);
        CHECK(bulk.lines(patients, "Observation").size() == 5);
        CHECK(bulk.lines(patients, "Organization").empty());

        const auto group = bulk.finish(gateway.get("Group/g/$export", in_background));
        CHECK(bulk.lines(group, "Patient").size() == 2);
        CHECK(bulk.lines(group, "Observation").size() == 2);
    }

    TEST_CASE("_type, _typeFilter, _elements, _since and what was deleted") {
        Gateway gateway;
        Bulk bulk(gateway);
        fill(gateway);
        bulk.jobs.start();
        const auto typed = bulk.finish(gateway.get("$export?_type=Patient,Organization&_elements=id", in_background));
        CHECK(bulk.lines(typed, "Patient").size() == 5);
        CHECK(bulk.lines(typed, "Patient").at(0).find("male") == std::string::npos);
        CHECK(bulk.lines(typed, "Observation").empty());
        const auto filtered = bulk.finish(
            gateway.get("$export?_type=Observation&_typeFilter=Observation%3Fstatus%3Damended", in_background));
        CHECK(bulk.lines(filtered, "Observation").size() == 3);
        const auto since = std::string(typed.root()["transactionTime"].text());
        REQUIRE(gateway.put("Patient/z", R"({"resourceType":"Patient","id":"z"})").status == 201);
        REQUIRE(gateway.erase("Patient/a").status == 204);
        const auto newer = bulk.finish(gateway.get("$export?_type=Patient&_since=" + since, in_background));
        CHECK(bulk.lines(newer, "Patient").size() == 1);
        REQUIRE(bulk.lines(newer, "Bundle", "deleted").size() == 1);
        CHECK(bulk.lines(newer, "Bundle", "deleted").at(0).find("\"DELETE\",\"url\":\"Patient/a\"") !=
              std::string::npos);
    }

    TEST_CASE("what is asked for wrongly is refused at the start") {
        Gateway gateway;
        Bulk bulk(gateway);
        fill(gateway);
        CHECK(gateway.get("$export").status == 400);
        for (const char* query : {"_type=Nothing", "_outputFormat=csv", "unknown=1",
                                  "_typeFilter=Observation%3Fnope%3D1", "_since=yesterday", "patient=Patient/a"}) {
            CAPTURE(query);
            CHECK(gateway.get(std::string("$export?") + query, in_background).status == 400);
        }
        CHECK(gateway.get("Group/none/$export", in_background).status == 404);
        CHECK(gateway.get("Observation/$export", in_background).status == 404);
    }

    TEST_CASE("a job goes on after the program was stopped, and can be cancelled") {
        Gateway gateway;
        fill(gateway);
        std::string place;
        {
            Bulk before(gateway);
            const auto accepted = gateway.get("$export?_type=Patient", in_background);
            REQUIRE(accepted.status == 202);
            place = accepted.header("Content-Location");
            CHECK(before.fetch(place).status == 202);  // its thread was never started
        }
        Bulk after(gateway);
        after.jobs.start();
        tests::Got done;
        for (int i = 0; i < 600 && (done = after.fetch(place)).status == 202; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        REQUIRE(done.status == 200);
        CHECK(after.lines(done, "Patient").size() == 5);
        CHECK(after.fetch(place, http::Method::erase).status == 202);
        CHECK(after.fetch(place).status == 404);
        CHECK(after.fetch("/bulk/../store.db").status == 404);
        CHECK(after.fetch(place, http::Method::put).status == 405);
    }

    TEST_CASE("an export reads one state: what is written meanwhile is not in it") {
        Gateway gateway;
        Bulk bulk(gateway, 1);
        fill(gateway);
        const auto accepted = gateway.get("$export?_type=Patient", in_background);
        bulk.jobs.start();
        for (int i = 0; i < 20; ++i)
            gateway.put("Patient/later" + std::to_string(i),
                        R"({"resourceType":"Patient","id":"later)" + std::to_string(i) + "\"}");
        const auto done = bulk.finish(accepted);
        const auto lines = bulk.lines(done, "Patient");
        std::size_t original = 0;
        for (const auto& line : lines) original += line.find("\"gender\"") != std::string::npos ? 1 : 0;
        CHECK(original == 5);
    }

    TEST_CASE("$import stores lines, says what is wrong with others, and may be repeated") {
        Gateway gateway;
        Bulk bulk(gateway);
        bulk.jobs.start();
        std::string lines;
        for (int i = 0; i < 500; ++i) lines += R"({"resourceType":"Patient","id":"i)" + std::to_string(i) + "\"}\n";
        lines += "{\"resourceType\":\"Patient\",\"nonsense\":1}\nno json\n\n";
        lines += R"({"resourceType":"Observation","status":"final","code":{"text":"x"}})";
        const Gateway::Headers headers = {{"Prefer", "respond-async"}, {"Content-Type", "application/fhir+ndjson"}};
        const auto done = bulk.finish(gateway.post("$import", lines, headers));
        REQUIRE(done.status == 200);
        CHECK(bulk.lines(done, "OperationOutcome", "error").size() == 2);
        CHECK(gateway.get("Patient?_summary=count").root()["total"].text() == "500");
        CHECK(gateway.get("Observation").entries() == 1);
        bulk.finish(gateway.post("$import", lines, headers));
        CHECK(gateway.get("Patient/i7").header("ETag") == "W/\"1\"");
        CHECK(gateway.post("$import", "{}", {{"Prefer", "respond-async"}, {"Content-Type", "application/fhir+json"}})
                  .status == 415);
    }
}
