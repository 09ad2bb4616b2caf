#include "fhir/search/query.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "fhir/r4/tables.hpp"
#include "fhir/search/query_parser.hpp"
#include "fhir/search/query_text.hpp"

namespace causeway::fhir::search {
namespace {

class QueryReader {
public:
    QueryReader(const QueryOptions& options, ParsedQuery& out) : options_(options), out_(out) {}

    void run(std::string_view resource_type, std::span<const QueryParameter> parameters) {
        if (!resource_type.empty() && !r4::is_resource_type(resource_type)) {
            return error("_type", IssueCode::not_supported,
                         "there is no resource type '" + std::string(resource_type) + "'");
        }
        if (!resource_type.empty()) {
            add_type(resource_type);
        } else {
            read_types(parameters);
        }
        if (!out_.ok()) return;
        for (const QueryParameter& parameter : parameters) read(parameter);
        if (out_.plan.summary == Summary::text && !out_.plan.includes.empty()) {
            error("_summary", IssueCode::invalid,
                  "_summary=text cannot be used together with _include and _revinclude");
        }
    }

private:
    SearchPlan& plan() { return out_.plan; }

    void add_type(std::string_view type) {
        TypeCondition& condition = plan().conditions.emplace_back();
        condition.type = type;
        condition.criterion.kind = Criterion::Kind::all;
    }

    void read_types(std::span<const QueryParameter> parameters) {
        for (const QueryParameter& parameter : parameters) {
            if (parameter.name != "_type" || parameter.value.empty()) continue;
            for (const std::string_view type : split_escaped(parameter.value, ',')) {
                if (!r4::is_resource_type(type))
                    return error("_type", IssueCode::value, "there is no resource type '" + std::string(type) + "'");
                const bool known = std::any_of(plan().conditions.begin(), plan().conditions.end(),
                                               [&](const TypeCondition& condition) { return condition.type == type; });
                if (!known) add_type(type);
            }
            used(parameter);
        }
        if (plan().conditions.empty()) {
            for (const std::string_view type : r4::resource_types()) add_type(type);
        }
    }

    void used(const QueryParameter& parameter) { plan().used.emplace_back(parameter.name, parameter.value); }

    void error(std::string_view name, IssueCode code, std::string text) {
        out_.issues.push_back({Severity::error, code, std::string(name) + ": " + std::move(text), {}, "search"});
    }

    /// In lenient handling a warning: the parameter is left out.
    void unknown(const QueryParameter& parameter, std::string text) {
        out_.ignored_any = true;
        if (options_.handling == Handling::strict)
            return error(parameter.name, IssueCode::not_supported, std::move(text));
        out_.issues.push_back({Severity::warning,
                               IssueCode::not_supported,
                               parameter.name + ": ignored: " + std::move(text),
                               {},
                               "search"});
    }

    void read(const QueryParameter& parameter) {
        const std::string& name = parameter.name;
        if (name == "_format" || name == "_pretty" || name == "_type" || parameter.value.empty()) return;
        if (std::find(options_.ignorable.begin(), options_.ignorable.end(), name) != options_.ignorable.end()) return;
        if (name.empty()) return unknown(parameter, "a parameter needs a name");
        if (is_result_parameter(name)) {
            if (!options_.result_parameters) return error(name, IssueCode::not_supported, "not allowed in a condition");
            return read_result_parameter(parameter);
        }
        read_condition(parameter);
    }

    void read_condition(const QueryParameter& parameter) {
        std::vector<Criterion> criteria;
        for (const TypeCondition& condition : plan().conditions) {
            QueryFault fault;
            CriterionReader reader(options_, fault);
            auto criterion = reader.read(condition.type, parameter.name, parameter.value);
            if (!criterion) {
                if (reader.unknown()) return unknown(parameter, std::move(fault.text));
                return error(parameter.name, fault.code, std::move(fault.text));
            }
            criteria.push_back(std::move(*criterion));
        }
        for (std::size_t i = 0; i < criteria.size(); ++i)
            plan().conditions[i].criterion.children.push_back(std::move(criteria[i]));
        used(parameter);
    }

    static bool is_result_parameter(std::string_view name) {
        static constexpr std::array<std::string_view, 9> names = {"_sort",          "_count",    "_total",
                                                                  "_summary",       "_elements", "_contained",
                                                                  "_containedType", "__explain", "_score"};
        const std::string_view plain = name.substr(0, name.find(':'));
        return std::find(names.begin(), names.end(), plain) != names.end() || plain == "_include" ||
               plain == "_revinclude";
    }

    template <class Value, std::size_t count>
    void choose(const QueryParameter& parameter, const std::array<std::pair<std::string_view, Value>, count>& choices,
                Value& out) {
        std::string known;
        for (const auto& [name, value] : choices) {
            if (name == parameter.value) {
                out = value;
                return used(parameter);
            }
            known += (known.empty() ? "" : ", ") + std::string(name);
        }
        error(parameter.name, IssueCode::value, "known values are " + known);
    }

    void read_result_parameter(const QueryParameter& parameter) {
        const std::string& name = parameter.name;
        if (name.starts_with("_include") || name.starts_with("_revinclude")) return read_include(parameter);
        if (name.find(':') != std::string::npos) return error(name, IssueCode::not_supported, "takes no modifier");
        if (name == "_sort") return read_sort(parameter);
        if (name == "_count") return read_count(parameter);
        if (name == "_total") {
            return choose(parameter,
                          std::array<std::pair<std::string_view, Total>, 3>{
                              {{"none", Total::none}, {"estimate", Total::estimate}, {"accurate", Total::accurate}}},
                          plan().total);
        }
        if (name == "_summary") {
            return choose(parameter,
                          std::array<std::pair<std::string_view, Summary>, 5>{{{"true", Summary::yes},
                                                                               {"false", Summary::none},
                                                                               {"text", Summary::text},
                                                                               {"data", Summary::data},
                                                                               {"count", Summary::count}}},
                          plan().summary);
        }
        if (name == "_contained") {
            return choose(parameter,
                          std::array<std::pair<std::string_view, Contained>, 3>{
                              {{"false", Contained::no}, {"true", Contained::yes}, {"both", Contained::both}}},
                          plan().contained);
        }
        if (name == "_containedType") {
            return choose(parameter,
                          std::array<std::pair<std::string_view, bool>, 2>{{{"container", true}, {"contained", false}}},
                          plan().contained_as_container);
        }
        if (name == "__explain")
            return choose(parameter,
                          std::array<std::pair<std::string_view, bool>, 2>{{{"true", true}, {"false", false}}},
                          plan().explain);
        if (name == "_score") return unknown(parameter, "results carry no score");
        for (const std::string_view element : split_escaped(parameter.value, ',')) {
            if (!element.empty()) plan().elements.emplace_back(element);
        }
        used(parameter);
    }

    void read_count(const QueryParameter& parameter) {
        std::uint32_t value = 0;
        const std::string& text = parameter.value;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (end != text.data() + text.size() || (problem != std::errc() && problem != std::errc::result_out_of_range)) {
            return error("_count", IssueCode::value, "a whole number from 0 is wanted");
        }
        plan().count = problem == std::errc() ? value : 0xFFFFFFFFU;
        if (plan().count == 0U) plan().summary = Summary::count;
        used(parameter);
    }

    void read_sort(const QueryParameter& parameter) {
        for (std::string_view one : split_escaped(parameter.value, ',')) {
            if (one.empty()) continue;
            SortKey key;
            key.descending = one.front() == '-';
            if (key.descending) one.remove_prefix(1);
            key.code = one;
            for (const TypeCondition& condition : plan().conditions) {
                const Parameter* const found = find_parameter(condition.type, one, options_);
                if (!found)
                    return unknown(parameter, condition.type + " has no search parameter '" + std::string(one) +
                                                  "' to sort by; it has " + known_parameters(condition.type, options_));
                if (!is_ready(*found, options_))
                    return error("_sort", IssueCode::not_supported, "'" + std::string(one) + "' is being made ready");
                if (found->type == ParameterType::composite || found->type == ParameterType::special ||
                    found->special == Special::text || found->special == Special::content) {
                    return error("_sort", IssueCode::not_supported, "'" + std::string(one) + "' has no order");
                }
                key.type = found->type;
                key.special = found->special == Special::id || found->special == Special::last_updated ? found->special
                                                                                                       : Special::none;
                key.parameters.push_back(found->id);
            }
            plan().sort.push_back(std::move(key));
            if (plan().sort.size() > 8) return error("_sort", IssueCode::too_costly, "more than 8 sort keys");
        }
        used(parameter);
    }

    void read_include(const QueryParameter& parameter) {
        const std::size_t colon = parameter.name.find(':');
        Include include;
        include.reverse = parameter.name.starts_with("_rev");
        if (colon != std::string::npos) {
            const std::string_view modifier = std::string_view(parameter.name).substr(colon + 1);
            if (modifier != "iterate" && modifier != "recurse")
                return error(parameter.name, IssueCode::not_supported, "the only modifier is :iterate");
            include.iterate = true;
        }
        if (plan().includes.size() >= options_.includes_max)
            return error(parameter.name, IssueCode::too_costly, "more includes than the limit");
        if (parameter.value != "*" && !read_include_path(parameter, include)) return;
        plan().includes.push_back(std::move(include));
        used(parameter);
    }

    bool read_include_path(const QueryParameter& parameter, Include& include) {
        const std::string_view value = parameter.value;
        const auto refuse = [&](std::string text) {
            unknown(parameter, std::move(text));
            return false;
        };
        const std::size_t first = value.find(':');
        const std::string_view source = value.substr(0, first);
        if (!r4::is_resource_type(source))
            return refuse("an include is Type:parameter, Type:parameter:Target or Type:*");
        include.source_type = source;
        if (first == std::string_view::npos)
            return refuse("an include is Type:parameter, Type:parameter:Target or Type:*");
        const std::size_t second = value.find(':', first + 1);
        const std::string_view code =
            value.substr(first + 1, second == std::string_view::npos ? second : second - first - 1);
        const Parameter* found = nullptr;
        if (code != "*") {
            found = find_parameter(source, code, options_);
            if (!found || found->type != ParameterType::reference)
                return refuse(std::string(source) + " has no reference parameter '" + std::string(code) + "'");
            if (!is_ready(*found, options_)) {
                error(parameter.name, IssueCode::not_supported, "'" + std::string(code) + "' is being made ready");
                return false;
            }
            include.code = code;
            include.parameter = found->id;
        }
        if (second == std::string_view::npos) return true;
        const std::string_view target = value.substr(second + 1);
        if (!r4::is_resource_type(target)) return refuse("the target is no resource type");
        if (found && !found->targets.empty() &&
            std::find(found->targets.begin(), found->targets.end(), target) == found->targets.end()) {
            return refuse("'" + std::string(code) + "' does not point to " + std::string(target));
        }
        include.target_type = target;
        return true;
    }

    const QueryOptions& options_;
    ParsedQuery& out_;
};

}  // namespace

bool ParsedQuery::ok() const {
    return std::none_of(issues.begin(), issues.end(), [](const Issue& issue) {
        return issue.severity == Severity::error || issue.severity == Severity::fatal;
    });
}

ParsedQuery parse_query(std::string_view resource_type, std::span<const QueryParameter> parameters,
                        const QueryOptions& options) {
    ParsedQuery out;
    QueryReader(options, out).run(resource_type, parameters);
    return out;
}

}  // namespace causeway::fhir::search
