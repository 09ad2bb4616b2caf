#pragma once
#include "gateway/storage/sqlite/reads.hpp"
#include "gateway/storage/sqlite/searcher.hpp"

#include <optional>
#include <utility>

namespace causeway::storage {

/// The virtual face over Reads, PatientReads and Searcher, and the edge where what they throw becomes a Result. `Base`
/// is Reader or Transaction. A failure of the file is also kept in `broken`, so that a job cannot go on as if nothing
/// had happened.
class Guard {
public:
    template <class Verb>
    auto operator()(Verb&& verb) -> Result<decltype(verb())> {
        try {
            if constexpr (std::is_void_v<decltype(verb())>) {
                verb();
                return {};
            } else {
                return verb();
            }
        } catch (const FailureException& exception) {
            switch (exception.failure().code) {
                case FailureCode::io:
                case FailureCode::full:
                case FailureCode::corrupt:
                case FailureCode::internal:
                case FailureCode::busy:
                    if (!broken) broken = exception.failure();
                    break;
                default:
                    break;
            }
            return exception.failure();
        }
    }
    std::optional<Failure> broken;
};

template <class Base>
class PatientVerbs : public Base {
public:
    PatientVerbs(PatientReads& reads, Guard& guard) : reads_(reads), guard_(guard) {}
    Result<std::optional<PatientRecord>> record(Rid record) override {
        return guard_([&] { return reads_.record(record); });
    }
    Result<std::optional<Person>> person(PersonId person) override {
        return guard_([&] { return reads_.person(person); });
    }
    Result<std::vector<Rid>> members(PersonId person, std::size_t limit) override {
        return guard_([&] { return reads_.members(person, limit); });
    }
    Result<std::vector<Rid>> block(BlockingKey key, std::size_t limit) override {
        return guard_([&] { return reads_.block(key, limit); });
    }
    Result<std::vector<LinkEvent>> events_of_record(Rid record, std::size_t limit) override {
        return guard_([&] { return reads_.events(sql::Statement::event_of_record, record, limit); });
    }
    Result<std::vector<LinkEvent>> events_of_person(PersonId person, std::size_t limit) override {
        return guard_([&] { return reads_.events(sql::Statement::event_of_person, person, limit); });
    }
    Result<std::vector<LinkEvent>> events_after(std::int64_t sequence, std::size_t limit) override {
        return guard_([&] { return reads_.events(sql::Statement::event_after, sequence, limit); });
    }
    Result<std::optional<Review>> review(ReviewId review) override {
        return guard_([&] { return reads_.review(review); });
    }
    Result<std::vector<Review>> open_reviews(std::optional<ReviewCursor> after, std::size_t limit) override {
        return guard_([&] { return reads_.open_reviews(after, limit); });
    }
    Result<std::vector<Review>> reviews_of_record(Rid record, std::size_t limit) override {
        return guard_([&] { return reads_.reviews_of_record(record, limit); });
    }
    Result<std::vector<PatientRecord>> records_after(Rid after, std::size_t limit) override {
        return guard_([&] { return reads_.records_after(after, limit); });
    }
    Result<std::uint64_t> record_count() override {
        return guard_([&] { return reads_.record_count(); });
    }

protected:
    PatientReads& reads_;
    Guard& guard_;
};

template <class Base>
class ReaderVerbs : public Base {
public:
    ReaderVerbs(Reads& reads, Searcher& searcher) : reads_(reads), searcher_(searcher) {}

    Result<std::optional<StoredResource>> read(std::string_view type, std::string_view id) override {
        return guard_([&] { return reads_.read(type, id); });
    }
    Result<std::optional<StoredResource>> read(Rid rid) override {
        return guard_([&] { return reads_.read(rid); });
    }
    Result<std::optional<StoredResource>> read_version(std::string_view type, std::string_view id,
                                                       std::int64_t number) override {
        return guard_([&] { return reads_.read_version(type, id, number); });
    }
    Result<std::optional<VersionInfo>> version(std::string_view type, std::string_view id) override {
        return guard_([&] { return reads_.version(type, id); });
    }
    Result<HistoryPage> history(const HistoryRequest& request) override {
        return guard_([&] { return searcher_.history(request); });
    }
    Result<SearchPage> search(const fhir::search::SearchPlan& plan, const SearchOptions& options) override {
        return guard_([&] { return searcher_.search(plan, options); });
    }
    Result<std::vector<Match>> find(const fhir::search::SearchPlan& plan, std::size_t limit,
                                    const Visibility* visibility) override {
        return guard_([&] { return searcher_.find(plan, limit, visibility); });
    }
    Result<bool> sees(const Visibility& visibility, const StoredResource& resource) override {
        return guard_([&] { return searcher_.sees(visibility, resource); });
    }
    Result<std::optional<ResourceName>> identity(std::string_view key) override {
        return guard_([&] { return reads_.identity(key); });
    }
    Result<std::optional<InboxRow>> inbox(InboxId id) override {
        return guard_([&] { return reads_.inbox(id); });
    }
    Result<std::vector<InboxRow>> inbox(const InboxQuery& query) override {
        return guard_([&] { return reads_.inbox(query); });
    }
    Result<DuplicateCheck> find_duplicate(const InboxMessage& message, TimeUs since_us) override {
        return guard_([&] { return reads_.find_duplicate(message, since_us); });
    }
    Result<std::optional<std::string>> trace(InboxId id) override {
        return guard_([&] { return reads_.trace(id); });
    }
    Result<std::vector<Match>> written_by(InboxId id, std::size_t limit) override {
        return guard_([&] { return reads_.written_by(id, limit); });
    }
    Result<std::optional<OutboxRow>> outbox(OutboxId id) override {
        return guard_([&] { return reads_.outbox(id); });
    }
    Result<std::vector<OutboxRow>> outbox(const OutboxQuery& query) override {
        return guard_([&] { return reads_.outbox(query); });
    }
    Result<std::vector<OutboxRow>> due(std::string_view partner, TimeUs now_us, std::size_t limit) override {
        return guard_([&] { return reads_.due(partner, now_us, limit); });
    }
    Result<std::optional<TimeUs>> next_due(std::string_view partner) override {
        return guard_([&] { return reads_.next_due(partner); });
    }
    Result<std::vector<OutboxDepth>> outbox_depths() override {
        return guard_([&] { return reads_.outbox_depths(); });
    }
    Result<std::vector<AuditRow>> audit(const AuditQuery& query) override {
        return guard_([&] { return reads_.audit(query); });
    }
    Result<std::optional<std::string>> note(std::string_view name) override {
        return guard_([&] { return reads_.note(name); });
    }

protected:
    Reads& reads_;
    Searcher& searcher_;
    Guard guard_;
};

/// Reading for a Snapshot: one read-only connection with all that hangs on it.
///
/// Its SQL transaction may stay open from one Snapshot to the next while nothing is committed, since to begin and end
/// one costs as much as a point read: two file locks. Before a checkpoint those that nobody uses are closed.
class SqliteReader final : public ReaderVerbs<Reader> {
public:
    SqliteReader(const std::filesystem::path& file, std::size_t cache_bytes, std::string_view page_key,
                 Catalog& catalog, const SearchLimits& limits)
        : ReaderVerbs(rows_, search_),
          connection_(file, Access::reader, cache_bytes, page_key),
          rows_(connection_, catalog),
          patient_rows_(connection_, catalog),
          search_(rows_, limits),
          patients_(patient_rows_, guard_) {
        register_tokenizer(connection_);
    }
    PatientReader& patients() override { return patients_; }

    /// Throws FailureException.
    void begin(IndexState state);
    void end() noexcept;
    /// Is what it sees what `generation` has?
    bool is_at(std::uint64_t generation) const noexcept { return open_ && generation_ == generation; }
    bool usable() const noexcept { return !guard_.broken; }

private:
    Connection connection_;
    Reads rows_;
    PatientReads patient_rows_;
    Searcher search_;
    PatientVerbs<PatientReader> patients_;
    bool open_ = false;
    std::uint64_t generation_ = 0;
};

}  // namespace causeway::storage
