#include "gateway/storage/sqlite/dead_set.hpp"

#include <bit>

#include <bit>
#include <cstring>
#include <unordered_map>

namespace causeway::storage {

std::shared_ptr<const DeadSet> DeadSet::with(const std::vector<Vid>& more) const {
    auto next = std::make_shared<DeadSet>(*this);
    std::unordered_map<std::size_t, std::shared_ptr<Chunk>> own;  // chunks copied for this state
    for (const auto vid : more) {
        const auto at = static_cast<std::size_t>(vid / chunk_bits);
        if (at >= next->chunks_.size()) next->chunks_.resize(at + 1);
        auto& chunk = own[at];
        if (!chunk) {
            chunk = next->chunks_[at] ? std::make_shared<Chunk>(*next->chunks_[at]) : std::make_shared<Chunk>(Chunk{});
            next->chunks_[at] = chunk;
        }
        const auto bit = static_cast<std::size_t>(vid % chunk_bits);
        auto& word = (*chunk)[bit / 64];
        const auto mask = std::uint64_t{1} << (bit % 64);
        if (!(word & mask)) ++next->count_;
        word |= mask;
    }
    return next;
}

std::string DeadSet::chunk_bytes(std::size_t chunk) const {
    if (chunk >= chunks_.size() || !chunks_[chunk]) return {};
    std::string out(chunk_bits / 8, '\0');
    for (std::size_t i = 0; i < chunk_bits / 64; ++i)
        for (std::size_t b = 0; b < 8; ++b) out[i * 8 + b] = static_cast<char>((*chunks_[chunk])[i] >> (8 * b));
    return out;
}

void DeadSet::load_chunk(std::size_t chunk, std::string_view bytes) {
    if (bytes.size() != chunk_bits / 8 || chunk > 1u << 24)
        throw FailureException({FailureCode::corrupt, "a chunk of the superseded versions has the wrong size"});
    auto made = std::make_shared<Chunk>();
    for (std::size_t i = 0; i < chunk_bits / 64; ++i) {
        std::uint64_t word = 0;
        for (std::size_t b = 0; b < 8; ++b)
            word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i * 8 + b])) << (8 * b);
        (*made)[i] = word;
        count_ += static_cast<std::uint64_t>(std::popcount(word));
    }
    if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
    chunks_[chunk] = std::move(made);
}

std::vector<Vid> DeadSet::all() const {
    std::vector<Vid> out;
    out.reserve(count_);
    for (std::size_t chunk = 0; chunk < chunks_.size(); ++chunk) {
        if (!chunks_[chunk]) continue;
        for (std::size_t word = 0; word < chunks_[chunk]->size(); ++word)
            for (auto bits = (*chunks_[chunk])[word]; bits != 0; bits &= bits - 1)
                out.push_back(static_cast<Vid>(chunk) * chunk_bits + static_cast<Vid>(word * 64) +
                              std::countr_zero(bits));
    }
    return out;
}

}  // namespace causeway::storage
