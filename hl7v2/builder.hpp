#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/message.hpp"

namespace causeway::hl7v2 {

class MessageBuilder;

/// One segment of a MessageBuilder; valid until segments are inserted or removed.
///
/// A position that states the field only means the whole field; with a repetition, that repetition; and so on down.
/// What lies between is padded with delimiters, what stands elsewhere keeps its bytes.
class SegmentWriter {
public:
    std::string_view name() const noexcept;
    std::size_t index() const noexcept { return index_; }

    /// Sets plain text, escaped with the message's delimiters. Empty text leaves the place without a value (`||`).
    SegmentWriter& set(const Position& position, std::string_view text);
    SegmentWriter& set(std::uint16_t field, std::string_view text) { return set(Position{field}, text); }
    /// Sets bytes that are already in HL7 form, delimiters and escapes included.
    SegmentWriter& set_raw(const Position& position, std::string_view raw);
    /// Writes `""`: the receiver deletes what it has.
    SegmentWriter& erase(const Position& position) { return set_raw(position, "\"\""); }

    /// The segment as it stands, without the final CR; valid until it is changed.
    SegmentView view() const noexcept;

private:
    friend class MessageBuilder;
    SegmentWriter(MessageBuilder& owner, std::size_t index) noexcept : owner_(&owner), index_(index) {}
    MessageBuilder* owner_;
    std::size_t index_;
};

/// Makes a message, or changes one: every byte that is not named by a call stays as it was, line ends included.
class MessageBuilder {
public:
    /// Begins with `MSH|^~\&`.
    explicit MessageBuilder(const Delimiters& delimiters = {});
    /// Begins with a copy of `message`.
    static MessageBuilder edit(const MessageView& message);

    const Delimiters& delimiters() const noexcept { return delimiters_; }
    std::size_t size() const noexcept { return segments_.size(); }
    SegmentWriter segment(std::size_t index) noexcept { return {*this, index}; }
    SegmentWriter header() noexcept { return segment(0); }
    /// Index of the `ordinal`th segment of that name, or size().
    std::size_t find(std::string_view name, std::size_t ordinal = 1) const noexcept;

    SegmentWriter append(std::string_view name) { return insert(segments_.size(), name); }
    /// A new, empty segment before `index`.
    SegmentWriter insert(std::size_t index, std::string_view name);
    /// A whole segment, delimited as this message is, without line end, before `index`.
    SegmentWriter insert_raw(std::size_t index, std::string_view raw);
    void remove(std::size_t index);

    /// Sets the place that `path` names; segments that are missing are appended up to its ordinal.
    void set(const Path& path, std::string_view text);
    void set_raw(const Path& path, std::string_view raw);
    void erase(const Path& path) { set_raw(path, "\"\""); }

    /// The message in ER7.
    std::string text() const;
    Result<Message> build(const ParseOptions& options = {}) const { return Message::parse(text(), options); }

private:
    friend class SegmentWriter;
    struct Piece {
        std::string bytes;
        std::string end;  ///< as it was read, CR for a new one
    };
    SegmentWriter at(const Path& path);

    Delimiters delimiters_;
    std::string leading_;  ///< what stood before the first segment
    std::vector<Piece> segments_;
};

}  // namespace causeway::hl7v2
