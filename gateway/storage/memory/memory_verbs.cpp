#include "gateway/storage/audit_chain.hpp"
#include "gateway/storage/memory/memory_search.hpp"
#include "gateway/storage/memory/memory_state.hpp"
#include "gateway/storage/prepared.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace causeway::storage {

Rid MemoryState::number_of(const ResourceName& name) {
    const auto [at, fresh] = rids.try_emplace(name, next_rid);
    if (fresh) resources[next_rid++].name = name;
    return at->second;
}

const StoredResource* MemoryState::current(Rid rid) const {
    const auto found = resources.find(rid);
    if (found == resources.end() || found->second.versions.empty()) return nullptr;
    return &versions.at(found->second.versions.back());
}

const StoredResource* MemoryState::current(const ResourceName& name) const {
    const auto found = rids.find(name);
    return found == rids.end() ? nullptr : current(found->second);
}

namespace {

constexpr std::size_t list_max = 1000;

template <class Row>
std::optional<Row> copy_of(const Row* row) {
    return row ? std::optional<Row>(*row) : std::nullopt;
}

class MemoryPatients : public PatientTables {
public:
    explicit MemoryPatients(MemoryState& state) : state_(state) {}

    Result<std::optional<PatientRecord>> record(Rid record) override {
        const auto found = state_.records.find(record);
        if (found == state_.records.end()) return std::optional<PatientRecord>();
        return std::optional<PatientRecord>(found->second.row);
    }
    Result<std::optional<Person>> person(PersonId person) override {
        const auto found = state_.persons.find(person);
        if (found == state_.persons.end()) return std::optional<Person>();
        return std::optional<Person>(found->second);
    }
    Result<std::vector<Rid>> members(PersonId person, std::size_t limit) override {
        return where(limit, [&](const MemoryState::Record& one) { return one.row.person == person; });
    }
    Result<std::vector<Rid>> block(BlockingKey key, std::size_t limit) override {
        return where(limit, [&](const MemoryState::Record& one) {
            return std::find(one.keys.begin(), one.keys.end(), key) != one.keys.end();
        });
    }
    Result<std::vector<LinkEvent>> events_of_record(Rid record, std::size_t limit) override {
        return events(limit, [&](const LinkEvent& one) { return one.record == record || one.other_record == record; });
    }
    Result<std::vector<LinkEvent>> events_of_person(PersonId person, std::size_t limit) override {
        return events(limit, [&](const LinkEvent& one) { return one.person == person || one.other_person == person; });
    }
    Result<std::vector<LinkEvent>> events_after(std::int64_t sequence, std::size_t limit) override {
        return events(limit, [&](const LinkEvent& one) { return one.sequence > sequence; });
    }
    Result<std::optional<Review>> review(ReviewId review) override {
        const auto found = state_.reviews.find(review);
        if (found == state_.reviews.end()) return std::optional<Review>();
        return std::optional<Review>(found->second);
    }
    Result<std::vector<Review>> open_reviews(std::optional<ReviewCursor> after, std::size_t limit) override {
        std::vector<Review> out;
        for (const auto& [id, review] : state_.reviews) {
            if (review.open) out.push_back(review);
        }
        const auto before = [](const auto& a, const auto& b) {
            return std::pair(-a.priority, a.review) < std::pair(-b.priority, b.review);
        };
        std::sort(out.begin(), out.end(), before);
        if (after) {
            std::erase_if(out, [&](const Review& one) {
                return std::pair(-one.priority, one.review) <= std::pair(-after->priority, after->review);
            });
        }
        out.resize(std::min(out.size(), limit));
        return out;
    }
    Result<std::vector<Review>> reviews_of_record(Rid record, std::size_t limit) override {
        std::vector<Review> out;
        for (const auto& [id, review] : state_.reviews) {
            if (review.open && (review.record == record || review.other_record == record) && out.size() < limit)
                out.push_back(review);
        }
        return out;
    }
    Result<std::vector<PatientRecord>> records_after(Rid after, std::size_t limit) override {
        std::vector<PatientRecord> out;
        for (auto at = state_.records.upper_bound(after); at != state_.records.end() && out.size() < limit; ++at)
            out.push_back(at->second.row);
        return out;
    }
    Result<std::uint64_t> record_count() override { return state_.records.size(); }

    Result<void> put_record(const PatientRecord& record, std::span<const BlockingKey> keys) override {
        state_.records[record.record] = {record, {keys.begin(), keys.end()}};
        return {};
    }
    Result<void> move_record(Rid record, PersonId person, std::uint8_t state) override {
        const auto found = state_.records.find(record);
        if (found == state_.records.end()) return Failure{FailureCode::not_found, "no such patient record"};
        found->second.row.person = person;
        found->second.row.state = state;
        return {};
    }
    Result<void> erase_record(Rid record) override {
        state_.records.erase(record);
        return {};
    }
    Result<PersonId> new_person() override { return state_.next_person++; }
    Result<void> put_person(const Person& person) override {
        state_.next_person = std::max(state_.next_person, person.person + 1);
        state_.persons[person.person] = person;
        return {};
    }
    Result<std::int64_t> append_event(const LinkEvent& event) override {
        state_.events.push_back(event);
        return state_.events.back().sequence = static_cast<std::int64_t>(state_.events.size());
    }
    Result<ReviewId> open_review(const Review& review) override {
        const auto id = state_.reviews.empty() ? ReviewId{1} : state_.reviews.rbegin()->first + 1;
        auto& row = state_.reviews[id] = review;
        row.review = id;
        row.open = true;
        return id;
    }
    Result<void> close_review(ReviewId review, std::string_view data) override {
        const auto found = state_.reviews.find(review);
        if (found == state_.reviews.end()) return Failure{FailureCode::not_found, "no such review"};
        found->second.open = false;
        found->second.data = data;
        return {};
    }

private:
    template <class Want>
    std::vector<Rid> where(std::size_t limit, Want want) const {
        std::vector<Rid> out;
        for (const auto& [rid, record] : state_.records) {
            if (out.size() < limit && want(record)) out.push_back(rid);
        }
        return out;
    }
    template <class Want>
    std::vector<LinkEvent> events(std::size_t limit, Want want) const {
        std::vector<LinkEvent> out;
        for (const auto& event : state_.events) {
            if (out.size() < limit && want(event)) out.push_back(event);
        }
        return out;
    }
    MemoryState& state_;
};

template <class Base>
class MemoryVerbs : public Base {
public:
    explicit MemoryVerbs(MemoryState& state) : state_(state), patients_(state) {}

    Result<std::optional<StoredResource>> read(std::string_view type, std::string_view id) override {
        return copy_of(state_.current({std::string(type), std::string(id)}));
    }
    Result<std::optional<StoredResource>> read(Rid rid) override { return copy_of(state_.current(rid)); }
    Result<std::optional<StoredResource>> read_version(std::string_view type, std::string_view id,
                                                       std::int64_t number) override {
        const auto rid = state_.rids.find({std::string(type), std::string(id)});
        if (rid == state_.rids.end()) return std::optional<StoredResource>();
        const auto& vids = state_.resources.at(rid->second).versions;
        if (number < 1 || static_cast<std::size_t>(number) > vids.size()) return std::optional<StoredResource>();
        return std::optional<StoredResource>(state_.versions.at(vids[static_cast<std::size_t>(number - 1)]));
    }
    Result<std::optional<VersionInfo>> version(std::string_view type, std::string_view id) override {
        const auto* const found = state_.current({std::string(type), std::string(id)});
        return found ? std::optional<VersionInfo>(found->version) : std::nullopt;
    }
    Result<HistoryPage> history(const HistoryRequest& request) override { return memory_history(state_, request); }
    Result<SearchPage> search(const fhir::search::SearchPlan& plan, const SearchOptions& options) override {
        if (options.visibility) return Failure{FailureCode::not_supported, "the fake shows everything"};
        return memory_search(state_, plan, options);
    }
    Result<bool> sees(const Visibility&, const StoredResource&) override {
        return Failure{FailureCode::not_supported, "the fake shows everything"};
    }
    Result<std::vector<Match>> find(const fhir::search::SearchPlan& plan, std::size_t limit,
                                    const Visibility* visibility) override {
        if (visibility) return Failure{FailureCode::not_supported, "the fake shows everything"};
        return memory_find(state_, plan, limit);
    }
    Result<std::optional<ResourceName>> identity(std::string_view key) override {
        const auto found = state_.identities.find(key);
        if (found == state_.identities.end()) return std::optional<ResourceName>();
        return std::optional<ResourceName>(state_.resources.at(found->second).name);
    }
    Result<std::optional<InboxRow>> inbox(InboxId id) override {
        const auto found = state_.inbox.find(id);
        if (found == state_.inbox.end()) return std::optional<InboxRow>();
        return std::optional<InboxRow>(InboxRow{id, found->second});
    }
    Result<std::vector<InboxRow>> inbox(const InboxQuery& query) override {
        std::vector<InboxRow> out;
        for (auto at = state_.inbox.rbegin(); at != state_.inbox.rend() && out.size() < std::min(query.count, list_max);
             ++at) {
            const auto& [id, message] = *at;
            if ((query.before > 0 && id >= query.before) || (query.state && message.state != *query.state) ||
                (!query.channel.empty() && message.channel != query.channel))
                continue;
            out.push_back({id, message});
            if (!query.with_raw) out.back().message.raw.clear();
        }
        return out;
    }
    Result<DuplicateCheck> find_duplicate(const InboxMessage& message, TimeUs since_us) override {
        DuplicateCheck out;
        for (auto at = state_.inbox.rbegin(); at != state_.inbox.rend(); ++at) {
            const auto& [id, row] = *at;
            if (row.received_us < since_us || row.channel != message.channel ||
                row.application != message.application || row.facility != message.facility ||
                row.control_id != message.control_id)
                continue;
            if (row.hash == message.hash) {
                out.same = InboxRow{id, row};
                break;
            }
            if (out.other_content == 0) out.other_content = id;
        }
        return out;
    }
    Result<std::optional<std::string>> trace(InboxId id) override {
        const auto found = state_.traces.find(id);
        return found == state_.traces.end() ? std::optional<std::string>() : std::optional<std::string>(found->second);
    }
    Result<std::vector<Match>> written_by(InboxId id, std::size_t limit) override {
        std::vector<Match> out;
        for (const auto& [vid, one] : state_.versions) {
            if (one.version.origin == id && out.size() < limit) out.push_back({{one.type, one.id}, one.version});
        }
        return out;
    }
    Result<std::optional<OutboxRow>> outbox(OutboxId id) override {
        const auto found = state_.outbox.find(id);
        return found == state_.outbox.end() ? std::optional<OutboxRow>() : std::optional<OutboxRow>(found->second);
    }
    Result<std::vector<OutboxRow>> outbox(const OutboxQuery& query) override {
        std::vector<OutboxRow> out;
        for (auto at = state_.outbox.rbegin();
             at != state_.outbox.rend() && out.size() < std::min(query.count, list_max); ++at) {
            const auto& row = at->second;
            if ((query.before > 0 && row.id >= query.before) || (query.state && row.state != *query.state) ||
                (!query.partner.empty() && row.message.partner != query.partner) ||
                (query.origin != 0 && row.message.origin != query.origin))
                continue;
            out.push_back(row);
            if (!query.with_payload) out.back().message.payload.clear();
        }
        return out;
    }
    Result<std::vector<OutboxRow>> due(std::string_view partner, TimeUs now_us, std::size_t limit) override {
        auto out = heads(partner);
        std::erase_if(out, [&](const OutboxRow& row) { return row.message.due_us > now_us; });
        out.resize(std::min({out.size(), limit, list_max}));
        return out;
    }
    Result<std::optional<TimeUs>> next_due(std::string_view partner) override {
        const auto all = heads(partner);
        return all.empty() ? std::optional<TimeUs>() : std::optional<TimeUs>(all.front().message.due_us);
    }
    Result<std::vector<OutboxDepth>> outbox_depths() override {
        std::map<std::string, OutboxDepth> depths;
        for (const auto& [id, row] : state_.outbox) {
            if (row.state != OutboxState::pending && row.state != OutboxState::dead) continue;
            auto& depth = depths[row.message.partner];
            depth.partner = row.message.partner;
            if (row.state == OutboxState::dead) {
                ++depth.dead;
            } else if (++depth.pending == 1) {
                depth.oldest = id;
                depth.oldest_us = row.created_us;
            }
        }
        std::vector<OutboxDepth> out;
        for (auto& [partner, depth] : depths) out.push_back(depth);
        return out;
    }
    Result<std::vector<AuditRow>> audit(const AuditQuery& query) override {
        std::vector<AuditRow> out;
        for (const auto& row : state_.audit) {
            if (row.sequence > query.after && out.size() < query.count) out.push_back(row);
        }
        return out;
    }
    Result<std::optional<std::string>> note(std::string_view name) override {
        const auto found = state_.notes.find(name);
        return found == state_.notes.end() ? std::optional<std::string>() : std::optional<std::string>(found->second);
    }

protected:
    /// First pending message of each lane, by due time then id.
    std::vector<OutboxRow> heads(std::string_view partner) const {
        std::vector<OutboxRow> out;
        std::set<std::string> seen;
        for (const auto& [id, row] : state_.outbox) {
            if (row.state == OutboxState::pending && row.message.partner == partner &&
                seen.insert(row.message.ordering_key).second)
                out.push_back(row);
        }
        std::sort(out.begin(), out.end(), [](const OutboxRow& a, const OutboxRow& b) {
            return std::pair(a.message.due_us, a.id) < std::pair(b.message.due_us, b.id);
        });
        return out;
    }
    MemoryState& state_;
    MemoryPatients patients_;
};

/// Never writes through: the state it was made from is const, and a Reader has no verb that writes.
class MemoryReader final : public MemoryVerbs<Reader> {
public:
    explicit MemoryReader(const MemoryState& state) : MemoryVerbs(const_cast<MemoryState&>(state)) {}
    PatientReader& patients() override { return patients_; }
};

class MemoryTransaction final : public MemoryVerbs<Transaction> {
public:
    using MemoryVerbs::MemoryVerbs;

    TimeUs now_us() const override { return state_.now_us; }
    PatientTables& patients() override { return patients_; }

    Result<WriteResult> put(const ResourceWrite& write) override {
        if (!write.resource) return Failure{FailureCode::refused, "a write without a resource"};
        const auto& content = write.resource.content();
        const ResourceName name{content.type, content.id};
        if (auto refused = check(name, write.if_version)) return *refused;
        for (const auto& reference : content.references) state_.number_of({reference.type, reference.id});
        WriteResult out;
        const auto* const before = state_.current(name);
        out.created = !before || before->erased();
        out.replaced = before ? before->version.number : 0;
        out.version = add(name, out.created ? WriteKind::create : write.kind, write.origin, content.body);
        return out;
    }
    Result<std::optional<WriteResult>> erase(std::string_view type, std::string_view id,
                                             std::optional<std::int64_t> if_version, InboxId origin) override {
        const ResourceName name{std::string(type), std::string(id)};
        if (auto refused = check(name, if_version)) return *refused;
        const auto* const before = state_.current(name);
        if (!before || before->erased()) return std::optional<WriteResult>();
        WriteResult out;
        out.replaced = before->version.number;
        out.version = add(name, WriteKind::erase, origin, {});
        return std::optional<WriteResult>(out);
    }
    Result<Rid> resource_number(std::string_view type, std::string_view id) override {
        return state_.number_of({std::string(type), std::string(id)});
    }
    Result<void> set_identity(std::string_view key, const ResourceName& resource) override {
        state_.identities[std::string(key)] = state_.number_of(resource);
        return {};
    }
    Result<void> remove_identity(std::string_view key) override {
        state_.identities.erase(std::string(key));
        return {};
    }
    Result<InboxId> add_inbox(const InboxMessage& message) override {
        const auto id = state_.inbox.empty() ? InboxId{1} : state_.inbox.rbegin()->first + 1;
        state_.inbox[id] = message;
        return id;
    }
    Result<void> set_inbox(InboxId id, InboxState state, std::string_view acknowledgement,
                           std::string_view note) override {
        const auto found = state_.inbox.find(id);
        if (found == state_.inbox.end()) return Failure{FailureCode::not_found, "no such inbox row"};
        found->second.state = state;
        found->second.acknowledgement = acknowledgement;
        found->second.note = note;
        return {};
    }
    Result<void> put_trace(InboxId id, const PackedBytes& data) override {
        state_.traces[id] = data.data;
        return {};
    }
    Result<Purged> purge_inbox(InboxId after, TimeUs before_us, std::size_t look_max) override {
        Purged purged;
        purged.last = after;
        std::size_t looked = 0;
        for (auto at = state_.inbox.upper_bound(after);
             at != state_.inbox.end() && std::next(at) != state_.inbox.end();) {
            if (looked++ == look_max) {
                purged.more = true;
                break;
            }
            const auto id = at->first;
            const auto& row = at->second;
            if (row.received_us >= before_us) break;
            purged.last = id;
            const bool over = row.state == InboxState::processed || row.state == InboxState::rejected;
            const bool open = std::any_of(state_.outbox.begin(), state_.outbox.end(), [&](const auto& each) {
                return each.second.message.origin == id &&
                       (each.second.state == OutboxState::pending || each.second.state == OutboxState::dead);
            });
            if (!over || open) {
                ++at;
                continue;
            }
            state_.traces.erase(id);
            at = state_.inbox.erase(at);
            ++purged.removed;
        }
        return purged;
    }
    Result<Purged> purge_outbox(OutboxId after, TimeUs before_us, std::size_t look_max) override {
        Purged purged;
        purged.last = after;
        std::size_t looked = 0;
        for (auto at = state_.outbox.upper_bound(after);
             at != state_.outbox.end() && std::next(at) != state_.outbox.end();) {
            if (looked++ == look_max) {
                purged.more = true;
                break;
            }
            const auto& row = at->second;
            if (row.changed_us >= before_us) break;
            purged.last = at->first;
            const bool over = row.state == OutboxState::delivered || row.state == OutboxState::cancelled;
            at = over ? (++purged.removed, state_.outbox.erase(at)) : std::next(at);
        }
        return purged;
    }

    Result<OutboxId> enqueue(const OutboxMessage& message) override { return add_outbox(message, 0); }
    Result<void> mark_delivered(OutboxId id, std::string_view acknowledgement) override {
        return leave(id, OutboxState::delivered, acknowledgement, {});
    }
    Result<void> mark_dead(OutboxId id, std::string_view acknowledgement, std::string_view note) override {
        return leave(id, OutboxState::dead, acknowledgement, note);
    }
    Result<void> cancel(OutboxId id, std::string_view note) override {
        return leave(id, OutboxState::cancelled, {}, note);
    }
    Result<void> defer(OutboxId id, TimeUs due_us, std::string_view note) override {
        auto* const row = pending(id);
        if (!row) return missing();
        row->message.due_us = due_us;
        ++row->attempts;
        row->changed_us = state_.now_us;
        row->note = note;
        return {};
    }
    Result<OutboxId> replay(OutboxId id, std::optional<std::string_view> payload) override {
        const auto found = state_.outbox.find(id);
        if (found == state_.outbox.end()) return Failure{FailureCode::not_found, "no such outbox message"};
        auto message = found->second.message;
        if (payload) message.payload = *payload;
        message.due_us = state_.now_us;
        return add_outbox(std::move(message), id);
    }
    Result<std::int64_t> append_audit(std::string_view event) override {
        AuditRow row;
        row.sequence = state_.audit.empty() ? 1 : state_.audit.back().sequence + 1;
        row.at_us = state_.now_us;
        row.event = event;
        if (!state_.audit.empty()) row.previous = state_.audit.back().hash;
        row.hash = audit_hash(state_.audit_key, row.previous, row.sequence, row.at_us, event);
        state_.audit.push_back(std::move(row));
        return state_.audit.back().sequence;
    }
    Result<std::int64_t> purge_audit(std::int64_t through) override {
        auto& rows = state_.audit;
        if (rows.empty() || through >= rows.back().sequence)
            return Failure{FailureCode::refused, "the newest audit row stays"};
        const auto end =
            std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.sequence > through; });
        const auto count = end - rows.begin();
        if (count == 0) return 0;
        state_.notes[std::string(audit_begin_note)] =
            render_audit_begin(state_.audit_key, {std::prev(end)->sequence, std::prev(end)->hash});
        rows.erase(rows.begin(), end);
        return count;
    }
    Result<void> define_parameter(fhir::search::ParameterId, std::string_view, std::string_view,
                                  fhir::search::ParameterType) override {
        return {};  // it searches without an index
    }
    Result<bool> add_values(Vid, std::span<const fhir::search::SearchValue>) override { return true; }
    Result<void> set_note(std::string_view name, std::string_view value) override {
        state_.notes[std::string(name)] = value;
        if (const auto found = state_.note_expiry.find(name); found != state_.note_expiry.end())
            state_.note_expiry.erase(found);
        return {};
    }
    Result<bool> add_note(std::string_view name, std::string_view value, TimeUs expires_us) override {
        const auto expiry = state_.note_expiry.find(name);
        const bool expired = expiry != state_.note_expiry.end() && expiry->second <= state_.now_us;
        if (state_.notes.contains(name) && !expired) return false;
        state_.notes[std::string(name)] = value;
        state_.note_expiry[std::string(name)] = expires_us;
        return true;
    }
    Result<bool> remove_note(std::string_view name) override {
        const auto found = state_.notes.find(name);
        if (found == state_.notes.end()) return false;
        state_.notes.erase(found);
        return true;
    }

private:
    static Failure missing() { return {FailureCode::not_found, "no such pending outbox message"}; }

    std::optional<Failure> check(const ResourceName& name, std::optional<std::int64_t> if_version) const {
        if (!if_version) return {};
        const auto* const before = state_.current(name);
        const auto number = before && !before->erased() ? before->version.number : 0;
        if (number == *if_version) return {};
        return Failure{FailureCode::version_conflict, "the resource has another version"};
    }
    VersionInfo add(const ResourceName& name, WriteKind kind, InboxId origin, PreparedBody body) {
        const auto rid = state_.number_of(name);
        auto& resource = state_.resources[rid];
        StoredResource row;
        row.type = name.type;
        row.id = name.id;
        row.version.rid = rid;
        row.version.vid = state_.next_vid++;
        row.version.number = static_cast<std::int64_t>(resource.versions.size()) + 1;
        row.version.at_us = state_.last_at_us = std::max(state_.now_us, state_.last_at_us + 1);
        row.version.kind = kind;
        row.version.origin = origin;
        row.body = std::move(body);
        resource.versions.push_back(row.version.vid);
        const auto info = row.version;
        state_.versions.emplace(info.vid, std::move(row));
        return info;
    }
    OutboxId add_outbox(OutboxMessage message, OutboxId replay_of) {
        const auto id = state_.outbox.empty() ? OutboxId{1} : state_.outbox.rbegin()->first + 1;
        auto& row = state_.outbox[id];
        row.id = id;
        row.message = std::move(message);
        row.message.due_us = std::max(row.message.due_us, TimeUs{0});
        row.created_us = row.changed_us = state_.now_us;
        row.replay_of = replay_of;
        return id;
    }
    OutboxRow* pending(OutboxId id) {
        const auto found = state_.outbox.find(id);
        return found == state_.outbox.end() || found->second.state != OutboxState::pending ? nullptr : &found->second;
    }
    Result<void> leave(OutboxId id, OutboxState state, std::string_view acknowledgement, std::string_view note) {
        auto* const row = pending(id);
        if (!row) return missing();
        row->state = state;
        if (state != OutboxState::cancelled) ++row->attempts;
        row->changed_us = state_.now_us;
        row->acknowledgement = acknowledgement;
        row->note = note;
        return {};
    }
};

}  // namespace

std::unique_ptr<Reader> make_memory_reader(const MemoryState& state) { return std::make_unique<MemoryReader>(state); }
std::unique_ptr<Transaction> make_memory_transaction(MemoryState& state) {
    return std::make_unique<MemoryTransaction>(state);
}

}  // namespace causeway::storage
