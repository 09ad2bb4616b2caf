#include "fhir/search/query_parser.hpp"

namespace causeway::fhir::search {

std::optional<Criterion> CriterionReader::read_filter(std::string_view, std::string_view) { return fail("_filter is not supported", IssueCode::not_supported); }

}  // namespace causeway::fhir::search
