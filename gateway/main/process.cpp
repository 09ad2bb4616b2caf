#include "gateway/main/process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

namespace causeway {

void harden_process() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    ::umask(077);
    std::signal(SIGPIPE, SIG_IGN);
}

void give_way() {
    constexpr int nicer_by = 5;  // a third of the share of a thread that competes with it
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nicer_by);
}

}  // namespace causeway
