#pragma once
#include <string>
#include <vector>

#include "gateway/http/handler.hpp"

namespace causeway::http {

/// Sends a request to the handler mounted at the longest path that leads its own, segment by segment ("/fhir" serves
/// "/fhir" and "/fhir/Patient", not "/fhirx"). Routes are mounted before the server starts. Anything else is a 404.
class Router : public Handler {
public:
    /// `path` begins with '/' and does not end with one ("" mounts the rest of the world); `handler` outlives the
    /// router.
    void mount(std::string path, Handler& handler);
    std::optional<Response> screen(Request& head) override;
    void handle(Request request, Reply reply) override;

private:
    struct Route {
        std::string path;
        Handler* handler;
    };
    Handler* find(std::string_view path) const noexcept;
    std::vector<Route> routes_;
};

}  // namespace causeway::http
