#include <openssl/ssl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <mutex>

#include "gateway/mllp/send_run.hpp"
#include "tests/gateway/mllp/fixture.hpp"
#include "tests/gateway/tls/authority.hpp"

using namespace causeway;
using namespace causeway::mllp;
using namespace causeway::mllp::test;
using std::chrono::milliseconds;
using tls::test::Authority;
using tls::test::Wanted;

namespace {

const std::string message = "MSH|^~\\&|A|B|C|D|20260101||ADT^A08|1|P|2.5.1\r";

std::string acknowledgement(std::string_view text) {
    return "MSH|^~\\&|C|D|A|B|20260101||ACK|9|P|2.5.1\rMSA|AA|1|" + std::string(text) + "\r";
}

/// Answers with the subject of the peer's certificate in MSA-3.
class Doorkeeper final : public MessageHandler {
public:
    Awaitable<Reply> handle(std::string bytes, const SessionInfo& session) override {
        if (!session.peer->encrypted) co_return Reply{{acknowledgement("plain")}, false, {}};
        if (bytes.size() > 100'000) co_return Reply{{acknowledgement(bytes)}, false, {}};
        const auto& certificate = session.peer->certificate;
        co_return Reply{{acknowledgement(certificate ? certificate->common_name : "nobody")}, false, {}};
    }
};

class Noted final : public ListenerEvents {
public:
    void handshake_failed(const std::string&, const std::string& reason) override {
        const std::lock_guard lock(mutex_);
        reasons_.push_back(reason);
    }
    std::string last() const {
        const std::lock_guard lock(mutex_);
        return reasons_.empty() ? std::string() : reasons_.back();
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> reasons_;
};

struct Server {
    Io io;
    Doorkeeper handler;
    Noted events;
    std::shared_ptr<tls::Source> source;
    Listener listener;
    std::uint16_t port;

    explicit Server(const tls::ServerSettings& settings, ListenerLimits limits = {})
        : source(*tls::Source::server(settings, tls::now_s())),
          listener(io.context, handler, {.name = "test", .limits = limits, .allow_plaintext = false, .tls = source},
                   &events),
          port(*listener.listen("127.0.0.1", 0)) {}
    ~Server() { CHECK(stop_within(listener, milliseconds(5'000))); }
};

tls::ServerSettings server_settings(const Authority& authority, tls::ClientCertificates clients) {
    const auto own = authority.issue("server");
    tls::ServerSettings settings;
    settings.certificate = own.certificate;
    settings.key = own.key;
    settings.clients = clients;
    if (clients != tls::ClientCertificates::none) settings.client_ca = authority.file();
    return settings;
}

tls::ClientSettings client_settings(const Authority& authority) {
    tls::ClientSettings settings;
    settings.ca = authority.file();
    return settings;
}

tls::ClientSettings client_settings(const Authority& authority, const tls::test::Files& own) {
    auto settings = client_settings(authority);
    settings.certificate = own.certificate;
    settings.key = own.key;
    return settings;
}

/// MSA-3 of the answer, or why there is none.
std::string ask(std::uint16_t port, const tls::ClientSettings& settings, const std::string& what = message,
                const std::string& host = "127.0.0.1") {
    SendOptions options;
    options.host = host;
    options.port = port;
    options.tls = *tls::Source::client(settings, tls::now_s());
    options.answer_timeout = milliseconds(5'000);
    net::io_context io(1);
    std::string out;
    send_all(io, options, {what}, [&](const SendResult& result) {
        if (result.code != "AA") {
            out = result.code + ": " + result.text;
        } else {
            const auto from = result.answer.find("MSA|AA|1|") + 9;
            out = result.answer.substr(from, result.answer.size() - from - 1);
        }
    });
    return out;
}

bool contains(const std::string& text, std::string_view part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

/// The protocol a client that offers no more than `max_version` is given; "" if refused.
std::string negotiated(std::uint16_t port, int max_version, const char* ciphers = nullptr) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), max_version);
    if (ciphers != nullptr) SSL_CTX_set_cipher_list(context.get(), ciphers);
    net::io_context io;
    net::ip::tcp::socket socket(io);
    socket.connect({net::ip::make_address("127.0.0.1"), port});
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    SSL_set_fd(ssl.get(), socket.native_handle());
    return SSL_connect(ssl.get()) == 1 ? std::string(SSL_get_version(ssl.get())) : std::string();
}

}  // namespace

TEST_SUITE("gateway/mllp/tls") {
    TEST_CASE("a message goes both ways, small and large") {
        const Authority authority;
        Server server(server_settings(authority, tls::ClientCertificates::none));
        CHECK(ask(server.port, client_settings(authority)) == "nobody");
        CHECK(ask(server.port, client_settings(authority), message, "localhost") == "nobody");
        const std::string large =
            "MSH|^~\\&|A|B|C|D|20260101||ADT^A08|1|P|2.5.1\rOBX|1|ED|" + std::string(3'000'000, 'x') + "\r";
        const auto back = ask(server.port, client_settings(authority), large);
        CHECK(back.size() == large.size());
        CHECK(back == large);
    }

    TEST_CASE("TLS 1.2 and 1.3 only, and only with forward secrecy and authenticated ciphers") {
        const Authority authority;
        Server server(server_settings(authority, tls::ClientCertificates::none));
        CHECK(negotiated(server.port, TLS1_3_VERSION) == "TLSv1.3");
        CHECK(negotiated(server.port, TLS1_2_VERSION) == "TLSv1.2");
        CHECK(negotiated(server.port, TLS1_1_VERSION).empty());
        CHECK(negotiated(server.port, TLS1_VERSION).empty());
        CHECK(negotiated(server.port, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256").empty());
        CHECK(negotiated(server.port, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256") == "TLSv1.2");
    }

    TEST_CASE("a client certificate is asked for, checked, and seen by the handler") {
        const Authority authority, stranger("Other Authority");
        Server server(server_settings(authority, tls::ClientCertificates::required));
        CHECK(ask(server.port, client_settings(authority, authority.issue("lab.example.org"))) == "lab.example.org");

        CHECK_FALSE(contains(ask(server.port, client_settings(authority)), "nobody"));
        CHECK(eventually([&] { return contains(server.events.last(), "peer did not return a certificate"); }));

        CHECK_FALSE(contains(ask(server.port, client_settings(authority, stranger.issue("lab.example.org"))), "lab."));
        CHECK(eventually([&] { return contains(server.events.last(), "unable to get local issuer certificate"); }));

        Wanted server_only;
        server_only.common_name = "printer";
        server_only.for_client = false;
        ask(server.port, client_settings(authority, authority.issue("printer", server_only)));
        CHECK(eventually([&] {
            return contains(server.events.last(), "unsuitable certificate purpose") ||
                   contains(server.events.last(), "unsupported certificate purpose");
        }));
    }

    TEST_CASE("a certificate of the right authority that is not named is refused") {
        const Authority authority;
        const auto lab = authority.issue("lab"), other = authority.issue("other");
        auto settings = server_settings(authority, tls::ClientCertificates::required);
        settings.pins = {*tls::Pin::parse("subject:CN=lab,O=Causeway Test")};
        Server server(settings);
        CHECK(ask(server.port, client_settings(authority, lab)) == "lab");
        CHECK_FALSE(contains(ask(server.port, client_settings(authority, other)), "other\r"));
        CHECK(eventually([&] { return contains(server.events.last(), "none of those named"); }));
    }

    TEST_CASE("where certificates are optional, none is fine and a wrong one is not") {
        const Authority authority, stranger("Other Authority");
        auto settings = server_settings(authority, tls::ClientCertificates::optional);
        settings.pins = {*tls::Pin::parse("subject:CN=lab,O=Causeway Test")};
        Server server(settings);
        CHECK(ask(server.port, client_settings(authority)) == "nobody");
        CHECK(ask(server.port, client_settings(authority, authority.issue("lab"))) == "lab");
        ask(server.port, client_settings(authority, stranger.issue("lab")));
        CHECK(eventually([&] { return contains(server.events.last(), "local issuer"); }));
    }

    TEST_CASE("a revoked certificate is refused") {
        const Authority authority;
        const auto good = authority.issue("good"), bad = authority.issue("bad");
        auto settings = server_settings(authority, tls::ClientCertificates::required);
        settings.client_crl = authority.revoke({bad.certificate});
        Server server(settings);
        CHECK(ask(server.port, client_settings(authority, good)) == "good");
        ask(server.port, client_settings(authority, bad));
        CHECK(eventually([&] { return contains(server.events.last(), "certificate revoked"); }));
    }

    TEST_CASE("the client checks the server: authority, name, pin") {
        const Authority authority, stranger("Other Authority");
        auto server_files = server_settings(authority, tls::ClientCertificates::none);
        Server server(server_files);
        CHECK(contains(ask(server.port, client_settings(stranger)), "local issuer"));
        auto pinned = client_settings(authority);
        pinned.pins = {*tls::Pin::parse("name:localhost")};
        CHECK(ask(server.port, pinned) == "nobody");
        pinned.pins = {*tls::Pin::parse("subject:CN=somebody else")};
        CHECK(contains(ask(server.port, pinned), "none of those named"));

        Wanted elsewhere;
        elsewhere.common_name = "localhost";
        elsewhere.dns = "other.example.org";
        elsewhere.address = "192.0.2.1";
        const auto wrong = authority.issue("elsewhere", elsewhere);
        server_files.certificate = wrong.certificate;
        server_files.key = wrong.key;
        Server misnamed(server_files);
        CHECK(contains(ask(misnamed.port, client_settings(authority)), "IP address mismatch"));
        CHECK(contains(ask(misnamed.port, client_settings(authority), message, "localhost"), "ostname mismatch"));
        auto careless = client_settings(authority);
        careless.check_name = false;
        CHECK(ask(misnamed.port, careless) == "nobody");
        careless = {};
        careless.check_chain = false;
        CHECK(ask(misnamed.port, careless) == "nobody");
    }

    TEST_CASE("after a reload new connections get the new certificate and old ones go on") {
        const Authority authority;
        Server server(server_settings(authority, tls::ClientCertificates::none));
        const auto client = *tls::Source::client(client_settings(authority), tls::now_s());
        Io io(1);
        const auto strand = net::make_strand(io.context);
        SenderConnection kept(strand, {.message_bytes_max = 1'000'000, .tls = client});
        const auto on_strand = [&](auto awaitable) {
            return net::co_spawn(strand, std::move(awaitable), net::use_future).get();
        };
        CHECK_FALSE(on_strand(kept.connect("127.0.0.1", server.port, milliseconds(5'000))));

        authority.issue("server");
        REQUIRE(server.source->reload(tls::now_s()).has_value());
        CHECK(ask(server.port, client_settings(authority)) == "nobody");

        CHECK_FALSE(on_strand(kept.send(message, milliseconds(5'000))));
        const auto answer = on_strand(kept.receive(std::chrono::steady_clock::now() + milliseconds(5'000)));
        CHECK(answer.kind == SenderConnection::Received::Kind::message);
        on_strand([](SenderConnection* connection) -> Awaitable<bool> {
            connection->close();
            co_return true;
        }(&kept));
    }

    TEST_CASE("whoever does not shake hands is let go") {
        const Authority authority;
        ListenerLimits limits;
        limits.handshake_time = milliseconds(200);
        Server server(server_settings(authority, tls::ClientCertificates::none), limits);
        Client silent(server.port);
        CHECK(silent.receive() == "closed");
        CHECK(eventually([&] { return contains(server.events.last(), "took too long"); }));
        Client plain(server.port);
        plain.send_message(message);
        CHECK(plain.receive() == "closed");
        CHECK(eventually([&] { return !contains(server.events.last(), "took too long"); }));
    }
}
