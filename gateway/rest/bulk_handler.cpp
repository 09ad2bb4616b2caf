#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "fhir/json/json.hpp"
#include "fhir/validate/outcome.hpp"
#include "gateway/http/principal.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/bulk_jobs.hpp"
#include "gateway/rest/operations.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

/// The server's root: the base without the path that the FHIR side is mounted at.
std::string root_of(const Services& services, std::string_view base) {
    if (base.ends_with(services.settings.base_path)) base.remove_suffix(services.settings.base_path.size());
    return std::string(base);
}

/// A file's bytes, mapped for as long as somebody sends them.
std::optional<http::Body> map_file(const std::filesystem::path& path, std::uint64_t bytes) {
    if (bytes == 0) return http::Body();
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    struct stat info {};
    const bool whole = ::fstat(file, &info) == 0 && static_cast<std::uint64_t>(info.st_size) >= bytes;
    void* const place = whole ? ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
    ::close(file);
    if (place == MAP_FAILED) return std::nullopt;
    http::Body body;
    body.append({static_cast<const char*>(place), bytes},
                std::shared_ptr<const void>(place, [bytes](void* mapped) { ::munmap(mapped, bytes); }));
    return body;
}

void append_files(std::string& json, std::string_view name, const std::vector<BulkJob::File>& files,
                  const std::string& url, bool with_url) {
    json.append(",\"").append(name).append("\":[");
    bool first = true;
    for (const auto& file : files) {
        if (!first) json += ',';
        first = false;
        json.append(R"({"type":")").append(file.type).append("\"");
        if (with_url) {
            json += R"(,"url":)";
            fhir::append_json_string(url + "/" + file.name, json);
        }
        json.append(",\"count\":").append(std::to_string(file.count)).append("}");
    }
    json += ']';
}

std::string manifest(const Services& services, const BulkJob& job) {
    const std::string url = root_of(services, job.base) + "/bulk/" + job.id;
    std::string json = R"({"transactionTime":")" + instant(job.transaction_us) + R"(","request":)";
    fhir::append_json_string(job.request, json);
    json.append(R"(,"requiresAccessToken":)").append(services.settings.tokens_required ? "true" : "false");
    append_files(json, "output", job.files, url, job.kind == BulkJob::Kind::export_);
    if (!job.deleted.empty()) append_files(json, "deleted", job.deleted, url, true);
    append_files(json, "error", job.errors, url, true);
    return json + "}";
}

http::Response accepted(const Services& services, const Call& call, const std::string& id) {
    http::Response response;
    response.status = 202;
    response.headers.add("Content-Location", root_of(services, call.base) + "/bulk/" + id);
    return response;
}

Outcome<BulkJob> job_of(const Services& services, const Call& call) {
    if (!call.prefer.respond_async)
        return fault(400, IssueCode::required, "This operation runs in the background: send Prefer: respond-async");
    BulkJob job;
    job.base = call.base;
    std::string target = call.request.target;
    if (target.starts_with(services.settings.base_path)) target.erase(0, services.settings.base_path.size());
    job.request = call.base + target;
    job.principal = call.principal;
    job.access = call.access();
    job.accepted_us = call.now_us;
    return job;
}

void start_export(const Services& services, const CallPtr& call, const fhir::DocumentPtr& body, BulkJobs& jobs,
                  const Answer& answer) {
    auto job = job_of(services, *call);
    if (job.has_error()) return answer(job.error());
    job->level = call->route.type == "Patient" ? BulkJob::Level::patient
                 : call->route.type == "Group" ? BulkJob::Level::group
                                               : BulkJob::Level::system;
    for (const auto& [name, value] : call->parameters)
        if (name != "_format" && name != "_pretty") job->parameters.emplace_back(name, value);
    if (body)
        for (const auto parameter : body->root()["parameter"].items())
            for (const auto member : parameter.children()) {
                if (!member.name().starts_with("value")) continue;
                const auto text = member.name() == "valueReference" ? member["reference"].text() : member.text();
                job->parameters.emplace_back(parameter["name"].text(), text);
            }
    if (call->prefer.lenient)
        std::erase_if(job->parameters, [](const auto& parameter) {
            static constexpr std::array<std::string_view, 6> known = {"_outputFormat", "_since",    "_type",
                                                                      "_typeFilter",   "_elements", "patient"};
            return std::ranges::find(known, parameter.first) == known.end();
        });
    if (job->level == BulkJob::Level::group) job->parameters.emplace_back("group", call->route.id);
    auto id = jobs.export_all(std::move(*job));
    if (id.has_error()) return answer(id.error());
    answer(accepted(services, *call, *id));
}

void start_import(const Services& services, const CallPtr& call, BulkJobs& jobs, const Answer& answer) {
    const auto type = body_type(call->request);
    if (type.has_error()) return answer(type.error());
    if (*type != BodyType::ndjson)
        return answer(fault(415, IssueCode::not_supported, "$import takes resources as application/fhir+ndjson"));
    auto job = job_of(services, *call);
    if (job.has_error()) return answer(job.error());
    auto id = jobs.import(std::move(*job), call->request.body);
    if (id.has_error()) return answer(id.error());
    answer(accepted(services, *call, *id));
}

}  // namespace

http::Response BulkHandler::status(const BulkJob& job) const {
    if (job.state == BulkJob::State::failed)
        return fault_response({}, fault(500, IssueCode::exception, "The bulk job failed: " + job.failure));
    http::Response response;
    if (job.state != BulkJob::State::done) {
        response.status = 202;
        response.headers.add("X-Progress", job.progress());
        response.headers.add("Retry-After", "1");
        return response;
    }
    response.headers.add("Content-Type", "application/json");
    response.headers.add("Expires", http_date(jobs_.expires_us(job)));
    response.body.append(manifest(services_, job));
    return response;
}

http::Response BulkHandler::answer(const http::Request& request) {
    std::string_view path = request.path();
    path.remove_prefix(std::min(path.size(), std::string_view("/bulk/").size()));
    const auto slash = path.find('/');
    const std::string_view id = path.substr(0, slash);
    const std::string_view name = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    const Fault missing = fault(404, IssueCode::not_found, "There is no such bulk job, or its files have expired");
    const security::Principal principal = http::principal_of(request);
    const bool erase = request.method == http::Method::erase && name.empty();
    if (!erase && request.method != http::Method::get && request.method != http::Method::head) {
        Fault refused = fault(405, IssueCode::not_supported, "The method is not allowed here");
        refused.headers.add("Allow", name.empty() ? "GET, HEAD, DELETE" : "GET, HEAD");
        return fault_response({}, refused);
    }
    const auto allowed = services_.door.authorize(principal, {security::Interaction::operation, {}, {}, "export"});
    if (!allowed.allowed) return fault_response({}, fault(403, IssueCode::forbidden, allowed.reason));
    const auto job = jobs_.find(id);
    // Somebody else's job is not there.
    if (!job || job->principal.kind != principal.kind || job->principal.id != principal.id)
        return fault_response({}, missing);
    if (erase) {
        jobs_.cancel(id);
        http::Response response;
        response.status = 202;
        return response;
    }
    if (name.empty()) return status(*job);
    if (services_.reads) {
        security::AuditEntry entry;
        entry.at_us = services_.clock.now_us();
        entry.principal = principal;
        entry.interaction = security::Interaction::operation;
        entry.operation = "export";
        entry.id = id;
        entry.status = 200;
        entry.correlation = request.id;
        if (!services_.reads->record(entry))
            return fault_response({}, fault(503, IssueCode::transient, "The audit queue is full; try again"));
    }
    for (const auto* const files : {&job->files, &job->deleted, &job->errors})
        for (const auto& file : *files) {
            if (file.name != name || file.name.empty()) continue;
            auto body = map_file(jobs_.file(id, name), file.bytes);
            if (!body) return fault_response({}, missing);
            http::Response response;
            response.headers.add("Content-Type", "application/fhir+ndjson");
            response.body = std::move(*body);
            return response;
        }
    return fault_response({}, missing);
}

void BulkHandler::handle(http::Request request, http::Reply reply) { reply(answer(request)); }

void add_bulk_operations(Operations& operations, BulkJobs& jobs) {
    const auto add_export = [&](const char* type, const char* definition, bool system, bool at_type, bool instance) {
        Operation one;
        one.name = "export";
        if (*type) one.types = {type};
        one.definition = std::string("http://hl7.org/fhir/uv/bulkdata/OperationDefinition/") + definition;
        one.at_system = system;
        one.at_type = at_type;
        one.at_instance = instance;
        operations.add(std::move(one), [&jobs](const Services& services, CallPtr call, fhir::DocumentPtr body,
                                               Answer answer) { start_export(services, call, body, jobs, answer); });
    };
    add_export("", "export", true, false, false);
    add_export("Patient", "patient-export", false, true, false);
    add_export("Group", "group-export", false, false, true);
    Operation import;
    import.name = "import";
    import.definition = "http://causeway.example.org/fhir/OperationDefinition/import";
    import.at_system = true;
    import.affects_state = true;
    import.get_allowed = false;
    import.reads_body = false;
    operations.add(std::move(import), [&jobs](const Services& services, CallPtr call, fhir::DocumentPtr,
                                              Answer answer) { start_import(services, call, jobs, answer); });
}

}  // namespace causeway::rest
