#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "gateway/exchange/inbox.hpp"

namespace causeway::carriers {

/// What became of the messages of one file or request.
struct TakenIn {
    std::string answer;         ///< the acknowledgements, one after the other, or a batch of them
    std::size_t messages = 0;   ///< that were found
    std::size_t processed = 0;  ///< processed, held, or seen before
    bool kept = true;           ///< false: something could not be stored; the whole is to be brought again
    std::string first_code;     ///< MSA-1 of the first answer; empty: there is none
};
using Received = std::function<void(const exchange::Receipt&)>;

/// Takes in one message, several, or a batch (BHS, FHS), each as the inbox takes it. Stops at the first that cannot be
/// stored. Blocking: for worker threads and pools.
TakenIn take_in_blocking(const exchange::Inbox& inbox, std::string bytes, const exchange::Arrival& arrival,
                         const Received& received);

}  // namespace causeway::carriers
