#include "fhir/model/reference.hpp"

#include <algorithm>

#include "fhir/r4/tables.hpp"

namespace causeway::fhir {

namespace {

/// Cuts the last segment off and returns it: "a/b/c" -> "c", leaving "a/b".
std::string_view cut_last(std::string_view& text) noexcept {
    const auto slash = text.rfind('/');
    if (slash == std::string_view::npos) {
        const auto all = text;
        text = {};
        return all;
    }
    const auto last = text.substr(slash + 1);
    text = text.substr(0, slash);
    return last;
}

bool is_absolute(std::string_view text) noexcept { return text.starts_with("http://") || text.starts_with("https://"); }

/// Type/id[/_history/version], with a base before it if the URL is absolute.
bool read_resource(std::string_view text, bool absolute, ReferenceUrl& out) noexcept {
    std::string_view rest = text;
    std::string_view id = cut_last(rest);
    std::string_view before = rest;
    if (std::string_view version = id; cut_last(before) == "_history") {
        if (!is_fhir_id(version)) return false;
        out.version = version;
        rest = before;
        id = cut_last(rest);
    }
    const std::string_view type = cut_last(rest);
    if (!is_fhir_id(id) || !r4::is_resource_type(type) || rest.empty() == absolute || text.front() == '/') {
        out.version = {};
        return false;
    }
    out.type = type;
    out.id = id;
    out.base = absolute ? text.substr(0, rest.size() + 1) : std::string_view();
    return true;
}

}  // namespace

bool is_fhir_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

ReferenceUrl ReferenceUrl::parse(std::string_view text) noexcept {
    ReferenceUrl out;
    if (text.empty()) return out;
    if (text.front() == '#') {
        out.kind = Kind::fragment;
        out.fragment = text.substr(1);
        return out;
    }
    if (text.starts_with("urn:")) {
        out.kind = Kind::urn;
        return out;
    }
    std::string_view body = text;
    if (const auto hash = body.find('#'); hash != std::string_view::npos) {
        out.fragment = body.substr(hash + 1);
        body = body.substr(0, hash);
    }
    const bool absolute = is_absolute(body);
    if (const auto question = body.find('?'); question != std::string_view::npos && !absolute) {
        if (r4::is_resource_type(body.substr(0, question))) {
            out.kind = Kind::conditional;
            out.type = body.substr(0, question);
            out.query = body.substr(question + 1);
            return out;
        }
    }
    if (read_resource(body, absolute, out)) {
        out.kind = absolute ? Kind::absolute : Kind::relative;
        return out;
    }
    out.kind = Kind::other;
    if (const auto bar = body.find('|'); bar != std::string_view::npos) out.version = body.substr(bar + 1);
    return out;
}

Canonical Canonical::parse(std::string_view text) noexcept {
    Canonical out;
    if (const auto hash = text.find('#'); hash != std::string_view::npos) {
        out.fragment = text.substr(hash + 1);
        text = text.substr(0, hash);
    }
    const auto bar = text.find('|');
    out.url = text.substr(0, bar);
    if (bar != std::string_view::npos) out.version = text.substr(bar + 1);
    return out;
}

}  // namespace causeway::fhir
