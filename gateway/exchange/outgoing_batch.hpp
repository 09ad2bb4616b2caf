#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/answer.hpp"
#include "gateway/exchange/delivery.hpp"

namespace causeway::exchange {

/// The control id (BHS-11) under which `first` and its companions travel.
std::string batch_control_id(const Outgoing& first);

/// BHS, `first` and its companions, BTS (2.5.1 section 2.10.3). The same messages make the same bytes.
std::string make_batch(const Partner& partner, const Outgoing& first);

/// What is known of a batch's messages, in their order: one entry each, empty while it has no answer.
using BatchAnswers = std::vector<std::optional<Answer>>;

/// Takes an answer to the batch into `answers`. A batch of acknowledgements settles all, what it does not name being
/// accepted (only errors need to be answered); one acknowledgement that names the batch settles all alike; one that
/// names a message settles that. False if it is none of these.
bool take_batch_answer(std::string_view bytes, const Outgoing& first, BatchAnswers& answers);

}  // namespace causeway::exchange
