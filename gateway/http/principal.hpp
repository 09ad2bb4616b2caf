#pragma once
#include "gateway/http/message.hpp"
#include "gateway/security/principal.hpp"

namespace causeway::http {

/// Who is behind a request: whom its token proved, else an anonymous client at the peer's address.
inline security::Principal principal_of(const Request& request) {
    if (request.principal) return *request.principal;
    return {security::Principal::Kind::client, "anonymous", request.peer ? request.peer->address : std::string()};
}

/// The same at the operators' doors: who sits at this machine and showed nothing is its operator.
inline security::Principal operator_of(const Request& request) {
    auto principal = principal_of(request);
    if (!request.principal && request.peer && request.peer->loopback)
        principal.kind = security::Principal::Kind::operator_;
    return principal;
}

}  // namespace causeway::http
