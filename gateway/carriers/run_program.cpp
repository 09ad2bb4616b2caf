#include "gateway/carriers/run_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

extern char** environ;

namespace causeway::carriers {
namespace {

constexpr std::size_t output_bytes_max = std::size_t{4} << 20;

struct Pipe {
    int read = -1, write = -1;
    bool open() {
        int both[2] = {-1, -1};
        if (::pipe2(both, O_CLOEXEC) != 0) return false;
        read = both[0];
        write = both[1];
        return true;
    }
    static void close(int& handle) {
        if (handle >= 0) ::close(handle);
        handle = -1;
    }
    ~Pipe() {
        close(read);
        close(write);
    }
};

}  // namespace

Ended run_program_blocking(const std::vector<std::string>& arguments, std::string_view input,
                           std::chrono::milliseconds time_max) {
    using Clock = std::chrono::steady_clock;
    Ended ended;
    Pipe in, out;
    if (arguments.empty() || !in.open() || !out.open()) {
        ended.failure = "no pipe";
        return ended;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.read, 0);
    posix_spawn_file_actions_adddup2(&actions, out.write, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    // The server ignores SIGPIPE and blocks signals in places: the program begins as if a shell had started it.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigemptyset(&all);
    sigaddset(&all, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<char*> pointers;
    for (const auto& each : arguments) pointers.push_back(const_cast<char*>(each.c_str()));
    pointers.push_back(nullptr);
    pid_t child = 0;
    const int failed = ::posix_spawnp(&child, pointers[0], &actions, &attributes, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failed != 0) {
        ended.failure = "cannot be started";
        return ended;
    }
    Pipe::close(in.read);
    Pipe::close(out.write);
    ::fcntl(in.write, F_SETFL, O_NONBLOCK);
    const auto until = Clock::now() + time_max;
    bool killed = false;
    char room[16 * 1024];
    while (out.read >= 0) {
        if (input.empty()) Pipe::close(in.write);
        pollfd both[2] = {{out.read, POLLIN, 0}, {in.write, POLLOUT, 0}};
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        const int ready = left > 0 ? ::poll(both, in.write >= 0 ? 2 : 1, static_cast<int>(left)) : 0;
        if (ready == 0) {
            ::kill(child, SIGKILL);
            killed = true;
            break;
        }
        if (ready < 0) {
            if (errno == EINTR) continue;
            break;
        }
        if (in.write >= 0 && both[1].revents != 0) {
            const auto size = ::write(in.write, input.data(), input.size());
            if (size > 0)
                input.remove_prefix(static_cast<std::size_t>(size));
            else if (errno != EAGAIN && errno != EINTR)
                input = {};  // it does not read: what it says decides
        }
        if (both[0].revents != 0) {
            const auto size = ::read(out.read, room, sizeof room);
            if (size <= 0) break;
            if (ended.output.size() < output_bytes_max) ended.output.append(room, static_cast<std::size_t>(size));
        }
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (killed) {
        ended.failure = "timeout";
    } else if (WIFEXITED(status)) {
        ended.code = WEXITSTATUS(status);
    } else {
        ended.failure = "killed";
    }
    return ended;
}

}  // namespace causeway::carriers
