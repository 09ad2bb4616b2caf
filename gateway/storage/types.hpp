#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::storage {

/// Number of one version of one resource, from one counter over all types. Commits in order, so vid order is commit
/// order and `_lastUpdated` order; a rolled-back job leaves a gap.
using Vid = std::int64_t;
/// Number of one logical resource (type and id), dense; what stored references and the patient index point to.
using Rid = std::int64_t;
/// Microseconds since 1970-01-01T00:00:00Z.
using TimeUs = std::int64_t;
using InboxId = std::int64_t;
using OutboxId = std::int64_t;

/// Why the store did not do what was asked. Each has one HTTP status and one acknowledgement code at the edges.
enum class FailureCode : std::uint8_t {
    version_conflict = 1,  ///< ResourceWrite::if_version does not hold
    not_found,             ///< the row a verb must change does not exist
    refused,               ///< the job itself said no; its own result says why
    too_costly,            ///< a search went over its budget of rows or time
    bad_page_token,        ///< not ours, altered, or of another query or principal
    expired_page_token,    ///< older than the snapshot horizon
    not_supported,         ///< this driver does not do it (search on the fake), or the plan asks what no index holds
    busy,                  ///< queue or reader pool full: try again later
    stopped,               ///< the store is closed or its writer has stopped after an I/O failure
    full,                  ///< no space left; nothing was written
    io,                    ///< the file could not be read, written or synced
    corrupt,               ///< stored data does not have the shape it must have
    newer_schema,          ///< the file was written by a later version of the program
    locked,                ///< another process holds the data directory
    internal,              ///< an exception left a job
};

/// A failure of storage. `message` is for operators and holds no clinical content.
struct Failure {
    FailureCode code;
    std::string message;
};

/// What `.value()` of a failed Result throws. Inside a job that is a fine way to give up: the store catches it, undoes
/// the job and reports the same Failure.
class FailureException : public std::runtime_error {
public:
    explicit FailureException(Failure failure) : std::runtime_error(failure.message), failure_(std::move(failure)) {}
    const Failure& failure() const noexcept { return failure_; }

private:
    Failure failure_;
};

template <class T>
using Result = boost::system::result<T, Failure>;

[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& where);

}  // namespace causeway::storage
