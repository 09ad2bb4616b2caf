#include "gateway/storage/sqlite/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace causeway::storage {

LockFile::LockFile(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0)
        throw FailureException({FailureCode::io, "cannot open " + path.string() + ": " + std::strerror(errno)});
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        ::close(descriptor_);
        descriptor_ = -1;
        if (error == EWOULDBLOCK)
            throw FailureException({FailureCode::locked, path.string() + " is held by another process"});
        throw FailureException({FailureCode::io, "cannot lock " + path.string() + ": " + std::strerror(error)});
    }
    const auto text = std::to_string(::getpid()) + "\n";
    if (::ftruncate(descriptor_, 0) != 0 || ::write(descriptor_, text.data(), text.size()) < 0) {
    }  // for people only
}

LockFile::~LockFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool lock_held(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool held = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(descriptor);
    return held;
}

}  // namespace causeway::storage
