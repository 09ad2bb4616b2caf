#pragma once

namespace causeway {

/// Before anything is read: no core files and no reading of this process's memory by others of the same user, since
/// both would hold patients' data (RLIMIT_CORE 0, PR_SET_DUMPABLE 0), and new files are their owner's alone (umask
/// 077). A write to a closed connection is an error code, not a signal.
void harden_process();

/// This thread gives way to the others of the process: for threads that read large documents and walk through searches
/// while others answer with what they have. Where the system forbids it, nothing changes.
void give_way();

}  // namespace causeway
