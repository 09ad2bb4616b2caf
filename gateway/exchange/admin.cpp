#include "gateway/exchange/admin.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "fhir/json/json.hpp"
#include "fhir/search/query.hpp"
#include "gateway/exchange/lineage_view.hpp"
#include "gateway/exchange/numbered_link.hpp"
#include "gateway/exchange/outgoing_check.hpp"
#include "gateway/exchange/standing_order.hpp"
#include "gateway/http/fresh_answer.hpp"
#include "gateway/http/principal.hpp"

namespace causeway::exchange {
namespace {

using storage::InboxState;
using storage::OutboxState;

constexpr std::array<std::pair<std::string_view, InboxState>, 4> inbox_states = {{{"received", InboxState::received},
                                                                                  {"processed", InboxState::processed},
                                                                                  {"failed", InboxState::failed},
                                                                                  {"rejected", InboxState::rejected}}};
constexpr std::array<std::pair<std::string_view, OutboxState>, 4> outbox_states = {
    {{"pending", OutboxState::pending},
     {"delivered", OutboxState::delivered},
     {"dead", OutboxState::dead},
     {"cancelled", OutboxState::cancelled}}};

template <class State, std::size_t n>
std::string_view name_of(const std::array<std::pair<std::string_view, State>, n>& names, State state) {
    for (const auto& [name, known] : names) {
        if (known == state) return name;
    }
    return "?";
}
template <class State, std::size_t n>
std::optional<State> state_of(const std::array<std::pair<std::string_view, State>, n>& names, std::string_view text) {
    for (const auto& [name, state] : names) {
        if (name == text) return state;
    }
    return std::nullopt;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1) return std::nullopt;
    return value;
}

/// One JSON object under construction.
class Object {
public:
    Object& text(std::string_view name, std::string_view value) {
        if (value.empty()) return *this;
        key(name);
        // Bytes of a message may be in any character set: what is not ASCII is shown as Latin-1.
        std::string shown;
        for (const char c : value) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte == 0) continue;
            if (byte < 0x80) {
                shown += c;
            } else {
                shown += static_cast<char>(0xC0 | byte >> 6);
                shown += static_cast<char>(0x80 | (byte & 0x3F));
            }
        }
        fhir::append_json_string(is_utf8(value) ? value : std::string_view(shown), json_);
        return *this;
    }
    Object& integer(std::string_view name, std::int64_t value) { return raw(name, std::to_string(value)); }
    Object& instant(std::string_view name, storage::TimeUs at_us) {
        std::string value;
        storage::append_instant(at_us, value);
        return text(name, value);
    }
    Object& raw(std::string_view name, std::string_view json) {
        key(name);
        json_ += json;
        return *this;
    }
    std::string done() && { return std::move(json_) + "}"; }

private:
    void key(std::string_view name) {
        json_ += json_.size() == 1 ? "\"" : ",\"";
        json_.append(name).append("\":");
    }
    static bool is_utf8(std::string_view text) {
        for (std::size_t i = 0; i < text.size();) {
            const auto lead = static_cast<unsigned char>(text[i]);
            const std::size_t more = lead < 0x80                   ? 0
                                     : lead >= 0xC2 && lead < 0xE0 ? 1
                                     : lead >= 0xE0 && lead < 0xF0 ? 2
                                     : lead >= 0xF0 && lead < 0xF5 ? 3
                                                                   : 9;
            if (lead == 0 || more == 9 || i + more >= text.size() + (more == 0 ? 1 : 0)) return false;
            for (std::size_t k = 1; k <= more; ++k) {
                if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
            }
            i += more + 1;
        }
        return true;
    }
    std::string json_ = "{";
};

http::Response json_response(std::string body) { return http::fresh_answer(200, "application/json", std::move(body)); }

http::Response failed(const storage::Failure& failure) {
    if (failure.code == storage::FailureCode::not_found)
        return http::outcome_response(404, "not-found", "There is no such message");
    return http::outcome_response(503, "transient", "The store cannot answer now");
}

std::string inbox_json(const storage::InboxRow& row) {
    const auto& message = row.message;
    Object object;
    object.integer("id", row.id).text("state", name_of(inbox_states, message.state)).text("channel", message.channel);
    object.text("kind", message.kind).text("application", message.application).text("facility", message.facility);
    object.text("controlId", message.control_id).instant("received", message.received_us).text("note", message.note);
    return std::move(object.text("correlation", message.correlation)).done();
}

std::string outbox_json(const storage::OutboxRow& row) {
    Object object;
    object.integer("id", row.id).text("state", name_of(outbox_states, row.state)).text("partner", row.message.partner);
    object.text("kind", row.message.kind).text("controlId", row.message.control_id).integer("attempts", row.attempts);
    object.instant("created", row.created_us).instant("changed", row.changed_us).text("note", row.note);
    if (row.state == OutboxState::pending) object.instant("due", std::max(row.message.due_us, row.created_us));
    if (row.message.origin != 0) object.integer("message", row.message.origin);
    if (row.replay_of != 0) object.integer("replayOf", row.replay_of);
    return std::move(object).done();
}

template <class Rows, class Render>
std::string list(std::string_view name, const Rows& rows, Render render) {
    std::string json = "{\"" + std::string(name) + "\":[";
    for (std::size_t i = 0; i < rows.size(); ++i) json += (i == 0 ? "" : ",") + render(rows[i]);
    return json + "]}";
}

storage::Result<std::string> one_inbox(storage::Reader& reader, storage::InboxId id) {
    const auto row = reader.inbox(id);
    if (row.has_error()) return row.error();
    if (!*row) return storage::Failure{storage::FailureCode::not_found, "no such message"};
    auto json = inbox_json(**row);
    json.pop_back();
    Object content;
    content.text("raw", (*row)->message.raw).text("acknowledgement", (*row)->message.acknowledgement);
    if (const auto trace = reader.trace(id); trace.has_value() && *trace)
        content.raw("trace", split_trace(**trace).first);
    if (const auto written = reader.written_by(id, 1'000); written.has_value()) {
        std::string names = "[";
        for (const auto& match : *written)
            names += (names.size() == 1 ? "\"" : ",\"") + match.name.type + "/" + match.name.id + "\"";
        content.raw("resources", names + "]");
    }
    storage::OutboxQuery caused;
    caused.origin = id;
    caused.count = 1'000;
    if (const auto sent = reader.outbox(caused); sent.has_value()) {
        const auto rows = list("outbox", *sent, outbox_json);
        content.raw("outbox", std::string_view(rows).substr(10, rows.size() - 11));
    }
    return json + "," + std::move(content).done().substr(1);
}

/// `lineage?element=Patient.birthDate`, `lineage?place=PID-7`, `provenance`
storage::Result<std::string> lineage_of(storage::Reader& reader, storage::InboxId id, std::string_view view,
                                        const LineageQuery& query) {
    const auto row = reader.inbox(id);
    if (row.has_error()) return row.error();
    const auto trace = reader.trace(id);
    if (trace.has_error()) return trace.error();
    const auto missing = storage::Failure{storage::FailureCode::not_found, "the message has no lineage"};
    if (!*row || !*trace) return missing;
    const auto stored = split_trace(**trace).second;
    const auto& message = (*row)->message;
    std::string at;
    storage::append_instant(message.received_us, at);
    auto json = view == "lineage" ? lineage_json(stored, query)
                                  : provenance_json(stored, message.kind, message.control_id,
                                                    message.facility + "|" + message.application, at);
    if (!json) return missing;
    return std::move(*json);
}

bool read_lineage_query(std::string_view text, LineageQuery& query) {
    const auto parameters = fhir::search::decode_query(text);
    if (parameters.has_error()) return false;
    for (const auto& [name, value] : *parameters) {
        if (name == "resource")
            query.resource = value;
        else if (name == "element")
            query.element = value;
        else if (name == "place")
            query.place = value;
        else if (name == "byte" && number<std::uint32_t>(value))
            query.byte = number<std::uint32_t>(value);
        else
            return false;
    }
    return true;
}

storage::Result<std::string> one_outbox(storage::Reader& reader, storage::OutboxId id) {
    const auto row = reader.outbox(id);
    if (row.has_error()) return row.error();
    if (!*row) return storage::Failure{storage::FailureCode::not_found, "no such message"};
    auto json = outbox_json(**row);
    json.pop_back();
    Object content;
    content.text("payload", (*row)->message.payload)
        .text("acknowledgement", (*row)->acknowledgement)
        .text("orderingKey", (*row)->message.ordering_key);
    if (const auto report = reader.note(conformance_note(id)); report.has_value() && *report)
        content.raw("conformance", **report);
    auto rest = std::move(content).done();
    return json + (rest.size() > 2 ? "," + rest.substr(1) : "}");
}

/// What a list is asked for; nothing, where a parameter is not known or has a value that is none of its own.
struct ListQuery {
    storage::InboxQuery inbox;
    storage::OutboxQuery outbox;
};
std::optional<ListQuery> list_query(bool messages, const std::vector<fhir::search::QueryParameter>& parameters) {
    ListQuery query;
    for (const auto& [name, value] : parameters) {
        if (name == "state") {
            query.inbox.state = state_of(inbox_states, value);
            query.outbox.state = state_of(outbox_states, value);
            if (messages ? !query.inbox.state : !query.outbox.state) return std::nullopt;
        } else if (name == "channel" && messages) {
            query.inbox.channel = value;
        } else if (name == "partner" && !messages) {
            query.outbox.partner = value;
        } else if (name == "origin" && !messages) {
            query.outbox.origin = number<std::int64_t>(value).value_or(-1);
        } else if (name == "before") {
            const auto before = number<std::int64_t>(value);
            if (!before) return std::nullopt;
            query.inbox.before = query.outbox.before = *before;
        } else if (name == "limit") {
            const auto limit = number<std::size_t>(value);
            if (!limit) return std::nullopt;
            query.inbox.count = query.outbox.count = std::min<std::size_t>(*limit, 1'000);
        } else {
            return std::nullopt;
        }
    }
    return query;
}

/// "/admin/outbox/17/replay" -> {"outbox", "17", "replay"}
std::array<std::string_view, 3> path_parts(std::string_view path) {
    std::array<std::string_view, 3> parts;
    constexpr std::string_view prefix = "/admin/";
    if (!path.starts_with(prefix)) return parts;
    path.remove_prefix(prefix.size());
    for (auto& part : parts) {
        const auto end = std::min(path.find('/'), path.size());
        part = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return parts;
}

}  // namespace

std::string AdminHandler::change_row(const security::Principal& principal, std::string id,
                                     std::string_view operation) const {
    security::AuditEntry entry;
    entry.at_us = services_.clock.now_us();
    entry.principal = principal;
    entry.interaction = security::Interaction::admin_write;
    entry.id = std::move(id);
    entry.operation = operation;
    return security::render(entry);
}

void AdminHandler::handle(http::Request request, http::Reply reply) {
    const auto [what, id, verb] = path_parts(request.path());
    const bool get = request.method == http::Method::get || request.method == http::Method::head;
    const bool post =
        request.method == http::Method::post && what == "outbox" && (verb == "replay" || verb == "cancel");
    const security::Principal principal = http::operator_of(request);
    const auto interaction = get ? security::Interaction::admin_read : security::Interaction::admin_write;
    const std::string_view right = !get ? "replay" : id.empty() ? "metadata" : "content";
    if (!services_.door.authorize(principal, {interaction, {}, id, right}).allowed) {
        return reply(http::outcome_response(403, "forbidden", "The operators' interface is not open to this client"));
    }
    if (what != "messages" && what != "outbox")
        return reply(http::outcome_response(404, "not-found", "Only messages and outbox are here"));
    const bool view = what == "messages" && (verb == "lineage" || verb == "provenance");
    if (get && (verb.empty() || view)) return read(request, what, id, verb, principal, reply);
    const bool halts = request.method == http::Method::post && what == "outbox" &&
                       (verb == "pause" || verb == "resume" || verb == "drain");
    if (halts) return control(std::string(id), verb, principal, std::move(reply));
    const bool posted = request.method == http::Method::post;
    if (posted && what == "outbox" && verb == "ask") return ask(request, std::string(id), principal, std::move(reply));
    if (posted && what == "outbox" && verb == "sequence")
        return renumber(std::string(id), request.query(), principal, std::move(reply));
    if (posted && what == "outbox" && id == "replay" && verb.empty())
        return replay_range(request, principal, std::move(reply));
    const auto row = number<storage::OutboxId>(id);
    if (posted && what == "messages" && row && (verb == "release" || verb == "discard" || verb == "replay"))
        return decide(std::move(request), *row, verb, principal, std::move(reply));
    if (!post || !row)
        return reply(http::outcome_response(
            405, "not-supported",
            "GET a list or a message; POST messages/ID/release, discard or replay, outbox/ID/replay or cancel, "
            "outbox/replay, outbox/PARTNER/pause, resume, drain, ask or sequence?next=N"));
    change(request, *row, verb, principal, std::move(reply));
}

void AdminHandler::read(const http::Request& request, std::string_view what, std::string_view id, std::string_view view,
                        const security::Principal& principal, const http::Reply& reply) {
    auto snapshot = services_.store.snapshot();
    if (snapshot.has_error()) return reply(failed(snapshot.error()));
    if (id.empty()) {
        const auto parameters = fhir::search::decode_query(request.query());
        if (parameters.has_error()) return reply(http::outcome_response(400, "invalid", "The query cannot be read"));
        const bool messages = what == "messages";
        const auto query = list_query(messages, *parameters);
        if (!query)
            return reply(http::outcome_response(
                400, "invalid",
                "A parameter is unknown or its value is: state, channel, partner, origin, before, limit"));
        if (messages) {
            const auto rows = (*snapshot)->inbox(query->inbox);
            return reply(rows.has_error() ? failed(rows.error()) : json_response(list("messages", *rows, inbox_json)));
        }
        const auto rows = (*snapshot)->outbox(query->outbox);
        return reply(rows.has_error() ? failed(rows.error()) : json_response(list("outbox", *rows, outbox_json)));
    }
    const auto row = number<std::int64_t>(id);
    if (!row) return reply(http::outcome_response(404, "not-found", "There is no such message"));
    LineageQuery query;
    if (view == "lineage" && !read_lineage_query(request.query(), query))
        return reply(http::outcome_response(400, "invalid", "The parameters are resource, element, place and byte"));
    auto body = !view.empty()        ? lineage_of(**snapshot, *row, view, query)
                : what == "messages" ? one_inbox(**snapshot, *row)
                                     : one_outbox(**snapshot, *row);
    if (body.has_error()) return reply(failed(body.error()));
    security::AuditEntry entry;
    entry.at_us = services_.clock.now_us();
    entry.principal = principal;
    entry.interaction = security::Interaction::admin_read;
    entry.id = std::string(what) + "/" + std::string(id);
    entry.operation = view;
    entry.status = 200;
    if (!services_.reads.record(entry))
        return reply(http::outcome_response(503, "throttled", "Too many reads wait for their audit row"));
    reply(json_response(std::move(*body)));
}

void AdminHandler::control(const std::string& partner, std::string_view verb, const security::Principal& principal,
                           http::Reply reply) {
    QueueOrder order;
    order.verb = verb == "resume"  ? QueueOrder::Verb::run
                 : verb == "pause" ? QueueOrder::Verb::pause
                                   : QueueOrder::Verb::drain;
    const bool known = !services_.numbering || services_.numbering(partner) != Services::Numbering::no_queue;
    auto job = [partner, order, known, row = change_row(principal, "outbox/" + partner, verb)](
                   storage::Transaction& transaction) -> storage::Result<QueueOrder> {
        if (auto audited = transaction.append_audit(row); audited.has_error()) return audited.error();
        auto decided = order;
        if (order.verb == QueueOrder::Verb::drain) {
            storage::OutboxQuery newest;
            newest.partner = partner;
            newest.count = 1;
            const auto rows = transaction.outbox(newest);
            if (rows.has_error()) return rows.error();
            if (!rows->empty()) decided.last = static_cast<std::uint64_t>(rows->front().id);
        }
        if (known)
            if (auto kept = keep_order(transaction, partner, decided); kept.has_error()) return kept.error();
        return decided;
    };
    storage::transact(
        services_.store, std::move(job),
        [reply = std::move(reply), act = services_.control, partner](storage::Result<QueueOrder> decided) {
            if (decided.has_error()) return reply(failed(decided.error()));
            if (!act || !act(partner, *decided))
                return reply(http::outcome_response(404, "not-found", "There is no such queue"));
            reply(json_response(decided->verb == QueueOrder::Verb::run     ? R"({"paused":false})"
                                : decided->verb == QueueOrder::Verb::pause ? R"({"paused":true})"
                                                                           : R"({"draining":true})"));
        });
}

void AdminHandler::ask(const http::Request& request, const std::string& partner, const security::Principal& principal,
                       http::Reply reply) {
    std::optional<QueryKind> kind;
    storage::ResourceName patient;
    const auto parameters = fhir::search::decode_query(request.query());
    bool good = parameters.has_value() && services_.ask;
    if (good)
        for (const auto& [name, value] : *parameters) {
            if (name == "kind" && query_kind(value))
                kind = query_kind(value);
            else if (name == "patient" && value.starts_with("Patient/"))
                patient = {"Patient", value.substr(8)};
            else
                good = false;
        }
    if (!good || !kind || patient.id.empty())
        return reply(http::outcome_response(
            400, "invalid", "The parameters are kind (pix, pdq, history or forecast) and patient (Patient/ID)"));
    auto job = [partner, kind = *kind, patient, act = services_.ask,
                row = change_row(principal, "outbox/" + partner, "ask")](
                   storage::Transaction& transaction) -> storage::Result<storage::OutboxRow> {
        const auto id = act(transaction, partner, kind, patient);
        if (id.has_error()) return id.error();
        if (auto audited = transaction.append_audit(row); audited.has_error()) return audited.error();
        auto queued = transaction.outbox(*id);
        if (queued.has_error()) return queued.error();
        if (!*queued) return storage::Failure{storage::FailureCode::not_found, "no such message"};
        return std::move(**queued);
    };
    storage::transact(services_.store, std::move(job),
                      [reply = std::move(reply)](const storage::Result<storage::OutboxRow>& row) {
                          using storage::FailureCode;
                          if (row.has_value()) return reply(json_response(outbox_json(*row)));
                          const auto& failure = row.error();
                          if (failure.code == FailureCode::not_found)
                              return reply(http::outcome_response(404, "not-found", failure.message));
                          if (failure.code == FailureCode::refused)
                              return reply(http::outcome_response(422, "processing", failure.message));
                          reply(failed(failure));
                      });
}

/// Stored before the queue learns of it: whatever happens then, the next start begins with it.
void AdminHandler::renumber(const std::string& partner, std::string_view query, const security::Principal& principal,
                            http::Reply reply) {
    using Numbering = Services::Numbering;
    const auto parameters = fhir::search::decode_query(query);
    std::optional<std::int64_t> next;
    if (!parameters.has_error() && parameters->size() == 1 && parameters->front().name == "next")
        next = number<std::int64_t>(parameters->front().value);
    if (!next || *next < 1 || *next > hl7v2::sequence::number_max)
        return reply(http::outcome_response(400, "invalid", "next must be a number from 1 to 2000000000"));
    const auto numbering = services_.numbering ? services_.numbering(partner) : Numbering::no_queue;
    if (numbering == Numbering::no_queue)
        return reply(http::outcome_response(404, "not-found", "There is no such queue"));
    if (numbering == Numbering::not_numbered)
        return reply(http::outcome_response(409, "conflict", "The messages to this partner are not numbered"));
    if (numbering == Numbering::running)
        return reply(http::outcome_response(409, "conflict", "Pause the queue first, and let what is under way end"));
    auto job = [row = change_row(principal, "outbox/" + partner, "sequence " + std::to_string(*next)),
                note = NumberedLink::note(partner), link = NumberedLink::from(*next).text()](
                   storage::Transaction& transaction) -> storage::Result<std::int64_t> {
        if (auto done = transaction.set_note(note, link); done.has_error()) return done.error();
        return transaction.append_audit(row);
    };
    storage::transact(services_.store, std::move(job),
                      [reply = std::move(reply), act = services_.renumber, partner,
                       next = *next](storage::Result<std::int64_t> audited) {
                          if (audited.has_error()) return reply(failed(audited.error()));
                          if (act) act(partner, next);
                          reply(json_response(R"({"next":)" + std::to_string(next) + "}"));
                      });
}

void AdminHandler::decide(http::Request request, storage::InboxId id, std::string_view verb,
                          const security::Principal& principal, http::Reply reply) {
    Decision decision;
    decision.verb = verb == "release"   ? Decision::Verb::release
                    : verb == "discard" ? Decision::Verb::discard
                                        : Decision::Verb::replay;
    decision.by = principal.id;
    const auto parameters = fhir::search::decode_query(request.query());
    bool good = parameters.has_value();
    if (good)
        for (const auto& [name, value] : *parameters) {
            const bool patient = name == "patient" && value.starts_with("Patient/") && value.size() > 8;
            if (patient && decision.verb == Decision::Verb::release)
                decision.patient = storage::ResourceName{"Patient", value.substr(8)};
            else
                good = false;
        }
    if (!good)
        return reply(http::outcome_response(400, "invalid", "The only parameter is patient=Patient/ID of release"));
    if (decision.verb == Decision::Verb::replay && !request.body.empty()) decision.bytes = std::move(request.body);
    if (!services_.decide) return reply(http::outcome_response(404, "not-found", "Nothing is decided here"));
    auto job = [row = change_row(principal, "messages/" + std::to_string(id), verb)](
                   storage::Transaction& transaction) -> storage::Result<std::int64_t> {
        return transaction.append_audit(row);
    };
    storage::transact(services_.store, std::move(job),
                      [reply = std::move(reply), act = services_.decide, id,
                       decision = std::move(decision)](storage::Result<std::int64_t> audited) mutable {
                          if (audited.has_error()) return reply(failed(audited.error()));
                          act(id, std::move(decision), [reply](Decided decided) {
                              if (decided.status != 200)
                                  return reply(http::outcome_response(
                                      decided.status, decided.status == 404 ? "not-found" : "conflict", decided.text));
                              Object object;
                              if (decided.id != 0) object.integer("id", decided.id);
                              object.text("outcome", decided.outcome).text("note", decided.note);
                              reply(json_response(std::move(object).done()));
                          });
                      });
}

void AdminHandler::replay_range(const http::Request& request, const security::Principal& principal, http::Reply reply) {
    struct Range {
        std::string partner;
        OutboxState state = OutboxState::dead;
        storage::OutboxId from = 1, to = std::numeric_limits<storage::OutboxId>::max() - 1;
        std::size_t limit = 100;
        bool dry = false;
    } range;
    const auto parameters = fhir::search::decode_query(request.query());
    bool good = parameters.has_value();
    if (good)
        for (const auto& [name, value] : *parameters) {
            const auto amount = number<std::int64_t>(value);
            if (name == "partner")
                range.partner = value;
            else if (name == "state" && state_of(outbox_states, value))
                range.state = *state_of(outbox_states, value);
            else if (name == "from" && amount)
                range.from = *amount;
            else if (name == "to" && amount)
                range.to = *amount;
            else if (name == "limit" && amount && *amount <= 1'000)
                range.limit = static_cast<std::size_t>(*amount);
            else if (name == "dry-run" && (value == "true" || value == "false"))
                range.dry = value == "true";
            else
                good = false;
        }
    if (!good || range.partner.empty() || range.state == OutboxState::pending)
        return reply(http::outcome_response(
            400, "invalid", "The parameters are partner (required), state (not pending), from, to, limit, dry-run"));
    using Rows = std::vector<storage::OutboxRow>;
    auto job = [range, row = change_row(principal, "outbox/" + range.partner,
                                        range.dry ? "replay-range-dry" : "replay-range")](
                   storage::Transaction& transaction) -> storage::Result<Rows> {
        Rows found;
        storage::OutboxQuery query;
        query.partner = range.partner;
        query.state = range.state;
        query.before = range.to + 1;
        query.count = 1'000;
        for (;;) {
            const auto page = transaction.outbox(query);
            if (page.has_error()) return page.error();
            for (const auto& each : *page)
                if (each.id >= range.from) found.push_back(each);
            if (page->size() < query.count || page->back().id <= range.from) break;
            query.before = page->back().id;
        }
        std::reverse(found.begin(), found.end());  // oldest first, as they were
        if (found.size() > range.limit) found.resize(range.limit);
        if (!range.dry) {
            for (auto& each : found) {
                const auto copy = transaction.replay(each.id);
                if (copy.has_error()) return copy.error();
                auto now = transaction.outbox(*copy);
                if (now.has_error()) return now.error();
                if (*now) each = std::move(**now);
            }
        }
        if (auto audited = transaction.append_audit(row); audited.has_error()) return audited.error();
        return found;
    };
    storage::transact(services_.store, std::move(job),
                      [reply = std::move(reply), queued = services_.queued, range](const storage::Result<Rows>& rows) {
                          if (rows.has_error()) return reply(failed(rows.error()));
                          if (queued && !range.dry && !rows->empty()) queued(range.partner);
                          reply(json_response(list("outbox", *rows, outbox_json)));
                      });
}

void AdminHandler::change(http::Request request, storage::OutboxId id, std::string_view verb,
                          const security::Principal& principal, http::Reply reply) {
    auto job = [id, replay = verb == "replay", body = std::move(request.body),
                row = change_row(principal, "outbox/" + std::to_string(id), verb)](
                   storage::Transaction& transaction) -> storage::Result<storage::OutboxRow> {
        auto changed = id;
        if (replay) {
            const auto copy =
                transaction.replay(id, body.empty() ? std::nullopt : std::optional<std::string_view>(body));
            if (copy.has_error()) return copy.error();
            changed = *copy;
        } else if (auto done = transaction.cancel(id, "by an operator"); done.has_error()) {
            return done.error();
        }
        if (auto audited = transaction.append_audit(row); audited.has_error()) return audited.error();
        auto now = transaction.outbox(changed);
        if (now.has_error()) return now.error();
        if (!*now) return storage::Failure{storage::FailureCode::not_found, "no such message"};
        return std::move(**now);
    };
    storage::transact(services_.store, std::move(job),
                      [reply = std::move(reply), queued = services_.queued](storage::Result<storage::OutboxRow> row) {
                          if (row.has_error()) return reply(failed(row.error()));
                          if (queued) queued(row->message.partner);
                          reply(json_response(outbox_json(*row)));
                      });
}

}  // namespace causeway::exchange
