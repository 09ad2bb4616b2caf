#include "fhir/search/match.hpp"

#include <algorithm>
#include <cmath>

#include "fhir/search/normalise.hpp"
#include "fhir/search/parameters.hpp"

namespace causeway::fhir::search {
namespace {

/// A word of `text` begins with `wanted`; both normalised.
bool word_starts_with(std::string_view text, std::string_view wanted) {
    for (std::size_t at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, at + 1)) {
        if (at == 0 || text[at - 1] == ' ') return true;
    }
    return false;
}

bool same_code(std::string_view a, std::string_view b, bool exact) {
    return exact ? a == b : fold_token(a) == fold_token(b);
}

bool token_matches(const Operand& operand, const TokenValue& value, bool exact) {
    switch (operand.system_match) {
        case SystemMatch::any:
            break;
        case SystemMatch::none:
            if (!value.system.empty()) return false;
            break;
        case SystemMatch::exact:
            if (value.system != operand.system) return false;
            break;
        case SystemMatch::exact_any_code:
            return value.system == operand.system;
    }
    return !value.code.empty() && same_code(value.code, operand.text, exact);
}

bool string_matches(const Operand& operand, Modifier modifier, const StringValue& value) {
    switch (modifier) {
        case Modifier::exact:
            return !value.original.empty() && value.original == operand.text;
        case Modifier::contains:
            return value.normalised.find(operand.text) != std::string_view::npos;
        case Modifier::text:
            return word_starts_with(value.normalised, operand.text);
        case Modifier::ends_with:
            return value.normalised.ends_with(operand.text);
        default:
            return value.normalised.starts_with(operand.text);
    }
}

bool quantity_matches(const Operand& operand, const QuantityValue& value) {
    if (!operand.canonical_unit.empty() && !value.canonical_unit.empty()) {
        return value.canonical_unit == operand.canonical_unit &&
               matches_number(operand.prefix, operand.canonical_implied, operand.canonical_number, value.canonical);
    }
    if (operand.system_match == SystemMatch::exact && value.system != operand.system) return false;
    if (!operand.text.empty()) {
        const bool by_text = operand.system_match != SystemMatch::exact && value.unit == operand.text;
        if (value.code != operand.text && !by_text) return false;
    }
    return matches_number(operand.prefix, operand.implied, operand.number, value.written);
}

/// `1` meets `1.0` and `1.1`: the version's parts begin with those asked for.
bool version_below(std::string_view wanted, std::string_view version) {
    return version.starts_with(wanted) && (version.size() == wanted.size() || version[wanted.size()] == '.');
}

bool reference_matches(const Operand& operand, Modifier modifier, const ReferenceValue& value) {
    const Operand::Reference& wanted = operand.reference;
    if (!wanted.url.empty()) {
        if (value.url != wanted.url) return false;
        if (wanted.version.empty()) return true;
        return modifier == Modifier::below ? version_below(wanted.version, value.version)
                                           : value.version == wanted.version;
    }
    if (value.id.empty() || value.id != wanted.id) return false;
    if (!wanted.type.empty() && value.type != wanted.type) return false;
    if (wanted.type.empty() && !wanted.types.empty() &&
        std::find(wanted.types.begin(), wanted.types.end(), value.type) == wanted.types.end())
        return false;
    return wanted.version.empty() || value.version == wanted.version;
}

/// The URL is the other one or lies under it, by path segments. urn: URLs have no hierarchy.
bool uri_below(std::string_view base, std::string_view uri) {
    if (uri == base) return true;
    if (base.starts_with("urn:") || !uri.starts_with(base)) return false;
    return base.ends_with('/') || uri[base.size()] == '/' || uri[base.size()] == '#' || uri[base.size()] == '?';
}

bool uri_matches(const Operand& operand, Modifier modifier, const UriValue& value) {
    switch (modifier) {
        case Modifier::below:
            return uri_below(operand.text, value.value);
        case Modifier::above:
            return uri_below(value.value, operand.text);
        case Modifier::contains:
            return value.value.find(operand.text) != std::string_view::npos;
        case Modifier::starts_with:
            return value.value.starts_with(operand.text);
        case Modifier::ends_with:
            return value.value.ends_with(operand.text);
        default:
            return value.value == operand.text;
    }
}

/// Great-circle distance on a sphere of the earth's mean radius.
double distance_m(double latitude_a, double longitude_a, double latitude_b, double longitude_b) {
    constexpr double radian = 3.14159265358979323846 / 180;
    constexpr double radius_m = 6'371'008.8;
    const double half_latitude = std::sin((latitude_b - latitude_a) * radian / 2);
    const double half_longitude = std::sin((longitude_b - longitude_a) * radian / 2);
    const double a = half_latitude * half_latitude +
                     std::cos(latitude_a * radian) * std::cos(latitude_b * radian) * half_longitude * half_longitude;
    return 2 * radius_m * std::asin(std::sqrt(std::min(1.0, a)));
}

/// text/xml;charset=utf-8 lies below text/xml.
bool mime_below(std::string_view base, std::string_view code) {
    return base.find('/') != std::string_view::npos && code.starts_with(base) &&
           (code.size() == base.size() || code[base.size()] == ';' || code[base.size()] == ' ');
}

struct ValueMatcher {
    const Operand& operand;
    Modifier modifier;
    bool exact_case;

    bool operator()(const TokenValue& value) const {
        if (modifier == Modifier::text)
            return !value.text.empty() && word_starts_with(normalise(value.text), operand.text);
        if (modifier == Modifier::below && mime_below(operand.text, value.code)) return true;
        if (modifier == Modifier::above && mime_below(value.code, operand.text)) return true;
        if (modifier == Modifier::of_type || modifier == Modifier::identifier || modifier == Modifier::in ||
            modifier == Modifier::not_in)
            return false;
        if (modifier == Modifier::contains)
            return fold_token(value.code).find(fold_token(operand.text)) != std::string::npos;
        if (modifier == Modifier::starts_with) return fold_token(value.code).starts_with(fold_token(operand.text));
        if (modifier == Modifier::ends_with) return fold_token(value.code).ends_with(fold_token(operand.text));
        return token_matches(operand, value, exact_case);
    }
    bool operator()(const TypedIdentifierValue& value) const {
        return modifier == Modifier::of_type && value.type_system == operand.system &&
               same_code(value.type_code, operand.type_code, false) && same_code(value.value, operand.text, false);
    }
    bool operator()(const StringValue& value) const { return string_matches(operand, modifier, value); }
    bool operator()(const DateValue& value) const { return matches_date(operand.prefix, operand.date, value.range); }
    bool operator()(const NumberValue& value) const {
        return matches_number(operand.prefix, operand.implied, operand.number, value.range);
    }
    bool operator()(const QuantityValue& value) const { return quantity_matches(operand, value); }
    bool operator()(const ReferenceValue& value) const {
        return modifier != Modifier::identifier && reference_matches(operand, modifier, value);
    }
    bool operator()(const ReferenceIdentifierValue& value) const {
        return modifier == Modifier::identifier &&
               token_matches(operand, TokenValue{value.system, value.value, {}}, false);
    }
    bool operator()(const UriValue& value) const { return uri_matches(operand, modifier, value); }
    bool operator()(const PositionValue& value) const {
        return distance_m(operand.near.latitude, operand.near.longitude, value.latitude, value.longitude) <=
               operand.near.distance_m;
    }
    bool operator()(const PresenceValue&) const { return false; }
    bool operator()(const CompositeValue& value) const {
        if (value.count != operand.parts.size()) return false;
        for (std::size_t i = 0; i < value.count; ++i) {
            if (!std::visit(ValueMatcher{operand.parts[i], Modifier::none, false}, value.parts[i].value)) return false;
        }
        return true;
    }
};

using Answer = std::optional<bool>;

MatchContext of_contained(const MatchContext& context, Element resource) {
    MatchContext inner = context;
    inner.type = resource.resource_type();
    inner.id = resource["id"].text();
    inner.contained = true;
    return inner;
}

class Matcher {
public:
    Matcher(const SearchValues& values, const MatchContext& context)
        : values_(values.values()), document_(values.document()), context_(context) {}

    Answer test(const Criterion& criterion) const {
        switch (criterion.kind) {
            case Criterion::Kind::all:
                return fold(criterion, true);
            case Criterion::Kind::any:
                return fold(criterion, false);
            case Criterion::Kind::none:
                return negated(fold(criterion, false));
            case Criterion::Kind::compare: {
                const bool negative = criterion.modifier == Modifier::not_ || criterion.modifier == Modifier::not_in;
                const Answer found = compare(criterion);
                return negative ? negated(found) : found;
            }
            case Criterion::Kind::missing:
                return missing(criterion) == criterion.missing;
            case Criterion::Kind::chain:
                return chain(criterion);
            case Criterion::Kind::has:
                return has(criterion);
        }
        return std::nullopt;
    }

private:
    static Answer negated(Answer answer) { return answer ? Answer(!*answer) : answer; }

    /// All or any of the children; an unknown counts unless another child decides.
    Answer fold(const Criterion& criterion, bool all) const {
        bool open = false;
        for (const Criterion& child : criterion.children) {
            const Answer answer = test(child);
            if (answer && *answer != all) return !all;
            open = open || !answer;
        }
        return open ? Answer() : Answer(all);
    }

    std::span<const SearchValue> values_of(ParameterId id) const {
        const auto [first, last] =
            std::equal_range(values_.begin(), values_.end(), SearchValue{id, {}},
                             [](const SearchValue& a, const SearchValue& b) { return a.parameter < b.parameter; });
        return {first, last};
    }

    Answer compare(const Criterion& criterion) const {
        switch (criterion.special) {
            case Special::id:
                return std::any_of(criterion.operands.begin(), criterion.operands.end(),
                                   [&](const Operand& operand) { return operand.text == context_.id; });
            case Special::last_updated:
                return std::any_of(criterion.operands.begin(), criterion.operands.end(), [&](const Operand& operand) {
                    return matches_date(operand.prefix, operand.date,
                                        {context_.last_updated_us, context_.last_updated_us + 1});
                });
            case Special::text:
            case Special::content:
            case Special::list:
                if (context_.contained) return false;
                return context_.surroundings ? context_.surroundings->whole_meets(criterion) : std::nullopt;
            default:
                break;
        }
        const bool terminology = criterion.type == ParameterType::token &&
                                 (criterion.modifier == Modifier::in || criterion.modifier == Modifier::not_in ||
                                  criterion.modifier == Modifier::above || criterion.modifier == Modifier::below);
        const bool hierarchy = criterion.type == ParameterType::reference &&
                               (criterion.modifier == Modifier::above || criterion.modifier == Modifier::below);
        bool open = false;
        for (const ParameterId id : criterion.parameters) {
            for (const SearchValue& value : values_of(id)) {
                for (const Operand& operand : criterion.operands) {
                    if (matches_value(operand, criterion.type, criterion.modifier, value)) return true;
                    if (terminology) {
                        const Answer answer = ask_terminology(criterion.modifier, operand, value);
                        if (answer && *answer) return true;
                        open = open || !answer;
                    }
                    if (hierarchy && operand.reference.url.empty()) {
                        const Answer answer = ask_hierarchy(criterion.modifier, operand, value);
                        if (answer && *answer) return true;
                        open = open || !answer;
                    }
                }
            }
        }
        return open ? Answer() : Answer(false);
    }

    Answer ask_hierarchy(Modifier modifier, const Operand& operand, const SearchValue& value) const {
        const auto* const reference = std::get_if<ReferenceValue>(&value.value);
        if (!reference || reference->id.empty()) return false;
        return context_.surroundings
                   ? context_.surroundings->target_in(reference->type, reference->id, modifier, operand)
                   : std::nullopt;
    }

    Answer ask_terminology(Modifier modifier, const Operand& operand, const SearchValue& value) const {
        const auto* const token = std::get_if<TokenValue>(&value.value);
        if (!token || token->code.empty()) return false;
        return context_.surroundings ? context_.surroundings->code_in(token->system, token->code, modifier, operand)
                                     : std::nullopt;
    }

    bool missing(const Criterion& criterion) const {
        if (criterion.special == Special::id || criterion.special == Special::last_updated) return false;
        return std::all_of(criterion.parameters.begin(), criterion.parameters.end(),
                           [&](ParameterId id) { return values_of(id).empty(); });
    }

    Answer chain(const Criterion& criterion) const {
        bool open = false;
        for (const ParameterId id : criterion.parameters) {
            for (const SearchValue& value : values_of(id)) {
                const auto* const reference = std::get_if<ReferenceValue>(&value.value);
                if (reference && !reference->fragment.empty()) {
                    const Answer answer = contained_target(reference->fragment, criterion);
                    if (answer && *answer) return true;
                    open = open || !answer;
                }
                if (!reference || reference->id.empty()) continue;
                for (const Criterion::Target& target : criterion.targets) {
                    if (target.type != reference->type) continue;
                    const Answer answer = context_.surroundings ? context_.surroundings->target_meets(
                                                                      reference->type, reference->id, *target.criterion)
                                                                : std::nullopt;
                    if (answer && *answer) return true;
                    open = open || !answer;
                }
            }
        }
        return open ? Answer() : Answer(false);
    }

    /// Chains are evaluated inside contained resources too.
    Answer contained_target(std::string_view id, const Criterion& criterion) const {
        if (!document_) return false;
        for (const ContainedValues& one : extract_contained(document_, context_.reading)) {
            if (one.resource["id"].text() != id) continue;
            for (const Criterion::Target& target : criterion.targets) {
                if (target.type != one.resource.resource_type()) continue;
                const MatchContext inner = of_contained(context_, one.resource);
                return Matcher(one.values, inner).test(*target.criterion);
            }
        }
        return false;
    }

    Answer has(const Criterion& criterion) const {
        if (context_.contained) return false;
        bool open = false;
        for (const Criterion::Target& target : criterion.targets) {
            const Answer answer = context_.surroundings
                                      ? context_.surroundings->referrer_meets(context_.type, context_.id, target)
                                      : std::nullopt;
            if (answer && *answer) return true;
            open = open || !answer;
        }
        return open ? Answer() : Answer(false);
    }

    const std::vector<SearchValue>& values_;
    const DocumentPtr& document_;
    const MatchContext& context_;
};

}  // namespace

bool matches_date(Prefix prefix, const DateRange& searched, const DateRange& target) {
    const bool contained = searched.low_us <= target.low_us && target.high_us <= searched.high_us;
    switch (prefix) {
        case Prefix::eq:
            return contained;
        case Prefix::ne:
            return !contained;
        case Prefix::gt:
            return target.high_us > searched.high_us;
        case Prefix::lt:
            return target.low_us < searched.low_us;
        case Prefix::ge:
            return contained || target.high_us > searched.high_us;
        case Prefix::le:
            return contained || target.low_us < searched.low_us;
        case Prefix::sa:
            return target.low_us >= searched.high_us;
        case Prefix::eb:
            return target.high_us <= searched.low_us;
        case Prefix::ap:
            return target.low_us < searched.high_us && searched.low_us < target.high_us;
    }
    return false;
}

bool matches_number(Prefix prefix, const NumberRange& implied, double exact, const NumberRange& target) {
    switch (prefix) {
        case Prefix::eq:
            return implied.low <= target.low && target.high < implied.high;
        case Prefix::ne:
            return !(implied.low <= target.low && target.high < implied.high);
        case Prefix::gt:
            return target.high > exact;
        case Prefix::lt:
            return target.low < exact;
        case Prefix::ge:
            return target.high >= exact;
        case Prefix::le:
            return target.low <= exact;
        case Prefix::sa:
            return target.low > exact;
        case Prefix::eb:
            return target.high < exact;
        case Prefix::ap:
            return target.high >= implied.low && target.low <= implied.high;
    }
    return false;
}

bool matches_value(const Operand& operand, ParameterType, Modifier modifier, const SearchValue& value) {
    const bool exact_case = value.parameter != 0 && value.parameter <= parameter_count() &&
                            parameter(value.parameter).special == Special::id;
    return std::visit(ValueMatcher{operand, modifier, exact_case}, value.value);
}

bool matches(const Criterion& criterion, const SearchValues& values, MatchContext& context) {
    const Answer answer = Matcher(values, context).test(criterion);
    context.undecided = !answer.has_value();
    return answer.value_or(false);
}

std::vector<std::string> contained_matches(const Criterion& criterion, std::string_view type,
                                           const DocumentPtr& document, const MatchContext& context) {
    std::vector<std::string> out;
    for (const ContainedValues& one : extract_contained(document, context.reading)) {
        if (one.resource.resource_type() != type) continue;
        const MatchContext inner = of_contained(context, one.resource);
        if (Matcher(one.values, inner).test(criterion).value_or(false)) out.emplace_back(one.resource["id"].text());
    }
    return out;
}

bool matches(const SearchPlan& plan, const DocumentPtr& document, MatchContext& context) {
    for (const TypeCondition& condition : plan.conditions) {
        if (condition.type != document->resource_type()) continue;
        const Extraction extraction = extract(document);
        if (context.type.empty()) context.type = document->resource_type();
        if (context.id.empty()) context.id = document->id();
        return matches(condition.criterion, extraction.values, context);
    }
    return false;
}

}  // namespace causeway::fhir::search
