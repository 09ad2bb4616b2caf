#include "hl7v2/view.hpp"

#include <algorithm>
#include <array>

#include "hl7v2/escape.hpp"
#include "hl7v2/scan.hpp"

namespace causeway::hl7v2 {

namespace {

/// Piece `n` (from 1) of `text`; empty beyond the last.
std::string_view nth_piece(std::string_view text, char separator, std::size_t n) noexcept {
    if (n == 0) return {};
    if (separator == '\0') return n == 1 ? text : std::string_view{};
    const char* const end = text.data() + text.size();
    const char* begin = text.data();
    if (n > 1) {
        begin = scan::find_nth(begin, end, separator, n - 1);
        if (begin == end) return {};
        ++begin;
    }
    const char* const stop = scan::find(begin, end, separator);
    return {begin, static_cast<std::size_t>(stop - begin)};
}

constexpr std::string_view letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::size_t symbols = letters_and_digits.size();

using Names = std::array<char, 26 * symbols * symbols * 3>;

Names make_names() noexcept {
    Names table{};
    auto at = table.begin();
    for (const char first : letters_and_digits.substr(0, 26)) {
        for (const char second : letters_and_digits) {
            for (const char third : letters_and_digits) {
                *at++ = first;
                *at++ = second;
                *at++ = third;
            }
        }
    }
    return table;
}

/// Every name a segment can have, so that one sent in lower case can be handed out as a view. Made when one is met.
const Names& all_names() noexcept {
    static const Names names = make_names();
    return names;
}

std::size_t count_pieces(std::string_view text, char separator) noexcept {
    if (text.empty()) return 0;
    if (separator == '\0') return 1;
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), separator)) + 1;
}

}  // namespace

Presence Part::presence_after_delimiter() const noexcept {
    const bool only_delimiters =
        std::all_of(raw_.begin(), raw_.end(), [this](char c) { return delimiters_.separates(c); });
    return only_delimiters ? Presence::absent : Presence::valued;
}

std::string ValueView::text() const {
    if (!valued()) return {};
    if (raw().find(delimiters().escape) == std::string_view::npos) return std::string(raw());
    std::string out;
    decode_escapes(raw(), delimiters(), out);
    return out;
}

std::string_view ValueView::text_into(std::string& scratch) const {
    if (!valued()) return {};
    if (delimiters().escape == '\0' || raw().find(delimiters().escape) == std::string_view::npos) return raw();
    scratch.clear();
    decode_escapes(raw(), delimiters(), scratch);
    return scratch;
}

bool ValueView::is(std::string_view expected) const {
    std::string scratch;
    return text_into(scratch) == expected;
}

ValueView ComponentView::subcomponent(std::size_t n) const noexcept {
    return {nth_piece(raw(), delimiters().subcomponent, n), delimiters()};
}
std::size_t ComponentView::subcomponent_count() const noexcept {
    return count_pieces(raw(), delimiters().subcomponent);
}

ComponentView RepetitionView::component(std::size_t n) const noexcept {
    return {nth_piece(raw(), delimiters().component, n), delimiters()};
}
std::size_t RepetitionView::component_count() const noexcept { return count_pieces(raw(), delimiters().component); }

RepetitionView FieldView::repetition(std::size_t n) const noexcept {
    return {nth_piece(raw(), delimiters().repetition, n), delimiters()};
}
std::size_t FieldView::repetition_count() const noexcept { return count_pieces(raw(), delimiters().repetition); }

std::string_view SegmentView::upper_case(std::string_view name) noexcept {
    std::size_t at = 0;
    for (const char c : name) {
        const std::size_t symbol = letters_and_digits.find(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
        if (symbol == std::string_view::npos) return name;
        at = at * symbols + symbol;
    }
    at *= 3;
    return name.size() == 3 && at < all_names().size() ? std::string_view(all_names().data() + at, 3) : name;
}

bool SegmentView::declares_delimiters() const noexcept {
    if (raw().size() < 3) return false;
    if (raw().size() > 3 && raw()[3] != delimiters().field) return false;  // a bare name with a joined text line
    const auto is = [this](std::size_t i, char c) { return raw()[i] == c || raw()[i] == c - 'A' + 'a'; };
    return (is(1, 'S') && is(2, 'H') && is(0, 'M')) || (is(1, 'H') && is(2, 'S') && (is(0, 'F') || is(0, 'B')));
}

FieldView SegmentView::field(std::size_t n) const noexcept {
    if (n == 0 || raw().size() <= 3) return {};
    if (declares_delimiters()) {
        if (n == 1) return {raw().substr(3, 1), Delimiters::none()};
        const std::string_view piece = nth_piece(raw(), delimiters().field, n);
        return {piece, n == 2 ? Delimiters::none() : delimiters()};
    }
    return {nth_piece(raw(), delimiters().field, n + 1), delimiters()};
}

std::size_t SegmentView::field_count() const noexcept {
    if (raw().size() <= 3) return 0;  // a name alone, MSH among them
    const std::size_t pieces = count_pieces(raw(), delimiters().field);
    return declares_delimiters() || pieces == 0 ? pieces : pieces - 1;
}

SegmentFields::Iterator::Iterator(const SegmentView& segment) noexcept
    : raw_(segment.raw()), delimiters_(segment.delimiters()), declares_delimiters_(segment.declares_delimiters()) {
    if (raw_.size() <= 3) return;
    if (declares_delimiters_) {
        number_ = 1;
        begin_ = 3;
        end_ = 4;
        return;
    }
    // behind a name alone a joined text line may stand before the first separator
    begin_ = 3;
    find_end();
    if (end_ == raw_.size()) return;
    number_ = 1;
    begin_ = end_ + 1;
    find_end();
}

void SegmentFields::Iterator::find_end() noexcept {
    const char* const stop = scan::find(raw_.data() + begin_, raw_.data() + raw_.size(), delimiters_.field);
    end_ = static_cast<std::size_t>(stop - raw_.data());
}

NumberedField SegmentFields::Iterator::operator*() const noexcept {
    const bool literal = declares_delimiters_ && number_ <= 2;
    return {number_, {raw_.substr(begin_, end_ - begin_), literal ? Delimiters::none() : delimiters_}};
}

SegmentFields::Iterator& SegmentFields::Iterator::operator++() noexcept {
    // MSH-1 is the separator itself: MSH-2 begins right behind it
    const bool separator = declares_delimiters_ && number_ == 1;
    if (end_ >= raw_.size() && !separator) {
        number_ = 0;
        return *this;
    }
    begin_ = separator ? end_ : end_ + 1;
    ++number_;
    find_end();
    return *this;
}

ValueView SegmentView::at(const Position& position) const noexcept {
    const auto stated = [](std::uint16_t n) { return static_cast<std::size_t>(n == 0 ? 1 : n); };
    return field(position.field)
        .repetition(stated(position.repetition))
        .component(stated(position.component))
        .subcomponent(stated(position.subcomponent));
}

}  // namespace causeway::hl7v2
