#include "hl7v2/mllp.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace causeway::hl7v2::mllp {

namespace {

constexpr std::size_t kept_bytes_max = std::size_t{1} << 20;  // one large message does not cost its memory for ever

/// The first byte of [begin, end) in `bytes` that is `a` or `b`, or end. Blocks are long: two memchr beat one loop, and
/// the second never looks further than the first found.
std::size_t find_either(std::string_view bytes, std::size_t begin, std::size_t end, char a, char b) noexcept {
    const auto* const base = bytes.data();
    const auto* first = static_cast<const char*>(std::memchr(base + begin, a, end - begin));
    const std::size_t limit = first ? static_cast<std::size_t>(first - base) : end;
    const auto* second = static_cast<const char*>(std::memchr(base + begin, b, limit - begin));
    return second ? static_cast<std::size_t>(second - base) : limit;
}

bool begins_message(std::string_view bytes) noexcept {
    return bytes.starts_with("MSH") || bytes.starts_with("FHS") || bytes.starts_with("BHS");
}

/// So far, or already.
bool may_begin_message(std::string_view bytes) noexcept {
    for (const std::string_view name : {"MSH", "FHS", "BHS"}) {
        if (bytes.starts_with(name) || name.starts_with(bytes)) return true;
    }
    return false;
}

}  // namespace

FrameDecoder::FrameDecoder(const FrameOptions& options) : options_(options) {}

std::span<char> FrameDecoder::prepare(std::size_t wanted) {
    wanted = std::max<std::size_t>(wanted, 1);
    if (begin_ == end_) {
        begin_ = scanned_ = end_ = 0;
        if (buffer_.size() > kept_bytes_max) std::string().swap(buffer_);
    }
    if (buffer_.size() - end_ < wanted) {
        // Moving is worth it only for what is waiting; frames handed out end here.
        if (begin_ > 0) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
            scanned_ -= begin_;
            end_ -= begin_;
            begin_ = 0;
        }
        if (buffer_.size() - end_ < wanted) buffer_.resize(std::max(end_ + wanted, buffer_.size() * 2));
    }
    return {buffer_.data() + end_, wanted};
}

void FrameDecoder::commit(std::size_t size) noexcept {
    assert(end_ + size <= buffer_.size());
    end_ += size;
}

std::size_t FrameDecoder::pending() const noexcept { return in_frame_ ? end_ - begin_ : 0; }

std::size_t FrameDecoder::bare() const noexcept {
    const bool begun = options_.unframed && !in_frame_ && begins_message({buffer_.data() + begin_, end_ - begin_});
    return begun ? end_ - begin_ : 0;
}

void FrameDecoder::clear() noexcept {
    begin_ = scanned_ = end_ = 0;
    in_frame_ = oversized_ = carriage_return_due_ = junk_ = false;
}

void FrameDecoder::skip(std::size_t count) noexcept {
    begin_ += count;
    skipped_ += count;
    scanned_ = std::max(scanned_, begin_);
}

/// Hands out [begin_, end); reading goes on at `resume`.
Frame FrameDecoder::take(std::size_t end, std::size_t resume, FrameState state) {
    const Frame frame{{buffer_.data() + begin_, end - begin_}, state};
    begin_ = scanned_ = resume;
    in_frame_ = oversized_ = false;
    return frame;
}

void FrameDecoder::take_carriage_return() noexcept {
    if (!carriage_return_due_ || begin_ == end_) return;
    carriage_return_due_ = false;
    if (buffer_[begin_] == carriage_return) {
        ++begin_;
        scanned_ = std::max(scanned_, begin_);
    } else {
        ++late_missing_;
    }
}

std::optional<Frame> FrameDecoder::next() {
    take_carriage_return();
    if (options_.unframed && !in_frame_ && !(begin_ < end_ && buffer_[begin_] == start_block))
        return next_unframed(false);
    for (;;) {
        if (!in_frame_) {
            // Between frames: a start block begins one; an end block ends one whose begin was lost, if nothing but its
            // header stands after the frame before.
            while (!junk_ && begin_ < end_ && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n')) skip(1);
            const std::size_t found = find_either(buffer_, scanned_, end_, start_block, end_block);
            if (found == end_) {
                if (begin_ == end_) return std::nullopt;
                junk_ = junk_ || !may_begin_message({buffer_.data() + begin_, end_ - begin_}) ||
                        end_ - begin_ > options_.message_bytes_max;
                if (junk_) skip(end_ - begin_);
                scanned_ = end_;
                return std::nullopt;
            }
            if (buffer_[found] == end_block) {
                const bool message = !junk_ && begins_message({buffer_.data() + begin_, found - begin_}) &&
                                     found - begin_ <= options_.message_bytes_max;
                junk_ = false;
                const std::size_t after =
                    found + 1 < end_ && buffer_[found + 1] == carriage_return ? found + 2 : found + 1;
                if (message) {
                    carriage_return_due_ = found + 1 == end_;
                    return take(found, after, FrameState::missing_start);
                }
                skip(after - begin_);
                continue;
            }
            skip(found - begin_);
            ++begin_;
            scanned_ = begin_;
            in_frame_ = true;
            junk_ = false;
        }
        const std::size_t found = find_either(buffer_, scanned_, end_, end_block, start_block);
        scanned_ = found;
        if (!oversized_ && found - begin_ > options_.message_bytes_max) {
            // Report once with what fits, then skip to the end block.
            const Frame frame{{buffer_.data() + begin_, options_.message_bytes_max}, FrameState::too_large};
            skipped_ += found - begin_ - options_.message_bytes_max;
            begin_ = found;
            oversized_ = true;
            return frame;
        }
        if (oversized_) skip(found - begin_);
        if (found == end_) return std::nullopt;
        if (buffer_[found] == start_block) {
            const bool skipped_to = oversized_;
            Frame frame = take(found, found + 1, FrameState::missing_end);
            in_frame_ = true;
            if (skipped_to || frame.bytes.empty()) continue;
            return frame;
        }
        // A sender that forgets the CR waits for its answer now: the message does not wait for the byte after it.
        const bool cut = found + 1 == end_;
        const bool clean = cut || buffer_[found + 1] == carriage_return;
        const std::size_t after = found + (clean && !cut ? 2 : 1);
        carriage_return_due_ = cut;
        if (oversized_) {
            take(found, after, FrameState::clean);
            continue;
        }
        const std::size_t size = found - begin_;
        const bool commit = size == 1 && (buffer_[begin_] == commit_ack || buffer_[begin_] == commit_nak);
        return take(found, after,
                    commit  ? FrameState::commit
                    : clean ? FrameState::clean
                            : FrameState::missing_carriage_return);
    }
}

std::optional<Frame> FrameDecoder::next_unframed(bool at_end) {
    // A bare message ends where the next one begins, or with the connection.
    const auto waiting = [this] { return std::string_view(buffer_.data() + begin_, end_ - begin_); };
    while (!waiting().empty() && !begins_message(waiting())) {
        if (waiting().front() == start_block) return next();
        if (!at_end && may_begin_message(waiting())) return std::nullopt;
        skip(1);
    }
    for (std::size_t at = std::max(scanned_, begin_ + 1); at < end_; ++at) {
        scanned_ = at;
        const bool line_begins = buffer_[at - 1] == '\r' || buffer_[at - 1] == '\n' || buffer_[at - 1] == start_block;
        if (!line_begins) continue;
        if (buffer_[at] == start_block) return take_unframed(at);
        if (end_ - at < 3) break;
        if (begins_message({buffer_.data() + at, end_ - at})) return take_unframed(at);
    }
    if (begin_ == end_) return std::nullopt;
    if (!at_end && end_ - begin_ <= options_.message_bytes_max) return std::nullopt;
    return take_unframed(end_);
}

Frame FrameDecoder::take_unframed(std::size_t end) {
    const bool fits = end - begin_ <= options_.message_bytes_max;
    return take(fits ? end : begin_ + options_.message_bytes_max, end,
                fits ? FrameState::missing_start : FrameState::too_large);
}

std::optional<Frame> FrameDecoder::finish() {
    if (auto frame = next()) return frame;
    if (options_.unframed && !in_frame_) return next_unframed(true);
    if (begin_ == end_ || (!in_frame_ && !begins_message({buffer_.data() + begin_, end_ - begin_}))) {
        in_frame_ = false;
        return std::nullopt;
    }
    if (oversized_) {
        take(end_, end_, FrameState::missing_end);
        return std::nullopt;
    }
    return take(end_, end_, in_frame_ ? FrameState::missing_end : FrameState::missing_start);
}

bool can_frame(std::string_view message) noexcept {
    return message.find(start_block) == std::string_view::npos && message.find(end_block) == std::string_view::npos;
}

void encode_frame(std::string_view message, std::string& out) {
    out.reserve(out.size() + message.size() + 3);
    out += start_block;
    out += message;
    out += end_block;
    out += carriage_return;
}

std::string encode_frame(std::string_view message) {
    std::string out;
    encode_frame(message, out);
    return out;
}

std::string_view encode_commit(bool accepted) noexcept { return accepted ? "\x0b\x06\x1c\x0d" : "\x0b\x15\x1c\x0d"; }

}  // namespace causeway::hl7v2::mllp
