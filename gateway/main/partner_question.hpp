#pragma once
#include <cstdint>
#include <string>

#include "gateway/main/commands.hpp"
#include "gateway/main/startup.hpp"

namespace causeway {

/// `causeway partner query`: what another index or registry has of a patient of ours.
struct PartnerQuestion {
    std::string partner;
    std::string kind;     ///< pix, pdq, history, forecast
    std::string patient;  ///< Patient/17
    std::uint32_t time_ms = 30'000;
};

/// Has a running gateway ask, waits for the answer, prints what it says.
Exit ask_partner_blocking(const Startup& startup, const PartnerQuestion& question);

}  // namespace causeway
