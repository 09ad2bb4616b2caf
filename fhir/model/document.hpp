#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/arena.hpp"
#include "fhir/model/element.hpp"

namespace causeway::fhir {

class Document;
using DocumentPtr = std::shared_ptr<const Document>;

/// An immutable tree of elements with the bytes it borrows from. Made by a parser or a DocumentBuilder, shared by
/// pointer, read from any thread. An edit makes a new one: DocumentBuilder::edit.
class Document {
public:
    /// For parsers and builders: the tree must lie in `arena` and borrow from `arena`, `bytes` or what is in `kept`.
    Document(Arena arena, std::shared_ptr<const std::string> bytes, const Node* root,
             std::vector<std::shared_ptr<const void>> kept);
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    /// Of a tree whose type and id are known, without memory of its own: see share().
    Document(const Node* root, std::string_view resource_type, std::string_view id) noexcept
        : root_(root), resource_type_(resource_type), id_(id) {}

    Element root() const noexcept { return Element(root_); }
    std::string_view resource_type() const noexcept { return resource_type_; }
    /// The resource's logical id; empty if it has none.
    std::string_view id() const noexcept { return id_; }
    /// Memory held, source bytes included, kept documents not.
    std::size_t bytes_used() const noexcept;

private:
    Arena arena_;
    std::shared_ptr<const std::string> bytes_;
    std::vector<std::shared_ptr<const void>> kept_;
    const Node* root_;
    std::string_view resource_type_;
    std::string_view id_;
};

/// A resource that lies in another document's memory.
struct Resident {
    const Node* root = nullptr;
    std::string_view resource_type, id;  ///< texts of that memory, or that outlive it
};
/// Each resource as a document; every one of them keeps `memory` alive.
std::vector<DocumentPtr> share(DocumentPtr memory, const std::vector<Resident>& residents);

/// The element's place from its root, as the JSON spells it: `Patient.name[0].given[1]`. A resource inside a bundle is
/// written from the bundle: `Bundle.entry[2].resource.status`.
std::string path_of(Element element);

/// True if both hold the same content: names, order, kinds and texts.
bool same_content(Element a, Element b);
/// The same, but the members of an object may stand in any order.
bool same_content_in_any_order(Element a, Element b);

}  // namespace causeway::fhir
