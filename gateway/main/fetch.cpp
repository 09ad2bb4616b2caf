#include "gateway/main/fetch.hpp"

#include <charconv>

#include "gateway/http/client.hpp"

namespace causeway {
namespace {

/// The max-age of a Cache-Control field; 0 where nothing may be kept, -1 where it says nothing.
std::int64_t max_age(std::string_view header) {
    if (header.find("no-store") != std::string_view::npos || header.find("no-cache") != std::string_view::npos)
        return 0;
    constexpr std::string_view name = "max-age=";
    const auto at = header.find(name);
    if (at == std::string_view::npos) return -1;
    std::int64_t seconds = -1;
    std::from_chars(header.data() + at + name.size(), header.data() + header.size(), seconds);
    return seconds;
}

}  // namespace

security::Fetch make_fetch(const ops::Config& config) {
    return [fetch_private = config.security.fetch_private,
            ca = config.security.fetch_ca](const security::FetchRequest& wanted) {
        security::FetchAnswer out;
        const auto url = http::ClientUrl::parse(wanted.url);
        if (!url || !url->encrypted) {
            out.failure = "not-https";
            return out;
        }
        http::ClientRequest request;
        request.url = *url;
        request.method = wanted.body.empty() ? "GET" : "POST";
        request.body = wanted.body;
        request.headers.emplace_back("Accept", "application/json");
        if (!wanted.content_type.empty()) request.headers.emplace_back("Content-Type", wanted.content_type);
        if (!wanted.authorization.empty()) request.headers.emplace_back("Authorization", wanted.authorization);
        request.time_max = std::chrono::seconds(5);
        request.answer_bytes_max = 64u << 10;
        request.public_only = !fetch_private;
        request.ca_file = ca;
        auto answer = http::fetch_blocking(request);
        out.status = answer.status;
        out.failure = std::move(answer.failure);
        out.max_age_s = max_age(answer.header("Cache-Control"));
        out.body = std::move(answer.body);
        return out;
    };
}

}  // namespace causeway
