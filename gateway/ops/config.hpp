#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace causeway::ops {

/// Every setting of the gateway, but for partners and routes (gateway/main/config_partners.hpp). The values here are
/// the defaults. The table in settings() is the only list of them: the file, the environment, the reference page and
/// the lines printed at start all read it.
struct Config {
    struct Http {
        std::string address = "127.0.0.1";
        std::int64_t port = 8080;
        std::string base_url;  ///< as clients see it, with /fhir; empty: from address and port
        std::int64_t threads = 2;
        std::int64_t connections_max = 1024;
        std::int64_t connections_per_peer_max = 256;
        std::int64_t header_bytes_max = 16 * 1024;
        std::int64_t body_bytes_max = 64 * 1024 * 1024;
        std::int64_t memory_bytes_max = 64 * 1024 * 1024;
        std::int64_t idle_timeout_ms = 60'000;
        std::int64_t header_timeout_ms = 10'000;
        std::int64_t body_timeout_ms = 60'000;
        std::int64_t drain_ms = 10'000;
        std::string tls_certificate, tls_key, tls_clients = "none", tls_client_ca, tls_client_crl, tls_ocsp;
        bool allow_plaintext = false;
        std::string cors_origins;  ///< origins of web pages that may call; empty: none
    } http;
    struct Fhir {
        std::int64_t bundle_entries_max = 5'000;
        std::int64_t depth_max = 100;
        std::int64_t elements_max = 500'000;
        std::int64_t page_default = 20;
        std::int64_t page_max = 1'000;
        std::int64_t include_max = 1'000;
        bool update_create = true;
        std::string validation = "structure";
        std::string packages;
    } fhir;
    struct Bulk {
        std::string folder;  ///< of exports and imports; empty: beside the store's file
        std::int64_t keep_hours = 24;
        std::int64_t jobs_max = 16;
    } bulk;
    struct Subscriptions {
        std::int64_t retry_first_ms = 1'000;
        std::int64_t retry_max_ms = 3'600'000;
        std::int64_t give_up_hours = 72;
        std::string private_endpoints;
    } subscriptions;
    struct Mllp {
        bool enabled = true;
        std::string address = "127.0.0.1";
        std::int64_t port = 2575;
        std::int64_t connections_max = 256;
        std::int64_t connections_per_peer_max = 64;
        std::int64_t message_bytes_max = 16 * 1024 * 1024;
        std::int64_t bytes_in_flight_max = 256 * 1024 * 1024;
        std::int64_t idle_timeout_ms = 300'000;
        std::int64_t frame_timeout_ms = 30'000;
        std::int64_t drain_ms = 10'000;
        std::int64_t release = 1;
        bool unframed = false;
        std::int64_t unframed_quiet_ms = 500;
        std::string proxies;
        std::int64_t keepalive_idle_s = 60;
        std::int64_t keepalive_interval_s = 10;
        std::int64_t keepalive_probes = 3;
        std::string tls_certificate, tls_key, tls_clients = "none", tls_client_ca, tls_client_crl, tls_ocsp;
        bool allow_plaintext = false;
    } mllp;
    struct Storage {
        std::string path = "var/causeway.db";
        std::string audit_key_file;  ///< key of the audit chain; empty: the chain is not keyed
        std::string page_key;        ///< where the key of the file's pages comes from; empty: they are plain
        std::int64_t readers = 4;
        std::int64_t writer_cache_kb = 32 * 1024;
        std::int64_t reader_cache_kb = 8 * 1024;
        std::int64_t queue_jobs_max = 4'096;
        std::int64_t free_mb_min = 256;
    } storage;
    struct Exchange {
        std::string timezone = "UTC";  ///< IANA name, for v2 times without an offset
        std::string application = "CAUSEWAY";
        std::string facility = "CAUSEWAY";
        std::int64_t duplicate_window_days = 30;
        std::int64_t retry_first_ms = 1'000;
        std::int64_t retry_max_ms = 300'000;
        std::int64_t acknowledgement_timeout_ms = 30'000;
        std::int64_t connect_timeout_ms = 10'000;
        std::string maps;  ///< folder with maps that are laid over the built-in ones; empty: none
    } exchange;
    struct Alerts {
        std::string webhook;  ///< URL that alerts are POSTed to as JSON; empty: they are only logged
        bool webhook_public_only = false;
        std::int64_t every_s = 30;
    } alerts;
    struct Retention {
        std::int64_t messages_days = 0;  ///< received messages and what was delivered; 0: kept for ever
        std::int64_t every_minutes = 60;
    } retention;
    struct PatientIndex {
        bool enabled = true;
        std::string model;  ///< file of a trained model; empty: the built-in one
        std::string combinations = "approved";
        std::string trusted;  ///< namespaces or identifier systems, the most trusted first, separated by commas
    } patient_index;
    struct Security {
        bool require_token = false;      ///< anonymous requests are refused, but for what says how to get a token
        bool anonymous_network = false;  ///< who proves nothing is served from other addresses than loopback too
        std::string confidentiality = "open";
        std::string issuer, audience, jwks_url;  ///< of an external authorisation server; empty: none
        std::string algorithms = "RS256,RS384,ES256,ES384";
        std::string introspection_url, introspection_client, introspection_secret_file;
        std::string authorization_endpoint, token_endpoint;  ///< of that server, for SMART App Launch
        std::string issuer_scopes = "patient/*.cruds user/*.cruds system/*.cruds";
        bool fetch_private = false;
        std::string fetch_ca;
        std::int64_t requests_per_second = 0;
        std::int64_t requests_burst = 200;
    } security;
    struct Audit {
        std::string anchor_key_file;  ///< Ed25519; empty: no anchors
        std::string anchor_file, anchor_url;
        std::int64_t anchor_rows = 10'000;
        std::int64_t anchor_minutes = 10;
        std::int64_t retention_days = 0;
        std::string syslog, syslog_ca;
    } audit;
    struct Terminology {
        std::string path = "var/terminology";  ///< folder of the imported code systems
    } terminology;
    struct Log {
        std::string level = "info";
        std::string format = "text";
    } log;
};

/// One setting: where it lives in a Config, what it means, which values it takes.
struct Setting {
    std::string_view name;  ///< "http.port"; the environment's name is CAUSEWAY_HTTP__PORT
    std::function<std::variant<std::string*, std::int64_t*, bool*>(Config&)> place;
    std::int64_t min = 0;
    std::int64_t max = 0;                   ///< for numbers; both 0: not a number
    std::vector<std::string_view> choices;  ///< for strings: the only values allowed; empty: any
    std::string_view help;

    std::string environment_name() const;
    std::string value(const Config& config) const;
};

std::span<const Setting> settings();

/// What is wrong with a configuration: where, what, what to do. `where` is `file:line:column` or the environment
/// variable.
struct ConfigFault {
    std::string where;
    std::string text;
};

struct ConfigLoad {
    Config config;
    std::vector<ConfigFault> faults;  ///< empty: the configuration may be used
};

/// Reads a TOML text over the defaults, then the environment over that. All faults are reported in one go: an unknown
/// key (with the nearest known one), a wrong type, a number outside its range, a word that is not one of the choices.
/// The tables `partner`, `route`, `client` and `operator` are left to their own reader. `environment` holds NAME=value strings;
/// only names that begin with CAUSEWAY_ are looked at.
ConfigLoad load_config(std::string_view toml, std::string_view file_name, std::span<const std::string> environment);

/// The process's environment as NAME=value strings.
std::vector<std::string> process_environment();

/// The nearest of `known` to `word` by edit distance, if near enough to be what was meant.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace causeway::ops
