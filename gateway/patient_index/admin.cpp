#include "gateway/patient_index/admin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/http/fresh_answer.hpp"
#include "gateway/http/principal.hpp"
#include "gateway/patient_index/identity.hpp"

namespace causeway::patient_index {
namespace {

using fhir::DocumentBuilder;
using fhir::MutableElement;

http::Response json(DocumentBuilder builder, unsigned status = 200) {
    std::string body;
    const auto document = std::move(builder).finish();
    fhir::write_json(document->root(), body);
    return http::fresh_answer(status, "application/json", std::move(body));
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
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
            return pair.substr(name.size() + 1);
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

void text_if(MutableElement out, std::string_view name, std::string_view value) {
    if (!value.empty()) out.member(name).set_string(value);
}

std::string_view name_of(EventKind kind) {
    switch (kind) {
        case EventKind::created:
            return "new";
        case EventKind::linked:
            return "linked";
        case EventKind::possible:
            return "possible";
        case EventKind::merged:
            return "merged";
        case EventKind::unmerged:
            return "unmerged";
        case EventKind::not_the_same:
            return "not the same";
        case EventKind::possible_duplicate:
            return "possible duplicate";
        case EventKind::kept:
            return "kept";
        case EventKind::erased:
            return "erased";
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
    const auto data = EventData::read(event.data);
    out.as_object();
    out.member("sequence").set_number(event.sequence);
    out.member("atUs").set_number(event.at_us);
    out.member("what").set_string(name_of(static_cast<EventKind>(event.kind)));
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
    const auto data = EventData::read(review.data);
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

/// "1250:17", as `next` gave it.
std::optional<storage::ReviewCursor> cursor(std::string_view text) {
    storage::ReviewCursor out;
    const auto [colon, error] = std::from_chars(text.data(), text.data() + text.size(), out.priority);
    if (error != std::errc{} || colon == text.data() + text.size() || *colon != ':') return std::nullopt;
    const auto id = number(text.substr(static_cast<std::size_t>(colon - text.data()) + 1));
    if (!id) return std::nullopt;
    out.review = *id;
    return out;
}

http::Response reviews(storage::Reader& reader, std::string_view query) {
    const auto after = parameter(query, "after");
    const auto from = cursor(after);
    if (!after.empty() && !from) return fault(400, "after is what next said");
    const auto size = limit(query);
    const auto open = reader.patients().open_reviews(from, size);
    if (open.has_error()) return fault(open.error());
    DocumentBuilder builder;
    auto root = builder.root().as_object();
    auto list = root.member("reviews").as_array();
    for (const auto& review : *open) describe(list.append_item(), reader, review);
    if (open->size() == size)
        root.member("next").set_string(fmt::format("{}:{}", open->back().priority, open->back().review));
    return json(std::move(builder));
}

http::Response one_review(storage::Reader& reader, std::string_view id) {
    const auto asked = number(id);
    if (!asked) return fault(404, "there is no such review");
    const auto review = reader.patients().review(*asked);
    if (review.has_error()) return fault(review.error());
    if (!*review) return fault(404, "there is no such review");
    DocumentBuilder builder;
    describe(builder.root().as_object(), reader, **review);
    return json(std::move(builder));
}

/// One decision of an operator, as its path and body say it.
struct Order {
    enum class Kind : std::uint8_t { resolve, link, part } kind = Kind::resolve;
    storage::ReviewId review = 0;
    bool same = false;
    std::string patient, other;
};

std::optional<Order> read_order(std::string_view path, std::string_view text) {
    auto parsed = fhir::parse_json(std::string(text));
    if (parsed.has_error()) return std::nullopt;
    const auto body = (*parsed)->root();
    Order out;
    constexpr std::string_view reviews = "/admin/reviews/", patients = "/admin/patients/";
    if (path.starts_with(reviews)) {
        const auto id = number(path.substr(reviews.size()));
        if (!id || body["same"].kind() != fhir::Kind::boolean) return std::nullopt;
        out.review = *id;
        out.same = body["same"].text() == "true";
        return out;
    }
    if (!path.starts_with(patients)) return std::nullopt;
    path.remove_prefix(patients.size());
    const auto slash = path.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto verb = path.substr(slash + 1);
    if (verb != "link" && verb != "not-the-same") return std::nullopt;
    out.kind = verb == "link" ? Order::Kind::link : Order::Kind::part;
    out.patient = path.substr(0, slash);
    out.other = body["patient"].text();
    return out.other.empty() ? std::optional<Order>() : std::optional(std::move(out));
}

}  // namespace

http::Response AdminHandler::read(std::string_view path, std::string_view query) {
    const auto snapshot = services_.store.snapshot();
    if (snapshot.has_error()) return fault(snapshot.error());
    if (path == "/admin/reviews") return reviews(**snapshot, query);
    constexpr std::string_view review = "/admin/reviews/";
    if (path.starts_with(review)) return one_review(**snapshot, path.substr(review.size()));
    constexpr std::string_view patients = "/admin/patients/";
    if (path.starts_with(patients)) return patient(**snapshot, path.substr(patients.size()));
    return fault(404, "there is no such view");
}

void AdminHandler::handle(http::Request request, http::Reply reply) {
    using security::Interaction;
    security::AuditEntry entry;
    entry.at_us = services_.clock.now_us();
    entry.principal = http::operator_of(request);
    if (request.method == http::Method::post) {
        const auto decision =
            services_.door.authorize(entry.principal, {Interaction::admin_write, {}, {}, "identities"});
        if (!decision.allowed) return reply(fault(403, decision.reason));
        return decide(request, entry.principal, std::move(reply));
    }
    if (request.method != http::Method::get && request.method != http::Method::head)
        return reply(fault(405, "GET what is known, or POST a decision"));
    entry.interaction = Interaction::admin_read;
    entry.id = request.path();
    entry.correlation = request.id;
    const auto decision = services_.door.authorize(entry.principal, {Interaction::admin_read, {}, {}, "identities"});
    if (!decision.allowed) return reply(fault(403, decision.reason));
    if (!services_.reads.record(entry)) return reply(fault(503, "the audit trail cannot be written"));
    reply(read(request.path(), request.query()));
}

void AdminHandler::decide(const http::Request& request, const security::Principal& principal, http::Reply reply) {
    auto order = read_order(request.path(), request.body);
    if (!order)
        return reply(fault(
            400,
            "POST reviews/R {\"same\": true or false}, or patients/ID/link or not-the-same {\"patient\": \"ID\"}"));
    security::AuditEntry entry;
    entry.at_us = services_.clock.now_us();
    entry.principal = principal;
    entry.interaction = security::Interaction::admin_write;
    entry.id = request.path();
    entry.correlation = request.id;
    auto job = [&index = services_.index, order = std::move(*order), user = principal.id,
                row = security::render(entry)](storage::Transaction& transaction) -> storage::Result<Refusal> {
        const Actor actor{EventSource::manual, user, transaction.now_us()};
        const auto outcome =
            order.kind == Order::Kind::resolve ? index.resolve(transaction, order.review, order.same, actor)
            : order.kind == Order::Kind::link  ? index.link(transaction, order.patient, order.other, actor)
                                               : index.unlink(transaction, order.patient, order.other, actor);
        if (outcome.has_error()) return outcome.error();
        if (*outcome == Refusal::none)
            if (auto audited = transaction.append_audit(row); audited.has_error()) return audited.error();
        return *outcome;
    };
    storage::transact(services_.store, std::move(job),
                      [reply = std::move(reply)](const storage::Result<Refusal>& outcome) {
                          if (outcome.has_error()) return reply(fault(outcome.error()));
                          if (*outcome == Refusal::no_such_review || *outcome == Refusal::unknown_record)
                              return reply(fault(404, refusal_text(*outcome)));
                          if (*outcome != Refusal::none) return reply(fault(409, refusal_text(*outcome)));
                          DocumentBuilder builder;
                          builder.root().as_object().member("done").set_boolean(true);
                          reply(json(std::move(builder)));
                      });
}

}  // namespace causeway::patient_index
