#include "gateway/main/endpoints.hpp"

#include <utility>

#include "gateway/http/fresh_answer.hpp"

namespace causeway {
namespace {

http::Response text(unsigned status, std::string body, std::string_view type = "text/plain; charset=utf-8") {
    return http::fresh_answer(status, type, std::move(body));
}

bool is_read(const http::Request& request) {
    return request.method == http::Method::get || request.method == http::Method::head;
}

http::Response method_not_allowed() {
    auto response = text(405, "only GET and HEAD\n");
    response.headers.add("Allow", "GET, HEAD");
    return response;
}

}  // namespace

void HealthHandler::handle(http::Request request, http::Reply reply) {
    if (!is_read(request)) return reply(method_not_allowed());
    if (request.path() == "/health/live") return reply(text(200, "live\n"));
    if (request.path() != "/health/ready") return reply(text(404, "only /health/live and /health/ready\n"));
    const auto troubles = troubles_();
    if (troubles.empty()) return reply(text(200, "ready\n"));
    std::string body;
    for (const auto& each : troubles) body += each + "\n";
    reply(text(503, std::move(body)));
}

void MetricsHandler::handle(http::Request request, http::Reply reply) {
    if (!is_read(request)) return reply(method_not_allowed());
    reply(text(200, metrics_.prometheus(), "text/plain; version=0.0.4; charset=utf-8"));
}

}  // namespace causeway
