#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/model/reference.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/patch_body.hpp"
#include "gateway/rest/read.hpp"
#include "gateway/rest/resource_check.hpp"
#include "gateway/rest/write_step.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

/// The Provenance of X-Provenance with its target put in. Empty reference: to see whether it can be stored at all.
fhir::DocumentPtr with_target(const fhir::DocumentPtr& provenance, const std::string& reference) {
    fhir::DocumentBuilder builder = fhir::DocumentBuilder::edit(provenance);
    builder.root().remove("target");
    builder.root().append("target").member("reference").set_string(reference);
    return std::move(builder).finish();
}

/// What the header X-Provenance says about this write; null if there is none.
Outcome<fhir::DocumentPtr> read_provenance(const Services& services, const Call& call) {
    const auto header = call.request.headers.find("X-Provenance");
    if (!header) return fhir::DocumentPtr();
    const auto allowed = services.door.authorize(call.principal, {security::Interaction::create, "Provenance", {}, {}});
    if (!allowed.allowed) return fault(403, IssueCode::forbidden, allowed.reason);
    auto parsed = fhir::parse_json(std::string(*header));
    if (parsed.has_error() || (*parsed)->resource_type() != "Provenance")
        return fault(400, IssueCode::structure, "X-Provenance holds no Provenance resource in JSON");
    if ((*parsed)->root()["target"])
        return fault(400, IssueCode::value, "The Provenance of X-Provenance has no target: it is about this write",
                     "Provenance.target");
    if (auto checked = services.writer.prepare(with_target(*parsed, call.route.type + "/x"), "x"); checked.has_error())
        return checked.error();
    return std::move(*parsed);
}

storage::Result<void> write_provenance(const Services& services, storage::Transaction& transaction, const Call& call,
                                       WriteStep& step, const fhir::DocumentPtr& provenance) {
    if (!provenance || step.done.version.number == 0 || step.done.found) return {};
    const std::string target = step.type + "/" + step.done.id + "/_history/" + std::to_string(step.done.version.number);
    auto draft = services.writer.prepare(with_target(provenance, target));
    if (draft.has_error()) return refuse(step, draft.error());
    auto written = services.writer.write(transaction, *draft,
                                         {call.principal, storage::WriteKind::create, {}, 0, call.request.id, true});
    if (written.has_error()) return written.error();
    return {};
}

/// One step in a transaction of its own; the answer after its commit.
void commit(const Services& services, CallPtr call, std::shared_ptr<WriteStep> step, Answer answer) {
    auto provenance = read_provenance(services, *call);
    if (provenance.has_error()) return answer(provenance.error());
    step->visibility = call->visibility;
    const std::size_t bytes = 512 + (step->draft ? step->draft->body->json.size() : 0);
    auto job = [&services, call, step, provenance = *provenance](storage::Transaction& transaction) {
        auto done = run_step(transaction, *step, {services, call->principal, call->request.id});
        if (done.has_error()) return done;
        return write_provenance(services, transaction, *call, *step, provenance);
    };
    storage::transact(
        services.store, std::move(job),
        [call, step, answer = std::move(answer)](storage::Result<void> result) {
            if (step->fault) return answer(std::move(*step->fault));
            if (result.has_error()) return answer(fault_of(result.error()));
            answer(write_response(*call, *step));
        },
        bytes);
}

bool carries_wildcard(std::string_view header) { return header.find('*') != std::string_view::npos; }

}  // namespace

void create(const Services& services, CallPtr call, Answer answer) {
    auto body = read_body(services, *call);
    if (body.has_error()) return answer(body.error());
    if (body->document->resource_type() != call->route.type)
        return answer(
            fault(400, IssueCode::invalid, "The body is of another resource type than the URL names", "resourceType"));
    auto step = std::make_shared<WriteStep>();
    step->kind = WriteStep::Kind::create;
    step->type = call->route.type;
    if (const auto condition = call->request.headers.find("If-None-Exist")) {
        auto plan = parse_condition(services, call->base, step->type, *condition, call->now_us);
        if (plan.has_error()) return answer(plan.error());
        step->condition = std::move(*plan);
    }
    auto draft = services.writer.prepare(body->document, {}, body->json);
    if (draft.has_error()) return answer(draft.error());
    if (auto checked = check_content(services, *call, *draft); checked.has_error()) return answer(checked.error());
    step->draft = std::move(*draft);
    commit(services, std::move(call), std::move(step), std::move(answer));
}

void update(const Services& services, CallPtr call, Answer answer) {
    auto body = read_body(services, *call);
    if (body.has_error()) return answer(body.error());
    if (body->document->resource_type() != call->route.type)
        return answer(
            fault(400, IssueCode::invalid, "The body is of another resource type than the URL names", "resourceType"));
    auto step = std::make_shared<WriteStep>();
    step->kind = WriteStep::Kind::update;
    step->type = call->route.type;
    step->id = call->route.id;
    step->if_match = call->request.headers.get("If-Match");
    step->if_none_match_any = carries_wildcard(call->request.headers.get("If-None-Match"));
    const std::string_view body_id = body->document->id();
    if (step->id.empty()) {
        auto plan = parse_condition(services, call->base, step->type, call->request.query(), call->now_us);
        if (plan.has_error()) return answer(plan.error());
        step->condition = std::move(*plan);
        step->body_id = body_id;
        if (!body_id.empty() && !fhir::is_fhir_id(body_id))
            return answer(fault(400, IssueCode::value, "The body's id is not a FHIR id", step->type + ".id"));
    } else if (body_id != step->id) {
        return answer(
            fault(400, IssueCode::value,
                  body_id.empty() ? "The body has no id; it must be the URL's" : "The body's id is not the URL's",
                  step->type + ".id"));
    }
    auto draft = services.writer.prepare(body->document, step->id.empty() ? step->body_id : step->id, body->json);
    if (draft.has_error()) return answer(draft.error());
    if (auto checked = check_content(services, *call, *draft); checked.has_error()) return answer(checked.error());
    step->draft = std::move(*draft);
    commit(services, std::move(call), std::move(step), std::move(answer));
}

void erase(const Services& services, CallPtr call, Answer answer) {
    auto step = std::make_shared<WriteStep>();
    step->kind = WriteStep::Kind::erase;
    step->type = call->route.type;
    step->id = call->route.id;
    step->if_match = call->request.headers.get("If-Match");
    if (step->id.empty()) {
        auto plan = parse_condition(services, call->base, step->type, call->request.query(), call->now_us);
        if (plan.has_error()) return answer(plan.error());
        step->condition = std::move(*plan);
    }
    commit(services, std::move(call), std::move(step), std::move(answer));
}

void patch(const Services& services, CallPtr call, Answer answer) {
    if (call->route.type == "Binary") return answer(fault(405, IssueCode::not_supported, "A Binary cannot be patched"));
    auto step = std::make_shared<WriteStep>();
    step->kind = WriteStep::Kind::patch;
    step->type = call->route.type;
    step->id = call->route.id;
    step->if_match = call->request.headers.get("If-Match");
    if (auto taken = read_patch(services, *call, *step); taken.has_error()) return answer(taken.error());
    step->check = [&services, call](Draft& draft) { return check_content(services, *call, draft); };
    if (step->id.empty()) {
        auto plan = parse_condition(services, call->base, step->type, call->request.query(), call->now_us);
        if (plan.has_error()) return answer(plan.error());
        step->condition = std::move(*plan);
    }
    commit(services, std::move(call), std::move(step), std::move(answer));
}

}  // namespace causeway::rest
