// Random sequences of writes and searches: the SQLite store against the fake, which matches every body by brute force.
#include "tests/gateway/storage/stores.hpp"

#include "fhir/search/query.hpp"

#include <random>

using namespace causeway::storage;
using namespace causeway::storage::test;

namespace {

struct World {
    std::mt19937 random;
    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
    template <class T, std::size_t n>
    const T& of(const T (&items)[n]) {
        return items[static_cast<std::size_t>(pick(static_cast<int>(n)))];
    }
    std::string patient_id() { return "p" + std::to_string(pick(8)); }

    std::string patient() {
        static constexpr const char* families[] = {"Ng", "Nguyen", "García", "Gar", "O'Neil", "de la Cruz"};
        static constexpr const char* genders[] = {"male", "female", "other"};
        static constexpr const char* births[] = {"1962", "1962-05", "1962-05-17", "1980-01-01", "2001"};
        std::string out = R"({"resourceType":"Patient")";
        if (pick(4)) out += R"(,"name":[{"family":")" + std::string(of(families)) + R"("}])";
        if (pick(3)) out += R"(,"gender":")" + std::string(of(genders)) + '"';
        if (pick(3)) out += R"(,"birthDate":")" + std::string(of(births)) + '"';
        if (pick(2))
            out += R"(,"identifier":[{"system":"urn:s)" + std::to_string(pick(2)) + R"(","value":")" +
                   std::to_string(pick(4)) + R"("}])";
        return out + "}";
    }
    std::string observation() {
        static constexpr const char* codes[] = {"718-7", "8480-6", "2345-7"};
        static constexpr const char* times[] = {
            R"("effectiveDateTime":"2024-02-29")",
            R"("effectiveDateTime":"2024-02-29T12:00:00Z")",
            R"("effectiveDateTime":"2024-02-29T12:00:00.5Z")",
            R"("effectivePeriod":{"start":"2023"})",
            R"("effectivePeriod":{"start":"2023-01-01T00:00:00.25Z","end":"2024-06"})",
            R"("effectivePeriod":{"end":"2022-12-31"})"};
        std::string out =
            R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":")" +
            std::string(of(codes)) + R"("}]})";
        if (pick(5)) out += R"(,"subject":{"reference":"Patient/)" + patient_id() + R"("})";
        if (pick(4)) out += std::string(",") + of(times);
        if (pick(4))
            out += R"(,"valueQuantity":{"value":)" + std::to_string(pick(200)) + (pick(2) ? ".5" : "") +
                   R"(,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"})";
        return out + "}";
    }
    std::pair<std::string, std::string> query() {
        static constexpr const char* prefixes[] = {"", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"};
        static constexpr const char* dates[] = {
            "2024", "2024-02", "2024-02-29", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.5Z",
            "2023", "1962",    "1962-05-17"};
        const auto on_patient = [&]() -> std::string {
            static constexpr const char* fixed[] = {"gender=male",
                                                    "gender:not=male",
                                                    "gender:missing=true",
                                                    "family=g",
                                                    "family=ng",
                                                    "family:exact=Ng",
                                                    "family:contains=a",
                                                    "name=garcia",
                                                    "identifier=urn:s0|1",
                                                    "identifier=2",
                                                    "identifier=urn:s1|",
                                                    "birthdate:missing=false",
                                                    "_has:Observation:patient:code=718-7",
                                                    "_has:Observation:patient:value-quantity=gt100",
                                                    "_id=p1,p2",
                                                    "gender=male,other"};
            if (pick(3) == 0) return std::string("birthdate=") + of(prefixes) + of(dates);
            return of(fixed);
        };
        const auto on_observation = [&]() -> std::string {
            static constexpr const char* fixed[] = {"code=718-7",
                                                    "code=http://loinc.org|8480-6",
                                                    "code:not=718-7",
                                                    "patient=p1",
                                                    "patient=p1,p2,p3",
                                                    "subject:Patient.gender=male",
                                                    "patient.family=g",
                                                    "patient.birthdate=ge1970",
                                                    "date:missing=true",
                                                    "code-value-quantity=http://loinc.org|718-7$gt50",
                                                    "code-value-quantity=2345-7$lt100",
                                                    "subject:missing=true",
                                                    "patient._has:Observation:patient:code=2345-7"};
            if (pick(4) == 0) return std::string("date=") + of(prefixes) + of(dates);
            if (pick(5) == 0) return std::string("value-quantity=") + of(prefixes) + std::to_string(pick(200));
            return of(fixed);
        };
        const bool patients = pick(2) == 0;
        std::string out;
        for (int i = 0, n = 1 + pick(3); i < n; ++i)
            out += (i ? "&" : "") + (patients ? on_patient() : on_observation());
        if (pick(4) == 0) out += "&_sort=_lastUpdated";
        return {patients ? "Patient" : "Observation", out};
    }
};

std::string pages(Store& store, const causeway::fhir::search::SearchPlan& plan, std::string_view binding) {
    std::string out;
    std::string token;
    for (int page_number = 0; page_number < 100; ++page_number) {
        SearchOptions options;
        options.page_token = token;
        options.binding = binding;
        auto snapshot = store.snapshot();
        const auto page = (*snapshot)->search(plan, options);
        if (page.has_error()) return "failed: " + page.error().message;
        for (const auto& match : page->matches)
            out += match.type + "/" + match.id + "/" + std::to_string(match.version.number) + " ";
        if (page->next_page.empty()) return out;
        token = page->next_page;
    }
    return "endless";
}

}  // namespace

TEST_SUITE("gateway/storage/sequences") {
    TEST_CASE("random writes and searches give the same on both") {
        for (unsigned seed = 1; seed <= 6; ++seed) {
            CAPTURE(seed);
            World world{std::mt19937(seed)};
            SqliteDriver sqlite;
            MemoryDriver memory;
            for (int step = 0; step < 220; ++step) {
                CAPTURE(step);
                sqlite.clock->fetch_add(1000);
                memory.clock->store(sqlite.clock->load());
                const int what = world.pick(10);
                if (what < 5) {
                    const bool patient = world.pick(2) == 0;
                    const auto type = patient ? "Patient" : "Observation";
                    const auto id = patient ? world.patient_id() : "o" + std::to_string(world.pick(20));
                    const auto json = patient ? world.patient() : world.observation();
                    const auto left = put(*sqlite.store, type, id, json).value();
                    const auto right = put(*memory.store, type, id, json).value();
                    CHECK(left.version.vid == right.version.vid);
                    CHECK(left.version.rid == right.version.rid);
                    CHECK(left.version.at_us == right.version.at_us);
                } else if (what == 5) {
                    const auto id = world.patient_id();
                    CHECK(erase(*sqlite.store, "Patient", id).value().has_value() ==
                          erase(*memory.store, "Patient", id).value().has_value());
                } else if (what == 6 && world.pick(10) == 0) {
                    sqlite.reopen();
                } else {
                    const auto [type, query] = world.query();
                    CAPTURE(type);
                    CAPTURE(query);
                    const auto pairs = causeway::fhir::search::decode_query(query);
                    auto parsed = causeway::fhir::search::parse_query(type, *pairs, {});
                    REQUIRE(parsed.ok());
                    parsed.plan.count = static_cast<std::uint32_t>(1 + world.pick(6));
                    CHECK(pages(*sqlite.store, parsed.plan, query) == pages(*memory.store, parsed.plan, query));
                    const auto find = [&](Transaction& t) -> Result<std::string> {
                        std::string out;
                        for (const auto& match : t.find(parsed.plan, 50).value()) out += match.name.id + " ";
                        return out;
                    };
                    CHECK(transact_blocking(*sqlite.store, find).value() ==
                          transact_blocking(*memory.store, find).value());
                }
            }
            const auto report = sqlite.store->check_blocking().value();
            CHECK(report.faults.empty());
        }
    }
}
