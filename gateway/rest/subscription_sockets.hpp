#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/http/handler.hpp"
#include "gateway/rest/call.hpp"
#include "gateway/rest/fault.hpp"

namespace causeway::http {
class WebSocket;
}

namespace causeway::rest {

/// May the principal read this Subscription? 404 where it is not there for them, 403 where nothing of the type is.
Outcome<void> may_follow(const Services& services, const security::Principal& principal, storage::Reader& reader,
                         std::string_view id);

/// The web sockets of subscribers and what each is bound to. A client connects to [root]/ws and says
///
///     bind <id>                 answered by "bound <id>" (R4), under the rights of the connection's own token
///     bind-with-token <token>   a token of $get-ws-binding-token (R5 backport): for clients, such as web pages, that
///                               cannot send a header with the handshake
///
/// and is sent what Subscriptions delivers. What cannot be bound is answered by "error <id> <code>".
class SubscriptionSockets final : public http::Handler {
public:
    explicit SubscriptionSockets(const Services& services) : services_(services) {}

    /// Set before the server starts: called when somebody was bound, on an I/O thread.
    void on_bound(std::function<void(const std::string& id)> call) { bound_ = std::move(call); }
    void handle(http::Request request, http::Reply reply) override;

    struct Token {
        std::string text;
        std::int64_t expires_us = 0;
    };
    /// Binds once, to these; the caller has seen to it that it may.
    Outcome<Token> new_token(std::vector<std::string> ids);

    bool bound(std::string_view id) const;
    /// To all that are bound; true if one of them was given it. Waits: not for an I/O thread.
    bool send_blocking(std::string_view id, const std::string& text, std::chrono::milliseconds time_max) const;

private:
    class Peer;
    struct Issued {
        std::vector<std::string> ids;
        std::int64_t expires_us = 0;
    };
    bool bind(const std::string& id, const std::shared_ptr<http::WebSocket>& socket);
    void forget(const http::WebSocket* socket) noexcept;
    std::vector<std::string> redeem(const std::string& token);

    const Services& services_;
    std::function<void(const std::string& id)> bound_;
    mutable std::mutex mutex_;
    std::multimap<std::string, std::shared_ptr<http::WebSocket>, std::less<>> sockets_;
    std::unordered_map<std::string, Issued> tokens_;
};

}  // namespace causeway::rest
