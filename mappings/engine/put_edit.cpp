#include "mappings/engine/put_edit.hpp"

#include <algorithm>
#include <set>

#include "hl7v2/escape.hpp"

namespace causeway::mappings {
namespace {

std::vector<std::uint16_t> repetitions(LeafSegment& segment, std::uint16_t field) {
    std::vector<std::uint16_t> out;
    for (std::uint16_t r = segment.next_repetition(field, 0); r != 0; r = segment.next_repetition(field, r))
        out.push_back(r);
    return out;
}

/// The part of a key below its repetition.
std::uint64_t inner(std::uint64_t key) noexcept { return key & 0xffff; }

}  // namespace

MadeMessage::MadeMessage(const BackwardResult& made, const hl7v2::MessageView& view)
    : view_(view), segments_(cut(view)), entries_(segments_.size()), resources_(segments_.size(), -1) {
    std::vector<std::map<int, int>> votes(segments_.size());
    for (const TraceEntry& entry : made.trace) {
        const std::size_t segment = entry.source.segment;
        if (segment >= segments_.size() || !entry.node) continue;
        const LeafKey at{entry.source.field, entry.source.repetition, entry.source.component,
                         entry.source.subcomponent};
        entries_[segment].emplace(at.packed(), &entry);
        ++votes[segment][static_cast<int>(entry.resource)];
    }
    for (std::size_t i = 0; i < votes.size(); ++i) {
        int most = 0;
        for (const auto& [resource, count] : votes[i])
            if (count > most) {
                most = count;
                resources_[i] = resource;
            }
    }
}

const fhir::Node* MadeMessage::node(std::size_t segment, std::uint64_t key) const {
    const auto at = entries_[segment].find(key);
    return at == entries_[segment].end() ? nullptr : at->second->node;
}

std::string MadeMessage::text(const Leaf& leaf) const {
    if (!leaf.escaped) return std::string(leaf.text);
    std::string out;
    hl7v2::decode_escapes(leaf.text, view_.delimiters(), out);
    return out;
}

PutEdit::PutEdit(const hl7v2::MessageView& original, const ForwardResult& read, MadeMessage& before, MadeMessage& after,
                 bool null_deletes)
    : original_(original), before_(before), after_(after), null_deletes_(null_deletes), leaves_(cut(original)) {
    for (const TraceEntry& entry : read.trace)
        if (entry.has_source) lineage_[entry.node].push_back(entry.source);
    pair_segments();
    find_partners();
}

double PutEdit::segment_cost(std::size_t a, std::size_t b) {
    auto &x = before_.segments()[a], &y = after_.segments()[b];
    if (x.code() != y.code()) return 9;
    const int from_a = before_.resource(a), from_b = after_.resource(b);
    if (from_a >= 0 && from_b >= 0 && from_a != from_b) return 4;
    // Set ids are counted, not said: they do not tell two segments apart.
    const auto counts = [](const Leaf& leaf) { return leaf.position().field == 1; };
    std::size_t equal = 0, total = 0;
    auto i = x.leaves().begin(), j = y.leaves().begin();
    while (i != x.leaves().end() || j != y.leaves().end()) {
        if (i != x.leaves().end() && counts(*i)) {
            ++i;
            continue;
        }
        if (j != y.leaves().end() && counts(*j)) {
            ++j;
            continue;
        }
        ++total;
        if (j == y.leaves().end() || (i != x.leaves().end() && i->key < j->key)) {
            ++i;
        } else if (i == x.leaves().end() || j->key < i->key) {
            ++j;
        } else {
            equal += i->text == j->text ? 1 : 0;
            ++i, ++j;
        }
    }
    if (equal == total) return 0;
    return 1 + 1.5 * (1.0 - static_cast<double>(equal) / static_cast<double>(total));
}

void PutEdit::pair_segments() {
    pairs_ = align(before_.segments().size(), after_.segments().size(),
                   [this](std::size_t a, std::size_t b) { return segment_cost(a, b); });
}

/// Lineage says which segment of the original each made one stands for; where it says nothing, order does.
void PutEdit::find_partners() {
    partner_.assign(before_.segments().size(), Aligned::none);
    std::vector<char> used(leaves_.size(), 0);
    std::vector<std::map<std::size_t, int>> votes(partner_.size());
    for (std::size_t a = 0; a < partner_.size(); ++a)
        for (const Leaf& leaf : before_.segments()[a].leaves())
            if (const auto* found = sources(a, leaf))
                for (const V2Leaf& source : *found)
                    if (leaves_[source.segment].code() == before_.segments()[a].code()) ++votes[a][source.segment];
    std::vector<std::size_t> order(partner_.size());
    for (std::size_t a = 0; a < order.size(); ++a) order[a] = a;
    const auto most = [&](std::size_t a) {
        int count = 0;
        for (const auto& [segment, n] : votes[a]) count = std::max(count, n);
        return count;
    };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return most(x) > most(y); });
    for (const std::size_t a : order) {
        int best = 0;
        for (const auto& [segment, count] : votes[a])
            if (!used[segment] && count > best) {
                best = count;
                partner_[a] = segment;
            }
        if (partner_[a] != Aligned::none) used[partner_[a]] = 1;
    }
    for (std::size_t a = 0; a < partner_.size(); ++a) {
        if (partner_[a] != Aligned::none) continue;
        // between the partners of its neighbours
        std::size_t begin = 0, end = leaves_.size();
        for (std::size_t i = a; i-- > 0;)
            if (partner_[i] != Aligned::none) {
                begin = partner_[i] + 1;
                break;
            }
        for (std::size_t i = a + 1; i < partner_.size(); ++i)
            if (partner_[i] != Aligned::none && partner_[i] >= begin) {
                end = partner_[i];
                break;
            }
        for (std::size_t k = begin; k < end; ++k)
            if (!used[k] && leaves_[k].code() == before_.segments()[a].code()) {
                partner_[a] = k;
                used[k] = 1;
                break;
            }
    }
}

const std::vector<V2Leaf>* PutEdit::sources(std::size_t a, const Leaf& leaf) const {
    const auto at = lineage_.find(before_.node(a, leaf.key));
    return at == lineage_.end() ? nullptr : &at->second;
}

const V2Leaf* PutEdit::source(std::size_t a, const Leaf& leaf) {
    const auto* all = sources(a, leaf);
    if (!all) return nullptr;
    if (all->size() == 1) return &all->front();
    const std::string text = before_.text(leaf);
    for (const V2Leaf& each : *all) {
        const Leaf* there =
            leaves_[each.segment].find({each.field, each.repetition, each.component, each.subcomponent});
        if (there && original_text(*there) == text) return &each;
    }
    return &all->front();
}

std::string PutEdit::original_text(const Leaf& leaf) const {
    if (!leaf.escaped) return std::string(leaf.text);
    std::string out;
    hl7v2::decode_escapes(leaf.text, original_.delimiters(), out);
    return out;
}

std::string PutEdit::name_of(std::size_t segment, LeafKey at) const {
    std::size_t ordinal = 0;
    for (std::size_t i = 0; i <= segment; ++i) ordinal += leaves_[i].code() == leaves_[segment].code() ? 1 : 0;
    if (at.field == 0) return segment_name(leaves_[segment].code()) + "[" + std::to_string(ordinal) + "]";
    return leaf_path(leaves_[segment].code(), ordinal, at);
}

PutEdit::RepetitionPlace PutEdit::place_of(std::size_t a, std::uint16_t field, std::uint16_t repetition) {
    const std::size_t k = partner_[a];
    const V2Leaf* other = nullptr;
    for (const Leaf& leaf : before_.segments()[a].below({field, repetition, 0, 0})) {
        const V2Leaf* found = source(a, leaf);
        if (!found) continue;
        if (found->segment == k && found->field == field) return {k, field, found->repetition, true};
        if (!other) other = found;
    }
    if (k != Aligned::none && !leaves_[k].below({field, repetition, 0, 0}).empty()) return {k, field, repetition, true};
    if (other) return {other->segment, other->field, other->repetition, true};
    return {k, field, repetition, false};
}

void PutEdit::write(std::size_t segment, LeafKey at, const std::string& text) {
    if (at.component == 0) at.component = 1;
    if (at.subcomponent == 0) at.subcomponent = 1;
    // A value that fills its component alone is written as the component: no subcomponent delimiter appears.
    const hl7v2::Position position{at.field, at.repetition, at.component, at.subcomponent};
    if (text.empty() && null_deletes_)
        builder_.segment(segment).erase(position);
    else
        builder_.segment(segment).set(position, text);
    changed_->push_back(name_of(segment, at));
}

void PutEdit::write_repetition(std::size_t segment, std::uint16_t field, std::uint16_t repetition, std::size_t b,
                               std::uint16_t from_field, std::uint16_t rb) {
    builder_.segment(segment).set_raw({field, repetition, 0, 0}, {});
    for (const Leaf& leaf : after_.segments()[b].below({from_field, rb, 0, 0})) {
        const LeafKey at = leaf.position();
        builder_.segment(segment).set({field, repetition, at.component, at.subcomponent}, after_.text(leaf));
    }
    changed_->push_back(name_of(segment, {field, repetition, 0, 0}));
}

void PutEdit::remove_repetition(std::size_t segment, std::uint16_t field, std::uint16_t repetition) {
    deletions_.push_back({segment, field, repetition});
    changed_->push_back("-" + name_of(segment, {field, repetition, 0, 0}));
}

std::uint16_t PutEdit::next_repetition(std::size_t segment, std::uint16_t field) {
    auto [at, fresh] = appended_.try_emplace({segment, field}, leaves_[segment].last_repetition(field));
    return ++at->second;
}

void PutEdit::change_repetition(std::size_t a, std::size_t b, std::uint16_t field, std::uint16_t ra, std::uint16_t rb,
                                PutReach reach) {
    auto &x = before_.segments()[a], &y = after_.segments()[b];
    const auto left = x.below({field, ra, 0, 0}), right = y.below({field, rb, 0, 0});
    const bool same =
        std::equal(left.begin(), left.end(), right.begin(), right.end(),
                   [](const Leaf& l, const Leaf& r) { return inner(l.key) == inner(r.key) && l.text == r.text; });
    if (same) return;
    const RepetitionPlace place = place_of(a, field, ra);
    if (reach != PutReach::leaf && place.segment != Aligned::none)
        return write_repetition(place.segment, place.field, place.repetition, b, field, rb);
    const Leaf *i = left.begin(), *j = right.begin();
    while (i != left.end() || j != right.end()) {
        const bool removed = j == right.end() || (i != left.end() && inner(i->key) < inner(j->key));
        const bool added = !removed && (i == left.end() || inner(j->key) < inner(i->key));
        const Leaf& leaf = added ? *j : *i;
        const std::string is = added ? std::string() : before_.text(*i),
                          wanted = removed ? std::string() : after_.text(*j);
        if (!removed) ++j;
        if (!added) ++i;
        if (is == wanted) continue;
        const V2Leaf* found = added ? nullptr : source(a, leaf);
        const LeafKey inside = leaf.position();
        if (found)
            write(found->segment, {found->field, found->repetition, found->component, found->subcomponent}, wanted);
        if (place.segment == Aligned::none) continue;
        const LeafKey at{place.field, place.repetition, inside.component, inside.subcomponent};
        const Leaf* there = leaves_[place.segment].find(at);
        const bool written = found && found->segment == place.segment && found->field == at.field &&
                             found->repetition == at.repetition && found->component == at.component &&
                             found->subcomponent == at.subcomponent;
        const bool repeats_it = there && !added && original_text(*there) == is;  // a mirror of what changed
        if (!written && (added || !found || repeats_it)) write(place.segment, at, wanted);
        // Where v2 says the same once more in this very segment, it must not be left behind.
        if (!added && found && partner_[a] != Aligned::none && place.segment != partner_[a]) {
            const LeafKey own{field, ra, inside.component, inside.subcomponent};
            const Leaf* mirror = leaves_[partner_[a]].find(own);
            if (mirror && original_text(*mirror) == is) write(partner_[a], own, wanted);
        }
    }
}

void PutEdit::change_field(std::size_t a, std::size_t b, std::uint16_t field, PutReach reach) {
    auto &x = before_.segments()[a], &y = after_.segments()[b];
    const auto left = repetitions(x, field), right = repetitions(y, field);
    const auto equal = [&](std::size_t i, std::size_t j) {
        const auto l = x.below({field, left[i], 0, 0}), r = y.below({field, right[j], 0, 0});
        return std::equal(l.begin(), l.end(), r.begin(), r.end(), [](const Leaf& p, const Leaf& q) {
            return inner(p.key) == inner(q.key) && p.text == q.text;
        });
    };
    const std::size_t k = partner_[a];
    if (reach >= PutReach::field && k != Aligned::none) {
        bool same = left.size() == right.size();
        for (std::size_t i = 0; same && i < left.size(); ++i) same = equal(i, i);
        if (same && reach == PutReach::field) return;
        for (const std::uint16_t r : left)  // what came from elsewhere would come from there again
            for (const Leaf& leaf : x.below({field, r, 0, 0}))
                if (const auto* found = sources(a, leaf))
                    for (const V2Leaf& source : *found)
                        if (source.segment != k || source.field != field)
                            write(source.segment,
                                  {source.field, source.repetition, source.component, source.subcomponent}, {});
        builder_.segment(k).set_raw({field, 0, 0, 0}, {});
        std::uint16_t n = 0;
        for (const std::uint16_t r : right) write_repetition(k, field, ++n, b, field, r);
        return;
    }
    const auto pairs =
        align(left.size(), right.size(), [&](std::size_t i, std::size_t j) { return equal(i, j) ? 0.0 : 1.0; });
    for (const Aligned& pair : pairs) {
        if (pair.first != Aligned::none && pair.second != Aligned::none) {
            change_repetition(a, b, field, left[pair.first], right[pair.second], reach);
        } else if (pair.first != Aligned::none) {
            const RepetitionPlace place = place_of(a, field, left[pair.first]);
            if (place.known) remove_repetition(place.segment, place.field, place.repetition);
        } else if (k != Aligned::none) {
            const std::uint16_t repetition = next_repetition(k, field);
            write_repetition(k, field, repetition, b, field, right[pair.second]);
        }
    }
}

void PutEdit::change_segment(std::size_t a, std::size_t b, PutReach reach) {
    auto &x = before_.segments()[a], &y = after_.segments()[b];
    std::set<std::uint16_t> fields;
    bool changed = x.leaves().size() != y.leaves().size();
    for (std::size_t i = 0; !changed && i < x.leaves().size(); ++i)
        changed = x.leaves()[i].key != y.leaves()[i].key || x.leaves()[i].text != y.leaves()[i].text;
    if (!changed) return;
    for (const Leaf& leaf : x.leaves()) fields.insert(leaf.position().field);
    for (const Leaf& leaf : y.leaves()) fields.insert(leaf.position().field);
    for (const std::uint16_t field : fields) change_field(a, b, field, reach);
}

std::string PutEdit::segment_text(std::size_t b) {
    hl7v2::MessageBuilder scratch(original_.delimiters());
    auto& segment = after_.segments()[b];
    auto writer = scratch.append(segment_name(segment.code()));
    for (const Leaf& leaf : segment.leaves()) {
        const LeafKey at = leaf.position();
        writer.set({at.field, at.repetition, at.component, at.subcomponent}, after_.text(leaf));
    }
    return std::string(writer.view().raw());
}

std::string PutEdit::apply(PutReach reach, std::vector<std::string>& changed) {
    builder_ = hl7v2::MessageBuilder::edit(original_);
    deletions_.clear();
    appended_.clear();
    changed.clear();
    changed_ = &changed;
    struct Insertion {
        std::size_t before, made;
    };
    std::vector<Insertion> insertions;
    std::vector<std::size_t> removals;
    std::size_t position = leaves_.empty() ? 0 : 1;  // where a new segment goes: after what stands before it
    for (const Aligned& pair : pairs_) {
        if (pair.first != Aligned::none && partner_[pair.first] != Aligned::none) {
            position = partner_[pair.first] + 1;
            // Z-segments and notes that follow a segment belong to it.
            const auto is_partner = [&](std::size_t k) {
                return std::find(partner_.begin(), partner_.end(), k) != partner_.end();
            };
            while (position < leaves_.size() && !is_partner(position) &&
                   (segment_name(leaves_[position].code()).front() == 'Z' ||
                    leaves_[position].code() == segment_code("NTE")))
                ++position;
        }
        if (pair.first == Aligned::none) {
            insertions.push_back({position, pair.second});
            changed.push_back("+" + segment_name(after_.segments()[pair.second].code()));
        } else if (pair.second == Aligned::none) {
            if (partner_[pair.first] == Aligned::none) continue;
            removals.push_back(partner_[pair.first]);
            changed.push_back("-" + name_of(partner_[pair.first], {0, 0, 0, 0}));
        } else if (partner_[pair.first] == Aligned::none) {
            // Made from values that stand elsewhere: only those can change.
            change_segment(pair.first, pair.second, reach == PutReach::leaf ? reach : PutReach::repetition);
        } else {
            change_segment(pair.first, pair.second, reach);
        }
    }
    std::sort(deletions_.begin(), deletions_.end(), [](const Deletion& p, const Deletion& q) {
        return std::tie(p.segment, p.field, p.repetition) > std::tie(q.segment, q.field, q.repetition);
    });
    for (const Deletion& each : deletions_) {
        const auto field = builder_.segment(each.segment).view().field(each.field);
        std::string rest;
        std::uint16_t kept = 0;
        for (std::size_t r = 1; r <= field.repetition_count(); ++r) {
            if (r == each.repetition) continue;
            if (kept++ != 0) rest += original_.delimiters().repetition;
            rest += field.repetition(r).raw();
        }
        if (kept == 0 && null_deletes_) rest = "\"\"";
        builder_.segment(each.segment).set_raw({each.field, 0, 0, 0}, rest);
    }
    // From the end, so that positions before stay what they are.
    std::stable_sort(removals.begin(), removals.end(), std::greater<>());
    std::vector<std::pair<std::size_t, std::string>> texts;
    for (const auto& each : insertions) texts.emplace_back(each.before, segment_text(each.made));
    std::size_t r = 0;
    for (std::size_t at = leaves_.size() + 1; at-- > 0;) {
        for (std::size_t i = texts.size(); i-- > 0;)
            if (texts[i].first == at) builder_.insert_raw(at, texts[i].second);
        if (r < removals.size() && at > 0 && removals[r] == at - 1) {
            builder_.remove(at - 1);
            ++r;
        }
    }
    return builder_.text();
}

}  // namespace causeway::mappings
