#pragma once
#include <string>
#include <vector>

#include "gateway/http/handler.hpp"

namespace causeway::http {

/// Lets pages of other origins use a handler, as the Fetch standard has it: answers preflights and says in each answer
/// who may read it. An origin that is not listed gets no such header, so its browser keeps the answer from the page;
/// without origins nothing is let through. "*" stands for every origin, then without credentials.
class Cors final : public Handler {
public:
    /// `inner` outlives this.
    Cors(Handler& inner, std::vector<std::string> origins) : inner_(inner), origins_(std::move(origins)) {}

    std::optional<Response> screen(Request& head) override;
    void handle(Request request, Reply reply) override;

private:
    /// What Access-Control-Allow-Origin says to this request; empty: nothing.
    std::string allowed_origin(const Request& request) const;
    bool foreign_socket(const Request& request) const;

    Handler& inner_;
    const std::vector<std::string> origins_;
};

/// "https://a.example, https://b.example" taken apart.
std::vector<std::string> split_origins(std::string_view list);

}  // namespace causeway::http
