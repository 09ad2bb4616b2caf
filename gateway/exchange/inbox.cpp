#include "gateway/exchange/inbox.hpp"
#include "gateway/exchange/sender_rights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "fhir/json/json.hpp"
#include "gateway/exchange/lineage_view.hpp"
#include "gateway/exchange/partner_query.hpp"
#include "gateway/exchange/pharmacy_rules.hpp"
#include "gateway/exchange/v2_time.hpp"
#include "gateway/security/audit.hpp"
#include "hl7v2/sequence.hpp"
#include "mappings/engine/lineage.hpp"

namespace causeway::exchange {
namespace {

using storage::Failure;
using storage::FailureCode;
using storage::InboxState;
template <class T>
using Result = storage::Result<T>;

constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::size_t traced_max = 500;

/// "PID[1]-7[1]" or "ORC[2]-3[1].2.1" apart, as far as it goes.
void read_place(std::string_view place, hl7v2::ErrEntry& entry) {
    if (place.size() < 3) return;
    entry.segment = place.substr(0, 3);
    const auto path = hl7v2::Path::parse(place);
    if (path.has_error()) return;
    entry.segment_sequence = path->segment_ordinal == 0 ? 1 : path->segment_ordinal;
    entry.position = path->position;
}

/// A required value is missing, a value is not of its type, or a local time does not exist: something of the message
/// has no place in FHIR.
bool loses_a_value(std::string_view code) { return code == "R301" || code == "R305" || code == "R340"; }

/// The codes of issues, for rows and logs.
std::string codes_of(const mappings::Issues& issues) {
    std::string codes;
    for (const auto& issue : issues) {
        if (issue.severity != mappings::Severity::error && !loses_a_value(issue.code)) continue;
        if (codes.size() > 400) return codes + " …";
        if (!codes.empty()) codes += ", ";
        codes += issue.code;
        if (!issue.v2_path.empty()) codes += " " + issue.v2_path;
    }
    return codes;
}

InboxState state_of(Receipt::Outcome outcome) {
    switch (outcome) {
        case Receipt::Outcome::processed:
        case Receipt::Outcome::duplicate:
            return InboxState::processed;
        case Receipt::Outcome::held:
            return InboxState::received;
        case Receipt::Outcome::failed:
        case Receipt::Outcome::not_stored:
            return InboxState::failed;
        case Receipt::Outcome::rejected:
            return InboxState::rejected;
    }
    return InboxState::failed;
}

}  // namespace

Inbox::Inbox(Services services, LiveSettings settings, mappings::LiveMaps maps)
    : services_(std::move(services)), settings_(std::move(settings)), maps_(std::move(maps)) {}

std::shared_ptr<Intake> Inbox::open(std::string bytes, Arrival arrival) const {
    return std::make_shared<Intake>(*this, std::move(bytes), std::move(arrival));
}

Receipt Inbox::accept_blocking(std::string bytes, Arrival arrival) const {
    const auto intake = open(std::move(bytes), std::move(arrival));
    intake->prepare();
    for (;;) {
        const auto outcome = storage::transact_blocking(
            services_.store, [intake](storage::Transaction& transaction) { return intake->run(transaction); },
            intake->bytes());
        if (intake->conclude(outcome)) return std::move(*intake).receipt();
    }
}

Intake::Intake(const Inbox& inbox, std::string bytes, Arrival arrival)
    : services_(inbox.services_),
      settings_(inbox.settings_.current()),
      maps_(inbox.maps_.current()),
      arrival_(std::move(arrival)),
      bytes_(std::move(bytes)) {}

std::size_t Intake::bytes() const noexcept { return 4'096 + 4 * envelope_.raw.size(); }

void Intake::prepare() {
    const auto now_us = services_.clock.now_us();
    now_hl7_ = v2_time(now_us);
    now_fhir_ = fhir_instant(now_us);
    accept_id_ = services_.control_id();
    application_id_ = services_.control_id();
    receipt_.correlation = services_.store.new_id();
    try {
        prepare_or_throw();
    } catch (const std::exception&) {  // of a library or of allocation: the message is kept and answered, the session
                                       // goes on
        refuse({hl7v2::AckCode::ae, hl7v2::ErrorCode::internal_error, {}, {}, "internal error"},
               Receipt::Outcome::failed);
    }
}

void Intake::prepare_or_throw() {
    envelope_ = open_envelope(std::move(bytes_), *settings_);
    raw_ = std::make_shared<const storage::PackedBytes>(services_.store.pack(envelope_.raw));
    if (!arrival_.answer_of.empty()) {
        const auto* partner = find_partner(*settings_, arrival_.answer_of);
        if (partner != nullptr || arrival_.decision.of == 0) envelope_.partner = partner;
    }
    receipt_.kind = envelope_.kind();
    receipt_.partner = envelope_.partner != nullptr ? envelope_.partner->name : std::string();
    if (envelope_.message != nullptr) receipt_.deviations = envelope_.message->view().deviations();
    principal_ = {security::Principal::Kind::partner, receipt_.partner, arrival_.address};
    if (envelope_.refusal) return refuse(*envelope_.refusal, Receipt::Outcome::rejected);
    if (arrival_.answer_of.empty() && !envelope_.partner->speaks_through(arrival_.certificate.get())) {
        return refuse({hl7v2::AckCode::ar, hl7v2::ErrorCode::internal_error, "MSH", hl7v2::Position{3},
                       "the connection's certificate is not one of this sender's"},
                      Receipt::Outcome::rejected);
    }
    const auto& partner = *envelope_.partner;
    if (const auto refusal = sender_refusal(partner, arrival_.address, receipt_.kind, arrival_.answer_of.empty());
        !refusal.empty())
        return refuse(
            {hl7v2::AckCode::ar, hl7v2::ErrorCode::internal_error, "MSH", hl7v2::Position{3}, std::string(refusal)},
            Receipt::Outcome::rejected);
    if (const auto refusal = patient_refusal(partner, envelope_.message->view()); !refusal.empty())
        return refuse(
            {hl7v2::AckCode::ar, hl7v2::ErrorCode::internal_error, "PID", hl7v2::Position{3}, std::string(refusal)},
            Receipt::Outcome::rejected);
    const auto decision =
        services_.door.authorize(principal_, {security::Interaction::message_in, receipt_.kind, {}, {}});
    if (!decision.allowed) {
        return refuse(
            {hl7v2::AckCode::ar, hl7v2::ErrorCode::internal_error, "MSH", hl7v2::Position{3}, decision.reason},
            Receipt::Outcome::rejected);
    }
    if (envelope_.is_acknowledgement()) {
        mode_ = Mode::record;
        receipt_.outcome = Receipt::Outcome::processed;
        receipt_.note = "an acknowledgement by itself";
        return;
    }
    if (take_fragment()) return;
    if (at_identity_desk() || at_other_index()) return;
    map();
    if (mode_ == Mode::process) bind_from_snapshot();
}

/// True if there is nothing to process yet, or nothing that can be: the message is a part of another. The last part is
/// taken as the whole that it completes.
bool Intake::take_fragment() {
    auto way = hl7v2::continuation(envelope_.message->view());
    if (!way.fragment()) return false;
    fragment_ = std::move(way);
    auto snapshot = services_.store.snapshot();
    std::optional<Refusal> refusal;
    if (snapshot.has_error()) {
        refusal = Refusal{hl7v2::AckCode::ae, hl7v2::ErrorCode::internal_error, {}, {}, "the store cannot be read"};
    } else if (fragment_->to.empty()) {
        auto whole = assemble(**snapshot, envelope_, *settings_);
        if (whole.has_value()) whole_ = std::move(*whole);
        if (whole_.message != nullptr) {
            envelope_.message = std::move(whole_.message);
            return false;
        }
        if (whole_.parts.empty() && stands_alone(envelope_.message->view())) {  // MSH-14 says what is not so
            fragment_.reset();
            return false;
        }
        refusal = whole_.refusal;
    } else {
        auto found = fragment_refusal(**snapshot, envelope_, *fragment_);
        if (found.has_value()) refusal = std::move(*found);
    }
    if (refusal) {
        refuse(std::move(*refusal), Receipt::Outcome::failed);
        verdict_.stored = false;  // CE: the sender must not go on
        return true;
    }
    mode_ = Mode::record;
    verdict_.fragment = true;
    receipt_.outcome = Receipt::Outcome::held;
    receipt_.note = "a fragment; the rest is to come";
    return true;
}

/// True if that settles the message: it is a query, or may not say what it says.
bool Intake::at_identity_desk() {
    if (services_.identity_desk == nullptr) return false;
    query_answer_ = services_.identity_desk->answer(envelope_, {now_hl7_, accept_id_, application_id_});
    if (query_answer_) {
        mode_ = Mode::record;
        receipt_.outcome = Receipt::Outcome::processed;
        receipt_.note = query_answer_->note;
        return true;
    }
    if (auto refusal = services_.identity_desk->refusal(envelope_)) {
        refuse(*refusal, Receipt::Outcome::rejected);
        return true;
    }
    completed_ = services_.identity_desk->completed(envelope_);
    return false;
}

/// True if that settles the message: another index has answered a question of ours, and nothing is made of it.
bool Intake::at_other_index() {
    auto answer = read_index_answer(envelope_, arrival_.answer_of.empty() ? std::string_view() : arrival_.question);
    if (!answer) return false;
    receipt_.note =
        fmt::format("an answer of another index: {} patients, {} identifiers", answer->patients, answer->identifiers);
    if (answer->cross_reference != nullptr) {
        completed_ = std::move(answer->cross_reference);
        return false;
    }
    mode_ = Mode::record;
    receipt_.outcome = Receipt::Outcome::processed;
    return true;
}

void Intake::map() {
    const auto& partner = *envelope_.partner;
    const auto plan = maps_->plan(partner.site, envelope_.version.empty() ? "2.5.1" : envelope_.version);
    if (!plan) {
        return refuse({hl7v2::AckCode::ae, hl7v2::ErrorCode::internal_error, {}, {}, "no maps for this sender"},
                      Receipt::Outcome::failed);
    }
    mappings::ForwardContext context;
    context.now = now_fhir_;
    context.time_zone = partner.timezone;
    context.sender =
        receipt_
            .correlation;  // MSH-10 is not unique with every sender: what only a message identifies is new each time
    const hl7v2::MessageView& message = (completed_ ? *completed_ : *envelope_.message).view();
    mapped_ = mappings::forward(*plan, message, context);
    apply_pharmacy_rules(envelope_, mapped_);
    if (!mapped_.refused) lineage_ = mappings::lineage_of(*plan, mapped_, message);
    if (services_.identity_desk != nullptr) services_.identity_desk->restrict_keys(partner, mapped_);
    const bool strict = partner.tolerances.unmapped_is_error;
    const auto stops = [strict](const mappings::Issue& issue) {
        return issue.severity == mappings::Severity::error || (strict && loses_a_value(issue.code));
    };
    if (!mapped_.refused && std::none_of(mapped_.issues.begin(), mapped_.issues.end(), stops)) return;
    receipt_.note = codes_of(mapped_.issues);
    const bool unknown = !mapped_.issues.empty() && mapped_.issues.front().code == "R300";
    if (unknown && partner.tolerances.accept_unknown_events) {
        mode_ = Mode::record;
        receipt_.outcome = Receipt::Outcome::processed;
        return;
    }
    if (unknown) {
        return refuse({hl7v2::AckCode::ar, hl7v2::ErrorCode::unsupported_message_type, "MSH", hl7v2::Position{9},
                       "no map takes this message"},
                      Receipt::Outcome::rejected);
    }
    mode_ = Mode::record;
    receipt_.outcome = Receipt::Outcome::failed;
    verdict_.code = hl7v2::AckCode::ae;
    for (const auto& issue : mapped_.issues) {
        if (!stops(issue) || verdict_.errors.size() == hl7v2::err_entries_max) continue;
        hl7v2::ErrEntry entry;
        entry.code = hl7v2::ErrorCode::application_error;
        read_place(texts_.emplace_back(issue.v2_path), entry);
        entry.user_message = texts_.emplace_back(issue.code + " " + issue.text);
        verdict_.errors.push_back(entry);
    }
}

void Intake::bind_from_snapshot() {
    auto snapshot = services_.store.snapshot();
    if (snapshot.has_error()) return;  // then it is bound inside the transaction
    auto bound = bind_message(**snapshot, services_.writer, mapped_, bind_options());
    if (bound.has_error()) return;
    binding_ = std::move(*bound);
    pack_trace();
}

BindOptions Intake::bind_options() const {
    return {[this] { return services_.store.new_id(); },
            now_fhir_,
            receipt_.correlation,
            envelope_.partner->tolerances.results_are_snapshots,
            arrival_.decision.patient,
            arrival_.decision.release && !arrival_.decision.patient};
}

void Intake::refuse(const Refusal& refusal, Receipt::Outcome outcome) {
    mode_ = Mode::record;
    receipt_.outcome = outcome;
    hl7v2::ErrEntry entry;
    entry.code = refusal.error;
    entry.segment = texts_.emplace_back(refusal.segment);
    entry.segment_sequence = refusal.segment.empty() ? 0 : 1;
    entry.position = refusal.position;
    entry.user_message = texts_.emplace_back(refusal.text);
    if (receipt_.note.empty()) receipt_.note = refusal.text;
    verdict_ = Verdict{refusal.code, {entry}, true};
}

void Intake::fail_with(const rest::Fault& fault, const std::string& type) {
    mode_ = Mode::record;
    receipt_.outcome = Receipt::Outcome::failed;
    verdict_ = Verdict{hl7v2::AckCode::ae, {}, true};
    receipt_.note = "invalid " + type;
    for (const auto& issue : fault.issues) {
        if (verdict_.errors.size() == hl7v2::err_entries_max) break;
        hl7v2::ErrEntry entry;
        entry.code = hl7v2::ErrorCode::application_error;
        entry.user_message = texts_.emplace_back(issue.expression + ": " + issue.text);
        verdict_.errors.push_back(entry);
        if (receipt_.note.size() < 400) receipt_.note += "; " + issue.expression;
    }
}

void Intake::make_replies_now() {
    if (query_answer_ && receipt_.outcome == Receipt::Outcome::processed) {
        // the response is the application's answer; a sender in enhanced mode gets its accept acknowledgement before
        receipt_.replies.clear();
        if (hl7v2::accept_acknowledgement_due(envelope_.asks, hl7v2::Receipt::kept)) {
            receipt_.replies.push_back(hl7v2::acknowledge(envelope_.message->view(), hl7v2::AckCode::ca, {},
                                                          {.now = now_hl7_, .control_id = accept_id_}));
        }
        receipt_.replies.push_back(query_answer_->message);
        receipt_.code = query_answer_->code;
        return;
    }
    receipt_.replies = make_replies(envelope_, verdict_, reply_context());
    receipt_.code = summary_code(envelope_, verdict_);
}

ReplyContext Intake::reply_context() const noexcept {
    return {now_hl7_, accept_id_, application_id_, expected_sequence_};
}

/// A message of its own in the sender's queue, with all that the message caused in one transaction.
storage::Result<void> Intake::answer_apart(storage::Transaction& transaction, storage::InboxId id) {
    if (!arrival_.answer_of.empty() || arrival_.decision.of != 0) return {};
    auto answer = make_deferred_reply(envelope_, verdict_, reply_context());
    if (!answer) return {};
    storage::OutboxMessage message;
    message.partner = receipt_.partner;
    message.kind = envelope_.event.empty() ? "ACK" : "ACK^" + envelope_.event;
    message.control_id = application_id_;
    message.payload = std::move(*answer);
    message.origin = id;
    message.correlation = receipt_.correlation;
    if (services_.router != nullptr) return services_.router->queue(transaction, std::move(message));
    const auto queued = transaction.enqueue(message);
    if (queued.has_error()) return queued.error();
    return {};
}

/// A part is found by its pointer until the last one has come; then all of them are what it made of them.
storage::Result<void> Intake::settle_fragments(storage::Transaction& transaction, storage::InboxId id) {
    if (!fragment_) return {};
    if (!fragment_->to.empty()) {
        if (receipt_.outcome != Receipt::Outcome::held) return {};
        const auto noted = transaction.add_note(fragment_note(receipt_.partner, fragment_->to), std::to_string(id),
                                                transaction.now_us() + fragment_patience_us);
        if (noted.has_error()) return noted.error();
        if (!*noted) return Failure{FailureCode::busy, "the continuation pointer is in use"};
        return {};
    }
    for (const auto part : whole_.parts) {
        const auto row = transaction.inbox(part);
        if (row.has_error()) return row.error();
        if (!*row) continue;
        auto done = transaction.set_inbox(part, InboxState::processed, (*row)->message.acknowledgement,
                                          fmt::format("a fragment of inbox {}", id));
        if (done.has_error()) return done;
    }
    for (const auto& note : whole_.notes)
        if (const auto removed = transaction.remove_note(note); removed.has_error()) return removed.error();
    return {};
}

storage::InboxMessage Intake::inbox_row(InboxState state) const {
    storage::InboxMessage row;
    row.channel = receipt_.partner.empty() ? arrival_.channel : receipt_.partner;
    row.application = envelope_.application;
    row.facility = envelope_.facility;
    row.control_id = envelope_.control_id;
    row.kind = receipt_.kind;
    row.hash = envelope_.hash;
    row.raw = envelope_.raw;
    row.packed = raw_;
    row.received_us = services_.clock.now_us();
    row.state = state;
    for (const auto& reply : receipt_.replies) row.acknowledgement += reply;
    row.note = receipt_.note;
    if (arrival_.decision.of != 0)
        row.note = fmt::format("message {} again{}{}", arrival_.decision.of, row.note.empty() ? "" : ": ", row.note);
    row.correlation = receipt_.correlation;
    return row;
}

storage::Result<void> Intake::run(storage::Transaction& transaction) {
    return mode_ == Mode::process ? process(transaction) : record(transaction);
}

/// The same message again: the stored answer. What failed before is processed anew, because it had no effect.
storage::Result<bool> Intake::answered_before(storage::Transaction& transaction) {
    duplicate_ = false;
    if (arrival_.decision.of != 0) return false;
    const auto since = transaction.now_us() - static_cast<std::int64_t>(settings_->duplicate_window_days) * day_us;
    auto before = transaction.find_duplicate(inbox_row(InboxState::received), since);
    if (before.has_error()) return before.error();
    receipt_.reused_control_id = before->other_content != 0;
    if (!before->same) return false;
    const auto& earlier = before->same->message;
    if (earlier.state != InboxState::processed && earlier.state != InboxState::received) return false;
    duplicate_ = true;
    receipt_.id = before->same->id;
    receipt_.replies = split_replies(earlier.acknowledgement);
    receipt_.correlation = earlier.correlation;
    return true;
}

storage::Result<void> Intake::process(storage::Transaction& transaction) {
    const auto before = answered_before(transaction);
    if (before.has_error()) return before.error();
    if (*before) return {};
    const auto numbered = answered_by_sequence(transaction);
    if (numbered.has_error()) return numbered.error();
    if (*numbered) return keep(transaction);
    const auto current = binding_ ? binding_->holds_for(transaction) : Result<bool>(false);
    if (current.has_error()) return current.error();
    if (!*current) {
        auto bound = bind_message(transaction, services_.writer, mapped_, bind_options());
        if (bound.has_error()) return bound.error();
        binding_ = std::move(*bound);
        pack_trace();
    }
    if (binding_->fault) return Failure{FailureCode::refused, "a resource of the message is not valid"};
    receipt_.outcome = binding_->hold ? Receipt::Outcome::held : Receipt::Outcome::processed;
    if (binding_->hold) receipt_.note = "held: " + binding_->hold->reason;
    verdict_ = {};
    make_replies_now();
    const auto id = transaction.add_inbox(inbox_row(state_of(receipt_.outcome)));
    if (id.has_error()) return id.error();
    receipt_.id = *id;
    if (!binding_->hold) {
        if (auto done = write_all(transaction, *id); done.has_error()) return done;
        if (services_.tasks != nullptr) {
            auto done =
                services_.tasks->told(transaction, receipt_.partner, mapped_.structure, binding_->told, principal_);
            if (done.has_error()) return done;
        }
    }
    if (auto done = settle_fragments(transaction, *id); done.has_error()) return done;
    if (auto done = answer_apart(transaction, *id); done.has_error()) return done;
    if (auto done = transaction.put_trace(*id, trace_); done.has_error()) return done;
    if (auto done = audit(transaction); done.has_error()) return done;
    if (services_.router != nullptr && !binding_->hold)
        return services_.router->accepted(transaction, envelope_, *id, receipt_.correlation);
    return {};
}

/// ADT^A29: the record is deleted; its history stays.
storage::Result<void> Intake::erase_patients(storage::Transaction& transaction, const rest::WriteContext& context) {
    for (const auto& name : binding_->names) {
        if (name.type != "Patient") continue;
        const auto erased = services_.writer.erase(transaction, name.type, name.id, context);
        if (erased.has_error()) return erased.error();
        receipt_.resources += *erased ? 1 : 0;
    }
    return {};
}

storage::Result<void> Intake::write_all(storage::Transaction& transaction, storage::InboxId id) {
    if (envelope_.type == "ADT" && envelope_.event == "A29") {
        receipt_.resources = 0;
        return erase_patients(transaction, {.principal = principal_,
                                            .kind = storage::WriteKind::erase,
                                            .if_version = {},
                                            .origin = id,
                                            .correlation = receipt_.correlation});
    }
    receipt_.resources = 0;
    for (const auto& write : binding_->writes) {
        const rest::WriteContext context{.principal = principal_,
                                         .kind = storage::WriteKind::update,
                                         .if_version = write.if_version,
                                         .origin = id,
                                         .correlation = receipt_.correlation,
                                         .skip_same_content = false,
                                         .fresh = write.fresh};
        const auto written = services_.writer.write(transaction, write.draft, context);
        if (written.has_error()) return written.error();
        ++receipt_.resources;
    }
    // after the resources, whose rows they name
    for (const auto& [key, name] : binding_->identities) {
        if (auto done = transaction.set_identity(key, name); done.has_error()) return done;
    }
    if (services_.identity_events == nullptr) return {};
    for (const auto& event : mapped_.events) {
        if (event.survivor >= binding_->names.size() || event.other >= binding_->names.size()) continue;
        auto done = services_.identity_events->happened(transaction, event.kind, binding_->names[event.survivor],
                                                        binding_->names[event.other], principal_);
        if (done.has_error()) return done;
    }
    return {};
}

/// The sender's numbers (MSH-13), if it uses them: whether that decides the message, so that it is not processed. The
/// state is written in the message's own transaction, before its acknowledgement leaves.
storage::Result<bool> Intake::answered_by_sequence(storage::Transaction& transaction) {
    namespace sequence = hl7v2::sequence;
    using Action = sequence::ReceiverStep::Action;
    if (arrival_.decision.of != 0 || envelope_.partner == nullptr || !envelope_.partner->sequence_numbers ||
        envelope_.message == nullptr || envelope_.refusal || envelope_.is_acknowledgement() ||
        receipt_.outcome == Receipt::Outcome::rejected)
        return false;
    const auto name = "exchange.sequence.in." + envelope_.partner->name;
    const auto stored = transaction.note(name);
    if (stored.has_error()) return stored.error();
    const sequence::ReceiverState state{*stored ? sequence::parse(**stored) : std::nullopt};
    const auto step = sequence::receive(state, sequence::read(envelope_.message->view()));
    expected_sequence_ = step.expected;
    if (step.next != state) {
        const auto text = step.next.last ? std::to_string(*step.next.last) : std::string("none");
        if (auto done = transaction.set_note(name, text); done.has_error()) return done.error();
    }
    switch (step.action) {
        case Action::not_in_use:
        case Action::process:
            return false;
        case Action::repeat:
        case Action::header_only:
            verdict_ = {};
            receipt_.outcome =
                step.action == Action::repeat ? Receipt::Outcome::duplicate : Receipt::Outcome::processed;
            receipt_.note = step.action == Action::repeat ? "its sequence number was accepted before"
                                                          : "sequence number: start of the link";
            return true;
        case Action::refuse:
            refuse({hl7v2::AckCode::ae, hl7v2::ErrorCode::application_error, "MSH", hl7v2::Position{13},
                    "not the sequence number expected"},
                   Receipt::Outcome::failed);
            verdict_.stored = false;  // CE in enhanced mode: the sender must not go on
            return true;
    }
    return false;
}

/// A deferred application acknowledgement, or one that came late: it belongs to a message of ours.
storage::Result<void> Intake::settle_answered(storage::Transaction& transaction) {
    const auto settled = settle_stray_answer(transaction, receipt_.partner, envelope_.raw, services_.tasks);
    if (settled.has_error()) return settled.error();
    settled_ = *settled;
    const bool trouble =
        settled_.effect == StrayAnswer::Effect::regretted || settled_.effect == StrayAnswer::Effect::parked;
    receipt_.outcome = trouble ? Receipt::Outcome::failed : Receipt::Outcome::processed;
    receipt_.note = fmt::format("an acknowledgement by itself: {}", to_string(settled_.effect));
    if (settled_.id != 0) receipt_.note += fmt::format(", outbox {}", settled_.id);
    return {};
}

storage::Result<void> Intake::record(storage::Transaction& transaction) {
    if (envelope_.is_acknowledgement() && !envelope_.refusal && receipt_.outcome != Receipt::Outcome::rejected) {
        if (auto done = settle_answered(transaction); done.has_error()) return done;
    }
    if (fragment_) {
        const auto before = answered_before(transaction);
        if (before.has_error()) return before.error();
        if (*before) return {};
    }
    const auto numbered = answered_by_sequence(transaction);
    if (numbered.has_error()) return numbered.error();
    return keep(transaction);
}

/// The row and its answer, without any other effect.
storage::Result<void> Intake::keep(storage::Transaction& transaction) {
    make_replies_now();
    const auto id = transaction.add_inbox(inbox_row(state_of(receipt_.outcome)));
    if (id.has_error()) return id.error();
    receipt_.id = *id;
    if (auto done = settle_fragments(transaction, *id); done.has_error()) return done;
    if (!query_answer_) {
        if (auto done = answer_apart(transaction, *id); done.has_error()) return done;
    }
    return audit(transaction);
}

storage::Result<void> Intake::audit(storage::Transaction& transaction) {
    security::AuditEntry entry;
    entry.at_us = transaction.now_us();
    entry.principal = principal_;
    entry.interaction = security::Interaction::message_in;
    entry.type = receipt_.kind;
    entry.id = envelope_.control_id;
    entry.outcome = receipt_.code;
    entry.correlation = receipt_.correlation;
    const auto row = transaction.append_audit(security::render(entry));
    if (row.has_error()) return row.error();
    return {};
}

std::string Intake::trace() const {
    std::string json = "{\"structure\":";
    fhir::append_json_string(mapped_.structure, json);
    json += ",\"leaves\":" + std::to_string(mapped_.leaves) + ",\"unread\":" + std::to_string(mapped_.residue.size());
    const auto list = [&](std::string_view name, std::size_t size, auto&& item) {
        json += ",\"" + std::string(name) + "\":[";
        for (std::size_t i = 0; i < std::min(size, traced_max); ++i) {
            if (i > 0) json += ',';
            fhir::append_json_string(item(i), json);
        }
        json += ']';
    };
    list("resources", binding_->names.size(),
         [&](std::size_t i) { return binding_->names[i].type + "/" + binding_->names[i].id; });
    list("residue", mapped_.residue.size(), [&](std::size_t i) { return mapped_.residue[i].path; });
    list("issues", mapped_.issues.size(),
         [&](std::size_t i) { return mapped_.issues[i].code + " " + mapped_.issues[i].v2_path; });
    json += ",\"stale\":" + std::to_string(binding_->stale) + ",\"unchanged\":" + std::to_string(binding_->unchanged);
    if (binding_->hold) {
        const auto& hold = *binding_->hold;
        json += ",\"held\":";
        fhir::append_json_string(hold.reason, json);
        json += ",\"expected\":";
        fhir::append_json_string(hold.expected.type + "/" + hold.expected.id, json);
        json += ",\"found\":";
        fhir::append_json_string(hold.found.type + "/" + hold.found.id, json);
    }
    return json + "}";
}

void Intake::pack_trace() {
    std::vector<std::string> names;
    for (const auto& name : binding_->names) names.push_back(name.type + "/" + name.id);
    trace_ = services_.store.pack(join_trace(trace(), names, lineage_));
}

void Intake::not_stored(const storage::Failure& failure) {
    refuse({hl7v2::AckCode::ar, hl7v2::ErrorCode::internal_error, {}, {}, "the message could not be stored"},
           Receipt::Outcome::not_stored);
    receipt_.note = failure.message;
    receipt_.id = 0;
    receipt_.resources = 0;
    verdict_.stored = false;
    make_replies_now();
}

bool Intake::conclude(const storage::Result<void>& outcome) {
    if (outcome.has_value()) {
        if (duplicate_) {
            receipt_.outcome = Receipt::Outcome::duplicate;
            receipt_.code = summary_code(envelope_, Verdict{});
            receipt_.resources = 0;
        }
        if (services_.settled &&
            (settled_.effect == StrayAnswer::Effect::delivered || settled_.effect == StrayAnswer::Effect::parked))
            services_.settled(receipt_.partner, settled_.id);
        return true;
    }
    const auto& failure = outcome.error();
    if (mode_ == Mode::process) {
        if (failure.code == FailureCode::refused && binding_ && binding_->fault) {
            fail_with(*binding_->fault, binding_->fault_type);
            return false;
        }
        const bool ours = failure.code == FailureCode::internal || failure.code == FailureCode::refused ||
                          failure.code == FailureCode::corrupt || failure.code == FailureCode::version_conflict ||
                          failure.code == FailureCode::not_found;
        if (ours) {
            refuse({hl7v2::AckCode::ae, hl7v2::ErrorCode::internal_error, {}, {}, "internal error"},
                   Receipt::Outcome::failed);
            receipt_.note = failure.message;
            return false;
        }
    }
    not_stored(failure);
    return true;
}

Receipt Intake::receipt() && { return std::move(receipt_); }

}  // namespace causeway::exchange
