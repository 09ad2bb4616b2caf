#include <algorithm>
#include <array>
#include <vector>

#include "fhir/r4/tables.hpp"
#include "fhir/validate/expression.hpp"
#include "fhir/xml/scan.hpp"
#include "fhir/xml/xml.hpp"

namespace causeway::fhir {

namespace {

using r4::MemberDef;
using r4::Primitive;
using r4::TypeDef;
using r4::TypeKind;

class Writer {
public:
    explicit Writer(bool pretty) : pretty_(pretty) {}

    bool resource(Element element, std::string_view attribute) {
        const TypeDef* type = resource_type_def(element);
        if (!type) return fail(element, Errc::unknown_name, "resourceType names no resource type of R4");
        new_line();
        out_ += '<';
        out_ += type->name;
        out_ += attribute;
        return members(element, *type, type->name, true);
    }

    std::string out_;
    Error error_{};

private:
    bool fail(Element at, Errc code, std::string message) {
        error_ = Error{code, std::move(message), expression_of(at), at.offset(), 0, 0};
        return false;
    }

    void new_line() {
        if (!pretty_) return;
        out_ += '\n';
        out_.append(2 * depth_, ' ');
    }

    bool attribute(std::string_view name, Element value) {
        out_ += ' ';
        out_ += name;
        out_ += "=\"";
        for (const char c : value.text()) {
            switch (c) {
                case '&':
                    out_ += "&amp;";
                    break;
                case '<':
                    out_ += "&lt;";
                    break;
                case '>':
                    out_ += "&gt;";
                    break;
                case '"':
                    out_ += "&quot;";
                    break;
                case '\n':
                    out_ += "&#10;";
                    break;
                case '\r':
                    out_ += "&#13;";
                    break;
                case '\t':
                    out_ += "&#9;";
                    break;
                default:
                    if (static_cast<unsigned char>(c) < 0x20)
                        return fail(value, Errc::bad_value, "XML cannot hold this control character");
                    out_ += c;
            }
        }
        out_ += '"';
        return true;
    }

    /// The rest of an element whose tag is open: attributes, children in the type's order, the closing tag.
    bool members(Element element, const TypeDef& type, std::string_view tag, bool is_resource) {
        std::array<Element, 64> in_order{};
        std::uint64_t present = 0;
        for (const Element child : element.children()) {
            const MemberDef member = r4::find_element(type, child.name());
            if (!member.element) {
                if (is_resource && child.name() == "resourceType") continue;
                return fail(child, Errc::unknown_name, "not an element of " + std::string(type.name));
            }
            if (member.element->is_attribute) {
                if (child.size() != 0)
                    return fail(child, Errc::wrong_shape, "an attribute in XML cannot have extensions");
                if (!attribute(child.name(), child)) return false;
                continue;
            }
            if (child.is_array() && child.size() == 0) continue;  // XML says nothing of it
            if (present & (std::uint64_t{1} << member.order))
                return fail(child, Errc::wrong_shape, "the element has more than one type");
            present |= std::uint64_t{1} << member.order;
            in_order[member.order] = child;
        }
        if (type.kind == TypeKind::primitive && element.has_value() && !attribute("value", element)) return false;
        if (present == 0) {
            out_ += "/>";
            return true;
        }
        out_ += '>';
        ++depth_;
        for (std::size_t order = 0; order < type.elements.size(); ++order)
            if (in_order[order])
                for (const Element item : in_order[order].items())
                    if (!child(item, in_order[order].name(), r4::find_element(type, in_order[order].name())))
                        return false;
        --depth_;
        new_line();
        out_ += "</";
        out_ += tag;
        out_ += '>';
        return true;
    }

    bool child(Element element, std::string_view name, const MemberDef& member) {
        const TypeDef& type = *member.type;
        if (element.is_array()) return fail(element, Errc::wrong_shape, "an array inside of an array");
        if (type.primitive == Primitive::xhtml) return narrative(element);
        new_line();
        out_ += '<';
        out_ += name;
        if (type.kind == TypeKind::resource) {
            out_ += '>';
            ++depth_;
            if (!resource(element, {})) return false;
            --depth_;
            new_line();
            out_ += "</";
            out_ += name;
            out_ += '>';
            return true;
        }
        if (type.kind == TypeKind::primitive ? element.is_object() : !element.is_object())
            return fail(element, Errc::wrong_shape, "not a " + std::string(type.name));
        return members(element, type, name, false);
    }

    bool narrative(Element div) {
        if (!xml::is_well_formed_element(div.text()))
            return fail(div, Errc::bad_value, "the div is not a well-formed XML element");
        if (xml::read_markup(div.text(), 0).name != "div")
            return fail(div, Errc::bad_value, "the narrative is not a div");
        const auto space = xml::attribute_of(div.text(), "xmlns");
        if (space && *space != xml::xhtml_namespace)
            return fail(div, Errc::bad_value, "the div is not in the namespace http://www.w3.org/1999/xhtml");
        new_line();
        if (space) {
            out_ += div.text();
        } else {
            out_ += "<div xmlns=\"";
            out_ += xml::xhtml_namespace;
            out_ += '"';
            out_ += div.text().substr(4);
        }
        return true;
    }

    bool pretty_;
    std::size_t depth_ = 0;
};

}  // namespace

Result<std::string> to_xml(Element resource, WriteOptions options) {
    Writer writer(options.pretty);
    writer.out_ = R"(<?xml version="1.0" encoding="UTF-8"?>)";
    if (!writer.resource(resource, R"( xmlns="http://hl7.org/fhir")")) return std::move(writer.error_);
    return std::move(writer.out_);
}

}  // namespace causeway::fhir
