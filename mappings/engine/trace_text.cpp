#include "mappings/engine/trace_text.hpp"

#include "mappings/engine/leaves.hpp"
#include "mappings/engine/plan.hpp"

namespace causeway::mappings {

std::string leaf_name(const hl7v2::MessageView& message, const V2Leaf& leaf) {
    if (leaf.segment >= message.size()) return {};
    const std::string name(message[leaf.segment].name());
    std::size_t ordinal = 0;
    for (std::size_t i = 0; i <= leaf.segment; ++i) ordinal += message[i].name() == name ? 1 : 0;
    return leaf_path(segment_code(name), ordinal, {leaf.field, leaf.repetition, leaf.component, leaf.subcomponent});
}

std::string trace_text(const Plan& plan, const ForwardResult& result, const hl7v2::MessageView& message) {
    std::string out;
    for (const auto& entry : result.trace) {
        std::string path = fhir::path_of(fhir::Element(entry.node));
        const auto dot = std::min(path.find('.'), path.size());
        out += path.substr(0, dot) + "[" + std::to_string(entry.resource) + "]" + path.substr(dot);
        if (entry.has_source)
            out += " <- " + leaf_name(message, entry.source) + " @" + std::to_string(entry.source.offset) + "+" +
                   std::to_string(entry.source.length);
        if (entry.line != 0) {
            const LineText& line = plan.lines[entry.line];
            out += "  " + line.file + ":" + std::to_string(line.line);
            if (!line.site.empty()) out += " (" + line.site + ")";
        }
        out += '\n';
    }
    return out;
}

std::string residue_text(const ForwardResult& result) {
    std::string out;
    for (const auto& entry : result.residue) out += entry.path + (entry.kept ? " (kept)\n" : "\n");
    return out;
}

}  // namespace causeway::mappings
