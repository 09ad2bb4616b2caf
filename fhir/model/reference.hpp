#pragma once
#include <cstdint>
#include <string_view>

namespace causeway::fhir {

/// What a Reference.reference (or another URL that names a resource) says. All views borrow the text given.
struct ReferenceUrl {
    enum class Kind : std::uint8_t {
        empty,
        fragment,     ///< #id: a contained resource; "#" alone is the container
        relative,     ///< Patient/1, Patient/1/_history/2
        absolute,     ///< https://host/base/Patient/1, split into base, type, id
        urn,          ///< urn:uuid: or urn:oid:
        conditional,  ///< Patient?identifier=...
        other,        ///< any other URL: a canonical, a REST URL that names no resource
    };
    Kind kind = Kind::empty;
    std::string_view base;      ///< of an absolute one, with its last '/'
    std::string_view type;      ///< relative, absolute, conditional
    std::string_view id;        ///< relative, absolute
    std::string_view version;   ///< after _history/; or after '|' of `other`
    std::string_view fragment;  ///< without '#'
    std::string_view query;     ///< of a conditional one, without '?'

    static ReferenceUrl parse(std::string_view text) noexcept;
    bool names_resource() const noexcept { return kind == Kind::relative || kind == Kind::absolute; }
};

/// [A-Za-z0-9\-\.]{1,64}
bool is_fhir_id(std::string_view text) noexcept;

/// A canonical URL taken apart: url|version#fragment.
struct Canonical {
    std::string_view url;
    std::string_view version;
    std::string_view fragment;
    static Canonical parse(std::string_view text) noexcept;
};

}  // namespace causeway::fhir
