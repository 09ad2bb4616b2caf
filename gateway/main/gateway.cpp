#include "gateway/main/gateway.hpp"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <latch>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gateway/carriers/http_inbox.hpp"
#include "gateway/carriers/script_inbox.hpp"
#include "gateway/exchange/admin.hpp"
#include "gateway/exchange/control_ids.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/exchange/inbox.hpp"
#include "gateway/exchange/order_tasks.hpp"
#include "gateway/exchange/pharmacy_rules.hpp"
#include "gateway/exchange/retention.hpp"
#include "gateway/exchange/router.hpp"
#include "gateway/http/cors.hpp"
#include "gateway/http/router.hpp"
#include "gateway/http/server.hpp"
#include "gateway/main/alert_desk.hpp"
#include "gateway/main/authentication.hpp"
#include "gateway/main/config_clients.hpp"
#include "gateway/main/definition_packages.hpp"
#include "gateway/main/endpoints.hpp"
#include "gateway/main/events.hpp"
#include "gateway/main/fetch.hpp"
#include "gateway/main/live_desk.hpp"
#include "gateway/main/map_files.hpp"
#include "gateway/main/map_reloader.hpp"
#include "gateway/main/partner_admin.hpp"
#include "gateway/main/partner_links.hpp"
#include "gateway/main/process.hpp"
#include "gateway/main/service_manager.hpp"
#include "gateway/main/store_place.hpp"
#include "gateway/main/transport.hpp"
#include "gateway/mllp/delivery_worker.hpp"
#include "gateway/mllp/inbox_handler.hpp"
#include "gateway/mllp/listener.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/ops/log.hpp"
#include "gateway/ops/metrics.hpp"
#include "gateway/patient_index/admin.hpp"
#include "gateway/patient_index/identity_events.hpp"
#include "gateway/patient_index/match/model.hpp"
#include "gateway/patient_index/match_operation.hpp"
#include "gateway/patient_index/merge_operation.hpp"
#include "gateway/patient_index/patient_index.hpp"
#include "gateway/patient_index/person_lookup.hpp"
#include "gateway/patient_index/person_operations.hpp"
#include "gateway/patient_index/v2/identity_desk.hpp"
#include "gateway/patient_index/v2/update_notifier.hpp"
#include "gateway/rest/bulk_jobs.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/rest/rest.hpp"
#include "gateway/rest/search_parameters.hpp"
#include "gateway/rest/subscriptions.hpp"
#include "gateway/rest/terminology_service.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/security/trail/handler.hpp"
#include "gateway/security/trail/keeper.hpp"
#include "gateway/security/trail/note_handler.hpp"
#include "gateway/security/trail/syslog.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "gateway/terminology/concept_files.hpp"
#include "mappings/engine/mapset.hpp"

namespace causeway {
namespace {

namespace net = boost::asio;
namespace logging = ops::log;

std::unique_ptr<storage::Store> open_store(const ops::Config& config, const rest::TerminologyService& terminology,
                                           const rest::SearchParameters& search_parameters) {
    const std::filesystem::path file(config.storage.path);
    std::error_code ignored;  // open_sqlite says what is wrong with the place
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
    storage::SqliteOptions options;
    options.file = file;
    options.secrets = read_secrets(config);
    options.base_url = config.http.base_url;
    options.readers_max = static_cast<std::size_t>(config.storage.readers);
    options.queue_jobs_max = static_cast<std::size_t>(config.storage.queue_jobs_max);
    options.writer_cache_bytes = static_cast<std::size_t>(config.storage.writer_cache_kb) << 10;
    options.reader_cache_bytes = static_cast<std::size_t>(config.storage.reader_cache_kb) << 10;
    options.terminology = [&terminology] { return terminology.current(); };
    options.custom_parameters = [&search_parameters] { return search_parameters.current(); };
    auto opened = storage::open_sqlite(std::move(options));
    if (opened.has_error())
        throw StartFailure{
            fmt::format("the store {} cannot be opened: {}", config.storage.path, opened.error().message)};
    return std::move(*opened);
}

std::shared_ptr<const mappings::MapSet> load_maps(const ops::Config& config) {
    auto loaded = load_and_try_maps(config.exchange.maps);
    if (!loaded.maps) {
        std::string text = "the maps have errors:";
        for (const auto& each : loaded.faults) text += "\n  " + each;
        throw StartFailure{std::move(text)};
    }
    return std::move(loaded.maps);
}

patient_index::PatientIndex::Options index_options(const ops::Config& config,
                                                   const patient_index::Authorities& authorities) {
    patient_index::PatientIndex::Options options;
    options.identifiers.national_systems = authorities.national_systems();
    options.person_system = authorities.own().system;
    using patient_index::match::Combinations;
    options.combinations = config.patient_index.combinations == "off"         ? Combinations::off
                           : config.patient_index.combinations == "household" ? Combinations::household
                                                                              : Combinations::approved;
    const auto& path = config.patient_index.model;
    if (path.empty()) return options;
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    if (!file) throw StartFailure{fmt::format("patient_index.model {} cannot be read", path)};
    auto read = patient_index::match::read_model(text);
    if (const auto* error = std::get_if<patient_index::match::ModelError>(&read))
        throw StartFailure{fmt::format("{}:{}: {}", path, error->line, error->message)};
    options.model =
        std::make_shared<const patient_index::match::Model>(std::get<patient_index::match::Model>(std::move(read)));
    return options;
}

http::Limits http_limits(const ops::Config::Http& config) {
    http::Limits limits;
    limits.header_bytes_max = static_cast<std::size_t>(config.header_bytes_max);
    limits.body_bytes_max = static_cast<std::size_t>(config.body_bytes_max);
    limits.memory_bytes_max = static_cast<std::size_t>(config.memory_bytes_max);
    limits.connections_max = static_cast<std::size_t>(config.connections_max);
    limits.connections_per_peer_max = static_cast<std::size_t>(config.connections_per_peer_max);
    limits.header_time = std::chrono::milliseconds(config.header_timeout_ms);
    limits.body_time = std::chrono::milliseconds(config.body_timeout_ms);
    limits.idle_time = std::chrono::milliseconds(config.idle_timeout_ms);
    limits.drain_time = std::chrono::milliseconds(config.drain_ms);
    return limits;
}

mllp::ListenerLimits mllp_limits(const ops::Config::Mllp& config) {
    mllp::ListenerLimits limits;
    limits.connections_max = static_cast<std::size_t>(config.connections_max);
    limits.connections_per_peer_max = static_cast<std::size_t>(config.connections_per_peer_max);
    limits.bytes_in_flight_max = static_cast<std::size_t>(config.bytes_in_flight_max);
    limits.frame_time = std::chrono::milliseconds(config.frame_timeout_ms);
    limits.message_bytes_max = static_cast<std::size_t>(config.message_bytes_max);
    limits.idle_time = std::chrono::milliseconds(config.idle_timeout_ms);
    limits.drain_time = std::chrono::milliseconds(config.drain_ms);
    limits.quiet_time = std::chrono::milliseconds(config.unframed_quiet_ms);
    return limits;
}

http::KeepAlive keep_alive(const ops::Config::Mllp& config) {
    return {static_cast<int>(config.keepalive_idle_s), static_cast<int>(config.keepalive_interval_s),
            static_cast<int>(config.keepalive_probes)};
}

mllp::Listener::Options mllp_options(const ops::Config::Mllp& config, std::shared_ptr<tls::Source> tls) {
    mllp::Listener::Options options{"mllp", mllp_limits(config), config.allow_plaintext, std::move(tls),
                                    static_cast<int>(config.release)};
    options.unframed = config.unframed;
    options.keep_alive = keep_alive(config);
    if (config.proxies.empty()) return options;
    if (options.tls) throw StartFailure{"mllp.proxies needs a listener without TLS: it ends at the proxy"};
    std::istringstream list(config.proxies);
    for (std::string each; std::getline(list, each, ',');) {
        std::erase(each, ' ');
        boost::system::error_code error;
        const auto address = net::ip::make_address(each, error);
        if (error) throw StartFailure{fmt::format("mllp.proxies: \"{}\" is not an IP address", each)};
        options.proxies.push_back(address.to_string());
    }
    return options;
}

rest::BulkJobs::Options bulk_options(const ops::Config& config) {
    rest::BulkJobs::Options options;
    options.folder = config.bulk.folder.empty() ? config.storage.path + ".bulk" : config.bulk.folder;
    options.keep_us = config.bulk.keep_hours * 3'600'000'000;
    options.jobs_max = static_cast<std::size_t>(config.bulk.jobs_max);
    return options;
}

bool is_loopback(const std::string& address) {
    boost::system::error_code error;
    const auto parsed = net::ip::make_address(address, error);
    return !error && parsed.is_loopback();
}

rest::Subscriptions::Options subscription_options(const ops::Config& config) {
    rest::Subscriptions::Options options;
    options.retry_first_us = config.subscriptions.retry_first_ms * 1'000;
    options.retry_max_us = config.subscriptions.retry_max_ms * 1'000;
    options.give_up_us = config.subscriptions.give_up_hours * 3'600'000'000;
    options.public_only = !is_loopback(config.http.address);
    options.private_origins = http::split_origins(config.subscriptions.private_endpoints);
    options.base_url = config.http.base_url.empty()
                           ? fmt::format("http://{}:{}/fhir", config.http.address, config.http.port)
                           : config.http.base_url;
    return options;
}

security::TrailKeeper::Options trail_options(const ops::Config& config) {
    security::TrailKeeper::Options options;
    options.file = config.audit.anchor_file;
    options.rows = config.audit.anchor_rows;
    options.minutes = config.audit.anchor_minutes;
    options.retention_days = config.audit.retention_days;
    options.after_syslog = !config.audit.syslog.empty();
    if (config.audit.anchor_key_file.empty()) {
        if (!options.file.empty() || !config.audit.anchor_url.empty())
            throw StartFailure{"audit.anchor_file and audit.anchor_url need audit.anchor_key_file"};
        return options;
    }
    auto key = security::AnchorKey::read(config.audit.anchor_key_file);
    if (const auto* fault = std::get_if<std::string>(&key)) throw StartFailure{"audit.anchor_key_file: " + *fault};
    options.key = std::get<security::AnchorKey>(std::move(key));
    if (!options.key->can_sign()) throw StartFailure{"audit.anchor_key_file holds a public key, which cannot sign"};
    if (options.file.empty() && config.audit.anchor_url.empty())
        throw StartFailure{"audit.anchor_key_file needs audit.anchor_file or audit.anchor_url"};
    if (!config.audit.anchor_url.empty())
        options.post = [fetch = make_fetch(config), url = config.audit.anchor_url](const std::string& anchor) {
            const auto answer = fetch({url, anchor, "application/json", {}});
            return answer.status >= 200 && answer.status < 300;
        };
    return options;
}

security::SyslogFeed::Options syslog_options(const ops::Config& config) {
    security::SyslogFeed::Options options;
    const auto& place = config.audit.syslog;
    if (place.empty()) return options;
    const auto colon = place.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == place.size())
        throw StartFailure{"audit.syslog must be host:port"};
    options.host = place.substr(0, colon);
    options.port = place.substr(colon + 1);
    options.ca_file = config.audit.syslog_ca;
    options.own_name = public_origin(config).substr(public_origin(config).find("//") + 2);
    options.own_name = options.own_name.substr(0, options.own_name.find(':'));
    return options;
}

/// R4 and the packages that are configured. A package that cannot be read stops the start.
std::shared_ptr<const fhir::Validator> load_validator(const ops::Config& config) {
    fhir::ValidatorBuilder builder;
    if (config.fhir.packages.empty()) return std::move(builder).build();
    const LoadedPackages loaded = load_packages(builder, config.fhir.packages);
    if (!loaded.faults.empty()) throw StartFailure{"fhir.packages: " + loaded.faults.front()};
    for (const fhir::PackageReport& package : loaded.packages) {
        logging::info("package loaded", {{"name", package.name},
                                         {"version", package.version},
                                         {"profiles", package.profiles},
                                         {"terms", package.terms},
                                         {"unreadable", package.faults.size()}});
    }
    return std::move(builder).build();
}

rest::Settings rest_settings(const Startup& startup) {
    const auto& config = startup.config;
    rest::Settings settings;
    settings.base_url = config.http.base_url;
    settings.page_default = static_cast<std::uint32_t>(config.fhir.page_default);
    settings.page_max = static_cast<std::uint32_t>(config.fhir.page_max);
    settings.includes_max = static_cast<std::size_t>(config.fhir.include_max);
    settings.bundle_entries_max = static_cast<std::size_t>(config.fhir.bundle_entries_max);
    settings.json_depth_max = static_cast<std::uint32_t>(config.fhir.depth_max);
    settings.elements_max = static_cast<std::uint32_t>(config.fhir.elements_max);
    settings.update_create = config.fhir.update_create;
    settings.validate_writes = config.fhir.validation == "full";
    settings.tokens_required = config.security.require_token;
    settings.anonymous_network = config.security.anonymous_network;
    return settings;
}

}  // namespace

/// In the order in which they are made; they go in the reverse order.
struct Gateway::Parts {
    explicit Parts(Startup given)
        : startup(std::move(given)),
          transport(startup),
          terminology(std::make_shared<::causeway::terminology::ConceptFiles>(startup.config.terminology.path),
                      load_validator(startup.config)),
          store(open_store(startup.config, terminology, search_parameters)),
          maps(load_maps(startup.config)),
          exchange_settings(std::make_shared<const exchange::ExchangeSettings>(startup.exchange)),
          cpu(cpu_threads()),
          reads(*store),
          control_ids(clock),
          events(metrics),
          writer(*store, {startup.config.http.base_url, 0, [this] { return search_parameters.current(); }}),
          tasks(writer),
          renewals(writer),
          authorities({"CAUSEWAY", {}, {}, "urn:causeway:person", false, {}}, *exchange_settings.current(),
                      http::split_origins(startup.config.patient_index.trusted)),
          index(index_options(startup.config, authorities)),
          desk(*store, {"CAUSEWAY", {}, {}, "urn:causeway:person", false, {}}, *exchange_settings.current(),
               http::split_origins(startup.config.patient_index.trusted)),
          identity_events(index),
          links({io, cpu, *store, clock, events, transport, &tasks,
                 [this](const exchange::Receipt& receipt) { received(receipt); },
                 [this](const exchange::Partner& partner, const carriers::PickedUp& what) {
                     events.picked_up(partner, what);
                 },
                 keep_alive(startup.config.mllp)}),
          alert_desk({*store, clock, links, [this] { return exchange_settings.current(); }}, startup.config.alerts),
          partner_admin({*store, door, clock, [this] { return alert_desk.partners_json(); },
                         [this] { return alert_desk.json(); },
                         [this](std::function<void()> job) { net::post(cpu, std::move(job)); },
                         [this] { return reload_partners(); }}),
          services{*store, door, &reads, clock, writer, operations, cpu.get_executor(), rest_settings(startup)},
          rest(services),
          tokens(*store, clock, startup.clients, make_fetch(startup.config)),
          issuer(startup.clients.issuer, make_fetch(startup.config), clock),
          throttle(clock, startup.config.security.requests_per_second, startup.config.security.requests_burst),
          identities{tokens,
                     issuer,
                     throttle,
                     reads,
                     clock,
                     cpu.get_executor(),
                     startup.config.security.require_token,
                     startup.config.security.anonymous_network,
                     [this](std::string_view event) { count_security(event); }},
          trail(rest, services),
          trail_notes(*store, door, clock),
          trail_keeper(*store, clock, trail_options(startup.config)),
          syslog(*store, clock, syslog_options(startup.config)),
          authentication(trail, identities),
          oauth(tokens, throttle, cpu.get_executor()),
          smart({public_origin(startup.config), startup.config.security.authorization_endpoint,
                 startup.config.security.token_endpoint}),
          bulk(services, bulk_options(startup.config)),
          bulk_handler(services, bulk),
          authentication_of_bulk(bulk_handler, identities),
          sockets(services),
          authentication_of_sockets(sockets, identities, Authentication::Door::sockets),
          subscriptions(services, sockets, subscription_options(startup.config)),
          health([this] { return troubles(); }),
          metrics_handler(metrics),
          exchange_admin(
              {*store, door, reads, clock, [this](const std::string& partner) { links.wake(partner); },
               [this](const std::string& partner, const exchange::QueueOrder& order) {
                   return links.control(partner, order);
               },
               [this](storage::Transaction& transaction, const std::string& partner, exchange::QueryKind kind,
                      const storage::ResourceName& patient) {
                   return routing->ask(transaction, partner, kind, patient);
               },
               [this](storage::InboxId id, exchange::Decision decision, std::function<void(exchange::Decided)> done) {
                   net::post(cpu, [this, id, decision = std::move(decision), done = std::move(done)] {
                       done(exchange::decide_blocking(*store, *inbox, id, decision));
                   });
               },
               [this](const std::string& partner) { return numbering(partner); },
               [this](const std::string& partner, std::int64_t next) {
                   if (const auto worker = links.find(partner)) worker->renumber(next);
               }}),
          identity_admin({*store, door, reads, clock, index}),
          authentication_of_notes(trail_notes, identities, Authentication::Door::operators),
          authentication_of_exchange(exchange_admin, identities, Authentication::Door::operators),
          authentication_of_identity(identity_admin, identities, Authentication::Door::operators),
          cors(router, http::split_origins(startup.config.http.cors_origins)),
          http_server(io, cors,
                      {http_limits(startup.config.http), cpu.get_executor(), startup.config.http.allow_plaintext,
                       transport.http()},
                      &events),
          signals(io),
          hangup(io, SIGHUP),
          map_reloader(io, cpu, startup.config.exchange.maps, maps) {
        services.entry_taken = [this](const rest::CallPtr& entry, const rest::Answer& answer) {
            return trail.take(entry, answer);
        };
        const auto each_thread = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(cpu_threads()));
        for (std::size_t i = 0; i < cpu_threads(); ++i)
            net::post(cpu, [each_thread] {
                give_way();
                each_thread->arrive_and_wait();  // so that none does this twice
            });
    }

    static std::size_t cpu_threads() { return std::max(1u, std::min(4u, std::thread::hardware_concurrency())); }

    std::vector<std::string> troubles() const {
        std::vector<std::string> out;
        if (!listening.load()) out.emplace_back("the listeners are not open");
        if (!store->metrics().writable) out.emplace_back("the store takes no writes");
        if (transport.days_left() <= 0) out.emplace_back("a certificate of ours has ended");
        std::error_code error;
        const auto space = std::filesystem::space(startup.config.storage.path, error);
        const auto free_min = static_cast<std::uintmax_t>(startup.config.storage.free_mb_min) << 20;
        if (!error && space.available < free_min) out.emplace_back("the store's file system is nearly full");
        return out;
    }

    void count_security(std::string_view event) {
        metrics
            .counter("causeway_security_events_total", "authentication.failed, throttled, break_glass",
                     fmt::format("event=\"{}\"", event))
            .add();
    }

    /// A row for a certificate that was refused: one a second at most, which says how many were left out.
    void handshake_failed(const std::string& address, const std::string& reason) {
        if (reason.find("certificate") == std::string::npos) return;  // noise of scanners is not in the trail
        if (throttle.take("refused certificates", 1, 1) != 0) {
            certificates_left_out.fetch_add(1);
            return;
        }
        const auto left_out = certificates_left_out.exchange(0);
        security::AuditEntry entry;
        entry.at_us = clock.now_us();
        entry.principal = {security::Principal::Kind::client, "unknown", address};
        entry.interaction = security::Interaction::operation;
        entry.operation = security::node_authentication;
        entry.outcome = left_out == 0 ? reason : fmt::format("{} ({} more before it)", reason, left_out);
        (void)reads.record(entry);  // the connection is closed in any case
    }

    /// Ends every thread but those of the io_context, then closes the store. May be called again.
    void end() {
        alert_desk.stop();
        links.join();
        subscriptions.stop();
        search_parameters.stop();
        bulk.stop();
        cpu.join();
        syslog.stop();
        trail_keeper.stop();
        store->close();
    }

    /// Of messages that come by other ways than MLLP.
    void received(const exchange::Receipt& receipt) { events.received(receipt, std::chrono::microseconds(0)); }

    exchange::AdminHandler::Services::Numbering numbering(const std::string& partner) {
        using Numbering = exchange::AdminHandler::Services::Numbering;
        const auto worker = links.find(partner);
        if (!worker) return Numbering::no_queue;
        if (!worker->partner().mllp || !worker->partner().sequence_numbers_sent) return Numbering::not_numbered;
        return worker->status().halted ? Numbering::halted : Numbering::running;
    }

    void start_notifier();
    /// Faults; empty: the partners and routes that the file holds now are in force.
    std::vector<std::string> reload_partners();
    void keep_retention();
    void start_exchange();
    void start_listeners();
    void add_metrics();
    void await_hangup();
    void reload_log_level();
    void keep_watchdog();
    void drain();
    void step_done();

    Startup startup;
    Transport transport;
    ops::SystemClock clock;
    ops::Metrics metrics;
    security::Door door{startup.config.security.confidentiality == "enforced"};
    rest::TerminologyService terminology;
    rest::SearchParameters search_parameters;
    std::unique_ptr<storage::Store> store;
    mappings::LiveMaps maps;
    exchange::LiveSettings exchange_settings;
    net::io_context io;
    net::thread_pool cpu;
    security::ReadAudit reads;
    exchange::ControlIds control_ids;
    Events events;
    rest::ResourceWriter writer;
    const exchange::OrderTasks tasks;
    exchange::RenewalTasks renewals;
    const patient_index::Authorities authorities;
    patient_index::PatientIndex index;
    LiveDesk desk;
    patient_index::IdentityEvents identity_events;
    std::unique_ptr<patient_index::v2::UpdateNotifier> notifier;
    exchange::IdentityRegistrar registrar;
    std::unique_ptr<exchange::Router> routing;
    std::unique_ptr<exchange::Inbox> inbox;
    std::unique_ptr<mllp::InboxHandler> intake;
    PartnerLinks links;
    AlertDesk alert_desk;
    PartnerAdmin partner_admin;
    std::unique_ptr<carriers::HttpInbox> http_inbox;
    std::unique_ptr<carriers::ScriptInbox> script_inbox;
    std::unique_ptr<Authentication> authentication_of_hl7, authentication_of_script, authentication_of_partners;
    std::mutex reload_mutex;
    exchange::PurgeCursor purge_cursor;
    net::steady_timer retention_timer{io};
    const ServiceManager service_manager{};
    net::steady_timer watchdog_timer{io};
    rest::Operations operations;
    rest::Services services;
    rest::Rest rest;
    security::TokenService tokens;
    security::ExternalIssuer issuer;
    security::Throttle throttle;
    Identities identities;
    security::TrailHandler trail;
    security::TrailNoteHandler trail_notes;
    security::TrailKeeper trail_keeper;
    security::SyslogFeed syslog;
    Authentication authentication;
    OauthHandler oauth;
    SmartConfigurationHandler smart;
    rest::BulkJobs bulk;
    rest::BulkHandler bulk_handler;
    Authentication authentication_of_bulk;
    rest::SubscriptionSockets sockets;
    Authentication authentication_of_sockets;
    rest::Subscriptions subscriptions;
    HealthHandler health;
    MetricsHandler metrics_handler;
    exchange::AdminHandler exchange_admin;
    patient_index::AdminHandler identity_admin;
    Authentication authentication_of_notes, authentication_of_exchange, authentication_of_identity;
    http::Router router;
    http::Cors cors;
    http::Server http_server;
    std::unique_ptr<mllp::Listener> mllp_listener;
    net::signal_set signals;
    net::signal_set hangup;
    MapReloader map_reloader;
    std::uint16_t http_port = 0, mllp_port = 0;
    std::atomic<bool> listening{false}, draining{false};
    std::atomic<int> waiting{0};  // parts that have not stopped yet
    std::atomic<std::uint64_t> certificates_left_out{0};
};

namespace {

void stop_on(const std::vector<exchange::ConfigurationFault>& faults, std::string_view what) {
    if (faults.empty()) return;
    auto text = fmt::format("the {} have faults:", what);
    for (const auto& each : faults) text += fmt::format("\n  {}: {}", each.where, each.text);
    throw StartFailure{std::move(text)};
}

}  // namespace

/// Partners that want to hear which numbers belong together are told by way of their queues.
void Gateway::Parts::start_notifier() {
    std::vector<exchange::ConfigurationFault> faults;
    notifier = std::make_unique<patient_index::v2::UpdateNotifier>(
        patient_index::v2::UpdateNotifier::Services{
            exchange_settings.current(), authorities, [this] { return control_ids.next(); },
            [this](storage::Transaction& transaction, storage::OutboxMessage message) {
                return routing->queue(transaction, std::move(message));
            }},
        faults);
    stop_on(faults, "identity updates");
    if (!notifier->idle()) index.set_listener(*notifier);
}

void Gateway::Parts::start_exchange() {
    std::vector<exchange::ConfigurationFault> faults;
    routing = std::make_unique<exchange::Router>(
        exchange_settings.current(),
        exchange::Router::Services{*store, maps, [this] { return control_ids.next(); },
                                   [this](const std::string& partner) { links.wake(partner); }, &tasks},
        faults);
    stop_on(faults, "routes");
    if (startup.config.patient_index.enabled) {
        const auto loaded = index.load(*store);
        if (loaded.has_error()) throw StartFailure{"the patient index cannot be read: " + loaded.error().message};
        writer.add_observer(index);
        patient_index::add_match_operation(operations, index);
        patient_index::add_merge_operations(operations, index);
        patient_index::add_person_operations(operations, authorities);
        services.linked_patients = patient_index::linked_patients;
        start_notifier();
    }
    terminology.attach(*store);
    services.terminology = &terminology;
    services.search_parameters = &search_parameters;
    writer.add_observer(search_parameters);
    rest::add_search_parameter_operations(operations, search_parameters);
    writer.add_observer(terminology);
    writer.add_observer(registrar);
    writer.add_observer(*routing);
    writer.add_observer(renewals);
    rest::add_standard_operations(operations);
    rest::add_terminology_operations(operations, terminology);
    rest::add_bulk_operations(operations, bulk);
    rest::add_subscription_operations(operations, subscriptions);
    writer.add_observer(subscriptions);
    inbox = std::make_unique<exchange::Inbox>(
        exchange::Inbox::Services{
            *store, writer, door, clock, [this] { return control_ids.next(); }, routing.get(),
            startup.config.patient_index.enabled ? &identity_events : nullptr,
            [this](const std::string& partner, storage::OutboxId id) { links.settled_elsewhere(partner, id); },
            startup.config.patient_index.enabled ? &desk : nullptr, &tasks},
        exchange_settings, maps);
    intake = std::make_unique<mllp::InboxHandler>(*inbox, *store, cpu, events);
    http_inbox = std::make_unique<carriers::HttpInbox>(*inbox, cpu,
                                                       [this](const exchange::Receipt& receipt) { received(receipt); });
    script_inbox = std::make_unique<carriers::ScriptInbox>(
        *inbox, clock, cpu, [this](const exchange::Receipt& receipt) { received(receipt); });
    authentication_of_hl7 = std::make_unique<Authentication>(*http_inbox, identities);
    authentication_of_script = std::make_unique<Authentication>(*script_inbox, identities);
    authentication_of_partners =
        std::make_unique<Authentication>(partner_admin, identities, Authentication::Door::operators);
    events.on_received([this](const exchange::Receipt& receipt) { alert_desk.received(receipt); });
    events.on_handshake_failed(
        [this](const std::string& address, const std::string& reason) { handshake_failed(address, reason); });
    links.set_inbox(*inbox);
    links.apply(exchange_settings.current());
}

void Gateway::Parts::start_listeners() {
    router.mount("/fhir", authentication);
    if (!startup.clients.clients.empty()) {
        services.settings.token_path = "/oauth/token";
        router.mount("/oauth", oauth);
    }
    if (!startup.clients.clients.empty() || startup.clients.issuer.in_use())
        router.mount("/fhir/.well-known/smart-configuration", smart);
    router.mount("/bulk", authentication_of_bulk);
    router.mount("/ws", authentication_of_sockets);
    router.mount("/health", health);
    router.mount("/metrics", metrics_handler);
    router.mount("/admin/audit", authentication_of_notes);
    router.mount("/hl7", *authentication_of_hl7);
    router.mount("/script", *authentication_of_script);
    router.mount("/admin/partners", *authentication_of_partners);
    router.mount("/admin/alerts", *authentication_of_partners);
    router.mount("/admin/messages", authentication_of_exchange);
    router.mount("/admin/outbox", authentication_of_exchange);
    router.mount("/admin/patients", authentication_of_identity);
    router.mount("/admin/reviews", authentication_of_identity);
    const auto& config = startup.config;
    const auto http = http_server.listen(config.http.address, static_cast<std::uint16_t>(config.http.port));
    if (http.has_error()) throw StartFailure{http.error().message};
    http_port = *http;
    if (config.mllp.enabled) {
        mllp_listener =
            std::make_unique<mllp::Listener>(io, *intake, mllp_options(config.mllp, transport.mllp()), &events);
        const auto port = mllp_listener->listen(config.mllp.address, static_cast<std::uint16_t>(config.mllp.port));
        if (port.has_error()) throw StartFailure{port.error().message};
        mllp_port = *port;
    }
}

void Gateway::Parts::add_metrics() {
    const auto stored = [this](auto member) {
        return [this, member] { return static_cast<double>(store->metrics().*member); };
    };
    using M = storage::StoreMetrics;
    metrics.gauge_callback("causeway_store_groups", "commits since the start", stored(&M::groups));
    metrics.gauge_callback("causeway_store_jobs", "jobs committed since the start", stored(&M::jobs));
    metrics.gauge_callback("causeway_store_queue_jobs", "jobs waiting for the writer", stored(&M::queue_jobs));
    metrics.gauge_callback("causeway_store_versions", "resource versions written since the start",
                           stored(&M::versions));
    metrics.gauge_callback("causeway_store_log_bytes", "size of the write-ahead log", stored(&M::log_bytes));
    metrics.gauge_callback("causeway_store_file_bytes", "size of the database file", stored(&M::file_bytes));
    metrics.gauge_callback("causeway_store_writable", "1 while the store takes writes", stored(&M::writable));
    metrics.gauge_callback("causeway_audit_reads_waiting", "audit rows of reads not yet committed",
                           [this] { return static_cast<double>(reads.waiting()); });
    if (!startup.config.audit.syslog.empty())
        metrics.gauge_callback("causeway_audit_syslog_waiting", "audit rows the repository has not got yet",
                               [this] { return syslog.waiting(); });
    metrics.gauge_callback("causeway_audit_unanchored_seconds",
                           "time since every audit row had an anchor; 0 without anchors",
                           [this] { return trail_keeper.unanchored_s(); });
    metrics.gauge_callback("causeway_tls_days_left", "days until the first of our own certificates ends",
                           [this] { return transport.days_left(); });
    metrics.gauge_callback("causeway_plaintext_listeners", "listeners without TLS", [this] {
        return (transport.http() ? 0.0 : 1.0) + (mllp_listener && !transport.mllp() ? 1.0 : 0.0);
    });
    metrics.gauge_callback("causeway_http_connections", "HTTP connections",
                           [this] { return static_cast<double>(http_server.connections()); });
    metrics.gauge_callback("causeway_mllp_connections", "MLLP connections",
                           [this] { return mllp_listener ? static_cast<double>(mllp_listener->connections()) : 0.0; });
    for (const auto& partner : exchange_settings.current()->partners) {
        if (!partner.reachable()) continue;
        metrics.gauge_callback(
            "causeway_partner_connected", "1 while a connection to the partner is open",
            [this, name = partner.name] {
                const auto worker = links.find(name);
                return worker && worker->status().connected ? 1.0 : 0.0;
            },
            fmt::format("partner=\"{}\"", partner.name));
    }
}

std::vector<std::string> Gateway::Parts::reload_partners() {
    const std::lock_guard lock(reload_mutex);
    std::vector<std::string> faults;
    const auto fresh = read_startup(startup.path);
    for (const auto& each : fresh.faults) faults.push_back(each.where + ": " + each.text);
    if (faults.empty()) {
        const auto settings = std::make_shared<const exchange::ExchangeSettings>(fresh.exchange);
        std::vector<exchange::ConfigurationFault> of_routes;
        // each step changes nothing if it fails, and what follows cannot fail
        exchange::Router::check(settings, of_routes);
        for (const auto& each : of_routes) faults.push_back(each.where + ": " + each.text);
        if (faults.empty())
            if (auto fault = transport.replace_partners(*settings); !fault.empty()) faults.push_back(std::move(fault));
        if (faults.empty()) {
            desk.replace(*settings);
            routing->replace(settings, of_routes);
            exchange_settings.replace(settings);
            links.apply(settings);
            logging::info("partners.reloaded",
                          {{"partners", settings->partners.size()}, {"routes", settings->rules.size()}});
            return faults;
        }
    }
    logging::error("partners.kept", {{"faults", faults.size()}, {"first", faults.front()}});
    return faults;
}

/// What is older than retention.messages_days goes, little by little.
void Gateway::Parts::keep_retention() {
    const auto days = startup.config.retention.messages_days;
    if (days == 0) return;
    retention_timer.expires_after(std::chrono::minutes(startup.config.retention.every_minutes));
    retention_timer.async_wait([this](const boost::system::error_code& error) {
        if (error || draining) return;
        net::post(cpu, [this] {
            const auto before_us =
                clock.now_us() - startup.config.retention.messages_days * std::int64_t{86'400'000'000};
            const auto purged = exchange::purge_blocking(*store, before_us, purge_cursor);
            if (purged.has_error())
                logging::warning("retention.failed", {{"why", purged.error().message}});
            else if (purged->messages + purged->deliveries > 0)
                logging::info("retention.purged", {{"messages", purged->messages}, {"deliveries", purged->deliveries}});
            if (!draining) keep_retention();
        });
    });
}

/// The level that the file and the environment name now.
void Gateway::Parts::reload_log_level() {
    const auto fresh = read_startup(startup.path);
    if (!fresh.faults.empty()) return;  // reload_partners() says which
    logging::set_level(logging::level_of(fresh.config.log.level));
}

/// As long as the I/O threads and the pool do their work, the service manager hears of it.
void Gateway::Parts::keep_watchdog() {
    if (service_manager.watchdog().count() == 0) return;
    watchdog_timer.expires_after(service_manager.watchdog() / 2);
    watchdog_timer.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        net::post(cpu, [this] {
            service_manager.tell("WATCHDOG=1");
            net::post(io, [this] { keep_watchdog(); });
        });
    });
}

/// SIGHUP: new certificates, keys and revocation lists, new partners and routes and the level of the log, without a
/// restart.
void Gateway::Parts::await_hangup() {
    hangup.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        net::post(cpu, [this] {
            transport.reload([](std::string_view name, const std::string& fault) {
                if (fault.empty()) return logging::info("tls.reloaded", {{"source", name}});
                logging::error("tls.kept", {{"source", name}, {"fault", fault}});
            });
            reload_partners();
            reload_log_level();
        });
        await_hangup();
    });
}

/// Each part stops by itself; the last of them lets the I/O threads go.
void Gateway::Parts::drain() {
    if (draining.exchange(true)) return;
    service_manager.tell("STOPPING=1");
    logging::info("draining", {{"http_connections", http_server.connections()}});
    listening = false;
    map_reloader.stop();
    retention_timer.cancel();
    waiting = 2 + (mllp_listener ? 1 : 0);
    http_server.stop([this] { step_done(); });
    if (mllp_listener) mllp_listener->stop([this] { step_done(); });
    links.stop(std::chrono::milliseconds(startup.config.mllp.drain_ms), [this] { step_done(); });
}

void Gateway::Parts::step_done() {
    if (--waiting == 0) io.stop();
}

Gateway::Gateway(Startup startup) : parts_(std::make_unique<Parts>(std::move(startup))) {
    auto& parts = *parts_;
    parts.start_exchange();
    parts.start_listeners();
    parts.add_metrics();
}

Gateway::~Gateway() { parts_->end(); }

void Gateway::run() {
    auto& parts = *parts_;
    parts.signals.add(SIGTERM);
    parts.signals.add(SIGINT);
    parts.signals.async_wait([&parts](const boost::system::error_code& error, int) {
        if (error) return;
        parts.drain();
        parts.signals.async_wait([](const boost::system::error_code& again, int) {
            if (!again) std::_Exit(128 + SIGTERM);
        });
    });
    parts.await_hangup();
    parts.links.start();
    parts.alert_desk.start();
    parts.keep_retention();
    parts.bulk.start();
    parts.subscriptions.start();
    parts.trail_keeper.start();
    parts.search_parameters.start(parts.services);
    parts.syslog.start();
    parts.map_reloader.start();
    parts.listening = true;
    logging::info("ready", {{"http", parts.http_port},
                            {"mllp", parts.mllp_port},
                            {"http_tls", parts.transport.http() != nullptr},
                            {"mllp_tls", parts.transport.mllp() != nullptr},
                            {"store", parts.startup.config.storage.path},
                            {"engine", parts.store->engine()},
                            {"partners", parts.exchange_settings.current()->partners.size()}});
    parts.service_manager.tell("READY=1");
    parts.keep_watchdog();
    std::vector<std::thread> threads;
    const auto count = static_cast<std::size_t>(parts.startup.config.http.threads);
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back([&parts] { parts.io.run(); });
    parts.io.run();
    for (auto& thread : threads) thread.join();
    parts.end();
    logging::info("stopped");
}

void Gateway::stop() {
    net::post(parts_->io, [this] { parts_->drain(); });
}

std::uint16_t Gateway::http_port() const noexcept { return parts_->http_port; }
std::uint16_t Gateway::mllp_port() const noexcept { return parts_->mllp_port; }

}  // namespace causeway
