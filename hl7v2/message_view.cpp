#include "hl7v2/message_view.hpp"

#include <algorithm>

#include "hl7v2/scan.hpp"

namespace causeway::hl7v2 {

namespace {

constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr char to_upper(char c) noexcept { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool is_line_end(char c) noexcept { return c == '\r' || c == '\n'; }
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view around{" \t\r\n\v\x1c\x1a\0", 8};  // with the NUL

}  // namespace

/// Finds delimiters and segments; one use per message.
class MessageReader {
public:
    MessageReader(std::string_view bytes, const ParseOptions& options, MessageView& view) noexcept
        : options_(options),
          view_(view),
          begin_(bytes.data()),
          at_(begin_),
          end_(begin_ + bytes.size()),
          trailer_(find_trailer(bytes)) {}

    Result<void> run() {
        const auto bytes = static_cast<std::size_t>(end_ - begin_);
        if (bytes > std::min<std::size_t>(options_.limits.message_bytes_max, UINT32_MAX)) {
            return Error{Errc::too_large, options_.limits.message_bytes_max};
        }
        view_.segments_.reserve(std::min(bytes / 48 + 4, options_.limits.segments_max));
        if (auto done = skip_to_header(); !done) return done;
        if (auto done = read_delimiters(); !done) return done;
        return read_segments();
    }

private:
    std::size_t offset(const char* at) const noexcept { return static_cast<std::size_t>(at - begin_); }
    Error error(Errc code, const char* at) const noexcept { return {code, offset(at)}; }
    bool tolerate(Tolerance tolerance, std::uint32_t times = 1) noexcept {
        if (!options_.tolerances.has(tolerance)) return false;
        view_.deviations_.count(tolerance, times);
        return true;
    }
    std::string_view rest() const noexcept { return {at_, static_cast<std::size_t>(end_ - at_)}; }

    Result<void> skip_to_header() {
        const char* const start = at_;
        if (rest().starts_with(byte_order_mark)) at_ += byte_order_mark.size();
        while (at_ != end_ && around.find(*at_) != std::string_view::npos) ++at_;
        if (at_ != start && !tolerate(Tolerance::surrounding_bytes)) return error(Errc::not_msh, start);
        if (rest().starts_with("MSH")) return {};
        if (rest().size() >= 3 && to_upper(at_[0]) == 'M' && to_upper(at_[1]) == 'S' && to_upper(at_[2]) == 'H' &&
            options_.tolerances.has(Tolerance::lower_case_names)) {
            return {};  // counted with the other names
        }
        if (begins_segment(at_) && !rest().starts_with("FHS") && !rest().starts_with("BHS") &&
            tolerate(Tolerance::missing_header)) {
            header_missing_ = true;
            return {};
        }
        return error(Errc::not_msh, at_);
    }

    Result<void> read_delimiters() {
        if (header_missing_) return {};
        const char* at = at_ + 3;
        if (at == end_) return error(Errc::bad_delimiters, at);
        const char field = *at++;
        // a letter or digit could not be told from the segment names
        if (!usable(field) || detail::is_upper(to_upper(field)) || detail::is_digit(field))
            return error(Errc::bad_delimiters, at - 1);
        Delimiters found = Delimiters::none();
        found.field = field;
        char* const slots[] = {&found.component, &found.repetition, &found.escape, &found.subcomponent,
                               &found.truncation};
        std::size_t taken = 0;
        const char* const first = at;
        const char* const last = std::find_if(at, end_, [field](char c) { return c == field || is_line_end(c); });
        for (; at != last; ++at) {
            if (std::find(first, at, *at) != at) {
                if (!tolerate(Tolerance::repeated_delimiters)) return error(Errc::bad_delimiters, at);
                if (last - first <= 4) ++taken;  // nothing was put in between, so the others keep their places
            } else if (taken == std::size(slots)) {
                if (!tolerate(Tolerance::extra_delimiters)) return error(Errc::bad_delimiters, at);
            } else {
                if (!usable(*at)) return error(Errc::bad_delimiters, at);
                *slots[taken++] = *at;
            }
        }
        if (at == end_ || taken == 0) return error(Errc::bad_delimiters, at);
        view_.delimiters_ = found;
        return {};
    }

    bool usable(char c) noexcept {
        if (may_delimit(c)) return true;
        return !is_line_end(c) && c != '\0' && static_cast<unsigned char>(c) < 0x80 &&
               tolerate(Tolerance::odd_delimiters);
    }

    /// Three characters of a name, then a field separator or the end of the segment.
    bool begins_segment(const char* at) const noexcept {
        if (end_ - at < 3) return false;
        const bool lower = options_.tolerances.has(Tolerance::lower_case_names);
        for (int i = 0; i < 3; ++i) {
            const char c = lower ? to_upper(at[i]) : at[i];
            if (!detail::is_upper(c) && !(i > 0 && detail::is_digit(c))) return false;
        }
        return end_ - at == 3 || at[3] == view_.delimiters_.field || is_line_end(at[3]) || at[3] == '\x1c';
    }

    bool only_surroundings(const char* at) const noexcept { return at >= trailer_; }

    /// Where the bytes begin that only surround, up to the end of the input.
    static const char* find_trailer(std::string_view bytes) noexcept {
        const std::size_t last = bytes.find_last_not_of(around);
        return bytes.data() + (last == std::string_view::npos ? 0 : last + 1);
    }

    Result<void> read_segments() {
        while (at_ != end_) {
            if (view_.segments_.size() == options_.limits.segments_max) return error(Errc::too_large, at_);
            const char* const start = at_;
            if (auto done = find_segment_end(); !done) return done;
            add_segment(start, at_);
            if (auto done = skip_line_ends(); !done) return done;
        }
        return {};
    }

    void add_segment(const char* start, const char* stop) {
        const char name[3] = {to_upper(start[0]), to_upper(start[1]), to_upper(start[2])};
        if (!std::equal(name, name + 3, start)) tolerate(Tolerance::lower_case_names);
        view_.segments_.push_back({static_cast<std::uint32_t>(offset(start)), static_cast<std::uint32_t>(stop - start),
                                   MessageView::pack({name, 3})});
    }

    /// Leaves at_ on the byte that ends the segment, or at the end.
    Result<void> find_segment_end() {
        at_ += 3;
        for (;;) {
            at_ = scan::find_control(at_, end_);
            if (at_ == end_) return {};
            if (is_line_end(*at_)) {
                if (*at_ == '\n' && !options_.tolerances.has(Tolerance::line_feed)) {
                    return error(Errc::not_tolerated, at_);
                }
                const char* const next = next_line(at_);
                if (next == end_ || line_begins_segment(next)) return {};
                if (only_surroundings(next)) return {};
                if (!tolerate(Tolerance::joined_text_lines)) return error(Errc::bad_segment_name, next);
                at_ = next;
            } else if (*at_ == '\x1c' && only_surroundings(at_)) {
                return {};
            } else {
                if (!tolerate(Tolerance::control_bytes)) return error(Errc::not_tolerated, at_);
                ++at_;
            }
        }
    }

    /// Past the line end at `at` and the empty lines after it.
    const char* next_line(const char* at) const noexcept {
        while (at != end_ && is_line_end(*at)) ++at;
        return at;
    }

    bool line_begins_segment(const char* at) const noexcept {
        if (begins_segment(at)) return true;
        if (!is_blank(*at) || !options_.tolerances.has(Tolerance::surrounding_bytes)) return false;
        while (at != end_ && is_blank(*at)) ++at;
        return begins_segment(at);
    }

    /// From the end of one segment to the begin of the next, counting what is not a single CR.
    Result<void> skip_line_ends() {
        if (at_ == end_) {
            if (!tolerate(Tolerance::missing_final_end)) return error(Errc::not_tolerated, at_);
            return {};
        }
        bool ended = false;
        while (at_ != end_ && is_line_end(*at_)) {
            const char* const start = at_;
            const bool pair = *at_ == '\r' && at_ + 1 != end_ && at_[1] == '\n';
            at_ += pair ? 2 : 1;
            if (*start == '\n' || pair) {
                if (!tolerate(Tolerance::line_feed)) return error(Errc::not_tolerated, start);
            }
            if (ended && !tolerate(Tolerance::blank_lines)) return error(Errc::not_tolerated, start);
            ended = true;
        }
        if (at_ == end_) return {};
        if (only_surroundings(at_)) {
            if (!tolerate(Tolerance::surrounding_bytes)) return error(Errc::not_tolerated, at_);
            at_ = end_;
        } else if (is_blank(*at_)) {
            if (!tolerate(Tolerance::surrounding_bytes)) return error(Errc::bad_segment_name, at_);
            while (is_blank(*at_)) ++at_;
        }
        return {};
    }

    const ParseOptions& options_;
    MessageView& view_;
    const char* begin_;
    const char* at_;
    const char* end_;
    const char* trailer_;
    bool header_missing_ = false;
};

Result<MessageView> MessageView::parse(std::string_view bytes, const ParseOptions& options) {
    MessageView view;
    view.bytes_ = bytes;
    if (auto done = MessageReader(bytes, options, view).run(); !done) return done.error();
    if (options.tolerances.has(Tolerance::missing_control_id)) {
        const SegmentView msh = view.segment("MSH");
        if (msh && !msh.at({10}).valued()) view.deviations_.count(Tolerance::missing_control_id);
    }
    return view;
}

std::uint32_t MessageView::pack(std::string_view name) noexcept {
    if (name.size() != 3) return 0;
    const auto byte = [&name](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(name[i]));
    };
    return byte(0) << 16U | byte(1) << 8U | byte(2);
}

SegmentView MessageView::segment(std::string_view name, std::size_t ordinal) const noexcept {
    const std::uint32_t wanted = pack(name);
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        if (segments_[i].name == wanted && --ordinal == 0) return (*this)[i];
    }
    return {};
}

SegmentView MessageView::find(std::string_view name, std::size_t from) const noexcept {
    const std::uint32_t wanted = pack(name);
    for (std::size_t i = from; i < segments_.size(); ++i) {
        if (segments_[i].name == wanted) return (*this)[i];
    }
    return {};
}

std::size_t MessageView::count(std::string_view name) const noexcept {
    const std::uint32_t wanted = pack(name);
    return static_cast<std::size_t>(
        std::count_if(segments_.begin(), segments_.end(), [wanted](const Span& span) { return span.name == wanted; }));
}

bool MessageView::is(std::size_t index, std::string_view name) const noexcept {
    return segments_[index].name == pack(name);
}

ValueView MessageView::at(const Path& path) const noexcept {
    return segment(path.segment(), path.segment_ordinal == 0 ? 1 : path.segment_ordinal).at(path.position);
}

FieldView MessageView::field(const Path& path) const noexcept {
    return segment(path.segment(), path.segment_ordinal == 0 ? 1 : path.segment_ordinal).field(path.position.field);
}

std::size_t MessageView::offset_of(std::string_view part) const noexcept {
    return static_cast<std::size_t>(part.data() - bytes_.data());
}

std::string_view MessageView::header(const Position& position) const noexcept {
    return segment("MSH").at(position).raw();
}

}  // namespace causeway::hl7v2
