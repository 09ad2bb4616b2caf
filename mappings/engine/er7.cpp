#include "mappings/engine/er7.hpp"

#include "hl7v2/escape.hpp"

namespace causeway::mappings {

void write_field(const Leaf* first, const Leaf* last, const hl7v2::Delimiters& delimiters, std::string& out,
                 Trace* trace, std::uint32_t segment) {
    std::uint16_t repetition = 1;
    std::uint8_t component = 1, subcomponent = 1;
    for (const Leaf* leaf = first; leaf != last; ++leaf) {
        const LeafKey at = leaf->position();
        for (; repetition < at.repetition; ++repetition) {
            out += delimiters.repetition;
            component = subcomponent = 1;
        }
        for (; component < at.component; ++component) {
            out += delimiters.component;
            subcomponent = 1;
        }
        for (; subcomponent < at.subcomponent; ++subcomponent) out += delimiters.subcomponent;
        const std::size_t begin = out.size();
        hl7v2::encode_escapes(leaf->text, delimiters, out);
        if (!trace || (leaf->line == 0 && !leaf->node)) continue;
        TraceEntry entry;
        entry.node = static_cast<const fhir::Node*>(leaf->node);
        entry.resource = leaf->resource;
        entry.line = leaf->line;
        entry.has_source = true;
        entry.source = {segment,
                        at.field,
                        at.repetition,
                        at.component,
                        at.subcomponent,
                        static_cast<std::uint32_t>(begin),
                        static_cast<std::uint32_t>(out.size() - begin)};
        trace->push_back(entry);
    }
}

void write_er7(const std::vector<LeafSegment*>& segments, const hl7v2::Delimiters& delimiters, std::string& out,
               Trace& trace) {
    std::uint32_t number = 0;
    for (LeafSegment* segment : segments) {
        segment->renumber(number);
        out += segment_name(segment->code());
        std::uint16_t field = 0;
        if (segment->code() == segment_code("MSH")) {
            out += delimiters.field;
            out += delimiters.encoding_characters();
            field = 2;
        }
        auto& leaves = segment->leaves();
        for (std::size_t i = 0; i < leaves.size();) {
            const std::uint16_t next = leaves[i].position().field;
            std::size_t end = i;
            while (end < leaves.size() && leaves[end].position().field == next) ++end;
            for (; field < next; ++field) out += delimiters.field;
            write_field(leaves.data() + i, leaves.data() + end, delimiters, out, &trace, number);
            i = end;
        }
        out += '\r';
        ++number;
    }
}

}  // namespace causeway::mappings
