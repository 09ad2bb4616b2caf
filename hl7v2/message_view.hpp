#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/options.hpp"
#include "hl7v2/path.hpp"
#include "hl7v2/result.hpp"
#include "hl7v2/view.hpp"

namespace causeway::hl7v2 {

/// One HL7 v2 message, read in place.
///
/// Borrows its bytes: the view, and every field taken from it, is valid only while the buffer given to parse() lives
/// and stays put. Keep a Message (message.hpp); pass a `const MessageView&`. The index of the segments is its only
/// memory.
///
/// parse() checks MSH and the segment names; a field is found when it is asked for, because a mapping reads some thirty
/// fields of a message that may hold two thousand.
class MessageView {
public:
    /// A message of no segments.
    MessageView() = default;

    /// Reads bytes in UTF-8 or a set that agrees with ASCII in the delimiters (charset.hpp for the others). Bad input
    /// is an error that says what and at which byte; it never throws.
    static Result<MessageView> parse(std::string_view bytes, const ParseOptions& options = {});
    template <std::same_as<std::string> Temporary>
    static Result<MessageView> parse(Temporary&&, const ParseOptions& = {}) = delete;  // would dangle

    /// All that was given to parse(), also what stands before MSH and between segments.
    std::string_view bytes() const noexcept { return bytes_; }
    const Delimiters& delimiters() const noexcept { return delimiters_; }
    const Deviations& deviations() const noexcept { return deviations_; }

    std::size_t size() const noexcept { return segments_.size(); }
    bool empty() const noexcept { return segments_.empty(); }
    /// Segment `index` from 0, in the order of the message.
    SegmentView operator[](std::size_t index) const noexcept {
        const Span& span = segments_[index];
        return {bytes_.substr(span.offset, span.length), delimiters_, index, span.offset};
    }
    /// The `ordinal`th segment (from 1) of that name; a false SegmentView if there is none.
    SegmentView segment(std::string_view name, std::size_t ordinal = 1) const noexcept;
    /// The first segment of that name at or after index `from`.
    SegmentView find(std::string_view name, std::size_t from) const noexcept;
    std::size_t count(std::string_view name) const noexcept;
    /// Whether segment `index` has that name, without looking at the bytes.
    bool is(std::size_t index, std::string_view name) const noexcept;

    /// The leaf at `path`: what the path does not state is the first. A value that was not sent is an answer, not an
    /// error.
    ValueView at(const Path& path) const noexcept;
    /// The whole field of `path`, with all repetitions.
    FieldView field(const Path& path) const noexcept;

    /// Where `part`, which must come from this message, begins in bytes().
    std::size_t offset_of(std::string_view part) const noexcept;

    // MSH, as sent.
    std::string_view message_type() const noexcept { return header({9, 1, 1, 1}); }       ///< MSH-9.1
    std::string_view trigger_event() const noexcept { return header({9, 1, 2, 1}); }      ///< MSH-9.2
    std::string_view message_structure() const noexcept { return header({9, 1, 3, 1}); }  ///< MSH-9.3, often wrong
    std::string_view control_id() const noexcept { return header({10, 1, 1, 1}); }        ///< MSH-10
    std::string_view version() const noexcept { return header({12, 1, 1, 1}); }           ///< MSH-12.1

    class Iterator {
    public:
        using value_type = SegmentView;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;
        using reference = SegmentView;
        using pointer = void;
        Iterator() = default;
        Iterator(const MessageView* message, std::size_t index) noexcept : message_(message), index_(index) {}
        SegmentView operator*() const noexcept { return (*message_)[index_]; }
        Iterator& operator++() noexcept {
            ++index_;
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            ++index_;
            return before;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.index_ == b.index_; }

    private:
        const MessageView* message_ = nullptr;
        std::size_t index_ = 0;
    };
    Iterator begin() const noexcept { return {this, 0}; }
    Iterator end() const noexcept { return {this, segments_.size()}; }

private:
    friend class MessageReader;
    friend class Message;
    /// The same view over an equal copy of the bytes.
    MessageView rebased(std::string_view bytes) const {
        MessageView copy = *this;
        copy.bytes_ = bytes;
        return copy;
    }
    struct Span {
        std::uint32_t offset;
        std::uint32_t length;
        std::uint32_t name;  ///< three bytes packed, upper case, so that finding a segment compares numbers
    };
    static std::uint32_t pack(std::string_view name) noexcept;
    std::string_view header(const Position& position) const noexcept;

    std::string_view bytes_;
    Delimiters delimiters_;
    Deviations deviations_;
    std::vector<Span> segments_;
};

}  // namespace causeway::hl7v2
