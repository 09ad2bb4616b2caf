#include <doctest/doctest.h>

#include <fstream>

#include "gateway/tls/context.hpp"
#include "tests/gateway/tls/authority.hpp"

namespace {

using namespace causeway::tls;
using causeway::tls::test::Authority;
using causeway::tls::test::Wanted;

ServerSettings server_settings(const test::Files& files) {
    ServerSettings settings;
    settings.certificate = files.certificate;
    settings.key = files.key;
    return settings;
}

bool fails_with(const ServerSettings& settings, std::string_view part, std::int64_t now = now_s()) {
    const auto made = Context::server(settings, now);
    REQUIRE(made.has_error());
    INFO(made.error().message);
    return made.error().message.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("gateway/tls/context") {
    TEST_CASE("takes a certificate with its key and knows when it ends") {
        const Authority authority;
        const auto made = Context::server(server_settings(authority.issue("server")), now_s());
        REQUIRE(made.has_value());
        CHECK((*made)->not_after_s() - now_s() > 3'590);
        CHECK((*made)->not_after_s() - now_s() <= 3'600);
    }

    TEST_CASE("each file that is wrong is named, with what is wrong with it") {
        const Authority authority;
        const auto good = authority.issue("good"), other = authority.issue("other");
        auto settings = server_settings(good);
        settings.certificate = "/nowhere/server.pem";
        CHECK(fails_with(settings, "/nowhere/server.pem: the certificate file cannot be read"));
        settings = server_settings(good);
        settings.key = "/nowhere/server.key";
        CHECK(fails_with(settings, "/nowhere/server.key: the key file cannot be read"));
        settings = server_settings(good);
        settings.key = other.key;
        CHECK(fails_with(settings, other.key));
        settings = server_settings(good);
        settings.certificate = good.key;
        CHECK(fails_with(settings, "no usable certificate"));
        settings = server_settings(good);
        settings.clients = ClientCertificates::required;
        CHECK(fails_with(settings, "authorities"));
        settings.client_ca = good.key;
        CHECK(fails_with(settings, "no usable authority certificate"));
        settings = server_settings(good);
        settings.ocsp = "/nowhere/ocsp.der";
        CHECK(fails_with(settings, "/nowhere/ocsp.der"));
    }

    TEST_CASE("a certificate is used only in its time") {
        const Authority authority;
        const auto settings = server_settings(authority.issue("server"));
        CHECK(Context::server(settings, now_s() + 3'590).has_value());
        CHECK(fails_with(settings, "has expired", now_s() + 3'601));
        CHECK(Context::server(settings, now_s() - 3'590).has_value());
        CHECK(fails_with(settings, "not valid yet", now_s() - 3'660));
    }

    TEST_CASE("an RSA key below 2048 bits is refused") {
        const Authority authority;
        Wanted weak;
        weak.common_name = "weak";
        weak.rsa_bits = 1024;
        CHECK(fails_with(server_settings(authority.issue("weak", weak)), "key too small"));
        weak.rsa_bits = 2048;
        CHECK(Context::server(server_settings(authority.issue("weak", weak)), now_s()).has_value());
    }

    TEST_CASE("a reload takes effect only if the new files are good") {
        const Authority authority;
        const auto files = authority.issue("server");
        const auto source = Source::server(server_settings(files), now_s());
        REQUIRE(source.has_value());
        const auto first = (*source)->current();
        authority.issue("server");  // replaces both files
        REQUIRE((*source)->reload(now_s()).has_value());
        const auto second = (*source)->current();
        CHECK(second != first);
        const auto other = authority.issue("other");
        std::filesystem::copy_file(other.certificate, files.certificate,
                                   std::filesystem::copy_options::overwrite_existing);
        const auto refused = (*source)->reload(now_s());
        REQUIRE(refused.has_error());
        CHECK((*source)->current() == second);
        std::ofstream(files.certificate) << "cut off";
        CHECK((*source)->reload(now_s()).has_error());
        CHECK((*source)->current() == second);
    }

    TEST_CASE("a client without certificate is fine; half a pair is not") {
        ClientSettings settings;
        CHECK(Context::client(settings, now_s()).has_value());
        settings.certificate = "only.pem";
        CHECK(Context::client(settings, now_s()).has_error());
    }
}

TEST_SUITE("gateway/tls/certificate") {
    TEST_CASE("a pin names one certificate") {
        Certificate certificate;
        certificate.subject = "CN=lab.example.org,O=North";
        certificate.fingerprint = std::string(62, '0') + "af";
        certificate.names = {"lab.example.org", "192.0.2.7"};
        std::string colons;
        for (int i = 0; i < 31; ++i) colons += "00:";
        const auto matches = [&](const std::string& text) {
            CAPTURE(text);
            const auto pin = Pin::parse(text);
            REQUIRE(pin.has_value());
            return pin->matches(certificate);
        };
        CHECK(matches("sha256:" + certificate.fingerprint));
        CHECK(matches("sha256:" + colons + "AF"));
        CHECK_FALSE(matches("sha256:" + std::string(64, '0')));
        CHECK(matches("subject:CN=lab.example.org,O=North"));
        CHECK_FALSE(matches("subject:CN=lab.example.org"));
        CHECK_FALSE(matches("subject:CN=lab.example.org,O=North,C=US"));
        CHECK(matches("name:LAB.example.org"));
        CHECK(matches("name:192.0.2.7"));
        CHECK_FALSE(matches("name:b.example.org"));
        for (const auto* bad : {"", "sha256:", "sha256:abc", "sha256:zz", "subject:", "name:", "lab.example.org"}) {
            CAPTURE(bad);
            CHECK(Pin::parse(bad).has_error());
        }
    }
}
