#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/issue.hpp"
#include "fhir/result.hpp"
#include "fhir/search/plan.hpp"

namespace causeway::fhir::search {

/// A parameter of a query, percent-decoded.
struct QueryParameter {
    std::string name;
    std::string value;
};

/// Takes `a=b&c=d` apart: percent-decoded, `+` as blank. Works for a URL's query and for a form-encoded body. A
/// malformed
/// `%` is an error with its offset; more than `parameters_max` parameters too.
Result<std::vector<QueryParameter>> decode_query(std::string_view query, std::size_t parameters_max = 500);
/// The reverse, for links: everything but unreserved characters and `:,$|/*` is percent-encoded.
std::string encode_query(std::span<const std::pair<std::string, std::string>> parameters);

class CustomParameters;

enum class Handling : std::uint8_t { strict, lenient };

struct QueryOptions {
    Handling handling = Handling::strict;
    std::int64_t now_us = 0;                                   ///< for `ap`
    std::int32_t zone_offset_minutes = 0;                      ///< for dates without zone
    std::string_view base_url;                                 ///< own base: references under it are relative
    std::span<const std::string> ignorable;                    ///< parameter names that are dropped without a word
    std::shared_ptr<const CustomParameters> custom = nullptr;  ///< beside R4's own
    bool result_parameters = true;  ///< false for conditions (conditional create ...): _sort, _include ... are refused
    std::size_t values_max = 1000;  ///< comma values in all
    std::size_t chain_depth_max = 8;
    std::size_t includes_max = 100;
};

struct ParsedQuery {
    SearchPlan plan;
    Issues issues;  ///< errors: the search must not run (400). Warnings go into the result as an outcome entry
    bool ok() const;
    /// Any parameter was dropped because it is not known: a conditional interaction must refuse then.
    bool ignored_any = false;
};

/// `resource_type` empty: a search over all types, or those of `_type`. `_format`, `_pretty` and `_type` are accepted.
/// An empty value drops the parameter. An empty query is a plan without conditions.
ParsedQuery parse_query(std::string_view resource_type, std::span<const QueryParameter> parameters,
                        const QueryOptions& options = {});

}  // namespace causeway::fhir::search
