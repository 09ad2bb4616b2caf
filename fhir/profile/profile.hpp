#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/result.hpp"
#include "fhir/validate/base_rules.hpp"

namespace causeway::fhir {

/// One type that a profile allows at an element.
struct AllowedType {
    const r4::TypeDef* type = nullptr;  ///< null where R4 does not know the code
    std::string_view code;
    std::vector<std::string_view> profiles;  ///< canonical URLs, one of which must hold
    std::vector<std::string_view> targets;   ///< of references: profiles of the target
    std::uint8_t aggregation = 0;            ///< of references: where the target may be, Aggregation bits; 0: anywhere
};

struct Aggregation {
    static constexpr std::uint8_t contained = 1;
    static constexpr std::uint8_t referenced = 2;
    static constexpr std::uint8_t bundled = 4;
};

struct Discriminator {
    enum class Kind : unsigned char { value, pattern, type, profile, exists };
    Kind kind = Kind::value;
    std::string_view path;
};

struct Slicing {
    std::vector<Discriminator> discriminators;
    bool closed = false;
    bool open_at_end = false;
    bool ordered = false;
};

/// What a profile says of one element, beyond the type itself; only elements that it speaks of are there. Views and
/// Elements borrow the StructureDefinitions that the Profile keeps.
struct ElementRule {
    std::string id;          ///< as in the definition: "Observation.category:VSCat.coding"
    std::string_view name;   ///< of the element; a choice is named without "[x]"
    std::string_view slice;  ///< empty for the element itself
    bool is_choice = false;
    const r4::TypeDef* type = nullptr;     ///< where it is one
    const r4::ElementDef* base = nullptr;  ///< as R4 has it; null for a root
    std::optional<unsigned> min;
    std::optional<unsigned> max;  ///< unset also for "*"
    std::vector<AllowedType> types;
    Element fixed;
    Element pattern;
    Element min_value;
    Element max_value;
    std::optional<std::size_t> length_max;
    r4::BindingStrength binding = r4::BindingStrength::none;
    std::string_view value_set;
    std::string_view max_value_set;  ///< of the extension elementdefinition-maxValueSet
    std::vector<Rule> rules;
    std::optional<Slicing> slicing;
    bool types_closed = false;  ///< named by a type (valueQuantity) without slicing: no other type is allowed
    bool must_support = false;
    std::vector<std::unique_ptr<ElementRule>> children;
    std::vector<std::unique_ptr<ElementRule>> slices;  ///< a slice of a slice stands in the slice

    /// Of the binding in force: the profile's, or R4's where the profile says the same.
    r4::BindingStrength strength() const noexcept {
        return binding == r4::BindingStrength::none && base ? base->binding : binding;
    }
    ElementRule* find_child(std::string_view child) const noexcept;
    ElementRule* find_slice(std::string_view wanted) const noexcept;
};

struct ExtensionContext {
    std::string_view type;  ///< element, extension, fhirpath
    std::string_view expression;
};

/// A StructureDefinition that constrains a type, compiled with all that it inherits.
struct Profile {
    std::string_view url;
    std::string_view version;
    std::string_view name;
    const r4::TypeDef* type = nullptr;
    bool is_modifier = false;  ///< of an extension
    std::vector<ExtensionContext> contexts;
    std::vector<Rule> context_rules;
    std::vector<std::string> must_support;  ///< ids, in order
    std::vector<std::string> not_checked;   ///< rules that do not compile
    std::unique_ptr<ElementRule> root;
    std::vector<DocumentPtr> kept;  ///< its own definition and its bases'
};

/// Gives the definition of a profile by canonical URL, for bases. Null if it is not known.
class DefinitionSource {
public:
    virtual ~DefinitionSource() = default;
    virtual DocumentPtr definition(std::string_view canonical) const = 0;
};

/// Compiles a StructureDefinition (derivation constraint): its base's rules, then its differential; its snapshot where
/// the base is not known or there is no differential. Fails with the element's id as path where it cannot be
/// understood.
Result<std::shared_ptr<const Profile>> compile_profile(const DocumentPtr& definition, const DefinitionSource& source);

/// The type that a core definition's URL names; null for any other URL.
const r4::TypeDef* core_type(std::string_view canonical) noexcept;

}  // namespace causeway::fhir
