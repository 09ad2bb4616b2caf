#include "gateway/main/map_reloader.hpp"

#include <csignal>

#include <boost/asio/post.hpp>
#include <chrono>

#include "gateway/main/map_files.hpp"
#include "gateway/ops/log.hpp"

namespace causeway {

namespace logging = ops::log;

MapReloader::MapReloader(boost::asio::io_context& io, boost::asio::thread_pool& cpu, std::string folder,
                         mappings::LiveMaps maps, int look_ms)
    : cpu_(cpu),
      folder_(std::move(folder)),
      maps_(std::move(maps)),
      look_ms_(look_ms),
      strand_(boost::asio::make_strand(io)),
      hangups_(strand_),
      timer_(strand_) {
    if (!folder_.empty()) state_ = map_files_state(folder_);
}

void MapReloader::start() {
    boost::system::error_code ignored;  // without the signal the folder is watched all the same
    hangups_.add(SIGHUP, ignored);
    wait_for_signal();
    if (!folder_.empty()) wait_for_change();
}

void MapReloader::stop() {
    stopped_ = true;
    boost::asio::post(strand_, [this] {
        boost::system::error_code ignored;
        hangups_.cancel(ignored);
        timer_.cancel();
    });
}

void MapReloader::wait_for_signal() {
    hangups_.async_wait([this](const boost::system::error_code& error, int) {
        if (error || stopped_) return;
        reload();
        wait_for_signal();
    });
}

void MapReloader::wait_for_change() {
    timer_.expires_after(std::chrono::milliseconds(look_ms_));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error || stopped_) return;
        // A file that is being written changes again: it is taken up when two looks agree.
        if (auto now = map_files_state(folder_); now != state_) {
            state_ = std::move(now);
            changed_ = true;
        } else if (changed_) {
            changed_ = false;
            reload();
        }
        wait_for_change();
    });
}

void MapReloader::reload() {
    if (busy_.exchange(true)) return;
    boost::asio::post(cpu_, [this] {
        reload_blocking();
        busy_ = false;
    });
}

bool MapReloader::reload_blocking() {
    auto loaded = load_and_try_maps(folder_);
    if (!loaded.maps) {
        logging::error("maps.kept", {{"faults", loaded.faults.size()},
                                     {"first", loaded.faults.empty() ? "" : loaded.faults.front()}});
        return false;
    }
    const auto sites = loaded.maps->sites().size();
    maps_.replace(std::move(loaded.maps));
    logging::info("maps.reloaded", {{"folder", folder_}, {"sites", sites}});
    return true;
}

}  // namespace causeway
