#include "gateway/rest/subscriptions.hpp"

#include <algorithm>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/search/query.hpp"
#include "gateway/ops/log.hpp"
#include "gateway/security/scope.hpp"

namespace causeway::rest {

using fhir::IssueCode;
using storage::Result;
namespace logging = ops::log;

namespace {

constexpr std::size_t subscriptions_max = 1'000;
constexpr std::size_t events_max = 1'000;  // of one $events answer
constexpr int deliveries_in_a_row = 100;
constexpr std::chrono::milliseconds look_every{500};

std::string partner_of(std::string_view id) { return "subscription:" + std::string(id); }
std::string rights_of(std::string_view id) { return "subscription." + std::string(id) + ".rights"; }
std::string counter_of(std::string_view id) { return "subscription." + std::string(id) + ".events"; }

security::Principal gateway_itself() {
    security::Principal principal;
    principal.kind = security::Principal::Kind::system;
    principal.id = "subscriptions";
    return principal;
}

/// Everything that is stored of a type, at most subscriptions_max.
Result<std::vector<fhir::DocumentPtr>> stored(storage::Reader& reader, const char* type,
                                              std::vector<fhir::search::QueryParameter> parameters) {
    auto query = fhir::search::parse_query(type, parameters);
    query.plan.count = subscriptions_max;
    storage::SearchOptions options;
    options.count_max = subscriptions_max;
    auto page = reader.search(query.plan, options);
    if (page.has_error()) return page.error();
    std::vector<fhir::DocumentPtr> out;
    for (const auto& each : page->matches)
        if (auto document = fhir::parse_json(each.json()); document.has_value()) out.push_back(std::move(*document));
    return out;
}

std::int64_t to_number(const std::optional<std::string>& text) {
    return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

/// The rights a subscription was written with, as they are kept: client, patient, whether it sees restricted labels,
/// scopes, a line each. To override labels takes a reason each time, so that is not kept.
std::string rights_text(const security::Principal& principal) {
    return principal.id + "\n" + principal.grant->patient + "\n" + (principal.grant->restricted ? "restricted" : "") +
           "\n" + security::to_string(principal.grant->scopes);
}

/// What somebody with such rights sees of a type.
Outcome<std::shared_ptr<const storage::Visibility>> seen_with(const Services& services, std::string_view rights,
                                                              std::string_view type, std::string_view base_url) {
    const auto line = [&] {
        const auto text = rights.substr(0, rights.find('\n'));
        rights.remove_prefix(std::min(rights.size(), text.size() + 1));
        return text;
    };
    security::Principal principal;
    principal.kind = security::Principal::Kind::client;
    principal.id = line();
    auto grant = std::make_shared<security::Grant>();
    grant->patient = line();
    grant->restricted = line() == "restricted";
    auto scopes = security::parse_scopes(line());
    if (std::holds_alternative<security::ScopeError>(scopes))
        return fault(403, IssueCode::forbidden, "The rights of the subscription cannot be read");
    grant->scopes = std::move(std::get<std::vector<security::Scope>>(scopes));
    principal.grant = std::move(grant);
    const auto decision = services.door.authorize(principal, {security::Interaction::search, type, {}, {}});
    if (!decision.allowed) return fault(403, IssueCode::forbidden, decision.reason);
    return services.visibilities.of(decision.filter, base_url, services.settings.zone_offset_minutes);
}

}  // namespace

/// Subscriptions with the topic each of them is about.
struct Subscriptions::List {
    struct One {
        Subscription subscription;
        Topic trigger;
        std::shared_ptr<const storage::Visibility> visibility;  ///< of the subscriber; null: everything
    };
    std::vector<One> all;
};

Subscriptions::Subscriptions(const Services& services, SubscriptionSockets& sockets, Options options)
    : services_(services), sockets_(sockets), options_(std::move(options)), list_(std::make_shared<const List>()) {
    sockets_.on_bound([this](const std::string& id) {
        const std::lock_guard lock(mutex_);
        greet_.insert(id);
        ++pokes_;
        wake_.notify_all();
    });
}

Subscriptions::~Subscriptions() { stop(); }

void Subscriptions::start() {
    auto loaded = storage::transact_blocking(services_.store,
                                             [this](storage::Transaction& transaction) { return reload(transaction); });
    if (loaded.has_error()) logging::error("subscriptions.unreadable", {{"reason", loaded.error().message}});
    for (std::size_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this, i] { work(i); });
}

void Subscriptions::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

Result<void> Subscriptions::reload(storage::Transaction& transaction) {
    auto documents = stored(transaction, "Subscription", {{"status:not", "off"}});
    if (documents.has_error()) return documents.error();
    auto basics = stored(transaction, "Basic", {{"code", "SubscriptionTopic"}});
    if (basics.has_error()) return basics.error();
    std::vector<Topic> topics;
    for (const auto& basic : *basics)
        if (auto topic = read_topic(basic->root())) topics.push_back(std::move(*topic));
    auto list = std::make_shared<List>();
    for (const auto& document : *documents) {
        auto read = read_subscription(document);
        if (read.has_error()) continue;  // a broken one can never stop the others
        List::One one{std::move(*read), {}, {}};
        if (one.subscription.is_topic()) {
            const auto known = std::ranges::find(topics, one.subscription.topic, &Topic::url);
            auto topic = known != topics.end() ? std::optional(*known) : topic_of_type(one.subscription.topic);
            if (!topic) continue;
            one.trigger = std::move(*topic);
        } else {
            one.trigger.type = one.subscription.type;
            one.trigger.on_delete = false;
        }
        auto kept = transaction.note(rights_of(one.subscription.id));
        if (kept.has_error()) return kept.error();
        if (*kept) {
            auto visibility = seen_with(services_, **kept, one.trigger.type, options_.base_url);
            // Rights that do not reach this far, or are no longer understood, show nothing.
            one.visibility = visibility ? std::move(*visibility) : std::make_shared<const storage::Visibility>();
        }
        list->all.push_back(std::move(one));
    }
    stale_ = false;
    const std::lock_guard lock(mutex_);
    list_ = std::move(list);
    return {};
}

Result<void> Subscriptions::written(storage::Transaction& transaction, const Written& written,
                                    const security::Principal& principal) {
    if (written.type == "Subscription" && principal.kind != security::Principal::Kind::system)
        if (auto kept = keep_rights(transaction, written.id, principal); kept.has_error()) return kept;
    if (written.type == "Subscription" || written.type == "Basic") stale_ = true;
    if (stale_)
        if (auto done = reload(transaction); done.has_error()) return done;
    std::shared_ptr<const List> list;
    {
        const std::lock_guard lock(mutex_);
        list = list_;
        if (written.type == "Subscription") ++pokes_, wake_.notify_all();
    }
    for (const auto& [subscription, trigger, visibility] : list->all) {
        if (trigger.type != written.type || subscription.status != "active") continue;
        if (subscription.end_us != 0 && written.version.at_us >= subscription.end_us) continue;
        if (written.erased ? !trigger.on_delete : written.created ? !trigger.on_create : !trigger.on_update) continue;
        std::string conditions = trigger.query;
        if (subscription.type.empty() || subscription.type == written.type)
            if (!subscription.query.empty()) conditions += (conditions.empty() ? "" : "&") + subscription.query;
        if (visibility && written.erased) {  // a deletion is seen by who saw what was deleted
            auto before = transaction.read_version(written.type, written.id, written.version.number - 1);
            if (before.has_error()) return before.error();
            auto sees = *before ? transaction.sees(*visibility, **before) : Result<bool>(false);
            if (sees.has_error()) return sees.error();
            if (!*sees) continue;
        }
        if ((visibility || !conditions.empty()) && !written.erased) {
            auto parameters = fhir::search::decode_query(conditions);
            if (parameters.has_error()) continue;
            parameters->push_back({"_id", std::string(written.id)});
            fhir::search::QueryOptions options;
            options.now_us = written.version.at_us;
            options.base_url = options_.base_url;
            const auto parsed = fhir::search::parse_query(written.type, *parameters, options);
            if (!parsed.ok()) continue;
            auto met = transaction.find(parsed.plan, 1, visibility.get());
            if (met.has_error()) {
                logging::warning("subscription.criteria", {{"id", subscription.id}, {"reason", met.error().message}});
                continue;  // criteria that cannot be run must not stop the write
            }
            if (met->empty()) continue;
        }
        if (auto noted = note_event(transaction, subscription, written); noted.has_error()) return noted;
    }
    return {};
}

Result<void> Subscriptions::keep_rights(storage::Transaction& transaction, std::string_view id,
                                        const security::Principal& principal) {
    if (principal.grant) return transaction.set_note(rights_of(id), rights_text(principal));
    auto removed = transaction.remove_note(rights_of(id));
    if (removed.has_error()) return removed.error();
    return {};
}

Result<void> Subscriptions::note_event(storage::Transaction& transaction, const Subscription& subscription,
                                       const Written& written) {
    auto count = transaction.note(counter_of(subscription.id));
    if (count.has_error()) return count.error();
    SubscriptionEvent event;
    event.number = to_number(*count) + 1;
    event.type = written.type;
    event.id = written.id;
    event.version = written.version.number;
    event.at_us = written.version.at_us;
    event.erased = written.erased;
    if (auto set = transaction.set_note(counter_of(subscription.id), std::to_string(event.number)); set.has_error())
        return set;
    storage::OutboxMessage message;
    message.partner = partner_of(subscription.id);
    message.kind = subscription.channel == Subscription::Channel::web_socket ? "websocket" : "rest-hook";
    message.control_id = std::to_string(event.number);
    message.payload = to_json(event);
    message.due_us = written.version.at_us;
    auto queued = transaction.enqueue(message);
    if (queued.has_error()) return queued.error();
    const std::lock_guard lock(mutex_);
    ++pokes_;
    wake_.notify_all();
    return {};
}

void Subscriptions::work(std::size_t number) {
    std::uint64_t seen = 0;
    bool more = false;
    for (;;) {
        std::shared_ptr<const List> list;
        {
            std::unique_lock lock(mutex_);
            if (!more) wake_.wait_for(lock, look_every, [&] { return stopping_ || pokes_ != seen; });
            if (stopping_) return;
            seen = pokes_;
            list = list_;
        }
        more = false;
        for (const auto& [subscription, trigger, visibility] : list->all) {
            if (std::hash<std::string>()(subscription.id) % options_.threads != number) continue;
            {
                const std::lock_guard lock(mutex_);
                if (stopping_) return;
            }
            try {
                more = serve(subscription) || more;
            } catch (const std::exception& exception) {
                logging::error("subscription.failed", {{"id", subscription.id}, {"reason", exception.what()}});
            }
        }
        // The event that poked us is not committed yet: look again a little later.
        if (!more) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

bool Subscriptions::serve(const Subscription& subscription) {
    const auto now = services_.clock.now_us();
    if (subscription.end_us != 0 && now >= subscription.end_us) {
        set_status(subscription, "off", {});
        return false;
    }
    if (subscription.status == "requested") return activate(subscription);
    if (subscription.status != "active") return false;
    if (subscription.channel == Subscription::Channel::web_socket && !ready_socket(subscription)) return false;
    for (int i = 0; i < deliveries_in_a_row; ++i) {
        std::vector<storage::OutboxRow> rows;
        {
            auto snapshot = services_.store.snapshot();
            if (snapshot.has_error()) return false;
            auto due = (*snapshot)->due(partner_of(subscription.id), now, 1);
            if (due.has_error()) return false;
            rows = std::move(*due);
        }
        if (rows.empty()) {
            heartbeat(subscription);
            return false;
        }
        if (!deliver(subscription, rows.front())) return false;
    }
    return true;
}

bool Subscriptions::ready_socket(const Subscription& subscription) {
    const auto now = services_.clock.now_us();
    if (!sockets_.bound(subscription.id)) {
        std::int64_t oldest = 0;
        {
            auto snapshot = services_.store.snapshot();
            if (snapshot.has_error()) return false;
            auto due = (*snapshot)->due(partner_of(subscription.id), now, 1);
            if (due.has_error() || due->empty()) return false;
            oldest = due->front().created_us;
        }
        if (now - oldest > options_.give_up_us)
            set_status(subscription, "error", "nobody was bound to the web socket for too long");
        return false;
    }
    {
        const std::lock_guard lock(mutex_);
        if (greet_.erase(subscription.id) == 0) return true;
    }
    if (!subscription.is_topic()) return true;
    std::string body;
    {
        auto snapshot = services_.store.snapshot();
        if (snapshot.has_error()) return false;
        auto count = (*snapshot)->note(counter_of(subscription.id));
        if (count.has_error()) return false;
        body = notification(**snapshot, subscription, "handshake", to_number(*count), {}, Subscription::Content::empty,
                            options_.base_url, now);
    }
    return send(subscription, std::move(body)).status == 200;
}

http::ClientAnswer Subscriptions::send(const Subscription& subscription, std::string body) const {
    if (subscription.channel == Subscription::Channel::web_socket) {
        const std::string text = subscription.is_topic() ? std::move(body) : "ping " + subscription.id;
        http::ClientAnswer answer;
        if (sockets_.send_blocking(subscription.id, text, subscription.timeout))
            answer.status = 200;
        else
            answer.failure = "the web socket is gone";
        return answer;
    }
    http::ClientRequest request;
    request.method = "POST";
    request.url = subscription.endpoint;
    request.headers = subscription.headers;
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/fhir+json");
    request.body = std::move(body);
    request.time_max = subscription.timeout;
    // A client must not reach through us what it cannot reach by itself.
    const auto& to = subscription.endpoint;
    const bool usual = to.port == (to.encrypted ? 443 : 80);
    const std::string origin =
        (to.encrypted ? "https://" : "http://") + to.host + (usual ? std::string() : ":" + std::to_string(to.port));
    request.public_only =
        options_.public_only && std::ranges::find(options_.private_origins, origin) == options_.private_origins.end();
    return http::fetch_blocking(request);
}

/// Criteria subscriptions need no handshake; a topic's endpoint must take one, a web socket when it is bound.
bool Subscriptions::activate(const Subscription& subscription) {
    const auto now = services_.clock.now_us();
    if (!subscription.is_topic() || subscription.channel == Subscription::Channel::web_socket) {
        set_status(subscription, "active", {});
        return false;
    }
    {
        const std::lock_guard lock(mutex_);
        if (now < next_try_us_[subscription.id]) return false;
    }
    std::string body;
    {
        auto snapshot = services_.store.snapshot();
        if (snapshot.has_error()) return false;
        body = notification(**snapshot, subscription, "handshake", 0, {}, Subscription::Content::empty,
                            options_.base_url, now);
    }
    const auto answer = send(subscription, std::move(body));
    if (answer.status >= 200 && answer.status < 300) {
        set_status(subscription, "active", {});
    } else {
        set_status(subscription, "error",
                   answer.status == 0 ? "the handshake failed: " + answer.failure
                                      : "the handshake was answered with " + std::to_string(answer.status));
    }
    const std::lock_guard lock(mutex_);
    next_try_us_[subscription.id] = now + options_.retry_first_us;
    return false;
}

void Subscriptions::heartbeat(const Subscription& subscription) {
    if (!subscription.is_topic() || subscription.heartbeat_us == 0) return;
    const auto now = services_.clock.now_us();
    {
        const std::lock_guard lock(mutex_);
        auto& last = last_sent_us_[subscription.id];
        if (last == 0) last = now;
        if (now - last < subscription.heartbeat_us) return;
        last = now;
    }
    std::string body;
    {
        auto snapshot = services_.store.snapshot();
        if (snapshot.has_error()) return;
        auto count = (*snapshot)->note(counter_of(subscription.id));
        if (count.has_error()) return;
        body = notification(**snapshot, subscription, "heartbeat", to_number(*count), {}, Subscription::Content::empty,
                            options_.base_url, now);
    }
    const auto answer = send(subscription, std::move(body));
    if (answer.status < 200 || answer.status >= 300)
        logging::warning("subscription.heartbeat", {{"id", subscription.id}, {"status", answer.status}});
}

bool Subscriptions::deliver(const Subscription& subscription, const storage::OutboxRow& row) {
    const auto event = read_event(row.message.payload);
    std::string body;
    if (event) {
        auto snapshot = services_.store.snapshot();
        if (snapshot.has_error()) return false;
        if (subscription.is_topic()) {
            body = notification(**snapshot, subscription, "event-notification", event->number, {*event},
                                subscription.content, options_.base_url, services_.clock.now_us());
        } else if (!subscription.payload.empty()) {
            auto version = (*snapshot)->read_version(event->type, event->id, event->version);
            if (version && *version && !(*version)->erased()) body = (*version)->json();
        }
    }
    const auto answer = send(subscription, std::move(body));
    const bool taken = answer.status >= 200 && answer.status < 300;
    const auto now = services_.clock.now_us();
    const std::string note = answer.status == 0 ? answer.failure : "http-" + std::to_string(answer.status);
    const auto wait = std::min(options_.retry_max_us, options_.retry_first_us << std::min(row.attempts, 20));
    const bool give_up = !taken && now - row.created_us > options_.give_up_us;
    auto marked = storage::transact_blocking(services_.store, [&](storage::Transaction& transaction) -> Result<void> {
        if (!taken) return transaction.defer(row.id, now + wait, note);
        security::AuditEntry entry;
        entry.at_us = now;
        entry.principal = {security::Principal::Kind::partner, "Subscription/" + subscription.id, {}};
        entry.interaction = security::Interaction::message_out;
        entry.operation = "notification";
        if (event) {
            entry.type = event->type;
            entry.id = event->id;
            entry.version = event->version;
            if (event->type == "Patient") entry.patient = event->id;
        }
        const auto audited = transaction.append_audit(security::render(entry));
        if (audited.has_error()) return audited.error();
        return transaction.mark_delivered(row.id, note);
    });
    if (marked.has_error()) return false;
    if (taken) {
        const std::lock_guard lock(mutex_);
        last_sent_us_[subscription.id] = now;
        return true;
    }
    logging::warning("subscription.not_delivered",
                     {{"id", subscription.id}, {"reason", note}, {"attempts", row.attempts + 1}});
    if (give_up) set_status(subscription, "error", "notifications failed for too long, at last with " + note);
    return false;
}

void Subscriptions::set_status(const Subscription& subscription, std::string_view status, std::string_view error) {
    auto done = storage::transact_blocking(services_.store, [&](storage::Transaction& transaction) -> Result<void> {
        auto current = transaction.read("Subscription", subscription.id);
        if (current.has_error()) return current.error();
        if (!*current || (*current)->erased()) return {};
        auto document = fhir::parse_json((*current)->json());
        // Somebody may have changed it meanwhile: then theirs stands, and is served next.
        if (document.has_error() || (*document)->root()["status"].text() != subscription.status) return {};
        fhir::DocumentBuilder builder = fhir::DocumentBuilder::edit(*document);
        builder.root().member("status").set_string(status);
        if (error.empty())
            builder.root().remove("error");
        else
            builder.root().member("error").set_string(error);
        auto draft = services_.writer.prepare(std::move(builder).finish(), subscription.id);
        if (draft.has_error()) return storage::Failure{storage::FailureCode::refused, "the subscription is not valid"};
        auto written = services_.writer.write(
            transaction, *draft, {gateway_itself(), storage::WriteKind::update, {}, 0, "subscriptions", true});
        if (written.has_error()) return written.error();
        return {};
    });
    if (done.has_error())
        logging::error("subscription.status", {{"id", subscription.id}, {"reason", done.error().message}});
}

namespace {

Outcome<Subscription> stored_subscription(storage::Reader& reader, std::string_view id) {
    auto found = reader.read("Subscription", id);
    if (found.has_error()) return fault_of(found.error());
    if (!*found || (*found)->erased())
        return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
    auto document = fhir::parse_json((*found)->json());
    if (document.has_error()) return fault_of(document.error());
    return read_subscription(*document);
}

}  // namespace

Outcome<std::string> Subscriptions::status(storage::Reader& reader, std::string_view id) const {
    auto subscription = stored_subscription(reader, id);
    if (subscription.has_error()) return subscription.error();
    auto count = reader.note(counter_of(id));
    if (count.has_error()) return fault_of(count.error());
    return {boost::system::in_place_value,
            status_parameters(*subscription, "query-status", to_number(*count), {}, false, options_.base_url)};
}

Outcome<std::string> Subscriptions::events(storage::Reader& reader, std::string_view id, std::int64_t from,
                                           std::int64_t until, std::string_view content,
                                           const storage::Visibility* visibility) const {
    auto subscription = stored_subscription(reader, id);
    if (subscription.has_error()) return subscription.error();
    auto count = reader.note(counter_of(id));
    if (count.has_error()) return fault_of(count.error());
    const std::string partner = partner_of(id);
    std::vector<SubscriptionEvent> events;
    storage::OutboxQuery query;
    query.partner = partner;
    query.count = events_max;
    query.with_payload = true;
    auto rows = reader.outbox(query);
    if (rows.has_error()) return fault_of(rows.error());
    for (const auto& row : *rows) {
        auto event = read_event(row.message.payload);
        if (!event || event->number < from || (until != 0 && event->number > until)) continue;
        if (visibility) {
            auto version = reader.read_version(event->type, event->id, event->version - (event->erased ? 1 : 0));
            if (version.has_error()) return fault_of(version.error());
            auto sees = *version ? reader.sees(*visibility, **version) : Result<bool>(false);
            if (sees.has_error()) return fault_of(sees.error());
            if (!*sees) continue;
        }
        events.push_back(std::move(*event));
    }
    std::ranges::sort(events, {}, &SubscriptionEvent::number);
    const auto what = content == "empty"           ? Subscription::Content::empty
                      : content == "id-only"       ? Subscription::Content::id_only
                      : content == "full-resource" ? Subscription::Content::full_resource
                                                   : subscription->content;
    return {boost::system::in_place_value,
            notification(
                reader, *subscription, "query-event", to_number(*count), events,
                std::min(what, subscription->is_topic() ? subscription->content : Subscription::Content::full_resource),
                options_.base_url, services_.clock.now_us())};
}

}  // namespace causeway::rest
