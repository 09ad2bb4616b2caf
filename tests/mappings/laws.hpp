#pragma once
#include <string>
#include <vector>

#include "tests/mappings/message_generator.hpp"

namespace causeway::mappings::testing {

/// A law of the maps: what must hold of any message. Empty if it holds, otherwise what was seen.
struct Law {
    const char* name;
    std::string (*broken)(const Plan& plan, const std::string& er7);
};

/// Determinism, GetPut, true lineage, idempotent merge: they hold of every message.
const std::vector<Law>& laws();

struct LawResult {
    std::size_t runs = 0, failures = 0;
    std::string counterexample;  ///< the first, shrunk, with what was seen
};

/// Runs a law over generated messages of a structure: seeds `first` to `first + count - 1`.
LawResult try_law(const Law& law, const Plan& plan, const MessagePlan& message, std::uint64_t first, std::size_t count);

/// What depends on how complete the maps are, as shares: a message made from the resources alone gives the same elements
/// (CreateGet), is made again the same (normal form), an edit of one element arrives in its message (PutGet; put reports
/// those that do not), and the resources are valid R4.
struct Fidelity {
    std::size_t messages = 0, normal = 0;
    std::size_t leaves = 0, kept = 0;
    std::size_t resources = 0, valid = 0;
    std::size_t edits = 0, arrived = 0;

    double kept_share() const { return leaves == 0 ? 1 : static_cast<double>(kept) / static_cast<double>(leaves); }
    double normal_share() const {
        return messages == 0 ? 1 : static_cast<double>(normal) / static_cast<double>(messages);
    }
    double arrived_share() const { return edits == 0 ? 1 : static_cast<double>(arrived) / static_cast<double>(edits); }
    double valid_share() const {
        return resources == 0 ? 1 : static_cast<double>(valid) / static_cast<double>(resources);
    }
};
Fidelity measure(const Plan& plan, const MessagePlan& message, std::uint64_t first, std::size_t count);

}  // namespace causeway::mappings::testing
