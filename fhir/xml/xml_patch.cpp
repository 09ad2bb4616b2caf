#include "fhir/xml/xml_patch.hpp"

#include <algorithm>
#include <cstring>
#include <pugixml.hpp>
#include <string_view>
#include <vector>

#include "fhir/model/utf8.hpp"
#include "fhir/xml/scan.hpp"
#include "fhir/xml/xml.hpp"

namespace causeway::fhir {

namespace {

using pugi::xml_node;

constexpr unsigned parse_flags = pugi::parse_default | pugi::parse_ws_pcdata;
constexpr std::size_t operations_max = 1'000;
constexpr std::size_t selector_bytes_max = 1'000;
constexpr unsigned depth_max = 100;

enum class Verb : unsigned char { add, replace, remove };
enum class Position : unsigned char { append, prepend, before, after };

struct Operation {
    Verb verb = Verb::add;
    Position position = Position::append;
    std::string selector;   ///< names without prefixes
    std::string attribute;  ///< of an `add`: the attribute's name; empty: elements or text
    xml_node node;
};

std::string_view local_name(std::string_view name) noexcept {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// What a prefix stands for at a node; empty if nothing was said of it.
std::string_view namespace_of(xml_node node, std::string_view prefix) {
    const std::string attribute = prefix.empty() ? "xmlns" : "xmlns:" + std::string(prefix);
    for (; node; node = node.parent())
        if (const auto found = node.attribute(attribute.c_str())) return found.value();
    return {};
}

bool is_ours(std::string_view space) noexcept { return space == xml::fhir_namespace || space == xml::xhtml_namespace; }

bool is_name_start(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name(char c) noexcept { return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

/// The selector for a tree in which names have no prefixes; what is wrong with it otherwise.
std::string_view read_selector(xml_node operation, std::string_view text, std::string& out) {
    if (text.empty()) return "sel is missing";
    if (text.size() > selector_bytes_max) return "sel is too long";
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '\'' || c == '"') {
            const auto end = text.find(c, at + 1);
            if (end == std::string_view::npos) return "sel has a string without an end";
            out += text.substr(at, end + 1 - at);
            at = end + 1;
        } else if (is_name_start(c)) {
            auto end = at;
            while (end < text.size() && is_name(text[end])) ++end;
            if (end < text.size() && text[end] == ':') {
                if (text.substr(end).starts_with("::")) return "sel takes child steps only, no axes";
                if (!is_ours(namespace_of(operation, text.substr(at, end - at))))
                    return "sel has a prefix that is bound neither to FHIR's namespace nor to XHTML's";
                at = end + 1;
                continue;
            }
            out += text.substr(at, end - at);
            at = end;
        } else {
            const auto pair = text.substr(at, 2);
            if (pair == "//" || pair == "..") return "sel takes child steps only, no // and no ..";
            out += c;
            ++at;
        }
    }
    return {};
}

/// Puts a copy of what an operation holds into the tree: without prefixes, in the namespaces that a resource uses.
class Content {
public:
    explicit Content(xml_node operation) {
        for (const xml_node child : operation.children()) elements_ = elements_ || child.type() == pugi::node_element;
    }
    bool has_elements() const noexcept { return elements_; }
    /// White space between elements says nothing.
    bool counts(xml_node child) const {
        if (child.type() == pugi::node_element) return true;
        if (child.type() != pugi::node_pcdata && child.type() != pugi::node_cdata) return false;
        return !elements_ || std::string_view(child.value()).find_first_not_of(" \t\r\n") != std::string_view::npos;
    }
    static void fill(xml_node from, xml_node to, unsigned depth = 0) {
        const auto colon = std::string_view(from.name()).find(':');
        const auto space =
            namespace_of(from, colon == std::string_view::npos ? std::string_view()
                                                               : std::string_view(from.name()).substr(0, colon));
        to.set_name(std::string(local_name(from.name())).c_str());
        if (space == xml::xhtml_namespace && namespace_of(to.parent(), {}) != xml::xhtml_namespace)
            to.append_attribute("xmlns").set_value(std::string(xml::xhtml_namespace).c_str());
        for (const auto attribute : from.attributes()) {
            const std::string_view name = attribute.name();
            if (name != "xmlns" && !name.starts_with("xmlns:")) to.append_copy(attribute);
        }
        if (depth == depth_max) return;  // deeper than any resource may be: the reader will say so
        for (const xml_node child : from.children()) {
            if (child.type() == pugi::node_element)
                fill(child, to.append_child(pugi::node_element), depth + 1);
            else
                to.append_copy(child);
        }
    }

private:
    bool elements_ = false;
};

/// All of an operation's text: a comment or a CDATA section parts it.
std::string text_of(xml_node operation) {
    std::string out;
    for (const xml_node child : operation.children())
        if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) out += child.value();
    return out;
}

struct Text final : pugi::xml_writer {
    std::string bytes;
    void write(const void* data, std::size_t size) override { bytes.append(static_cast<const char*>(data), size); }
};

Error fails(Errc code, std::size_t number, std::string message) {
    return {code, std::move(message), "diff/*[" + std::to_string(number) + "]", 0, 0, 0};
}

/// Takes the node out, and above it what has nothing left.
void remove(xml_node node) {
    for (xml_node parent = node.parent(); parent; parent = node.parent()) {
        parent.remove_child(node);
        const bool empty = !parent.first_child() && !parent.first_attribute();
        if (!empty || parent.type() != pugi::node_element || parent.parent().type() == pugi::node_document) return;
        node = parent;
    }
}

}  // namespace

struct XmlPatch::Parts {
    pugi::xml_document document;
    std::vector<Operation> operations;

    Result<void> read(xml_node node, std::size_t number);
    static Result<void> run(const Operation& operation, pugi::xml_document& target, std::size_t number);
    static Result<void> add(const Operation& operation, pugi::xpath_node place, std::size_t number);
    static Result<void> replace(const Operation& operation, pugi::xpath_node place, std::size_t number);
};

Result<void> XmlPatch::Parts::read(xml_node node, std::size_t number) {
    const auto broken = [&](std::string_view why) { return fails(Errc::wrong_shape, number, std::string(why)); };
    Operation operation;
    operation.node = node;
    const auto name = local_name(node.name());
    if (name == "add")
        operation.verb = Verb::add;
    else if (name == "replace")
        operation.verb = Verb::replace;
    else if (name == "remove")
        operation.verb = Verb::remove;
    else
        return broken("operations are add, replace and remove");
    if (const auto fault = read_selector(node, node.attribute("sel").value(), operation.selector); !fault.empty())
        return broken(fault);
    try {
        const pugi::xpath_query query(operation.selector.c_str());
        if (query.return_type() != pugi::xpath_type_node_set) return broken("sel selects no nodes");
    } catch (const pugi::xpath_exception&) {
        return broken("sel is not a path");
    }
    const std::string_view position = node.attribute("pos").value();
    const std::string_view type = node.attribute("type").value();
    if (operation.verb == Verb::add) {
        if (position == "prepend")
            operation.position = Position::prepend;
        else if (position == "before")
            operation.position = Position::before;
        else if (position == "after")
            operation.position = Position::after;
        else if (!position.empty())
            return broken("pos takes prepend, before or after");
        if (type.starts_with('@'))
            operation.attribute = local_name(type.substr(1));
        else if (!type.empty())
            return broken("type takes an attribute, as in @value");
        if (!type.empty() && (operation.attribute.empty() || !position.empty()))
            return broken("an attribute has a name and no pos");
        if (!type.empty() && Content(node).has_elements()) return broken("an attribute's value is text");
    } else if (!position.empty() || !type.empty()) {
        return broken("pos and type belong to add");
    }
    if (operation.verb == Verb::remove && node.first_child()) return broken("a removal holds nothing");
    operations.push_back(std::move(operation));
    return {};
}

Result<void> XmlPatch::Parts::add(const Operation& operation, pugi::xpath_node place, std::size_t number) {
    const auto impossible = [&](const char* why) { return fails(Errc::evaluation, number, why); };
    xml_node at = place.node();
    const bool beside = operation.position == Position::before || operation.position == Position::after;
    if (!at || (!beside && at.type() != pugi::node_element)) return impossible("sel names no element to add to");
    if (!operation.attribute.empty()) {
        if (at.attribute(operation.attribute.c_str())) return impossible("the attribute is there already");
        at.append_attribute(operation.attribute.c_str()).set_value(text_of(operation.node).c_str());
        return {};
    }
    if (beside && at.parent().type() == pugi::node_document) return impossible("there is one resource only");
    const Content content(operation.node);
    xml_node first = at.first_child(), last = at;
    for (const xml_node child : operation.node.children()) {
        if (!content.counts(child)) continue;
        const auto type = child.type();
        xml_node made;
        switch (operation.position) {
            case Position::append:
                made = at.append_child(type);
                break;
            case Position::prepend:
                made = first ? at.insert_child_before(type, first) : at.append_child(type);
                break;
            case Position::before:
                made = at.parent().insert_child_before(type, at);
                break;
            case Position::after:
                made = last = at.parent().insert_child_after(type, last);
                break;
        }
        if (type == pugi::node_element)
            Content::fill(child, made);
        else
            made.set_value(child.value());
    }
    return {};
}

Result<void> XmlPatch::Parts::replace(const Operation& operation, pugi::xpath_node place, std::size_t number) {
    const auto impossible = [&](const char* why) { return fails(Errc::evaluation, number, why); };
    const Content content(operation.node);
    if (auto attribute = place.attribute()) {
        if (content.has_elements()) return impossible("an attribute's value is text");
        attribute.set_value(text_of(operation.node).c_str());
        return {};
    }
    xml_node at = place.node();
    if (at.type() == pugi::node_pcdata || at.type() == pugi::node_cdata) {
        if (content.has_elements()) return impossible("text is replaced by text");
        at.set_value(text_of(operation.node).c_str());
        return {};
    }
    if (at.type() != pugi::node_element || at.parent().type() == pugi::node_document)
        return impossible("sel names nothing that can be replaced");
    std::vector<xml_node> found;
    for (const xml_node child : operation.node.children())
        if (content.counts(child)) found.push_back(child);
    if (found.size() != 1 || found[0].type() != pugi::node_element)
        return impossible("an element is replaced by one element");
    Content::fill(found[0], at.parent().insert_child_before(pugi::node_element, at));
    at.parent().remove_child(at);
    return {};
}

Result<void> XmlPatch::Parts::run(const Operation& operation, pugi::xml_document& target, std::size_t number) {
    pugi::xpath_node_set found;
    try {
        found = target.select_nodes(operation.selector.c_str());
    } catch (const pugi::xpath_exception&) {
        return fails(Errc::evaluation, number, "sel cannot be evaluated");
    }
    if (found.size() != 1)
        return fails(Errc::evaluation, number, found.empty() ? "sel names nothing" : "sel names more than one node");
    const auto place = found[0];
    switch (operation.verb) {
        case Verb::add:
            return add(operation, place, number);
        case Verb::replace:
            return replace(operation, place, number);
        case Verb::remove:
            break;
    }
    if (place.attribute()) {
        place.parent().remove_attribute(place.attribute());
        xml_node owner = place.parent();
        if (!owner.first_child() && !owner.first_attribute() && owner.parent().type() != pugi::node_document)
            remove(owner);
        return {};
    }
    if (place.node().type() == pugi::node_document || place.node().parent().type() == pugi::node_document)
        return fails(Errc::evaluation, number, "the resource itself cannot be removed");
    remove(place.node());
    return {};
}

Result<XmlPatch> XmlPatch::parse(std::string bytes, const Limits& limits) {
    const auto broken = [](std::string message) {
        return Error{Errc::wrong_shape, std::move(message), "diff", 0, 0, 0};
    };
    if (bytes.size() > limits.bytes_max) return Error{Errc::too_large, "the patch is too large", "diff", 0, 0, 0};
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
    if (find_bad_utf8(bytes) != std::string_view::npos) return broken("not valid UTF-8, the only encoding taken");
    if (const auto fault = xml::find_fault(bytes); !fault.message.empty()) return broken(std::string(fault.message));
    auto parts = std::make_shared<Parts>();
    if (!parts->document.load_buffer(bytes.data(), bytes.size(), parse_flags, pugi::encoding_utf8))
        return broken("not well-formed XML");
    const xml_node root = parts->document.document_element();
    if (local_name(root.name()) != "diff") return broken("an XML Patch is an element called diff");
    for (const xml_node child : root.children()) {
        if (child.type() != pugi::node_element) continue;
        if (parts->operations.size() == operations_max) return broken("more operations than the limit");
        if (auto read = parts->read(child, parts->operations.size()); read.has_error()) return read.error();
    }
    return XmlPatch(std::move(parts));
}

Result<DocumentPtr> XmlPatch::apply(const DocumentPtr& document) const {
    const auto impossible = [](const Error& error) {
        return Error{Errc::evaluation, "the patched resource: " + error.message, error.path, 0, 0, 0};
    };
    const auto text = to_xml(document->root());
    if (text.has_error()) return impossible(text.error());
    pugi::xml_document tree;
    if (!tree.load_buffer(text->data(), text->size(), parse_flags, pugi::encoding_utf8))
        return Error{Errc::evaluation, "the resource cannot be written as XML", {}, 0, 0, 0};
    for (std::size_t i = 0; i < parts_->operations.size(); ++i)
        if (auto done = Parts::run(parts_->operations[i], tree, i); done.has_error()) return done.error();
    Text out;
    tree.save(out, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
    auto patched = parse_xml(std::move(out.bytes));
    if (patched.has_error()) return impossible(patched.error());
    return patched;
}

}  // namespace causeway::fhir
