#include "gateway/carriers/pickup.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "gateway/carriers/directory.hpp"
#include "gateway/carriers/sftp.hpp"

namespace causeway::carriers {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view taking_suffix = ".taking";
constexpr std::size_t file_bytes_max = std::size_t{64} << 20;
constexpr std::size_t files_per_look = 1'000;

std::optional<std::string> read_file(const fs::path& path) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error || size > file_bytes_max) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), {});
    return file.bad() ? std::nullopt : std::optional(std::move(bytes));
}

/// Files to take, those that were begun before a stop first.
std::vector<std::string> names_in(const fs::path& folder, const std::string& suffix, std::error_code& error) {
    std::vector<std::string> begun, fresh;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        auto name = at->path().filename().string();
        std::error_code ignored;
        if (name.starts_with('.') || !at->is_regular_file(ignored)) continue;
        if (name.ends_with(suffix + std::string(taking_suffix)))
            begun.push_back(name.substr(0, name.size() - taking_suffix.size()));
        else if (name.ends_with(suffix))
            fresh.push_back(std::move(name));
        if (fresh.size() >= 10 * files_per_look) break;
    }
    std::sort(begun.begin(), begun.end());
    std::sort(fresh.begin(), fresh.end());
    for (auto& each : fresh)
        if (!std::binary_search(begun.begin(), begun.end(), each)) begun.push_back(std::move(each));
    if (begun.size() > files_per_look) begun.resize(files_per_look);
    return begun;
}

}  // namespace

bool leaves_messages(const exchange::Partner& partner) noexcept {
    return (partner.directory && !partner.directory->in.empty()) || (partner.sftp && !partner.sftp->in.empty());
}

Pickup::Pickup(std::shared_ptr<const exchange::Partner> partner, const exchange::Inbox& inbox, Received received,
               Report report)
    : partner_(std::move(partner)), inbox_(inbox), received_(std::move(received)), report_(std::move(report)) {}

Pickup::~Pickup() { stop(); }

void Pickup::start() {
    thread_ = std::thread([this] { run(); });
}

void Pickup::ask_to_stop() {
    stopping_ = true;
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
}

void Pickup::stop() {
    ask_to_stop();
    if (thread_.joinable()) thread_.join();
}

void Pickup::run() {
    const auto every =
        std::chrono::milliseconds(partner_->directory ? partner_->directory->every_ms : partner_->sftp->every_ms);
    while (!stopping_) {
        try {
            look_blocking();
        } catch (const std::exception&) {  // of a library or of allocation: the file stays and is tried again
            tell({0, 0, "internal error"});
        }
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, every, [this] { return stopping_.load(); });
    }
}

void Pickup::tell(PickedUp what) {
    // A folder that is away stays away for a while: that is said once.
    if (!what.fault.empty() && what.fault == last_fault_) return;
    last_fault_ = what.fault;
    if (report_) report_(*partner_, what);
}

TakenIn Pickup::take(std::string bytes) {
    return take_in_blocking(inbox_, std::move(bytes), {partner_->name, {}, nullptr, partner_->name}, received_);
}

std::size_t Pickup::look_blocking() {
    return partner_->directory && !partner_->directory->in.empty() ? look_at_folder() : look_at_sftp();
}

std::size_t Pickup::look_at_folder() {
    const auto& endpoint = *partner_->directory;
    const fs::path folder = endpoint.in;
    std::error_code error;
    const auto names = names_in(folder, endpoint.suffix, error);
    if (error) {
        tell({0, 0, "folder: " + errno_code(error.value())});
        return 0;
    }
    std::size_t taken = 0;
    for (const auto& name : names) {
        if (stopping_) break;
        const auto taking = folder / (name + std::string(taking_suffix));
        if (!fs::exists(taking, error)) {
            fs::rename(folder / name, taking, error);
            if (error) continue;  // another reader was faster, or it is gone
        }
        if (!take_file(taking.string(), name)) break;
        ++taken;
    }
    return taken;
}

/// False: it could not be stored; nothing more is tried now.
bool Pickup::take_file(const std::string& taking, const std::string& name) {
    const fs::path folder = partner_->directory->in;
    auto bytes = read_file(taking);
    if (!bytes) {
        tell({0, 0, "a file cannot be read or is larger than 64 MB"});
        std::error_code error;
        fs::create_directories(folder / "failed", error);
        fs::rename(taking, folder / "failed" / name, error);
        return true;
    }
    const auto taken = take(std::move(*bytes));
    if (!taken.kept) {
        tell({taken.messages, taken.processed, "a message could not be stored"});
        return false;
    }
    const bool good = taken.messages > 0 && taken.processed == taken.messages;
    if (!taken.answer.empty()) write_file(folder / (name + ".ack"), taken.answer);
    std::error_code error;
    const auto to = folder / (good ? "done" : "failed");
    fs::create_directories(to, error);
    fs::rename(taking, to / name, error);
    tell({taken.messages, taken.processed, error ? "folder: " + errno_code(error.value()) : std::string()});
    return !error;
}

std::size_t Pickup::look_at_sftp() {
    const auto& endpoint = *partner_->sftp;
    const auto listed = run_sftp_blocking(endpoint, "ls -1 \"" + endpoint.in + "\"\n");
    if (listed.code != 0) {
        tell({0, 0, listed.code == 1 ? "sftp: the folder cannot be listed" : "sftp: no connection"});
        return 0;
    }
    auto names = names_of_listing(listed.output, endpoint.suffix + std::string(taking_suffix));
    for (auto& each : names) each.resize(each.size() - taking_suffix.size());
    const auto begun = names;
    for (auto& each : names_of_listing(listed.output, endpoint.suffix))
        if (!std::binary_search(begun.begin(), begun.end(), each)) names.push_back(std::move(each));
    std::string local = (fs::temp_directory_path() / "causeway-sftp-XXXXXX").string();
    if (names.empty()) return 0;
    const int handle = ::mkstemp(local.data());
    if (handle < 0) {
        tell({0, 0, "temporary file: " + errno_code(errno)});
        return 0;
    }
    ::close(handle);
    std::size_t taken = 0;
    for (const auto& name : names) {
        if (stopping_) break;
        const auto from = "\"" + endpoint.in + "/" + name + "\"";
        const auto taking = "\"" + endpoint.in + "/" + name + std::string(taking_suffix) + "\"";
        const bool fresh = !std::binary_search(begun.begin(), begun.end(), name);
        const auto got = run_sftp_blocking(endpoint, (fresh ? "rename " + from + " " + taking + "\n" : std::string()) +
                                                         "get " + taking + " \"" + local + "\"\n");
        if (got.code != 0) {
            tell({0, 0, "sftp: a file cannot be fetched"});
            continue;
        }
        auto bytes = read_file(local);
        if (!bytes) continue;
        const auto result = take(std::move(*bytes));
        if (!result.kept) {
            tell({result.messages, result.processed, "a message could not be stored"});
            break;
        }
        const bool good = result.messages > 0 && result.processed == result.messages;
        const std::string to = good ? "done" : "failed";
        // The folder may be there already: a command that begins with '-' may fail.
        run_sftp_blocking(endpoint, "-mkdir \"" + endpoint.in + "/" + to + "\"\nrename " + taking + " \"" +
                                        endpoint.in + "/" + to + "/" + name + "\"\n");
        tell({result.messages, result.processed, {}});
        ++taken;
    }
    ::unlink(local.c_str());
    return taken;
}

}  // namespace causeway::carriers
