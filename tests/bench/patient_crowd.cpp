#include "tests/bench/patient_crowd.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <future>
#include <memory>
#include <stdexcept>
#include <utility>

#include "fhir/json/json.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/patient_index/candidates.hpp"
#include "gateway/patient_index/fhir_patient.hpp"
#include "gateway/patient_index/identity.hpp"
#include "gateway/patient_index/statistics.hpp"
#include "gateway/storage/keys.hpp"
#include "gateway/storage/sqlite/connection.hpp"
#include "gateway/storage/sqlite/reads.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"

namespace causeway::bench {
namespace {

using patient_index::match::Record;
using storage::BlockingKey;
using storage::sql::Statement;
namespace generator = patient_index::generator;
namespace match = patient_index::match;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

constexpr std::uint32_t rows_per_commit = 200'000;

/// Keys and records, sorted by way of files: one for each key and eighth of its values.
class BlockSorter {
public:
    explicit BlockSorter(std::filesystem::path folder) : folder_(std::move(folder)) {
        std::filesystem::create_directories(folder_);
    }
    void add(BlockingKey key, std::int64_t record) {
        const auto at = static_cast<std::size_t>(key.key) * parts + part_of(key.value);
        if (runs_.size() <= at) runs_.resize(at + 1);
        auto& run = runs_[at];
        run.waiting.push_back({key.value, record});
        if (run.waiting.size() >= waiting_max) flush(at);
    }
    void finish() {
        for (std::size_t at = 0; at < runs_.size(); ++at) flush(at);
        runs_.clear();
    }
    /// All that was added, by this sorter or one before it, in order; each file goes when it was read.
    template <class Use>
    void drain(const Use& use) {
        for (std::size_t at = 0; at < keys_max * parts; ++at) {
            if (!std::filesystem::exists(name(at))) continue;
            std::vector<Entry> all(std::filesystem::file_size(name(at)) / sizeof(Entry));
            {
                const std::unique_ptr<std::FILE, Closer> file(std::fopen(name(at).c_str(), "rb"));
                if (!file || std::fread(all.data(), sizeof(Entry), all.size(), file.get()) != all.size())
                    throw std::runtime_error("a sorted run cannot be read");
            }
            std::filesystem::remove(name(at));
            std::sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) {
                return a.value != b.value ? a.value < b.value : a.record < b.record;
            });
            for (const auto& entry : all)
                use(BlockingKey{static_cast<std::int16_t>(at / parts), entry.value}, entry.record);
        }
    }

private:
    struct Entry {
        std::int64_t value, record;
    };
    struct Closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    struct Run {
        std::vector<Entry> waiting;
        std::unique_ptr<std::FILE, Closer> file;
    };
    static constexpr std::size_t keys_max = 64, parts = 8, waiting_max = 16'384;

    static std::size_t part_of(std::int64_t value) {
        return static_cast<std::size_t>((static_cast<std::uint64_t>(value) ^ (1ULL << 63U)) >> 61U);
    }
    std::filesystem::path name(std::size_t at) const { return folder_ / std::to_string(at); }
    void flush(std::size_t at) {
        auto& run = runs_[at];
        if (run.waiting.empty()) return;
        if (!run.file) run.file.reset(std::fopen(name(at).c_str(), "wb"));
        if (!run.file ||
            std::fwrite(run.waiting.data(), sizeof(Entry), run.waiting.size(), run.file.get()) != run.waiting.size())
            throw std::runtime_error("a sorted run cannot be written");
        run.waiting.clear();
    }

    std::filesystem::path folder_;
    std::vector<Run> runs_;
};

struct Row {
    std::int64_t record = 0;
    std::string data;
    std::vector<BlockingKey> keys;
};

struct Made {
    std::vector<Row> rows;
    std::vector<match::Features> features;
};

Made make_rows(const PatientCrowd& crowd, std::uint32_t chunk) {
    Made out;
    for (const auto& record : crowd.first_records(chunk)) {
        auto features = match::normalise(record);
        out.rows.push_back({0, match::serialise(features), patient_index::stored_keys(features)});
        out.features.push_back(std::move(features));
    }
    return out;
}

/// As make_rows, with the Patients written by way of the ResourceWriter: their numbers are the records'.
Made write_patients(const PatientCrowd& crowd, std::uint32_t chunk, storage::Store& store,
                    const rest::ResourceWriter& writer) {
    Made out;
    const auto records = crowd.first_records(chunk);
    const security::Principal principal;
    constexpr std::size_t per_job = 1000;
    for (std::size_t from = 0; from < records.size(); from += per_job) {
        const auto to = std::min(from + per_job, records.size());
        std::vector<rest::Draft> drafts;
        for (std::size_t i = from; i < to; ++i) {
            const auto number = std::uint64_t{chunk} * PatientCrowd::chunk_people + i;
            drafts.push_back(writer.prepare(fhir::parse_json(patient_json(records[i], number)).value()).value());
            auto features = match::normalise(patient_index::read_patient(drafts.back().document->root(), {}));
            out.rows.push_back({0, match::serialise(features), patient_index::stored_keys(features)});
            out.features.push_back(std::move(features));
        }
        storage::transact_blocking(store, [&](storage::Transaction& transaction) -> storage::Result<void> {
            for (std::size_t i = from; i < to; ++i) {
                const auto written = writer.write(transaction, drafts[i - from],
                                                  {.principal = principal,
                                                   .kind = storage::WriteKind::create,
                                                   .if_version = {},
                                                   .correlation = "fill"});
                if (written.has_error()) return written.error();
                out.rows[i].record = written->version.rid;
            }
            return {};
        }).value();
    }
    return out;
}

/// Writes the rows of the index past the store, which is closed.
class RowWriter {
public:
    explicit RowWriter(const std::filesystem::path& file) : connection_(file, storage::Access::writer, 512u << 20U) {
        connection_.execute("PRAGMA synchronous=OFF");
        connection_.execute("PRAGMA journal_mode=OFF");
        connection_.execute("BEGIN");
    }
    void record(const Row& row) {
        // each a person of its own, as it was when it came
        connection_.query(Statement::record_set)
            .bind_all(row.record, row.record, std::int64_t{0})
            .bind_blob(storage::write_blocking_keys(row.keys))
            .bind_blob(row.data)
            .run();
        connection_.query(Statement::member_add).bind_all(row.record, row.record).run();
        connection_.query(Statement::person_set)
            .bind_all(row.record, std::int64_t{0}, std::int64_t{0})
            .bind_blob({})
            .run();
        patient_index::EventData data;
        data.model = "shipped-1";
        connection_.query(Statement::event_add)
            .bind_all(row.record, std::int64_t{1}, static_cast<std::int64_t>(patient_index::EventKind::created),
                      std::int64_t{0}, row.record, row.record, std::int64_t{0}, std::int64_t{0}, std::int64_t{0})
            .bind_blob(data.text())
            .run();
        connection_.query(Statement::event_record_add).bind_all(row.record, row.record).run();
        connection_.query(Statement::event_person_add).bind_all(row.record, row.record).run();
        count();
    }
    void block(BlockingKey key, std::int64_t record) {
        connection_.query(Statement::block_add).bind_all(std::int64_t{key.key}, key.value, record).run();
        count();
    }
    void finish() {
        connection_.execute("COMMIT");
        connection_.execute("PRAGMA journal_mode=WAL");
    }

private:
    void count() {
        if (++rows_ % rows_per_commit != 0) return;
        connection_.execute("COMMIT");
        connection_.execute("BEGIN");
    }
    storage::Connection connection_;
    std::uint64_t rows_ = 0;
};

std::unique_ptr<storage::Store> open(const std::filesystem::path& file) {
    storage::SqliteOptions options;
    options.file = file;
    options.fast_check = false;
    return storage::open_sqlite(std::move(options)).value();
}

}  // namespace

generator::Options PatientCrowd::options(std::uint64_t seed, std::uint32_t people) const {
    generator::Options out;
    out.seed = seed;
    out.humans = people;
    out.towns = people_ / 4000;
    return out;
}

std::vector<Record> PatientCrowd::first_records(std::uint32_t chunk) const {
    const auto of_chunk = options(1000 + chunk, std::min(chunk_people, people_ - chunk * chunk_people));
    generator::Dice dice(of_chunk.seed);
    std::vector<Record> out;
    for (const auto& human : generator::make_people(of_chunk, dice)) {
        bool first = true;
        generator::make_records(human, of_chunk, dice, [&](Record&& record) {
            if (std::exchange(first, false)) out.push_back(std::move(record));
        });
    }
    return out;
}

std::vector<Record> PatientCrowd::arrivals(std::uint32_t count) const {
    const auto known_options = options(1000, std::min(chunk_people, people_));
    generator::Dice dice(known_options.seed);
    std::vector<Record> known, out;
    for (const auto& human : generator::make_people(known_options, dice)) {
        bool first = true;
        generator::make_records(human, known_options, dice, [&](Record&& record) {
            if (!std::exchange(first, false)) known.push_back(std::move(record));
        });
    }
    const auto new_options = options(999, count);
    generator::Dice new_dice(new_options.seed);
    std::vector<Record> fresh;
    for (const auto& human : generator::make_people(new_options, new_dice))
        generator::make_records(human, new_options, new_dice,
                                [&](Record&& record) { fresh.push_back(std::move(record)); });
    for (std::uint32_t i = 0; i < count; ++i)
        out.push_back(i % 20 < 9 ? known[(std::size_t{i} * 7919) % known.size()] : fresh[i]);
    return out;
}

std::string patient_json(const Record& record, std::uint64_t number) {
    const auto& name = record.names.front();
    std::string out = fmt::format(
        R"({{"resourceType":"Patient","identifier":[{{"system":"urn:oid:1.2.36.146.595.217.0.1","value":"{}"}})",
        number);
    for (const auto& ssn : record.ssns)
        out += fmt::format(R"(,{{"system":"http://hl7.org/fhir/sid/us-ssn","value":"{}"}})", ssn);
    out += R"(],"name":[{"use":"official")";
    if (!name.family.empty()) out += fmt::format(R"(,"family":"{}")", name.family);
    if (!name.given.empty()) out += fmt::format(R"(,"given":["{}")", name.given);
    if (!name.given.empty() && !name.middle.empty()) out += fmt::format(R"(,"{}")", name.middle);
    if (!name.given.empty()) out += ']';
    if (!name.suffix.empty()) out += fmt::format(R"(,"suffix":["{}"])", name.suffix);
    out += "}]";
    if (!record.phones.empty() || !record.emails.empty()) {
        out += R"(,"telecom":[)";
        for (const auto& phone : record.phones) out += fmt::format(R"({{"system":"phone","value":"{}"}},)", phone);
        for (const auto& email : record.emails) out += fmt::format(R"({{"system":"email","value":"{}"}},)", email);
        out.back() = ']';
    }
    out += fmt::format(R"(,"gender":"{}")", record.sex == "F" ? "female" : "male");
    const auto& born = record.birth_dates;
    // a month above 12 is a typing error that FHIR cannot hold
    if (!born.empty() && born[0].substr(5, 2) <= "12" && born[0].substr(5, 2) >= "01" && born[0].substr(8) <= "28" &&
        born[0].substr(8) >= "01")
        out += fmt::format(R"(,"birthDate":"{}")", born[0]);
    if (!record.addresses.empty()) {
        const auto& home = record.addresses.front();
        out += fmt::format(R"(,"address":[{{"line":["{} {}"],"city":"{}","postalCode":"{}"}}])", home.house,
                           home.street, home.city, home.zip);
    }
    return out + "}";
}

FillReport fill_rows(const std::filesystem::path& folder, const PatientCrowd& crowd, bool resources) {
    FillReport report;
    std::filesystem::create_directories(folder);
    const auto file = folder / "store.db";
    patient_index::Statistics statistics;
    BlockSorter sorter(folder / "runs");
    auto store = open(file);
    exchange::IdentityRegistrar registrar;
    std::vector<Made> waiting;
    std::int64_t next = 1;
    const auto began = Clock::now();
    const auto take = [&](Made& made, RowWriter& rows) {
        for (std::size_t i = 0; i < made.rows.size(); ++i) {
            auto& row = made.rows[i];
            if (row.record == 0) row.record = next++;
            statistics.add(made.features[i], row.record);
            for (const auto& key : row.keys) sorter.add(key, row.record);
            rows.record(row);
            ++report.records;
            report.blocks += row.keys.size();
        }
        made = {};
        std::fprintf(stderr, "\r%llu records", static_cast<unsigned long long>(report.records));
    };
    if (resources) {
        rest::ResourceWriter writer(*store);
        writer.add_observer(registrar);
        for (std::uint32_t chunk = 0; chunk < crowd.chunks(); ++chunk)
            waiting.push_back(write_patients(crowd, chunk, *store, writer));
    }
    store->close();
    store.reset();
    {
        RowWriter rows(file);
        for (auto& made : waiting) take(made, rows);
        std::deque<std::future<Made>> coming;
        for (std::uint32_t chunk = 0; !resources && (chunk < crowd.chunks() || !coming.empty());) {
            while (chunk < crowd.chunks() && coming.size() < 3)
                coming.push_back(std::async(std::launch::async, make_rows, std::cref(crowd), chunk++));
            auto made = coming.front().get();
            coming.pop_front();
            take(made, rows);
        }
        sorter.finish();
        rows.finish();
    }
    store = open(file);
    storage::transact_blocking(*store, [&](storage::Transaction& transaction) -> storage::Result<void> {
        for (const auto& shard : statistics.everything()) transaction.set_note(shard.name, shard.content).value();
        return {};
    }).value();
    store->close();
    std::fprintf(stderr, "\n");
    report.seconds = seconds_since(began);
    return report;
}

FillReport fill_blocks(const std::filesystem::path& folder) {
    FillReport report;
    const auto began = Clock::now();
    {
        RowWriter rows(folder / "store.db");
        BlockSorter(folder / "runs").drain([&](BlockingKey key, std::int64_t record) {
            rows.block(key, record);
            ++report.blocks;
        });
        rows.finish();
    }
    std::filesystem::remove_all(folder / "runs");
    report.seconds = seconds_since(began);
    return report;
}

}  // namespace causeway::bench
