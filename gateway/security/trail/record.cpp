#include "gateway/security/trail/record.hpp"

#include <charconv>

#include "fhir/json/json.hpp"

namespace causeway::security {
namespace {

template <class Number>
void read_number(fhir::Element element, Number& out) {
    const auto text = element.text();
    std::from_chars(text.data(), text.data() + text.size(), out);
}

}  // namespace

std::optional<AuditRecord> read_audit_record(const storage::AuditRow& row) {
    const auto document = fhir::parse_json(row.event);
    if (document.has_error() || (*document)->root().kind() != fhir::Kind::object) return std::nullopt;
    const auto root = (*document)->root();
    AuditRecord record;
    record.sequence = row.sequence;
    record.at_us = row.at_us;
    read_number(root["at"], record.at_us);
    read_number(root["version"], record.version);
    read_number(root["status"], record.status);
    const auto text = [&](const char* name, std::string& out) { out = root[name].text(); };
    text("kind", record.kind);
    text("who", record.who);
    text("from", record.from);
    text("did", record.did);
    text("operation", record.operation);
    text("type", record.type);
    text("id", record.id);
    text("query", record.query);
    text("request", record.request);
    text("patient", record.patient);
    text("outcome", record.outcome);
    text("correlation", record.correlation);
    text("token", record.token);
    text("purpose", record.purpose);
    for (const auto each : root["patients"].items()) record.patients.emplace_back(each.text());
    return record;
}

}  // namespace causeway::security
