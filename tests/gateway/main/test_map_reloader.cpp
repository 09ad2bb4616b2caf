#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gateway/main/map_files.hpp"
#include "gateway/main/map_reloader.hpp"

using namespace causeway;

namespace {

/// A folder of maps that goes with the test.
class Folder {
public:
    Folder() : path_(std::filesystem::temp_directory_path() / ("causeway-maps-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string name() const { return path_.string(); }
    void write(const char* file, const std::string& text) const { std::ofstream(path_ / file) << text; }

private:
    std::filesystem::path path_;
};

const char* const good = "site harbour {\n  setting timezone = \"Europe/Oslo\"\n}\n";
const char* const broken = "site harbour {\n  extend map NoSuch : PID <-> Patient { PID-8 <-> gender }\n}\n";

/// Runs until `done` or a minute has passed.
template <class Done>
bool run_until(boost::asio::io_context& io, Done done) {
    for (int i = 0; i < 6'000 && !done(); ++i) {
        io.run_for(std::chrono::milliseconds(10));
        io.restart();
    }
    return done();
}

}  // namespace

TEST_SUITE("gateway/main/map_reloader") {
    TEST_CASE("new maps come into force, broken ones leave the old in place") {
        const Folder folder;
        auto first = load_and_try_maps(folder.name());
        REQUIRE(first.maps);
        const mappings::LiveMaps live(first.maps);
        boost::asio::io_context io;
        boost::asio::thread_pool cpu(1);
        MapReloader reloader(io, cpu, folder.name(), live);
        CHECK(!live.current()->plan("harbour"));
        folder.write("harbour.map", good);
        CHECK(reloader.reload_blocking());
        const auto kept = live.current();
        CHECK(kept->plan("harbour"));
        folder.write("harbour.map", broken);
        CHECK(!reloader.reload_blocking());
        CHECK(live.current() == kept);
        CHECK(load_and_try_maps(folder.name()).faults.front().find("harbour.map:2") != std::string::npos);
    }

    TEST_CASE("a changed folder and SIGHUP are noticed") {
        const Folder folder;
        auto first = load_and_try_maps("");
        REQUIRE(first.maps);
        const mappings::LiveMaps live(first.maps);
        boost::asio::io_context io;
        boost::asio::thread_pool cpu(1);
        MapReloader reloader(io, cpu, folder.name(), live, 5);
        reloader.start();
        folder.write("harbour.map", good);
        CHECK(run_until(io, [&] { return live.current()->plan("harbour") != nullptr; }));
        const auto before = live.current();
        std::raise(SIGHUP);
        CHECK(run_until(io, [&] { return live.current() != before; }));
        reloader.stop();
        io.run_for(std::chrono::milliseconds(20));
        cpu.join();
    }
}
