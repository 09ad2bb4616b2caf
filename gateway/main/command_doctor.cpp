#include <fmt/format.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <CLI/CLI.hpp>
#include <boost/version.hpp>
#include <filesystem>
#include <memory>

#include "gateway/main/commands.hpp"
#include "gateway/main/gateway.hpp"
#include "gateway/main/map_files.hpp"
#include "gateway/main/startup.hpp"
#include "gateway/main/store_place.hpp"
#include "gateway/main/transport.hpp"
#include "gateway/ops/config.hpp"
#include "gateway/storage/maintenance.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "gateway/tls/inspect.hpp"
#include "mappings/engine/mapset.hpp"

namespace causeway {
namespace {

struct DoctorOptions {
    bool settings = false;
    bool full = false;
    bool rebuild_index = false;
    std::string config;
};

/// The reference page of the settings, in Markdown: docs/configuration.md holds it, and a test compares.
void print_settings() {
    const ops::Config defaults;
    fmt::print("| setting | environment | default | meaning |\n|---|---|---|---|\n");
    for (const ops::Setting& each : ops::settings()) {
        std::string limits;
        if (each.max != 0) limits = fmt::format(" ({} to {})", each.min, each.max);
        if (!each.choices.empty()) limits = fmt::format(" ({})", fmt::join(each.choices, ", "));
        const std::string value = each.value(defaults);
        fmt::print("| `{}` | `{}` | {} | {}{} |\n", each.name, each.environment_name(),
                   value.empty() ? std::string("(empty)") : fmt::format("`{}`", value), each.help, limits);
    }
}

/// One line per finding: what was looked at, whether it is good, and what to do where it is not.
class Findings {
public:
    void good(std::string_view what, std::string_view text) { line("ok", what, text); }
    void warn(std::string_view what, std::string_view text) { line("warning", what, text); }
    void bad(std::string_view what, std::string_view text) {
        ++bad_;
        line("FAULT", what, text);
    }
    bool sound() const { return bad_ == 0; }

private:
    static void line(std::string_view verdict, std::string_view what, std::string_view text) {
        fmt::print("{:<8} {:<14} {}\n", verdict, what, text);
    }
    int bad_ = 0;
};

void look_at_maps(const ops::Config& config, Findings& findings) {
    auto sources = mappings::MapSet::builtin();
    const auto builtin = sources.size();
    if (!config.exchange.maps.empty())
        for (auto& each : read_map_files(config.exchange.maps)) sources.push_back(std::move(each));
    const auto count = sources.size();
    const auto loaded = mappings::MapSet::load(std::move(sources));
    if (loaded.maps)
        return findings.good("maps", fmt::format("{} files, {} of them from exchange.maps", count, count - builtin));
    for (const auto& each : loaded.diagnostics) findings.bad("maps", each.to_string());
}

void look_at_place(const std::filesystem::path& file, Findings& findings) {
    std::error_code error;
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const auto space = std::filesystem::space(folder, error);
    if (error) return findings.bad("disk", fmt::format("{}: {}", folder.string(), error.message()));
    constexpr std::uintmax_t low = std::uintmax_t{1} << 30;
    const auto text = fmt::format("{} MB free in {}", space.available >> 20, folder.string());
    space.available < low ? findings.warn("disk", text + ": below 1 GB; writes stop when it is full")
                          : findings.good("disk", text);
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0 && (status.st_mode & 077) != 0)
        findings.warn("permissions", fmt::format("{} can be opened by others (mode {:o}): chmod 600", file.string(),
                                                 static_cast<unsigned>(status.st_mode & 0777)));
}

void look_at_store(const ops::Config& config, const DoctorOptions& options, Findings& findings) {
    const std::filesystem::path file(config.storage.path);
    look_at_place(file, findings);
    const auto secrets = read_secrets(config);
    findings.good("encryption", secrets.pages.empty() ? "the pages of the store are plain (storage.page_key)"
                                                      : "the pages of the store are encrypted");
    if (!std::filesystem::exists(file))
        return findings.good("store", fmt::format("{} does not exist yet; the first start makes it", file.string()));
    const auto found = storage::inspect_file(file, secrets);
    if (found.has_error()) return findings.bad("store", found.error().message);
    findings.good("store", fmt::format("{}: schema {} of {}, {} MB and {} MB of log, {}", file.string(), found->schema,
                                       found->schema_known, found->file_bytes >> 20, found->log_bytes >> 20,
                                       found->held             ? "served by a running gateway"
                                       : found->closed_cleanly ? "closed cleanly"
                                                               : "not closed cleanly; the next start checks it"));
    findings.good("content", fmt::format("{} resource versions, {} audit rows", found->last_vid, found->audit));
    const auto queue = fmt::format(
        "{} messages wait for partners, {} are dead letters, {} received ones are in trouble, "
        "{} patient pairs wait for a person",
        found->waiting, found->dead, found->trouble, found->reviews);
    found->dead + found->trouble > 0 ? findings.warn("work", queue) : findings.good("work", queue);
    if (secrets.audit.empty())
        findings.warn("audit",
                      "the chain has no key (storage.audit_key_file): who can write the file can forge the chain");
    if (!options.full) return;
    const auto checked = storage::check_file(file, secrets);
    if (checked.has_error()) return findings.bad("check", checked.error().message);
    for (const auto& each : checked->faults) findings.bad("check", each);
    if (checked->faults.empty()) findings.good("check", fmt::format("{} rows walked, all sound", checked->rows));
}

void look_at_certificate(const std::string& name, const std::string& certificate, const std::string& key, tls::Use use,
                         Findings& findings) {
    const auto found = tls::inspect_blocking(certificate, key, use, tls::now_s());
    if (found.has_error()) return findings.bad("tls", fmt::format("{}: {}", name, found.error().message));
    findings.good("tls", fmt::format("{}: {}, {}, {} days left, sha256:{}", name, found->certificate.subject,
                                     found->key, found->days_left, found->certificate.fingerprint));
    for (const auto& each : found->warnings) findings.warn("tls", fmt::format("{}: {}: {}", name, certificate, each));
}

void look_at_tls(const Startup& startup, Findings& findings) {
    const auto& config = startup.config;
    const auto entry = [&](const std::string& name, const auto& section) {
        if (section.tls_certificate.empty())
            return section.allow_plaintext && section.address != "127.0.0.1" && section.address != "::1"
                       ? findings.warn("tls", fmt::format("{}: plain text on {}: anyone on the way can read it", name,
                                                          section.address))
                       : findings.good("tls", fmt::format("{}: plain text on {}", name, section.address));
        look_at_certificate(name, section.tls_certificate, section.tls_key, tls::Use::server, findings);
    };
    entry("http", config.http);
    if (config.mllp.enabled) entry("mllp", config.mllp);
    for (const auto& partner : startup.exchange.partners) {
        if (!partner.mllp) continue;
        const auto name = fmt::format("partner {}", partner.name);
        if (!partner.mllp->tls) {
            findings.good("tls", fmt::format("{}: plain text to {}", name, partner.mllp->host));
        } else if (!partner.mllp->tls_certificate.empty()) {
            look_at_certificate(name, partner.mllp->tls_certificate, partner.mllp->tls_key, tls::Use::client, findings);
        }
        if (partner.mllp->tls && !partner.mllp->tls_check_name && partner.mllp->tls_pins.empty())
            findings.warn("tls", name +
                                     ": tls_check_name is off and nothing is pinned: any certificate of the "
                                     "authority is taken");
    }
    const Transport usable(startup);  // throws what would keep the gateway from starting
}

/// What is set so that it should not face a network.
void look_at_access(const Startup& startup, Findings& findings) {
    const auto& config = startup.config;
    const auto& security = config.security;
    const bool network = config.http.address != "127.0.0.1" && config.http.address != "::1";
    findings.good(
        "access",
        fmt::format("{} clients, {} operators, {}", startup.clients.clients.size(), startup.clients.operators.size(),
                    startup.clients.issuer.in_use() ? "tokens of " + startup.clients.issuer.issuer
                                                    : std::string("no other authorisation server")));
    if (network && security.anonymous_network)
        findings.warn("access", "security.anonymous_network: anyone who reaches the port may do everything");
    if (!network && !security.require_token && !startup.clients.clients.empty())
        findings.warn("access",
                      "security.require_token is off: every program on this machine may do everything; behind a "
                      "proxy on this machine that is everyone");
    if (security.fetch_private)
        findings.warn("access", "security.fetch_private: key sets may be fetched from private addresses");
    if (config.http.cors_origins.find('*') != std::string::npos)
        findings.warn("access", "http.cors_origins: pages of every origin may call");
    if (!config.storage.audit_key_file.empty() && config.audit.anchor_key_file.empty())
        findings.warn("audit", "no anchors (audit.anchor_key_file): a cut end of the trail would not be seen");
    for (const auto& [name, client] : startup.clients.clients)
        for (const auto& scope : client.scopes)
            if (scope.type == "*" && scope.level == security::Scope::Level::system && scope.actions == 0x1f)
                findings.warn("access", fmt::format("client {}: system/*.cruds is everything", name));
}

void rebuild_index(const ops::Config& config, Findings& findings) {
    storage::SqliteOptions options;
    options.file = config.storage.path;
    options.secrets = read_secrets(config);
    const auto store = storage::open_sqlite(std::move(options));
    if (store.has_error()) return findings.bad("index", store.error().message);
    const auto done = (*store)->rebuild_index_blocking();
    done.has_error() ? findings.bad("index", done.error().message)
                     : findings.good("index", "made anew from the stored keys");
}

Exit examine(const DoctorOptions& options) {
    Findings findings;
    findings.good("libraries",
                  fmt::format("Boost {}.{}.{}, {}, fmt {}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
                              BOOST_VERSION % 100, OpenSSL_version(OPENSSL_VERSION), FMT_VERSION));
    const Startup startup = read_startup(options.config);
    for (const auto& each : startup.faults) findings.bad("configuration", fmt::format("{}: {}", each.where, each.text));
    if (!startup.faults.empty()) return Exit::usage;
    findings.good("configuration",
                  fmt::format("{}, {} partners, {} routes", options.config.empty() ? "defaults" : options.config,
                              startup.exchange.partners.size(), startup.exchange.rules.size()));
    try {
        look_at_tls(startup, findings);
        look_at_access(startup, findings);
        look_at_maps(startup.config, findings);
        if (options.rebuild_index) rebuild_index(startup.config, findings);
        look_at_store(startup.config, options, findings);
    } catch (const StartFailure& failure) {
        findings.bad("start", failure.message);
    }
    return findings.sound() ? Exit::good : Exit::bad_data;
}

}  // namespace

void add_doctor_command(CLI::App& app, Exit& exit_code) {
    auto options = std::make_shared<DoctorOptions>();
    CLI::App* command = app.add_subcommand("doctor", "Say what is installed, configured and stored, and what to mend");
    command->add_option("--config", options->config, "configuration file (TOML)");
    command->add_flag("--full", options->full, "walk the whole store: structure, versions, index, audit chain");
    command->add_flag("--rebuild-index", options->rebuild_index,
                      "first make the search index anew from the stored keys; the gateway must not be running");
    command->add_flag("--settings", options->settings, "print the reference table of the settings (Markdown) and end");
    command->callback([options, &exit_code] {
        if (options->settings) return print_settings();
        exit_code = examine(*options);
    });
}

}  // namespace causeway
