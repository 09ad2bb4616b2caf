#include "gateway/http/cors.hpp"

#include <algorithm>

namespace causeway::http {
namespace {

constexpr std::string_view exposed =
    "Location, Content-Location, ETag, Last-Modified, X-Progress, X-Request-Id, X-Correlation-Id, Preference-Applied, "
    "Retry-After";
constexpr std::string_view accepted =
    "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, Prefer, "
    "X-Break-Glass, X-Correlation-Id, X-Provenance, X-Request-Id";

void add_headers(Response& response, const std::string& origin) {
    response.headers.set("Access-Control-Allow-Origin", origin);
    response.headers.set("Access-Control-Expose-Headers", exposed);
    if (origin != "*") response.headers.add("Vary", "Origin");
}

/// Passes an answer on with the headers for its origin.
class CorsSink final : public ReplySink {
public:
    CorsSink(Reply to, std::string origin) : to_(std::move(to)), origin_(std::move(origin)) {}
    void complete(Response response) override {
        add_headers(response, origin_);
        to_(std::move(response));
    }

private:
    Reply to_;
    std::string origin_;
};

}  // namespace

std::vector<std::string> split_origins(std::string_view list) {
    std::vector<std::string> out;
    while (!list.empty()) {
        const auto end = list.find_first_of(", ");
        if (const auto one = list.substr(0, end); !one.empty()) out.emplace_back(one);
        list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
    }
    return out;
}

std::string Cors::allowed_origin(const Request& request) const {
    const std::string_view origin = request.headers.get("Origin");
    if (origin.empty() || origins_.empty()) return {};
    if (std::ranges::find(origins_, "*") != origins_.end()) return "*";
    return std::ranges::find(origins_, origin) != origins_.end() ? std::string(origin) : std::string();
}

std::optional<Response> Cors::screen(Request& head) {
    if (head.method == Method::options) return std::nullopt;
    auto answer = inner_.screen(head);
    if (const std::string origin = allowed_origin(head); answer && !origin.empty()) add_headers(*answer, origin);
    return answer;
}

/// Browsers let any page open a web socket to anywhere: only the server can refuse.
bool Cors::foreign_socket(const Request& request) const {
    const std::string_view origin = request.headers.get("Origin");
    if (origin.empty() || !request.headers.has("Sec-WebSocket-Key")) return false;
    const std::string_view host = origin.substr(std::min(origin.size(), origin.find("//") + 2));
    return host != request.headers.get("Host") && allowed_origin(request).empty();
}

void Cors::handle(Request request, Reply reply) {
    if (foreign_socket(request))
        return reply(outcome_response(403, "forbidden", "Pages of this origin may not open web sockets here"));
    const std::string origin = allowed_origin(request);
    if (origin.empty()) return inner_.handle(std::move(request), std::move(reply));
    if (request.method == Method::options && request.headers.has("Access-Control-Request-Method")) {
        Response response;
        response.status = 204;
        add_headers(response, origin);
        response.headers.add("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        response.headers.add("Access-Control-Allow-Headers", accepted);
        response.headers.add("Access-Control-Max-Age", "600");
        return reply(std::move(response));
    }
    inner_.handle(std::move(request), Reply(std::make_shared<CorsSink>(std::move(reply), origin)));
}

}  // namespace causeway::http
