#include <algorithm>
#include <utility>

#include "mappings/engine/composer.hpp"
#include "mappings/engine/known_steps.hpp"

namespace causeway::mappings {
namespace {

/// A codec's view of a value.
class ValueInput final : public CodecInput {
public:
    /// `used`: takes the places that were looked at and had a value.
    /// `outside` grows when it reads beside its value.
    ValueInput(const Reader& reader, V2Value value, bool mark, std::vector<V2Value>& used, std::uint32_t& outside)
        : reader_(reader), value_(value), mark_(mark), used_(used), outside_(outside) {}
    std::string component(int component, int subcomponent) const override {
        return at(value_.part(static_cast<std::uint8_t>(component), static_cast<std::uint8_t>(subcomponent)));
    }
    std::string field(int field, int component) const override {
        ++outside_;
        return at(
            {value_.segment, {static_cast<std::uint16_t>(field), 1, static_cast<std::uint8_t>(component), 1}, {}});
    }

    /// Whether a place that was looked at is deleted.
    bool saw_deleted() const noexcept { return saw_deleted_; }

private:
    std::string at(const V2Value& place) const {
        Leaf* leaf = place.leaf();
        if (!leaf) return {};
        saw_deleted_ |= leaf->erased;
        if (mark_) leaf->read = true;
        used_.push_back({place.segment, leaf->position(), {}});
        return std::string(reader_.text(*leaf));
    }
    const Reader& reader_;
    V2Value value_;
    bool mark_;
    std::vector<V2Value>& used_;
    std::uint32_t& outside_;
    mutable bool saw_deleted_ = false;
};

}  // namespace

void Composer::run_type(const TypePlan& type, V2Value value, Target& target) {
    V2Scope scope;
    scope.value = value;
    scope.is_value = true;
    scope.parts = 0;
    for (const Leaf& leaf : value.below()) {
        const LeafKey at = leaf.position();
        scope.parts |= bit_of(value.at.component == 0      ? at.component
                              : value.at.subcomponent == 0 ? at.subcomponent
                                                           : 1);
    }
    run(type.block, scope, target, true);
}

bool Composer::convert(const Line& line, V2Value value, Target& target) {
    const Conversion& how = line.conversion;
    std::string& out = scratch_;  // no conversion that uses it runs another
    out.clear();
    if (!target.capture) parts_.clear();
    std::string_view as_sent;  // what is written where nothing had to be made of it
    switch (how.kind) {
        case Conversion::Kind::type:
        case Conversion::Kind::table:
            return convert_composite(line, value, target);
        case Conversion::Kind::codec: {
            used_.clear();
            const ValueInput input(reader_, value, !target.capture, used_, outside_);
            const FhirKind type = line.target.kind;
            const bool as_it_is = type == FhirKind::string || type == FhirKind::complex;
            std::string& said = as_it_is ? out : codec_text_;
            said.clear();
            if (!how.codec->forward(input, said)) return false;
            for (const V2Value& place : used_) note_part(place);
            if (!as_it_is) {  // a codec gives v2 text; its element may want more
                const Converted result = to_fhir(said, type, zone_, out);
                if (result == Converted::wrong || result == Converted::imprecise) return false;
            }
            break;
        }
        case Conversion::Kind::text: {
            out = how.before;
            if (!how.constant_text) {
                const auto text = value.segment ? reader_.text(value) : reader_.facts.event;
                if (text.empty()) return false;
                out += text;
                out += how.after;
            }
            if (line.target.is_uri)
                for (std::size_t at = 0; (at = out.find(' ', at)) != std::string::npos;) out.replace(at, 1, "%20");
            mark_read(value);
            break;
        }
        case Conversion::Kind::parts: {
            bool any = false;
            out = how.before;
            for (const auto& part : how.parts) {
                const V2Value place = value.part(part.at.component, part.at.subcomponent);
                const auto piece = reader_.text(place);
                any |= !piece.empty();
                mark_read(place);
                note_part(place);
                out += piece;
                out += part.after;
            }
            if (!any) return false;
            break;
        }
        case Conversion::Kind::builtin: {
            const std::string_view text = value.segment ? reader_.text(value) : reader_.facts.event;
            if (text.empty()) return false;
            if (line.target.kind == FhirKind::complex)
                return false;  // no type map in this version: residue, not a wrong shape
            if (line.target.kind == FhirKind::string) {
                if (static_cast<unsigned char>(text.front()) > ' ' ||
                    text.find_first_not_of(" \t") != std::string_view::npos)
                    as_sent = text;
            } else if (line.target.kind == FhirKind::number && is_json_number(text)) {
                as_sent = text;
            }
            const Converted result = as_sent.empty() ? to_fhir(text, line.target.kind, zone_, out) : Converted::good;
            if (result == Converted::wrong || result == Converted::imprecise) {
                if (!target.capture)
                    report(Severity::warning, result == Converted::wrong ? "R305" : "R341",
                           result == Converted::wrong ? "the value is not of the type its element needs"
                                                      : "the time is not precise enough for an instant",
                           line.id, &value);
                return false;
            }
            if (result == Converted::doubtful && !target.capture)
                report(Severity::note, "R340",
                       "the local time does not exist or exists twice; the earlier offset was taken", line.id, &value);
            break;
        }
    }
    FhirKind kind = line.target.kind;
    if (kind == FhirKind::complex) kind = FhirKind::string;
    const bool of_parts = how.kind == Conversion::Kind::codec || how.kind == Conversion::Kind::parts;
    if (!write(target, as_sent.empty() ? Text::copied(out) : Text::of(as_sent), kind, line.id,
               of_parts ? &from_parts : &value))
        return false;
    mark_read(value);
    return true;
}

/// Whether a codec makes nothing of a value because another that it reckons with is deleted: an end of its start.
bool Composer::lacks_deleted(const Line& line, const V2Value& value, const Target& base) {
    if (!erases_ || base.capture || line.conversion.kind != Conversion::Kind::codec) return false;
    used_.clear();
    std::string ignored;
    const ValueInput input(reader_, value, false, used_, outside_);
    return !line.conversion.codec->forward(input, ignored) && input.saw_deleted();
}

bool Composer::make_composite(const Line& line, V2Value value, Target& target) {
    if (line.conversion.kind == Conversion::Kind::table) return convert_by_table(line, value, target);
    const std::uint64_t before = writes_;
    run_type(*line.conversion.type, value, target);
    return writes_ != before;
}

/// Whether a resource is known by a number of its own: two of the same number are one.
bool Composer::is_of_number(std::uint32_t resource) {
    const Draft& draft = drafts_[resource];
    const IdentityPlan* identity = identity_of(draft.type);
    if (!identity || identity->keys.empty()) return false;
    const KeyPlan& first = identity->keys.front();
    return first.kind == KeyPlan::Kind::path && first.identifier &&
           !draft.root["identifier"].first()["value"].text().empty();
}

/// Whether a resource is known by what it refers to at a step: two of the same content are one.
bool Composer::is_of_reference(std::uint32_t resource, const Step& step) {
    const IdentityPlan* identity = identity_of(drafts_[resource].type);
    if (!identity || identity->keys.empty()) return false;
    const auto content = [&](const KeyPlan& part) {
        return part.kind == KeyPlan::Kind::path && (part.optional || part.path.steps.front().key == step.key);
    };
    const KeyPlan& first = identity->keys.front();
    return first.kind == KeyPlan::Kind::tuple ? std::all_of(first.parts.begin(), first.parts.end(), content)
                                              : content(first);
}

/// A value that was converted before in this message the same way is copied; any other is made, and remembered if what
/// it became is its doing alone.
bool Composer::convert_composite(const Line& line, V2Value value, Target& target) {
    const Conversion& how = line.conversion;
    const LeafRange leaves = value.below();
    const auto count = static_cast<std::size_t>(leaves.last - leaves.first);
    const bool crosses = target.step && !target.step->crossing.empty();
    if (remembering_ || target.capture || line.target.kind != FhirKind::complex || !value.segment || count == 0 ||
        count > Repeats::leaves_max || value.at.field == 0 || value.at.repetition == 0 || value.segment->erases() ||
        target.coding_offset != 0)
        return make_composite(line, value, target);
    std::size_t crossings = 0;
    for (const Target* t = &target; t && t->step && !t->node; t = t->parent) {
        crossings += t->step->crossing.empty() ? 0U : 1U;
        // What a slice demands is written on the way to the target, and may be a part of it.
        if (!crosses && !(t->step->where.empty() && t->step->crossing_where.empty()))
            return make_composite(line, value, target);
    }
    const fhir::Element there = peek(target);
    if (there && (there.size() > 1 || crosses || there.kind() != fhir::Kind::object))
        return make_composite(line, value, target);
    Repeats::Key key;
    const bool owns = line.owns_crossing && crossings == 2;
    key.how = how.kind == Conversion::Kind::type && !owns ? static_cast<const void*>(how.type) : &line;
    const char* const begin = leaves.first->text.data();
    const std::string_view last = leaves.last[-1].text;
    key.bytes = {begin, static_cast<std::size_t>(last.data() + last.size() - begin)};
    key.at = value.at.component * 256U + value.at.subcomponent;
    key.first = static_cast<std::uint32_t>(leaves.first->key & 0xffffU);
    if (there.size() == 1) {
        const fhir::Element sibling(there.node()->first);
        if (!sibling.has_value() || sibling.size() != 0) return make_composite(line, value, target);
        key.sibling = sibling.name();
    }
    const std::uint64_t hash = key.hash();
    if (const auto* known = repeats_.find(key, hash); known && !(target.below_choice && blocked(target))) {
        repeat(*known, value, target);
        return true;
    }
    if (repeats_.full()) return make_composite(line, value, target);
    // What of it is read is told from what was read before.
    Repeats::Made made;
    made.key = key;
    made.offset = leaves.first->offset;
    std::uint64_t read_before = 0;
    for (std::size_t i = 0; i < count; ++i) {
        read_before |= static_cast<std::uint64_t>(leaves.first[i].read) << i;
        leaves.first[i].read = false;
    }
    const std::size_t traced = trace_.size(), drafts = drafts_.size();
    const std::uint32_t outside = outside_, looks = looks_;
    const char* const sibling = there.size() == 0 ? nullptr : fhir::Element(there.node()->first).text().data();
    remembering_ = true;
    const bool wrote = make_composite(line, value, target);
    remembering_ = false;
    for (std::size_t i = 0; i < count; ++i) {
        made.read |= static_cast<std::uint64_t>(leaves.first[i].read) << i;
        leaves.first[i].read |= ((read_before >> i) & 1U) != 0;
    }
    if (!wrote || outside_ != outside || (looks_ != looks && sibling) || !target.node ||
        (sibling && fhir::Element(target.node->first).text().data() != sibling) || trace_.size() == traced ||
        drafts_.size() != drafts + crossings)
        return wrote;
    made.line = trace_[traced].line;
    if (crosses) {
        made.resource = target.resource;
        if (target.resource < drafts || !is_of_number(target.resource)) return wrote;
        if (owns && is_of_reference(static_cast<std::uint32_t>(drafts), *target.step)) {
            made.via = static_cast<std::uint32_t>(drafts);
            drafts_[made.via].whole = true;
        }
        repeats_.keep_resource(made, hash, trace_, traced, value);
    } else if (target.node->kind == fhir::Kind::object) {
        repeats_.keep_pieces(made, hash, target.node, key.sibling.empty() ? 0 : 1, trace_, traced, value);
    }
    return wrote;
}

void Composer::repeat(const Repeats::Made& made, const V2Value& value, Target& target) {
    const LeafRange leaves = value.below();
    std::size_t number = 0;
    for (Leaf& leaf : leaves) leaf.read |= ((made.read >> number++) & 1U) != 0;
    line_ = made.line;
    ++writes_;
    if (made.resource != Repeats::Made::none) drafts_[made.resource].shared = true;
    Target* last = &target;
    if (made.via != Repeats::Made::none)  // whose reference to the resource is there
        do last = last->parent;
        while (last->step->crossing.empty());
    resolve(*last, last == &target ? made.resource : made.via);
    repeats_.copy(made, handle(*last), value, last->resource, trace_);
}

bool Composer::convert_by_table(const Line& line, V2Value value, Target& target) {
    const Conversion& how = line.conversion;
    const V2Value code_place = value.segment && how.type ? value.part(1, 0) : value;
    const std::string_view code = value.segment ? reader_.text(code_place) : reader_.facts.event;
    auto found = code.empty() ? TablePlan::Found() : how.table->find_forward(code);
    if (line.target.is_uri)  // a name with blanks in it is no uri as it stands
        if (found.code().find(' ') != std::string_view::npos) {
            if (found.made.empty()) found.made = found.row;
            for (std::size_t at = 0; (at = found.made.find(' ', at)) != std::string::npos;)
                found.made.replace(at, 1, "%20");
        }
    const std::string_view mapped = found.code();
    const Text to_write{mapped, found.made.empty()};
    const bool composite = how.type && value.segment;
    const LeafRange all_parts = value.below();
    const bool more_parts = composite && all_parts.last - all_parts.first > (code.empty() ? 0 : 1);
    if (line.target.kind != FhirKind::complex) {
        if (mapped.empty()) {
            if (!code.empty() && !target.capture)
                report(Severity::warning, "R320", "table " + how.table->name + " has no code for the value", line.id,
                       &value);
            return false;
        }
        if (!write(target, to_write, line.target.kind, line.id, &code_place)) return false;
        mark_read(code_place);
        if (!how.keep || target.capture || plan_.alternate_codes_url.empty()) return true;
        if (how.table->find_backward(mapped).code() == code && !more_parts) return true;
        if (fhir::Element(target.node).text() != mapped) return true;
        // The original goes beside the code, so that it comes back as it was.
        Target extension(target, extension_step, 1);
        Target url(extension, url_step, 1);
        for (const fhir::Element known : peek(target)["extension"].items())
            if (known["url"].text() == plan_.alternate_codes_url) return true;
        write(url, Text::of(plan_.alternate_codes_url), FhirKind::string, line.id, nullptr);
        Target kept(extension, extension_value_step, 1);
        if (composite) {
            run_type(*how.type, value, kept);
        } else {
            Target coding(kept, coding_step, 1);
            Target original(coding, code_step, 1);
            write(original, Text::of(code), FhirKind::string, line.id, &code_place);
        }
        return true;
    }
    const bool is_concept = line.target.is_concept;
    if (mapped.empty()) {
        if (!code.empty() && !how.table->passes_through)
            report(Severity::note, "R320",
                   "table " + how.table->name + " has no code for the value; the sender's code is kept", line.id,
                   &value);
        if (composite && is_concept) {
            const std::uint64_t before = writes_;
            run_type(*how.type, value, target);
            return writes_ != before;
        }
        if (code.empty()) return false;
        write_code(target, is_concept, {}, Text::of(code), {}, line.id, &code_place);
        mark_read(code_place);
        return true;
    }
    // A code that passes through unchanged takes the sender's own system where there is one.
    const bool own_system = composite && how.table->passes_through && !reader_.text(value.part(3, 0)).empty();
    if (own_system && is_concept) {
        run_type(*how.type, value, target);
        return true;
    }
    write_code(target, is_concept, how.table->system, to_write, found.display, line.id, &code_place);
    mark_read(code_place);
    if (!is_concept) return true;
    if (composite && more_parts) {
        const std::size_t traced = trace_.size();
        target.coding_offset = 1;
        run_type(*how.type, value, target);
        target.coding_offset = 0;
        drop_repeated_coding(target, traced);
    } else if (how.keep && how.table->find_backward(mapped).code() != code) {
        Step second = coding_step;
        second.index = Step::Index::nth;
        second.n = 2;
        Target coding(target, second, 1);
        Target original(coding, code_step, 1);
        write(original, Text::of(code), FhirKind::string, line.id, &code_place);
    }
    return true;
}

/// Where the sender sent the very code the table gave, one coding says it.
void Composer::drop_repeated_coding(Target& concept_target, std::size_t traced) {
    const fhir::Element codings = peek(concept_target)["coding"];
    const fhir::Element first = codings.item(0), second = codings.item(1);
    if (!second || first["code"].text() != second["code"].text() || first["system"].text() != second["system"].text())
        return;
    fhir::MutableElement concept_element = handle(concept_target);
    if (const fhir::Element display = second["display"]; display && !first["display"]) {
        const auto made = handle(first).member("display");
        fhir::MutableElement copy = made;
        copy.copy_from(display);
        for (std::size_t i = traced; i < trace_.size(); ++i)
            if (trace_[i].node == display.node()) trace_[i].node = copy.node();
    }
    const auto recent = trace_.begin() + static_cast<std::ptrdiff_t>(traced);
    trace_.erase(std::remove_if(recent, trace_.end(),
                                [&](const TraceEntry& entry) {
                                    for (const fhir::Element child : second.children())
                                        if (entry.node == child.node()) return true;
                                    return false;
                                }),
                 trace_.end());
    concept_element.remove_item("coding", 1);
}

}  // namespace causeway::mappings
