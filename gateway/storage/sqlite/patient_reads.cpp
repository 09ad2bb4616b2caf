#include "gateway/storage/keys.hpp"
#include "gateway/storage/sqlite/reads.hpp"

#include <limits>

namespace causeway::storage {

using sql::Statement;

namespace {

std::int64_t signed_limit(std::size_t limit) {
    return static_cast<std::int64_t>(std::min<std::size_t>(limit, 1u << 30));
}

PatientRecord record_row(Query& query) {
    return {query.integer(0), query.integer(1), static_cast<std::uint8_t>(query.integer(2)),
            std::string(query.blob(4))};
}

Review review_row(Query& query) {
    Review review;
    review.review = query.integer(0);
    review.priority = static_cast<std::int32_t>(-query.integer(1));
    review.open = query.integer(2) != 0;
    review.at_us = query.integer(3);
    review.record = query.integer(4);
    review.person = query.integer(5);
    review.other_record = query.integer(6);
    review.other_person = query.integer(7);
    review.data = query.blob(8);
    return review;
}

std::vector<Rid> numbers(Query& query) {
    std::vector<Rid> out;
    while (query.step()) out.push_back(query.integer(0));
    return out;
}

}  // namespace

// Ten bytes a key: number, value; ascending.
std::string write_blocking_keys(std::span<const BlockingKey> keys) {
    std::string out;
    out.reserve(keys.size() * 10);
    for (const auto& key : keys) {
        keys::append_number(static_cast<std::uint16_t>(key.key), 2, out);
        keys::append_number(static_cast<std::uint64_t>(key.value), 8, out);
    }
    return out;
}

std::vector<BlockingKey> read_blocking_keys(std::string_view bytes) {
    if (bytes.size() % 10 != 0) throw FailureException({FailureCode::corrupt, "a patient record's key list is cut"});
    std::vector<BlockingKey> out;
    out.reserve(bytes.size() / 10);
    for (std::size_t at = 0; at < bytes.size(); at += 10)
        out.push_back({static_cast<std::int16_t>(keys::read_number(bytes, at, 2)),
                       static_cast<std::int64_t>(keys::read_number(bytes, at + 2, 8))});
    return out;
}

std::optional<PatientRecord> PatientReads::record(Rid record) {
    auto query = connection.query(Statement::record_get);
    query.bind(record);
    if (!query.step()) return {};
    return record_row(query);
}

std::vector<BlockingKey> PatientReads::keys_of(Rid record) {
    auto query = connection.query(Statement::record_get);
    query.bind(record);
    if (!query.step()) return {};
    return read_blocking_keys(query.blob(3));
}

std::optional<Person> PatientReads::person(PersonId person) {
    auto query = connection.query(Statement::person_get);
    query.bind(person);
    if (!query.step()) return {};
    return Person{query.integer(0), static_cast<std::uint8_t>(query.integer(1)), query.integer(2),
                  std::string(query.blob(3))};
}

std::vector<Rid> PatientReads::members(PersonId person, std::size_t limit) {
    auto query = connection.query(Statement::member_list);
    query.bind(person).bind(signed_limit(limit));
    return numbers(query);
}

std::vector<Rid> PatientReads::block(BlockingKey key, std::size_t limit) {
    auto query = connection.query(Statement::block_list);
    query.bind(std::int64_t{key.key}).bind(key.value).bind(signed_limit(limit));
    return numbers(query);
}

std::vector<LinkEvent> PatientReads::events(Statement statement, std::int64_t value, std::size_t limit) {
    auto query = connection.query(statement);
    query.bind(value).bind(signed_limit(limit));
    std::vector<LinkEvent> out;
    while (query.step()) {
        LinkEvent event;
        event.sequence = query.integer(0);
        event.at_us = query.integer(1);
        event.kind = static_cast<std::uint8_t>(query.integer(2));
        event.source = static_cast<std::uint8_t>(query.integer(3));
        event.record = query.integer(4);
        event.person = query.integer(5);
        event.other_record = query.integer(6);
        event.other_person = query.integer(7);
        event.supersedes = query.integer(8);
        event.data = query.blob(9);
        out.push_back(std::move(event));
    }
    return out;
}

std::optional<Review> PatientReads::review(ReviewId review) {
    auto query = connection.query(Statement::review_get);
    query.bind(review);
    if (!query.step()) return {};
    return review_row(query);
}

std::vector<Review> PatientReads::open_reviews(std::optional<ReviewCursor> after, std::size_t limit) {
    auto query = connection.query(Statement::review_open_after);
    query.bind(after ? -std::int64_t{after->priority} : std::numeric_limits<std::int64_t>::min())
        .bind(after ? after->review : 0)
        .bind(signed_limit(limit));
    std::vector<Review> out;
    while (query.step()) out.push_back(review_row(query));
    return out;
}

std::vector<Review> PatientReads::reviews_of_record(Rid record, std::size_t limit) {
    auto query = connection.query(Statement::review_of_record);
    query.bind(record).bind(signed_limit(limit));
    std::vector<Review> out;
    while (query.step()) out.push_back(review_row(query));
    return out;
}

std::vector<PatientRecord> PatientReads::records_after(Rid after, std::size_t limit) {
    auto query = connection.query(Statement::record_after);
    query.bind(after).bind(signed_limit(limit));
    std::vector<PatientRecord> out;
    while (query.step()) out.push_back(record_row(query));
    return out;
}

std::uint64_t PatientReads::record_count() {
    auto query = connection.query(Statement::record_count);
    return query.step() ? static_cast<std::uint64_t>(query.integer(0)) : 0;
}

}  // namespace causeway::storage
