#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/main/startup.hpp"

namespace causeway {

/// One thing that was looked at, from the configuration to what the partner said.
struct PartnerFinding {
    enum class Verdict { good, warning, fault } verdict = Verdict::good;
    std::string what, text;
};

struct PartnerCheckOptions {
    bool probe = false;  ///< MLLP and HTTP: send NMQ^N01, which asks an application how it is and changes nothing
    unsigned time_ms = 10'000;
};

/// Tests one partner end to end: its configuration and the routes to it; for each of its ways name, connection, TLS and
/// what the protocol has as a harmless question (FHIR: metadata, and a token; SFTP: a listing; folders: a file that is
/// written and removed; MLLP and HL7 over HTTP: NMQ^N01, if asked for). Sends nothing else. Blocking.
std::vector<PartnerFinding> check_partner_blocking(const Startup& startup, std::string_view name,
                                                   const PartnerCheckOptions& options);

}  // namespace causeway
