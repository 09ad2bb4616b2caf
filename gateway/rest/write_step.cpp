#include "gateway/rest/write_step.hpp"

#include "fhir/json/json.hpp"
#include "fhir/patch/patch.hpp"
#include "fhir/validate/outcome.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/read.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;
using storage::Result;

Fault no_such_method(std::string text) {
    Fault made = fault(405, IssueCode::not_supported, std::move(text));
    made.headers.add("Allow", "GET, HEAD, POST, OPTIONS");
    return made;
}

Fault not_permitted() { return fault(403, IssueCode::forbidden, "The resource lies outside of what may be written"); }

Result<void> run_kind(storage::Transaction& transaction, WriteStep& step, const WriteActor& actor);

/// Is there a current version that the principal may not see?
Result<bool> hidden(storage::Transaction& transaction, const WriteStep& step, const std::string& id) {
    if (!step.visibility) return false;
    auto current = transaction.read(step.type, id);
    if (current.has_error()) return current.error();
    if (!*current) return false;
    auto seen = transaction.sees(*step.visibility, **current);
    if (seen.has_error()) return seen.error();
    return !*seen;
}

bool live(const std::optional<storage::VersionInfo>& version) {
    return version && version->kind != storage::WriteKind::erase;
}

WriteContext context_of(const WriteActor& actor, storage::WriteKind kind) {
    return {actor.principal, kind, {}, 0, actor.correlation, true};
}

Result<void> run_create(storage::Transaction& transaction, WriteStep& step, const WriteActor& actor) {
    auto matches = resolve(transaction, step, 2);
    if (matches.has_error()) return matches.error();
    if (matches->size() > 1) return refuse(step, several_matches());
    if (matches->size() == 1) {
        auto found = transaction.read(matches->front().name.type, matches->front().name.id);
        if (found.has_error()) return found.error();
        step.done.status = 200;
        step.done.id = matches->front().name.id;
        step.done.version = matches->front().version;
        step.done.found = std::move(*found);
        return {};
    }
    auto written = actor.services.writer.write(transaction, *step.draft, context_of(actor, storage::WriteKind::create));
    if (written.has_error()) return written.error();
    step.done.status = 201;
    step.done.id = step.draft->id;
    step.done.version = written->version;
    return {};
}

Result<void> run_update(storage::Transaction& transaction, WriteStep& step, const WriteActor& actor) {
    std::string id = step.id;
    if (step.condition) {
        auto resolved = resolve_update(transaction, step, actor.services.settings, step.draft->id);
        if (resolved.has_error()) return resolved.error();
        id = std::move(*resolved);
    }
    auto concealed = hidden(transaction, step, id);
    if (concealed.has_error()) return concealed.error();
    if (*concealed) return refuse(step, not_permitted());
    auto current = transaction.version(step.type, id);
    if (current.has_error()) return current.error();
    if (step.if_none_match_any && live(*current))
        return refuse(step, fault(412, IssueCode::conflict, "The resource exists already"));
    if (!step.if_match.empty() && (!live(*current) || !etag_matches(step.if_match, (*current)->number)))
        return refuse(step, fault(412, IssueCode::conflict, "The resource has another version than If-Match names"));
    if (step.if_match.empty() && actor.services.settings.if_match_required && live(*current))
        return refuse(step, fault(400, IssueCode::required, "This server wants If-Match with every update"));
    if (!*current && !step.condition && !step.id_resolved && !actor.services.settings.update_create)
        return refuse(step, no_such_method("This server does not take ids from clients"));
    if (id != step.draft->id) {
        auto moved = actor.services.writer.with_id(*step.draft, id);
        if (moved.has_error()) return refuse(step, moved.error());
        step.draft = std::move(*moved);
    }
    auto written = actor.services.writer.write(transaction, *step.draft, context_of(actor, storage::WriteKind::update));
    if (written.has_error()) return written.error();
    step.done.status = written->created ? 201 : 200;
    step.done.id = id;
    step.done.version = written->version;
    return {};
}

Result<void> erase_one(storage::Transaction& transaction, WriteStep& step, const WriteActor& actor,
                       const std::string& id) {
    auto concealed = hidden(transaction, step, id);
    if (concealed.has_error()) return concealed.error();
    if (*concealed) return {};  // as if nothing were there
    if (!step.if_match.empty()) {
        auto current = transaction.version(step.type, id);
        if (current.has_error()) return current.error();
        if (!live(*current) || !etag_matches(step.if_match, (*current)->number))
            return refuse(step,
                          fault(412, IssueCode::conflict, "The resource has another version than If-Match names"));
    }
    auto erased = actor.services.writer.erase(transaction, step.type, id, context_of(actor, storage::WriteKind::erase));
    if (erased.has_error()) return erased.error();
    step.done.id = id;
    if (*erased) {
        step.done.version = (*erased)->version;
        ++step.done.deleted;
    }
    return {};
}

Result<void> run_erase(storage::Transaction& transaction, WriteStep& step, const WriteActor& actor) {
    step.done.status = 204;
    if (!step.condition) return erase_one(transaction, step, actor, step.id);
    const std::size_t max = actor.services.settings.conditional_delete_max;
    auto matches = resolve(transaction, step, max + 1);
    if (matches.has_error()) return matches.error();
    if (matches->size() > max)
        return refuse(step, max == 1 ? several_matches()
                                     : fault(412, IssueCode::multiple_matches,
                                             "The condition matches more resources than may be deleted at once"));
    for (const storage::Match& match : *matches)
        if (auto done = erase_one(transaction, step, actor, match.name.id); done.has_error()) return done;
    return {};
}

Fault patch_fault(const fhir::Error& error) {
    Fault made = fault_of(error);
    made.status = error.code == fhir::Errc::evaluation ? 422 : 400;
    return made;
}

/// The patched resource as a draft; a result that is no valid resource is a 422.
Outcome<Draft> apply_patch(const WriteStep& step, const storage::StoredResource& current,
                           const ResourceWriter& writer) {
    auto document = fhir::parse_json(current.json());
    if (document.has_error()) return fault_of(document.error());
    auto patched = step.xml_patch                  ? step.xml_patch->apply(*document)
                   : step.patch->root().is_array() ? fhir::apply_json_patch(*document, step.patch)
                                                   : fhir::apply_fhirpath_patch(*document, step.patch->root());
    if (patched.has_error()) return patch_fault(patched.error());
    if ((*patched)->resource_type() != current.type || (*patched)->id() != current.id)
        return fault(422, IssueCode::business_rule, "A patch may not change the resource's type or id");
    auto draft = writer.prepare(std::move(*patched), current.id);
    if (draft.has_value()) return draft;
    Fault invalid = draft.error();
    if (invalid.status == 400) invalid.status = 422;
    return invalid;
}

Result<void> run_patch(storage::Transaction& transaction, WriteStep& step, const WriteActor& actor) {
    std::string id = step.id;
    if (step.condition) {
        auto matches = resolve(transaction, step, 2);
        if (matches.has_error()) return matches.error();
        if (matches->size() > 1) return refuse(step, several_matches());
        if (matches->empty())
            return refuse(step, fault(404, IssueCode::not_found, "The condition matches no resource"));
        id = matches->front().name.id;
    }
    auto current = transaction.read(step.type, id);
    if (current.has_error()) return current.error();
    auto concealed = hidden(transaction, step, id);
    if (concealed.has_error()) return concealed.error();
    if (!*current || *concealed)
        return refuse(step, fault(404, IssueCode::not_found, "There is no resource of this type with this id"));
    if ((*current)->erased()) return refuse(step, fault(410, IssueCode::deleted, "The resource was deleted"));
    if (!step.if_match.empty() && !etag_matches(step.if_match, (*current)->version.number))
        return refuse(step, fault(412, IssueCode::conflict, "The resource has another version than If-Match names"));
    auto draft = apply_patch(step, **current, actor.services.writer);
    if (draft.has_error()) return refuse(step, draft.error());
    if (step.check)
        if (auto checked = step.check(*draft); checked.has_error()) return refuse(step, checked.error());
    step.draft = std::move(*draft);
    auto written = actor.services.writer.write(transaction, *step.draft, context_of(actor, storage::WriteKind::patch));
    if (written.has_error()) return written.error();
    step.done.status = 200;
    step.done.id = id;
    step.done.version = written->version;
    return {};
}

}  // namespace

storage::Failure refuse(WriteStep& step, Fault why) {
    step.fault = std::move(why);
    return {storage::FailureCode::refused, "refused by the interaction"};
}

Fault several_matches() {
    return fault(412, IssueCode::multiple_matches, "The condition matches more than one resource");
}

Result<std::string> resolve_update(storage::Reader& reader, WriteStep& step, const Settings& settings,
                                   const std::string& new_id) {
    auto matches = resolve(reader, step, 2);
    if (matches.has_error()) return matches.error();
    if (matches->size() > 1) return refuse(step, several_matches());
    if (matches->size() == 1) {
        const std::string& id = matches->front().name.id;
        if (!step.body_id.empty() && step.body_id != id)
            return refuse(
                step, fault(400, IssueCode::value, "The condition matches another resource than the body's id names",
                            step.type + ".id"));
        return id;
    }
    if (step.body_id.empty()) return new_id;
    if (!settings.update_create) return refuse(step, no_such_method("This server does not take ids from clients"));
    auto existing = reader.version(step.type, step.body_id);
    if (existing.has_error()) return existing.error();
    if (live(*existing))
        return refuse(step, fault(409, IssueCode::conflict,
                                  "The body's id is in use by a resource that the condition does not match"));
    return step.body_id;
}

Result<std::vector<storage::Match>> resolve(storage::Reader& reader, const WriteStep& step, std::size_t limit) {
    if (!step.condition) return std::vector<storage::Match>();
    return reader.find(*step.condition, limit, step.visibility.get());
}

Result<void> run_step(storage::Transaction& transaction, WriteStep& step, const WriteActor& actor) {
    step.done = {};
    step.fault.reset();
    auto done = run_kind(transaction, step, actor);
    if (done.has_error() || !step.visibility || step.kind == WriteStep::Kind::erase || step.done.found) return done;
    // What was written must be something that its writer may see.
    auto written = transaction.read(step.type, step.done.id);
    if (written.has_error()) return written.error();
    auto seen = transaction.sees(*step.visibility, **written);
    if (seen.has_error()) return seen.error();
    if (!*seen) return refuse(step, not_permitted());
    return done;
}

namespace {
Result<void> run_kind(storage::Transaction& transaction, WriteStep& step, const WriteActor& actor) {
    switch (step.kind) {
        case WriteStep::Kind::create:
            return run_create(transaction, step, actor);
        case WriteStep::Kind::update:
            return run_update(transaction, step, actor);
        case WriteStep::Kind::erase:
            return run_erase(transaction, step, actor);
        case WriteStep::Kind::patch:
            return run_patch(transaction, step, actor);
    }
    return {};
}
}  // namespace

std::optional<storage::StoredResource> representation(const WriteStep& step) {
    if (step.done.found) return step.done.found;
    if (!step.draft) return std::nullopt;
    return storage::StoredResource{step.type, step.done.id, step.done.version, *step.draft->body};
}

http::Response write_response(const Call& call, const WriteStep& step) {
    const WriteStep::Done& done = step.done;
    http::Response response;
    response.status = done.status;
    const auto preferred = call.prefer.return_;
    const auto outcome = [&](const char* text) {
        fhir::Issues issues = step.draft ? step.draft->warnings : fhir::Issues();
        issues.insert(issues.begin(), {fhir::Severity::information, IssueCode::informational, text, {}, {}});
        return json_response(call.format, done.status, fhir::to_outcome(issues));
    };
    if (step.kind == WriteStep::Kind::erase) {
        if (preferred == Prefer::Return::outcome) {
            response = outcome(done.deleted > 0 ? "Deleted" : "There was nothing to delete");
            response.status = 200;
        }
    } else if (preferred == Prefer::Return::outcome) {
        response = outcome(done.status == 201 ? "Created" : "Stored");
    } else if (preferred != Prefer::Return::minimal) {
        auto whole = resource_response(call, done.status, *representation(step));
        if (whole) response = std::move(*whole);
        response.headers.remove("ETag");
        response.headers.remove("Last-Modified");
    }
    if (done.version.number > 0) add_version_headers(response, done.version);
    if (done.status == 201 || (step.kind == WriteStep::Kind::create))
        response.headers.add("Location", version_url(call.base, step.type, done.id, done.version.number));
    if (const std::string honoured = applied(call.prefer); !honoured.empty())
        response.headers.add("Preference-Applied", honoured);
    return response;
}

}  // namespace causeway::rest
