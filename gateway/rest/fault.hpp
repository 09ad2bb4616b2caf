#pragma once
#include <boost/system/result.hpp>
#include <string>
#include <string_view>

#include "fhir/issue.hpp"
#include "fhir/result.hpp"
#include "gateway/http/message.hpp"
#include "gateway/storage/types.hpp"

namespace causeway::rest {

/// Why an interaction was not done: the HTTP status and the issues of its OperationOutcome.
struct Fault {
    unsigned status = 500;
    fhir::Issues issues;
    http::Headers headers;  ///< Allow, ETag, Retry-After ... of the answer
};

template <class T>
using Outcome = boost::system::result<T, Fault>;
[[noreturn]] void throw_exception_from_error(const Fault& fault, const boost::source_location& where);

/// One issue of severity error. `text` is for people and holds nothing of the request but names of ours.
Fault fault(unsigned status, fhir::IssueCode code, std::string text, std::string expression = {});
/// Text that could not be read: 400, or 413 if it was too large.
Fault fault_of(const fhir::Error& error);
/// The one table from storage failures to status and issue code.
Fault fault_of(const storage::Failure& failure);

}  // namespace causeway::rest
