#include "fhir/result.hpp"

#include <stdexcept>

namespace causeway::fhir {

void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::runtime_error(error.path.empty() ? error.message : error.path + ": " + error.message);
}

}  // namespace causeway::fhir
