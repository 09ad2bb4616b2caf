#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hl7v2/result.hpp"

/// The Minimal Lower Layer Protocol, release 1 and 2: how messages are told apart on a connection. No I/O here.
namespace causeway::hl7v2::mllp {

inline constexpr char start_block = '\x0b';
inline constexpr char end_block = '\x1c';
inline constexpr char carriage_return = '\x0d';
inline constexpr char commit_ack = '\x06';  ///< release 2
inline constexpr char commit_nak = '\x15';  ///< release 2

/// What a frame was found in, beyond a clean one. Everything but `clean` is worth a line in the operator's report.
enum class FrameState : std::uint8_t {
    clean,
    missing_carriage_return,  ///< end block with another byte than CR after it
    missing_end,              ///< a new start block, or the end of the connection, came first
    missing_start,            ///< an end block without start: the sender does not frame, or bytes were lost
    too_large,                ///< the size limit was passed; `bytes` holds what fits, the rest was skipped
    commit,                   ///< release 2 commit block: `bytes` is the one byte ACK or NAK
};

/// One block as it came. `bytes` borrows from the decoder and is valid until the next call of prepare() or clear().
struct Frame {
    std::string_view bytes;
    FrameState state = FrameState::clean;
};

/// What to make of bytes outside of frames.
struct FrameOptions {
    std::size_t message_bytes_max = std::size_t{64} << 20;
    /// Bare messages are taken beside framed ones; each begins with MSH, FHS or BHS at the start of a line.
    bool unframed = false;
};

/// Takes frames out of a byte stream, however it is cut, and survives what should not be in it.
///
///     const auto room = decoder.prepare();       // read into it
///     decoder.commit(size);
///     while (auto frame = decoder.next()) ...
///
/// Holds at most message_bytes_max bytes and one read; each byte is looked at once.
class FrameDecoder {
public:
    explicit FrameDecoder(std::size_t message_bytes_max) : FrameDecoder(FrameOptions{message_bytes_max, false}) {}
    explicit FrameDecoder(const FrameOptions& options = {});

    /// Room to read into, at least one byte. Ends the validity of frames handed out before.
    std::span<char> prepare(std::size_t wanted = 64 * 1024);
    void commit(std::size_t size) noexcept;
    /// The next frame that is complete; nothing if more bytes are needed.
    std::optional<Frame> next();
    /// At the end of the connection (or after an idle time): what stands in the buffer, with state missing_end.
    std::optional<Frame> finish();

    /// Bytes outside of frames that were skipped so far.
    std::size_t skipped() const noexcept { return skipped_; }
    /// Frames handed out as clean, because the end block was the last byte there was, whose CR then did not follow.
    std::size_t late_missing_carriage_returns() const noexcept { return late_missing_; }
    /// Bytes of a frame that has begun and not ended; 0 between frames.
    std::size_t pending() const noexcept;
    /// Bytes of a message without frame that has begun (FrameOptions::unframed): it ends where the next one begins, or
    /// with finish() when nothing more has come for a while. 0 if there is none.
    std::size_t bare() const noexcept;
    void clear() noexcept;

private:
    Frame take(std::size_t end, std::size_t resume, FrameState state);
    std::optional<Frame> next_unframed(bool at_end);
    Frame take_unframed(std::size_t end);
    void skip(std::size_t count) noexcept;
    void take_carriage_return() noexcept;

    FrameOptions options_;
    std::string buffer_;
    std::size_t begin_ = 0;    ///< first byte not yet handed out
    std::size_t scanned_ = 0;  ///< up to here nothing of interest was found
    std::size_t end_ = 0;      ///< one past the last committed byte
    std::size_t skipped_ = 0;
    std::size_t late_missing_ = 0;
    bool carriage_return_due_ = false;
    bool in_frame_ = false;
    bool oversized_ = false;  ///< skipping to the end block
    bool junk_ = false;       ///< what stands after the last frame is no message
};

/// Whether the message can be framed: it must hold neither start nor end block.
bool can_frame(std::string_view message) noexcept;
/// Appends `message` as one frame.
void encode_frame(std::string_view message, std::string& out);
std::string encode_frame(std::string_view message);
/// The commit block of release 2.
std::string_view encode_commit(bool accepted) noexcept;

}  // namespace causeway::hl7v2::mllp
