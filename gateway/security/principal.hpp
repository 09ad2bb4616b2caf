#pragma once
#include <cstdint>
#include <string>

namespace causeway::security {

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
};

}  // namespace causeway::security
