#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <string>

#include "mappings/engine/live_maps.hpp"

namespace causeway {

/// Brings changed map files into force while the gateway runs: on SIGHUP, and when the folder is seen to have changed.
/// New maps are read, compiled and tried out on the cpu pool and only then exchanged; if anything is wrong with them the
/// ones in force stay, and the log says what is wrong. Messages being worked on end with the maps they began with.
class MapReloader {
public:
    /// An empty folder: SIGHUP reloads the shipped maps, nothing is watched. Outlives the runs of both executors.
    MapReloader(boost::asio::io_context& io, boost::asio::thread_pool& cpu, std::string folder, mappings::LiveMaps maps,
                int look_ms = 2'000);

    void start();
    void stop();
    /// Reads the maps now, on the calling thread; true if they came into force.
    bool reload_blocking();

private:
    void wait_for_signal();
    void wait_for_change();
    void reload();

    boost::asio::thread_pool& cpu_;
    std::string folder_, state_;
    bool changed_ = false;
    mappings::LiveMaps maps_;
    const int look_ms_;
    boost::asio::strand<boost::asio::io_context::executor_type> strand_;
    boost::asio::signal_set hangups_;
    boost::asio::steady_timer timer_;
    std::atomic<bool> busy_{false}, stopped_{false};
};

}  // namespace causeway
