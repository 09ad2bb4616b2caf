#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

namespace causeway::fhir {

/// What stands at a place. `null` is a primitive without a value: it has children (`id`, `extension`) or it is a fault.
enum class Kind : std::uint8_t { absent, null, boolean, number, string, object, array };

/// One element of a document's tree. Nodes never move and are never changed once their document is finished,
/// so an address identifies an element. Read it through Element.
struct Node {
    const char* name_data = nullptr;
    union {
        const char* text_data = nullptr;
        std::uint64_t names;  ///< of an object with names_noted, which has no text: a bit of each member's name
    };
    Node* first = nullptr;
    Node* last = nullptr;
    Node* next = nullptr;
    Node* parent = nullptr;
    std::uint32_t text_size = 0;
    std::uint32_t count = 0;   ///< children
    std::uint32_t offset = 0;  ///< byte in the source text where the value starts; 0 if it was not parsed
    std::uint16_t name_size = 0;
    Kind kind = Kind::null;
    std::uint8_t flags = 0;

    static constexpr std::uint8_t value_seen = 1;      ///< `x` was written
    static constexpr std::uint8_t companion_seen = 2;  ///< `_x` was written
    static constexpr std::uint8_t primitive = 4;       ///< takes `id` and `extension` without becoming an object
    static constexpr std::uint8_t explicit_null = 8;   ///< `x` was written as null outside an array: always a fault
    static constexpr std::uint8_t forwarded = 16;      ///< of no document any more: `parent` is what took its place
    static constexpr std::uint8_t framed = 32;         ///< its name is that of a FramedName
    static constexpr std::uint8_t names_noted = 64;  ///< .. and so are those of all its members: `names` has their bits

    std::string_view name() const noexcept { return {name_data, name_size}; }
    std::string_view text() const noexcept { return {text_data, text_size}; }
    /// Compares addresses first: names that come from a table are one text.
    bool is_named(std::string_view wanted) const noexcept {
        return name_size == wanted.size() &&
               (name_data == wanted.data() || std::memcmp(name_data, wanted.data(), wanted.size()) == 0);
    }
};
static_assert(sizeof(Node) == 64, "one cache line per element");

class Children;

/// A borrowed handle on one element: one pointer, cheap to copy, valid while its Document lives.
///
/// Absence is an answer: `patient["name"]["family"]` of a patient without a name is an absent Element.
/// `x` and `_x` of a FHIR primitive are one Element: it has its text and, as children, `id` and `extension`.
class Element {
public:
    constexpr Element() noexcept = default;
    constexpr explicit Element(const Node* node) noexcept : node_(node) {}

    Kind kind() const noexcept { return node_ ? node_->kind : Kind::absent; }
    explicit operator bool() const noexcept { return node_ != nullptr; }
    bool is_object() const noexcept { return kind() == Kind::object; }
    bool is_array() const noexcept { return kind() == Kind::array; }
    bool is_primitive() const noexcept { return node_ && node_->kind < Kind::object; }
    /// A primitive with a value, as FHIRPath's hasValue().
    bool has_value() const noexcept { return node_ && node_->kind >= Kind::boolean && node_->kind <= Kind::string; }
    /// The member's name; an array's items carry the array's name. Empty for a root.
    std::string_view name() const noexcept { return node_ ? node_->name() : std::string_view(); }
    /// A string decoded, a number as it was written, "true" or "false"; empty for everything else.
    std::string_view text() const noexcept { return node_ ? node_->text() : std::string_view(); }

    /// The member of that name: of an object, or of a primitive (`id`, `extension`). Absent if there is none.
    Element operator[](std::string_view member) const noexcept {
        if (!node_ || node_->kind == Kind::array) return {};
        for (const Node* child = node_->first; child; child = child->next)
            if (child->is_named(member)) return Element(child);
        return {};
    }
    /// Members of an object, items of an array, `id` and `extension` of a primitive.
    std::size_t size() const noexcept { return node_ ? node_->count : 0; }
    Children children() const noexcept;
    /// The i-th child, counted from 0. It walks there: loop over children() instead of indexes.
    Element item(std::size_t index) const noexcept {
        if (!node_) return {};
        const Node* child = node_->first;
        while (child && index--) child = child->next;
        return Element(child);
    }
    /// An array's items, or the element itself where it is no array, or nothing where it is absent:
    /// one loop for elements of any cardinality.
    Children items() const noexcept;
    Element first() const noexcept { return is_array() ? Element(node_->first) : *this; }
    Element parent() const noexcept { return Element(node_ ? node_->parent : nullptr); }
    /// The text of the member "resourceType".
    std::string_view resource_type() const noexcept { return (*this)["resourceType"].text(); }

    const Node* node() const noexcept { return node_; }
    std::uint32_t offset() const noexcept { return node_ ? node_->offset : 0; }
    /// Identity, not equality of content.
    friend bool operator==(Element a, Element b) noexcept { return a.node_ == b.node_; }

private:
    const Node* node_ = nullptr;
};

/// A range over siblings.
class Children {
public:
    class Iterator {
    public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = Element;
        using difference_type = std::ptrdiff_t;
        using pointer = const Element*;
        using reference = Element;
        Iterator() noexcept = default;
        explicit Iterator(const Node* node) noexcept : node_(node) {}
        Element operator*() const noexcept { return Element(node_); }
        Iterator& operator++() noexcept {
            node_ = node_->next;
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            node_ = node_->next;
            return before;
        }
        friend bool operator==(Iterator a, Iterator b) noexcept { return a.node_ == b.node_; }

    private:
        const Node* node_ = nullptr;
    };
    Children(const Node* first, const Node* end, std::size_t size) noexcept : first_(first), end_(end), size_(size) {}
    Iterator begin() const noexcept { return Iterator(first_); }
    Iterator end() const noexcept { return Iterator(end_); }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

private:
    const Node* first_;
    const Node* end_;
    std::size_t size_;
};

inline Children Element::children() const noexcept {
    return node_ ? Children(node_->first, nullptr, node_->count) : Children(nullptr, nullptr, 0);
}
inline Children Element::items() const noexcept {
    if (!node_) return {nullptr, nullptr, 0};
    if (node_->kind == Kind::array) return {node_->first, nullptr, node_->count};
    return {node_, node_->next, 1};
}

}  // namespace causeway::fhir
