#pragma once
#include <memory>
#include <string>

#include "gateway/http/stream.hpp"
#include "gateway/tls/context.hpp"

namespace causeway::tls {

/// TLS over a connected socket, as the same Stream that sessions use for plain TCP: nothing above knows which it has.
///
/// OpenSSL reads and writes the socket itself, so there is no copy between. A peer that ends the connection without
/// close_notify reads as connection_reset. handshake() must succeed before anything else.
std::unique_ptr<http::Stream> make_server_stream(http::Socket socket, ContextPtr context);

/// `host` is the name or address that the server's certificate must have, and is sent as SNI if it is a name.
std::unique_ptr<http::Stream> make_client_stream(http::Socket socket, ContextPtr context, const std::string& host);

}  // namespace causeway::tls
