#include "fhir/json/json.hpp"
#include "fhir/model/reference.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/read.hpp"
#include "gateway/rest/write_step.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

/// One step in a transaction of its own; the answer after its commit.
void commit(const Services& services, CallPtr call, std::shared_ptr<WriteStep> step, Answer answer) {
    const std::size_t bytes = 512 + (step->draft ? step->draft->body->json.size() : 0);
    auto job = [&services, call, step](storage::Transaction& transaction) {
        return run_step(transaction, *step, {services, call->principal, call->request.id});
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
    const auto type = body_type(call->request);
    if (type.has_error()) return answer(type.error());
    auto step = std::make_shared<WriteStep>();
    step->kind = WriteStep::Kind::patch;
    step->type = call->route.type;
    step->id = call->route.id;
    step->if_match = call->request.headers.get("If-Match");
    if (call->document) {
        step->patch = call->document;
    } else if (*type == BodyType::json_patch) {
        fhir::Limits limits;
        limits.depth_max = services.settings.json_depth_max;
        auto parsed = fhir::parse_json(call->request.body, limits);
        if (parsed.has_error()) return answer(fault_of(parsed.error()));
        if (!(*parsed)->root().is_array())
            return answer(fault(400, IssueCode::structure, "A JSON Patch is an array of operations"));
        step->patch = std::move(*parsed);
    } else if (*type == BodyType::json || *type == BodyType::xml) {
        auto body = read_body(services, *call);
        if (body.has_error()) return answer(body.error());
        step->patch = std::move(body->document);
    } else {
        return answer(fault(415, IssueCode::not_supported,
                            "A patch is taken as application/json-patch+json or as a FHIR Parameters resource"));
    }
    if (!step->patch->root().is_array() && step->patch->resource_type() != "Parameters")
        return answer(fault(400, IssueCode::structure, "A FHIRPath Patch is a Parameters resource"));
    if (step->id.empty()) {
        auto plan = parse_condition(services, call->base, step->type, call->request.query(), call->now_us);
        if (plan.has_error()) return answer(plan.error());
        step->condition = std::move(*plan);
    }
    commit(services, std::move(call), std::move(step), std::move(answer));
}

}  // namespace causeway::rest
