#include "gateway/main/tls_options.hpp"

#include <CLI/CLI.hpp>

namespace causeway {
namespace {

tls::Result<std::vector<tls::Pin>> read_pins(const std::vector<std::string>& texts) {
    std::vector<tls::Pin> pins;
    for (const auto& text : texts) {
        auto pin = tls::Pin::parse(text);
        if (pin.has_error()) return tls::Error{text + ": " + pin.error().message};
        pins.push_back(std::move(*pin));
    }
    return pins;
}

}  // namespace

void ClientTlsOptions::add_to(CLI::App& command) {
    command.add_flag("--tls", on, "speak TLS; the other --tls options switch it on too");
    command.add_option("--tls-ca", ca, "PEM file of the authorities that may have signed the server's certificate");
    command.add_option("--tls-certificate", certificate, "PEM file of our own certificate");
    command.add_option("--tls-key", key, "PEM file of its key");
    command.add_option("--tls-pin", pins, "the server's certificate must be sha256:HEX, subject:DN or name:DNS");
    command.add_flag("--tls-insecure", insecure, "take any certificate: to look at a server, never for patients' data");
}

tls::Result<std::shared_ptr<tls::Source>> ClientTlsOptions::open() const {
    if (!on && !insecure && ca.empty() && certificate.empty() && key.empty() && pins.empty())
        return std::shared_ptr<tls::Source>();
    auto read = read_pins(pins);
    if (read.has_error()) return read.error();
    tls::ClientSettings settings;
    settings.ca = ca;
    settings.certificate = certificate;
    settings.key = key;
    settings.pins = std::move(*read);
    settings.check_chain = !insecure;
    return tls::Source::client(std::move(settings), tls::now_s());
}

void ServerTlsOptions::add_to(CLI::App& command) {
    command.add_option("--tls-certificate", certificate, "PEM file of our certificate; with it, TLS only");
    command.add_option("--tls-key", key, "PEM file of its key");
    command.add_option("--tls-client-ca", client_ca, "clients must show a certificate of these authorities (PEM)");
    command.add_option("--tls-client-pin", pins, "and it must be sha256:HEX, subject:DN or name:DNS");
}

tls::Result<std::shared_ptr<tls::Source>> ServerTlsOptions::open() const {
    if (certificate.empty()) {
        if (key.empty() && client_ca.empty() && pins.empty()) return std::shared_ptr<tls::Source>();
        return tls::Error{"the --tls options need --tls-certificate"};
    }
    if (key.empty()) return tls::Error{"--tls-certificate needs --tls-key"};
    if (!pins.empty() && client_ca.empty()) return tls::Error{"--tls-client-pin needs --tls-client-ca"};
    auto read = read_pins(pins);
    if (read.has_error()) return read.error();
    tls::ServerSettings settings;
    settings.certificate = certificate;
    settings.key = key;
    settings.client_ca = client_ca;
    settings.clients = client_ca.empty() ? tls::ClientCertificates::none : tls::ClientCertificates::required;
    settings.pins = std::move(*read);
    return tls::Source::server(std::move(settings), tls::now_s());
}

}  // namespace causeway
