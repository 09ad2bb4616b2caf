#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "gateway/carriers/take_in.hpp"

namespace causeway::carriers {

/// Told of every file that was picked up, and of a folder that cannot be read (`fault` not empty). Holds no names of
/// files: partners put patients' names there.
struct PickedUp {
    std::size_t messages = 0, processed = 0;
    std::string fault;
};

/// Picks up the messages a partner leaves in a folder, or on an SFTP server.
///
/// A file is renamed first (`NAME.taking`): a name without that is complete, and no other reader takes it. Then its
/// messages are taken in, one transaction each, the acknowledgements written beside it (`NAME.ack`, folders only), and
/// the file is moved to `done/`, or to `failed/` if one of its messages was refused. What is stored twice after a crash
/// in between has one effect. A file that cannot be stored now stays and is tried again.
class Pickup {
public:
    using Report = std::function<void(const exchange::Partner&, const PickedUp&)>;
    /// All outlive it. `partner` has a directory.in or an sftp.in.
    Pickup(std::shared_ptr<const exchange::Partner> partner, const exchange::Inbox& inbox, Received received,
           Report report);
    ~Pickup();

    void start();
    void stop();
    /// Without waiting; stop() waits.
    void ask_to_stop();
    /// Everything that lies there now, on the calling thread; how many files.
    std::size_t look_blocking();

private:
    void run();
    std::size_t look_at_folder();
    std::size_t look_at_sftp();
    bool take_file(const std::string& taking, const std::string& name);
    TakenIn take(std::string bytes);
    void tell(PickedUp what);

    std::shared_ptr<const exchange::Partner> partner_;
    const exchange::Inbox& inbox_;
    Received received_;
    Report report_;
    std::string last_fault_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

/// Whether a partner leaves messages somewhere.
bool leaves_messages(const exchange::Partner& partner) noexcept;

}  // namespace causeway::carriers
