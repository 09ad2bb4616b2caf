#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"

namespace causeway::fhir {

class DocumentBuilder;

/// A handle on an element under construction: cheap to copy, valid until its builder is finished.
class MutableElement {
public:
    /// The same element, to read. It shows later changes until the builder is finished.
    Element get() const noexcept { return Element(node_); }
    explicit operator bool() const noexcept { return node_ != nullptr; }

    /// The member of that name, made if it is missing. An element without a value becomes an object by this, unless
    /// as_primitive() was called; a primitive with a value keeps it (its members are `id` and `extension`).
    MutableElement member(std::string_view name);
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

private:
    friend class DocumentBuilder;
    MutableElement() noexcept = default;
    MutableElement(DocumentBuilder* builder, Node* node) noexcept : builder_(builder), node_(node) {}
    MutableElement add_child(std::string_view name);
    MutableElement array(std::string_view name);
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

}  // namespace causeway::fhir
