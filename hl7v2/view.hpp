#pragma once
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "hl7v2/delimiters.hpp"
#include "hl7v2/path.hpp"

namespace causeway::hl7v2 {

/// The three states of a value (2.5.1 section 2.5.3.4). They mean different things to a receiver: nothing was said,
/// delete what you have, this is it.
enum class Presence : std::uint8_t { absent, erased, valued };

/// The ranges below hand out the pieces between two delimiters one after the other, without allocation, in linear time.
template <class View>
class Pieces;

/// Bytes of a message with the delimiters that structure them: what every view below is.
///
/// Borrows from the buffer that was parsed and is valid as long as that buffer lives and stays put. Two words and a
/// half: pass it by value.
class Part {
public:
    constexpr Part() noexcept = default;
    constexpr Part(std::string_view raw, Delimiters delimiters) noexcept : raw_(raw), delimiters_(delimiters) {}

    /// The bytes as sent, still escaped.
    constexpr std::string_view raw() const noexcept { return raw_; }
    constexpr const Delimiters& delimiters() const noexcept { return delimiters_; }

    /// Erased if it is `""`; absent if it is empty or holds delimiters only.
    Presence presence() const noexcept {
        if (raw_.empty()) return Presence::absent;
        if (!delimiters_.separates(raw_.front())) {
            return raw_ == "\"\"" ? Presence::erased : Presence::valued;
        }
        return presence_after_delimiter();
    }
    bool absent() const noexcept { return presence() == Presence::absent; }
    bool erased() const noexcept { return presence() == Presence::erased; }
    bool valued() const noexcept { return presence() == Presence::valued; }

private:
    Presence presence_after_delimiter() const noexcept;

    std::string_view raw_;
    Delimiters delimiters_;
};

/// A value: what stands between the innermost delimiters (or, from whole(), anything taken as one text).
class ValueView : public Part {
public:
    using Part::Part;

    /// The text with its escape sequences decoded; empty unless valued.
    std::string text() const;
    /// The same without a copy when nothing is escaped; otherwise the text is put into `scratch`. Valid as long as both
    /// the message and `scratch` stand unchanged.
    std::string_view text_into(std::string& scratch) const;
    /// Whether the text is exactly `expected`.
    bool is(std::string_view expected) const;
};

/// A component and its subcomponents.
class ComponentView : public Part {
public:
    using Part::Part;
    ValueView subcomponent(std::size_t n) const noexcept;
    std::size_t subcomponent_count() const noexcept;
    Pieces<ValueView> subcomponents() const noexcept;
    /// The first subcomponent: the value, for a component of a primitive type.
    ValueView value() const noexcept { return subcomponent(1); }
    /// All of it as one text, subcomponent delimiters included: for senders who do not escape `&`.
    ValueView whole() const noexcept { return {raw(), delimiters()}; }
};

/// One repetition of a field and its components.
class RepetitionView : public Part {
public:
    using Part::Part;
    ComponentView component(std::size_t n) const noexcept;
    std::size_t component_count() const noexcept;
    Pieces<ComponentView> components() const noexcept;
    ValueView value() const noexcept { return component(1).value(); }
    ValueView whole() const noexcept { return {raw(), delimiters()}; }
};

/// A field and its repetitions. `|""|` is one erased repetition; `||` has none.
class FieldView : public Part {
public:
    using Part::Part;
    /// Repetition `n`; absent beyond the last.
    RepetitionView repetition(std::size_t n) const noexcept;
    /// 0 for an empty field; empty repetitions between others count, they keep their position.
    std::size_t repetition_count() const noexcept;
    Pieces<RepetitionView> repetitions() const noexcept;
    ComponentView component(std::size_t n) const noexcept { return repetition(1).component(n); }
    ValueView value() const noexcept { return repetition(1).value(); }
    ValueView whole() const noexcept { return {raw(), delimiters()}; }
};

class SegmentFields;

/// One segment. Field numbers are the standard's: MSH-1 is the separator itself, MSH-2 is never taken apart or
/// unescaped.
class SegmentView : public Part {
public:
    constexpr SegmentView() noexcept = default;
    constexpr SegmentView(std::string_view raw, Delimiters delimiters, std::size_t index, std::size_t offset) noexcept
        : Part(raw, delimiters), index_(index), offset_(offset) {}

    /// False for a segment that is not in the message.
    explicit operator bool() const noexcept { return !raw().empty(); }
    /// Three characters in upper case, however they were sent (raw() has the bytes): a partner whose `pid` is tolerated
    /// means PID. Does not borrow from the message where it was sent in lower case.
    std::string_view name() const noexcept {
        const std::string_view sent = raw().substr(0, 3);
        for (const char c : sent) {
            if ((c & 0x60) == 0x60) return upper_case(sent);
        }
        return sent;
    }
    /// Among the segments of the message, from 0.
    std::size_t index() const noexcept { return index_; }
    /// Of its first byte in the message.
    std::size_t offset() const noexcept { return offset_; }

    FieldView field(std::size_t n) const noexcept;
    /// The number of the last field that is delimited, valued or not.
    std::size_t field_count() const noexcept;
    /// Field 1 to the last with their numbers, in linear time; field(n) begins at the front each time.
    SegmentFields fields() const noexcept;

    /// The leaf at `position`; what is not stated is the first. A whole field for position.field only is
    /// field(n).whole().
    ValueView at(const Position& position) const noexcept;

    /// MSH, FHS and BHS declare delimiters in their first two fields.
    bool declares_delimiters() const noexcept;

private:
    static std::string_view upper_case(std::string_view name) noexcept;

    std::size_t index_ = 0;
    std::size_t offset_ = 0;
};

/// The pieces of a part, for a range-for; its iterators point into the range itself.
template <class View>
class Pieces {
public:
    class Iterator {
    public:
        using value_type = View;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;
        using reference = View;
        using pointer = void;

        Iterator() = default;
        View operator*() const noexcept { return owner_->piece(begin_, end_); }
        Iterator& operator++() noexcept {
            owner_->advance(begin_, end_);
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.begin_ == b.begin_; }

    private:
        friend class Pieces;
        Iterator(const Pieces* owner, std::size_t begin, std::size_t end) noexcept
            : owner_(owner), begin_(begin), end_(end) {}
        const Pieces* owner_ = nullptr;
        std::size_t begin_ = std::string_view::npos;
        std::size_t end_ = 0;
    };

    /// The pieces of `text` between `separator`; NUL separates nothing. An empty text has none.
    Pieces(std::string_view text, char separator, Delimiters delimiters) noexcept
        : text_(text), separator_(separator), delimiters_(delimiters) {}

    Iterator begin() const noexcept {
        if (text_.empty()) return end();
        return {this, 0, separator_at(0)};
    }
    Iterator end() const noexcept { return {this, std::string_view::npos, 0}; }

private:
    View piece(std::size_t begin, std::size_t end) const noexcept {
        return View(text_.substr(begin, end - begin), delimiters_);
    }
    void advance(std::size_t& begin, std::size_t& end) const noexcept {
        if (end >= text_.size()) {
            begin = std::string_view::npos;
            return;
        }
        begin = end + 1;
        end = separator_at(begin);
    }
    std::size_t separator_at(std::size_t from) const noexcept {
        if (separator_ == '\0') return text_.size();
        const std::size_t found = text_.find(separator_, from);
        return found == std::string_view::npos ? text_.size() : found;
    }

    std::string_view text_;
    char separator_;
    Delimiters delimiters_;
};

/// A field with its number.
struct NumberedField {
    std::size_t number;
    FieldView field;
};

/// The fields of a segment, one after the other.
class SegmentFields {
public:
    class Iterator {
    public:
        using value_type = NumberedField;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;
        using reference = NumberedField;
        using pointer = void;

        Iterator() = default;
        NumberedField operator*() const noexcept;
        Iterator& operator++() noexcept;
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.number_ == b.number_; }

    private:
        friend class SegmentFields;
        explicit Iterator(const SegmentView& segment) noexcept;
        void find_end() noexcept;
        std::string_view raw_;
        Delimiters delimiters_;
        std::size_t number_ = 0;  ///< 0: past the last
        std::size_t begin_ = 0;
        std::size_t end_ = 0;
        bool declares_delimiters_ = false;
    };
    explicit SegmentFields(const SegmentView& segment) noexcept : segment_(segment) {}
    Iterator begin() const noexcept { return Iterator(segment_); }
    Iterator end() const noexcept { return {}; }

private:
    SegmentView segment_;
};

inline SegmentFields SegmentView::fields() const noexcept { return SegmentFields(*this); }

inline Pieces<ValueView> ComponentView::subcomponents() const noexcept {
    return {raw(), delimiters().subcomponent, delimiters()};
}
inline Pieces<ComponentView> RepetitionView::components() const noexcept {
    return {raw(), delimiters().component, delimiters()};
}
inline Pieces<RepetitionView> FieldView::repetitions() const noexcept {
    return {raw(), delimiters().repetition, delimiters()};
}

}  // namespace causeway::hl7v2
