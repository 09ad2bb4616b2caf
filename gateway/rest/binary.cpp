#include "gateway/rest/binary.hpp"

#include <array>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/rest/answer.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : alphabet[group >> (18 - 6 * k) & 63u];
    }
    return out;
}

}  // namespace

std::optional<std::string> from_base64(std::string_view text) {
    static const auto values = [] {
        std::array<std::int8_t, 256> table{};
        table.fill(-1);
        for (std::size_t i = 0; i < alphabet.size(); ++i)
            table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
        return table;
    }();
    std::string out;
    out.reserve(text.size() / 4 * 3);
    std::uint32_t group = 0;
    int digits = 0, padding = 0;
    for (const char c : text) {
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
        const int value = c == '=' ? 0 : values[static_cast<unsigned char>(c)];
        if (value < 0 || (padding > 0 && c != '=')) return std::nullopt;
        if (c == '=') ++padding;
        group = group << 6 | static_cast<std::uint32_t>(value);
        if (++digits < 4) continue;
        for (int k = 0; k < 3 - padding; ++k) out += static_cast<char>(group >> (16 - 8 * k) & 255u);
        digits = 0;
    }
    if (digits != 0 || padding > 2) return std::nullopt;
    return out;
}

Outcome<ResourceBody> binary_body(const Call& call) {
    fhir::DocumentBuilder builder("Binary");
    if (!call.route.id.empty()) builder.root().member("id").set_string(call.route.id);
    builder.root().member("contentType").set_string(call.request.headers.get("Content-Type"));
    if (const std::string_view context = call.request.headers.get("X-Security-Context"); !context.empty())
        builder.root().member("securityContext").member("reference").set_string(context);
    builder.root().member("data").set_string(to_base64(call.request.body));
    return ResourceBody{std::move(builder).finish(), {}};
}

Outcome<http::Response> binary_response(const Call& call, const storage::StoredResource& resource) {
    const auto document = fhir::parse_json(resource.json());
    if (document.has_error()) return fault_of(document.error());
    const fhir::Element root = (*document)->root();
    const std::string_view type = root["contentType"].text();
    const std::string_view accept = call.request.headers.get("Accept");
    const bool any = accept.empty() || accept.find("*/*") != std::string_view::npos;
    if (!any && accept.find(type.substr(0, type.find(';'))) == std::string_view::npos &&
        accept.find(std::string(type.substr(0, type.find('/'))) + "/*") == std::string_view::npos)
        return fault(406, IssueCode::not_supported, "The content is of another type than Accept names");
    auto bytes = from_base64(root["data"].text());
    if (!bytes) return fault(500, IssueCode::exception, "The stored data is not base64");
    http::Response response;
    response.headers.add("Content-Type", type);
    // A stored page must not run with this server's rights in a browser.
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.headers.add("Content-Security-Policy", "default-src 'none'; sandbox");
    add_version_headers(response, resource.version);
    response.body.append(std::move(*bytes));
    return response;
}

}  // namespace causeway::rest
