#include "gateway/exchange/pharmacy_rules.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/exchange/candidate.hpp"
#include "gateway/exchange/v2_time.hpp"

namespace causeway::exchange {
namespace {

using namespace hl7v2::literals;
using storage::ResourceName;
using storage::Transaction;

constexpr std::string_view business_event = "urn:causeway:ext:orc-1";

std::string_view event_of(fhir::Element resource) {
    for (const auto extension : resource["extension"].items())
        if (extension["url"].text() == business_event) return extension["valueCode"].text();
    return {};
}

std::string_view kind_of(fhir::Element identifier) { return identifier["type"]["coding"].first()["code"].text(); }

std::string partner_of(const Envelope& envelope) {
    return envelope.partner != nullptr ? envelope.partner->name : std::string("unknown");
}

/// The order's numbers name the order, not the proposal: they become its priorPrescription.
fhir::DocumentPtr as_proposal(const fhir::DocumentPtr& order, const Envelope& envelope) {
    auto builder = fhir::DocumentBuilder::edit(order);
    auto root = builder.root();
    root.member("intent").set_string("proposal");
    root.member("status").set_string("draft");
    fhir::Element prior;
    for (const std::string_view kind : {"PLAC", "FILL"})
        for (const auto each : order->root()["identifier"].items())
            if (!prior && kind_of(each) == kind && each["value"].has_value()) prior = each;
    if (prior) root.member("priorPrescription").member("identifier").copy_from(prior);
    root.remove("identifier");
    auto own = root.append("identifier");
    own.member("system").set_string("urn:causeway:message:" + partner_of(envelope));
    own.member("value").set_string(envelope.control_id);
    if (envelope.partner != nullptr) {
        root.remove("requester");
        auto requester = root.member("requester");
        requester.member("type").set_string("Organization");
        requester.member("identifier").member("system").set_string("urn:causeway:partner");
        requester.member("identifier").member("value").set_string(envelope.partner->name);
        if (!envelope.partner->facility.empty()) requester.member("display").set_string(envelope.partner->facility);
    }
    return std::move(builder).finish();
}

/// ORC-1 and ORC-5 of the orders of a message, in their order.
std::vector<std::pair<std::string, std::string>> orders_of(const hl7v2::MessageView& message) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto segment : message)
        if (segment.name() == "ORC") out.emplace_back(segment.field(1).value().text(), segment.field(5).value().text());
    return out;
}

std::string_view dispense_status(std::string_view control, std::string_view status) {
    if (control == "UF" || status == "CA") return "declined";
    if (status == "A" || status == "IP") return "in-progress";
    return {};
}

std::string key_of(std::string_view proposal_id) {
    return "Task|approve|MedicationRequest/" + std::string(proposal_id);
}

struct Stored {
    fhir::DocumentPtr document;  ///< null: there is none
    std::int64_t version = 0;
};
storage::Result<Stored> read(storage::Reader& reader, const ResourceName& name) {
    auto stored = reader.read(name.type, name.id);
    if (stored.has_error()) return stored.error();
    if (!*stored || (*stored)->erased()) return Stored{};
    const auto number = (*stored)->version.number;
    auto document = fhir::parse_json(std::move((*stored)->body.json));
    if (document.has_error()) return storage::Failure{storage::FailureCode::corrupt, "a resource cannot be read"};
    return Stored{std::move(*document), number};
}

}  // namespace

void apply_pharmacy_rules(const Envelope& envelope, mappings::ForwardResult& mapped) {
    if (envelope.message == nullptr || mapped.refused) return;
    const bool from_pharmacy = envelope.partner != nullptr && envelope.partner->kind == PartnerKind::pharmacy;
    const bool order = mapped.structure == "RDE_O11" || mapped.structure == "OMP_O09";
    const auto controls = mapped.structure == "RDS_O13" ? orders_of(envelope.message->view())
                                                        : std::vector<std::pair<std::string, std::string>>();
    std::size_t dispenses = 0, proposals = 0;
    for (auto& resource : mapped.resources) {
        if (order && resource.type == "MedicationRequest" && resource.doc->root()["intent"].text() == "order") {
            const auto event = event_of(resource.doc->root());
            if (event != "RF" && !(event == "XO" && from_pharmacy)) continue;
            resource.doc = as_proposal(resource.doc, envelope);
            mappings::replace_keys(mapped, resource,
                                   {"MedicationRequest|proposal|" + partner_of(envelope) + "|" + envelope.control_id +
                                    "|" + std::to_string(++proposals)});
        } else if (resource.type == "MedicationDispense" && dispenses < controls.size()) {
            const auto& [control, state] = controls[dispenses++];
            const auto status = dispense_status(control, state);
            if (status.empty()) continue;
            auto builder = fhir::DocumentBuilder::edit(resource.doc);
            builder.root().member("status").set_string(status);
            resource.doc = std::move(builder).finish();
        }
    }
}

bool answers_renewal(const std::vector<fhir::DocumentPtr>& resources) {
    for (const auto item : resources.front()->root()["basedOn"].items()) {
        const auto parts = relative_reference(item);
        for (const auto& each : resources)
            if (parts.type == "MedicationRequest" && each->id() == parts.id &&
                each->root()["intent"].text() == "proposal")
                return true;
    }
    return false;
}

storage::Result<void> RenewalTasks::written(Transaction& transaction, const rest::Written& written,
                                            const security::Principal& principal) {
    if (written.type != "MedicationRequest" || written.same_content || !written.document) return {};
    const auto root = written.document->root();
    const auto status = root["status"].text();
    if (root["intent"].text() == "proposal") {
        if (status == "draft" && written.created) return asked(transaction, written, principal);
        if (status == "cancelled" || status == "stopped") return denied(transaction, written, principal);
        return {};
    }
    return status == "active" && root["basedOn"].size() > 0 ? approved(transaction, written, principal)
                                                            : storage::Result<void>();
}

storage::Result<void> RenewalTasks::asked(Transaction& transaction, const rest::Written& written,
                                          const security::Principal& principal) const {
    const auto proposal = written.document->root();
    fhir::DocumentBuilder builder("Task");
    auto root = builder.root();
    root.member("status").set_string("requested");
    root.member("intent").set_string("proposal");
    auto coding = root.member("code").append("coding");
    coding.member("system").set_string("http://hl7.org/fhir/CodeSystem/task-code");
    coding.member("code").set_string("approve");
    root.member("description")
        .set_string(event_of(proposal) == "XO" ? "change asked for by the pharmacy"
                                               : "renewal asked for by the pharmacy");
    root.member("focus").member("reference").set_string("MedicationRequest/" + std::string(written.id));
    if (const auto subject = proposal["subject"]) root.member("for").copy_from(subject);
    const auto now = fhir_instant(transaction.now_us());
    root.member("authoredOn").set_string(now);
    root.member("lastModified").set_string(now);
    if (const auto requester = proposal["requester"]) root.member("requester").copy_from(requester);
    if (const auto reason = proposal["statusReason"]) root.member("reasonCode").copy_from(reason);
    const auto draft = writer_.prepare(std::move(builder).finish());
    if (draft.has_error())
        return storage::Failure{storage::FailureCode::internal, "the Task of a renewal is not valid"};
    const auto made = writer_.write(transaction, *draft, {.principal = principal, .if_version = {}, .correlation = {}});
    if (made.has_error()) return made.error();
    return transaction.set_identity(key_of(written.id), {"Task", draft->id});
}

storage::Result<void> RenewalTasks::approved(Transaction& transaction, const rest::Written& written,
                                             const security::Principal& principal) const {
    for (const auto item : written.document->root()["basedOn"].items()) {
        const auto parts = relative_reference(item);
        if (parts.type != "MedicationRequest") continue;
        const auto known = transaction.identity(key_of(parts.id));
        if (known.has_error()) return known.error();
        if (!*known) continue;
        const auto& name = **known;
        const auto task = read(transaction, name);
        if (task.has_error()) return task.error();
        if (task->document && task->document->root()["status"].text() == "requested") {
            auto builder = fhir::DocumentBuilder::edit(task->document);
            auto root = builder.root();
            root.member("status").set_string("completed");
            root.member("lastModified").set_string(fhir_instant(transaction.now_us()));
            auto output = root.append("output");
            output.member("type").member("text").set_string("MedicationRequest");
            output.member("valueReference")
                .member("reference")
                .set_string("MedicationRequest/" + std::string(written.id));
            auto done = put(transaction, name, std::move(builder).finish(), task->version, principal);
            if (done.has_error()) return done;
        }
        const ResourceName proposal{"MedicationRequest", std::string(parts.id)};
        const auto stored = read(transaction, proposal);
        if (stored.has_error()) return stored.error();
        if (stored->document && stored->document->root()["status"].text() == "draft") {
            auto builder = fhir::DocumentBuilder::edit(stored->document);
            builder.root().member("status").set_string("completed");
            auto done = put(transaction, proposal, std::move(builder).finish(), stored->version, principal);
            if (done.has_error()) return done;
        }
    }
    return {};
}

storage::Result<void> RenewalTasks::denied(Transaction& transaction, const rest::Written& written,
                                           const security::Principal& principal) const {
    const auto known = transaction.identity(key_of(written.id));
    if (known.has_error()) return known.error();
    if (!*known) return {};
    const auto task = read(transaction, **known);
    if (task.has_error()) return task.error();
    if (!task->document || task->document->root()["status"].text() != "requested") return {};
    auto builder = fhir::DocumentBuilder::edit(task->document);
    auto root = builder.root();
    root.member("status").set_string("rejected");
    root.member("lastModified").set_string(fhir_instant(transaction.now_us()));
    if (const auto reason = written.document->root()["statusReason"]) root.member("statusReason").copy_from(reason);
    return put(transaction, **known, std::move(builder).finish(), task->version, principal);
}

storage::Result<void> RenewalTasks::put(Transaction& transaction, const ResourceName& name, fhir::DocumentPtr document,
                                        std::int64_t if_version, const security::Principal& principal) const {
    const auto draft = writer_.prepare(std::move(document), name.id);
    if (draft.has_error())
        return storage::Failure{storage::FailureCode::internal, "a resource of a renewal is not valid"};
    const auto done =
        writer_.write(transaction, *draft, {.principal = principal, .if_version = if_version, .correlation = {}});
    if (done.has_error()) return done.error();
    return {};
}

}  // namespace causeway::exchange
