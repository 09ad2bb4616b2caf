#pragma once
#include "gateway/storage/sqlite/catalog.hpp"
#include "gateway/storage/sqlite/connection.hpp"
#include "gateway/storage/sqlite/dead_set.hpp"
#include "gateway/storage/storage.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace causeway::storage {

/// Reading over one connection: the rows behind the read verbs of Reader, without its virtual face. Failures throw.
class Reads {
public:
    Reads(Connection& over, Catalog& known) : connection(over), catalog(known) {}

    std::optional<StoredResource> read(std::string_view type, std::string_view id);
    std::optional<StoredResource> read(Rid rid);
    std::optional<StoredResource> read_vid(Vid vid);
    std::optional<StoredResource> read_version(std::string_view type, std::string_view id, std::int64_t number);
    std::optional<VersionInfo> version(std::string_view type, std::string_view id);
    /// vid of a numbered version; 0 if there is none.
    Vid vid_of(Rid rid, std::int64_t number);

    std::optional<ResourceName> identity(std::string_view key);
    std::optional<ResourceName> name_of(Rid rid);

    std::optional<InboxRow> inbox(InboxId id);
    std::vector<InboxRow> inbox(const InboxQuery& query);
    DuplicateCheck find_duplicate(const InboxMessage& message, TimeUs since_us);
    std::optional<std::string> trace(InboxId id);
    std::vector<Match> written_by(InboxId id, std::size_t limit);

    std::optional<OutboxRow> outbox(OutboxId id);
    std::vector<OutboxRow> outbox(const OutboxQuery& query);
    std::vector<OutboxRow> due(std::string_view partner, TimeUs now_us, std::size_t limit);
    std::optional<TimeUs> next_due(std::string_view partner);
    std::vector<OutboxDepth> outbox_depths();

    std::vector<AuditRow> audit(const AuditQuery& query);
    std::optional<std::string> note(std::string_view name);

    /// Keyed hash under which a sender and control id are looked up.
    std::int64_t sender_value(const InboxMessage& message) const;

    Connection& connection;
    Catalog& catalog;

private:
    StoredResource resource_row(Query& query);
    InboxRow inbox_row(Query& query, bool with_raw);
    OutboxRow outbox_row(Query& query, bool with_payload);
};

/// The patient index's rows.
class PatientReads {
public:
    PatientReads(Connection& over, Catalog& known) : connection(over), catalog(known) {}

    std::optional<PatientRecord> record(Rid record);
    std::optional<Person> person(PersonId person);
    std::vector<Rid> members(PersonId person, std::size_t limit);
    std::vector<Rid> block(BlockingKey key, std::size_t limit);
    std::vector<LinkEvent> events(sql::Statement statement, std::int64_t value, std::size_t limit);
    std::optional<Review> review(ReviewId review);
    std::vector<Review> open_reviews(std::optional<ReviewCursor> after, std::size_t limit);
    std::vector<Review> reviews_of_record(Rid record, std::size_t limit);
    std::vector<PatientRecord> records_after(Rid after, std::size_t limit);
    std::uint64_t record_count();
    /// The blocking keys a record was stored with, ascending.
    std::vector<BlockingKey> keys_of(Rid record);

    Connection& connection;
    Catalog& catalog;
};

std::string write_blocking_keys(std::span<const BlockingKey> keys);
std::vector<BlockingKey> read_blocking_keys(std::string_view bytes);

}  // namespace causeway::storage
