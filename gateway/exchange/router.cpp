#include "gateway/exchange/router.hpp"

#include <algorithm>
#include <utility>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/exchange/cds_hooks.hpp"
#include "gateway/exchange/lab_rules.hpp"
#include "gateway/exchange/outgoing_message.hpp"
#include "gateway/exchange/v2_time.hpp"

namespace causeway::exchange {
namespace {

using namespace hl7v2::literals;

constexpr storage::TimeUs recount_us = 1'000'000;
constexpr storage::TimeUs kept_us = 90 * std::int64_t{86'400'000'000};  // a report on a message's conformance

bool names_message(const std::string& wanted, const Envelope& envelope) {
    if (wanted == "*") return true;
    const auto first = wanted.find('^');
    if (wanted.substr(0, first) != envelope.type) return false;
    if (first == std::string::npos) return true;
    const auto event = wanted.substr(first + 1);
    return event.substr(0, event.find('^')) == envelope.event;
}

/// A subject's own queue order, so that a partner gets what concerns one patient in order.
std::string ordering_key(const RoutingRule& rule, std::string_view patient) {
    return rule.ordering_key == "patient" ? std::string(patient) : std::string();
}

WriteKind kind_of(const rest::Written& written) {
    if (written.erased) return WriteKind::remove;
    return written.created ? WriteKind::create : WriteKind::update;
}

storage::Failure full_queue(const std::string& partner) {
    return {storage::FailureCode::busy, "the queue of partner " + partner + " is full (queue_max)"};
}

/// Does nothing in the store: its completion tells that everything before it is committed.
class Ping final : public storage::Work {
public:
    Ping(std::function<void(const std::string&)> queued, std::string partner)
        : queued_(std::move(queued)), partner_(std::move(partner)) {}
    storage::Result<void> run(storage::Transaction&) override { return {}; }
    void finished(storage::Result<void>) noexcept override { queued_(partner_); }
    std::size_t bytes() const noexcept override { return 64; }

private:
    std::function<void(const std::string&)> queued_;
    std::string partner_;
};

}  // namespace

std::shared_ptr<const Router::Compiled> Router::compile(std::shared_ptr<const ExchangeSettings> settings,
                                                        std::vector<ConfigurationFault>& faults) {
    const auto compiled_rules = std::make_shared<Compiled>();
    compiled_rules->settings = settings;
    std::map<std::string, std::shared_ptr<const OutgoingCheck>> checks;
    for (const auto& partner : settings->partners)
        checks.emplace(partner.name, std::make_shared<const OutgoingCheck>(OutgoingCheck::load(partner, faults)));
    for (const auto& rule : settings->rules) {
        Rule compiled;
        compiled.rule = &rule;
        compiled.partner = find_partner(*settings, rule.to);
        if (compiled.partner == nullptr) continue;
        compiled.check = checks.at(rule.to);
        if (rule.from_fhir())
            compiled.of_resource = FhirCondition::compile(rule, faults);
        else if (auto condition = Condition::parse(rule.where); condition.has_value())
            compiled.condition = std::move(*condition);
        if (!rule.codes.empty()) {
            std::string fault;
            compiled.codes = CodeList::load(rule.codes, fault);
            if (!fault.empty()) faults.push_back({"route \"" + rule.name + "\": codes", std::move(fault)});
        }
        compiled_rules->rules.push_back(std::move(compiled));
    }
    return compiled_rules;
}

Router::Router(std::shared_ptr<const ExchangeSettings> settings, Services services,
               std::vector<ConfigurationFault>& faults)
    : services_(std::move(services)), compiled_(compile(std::move(settings), faults)) {}

void Router::replace(std::shared_ptr<const ExchangeSettings> settings, std::vector<ConfigurationFault>& faults) {
    const auto before = faults.size();
    auto compiled = compile(std::move(settings), faults);
    if (faults.size() != before) return;
    const std::lock_guard lock(mutex_);
    compiled_.swap(compiled);
}

std::shared_ptr<const Router::Compiled> Router::current() const {
    const std::lock_guard lock(mutex_);
    return compiled_;
}

Router::~Router() = default;

std::string Router::why_not(const Rule& rule, const rest::Written& written, const security::Principal& principal,
                            storage::Reader& reader) {
    if (!rule.rule->from_fhir()) return "it looks at HL7 v2 messages";
    if (rule.rule->resource_type != written.type) return "it looks at FHIR writes of " + rule.rule->resource_type;
    const auto kind = kind_of(written);
    const auto& on = rule.rule->on;
    if (on.empty() ? kind == WriteKind::remove : std::find(on.begin(), on.end(), kind) == on.end())
        return "it does not look at this kind of write (on)";
    if (principal.kind == security::Principal::Kind::partner && principal.id == rule.rule->to)
        return "the resource came from " + rule.rule->to;
    if (rule.codes && (!written.document || !rule.codes->named_in(written.document->root())))
        return "none of the codes in " + rule.rule->codes;
    return rule.of_resource.why_not(written, reader);
}

storage::Result<void> Router::written(storage::Transaction& transaction, const rest::Written& written,
                                      const security::Principal& principal) {
    if (written.same_content) return {};
    const auto compiled = current();
    for (const auto& rule : compiled->rules) {
        if (rule.rule->resource_type != written.type) continue;
        if (!why_not(rule, written, principal, transaction).empty()) continue;
        if (auto sent = send_resource(transaction, rule, written, principal); sent.has_error()) return sent;
    }
    return {};
}

storage::Result<void> Router::send_resource(storage::Transaction& transaction, const Rule& rule,
                                            const rest::Written& written, const security::Principal& principal) {
    storage::OutboxMessage message;
    message.partner = rule.rule->to;
    message.origin = written.version.origin;
    message.due_us = 0;
    message.control_id = services_.control_id();
    fhir::DocumentPtr anchor = written.document;
    if (!anchor) return enqueue(transaction, rule, std::move(message), "the resource was deleted");
    if (anchor->id() != written.id) {
        auto builder = fhir::DocumentBuilder::edit(anchor);
        builder.root().member("id").set_string(written.id);
        anchor = std::move(builder).finish();
    }
    auto resources = gather(transaction, anchor);
    if (resources.has_error()) return resources.error();
    const auto now = fhir_instant(transaction.now_us());
    const auto maps = services_.maps.current();
    const bool advises = rule.partner->http && rule.partner->http->format == "cds-hooks";
    auto made = advises ? cds::make_order_sign(transaction, *resources, services_.store.new_id())
                        : storage::Result<MadeMessage>(make_message(*maps, *rule.partner, rule.rule->as, *resources,
                                                                    {now, message.control_id, services_.control_id}));
    if (made.has_error()) return made.error();
    message.kind = std::move(made->kind);
    message.payload = std::move(made->bytes);
    message.ordering_key =
        ordering_key(*rule.rule, rest::patient_of(written.type, written.id, written.document->root()));
    const auto control_id = message.control_id;
    if (auto queued = enqueue(transaction, rule, std::move(message), made->fault, made->before); queued.has_error())
        return queued;
    if (services_.tasks == nullptr || !is_order(written.type) || !made->fault.empty() || advises) return {};
    return services_.tasks->sent(transaction, *rule.partner, {std::string(written.type), std::string(written.id)},
                                 *written.document, control_id, principal);
}

std::string Router::why_not(const Rule& rule, const Envelope& envelope) {
    if (rule.rule->from_fhir()) return "it looks at FHIR writes of " + rule.rule->resource_type;
    const auto& wanted = rule.rule->messages;
    if (std::none_of(wanted.begin(), wanted.end(),
                     [&](const std::string& each) { return names_message(each, envelope); })) {
        return envelope.kind() + " is none of its messages";
    }
    if (envelope.partner != nullptr && envelope.partner->name == rule.rule->to)
        return "the message came from " + rule.rule->to;
    if (const auto* failing = rule.condition.first_failing(envelope.message->view()))
        return to_string(*failing) + " does not hold";
    if (rule.codes && !rule.codes->named_in(envelope.message->view()))
        return "none of the codes in " + rule.rule->codes;
    return {};
}

storage::Result<void> Router::accepted(storage::Transaction& transaction, const Envelope& envelope,
                                       storage::InboxId origin, std::string_view correlation) {
    const auto compiled = current();
    for (const auto& rule : compiled->rules) {
        if (rule.rule->from_fhir() || !why_not(rule, envelope).empty()) continue;
        if (auto sent = relay(transaction, rule, envelope, origin, correlation); sent.has_error()) return sent;
    }
    return {};
}

storage::Result<void> Router::relay(storage::Transaction& transaction, const Rule& rule, const Envelope& envelope,
                                    storage::InboxId origin, std::string_view correlation) {
    storage::OutboxMessage message;
    message.partner = rule.rule->to;
    message.origin = origin;
    message.correlation = correlation;
    message.control_id = services_.control_id();
    const auto& view = envelope.message->view();
    message.ordering_key = ordering_key(*rule.rule, view.field("PID-3"_v2).repetition(1).raw());
    const auto now = fhir_instant(transaction.now_us());
    const bool script = rule.partner->http && rule.partner->http->format == "script";
    MadeMessage made;
    if (script && !envelope.script.empty())  // what was signed goes on as it came
        made = {envelope.raw, envelope.kind(), {}};
    else if (script || rule.partner->fhir)
        made.fault = "the partner takes no HL7 v2";
    else
        made = readdress(*rule.partner, view, {now, message.control_id, services_.control_id});
    message.kind = std::move(made.kind);
    message.payload = std::move(made.bytes);
    return enqueue(transaction, rule, std::move(message), made.fault, made.before);
}

/// Counting costs a look at every waiting row, so it is done when the queue may be full, at most once a second.
storage::Result<bool> Router::is_full(storage::Transaction& transaction, const Partner& partner) {
    auto& load = loads_[partner.name];
    const auto now_us = transaction.now_us();
    const bool unknown = load.counted_us == 0;
    if (unknown || (load.at_most >= partner.queue_max && now_us - load.counted_us >= recount_us)) {
        const auto depths = transaction.outbox_depths();
        if (depths.has_error()) return depths.error();
        load = {0, now_us};
        for (const auto& depth : *depths)
            if (depth.partner == partner.name) load.at_most = depth.pending;
    }
    return load.at_most >= partner.queue_max;
}

storage::Result<void> Router::enqueue(storage::Transaction& transaction, const Rule& rule,
                                      storage::OutboxMessage message, const std::string& fault,
                                      const std::vector<MadeMessage::Fragment>& before) {
    if (message.kind.empty()) message.kind = rule.rule->as;
    const auto full = is_full(transaction, *rule.partner);
    if (full.has_error()) return full.error();
    if (*full) return full_queue(message.partner);
    for (const auto& part : before) {
        auto row = message;
        row.control_id = part.control_id;
        row.payload = part.bytes;
        if (const auto id = transaction.enqueue(row); id.has_error()) return id.error();
        ++loads_[message.partner].at_most;
    }
    const auto id = transaction.enqueue(message);
    if (id.has_error()) return id.error();
    ++loads_[message.partner].at_most;
    auto why = fault;
    if (const auto report = fault.empty() ? rule.check->check(message.payload) : std::nullopt) {
        const auto noted = transaction.add_note(conformance_note(*id), report->json, transaction.now_us() + kept_us);
        if (noted.has_error()) return noted.error();
        if (report->errors > 0 && rule.partner->profile_errors == ProfileErrors::refuse)
            why = "profile: " + std::to_string(report->errors) + " errors, first " + report->first;
    }
    if (!why.empty()) return transaction.mark_dead(*id, {}, "route \"" + rule.rule->name + "\": " + why);
    if (services_.queued) services_.store.submit(std::make_unique<Ping>(services_.queued, message.partner));
    return {};
}

storage::Result<void> Router::queue(storage::Transaction& transaction, storage::OutboxMessage message) {
    const auto compiled = current();
    const auto* partner = find_partner(*compiled->settings, message.partner);
    const auto id = put_in_queue(transaction, partner, std::move(message));
    if (id.has_error()) return id.error();
    return {};
}

storage::Result<storage::OutboxId> Router::put_in_queue(storage::Transaction& transaction, const Partner* partner,
                                                        storage::OutboxMessage message) {
    if (partner != nullptr) {
        const auto full = is_full(transaction, *partner);
        if (full.has_error()) return full.error();
        if (*full) return full_queue(message.partner);
    }
    const auto id = transaction.enqueue(message);
    if (id.has_error()) return id.error();
    ++loads_[message.partner].at_most;
    if (services_.queued) services_.store.submit(std::make_unique<Ping>(services_.queued, message.partner));
    return *id;
}

storage::Result<storage::OutboxId> Router::ask(storage::Transaction& transaction, std::string_view name, QueryKind kind,
                                               const storage::ResourceName& patient) {
    using storage::FailureCode;
    const auto compiled = current();
    const auto* partner = find_partner(*compiled->settings, name);
    if (partner == nullptr || !partner->reachable())
        return storage::Failure{FailureCode::not_found, "there is no such partner"};
    auto stored = transaction.read(patient.type, patient.id);
    if (stored.has_error()) return stored.error();
    if (patient.type != "Patient" || !*stored || (*stored)->erased())
        return storage::Failure{FailureCode::not_found, "there is no such patient"};
    const auto document = fhir::parse_json((*stored)->json());
    if (document.has_error()) return storage::Failure{FailureCode::corrupt, "a Patient cannot be read"};
    storage::OutboxMessage message;
    message.partner = partner->name;
    message.control_id = services_.control_id();
    const auto now = fhir_instant(transaction.now_us());
    const auto maps = services_.maps.current();
    auto made = make_query(*maps, *partner, kind, *document, {now, message.control_id});
    if (!made.fault.empty()) return storage::Failure{FailureCode::refused, std::move(made.fault)};
    message.kind = std::move(made.kind);
    message.payload = std::move(made.bytes);
    return put_in_queue(transaction, partner, std::move(message));
}

namespace {

std::string explanation(const RoutingRule& rule, const std::string& why_not) {
    return rule.name + " -> " + rule.to + ": " + (why_not.empty() ? "fires" : "no, " + why_not);
}

}  // namespace

std::vector<std::string> Router::explain(const Envelope& envelope) const {
    std::vector<std::string> lines;
    const auto compiled = current();
    for (const auto& rule : compiled->rules) lines.push_back(explanation(*rule.rule, why_not(rule, envelope)));
    return lines;
}

std::vector<std::string> Router::explain(const rest::Written& written, const security::Principal& principal,
                                         storage::Reader& reader) const {
    std::vector<std::string> lines;
    const auto compiled = current();
    for (const auto& rule : compiled->rules)
        lines.push_back(explanation(*rule.rule, why_not(rule, written, principal, reader)));
    return lines;
}

}  // namespace causeway::exchange
