#include "gateway/http/message.hpp"

#include <array>

namespace causeway::http {
namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

std::string_view to_string(Method method) noexcept {
    constexpr std::array<std::string_view, 8> names = {"GET",   "HEAD",   "POST",    "PUT",
                                                       "PATCH", "DELETE", "OPTIONS", "OTHER"};
    return names[static_cast<std::size_t>(method)];
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

void Headers::add(std::string_view name, std::string_view value) {
    const auto at = static_cast<std::uint32_t>(bytes_.size());
    const auto name_size = static_cast<std::uint32_t>(name.size());
    bytes_.append(name).append(value);
    fields_.push_back({at, name_size, at + name_size, static_cast<std::uint32_t>(value.size())});
}

void Headers::set(std::string_view name, std::string_view value) {
    remove(name);
    add(name, value);
}

void Headers::remove(std::string_view name) {
    std::erase_if(fields_, [&](const Field& field) {
        return equal_ignoring_case(std::string_view(bytes_).substr(field.name, field.name_size), name);
    });
}

std::optional<std::string_view> Headers::find(std::string_view wanted) const noexcept {
    for (std::size_t i = 0; i < fields_.size(); ++i)
        if (equal_ignoring_case(name(i), wanted)) return value(i);
    return std::nullopt;
}

std::string_view Headers::get(std::string_view wanted) const noexcept {
    return find(wanted).value_or(std::string_view{});
}

std::string_view Headers::name(std::size_t i) const noexcept {
    return std::string_view(bytes_).substr(fields_[i].name, fields_[i].name_size);
}

std::string_view Headers::value(std::size_t i) const noexcept {
    return std::string_view(bytes_).substr(fields_[i].value, fields_[i].value_size);
}

void Body::append(std::string bytes) {
    if (!bytes.empty()) pieces_.push_back({std::move(bytes), {}, nullptr});
}

void Body::append(std::string_view bytes, std::shared_ptr<const void> owner) {
    if (!bytes.empty()) pieces_.push_back({{}, bytes, std::move(owner)});
}

std::size_t Body::bytes() const noexcept {
    std::size_t sum = 0;
    for (const Piece& piece : pieces_) sum += piece.own.size() + piece.shared.size();
    return sum;
}

std::string_view Body::piece(std::size_t i) const noexcept {
    const Piece& piece = pieces_[i];
    return piece.own.empty() ? piece.shared : std::string_view(piece.own);
}

std::string Body::to_string() const {
    std::string all;
    all.reserve(bytes());
    for (std::size_t i = 0; i < pieces_.size(); ++i) all += piece(i);
    return all;
}

std::string_view Request::query() const noexcept {
    const auto at = target.find('?');
    return at == std::string::npos ? std::string_view{} : std::string_view(target).substr(at + 1);
}

std::string_view reason_phrase(unsigned status) noexcept {
    switch (status) {
        case 100:
            return "Continue";
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return "Status";
    }
}

Response outcome_response(unsigned status, std::string_view code, std::string_view text) {
    std::string json = R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":")";
    json.append(code).append(R"(","details":{"text":")").append(text).append("\"}}]}");
    Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/fhir+json; charset=utf-8");
    response.body.append(std::move(json));
    return response;
}

}  // namespace causeway::http
