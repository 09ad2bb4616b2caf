#include "gateway/patient_index/merge_operation.hpp"

#include <fmt/core.h>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/patient_index/person_lookup.hpp"
#include "gateway/rest/answer.hpp"

namespace causeway::patient_index {
namespace {

using fhir::DocumentPtr;
using fhir::IssueCode;
using rest::Fault;

constexpr std::size_t listed_max = 100;

fhir::Element parameter_value(const DocumentPtr& body, std::string_view name) {
    if (!body || body->resource_type() != "Parameters") return {};
    for (const auto each : body->root()["parameter"].items()) {
        if (each["name"].text() != name) continue;
        for (const auto member : each.children())
            if (member.name().starts_with("value")) return member;
    }
    return {};
}

/// One of the two patients as the caller named it.
struct Named {
    std::string id, system, value;
    bool empty() const { return id.empty() && value.empty(); }
};

Named read_name(const rest::Call& call, const DocumentPtr& body, std::string_view which) {
    Named out;
    const auto element = parameter_value(body, which);
    auto reference = element.is_object() ? element["reference"].text() : rest::input(call, body, which);
    if (reference.starts_with(call.base)) reference.remove_prefix(std::min(call.base.size() + 1, reference.size()));
    if (reference.starts_with("Patient/")) reference.remove_prefix(8);
    out.id = reference;
    const auto by_identifier = std::string(which) + "-identifier";
    const auto identifier = parameter_value(body, by_identifier);
    if (identifier.is_object()) {
        out.system = identifier["system"].text();
        out.value = identifier["value"].text();
    } else if (const auto text = rest::input(call, body, by_identifier); !text.empty()) {
        const auto bar = text.find('|');
        out.system = bar == std::string_view::npos ? std::string_view() : text.substr(0, bar);
        out.value = bar == std::string_view::npos ? text : text.substr(bar + 1);
    }
    return out;
}

struct Side {
    std::string id;
    storage::Rid record = 0;
    std::int64_t version = 0;
    DocumentPtr patient;
};

/// The whole of one request, kept until its transaction has committed.
struct MergeStep {
    bool undo = false, preview = false;
    Named source_name, target_name;
    DocumentPtr result;
    Side source, target;
    std::vector<std::string> moved;  ///< patients that change their person
    std::int64_t event = 0;
    std::optional<Fault> fault;
    DocumentPtr answer;
};

storage::Result<void> stop(MergeStep& step, unsigned status, IssueCode code, std::string text) {
    step.fault = rest::fault(status, code, std::move(text));
    return storage::Failure{storage::FailureCode::refused, "merge refused"};
}

storage::Result<void> resolve(storage::Reader& reader, MergeStep& step, const Named& name, std::string_view which,
                              Side& side) {
    side.id = name.id;
    if (side.id.empty()) {
        const auto known = reader.identity(exchange::identity_key("Patient", {}, name.system, name.value)).value();
        if (known && known->type == "Patient") side.id = known->id;
    }
    auto stored = side.id.empty() ? std::optional<storage::StoredResource>() : reader.read("Patient", side.id).value();
    if (!stored || stored->erased())
        return stop(step, 404, IssueCode::not_found, fmt::format("there is no such {}", which));
    side.record = stored->version.rid;
    side.version = stored->version.number;
    auto parsed = fhir::parse_json(std::move(stored->body.json));
    if (parsed.has_error()) return storage::Failure{storage::FailureCode::corrupt, "a stored Patient cannot be read"};
    side.patient = std::move(*parsed);
    return {};
}

bool has_link(const DocumentPtr& patient, std::string_view type, std::string_view target) {
    for (const auto link : patient->root()["link"].items())
        if (link["type"].text() == type && link["other"]["reference"].text() == target) return true;
    return false;
}

DocumentPtr with_link(const DocumentPtr& patient, std::string_view type, const std::string& target, bool retire) {
    auto builder = fhir::DocumentBuilder::edit(patient);
    if (retire) builder.root().member("active").set_boolean(false);
    if (!has_link(patient, type, target)) {
        auto link = builder.root().append("link");
        link.member("other").member("reference").set_string(target);
        link.member("type").set_string(type);
    }
    return std::move(builder).finish();
}

/// Without the link, and with `active` as `before` had it, if that is given.
DocumentPtr without_link(const DocumentPtr& patient, std::string_view type, std::string_view target,
                         const DocumentPtr& before) {
    auto builder = fhir::DocumentBuilder::edit(patient);
    auto root = builder.root();
    if (auto links = root.find("link")) {
        std::vector<fhir::Element> gone;
        for (const auto link : links.get().items())
            if (link["type"].text() == type && link["other"]["reference"].text() == target) gone.push_back(link);
        for (const auto link : gone) links.remove_child(link);
        if (links.get().size() == 0) root.remove("link");
    }
    if (before) {
        if (const auto active = before->root()["active"])
            root.member("active").copy_from(active);
        else
            root.remove("active");
    }
    return std::move(builder).finish();
}

/// What the Patient was just before the merge.
DocumentPtr before_merge(storage::Reader& reader, const Side& side, storage::TimeUs merged_us) {
    storage::HistoryRequest request;
    request.type = "Patient";
    request.id = side.id;
    request.count = 1000;
    const auto page = reader.history(request).value();
    for (const auto& version : page.entries) {
        if (version.version.at_us >= merged_us || version.erased()) continue;
        auto parsed = fhir::parse_json(version.body.json);
        return parsed.has_value() ? std::move(*parsed) : nullptr;
    }
    return nullptr;
}

class Merger {
public:
    Merger(PatientIndex& index, const rest::ResourceWriter& writer, const rest::Call& call, MergeStep& step)
        : index_(index), writer_(writer), call_(call), step_(step) {}

    storage::Result<void> run(storage::Transaction& transaction) {
        step_.fault.reset();
        step_.moved.clear();
        try {
            return step_.undo ? undo(transaction) : merge(transaction);
        } catch (const storage::FailureException& failure) {
            return failure.failure();
        }
    }

private:
    storage::Result<void> sides(storage::Reader& reader) {
        if (auto done = resolve(reader, step_, step_.source_name, "source-patient", step_.source); done.has_error())
            return done;
        if (auto done = resolve(reader, step_, step_.target_name, "target-patient", step_.target); done.has_error())
            return done;
        if (step_.source.record == step_.target.record)
            return stop(step_, 422, IssueCode::business_rule, "source and target are one Patient");
        return {};
    }

    /// Patients that go along with the source.
    void list_moved(storage::Reader& reader) {
        const auto from = person_of(reader, step_.source.record), to = person_of(reader, step_.target.record);
        if (from == to) return;
        for (const auto rid : reader.patients().members(from, listed_max).value())
            if (const auto stored = reader.read(rid).value(); stored && !stored->erased())
                step_.moved.push_back(stored->id);
    }

    storage::Result<void> write(storage::Transaction& transaction, const Side& side, DocumentPtr content) {
        auto draft = writer_.prepare(std::move(content), side.id);
        if (draft.has_error()) {
            step_.fault = draft.error();
            return storage::Failure{storage::FailureCode::refused, "merge refused"};
        }
        const rest::WriteContext context{.principal = call_.principal,
                                         .kind = storage::WriteKind::update,
                                         .if_version = side.version,
                                         .correlation = call_.request.id};
        const auto written = writer_.write(transaction, *draft, context);
        if (written.has_error()) return written.error();
        return {};
    }

public:
    /// The Patients as a merge leaves them.
    std::pair<DocumentPtr, DocumentPtr> merged() const {
        auto target = step_.target.patient;
        if (step_.result) {
            auto builder = fhir::DocumentBuilder::edit(step_.result);
            builder.root().member("id").set_string(step_.target.id);
            target = std::move(builder).finish();
        }
        return {with_link(target, "replaces", "Patient/" + step_.source.id, false),
                with_link(step_.source.patient, "replaced-by", "Patient/" + step_.target.id, true)};
    }
    storage::Result<void> look(storage::Reader& reader) {
        try {
            if (auto done = sides(reader); done.has_error()) return done;
            list_moved(reader);
            return {};
        } catch (const storage::FailureException& failure) {
            return failure.failure();
        }
    }

private:
    storage::Result<void> merge(storage::Transaction& transaction) {
        if (auto done = sides(transaction); done.has_error()) return done;
        list_moved(transaction);
        const Actor actor{EventSource::manual, call_.principal.id, transaction.now_us()};
        const auto refusal = index_.merge(transaction, step_.target.id, step_.source.id, actor, &step_.event);
        if (refusal.has_error()) return refusal.error();
        if (*refusal != Refusal::none)
            return stop(step_, 422, IssueCode::business_rule, std::string(refusal_text(*refusal)));
        const auto [target, source] = merged();
        if (auto done = write(transaction, step_.source, source); done.has_error()) return done;
        if (auto done = write(transaction, step_.target, target); done.has_error()) return done;
        step_.answer = target;
        return {};
    }

    storage::Result<void> undo(storage::Transaction& transaction) {
        if (auto done = sides(transaction); done.has_error()) return done;
        const Actor actor{EventSource::manual, call_.principal.id, transaction.now_us()};
        storage::TimeUs merged_us = 0;
        const auto refusal = index_.unmerge(transaction, step_.target.id, step_.source.id, actor, &merged_us);
        if (refusal.has_error()) return refusal.error();
        if (*refusal != Refusal::none)
            return stop(step_, 422, IssueCode::business_rule, std::string(refusal_text(*refusal)));
        const auto before = before_merge(transaction, step_.source, merged_us);
        const auto source = without_link(step_.source.patient, "replaced-by", "Patient/" + step_.target.id, before);
        const auto target = without_link(step_.target.patient, "replaces", "Patient/" + step_.source.id, nullptr);
        if (auto done = write(transaction, step_.source, source); done.has_error()) return done;
        if (auto done = write(transaction, step_.target, target); done.has_error()) return done;
        step_.answer = target;
        return {};
    }

    PatientIndex& index_;
    const rest::ResourceWriter& writer_;
    const rest::Call& call_;
    MergeStep& step_;
};

std::string answer_json(const MergeStep& step) {
    fhir::DocumentBuilder builder("Parameters");
    const auto add = [&](std::string_view name) {
        auto parameter = builder.root().append("parameter");
        parameter.member("name").set_string(name);
        return parameter;
    };
    auto outcome = add("outcome").member("resource");
    outcome.member("resourceType").set_string_ref("OperationOutcome");
    auto issue = outcome.append("issue");
    issue.member("severity").set_string_ref("information");
    issue.member("code").set_string_ref("informational");
    issue.member("diagnostics")
        .set_string(step.preview ? fmt::format("a merge would move {} records", step.moved.size())
                    : step.undo  ? std::string("the merge is undone")
                                 : fmt::format("merged: {} records moved", step.moved.size()));
    for (const auto& id : step.moved)
        add("moved-patient").member("valueReference").member("reference").set_string("Patient/" + id);
    if (step.answer) add("result").member("resource").copy_from(step.answer->root());
    std::string out;
    const auto document = std::move(builder).finish();
    fhir::write_json(document->root(), out);
    return out;
}

void run_merge(PatientIndex& index, bool undo, const rest::Services& services, rest::CallPtr call,
               const DocumentPtr& body, const rest::Answer& answer) {
    if (!call->access().everything)
        return answer(rest::fault(403, IssueCode::forbidden, "merging takes access to all patients"));
    auto step = std::make_shared<MergeStep>();
    step->undo = undo;
    step->preview = !undo && rest::input(*call, body, "preview") == "true";
    step->source_name = read_name(*call, body, "source-patient");
    step->target_name = read_name(*call, body, "target-patient");
    if (step->source_name.empty() || step->target_name.empty())
        return answer(rest::fault(400, IssueCode::required, "source-patient and target-patient are required"));
    if (const auto result = body && body->resource_type() == "Parameters" ? rest::input_resource(body, "result-patient")
                                                                          : fhir::Element();
        result.resource_type() == "Patient")
        step->result = fhir::DocumentBuilder::copy_of(result).finish();
    const auto finish = [step, call](const storage::Result<void>& done) -> rest::Outcome<http::Response> {
        if (step->fault) return *step->fault;
        if (done.has_error()) return rest::fault_of(done.error());
        return rest::json_response(call->format, 200, answer_json(*step));
    };
    if (step->preview) {
        const auto snapshot = services.store.snapshot();
        if (snapshot.has_error()) return answer(rest::fault_of(snapshot.error()));
        Merger merger(index, services.writer, *call, *step);
        const auto looked = merger.look(**snapshot);
        if (looked.has_value()) step->answer = merger.merged().first;
        return answer(finish(looked));
    }
    auto job = [&index, &services, call, step](storage::Transaction& transaction) {
        return Merger(index, services.writer, *call, *step).run(transaction);
    };
    storage::transact(
        services.store, std::move(job), [finish, answer](const storage::Result<void>& done) { answer(finish(done)); },
        16'384);
}

}  // namespace

void add_merge_operations(rest::Operations& operations, PatientIndex& index) {
    for (const bool undo : {false, true}) {
        rest::Operation operation;
        operation.name = undo ? "unmerge" : "merge";
        operation.definition = undo ? "http://causeway.example.org/fhir/OperationDefinition/Patient-unmerge"
                                    : "http://hl7.org/fhir/OperationDefinition/Patient-merge";
        operation.types = {"Patient"};
        operation.at_type = true;
        operation.affects_state = true;
        operation.get_allowed = false;
        operations.add(std::move(operation), [&index, undo](const rest::Services& services, rest::CallPtr call,
                                                            DocumentPtr body, rest::Answer answer) {
            run_merge(index, undo, services, std::move(call), body, answer);
        });
    }
}

}  // namespace causeway::patient_index
