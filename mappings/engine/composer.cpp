#include "mappings/engine/composer.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

namespace causeway::mappings {
namespace {

constexpr int depth_max = 32;          ///< of type maps inside type maps
constexpr std::size_t steps_max = 12;  ///< of one path; the compiler refuses longer ones
constexpr std::size_t issues_max = 1000;

Step plain_step(const char* name, const char* owner, Step::Index index = Step::Index::only) {
    Step step;
    step.name = name;
    step.owner = owner;
    step.index = index;
    return step;
}

/// Room for the targets of one path, made as far as the path goes; they point at each other and stay where they are.
class Chain {
public:
    Target* set(std::size_t i, const Target& target) { return std::construct_at(place(i), target); }
    Target& operator[](std::size_t i) { return *std::launder(place(i)); }

private:
    static_assert(std::is_trivially_destructible_v<Target>);
    Target* place(std::size_t i) { return reinterpret_cast<Target*>(room_) + i; }

    alignas(Target) std::byte room_[steps_max * sizeof(Target)];
};

const Step coding_step = plain_step("coding", "CodeableConcept", Step::Index::first);
const Step system_step = plain_step("system", "Coding");
const Step code_step = plain_step("code", "Coding");
const Step display_step = plain_step("display", "Coding");
const Step value_step = plain_step("value", "Quantity");
const Step unit_step = plain_step("unit", "Quantity");

}  // namespace

Composer::Composer(const Plan& plan, TextArena& arena, TimeZone zone, std::string now)
    : plan_(plan), reader_(arena, *this), zone_(zone), now_(std::move(now)) {
    values_.reserve(64);
}

fhir::DocumentBuilder& Composer::memory() {
    if (!memory_) memory_.emplace();
    return *memory_;
}

std::uint32_t Composer::new_resource(std::string_view type) {
    const fhir::Element root(memory().arena().node());
    auto made = handle(root).as_object();
    made.member("resourceType").set_string(type);
    drafts_.push_back({std::string(type), root, Draft::no_parent, 1, false, {}});
    return static_cast<std::uint32_t>(drafts_.size() - 1);
}

Target Composer::root_of(std::uint32_t resource) {
    Target target;
    target.resource = resource;
    target.node = drafts_[resource].root.node();
    return target;
}

Target Composer::below(Target& parent, const Step& step, std::uint32_t ordinal) const {
    Target target;
    target.parent = &parent;
    target.step = &step;
    target.ordinal = ordinal;
    target.resource = parent.resource;
    target.capture = parent.capture;
    return target;
}

fhir::Element Composer::target(fhir::Element reference) const {
    const auto at = pending_.find(reference.node());
    if (at == pending_.end()) return {};
    return drafts_[at->second].root;
}

fhir::MutableElement Composer::handle(const Target& target) { return memory_->handle(fhir::Element(target.node)); }

fhir::Element Composer::peek(const Target& target) const {
    if (target.node || !target.parent) return fhir::Element(target.node);
    const fhir::Element parent = peek(*target.parent);
    const fhir::Element member = parent[target.step->name];
    const Step& step = *target.step;
    const std::size_t offset = step.name == "coding" ? target.parent->coding_offset : 0;
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
        const fhir::Element parent = peek(*t->parent);
        for (const std::string_view name : t->step->choice)
            if (name != t->step->name && parent[name]) return true;
    }
    return false;
}

void Composer::resolve(Target& t) {
    if (t.node) return;
    resolve(*t.parent);
    t.resource = t.parent->resource;
    fhir::MutableElement parent = handle(*t.parent);
    const Step& step = *t.step;
    if (t.parent->step && t.parent->step->primitive) parent.as_primitive();
    const std::size_t offset = step.name == "coding" ? t.parent->coding_offset : 0;
    const fhir::Node* element = nullptr;
    bool made = true;
    switch (step.index) {
        case Step::Index::only:
            element = parent.member(step.name).node();
            break;
        case Step::Index::all:
            element = parent.append(step.name).node();
            break;
        case Step::Index::nth:
            element = parent.item(step.name, step.n - 1 + offset).node();
            break;
        case Step::Index::same:
            element = parent.item(step.name, t.ordinal - 1).node();
            break;
        case Step::Index::first:
            if (step.where.empty() && step.crossing.empty()) {
                element = parent.item(step.name, offset).node();
                break;
            }
            for (const fhir::Element candidate : parent.get()[step.name].items())
                if (!element && reader_.fits(candidate, step)) element = candidate.node();
            made = element == nullptr;
            if (made) element = parent.append(step.name).node();
            break;
    }
    t.node = element;
    if (made && !step.where.empty()) assert_slice(t, step.where);
    if (step.crossing.empty()) return;
    const auto known = pending_.find(element);
    std::uint32_t resource = 0;
    if (known != pending_.end()) {
        resource = known->second;
    } else {
        resource = new_resource(step.crossing.front());
        drafts_[resource].crossed = true;
        drafts_[resource].parent = t.resource;
        auto reference = handle(fhir::Element(element)).member("reference");
        reference.set_string_ref("#");
        trace_write(reference.node(), t.resource, line_, nullptr);
        pending_.emplace(element, resource);
        crossed_.emplace_back(element, resource);
    }
    t.resource = resource;
    t.node = drafts_[resource].root.node();
    if (known == pending_.end() && !step.crossing_where.empty()) assert_slice(t, step.crossing_where);
}

void Composer::assert_slice(Target& element, const std::vector<SliceTest>& tests) {
    for (const auto& test : tests)
        if (test.test == Test::equal && !test.values.empty())
            write_constant(element, *test.path, 0, test.values.front(), line_, false);
}

void Composer::refer(Target& target, std::uint32_t resource, std::uint32_t line) {
    line_ = line;
    resolve(target);
    if (pending_.contains(target.node)) return;
    fhir::MutableElement reference = handle(target).member("reference");
    reference.set_string_ref("#");
    pending_.emplace(target.node, resource);
    if (drafts_[resource].parent == Draft::no_parent) drafts_[resource].parent = target.resource;
    trace_write(reference.node(), target.resource, line, nullptr);
    ++writes_;
}

bool Composer::write(Target& target, std::string_view text, FhirKind kind, std::uint32_t line, const V2Value* from,
                     bool overwrite) {
    if (text.empty()) return false;
    if (target.capture) {
        if (target.capture->empty() || overwrite) target.capture->assign(text);
        if (from && from != &from_parts) note_part(*from);
        ++writes_;
        return true;
    }
    if (!target.node && blocked(target)) return false;
    line_ = line;
    resolve(target);
    fhir::MutableElement element = handle(target);
    if (element.get().has_value() && !overwrite) {
        ++writes_;  // a higher line has said it: this one was heard all the same
        return true;
    }
    if (kind == FhirKind::boolean)
        element.set_boolean(text == "true");
    else if (kind == FhirKind::number || kind == FhirKind::integer)
        element.set_number(text);
    else
        element.set_string(text);
    ++writes_;
    trace_write(element.node(), target.resource, line, from);
    return true;
}

void Composer::note_part(const V2Value& value) {
    if (!value.segment || !value.segment->find(value.at)) return;
    const auto same = [&](const V2Value& known) { return known.segment == value.segment && known.at == value.at; };
    if (std::none_of(parts_.begin(), parts_.end(), same)) parts_.push_back(value);
}

void Composer::trace_write(const fhir::Node* node, std::uint32_t resource, std::uint32_t line, const V2Value* from) {
    TraceEntry entry;
    entry.node = node;
    entry.resource = resource;
    entry.line = line;
    const auto add = [&](const V2Value& value) {
        const Leaf* leaf = value.segment ? value.segment->find(value.at) : nullptr;
        if (!leaf) return;
        const LeafKey at = leaf->position();
        entry.has_source = true;
        entry.source = {value.segment->number(),
                        at.field,
                        at.repetition,
                        at.component,
                        at.subcomponent,
                        leaf->offset,
                        static_cast<std::uint32_t>(leaf->text.size())};
        trace_.push_back(entry);
    };
    if (from == &from_parts) {
        for (const V2Value& part : parts_) add(part);
        parts_.clear();
    } else if (from) {
        add(*from);
    }
    if (!entry.has_source) trace_.push_back(entry);
}

bool Composer::write_member(Target& parent, const Step& step, std::string_view text, std::uint32_t line,
                            const V2Value* from) {
    if (text.empty()) return false;
    Target member = below(parent, step, 1);
    return write(member, text, FhirKind::string, line, from);
}

void Composer::write_code(Target& target, const std::string& type, std::string_view system, std::string_view code,
                          std::string_view display, std::uint32_t line, const V2Value* from) {
    if (type != "CodeableConcept") {
        write_member(target, system_step, system, line, nullptr);
        write_member(target, code_step, code, line, from);
        write_member(target, display_step, display, line, nullptr);
        return;
    }
    Target coding = below(target, coding_step, 1);
    write_code(coding, "Coding", system, code, display, line, from);
}

void Composer::write_constant(Target& target, const Path& path, std::size_t i, const Constant& constant,
                              std::uint32_t line, bool overwrite) {
    if (i < path.steps.size()) {
        Target next = below(target, path.steps[i], target.ordinal);
        return write_constant(next, path, i + 1, constant, line, overwrite);
    }
    switch (constant.kind) {
        case Constant::Kind::code:
            if (path.kind == FhirKind::complex)
                write_code(target, path.type, constant.system, constant.text, constant.display, line, nullptr);
            else
                write(target, constant.text, path.kind, line, nullptr, overwrite);
            break;
        case Constant::Kind::quantity: {
            Target value = below(target, value_step, 1);
            if (!constant.text.empty()) write(value, constant.text, FhirKind::number, line, nullptr);
            write_member(target, unit_step, constant.display, line, nullptr);
            write_member(target, system_step, constant.system, line, nullptr);
            write_member(target, code_step, constant.display, line, nullptr);
            break;
        }
        case Constant::Kind::now:
            write(target, now_, path.kind, line, nullptr, overwrite);
            break;
        case Constant::Kind::ordinal:
            write(target, std::to_string(target.ordinal), path.kind, line, nullptr, overwrite);
            break;
        case Constant::Kind::control_id:
            break;
        case Constant::Kind::v2:
            break;  // run_assignment has the scope for it
        case Constant::Kind::scalar:
            write(target, constant.text, path.kind == FhirKind::complex ? constant.type : path.kind, line, nullptr,
                  overwrite);
            break;
    }
}

void Composer::report(Severity severity, const char* code, std::string text, std::uint32_t line, const V2Value* value) {
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

void Composer::mark_read(const V2Value& value) {
    if (!value.segment) return;
    if (Leaf* leaf = value.segment->find(value.at)) leaf->read = true;
}

void Composer::erase(const Line& line, const Target& base) {
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
    std::string path = drafts_[base.resource].type;
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

void Composer::run(const Block& block, const V2Scope& scope, Target& base, bool of_type) {
    if (++depth_ > depth_max) {
        --depth_;
        return;
    }
    const std::uint64_t before = writes_;
    bool has_assignments = false;
    for (const auto& statement : block.statements) {
        if (const auto* line = std::get_if<Line>(&statement))
            run_line(*line, scope, base);
        else if (const auto* choose = std::get_if<Choose>(&statement))
            run_choose(*choose, scope, base, of_type);
        else
            has_assignments = true;
    }
    // Constants only accompany data: a value none of whose parts is mapped leaves nothing behind.
    if (has_assignments && (!of_type || writes_ != before)) {
        for (const bool defaults : {false, true})
            for (const auto& statement : block.statements)
                if (const auto* assignment = std::get_if<Assignment>(&statement);
                    assignment && assignment->is_default == defaults)
                    run_assignment(*assignment, scope, base);
    }
    --depth_;
}

void Composer::run_assignment(const Assignment& a, const V2Scope& scope, Target& base) {
    if (a.to_v2) {
        // Backward writes this field by itself; if it would write what stands there, nothing is lost.
        const V2Value value = reader_.locate(a.v2, scope);
        Leaf* leaf = value.segment ? value.segment->find(value.at) : nullptr;
        if (!leaf) return;
        std::string ordinal;
        std::string_view expected = a.value.text;
        if (a.value.kind == Constant::Kind::ordinal)
            expected = ordinal = std::to_string(scope.frame ? scope.frame->nearest_ordinal() : 1);
        if (a.value.kind == Constant::Kind::v2) expected = reader_.text(a.value.v2, scope);
        const bool injected = a.value.kind == Constant::Kind::now || a.value.kind == Constant::Kind::control_id;
        if (injected || leaf->text == expected || value.at.field == 12) leaf->read = true;
        return;
    }
    if (!reader_.holds(a.if_, scope, peek(base), Reader::Mode::test)) return;
    if (a.is_default && reader_.select_first(peek(base), a.fhir)) return;
    if (a.value.kind == Constant::Kind::v2) {
        Constant read;
        read.text = reader_.text(a.value.v2, scope);
        read.type = a.value.type;
        if (!read.text.empty()) write_constant(base, a.fhir, 0, read, a.id, !a.is_default);
        return;
    }
    write_constant(base, a.fhir, 0, a.value, a.id, !a.is_default);
}

bool Composer::usable(const Choose::Branch& branch, const V2Scope& scope) {
    const auto* first = branch.block.statements.empty() ? nullptr : std::get_if<Line>(&branch.block.statements.front());
    if (!first || first->conversion.kind != Conversion::Kind::builtin || first->sources.empty()) return true;
    if (first->target.kind != FhirKind::number && first->target.kind != FhirKind::date_time &&
        first->target.kind != FhirKind::time)
        return true;
    const std::string_view text = reader_.text(first->sources.front(), scope);
    std::string ignored;
    const Converted result = text.empty() ? Converted::good : to_fhir(text, first->target.kind, zone_, ignored);
    return result == Converted::good || result == Converted::doubtful;
}

void Composer::run_choose(const Choose& choose, const V2Scope& scope, Target& base, bool of_type) {
    for (const auto& branch : choose.branches) {
        if (!usable(branch, scope)) continue;
        // `where` selects backward; a branch that has nothing else to decide by is decided by it in both directions
        if (!reader_.holds(branch.if_, scope, peek(base), Reader::Mode::test)) continue;
        run(branch.block, scope, base, of_type);
        return;
    }
}

void Composer::run_line(const Line& line, const V2Scope& scope, Target& base) {
    if (!line.forward) return;
    if (line.if_.kind != Condition::Kind::yes && !reader_.holds(line.if_, scope, peek(base), Reader::Mode::test))
        return;
    // A line's values lie on one stack for all lines at work, found by number: a type map's lines push onto it and leave.
    const struct Values {
        std::vector<V2Value>& stack;
        std::size_t first;
        explicit Values(std::vector<V2Value>& s) : stack(s), first(s.size()) {}
        ~Values() { stack.resize(first); }
        bool empty() const { return stack.size() == first; }
    } frame(values_);
    const V2Ref* source = nullptr;
    for (const auto& candidate : line.sources) {
        if (candidate.kind == V2Ref::Kind::event) {
            source = &candidate;
            break;
        }
        reader_.collect(candidate, scope, values_);
        if (!frame.empty()) {
            source = &candidate;
            break;
        }
    }
    if (!source) {
        if (line.required) {
            const V2Value missing = reader_.locate(line.sources.front(), scope);
            report(line.refuse ? Severity::error : Severity::warning, "R301", "a required value is missing", line.id,
                   &missing);
        }
        return;
    }
    if (values_.size() == frame.first + 1 && values_.back().segment) {
        Leaf* leaf = values_.back().segment->find(values_.back().at);
        if (leaf && leaf->erased) {
            leaf->read = true;
            if (!base.capture) erase(line, base);
            return;
        }
    }
    if (source->kind == V2Ref::Kind::event) values_.push_back({});
    const std::size_t count = values_.size() - frame.first;
    if (line.joined && count != 0) {
        const std::vector<V2Value> values(values_.begin() + static_cast<std::ptrdiff_t>(frame.first), values_.end());
        const std::string text = joined(line, values);
        if (text.empty()) return;
        Chain chain;
        Target* at = &base;
        const std::uint32_t ordinal = scope.frame ? scope.frame->nearest_ordinal() : 1;
        for (std::size_t i = 0; i < line.target.steps.size() && i < steps_max; ++i)
            at = chain.set(i, below(*at, line.target.steps[i], ordinal));
        write(*at, text, line.target.kind, line.id, &from_parts);
        return;
    }
    const auto& steps = line.target.steps;
    const std::uint32_t ordinal = scope.frame ? scope.frame->nearest_ordinal() : 1;
    // Steps before the iterating one are shared by all repetitions.
    Chain chain;
    const std::size_t shared = line.target.iterates < 0 ? steps.size() : static_cast<std::size_t>(line.target.iterates);
    if (steps.size() > steps_max) return;
    if (line.target.each >= 0) return write_each(line, values_[frame.first], base);
    for (std::size_t n = 0; n < count; ++n) {
        const V2Value value = values_[frame.first + n];
        for (std::size_t i = n == 0 ? 0 : shared; i < steps.size(); ++i)
            chain.set(i, below(i == 0 ? base : chain[i - 1], steps[i], ordinal));
        convert(line, value, steps.empty() ? base : chain[steps.size() - 1]);
        if (line.target.iterates < 0 && value.at.repetition == 0) break;
    }
    const V2Value first = values_[frame.first];
    if (source->kind == V2Ref::Kind::field && !source->repetition_given && source->at.field != 0 && first.segment &&
        first.segment->last_repetition(source->at.field) > 1 && !base.capture && line.backward)
        report(Severity::note, "R310", "the field repeats and the map reads the first only", line.id, &first);
}

/// The value into every element that higher lines have made of the array with [*].
void Composer::write_each(const Line& line, V2Value value, Target& base) {
    const auto& steps = line.target.steps;
    const auto each = static_cast<std::size_t>(line.target.each);
    std::size_t elements = 1;
    for (std::size_t n = 1; n <= elements; ++n) {
        Chain chain;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            Target& parent = i == 0 ? base : chain[i - 1];
            if (i == each) elements = peek(parent)[steps[i].name].size();
            if (n > elements) return;
            chain.set(i, below(parent, steps[i], static_cast<std::uint32_t>(n)));
        }
        convert(line, value, chain[steps.size() - 1]);
    }
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
