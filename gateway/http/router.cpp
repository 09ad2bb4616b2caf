#include "gateway/http/router.hpp"

#include <algorithm>

namespace causeway::http {

void Router::mount(std::string path, Handler& handler) {
    routes_.push_back({std::move(path), &handler});
    std::ranges::stable_sort(routes_, [](const Route& a, const Route& b) { return a.path.size() > b.path.size(); });
}

Handler* Router::find(std::string_view path) const noexcept {
    for (const Route& route : routes_)
        if (path.starts_with(route.path) && (path.size() == route.path.size() || path[route.path.size()] == '/'))
            return route.handler;
    return nullptr;
}

std::optional<Response> Router::screen(Request& head) {
    Handler* handler = find(head.path());
    if (!handler) return outcome_response(404, "not-found", "Nothing is served at this path");
    return handler->screen(head);
}

void Router::handle(Request request, Reply reply) {
    Handler* handler = find(request.path());
    if (!handler) return reply(outcome_response(404, "not-found", "Nothing is served at this path"));
    handler->handle(std::move(request), std::move(reply));
}

}  // namespace causeway::http
