#pragma once
#include <cstdint>
#include <memory>
#include <string>

namespace causeway::security {

struct Grant;

/// Who is behind a request or a message. Every door of the gateway makes one before it does anything else.
struct Principal {
    enum class Kind : std::uint8_t {
        system,    ///< the gateway itself: retries, housekeeping, replay
        client,    ///< a FHIR or HTTP client
        partner,   ///< a configured partner, recognised by its address, certificate or sending application
        operator_  ///< a person at the console or the command line
    };
    Kind kind = Kind::client;
    std::string id;       ///< partner name, client id; "anonymous" while no authentication is configured
    std::string address;  ///< peer address without port; empty for the system
    /// What the bearer's token permits (scope.hpp); null: no token, so the rules of the kind alone.
    std::shared_ptr<const Grant> grant = nullptr;
    /// Of an operator: what it may do (role.hpp). Everything for who sits at the machine.
    std::uint8_t rights = 0xff;
    std::string token = {};    ///< a part of the digest of the token it showed, for the audit trail
    std::string purpose = {};  ///< why it overrides confidentiality labels, if it does
};

}  // namespace causeway::security
