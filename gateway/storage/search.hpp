#pragma once
#include "gateway/storage/resource.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::fhir::search {
struct SearchPlan;
struct SearchValue;
}  // namespace causeway::fhir::search

namespace causeway::storage {

struct Visibility;

/// How a search runs, apart from what it asks for (the plan).
struct SearchOptions {
    std::string_view page_token;  ///< from SearchPage::next_page; empty = first page, which fixes the snapshot
    std::string_view binding;     ///< what the token is bound to: the query's canonical text and the principal
    const Visibility* visibility = nullptr;  ///< null: everything
    std::size_t count_max = 1000;            ///< cap on the plan's `_count`
    std::size_t includes_max = 1000;         ///< resources that come by _include and _revinclude, all together
    std::size_t rows_max = 2'000'000;        ///< index rows touched; over it: FailureCode::too_costly
    std::chrono::milliseconds time_max{10'000};
};

struct SearchPage {
    std::vector<StoredResource> matches;
    /// With `_contained`, one for each match: the ids of its contained resources that met the search; none if it met it
    /// by itself.
    std::vector<std::vector<std::string>> contained;
    std::vector<StoredResource> includes;  ///< each resource once, none that is a match
    std::optional<std::uint64_t> total;    ///< matches over all pages, as `_total` and cost allow
    bool total_exact = true;
    bool includes_cut = false;         ///< includes_max was reached: say so in an outcome entry
    std::vector<std::string> explain;  ///< for `__explain`: lines about how it was found; names and numbers only
    std::string next_page;             ///< empty = this was the last page
};

/// A search hit without its body: what conditional interactions need.
struct Match {
    ResourceName name;
    VersionInfo version;
};

}  // namespace causeway::storage
