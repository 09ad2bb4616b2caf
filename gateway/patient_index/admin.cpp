#include "gateway/patient_index/admin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
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
    if (path == "/admin/reviews") return reviews(**snapshot, query);
    constexpr std::string_view patients = "/admin/patients/";
    if (path.starts_with(patients)) return patient(**snapshot, path.substr(patients.size()));
    return fault(404, "there is no such view");
}

void AdminHandler::handle(http::Request request, http::Reply reply) {
    using security::Interaction;
    if (request.method != http::Method::get && request.method != http::Method::head)
        return reply(fault(405, "identities can only be looked at here"));
    security::AuditEntry entry;
    entry.at_us = services_.clock.now_us();
    entry.principal = http::principal_of(request);
    entry.interaction = Interaction::admin_read;
    entry.id = request.path();
    entry.correlation = request.id;
    const auto decision = services_.door.authorize(entry.principal, {Interaction::admin_read, {}, {}, {}});
    if (!decision.allowed) return reply(fault(403, decision.reason));
    if (!services_.reads.record(entry)) return reply(fault(503, "the audit trail cannot be written"));
    reply(read(request.path(), request.query()));
}

}  // namespace causeway::patient_index
