#include "hl7v2/continuation.hpp"

#include <algorithm>
#include <utility>

#include "hl7v2/builder.hpp"

namespace causeway::hl7v2 {

namespace {

constexpr std::string_view addendum = "ADD";

/// What an ADD segment adds: everything after its separator.
std::string_view added_by(const SegmentView& add) noexcept {
    return add.raw().size() > 4 ? add.raw().substr(4) : std::string_view{};
}

/// Index of the DSC that counts: the last one.
std::size_t find_dsc(const MessageView& message) noexcept {
    for (std::size_t i = message.size(); i-- > 0;) {
        if (message.is(i, "DSC")) return i;
    }
    return message.size();
}

/// The segments of a fragment, without MSH (unless `first`) and DSC, each ADD joined to what stands before it.
void append_body(const MessageView& message, bool first, std::string& text) {
    const std::size_t dsc = find_dsc(message);
    for (std::size_t i = first ? 0 : 1; i < message.size(); ++i) {
        if (i == dsc) continue;
        if (message.is(i, addendum)) {
            text += added_by(message[i]);
            continue;
        }
        if (!text.empty()) text += '\r';
        text += message[i].raw();
    }
}

}  // namespace

bool has_addenda(const MessageView& message) noexcept {
    for (std::size_t i = 2; i < message.size(); ++i) {
        if (message.is(i, addendum)) return true;
    }
    return false;
}

std::string join_addenda(const MessageView& message) {
    const std::string_view bytes = message.bytes();
    std::string out;
    out.reserve(bytes.size());
    std::size_t at = 0;  // up to here copied
    for (std::size_t i = 2; i < message.size(); ++i) {
        if (!message.is(i, addendum)) continue;
        const SegmentView before = message[i - 1];
        const std::size_t end = before.offset() + before.raw().size();
        out.append(bytes.substr(at, end - at)).append(added_by(message[i]));
        at = message[i].offset() + message[i].raw().size();
    }
    return out.append(bytes.substr(at));
}

Continuation continuation(const MessageView& message) {
    Continuation out;
    out.from = message.segment("MSH").field(14).whole().text();
    const std::size_t dsc = find_dsc(message);
    if (dsc == message.size()) return out;
    out.to = message[dsc].field(1).whole().text();
    const std::string_view style = message[dsc].at({2}).raw();
    out.interactive = style == "I" || (style.empty() && (message.segment("MSA") || message.segment("QRD")));
    return out;
}

// --- Reassembly

Reassembly::Step Reassembly::take(const MessageView& message, std::int64_t now_ms) {
    Continuation way = continuation(message);
    if (message.empty() || !way.fragment()) return {Outcome::whole};
    return way.from.empty() ? begin(message, std::move(way), now_ms) : go_on(message, std::move(way), now_ms);
}

Reassembly::Chain* Reassembly::find(std::string_view pointer) noexcept {
    const auto found = std::ranges::find(chains_, pointer, [](const Chain& chain) { return chain.state.pointer; });
    return found == chains_.end() ? nullptr : &*found;
}

bool Reassembly::fits(const Chain& chain, std::size_t more) const noexcept {
    if (chain.state.fragments >= limits_.fragments_max) return false;
    if (chain.text.size() + more > limits_.message_bytes_max) return false;
    std::size_t all = more;
    for (const Chain& other : chains_) all += other.text.size();
    return all <= limits_.bytes_max;
}

void Reassembly::drop(const Chain& chain) { chains_.erase(chains_.begin() + (&chain - chains_.data())); }

Reassembly::Step Reassembly::begin(const MessageView& message, Continuation&& way, std::int64_t now_ms) {
    const std::string control_id(message.control_id());
    if (const Chain* other = find(way.to)) {
        return {other->state.last_control_id == control_id ? Outcome::repeated : Outcome::pointer_in_use};
    }
    Chain chain;
    if (chains_.size() >= limits_.unfinished_max || !fits(chain, message.bytes().size())) return {Outcome::too_large};
    chain.delimiters = message.delimiters();
    append_body(message, true, chain.text);
    chain.state = {std::move(way.to), control_id, control_id, 1, chain.text.size(), now_ms};
    chains_.push_back(std::move(chain));
    return {Outcome::kept};
}

Reassembly::Step Reassembly::go_on(const MessageView& message, Continuation&& way, std::int64_t now_ms) {
    Chain* const chain = find(way.from);
    if (chain == nullptr) {
        // its acknowledgement was lost and it comes again: what it leads to is waited for already
        const Chain* const ahead = way.to.empty() ? nullptr : find(way.to);
        const bool before = ahead != nullptr && ahead->state.last_control_id == message.control_id();
        return {before ? Outcome::repeated : Outcome::unknown_pointer};
    }
    if (message.delimiters() != chain->delimiters) return {Outcome::other_delimiters};
    const Chain* const other = way.to.empty() ? nullptr : find(way.to);
    if (other != nullptr) return {Outcome::pointer_in_use};
    if (!fits(*chain, message.bytes().size())) {
        drop(*chain);
        return {Outcome::too_large};
    }
    append_body(message, false, chain->text);
    Unfinished& state = chain->state;
    ++state.fragments;
    if (way.to.empty()) {
        Step step{Outcome::complete, std::move(chain->text), state.fragments};
        step.message += '\r';
        drop(*chain);
        return step;
    }
    state.pointer = std::move(way.to);
    state.last_control_id = message.control_id();
    state.bytes = chain->text.size();
    state.last_at_ms = now_ms;
    return {Outcome::kept, {}, state.fragments};
}

std::vector<Reassembly::Unfinished> Reassembly::expire(std::int64_t before_ms) {
    std::vector<Unfinished> expired;
    std::erase_if(chains_, [&](const Chain& chain) {
        if (chain.state.last_at_ms >= before_ms) return false;
        expired.push_back(chain.state);
        return true;
    });
    return expired;
}

std::vector<Reassembly::Unfinished> Reassembly::unfinished() const {
    std::vector<Unfinished> out;
    for (const Chain& chain : chains_) out.push_back(chain.state);
    return out;
}

// --- fragment

namespace {

/// Writes one fragment after the other.
class Fragmenter {
public:
    Fragmenter(const MessageView& message, std::size_t bytes_max, const std::function<std::string()>& next_id)
        : message_(message), bytes_max_(bytes_max), next_id_(next_id) {}

    Result<std::vector<std::string>> run() {
        open({});
        for (std::size_t i = 1; i < message_.size(); ++i) {
            if (!add(message_[i].raw())) return Error{Errc::too_large, message_[i].offset()};
        }
        fragments_.push_back(std::move(text_));
        return std::move(fragments_);
    }

private:
    /// MSH, from the second fragment on with its own control id and the pointer.
    void open(std::string id) {
        id_ = std::move(id);
        if (id_.empty()) {
            text_ = std::string(message_[0].raw()) + '\r';
        } else {
            MessageBuilder builder(message_.delimiters());
            builder.remove(0);
            SegmentWriter msh = builder.insert_raw(0, message_[0].raw());
            msh.set(10, id_);
            msh.set(14, id_);
            text_ = builder.text();
        }
        following_ = next_id_();
    }

    std::size_t trailer_size() const noexcept {
        return addendum.size() + 1 + 4 + following_.size() + 2 + 1;
    }  // ADD DSC|id|F
    std::size_t room() const noexcept {
        const std::size_t used = text_.size() + trailer_size();
        return used < bytes_max_ ? bytes_max_ - used : 0;
    }

    void close(bool cut) {
        const char separator = message_.delimiters().field;
        if (cut) text_.append(addendum).push_back('\r');
        text_.append("DSC").append(1, separator).append(following_).append(1, separator).append("F\r");
        fragments_.push_back(std::move(text_));
        open(std::exchange(following_, {}));
    }

    /// Adds a segment, over as many fragments as it takes. Room for the trailer is kept free always.
    bool add(std::string_view segment) {
        bool continued = false;
        for (;;) {
            const std::size_t before = continued ? addendum.size() + 1 : 0;
            if (before + segment.size() + 1 <= room()) {
                append(segment, continued);
                return true;
            }
            const std::size_t space = room() > before + 1 ? room() - before - 1 : 0;
            const std::size_t taken = cut_at(segment, space);
            const bool worth_it = taken >= std::min<std::size_t>(segment.size() / 2, 64);
            if (taken > 4 && (worth_it || fresh())) {
                append(segment.substr(0, taken), continued);
                segment.remove_prefix(taken);
                continued = true;
                close(true);
            } else if (!fresh()) {
                close(continued);
            } else {
                return false;
            }
        }
    }

    void append(std::string_view piece, bool continued) {
        if (continued) text_.append(addendum).push_back(message_.delimiters().field);
        text_.append(piece).push_back('\r');
    }

    /// Whether nothing but MSH stands in the fragment.
    bool fresh() const noexcept { return text_.find('\r') + 1 == text_.size(); }

    /// At most `space` bytes of `segment`, and no character cut in two.
    static std::size_t cut_at(std::string_view segment, std::size_t space) noexcept {
        if (space >= segment.size()) space = segment.size() - 1;
        while (space > 0 && (static_cast<unsigned char>(segment[space]) & 0xC0U) == 0x80) --space;
        return space;
    }

    const MessageView& message_;
    std::size_t bytes_max_;
    const std::function<std::string()>& next_id_;
    std::string id_, following_, text_;
    std::vector<std::string> fragments_;
};

}  // namespace

Result<std::vector<std::string>> fragment(const MessageView& message, std::size_t fragment_bytes_max,
                                          const std::function<std::string()>& next_id) {
    if (message.bytes().size() <= fragment_bytes_max) return std::vector{std::string(message.bytes())};
    return Fragmenter(message, fragment_bytes_max, next_id).run();
}

}  // namespace causeway::hl7v2
