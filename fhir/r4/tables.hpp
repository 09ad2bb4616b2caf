#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace causeway::fhir::r4 {

enum class TypeKind : std::uint8_t { primitive, complex, backbone, resource };
enum class BindingStrength : std::uint8_t { none, example, preferred, extensible, required };
enum class SearchType : std::uint8_t { number, date, string, token, reference, composite, quantity, uri, special };

/// How a primitive's JSON value is written and checked.
enum class Primitive : std::uint8_t {
    none,
    base64_binary,
    boolean,
    canonical,
    code,
    date,
    date_time,
    decimal,
    id,
    instant,
    integer,
    markdown,
    oid,
    positive_int,
    string,
    time,
    unsigned_int,
    uri,
    url,
    uuid,
    xhtml
};

struct TypeDef;

/// One element of a type, inherited ones included. `value[x]` is one element named "value" with several types.
struct ElementDef {
    std::string_view name;
    std::uint16_t min;
    std::uint16_t max;  ///< 0 = no limit
    bool is_choice;
    bool is_summary;
    bool is_modifier;
    bool is_attribute;          ///< an attribute in XML: Element.id, Extension.url
    bool is_content_reference;  ///< its type is declared elsewhere: Bundle.entry.link is a Bundle.link
    BindingStrength binding;
    std::string_view value_set;                    ///< canonical URL without version; empty if there is no binding
    std::span<const TypeDef* const> types;         ///< never empty
    std::span<const std::string_view> targets;     ///< of Reference and canonical; empty = any
    std::span<const std::string_view> json_names;  ///< one per type: value[x] has valueString, valueQuantity ...
};

/// A member name as JSON spells it, with what it stands for.
struct MemberDef {
    std::string_view json_name;
    const ElementDef* element = nullptr;
    const TypeDef* type = nullptr;
    std::uint16_t order = 0;  ///< of the element in its type, for XML
};

struct TypeDef {
    std::string_view name;  ///< "Patient", "HumanName", "code"; a backbone element has its path: "Patient.contact"
    TypeKind kind;
    Primitive primitive;
    bool is_abstract;
    const TypeDef* base;  ///< null for Element and Resource
    std::span<const ElementDef> elements;
    std::uint16_t index;  ///< dense, over all types
    std::uint32_t slots;  ///< into the hash table of members
    std::uint32_t slot_mask;
    std::uint64_t required;  ///< bit n: the n-th element has min > 0 (no type has more than 64)
};

struct SearchComponentDef {
    std::string_view id;  ///< the component parameter's definition id, e.g. "clinical-code"
    std::string_view expression;
};

/// A search parameter as one resource type has it: the expression holds only the parts about that type.
struct SearchParameterDef {
    std::uint16_t index;    ///< dense, over all (type, code)
    std::string_view base;  ///< the resource type asked for, also where the parameter is inherited from Resource
    std::string_view code;
    std::string_view id;
    SearchType type;
    std::string_view expression;  ///< empty for _text, _content, _query
    std::span<const std::string_view> targets;
    std::span<const SearchComponentDef> components;
    std::string_view url;
};

struct CompartmentDef {
    std::string_view type;  ///< resource type in the compartment
    std::span<const std::string_view>
        parameters;  ///< its search parameters that lead to the compartment's owner; "{def}" = itself
};

/// One invariant, at the type or the element that declares it.
struct ConstraintDef {
    std::string_view path;  ///< "Observation", "Observation.referenceRange", "Element"
    std::string_view key;
    bool is_error;  ///< else a warning
    std::string_view expression;
    std::string_view human;
};

/// A type by its name or backbone path; null if R4 has none.
const TypeDef* find_type(std::string_view name) noexcept;
/// The member of a type as JSON names it; `element` is null if there is none. "valueQuantity" gives value and Quantity.
MemberDef find_element(const TypeDef& type, std::string_view json_name) noexcept;
/// The element by its name without type suffix ("value"); null if there is none.
const ElementDef* find_choice(const TypeDef& type, std::string_view name) noexcept;
/// True if `type` is `ancestor` or derives from it (code is a string, Age a Quantity, Patient a DomainResource).
bool is_a(const TypeDef& type, std::string_view ancestor) noexcept;

/// All types in the order of their index.
std::span<const TypeDef> types() noexcept;
/// The 146 concrete resource types in alphabetical order.
std::span<const std::string_view> resource_types() noexcept;
bool is_resource_type(std::string_view name) noexcept;

/// The parameters of a concrete resource type, those of Resource and DomainResource included, by code in alphabetical
/// order.
std::span<const SearchParameterDef> search_parameters(std::string_view resource_type) noexcept;
const SearchParameterDef* find_search_parameter(std::string_view resource_type, std::string_view code) noexcept;
/// Every parameter in the order of its index.
std::span<const SearchParameterDef> search_parameters() noexcept;

/// Patient, Encounter, Device, Practitioner, RelatedPerson; empty for any other.
std::span<const CompartmentDef> compartment(std::string_view name) noexcept;

std::span<const ConstraintDef> constraints() noexcept;

}  // namespace causeway::fhir::r4
