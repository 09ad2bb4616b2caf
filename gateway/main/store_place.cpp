#include "gateway/main/store_place.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "gateway/main/gateway.hpp"

namespace causeway {

std::string read_audit_key(const ops::Config& config) {
    const auto& path = config.storage.audit_key_file;
    if (path.empty()) return {};
    std::ifstream file(path, std::ios::binary);
    std::string key((std::istreambuf_iterator<char>(file)), {});
    if (!file) throw StartFailure{fmt::format("storage.audit_key_file {} cannot be read", path)};
    while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
    constexpr std::size_t key_bytes_min = 16;
    if (key.size() < key_bytes_min)
        throw StartFailure{fmt::format("storage.audit_key_file {} holds fewer than {} bytes", path, key_bytes_min)};
    return key;
}

}  // namespace causeway
