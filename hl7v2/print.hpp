#pragma once
#include <string>

#include "hl7v2/group.hpp"

namespace causeway::hl7v2 {

/// Appends the message as an indented tree for people: groups, segments with their titles, and under each segment every
/// value that was sent, one a line, with its path and name: `PID-3(2).4.1  Namespace ID  HOSPITAL`. Escapes are
/// decoded; line breaks and control characters show as `\n`, `\x1b`.
void print_tree(const GroupTree& tree, std::string& out);
/// The same for a message whose structure nobody knows.
void print_tree(const MessageView& message, std::string& out);

/// Appends the message as one JSON object: what was read of MSH, the tolerances that were used, and the tree of groups
/// and segments. A field is a list of repetitions, a repetition a list of components, a component a text or, with
/// subcomponents, a list of texts; null is what was not sent, `"\"\""` what was erased.
void print_json(const GroupTree& tree, std::string& out);
void print_json(const MessageView& message, std::string& out);

}  // namespace causeway::hl7v2
