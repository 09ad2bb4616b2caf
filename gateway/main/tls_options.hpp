#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gateway/tls/context.hpp"

namespace CLI {
class App;
}

namespace causeway {

/// The TLS options of the commands that connect: --tls, --tls-ca, --tls-certificate, --tls-key, --tls-pin, --tls-insecure.
struct ClientTlsOptions {
    bool on = false, insecure = false;
    std::string ca, certificate, key;
    std::vector<std::string> pins;

    void add_to(CLI::App& command);
    /// Null where plain text is wanted; an error says which option or file is wrong.
    tls::Result<std::shared_ptr<tls::Source>> open() const;
};

/// Those of the commands that listen: --tls-certificate, --tls-key, --tls-client-ca, --tls-client-pin.
struct ServerTlsOptions {
    std::string certificate, key, client_ca;
    std::vector<std::string> pins;

    void add_to(CLI::App& command);
    tls::Result<std::shared_ptr<tls::Source>> open() const;
};

}  // namespace causeway
