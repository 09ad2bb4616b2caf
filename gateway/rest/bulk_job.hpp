#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/rest/fault.hpp"
#include "gateway/security/door.hpp"
#include "gateway/security/principal.hpp"

namespace causeway::rest {

/// A bulk export or import as it lies on disk: `<folder>/<id>/job.json` beside its files. What is written there is
/// enough to go on after a restart; what a step wrote into files beyond the sizes noted here is cut off again.
struct BulkJob {
    enum class Kind : std::uint8_t { export_, import };
    enum class State : std::uint8_t { waiting, running, done, failed };
    enum class Level : std::uint8_t { system, patient, group };

    struct File {
        std::string type;
        std::string name;
        std::uint64_t bytes = 0;
        std::uint64_t count = 0;
    };
    /// One resource type of an export.
    struct Part {
        std::string type;
        std::string token;  ///< where it goes on; all parts' tokens are of one snapshot
        bool done = false;
    };

    std::string id;
    Kind kind = Kind::export_;
    State state = State::waiting;
    Level level = Level::system;
    std::string request;  ///< the URL of the kick-off
    std::string base;     ///< of the FHIR server, without a slash at the end
    security::Principal principal;
    security::AccessFilter access;
    std::vector<std::string> patients;  ///< ids; of the group, or as given
    std::vector<std::pair<std::string, std::string>> parameters;
    std::int64_t accepted_us = 0, transaction_us = 0, finished_us = 0;
    bool started = false;
    std::vector<Part> parts;
    std::vector<File> files;    ///< of resources
    std::vector<File> deleted;  ///< of what was deleted
    std::vector<File> errors;   ///< of OperationOutcomes
    std::uint64_t offset = 0;   ///< import: bytes of the input that are done
    std::uint64_t size = 0;     ///< import: bytes of the input
    std::string failure;        ///< why it failed, for people

    std::string_view parameter(std::string_view name) const;
    /// For X-Progress.
    std::string progress() const;
};

std::string to_json(const BulkJob& job);
std::optional<BulkJob> read_job(std::string json);

/// Replaces job.json in one step. False if the disk does not take it.
bool save_job(const std::filesystem::path& folder, const BulkJob& job);

/// Appends lines to a job's files, starting a new file when one is full.
class BulkFiles {
public:
    BulkFiles(std::filesystem::path folder, std::vector<BulkJob::File>& files)
        : folder_(std::move(folder)), files_(files) {}
    /// `lines` holds `count` lines, each with its end. False if the disk does not take them.
    bool append(std::string_view type, std::string_view prefix, std::string_view lines, std::uint64_t count);

private:
    std::filesystem::path folder_;
    std::vector<BulkJob::File>& files_;
};

}  // namespace causeway::rest
