#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "gateway/http/handler.hpp"
#include "gateway/rest/bulk_job.hpp"
#include "gateway/rest/call.hpp"

namespace causeway::rest {

class Operations;

/// Bulk exports and imports: a queue on disk and one thread that works it off, a page or a chunk at a time, so that a
/// large job never keeps the store to itself. Jobs that were under way when the program ended go on at its next start.
class BulkJobs {
public:
    struct Options {
        std::filesystem::path folder;
        std::int64_t keep_us = std::int64_t{24} * 3'600'000'000;
        std::size_t jobs_max = 16;  ///< waiting and running
        std::uint32_t page = 500;   ///< resources a step
    };

    BulkJobs(const Services& services, Options options);
    ~BulkJobs();
    BulkJobs(const BulkJobs&) = delete;
    BulkJobs& operator=(const BulkJobs&) = delete;

    /// Takes up what lies on disk and starts the thread. Once, after `services` is complete.
    void start();
    /// Ends after the step under way. Idempotent.
    void stop();

    /// Checks an export's parameters and queues it; the job's id.
    Outcome<std::string> export_all(BulkJob job);
    Outcome<std::string> import(BulkJob job, std::string_view ndjson);

    std::optional<BulkJob> find(std::string_view id) const;
    /// Stops a job that runs and removes its files. False if there is none.
    bool cancel(std::string_view id);
    std::filesystem::path file(std::string_view id, std::string_view name) const;
    std::int64_t expires_us(const BulkJob& job) const { return job.finished_us + options_.keep_us; }

private:
    Outcome<std::string> enqueue(BulkJob job);
    void work();
    /// One step of the job; true if there is more to do.
    bool step(BulkJob& job);
    void remove_expired();

    const Services& services_;
    const Options options_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::map<std::string, BulkJob, std::less<>> jobs_;
    std::deque<std::string> queue_;
    bool stopping_ = false;
    std::thread thread_;
};

/// One step of an export or import; throws std::exception where it cannot go on.
bool export_step(const Services& services, BulkJob& job, const std::filesystem::path& folder, std::uint32_t page);
bool import_step(const Services& services, BulkJob& job, const std::filesystem::path& folder);
/// What an export asks for, checked before it is queued.
Outcome<void> check_export(const Services& services, BulkJob& job);

/// The job's files and status: GET and DELETE /bulk/[id], GET /bulk/[id]/[file].
class BulkHandler final : public http::Handler {
public:
    BulkHandler(const Services& services, BulkJobs& jobs) : services_(services), jobs_(jobs) {}
    void handle(http::Request request, http::Reply reply) override;

private:
    http::Response answer(const http::Request& request);
    http::Response status(const BulkJob& job) const;

    const Services& services_;
    BulkJobs& jobs_;
};

/// $export at system, Patient and Group, and $import.
void add_bulk_operations(Operations& operations, BulkJobs& jobs);

}  // namespace causeway::rest
