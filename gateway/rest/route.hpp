#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/rest/fault.hpp"

namespace causeway::rest {

/// What a path under the base names.
struct Route {
    enum class Kind : std::uint8_t {
        system,        ///< [base]
        capabilities,  ///< [base]/metadata
        type,          ///< [base]/Type
        instance,      ///< [base]/Type/id
        version,       ///< [base]/Type/id/_history/vid
        history,       ///< _history of instance, type or system: which, `type` and `id` say
        search,        ///< _search of type or system, and of a compartment
        compartment,   ///< [base]/Type/id/Other, or * for Other
        operation,     ///< $name of instance, type or system
    };
    Kind kind = Kind::system;
    std::string type;  ///< for a compartment, its owner's type
    std::string id;
    std::string version;
    std::string operation;    ///< without '$'
    std::string member_type;  ///< compartment searches: the type that is searched, or "*"
};

/// `path` begins after the base: empty or "/...". An unknown type is 404 not-supported, a malformed id 404 not-found.
Outcome<Route> parse_route(std::string_view path);

}  // namespace causeway::rest
