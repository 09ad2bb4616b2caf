#pragma once
#include <string>
#include <string_view>

#include "gateway/ops/config.hpp"

namespace causeway {

/// The answer of a running gateway to one of the commands.
struct AdminAnswer {
    unsigned status = 0;  ///< 0: it could not be asked
    std::string body;     ///< or why it could not be asked
};

/// A request for a path to the gateway that this configuration describes, at http.address and http.port. Blocking; gives
/// up after 30 s.
AdminAnswer ask_gateway(const ops::Config& config, const std::string& target, std::string_view method = "GET",
                        std::string body = {});

}  // namespace causeway
