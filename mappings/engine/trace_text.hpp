#pragma once
#include <string>

#include "hl7v2/message_view.hpp"
#include "mappings/engine/backward.hpp"
#include "mappings/engine/forward.hpp"

namespace causeway::mappings {

/// "PID[1]-7[1].1.1" of a leaf of a message.
std::string leaf_name(const hl7v2::MessageView& message, const V2Leaf& leaf);

/// The trace for people, one line per element in the order in which they were made:
/// `Patient[4].birthDate <- PID[1]-7[1].1.1 @245+8  mappings/maps/31_patient.map:21`. The number counts the resources.
std::string trace_text(const Plan& plan, const ForwardResult& result, const hl7v2::MessageView& message);

/// The residue for people, one path a line.
std::string residue_text(const ForwardResult& result);

}  // namespace causeway::mappings
