#include "fhir/model/builder.hpp"

#include <cassert>
#include <charconv>

namespace causeway::fhir {

namespace {

void link_last(Node* parent, Node* child) noexcept {
    child->parent = parent;
    child->next = nullptr;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    ++parent->count;
}

void link_before(Node* parent, Node* child, std::size_t index) noexcept {
    if (index >= parent->count) return link_last(parent, child);
    child->parent = parent;
    Node** at = &parent->first;
    while (index--) at = &(*at)->next;
    child->next = *at;
    *at = child;
    ++parent->count;
}

bool unlink(Node* parent, const Node* child) noexcept {
    Node* before = nullptr;
    for (Node* at = parent->first; at; before = at, at = at->next) {
        if (at != child) continue;
        if (before)
            before->next = at->next;
        else
            parent->first = at->next;
        if (parent->last == at) parent->last = before;
        --parent->count;
        return true;
    }
    return false;
}

Node* nth(Node* parent, std::size_t index) noexcept {
    Node* child = parent->first;
    while (child && index--) child = child->next;
    return child;
}

bool is_empty(const Node* node) noexcept {
    return !node->first && (node->kind == Kind::null || node->kind >= Kind::object);
}

void prune_below(Node* node) {
    Node* before = nullptr;
    for (Node* child = node->first; child;) {
        Node* next = child->next;
        prune_below(child);
        if (is_empty(child)) {
            if (before)
                before->next = next;
            else
                node->first = next;
            if (node->last == child) node->last = before;
            --node->count;
        } else {
            before = child;
        }
        child = next;
    }
}

}  // namespace

MutableElement MutableElement::find(std::string_view name) const noexcept {
    const Element found = get()[name];
    return {found ? builder_ : nullptr, const_cast<Node*>(found.node())};
}

MutableElement MutableElement::member(std::string_view name) {
    assert(node_->kind != Kind::array);
    if (auto found = find(name)) return found;
    if (node_->kind == Kind::null && !(node_->flags & Node::primitive)) node_->kind = Kind::object;
    return add_child(builder_->arena().copy(name));
}

MutableElement MutableElement::array(std::string_view name) {
    auto list = member(name);
    list.as_array();
    return list;
}

MutableElement MutableElement::append(std::string_view name) { return array(name).append_item(); }

MutableElement MutableElement::item(std::string_view name, std::size_t index) { return member(name).item(index); }

MutableElement MutableElement::insert(std::string_view name, std::size_t index) {
    auto list = array(name);
    Node* item = builder_->arena().node();
    item->name_data = list.node_->name_data;
    item->name_size = list.node_->name_size;
    link_before(list.node_, item, index);
    return {builder_, item};
}

bool MutableElement::move_item(std::string_view name, std::size_t from, std::size_t to) {
    const auto list = find(name);
    if (!list || list.node_->kind != Kind::array || from >= list.node_->count || to >= list.node_->count) return false;
    Node* item = nth(list.node_, from);
    unlink(list.node_, item);
    link_before(list.node_, item, to);
    return true;
}

MutableElement& MutableElement::set_number(std::string_view literal) {
    set_text(Kind::number, builder_->arena().copy(literal));
    return *this;
}

MutableElement& MutableElement::set_number(std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    return set_number(std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

MutableElement& MutableElement::set_boolean(bool value) noexcept {
    set_text(Kind::boolean, value ? std::string_view("true") : std::string_view("false"));
    return *this;
}

MutableElement& MutableElement::as_primitive() noexcept {
    node_->flags |= Node::primitive;
    return *this;
}

MutableElement& MutableElement::as_object() noexcept {
    set_text(Kind::object, {});
    return *this;
}

void MutableElement::copy(Element source, bool borrow) {
    const auto text = source.is_object() ? std::string_view() : source.text();
    set_text(source ? source.kind() : Kind::null, borrow ? text : builder_->arena().copy(text));
    if (source.is_primitive() && (source.has_value() || source.size() != 0 || source.node()->flags & Node::primitive))
        node_->flags |= Node::primitive;
    node_->offset = source.offset();
    node_->first = node_->last = nullptr;
    node_->count = 0;
    for (const Element child : source.children()) {
        MutableElement made{builder_, builder_->arena().node()};
        const auto name = source.is_array() ? node_->name()
                          : borrow          ? child.name()
                                            : builder_->arena().copy(child.name());
        made.node_->name_data = name.data();
        made.node_->name_size = static_cast<std::uint16_t>(name.size());
        if (borrow && !source.is_array())
            made.node_->flags |= static_cast<std::uint8_t>(child.node()->flags & Node::framed);
        link_last(made.node_);
        made.copy(child, borrow);
    }
}

MutableElement& MutableElement::copy_from(Element source) {
    copy(source, false);
    return *this;
}

MutableElement& MutableElement::copy_ref_from(Element source) {
    copy(source, true);
    return *this;
}

bool MutableElement::remove(std::string_view name) noexcept {
    const Element found = get()[name];
    return found && unlink(node_, found.node());
}

bool MutableElement::remove_item(std::string_view name, std::size_t index) noexcept {
    const auto list = find(name);
    if (!list || list.node_->kind != Kind::array) return false;
    const Node* item = nth(list.node_, index);
    return item && unlink(list.node_, item);
}

bool MutableElement::remove_child(Element child) noexcept { return unlink(node_, child.node()); }

void MutableElement::remove_all() noexcept {
    set_text(Kind::null, {});
    node_->first = node_->last = nullptr;
    node_->count = 0;
    node_->flags = 0;
}

void MutableElement::prune() { prune_below(node_); }

DocumentBuilder::DocumentBuilder(std::string_view resource_type) : root_(arena_.node()) {
    root_->kind = Kind::object;
    if (!resource_type.empty()) root().member("resourceType").set_string(resource_type);
}

DocumentBuilder DocumentBuilder::edit(DocumentPtr document) {
    DocumentBuilder builder;
    builder.root().copy_ref_from(document->root());
    builder.keep(std::move(document));
    return builder;
}

DocumentBuilder DocumentBuilder::copy_of(Element element) {
    DocumentBuilder builder;
    builder.root().copy_from(element);
    return builder;
}

DocumentPtr DocumentBuilder::finish() && {
    return std::make_shared<const Document>(std::move(arena_), nullptr, root_, std::move(kept_));
}

}  // namespace causeway::fhir
