#include "hl7v2/builder.hpp"

#include <cassert>

#include "hl7v2/escape.hpp"

namespace causeway::hl7v2 {

namespace {

struct Range {
    std::size_t begin;
    std::size_t end;
};

/// Piece `n` (from 1) of the part of `bytes` in `range`; appends delimiters inside the range until it exists.
Range reach(std::string& bytes, Range range, char separator, std::size_t n) {
    std::size_t begin = range.begin;
    for (std::size_t i = 1; i < n; ++i) {
        const std::size_t found = separator == '\0' ? std::string::npos : bytes.find(separator, begin);
        if (found == std::string::npos || found >= range.end) {
            const std::size_t missing = n - i;
            bytes.insert(range.end, missing, separator);
            return {range.end + missing, range.end + missing};
        }
        begin = found + 1;
    }
    const std::size_t found = separator == '\0' ? std::string::npos : bytes.find(separator, begin);
    return {begin, found == std::string::npos || found > range.end ? range.end : found};
}

/// Where `position` stands in the segment `bytes`, after padding.
Range place(std::string& bytes, const Position& position, const Delimiters& delimiters, bool declares_delimiters) {
    Range range{0, bytes.size()};
    if (declares_delimiters && position.field == 1) return {3, 4};
    const std::size_t pieces = position.field + (declares_delimiters ? 0U : 1U);
    range = reach(bytes, range, delimiters.field, pieces);
    if (declares_delimiters && position.field == 2) return range;
    // a deeper level that is not stated while a still deeper one is means its first
    const bool component = position.component != 0 || position.subcomponent != 0;
    const auto stated = [](std::uint16_t n) { return static_cast<std::size_t>(n == 0 ? 1 : n); };
    const auto narrow = [&](char separator, std::uint16_t n) {
        const std::size_t size = bytes.size();
        const Range inner = reach(bytes, range, separator, stated(n));
        range.end += bytes.size() - size;
        range = inner;
    };
    if (position.repetition != 0 || component) narrow(delimiters.repetition, position.repetition);
    if (component) narrow(delimiters.component, position.component);
    if (position.subcomponent != 0) narrow(delimiters.subcomponent, position.subcomponent);
    return range;
}

}  // namespace

// --- SegmentWriter

std::string_view SegmentWriter::name() const noexcept {
    return std::string_view(owner_->segments_[index_].bytes).substr(0, 3);
}

SegmentView SegmentWriter::view() const noexcept {
    return {owner_->segments_[index_].bytes, owner_->delimiters_, index_, 0};
}

SegmentWriter& SegmentWriter::set(const Position& position, std::string_view text) {
    if (view().declares_delimiters() && position.field <= 2) return set_raw(position, text);
    std::string raw;
    raw.reserve(text.size() + 8);
    encode_escapes(text, owner_->delimiters_, raw);
    return set_raw(position, raw);
}

SegmentWriter& SegmentWriter::set_raw(const Position& position, std::string_view raw) {
    assert(position.field != 0);
    std::string& bytes = owner_->segments_[index_].bytes;
    // nothing to say at a place that does not exist needs no padding
    if (raw.empty() && view().at(position).raw().empty() && view().field(position.field).raw().empty()) return *this;
    const Range range = place(bytes, position, owner_->delimiters_, view().declares_delimiters());
    bytes.replace(range.begin, range.end - range.begin, raw);
    return *this;
}

// --- MessageBuilder

MessageBuilder::MessageBuilder(const Delimiters& delimiters) : delimiters_(delimiters) {
    segments_.push_back({std::string("MSH") + delimiters.field + delimiters.encoding_characters(), "\r"});
}

MessageBuilder MessageBuilder::edit(const MessageView& message) {
    MessageBuilder builder(message.delimiters());
    builder.segments_.clear();
    const std::string_view bytes = message.bytes();
    std::size_t at = 0;
    for (const SegmentView segment : message) {
        const std::string_view between = bytes.substr(at, segment.offset() - at);
        (builder.segments_.empty() ? builder.leading_ : builder.segments_.back().end) = between;
        builder.segments_.push_back({std::string(segment.raw()), {}});
        at = segment.offset() + segment.raw().size();
    }
    if (!builder.segments_.empty()) builder.segments_.back().end = bytes.substr(at);
    return builder;
}

std::size_t MessageBuilder::find(std::string_view name, std::size_t ordinal) const noexcept {
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        if (std::string_view(segments_[i].bytes).substr(0, 3) == name && --ordinal == 0) return i;
    }
    return segments_.size();
}

SegmentWriter MessageBuilder::insert(std::size_t index, std::string_view name) { return insert_raw(index, name); }

SegmentWriter MessageBuilder::insert_raw(std::size_t index, std::string_view raw) {
    assert(index <= segments_.size());
    if (index > 0 && segments_[index - 1].end.empty()) segments_[index - 1].end = "\r";  // it was last, without an end
    segments_.insert(segments_.begin() + static_cast<std::ptrdiff_t>(index), {std::string(raw), "\r"});
    return segment(index);
}

void MessageBuilder::remove(std::size_t index) {
    segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(index));
}

SegmentWriter MessageBuilder::at(const Path& path) {
    const std::size_t ordinal = path.segment_ordinal == 0 ? 1 : path.segment_ordinal;
    std::size_t index = find(path.segment(), ordinal);
    for (std::size_t have = 0; index == segments_.size(); index = find(path.segment(), ordinal)) {
        append(path.segment());
        if (++have > ordinal) break;
    }
    return segment(index);
}

void MessageBuilder::set(const Path& path, std::string_view text) { at(path).set(path.position, text); }
void MessageBuilder::set_raw(const Path& path, std::string_view raw) { at(path).set_raw(path.position, raw); }

std::string MessageBuilder::text() const {
    std::size_t size = leading_.size();
    for (const Piece& piece : segments_) size += piece.bytes.size() + piece.end.size();
    std::string out;
    out.reserve(size);
    out += leading_;
    for (const Piece& piece : segments_) out.append(piece.bytes).append(piece.end);
    return out;
}

}  // namespace causeway::hl7v2
