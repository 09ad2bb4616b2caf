#include "gateway/main/config_clients.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "fhir/model/reference.hpp"
#include "gateway/security/role.hpp"

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
            } else if (key.str() == "keys_url") {
                read_keys_url(node, client);
            } else if (key.str() == "certificates") {
                read_certificates(node, client.certificates);
            } else if (key.str() == "patient" && node.is_string()) {
                client.patient = **node.as_string();
                if (!fhir::is_fhir_id(client.patient)) report(node, "patient must be the logical id of a Patient");
            } else if (key.str() == "restricted" && node.is_boolean()) {
                client.restricted = **node.as_boolean();
            } else if (key.str() == "break_glass" && node.is_boolean()) {
                client.break_glass = **node.as_boolean();
            } else if (key.str() == "requests_per_second" && node.is_integer()) {
                client.requests_per_second = **node.as_integer();
                if (client.requests_per_second < 1) report(node, "requests_per_second must be 1 or more");
            } else if (key.str() == "scopes") {
                read_scopes(node, client);
            } else if (key.str() == "api_key_sha256") {
                read_api_key(node, client.api_key_digest);
            } else if (key.str() == "introspect" && node.is_boolean()) {
                client.may_introspect = **node.as_boolean();
            } else {
                report(node, fmt::format(
                                 "{} is no setting of a client (keys, keys_url, api_key_sha256, certificates, scopes, "
                                 "patient, introspect, restricted, break_glass, requests_per_second) or has the "
                                 "wrong type",
                                 key.str()));
            }
        }
        if (client.registered.keys.empty() && client.registered.key_set_url.empty() && client.api_key_digest.empty() &&
            client.certificates.empty())
            report(table_,
                   "needs keys, keys_url, api_key_sha256 or certificates: nobody could prove to be this client");
        if (!client.registered.keys.empty() && !client.registered.key_set_url.empty())
            report(table_, "has keys and keys_url: it must be one of them");
        if (client.scopes.empty()) report(table_, "needs scopes: it could do nothing");
        return client;
    }

    security::Operator read_operator() {
        security::Operator one;
        kind_ = "operator";
        for (const auto& [key, node] : table_) {
            if (key.str() == "api_key_sha256") {
                read_api_key(node, one.api_key_digest);
            } else if (key.str() == "certificates") {
                read_certificates(node, one.certificates);
            } else if (key.str() == "roles") {
                read_roles(node, one);
            } else {
                report(node,
                       fmt::format("{} is no setting of an operator (api_key_sha256, certificates, roles)", key.str()));
            }
        }
        if (one.api_key_digest.empty() && one.certificates.empty())
            report(table_, "needs api_key_sha256 or certificates: nobody could prove to be this operator");
        if (one.rights == 0) report(table_, "needs roles: it could do nothing");
        return one;
    }

private:
    void report(const toml::node& node, std::string_view text) {
        const auto& at = node.source().begin;
        faults_.push_back(
            {fmt::format("{}:{}:{}", file_, at.line, at.column), fmt::format("{} \"{}\" {}", kind_, name_, text)});
    }
    void read_roles(const toml::node& node, security::Operator& one) {
        const auto* const list = node.as_array();
        if (!list) return report(node, "roles must be a list of names");
        for (const auto& each : *list) {
            const auto name = each.value_exact<std::string>();
            const auto rights = name ? security::rights_of_role(*name) : std::nullopt;
            if (!rights) {
                report(each,
                       "roles are metadata, content, replay, identities, configure, audit, operator, auditor, admin");
                continue;
            }
            one.rights = static_cast<std::uint8_t>(one.rights | *rights);
        }
    }
    void read_certificates(const toml::node& node, std::vector<tls::Pin>& pins) {
        const auto* const list = node.as_array();
        if (!list) return report(node, "certificates must be a list (sha256:..., subject:..., name:...)");
        for (const auto& each : *list) {
            const auto text = each.value_exact<std::string>();
            auto pin = tls::Pin::parse(text ? *text : std::string());
            if (pin.has_error())
                report(each, "certificates: " + pin.error().message);
            else
                pins.push_back(std::move(*pin));
        }
    }
    void read_keys_url(const toml::node& node, security::Client& client) {
        const auto url = node.value_exact<std::string>();
        if (!url || !url->starts_with("https://") || url->find_first_of(" @#") != std::string::npos)
            return report(node, "keys_url must be an https URL");
        client.registered.key_set_url = *url;
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
    void read_api_key(const toml::node& node, std::string& digest) {
        const auto text = node.value_exact<std::string>();
        constexpr std::string_view digits = "0123456789abcdef";
        if (!text || text->size() != 64 || text->find_first_not_of(digits) != std::string::npos)
            return report(node, "api_key_sha256 must be 64 lower-case hexadecimal digits: the SHA-256 of the key");
        for (std::size_t i = 0; i < text->size(); i += 2)
            digest += static_cast<char>(digits.find((*text)[i]) << 4 | digits.find((*text)[i + 1]));
    }

    std::string name_;
    std::string kind_ = "client";
    const toml::table& table_;
    std::string_view file_;
    std::vector<ops::ConfigFault>& faults_;
};

/// The external authorisation server, from security.*.
void read_issuer(const ops::Config& config, const std::string& file, ClientsLoad& load) {
    const auto& from = config.security;
    auto& to = load.settings.issuer;
    const auto fault = [&](std::string_view text) { load.faults.push_back({file, std::string(text)}); };
    for (const auto& [name, url] :
         {std::pair{"jwks_url", &from.jwks_url}, std::pair{"introspection_url", &from.introspection_url},
          std::pair{"authorization_endpoint", &from.authorization_endpoint},
          std::pair{"token_endpoint", &from.token_endpoint}})
        if (!url->empty() && !url->starts_with("https://"))
            fault(fmt::format("security.{} must be an https URL", name));
    if (from.authorization_endpoint.empty() != from.token_endpoint.empty())
        fault("security.authorization_endpoint and security.token_endpoint go together");
    if (!from.authorization_endpoint.empty() && from.jwks_url.empty() && from.introspection_url.empty())
        fault(
            "security.authorization_endpoint needs security.jwks_url or security.introspection_url: its tokens would "
            "not be known");
    if (from.jwks_url.empty() && from.introspection_url.empty()) return;
    if (from.issuer.empty()) return fault("security.jwks_url and security.introspection_url need security.issuer");
    to.issuer = from.issuer;
    to.audience = from.audience.empty() ? public_origin(config) + "/fhir" : from.audience;
    to.key_set_url = from.jwks_url;
    to.introspection_url = from.introspection_url;
    to.client = from.introspection_client;
    if (!from.introspection_secret_file.empty()) {
        std::ifstream secret(from.introspection_secret_file, std::ios::binary);
        to.secret.assign(std::istreambuf_iterator<char>(secret), {});
        if (!secret) fault("security.introspection_secret_file cannot be read");
        while (!to.secret.empty() && (to.secret.back() == '\n' || to.secret.back() == '\r')) to.secret.pop_back();
    }
    for (std::string_view list = from.algorithms; !list.empty();) {
        const auto end = list.find(',');
        const auto algorithm = security::signature_algorithm(list.substr(0, end));
        list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
        if (!algorithm) return fault("security.algorithms are RS256, RS384, ES256, ES384, by commas");
        to.algorithms.push_back(*algorithm);
    }
    auto scopes = security::parse_scopes(from.issuer_scopes);
    if (const auto* error = std::get_if<security::ScopeError>(&scopes))
        return fault("security.issuer_scopes: " + error->reason);
    to.scopes = std::get<std::vector<security::Scope>>(std::move(scopes));
}

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
    if (const auto* const operators = parsed.table()["operator"].as_table()) {
        for (const auto& [name, node] : *operators) {
            if (const auto* const table = node.as_table())
                load.settings.operators.emplace(
                    name.str(), ClientReader(name.str(), *table, file_name, load.faults).read_operator());
            else
                load.faults.push_back(
                    {fmt::format("{}:{}:{}", file_name, node.source().begin.line, node.source().begin.column),
                     "operator: write [operator.NAME]"});
        }
    }
    read_issuer(config, std::string(file_name), load);
    if (config.security.require_token && load.settings.clients.empty() && !load.settings.issuer.in_use())
        load.faults.push_back(
            {std::string(file_name),
             "security.require_token is set and there is no [client.NAME] and no authorisation server"});
    return load;
}

}  // namespace causeway
