#include <algorithm>
#include <pugixml.hpp>

#include "fhir/model/builder.hpp"
#include "fhir/model/utf8.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/validate/expression.hpp"
#include "fhir/xml/scan.hpp"
#include "fhir/xml/xml.hpp"

namespace causeway::fhir {

namespace {

using pugi::xml_attribute;
using pugi::xml_node;
using r4::MemberDef;
using r4::Primitive;
using r4::TypeDef;
using r4::TypeKind;

std::string_view local_name(std::string_view name) noexcept {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string_view prefix_of(std::string_view name) noexcept {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
}

std::string_view namespace_of(xml_node node) {
    const auto prefix = prefix_of(node.name());
    const std::string attribute = prefix.empty() ? "xmlns" : "xmlns:" + std::string(prefix);
    for (; node; node = node.parent())
        if (const auto found = node.attribute(attribute.c_str())) return found.value();
    return {};
}

bool is_markup_attribute(std::string_view name) noexcept {
    return name == "xmlns" || name.starts_with("xmlns:") || name == "xsi:schemaLocation" || name.starts_with("xml:");
}

/// -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
bool is_json_number(std::string_view text) noexcept {
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t from = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        return at - from;
    };
    if (at < text.size() && text[at] == '-') ++at;
    const bool zero = at < text.size() && text[at] == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (at < text.size() && text[at] == '.' && (++at, digits() == 0)) return false;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (digits() == 0) return false;
    }
    return at == text.size();
}

void set_value(MutableElement& out, const TypeDef* type, std::string_view text) {
    switch (type ? type->primitive : Primitive::none) {
        case Primitive::boolean:
            if (text == "true" || text == "false") return void(out.set_boolean(text == "true"));
            break;
        case Primitive::decimal:
        case Primitive::integer:
        case Primitive::unsigned_int:
        case Primitive::positive_int:
            if (is_json_number(text)) return void(out.set_number(text));
            break;
        default:
            break;
    }
    out.set_string(text);
}

class Reader {
public:
    Reader(std::string_view bytes, const Limits& limits, Issues* faults)
        : bytes_(bytes), limits_(limits), faults_(faults) {}

    bool resource(xml_node node, MutableElement out, unsigned depth) {
        out.as_object();
        out.member("resourceType").set_string(local_name(node.name()));
        const TypeDef* type = r4::find_type(local_name(node.name()));
        return check(node) && complex(node, type, out, depth, true);
    }

    Error error() const { return error_; }
    bool failed() const { return failed_; }

private:
    bool fail(Errc code, std::string message, xml_node at) {
        if (failed_) return false;
        failed_ = true;
        error_.code = code;
        error_.message = std::move(message);
        error_.offset = static_cast<std::size_t>(std::max<std::ptrdiff_t>(at.offset_debug(), 0));
        for (xml_node node = at; node.parent(); node = node.parent()) {
            error_.path.insert(0, local_name(node.name()));
            if (node.parent().parent()) error_.path.insert(0, 1, '.');
        }
        return false;
    }

    bool check(xml_node node) {
        if (namespace_of(node) != xml::fhir_namespace)
            return fail(Errc::wrong_shape, "the element is not in the namespace http://hl7.org/fhir", node);
        return true;
    }

    /// Attributes, then children, of any element but a div.
    bool complex(xml_node node, const TypeDef* type, MutableElement out, unsigned depth, bool is_resource) {
        if (depth > limits_.depth_max)
            return fail(Errc::too_deep, "elements are nested deeper than " + std::to_string(limits_.depth_max), node);
        for (const xml_attribute attribute : node.attributes())
            if (!take_attribute(node, attribute, type, out, is_resource)) return false;
        int order = -1;
        for (const xml_node child : node.children()) {
            if (child.type() == pugi::node_comment || child.type() == pugi::node_pi) continue;
            if (child.type() != pugi::node_element)
                return fail(Errc::wrong_shape, "text between elements is not allowed here", node);
            if (!member(child, type, out, depth)) return false;
            if (faults_ && type) place(child, *type, out, order);
        }
        return true;
    }

    /// "Elements SHALL always appear in the order" of the definition; `order` is that of the element before.
    void place(xml_node child, const TypeDef& type, MutableElement out, int& order) {
        const auto name = local_name(child.name());
        const MemberDef def = r4::find_element(type, name);
        if (!def.element || faults_->size() >= faults_max) return;
        if (def.element->is_attribute)
            fault(out, "'" + std::string(name) + "' is an attribute in XML, not an element");
        else if (def.order < order)
            fault(out, "'" + std::string(name) + "' is out of order: XML has elements as their definition does");
        order = std::max(order, int{def.order});
    }

    void fault(MutableElement out, std::string text) {
        faults_->push_back({Severity::error, IssueCode::structure, std::move(text), expression_of(out.get()), "xml"});
    }

    bool take_attribute(xml_node node, xml_attribute attribute, const TypeDef* type, MutableElement out,
                        bool is_resource) {
        const std::string_view name = attribute.name();
        if (is_markup_attribute(name)) return true;
        if (!is_resource && name == "id") {
            out.member("id").set_string(attribute.value());
            return true;
        }
        if (name == "value" && (!type || type->kind == TypeKind::primitive)) return true;  // read by single()
        if (name == "url" && type && type->name == "Extension") {
            out.member("url").set_string(attribute.value());
            return true;
        }
        return fail(Errc::unknown_name, "the attribute '" + std::string(name) + "' is not defined here", node);
    }

    bool member(xml_node node, const TypeDef* owner, MutableElement out, unsigned depth) {
        const auto name = local_name(node.name());
        const MemberDef def = owner ? r4::find_element(*owner, name) : MemberDef{};
        if (def.type && def.type->primitive == Primitive::xhtml) return narrative(node, out.member(name));
        if (!check(node)) return false;
        if (def.element && def.element->max != 1) return single(node, def.type, out.append(name), depth);
        if (!out.find(name)) return single(node, def.type, out.member(name), depth);
        // It repeats and should not: an array, which validation will name.
        auto first = out.find(name);
        if (!first.get().is_array()) {
            DocumentBuilder copy = DocumentBuilder::copy_of(first.get());
            first.remove_all();
            first.append_item().copy_from(copy.root().get());
        }
        return single(node, def.type, out.append(name), depth);
    }

    bool single(xml_node node, const TypeDef* type, MutableElement out, unsigned depth) {
        if (type && type->kind == TypeKind::resource) return wrapped_resource(node, out, depth);
        const xml_attribute value = node.attribute("value");
        if (type && type->kind == TypeKind::primitive) {
            out.as_primitive();
            if (value) set_value(out, type, value.value());
        } else if (!type && value) {
            out.set_string(value.value());
        } else {
            out.as_object();
        }
        return complex(node, type, out, depth + 1, false);
    }

    /// <contained><Patient>...</Patient></contained>
    bool wrapped_resource(xml_node node, MutableElement out, unsigned depth) {
        xml_node inner;
        for (const xml_node child : node.children()) {
            if (child.type() == pugi::node_comment || child.type() == pugi::node_pi) continue;
            if (child.type() != pugi::node_element || inner)
                return fail(Errc::wrong_shape, "exactly one resource is wanted here", node);
            inner = child;
        }
        if (!inner) return fail(Errc::wrong_shape, "exactly one resource is wanted here", node);
        return resource(inner, out, depth + 2);
    }

    bool narrative(xml_node node, MutableElement out) {
        if (namespace_of(node) != xml::xhtml_namespace || !prefix_of(node.name()).empty())
            return fail(Errc::wrong_shape, "a div in the default namespace http://www.w3.org/1999/xhtml is wanted",
                        node);
        const auto start = static_cast<std::size_t>(node.offset_debug()) - 1;
        const auto raw = xml::whole_element(bytes_, start);
        if (raw.empty()) return fail(Errc::syntax, "the div's tags do not balance", node);
        if (node.attribute("xmlns")) {
            out.set_string(raw);
        } else {
            const std::string head = "<" + std::string(node.name());
            out.set_string(head + " xmlns=\"" + std::string(xml::xhtml_namespace) + '"' +
                           std::string(raw.substr(head.size())));
        }
        return true;
    }

    static constexpr std::size_t faults_max = 100;
    std::string_view bytes_;
    const Limits& limits_;
    Issues* faults_;
    bool failed_ = false;
    Error error_{};
};

/// Line and column of the error's byte, and its path where the reader could not say one.
Error at_offset(std::string_view bytes, Error error) {
    if (error.path.empty())  // a name that is not valid text cannot be said
        error.path = xml::path_at(error.code == Errc::bad_utf8 ? bytes.substr(0, error.offset) : bytes, error.offset);
    const auto before = bytes.substr(0, std::min(error.offset, bytes.size()));
    error.line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
    const auto newline = before.rfind('\n');
    error.column = newline == std::string_view::npos ? before.size() + 1 : before.size() - newline;
    return error;
}

}  // namespace

Result<DocumentPtr> parse_xml(std::string bytes, const Limits& limits, Issues* faults) {
    if (bytes.size() > limits.bytes_max)
        return Error{
            Errc::too_large,
            "the text has " + std::to_string(bytes.size()) + " bytes; the limit is " + std::to_string(limits.bytes_max),
            "",
            limits.bytes_max,
            0,
            0};
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
    if (const auto bad = find_bad_utf8(bytes); bad != std::string_view::npos)
        return at_offset(bytes, {Errc::bad_utf8, "not valid UTF-8, the only encoding taken", "", bad, 0, 0});
    if (const auto fault = xml::find_fault(bytes); !fault.message.empty())
        return at_offset(bytes, {Errc::syntax, std::string(fault.message), "", fault.offset, 0, 0});
    // Most elements have two tags; each is held twice, in pugixml's tree and in ours.
    const auto elements_max = limits.elements_of(bytes.size());
    if (std::count(bytes.begin(), bytes.end(), '<') > static_cast<std::ptrdiff_t>(elements_max))
        return Error{Errc::too_large, "more than " + std::to_string(elements_max) + " tags", "", 0, 0, 0};

    pugi::xml_document parsed;
    constexpr unsigned options =
        pugi::parse_minimal | pugi::parse_escapes | pugi::parse_wconv_attribute | pugi::parse_cdata;
    const auto status = parsed.load_buffer(bytes.data(), bytes.size(), options, pugi::encoding_utf8);
    const xml_node root = parsed.document_element();
    if (!status)
        return at_offset(bytes, {Errc::syntax, status.description(), "",
                                 static_cast<std::size_t>(std::max<std::ptrdiff_t>(status.offset, 0)), 0, 0});
    if (!root || root.next_sibling())
        return at_offset(
            bytes,
            {Errc::syntax, "exactly one element is wanted", "",
             static_cast<std::size_t>(std::max<std::ptrdiff_t>(root ? root.next_sibling().offset_debug() : 0, 0)), 0,
             0});
    // pugixml is lenient about attributes; our own reading is not.
    const auto start = static_cast<std::size_t>(root.offset_debug()) - 1;
    if (const auto bad = xml::find_bad_markup(bytes, start); bad != std::string_view::npos)
        return at_offset(bytes, {Errc::syntax, "a tag is not well-formed", "", bad, 0, 0});
    DocumentBuilder builder;
    Reader reader(bytes, limits, faults);
    if (!reader.resource(root, builder.root(), 1)) return at_offset(bytes, reader.error());
    return std::move(builder).finish();
}

}  // namespace causeway::fhir
