#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/search/plan.hpp"
#include "fhir/search/value.hpp"

namespace causeway::fhir::search {

/// The table of FHIR's prefixes for ranges: is `target`, the stored value, met by `searched`? For `ap` the searched
/// range is widened already and overlap counts.
bool matches_date(Prefix prefix, const DateRange& searched, const DateRange& target);
/// `implied` is half-open and serves eq, ne and (closed) ap; every other prefix compares with `exact`.
bool matches_number(Prefix prefix, const NumberRange& implied, double exact, const NumberRange& target);
/// One value against one operand; for every parameter type. `:not` and `:not-in` compare as their positive forms.
bool matches_value(const Operand& operand, ParameterType type, Modifier modifier, const SearchValue& value);

/// The rest of the world, for chains, `_has` and lists. An answer of nullopt means: cannot be told here.
class Surroundings {
public:
    virtual ~Surroundings() = default;
    /// Does the resource that a reference names exist and meet the criterion? Called for chains.
    virtual std::optional<bool> target_meets(std::string_view type, std::string_view id,
                                             const Criterion& criterion) const = 0;
    /// Does a resource of `target.type` that points here by `target.via` meet `target.criterion`? Called for `_has`.
    virtual std::optional<bool> referrer_meets(std::string_view type, std::string_view id,
                                               const Criterion::Target& target) const = 0;
    /// `:in`, `:not-in`, `:above`, `:below` on tokens.
    virtual std::optional<bool> code_in(std::string_view system, std::string_view code, Modifier modifier,
                                        const Operand& operand) const = 0;
    /// `:above`, `:below` on references to resources (`location:below=42`): is the target in the hierarchy asked for?
    virtual std::optional<bool> target_in(std::string_view, std::string_view, Modifier, const Operand&) const {
        return {};
    }
    /// `_text`, `_content`, `_list`: about the resource as a whole.
    virtual std::optional<bool> whole_meets(const Criterion&) const { return {}; }
};

struct MatchContext {
    std::string_view type, id;  ///< of the resource
    std::int64_t last_updated_us = 0;
    const Surroundings* surroundings = nullptr;  ///< may be null
    ExtractOptions reading;  ///< how the values were read: for contained resources that a chain meets
    bool contained = false;  ///< the resource is a contained one: nothing refers to it from outside
    bool undecided = false;  ///< out: a criterion could not be told and counted as false
};

/// Does the resource, given by its search values, meet the criterion? The oracle for stores, and how subscriptions and
/// routing rules test one resource without a store.
bool matches(const Criterion& criterion, const SearchValues& values, MatchContext& context);
/// Does one of the contained resources of `type` meet it? Their ids, in the document's order.
std::vector<std::string> contained_matches(const Criterion& criterion, std::string_view type,
                                           const DocumentPtr& document, const MatchContext& context);
/// Extracts and matches; false if the plan has no condition for the document's type.
bool matches(const SearchPlan& plan, const DocumentPtr& document, MatchContext& context);

}  // namespace causeway::fhir::search
