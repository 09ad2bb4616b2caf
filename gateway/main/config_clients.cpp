#include "gateway/main/config_clients.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace causeway {
namespace {

/// One [client.NAME] table; faults go to the list with their place.
class ClientReader {
public:
    ClientReader(std::string_view name, const toml::table& table, std::string_view file,
                 std::vector<ops::ConfigFault>& faults)
        : name_(name), table_(table), file_(file), faults_(faults) {}

    security::Client read() {
        security::Client client;
        client.registered.id = name_;
        for (const auto& [key, node] : table_) {
            if (key.str() == "keys") {
                read_keys(node, client);
            } else if (key.str() == "scopes") {
                read_scopes(node, client);
            } else if (key.str() == "api_key_sha256") {
                read_api_key(node, client);
            } else if (key.str() == "introspect" && node.is_boolean()) {
                client.may_introspect = **node.as_boolean();
            } else {
                report(node,
                       fmt::format("{} is no setting of a client (keys, scopes, api_key_sha256, introspect) or has "
                                   "the wrong type",
                                   key.str()));
            }
        }
        if (client.registered.keys.empty() && client.api_key_digest.empty())
            report(table_, "needs keys or api_key_sha256: nobody could prove to be this client");
        if (client.scopes.empty()) report(table_, "needs scopes: it could do nothing");
        return client;
    }

private:
    void report(const toml::node& node, std::string_view text) {
        const auto& at = node.source().begin;
        faults_.push_back(
            {fmt::format("{}:{}:{}", file_, at.line, at.column), fmt::format("client \"{}\" {}", name_, text)});
    }
    void read_keys(const toml::node& node, security::Client& client) {
        const auto path = node.value_exact<std::string>();
        if (!path) return report(node, "keys must be the path of a JWK Set file");
        std::ifstream file(*path, std::ios::binary);
        std::string json((std::istreambuf_iterator<char>(file)), {});
        if (!file) return report(node, "keys: the file cannot be read");
        auto parsed = security::parse_key_set(std::move(json));
        if (const auto* error = std::get_if<security::KeyError>(&parsed)) return report(node, "keys: " + error->reason);
        client.registered.keys = std::get<std::vector<security::JsonWebKey>>(std::move(parsed));
        if (client.registered.keys.empty()) report(node, "keys: the set holds no RSA or P-384 signature key");
    }
    void read_scopes(const toml::node& node, security::Client& client) {
        const auto text = node.value_exact<std::string>();
        if (!text) return report(node, "scopes must be a string");
        auto parsed = security::parse_scopes(*text);
        if (const auto* error = std::get_if<security::ScopeError>(&parsed))
            return report(node, "scopes: " + error->reason);
        client.scopes = std::get<std::vector<security::Scope>>(std::move(parsed));
    }
    void read_api_key(const toml::node& node, security::Client& client) {
        const auto text = node.value_exact<std::string>();
        constexpr std::string_view digits = "0123456789abcdef";
        if (!text || text->size() != 64 || text->find_first_not_of(digits) != std::string::npos)
            return report(node, "api_key_sha256 must be 64 lower-case hexadecimal digits: the SHA-256 of the key");
        for (std::size_t i = 0; i < text->size(); i += 2)
            client.api_key_digest += static_cast<char>(digits.find((*text)[i]) << 4 | digits.find((*text)[i + 1]));
    }

    std::string name_;
    const toml::table& table_;
    std::string_view file_;
    std::vector<ops::ConfigFault>& faults_;
};

}  // namespace

std::string public_origin(const ops::Config& config) {
    const auto& base = config.http.base_url;
    if (base.empty()) return fmt::format("http://{}:{}", config.http.address, config.http.port);
    const auto host = base.find("://");
    return base.substr(0, host == std::string::npos ? base.find('/') : base.find('/', host + 3));
}

ClientsLoad load_clients(std::string_view text, std::string_view file_name, const ops::Config& config) {
    ClientsLoad load;
    load.settings.token_url = public_origin(config) + "/oauth/token";
    const auto parsed = toml::parse(text, file_name);
    if (!parsed) return load;  // reported by whoever read the settings
    const auto* const clients = parsed.table()["client"].as_table();
    if (clients) {
        for (const auto& [name, node] : *clients) {
            const auto* const table = node.as_table();
            if (table)
                load.settings.clients.emplace(name.str(),
                                              ClientReader(name.str(), *table, file_name, load.faults).read());
            else
                load.faults.push_back(
                    {fmt::format("{}:{}:{}", file_name, node.source().begin.line, node.source().begin.column),
                     "client: write [client.NAME]"});
        }
    }
    if (config.security.require_token && load.settings.clients.empty())
        load.faults.push_back({std::string(file_name), "security.require_token is set and there is no [client.NAME]"});
    return load;
}

}  // namespace causeway
