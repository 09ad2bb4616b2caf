#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"

namespace causeway::fhir {

class DocumentBuilder;

/// A member's name as JSON wants it, with quotes and colon, and some bytes behind it that may be read: what stands in
/// thousands of elements is then copied in whole words. Borrowed by the documents it is given to. There is one of each
/// name (r4/names.hpp), so that elements named by them are found by address.
class FramedName {
public:
    static constexpr std::size_t slack = 8;

    /// One of 64 bits for the name of a FramedName: an object under construction knows by them, without a look at its
    /// members, that it has none of that name.
    static std::uint64_t bit_of(const char* name) noexcept {
        const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(name));
        return std::uint64_t{1} << ((address * 0x9e3779b97f4a7c15U) >> 58U);
    }

    explicit FramedName(std::string_view name) : text_("\"") {
        text_.append(name).append("\":");
        size_ = static_cast<std::uint16_t>(name.size());
        text_.append(slack, '\0');
    }
    std::string_view name() const noexcept { return std::string_view(text_).substr(1, size_); }

    friend bool operator<(const FramedName& a, std::string_view b) noexcept { return a.name() < b; }

private:
    std::string text_;
    std::uint16_t size_ = 0;
};

/// Whether an object may have a member whose name has one of these bits.
inline bool may_have(Element element, std::uint64_t name_bits) noexcept {
    const Node* const node = element.node();
    return node && ((node->flags & Node::names_noted) == 0 || (node->names & name_bits) != 0);
}

/// As element[name], for the name of a FramedName: those of other elements that have one are told apart by address.
inline Element member_of(Element element, std::string_view name) noexcept {
    const Node* const node = element.node();
    if (!may_have(element, FramedName::bit_of(name.data())) || node->kind == Kind::array) return {};
    for (const Node* child = node->first; child; child = child->next)
        if (child->name_data == name.data() || ((child->flags & Node::framed) == 0 && child->is_named(name)))
            return Element(child);
    return {};
}

/// A handle on an element under construction: cheap to copy, valid until its builder is finished.
class MutableElement {
public:
    /// The same element, to read. It shows later changes until the builder is finished.
    Element get() const noexcept { return Element(node_); }
    explicit operator bool() const noexcept { return node_ != nullptr; }

    /// The member of that name, made if it is missing. An element without a value becomes an object by this, unless
    /// as_primitive() was called; a primitive with a value keeps it (its members are `id` and `extension`).
    MutableElement member(std::string_view name);
    /// As member(), but borrows the name: it must outlive the document (a literal, or see DocumentBuilder::keep).
    MutableElement member_ref(std::string_view name);
    /// As member_ref() of a FramedName's name.
    MutableElement member_framed(std::string_view name);
    /// The member if it is there, else an empty handle.
    MutableElement find(std::string_view name) const noexcept;
    /// A new last item of the array `name`, which is made if it is missing.
    MutableElement append(std::string_view name);
    /// Item `index` of the array `name`; missing items up to it are made.
    MutableElement item(std::string_view name, std::size_t index);
    /// A new item before item `index` of the array `name`; at the end if there are fewer.
    MutableElement insert(std::string_view name, std::size_t index);
    /// Item `from` of the array `name` comes to stand at index `to`. False if either is out of range.
    bool move_item(std::string_view name, std::size_t from, std::size_t to);
    /// As an array of its own: a new last item of this element, which becomes an array.
    MutableElement append_item();
    /// Item `index` of this element, which becomes an array; missing items up to it are made.
    MutableElement item(std::size_t index);

    MutableElement& set_string(std::string_view text);
    /// Borrows: the bytes must outlive the document (a literal, or see DocumentBuilder::keep).
    MutableElement& set_string_ref(std::string_view text) noexcept;
    /// The literal as it is to be written; it must be a JSON number.
    MutableElement& set_number(std::string_view literal);
    MutableElement& set_number(std::int64_t value);
    MutableElement& set_boolean(bool value) noexcept;
    /// A primitive without a value: members added from now on are `id` and `extension`.
    MutableElement& as_primitive() noexcept;
    /// An object, even if it stays empty.
    MutableElement& as_object() noexcept;
    MutableElement& as_array() noexcept;
    /// Takes over kind, text and all children; the name stays.
    MutableElement& copy_from(Element source);
    /// As copy_from, but borrows the texts: the source's document must be kept by the builder.
    MutableElement& copy_ref_from(Element source);

    /// False if there was none.
    bool remove(std::string_view name) noexcept;
    bool remove_item(std::string_view name, std::size_t index) noexcept;
    /// The child itself, wherever it stands in this element.
    bool remove_child(Element child) noexcept;
    /// Value and children; the name stays.
    void remove_all() noexcept;
    /// Drops, in this element and below, values that are null without children, empty objects and empty arrays.
    void prune();

    Node* node() const noexcept { return node_; }
    /// A new last child of `above`, an element of the same builder which has no such child yet; borrows name and text.
    /// For copying what was made before: it checks nothing.
    Node* add_below(Node* above, std::string_view name, Kind kind, std::string_view text, std::uint8_t flags);

private:
    friend class DocumentBuilder;
    MutableElement() noexcept = default;
    MutableElement(DocumentBuilder* builder, Node* node) noexcept : builder_(builder), node_(node) {}
    MutableElement add_child(std::string_view kept_name, std::uint8_t flags = 0);
    MutableElement array(std::string_view name);
    void set_text(Kind kind, std::string_view text) noexcept {
        node_->kind = kind;
        node_->flags &= static_cast<std::uint8_t>(~Node::names_noted);
        node_->text_data = text.data();
        node_->text_size = static_cast<std::uint32_t>(text.size());
    }
    /// Before a member is linked to an object: its name is noted if those of all before it were.
    void note_name(const Node& child) const noexcept {
        if ((child.flags & Node::framed) != 0 && node_->kind == Kind::object &&
            (node_->first == nullptr || (node_->flags & Node::names_noted) != 0)) {
            node_->names = (node_->first ? node_->names : 0) | FramedName::bit_of(child.name_data);
            node_->flags |= Node::names_noted;
        } else if ((node_->flags & Node::names_noted) != 0) {
            node_->flags &= static_cast<std::uint8_t>(~Node::names_noted);
            node_->text_data = nullptr;
        }
    }
    void link_last(Node* child) const noexcept {
        note_name(*child);
        child->parent = node_;
        if (node_->last)
            node_->last->next = child;
        else
            node_->first = child;
        node_->last = child;
        ++node_->count;
    }
    void copy(Element source, bool borrow);

    DocumentBuilder* builder_ = nullptr;
    Node* node_ = nullptr;
};

/// Builds or edits a document in its own arena. Not shared between threads; finish() gives the immutable document.
class DocumentBuilder {
public:
    DocumentBuilder() : DocumentBuilder(std::string_view()) {}
    /// Starts as `{"resourceType": "<type>"}`, or as an empty object for an empty name.
    explicit DocumentBuilder(std::string_view resource_type);
    /// An empty object whose memory comes in blocks of that many bytes and more.
    explicit DocumentBuilder(std::size_t first_block_bytes) : arena_(first_block_bytes), root_(arena_.node()) {
        root_->kind = Kind::object;
    }
    /// Starts with the document's content. Texts are borrowed and the document is kept.
    static DocumentBuilder edit(DocumentPtr document);
    /// Starts as a deep copy of that element, e.g. a contained resource that is to stand alone.
    static DocumentBuilder copy_of(Element element);
    DocumentBuilder(DocumentBuilder&& other) noexcept = default;
    DocumentBuilder& operator=(DocumentBuilder&&) noexcept = default;

    MutableElement root() noexcept { return MutableElement(this, root_); }
    /// A handle on an element of this builder that was found by reading.
    MutableElement handle(Element element) noexcept { return {this, const_cast<Node*>(element.node())}; }
    /// Keeps bytes alive that set_string_ref or copy_ref_from borrow.
    void keep(std::shared_ptr<const void> owner) { kept_.push_back(std::move(owner)); }
    Arena& arena() noexcept { return arena_; }
    DocumentPtr finish() &&;

private:
    Arena arena_;
    std::vector<std::shared_ptr<const void>> kept_;
    Node* root_ = nullptr;
};

// What the maps do for every element of every message stands here, so that it is inlined.

inline MutableElement MutableElement::add_child(std::string_view kept_name, std::uint8_t flags) {
    Node* child = builder_->arena().node();
    child->name_data = kept_name.data();
    child->name_size = static_cast<std::uint16_t>(kept_name.size());
    child->flags = flags;
    link_last(child);
    return {builder_, child};
}

inline Node* MutableElement::add_below(Node* above, std::string_view name, Kind kind, std::string_view text,
                                       std::uint8_t flags) {
    if (above->kind == Kind::null && !(above->flags & Node::primitive)) above->kind = Kind::object;
    MutableElement child = MutableElement(builder_, above).add_child(name, flags);
    child.set_text(kind, text);
    return child.node_;
}

inline MutableElement MutableElement::member_ref(std::string_view name) {
    if (const Element found = get()[name]) return {builder_, const_cast<Node*>(found.node())};
    if (node_->kind == Kind::null && !(node_->flags & Node::primitive)) node_->kind = Kind::object;
    return add_child(name);
}

inline MutableElement MutableElement::member_framed(std::string_view name) {
    if (const Element found = member_of(get(), name)) return {builder_, const_cast<Node*>(found.node())};
    if (node_->kind == Kind::null && !(node_->flags & Node::primitive)) node_->kind = Kind::object;
    return add_child(name, Node::framed);
}

inline MutableElement& MutableElement::as_array() noexcept {
    set_text(Kind::array, {});
    return *this;
}

inline MutableElement MutableElement::append_item() {
    as_array();
    return add_child(node_->name());
}

inline MutableElement MutableElement::item(std::size_t index) {
    as_array();
    if (index + 1 == node_->count) return {builder_, node_->last};
    while (node_->count <= index) append_item();
    return {builder_, const_cast<Node*>(get().item(index).node())};
}

inline MutableElement& MutableElement::set_string_ref(std::string_view text) noexcept {
    set_text(Kind::string, text);
    return *this;
}

inline MutableElement& MutableElement::set_string(std::string_view text) {
    return set_string_ref(builder_->arena().copy(text));
}

}  // namespace causeway::fhir
