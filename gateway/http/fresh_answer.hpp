#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "gateway/http/message.hpp"

namespace causeway::http {

/// An answer that no cache keeps (RFC 9111, section 5.2.2.5): it is of now, or about somebody.
inline Response fresh_answer(unsigned status, std::string_view type, std::string body) {
    Response response;
    response.status = status;
    response.headers.add("Content-Type", type);
    response.headers.add("Cache-Control", "no-store");
    response.body = Body(std::move(body));
    return response;
}

}  // namespace causeway::http
