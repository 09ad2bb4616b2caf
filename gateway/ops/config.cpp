#include "gateway/ops/config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace causeway::ops {
namespace {

constexpr std::int64_t one_gb = std::int64_t{1} << 30;

template <class Section, class Value>
Setting setting(std::string_view name, Section Config::*section, Value Section::*field, std::string_view help,
                std::int64_t min = 0, std::int64_t max = 0, std::vector<std::string_view> choices = {}) {
    return {name,
            [section, field](Config& config) -> std::variant<std::string*, std::int64_t*, bool*> {
                return &(config.*section.*field);
            },
            min,
            max,
            std::move(choices),
            help};
}

std::vector<Setting> make_settings() {
    using C = Config;
    return {
        setting("http.address", &C::http, &C::Http::address, "address to listen on; without TLS only loopback"),
        setting("http.port", &C::http, &C::Http::port, "TCP port; 0 takes a free one", 0, 65535),
        setting("http.base_url", &C::http, &C::Http::base_url,
                "the FHIR base as clients see it; empty: made from address and port"),
        setting("http.threads", &C::http, &C::Http::threads, "I/O threads", 1, 256),
        setting("http.connections_max", &C::http, &C::Http::connections_max, "connections at once", 1, 1'000'000),
        setting("http.connections_per_peer_max", &C::http, &C::Http::connections_per_peer_max,
                "connections at once from one address", 1, 1'000'000),
        setting("http.header_bytes_max", &C::http, &C::Http::header_bytes_max, "bytes of a request's head", 1'024,
                1'048'576),
        setting("http.body_bytes_max", &C::http, &C::Http::body_bytes_max,
                "bytes of a request's body, also when unpacked", 1'024, one_gb),
        setting("http.memory_bytes_max", &C::http, &C::Http::memory_bytes_max,
                "bytes of large bodies, of documents made of them and of large answers not yet sent, of all "
                "connections; more waits, then 503",
                1'048'576, 64 * one_gb),
        setting("http.idle_timeout_ms", &C::http, &C::Http::idle_timeout_ms,
                "a connection without a request is closed after this", 100, 86'400'000),
        setting("http.header_timeout_ms", &C::http, &C::Http::header_timeout_ms, "time for a request's head to arrive",
                100, 86'400'000),
        setting("http.body_timeout_ms", &C::http, &C::Http::body_timeout_ms, "time for a request's body to arrive", 100,
                86'400'000),
        setting("http.cors_origins", &C::http, &C::Http::cors_origins,
                "origins whose web pages may call, by commas (https://app.example); * for all; empty: none"),
        setting("http.drain_ms", &C::http, &C::Http::drain_ms, "at a stop, time for requests under way to finish", 0,
                600'000),
        setting("http.tls_certificate", &C::http, &C::Http::tls_certificate,
                "PEM file: our certificate and those between it and the root; with it, TLS only"),
        setting("http.tls_key", &C::http, &C::Http::tls_key, "PEM file: its private key"),
        setting("http.tls_clients", &C::http, &C::Http::tls_clients, "whether clients must show a certificate", 0, 0,
                {"none", "optional", "required"}),
        setting("http.tls_client_ca", &C::http, &C::Http::tls_client_ca,
                "PEM file: the authorities of client certificates"),
        setting("http.tls_client_crl", &C::http, &C::Http::tls_client_crl, "PEM file: what those authorities revoked"),
        setting("http.tls_ocsp", &C::http, &C::Http::tls_ocsp, "DER file: an OCSP answer to staple"),
        setting("http.allow_plaintext", &C::http, &C::Http::allow_plaintext,
                "without TLS, serve addresses other than loopback too"),
        setting("fhir.bundle_entries_max", &C::fhir, &C::Fhir::bundle_entries_max, "entries of a batch or transaction",
                1, 1'000'000),
        setting("fhir.depth_max", &C::fhir, &C::Fhir::depth_max, "nesting of a document", 10, 1'000),
        setting("fhir.elements_max", &C::fhir, &C::Fhir::elements_max,
                "elements of a document in JSON, tags of one in XML; an element takes 64 bytes of memory", 1'000,
                4'000'000),
        setting("fhir.page_default", &C::fhir, &C::Fhir::page_default,
                "matches on a search page when _count is not given", 1, 10'000),
        setting("fhir.page_max", &C::fhir, &C::Fhir::page_max, "most matches on a search page", 1, 10'000),
        setting("fhir.include_max", &C::fhir, &C::Fhir::include_max, "most included resources on a search page", 1,
                100'000),
        setting("fhir.packages", &C::fhir, &C::Fhir::packages,
                "FHIR packages to validate by: a .tgz, a package's folder, or a folder of them; empty: R4 alone"),
        setting("fhir.validation", &C::fhir, &C::Fhir::validation,
                "how what clients write is checked: for its structure, or as $validate does, with 422 for errors", 0, 0,
                {"structure", "full"}),
        setting("fhir.update_create", &C::fhir, &C::Fhir::update_create, "PUT of an unknown id creates it"),
        setting("bulk.folder", &C::bulk, &C::Bulk::folder,
                "where bulk exports and imports keep their files; empty: beside the store's file"),
        setting("bulk.keep_hours", &C::bulk, &C::Bulk::keep_hours, "files of a finished bulk job are kept this long", 1,
                8'760),
        setting("bulk.jobs_max", &C::bulk, &C::Bulk::jobs_max, "bulk jobs waiting or running", 1, 1'000),
        setting("subscriptions.retry_first_ms", &C::subscriptions, &C::Subscriptions::retry_first_ms,
                "wait after a notification's first failure; it doubles each time", 10, 3'600'000),
        setting("subscriptions.retry_max_ms", &C::subscriptions, &C::Subscriptions::retry_max_ms,
                "longest wait between two attempts", 10, 86'400'000),
        setting("subscriptions.give_up_hours", &C::subscriptions, &C::Subscriptions::give_up_hours,
                "a subscription that fails this long goes to the state error", 1, 8'760),
        setting("subscriptions.private_endpoints", &C::subscriptions, &C::Subscriptions::private_endpoints,
                "endpoints at private addresses that may be notified, by commas (https://emr.internal:8443); any while "
                "http.address is loopback"),
        setting("mllp.enabled", &C::mllp, &C::Mllp::enabled, "listen for HL7 v2"),
        setting("mllp.address", &C::mllp, &C::Mllp::address, "address to listen on; without TLS only loopback"),
        setting("mllp.port", &C::mllp, &C::Mllp::port, "TCP port; 0 takes a free one", 0, 65535),
        setting("mllp.connections_max", &C::mllp, &C::Mllp::connections_max, "connections at once", 1, 100'000),
        setting("mllp.connections_per_peer_max", &C::mllp, &C::Mllp::connections_per_peer_max,
                "connections at once from one address; loopback is not counted", 1, 100'000),
        setting("mllp.message_bytes_max", &C::mllp, &C::Mllp::message_bytes_max, "bytes of one message", 1'024, one_gb),
        setting("mllp.bytes_in_flight_max", &C::mllp, &C::Mllp::bytes_in_flight_max,
                "bytes of unfinished messages of all connections; beyond it nothing more is read", 1'048'576,
                64 * one_gb),
        setting("mllp.frame_timeout_ms", &C::mllp, &C::Mllp::frame_timeout_ms,
                "time from a message's first byte to its last", 100, 86'400'000),
        setting("mllp.idle_timeout_ms", &C::mllp, &C::Mllp::idle_timeout_ms,
                "a connection without bytes is closed after this", 100, 86'400'000),
        setting("mllp.drain_ms", &C::mllp, &C::Mllp::drain_ms, "at a stop, time for messages under way to finish", 0,
                600'000),
        setting("mllp.release", &C::mllp, &C::Mllp::release,
                "of MLLP; 2: each block is answered by a commit block, ACK once it is durable", 1, 2),
        setting("mllp.unframed", &C::mllp, &C::Mllp::unframed,
                "take messages without MLLP frame too, and answer them without one"),
        setting("mllp.unframed_quiet_ms", &C::mllp, &C::Mllp::unframed_quiet_ms,
                "a message without frame has ended when nothing more comes for this", 100, 60'000),
        setting(
            "mllp.proxies", &C::mllp, &C::Mllp::proxies,
            "addresses of proxies, with commas: their connections begin with a PROXY header that says who connects"),
        setting("mllp.keepalive_idle_s", &C::mllp, &C::Mllp::keepalive_idle_s,
                "TCP keep-alive, of the listener and of connections to partners: silence before the first probe", 1,
                32'767),
        setting("mllp.keepalive_interval_s", &C::mllp, &C::Mllp::keepalive_interval_s, "time between two probes", 1,
                32'767),
        setting("mllp.keepalive_probes", &C::mllp, &C::Mllp::keepalive_probes,
                "probes without answer, then the connection is broken", 1, 127),
        setting("mllp.tls_certificate", &C::mllp, &C::Mllp::tls_certificate,
                "PEM file: our certificate and those between it and the root; with it, TLS only"),
        setting("mllp.tls_key", &C::mllp, &C::Mllp::tls_key, "PEM file: its private key"),
        setting("mllp.tls_clients", &C::mllp, &C::Mllp::tls_clients, "whether clients must show a certificate", 0, 0,
                {"none", "required", "pinned"}),
        setting("mllp.tls_client_ca", &C::mllp, &C::Mllp::tls_client_ca,
                "PEM file: the authorities of client certificates"),
        setting("mllp.tls_client_crl", &C::mllp, &C::Mllp::tls_client_crl, "PEM file: what those authorities revoked"),
        setting("mllp.tls_ocsp", &C::mllp, &C::Mllp::tls_ocsp, "DER file: an OCSP answer to staple"),
        setting("mllp.allow_plaintext", &C::mllp, &C::Mllp::allow_plaintext,
                "without TLS, serve addresses other than loopback too"),
        setting("storage.path", &C::storage, &C::Storage::path, "the SQLite file; its folder is made if missing"),
        setting("storage.audit_key_file", &C::storage, &C::Storage::audit_key_file,
                "file with the key of the audit chain, kept away from the store; empty: the chain is not keyed"),
        setting(
            "storage.page_key", &C::storage, &C::Storage::page_key,
            "encrypts the store: file:PATH, env:NAME or command:LINE that gives 64 hexadecimal digits; empty: plain"),
        setting("storage.readers", &C::storage, &C::Storage::readers, "read-only connections", 1, 64),
        setting("storage.writer_cache_kb", &C::storage, &C::Storage::writer_cache_kb, "page cache of the writer", 1'024,
                16'777'216),
        setting("storage.reader_cache_kb", &C::storage, &C::Storage::reader_cache_kb, "page cache of each reader", 256,
                16'777'216),
        setting("storage.queue_jobs_max", &C::storage, &C::Storage::queue_jobs_max,
                "writes that may wait; more are made to wait outside", 16, 1'000'000),
        setting("storage.free_mb_min", &C::storage, &C::Storage::free_mb_min,
                "megabytes free on the store's file system below which /health/ready says no", 0, 1'000'000'000),
        setting("exchange.timezone", &C::exchange, &C::Exchange::timezone,
                "IANA time zone of v2 times without an offset"),
        setting("exchange.application", &C::exchange, &C::Exchange::application, "MSH-3 of messages we make"),
        setting("exchange.facility", &C::exchange, &C::Exchange::facility, "MSH-4 of messages we make"),
        setting("exchange.duplicate_window_days", &C::exchange, &C::Exchange::duplicate_window_days,
                "how long a redelivered message is recognised", 1, 3'650),
        setting("exchange.retry_first_ms", &C::exchange, &C::Exchange::retry_first_ms,
                "wait before the first retry; doubles up to the maximum", 10, 3'600'000),
        setting("exchange.retry_max_ms", &C::exchange, &C::Exchange::retry_max_ms, "longest wait between retries", 10,
                86'400'000),
        setting("exchange.acknowledgement_timeout_ms", &C::exchange, &C::Exchange::acknowledgement_timeout_ms,
                "wait for a partner's acknowledgement", 100, 3'600'000),
        setting("exchange.connect_timeout_ms", &C::exchange, &C::Exchange::connect_timeout_ms,
                "wait for a connection to a partner", 100, 600'000),
        setting("exchange.maps", &C::exchange, &C::Exchange::maps,
                "folder of maps laid over the built-in ones; empty: none"),
        setting("alerts.webhook", &C::alerts, &C::Alerts::webhook,
                "URL that alerts are POSTed to as JSON; empty: they are only logged"),
        setting("alerts.webhook_public_only", &C::alerts, &C::Alerts::webhook_public_only,
                "never call the webhook at a private or loopback address"),
        setting("alerts.every_s", &C::alerts, &C::Alerts::every_s, "seconds between two looks at the partners", 1,
                3'600),
        setting("retention.messages_days", &C::retention, &C::Retention::messages_days,
                "received and delivered messages are purged after this; nothing undelivered, held or failed ever is; "
                "0: kept for ever",
                0, 36'500),
        setting("retention.every_minutes", &C::retention, &C::Retention::every_minutes, "minutes between two purges", 1,
                1'440),
        setting("patient_index.enabled", &C::patient_index, &C::PatientIndex::enabled,
                "match every Patient that is written"),
        setting("patient_index.model", &C::patient_index, &C::PatientIndex::model,
                "file of a trained model; empty: the built-in one"),
        setting("patient_index.combinations", &C::patient_index, &C::PatientIndex::combinations,
                "combinations of fields that link if exactly one person satisfies one; household: also those a "
                "household may share",
                0, 0, {"off", "approved", "household"}),
        setting("patient_index.trusted", &C::patient_index, &C::PatientIndex::trusted,
                "namespaces or identifier systems whose records win in golden records, separated by commas, the most "
                "trusted first; empty: the newest record wins"),
        setting("security.require_token", &C::security, &C::Security::require_token,
                "refuse FHIR requests without a token or API key of a [client.NAME]"),
        setting("security.anonymous_network", &C::security, &C::Security::anonymous_network,
                "serve requests without token, key or certificate from other addresses than loopback too"),
        setting("security.confidentiality", &C::security, &C::Security::confidentiality,
                "enforced: resources labelled R or V are seen by clients with restricted = true, or with a reason", 0,
                0, {"open", "enforced"}),
        setting("security.issuer", &C::security, &C::Security::issuer,
                "an authorisation server whose JWTs are taken: their iss"),
        setting("security.audience", &C::security, &C::Security::audience,
                "what aud of its JWTs must hold; empty: the FHIR base"),
        setting("security.jwks_url", &C::security, &C::Security::jwks_url, "its key set (https)"),
        setting("security.algorithms", &C::security, &C::Security::algorithms,
                "signatures its JWTs may have, by commas: RS256, RS384, ES256, ES384"),
        setting("security.introspection_url", &C::security, &C::Security::introspection_url,
                "its introspection endpoint (https), for tokens that are no JWT"),
        setting("security.introspection_client", &C::security, &C::Security::introspection_client,
                "our client id there"),
        setting("security.introspection_secret_file", &C::security, &C::Security::introspection_secret_file,
                "file with our secret there"),
        setting("security.authorization_endpoint", &C::security, &C::Security::authorization_endpoint,
                "its authorisation endpoint, told to SMART apps; empty: no app launch"),
        setting("security.token_endpoint", &C::security, &C::Security::token_endpoint,
                "its token endpoint, told to SMART apps"),
        setting("security.issuer_scopes", &C::security, &C::Security::issuer_scopes,
                "what its tokens may have at most"),
        setting("security.fetch_private", &C::security, &C::Security::fetch_private,
                "key sets, introspection and anchors may lie at loopback and private addresses"),
        setting("security.fetch_ca", &C::security, &C::Security::fetch_ca,
                "PEM file: authorities for those connections; empty: the system's"),
        setting("security.requests_per_second", &C::security, &C::Security::requests_per_second,
                "requests a client may make in the long run, else 429; 0: any number", 0, 1'000'000),
        setting("security.requests_burst", &C::security, &C::Security::requests_burst,
                "requests a client may make at once", 1, 1'000'000),
        setting("audit.anchor_key_file", &C::audit, &C::Audit::anchor_key_file,
                "PEM file: Ed25519 key that signs places of the audit chain; empty: no anchors"),
        setting("audit.anchor_file", &C::audit, &C::Audit::anchor_file,
                "file the anchors are appended to, on another machine's disk"),
        setting("audit.anchor_url", &C::audit, &C::Audit::anchor_url, "endpoint (https) the anchors are posted to"),
        setting("audit.anchor_rows", &C::audit, &C::Audit::anchor_rows, "an anchor after so many rows", 1, 10'000'000),
        setting("audit.anchor_minutes", &C::audit, &C::Audit::anchor_minutes, "or after so many minutes", 1, 10'080),
        setting("audit.retention_days", &C::audit, &C::Audit::retention_days,
                "rows older than this are removed; 0: never", 0, 36'500),
        setting(
            "audit.syslog", &C::audit, &C::Audit::syslog,
            "host:port of an audit repository that gets each row by syslog over TLS (IHE ATNA, RFC 5425); empty: none"),
        setting("audit.syslog_ca", &C::audit, &C::Audit::syslog_ca,
                "PEM file: authorities of its certificate; empty: the system's"),
        setting("terminology.path", &C::terminology, &C::Terminology::path,
                "folder of imported code systems (`causeway terminology import`)"),
        setting("log.level", &C::log, &C::Log::level, "lowest level that is written", 0, 0,
                {"debug", "info", "warning", "error"}),
        setting("log.format", &C::log, &C::Log::format, "shape of a line", 0, 0, {"text", "json"}),
    };
}

const Setting* find_setting(std::string_view name) {
    for (const Setting& each : settings())
        if (each.name == name) return &each;
    return nullptr;
}

std::string check_choice(const Setting& setting, std::string_view value) {
    if (setting.choices.empty() ||
        std::find(setting.choices.begin(), setting.choices.end(), value) != setting.choices.end())
        return {};
    return fmt::format("{} must be one of {}", setting.name, fmt::join(setting.choices, ", "));
}

std::string check_range(const Setting& setting, std::int64_t value) {
    if (value >= setting.min && value <= setting.max) return {};
    return fmt::format("{} must be between {} and {}", setting.name, setting.min, setting.max);
}

/// Sets from text, as the environment has it. The answer is what is wrong, empty if nothing.
std::string set_from_text(const Setting& setting, Config& config, const std::string& text) {
    const auto place = setting.place(config);
    if (auto* const* string = std::get_if<std::string*>(&place)) {
        if (auto fault = check_choice(setting, text); !fault.empty()) return fault;
        **string = text;
        return {};
    }
    if (auto* const* number = std::get_if<std::int64_t*>(&place)) {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size())
            return fmt::format("{} must be a whole number", setting.name);
        if (auto fault = check_range(setting, value); !fault.empty()) return fault;
        **number = value;
        return {};
    }
    if (text != "true" && text != "false") return fmt::format("{} must be true or false", setting.name);
    **std::get_if<bool*>(&place) = text == "true";
    return {};
}

std::string set_from_toml(const Setting& setting, Config& config, const toml::node& node) {
    const auto place = setting.place(config);
    if (std::holds_alternative<std::string*>(place)) {
        const auto value = node.value_exact<std::string>();
        return value ? set_from_text(setting, config, *value) : fmt::format("{} must be a string", setting.name);
    }
    if (auto* const* number = std::get_if<std::int64_t*>(&place)) {
        const auto value = node.value_exact<std::int64_t>();
        if (!value) return fmt::format("{} must be a whole number", setting.name);
        if (auto fault = check_range(setting, *value); !fault.empty()) return fault;
        **number = *value;
        return {};
    }
    const auto value = node.value_exact<bool>();
    if (!value) return fmt::format("{} must be true or false", setting.name);
    **std::get_if<bool*>(&place) = *value;
    return {};
}

std::string position(std::string_view file, const toml::source_region& region) {
    return fmt::format("{}:{}:{}", file, region.begin.line, region.begin.column);
}

std::string did_you_mean(std::string_view word) {
    std::vector<std::string_view> names;
    for (const Setting& each : settings()) {
        if (each.name.ends_with(fmt::format(".{}", word))) return fmt::format("; did you mean {}?", each.name);
        names.push_back(each.name);
    }
    const auto near = nearest(word, names);
    return near ? fmt::format("; did you mean {}?", *near) : std::string{};
}

void read_section(const toml::table& table, std::string_view section, std::string_view file, ConfigLoad& load) {
    for (const auto& [key, node] : table) {
        const std::string name = fmt::format("{}.{}", section, key.str());
        const std::string where = position(file, key.source());
        if (const Setting* known = find_setting(name)) {
            if (auto fault = set_from_toml(*known, load.config, node); !fault.empty())
                load.faults.push_back({where, fault});
        } else {
            load.faults.push_back({where, fmt::format("unknown setting {}{}", name, did_you_mean(name))});
        }
    }
}

void read_environment(std::span<const std::string> environment, ConfigLoad& load) {
    constexpr std::string_view prefix = "CAUSEWAY_";
    for (const std::string& pair : environment) {
        const auto equals = pair.find('=');
        if (!pair.starts_with(prefix) || equals == std::string::npos) continue;
        const std::string name = pair.substr(0, equals);
        if (name.find("__") == std::string::npos) continue;  // such as CAUSEWAY_TEST_DATA: not a setting's shape
        const auto settings_list = settings();
        const auto found = std::find_if(settings_list.begin(), settings_list.end(),
                                        [&](const Setting& each) { return each.environment_name() == name; });
        if (found == settings_list.end()) {
            load.faults.push_back({name, "no setting has this environment name"});
            continue;
        }
        if (auto fault = set_from_text(*found, load.config, pair.substr(equals + 1)); !fault.empty())
            load.faults.push_back({name, fault});
    }
}

}  // namespace

std::string Setting::environment_name() const {
    std::string out = "CAUSEWAY_";
    for (const char c : name) {
        if (c == '.') {
            out += "__";
        } else {
            out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        }
    }
    return out;
}

std::string Setting::value(const Config& config) const {
    Config copy = config;
    const auto found = place(copy);
    if (auto* const* string = std::get_if<std::string*>(&found)) return **string;
    if (auto* const* number = std::get_if<std::int64_t*>(&found)) return fmt::format("{}", **number);
    return **std::get_if<bool*>(&found) ? "true" : "false";
}

std::span<const Setting> settings() {
    static const std::vector<Setting> all = make_settings();
    return all;
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known) {
    std::optional<std::string_view> best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string_view candidate : known) {
        std::vector<std::size_t> row(candidate.size() + 1);
        for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
        for (std::size_t i = 1; i <= word.size(); ++i) {
            std::size_t diagonal = row[0];
            row[0] = i;
            for (std::size_t j = 1; j <= candidate.size(); ++j) {
                const std::size_t above = row[j];
                row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1)});
                diagonal = above;
            }
        }
        if (row.back() < best_distance) {
            best_distance = row.back();
            best = candidate;
        }
    }
    return best;
}

ConfigLoad load_config(std::string_view toml_text, std::string_view file_name,
                       std::span<const std::string> environment) {
    ConfigLoad load;
    const auto parsed = toml::parse(toml_text, file_name);
    if (!parsed) {
        load.faults.push_back(
            {position(file_name, parsed.error().source()), std::string(parsed.error().description())});
        return load;
    }
    for (const auto& [key, node] : parsed.table()) {
        if (key.str() == "partner" || key.str() == "route" || key.str() == "client" || key.str() == "operator")
            continue;
        if (const auto* section = node.as_table()) {
            read_section(*section, key.str(), file_name, load);
        } else {
            load.faults.push_back({position(file_name, key.source()),
                                   fmt::format("unknown setting {}{}", key.str(), did_you_mean(key.str()))});
        }
    }
    read_environment(environment, load);
    return load;
}

std::vector<std::string> process_environment() {
    std::vector<std::string> out;
    for (char** each = environ; each != nullptr && *each != nullptr; ++each) out.emplace_back(*each);
    return out;
}

}  // namespace causeway::ops
