#pragma once
#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// The interactions that only read. Each works on one state of the store: a Snapshot, or a Transaction inside a bundle.

Outcome<http::Response> read(const Services& services, storage::Reader& reader, const Call& call);
Outcome<http::Response> vread(const Services& services, storage::Reader& reader, const Call& call);
/// Of the instance, the type or the system, as the route says.
Outcome<http::Response> history(const Services& services, storage::Reader& reader, const Call& call);
/// Of the type, the system or a compartment. The call's parameters hold the form of a POST too.
Outcome<http::Response> search(const Services& services, storage::Reader& reader, const Call& call);

/// A search that an operation asks for in its own words.
struct SearchRequest {
    std::string type;                  ///< empty: all, or those of `_type`; "*" in a compartment: all of its types
    std::string owner_type, owner_id;  ///< the compartment; empty: none
    std::vector<std::string> owner_linked = {};  ///< further owners: records of the same human being
    std::vector<fhir::search::QueryParameter> parameters;
    /// Only what is dated within them, or not dated at all: when care was given, not when it was written down.
    std::string care_from, care_to;
    std::string path;  ///< of the links, from the base
    /// What the links say instead of the parameters that were used; none: those.
    std::optional<std::vector<std::pair<std::string, std::string>>> link_parameters;
};
Outcome<http::Response> run_search(const Services& services, storage::Reader& reader, const Call& call,
                                   SearchRequest request);

/// The reference (or id) of a Patient and those of the other records of the same human being, in the same form. A caller
/// who may see chosen patients only gets no others.
Outcome<std::vector<std::string>> linked_with(const Services& services, storage::Reader& reader, const Call& call,
                                              std::string_view reference);

/// Every match of a search, page by page, until `each` says false.
Outcome<void> each_match(const Services& services, storage::Reader& reader, const Call& call, SearchRequest request,
                         const std::function<bool(const storage::StoredResource&)>& each);
/// The plan of a search, with the server's maxima applied, confined to its compartment.
Outcome<fhir::search::SearchPlan> search_plan(const Services& services, const Call& call, SearchRequest request);

/// The conditions of a conditional interaction ("identifier=sys|v"): strict, without result parameters; empty is a 412.
Outcome<fhir::search::SearchPlan> parse_condition(const Services& services, const std::string& base,
                                                  std::string_view type, std::string_view query, std::int64_t now_us);

}  // namespace causeway::rest
