#include "fhir/validate/expression.hpp"

namespace causeway::fhir {

namespace {

using r4::TypeDef;

/// Appends the place to `out` and returns the element's type.
const TypeDef* walk(Element element, std::string* out) {
    const Element parent = element.parent();
    if (!parent) {
        const TypeDef* type = resource_type_def(element);
        if (out) *out += type ? type->name : std::string_view("$this");
        return type;
    }
    const TypeDef* owner = walk(parent, out);
    if (parent.is_array()) {
        if (out) {
            std::size_t index = 0;
            for (const Element sibling : parent.children()) {
                if (sibling == element) break;
                ++index;
            }
            *out += '[' + std::to_string(index) + ']';
        }
        return owner && owner->kind == r4::TypeKind::resource && owner->is_abstract ? resource_type_def(element)
                                                                                    : owner;
    }
    const r4::MemberDef member = owner ? r4::find_element(*owner, element.name()) : r4::MemberDef{};
    if (out) {
        *out += '.';
        if (member.element && member.element->is_choice) {
            *out += member.element->name;
            *out += ".ofType(";
            *out += member.type->name;
            *out += ')';
        } else {
            *out += element.name();
        }
    }
    if (!member.type) return element.is_object() ? resource_type_def(element) : nullptr;
    if (member.type->kind == r4::TypeKind::resource && element.is_object()) return resource_type_def(element);
    return member.type;
}

}  // namespace

const TypeDef* resource_type_def(Element resource) noexcept {
    const TypeDef* type = r4::find_type(resource.resource_type());
    return type && type->kind == r4::TypeKind::resource && !type->is_abstract ? type : nullptr;
}

std::string expression_of(Element element) {
    std::string out;
    if (element) walk(element, &out);
    return out;
}

std::string expression_of_missing(Element parent, std::string_view name) {
    std::string out = expression_of(parent);
    out += '.';
    out += name;
    return out;
}

const TypeDef* type_of(Element element) noexcept { return element ? walk(element, nullptr) : nullptr; }

}  // namespace causeway::fhir
