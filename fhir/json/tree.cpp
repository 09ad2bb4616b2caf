#include "fhir/json/tree.hpp"

#include "fhir/model/document.hpp"

namespace causeway::fhir::json {

namespace {

std::uint64_t name_bit(std::string_view name) noexcept {
    const auto front = static_cast<unsigned char>(name.front());
    const auto back = static_cast<unsigned char>(name.back());
    return std::uint64_t{1} << ((front * 7U + back * 3U + name.size() * 11U) & 63U);
}

bool is_primitive(const Node* node) noexcept { return node->kind < Kind::object; }

}  // namespace

bool TreeHandler::fail(Errc code, std::string message) {
    fault_ = code;
    fault_message_ = std::move(message);
    fault_offset_ = last_ ? static_cast<std::size_t>(last_ - begin_) : 0;
    return false;
}

Node* TreeHandler::add_child(Node* parent, const char* name, std::size_t name_size) {
    Node* child = arena_.node();
    child->name_data = name;
    child->name_size = static_cast<std::uint16_t>(name_size);
    child->parent = parent;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    ++parent->count;
    return child;
}

bool TreeHandler::Key(const char* text, std::size_t size, bool) {
    last_ = text;
    Frame& frame = frames_.back();
    // no element of FHIR begins with an underscore: `__x` is a name like any other, not the companion of `_x`
    const bool companion = size > 1 && *text == '_' && text[1] != '_';
    if (size == 0) return fail(Errc::syntax, "a member without a name");
    if (size > 0xFFFF) return fail(Errc::too_large, "a member name is longer than 65535 bytes");
    const std::string_view name = companion ? std::string_view(text + 1, size - 1) : std::string_view(text, size);
    const std::uint64_t bit = name_bit(name);
    Node* found = nullptr;
    if (frame.names_seen & bit)
        for (Node* child = frame.container->first; child; child = child->next)
            if (child->name() == name) {
                found = child;
                break;
            }
    const std::uint8_t seen = companion ? Node::companion_seen : Node::value_seen;
    if (!found) {
        if (frame.container->count >= limits_.members_max)
            return fail(Errc::too_large, "an object has more than " + std::to_string(limits_.members_max) + " members");
        frame.names_seen |= bit;
        found = add_child(frame.container, name.data(), name.size());
    } else if (found->flags & seen) {
        frame.target = found;
        return fail(Errc::duplicate_member, "the object has two members of this name");
    }
    found->flags |= seen;
    frame.target = found;
    frame.target_companion = companion;
    return true;
}

Node* TreeHandler::place(bool& companion) {
    if (++elements_ > elements_max_) {
        fail(Errc::too_large, "more than " + std::to_string(elements_max_) + " elements");
        return nullptr;
    }
    if (frames_.empty()) {
        companion = false;
        return root_ = arena_.node();
    }
    Frame& frame = frames_.back();
    if (!frame.is_array) {
        companion = frame.target_companion;
        return frame.target;
    }
    companion = frame.companion;
    if (Node* item = frame.cursor) {
        frame.cursor = item->next;
        return item;
    }
    return add_child(frame.container, frame.container->name_data, frame.container->name_size);
}

bool TreeHandler::scalar(Kind kind, std::string_view text) {
    if (kind == Kind::string || kind == Kind::number) last_ = text.data();
    bool companion = false;
    Node* node = place(companion);
    if (!node) return false;
    const bool in_array = !frames_.empty() && frames_.back().is_array;
    if (companion) {
        if (kind == Kind::null && in_array) return true;
        return fail(Errc::wrong_shape, "the companion of a primitive is an object with id and extension");
    }
    if (!is_primitive(node)) return fail(Errc::wrong_shape, "a single value has an array as its companion");
    if (kind == Kind::null && !in_array) node->flags |= Node::explicit_null;
    node->flags |= Node::primitive;
    node->kind = kind;
    node->text_data = text.data();
    node->text_size = static_cast<std::uint32_t>(text.size());
    node->offset = last_ ? offset_of(last_) : 0;
    return true;
}

bool TreeHandler::open(Kind kind) {
    if (frames_.size() >= limits_.depth_max)
        return fail(Errc::too_deep, "objects and arrays are nested deeper than " + std::to_string(limits_.depth_max));
    bool companion = false;
    Node* node = place(companion);
    if (!node) return false;
    Frame frame{node};
    frame.is_array = kind == Kind::array;
    const bool in_array = !frames_.empty() && frames_.back().is_array;
    if (companion) {
        if (kind == Kind::array) {
            if (in_array) return fail(Errc::wrong_shape, "the companion of a primitive is an object, not an array");
            if (node->flags & Node::value_seen && node->kind != Kind::array)
                return fail(Errc::wrong_shape, "a single value has an array as its companion");
            node->kind = Kind::array;
            frame.companion = true;
            frame.cursor = node->first;
        } else {
            if (!is_primitive(node))
                return fail(Errc::wrong_shape, node->kind == Kind::array
                                                   ? "the companion of an array is an array"
                                                   : "an object has no companion: only primitives have one");
            node->flags |= Node::primitive;
        }
    } else {
        if (node->flags & Node::primitive)
            return fail(Errc::wrong_shape, kind == Kind::array
                                               ? "the companion of an array is an array"
                                               : "an object has no companion: only primitives have one");
        if (node->kind == Kind::array) {
            if (kind == Kind::object) return fail(Errc::wrong_shape, "a single value has an array as its companion");
            frame.cursor = node->first;
        }
        node->kind = kind;
        node->offset = last_ ? offset_of(last_) : 0;
    }
    frames_.push_back(frame);
    return true;
}

std::string TreeHandler::path() const {
    if (!root_) return {};
    if (frames_.empty()) return path_of(Element(root_));
    const Frame& frame = frames_.back();
    if (!frame.is_array) return path_of(Element(frame.target ? frame.target : frame.container));
    return path_of(Element(frame.cursor            ? frame.cursor
                           : frame.container->last ? frame.container->last
                                                   : frame.container));
}

}  // namespace causeway::fhir::json
