#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hl7v2/message_view.hpp"
#include "mappings/engine/difference.hpp"
#include "mappings/engine/forward.hpp"

namespace causeway::mappings {

/// The message with edited values in it, for the edit that most are: each difference is another value of an element that
/// one leaf of the message made, through a line with a way back. It is written over that leaf; no other byte is touched.
///
/// Nothing if the edit is more than that: elements that came or went, values made of several leaves or by a type of
/// their own, and values that v2 says twice (a line says `mirror`). Then the messages made before and after the edit
/// have to be compared (PutEdit). Whether the values arrive is for the caller to see.
std::optional<std::string> put_values(const Plan& plan, const hl7v2::MessageView& original, const ForwardResult& read,
                                      std::span<const Difference> edit, std::vector<std::string>& changed);

}  // namespace causeway::mappings
