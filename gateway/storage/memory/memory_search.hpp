#pragma once
#include "gateway/storage/memory/memory_state.hpp"

namespace causeway::storage {

/// Searches by brute force: every live body is parsed and held against the plan. The oracle for the drivers' searches.
/// Only the order by time; no includes: FailureCode::not_supported.
Result<SearchPage> memory_search(const MemoryState& state, const fhir::search::SearchPlan& plan,
                                 const SearchOptions& options);
Result<std::vector<Match>> memory_find(const MemoryState& state, const fhir::search::SearchPlan& plan,
                                       std::size_t limit);

Result<HistoryPage> memory_history(const MemoryState& state, const HistoryRequest& request);

}  // namespace causeway::storage
