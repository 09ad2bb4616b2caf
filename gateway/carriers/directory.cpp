#include "gateway/carriers/directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace causeway::carriers {
namespace {

class File {
public:
    File(const char* path, int flags) : handle_(::open(path, flags | O_CLOEXEC, 0600)) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (handle_ >= 0) ::close(handle_);
    }
    bool good() const { return handle_ >= 0; }
    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto size = ::write(handle_, bytes.data(), bytes.size());
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
        return true;
    }
    bool sync() { return ::fsync(handle_) == 0; }

private:
    int handle_;
};

}  // namespace

std::string errno_code(int error) {
    const char* const name = ::strerrorname_np(error);
    return name != nullptr ? name : "errno " + std::to_string(error);
}

std::string file_name(const exchange::Outgoing& message, std::string_view suffix) {
    auto number = std::to_string(message.id);
    number.insert(0, 20 - std::min<std::size_t>(20, number.size()), '0');
    std::string id = message.control_id.substr(0, 64);
    std::replace_if(
        id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '_');
    return number + (id.empty() ? "" : "-" + id) + std::string(suffix);
}

std::string write_file(const std::filesystem::path& path, std::string_view bytes) {
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const auto hidden = folder / ("." + path.filename().string() + ".part");
    {
        File file(hidden.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
        if (!file.good() || !file.write(bytes) || !file.sync()) {
            const int error = errno;
            ::unlink(hidden.c_str());
            return errno_code(error);
        }
    }
    if (::rename(hidden.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(hidden.c_str());
        return errno_code(error);
    }
    File entry(folder.c_str(), O_RDONLY | O_DIRECTORY);
    return entry.good() && entry.sync() ? std::string() : errno_code(errno);
}

exchange::Carried DirectoryCarrier::carry_blocking(const exchange::Outgoing& message) {
    const auto fault =
        write_file(std::filesystem::path(endpoint_.out) / file_name(message, endpoint_.suffix), message.message);
    if (fault.empty()) return {exchange::Carried::Kind::taken, {}, {}, {}};
    return carrying_failed(exchange::FailureClass::connection, "folder: " + fault);
}

}  // namespace causeway::carriers
