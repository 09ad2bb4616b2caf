// Observation/$stats: what the values of a subject's observations come to, a code at a time.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

#include "fhir/json/json.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/read.hpp"

namespace causeway::rest {
namespace {

using fhir::Element;
using fhir::IssueCode;

constexpr std::size_t observations_max = 100'000;  // of one code
constexpr std::size_t codes_max = 50;
constexpr std::string_view statistics_system = "http://terminology.hl7.org/CodeSystem/observation-statistics";

/// The part-th quantile of ascending values, between two neighbours where it falls between them.
double quantile(const std::vector<double>& values, double part) {
    const double at = part * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const auto above = std::min(below + 1, values.size() - 1);
    return values[below] + (values[above] - values[below]) * (at - static_cast<double>(below));
}

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Of a sample: by n - 1; nothing of a single value.
std::optional<double> variance(const std::vector<double>& values) {
    if (values.size() < 2) return std::nullopt;
    const double middle = mean(values);
    double sum = 0;
    for (const double value : values) sum += (value - middle) * (value - middle);
    return sum / static_cast<double>(values.size() - 1);
}

/// What a code of observation-statistics means. `values` ascend and are not empty.
struct Statistic {
    std::string_view code;
    std::string_view display;
    std::optional<double> (*of)(const std::vector<double>& values);
};
constexpr std::array<Statistic, 12> statistics = {{
    {"average", "Average", [](const std::vector<double>& v) { return std::optional(mean(v)); }},
    {"maximum", "Maximum", [](const std::vector<double>& v) { return std::optional(v.back()); }},
    {"minimum", "Minimum", [](const std::vector<double>& v) { return std::optional(v.front()); }},
    {"median", "Median", [](const std::vector<double>& v) { return std::optional(quantile(v, .5)); }},
    {"sum", "Sum",
     [](const std::vector<double>& v) { return std::optional(std::accumulate(v.begin(), v.end(), 0.0)); }},
    {"variance", "Variance", variance},
    {"std-dev", "Standard Deviation",
     [](const std::vector<double>& v) {
         const auto found = variance(v);
         return found ? std::optional(std::sqrt(*found)) : found;
     }},
    {"20-percent", "20th Percentile", [](const std::vector<double>& v) { return std::optional(quantile(v, .2)); }},
    {"80-percent", "80th Percentile", [](const std::vector<double>& v) { return std::optional(quantile(v, .8)); }},
    {"4-lower", "Lower Quartile", [](const std::vector<double>& v) { return std::optional(quantile(v, .25)); }},
    {"4-upper", "Upper Quartile", [](const std::vector<double>& v) { return std::optional(quantile(v, .75)); }},
    {"4-dev", "Quartile Deviation",
     [](const std::vector<double>& v) { return std::optional((quantile(v, .75) - quantile(v, .25)) / 2); }},
}};
constexpr std::string_view count_code = "count", total_code = "total-count";

struct Asked {
    std::string subject, system, period_start, period_end;
    std::vector<std::pair<std::string, std::string>> codes;  ///< system (may be empty) and code
    std::vector<std::string_view> statistics;
    double duration_hours = 0;
    bool include = false;
    std::size_t limit = observations_max;
};

Outcome<Asked> read(const Call& call, const fhir::DocumentPtr& body) {
    Asked asked;
    const auto take = [&](std::string_view name, std::string_view text, Element value) -> Outcome<void> {
        if (name == "subject") asked.subject = value["reference"] ? value["reference"].text() : text;
        if (name == "code") asked.codes.emplace_back("", text);
        if (name == "system") asked.system = text;
        if (name == "coding" && value) asked.codes.emplace_back(value["system"].text(), value["code"].text());
        if (name == "coding" && !value) {
            const auto bar = text.find('|');
            asked.codes.emplace_back(bar == text.npos ? "" : text.substr(0, bar),
                                     bar == text.npos ? text : text.substr(bar + 1));
        }
        if (name == "duration") asked.duration_hours = std::strtod(std::string(text).c_str(), nullptr);
        if (name == "period") {
            asked.period_start = value["start"].text();
            asked.period_end = value["end"].text();
        }
        if (name == "include") asked.include = text == "true";
        if (name == "limit") {
            const auto limit = std::strtoul(std::string(text).c_str(), nullptr, 10);
            if (limit == 0) return fault(400, IssueCode::value, "limit is a whole number from 1");
            asked.limit = std::min<std::size_t>(limit, observations_max);
        }
        if (name == "statistic") {
            const auto* const known = std::ranges::find(statistics, text, &Statistic::code);
            if (known != statistics.end())
                asked.statistics.push_back(known->code);
            else if (text == count_code || text == total_code)
                asked.statistics.push_back(text == count_code ? count_code : total_code);
            else
                return fault(400, IssueCode::not_supported, "A statistic is not one that this server makes");
        }
        return {};
    };
    for (const auto& parameter : call.parameters)
        if (auto taken = take(parameter.name, parameter.value, {}); taken.has_error()) return taken.error();
    if (body && body->resource_type() == "Parameters")
        for (const Element one : body->root()["parameter"].items())
            for (const Element value : one.children())
                if (value.name().starts_with("value"))
                    if (auto taken = take(one["name"].text(), value.text(), value); taken.has_error())
                        return taken.error();
    for (auto& [system, code] : asked.codes)
        if (system.empty()) system = asked.system;
    if (asked.subject.empty()) return fault(400, IssueCode::required, "$stats needs a subject");
    if (asked.codes.empty()) return fault(400, IssueCode::required, "$stats needs a code or a coding");
    if (asked.codes.size() > codes_max)
        return fault(400, IssueCode::too_costly, "$stats takes at most 50 codes at once");
    if (asked.statistics.empty()) return fault(400, IssueCode::required, "$stats needs a statistic");
    return asked;
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ',' || c == '$' || c == '|' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

/// The values of one code, all in the unit of the newest.
struct Values {
    std::vector<double> ascending;
    std::size_t observations = 0;  ///< with a value or without
    std::string unit;              ///< members of a Quantity, as JSON
    std::vector<storage::StoredResource> sources;
};

Outcome<Values> values_of(const Services& services, storage::Reader& reader, const Call& call, const Asked& asked,
                          const std::pair<std::string, std::string>& code) {
    SearchRequest request;
    request.type = "Observation";
    request.parameters = {{"subject", asked.subject},
                          {"code", (code.first.empty() ? "" : escaped(code.first) + "|") + escaped(code.second)},
                          {"status:not", "cancelled,entered-in-error"},
                          {"_sort", "-date"}};
    if (asked.duration_hours > 0)
        request.parameters.push_back(
            {"date", "ge" + instant(call.now_us - static_cast<std::int64_t>(asked.duration_hours * 3.6e9))});
    if (!asked.period_start.empty()) request.parameters.push_back({"date", "ge" + asked.period_start});
    if (!asked.period_end.empty()) request.parameters.push_back({"date", "le" + asked.period_end});
    Values found;
    auto done = each_match(services, reader, call, std::move(request), [&](const storage::StoredResource& one) {
        const auto document = fhir::parse_json(one.json());
        if (document.has_error()) return true;
        ++found.observations;
        const Element value = (*document)->root()["valueQuantity"];
        if (value["value"].has_value() && !value["comparator"]) {
            std::string unit;
            for (const char* member : {"unit", "system", "code"})
                if (const Element part = value[member]) {
                    unit.append(",\"").append(member).append("\":");
                    fhir::append_json_string(part.text(), unit);
                }
            if (found.ascending.empty()) found.unit = unit;
            if (unit == found.unit) {
                found.ascending.push_back(std::strtod(std::string(value["value"].text()).c_str(), nullptr));
                if (asked.include) found.sources.push_back(one);
            }
        }
        return found.observations < asked.limit;
    });
    if (done.has_error()) return done.error();
    std::ranges::sort(found.ascending);
    return found;
}

void append_observation(std::string& json, const Call& call, const Asked& asked,
                        const std::pair<std::string, std::string>& code, const Values& values) {
    json += R"({"resourceType":"Observation","status":"final","code":{"coding":[{)";
    if (!code.first.empty()) {
        json += R"("system":)";
        fhir::append_json_string(code.first, json);
        json += ',';
    }
    json += R"("code":)";
    fhir::append_json_string(code.second, json);
    json += R"(}]},"subject":{"reference":)";
    fhir::append_json_string(asked.subject.find('/') == std::string::npos ? "Patient/" + asked.subject : asked.subject,
                             json);
    json += R"(},"issued":")" + instant(call.now_us) + R"(","component":[)";
    for (const std::string_view name : asked.statistics) {
        const auto* const known = std::ranges::find(statistics, name, &Statistic::code);
        json += R"({"code":{"coding":[{"system":")" + std::string(statistics_system) + R"(","code":")" +
                std::string(name) + "\"}]},";
        std::optional<double> value;
        if (name == count_code)
            value = static_cast<double>(values.ascending.size());
        else if (name == total_code)
            value = static_cast<double>(values.observations);
        else if (!values.ascending.empty())
            value = known->of(values.ascending);
        if (value)
            json += fmt::format(R"("valueQuantity":{{"value":{:.10g}{}}}}})", *value,
                                known == statistics.end() || name == "variance" ? std::string() : values.unit);
        else
            json +=
                R"("dataAbsentReason":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/data-absent-reason","code":"not-applicable"}]}})";
        json += ',';
    }
    json.back() = ']';
    json += '}';
}

Outcome<http::Response> stats(const Services& services, const Call& call, const fhir::DocumentPtr& body) {
    const auto asked = read(call, body);
    if (asked.has_error()) return asked.error();
    auto snapshot = services.store.snapshot();
    if (snapshot.has_error()) return fault_of(snapshot.error());
    std::string json = R"({"resourceType":"Parameters","parameter":[)", sources;
    for (const auto& code : asked->codes) {
        auto values = values_of(services, **snapshot, call, *asked, code);
        if (values.has_error()) return values.error();
        json += R"({"name":"statistics","resource":)";
        append_observation(json, call, *asked, code, *values);
        json += "},";
        for (const auto& one : values->sources) {
            sources += R"({"name":"source","resource":)";
            one.append_json(sources);
            sources += "},";
        }
    }
    json += sources;
    json.back() = ']';
    return json_response(call.format, 200, json + "}");
}

}  // namespace

void add_observation_statistics(Operations& operations) {
    Operation one;
    one.name = "stats";
    one.types = {"Observation"};
    one.definition = "http://hl7.org/fhir/OperationDefinition/Observation-stats";
    one.at_type = true;
    operations.add(one, [](const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer) {
        answer(stats(services, *call, body));
    });
}

}  // namespace causeway::rest
