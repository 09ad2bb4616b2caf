#include "hl7v2/batch.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "hl7v2/scan.hpp"

namespace causeway::hl7v2 {

namespace {

using Kind = BatchPart::Kind;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view before_name{" \t\v\x1c\x1a\0", 6};  // with the NUL
/// How far a name may stand from the start of its line: a line is known for what it is within so many bytes.
constexpr std::size_t name_reach = 24;

constexpr bool alphanumeric(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

void skip_before_name(std::string_view& text) noexcept {
    while (!text.empty()) {
        if (text.starts_with(byte_order_mark)) {
            text.remove_prefix(byte_order_mark.size());
        } else if (before_name.find(text.front()) != std::string_view::npos) {
            text.remove_prefix(1);
        } else {
            break;
        }
    }
}

/// What the line at the front of `text` begins; `other` if it goes on with the part before it.
Kind kind_of_line(std::string_view text) noexcept {
    text = text.substr(0, name_reach);
    skip_before_name(text);
    const std::string_view name = text.substr(0, 3);
    const bool alone = text.size() == 3 || text.find_first_of("\r\n\x1c") == 3;
    if (!alone && (text.size() < 4 || alphanumeric(text[3]))) return Kind::other;
    if (name == "BTS") return Kind::batch_trailer;
    if (name == "FTS") return Kind::file_trailer;
    if (alone) return Kind::other;
    if (name == "MSH") return Kind::message;
    if (name == "FHS") return Kind::file_header;
    if (name == "BHS") return Kind::batch_header;
    return Kind::other;
}

/// The first CR, LF or VT in [from, end), or `end`.
std::size_t find_line_end(const std::string& buffer, std::size_t from, std::size_t end) noexcept {
    const char* const last = buffer.data() + end;
    const char* at = scan::find_control(buffer.data() + from, last);
    while (at != last && *at != '\r' && *at != '\n' && *at != '\v') at = scan::find_control(at + 1, last);
    return static_cast<std::size_t>(at - buffer.data());
}

/// The segment of a part, from its name up to the line end.
std::string_view segment_of(std::string_view part) noexcept {
    skip_before_name(part);
    return part.substr(0, std::min(part.find_first_of("\r\n\x1c"), part.size()));
}

}  // namespace

// --- BatchReader

std::span<char> BatchReader::prepare(std::size_t wanted) {
    if (begin_ > 0) {
        buffer_.erase(0, begin_);
        if (line_ != std::string::npos) line_ -= begin_;
        seen_ -= begin_;
        end_ -= begin_;
        begin_ = 0;
    }
    wanted = std::max<std::size_t>(wanted, 1);
    if (buffer_.size() < end_ + wanted) buffer_.resize(end_ + wanted);
    return {buffer_.data() + end_, wanted};
}

void BatchReader::commit(std::size_t size) noexcept { end_ = std::min(end_ + size, buffer_.size()); }

std::optional<BatchPart> BatchReader::next() {
    for (;;) {
        if (line_ == std::string::npos) {
            const std::size_t found = find_line_end(buffer_, seen_, end_);
            if (found == end_) {
                seen_ = end_;
                cut();
                if (!finished_ || begin_ == end_) return std::nullopt;
                return take(end_);
            }
            // a line begins after its CR or LF, but with its VT
            line_ = found + (buffer_[found] == '\v' ? 0U : 1U);
            seen_ = found + 1;
        }
        if (end_ - line_ < name_reach && !finished_) {
            cut();
            return std::nullopt;
        }
        const Kind kind = kind_of_line(std::string_view(buffer_).substr(line_, end_ - line_));
        const std::size_t line = line_;
        line_ = std::string::npos;
        if (kind == Kind::other) continue;
        // a frame byte before the name would begin a line of its own
        seen_ = std::max(seen_, std::min(buffer_.find_first_of("MFB", line), end_));
        if (line == begin_) {
            kind_ = kind;
            continue;
        }
        const BatchPart part = take(line);
        kind_ = kind;
        return part;
    }
}

/// The part up to `end`; the next one begins there.
BatchPart BatchReader::take(std::size_t end) noexcept {
    BatchPart part{kind_, std::string_view(buffer_).substr(begin_, end - begin_), offset_, false};
    if (part.bytes.size() > part_bytes_max_) part.bytes = part.bytes.substr(0, part_bytes_max_);
    part.too_large = cut_ > 0 || end - begin_ > part_bytes_max_;
    offset_ += end - begin_ + cut_;
    begin_ = end;
    cut_ = 0;
    kind_ = Kind::other;
    return part;
}

/// Drops from a part that is too long what was looked at, so that the buffer stays within its limit.
void BatchReader::cut() noexcept {
    const std::size_t upto = line_ == std::string::npos ? seen_ : std::min(line_, seen_);
    if (upto - begin_ <= part_bytes_max_) return;
    const std::size_t from = begin_ + part_bytes_max_;
    const std::size_t size = upto - from;
    std::memmove(buffer_.data() + from, buffer_.data() + upto, end_ - upto);
    cut_ += size;
    end_ -= size;
    seen_ -= size;
    if (line_ != std::string::npos) line_ -= size;
}

// --- BatchHeader

Result<BatchHeader> BatchHeader::parse(std::string_view part) {
    const std::string_view segment = segment_of(part);
    const auto offset = static_cast<std::size_t>(segment.data() - part.data());
    if (!segment.starts_with("FHS") && !segment.starts_with("BHS")) return Error{Errc::not_msh, offset};
    if (segment.size() < 5) return Error{Errc::bad_delimiters, offset};
    if (segment.size() > bytes_max) return Error{Errc::too_large, offset};
    BatchHeader header;
    Delimiters found = Delimiters::none();
    found.field = segment[3];
    char* const slots[] = {&found.component, &found.repetition, &found.escape, &found.subcomponent, &found.truncation};
    const std::string_view declared = segment.substr(4, segment.find(found.field, 4) - 4);
    if (!may_delimit(found.field) || declared.empty() || declared.size() > std::size(slots)) {
        return Error{Errc::bad_delimiters, offset + 3};
    }
    for (std::size_t i = 0; i < declared.size(); ++i) {
        if (!may_delimit(declared[i]) || declared.find(declared[i]) != i)
            return Error{Errc::bad_delimiters, offset + 4 + i};
        *slots[i] = declared[i];
    }
    header.segment_ = segment;
    header.delimiters_ = found;
    return header;
}

std::string BatchHeader::control_id() const { return view().field(11).whole().text(); }

// --- BatchCheck

std::string_view describe(BatchIssue::Kind kind) noexcept {
    switch (kind) {
        case BatchIssue::Kind::message_count:
            return "BTS-1 does not state the number of messages in the batch";
        case BatchIssue::Kind::batch_count:
            return "FTS-1 does not state the number of batches in the file";
        case BatchIssue::Kind::misplaced_header:
            return "FHS or BHS stands where it may not";
        case BatchIssue::Kind::misplaced_trailer:
            return "BTS or FTS has no header, or something follows FTS";
        case BatchIssue::Kind::missing_trailer:
            return "the input ends before BTS or FTS";
        case BatchIssue::Kind::unusable_header:
            return "FHS or BHS does not declare usable delimiters";
        case BatchIssue::Kind::too_large:
            return "a part passes the size limit";
    }
    return "unknown";
}

void BatchCheck::issue(BatchIssue::Kind kind, std::uint64_t expected, std::uint64_t found) {
    if (issues_.size() < issues_max) issues_.push_back({kind, offset_, expected, found});
}

void BatchCheck::take(const BatchPart& part) {
    offset_ = part.offset;
    if (part.kind == Kind::other) return;
    if (part.too_large) issue(BatchIssue::Kind::too_large);
    if (file_ended_) issue(BatchIssue::Kind::misplaced_trailer);
    if (part.kind != Kind::message) enveloped_ = true;
    switch (part.kind) {
        case Kind::file_header:
            if (in_file_ || in_batch_ || messages_ > 0 || batches_ > 0) issue(BatchIssue::Kind::misplaced_header);
            in_file_ = true;
            open(part, file_);
            break;
        case Kind::batch_header:
            if (in_batch_) issue(BatchIssue::Kind::misplaced_header);
            open_batch();
            open(part, batch_);
            break;
        case Kind::message:
            if (!in_batch_ && messages_in_batch_ == 0) {
                batch_ = {};
                ++batches_;  // one without a header
            }
            ++messages_;
            ++messages_in_batch_;
            break;
        case Kind::batch_trailer:
            close_batch(part);
            break;
        case Kind::file_trailer:
            close_file(part);
            break;
        case Kind::other:
            break;
    }
}

void BatchCheck::open(const BatchPart& part, BatchHeader& header) {
    auto read = BatchHeader::parse(part.bytes);
    if (!read) issue(BatchIssue::Kind::unusable_header);
    header = read ? std::move(*read) : BatchHeader{};
}

void BatchCheck::open_batch() {
    in_batch_ = true;
    messages_in_batch_ = 0;
    ++batches_;
}

void BatchCheck::close_batch(const BatchPart& part) {
    // a batch header may be left out; a trailer alone then closes the messages before it
    if (!in_batch_ && messages_in_batch_ == 0) issue(BatchIssue::Kind::misplaced_trailer);
    check_count(part, batch_, BatchIssue::Kind::message_count, messages_in_batch_);
    in_batch_ = false;
    messages_in_batch_ = 0;
}

void BatchCheck::close_file(const BatchPart& part) {
    if (!in_file_) issue(BatchIssue::Kind::misplaced_trailer);
    if (in_batch_) issue(BatchIssue::Kind::missing_trailer);
    check_count(part, file_, BatchIssue::Kind::batch_count, batches_);
    in_file_ = in_batch_ = false;
    file_ended_ = true;
}

/// BTS-1 and FTS-1 are optional: only what is stated is checked.
void BatchCheck::check_count(const BatchPart& part, const BatchHeader& header, BatchIssue::Kind kind,
                             std::uint64_t found) {
    const std::string_view segment = segment_of(part.bytes);
    if (segment.size() < 5) return;
    Delimiters delimiters = header ? header.delimiters() : Delimiters{};
    if (segment[3] != delimiters.field) delimiters.field = segment[3];
    const std::string_view stated = SegmentView(segment, delimiters, 0, 0).at({1, 1, 1, 1}).raw();
    if (stated.empty()) return;
    std::uint64_t expected = 0;
    const char* const end = stated.data() + stated.size();
    const auto [stop, error] = std::from_chars(stated.data(), end, expected);
    if (error != std::errc{} || stop != end || expected != found) issue(kind, expected, found);
}

void BatchCheck::finish() {
    if (in_batch_) issue(BatchIssue::Kind::missing_trailer);
    if (in_file_) issue(BatchIssue::Kind::missing_trailer);
    in_file_ = in_batch_ = false;
}

}  // namespace causeway::hl7v2
