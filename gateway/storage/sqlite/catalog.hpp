#pragma once
#include "gateway/storage/siphash.hpp"
#include "gateway/storage/sqlite/codec.hpp"
#include "gateway/storage/types.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace causeway::storage {

/// What every connection must agree on: codes of resource types, durable numbers of search parameters, the hash key,
/// the dictionaries. Filled at open; types may be added while running (the writer stores those not stored yet with its
/// group).
class Catalog {
public:
    /// Code of a type; 0 if it was never written.
    std::int64_t find_type(std::string_view name) const;
    /// Code of a type, given now if it is new.
    std::int64_t type_code(std::string_view name);
    std::string type_name(std::int64_t code) const;
    void load_type(std::int64_t code, std::string_view name);
    /// Types given since the last call of stored_types().
    std::vector<std::pair<std::int64_t, std::string>> unstored_types() const;
    void stored_types(std::size_t count);

    /// Durable number of a build's parameter number; 0 = not indexed.
    std::uint16_t durable_parameter(std::uint16_t build_parameter) const {
        if (build_parameter < parameters_.size()) return parameters_[build_parameter];
        const std::size_t custom = build_parameter - parameters_.size();
        return custom < custom_.size() ? custom_[custom].load(std::memory_order_acquire) : std::uint16_t{0};
    }
    /// Of a parameter that came while running.
    void set_parameter(std::uint16_t build_parameter, std::uint16_t durable) {
        custom_.at(build_parameter - parameters_.size()).store(durable, std::memory_order_release);
    }
    void load_parameters(std::vector<std::uint16_t> parameters) { parameters_ = std::move(parameters); }

    HashKey hash_key;
    std::uint64_t hash_mask = ~std::uint64_t{0};
    Codec codec;

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };
    mutable std::shared_mutex mutex_;
    std::unordered_map<std::string, std::int64_t, TextHash, std::equal_to<>> codes_;
    std::vector<std::string> names_;         ///< by code - 1
    std::size_t stored_ = 0;                 ///< how many of names_ stand in the file
    std::vector<std::uint16_t> parameters_;  ///< of the build's own
    std::array<std::atomic<std::uint16_t>, 256> custom_{};
};

}  // namespace causeway::storage
