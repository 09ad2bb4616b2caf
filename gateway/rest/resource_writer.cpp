#include "gateway/rest/resource_writer.hpp"

#include "fhir/json/json.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/validate/validate.hpp"
#include "gateway/rest/subscription.hpp"
#include "gateway/rest/subset.hpp"

namespace causeway::rest {

using fhir::IssueCode;

ResourceWriter::ResourceWriter(storage::Store& store, Options options) : store_(store), options_(std::move(options)) {}

Outcome<Draft> ResourceWriter::prepare(fhir::DocumentPtr document, std::string id, std::string_view json) const {
    if (!fhir::r4::is_resource_type(document->resource_type()))
        return fault(400, IssueCode::structure,
                     "The body is not a FHIR R4 resource: resourceType is missing or unknown");
    if (is_subsetted(document->root()))
        return fault(422, IssueCode::business_rule,
                     "The resource is tagged SUBSETTED: writing it would erase what was left out", "Resource.meta.tag");
    fhir::Issues warnings;
    if (auto checked = check(*document, warnings); checked.has_error()) return checked.error();
    if (document->resource_type() == "Subscription")
        if (auto read = read_subscription(document); read.has_error()) return read.error();
    if (document->resource_type() == "SearchParameter") {
        Fault refused;
        refused.status = 422;
        fhir::search::read_search_parameter(document->root(), refused.issues);
        if (!refused.issues.empty()) return refused;
    }
    if (id.empty()) id = store_.new_id();
    auto draft = index(std::move(document), std::move(id), json);
    if (draft) draft->warnings = std::move(warnings);
    return draft;
}

Outcome<void> ResourceWriter::check(const fhir::Document& document, fhir::Issues& warnings) const {
    Fault refused;
    refused.status = 400;
    for (fhir::Issue& issue : fhir::validate_structure(document)) {
        const bool error = issue.severity == fhir::Severity::error || issue.severity == fhir::Severity::fatal;
        (error ? refused.issues : warnings).push_back(std::move(issue));
    }
    if (!refused.issues.empty()) return refused;
    return {};
}

Outcome<Draft> ResourceWriter::with_id(const Draft& draft, std::string id) const {
    return index(draft.document, std::move(id), draft.body->json);
}

Outcome<Draft> ResourceWriter::index(fhir::DocumentPtr document, std::string id, std::string_view json) const {
    Draft draft;
    draft.type = document->resource_type();
    draft.id = std::move(id);
    std::string text;
    if (json.empty()) {
        fhir::write_json(document->root(), text);
        json = text;
    }
    auto body = storage::prepare_body(json, draft.type, draft.id);
    if (body.has_error()) return fault_of(body.error());
    fhir::search::ExtractOptions reading{options_.zone_offset_minutes, options_.base_url, 20'000};
    if (options_.custom) reading.custom = options_.custom();
    const auto extraction = fhir::search::extract(document, reading);
    const auto contained = fhir::search::extract_contained(document, reading);
    std::vector<fhir::search::SearchValue> inner;
    for (const auto& one : contained) inner.insert(inner.end(), one.values.begin(), one.values.end());
    draft.prepared = store_.prepare(draft.type, draft.id, *body, extraction.values.values(), inner);
    draft.body = std::make_shared<const storage::PreparedBody>(std::move(*body));
    draft.document = std::move(document);
    return draft;
}

storage::Result<Written> ResourceWriter::write(storage::Transaction& transaction, const Draft& draft,
                                               const WriteContext& context) const {
    Written written;
    written.type = draft.type;
    written.id = draft.id;
    written.document = draft.document;
    if (context.skip_same_content && context.kind != storage::WriteKind::create) {
        auto current = transaction.read(draft.type, draft.id);
        if (current.has_error()) return current.error();
        if (*current && !(*current)->erased() && (*current)->body.json == draft.body->json &&
            (!context.if_version || *context.if_version == (*current)->version.number)) {
            written.version = (*current)->version;
            written.same_content = true;
            return written;
        }
    }
    auto result = transaction.put({draft.prepared, context.kind, context.if_version, context.origin, context.fresh});
    if (result.has_error()) return result.error();
    written.version = result->version;
    written.created = result->created;
    if (auto done = after(transaction, written, context); done.has_error()) return done.error();
    return written;
}

storage::Result<std::optional<Written>> ResourceWriter::erase(storage::Transaction& transaction, std::string_view type,
                                                              std::string_view id, const WriteContext& context) const {
    auto result = transaction.erase(type, id, context.if_version, context.origin);
    if (result.has_error()) return result.error();
    if (!*result) return std::optional<Written>();
    Written written;
    written.type = type;
    written.id = id;
    written.version = (*result)->version;
    written.erased = true;
    if (auto done = after(transaction, written, context); done.has_error()) return done.error();
    return std::optional(written);
}

/// The audit row and the observers, in the same transaction.
storage::Result<void> ResourceWriter::after(storage::Transaction& transaction, const Written& written,
                                            const WriteContext& context) const {
    security::AuditEntry entry;
    entry.at_us = written.version.at_us;
    entry.principal = context.principal;
    entry.interaction = written.erased                              ? security::Interaction::delete_
                        : written.created                           ? security::Interaction::create
                        : context.kind == storage::WriteKind::patch ? security::Interaction::patch
                                                                    : security::Interaction::update;
    entry.type = written.type;
    entry.id = written.id;
    entry.version = written.version.number;
    entry.correlation = context.correlation;
    entry.status = written.erased ? 204 : written.created ? 201 : 200;
    if (written.document) entry.patient = patient_of(written.type, written.id, written.document->root());
    if (auto audited = transaction.append_audit(security::render(entry)); audited.has_error()) return audited.error();
    for (WriteObserver* observer : observers_)
        if (auto observed = observer->written(transaction, written, context.principal); observed.has_error())
            return observed.error();
    return {};
}

std::string_view patient_of(std::string_view type, std::string_view id, fhir::Element resource) {
    if (type == "Patient") return id;
    for (const std::string_view name :
         {std::string_view("subject"), std::string_view("patient"), std::string_view("beneficiary")}) {
        std::string_view reference = resource[name]["reference"].text();
        const auto at = reference.rfind("Patient/");
        if (at == std::string_view::npos || (at > 0 && reference[at - 1] != '/')) continue;
        reference.remove_prefix(at + 8);
        return reference.substr(0, reference.find('/'));
    }
    return {};
}

}  // namespace causeway::rest
