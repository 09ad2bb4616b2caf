#pragma once
#include "gateway/storage/types.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::storage {

/// Which versions are no longer what their resource is: superseded ones, and deletion markers. One bit a vid, in chunks
/// that are shared between states, so that publishing a group copies only the chunks it touched. Immutable once
/// published.
class DeadSet {
public:
    static constexpr std::int64_t chunk_bits = 32'768;

    bool contains(Vid vid) const noexcept {
        const auto chunk = static_cast<std::size_t>(vid / chunk_bits);
        if (chunk >= chunks_.size() || !chunks_[chunk]) return false;
        const auto bit = static_cast<std::size_t>(vid % chunk_bits);
        return ((*chunks_[chunk])[bit / 64] >> (bit % 64)) & 1;
    }
    std::uint64_t count() const noexcept { return count_; }
    std::vector<Vid> all() const;

    /// A copy with these added.
    std::shared_ptr<const DeadSet> with(const std::vector<Vid>& more) const;

    std::size_t chunk_count() const noexcept { return chunks_.size(); }
    /// Little-endian bytes of one chunk; empty if no bit is set.
    std::string chunk_bytes(std::size_t chunk) const;
    bool same_chunk(const DeadSet& other, std::size_t chunk) const noexcept {
        return chunk < chunks_.size() && chunk < other.chunks_.size() && chunks_[chunk] == other.chunks_[chunk];
    }
    void load_chunk(std::size_t chunk, std::string_view bytes);

private:
    using Chunk = std::array<std::uint64_t, chunk_bits / 64>;
    std::vector<std::shared_ptr<const Chunk>> chunks_;
    std::uint64_t count_ = 0;
};

/// What a search sees: all versions up to `committed`, and which of them are dead. Published by the writer after COMMIT
/// and before any acknowledgement. A reader takes it before it begins its SQL transaction, so the rows are never older
/// than it.
struct IndexState {
    std::uint64_t generation = 0;  ///< one more with each group, also with those that write no version
    Vid committed = 0;
    std::shared_ptr<const DeadSet> dead = std::make_shared<const DeadSet>();
};

}  // namespace causeway::storage
