#include "gateway/main/startup.hpp"

#include <fmt/core.h>

#include <fstream>
#include <iterator>

#include "gateway/main/config_clients.hpp"
#include "gateway/main/config_partners.hpp"

namespace causeway {

Startup read_startup(const std::string& path) {
    Startup startup;
    startup.path = path;
    std::string text;
    if (!path.empty()) {
        std::ifstream file(path, std::ios::binary);
        if (!file) {
            startup.faults.push_back({path, "the configuration file cannot be read"});
            return startup;
        }
        text.assign(std::istreambuf_iterator<char>(file), {});
    }
    auto load = ops::load_config(text, path, ops::process_environment());
    startup.config = std::move(load.config);
    startup.faults = std::move(load.faults);
    if (!startup.faults.empty()) return startup;
    auto partners = load_partners(text, path, startup.config);
    startup.exchange = std::move(partners.settings);
    startup.faults = std::move(partners.faults);
    auto clients = load_clients(text, path, startup.config);
    startup.clients = std::move(clients.settings);
    startup.faults.insert(startup.faults.end(), clients.faults.begin(), clients.faults.end());
    return startup;
}

void print_faults(const std::vector<ops::ConfigFault>& faults) {
    for (const auto& each : faults) fmt::print(stderr, "causeway: {}: {}\n", each.where, each.text);
}

}  // namespace causeway
