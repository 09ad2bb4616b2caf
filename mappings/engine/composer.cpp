#include "mappings/engine/composer.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "mappings/engine/known_steps.hpp"

namespace causeway::mappings {
namespace {

constexpr int depth_max = 32;  ///< of type maps inside type maps
constexpr std::size_t issues_max = 1000;

}  // namespace

Composer::Composer(const Plan& plan, TextArena& arena, fhir::DocumentBuilder* memory, TimeZone zone, std::string now)
    : plan_(plan), reader_(arena, *this), zone_(zone), now_(std::move(now)), memory_(memory) {
    values_.reserve(32);
    parts_.reserve(8);
    used_.reserve(8);
    drafts_.reserve(32);
    identities_.reserve(16);
}

std::uint32_t Composer::new_resource(std::string_view type) {
    const fhir::Element root(memory_->arena().node());
    auto made = handle(root).as_object();
    made.member_framed(resource_type_name).set_string_ref(type);
    Draft& draft = drafts_.emplace_back();
    draft.type = type;
    draft.root = root;
    return static_cast<std::uint32_t>(drafts_.size() - 1);
}

const IdentityPlan* Composer::identity_of(std::string_view type) {
    for (const auto& [known, identity] : identities_)
        if (known == type.data()) return identity;
    const auto found = plan_.identities.find(type);
    return identities_.emplace_back(type.data(), found == plan_.identities.end() ? nullptr : &found->second).second;
}

Target Composer::root_of(std::uint32_t resource) {
    Target target;
    target.resource = resource;
    target.node = drafts_[resource].root.node();
    return target;
}

void Composer::prune() {
    if (!gaps_) return;
    for (const Draft& draft : drafts_) handle(draft.root).prune();
}

fhir::Element Composer::target(fhir::Element reference) const {
    const auto* pending = pending_.find(reference.node());
    return pending ? drafts_[pending->resource].root : fhir::Element();
}

fhir::MutableElement Composer::handle(const Target& target) { return memory_->handle(fhir::Element(target.node)); }

fhir::Element Composer::peek(const Target& target) const {
    if (target.node || !target.parent) return fhir::Element(target.node);
    const Step& step = *target.step;
    if (step.index == Step::Index::all) return {};
    const fhir::Element member = fhir::member_of(peek(*target.parent), step.key);
    if (!member) return {};
    const std::size_t offset =
        target.parent->coding_offset != 0 && step.name == "coding" ? target.parent->coding_offset : 0;
    fhir::Element item;
    switch (step.index) {
        case Step::Index::all:
            return {};
        case Step::Index::only:
            item = member;
            break;
        case Step::Index::nth:
            item = member.item(step.n - 1 + offset);
            break;
        case Step::Index::same:
            item = member.item(target.ordinal - 1);
            break;
        case Step::Index::first:
            if (step.where.empty() && step.crossing.empty()) {
                item = member.item(offset);
            } else {
                for (const fhir::Element candidate : member.items())
                    if (!item && reader_.fits(candidate, step)) item = candidate;
            }
            break;
    }
    return step.crossing.empty() || !item ? item : this->target(item);
}

bool Composer::blocked(const Target& target) const {
    for (const Target* t = &target; t && t->step && !t->node; t = t->parent) {
        if (t->step->choice.empty() || !t->parent) continue;
        const auto& choice = t->step->choice;
        const fhir::Element above = peek(*t->parent);
        if (!fhir::may_have(above, t->step->other_choices)) continue;
        for (const fhir::Element member : above.children()) {
            const std::string_view name = member.name();
            if (name.data() == t->step->key.data() || name.front() != choice.front().front()) continue;
            if (name != t->step->name && std::find(choice.begin(), choice.end(), name) != choice.end()) return true;
        }
    }
    return false;
}

fhir::MutableElement Composer::item(const Target& parent, const Step& step, std::size_t index) {
    const std::size_t offset = parent.coding_offset != 0 && step.name == "coding" ? parent.coding_offset : 0;
    auto list = handle(parent).member_framed(step.key);
    gaps_ |= list.get().size() < index + offset;
    return list.item(index + offset);
}

/// The element of a target whose parent is there. True if it is new; a slice's constraints are not written yet.
bool Composer::make(Target& t) {
    const Step& step = *t.step;
    switch (step.index) {
        case Step::Index::only:
            t.node = handle(*t.parent).member_framed(step.key).node();
            return true;
        case Step::Index::all:
            t.node = handle(*t.parent).member_framed(step.key).append_item().node();
            return true;
        case Step::Index::nth:
            t.node = item(*t.parent, step, step.n - 1).node();
            return true;
        case Step::Index::same:
            t.node = handle(*t.parent).member_framed(step.key).item(t.ordinal - 1).node();
            gaps_ |= t.ordinal > 1;
            return true;
        case Step::Index::first:
            break;
    }
    if (step.where.empty() && step.crossing.empty()) {
        t.node = item(*t.parent, step, 0).node();
        return true;
    }
    auto list = handle(*t.parent).member_framed(step.key);
    for (const fhir::Element candidate : list.get().children()) {
        if (!reader_.fits(candidate, step)) continue;
        t.node = candidate.node();
        return false;
    }
    t.node = list.append_item().node();
    return true;
}

/// `shared`: the resource behind the reference that the target's last step crosses; Draft::no_parent for a new one.
void Composer::resolve(Target& t, std::uint32_t shared) {
    if (t.node) return;
    if (!t.parent->node) resolve(*t.parent);
    t.resource = t.parent->resource;
    const Step& step = *t.step;
    if (t.parent->step && t.parent->step->primitive) handle(*t.parent).as_primitive();
    const bool made = make(t);
    if (made && !step.where.empty()) assert_slice(t, step.where);
    if (step.crossing.empty()) return;
    if (const auto* known = pending_.find(t.node)) {
        t.resource = known->resource;
        t.node = drafts_[t.resource].root.node();
        return;
    }
    const std::uint32_t resource = shared != Draft::no_parent ? shared : new_resource(step.crossing.front());
    if (shared == Draft::no_parent) {
        drafts_[resource].crossed = true;
        drafts_[resource].parent = t.resource;
    }
    auto reference = handle(t).member_framed(reference_name);
    reference.set_string_ref("#");
    trace_write(reference.node(), t.resource, line_, nullptr);
    pending_.add({t.node, reference.node(), resource});
    t.resource = resource;
    t.node = drafts_[resource].root.node();
    if (!step.crossing_where.empty() && !drafts_[resource].whole) assert_slice(t, step.crossing_where);
}

void Composer::assert_slice(Target& element, const std::vector<SliceTest>& tests) {
    for (const auto& test : tests)
        if (test.test == Test::equal && !test.values.empty())
            write_constant(element, *test.path, test.values.front(), line_, false);
}

void Composer::refer(Target& target, std::uint32_t resource, std::uint32_t line) {
    line_ = line;
    resolve(target);
    if (pending_.find(target.node)) return;
    fhir::MutableElement reference = handle(target).member_framed(reference_name);
    reference.set_string_ref("#");
    pending_.add({target.node, reference.node(), resource});
    if (drafts_[resource].parent == Draft::no_parent) drafts_[resource].parent = target.resource;
    trace_write(reference.node(), target.resource, line, nullptr);
    ++writes_;
}

bool Composer::write(Target& target, Text text, FhirKind kind, std::uint32_t line, const V2Value* from,
                     bool overwrite) {
    if (text.text.empty()) return false;
    if (target.capture) {
        if (target.capture->empty() || overwrite) target.capture->assign(text.text);
        if (from && from != &from_parts) note_part(*from);
        ++writes_;
        return true;
    }
    if (!target.node) {
        if (target.below_choice && blocked(target)) return false;
        line_ = line;
        resolve(target);
    }
    fhir::MutableElement element = handle(target);
    ++writes_;
    if (element.get().has_value() && !overwrite) {  // a higher line has said it: this one was heard all the same
        if (drafts_[target.resource].shared && element.get().text() == text.text)
            trace_write(element.node(), target.resource, line, from);
        return true;
    }
    if (kind == FhirKind::boolean)
        element.set_boolean(text.text == "true");
    else if (kind == FhirKind::number || kind == FhirKind::integer)
        element.set_number(text.text);
    else if (text.lasts)
        element.set_string_ref(text.text);
    else
        element.set_string(text.text);
    trace_write(element.node(), target.resource, line, from);
    return true;
}

void Composer::note_part(const V2Value& value) {
    if (!value.leaf()) return;
    const auto same = [&](const V2Value& known) { return known.segment == value.segment && known.at == value.at; };
    if (std::none_of(parts_.begin(), parts_.end(), same)) parts_.push_back(value);
}

void Composer::trace_write(const fhir::Node* node, std::uint32_t resource, std::uint32_t line, const V2Value* from) {
    const auto add = [&](const Leaf* leaf, const LeafSegment* segment) {
        TraceEntry& entry = trace_.emplace_back();
        entry.node = node;
        entry.resource = resource;
        entry.line = line;
        if (!leaf) return;
        const LeafKey at = leaf->position();
        entry.has_source = true;
        entry.source = {segment->number(),
                        at.field,
                        at.repetition,
                        at.component,
                        at.subcomponent,
                        leaf->offset,
                        static_cast<std::uint32_t>(leaf->text.size())};
    };
    if (from != &from_parts) return add(from ? from->leaf() : nullptr, from ? from->segment : nullptr);
    bool any = false;
    for (const V2Value& part : parts_) {
        const Leaf* leaf = part.leaf();
        if (leaf) add(leaf, part.segment);
        any |= leaf != nullptr;
    }
    if (!any) add(nullptr, nullptr);
    parts_.clear();
}

bool Composer::write_member(Target& parent, const Step& step, Text text, std::uint32_t line, const V2Value* from) {
    if (text.text.empty()) return false;
    Target member(parent, step, 1);
    return write(member, text, FhirKind::string, line, from);
}

void Composer::write_code(Target& target, bool is_concept, std::string_view system, Text code, std::string_view display,
                          std::uint32_t line, const V2Value* from) {
    if (is_concept) {
        Target coding(target, coding_step, 1);
        return write_code(coding, false, system, code, display, line, from);
    }
    write_member(target, system_step, Text::of(system), line, nullptr);
    write_member(target, code_step, code, line, from);
    write_member(target, display_step, Text::of(display), line, nullptr);
}

void Composer::write_constant(Target& base, const Path& path, const Constant& constant, std::uint32_t line,
                              bool overwrite) {
    Chain chain;
    Target& target = chain.follow(base, path.steps, base.ordinal);
    switch (constant.kind) {
        case Constant::Kind::code:
            if (path.kind == FhirKind::complex)
                write_code(target, path.is_concept, constant.system, Text::of(constant.text), constant.display, line,
                           nullptr);
            else
                write(target, Text::of(constant.text), path.kind, line, nullptr, overwrite);
            break;
        case Constant::Kind::quantity: {
            Target value(target, value_step, 1);
            if (!constant.text.empty()) write(value, Text::of(constant.text), FhirKind::number, line, nullptr);
            write_member(target, unit_step, Text::of(constant.display), line, nullptr);
            write_member(target, system_step, Text::of(constant.system), line, nullptr);
            write_member(target, code_step, Text::of(constant.display), line, nullptr);
            break;
        }
        case Constant::Kind::now:
            write(target, Text::copied(now_), path.kind, line, nullptr, overwrite);
            break;
        case Constant::Kind::ordinal:
            ++outside_;
            write(target, Text::copied(std::to_string(target.ordinal)), path.kind, line, nullptr, overwrite);
            break;
        case Constant::Kind::control_id:
            break;
        case Constant::Kind::v2:
            break;  // run_assignment has the scope for it
        case Constant::Kind::scalar:
            write(target, Text::of(constant.text), path.kind == FhirKind::complex ? constant.type : path.kind, line,
                  nullptr, overwrite);
            break;
    }
}

void Composer::report(Severity severity, const char* code, std::string text, std::uint32_t line, const V2Value* value) {
    ++outside_;
    if (severity == Severity::error) refused_ = true;
    if (issues_.size() >= issues_max) return;
    Issue issue;
    issue.severity = severity;
    issue.code = code;
    issue.text = std::move(text);
    issue.line = line;
    if (value && value->segment) {
        issue.v2_path = segment_name(value->segment->code()) + "-" + std::to_string(value->at.field);
        if (value->at.repetition > 1) issue.v2_path += "[" + std::to_string(value->at.repetition) + "]";
        if (value->at.component != 0) issue.v2_path += "." + std::to_string(value->at.component);
    }
    issues_.push_back(std::move(issue));
}

void Composer::erase(const Line& line, const Target& base) {
    ++outside_;
    // The path from the resource down to the base, then the line's own.
    std::vector<const Step*> steps;
    for (const Target* t = &base; t && t->step; t = t->parent) {
        steps.insert(steps.begin(), t->step);
        if (!t->step->crossing.empty()) return;  // the sender does not speak for the resource behind a reference
    }
    for (const auto& step : line.target.steps) {
        steps.push_back(&step);
        if (!step.crossing.empty()) break;
    }
    std::string path(drafts_[base.resource].type);
    for (const Step* step : steps) {
        path += "." + step->name;
        for (const auto& test : step->where)
            if (test.test == Test::equal && !test.values.empty()) {
                std::string member;
                for (const auto& s : test.path->steps) member += (member.empty() ? "" : ".") + s.name;
                if (test.values.front().kind == Constant::Kind::code && test.path->type == "CodeableConcept")
                    member += ".coding.code";
                if (test.values.front().kind == Constant::Kind::code && test.path->type == "Coding") member += ".code";
                path += ".where(" + member + "='" + test.values.front().text + "')";
            }
    }
    auto& erased = drafts_[base.resource].erased;
    if (std::find(erased.begin(), erased.end(), path) == erased.end()) erased.push_back(std::move(path));
}

bool Composer::holds(const Condition& condition, const V2Scope& scope, const Target& base) {
    if (condition.kind == Condition::Kind::yes) return true;
    looks_ += condition.about_fhir ? 1U : 0U;
    return reader_.holds(condition, scope, condition.about_fhir ? peek(base) : fhir::Element(), Reader::Mode::test);
}

void Composer::run(const Block& block, const V2Scope& scope, Target& base, bool of_type) {
    if (depth_ >= depth_max) return;
    ++depth_;
    const std::uint64_t before = writes_;
    // What is there to be read: parts of the value, or fields of the one segment a segment's map is about.
    const LeafSegment* own = scope.frame && scope.frame->segments.size() == 1 ? scope.frame->segments.front() : nullptr;
    const bool known = scope.is_value || own;
    const std::uint64_t parts = scope.is_value ? scope.parts : own ? own->fields() : 0;
    const SegmentCode segment = scope.is_value ? 0 : own ? own->code() : 0;
    Chain chain;
    const auto take = [&](const Block::Turn& turn) {
        if (turn.line)
            run_line(*turn.line, scope, base, chain);
        else
            run_choose(*turn.choose, scope, base, of_type);
    };
    if (known && block.turns_words != 0 && block.turns_segment == segment) {
        std::array<std::uint64_t, Block::turns_words_max> turns;
        const auto asked_by = [&](std::size_t part) { return block.turns_of.data() + part * block.turns_words; };
        std::copy_n(asked_by(64), block.turns_words, turns.begin());
        for (std::uint64_t left = parts; left != 0; left &= left - 1U) {
            const std::uint64_t* asked = asked_by(static_cast<std::size_t>(std::countr_zero(left)));
            for (std::size_t word = 0; word < block.turns_words; ++word) turns[word] |= asked[word];
        }
        for (std::size_t word = 0; word < block.turns_words; ++word)
            for (std::uint64_t left = turns[word]; left != 0; left &= left - 1U)
                take(block.forward[64 * word + static_cast<std::size_t>(std::countr_zero(left))]);
    } else {
        for (const Block::Turn& turn : block.forward)
            if (!known || turn.parts == 0 || (turn.parts & parts) != 0 || turn.segment != segment) take(turn);
    }
    // Constants only accompany data: a value none of whose parts is mapped leaves nothing behind.
    if (!of_type || writes_ != before)
        for (const Assignment* assignment : block.assignments) run_assignment(*assignment, scope, base);
    --depth_;
}

void Composer::run_assignment(const Assignment& a, const V2Scope& scope, Target& base) {
    if (a.to_v2) {
        // Backward writes this field by itself; if it would write what stands there, nothing is lost.
        Leaf* leaf = reader_.locate(a.v2, scope).leaf();
        if (!leaf) return;
        std::string ordinal;
        std::string_view expected = a.value.text;
        if (a.value.kind == Constant::Kind::ordinal)
            expected = ordinal = std::to_string(scope.frame ? scope.frame->nearest_ordinal() : 1);
        if (a.value.kind == Constant::Kind::v2) expected = reader_.text(a.value.v2, scope);
        const bool injected = a.value.kind == Constant::Kind::now || a.value.kind == Constant::Kind::control_id;
        if (injected || same_text(leaf->text, expected) || leaf->position().field == 12) leaf->read = true;
        return;
    }
    if (!holds(a.if_, scope, base)) return;
    if (a.is_default && reader_.select_first(peek(base), a.fhir)) return;
    if (a.value.kind != Constant::Kind::v2) return write_constant(base, a.fhir, a.value, a.id, !a.is_default);
    Chain chain;
    write(chain.follow(base, a.fhir.steps, base.ordinal), Text::of(reader_.text(a.value.v2, scope)),
          a.fhir.kind == FhirKind::complex ? a.value.type : a.fhir.kind, a.id, nullptr, !a.is_default);
}

bool Composer::usable(const Choose::Branch& branch, const V2Scope& scope) {
    const auto* first = branch.block.statements.empty() ? nullptr : std::get_if<Line>(&branch.block.statements.front());
    if (!first || first->conversion.kind != Conversion::Kind::builtin || first->sources.empty()) return true;
    if (first->target.kind != FhirKind::number && first->target.kind != FhirKind::date_time &&
        first->target.kind != FhirKind::time)
        return true;
    const std::string_view text = reader_.text(first->sources.front(), scope);
    if (first->target.kind == FhirKind::number && is_json_number(text)) return true;
    std::string ignored;
    const Converted result = text.empty() ? Converted::good : to_fhir(text, first->target.kind, zone_, ignored);
    return result == Converted::good || result == Converted::doubtful;
}

void Composer::run_choose(const Choose& choose, const V2Scope& scope, Target& base, bool of_type) {
    const std::string_view answer = choose.asks ? reader_.text(*choose.asks, scope) : std::string_view();
    for (const std::uint32_t open : choose.open_to[std::min(choose.answers.find(answer), choose.answers.size())]) {
        const Choose::Branch& branch = choose.branches[open];
        if (!usable(branch, scope)) continue;
        // `where` selects backward; a branch that has nothing else to decide by is decided by it in both directions
        if (!holds(branch.if_, scope, base)) continue;
        run(branch.block, scope, base, of_type);
        return;
    }
}

void Composer::missing(const Line& line, const V2Scope& scope) {
    if (!line.required) return;
    const V2Value place = reader_.locate(line.sources.front(), scope);
    report(line.refuse ? Severity::error : Severity::warning, "R301", "a required value is missing", line.id, &place);
}

/// Whether the value is `""`: then the target is to go.
bool Composer::erased(const Line& line, const V2Value& value, const Target& base) {
    if (!erases_) return false;
    Leaf* leaf = value.leaf();
    if (!leaf || !leaf->erased) return false;
    leaf->read = true;
    if (!base.capture) erase(line, base);
    return true;
}

/// What a value is, and what else was sent, decides which shape it takes; a value that is deleted takes none, and is
/// deleted in every shape it may have had.
void Composer::erase_other_shape(const Line& line, const V2Scope& scope, const Target& base) {
    if (!erases_ || base.capture || line.sources.front().many()) return;
    const V2Value value = reader_.one(line.sources.front(), scope);
    if (!value.segment) return;
    const fhir::Element element = line.if_.about_fhir ? peek(base) : fhir::Element();
    if (!reader_.holds(line.if_, scope, element, Reader::Mode::erasing) || erased(line, value, base)) return;
    if (lacks_deleted(line, value, base)) erase(line, base);
}

void Composer::note_repetitions(const Line& line, const V2Ref& source, const V2Value& value, const Target& base) {
    if (source.kind != V2Ref::Kind::field || source.repetition_given || !value.segment || base.capture ||
        !line.backward)
        return;
    if (value.segment->may_repeat(source.at.field) && value.segment->last_repetition(source.at.field) > 1)
        report(Severity::note, "R310", "the field repeats and the map reads the first only", line.id, &value);
}

void Composer::run_line(const Line& line, const V2Scope& scope, Target& base, Chain& chain) {
    if (!line.single) return run_values(line, scope, base);
    if (line.conditional && !holds(line.if_, scope, base)) return erase_other_shape(line, scope, base);
    const V2Value value = reader_.one(*line.single, scope);
    if (!value.segment) return missing(line, scope);
    if (erases_) {
        if (erased(line, value, base)) return;
        if (lacks_deleted(line, value, base)) return erase(line, base);
    }
    if (line.target.each >= 0) return write_each(line, value, base);
    const auto& steps = line.target.steps;
    convert(line, value,
            chain.follow(base, steps, scope.frame ? scope.frame->nearest_ordinal() : 1, chain.shared(steps)));
    if (line.takes_first && value.segment->may_repeat(value.at.field))
        note_repetitions(line, *line.single, value, base);
}

/// A line with alternatives, or whose source may name several values.
void Composer::run_values(const Line& line, const V2Scope& scope, Target& base) {
    if (line.conditional && !holds(line.if_, scope, base)) return erase_other_shape(line, scope, base);
    // Values lie on one stack for all lines at work, found by number: a type map's lines push onto it and leave.
    const struct Values {
        std::vector<V2Value>& stack;
        std::size_t first;
        explicit Values(std::vector<V2Value>& s) : stack(s), first(s.size()) {}
        ~Values() { stack.resize(first); }
        std::size_t size() const { return stack.size() - first; }
    } values(values_);
    const V2Ref* source = nullptr;
    for (const auto& candidate : line.sources) {
        reader_.collect(candidate, scope, values_);
        if (candidate.kind == V2Ref::Kind::event) values_.push_back({});
        if (values.size() == 0) continue;
        source = &candidate;
        break;
    }
    if (!source) return missing(line, scope);
    const V2Value first = values_[values.first];
    if (values.size() == 1 && erased(line, first, base)) return;
    const std::uint32_t ordinal = scope.frame ? scope.frame->nearest_ordinal() : 1;
    const auto& steps = line.target.steps;
    Chain chain;
    if (line.joined) {
        const std::string text =
            joined(line, std::vector(values_.begin() + static_cast<std::ptrdiff_t>(values.first), values_.end()));
        if (!text.empty())
            write(chain.follow(base, steps, ordinal), Text::copied(text), line.target.kind, line.id, &from_parts);
        return;
    }
    // Steps before the iterating one are shared by all repetitions.
    const std::size_t shared = line.target.iterates < 0 ? steps.size() : static_cast<std::size_t>(line.target.iterates);
    if (line.target.each >= 0) return write_each(line, first, base);
    for (std::size_t n = 0, count = values.size(); n < count; ++n) {
        const V2Value value = values_[values.first + n];
        convert(line, value, chain.follow(base, steps, ordinal, n == 0 ? 0 : shared));
        if (line.target.iterates < 0 && value.at.repetition == 0) break;
    }
    note_repetitions(line, *source, first, base);
}

/// The value into every element that higher lines have made of the array with [*].
void Composer::write_each(const Line& line, V2Value value, Target& base) {
    const std::span<const Step> steps(line.target.steps);
    const auto each = static_cast<std::size_t>(line.target.each);
    Chain chain;
    const std::size_t elements = peek(chain.follow(base, steps.first(each), 1))[steps[each].key].size();
    for (std::size_t n = 1; n <= elements; ++n)
        convert(line, value, chain.follow(base, steps, static_cast<std::uint32_t>(n), each));
}

std::string Composer::joined(const Line& line, const std::vector<V2Value>& values) {
    std::string text;
    parts_.clear();
    for (const V2Value& value : values) {
        std::string one;
        Target captured;
        captured.capture = &one;
        if (!convert(line, value, captured)) continue;
        if (!text.empty()) text += line.join;
        text += one;
    }
    return text;
}

std::optional<std::string> Composer::capture(const Line& line, const V2Scope& scope) {
    if (!reader_.holds(line.if_, scope, {}, Reader::Mode::test)) return std::nullopt;
    for (const auto& source : line.sources) {
        parts_.clear();
        std::vector<V2Value> values;
        reader_.collect(source, scope, values);
        if (values.empty() && source.kind != V2Ref::Kind::event) continue;
        if (source.kind == V2Ref::Kind::event) values.push_back({});
        if (line.joined) return joined(line, values);
        std::string text;
        Target captured;
        captured.capture = &text;
        convert(line, values.front(), captured);
        return text.empty() ? std::nullopt : std::optional(text);
    }
    return std::nullopt;
}

}  // namespace causeway::mappings
