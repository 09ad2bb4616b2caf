#include "gateway/main/partner_check.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "fhir/json/json.hpp"
#include "gateway/carriers/directory.hpp"
#include "gateway/carriers/fhir_carrier.hpp"
#include "gateway/carriers/http_carrier.hpp"
#include "gateway/carriers/sftp.hpp"
#include "gateway/exchange/answer.hpp"
#include "gateway/main/transport.hpp"
#include "gateway/mllp/send_run.hpp"
#include "gateway/mllp/sender_connection.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/tls/inspect.hpp"

namespace causeway {
namespace {

namespace net = boost::asio;
using Verdict = PartnerFinding::Verdict;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point began) {
    return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

/// NMQ^N01: "how are you?" of 2.5.1 chapter 14; an application that does not know it says so (AR), which shows as much.
std::string probe_message(const exchange::Partner& partner) {
    const auto now = mllp::hl7_now();
    return fmt::format(
        "MSH|^~\\&|{}|{}|{}|{}|{}||NMQ^N01^NMQ_N01|CHECK{}|{}|{}\rQRD|{}|R|I|CHECK{}|||1^RD|{}|NMQ|SYS\r",
        partner.our_application, partner.our_facility, partner.application, partner.facility, now, now.substr(8, 10),
        partner.processing_id, partner.version, now.substr(0, 14), now.substr(8, 6), partner.application);
}

class Check {
public:
    Check(const Startup& startup, const exchange::Partner& partner, const PartnerCheckOptions& options)
        : startup_(startup), partner_(partner), options_(options) {}

    std::vector<PartnerFinding> run() {
        configuration();
        if (partner_.mllp) mllp();
        if (partner_.http) http();
        if (partner_.fhir) fhir();
        if (partner_.directory) directory();
        if (partner_.sftp) sftp();
        return std::move(findings_);
    }

private:
    void good(std::string what, std::string text) {
        findings_.push_back({Verdict::good, std::move(what), std::move(text)});
    }
    void warn(std::string what, std::string text) {
        findings_.push_back({Verdict::warning, std::move(what), std::move(text)});
    }
    void bad(std::string what, std::string text) {
        findings_.push_back({Verdict::fault, std::move(what), std::move(text)});
    }

    void configuration() {
        std::size_t to = 0;
        for (const auto& rule : startup_.exchange.rules) to += rule.to == partner_.name;
        good("configuration",
             fmt::format("kind {}, {} routes lead to it, acknowledgement {}", exchange::to_string(partner_.kind), to,
                         exchange::to_string(partner_.acknowledgement)));
        if (partner_.reachable() && to == 0) warn("routes", "no route leads to it: nothing will be sent");
        if (!partner_.reachable()) warn("endpoint", "it has none to send to");
        if (partner_.application.empty() && partner_.facility.empty())
            warn("sender", "neither application nor facility: its messages are not recognised by MSH-3 and MSH-4");
        if (partner_.authorities.empty())
            warn("authority", "none: its identifiers keep the systems the maps give them");
    }

    bool resolve(const std::string& host, std::uint16_t port) {
        net::io_context io;
        net::ip::tcp::resolver resolver(io);
        boost::system::error_code error;
        const auto began = Clock::now();
        const auto found = resolver.resolve(host, std::to_string(port), error);
        if (error) {
            bad("resolve", fmt::format("{}: {}", host, error.message()));
            return false;
        }
        std::string addresses;
        for (const auto& each : found)
            addresses += (addresses.empty() ? "" : ", ") + each.endpoint().address().to_string();
        good("resolve", fmt::format("{} is {} ({:.1f} ms)", host, addresses, ms_since(began)));
        return true;
    }

    void certificate(const std::string& file, const std::string& key) {
        if (file.empty()) return;
        const auto found = tls::inspect_blocking(file, key, tls::Use::client, tls::now_s());
        if (found.has_error()) return bad("certificate", found.error().message);
        for (const auto& each : found->warnings) warn("certificate", each);
        good("certificate", fmt::format("ours: {}, {} days left", found->certificate.subject, found->days_left));
    }

    void mllp() {
        const auto& endpoint = *partner_.mllp;
        certificate(endpoint.tls_certificate, endpoint.tls_key);
        if (!resolve(endpoint.host, endpoint.port)) return;
        std::shared_ptr<tls::Source> source;
        if (endpoint.tls) {
            auto made = tls::Source::client(partner_tls_settings(partner_), tls::now_s());
            if (made.has_error()) return bad("tls", made.error().message);
            source = std::move(*made);
        } else {
            warn("tls", "plain text: anyone on the way can read it");
        }
        net::io_context io(1);
        const auto strand = net::make_strand(io);
        const auto work = [](Check& self, mllp::Executor on, std::shared_ptr<tls::Source> with) -> mllp::Awaitable<> {
            mllp::SenderConnection::Options of_it;
            of_it.message_bytes_max = std::size_t{1} << 20;
            of_it.tls = std::move(with);
            of_it.release = self.partner_.mllp->release;
            of_it.unframed_answers = self.partner_.mllp->unframed_answers;
            mllp::SenderConnection connection(on, std::move(of_it));
            co_await self.talk(connection);
        };
        net::co_spawn(strand, work(*this, strand, source), [this](const std::exception_ptr& failure) {
            if (failure) bad("connect", "internal error");
        });
        io.run();
    }

    mllp::Awaitable<> talk(mllp::SenderConnection& connection) {
        const auto& endpoint = *partner_.mllp;
        const auto began = Clock::now();
        const auto error =
            co_await connection.connect(endpoint.host, endpoint.port, std::chrono::milliseconds(options_.time_ms));
        if (error) {
            bad("connect", fmt::format("{}:{}: {}", endpoint.host, endpoint.port, error.message()));
            co_return;
        }
        good("connect", fmt::format("{}:{}{} in {:.1f} ms", endpoint.host, endpoint.port,
                                    endpoint.tls ? " with TLS" : "", ms_since(began)));
        if (!options_.probe) {
            good("probe", "none: MLLP has no harmless question; --probe sends NMQ^N01");
            co_return;
        }
        const auto message = probe_message(partner_);
        const auto sent = Clock::now();
        if (co_await connection.send(message, std::chrono::milliseconds(options_.time_ms))) {
            bad("probe", "the connection broke while NMQ^N01 was sent");
            co_return;
        }
        const auto until = Clock::now() + std::chrono::milliseconds(options_.time_ms);
        for (;;) {
            const auto received = co_await connection.receive(until);
            using Kind = mllp::SenderConnection::Received::Kind;
            if (received.kind == Kind::commit_ack || received.kind == Kind::commit_nak) continue;
            if (received.kind == Kind::message)
                probe_answered(received.message, ms_since(sent));
            else
                bad("probe", received.kind == Kind::timeout ? "no answer to NMQ^N01 in time"
                                                            : "the connection was closed without an answer to NMQ^N01");
            co_return;
        }
    }

    void probe_answered(const std::string& bytes, double ms) {
        const auto answer = exchange::read_answer(bytes);
        if (!answer) return bad("probe", "what came back is no acknowledgement");
        const auto text = fmt::format("NMQ^N01 was answered {} in {:.1f} ms", exchange::to_string(answer->code), ms);
        answer->is_positive() ? good("probe", text)
                              : good("probe", text + ": it does not know the question, but it listens");
    }

    /// True if there was an answer.
    bool answered(const http::ClientAnswer& answer, const std::string& what, double ms) {
        if (answer.status == 0) {
            bad(what, "no answer: " + answer.failure);
            return false;
        }
        const auto text = fmt::format("HTTP {} in {:.1f} ms", answer.status, ms);
        answer.status < 400 ? good(what, text) : bad(what, text);
        return answer.status < 400;
    }

    void http() {
        const auto& endpoint = *partner_.http;
        certificate(endpoint.tls_certificate, endpoint.tls_key);
        auto request = carriers::request_to(endpoint);
        if (!resolve(request.url.host, request.url.port)) return;
        if (!request.url.encrypted) warn("tls", "plain text: anyone on the way can read it");
        if (!endpoint.authorization_file.empty() && carriers::secret_of(endpoint.authorization_file).empty())
            bad("authorization", endpoint.authorization_file + " cannot be read or is empty");
        request.time_max = std::chrono::milliseconds(options_.time_ms);
        const auto began = Clock::now();
        if (options_.probe && endpoint.format == "er7") {
            request.body = probe_message(partner_);
            const auto answer = http::fetch_blocking(request);
            if (answer.status == 0) return bad("probe", "no answer: " + answer.failure);
            return probe_answered(answer.body, ms_since(began));
        }
        request.method = "OPTIONS";
        const auto answer = http::fetch_blocking(request);
        if (answer.status == 0) return bad("connect", "no answer: " + answer.failure);
        good("connect", fmt::format("OPTIONS was answered HTTP {} in {:.1f} ms", answer.status, ms_since(began)));
    }

    void fhir() {
        const auto& endpoint = *partner_.fhir;
        certificate(endpoint.tls_certificate, endpoint.tls_key);
        auto request = carriers::request_to(endpoint, "/metadata?_summary=true");
        request.time_max = std::chrono::milliseconds(options_.time_ms);
        if (!resolve(request.url.host, request.url.port)) return;
        if (!request.url.encrypted) warn("tls", "plain text: anyone on the way can read it");
        const auto began = Clock::now();
        const auto answer = http::fetch_blocking(request);
        if (answered(answer, "metadata", ms_since(began))) capabilities(answer.body);
        if (endpoint.token_url.empty()) return warn("token", "none is asked for: the server must take ours without");
        carriers::OauthClient oauth(endpoint);
        const auto asked = Clock::now();
        const auto token = oauth.token_blocking(ops::SystemClock().now_us() / 1'000'000);
        token.text.empty() ? bad("token", token.failure)
                           : good("token", fmt::format("given in {:.1f} ms", ms_since(asked)));
    }

    void capabilities(const std::string& body) {
        const auto document = fhir::parse_json(body);
        if (document.has_error() || (*document)->resource_type() != "CapabilityStatement")
            return bad("metadata", "the answer is no CapabilityStatement in JSON");
        const auto root = (*document)->root();
        const auto version = root["fhirVersion"].text();
        version.starts_with("4.0") ? good("metadata", fmt::format("FHIR {}", version))
                                   : bad("metadata", fmt::format("FHIR {}: we send R4", version));
    }

    void directory() {
        const auto& endpoint = *partner_.directory;
        if (!endpoint.out.empty()) {
            const auto name = std::filesystem::path(endpoint.out) / fmt::format(".causeway-check-{}", ::getpid());
            const auto fault = carriers::write_file(name, "check\n");
            ::unlink(name.c_str());
            fault.empty() ? good("folder", endpoint.out + ": a file can be written and removed")
                          : bad("folder", endpoint.out + ": " + fault);
        }
        if (endpoint.in.empty()) return;
        std::error_code error;
        std::size_t waiting = 0;
        for (std::filesystem::directory_iterator at(endpoint.in, error), end; !error && at != end; at.increment(error))
            waiting += at->path().filename().string().ends_with(endpoint.suffix);
        if (error) return bad("folder", endpoint.in + ": " + error.message());
        ::access(endpoint.in.c_str(), W_OK) == 0
            ? good("folder", fmt::format("{}: {} files wait", endpoint.in, waiting))
            : bad("folder", endpoint.in + ": what is picked up cannot be renamed: no right to write");
    }

    void sftp() {
        const auto& endpoint = *partner_.sftp;
        if (!resolve(endpoint.host, endpoint.port)) return;
        for (const auto* folder : {&endpoint.out, &endpoint.in}) {
            if (folder->empty()) continue;
            const auto began = Clock::now();
            const auto ended = carriers::run_sftp_blocking(endpoint, "ls -1 \"" + *folder + "\"\n");
            if (ended.code == 0)
                good("sftp", fmt::format("{} was listed in {:.0f} ms", *folder, ms_since(began)));
            else
                bad("sftp", fmt::format("{}: {}", *folder,
                                        ended.code == 1     ? "cannot be listed"
                                        : ended.code == 255 ? "no connection, or the host or key is not accepted"
                                                            : ended.failure));
        }
    }

    const Startup& startup_;
    const exchange::Partner& partner_;
    const PartnerCheckOptions& options_;
    std::vector<PartnerFinding> findings_;
};

}  // namespace

std::vector<PartnerFinding> check_partner_blocking(const Startup& startup, std::string_view name,
                                                   const PartnerCheckOptions& options) {
    const auto* partner = exchange::find_partner(startup.exchange, name);
    if (partner == nullptr) return {{Verdict::fault, "configuration", fmt::format("there is no [partner.{}]", name)}};
    return Check(startup, *partner, options).run();
}

}  // namespace causeway
