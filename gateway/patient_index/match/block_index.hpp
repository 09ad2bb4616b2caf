#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "gateway/patient_index/match/blocking.hpp"

namespace causeway::patient_index::match {

/// The blocks of a whole file in memory, for batch work. The store has its own (the same keys, the same limits).
class BlockIndex {
public:
    using RecordNumber = std::uint32_t;

    /// `source[i]` parts the records into files; empty = one file. With two files only pairs across them are
    /// candidates.
    explicit BlockIndex(std::span<const Features> records, std::span<const std::uint8_t> source = {});

    /// Appends every record before `record` that shares a block with it, ascending, each once.
    /// Returns whether a block was refined or left out because it was too large.
    bool candidates(RecordNumber record, std::vector<RecordNumber>& out) const;

    std::size_t records() const { return starts_.empty() ? 0 : starts_.size() - 1; }
    /// Blocks over their limit.
    std::size_t oversized() const { return oversized_; }

private:
    std::vector<std::uint8_t> source_;
    std::vector<std::uint32_t> block_of_;  ///< of each record's keys, by starts_
    std::vector<std::uint64_t> starts_;
    std::vector<RecordNumber> members_;  ///< of each block, ascending, by block_starts_
    std::vector<std::uint64_t> block_starts_;
    std::vector<std::uint8_t> refined_;  ///< of each record: a block of it was refined
    std::size_t oversized_ = 0;
};

}  // namespace causeway::patient_index::match
