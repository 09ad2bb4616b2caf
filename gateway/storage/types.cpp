#include "gateway/storage/types.hpp"

namespace causeway::storage {

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw FailureException(failure);
}

}  // namespace causeway::storage
