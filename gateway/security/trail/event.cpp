#include "gateway/security/trail/event.hpp"

#include <charconv>

#include "fhir/model/builder.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/storage/resource.hpp"

namespace causeway::security {
namespace {

using fhir::MutableElement;

constexpr std::string_view dcm = "http://dicom.nema.org/resources/ontology/DCM";
constexpr std::string_view rest_interaction = "http://hl7.org/fhir/restful-interaction";
constexpr std::string_view event_type = "http://terminology.hl7.org/CodeSystem/audit-event-type";
constexpr std::string_view entity_type = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
constexpr std::string_view object_role = "http://terminology.hl7.org/CodeSystem/object-role";
constexpr std::string_view balp_entity = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
constexpr std::string_view participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
constexpr std::string_view own_operation = "http://causeway.example.org/fhir/CodeSystem/audit-operation";

struct Coding {
    std::string_view system, code, display;
};

void put(MutableElement to, const Coding& coding) {
    to.member("system").set_string(coding.system);
    to.member("code").set_string(coding.code);
    if (!coding.display.empty()) to.member("display").set_string(coding.display);
}

constexpr Coding source_role{dcm, "110153", "Source Role ID"};
constexpr Coding destination_role{dcm, "110152", "Destination Role ID"};
constexpr Coding application{dcm, "110150", "Application"};

/// What kind of event it is: its type, its action, and in which direction the data went.
struct Shape {
    Coding type{event_type, "rest", "RESTful Operation"};
    std::string_view action;
    Coding client = source_role, server = destination_role;
    std::string subtype{};  ///< a RESTful interaction
};

Shape shape_of(const AuditRecord& record) {
    const auto& did = record.did;
    const Coding custodian{"http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian",
                           "Custodian"};
    Shape shape;
    shape.subtype = did;
    if (did == "read" || did == "vread") {
        shape.action = "R";
        std::swap(shape.client, shape.server);
    } else if (did == "history") {
        shape.action = "R";
        shape.subtype = record.type.empty() ? "history-system"
                        : record.id.empty() ? "history-type"
                                            : "history-instance";
        std::swap(shape.client, shape.server);
    } else if (did == "create") {
        shape.action = "C";
    } else if (did == "update" || did == "patch") {
        shape.action = "U";
    } else if (did == "delete") {
        shape.action = "D";
        shape.client = application;
        shape.server = custodian;
    } else if (did == "search") {
        shape.action = "E";
        shape.subtype = record.type.empty() ? "search-system" : "search-type";
    } else if (did == "message-in") {
        shape = {{dcm, "110107", "Import"}, "C", source_role, destination_role, {}};
    } else if (did == "message-out") {
        // We are the source; the partner is the destination.
        shape = {{dcm, "110106", "Export"}, "R", destination_role, source_role, {}};
    } else if (did == "admin-read" || did == "admin-write") {
        shape = {{dcm, "110100", "Application Activity"}, did == "admin-read" ? "R" : "E", application, custodian, {}};
    } else if (did == "operation" && record.type.empty() &&
               (record.operation == "token" || record.operation == "revoke" || record.operation == "introspect" ||
                record.operation == "authenticate")) {
        shape = {{dcm, "110114", "User Authentication"}, "E", application, custodian, {}};
    } else if (did == "operation" && record.operation == node_authentication) {
        shape = {{dcm, "110113", "Security Alert"}, "E", application, custodian, {}};
    } else {
        shape.action = "E";
    }
    return shape;
}

std::string_view outcome_code(const AuditRecord& record) {
    if (record.status >= 500 || record.operation == node_authentication) return "8";
    if (record.status == 401 || record.status == 403) return "8";
    if (record.status >= 400) return "4";
    if (record.did == "message-in" && (record.outcome == "AE" || record.outcome == "CE")) return "4";
    if (record.did == "message-in" && (record.outcome == "AR" || record.outcome == "CR")) return "8";
    return "0";
}

void add_agents(MutableElement event, const AuditRecord& record, const Shape& shape) {
    const bool person = record.kind == "operator";
    auto client = event.append("agent");
    put(client.member("type").append("coding"), shape.client);
    client.member("who").member("identifier").member("value").set_string(record.who.empty() ? "unknown" : record.who);
    client.member("requestor").set_boolean(!person);
    if (!record.token.empty()) client.append("policy").set_string("urn:causeway:token:" + record.token);
    if (!record.from.empty()) {
        client.member("network").member("address").set_string(record.from);
        client.member("network").member("type").set_string("2");
    }
    auto server = event.append("agent");
    put(server.member("type").append("coding"), shape.server);
    server.member("who").member("display").set_string("Causeway");
    server.member("requestor").set_boolean(false);
    if (!person) return;
    auto user = event.append("agent");
    const bool receives = shape.action == "R" || record.did == "search";
    put(user.member("type").append("coding"), receives ? Coding{participation, "IRCP", "information recipient"}
                                                       : Coding{participation, "AUT", "author (originator)"});
    user.member("who").member("identifier").member("value").set_string(record.who.empty() ? "unknown" : record.who);
    user.member("requestor").set_boolean(true);
}

void add_purpose(MutableElement event, const AuditRecord& record) {
    if (record.purpose.empty()) return;
    auto purpose = event.append("purposeOfEvent");
    put(purpose.append("coding"), {"http://terminology.hl7.org/CodeSystem/v3-ActReason", "BTG", "break the glass"});
    purpose.member("text").set_string(record.purpose);
}

void add_entities(MutableElement event, const AuditRecord& record, std::string_view patient) {
    const bool message =
        record.did == "message-in" || (record.did == "message-out" && record.operation != "notification");
    if (message) {
        auto entity = event.append("entity");
        put(entity.member("type"), {entity_type, "2", "System Object"});
        put(entity.member("role"), {object_role, "4", "Domain Resource"});
        if (!record.id.empty()) entity.member("what").member("identifier").member("value").set_string(record.id);
        auto detail = entity.append("detail");
        detail.member("type").set_string("MSH-9");
        detail.member("valueString").set_string(record.type.empty() ? "unknown" : record.type);
    } else if (record.did == "admin-read" || record.did == "admin-write") {
        auto entity = event.append("entity");
        put(entity.member("type"), {entity_type, "2", "System Object"});
        put(entity.member("role"), {object_role, "20", "Job"});
        entity.member("name").set_string(record.id.empty() ? "admin" : record.id);
    } else if (!record.request.empty()) {
        auto entity = event.append("entity");
        put(entity.member("type"), {entity_type, "2", "System Object"});
        put(entity.member("role"), {object_role, "24", "Query"});
        entity.member("query").set_string(record.request);
    }
    if (!message && !record.type.empty() && !record.id.empty() && record.did != "search") {
        auto entity = event.append("entity");
        std::string reference = record.type + "/" + record.id;
        if (record.version > 0) reference += "/_history/" + std::to_string(record.version);
        entity.member("what").member("reference").set_string(reference);
        put(entity.member("type"), {entity_type, "2", "System Object"});
        put(entity.member("role"), {object_role, "4", "Domain Resource"});
    }
    if (!patient.empty()) {
        auto entity = event.append("entity");
        entity.member("what").member("reference").set_string("Patient/" + std::string(patient));
        put(entity.member("type"), {entity_type, "1", "Person"});
        put(entity.member("role"), {object_role, "1", "Patient"});
    }
    if (!record.correlation.empty()) {
        auto entity = event.append("entity");
        entity.member("what").member("identifier").member("value").set_string(record.correlation);
        put(entity.member("type"), {balp_entity, "XrequestId", {}});
    }
}

std::string instant(std::int64_t at_us) {
    std::string out;
    storage::append_instant(at_us, out);
    return out;
}

}  // namespace

fhir::DocumentPtr audit_event(const AuditRecord& record, std::size_t n) {
    fhir::DocumentBuilder builder("AuditEvent");
    auto event = builder.root();
    const Shape shape = shape_of(record);
    event.member("id").set_string(audit_event_id(record.sequence, n));
    event.member("meta").member("versionId").set_string("1");
    event.member("meta").member("lastUpdated").set_string(instant(record.at_us));
    put(event.member("type"), shape.type);
    if (!shape.subtype.empty()) put(event.append("subtype"), {rest_interaction, shape.subtype, {}});
    if (record.operation == node_authentication)
        put(event.append("subtype"), {dcm, "110126", "Node Authentication"});
    else if (!record.operation.empty())
        put(event.append("subtype"), {own_operation, record.operation, {}});
    event.member("action").set_string(shape.action);
    event.member("recorded").set_string(instant(record.at_us));
    event.member("outcome").set_string(outcome_code(record));
    if (!record.outcome.empty())
        event.member("outcomeDesc").set_string(record.outcome);
    else if (record.status >= 400)
        event.member("outcomeDesc").set_string("HTTP status " + std::to_string(record.status));
    add_purpose(event, record);
    add_agents(event, record, shape);
    event.member("source").member("observer").member("display").set_string("Causeway");
    put(event.member("source").append("type"),
        {"http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server"});
    add_entities(event, record, record.patient_of(n));
    return std::move(builder).finish();
}

std::string audit_event_id(std::int64_t sequence, std::size_t n) {
    std::string id = "row-" + std::to_string(sequence);
    if (n > 0) id += "-" + std::to_string(n);
    return id;
}

std::optional<std::pair<std::int64_t, std::size_t>> read_audit_event_id(std::string_view id) {
    if (!id.starts_with("row-")) return std::nullopt;
    std::pair<std::int64_t, std::size_t> out{0, 0};
    const auto* const end = id.data() + id.size();
    auto [at, error] = std::from_chars(id.data() + 4, end, out.first);
    if (error != std::errc{} || out.first < 1) return std::nullopt;
    if (at != end) {
        if (*at != '-') return std::nullopt;
        const auto second = std::from_chars(at + 1, end, out.second);
        if (second.ec != std::errc{} || second.ptr != end || out.second == 0) return std::nullopt;
    }
    return audit_event_id(out.first, out.second) == id ? std::optional(out) : std::nullopt;
}

}  // namespace causeway::security
