#include "fhir/search/query_text.hpp"

#include "fhir/percent_encoding.hpp"
#include "fhir/search/query.hpp"

namespace causeway::fhir::search {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// False at a bad percent sequence, whose place is left in `at`.
bool percent_decode(std::string_view text, std::string& out, std::size_t& at) {
    for (at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '+') {
            out.push_back(' ');
        } else if (c != '%') {
            out.push_back(c);
        } else {
            const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
            const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
            if (high < 0 || low < 0) return false;
            out.push_back(static_cast<char>(static_cast<unsigned char>(high * 16 + low)));
            at += 2;
        }
    }
    return true;
}

}  // namespace

std::vector<std::string_view> split_escaped(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    std::size_t start = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == separator) {
            parts.push_back(text.substr(start, at - start));
            start = at + 1;
        }
    }
    parts.push_back(text.substr(start));
    return parts;
}

std::optional<std::string> unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            out.push_back(text[at]);
            continue;
        }
        ++at;
        if (at == text.size() || (text[at] != ',' && text[at] != '$' && text[at] != '|' && text[at] != '\\'))
            return std::nullopt;
        out.push_back(text[at]);
    }
    return out;
}

Result<std::vector<QueryParameter>> decode_query(std::string_view query, std::size_t parameters_max) {
    std::vector<QueryParameter> parameters;
    std::size_t start = 0;
    while (start <= query.size()) {
        const std::size_t end = std::min(query.find('&', start), query.size());
        const std::string_view pair = query.substr(start, end - start);
        if (!pair.empty()) {
            if (parameters.size() == parameters_max)
                return Error{Errc::too_large, "query has more parameters than the limit", {}, start, 0, 0};
            const std::size_t equals = std::min(pair.find('='), pair.size());
            QueryParameter parameter;
            std::size_t at = 0;
            if (!percent_decode(pair.substr(0, equals), parameter.name, at))
                return Error{Errc::syntax, "query has a '%' without two hexadecimal digits", {}, start + at, 0, 0};
            const std::string_view value = equals < pair.size() ? pair.substr(equals + 1) : std::string_view();
            if (!percent_decode(value, parameter.value, at)) {
                return Error{
                    Errc::syntax, "query has a '%' without two hexadecimal digits", {}, start + equals + 1 + at, 0, 0};
            }
            parameters.push_back(std::move(parameter));
        }
        start = end + 1;
    }
    return parameters;
}

std::string encode_query(std::span<const std::pair<std::string, std::string>> parameters) {
    constexpr std::string_view kept = ":,$|/*";
    std::string out;
    for (const auto& [name, value] : parameters) {
        if (!out.empty()) out.push_back('&');
        out.append(percent_encoded(name, kept)).append("=").append(percent_encoded(value, kept));
    }
    return out;
}

}  // namespace causeway::fhir::search
