// Searches over the SQLite store, written as queries; and the same data held against the fake, which matches by brute
// force.
#include "tests/gateway/storage/stores.hpp"

#include "fhir/search/query.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

using namespace causeway::storage;
using namespace causeway::storage::test;
using causeway::fhir::search::SearchPlan;

namespace {

SearchPlan plan_of(std::string_view type, std::string_view query) {
    const auto pairs = causeway::fhir::search::decode_query(query);
    REQUIRE(pairs.has_value());
    causeway::fhir::search::QueryOptions options;
    options.now_us = 1'700'000'000'000'000;
    auto parsed = causeway::fhir::search::parse_query(type, *pairs, options);
    std::string faults;
    for (const auto& issue : parsed.issues) faults += issue.text + "; ";
    REQUIRE_MESSAGE(parsed.ok(), query << ": " << faults);
    return std::move(parsed.plan);
}

/// Ids of all matches over all pages of `count`, in order; includes behind a bar.
std::string ids(Store& store, std::string_view type, std::string_view query, std::size_t count = 50) {
    auto plan = plan_of(type, query);
    if (!plan.count) plan.count = static_cast<std::uint32_t>(count);
    std::string out;
    std::string token;
    for (int pages = 0; pages < 100; ++pages) {
        auto snapshot = store.snapshot();
        REQUIRE(snapshot.has_value());
        SearchOptions options;
        options.page_token = token;
        options.binding = query;
        const auto page = (*snapshot)->search(plan, options);
        REQUIRE_MESSAGE(page.has_value(), query << ": " << (page.has_error() ? page.error().message : std::string()));
        for (const auto& match : page->matches) out += (out.empty() ? "" : " ") + match.id;
        if (!page->includes.empty()) {
            std::vector<std::string> names;
            for (const auto& include : page->includes) names.push_back(include.id);
            std::sort(names.begin(), names.end());
            out += " |";
            for (const auto& name : names) out += " " + name;
        }
        if (page->next_page.empty()) return out;
        CHECK(page->matches.size() == *plan.count);
        token = page->next_page;
    }
    FAIL("the pages do not end");
    return out;
}

void fill(Store& store) {
    const auto add = [&](std::string_view type, std::string_view id, std::string_view json) {
        put(store, type, id, json).value();
    };
    add("Organization", "org1", R"({"resourceType":"Organization","name":"Saint Hedwig"})");
    add("Patient", "p1", R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"100"}],"active":true,
        "name":[{"family":"García","given":["Ines","Maria"]}],"gender":"female","birthDate":"1962-05-17",
        "managingOrganization":{"reference":"Organization/org1"}})");
    add("Patient", "p2", R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"200"},{"value":"100"}],
        "name":[{"family":"Garner","given":["Tom"]}],"gender":"male","birthDate":"1962"})");
    add("Patient", "p3", R"({"resourceType":"Patient","name":[{"family":"Lopez de la Cruz"}],"birthDate":"1980-01"})");
    add("Patient", "p4",
        R"({"resourceType":"Patient","name":[{"family":"A very long family name that does not fit a key One"}],"gender":"other"})");
    add("Patient", "p5",
        R"({"resourceType":"Patient","name":[{"family":"A very long family name that does not fit a key Two"}],"gender":"male"})");
    const auto observation = [&](std::string_view id, std::string_view patient, std::string_view code,
                                 std::string_view rest) {
        add("Observation", id,
            R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":")" +
                std::string(code) + R"("}]},"subject":{"reference":"Patient/)" + std::string(patient) + "\"}" +
                std::string(rest) + "}");
    };
    observation(
        "o1", "p1", "718-7",
        R"(,"effectiveDateTime":"2024-02-29","valueQuantity":{"value":13.5,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"})");
    observation(
        "o2", "p1", "718-7",
        R"(,"effectiveDateTime":"2024-03-01T10:30:00.250Z","valueQuantity":{"value":135,"unit":"g/L","system":"http://unitsofmeasure.org","code":"g/L"})");
    observation(
        "o3", "p2", "718-7",
        R"(,"effectivePeriod":{"start":"2021-11-03","end":"2023"},"valueQuantity":{"value":9,"comparator":"<","unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"})");
    observation("o4", "p2", "8480-6",
                R"(,"effectivePeriod":{"start":"2019-07"},"valueQuantity":{"value":120,"unit":"mmHg"})");
    observation("o5", "p3", "8480-6", R"(,"valueString":"none")");
    add("Observation", "o6", R"({"resourceType":"Observation","status":"preliminary","code":{"text":"Free text"},
        "subject":{"identifier":{"system":"urn:mrn","value":"300"}},"component":[
        {"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":55,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
        {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":95,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]})");
}

struct Row {
    const char* type;
    const char* query;
    const char* found;  ///< newest first
};

constexpr Row rows[] = {
    {"Patient", "", "p5 p4 p3 p2 p1"},
    {"Observation", "", "o6 o5 o4 o3 o2 o1"},
    {"Encounter", "", ""},
    // token
    {"Patient", "identifier=urn:mrn|100", "p1"},
    {"Patient", "identifier=100", "p2 p1"},
    {"Patient", "identifier=|100", "p2"},
    {"Patient", "identifier=urn:mrn|", "p2 p1"},
    {"Patient", "identifier=urn:mrn|100,urn:mrn|200", "p2 p1"},
    {"Patient", "identifier=urn:mrn|999", ""},
    {"Patient", "gender=male", "p5 p2"},
    {"Patient", "gender=male&identifier=urn:mrn|200", "p2"},
    {"Patient", "gender:not=male", "p4 p3 p1"},
    {"Patient", "gender:not=male,female", "p4 p3"},
    {"Patient", "gender:missing=true", "p3"},
    {"Patient", "gender:missing=false", "p5 p4 p2 p1"},
    {"Patient", "active=true", "p1"},
    {"Observation", "status=preliminary", "o6"},
    {"Observation", "code=8480-6", "o5 o4"},
    {"Observation", "combo-code=8480-6", "o6 o5 o4"},
    {"Observation", "code:text=free", "o6"},
    // string
    {"Patient", "family=garcia", "p1"},
    {"Patient", "family=GAR", "p2 p1"},
    {"Patient", "family=arcia", ""},
    {"Patient", "family:contains=arc", "p1"},
    {"Patient", "family:exact=García", "p1"},
    {"Patient", "family:exact=garcia", ""},
    {"Patient", "name=ines&name=garcia", "p1"},
    {"Patient", "family=de la cr", "p3"},
    {"Patient", "family=a very long family name that does not fit a key", "p5 p4"},
    {"Patient", "family=a very long family name that does not fit a key two", "p5"},
    {"Patient", "family:contains=key one", "p4"},
    // date
    {"Patient", "birthdate=1962", "p2 p1"},
    {"Patient", "birthdate=1962-05", "p1"},
    {"Patient", "birthdate=ge1962-05-20", "p3 p2"},
    {"Patient", "birthdate=lt1962-05-20", "p2 p1"},
    {"Patient", "birthdate=sa1962", "p3"},
    {"Patient", "birthdate=ne1962", "p3"},
    {"Patient", "birthdate=lt1950,ge1980", "p3"},
    {"Observation", "date=2024-02-29", "o1"},
    {"Observation", "date=ge2024-03-01T10:30:00Z", "o4 o2"},
    {"Observation", "date=2024-03-01T10:30:00.250Z", "o2"},
    {"Observation", "date=2024-03-01T10:30:00.251Z", ""},
    {"Observation", "date=ge2021", "o4 o3 o2 o1"},
    {"Observation", "date=le2021", "o4"},
    {"Observation", "date=eb2023", ""},
    {"Observation", "date=sa2018", "o4 o3 o2 o1"},
    {"Observation", "date=gt2031", "o4"},
    {"Observation", "date=lt2020", "o4"},
    {"Observation", "date=ge2020&date=lt2022", "o4 o3"},
    // number and quantity
    {"Observation", "value-quantity=13.5|http://unitsofmeasure.org|g/dL", "o2 o1"},
    {"Observation", "value-quantity=135|http://unitsofmeasure.org|g/L", "o2 o1"},
    {"Observation", "value-quantity=13.5", "o1"},
    {"Observation", "value-quantity=gt100", "o4 o2"},
    {"Observation", "value-quantity=lt9|http://unitsofmeasure.org|g/dL", "o3"},
    {"Observation", "value-quantity=120||mmHg", "o4"},
    {"Observation", "value-quantity=120||kPa", ""},
    // reference
    {"Observation", "subject=Patient/p1", "o2 o1"},
    {"Observation", "patient=p1", "o2 o1"},
    {"Observation", "patient=p1,p2", "o4 o3 o2 o1"},
    {"Observation", "patient=nobody", ""},
    {"Observation", "subject:identifier=urn:mrn|300", "o6"},
    {"Observation", "patient=p1&date=ge2024-03", "o2"},
    {"Observation", "patient=p2&code=8480-6&date=ge2020", "o4"},
    // composite
    {"Observation", "code-value-quantity=http://loinc.org|718-7$gt100", "o2"},
    {"Observation", "code-value-quantity=718-7$gt100", "o2"},
    {"Observation", "component-code-value-quantity=http://loinc.org|8480-6$lt60", "o6"},
    {"Observation", "component-code-value-quantity=http://loinc.org|8480-6$gt60", ""},
    {"Observation", "combo-code-value-quantity=http://loinc.org|8480-6$gt100", "o4"},
    // id and time
    {"Patient", "_id=p2", "p2"},
    {"Patient", "_id=p2,p1,none", "p2 p1"},
    {"Patient", "_id=o1", ""},
    {"Patient", "_id=p2&gender=female", ""},
    {"Patient", "_lastUpdated=ge2023-11-14T22:13:20Z", "p5 p4 p3 p2 p1"},
    {"Patient", "_lastUpdated=lt2023-11-14T22:13:20Z", ""},
    // chain and _has
    {"Observation", "subject:Patient.family=garcia", "o2 o1"},
    {"Observation", "patient.gender=male", "o4 o3"},
    {"Observation", "patient.organization.name=saint", "o2 o1"},
    {"Observation", "patient.family=nobody", ""},
    {"Observation", "subject:Patient.birthdate=lt1970&code=718-7", "o3 o2 o1"},
    {"Patient", "_has:Observation:patient:code=8480-6", "p3 p2"},
    {"Patient", "_has:Observation:patient:code=8480-6&gender=male", "p2"},
    {"Patient", "_has:Observation:patient:value-quantity=gt130", "p1"},
    {"Organization", "_has:Patient:organization:_has:Observation:patient:code=718-7", "org1"},
};

}  // namespace

TEST_SUITE("gateway/storage/search") {
    TEST_CASE("queries find what they must, as the brute force does, in pages of any size") {
        SqliteDriver sqlite;
        MemoryDriver memory;
        fill(*sqlite.store);
        fill(*memory.store);
        for (const auto& row : rows) {
            const std::string query = std::string(row.type) + "?" + row.query;
            const std::string found_ids = row.found;
            CAPTURE(query);
            CHECK(ids(*sqlite.store, row.type, row.query) == found_ids);
            CHECK(ids(*sqlite.store, row.type, row.query, 1) == found_ids);
            CHECK(ids(*memory.store, row.type, row.query) == found_ids);
        }
    }

    TEST_CASE("with a hash of a few bits every decision about identity is still right") {
        for (int attempt = 0; attempt < 4; ++attempt) {  // each store has a key of its own, and so other collisions
            SqliteOptions options;
            options.hash_bits = 1 + attempt;
            SqliteDriver sqlite(options);
            fill(*sqlite.store);
            for (const auto& row : rows) {
                const std::string query = std::string(row.type) + "?" + row.query;
                const std::string found_ids = row.found;
                CAPTURE(query);
                auto plan = plan_of(row.type, row.query);
                const auto found = transact_blocking(*sqlite.store, [&](Transaction& t) { return t.find(plan, 100); });
                REQUIRE(found.has_value());
                std::string names;
                for (const auto& match : *found) names += (names.empty() ? "" : " ") + match.name.id;
                CHECK(names == found_ids);
            }
        }
    }

    TEST_CASE_TEMPLATE("find sees the job's own writes and those of the group before it", Driver, SqliteDriver,
                       MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        put(store, "Patient", "old", R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}]})")
            .value();
        const auto fresh = prepared(store, "Patient", "new",
                                    R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}]})");
        const auto changed = prepared(store, "Patient", "old",
                                      R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"2"}]})");
        const auto one = plan_of("Patient", "identifier=urn:mrn|1");
        const auto two = plan_of("Patient", "identifier=urn:mrn|2");
        const auto all = plan_of("Patient", "");
        const auto chain = plan_of("Observation", "patient.identifier=urn:mrn|2");
        const auto observation =
            prepared(store, "Observation", "obs",
                     R"({"resourceType":"Observation","status":"final","subject":{"reference":"Patient/old"}})");
        const auto outcome = transact_blocking(store, [&](Transaction& t) -> Result<void> {
            const auto names = [&](const SearchPlan& plan) {
                std::string out;
                for (const auto& match : t.find(plan, 10).value()) out += match.name.id + " ";
                return out;
            };
            CHECK(names(one) == "old ");
            t.put({fresh, WriteKind::update, {}, 0}).value();
            CHECK(names(one) == "new old ");
            t.put({changed, WriteKind::update, {}, 0}).value();
            CHECK(names(one) == "new ");
            CHECK(names(two) == "old ");
            CHECK(names(all) == "old new ");
            t.put({observation, WriteKind::update, {}, 0}).value();
            CHECK(names(chain) == "obs ");
            t.erase("Patient", "new").value();
            CHECK(names(one).empty());
            CHECK(t.find(all, 1).value().size() == 1);
            return {};
        });
        CHECK(outcome.has_value());
        CHECK(ids(store, "Patient", "identifier=urn:mrn|2") == "old");
    }

    TEST_CASE("conditional creates from many threads make one resource") {
        SqliteDriver driver;
        auto& store = *driver.store;
        const auto plan = plan_of("Patient", "identifier=urn:mrn|7");
        std::atomic<int> created{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&, i] {
                for (int k = 0; k < 20; ++k) {
                    const auto id = "p" + std::to_string(i) + "-" + std::to_string(k);
                    auto body = prepare_body(
                        R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"7"}]})", "Patient", id);
                    const auto resource = prepared(store, "Patient", id, body->json);
                    const auto made = transact_blocking(store, [&plan, resource](Transaction& t) -> Result<bool> {
                        if (!t.find(plan, 2).value().empty()) return false;
                        t.put({resource, WriteKind::update, {}, 0}).value();
                        return true;
                    });
                    if (made.value()) ++created;
                }
            });
        }
        for (auto& thread : threads) thread.join();
        CHECK(created == 1);
        CHECK(ids(store, "Patient", "identifier=urn:mrn|7").size() > 0);
        CHECK(ids(store, "Patient", "identifier=urn:mrn|7").find(' ') == std::string::npos);
    }

    TEST_CASE("updates and deletions change what is found; the old values are gone") {
        SqliteDriver driver;
        auto& store = *driver.store;
        fill(store);
        put(store, "Patient", "p1", R"({"resourceType":"Patient","gender":"male"})").value();
        CHECK(ids(store, "Patient", "family=garcia").empty());
        CHECK(ids(store, "Patient", "gender=male") == "p1 p5 p2");
        erase(store, "Patient", "p5").value();
        CHECK(ids(store, "Patient", "gender=male") == "p1 p2");
        CHECK(ids(store, "Patient", "") == "p1 p4 p3 p2");
        CHECK(ids(store, "Observation", "patient=p1") == "o2 o1");
        put(store, "Patient", "p5", R"({"resourceType":"Patient","gender":"male"})").value();
        CHECK(ids(store, "Patient", "gender=male") == "p5 p1 p2");
        driver.reopen();
        CHECK(ids(*driver.store, "Patient", "gender=male") == "p5 p1 p2");
        CHECK(ids(*driver.store, "Patient", "") == "p5 p1 p4 p3 p2");
    }

    TEST_CASE("pages of one search share a snapshot, whatever is written between them") {
        SqliteDriver driver;
        auto& store = *driver.store;
        fill(store);
        auto plan = plan_of("Patient", "");
        plan.count = 2;
        SearchOptions options;
        options.binding = "Patient?";
        const auto page = [&](std::string_view token) {
            options.page_token = token;
            auto snapshot = store.snapshot();
            return (*snapshot)->search(plan, options).value();
        };
        const auto first = page({});
        CHECK(first.matches.at(0).id == "p5");
        put(store, "Patient", "p3", R"({"resourceType":"Patient","gender":"unknown"})").value();
        put(store, "Patient", "p9", R"({"resourceType":"Patient"})").value();
        erase(store, "Patient", "p2").value();
        const auto second = page(first.next_page);
        REQUIRE(second.matches.size() == 2);
        CHECK(second.matches[0].id == "p3");
        CHECK(second.matches[0].version.number == 1);
        CHECK(second.matches[1].id == "p2");
        const auto third = page(second.next_page);
        REQUIRE(third.matches.size() == 1);
        CHECK(third.matches[0].id == "p1");
        CHECK(third.next_page.empty());
    }

    TEST_CASE("a page token is bound to its query, its store and its time") {
        SqliteDriver driver;
        auto& store = *driver.store;
        fill(store);
        auto plan = plan_of("Patient", "");
        plan.count = 1;
        SearchOptions options;
        options.binding = "alice Patient?";
        auto snapshot = store.snapshot();
        const auto token = (*snapshot)->search(plan, options).value().next_page;
        REQUIRE_FALSE(token.empty());
        options.page_token = token;
        CHECK((*snapshot)->search(plan, options).has_value());
        options.binding = "bob Patient?";
        CHECK((*snapshot)->search(plan, options).error().code == FailureCode::bad_page_token);
        options.binding = "alice Patient?";
        for (std::size_t i = 0; i < token.size(); ++i) {
            auto altered = token;
            altered[i] = altered[i] == 'A' ? 'B' : 'A';
            options.page_token = altered;
            CHECK((*snapshot)->search(plan, options).error().code == FailureCode::bad_page_token);
        }
        for (const auto* bad : {"x", "!!!!", "AQ"}) {
            options.page_token = bad;
            CHECK((*snapshot)->search(plan, options).error().code == FailureCode::bad_page_token);
        }
        driver.clock->fetch_add(driver.options.page_token_life_us + 2000);
        options.page_token = token;
        CHECK((*snapshot)->search(plan, options).error().code == FailureCode::expired_page_token);
    }

    TEST_CASE("sort by any parameter, missing last, in pages") {
        SqliteDriver driver;
        auto& store = *driver.store;
        fill(store);
        for (const std::size_t count : {50u, 2u, 1u}) {
            CAPTURE(count);
            CHECK(ids(store, "Patient", "_sort=birthdate", count) == "p2 p1 p3 p5 p4");
            CHECK(ids(store, "Patient", "_sort=-birthdate", count) == "p3 p2 p1 p5 p4");
            CHECK(ids(store, "Patient", "_sort=gender,birthdate", count) == "p1 p2 p5 p4 p3");
            CHECK(ids(store, "Patient", "_sort=-gender,-_id", count) == "p4 p5 p2 p1 p3");
            CHECK(ids(store, "Patient", "_sort=_id", count) == "p1 p2 p3 p4 p5");
            CHECK(ids(store, "Patient", "_sort=-_id", count) == "p5 p4 p3 p2 p1");
            CHECK(ids(store, "Patient", "_sort=_lastUpdated", count) == "p1 p2 p3 p4 p5");
            CHECK(ids(store, "Patient", "_sort=-_lastUpdated", count) == "p5 p4 p3 p2 p1");
            CHECK(ids(store, "Patient", "_sort=family&birthdate=ge1900", count) == "p1 p2 p3");
            CHECK(ids(store, "Observation", "_sort=value-quantity&value-quantity=gt0", count) == "o3 o1 o4 o2");
        }
    }

    TEST_CASE("includes, in both directions, iterated, each resource once") {
        SqliteDriver driver;
        auto& store = *driver.store;
        fill(store);
        CHECK(ids(store, "Observation", "code=718-7&_include=Observation:subject") == "o3 o2 o1 | p1 p2");
        CHECK(ids(store, "Observation",
                  "code=718-7&_include=Observation:subject&_include:iterate=Patient:organization") ==
              "o3 o2 o1 | org1 p1 p2");
        CHECK(ids(store, "Observation", "code=718-7&_include=Observation:subject:Group") == "o3 o2 o1");
        CHECK(ids(store, "Observation", "_id=o1&_include=Observation:*") == "o1 | p1");
        CHECK(ids(store, "Observation", "_id=o1&_include=*") == "o1 | p1");
        CHECK(ids(store, "Patient", "_id=p1&_revinclude=Observation:subject") == "p1 | o1 o2");
        CHECK(ids(store, "Organization", "_revinclude=Patient:organization&_revinclude:iterate=Observation:patient") ==
              "org1 | o1 o2 p1");
        CHECK(ids(store, "Patient", "_id=p1&_revinclude=*") == "p1 | o1 o2");
        erase(store, "Patient", "p2").value();
        CHECK(ids(store, "Observation", "code=718-7&_include=Observation:subject") == "o3 o2 o1 | p1");
        auto plan = plan_of("Observation", "_include=Observation:subject");
        SearchOptions options;
        options.includes_max = 1;
        auto snapshot = store.snapshot();
        const auto page = (*snapshot)->search(plan, options).value();
        CHECK(page.includes.size() == 1);
        CHECK(page.includes_cut);
    }

    TEST_CASE("totals") {
        SqliteDriver driver;
        auto& store = *driver.store;
        fill(store);
        put(store, "Patient", "p1", R"({"resourceType":"Patient"})").value();
        erase(store, "Patient", "p5").value();
        auto snapshot = store.snapshot();
        const auto total = [&](std::string_view query) {
            return (*snapshot)->search(plan_of("Patient", query), {}).value().total;
        };
        CHECK(total("_total=accurate") == 4);
        CHECK(total("_total=accurate&_count=1") == 4);
        CHECK(total("_count=0") == 4);
        CHECK(total("_summary=count&gender=male") == 1);
        CHECK(total("") == 4);  // all on the first page: known anyway
        CHECK_FALSE(total("_count=2").has_value());
        CHECK(total("_count=1&_total=accurate&birthdate=ge1900") == 2);
        CHECK((*snapshot)->search(plan_of("Patient", "_count=0"), {}).value().matches.empty());
    }

    TEST_CASE("totals by the length of a list leave out what was replaced and deleted") {
        SqliteDriver driver;
        Store& store = *driver.store;
        const auto patient = [&](int number, const char* gender) {
            REQUIRE(put(store, "Patient", "p" + std::to_string(number),
                        std::string(R"({"resourceType":"Patient","gender":")") + gender + "\"}")
                        .has_value());
        };
        const auto total = [&](std::string_view query) {
            auto snapshot = store.snapshot();
            return (*snapshot)->search(plan_of("Patient", query), {}).value().total.value();
        };
        constexpr int patients = 700, changes = 12;
        for (int i = 0; i < patients; ++i) patient(i, "male");
        std::uint64_t male = patients, female = 0;
        for (int i = 0; i < changes; ++i) {
            CAPTURE(i);
            CHECK(total("_summary=count&gender=http://hl7.org/fhir/administrative-gender|male") == male);
            CHECK(total("_summary=count&gender=male") == male);
            CHECK(total("_summary=count&gender=female") == female);
            CHECK(total("_summary=count") == male + female);
            if (i % 3 == 2) {
                REQUIRE(erase(store, "Patient", "p" + std::to_string(i)).has_value());
                --male;
            } else {
                patient(i, "female");
                --male;
                ++female;
            }
        }
        CHECK(total("_summary=count&gender=male&gender=female") == 0);
    }

    TEST_CASE("a search over its budget says so") {
        SqliteDriver driver;
        auto& store = *driver.store;
        fill(store);
        auto snapshot = store.snapshot();
        SearchOptions options;
        options.rows_max = 3;
        CHECK((*snapshot)->search(plan_of("Patient", "family:contains=x"), options).error().code ==
              FailureCode::too_costly);
    }

    TEST_CASE("several types in one search") {
        SqliteDriver driver;
        auto& store = *driver.store;
        fill(store);
        CHECK(ids(store, "", "_type=Patient,Organization") == "p5 p4 p3 p2 p1 org1");
        CHECK(ids(store, "", "_type=Patient,Organization", 2) == "p5 p4 p3 p2 p1 org1");
        CHECK(ids(store, "", "_type=Patient,Organization&_id=p1,org1") == "p1 org1");
    }
}
