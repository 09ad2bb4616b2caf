#include <algorithm>

#include "mappings/engine/emitter.hpp"

namespace causeway::mappings {
namespace {

/// Collects what a codec gives back; it is written when the codec is content.
class Components final : public CodecOutput {
public:
    void component(int component, std::string_view text) override { parts.emplace_back(component, text); }
    std::vector<std::pair<int, std::string>> parts;
};

/// The first coding of a concept that is the sender's own and not the table's; its number from 0.
std::optional<std::uint32_t> own_coding(fhir::Element value, const TablePlan& table, std::string_view mapped) {
    std::uint32_t i = 0;
    for (const fhir::Element coding : value["coding"].items()) {
        const bool of_table = !table.system.empty() && coding["system"].text() == table.system;
        const auto code = coding["code"].text();
        // Of a lossy row, only a code that still means what stands beside it.
        if (!of_table &&
            (mapped.empty() || code.empty() || table.find_forward(code).code() == mapped || table.passes_through))
            return i;
        ++i;
    }
    return std::nullopt;
}

}  // namespace

bool Emitter::convert(const Line& line, const Selected& from, V2Value to) {
    const Conversion& how = line.conversion;
    switch (how.kind) {
        case Conversion::Kind::type: {
            V2Scope scope;
            scope.value = to;
            scope.is_value = true;
            return run(how.type->block, scope, from);
        }
        case Conversion::Kind::table:
            return convert_by_table(line, from, to);
        case Conversion::Kind::codec: {
            if (!how.codec->backward || !from.element.has_value()) return false;
            Components parts;
            if (!how.codec->backward(from.element.text(), parts)) return false;
            bool hit = false;
            for (const auto& [component, text] : parts.parts)
                hit |= put(to.part(static_cast<std::uint8_t>(component), 0), text, from, line.id);
            return hit;
        }
        case Conversion::Kind::text: {
            if (how.constant_text) return put(to, how.before, from, line.id);
            const std::string_view text = from.element.text();
            const bool fits = text.size() > how.before.size() + how.after.size() &&
                              text.substr(0, how.before.size()) == how.before &&
                              text.substr(text.size() - how.after.size()) == how.after;
            if (!fits) return false;
            std::string inner(text.substr(how.before.size(), text.size() - how.before.size() - how.after.size()));
            if (line.target.type == "uri" || line.target.type == "url")
                for (std::size_t at = 0; (at = inner.find("%20", at)) != std::string::npos;) inner.replace(at, 3, " ");
            return put(to, inner, from, line.id);
        }
        case Conversion::Kind::parts: {
            std::string_view text = from.element.text();
            if (text.substr(0, how.before.size()) != how.before) return false;
            text.remove_prefix(how.before.size());
            bool hit = false;
            for (const auto& part : how.parts) {
                const auto end = part.after.empty() ? text.size() : text.find(part.after);
                if (end == std::string_view::npos) return hit;
                hit |= put(to.part(part.at.component, part.at.subcomponent), text.substr(0, end), from, line.id);
                text.remove_prefix(std::min(text.size(), end + part.after.size()));
            }
            return hit;
        }
        case Conversion::Kind::builtin: {
            if (!from.element.has_value()) return false;
            std::string text;
            const FhirKind kind = line.target.kind == FhirKind::complex ? FhirKind::string : line.target.kind;
            const V2Kind type = line.sources.front().type;
            return to_v2(from.element.text(), kind, type == V2Kind::composite ? V2Kind::text : type, offset_, text) &&
                   put(to, text, from, line.id);
        }
    }
    return false;
}

bool Emitter::convert_by_table(const Line& line, const Selected& from, V2Value to) {
    const Conversion& how = line.conversion;
    const fhir::Element value = from.element;
    const bool composite = how.type != nullptr;
    const auto as_type = [&](fhir::Element concept_element, std::uint32_t skip) {
        Selected whole = from;
        whole.element = concept_element;
        V2Scope scope;
        scope.value = to;
        scope.is_value = true;
        const std::uint32_t outer = coding_offset_;
        coding_offset_ = skip;
        const bool hit = run(how.type->block, scope, whole);
        coding_offset_ = outer;
        return hit;
    };
    if (value.has_value()) {
        // The code as it was sent, if it still means the code that stands here.
        for (const fhir::Element extension : value["extension"].items()) {
            if (plan_.alternate_codes_url.empty() || extension["url"].text() != plan_.alternate_codes_url) continue;
            const fhir::Element kept = extension["valueCodeableConcept"];
            const std::string_view original = kept["coding"].first()["code"].text();
            if (original.empty() || how.table->find_forward(original).code() != value.text()) continue;
            if (!composite) return put(to, original, from, line.id);
            const bool hit = as_type(kept, 0);
            if (hit && mirror_depth_ == 0) consumed_.insert({value.node(), from.via});
            return hit;
        }
        std::string text(value.text());
        if (line.target.type == "uri" || line.target.type == "url")
            for (std::size_t at = 0; (at = text.find("%20", at)) != std::string::npos;) text.replace(at, 3, " ");
        const auto code = how.table->find_backward(text);
        if (code.empty()) {
            report(Severity::warning, "R321", "table " + how.table->name + " has no v2 code for the value", line.id);
            return false;
        }
        return put(composite ? to.part(1, 0) : to, code.code(), from, line.id);
    }
    if (!value.is_object()) return false;
    if (line.target.type == "Coding") {
        const auto code = how.table->find_backward(value["code"].text());
        if (code.empty()) return false;
        Selected leaf = from;
        leaf.element = value["code"];
        return put(composite ? to.part(1, 0) : to, code.code(), leaf, line.id);
    }
    fhir::Element mapped;
    for (const fhir::Element coding : value["coding"].items())
        if (!mapped && !how.table->system.empty() && coding["system"].text() == how.table->system) mapped = coding;
    const auto own = own_coding(value, *how.table, mapped["code"].text());
    if (own || !mapped) {
        if (composite) return as_type(value, own.value_or(0));
        const fhir::Element code = value["coding"].item(own.value_or(0))["code"];
        Selected leaf = from;
        leaf.element = code ? code : value["text"];
        return leaf.element && put(to, leaf.element.text(), leaf, line.id);
    }
    const auto code = how.table->find_backward(mapped["code"].text());
    if (code.empty()) {
        report(Severity::warning, "R321", "table " + how.table->name + " has no v2 code for the value", line.id);
        return composite && as_type(value, 0);
    }
    // A table that only names HL7's own codes: the concept says the code, its name and its table by itself.
    if (composite && line.sources.front().type == V2Kind::composite && code.code() == mapped["code"].text() &&
        how.table->system.find("/v2-") != std::string::npos) {
        std::uint32_t at = 0;
        while (value["coding"].item(at).node() != mapped.node()) ++at;
        return as_type(value, at);
    }
    Selected leaf = from;
    leaf.element = mapped["code"];
    const bool hit = put(composite ? to.part(1, 0) : to, code.code(), leaf, line.id);
    if (hit && composite && value["text"]) {
        leaf.element = value["text"];
        if (!consumed(leaf)) put(to.part(2, 0), value["text"].text(), leaf, line.id);
    }
    return hit;
}

}  // namespace causeway::mappings
