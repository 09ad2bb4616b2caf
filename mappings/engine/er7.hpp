#pragma once
#include <string>
#include <vector>

#include "hl7v2/delimiters.hpp"
#include "mappings/engine/leaves.hpp"
#include "mappings/engine/report.hpp"

namespace causeway::mappings {

/// Writes segments that were built, each ended by CR, and records where every leaf came to stand. Renumbers the
/// segments.
void write_er7(const std::vector<LeafSegment*>& segments, const hl7v2::Delimiters& delimiters, std::string& out,
               Trace& trace);

/// One field's repetitions, components and subcomponents, from its leaves in order; offsets are recorded in the leaves.
void write_field(const Leaf* first, const Leaf* last, const hl7v2::Delimiters& delimiters, std::string& out,
                 Trace* trace, std::uint32_t segment);

}  // namespace causeway::mappings
