#include "gateway/rest/bulk_jobs.hpp"

#include <fstream>
#include <sstream>
#include <system_error>

#include "gateway/ops/log.hpp"

namespace causeway::rest {

using fhir::IssueCode;
namespace logging = ops::log;

BulkJobs::BulkJobs(const Services& services, Options options) : services_(services), options_(std::move(options)) {}

BulkJobs::~BulkJobs() { stop(); }

void BulkJobs::start() {
    std::error_code error;
    std::filesystem::create_directories(options_.folder, error);
    for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
        std::ifstream in(entry.path() / "job.json", std::ios::binary);
        std::stringstream text;
        text << in.rdbuf();
        auto job = read_job(text.str());
        if (!job || job->id != entry.path().filename()) continue;
        const bool unfinished = job->state == BulkJob::State::waiting || job->state == BulkJob::State::running;
        if (unfinished && job->kind == BulkJob::Kind::import && job->principal.id != "anonymous") {
            // Whose token it was is no longer known, so neither is what it may write.
            job->state = BulkJob::State::failed;
            job->failure = "the program was stopped meanwhile; send the input again";
            job->finished_us = services_.clock.now_us();
            save_job(entry.path(), *job);
        }
        if (job->state == BulkJob::State::waiting || job->state == BulkJob::State::running) queue_.push_back(job->id);
        jobs_.emplace(job->id, std::move(*job));
    }
    thread_ = std::thread([this] { work(); });
}

void BulkJobs::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

Outcome<std::string> BulkJobs::enqueue(BulkJob job) {
    std::error_code error;
    const auto folder = options_.folder / job.id;
    std::filesystem::create_directories(folder, error);
    if (error || !save_job(folder, job)) return fault(507, IssueCode::no_store, "The job cannot be written down");
    const std::lock_guard lock(mutex_);
    const std::string id = job.id;
    if (queue_.size() >= options_.jobs_max) {
        std::filesystem::remove_all(folder, error);
        Fault busy = fault(429, IssueCode::throttled, "As many bulk jobs wait as the server takes; try again later");
        busy.headers.add("Retry-After", "60");
        return busy;
    }
    jobs_.emplace(id, std::move(job));
    queue_.push_back(id);
    wake_.notify_all();
    return {boost::system::in_place_value, id};
}

Outcome<std::string> BulkJobs::export_all(BulkJob job) {
    if (auto checked = check_export(services_, job); checked.has_error()) return checked.error();
    job.id = services_.store.new_id();
    return enqueue(std::move(job));
}

Outcome<std::string> BulkJobs::import(BulkJob job, std::string_view ndjson) {
    job.id = services_.store.new_id();
    job.kind = BulkJob::Kind::import;
    job.size = ndjson.size();
    const auto folder = options_.folder / job.id;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    std::ofstream out(folder / "input.ndjson", std::ios::binary | std::ios::trunc);
    out.write(ndjson.data(), static_cast<std::streamsize>(ndjson.size()));
    if (error || !out.flush()) return fault(507, IssueCode::no_store, "The job cannot be written down");
    return enqueue(std::move(job));
}

std::optional<BulkJob> BulkJobs::find(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? std::nullopt : std::optional(found->second);
}

bool BulkJobs::cancel(std::string_view id) {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return false;
    jobs_.erase(found);
    std::erase(queue_, std::string(id));
    std::error_code error;
    std::filesystem::remove_all(options_.folder / std::string(id), error);
    return true;
}

std::filesystem::path BulkJobs::file(std::string_view id, std::string_view name) const {
    return options_.folder / std::string(id) / std::string(name);
}

bool BulkJobs::step(BulkJob& job) {
    const auto folder = options_.folder / job.id;
    job.state = BulkJob::State::running;
    bool more = false;
    try {
        more = job.kind == BulkJob::Kind::import ? import_step(services_, job, folder)
                                                 : export_step(services_, job, folder, options_.page);
    } catch (const std::exception& exception) {
        job.state = BulkJob::State::failed;
        job.failure = "the job could not go on";
        logging::error("bulk.failed", {{"job", job.id}, {"reason", exception.what()}});
    }
    if (!more) {
        if (job.state != BulkJob::State::failed) job.state = BulkJob::State::done;
        job.finished_us = services_.clock.now_us();
    }
    if (!save_job(folder, job) && std::filesystem::exists(folder)) {
        job.state = BulkJob::State::failed;
        job.failure = "the job cannot be written down";
        more = false;
    }
    return more;
}

void BulkJobs::work() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (queue_.empty()) {
            wake_.wait_for(lock, std::chrono::minutes(1));
            if (queue_.empty()) remove_expired();
            continue;
        }
        const std::string id = queue_.front();
        BulkJob job = jobs_.at(id);
        lock.unlock();
        const bool more = step(job);
        lock.lock();
        const auto still = jobs_.find(id);
        if (still == jobs_.end()) {  // cancelled meanwhile: the step may have made its files again
            std::error_code error;
            std::filesystem::remove_all(options_.folder / id, error);
            continue;
        }
        still->second = std::move(job);
        if (!more) std::erase(queue_, id);
    }
}

void BulkJobs::remove_expired() {
    const auto now = services_.clock.now_us();
    for (auto at = jobs_.begin(); at != jobs_.end();) {
        if (at->second.finished_us == 0 || expires_us(at->second) > now) {
            ++at;
            continue;
        }
        std::error_code error;
        std::filesystem::remove_all(options_.folder / at->first, error);
        at = jobs_.erase(at);
    }
}

}  // namespace causeway::rest
