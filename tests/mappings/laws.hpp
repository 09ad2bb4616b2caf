#pragma once
#include <string>
#include <vector>

#include "hl7v2/message.hpp"
#include "mappings/engine/forward.hpp"
#include "tests/mappings/message_generator.hpp"

namespace causeway::mappings::testing {

/// A message under test with what it becomes, made once for all laws.
struct Sample {
    const Plan& plan;
    std::string er7;
    hl7v2::Message message;
    ForwardResult result;
};
Sample sample(const Plan& plan, std::string er7);

/// A law of the maps: what must hold of any message. Empty if it holds, otherwise what was seen.
struct Law {
    const char* name;
    std::string (*broken)(const Sample& sample);
};

/// Those that hold of every message; the numbers are those of the language reference.
const std::vector<Law>& laws();

hl7v2::Message parse(const std::string& er7);

// laws_of_lineage.cpp
std::string nothing_lost(const Sample& sample);
std::string lineage_true(const Sample& sample);
std::string changes_what_names_it(const Sample& sample);
std::string one_slice(const Sample& sample);
// laws_of_merge.cpp
std::string null_deletes(const Sample& sample);
std::string idempotent(const Sample& sample);
std::string senders_commute(const Sample& sample);

struct LawResult {
    std::size_t runs = 0, failures = 0;
    std::string counterexample;  ///< the first, shrunk, with what was seen
};

/// Runs laws over generated messages of a structure: seeds `first` to `first + count - 1`. One result per law.
std::vector<LawResult> try_laws(const std::vector<Law>& laws, const Plan& plan, const MessagePlan& message,
                                std::uint64_t first, std::size_t count);

/// What depends on how complete the maps are, as shares: a message made from the resources alone gives the same elements
/// (CreateGet), is made again the same (normal form), an edit of one element arrives in its message (PutGet; put reports
/// those that do not) and changes there only the field it concerns, and the resources are valid R4.
struct Fidelity {
    std::size_t messages = 0, normal = 0;
    std::size_t leaves = 0, kept = 0;
    std::size_t resources = 0, valid = 0;
    std::size_t edits = 0, arrived = 0, precise = 0;
    std::vector<std::string> examples;  ///< of edits that did not arrive, or changed what they do not concern

    double kept_share() const { return leaves == 0 ? 1 : static_cast<double>(kept) / static_cast<double>(leaves); }
    double normal_share() const {
        return messages == 0 ? 1 : static_cast<double>(normal) / static_cast<double>(messages);
    }
    double arrived_share() const { return edits == 0 ? 1 : static_cast<double>(arrived) / static_cast<double>(edits); }
    double precise_share() const {
        return arrived == 0 ? 1 : static_cast<double>(precise) / static_cast<double>(arrived);
    }
    double valid_share() const {
        return resources == 0 ? 1 : static_cast<double>(valid) / static_cast<double>(resources);
    }
};
Fidelity measure(const Plan& plan, const MessagePlan& message, std::uint64_t first, std::size_t count);

}  // namespace causeway::mappings::testing
