#include "fhir/model/document.hpp"

#include <memory>
#include <utility>

namespace causeway::fhir {

Document::Document(Arena arena, std::shared_ptr<const std::string> bytes, const Node* root,
                   std::vector<std::shared_ptr<const void>> kept)
    : arena_(std::move(arena)),
      bytes_(std::move(bytes)),
      kept_(std::move(kept)),
      root_(root),
      resource_type_(Element(root).resource_type()),
      id_(Element(root)["id"].text()) {}

std::size_t Document::bytes_used() const noexcept {
    return sizeof(Document) + arena_.bytes() + (bytes_ ? bytes_->capacity() : 0);
}

namespace {

/// Documents of one memory, in one piece.
class Family {
public:
    Family(DocumentPtr memory, const std::vector<Resident>& residents)
        : memory_(std::move(memory)), members_(std::allocator<Document>().allocate(residents.size())) {
        for (const Resident& one : residents)
            std::construct_at(members_ + size_++, one.root, one.resource_type, one.id);
    }
    Family(const Family&) = delete;
    Family& operator=(const Family&) = delete;
    ~Family() {
        std::destroy_n(members_, size_);
        std::allocator<Document>().deallocate(members_, size_);
    }

    const Document* member(std::size_t i) const noexcept { return members_ + i; }

private:
    DocumentPtr memory_;
    Document* members_;
    std::size_t size_ = 0;
};

}  // namespace

std::vector<DocumentPtr> share(DocumentPtr memory, const std::vector<Resident>& residents) {
    const auto family = std::make_shared<Family>(std::move(memory), residents);
    std::vector<DocumentPtr> out;
    out.reserve(residents.size());
    for (std::size_t i = 0; i < residents.size(); ++i) out.emplace_back(family, family->member(i));
    return out;
}

namespace {

void append_path(Element element, std::string& out) {
    const Element parent = element.parent();
    if (!parent) {
        const auto type = element.resource_type();
        out += type.empty() ? std::string_view("$this") : type;
        return;
    }
    append_path(parent, out);
    if (!parent.is_array()) {
        out += '.';
        out += element.name();
        return;
    }
    std::size_t index = 0;
    for (const Element sibling : parent.children()) {
        if (sibling == element) break;
        ++index;
    }
    out += '[';
    out += std::to_string(index);
    out += ']';
}

}  // namespace

std::string path_of(Element element) {
    std::string out;
    if (element) append_path(element, out);
    return out;
}

bool same_content(Element a, Element b) {
    if (a.kind() != b.kind() || a.text() != b.text() || a.size() != b.size()) return false;
    auto right = b.children().begin();
    for (const Element left : a.children()) {
        if (left.name() != (*right).name() || !same_content(left, *right)) return false;
        ++right;
    }
    return true;
}

bool same_content_in_any_order(Element a, Element b) {
    if (a.kind() != b.kind() || a.text() != b.text() || a.size() != b.size()) return false;
    auto right = b.children().begin();
    for (const Element left : a.children()) {
        const Element twin = a.is_array() ? *right++ : b[left.name()];
        if (!twin || !same_content_in_any_order(left, twin)) return false;
    }
    return true;
}

}  // namespace causeway::fhir
