#pragma once
#include <string>
#include <vector>

#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// One entry of a batch or transaction, as its `request` states it.
struct BundleEntry {
    std::size_t index = 0;
    http::Method method = http::Method::other;
    std::string url;  ///< relative to the base, with its query
    Route route;
    std::string full_url;
    fhir::Element resource;  ///< absent if there is none
    std::string if_none_exist, if_match, if_none_match, if_modified_since;

    std::string_view query() const {
        const auto at = url.find('?');
        return at == std::string::npos ? std::string_view{} : std::string_view(url).substr(at + 1);
    }
};

/// Puts `Bundle.entry[i]` before each issue's expression, and the entry's number before its text.
Fault at_entry(Fault fault, std::size_t index);

Outcome<BundleEntry> parse_entry(const Call& call, fhir::Element entry, std::size_t index);
/// All entries; the first fault is the answer. At most `entries_max` (413).
Outcome<std::vector<BundleEntry>> parse_entries(const Services& services, const Call& call, fhir::Element bundle);

/// The call that the entry stands for.
CallPtr call_of(const Call& call, const BundleEntry& entry);

}  // namespace causeway::rest
