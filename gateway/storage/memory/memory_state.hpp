#pragma once
#include "gateway/storage/storage.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace causeway::storage {

/// Everything the fake knows. A job works on a copy, which becomes the store's state when it succeeds.
struct MemoryState {
    struct Resource {
        ResourceName name;
        std::vector<Vid> versions;  ///< ascending; empty = placeholder
    };
    std::map<ResourceName, Rid> rids;
    std::map<Rid, Resource> resources;
    std::map<Vid, StoredResource> versions;
    std::map<std::string, Rid, std::less<>> identities;
    std::map<InboxId, InboxMessage> inbox;
    std::map<InboxId, std::string> traces;
    std::map<OutboxId, OutboxRow> outbox;
    std::vector<AuditRow> audit;
    struct Record {
        PatientRecord row;
        std::vector<BlockingKey> keys;
    };
    std::map<Rid, Record> records;
    std::map<PersonId, Person> persons;
    std::vector<LinkEvent> events;
    std::map<ReviewId, Review> reviews;
    std::map<std::string, std::string, std::less<>> notes;
    std::map<std::string, TimeUs, std::less<>> note_expiry;  ///< of those that expire
    Vid next_vid = 1;
    Rid next_rid = 1;
    PersonId next_person = 1;
    TimeUs last_at_us = 0;
    TimeUs now_us = 0;  ///< of the running job
    std::string audit_key;

    Rid number_of(const ResourceName& name);
    const StoredResource* current(const ResourceName& name) const;
    const StoredResource* current(Rid rid) const;
};

/// A reader of one state; the state outlives it.
std::unique_ptr<Reader> make_memory_reader(const MemoryState& state);
/// A job's view of its own copy.
std::unique_ptr<Transaction> make_memory_transaction(MemoryState& state);

}  // namespace causeway::storage
