#pragma once
#include "gateway/storage/types.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace causeway::storage {

/// Compresses bodies and messages (zstd level 3 with a dictionary) and gives them back. Thread-safe: each thread has
/// its own contexts, the dictionaries are shared. Dictionary 0 is none; the bytes of every other one stand in the
/// store's `dictionary` table and are never deleted.
class Codec {
public:
    struct Packed {
        std::string data;
        std::int64_t dictionary = 0;
    };
    /// With the newest dictionary.
    Packed pack(std::string_view bytes) const;
    /// Without a dictionary, fast (level 1), and left as it is where that gains nothing: messages, traces. Unpack with
    /// dictionary 0.
    std::string pack_plain(std::string_view bytes) const;
    /// Appends `size` bytes; throws FailureException (corrupt) if the data does not give exactly these.
    void unpack(std::int64_t dictionary, std::size_t size, std::string_view data, std::string& out) const;

    void add_dictionary(std::int64_t id, std::string bytes);
    std::int64_t newest() const;

    /// Typical member names and codes of R4 resources: the dictionary of a new store, until it can train its own.
    static std::string_view built_in();

private:
    struct Dictionary;
    std::shared_ptr<const Dictionary> find(std::int64_t id) const;
    mutable std::shared_mutex mutex_;
    std::map<std::int64_t, std::shared_ptr<const Dictionary>> dictionaries_;
};

}  // namespace causeway::storage
