#include "mappings/engine/scope.hpp"

#include <algorithm>
#include <charconv>

#include "fhir/model/builder.hpp"
#include "hl7v2/escape.hpp"

namespace causeway::mappings {
namespace {

/// Decimal numbers compared as numbers; other text as text.
int compare(std::string_view a, std::string_view b) noexcept {
    double x = 0, y = 0;
    const auto px = std::from_chars(a.data(), a.data() + a.size(), x);
    const auto py = std::from_chars(b.data(), b.data() + b.size(), y);
    if (px.ec == std::errc() && py.ec == std::errc()) return x < y ? -1 : x > y ? 1 : 0;
    return a.compare(b);
}

bool ordered(Test test, int order) noexcept {
    switch (test) {
        case Test::less:
            return order < 0;
        case Test::less_equal:
            return order <= 0;
        case Test::greater:
            return order > 0;
        case Test::greater_equal:
            return order >= 0;
        default:
            return false;
    }
}

}  // namespace

bool like(std::string_view text, std::string_view pattern) noexcept {
    // Greedy match with '*' for any text: linear in practice, quadratic at worst, no recursion.
    std::size_t t = 0, p = 0, star = std::string_view::npos, from = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            from = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p, ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

LeafSegment* Frame::find(SegmentCode code, std::uint16_t number) const noexcept {
    for (const Frame* frame = this; frame; frame = frame->up) {
        std::uint16_t seen = 0;
        for (LeafSegment* segment : frame->segments)
            if (segment->code() == code && ++seen == number) return segment;
        if (seen != 0) return nullptr;
    }
    return nullptr;
}

std::uint32_t Frame::nearest_ordinal() const noexcept {
    for (const Frame* frame = this; frame; frame = frame->up)
        if (frame->ordinal != 0) return frame->ordinal;
    return 1;
}

V2Value Reader::locate(const V2Ref& ref, const V2Scope& scope) const {
    if (ref.kind == V2Ref::Kind::value) return scope.value.part(ref.at.component, ref.at.subcomponent);
    if (ref.kind != V2Ref::Kind::field || !scope.frame) return {};
    LeafSegment* segment = scope.frame->find(ref.segment, ref.all_segments ? 1 : ref.segment_repetition);
    V2Value value{segment, ref.at, {}};
    if (value.at.repetition == 0) value.at.repetition = 1;
    return value;
}

Leaf* Reader::leaf(const V2Ref& ref, const V2Scope& scope) const {
    if (ref.kind == V2Ref::Kind::value) return scope.value.part(ref.at.component, ref.at.subcomponent).leaf();
    if (ref.kind != V2Ref::Kind::field || !scope.frame) return nullptr;
    LeafSegment* const segment = scope.frame->find(ref.segment, ref.all_segments ? 1 : ref.segment_repetition);
    if (!segment) return nullptr;
    LeafKey at = ref.at;
    if (at.repetition == 0) at.repetition = 1;
    return segment->find(at);
}

V2Value Reader::one(const V2Ref& ref, const V2Scope& scope) const {
    V2Value value;
    if (ref.kind == V2Ref::Kind::value)
        value = scope.value.part(ref.at.component, ref.at.subcomponent);
    else if (ref.kind == V2Ref::Kind::field && scope.frame)
        value = {scope.frame->find(ref.segment, ref.segment_repetition), ref.at, {}};
    value.known = value.below();
    if (value.known.empty()) value.segment = nullptr;
    return value;
}

void Reader::collect(const V2Ref& ref, const V2Scope& scope, std::vector<V2Value>& out) const {
    if (!ref.many()) {
        if (const V2Value value = one(ref, scope); value.segment) out.push_back(value);
        return;
    }
    if (!scope.frame) return;
    const auto from_segment = [&](LeafSegment* segment) {
        V2Value value{segment, ref.at, {}};
        const auto take = [&] {
            value.known = segment->below(value.at);
            if (!value.known.empty()) out.push_back(value);
        };
        if (ref.at.repetition != 0) return take();
        for (std::uint16_t r = segment->next_repetition(ref.at.field, 0); r != 0;
             r = segment->next_repetition(ref.at.field, r)) {
            value.at.repetition = r;
            take();
        }
    };
    if (!ref.all_segments) {
        if (LeafSegment* segment = scope.frame->find(ref.segment, ref.segment_repetition)) from_segment(segment);
        return;
    }
    for (const Frame* frame = scope.frame; frame; frame = frame->up) {
        bool here = false;
        for (LeafSegment* segment : frame->segments) {
            if (segment->code() != ref.segment) continue;
            here = true;
            from_segment(segment);
        }
        if (here && frame->segments.size() > 1) return;
    }
}

std::string_view Reader::text(const Leaf& leaf) const {
    if (leaf.erased) return {};
    if (!leaf.escaped) return leaf.text;
    std::string plain;
    hl7v2::decode_escapes(leaf.text, facts.delimiters, plain);
    return arena_.copy(plain);
}

std::string_view Reader::text(const V2Value& value) const {
    const Leaf* leaf = value.leaf();
    return leaf ? text(*leaf) : std::string_view();
}

std::string_view Reader::text(const V2Ref& ref, const V2Scope& scope) const {
    if (ref.kind == V2Ref::Kind::event) return facts.event;
    const Leaf* const one = leaf(ref, scope);
    return one ? text(*one) : std::string_view();
}

/// How many values a path names.
std::size_t Reader::count(const V2Ref& ref, const V2Scope& scope) const {
    if (ref.kind == V2Ref::Kind::field && !ref.all_segments && scope.frame && ref.at.component == 0) {
        LeafSegment* segment = scope.frame->find(ref.segment, ref.segment_repetition);
        if (!segment || segment->next_repetition(ref.at.field, 0) == 0) return 0;
        if (!segment->may_repeat(ref.at.field)) return 1;
    }
    V2Ref all = ref;
    all.at.repetition = 0;
    std::vector<V2Value> values;
    collect(all, scope, values);
    return values.size();
}

bool Reader::test_size(const Condition& c, const V2Scope& scope) const {
    const std::size_t size = c.kind == Condition::Kind::count ? count(c.v2, scope) : text(c.v2, scope).size();
    const std::string_view limit = c.values.empty() ? std::string_view() : std::string_view(c.values.front().text);
    const auto number = static_cast<std::size_t>(c.number);
    const int order = c.number < 0    ? compare(std::to_string(size), limit)
                      : size < number ? -1
                                      : static_cast<int>(size > number);
    if (c.test == Test::equal) return order == 0;
    if (c.test == Test::unequal) return order != 0;
    return ordered(c.test, order);
}

bool Reader::test_v2(const Condition& c, const V2Scope& scope, Mode mode) const {
    const bool backward = mode == Mode::assertable;
    if (c.kind == Condition::Kind::count || c.kind == Condition::Kind::length)
        return mode != Mode::test || test_size(c, scope);
    if (mode == Mode::erasing && (c.test == Test::valued || c.test == Test::absent) && c.v2.at.field != 0) return true;
    if (c.test == Test::valued || c.test == Test::absent) {
        if (backward && c.test == Test::valued) return true;
        bool valued = false;
        if (c.v2.kind == V2Ref::Kind::event) {
            valued = true;
        } else if (c.v2.kind == V2Ref::Kind::field && c.v2.at.field == 0) {
            valued = scope.frame && scope.frame->find(c.v2.segment);
        } else {
            for (const Leaf& leaf : locate(c.v2, scope).below()) valued |= !leaf.erased;
        }
        return valued == (c.test == Test::valued);
    }
    Leaf* const tested = leaf(c.v2, scope);
    const std::string_view left = tested                            ? text(*tested)
                                  : c.v2.kind == V2Ref::Kind::event ? facts.event
                                                                    : std::string_view();
    if (mode == Mode::erasing && tested && tested->erased) return true;
    const auto is_one = [&] {
        if (!c.codes.empty()) return c.codes.contains(left);
        return std::any_of(c.values.begin(), c.values.end(), [&](const Constant& constant) {
            return same_text(
                left, constant.kind == Constant::Kind::v2 ? text(constant.v2, scope) : std::string_view(constant.text));
        });
    };
    switch (c.test) {
        case Test::equal:
        case Test::in: {
            if (backward && left.empty()) return true;
            const bool yes = is_one();
            if (yes && !backward && tested)
                tested->read = true;  // backward this test is written, so the value is not lost
            return yes;
        }
        case Test::unequal:
        case Test::not_in:
            return !is_one();
        case Test::like:
            return like(left, c.values.front().text);
        default:
            return !left.empty() && !c.values.empty() && ordered(c.test, compare(left, c.values.front().text));
    }
}

bool equals(fhir::Element element, const Constant& constant) {
    if (constant.kind != Constant::Kind::code) return element.has_value() && same_text(element.text(), constant.text);
    if (element.has_value()) return same_text(element.text(), constant.text);
    const auto coding = [&](fhir::Element e) {
        if (!same_text(e["code"].text(), constant.text)) return false;
        const auto system = e["system"].text();
        return system.empty() || system == constant.system;
    };
    const fhir::Element codings = element["coding"];
    if (!codings) return coding(element);
    for (const fhir::Element item : codings.items())
        if (coding(item)) return true;
    return false;
}

/// What a path selects, on the reader's own stack: conditions are tested thousands of times a message.
class Reader::Found {
public:
    Found(const Reader& reader, fhir::Element from, const Path& path) : stack_(reader.found_), begin_(stack_.size()) {
        reader.select(from, path, stack_);
        end_ = stack_.size();
    }
    ~Found() { stack_.resize(begin_); }
    Found(const Found&) = delete;
    Found& operator=(const Found&) = delete;

    bool empty() const noexcept { return begin_ == end_; }
    auto begin() const noexcept { return stack_.begin() + static_cast<std::ptrdiff_t>(begin_); }
    auto end() const noexcept { return stack_.begin() + static_cast<std::ptrdiff_t>(end_); }
    fhir::Element front() const noexcept { return stack_[begin_]; }

private:
    std::vector<fhir::Element>& stack_;
    std::size_t begin_, end_ = 0;
};

bool Reader::test_fhir(const Condition& c, fhir::Element element) const {
    const Found found(*this, element, c.fhir);
    const auto any_equals = [&] {
        return std::any_of(found.begin(), found.end(), [&](fhir::Element e) {
            return std::any_of(c.values.begin(), c.values.end(), [&](const Constant& v) { return equals(e, v); });
        });
    };
    switch (c.test) {
        case Test::valued:
            return !found.empty();
        case Test::absent:
            return found.empty();
        case Test::equal:
        case Test::in:
            return any_equals();
        case Test::unequal:
        case Test::not_in:
            return !any_equals();
        case Test::like:
            return std::any_of(found.begin(), found.end(),
                               [&](fhir::Element e) { return like(e.text(), c.values.front().text); });
        default:
            return !found.empty() && !c.values.empty() &&
                   ordered(c.test, compare(found.front().text(), c.values.front().text));
    }
}

bool Reader::holds(const Condition& c, const V2Scope& scope, fhir::Element element, Mode mode) const {
    switch (c.kind) {
        case Condition::Kind::yes:
            return true;
        case Condition::Kind::no:
            return false;
        case Condition::Kind::all:
            return std::all_of(c.parts.begin(), c.parts.end(),
                               [&](const Condition& p) { return holds(p, scope, element, mode); });
        case Condition::Kind::any:
            return std::any_of(c.parts.begin(), c.parts.end(),
                               [&](const Condition& p) { return holds(p, scope, element, mode); });
        case Condition::Kind::negation:
            return !holds(c.parts.front(), scope, element, Mode::test);
        case Condition::Kind::fhir:
            return test_fhir(c, element);
        default:
            return test_v2(c, scope, mode);
    }
}

bool Reader::satisfies(fhir::Element element, const SliceTest& test) const {
    const Found found(*this, element, *test.path);
    const auto any_equals = [&] {
        return std::any_of(found.begin(), found.end(), [&](fhir::Element e) {
            return std::any_of(test.values.begin(), test.values.end(), [&](const Constant& v) { return equals(e, v); });
        });
    };
    switch (test.test) {
        case Test::valued:
            return !found.empty();
        case Test::absent:
            return found.empty();
        case Test::unequal:
            return !any_equals();
        default:
            return any_equals();
    }
}

bool Reader::satisfies(fhir::Element element, const std::vector<SliceTest>& tests) const {
    return std::all_of(tests.begin(), tests.end(), [&](const SliceTest& test) { return satisfies(element, test); });
}

bool Reader::fits(fhir::Element item, const Step& step) const {
    if (!step.where.empty() && !satisfies(item, step.where)) return false;
    if (step.crossing.empty()) return true;
    const fhir::Element target = references_.target(item);
    if (!target) return false;
    const auto type = target.resource_type();
    return std::find(step.crossing.begin(), step.crossing.end(), type) != step.crossing.end() &&
           satisfies(target, step.crossing_where);
}

void Reader::walk(fhir::Element from, std::span<const Step> steps, std::uint32_t ordinal, bool across,
                  std::vector<fhir::Element>& out) const {
    if (!from) return;
    if (steps.empty()) {
        out.push_back(from);
        return;
    }
    const Step& step = steps.front();
    const fhir::Element member = fhir::member_of(from, step.key);
    if (!member) return;
    const auto on = [&](fhir::Element item) {
        const bool goes_across = !step.crossing.empty() && (across || steps.size() > 1);
        walk(goes_across ? references_.target(item) : item, steps.subspan(1), ordinal, across, out);
    };
    if (step.index == Step::Index::nth || step.index == Step::Index::same) {
        const std::size_t wanted = step.index == Step::Index::nth ? step.n : ordinal;
        const fhir::Element item = member.is_array() ? member.item(wanted - 1) : wanted == 1 ? member : fhir::Element();
        if (item && fits(item, step)) on(item);
        return;
    }
    for (const fhir::Element item : member.items()) {
        if (!fits(item, step)) continue;
        on(item);
        if (step.index != Step::Index::all) return;
    }
}

void Reader::select(fhir::Element from, const Path& path, std::vector<fhir::Element>& out,
                    std::uint32_t ordinal) const {
    walk(from, path.steps, ordinal, true, out);
}

void Reader::select_references(fhir::Element from, std::span<const Step> steps, std::vector<fhir::Element>& out) const {
    walk(from, steps, 1, false, out);
}

fhir::Element Reader::select_first(fhir::Element from, const Path& path) const {
    const Found found(*this, from, path);
    return found.empty() ? fhir::Element() : found.front();
}

}  // namespace causeway::mappings
