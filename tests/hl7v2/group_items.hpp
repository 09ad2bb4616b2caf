#pragma once
#include <cstdint>
#include <vector>

#include "hl7v2/group.hpp"

namespace causeway::hl7v2::testing {

/// The structure item of each segment in the tree, in order; UINT32_MAX where the structure has none.
inline void collect(const GroupNode& node, std::vector<std::uint32_t>& items) {
    for (const GroupNode child : node) {
        if (child.is_group()) {
            collect(child, items);
        } else {
            items.push_back(child.expected() ? child.item().id() : UINT32_MAX);
        }
    }
}

}  // namespace causeway::hl7v2::testing
