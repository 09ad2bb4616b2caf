#pragma once
#include <map>
#include <set>

#include "gateway/storage/patient_tables.hpp"

namespace causeway::patient_index {

/// The patient index's tables as plain maps: the rules of identity are tested without a store.
class MapTables final : public storage::PatientTables {
public:
    using Rid = storage::Rid;
    template <class T>
    using Result = storage::Result<T>;

    Result<std::optional<storage::PatientRecord>> record(Rid rid) override {
        const auto at = records.find(rid);
        return at == records.end() ? std::optional<storage::PatientRecord>() : at->second;
    }
    Result<std::optional<storage::Person>> person(storage::PersonId id) override {
        const auto at = persons.find(id);
        return at == persons.end() ? std::optional<storage::Person>() : at->second;
    }
    Result<std::vector<Rid>> members(storage::PersonId id, std::size_t limit) override {
        std::vector<Rid> out;
        for (auto at = by_person.lower_bound({id, 0}); at != by_person.end() && at->first == id && out.size() < limit;
             ++at)
            out.push_back(at->second);
        return out;
    }
    Result<std::vector<Rid>> block(storage::BlockingKey key, std::size_t limit) override {
        std::vector<Rid> out;
        for (auto at = blocks.lower_bound({key, 0}); at != blocks.end() && at->first == key && out.size() < limit; ++at)
            out.push_back(at->second);
        return out;
    }
    Result<std::vector<storage::LinkEvent>> events_of_record(Rid rid, std::size_t limit) override {
        return pick(events, limit, [&](const auto& event) { return event.record == rid || event.other_record == rid; });
    }
    Result<std::vector<storage::LinkEvent>> events_of_person(storage::PersonId id, std::size_t limit) override {
        return pick(events, limit, [&](const auto& event) { return event.person == id || event.other_person == id; });
    }
    Result<std::vector<storage::LinkEvent>> events_after(std::int64_t sequence, std::size_t limit) override {
        return pick(events, limit, [&](const auto& event) { return event.sequence > sequence; });
    }
    Result<std::optional<storage::Review>> review(storage::ReviewId id) override {
        if (id < 1 || static_cast<std::size_t>(id) > reviews.size()) return std::optional<storage::Review>();
        return std::optional(reviews[static_cast<std::size_t>(id - 1)]);
    }
    Result<std::vector<storage::Review>> open_reviews(std::optional<storage::ReviewCursor>,
                                                      std::size_t limit) override {
        return pick(reviews, limit, [](const auto& review) { return review.open; });
    }
    Result<std::vector<storage::Review>> reviews_of_record(Rid rid, std::size_t limit) override {
        return pick(reviews, limit, [&](const auto& review) {
            return review.open && (review.record == rid || review.other_record == rid);
        });
    }
    Result<std::vector<storage::PatientRecord>> records_after(Rid after, std::size_t limit) override {
        std::vector<storage::PatientRecord> out;
        for (auto at = records.upper_bound(after); at != records.end() && out.size() < limit; ++at)
            out.push_back(at->second);
        return out;
    }
    Result<std::uint64_t> record_count() override { return records.size(); }

    Result<void> put_record(const storage::PatientRecord& record,
                            std::span<const storage::BlockingKey> record_keys) override {
        erase_record(record.record).value();
        records[record.record] = record;
        by_person.insert({record.person, record.record});
        keys[record.record].assign(record_keys.begin(), record_keys.end());
        for (const auto& key : record_keys) blocks.insert({key, record.record});
        return {};
    }
    Result<void> move_record(Rid rid, storage::PersonId person, std::uint8_t state) override {
        auto& record = records.at(rid);
        by_person.erase({record.person, rid});
        record.person = person;
        record.state = state;
        by_person.insert({person, rid});
        return {};
    }
    Result<void> erase_record(Rid rid) override {
        const auto at = records.find(rid);
        if (at == records.end()) return {};
        by_person.erase({at->second.person, rid});
        for (const auto& key : keys[rid]) blocks.erase({key, rid});
        keys.erase(rid);
        records.erase(at);
        return {};
    }
    Result<storage::PersonId> new_person() override { return ++last_person; }
    Result<void> put_person(const storage::Person& person) override {
        persons[person.person] = person;
        return {};
    }
    Result<std::int64_t> append_event(const storage::LinkEvent& event) override {
        events.push_back(event);
        events.back().sequence = static_cast<std::int64_t>(events.size());
        return events.back().sequence;
    }
    Result<storage::ReviewId> open_review(const storage::Review& review) override {
        reviews.push_back(review);
        reviews.back().review = static_cast<storage::ReviewId>(reviews.size());
        reviews.back().open = true;
        return reviews.back().review;
    }
    Result<void> close_review(storage::ReviewId id, std::string_view) override {
        reviews.at(static_cast<std::size_t>(id - 1)).open = false;
        return {};
    }

    std::map<Rid, storage::PatientRecord> records;
    std::map<storage::PersonId, storage::Person> persons;
    std::vector<storage::LinkEvent> events;
    std::vector<storage::Review> reviews;

private:
    template <class List, class Keep>
    static List pick(const List& list, std::size_t limit, const Keep& keep) {
        List out;
        for (const auto& one : list)
            if (keep(one) && out.size() < limit) out.push_back(one);
        return out;
    }

    std::set<std::pair<storage::PersonId, Rid>> by_person;
    std::set<std::pair<storage::BlockingKey, Rid>> blocks;
    std::map<Rid, std::vector<storage::BlockingKey>> keys;
    storage::PersonId last_person = 0;
};

}  // namespace causeway::patient_index
