#include "gateway/rest/answer.hpp"

#include <charconv>
#include <chrono>
#include <ctime>

#include "fhir/json/json.hpp"
#include "fhir/validate/outcome.hpp"
#include "fhir/xml/xml.hpp"
#include "gateway/rest/subset.hpp"

namespace causeway::rest {

std::string etag(std::int64_t version) { return "W/\"" + std::to_string(version) + "\""; }

std::optional<std::int64_t> version_in_etag(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    if (text.starts_with("W/")) text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 1) return std::nullopt;
    return number;
}

bool etag_matches(std::string_view header, std::int64_t version) {
    while (!header.empty()) {
        const auto comma = header.find(',');
        const std::string_view one = header.substr(0, comma);
        if (one.find('*') != std::string_view::npos && one.find('"') == std::string_view::npos) return true;
        if (version_in_etag(one) == version) return true;
        header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
    }
    return false;
}

std::string http_date(std::int64_t at_us) {
    // By hand: strftime costs as much as the whole look-up of a resource's name.
    static constexpr std::string_view weekdays = "SunMonTueWedThuFriSat",
                                      months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const std::chrono::sys_seconds at{std::chrono::floor<std::chrono::seconds>(std::chrono::microseconds(at_us))};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{at - day};
    std::string text = "Sun, 00 Jan 0000 00:00:00 GMT";
    const auto put = [&text](std::size_t place, unsigned value, std::size_t digits) {
        for (; digits > 0; value /= 10) text[place + --digits] = static_cast<char>('0' + value % 10);
    };
    text.replace(0, 3, weekdays, std::chrono::weekday(day).c_encoding() * 3, 3);
    put(5, static_cast<unsigned>(date.day()), 2);
    text.replace(8, 3, months, (static_cast<unsigned>(date.month()) - 1) * 3, 3);
    put(12, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put(17, static_cast<unsigned>(time.hours().count()), 2);
    put(20, static_cast<unsigned>(time.minutes().count()), 2);
    put(23, static_cast<unsigned>(time.seconds().count()), 2);
    return text;
}

std::optional<std::int64_t> parse_http_date_us(std::string_view text) {
    const std::string copy(text);
    std::tm parts{};
    const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (!end || *end != '\0') return std::nullopt;
    return static_cast<std::int64_t>(timegm(&parts)) * 1'000'000;
}

std::string instant(std::int64_t at_us) {
    std::string text;
    storage::append_instant(at_us, text);
    return text;
}

Outcome<std::string> render(const Format& format, std::string json) {
    if (format.syntax == Syntax::json && !format.pretty) return json;
    const auto document = fhir::parse_json(json);
    if (document.has_error())
        return fault(500, fhir::IssueCode::exception, "A resource of the server's own is not readable");
    if (format.syntax == Syntax::json) return fhir::to_json((*document)->root(), {true});
    auto xml = fhir::to_xml((*document)->root(), {format.pretty});
    if (xml.has_error())
        return fault(406, fhir::IssueCode::not_supported, "The resource holds what cannot be written as XML");
    return std::move(*xml);
}

http::Response json_response(const Format& format, unsigned status, std::string json) {
    http::Response response;
    auto text = render(format, std::move(json));
    if (text.has_error()) {
        response.status = text.error().status;
        response.headers.add("Content-Type", content_type(Syntax::json));
        response.body.append(fhir::to_outcome(text.error().issues));
        return response;
    }
    response.status = status;
    response.headers.add("Content-Type", content_type(format.syntax));
    response.body.append(std::move(*text));
    return response;
}

void add_version_headers(http::Response& response, const storage::VersionInfo& version) {
    response.headers.add("ETag", etag(version.number));
    response.headers.add("Last-Modified", http_date(version.at_us));
}

Outcome<http::Response> resource_response(const Call& call, unsigned status, const storage::StoredResource& resource) {
    const auto subset = parse_subset(call.parameters, resource.type);
    if (subset.has_error()) return subset.error();
    std::string json = resource.json();
    if (*subset) json = cut_down(json, **subset);
    http::Response response = json_response(call.format, status, std::move(json));
    add_version_headers(response, resource.version);
    return response;
}

http::Response fault_response(const Format& format, const Fault& fault) {
    http::Response response = json_response(format, fault.status, fhir::to_outcome(fault.issues));
    for (std::size_t i = 0; i < fault.headers.size(); ++i)
        response.headers.add(fault.headers.name(i), fault.headers.value(i));
    return response;
}

std::string version_url(std::string_view base, std::string_view type, std::string_view id, std::int64_t version) {
    std::string url;
    url.reserve(base.size() + type.size() + id.size() + 32);
    url.append(base)
        .append("/")
        .append(type)
        .append("/")
        .append(id)
        .append("/_history/")
        .append(std::to_string(version));
    return url;
}

std::string_view parameter(const Call& call, std::string_view name) {
    std::string_view found;
    for (const auto& one : call.parameters)
        if (one.name == name) found = one.value;
    return found;
}

}  // namespace causeway::rest
