#include "mappings/engine/put_values.hpp"

#include <algorithm>

#include "hl7v2/escape.hpp"
#include "mappings/engine/plan.hpp"
#include "mappings/engine/primitive.hpp"
#include "mappings/engine/trace_text.hpp"

namespace causeway::mappings {
namespace {

constexpr std::size_t values_max = 16;  ///< beyond that, comparing whole messages is no slower

struct Value {
    V2Leaf leaf;
    std::string text;  ///< as it is to be written, escaped
};

bool is_mirrored(const Plan& plan, SegmentCode segment, std::uint16_t field) {
    return std::find(plan.mirrored.begin(), plan.mirrored.end(), std::pair(segment, field)) != plan.mirrored.end();
}

/// Whether v2 says at another place what stands at `leaf`, and has to say the same after the edit.
bool said_twice(const Plan& plan, const hl7v2::MessageView& message, const V2Leaf& leaf) {
    const auto code_of = [&](std::uint32_t segment) { return segment_code(message[segment].raw().substr(0, 3)); };
    if (is_mirrored(plan, code_of(leaf.segment), leaf.field)) return true;
    const std::string_view text = message.bytes().substr(leaf.offset, leaf.length);
    for (std::uint32_t i = 0; i < message.size(); ++i) {
        if (message[i].raw().find(text) == std::string_view::npos) continue;
        for (const auto& [segment, field] : plan.mirrored)
            if (segment == code_of(i) && message[i].field(field).raw().find(text) != std::string_view::npos)
                return true;
    }
    return false;
}

std::optional<Value> value_for(const Plan& plan, const hl7v2::MessageView& message, const ForwardResult& read,
                               const Difference& edit, OffsetPolicy offset) {
    const bool value_changed = edit.before.has_value() && edit.after.has_value() &&
                               edit.before.kind() == edit.after.kind() && edit.before.size() == 0 &&
                               edit.after.size() == 0;
    if (!value_changed) return std::nullopt;
    const TraceEntry* origin = nullptr;
    for (const auto& entry : read.trace) {
        if (entry.node != edit.before.node()) continue;
        if (origin || !entry.has_source) return std::nullopt;
        origin = &entry;
    }
    const Line* line = origin ? plan.line_by_id[origin->line] : nullptr;
    if (!line || !line->backward || line->joined) return std::nullopt;
    std::string text;
    if (line->conversion.kind == Conversion::Kind::builtin) {
        const V2Kind type = line->sources.front().type;
        const FhirKind kind = line->target.kind == FhirKind::complex ? FhirKind::string : line->target.kind;
        if (!to_v2(edit.after.text(), kind, type == V2Kind::composite ? V2Kind::text : type, offset, text))
            return std::nullopt;
    } else if (line->conversion.kind == Conversion::Kind::table && line->target.kind != FhirKind::complex) {
        text = line->conversion.table->find_backward(edit.after.text()).code();
    }
    if (text.empty() || said_twice(plan, message, origin->source)) return std::nullopt;
    Value value{origin->source, {}};
    hl7v2::encode_escapes(text, message.delimiters(), value.text);
    return value;
}

}  // namespace

std::optional<std::string> put_values(const Plan& plan, const hl7v2::MessageView& original, const ForwardResult& read,
                                      std::span<const Difference> edit, std::vector<std::string>& changed) {
    if (edit.empty() || edit.size() > values_max) return std::nullopt;
    const auto policy = plan.setting("offset");
    const OffsetPolicy offset = policy == "always"  ? OffsetPolicy::always
                                : policy == "never" ? OffsetPolicy::never
                                                    : OffsetPolicy::as_received;
    std::vector<Value> values;
    for (const Difference& each : edit) {
        auto value = value_for(plan, original, read, each, offset);
        if (!value) return std::nullopt;
        values.push_back(std::move(*value));
    }
    std::sort(values.begin(), values.end(),
              [](const Value& a, const Value& b) { return a.leaf.offset < b.leaf.offset; });
    std::string out;
    std::size_t from = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Value& value = values[i];
        if (i != 0 && values[i - 1].leaf == value.leaf) {  // one leaf made two elements
            if (values[i - 1].text != value.text) return std::nullopt;
            continue;
        }
        out.append(original.bytes(), from, value.leaf.offset - from).append(value.text);
        from = value.leaf.offset + value.leaf.length;
        changed.push_back(leaf_name(original, value.leaf));
    }
    out.append(original.bytes(), from);
    return out;
}

}  // namespace causeway::mappings
