#include "mappings/engine/leaves.hpp"

#include <array>
#include <bit>
#include <charconv>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace causeway::mappings {
namespace {

bool key_less(const Leaf& leaf, std::uint64_t key) noexcept { return leaf.key < key; }

/// Numbers beyond what a leaf can address do not occur in messages; such a leaf is left out rather than misplaced.
constexpr std::uint32_t field_max = 0xfffe, repetition_max = 0xfffe, component_max = 0xff;

/// Cuts segments into leaves in one walk over their bytes.
class Cutter {
public:
    Cutter(const hl7v2::Delimiters& delimiters, std::string_view bytes) : bytes_(bytes) {
        meaning_[byte(delimiters.escape)] = Meaning::escape;
        meaning_[byte(delimiters.subcomponent)] = Meaning::subcomponent;
        meaning_[byte(delimiters.component)] = Meaning::component;
        meaning_[byte(delimiters.repetition)] = Meaning::repetition;
        meaning_[byte(delimiters.field)] = Meaning::field;
        meaning_[0] = Meaning::text;  // a delimiter that was not declared is '\0'
        delimiters_ = {delimiters.field, delimiters.component, delimiters.repetition, delimiters.subcomponent,
                       delimiters.escape};
    }

    /// What follows a segment's name and first separator; it begins at `offset` and is field `field`.
    void cut(std::size_t offset, std::size_t size, std::uint32_t field, std::vector<Leaf>& out) {
        std::uint32_t repetition = 1, component = 1, subcomponent = 1;
        std::size_t begin = offset;
        bool escaped = false;
        const auto leaf = [&](std::size_t end) {
            if (end == begin) return;
            if (field > field_max || repetition > repetition_max || component > component_max ||
                subcomponent > component_max)
                return;
            Leaf& made = out.emplace_back();
            made.key = LeafKey{static_cast<std::uint16_t>(field), static_cast<std::uint16_t>(repetition),
                               static_cast<std::uint8_t>(component), static_cast<std::uint8_t>(subcomponent)}
                           .packed();
            made.text = bytes_.substr(begin, end - begin);
            made.offset = static_cast<std::uint32_t>(begin);
            made.escaped = escaped;
            made.erased = end - begin == 2 && made.text[0] == '"' && made.text[1] == '"';
        };
        const auto delimiter = [&](std::size_t at) {
            const Meaning meaning = meaning_[byte(bytes_[at])];
            if (meaning == Meaning::text) return;
            if (meaning == Meaning::escape) {
                escaped = true;
                return;
            }
            leaf(at);
            begin = at + 1;
            escaped = false;
            switch (meaning) {
                case Meaning::field:
                    ++field;
                    repetition = component = subcomponent = 1;
                    break;
                case Meaning::repetition:
                    ++repetition;
                    component = subcomponent = 1;
                    break;
                case Meaning::component:
                    ++component;
                    subcomponent = 1;
                    break;
                default:
                    ++subcomponent;
                    break;
            }
        };
        const std::size_t end = offset + size;
        std::size_t at = offset;
#if defined(__SSE2__)
        for (; at < end && at + 16 <= bytes_.size(); at += 16) {
            unsigned found = delimiters_in_sixteen(at);
            if (end - at < 16) found &= (1U << (end - at)) - 1U;
            for (; found != 0; found &= found - 1U) delimiter(at + static_cast<unsigned>(std::countr_zero(found)));
        }
#endif
        for (; at < end; ++at) delimiter(at);
        leaf(end);
    }

private:
    enum class Meaning : std::uint8_t { text, escape, subcomponent, component, repetition, field };
    static std::size_t byte(char c) noexcept { return static_cast<unsigned char>(c); }

#if defined(__SSE2__)
    /// A bit for each of sixteen bytes that is a delimiter.
    unsigned delimiters_in_sixteen(std::size_t at) const noexcept {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes_.data() + at));
        __m128i found = _mm_setzero_si128();
        for (const char c : delimiters_) found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
        return static_cast<unsigned>(_mm_movemask_epi8(found));
    }
#endif

    std::string_view bytes_;
    std::array<char, 5> delimiters_{};
    std::array<Meaning, 256> meaning_{};
};

}  // namespace

std::string segment_name(SegmentCode code) {
    return {static_cast<char>(code >> 16), static_cast<char>(code >> 8), static_cast<char>(code)};
}

LeafSegment::LeafSegment(SegmentCode code, std::uint32_t number, Leaves leaves)
    : code_(code), number_(number), leaves_(std::move(leaves)) {
    indexed_ = leaves_.size() < 0xff;
    std::size_t next = 0;
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
        const LeafKey at = leaves_[i].position();
        note(at);
        erases_ |= leaves_[i].erased;
        for (; indexed_ && next <= at.field && next < starts_.size(); ++next)
            starts_[next] = static_cast<std::uint8_t>(i);
    }
    for (; indexed_ && next < starts_.size(); ++next) starts_[next] = static_cast<std::uint8_t>(leaves_.size());
}

std::uint16_t LeafSegment::next_repetition(std::uint16_t field, std::uint16_t repetition) noexcept {
    if ((fields_ & bit_of(field)) == 0) return 0;
    const Leaf* at = lower_bound(LeafKey{field, repetition, 0, 0}.last() + 1);
    if (at == end() || at->position().field != field) return 0;
    return at->position().repetition;
}

std::uint16_t LeafSegment::last_repetition(std::uint16_t field) noexcept {
    const Leaf* at = lower_bound((std::uint64_t{field} + 1) << 32);
    if (at == leaves_.data()) return 0;
    const LeafKey key = (at - 1)->position();
    return key.field == field ? key.repetition : std::uint16_t{0};
}

bool LeafSegment::insert(Leaf leaf) {
    const auto at = std::lower_bound(leaves_.begin(), leaves_.end(), leaf.key, key_less);
    if (at != leaves_.end() && at->key == leaf.key) return false;
    indexed_ = false;
    note(leaf.position());
    leaves_.insert(at, leaf);
    return true;
}

void LeafSegment::erase_below(LeafKey key) {
    const LeafRange range = below(key);
    if (range.empty()) return;
    indexed_ = false;
    leaves_.erase(leaves_.begin() + (range.first - leaves_.data()), leaves_.begin() + (range.last - leaves_.data()));
}

std::pmr::vector<LeafSegment> cut(const hl7v2::MessageView& message, std::string_view bytes,
                                  std::pmr::memory_resource* memory) {
    std::pmr::vector<LeafSegment> segments(memory);
    segments.reserve(message.size());
    Cutter cutter(message.delimiters(), bytes);
    std::vector<Leaf> leaves;  // of one segment: what a message keeps of it takes no more than it needs
    leaves.reserve(64);
    for (const hl7v2::SegmentView segment : message) {
        const std::string_view raw = segment.raw();
        leaves.clear();
        if (raw.size() > 4) {
            const auto offset = static_cast<std::size_t>(raw.data() - message.bytes().data()) + 4;
            if (!segment.declares_delimiters()) {
                cutter.cut(offset, raw.size() - 4, 1, leaves);
            } else if (const auto encoding = raw.find(message.delimiters().field, 4);
                       encoding != std::string_view::npos) {
                // MSH-1 and MSH-2 are structure, not data
                cutter.cut(offset + encoding - 3, raw.size() - encoding - 1, 3, leaves);
            }
        }
        segments.emplace_back(segment_code(segment.name()), static_cast<std::uint32_t>(segment.index()),
                              LeafSegment::Leaves(leaves.begin(), leaves.end(), memory));
    }
    return segments;
}

std::pmr::vector<LeafSegment> cut(const hl7v2::MessageView& message) {
    return cut(message, message.bytes(), std::pmr::get_default_resource());
}

std::string leaf_path(SegmentCode code, std::size_t ordinal, LeafKey key) {
    std::array<char, 64> room;
    char* at = room.data();
    char* const end = at + room.size();
    const auto number = [&](std::size_t value) { at = std::to_chars(at, end, value).ptr; };
    *at++ = static_cast<char>(code >> 16);
    *at++ = static_cast<char>(code >> 8);
    *at++ = static_cast<char>(code);
    *at++ = '[';
    number(ordinal);
    *at++ = ']';
    *at++ = '-';
    number(key.field);
    *at++ = '[';
    number(key.repetition);
    *at++ = ']';
    for (const std::uint8_t part : {key.component, key.subcomponent}) {
        if (part == 0) continue;
        *at++ = '.';
        number(part);
    }
    return {room.data(), at};
}

}  // namespace causeway::mappings
