#pragma once
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/issue.hpp"
#include "fhir/model/element.hpp"
#include "fhir/search/compiled.hpp"
#include "fhir/search/parameters.hpp"

namespace causeway::fhir::search {

/// A search parameter that a SearchParameter resource defines, for one resource type.
struct CustomParameter {
    std::string url;
    std::string code;
    std::string resource_type;
    ParameterType type = ParameterType::token;
    std::string expression;
    std::vector<std::string> targets;
    struct Part {
        ParameterType type;
        std::string expression;  ///< from the composite's element
    };
    std::vector<Part> parts;  ///< composite

    ParameterId id = 0;  ///< above parameter_count(); given by whoever keeps the set
    bool ready = false;  ///< every resource of the type is indexed by it: it may be searched

    /// Says what the definition finds: two with one identity give the same values.
    std::string identity() const;
};

/// What a SearchParameter resource defines: one row for each type of `base`, abstract types spread out, without those that
/// R4 defines under the same code. Nothing if it is not active or has no expression. What could never work is an issue:
/// an unknown type, an expression that is no FHIRPath, a type without meaning here (special), a part of a composite that
/// is no parameter of R4 for that type.
std::vector<CustomParameter> read_search_parameter(Element resource, Issues& issues);

/// A set of them, compiled. Immutable; shared by all who read and index.
class CustomParameters {
public:
    static constexpr std::size_t most = 256;  ///< numbers above parameter_count() that a process may give out

    /// Those whose expression does not compile are left out.
    explicit CustomParameters(std::vector<CustomParameter> definitions);

    const Parameter* find(std::string_view resource_type, std::string_view code) const noexcept;
    bool ready(ParameterId id) const noexcept;
    const std::deque<CustomParameter>& definitions() const noexcept { return definitions_; }
    /// Ids ascending.
    const std::vector<CompiledParameter>& compiled(std::string_view resource_type) const noexcept;

private:
    struct OfType {
        std::string_view type;
        std::vector<CompiledParameter> compiled;
    };
    std::deque<CustomParameter> definitions_;
    std::deque<std::vector<std::string_view>> targets_;
    std::deque<std::vector<Parameter::Component>> components_;
    std::deque<Parameter> parameters_;
    std::vector<OfType> types_;
};

using CustomParametersPtr = std::shared_ptr<const CustomParameters>;

}  // namespace causeway::fhir::search
