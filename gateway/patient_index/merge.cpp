#include <algorithm>

#include "gateway/patient_index/registry.hpp"

namespace causeway::patient_index {
namespace {

using storage::PersonId;
using storage::Rid;

constexpr std::size_t members_max = 100'000;
constexpr std::size_t events_max = 10'000;

bool is(const storage::LinkEvent& event, EventKind kind) { return event.kind == static_cast<std::uint8_t>(kind); }

bool undone(const std::vector<storage::LinkEvent>& events, std::int64_t merge) {
    return std::any_of(events.begin(), events.end(),
                       [&](const auto& event) { return is(event, EventKind::unmerged) && event.supersedes == merge; });
}

}  // namespace

Refusal Registry::merge(Rid survivor, Rid subsumed, const Actor& actor, std::int64_t* event) {
    if (survivor == subsumed) return Refusal::same_record;
    const auto kept = tables_.record(survivor).value(), gone = tables_.record(subsumed).value();
    if (!kept || !gone) return Refusal::unknown_record;
    return merge_into(kept->person, gone->person, survivor, subsumed, actor, event);
}

Refusal Registry::merge_persons(PersonId survivor, PersonId other, const Actor& actor, std::int64_t* event) {
    if (!tables_.person(survivor).value() || !tables_.person(other).value()) return Refusal::unknown_person;
    survivor = current(survivor);
    other = current(other);
    if (survivor == other) return Refusal::different_persons_needed;
    return merge_into(survivor, other, 0, 0, actor, event);
}

Refusal Registry::merge_into(PersonId survivor, PersonId other, Rid survivor_record, Rid subsumed_record,
                             const Actor& actor, std::int64_t* event) {
    EventData data;
    data.user = actor.user;
    const auto mark = [&](std::uint8_t state, Rid rid) {
        return static_cast<std::uint8_t>((state & ~record_state::pooled) |
                                         (rid == subsumed_record ? record_state::subsumed : 0));
    };
    if (survivor == other) {
        const auto record = tables_.record(subsumed_record).value();
        data.moved.emplace_back(subsumed_record, static_cast<std::uint8_t>(record->state & ~record_state::pooled));
        tables_.move_record(subsumed_record, survivor, mark(record->state, subsumed_record)).value();
    } else {
        for (const auto rid : tables_.members(other, members_max).value()) {
            const auto record = tables_.record(rid).value();
            data.moved.emplace_back(rid, static_cast<std::uint8_t>(record->state & ~record_state::pooled));
            for (const auto& review : tables_.reviews_of_record(rid, events_max).value()) {
                const bool settled = (review.person == survivor && review.other_person == other) ||
                                     (review.person == other && review.other_person == survivor);
                if (!settled || !review.open) continue;
                data.closed.push_back(review);
                tables_.close_review(review.review, "rule=merged\n").value();
            }
            tables_.move_record(rid, survivor, mark(record->state, rid)).value();
        }
        auto person = *tables_.person(other).value();
        person.redirect = survivor;
        tables_.put_person(person).value();
        refresh(other);
    }
    refresh(survivor);
    const auto sequence = append(EventKind::merged, actor, survivor_record, survivor, subsumed_record, other, data);
    if (event) *event = sequence;
    return Refusal::none;
}

std::int64_t Registry::merge_between(Rid survivor, Rid subsumed) {
    const auto events = tables_.events_of_record(subsumed, events_max).value();
    for (auto at = events.rbegin(); at != events.rend(); ++at)
        if (is(*at, EventKind::merged) && at->record == survivor && at->other_record == subsumed &&
            !undone(tables_.events_of_person(at->person, events_max).value(), at->sequence))
            return at->sequence;
    return 0;
}

Refusal Registry::unmerge(std::int64_t merge_event, const Actor& actor) {
    const auto page =
        merge_event > 0 ? tables_.events_after(merge_event - 1, 1).value() : std::vector<storage::LinkEvent>();
    if (page.empty() || page[0].sequence != merge_event || !is(page[0], EventKind::merged))
        return Refusal::no_such_merge;
    const auto& event = page[0];
    if (undone(tables_.events_of_person(event.person, events_max).value(), merge_event)) return Refusal::already_undone;
    const auto data = EventData::read(event.data);
    const auto holder = current(event.person);
    const bool two_persons = event.person != event.other_person;
    if (two_persons) {
        auto person = *tables_.person(event.other_person).value();
        person.redirect = 0;
        tables_.put_person(person).value();
    }
    for (const auto& [rid, state] : data.moved) {
        const auto record = tables_.record(rid).value();
        if (!record || record->person != holder) continue;  // erased, or moved on by a later decision
        const auto to = two_persons ? event.other_person : holder;
        const auto kept = static_cast<std::uint8_t>(state | (record->state & record_state::manual));
        tables_.move_record(rid, to, kept).value();
    }
    if (two_persons) refresh(event.other_person);
    refresh(holder);
    for (const auto& review : data.closed) {
        const auto record = tables_.record(review.record).value(), other = tables_.record(review.other_record).value();
        if (!record || !other || record->person == other->person) continue;
        auto again = review;
        const auto old = tables_.review(review.review).value();
        again.open = true;
        again.person = record->person;
        again.other_person = other->person;
        if (old) {
            again.at_us = old->at_us;
            again.data = old->data;
        }
        tables_.open_review(again).value();
    }
    EventData undo;
    undo.user = actor.user;
    append(EventKind::unmerged, actor, event.record, event.person, event.other_record, event.other_person, undo,
           merge_event);
    return Refusal::none;
}

}  // namespace causeway::patient_index
