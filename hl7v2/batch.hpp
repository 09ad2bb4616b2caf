#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/result.hpp"
#include "hl7v2/view.hpp"

namespace causeway::hl7v2 {

/// One part of a batch or of a file of messages: `[FHS] {[BHS] {messages} [BTS]} [FTS]` (2.5.1 section 2.10.3).
struct BatchPart {
    enum class Kind : std::uint8_t {
        message,        ///< from MSH up to the next part, with what stands in between
        file_header,    ///< FHS
        batch_header,   ///< BHS
        batch_trailer,  ///< BTS
        file_trailer,   ///< FTS
        other,          ///< what stands before the first of these
    };
    Kind kind = Kind::other;
    std::string_view bytes;    ///< with line ends and frame bytes; borrows from the reader until its next prepare()
    std::uint64_t offset = 0;  ///< of the first byte in the input
    bool too_large = false;    ///< the part is longer than the limit; `bytes` holds what fits
};

/// Takes a stream of messages, with or without batch headers, apart; every byte comes out in exactly one part.
///
///     const auto room = reader.prepare();  // read into it
///     reader.commit(size);                 // and finish() at the end of the input
///     while (const auto part = reader.next()) ...
///
/// A part begins at the start of a line with its segment name; blanks, a byte order mark and MLLP frame bytes may stand
/// before it. Holds one part of at most part_bytes_max and one read.
class BatchReader {
public:
    explicit BatchReader(std::size_t part_bytes_max = std::size_t{64} << 20) : part_bytes_max_(part_bytes_max) {}

    /// Room to read into, at least one byte. Ends the validity of the parts handed out before.
    std::span<char> prepare(std::size_t wanted = 64 * 1024);
    void commit(std::size_t size) noexcept;
    /// No more bytes will come.
    void finish() noexcept { finished_ = true; }
    /// The next part that is complete; nothing if more bytes are needed, or after the last.
    std::optional<BatchPart> next();

private:
    BatchPart take(std::size_t end) noexcept;
    void cut() noexcept;

    std::size_t part_bytes_max_;
    std::string buffer_;
    std::size_t begin_ = 0;     ///< of the part that is being read
    std::size_t line_ = 0;      ///< a line begins here that was not looked at yet, or npos
    std::size_t seen_ = 0;      ///< up to here there is no further line begin
    std::size_t end_ = 0;       ///< one past the last committed byte
    std::size_t cut_ = 0;       ///< bytes left out of the part that is being read
    std::uint64_t offset_ = 0;  ///< of begin_ in the input
    BatchPart::Kind kind_ = BatchPart::Kind::other;
    bool finished_ = false;
};

/// What a batch has against its envelope.
struct BatchIssue {
    enum class Kind : std::uint8_t {
        message_count,      ///< BTS-1 differs from the messages that came
        batch_count,        ///< FTS-1 differs from the batches that came
        misplaced_header,   ///< FHS not first, or BHS before the BTS of the batch before it
        misplaced_trailer,  ///< BTS or FTS without its header, or anything after FTS
        missing_trailer,    ///< the input ends inside a batch or file
        unusable_header,    ///< the header declares no usable delimiters
        too_large,          ///< a part passed the size limit
    };
    Kind kind;
    std::uint64_t offset = 0;    ///< of the part at which it was noticed
    std::uint64_t expected = 0;  ///< for counts: what the trailer states
    std::uint64_t found = 0;     ///< for counts: what came
};
std::string_view describe(BatchIssue::Kind kind) noexcept;

/// FHS or BHS, or nothing of it.
///
/// Owns a copy of the segment, because its trailer comes a whole batch later.
class BatchHeader {
public:
    BatchHeader() = default;
    /// Reads a part of kind file_header or batch_header.
    static Result<BatchHeader> parse(std::string_view part);

    explicit operator bool() const noexcept { return !segment_.empty(); }
    /// Valid as long as this header stands unchanged. Fields as in FHS and BHS: 3 to 6 the parties, 11 the control id.
    SegmentView view() const& noexcept { return {segment_, delimiters_, 0, 0}; }
    SegmentView view() const&& = delete;  // would dangle
    const Delimiters& delimiters() const noexcept { return delimiters_; }
    std::string control_id() const;  ///< FHS-11 or BHS-11

    static constexpr std::size_t bytes_max = 64 * 1024;

private:
    std::string segment_;
    Delimiters delimiters_;
};

/// Follows the parts of one file and checks order and counts. A file without headers is in order.
class BatchCheck {
public:
    static constexpr std::size_t issues_max = 100;  ///< more are not recorded

    void take(const BatchPart& part);
    /// At the end of the input.
    void finish();

    const std::vector<BatchIssue>& issues() const noexcept { return issues_; }
    const BatchHeader& file_header() const noexcept { return file_; }
    /// Of the batch that is open, or was last.
    const BatchHeader& batch_header() const noexcept { return batch_; }
    /// Messages of the batch that is open, or was last.
    std::uint64_t messages_in_batch() const noexcept { return messages_in_batch_; }
    std::uint64_t messages() const noexcept { return messages_; }
    std::uint64_t batches() const noexcept { return batches_; }
    /// Whether there was any of FHS, BHS, BTS and FTS.
    bool enveloped() const noexcept { return enveloped_; }

private:
    void issue(BatchIssue::Kind kind, std::uint64_t expected = 0, std::uint64_t found = 0);
    void open(const BatchPart& part, BatchHeader& header);
    void open_batch();
    void close_batch(const BatchPart& part);
    void close_file(const BatchPart& part);
    void check_count(const BatchPart& part, const BatchHeader& header, BatchIssue::Kind kind, std::uint64_t found);

    BatchHeader file_, batch_;
    std::uint64_t offset_ = 0;
    std::uint64_t messages_ = 0, messages_in_batch_ = 0, batches_ = 0;
    bool in_file_ = false, in_batch_ = false, file_ended_ = false, enveloped_ = false;
    std::vector<BatchIssue> issues_;
};

}  // namespace causeway::hl7v2
