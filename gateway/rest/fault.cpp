#include "gateway/rest/fault.hpp"

#include <stdexcept>

#include "fhir/validate/outcome.hpp"

namespace causeway::rest {

using fhir::IssueCode;
using storage::FailureCode;

void throw_exception_from_error(const Fault& fault, const boost::source_location&) {
    throw std::runtime_error(fault.issues.empty() ? "rest fault" : fault.issues.front().text);
}

Fault fault(unsigned status, IssueCode code, std::string text, std::string expression) {
    Fault made;
    made.status = status;
    made.issues.push_back({fhir::Severity::error, code, std::move(text), std::move(expression), {}});
    return made;
}

Fault fault_of(const fhir::Error& error) {
    Fault made;
    made.status = error.code == fhir::Errc::too_large ? 413 : 400;
    made.issues.push_back(fhir::issue_of(error));
    return made;
}

Fault fault_of(const storage::Failure& failure) {
    switch (failure.code) {
        case FailureCode::version_conflict:
            return fault(412, IssueCode::conflict, "The resource has another version than If-Match names");
        case FailureCode::not_found:
            return fault(404, IssueCode::not_found, "There is no such resource");
        case FailureCode::refused:
            return fault(409, IssueCode::conflict, "The write was refused");
        case FailureCode::too_costly:
            return fault(403, IssueCode::too_costly, "The search goes over its budget; narrow it");
        case FailureCode::bad_page_token:
            return fault(400, IssueCode::value, "The page link was altered or belongs to another search");
        case FailureCode::expired_page_token:
            return fault(410, IssueCode::expired, "The page link has expired; run the search again");
        case FailureCode::not_supported:
            return fault(400, IssueCode::not_supported, failure.message);
        case FailureCode::busy:
        case FailureCode::stopped: {
            Fault made = fault(503, IssueCode::transient, "The server is busy; try again");
            made.headers.add("Retry-After", "1");
            return made;
        }
        case FailureCode::full:
            return fault(507, IssueCode::no_store, "The server has no space left; nothing was written");
        case FailureCode::locked:
            return fault(503, IssueCode::lock_error, "The store is locked");
        case FailureCode::io:
        case FailureCode::corrupt:
        case FailureCode::newer_schema:
            return fault(500, IssueCode::no_store, "The store cannot be used");
        case FailureCode::internal:
            break;
    }
    return fault(500, IssueCode::exception, "Something went wrong inside the server");
}

}  // namespace causeway::rest
