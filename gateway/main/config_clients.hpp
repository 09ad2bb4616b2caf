#pragma once
#include <string_view>
#include <vector>

#include "gateway/ops/config.hpp"
#include "gateway/security/token_service.hpp"

namespace causeway {

struct ClientsLoad {
    security::TokenService::Settings settings;
    std::vector<ops::ConfigFault> faults;  ///< empty: the settings may be used
};

/// Reads the `[client.NAME]` tables of a configuration: who may ask for tokens, and what at most they get.
///
///     [client.emr]
///     keys = "/etc/causeway/emr.jwks.json"   # its public keys: RS384 (2048 bits or more) or ES384
///     scopes = "system/*.rs system/ServiceRequest.cud"
///
///     [client.monitor]
///     api_key_sha256 = "9f86d08…"            # of a key of 32 characters or more that is sent as a bearer token
///     scopes = "system/Patient.r"
///     introspect = true                      # may ask what other clients' tokens are
///
/// All faults are reported in one go, with file:line:column.
ClientsLoad load_clients(std::string_view toml, std::string_view file_name, const ops::Config& config);

/// Scheme, host and port under which clients reach the gateway: of http.base_url, else of http.address and http.port.
std::string public_origin(const ops::Config& config);

}  // namespace causeway
