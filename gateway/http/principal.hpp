#pragma once
#include "gateway/http/message.hpp"
#include "gateway/security/principal.hpp"

namespace causeway::http {

/// Who is behind a request: whom its token proved, else an anonymous client at the peer's address.
inline security::Principal principal_of(const Request& request) {
    if (request.principal) return *request.principal;
    return {security::Principal::Kind::client, "anonymous", request.peer ? request.peer->address : std::string()};
}

}  // namespace causeway::http
