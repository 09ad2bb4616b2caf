#pragma once
#include "gateway/storage/prepared.hpp"
#include "gateway/storage/sqlite/open_group.hpp"
#include "gateway/storage/sqlite/reader.hpp"

namespace causeway::storage {

/// The patient index's rows inside the writer.
class SqlitePatientTables final : public PatientVerbs<PatientTables> {
public:
    SqlitePatientTables(PatientReads& reads, OpenGroup& group, Guard& guard)
        : PatientVerbs(reads, guard), group_(group) {}
    Result<void> put_record(const PatientRecord& record, std::span<const BlockingKey> keys) override;
    Result<void> move_record(Rid record, PersonId person, std::uint8_t state) override;
    Result<void> erase_record(Rid record) override;
    Result<PersonId> new_person() override;
    Result<void> put_person(const Person& person) override;
    Result<std::int64_t> append_event(const LinkEvent& event) override;
    Result<ReviewId> open_review(const Review& review) override;
    Result<void> close_review(ReviewId review, std::string_view data) override;

private:
    void set_member(Rid record, PersonId from, PersonId to);
    OpenGroup& group_;
};

/// What a job sees of the writer: the verbs of Transaction over its one connection and the open group.
class SqliteTransaction final : public ReaderVerbs<Transaction> {
public:
    SqliteTransaction(Connection& connection, Catalog& catalog, OpenGroup& group, const SearchLimits& limits,
                      std::string audit_key)
        : ReaderVerbs(rows_, search_),
          connection_(connection),
          catalog_(catalog),
          group_(group),
          rows_(connection, catalog),
          patient_rows_(connection, catalog),
          search_(rows_, limits, &group),
          patients_(patient_rows_, group, guard_),
          audit_key_(std::move(audit_key)),
          audit_hash_(audit_key_) {}

    /// Before the jobs of a group.
    void begin(IndexState state, TimeUs now_us) {
        search_.use(std::move(state));
        now_us_ = now_us;
        guard_.broken.reset();
    }
    /// A failure of the file that a job may have overlooked.
    const std::optional<Failure>& broken() const noexcept { return guard_.broken; }
    void mend() noexcept { guard_.broken.reset(); }
    KeyIndex& index() noexcept { return search_.index(); }

    TimeUs now_us() const override { return now_us_; }
    Result<WriteResult> put(const ResourceWrite& write) override;
    Result<std::optional<WriteResult>> erase(std::string_view type, std::string_view id,
                                             std::optional<std::int64_t> if_version, InboxId origin) override;
    Result<Rid> resource_number(std::string_view type, std::string_view id) override;
    Result<void> set_identity(std::string_view key, const ResourceName& resource) override;
    Result<void> remove_identity(std::string_view key) override;
    Result<void> define_parameter(fhir::search::ParameterId parameter, std::string_view type, std::string_view name,
                                  fhir::search::ParameterType kind) override;
    Result<bool> add_values(Vid vid, std::span<const fhir::search::SearchValue> values) override;
    Result<InboxId> add_inbox(const InboxMessage& message) override;
    Result<void> set_inbox(InboxId id, InboxState state, std::string_view acknowledgement,
                           std::string_view note) override;
    Result<void> put_trace(InboxId id, const PackedBytes& data) override;
    Result<OutboxId> enqueue(const OutboxMessage& message) override;
    Result<void> mark_delivered(OutboxId id, std::string_view acknowledgement) override;
    Result<void> defer(OutboxId id, TimeUs due_us, std::string_view note) override;
    Result<void> mark_dead(OutboxId id, std::string_view acknowledgement, std::string_view note) override;
    Result<void> cancel(OutboxId id, std::string_view note) override;
    Result<OutboxId> replay(OutboxId id, std::optional<std::string_view> payload) override;
    Result<Purged> purge_inbox(InboxId after, TimeUs before_us, std::size_t look_max) override;
    Result<Purged> purge_outbox(OutboxId after, TimeUs before_us, std::size_t look_max) override;
    Result<std::int64_t> append_audit(std::string_view event) override;
    Result<std::int64_t> purge_audit(std::int64_t through) override;
    PatientTables& patients() override { return patients_; }
    Result<void> set_note(std::string_view name, std::string_view value) override;
    Result<bool> add_note(std::string_view name, std::string_view value, TimeUs expires_us) override;
    Result<bool> remove_note(std::string_view name) override;

private:
    /// A resource's row and, if it has one, its current version.
    struct Current {
        Rid rid = 0;
        Vid first = 0;
        Vid vid = 0;
        std::int64_t number = 0;
        bool erased = false;
        bool live() const noexcept { return vid != 0 && !erased; }
    };
    Current current(std::int64_t type_code, std::string_view id);
    Rid number_of(std::int64_t type_code, std::string_view id);
    VersionInfo add_version(Current& current, std::int64_t type_code, std::string_view id, WriteKind kind,
                            InboxId origin, std::string keys);
    OutboxId add_outbox(const OutboxMessage& message, OutboxId replay_of);
    void leave_lane(const OutboxRow& row, OutboxState state, std::string_view acknowledgement, std::string_view note);
    OutboxRow pending(OutboxId id);

    Connection& connection_;
    Catalog& catalog_;
    OpenGroup& group_;
    Reads rows_;
    PatientReads patient_rows_;
    Searcher search_;
    SqlitePatientTables patients_;
    std::string audit_key_;
    AuditHasher audit_hash_;
    TimeUs now_us_ = 0;
};

}  // namespace causeway::storage
