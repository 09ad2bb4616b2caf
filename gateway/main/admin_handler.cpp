#include "gateway/main/admin_handler.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <charconv>
#include <optional>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/patient_index/identity.hpp"

namespace causeway {
namespace {

using fhir::DocumentBuilder;
using fhir::MutableElement;

http::Response json(DocumentBuilder builder, unsigned status = 200) {
    std::string body;
    const auto document = std::move(builder).finish();
    fhir::write_json(document->root(), body);
    http::Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.headers.add("Cache-Control", "no-store");
    response.body = http::Body(std::move(body));
    return response;
}

http::Response fault(unsigned status, std::string_view text) {
    DocumentBuilder builder;
    builder.root().as_object().member("error").set_string(text);
    return json(std::move(builder), status);
}

http::Response fault(const storage::Failure& failure) {
    return fault(failure.code == storage::FailureCode::not_found ? 404 : 503, failure.message);
}

std::string_view parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') return pair.substr(name.size() + 1);
        if (end == std::string_view::npos) break;
        query.remove_prefix(end + 1);
    }
    return {};
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

std::size_t limit(std::string_view query) {
    const auto asked = number(parameter(query, "limit"));
    return asked ? static_cast<std::size_t>(std::clamp<std::int64_t>(*asked, 1, 1000)) : 50;
}

constexpr std::pair<std::string_view, storage::InboxState> inbox_states[] = {{"received", storage::InboxState::received},
                                                                           {"processed", storage::InboxState::processed},
                                                                           {"failed", storage::InboxState::failed},
                                                                           {"rejected", storage::InboxState::rejected}};
constexpr std::pair<std::string_view, storage::OutboxState> outbox_states[] = {{"pending", storage::OutboxState::pending},
                                                                             {"delivered", storage::OutboxState::delivered},
                                                                             {"dead", storage::OutboxState::dead},
                                                                             {"cancelled", storage::OutboxState::cancelled}};

template <class State, std::size_t n>
std::string_view name_of(const std::pair<std::string_view, State> (&names)[n], State state) {
    for (const auto& [name, value] : names)
        if (value == state) return name;
    return "unknown";
}

template <class State, std::size_t n>
std::optional<State> state_of(const std::pair<std::string_view, State> (&names)[n], std::string_view text) {
    for (const auto& [name, value] : names)
        if (name == text) return value;
    return std::nullopt;
}

/// A message's bytes may be of any character set: base64 keeps them all (RFC 4648, section 4).
std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
        for (std::size_t j = 0; j < 4; ++j)
            out += i + j <= bytes.size() ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
    return out;
}

void text_if(MutableElement out, std::string_view name, std::string_view value) {
    if (!value.empty()) out.member(name).set_string(value);
}

void describe(MutableElement out, const storage::InboxRow& row) {
    const auto& message = row.message;
    out.as_object();
    out.member("id").set_number(row.id);
    out.member("receivedUs").set_number(message.received_us);
    out.member("state").set_string(name_of(inbox_states, message.state));
    text_if(out, "kind", message.kind);
    text_if(out, "channel", message.channel);
    text_if(out, "application", message.application);
    text_if(out, "facility", message.facility);
    text_if(out, "controlId", message.control_id);
    text_if(out, "note", message.note);
    text_if(out, "correlation", message.correlation);
}

void describe(MutableElement out, const storage::OutboxRow& row) {
    out.as_object();
    out.member("id").set_number(row.id);
    out.member("partner").set_string(row.message.partner);
    out.member("state").set_string(name_of(outbox_states, row.state));
    out.member("attempts").set_number(row.attempts);
    out.member("createdUs").set_number(row.created_us);
    out.member("changedUs").set_number(row.changed_us);
    if (row.state == storage::OutboxState::pending) out.member("dueUs").set_number(row.message.due_us);
    text_if(out, "kind", row.message.kind);
    text_if(out, "controlId", row.message.control_id);
    text_if(out, "correlation", row.message.correlation);
    text_if(out, "note", row.note);
    if (row.message.origin != 0) out.member("origin").set_number(row.message.origin);
    if (row.replay_of != 0) out.member("replayOf").set_number(row.replay_of);
}

http::Response messages(storage::Reader& reader, std::string_view query) {
    storage::InboxQuery wanted;
    wanted.count = limit(query);
    wanted.before = number(parameter(query, "before")).value_or(0);
    if (const auto state = parameter(query, "state"); !state.empty()) {
        wanted.state = state_of(inbox_states, state);
        if (!wanted.state) return fault(400, "state is one of received, processed, failed, rejected");
    }
    const auto rows = reader.inbox(wanted);
    if (rows.has_error()) return fault(rows.error());
    DocumentBuilder builder;
    auto list = builder.root().as_object().member("messages").as_array();
    for (const auto& row : *rows) describe(list.append_item(), row);
    return json(std::move(builder));
}

http::Response message(storage::Reader& reader, storage::InboxId id) {
    const auto row = reader.inbox(id);
    if (row.has_error()) return fault(row.error());
    if (!*row) return fault(404, "no message has this number");
    DocumentBuilder builder;
    auto root = builder.root().as_object();
    describe(root, **row);
    root.member("rawBase64").set_string(base64((*row)->message.raw));
    root.member("acknowledgementBase64").set_string(base64((*row)->message.acknowledgement));
    if (const auto written = reader.written_by(id, 1000); written.has_value()) {
        auto list = root.member("resources").as_array();
        for (const auto& match : *written) list.append_item().set_string(match.name.type + "/" + match.name.id + "/_history/" + std::to_string(match.version.number));
    }
    if (const auto trace = reader.trace(id); trace.has_value() && *trace) root.member("trace").set_string(**trace);
    return json(std::move(builder));
}

http::Response outbox(storage::Reader& reader, std::string_view query) {
    storage::OutboxQuery wanted;
    wanted.count = limit(query);
    wanted.before = number(parameter(query, "before")).value_or(0);
    wanted.partner = parameter(query, "partner");
    if (const auto state = parameter(query, "state"); !state.empty()) {
        wanted.state = state_of(outbox_states, state);
        if (!wanted.state) return fault(400, "state is one of pending, delivered, dead, cancelled");
    }
    const auto rows = reader.outbox(wanted);
    if (rows.has_error()) return fault(rows.error());
    DocumentBuilder builder;
    auto list = builder.root().as_object().member("outbox").as_array();
    for (const auto& row : *rows) describe(list.append_item(), row);
    return json(std::move(builder));
}

std::string_view name_of(patient_index::EventKind kind) {
    using patient_index::EventKind;
    switch (kind) {
        case EventKind::created: return "new";
        case EventKind::linked: return "linked";
        case EventKind::possible: return "possible";
        case EventKind::merged: return "merged";
        case EventKind::unmerged: return "unmerged";
        case EventKind::not_the_same: return "not the same";
        case EventKind::possible_duplicate: return "possible duplicate";
        case EventKind::kept: return "kept";
        case EventKind::erased: return "erased";
    }
    return "unknown";
}

/// The logical id of a Patient by its number; empty if it cannot be read.
std::string patient_id(storage::Reader& reader, storage::Rid record) {
    if (record == 0) return {};
    const auto stored = reader.read(record);
    return stored.has_value() && *stored ? (*stored)->id : std::string{};
}

void describe(MutableElement out, storage::Reader& reader, const storage::LinkEvent& event) {
    const auto data = patient_index::EventData::read(event.data);
    out.as_object();
    out.member("sequence").set_number(event.sequence);
    out.member("atUs").set_number(event.at_us);
    out.member("what").set_string(name_of(static_cast<patient_index::EventKind>(event.kind)));
    out.member("source").set_string(event.source == 0 ? "AUTO" : event.source == 1 ? "MANUAL" : "FEED");
    if (event.person != 0) out.member("person").set_number(event.person);
    if (event.other_person != 0) out.member("otherPerson").set_number(event.other_person);
    text_if(out, "otherPatient", patient_id(reader, event.other_record));
    if (data.weighed) out.member("weight").set_number(fmt::format("{:.2f}", data.weight));
    if (data.truncated) out.member("truncated").set_boolean(true);
    text_if(out, "rule", data.rule);
    text_if(out, "evidence", data.evidence);
    text_if(out, "model", data.model);
    text_if(out, "user", data.user);
}

void describe(MutableElement out, storage::Reader& reader, const storage::Review& review) {
    const auto data = patient_index::EventData::read(review.data);
    out.as_object();
    out.member("id").set_number(review.review);
    out.member("open").set_boolean(review.open);
    out.member("priority").set_number(review.priority);
    text_if(out, "patient", patient_id(reader, review.record));
    text_if(out, "otherPatient", patient_id(reader, review.other_record));
    out.member("person").set_number(review.person);
    out.member("otherPerson").set_number(review.other_person);
    if (data.weighed) out.member("weight").set_number(fmt::format("{:.2f}", data.weight));
    text_if(out, "rule", data.rule);
    text_if(out, "evidence", data.evidence);
}

http::Response patient(storage::Reader& reader, std::string_view id) {
    const auto stored = reader.read("Patient", id);
    if (stored.has_error()) return fault(stored.error());
    if (!*stored) return fault(404, "no Patient has this id");
    const auto record = reader.patients().record((*stored)->version.rid);
    if (record.has_error()) return fault(record.error());
    if (!*record) return fault(404, "the patient index holds no record of this Patient");
    const auto events = reader.patients().events_of_record((*record)->record, 100);
    if (events.has_error()) return fault(events.error());
    const auto reviews = reader.patients().reviews_of_record((*record)->record, 100);
    if (reviews.has_error()) return fault(reviews.error());
    DocumentBuilder builder;
    auto root = builder.root().as_object();
    root.member("patient").set_string(id);
    root.member("person").set_number((*record)->person);
    auto decisions = root.member("decisions").as_array();
    for (const auto& event : *events) describe(decisions.append_item(), reader, event);
    auto queue = root.member("reviews").as_array();
    for (const auto& review : *reviews) describe(queue.append_item(), reader, review);
    return json(std::move(builder));
}

http::Response reviews(storage::Reader& reader, std::string_view query) {
    const auto open = reader.patients().open_reviews(std::nullopt, limit(query));
    if (open.has_error()) return fault(open.error());
    DocumentBuilder builder;
    auto list = builder.root().as_object().member("reviews").as_array();
    for (const auto& review : *open) describe(list.append_item(), reader, review);
    return json(std::move(builder));
}

}  // namespace

http::Response AdminHandler::read(std::string_view path, std::string_view query) {
    const auto snapshot = services_.store.snapshot();
    if (snapshot.has_error()) return fault(snapshot.error());
    storage::Reader& reader = **snapshot;
    if (path == "/admin/messages") return messages(reader, query);
    if (path == "/admin/outbox") return outbox(reader, query);
    if (path == "/admin/reviews") return reviews(reader, query);
    if (path.starts_with("/admin/messages/")) {
        const auto id = number(path.substr(16));
        return id ? message(reader, *id) : fault(404, "a message's id is a number");
    }
    if (path.starts_with("/admin/patients/")) return patient(reader, path.substr(16));
    return fault(404, "there is no such view");
}

void AdminHandler::replay(storage::OutboxId id, const security::Principal& principal, const std::string& request_id, http::Reply reply) {
    security::AuditEntry entry;
    entry.at_us = services_.clock.now_us();
    entry.principal = principal;
    entry.interaction = security::Interaction::admin_write;
    entry.operation = "replay";
    entry.id = std::to_string(id);
    entry.correlation = request_id;
    struct Replayed {
        storage::OutboxId id;
        std::string partner;
    };
    auto job = [id, row = security::render(entry)](storage::Transaction& transaction) -> storage::Result<Replayed> {
        const auto copy = transaction.replay(id);
        if (copy.has_error()) return copy.error();
        const auto original = transaction.outbox(id);
        if (original.has_error()) return original.error();
        const auto appended = transaction.append_audit(row);
        if (appended.has_error()) return appended.error();
        return Replayed{*copy, *original ? (*original)->message.partner : std::string{}};
    };
    auto finish = [queued = services_.queued, reply](storage::Result<Replayed> outcome) {
        if (outcome.has_error()) return reply(fault(outcome.error()));
        if (queued) queued(outcome->partner);
        DocumentBuilder builder;
        builder.root().as_object().member("id").set_number(outcome->id);
        reply(json(std::move(builder), 201));
    };
    storage::transact(services_.store, std::move(job), std::move(finish));
}

void AdminHandler::handle(http::Request request, http::Reply reply) {
    using security::Interaction;
    const security::Principal principal{security::Principal::Kind::client, "anonymous", request.peer ? request.peer->address : std::string{}};
    const bool reading = request.method == http::Method::get || request.method == http::Method::head;
    const auto decision = services_.door.authorize(principal, {reading ? Interaction::admin_read : Interaction::admin_write, {}, {}, {}});
    if (!decision.allowed) return reply(fault(403, decision.reason));
    const std::string path(request.path());
    if (reading) {
        security::AuditEntry entry;
        entry.at_us = services_.clock.now_us();
        entry.principal = principal;
        entry.interaction = Interaction::admin_read;
        entry.id = path;
        entry.correlation = request.id;
        if (!services_.reads.record(entry)) return reply(fault(503, "the audit trail cannot be written"));
        boost::asio::post(services_.pool, [this, path, query = std::string(request.query()), reply] { reply(read(path, query)); });
        return;
    }
    constexpr std::string_view prefix = "/admin/outbox/", suffix = "/replay";
    if (request.method == http::Method::post && path.starts_with(prefix) && path.ends_with(suffix)) {
        const auto id = number(std::string_view(path).substr(prefix.size(), path.size() - prefix.size() - suffix.size()));
        if (id) return replay(*id, principal, request.id, std::move(reply));
    }
    reply(fault(404, "there is no such action"));
}

}  // namespace causeway
