#pragma once
#include <string_view>

#include "hl7v2/dictionary/dictionary.hpp"
#include "hl7v2/message_view.hpp"

namespace causeway::hl7v2::testing {

/// What must hold for any message that was read: written back it is the same bytes, its views agree with each other,
/// every segment has one place in a tree of groups, validation reports places inside of it, it can be shown and
/// acknowledged. Fails the running test otherwise.
void check_read_message(const MessageView& message);

/// What must hold for any bytes: an error inside of them, or a message as above, under strict, usual and all tolerances,
/// before and after decoding by MSH-18. Returns whether they could be read with all tolerances.
bool check_bytes(std::string_view bytes);

}  // namespace causeway::hl7v2::testing
