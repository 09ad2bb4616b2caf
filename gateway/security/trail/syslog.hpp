#pragma once
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "fhir/model/document.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::security {

/// An AuditEvent as the audit message of DICOM (PS3.15, A.5), which IHE ATNA sends by syslog (ITI-20).
std::string dicom_audit_message(fhir::Element event);
/// The message in its frame: RFC 5424 with the count of octets before it (RFC 5425, section 4.3).
std::string syslog_frame(std::string_view message, std::string_view host, std::int64_t at_us);

/// The last row that the feed has sent, as the store remembers; 0: none.
storage::Result<std::int64_t> syslog_sent(storage::Reader& reader);

/// Sends each row of the trail to an audit repository: syslog over TLS, in order, each at least once across restarts. The
/// protocol has no acknowledgement: what the connection swallowed when it broke is sent again from the last batch that
/// was written whole. While the repository is away the rows wait in the store.
class SyslogFeed {
public:
    struct Options {
        std::string host, port;  ///< empty: no feed
        std::string ca_file;     ///< authorities of its certificate; empty: the system's
        std::string own_name = "causeway";
    };
    SyslogFeed(storage::Store& store, const ops::Clock& clock, Options options);
    ~SyslogFeed();
    void start();
    void stop();
    /// Rows not sent yet, as of the last look.
    double waiting() const;

private:
    class Connection;
    void work();
    /// One batch; false: nothing more to do for now.
    bool send_some();

    storage::Store& store_;
    const ops::Clock& clock_;
    const Options options_;
    std::unique_ptr<Connection> connection_;
    std::int64_t sent_ = -1;  ///< the last row sent; -1: not read from the store yet
    bool failing_ = false;
    mutable std::mutex mutex_;
    double waiting_ = 0;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace causeway::security
