#pragma once
#include <memory_resource>
#include <vector>

#include "mappings/engine/leaves.hpp"
#include "mappings/engine/plan.hpp"
#include "mappings/engine/report.hpp"

namespace causeway::mappings {

/// One repetition of a group of a message, with what was found in it.
struct GroupInstance {
    struct Entry {
        const ItemPlan* item = nullptr;  ///< null: a segment the map does not name (Z-segments, later versions)
        std::uint32_t ordinal = 1;       ///< of this item in this group, from 1
        LeafSegment* segment = nullptr;
        GroupInstance* group = nullptr;
    };
    const ItemPlan* plan = nullptr;
    std::pmr::vector<Entry> entries;
};

/// Sorts the segments of a message into the groups of its map. Every segment finds a place: one that comes out of order
/// goes to the nearest open group that knows it (R302), an unknown one stays with the group that is open at that point.
/// The groups lie in `memory`, which must give nothing back before it is done with them.
GroupInstance& match(const MessagePlan& plan, std::pmr::vector<LeafSegment>& segments,
                     std::pmr::monotonic_buffer_resource& memory, Issues& issues);

}  // namespace causeway::mappings
