#pragma once
#include <string>
#include <vector>

#include "gateway/exchange/partner.hpp"
#include "gateway/ops/config.hpp"
#include "gateway/security/token_service.hpp"

namespace causeway {

/// Everything the program is told: settings, partners and routes.
struct Startup {
    ops::Config config;
    exchange::ExchangeSettings exchange;
    security::TokenService::Settings clients;
    std::vector<ops::ConfigFault> faults;  ///< empty: usable
    std::string path;                      ///< of the file it was read from; empty: there was none
};

/// Reads the file at `path` (empty: none, so defaults) and the environment over it. A file that cannot be read is a
/// fault like any other.
Startup read_startup(const std::string& path);

/// One line for each fault on stderr: where, what.
void print_faults(const std::vector<ops::ConfigFault>& faults);

}  // namespace causeway
