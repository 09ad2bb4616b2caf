#include "gateway/rest/route.hpp"

#include <vector>

#include "fhir/model/reference.hpp"
#include "fhir/r4/tables.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

std::string decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

Fault no_such_path() { return fault(404, IssueCode::not_supported, "Nothing is served at this path"); }

Fault unknown_type() {
    return fault(404, IssueCode::not_supported, "The path does not begin with a FHIR R4 resource type");
}

/// The part after [base], Type or Type/id that all three levels know; kind `system` means: not one of these.
Route::Kind tail_kind(std::string_view segment, Route& route) {
    if (segment == "_history") return Route::Kind::history;
    if (segment == "_search") return Route::Kind::search;
    if (segment.starts_with('$') && segment.size() > 1) {
        route.operation = segment.substr(1);
        return Route::Kind::operation;
    }
    return Route::Kind::system;
}

}  // namespace

Outcome<Route> parse_route(std::string_view path) {
    std::vector<std::string> segments;
    for (std::string_view rest = path; !rest.empty();) {
        rest.remove_prefix(1);  // '/'
        const auto slash = rest.find('/');
        segments.push_back(decode(rest.substr(0, slash)));
        rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
        if (segments.size() > 6) return no_such_path();
    }
    if (!segments.empty() && segments.back().empty()) segments.pop_back();  // a slash at the end

    Route route;
    const auto at = [&](std::size_t i) -> std::string_view { return segments[i]; };
    const std::size_t size = segments.size();
    if (size == 0) return route;
    if (size == 1 && at(0) == "metadata") {
        route.kind = Route::Kind::capabilities;
        return route;
    }
    if (size == 1 && (route.kind = tail_kind(at(0), route)) != Route::Kind::system) return route;

    if (!fhir::r4::is_resource_type(at(0))) return unknown_type();
    route.type = at(0);
    route.kind = Route::Kind::type;
    if (size == 1) return route;
    if (size == 2 && (route.kind = tail_kind(at(1), route)) != Route::Kind::system) return route;

    if (!fhir::is_fhir_id(at(1)))
        return fault(404, IssueCode::not_found, "The path holds something that cannot be a resource's id");
    route.id = at(1);
    route.kind = Route::Kind::instance;
    if (size == 2) return route;
    if (size == 3 && at(2) != "_search" && (route.kind = tail_kind(at(2), route)) != Route::Kind::system) return route;
    if (size == 4 && at(2) == "_history") {
        route.kind = Route::Kind::version;
        route.version = at(3);
        return route;
    }
    if (at(2) != "*" && !fhir::r4::is_resource_type(at(2))) return no_such_path();
    route.member_type = at(2);
    route.kind = Route::Kind::compartment;
    if (size == 3) return route;
    if (size == 4 && at(3) == "_search") {
        route.kind = Route::Kind::search;
        return route;
    }
    return no_such_path();
}

}  // namespace causeway::rest
