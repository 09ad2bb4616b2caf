#include "gateway/security/trail/syslog.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <charconv>
#include <csignal>
#include <iterator>

#include "gateway/ops/log.hpp"
#include "gateway/security/trail/event.hpp"
#include "gateway/security/trail/search.hpp"
#include "gateway/storage/resource.hpp"

namespace causeway::security {
namespace {

constexpr std::string_view cursor_note = "audit/syslog";
constexpr std::size_t batch_rows = 200;
constexpr int timeout_s = 10;

void escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '&')
            out += "&amp;";
        else if (c == '"')
            out += "&quot;";
        else if (static_cast<unsigned char>(c) >= 0x20)
            out += c;
    }
}

void attribute(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.append(" ").append(name).append("=\"");
    escaped(out, value);
    out += '"';
}

/// DICOM calls its own vocabulary DCM.
std::string_view system_name(std::string_view system) {
    return system == "http://dicom.nema.org/resources/ontology/DCM" ? std::string_view("DCM") : system;
}

void coded(std::string& out, std::string_view name, fhir::Element coding) {
    out.append("<").append(name);
    attribute(out, "csd-code", coding["code"].text());
    attribute(out, "codeSystemName", system_name(coding["system"].text()));
    const auto display = coding["display"].text();
    attribute(out, "originalText", display.empty() ? coding["code"].text() : display);
    out += "/>";
}

void participant(std::string& out, fhir::Element agent) {
    auto who = agent["who"]["identifier"]["value"].text();
    if (who.empty()) who = agent["who"]["display"].text();
    out += "<ActiveParticipant";
    attribute(out, "UserID", who.empty() ? "unknown" : who);
    attribute(out, "UserIsRequestor", agent["requestor"].text());
    attribute(out, "NetworkAccessPointID", agent["network"]["address"].text());
    attribute(out, "NetworkAccessPointTypeCode", agent["network"]["type"].text());
    out += '>';
    coded(out, "RoleIDCode", agent["type"]["coding"].item(0));
    out += "</ActiveParticipant>";
}

void object(std::string& out, fhir::Element entity) {
    auto id = entity["what"]["reference"].text();
    if (id.empty()) id = entity["what"]["identifier"]["value"].text();
    if (id.empty()) id = entity["name"].text();
    const auto query = entity["query"].text();
    const auto number = [](std::string_view code) {
        return !code.empty() && code.find_first_not_of("0123456789") == std::string_view::npos ? code
                                                                                               : std::string_view("4");
    };
    out += "<ParticipantObjectIdentification";
    attribute(out, "ParticipantObjectID", id.empty() ? "query" : id);
    attribute(out, "ParticipantObjectTypeCode", number(entity["type"]["code"].text()));
    const auto role = entity["role"]["code"].text();
    if (!role.empty()) attribute(out, "ParticipantObjectTypeCodeRole", number(role));
    out += "><ParticipantObjectIDTypeCode csd-code=\"";
    out += id.starts_with("Patient/") ? "2" : query.empty() ? "12" : "10";
    out += "\" codeSystemName=\"RFC-3881\" originalText=\"";
    out += id.starts_with("Patient/") ? "Patient Number" : query.empty() ? "URI" : "Search Criteria";
    out += "\"/>";
    if (!query.empty()) out.append("<ParticipantObjectQuery>").append(query).append("</ParticipantObjectQuery>");
    out += "</ParticipantObjectIdentification>";
}

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

}  // namespace

std::string dicom_audit_message(fhir::Element event) {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><AuditMessage><EventIdentification";
    attribute(out, "EventActionCode", event["action"].text());
    attribute(out, "EventDateTime", event["recorded"].text());
    attribute(out, "EventOutcomeIndicator", event["outcome"].text());
    out += '>';
    coded(out, "EventID", event["type"]);
    for (const auto subtype : event["subtype"].items()) coded(out, "EventTypeCode", subtype);
    if (const auto why = event["outcomeDesc"].text(); !why.empty()) {
        out += "<EventOutcomeDescription>";
        escaped(out, why);
        out += "</EventOutcomeDescription>";
    }
    for (const auto purpose : event["purposeOfEvent"].items()) coded(out, "PurposeOfUse", purpose["coding"].item(0));
    out += "</EventIdentification>";
    for (const auto agent : event["agent"].items()) participant(out, agent);
    out += "<AuditSourceIdentification AuditSourceID=\"causeway\" code=\"4\"/>";
    for (const auto entity : event["entity"].items()) object(out, entity);
    return out + "</AuditMessage>";
}

std::string syslog_frame(std::string_view message, std::string_view host, std::int64_t at_us) {
    constexpr int facility_authpriv = 10, severity_notice = 5;
    std::string time;
    storage::append_instant(at_us, time);
    // The byte order mark says that what follows is UTF-8 (RFC 5424, section 6.4).
    auto line = fmt::format("<{}>1 {} {} causeway - IHE+RFC-3881 - \xEF\xBB\xBF{}",
                            facility_authpriv * 8 + severity_notice, time, host, message);
    return std::to_string(line.size()) + " " + line;
}

/// One TLS connection; blocking, with a time limit on each step.
class SyslogFeed::Connection {
public:
    static std::unique_ptr<Connection> open(const Options& options) {
        static const auto before = std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
        (void)before;
        auto made = std::unique_ptr<Connection>(new Connection());
        made->context_.reset(SSL_CTX_new(TLS_client_method()));
        auto* const context = made->context_.get();
        if (!context) return nullptr;
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
        if (options.ca_file.empty())
            SSL_CTX_set_default_verify_paths(context);
        else if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1)
            return nullptr;
        made->bio_.reset(BIO_new_ssl_connect(context));
        SSL* session = nullptr;
        if (!made->bio_ || BIO_get_ssl(made->bio_.get(), &session) != 1) return nullptr;
        BIO_set_conn_hostname(made->bio_.get(), options.host.c_str());
        BIO_set_conn_port(made->bio_.get(), options.port.c_str());
        if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), options.host.c_str()) != 1) {
            if (SSL_set1_host(session, options.host.c_str()) != 1) return nullptr;
            SSL_set_tlsext_host_name(session, options.host.c_str());
        }
        if (BIO_do_connect_retry(made->bio_.get(), timeout_s, -1) != 1) return nullptr;
        int handle = -1;
        if (BIO_get_fd(made->bio_.get(), &handle) < 0) return nullptr;
        const timeval limit{timeout_s, 0};
        ::setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        return made;
    }
    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const int size = BIO_write(bio_.get(), bytes.data(), static_cast<int>(bytes.size()));
            if (size <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
        return true;
    }

private:
    Connection() = default;
    std::unique_ptr<SSL_CTX, FreeContext> context_;
    std::unique_ptr<BIO, FreeBio> bio_;
};

SyslogFeed::SyslogFeed(storage::Store& store, const ops::Clock& clock, Options options)
    : store_(store), clock_(clock), options_(std::move(options)) {}

SyslogFeed::~SyslogFeed() { stop(); }

void SyslogFeed::start() {
    if (!options_.host.empty()) thread_ = std::thread([this] { work(); });
}

void SyslogFeed::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void SyslogFeed::work() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        const bool more = send_some();
        lock.lock();
        if (!more) wake_.wait_for(lock, std::chrono::seconds(failing_ ? 5 : 1), [this] { return stopping_; });
    }
}

storage::Result<std::int64_t> syslog_sent(storage::Reader& reader) {
    const auto note = reader.note(cursor_note);
    if (note.has_error()) return note.error();
    std::int64_t sent = 0;
    if (*note) std::from_chars((*note)->data(), (*note)->data() + (*note)->size(), sent);
    return sent;
}

bool SyslogFeed::send_some() {
    std::vector<storage::AuditRow> rows;
    {
        auto snapshot = store_.snapshot();
        if (snapshot.has_error()) return false;
        if (sent_ < 0) {
            const auto sent = syslog_sent(**snapshot);
            if (sent.has_error()) return false;
            sent_ = *sent;
        }
        auto found = (*snapshot)->audit({sent_, batch_rows});
        if (found.has_error()) return false;
        rows = std::move(*found);
        const auto last = last_audit_row(**snapshot);
        const std::lock_guard lock(mutex_);
        waiting_ = last.has_value() && *last ? static_cast<double>((*last)->sequence - sent_) : 0;
    }
    if (rows.empty()) return false;
    std::string frames;
    for (const auto& row : rows) {
        const auto record = read_audit_record(row);
        for (std::size_t n = 0; record && n < record->events(); ++n)
            frames +=
                syslog_frame(dicom_audit_message(audit_event(*record, n)->root()), options_.own_name, record->at_us);
    }
    if (!connection_) connection_ = Connection::open(options_);
    if (!connection_ || !connection_->write(frames)) {
        connection_.reset();
        if (!std::exchange(failing_, true)) ops::log::warning("audit.syslog_failed", {{"host", options_.host}});
        return false;
    }
    failing_ = false;
    sent_ = rows.back().sequence;
    const auto noted = storage::transact_blocking(store_, [sent = sent_](storage::Transaction& transaction) {
        return transaction.set_note(cursor_note, std::to_string(sent));
    });
    return noted.has_value() && rows.size() == batch_rows;
}

double SyslogFeed::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
}

}  // namespace causeway::security
