#include "gateway/rest/subscription_sockets.hpp"

#include <openssl/rand.h>

#include <array>
#include <future>

#include "fhir/json/json.hpp"
#include "gateway/http/principal.hpp"
#include "gateway/http/web_socket.hpp"
#include "gateway/rest/subscription.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

constexpr std::size_t bound_max = 10'000;  // sockets times subscriptions
constexpr std::size_t bound_per_socket_max = 100;
constexpr std::size_t tokens_max = 10'000;
constexpr std::int64_t token_life_us = 300'000'000;

std::string random_token() {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
    std::string out;
    for (const unsigned char byte : bytes) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

/// How many messages went out, waited for by one thread.
struct Sending {
    std::promise<bool> promise;
    std::atomic<std::size_t> left;
    std::atomic<bool> settled{false};
    explicit Sending(std::size_t count) : left(count) {}
    void done(bool sent) {
        const bool last = left.fetch_sub(1) == 1;
        if ((sent || last) && !settled.exchange(true)) promise.set_value(sent);
    }
};

}  // namespace

Outcome<void> may_follow(const Services& services, const security::Principal& principal, storage::Reader& reader,
                         std::string_view id) {
    const auto missing = [] {
        return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
    };
    const auto decision = services.door.authorize(principal, {security::Interaction::read, "Subscription", id, {}});
    if (!decision.allowed) return fault(403, IssueCode::forbidden, decision.reason);
    auto visibility =
        services.visibilities.of(decision.filter, services.settings.base_url, services.settings.zone_offset_minutes);
    if (visibility.has_error()) return visibility.error();
    auto found = reader.read("Subscription", id);
    if (found.has_error()) return fault_of(found.error());
    if (!*found || (*found)->erased()) return missing();
    if (*visibility) {
        auto sees = reader.sees(**visibility, **found);
        if (sees.has_error()) return fault_of(sees.error());
        if (!*sees) return missing();
    }
    return {};
}

/// One connection.
class SubscriptionSockets::Peer final : public http::WebSocketUser {
public:
    /// `known`: the handshake showed who it is, or need not.
    Peer(SubscriptionSockets& all, security::Principal principal, bool known)
        : all_(all), principal_(std::move(principal)), known_(known) {}

    void opened(const std::shared_ptr<http::WebSocket>& socket) override { socket_ = socket; }
    void received(std::string text) override {
        const std::string_view said = text;
        const auto blank = said.find(' ');
        const std::string_view command = said.substr(0, blank);
        const std::string argument(blank == std::string_view::npos ? std::string_view() : said.substr(blank + 1));
        if (command == "bind") return bind(argument);
        if (command != "bind-with-token") return say("error  not-supported");
        const auto ids = all_.redeem(argument);
        if (ids.empty()) return say("error  expired");
        for (const auto& id : ids) attach(id);
    }
    void ended() noexcept override {
        if (socket_) all_.forget(socket_.get());
        socket_.reset();
    }

private:
    void bind(const std::string& id) {
        if (!known_) return say("error " + id + " login");
        auto snapshot = all_.services_.store.snapshot();
        if (snapshot.has_error()) return say("error " + id + " transient");
        const auto allowed = may_follow(all_.services_, principal_, **snapshot, id);
        if (allowed.has_error())
            return say("error " + id + (allowed.error().status == 404 ? " not-found" : " forbidden"));
        auto stored = (*snapshot)->read("Subscription", id);
        const auto document = fhir::parse_json((*stored)->json());
        const auto read = document ? read_subscription(*document) : Outcome<Subscription>(fault_of(document.error()));
        if (read.has_error() || read->channel != Subscription::Channel::web_socket)
            return say("error " + id + " not-supported");
        attach(id);
    }
    void attach(const std::string& id) {
        if (bound_ == bound_per_socket_max || !all_.bind(id, socket_)) return say("error " + id + " throttled");
        ++bound_;
        say("bound " + id);
        if (all_.bound_) all_.bound_(id);
    }
    void say(std::string text) { socket_->send(std::move(text), {}); }

    SubscriptionSockets& all_;
    const security::Principal principal_;
    const bool known_;
    std::shared_ptr<http::WebSocket> socket_;
    std::size_t bound_ = 0;
};

void SubscriptionSockets::handle(http::Request request, http::Reply reply) {
    const auto& settings = services_.settings;
    const bool near = !request.peer || request.peer->loopback;
    const bool known = request.principal || (!settings.tokens_required && (near || settings.anonymous_network));
    auto peer = std::make_shared<Peer>(*this, http::principal_of(request), known);
    reply(http::accept_web_socket(request, std::move(peer)));
}

Outcome<SubscriptionSockets::Token> SubscriptionSockets::new_token(std::vector<std::string> ids) {
    const std::int64_t now = services_.clock.now_us();
    Token token{random_token(), now + token_life_us};
    const std::lock_guard lock(mutex_);
    if (tokens_.size() >= tokens_max)
        std::erase_if(tokens_, [&](const auto& one) { return one.second.expires_us <= now; });
    if (tokens_.size() >= tokens_max || token.text.empty())
        return fault(503, IssueCode::throttled, "Too many binding tokens are waiting to be used");
    tokens_.emplace(token.text, Issued{std::move(ids), token.expires_us});
    return token;
}

std::vector<std::string> SubscriptionSockets::redeem(const std::string& token) {
    const std::lock_guard lock(mutex_);
    const auto found = tokens_.find(token);
    if (found == tokens_.end()) return {};
    Issued issued = std::move(found->second);
    tokens_.erase(found);
    return issued.expires_us > services_.clock.now_us() ? std::move(issued.ids) : std::vector<std::string>();
}

bool SubscriptionSockets::bind(const std::string& id, const std::shared_ptr<http::WebSocket>& socket) {
    const std::lock_guard lock(mutex_);
    const auto [first, last] = sockets_.equal_range(id);
    for (auto one = first; one != last; ++one)
        if (one->second == socket) return true;
    if (sockets_.size() >= bound_max) return false;
    sockets_.emplace(id, socket);
    return true;
}

void SubscriptionSockets::forget(const http::WebSocket* socket) noexcept {
    const std::lock_guard lock(mutex_);
    std::erase_if(sockets_, [&](const auto& one) { return one.second.get() == socket; });
}

bool SubscriptionSockets::bound(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    return sockets_.find(id) != sockets_.end();
}

bool SubscriptionSockets::send_blocking(std::string_view id, const std::string& text,
                                        std::chrono::milliseconds time_max) const {
    std::vector<std::shared_ptr<http::WebSocket>> to;
    {
        const std::lock_guard lock(mutex_);
        const auto [first, last] = sockets_.equal_range(id);
        for (auto one = first; one != last; ++one) to.push_back(one->second);
    }
    if (to.empty()) return false;
    const auto sending = std::make_shared<Sending>(to.size());
    auto sent = sending->promise.get_future();
    for (const auto& socket : to) socket->send(text, [sending](bool good) { sending->done(good); });
    return sent.wait_for(time_max) == std::future_status::ready && sent.get();
}

}  // namespace causeway::rest
