#include <fstream>
#include <stdexcept>

#include "fhir/json/json.hpp"
#include "fhir/model/reference.hpp"
#include "fhir/validate/outcome.hpp"
#include "gateway/rest/bulk_jobs.hpp"
#include "gateway/rest/write_step.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

constexpr std::size_t chunk_lines_max = 200;
constexpr std::size_t chunk_bytes_max = 4u << 20;
constexpr std::size_t line_bytes_max = 32u << 20;

/// One line of the input, ready to be written, or what is wrong with it.
struct Line {
    std::uint64_t at = 0;
    std::shared_ptr<WriteStep> step;
    std::optional<Fault> fault;
};

Line prepare(const Services& services, const BulkJob& job, const std::shared_ptr<const storage::Visibility>& visibility,
             std::uint64_t at, std::string text) {
    Line line;
    line.at = at;
    fhir::Limits limits;
    limits.depth_max = services.settings.json_depth_max;
    limits.elements_max = services.settings.elements_max;
    auto document = fhir::parse_json(std::move(text), limits);
    if (document.has_error()) {
        line.fault = fault_of(document.error());
        return line;
    }
    const std::string type((*document)->resource_type());
    // A line without an id gets one that comes out the same if this chunk is done again after a crash.
    std::string id((*document)->id());
    if (id.empty()) id = job.id.substr(0, 36) + "-" + std::to_string(at);
    if (!fhir::is_fhir_id(id)) {
        line.fault = fault(400, IssueCode::value, "The id is not a FHIR id", type + ".id");
        return line;
    }
    if (const auto allowed = services.door.authorize(job.principal, {security::Interaction::update, type, id, {}});
        !allowed.allowed) {
        line.fault = fault(403, IssueCode::forbidden, allowed.reason);
        return line;
    }
    auto draft = services.writer.prepare(std::move(*document), id);
    if (draft.has_error()) {
        line.fault = draft.error();
        return line;
    }
    line.step = std::make_shared<WriteStep>();
    line.step->kind = WriteStep::Kind::update;
    line.step->type = type;
    line.step->id = id;
    line.step->id_resolved = true;
    line.step->visibility = visibility;
    line.step->draft = std::move(*draft);
    return line;
}

storage::Result<void> write(const Services& services, const BulkJob& job,
                            const std::vector<std::shared_ptr<WriteStep>>& steps) {
    std::size_t bytes = 0;
    for (const auto& step : steps) bytes += 512 + step->draft->body->json.size();
    for (;;) {
        auto outcome = storage::transact_blocking(
            services.store,
            [&](storage::Transaction& transaction) -> storage::Result<void> {
                for (const auto& step : steps)
                    if (auto done = run_step(transaction, *step, {services, job.principal, job.id}); done.has_error())
                        return done;
                return {};
            },
            bytes);
        if (outcome.has_value() || outcome.error().code != storage::FailureCode::busy) return outcome;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

void count(BulkJob& job, const std::string& type) {
    for (auto& file : job.files)
        if (file.type == type) {
            ++file.count;
            return;
        }
    job.files.push_back({type, {}, 0, 1});
}

}  // namespace

bool import_step(const Services& services, BulkJob& job, const std::filesystem::path& folder) {
    auto visibility = services.visibilities.of(job.access, job.base, services.settings.zone_offset_minutes);
    if (visibility.has_error()) throw std::runtime_error("the rights of the import cannot be read");
    if (job.transaction_us == 0) job.transaction_us = services.clock.now_us();
    std::ifstream in(folder / "input.ndjson", std::ios::binary);
    in.seekg(static_cast<std::streamoff>(job.offset));
    std::vector<Line> lines;
    std::size_t bytes = 0;
    std::uint64_t at = job.offset;
    for (std::string text; lines.size() < chunk_lines_max && bytes < chunk_bytes_max && std::getline(in, text);) {
        const auto begin = at;
        at += text.size() + 1;
        bytes += text.size();
        if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
        if (text.size() > line_bytes_max)
            lines.push_back({begin, nullptr, fault(413, IssueCode::too_long, "The line is too long")});
        else
            lines.push_back(prepare(services, job, *visibility, begin, std::move(text)));
    }
    if (at == job.offset) return false;

    std::vector<std::shared_ptr<WriteStep>> steps;
    for (const auto& line : lines)
        if (line.step) steps.push_back(line.step);
    if (!steps.empty()) {
        auto outcome = write(services, job, steps);
        const bool refused = outcome.has_error() && outcome.error().code == storage::FailureCode::refused;
        if (outcome.has_error() && !refused) throw std::runtime_error("storage: " + outcome.error().message);
        if (refused) {  // one of them: each alone
            for (auto& line : lines) {
                if (!line.step) continue;
                auto alone = write(services, job, {line.step});
                if (alone.has_error() && alone.error().code != storage::FailureCode::refused)
                    throw std::runtime_error("storage: " + alone.error().message);
                if (alone.has_error()) line.fault = line.step->fault ? *line.step->fault : fault_of(alone.error());
            }
        }
    }
    std::string errors;
    std::uint64_t error_count = 0;
    for (const auto& line : lines) {
        if (!line.fault) {
            count(job, line.step->type);
            continue;
        }
        fhir::Issues issues = line.fault->issues;
        for (auto& issue : issues) issue.text = "at byte " + std::to_string(line.at) + ": " + issue.text;
        errors += fhir::to_outcome(issues) + "\n";
        ++error_count;
    }
    if (!BulkFiles(folder, job.errors).append("OperationOutcome", "errors.", errors, error_count))
        throw std::runtime_error("the disk takes no more");
    job.offset = std::min(at, job.size);
    return job.offset < job.size;
}

}  // namespace causeway::rest
