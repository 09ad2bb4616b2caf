#include "gateway/patient_index/registry.hpp"

#include <algorithm>
#include <set>

#include "gateway/patient_index/explanation.hpp"

namespace causeway::patient_index {
namespace {

using storage::PersonId;
using storage::Rid;

constexpr double rival_bits = 2;            ///< a second candidate so close makes a link a question
constexpr std::size_t reviews_max = 5;      ///< opened for one record
constexpr std::size_t members_max = 64;     ///< whose values are pooled
constexpr std::size_t events_max = 10'000;  ///< read of one record or person
constexpr std::size_t redirects_max = 1000;

std::int32_t priority_of(double weight) { return static_cast<std::int32_t>(std::clamp(weight, -100., 100.) * 100); }

}  // namespace

std::string_view refusal_text(Refusal refusal) {
    switch (refusal) {
        case Refusal::none:
            return "done";
        case Refusal::unknown_record:
            return "the index has no such patient record";
        case Refusal::unknown_person:
            return "the index has no such person";
        case Refusal::same_record:
            return "both are the same record";
        case Refusal::different_persons_needed:
            return "both are the same person already";
        case Refusal::no_such_merge:
            return "there is no such merge";
        case Refusal::already_undone:
            return "the merge is undone already";
        case Refusal::no_such_review:
            return "there is no such open review";
    }
    return "refused";
}

std::int64_t Registry::append(EventKind kind, const Actor& actor, Rid record, PersonId person, Rid other_record,
                              PersonId other_person, const EventData& data, std::int64_t supersedes) {
    storage::LinkEvent event;
    event.at_us = actor.at_us;
    event.kind = static_cast<std::uint8_t>(kind);
    event.source = static_cast<std::uint8_t>(actor.source);
    event.record = record;
    event.person = person;
    event.other_record = other_record;
    event.other_person = other_person;
    event.supersedes = supersedes;
    event.data = data.text();
    return tables_.append_event(event).value();
}

EventData Registry::data_of(const Candidate& candidate, const Found& found) const {
    EventData out;
    out.weight = candidate.score.weight;
    out.weighed = true;
    out.truncated = found.truncated;
    out.rule = candidate.decision.rule;
    out.model = matcher_.model->version;
    out.evidence = evidence_line(candidate.score);
    return out;
}

PersonId Registry::create_person() {
    storage::Person person;
    person.person = tables_.new_person().value();
    tables_.put_person(person).value();
    return person.person;
}

PersonId Registry::current(PersonId person) {
    for (std::size_t i = 0; i < redirects_max; ++i) {
        const auto row = tables_.person(person).value();
        if (!row || row->redirect == 0) return person;
        person = row->redirect;
    }
    return person;
}

/// What follows from a person's members alone: whether it is empty, the pooled values, the members' pooled mark. So
/// putting the members back puts everything back.
void Registry::refresh(PersonId id) {
    touched_.insert(id);
    auto person = tables_.person(id).value();
    if (!person) return;
    const auto members = tables_.members(id, members_max).value();
    match::Features pool;
    for (const auto rid : members) {
        auto record = tables_.record(rid).value();
        if (!record) continue;
        if (members.size() > 1) match::pool_into(pool, match::deserialise(record->data));
        const auto state = static_cast<std::uint8_t>(members.size() > 1 ? record->state | record_state::pooled
                                                                        : record->state & ~record_state::pooled);
        if (state != record->state) tables_.move_record(rid, id, state).value();
    }
    std::string data = members.size() > 1 ? match::serialise(pool) : std::string();
    const auto state = static_cast<std::uint8_t>(person->redirect  ? person_state::merged
                                                 : members.empty() ? person_state::empty
                                                                   : 0);
    if (data == person->data && state == person->state) return;
    person->data = std::move(data);
    person->state = state;
    tables_.put_person(*person).value();
}

void Registry::move(storage::PatientRecord& record, PersonId person, std::uint8_t state) {
    const auto before = record.person;
    record.person = person;
    record.state = static_cast<std::uint8_t>(state & ~record_state::pooled);
    tables_.move_record(record.record, person, record.state).value();
    if (before && before != person) refresh(before);
    refresh(person);
}

/// Persons that hold a record which somebody said is not this one.
std::vector<PersonId> Registry::forbidden(Rid record) {
    std::vector<PersonId> out;
    for (const auto& event : tables_.events_of_record(record, events_max).value()) {
        if (event.kind != static_cast<std::uint8_t>(EventKind::not_the_same)) continue;
        const auto other = tables_.record(event.record == record ? event.other_record : event.record).value();
        if (other && other->person) out.push_back(other->person);
    }
    return out;
}

void Registry::close_reviews(Rid record, std::string_view why) {
    for (const auto& review : tables_.reviews_of_record(record, events_max).value())
        tables_.close_review(review.review, why).value();
}

Registration Registry::put(Rid rid, const match::Features& features, storage::TimeUs at_us) {
    auto known = tables_.record(rid).value();
    storage::PatientRecord record;
    if (known) {
        record = *known;
        statistics_.remove(match::deserialise(record.data));
    }
    record.record = rid;
    record.data = match::serialise(features);
    const auto keys = stored_keys(features);
    statistics_.add(features, rid);
    Registration out;
    out.person_before = record.person;
    if (known && keep_place(record, features, at_us)) {
        tables_.put_record(record, keys).value();
        refresh(record.person);
        out.person = record.person;
        out.decision = EventKind::kept;
        return out;
    }
    const auto before = record.person;
    out = place(record, features, at_us, known.has_value());
    out.person_before = before;
    tables_.put_record(record, keys).value();
    if (before && before != record.person) refresh(before);
    refresh(record.person);
    return out;
}

/// A changed record keeps its place if a person put it there, or if it shares its person with others: then a change
/// that no longer fits is a question for a person. Only a record that stands alone is matched again.
bool Registry::keep_place(storage::PatientRecord& record, const match::Features& features, storage::TimeUs at_us) {
    if (record.person == 0) return false;
    const bool alone = tables_.members(record.person, 2).value().size() < 2;
    if (!(record.state & (record_state::manual | record_state::subsumed)) && alone) return false;
    if (alone || (record.state & (record_state::manual | record_state::subsumed))) return true;
    const auto found = find_candidates(tables_, features, matcher_, record.record);
    for (const auto& candidate : found.candidates)
        if (candidate.person == record.person) return true;
    for (const auto& review : tables_.reviews_of_record(record.record, events_max).value())
        if (review.open && review.person == record.person && review.other_person == record.person)
            return true;  // asked already
    EventData data;
    data.rule = "the record changed and no longer fits its person";
    data.model = matcher_.model->version;
    data.truncated = found.truncated;
    storage::Review review;
    review.priority = priority_of(20);
    review.at_us = at_us;
    review.record = record.record;
    review.person = review.other_person = record.person;
    for (const auto member : tables_.members(record.person, 2).value())
        if (member != record.record) review.other_record = member;
    review.data = data.text();
    tables_.open_review(review).value();
    append(EventKind::kept, {EventSource::automatic, {}, at_us}, record.record, record.person, 0, 0, data);
    return true;
}

Registration Registry::place(storage::PatientRecord& record, const match::Features& features, storage::TimeUs at_us,
                             bool known) {
    auto found = find_candidates(tables_, features, matcher_, record.record);
    const auto never = forbidden(record.record);  // of a new record too: it may have been erased and be back
    std::erase_if(found.candidates, [&](const Candidate& candidate) {
        return candidate.person == record.person ||
               std::find(never.begin(), never.end(), candidate.person) != never.end();
    });
    const Actor machine{EventSource::automatic, {}, at_us};
    Registration out;
    out.truncated = found.truncated;
    const auto automatic = [&](std::size_t i) {
        return i < found.candidates.size() && found.candidates[i].decision.outcome == match::Outcome::automatic;
    };
    bool link = automatic(0) && !found.truncated;
    for (const auto& candidate : found.candidates)
        if (candidate.decision.outcome == match::Outcome::review &&
            candidate.score.weight > found.candidates.front().score.weight - rival_bits)
            link = false;
    if (link) {
        const auto& best = found.candidates.front();
        record.person = best.person;
        out.person = best.person;
        out.decision = EventKind::linked;
        append(EventKind::linked, machine, record.record, best.person, best.record, 0, data_of(best, found));
        for (std::size_t i = 1; automatic(i) && i <= reviews_max; ++i)
            open_duplicate(out, record, found.candidates[i], found, at_us);
        return out;
    }
    if (record.person == 0) {
        record.person = create_person();
        EventData data;
        data.model = matcher_.model->version;
        data.truncated = found.truncated;
        append(EventKind::created, machine, record.record, record.person, 0, 0, data);
    }
    out.person = record.person;
    out.decision = known ? EventKind::kept : EventKind::created;
    open_reviews(out, record, found, 0, at_us);
    return out;
}

void Registry::open_reviews(Registration& out, const storage::PatientRecord& record, const Found& found,
                            std::size_t from, storage::TimeUs at_us) {
    std::set<Rid> asked;
    for (const auto& review : tables_.reviews_of_record(record.record, events_max).value())
        asked.insert(review.record == record.record ? review.other_record : review.record);
    for (std::size_t i = from; i < found.candidates.size() && out.reviews < reviews_max; ++i) {
        const auto& candidate = found.candidates[i];
        if (asked.contains(candidate.record)) continue;
        auto data = data_of(candidate, found);
        if (candidate.decision.outcome == match::Outcome::automatic)
            data.rule = found.truncated ? "not all candidates were seen" : "two candidates are close";
        append(EventKind::possible, {EventSource::automatic, {}, at_us}, record.record, record.person, candidate.record,
               candidate.person, data);
        storage::Review review;
        review.priority = priority_of(candidate.score.weight);
        review.at_us = at_us;
        review.record = record.record;
        review.person = record.person;
        review.other_record = candidate.record;
        review.other_person = candidate.person;
        review.data = data.text();
        tables_.open_review(review).value();
        ++out.reviews;
    }
}

/// A record fits two persons so well that these are probably one human being: never joined by the machine.
void Registry::open_duplicate(Registration& out, const storage::PatientRecord& record, const Candidate& other,
                              const Found& found, storage::TimeUs at_us) {
    const auto& best = found.candidates.front();
    for (const auto& review : tables_.reviews_of_record(other.record, events_max).value())
        if (review.open && (review.person == record.person || review.other_person == record.person)) return;
    auto data = data_of(other, found);
    data.rule = "one record fits both persons";
    append(EventKind::possible_duplicate, {EventSource::automatic, {}, at_us}, best.record, record.person, other.record,
           other.person, data);
    storage::Review review;
    review.priority = priority_of(other.score.weight);
    review.at_us = at_us;
    review.record = best.record;
    review.person = record.person;
    review.other_record = other.record;
    review.other_person = other.person;
    review.data = data.text();
    tables_.open_review(review).value();
    ++out.reviews;
}

void Registry::erase(Rid rid, const Actor& actor) {
    const auto record = tables_.record(rid).value();
    if (!record) return;
    statistics_.remove(match::deserialise(record->data));
    close_reviews(rid, "rule=the record was erased\n");
    tables_.erase_record(rid).value();
    append(EventKind::erased, actor, rid, record->person, 0, 0, {});
    refresh(record->person);
}

Refusal Registry::link(Rid rid, PersonId person, const Actor& actor) {
    auto record = tables_.record(rid).value();
    if (!record) return Refusal::unknown_record;
    if (!tables_.person(person).value()) return Refusal::unknown_person;
    person = current(person);
    EventData data;
    data.user = actor.user;
    append(EventKind::linked, actor, rid, person, 0, record->person == person ? 0 : record->person, data);
    move(*record, person, static_cast<std::uint8_t>(record->state | record_state::manual));
    return Refusal::none;
}

Refusal Registry::not_the_same(Rid rid, Rid other_rid, const Actor& actor) {
    if (rid == other_rid) return Refusal::same_record;
    auto record = tables_.record(rid).value();
    const auto other = tables_.record(other_rid).value();
    if (!record || !other) return Refusal::unknown_record;
    EventData data;
    data.user = actor.user;
    if (record->person == other->person) {
        const auto person = create_person();
        append(EventKind::not_the_same, actor, rid, person, other_rid, other->person, data);
        move(*record, person,
             static_cast<std::uint8_t>((record->state | record_state::manual) & ~record_state::subsumed));
    } else {
        append(EventKind::not_the_same, actor, rid, record->person, other_rid, other->person, data);
    }
    for (const auto& review : tables_.reviews_of_record(rid, events_max).value())
        if (review.other_record == other_rid || review.record == other_rid)
            tables_.close_review(review.review, data.text()).value();
    return Refusal::none;
}

Refusal Registry::resolve(storage::ReviewId id, bool same, const Actor& actor) {
    const auto review = tables_.review(id).value();
    if (!review || !review->open) return Refusal::no_such_review;
    if (!same) {
        const auto refusal = not_the_same(review->record, review->other_record, actor);
        if (refusal == Refusal::none && tables_.review(id).value()->open)
            tables_.close_review(id, "rule=two people\n").value();
        return refusal;
    }
    const auto record = tables_.record(review->record).value(), other = tables_.record(review->other_record).value();
    if (!record || !other) return Refusal::unknown_record;
    if (record->person != other->person) {
        const auto refusal = merge_persons(other->person, record->person, actor);
        if (refusal != Refusal::none) return refusal;
    }
    if (tables_.review(id).value()->open) tables_.close_review(id, "rule=one person\n").value();
    return Refusal::none;
}

}  // namespace causeway::patient_index
