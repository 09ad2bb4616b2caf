#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::fhir {

/// A code as a store outside of memory has it.
struct StoredConcept {
    std::string code;
    std::string display;
    std::string definition;
    bool inactive = false;
    bool is_abstract = false;
};

/// A property of a concept, as $lookup gives it.
struct ConceptProperty {
    std::string code;
    std::string value;
    std::string type =
        "string";             ///< the member of value[x] in lower case: code, string, boolean, integer, dateTime ...
    std::string description;  ///< of a code, where it is known
};

/// Another name of a concept.
struct ConceptDesignation {
    std::string language;
    std::string use;  ///< code or text of what the name is for; may be empty
    std::string value;
};

/// Which concepts of a system are wanted; what is empty asks for nothing.
struct ConceptQuery {
    std::string_view filter = {};    ///< words; each must begin a word of a name, or the code
    std::string_view ancestor = {};  ///< below this concept
    bool ancestor_itself = true;     ///< and that one too
    std::string_view property = {};  ///< with this property ...
    std::string_view value = {};     ///< ... of this value
};

/// Code systems too large for memory (LOINC, SNOMED CT, RxNorm ...), kept by someone else, e.g. in the database.
/// Every verb may block and may be called from any thread; none throws for a code or system that is not there.
class ConceptStore {
public:
    virtual ~ConceptStore() = default;
    /// The version of the system that answers; nothing if the system is not loaded.
    virtual std::optional<std::string> version_of(std::string_view system) const = 0;
    virtual std::optional<StoredConcept> find(std::string_view system, std::string_view code) const = 0;
    /// True if `ancestor` is `code` or above it. Nothing if the system has no hierarchy.
    virtual std::optional<bool> subsumes(std::string_view system, std::string_view ancestor,
                                         std::string_view code) const = 0;
    /// Whether a concept's property (SCALE_TYP, class ...) has that value. Nothing if no concept of the system has such
    /// a property.
    virtual std::optional<bool> has_property(std::string_view system, std::string_view code, std::string_view property,
                                             std::string_view value) const = 0;
    virtual std::vector<ConceptProperty> properties(std::string_view system, std::string_view code) const = 0;
    virtual std::vector<ConceptDesignation> designations(std::string_view system, std::string_view code) const = 0;
    virtual std::vector<std::string> parents(std::string_view system, std::string_view code) const = 0;
    virtual std::vector<std::string> children(std::string_view system, std::string_view code) const = 0;
    /// Every concept that the query wants, in an order that does not change; `each` returns false to stop.
    virtual void search(std::string_view system, const ConceptQuery& query,
                        const std::function<bool(const StoredConcept&)>& each) const = 0;
};

}  // namespace causeway::fhir
