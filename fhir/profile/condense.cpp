#include "fhir/profile/condense.hpp"

#include <algorithm>
#include <array>

#include "fhir/model/builder.hpp"

namespace causeway::fhir {

namespace {

constexpr auto of_definition =
    std::to_array<std::string_view>({"url", "version", "name", "title", "status", "fhirVersion", "kind", "abstract",
                                     "context", "contextInvariant", "type", "baseDefinition", "derivation"});

constexpr auto of_element = std::to_array<std::string_view>({"id", "path", "sliceName", "slicing", "min", "max", "base",
                                                             "contentReference", "type", "mustSupport", "isModifier",
                                                             "maxLength", "binding", "constraint", "short"});

template <class List>
bool in(const List& list, std::string_view name) noexcept {
    return std::find(list.begin(), list.end(), name) != list.end();
}

bool is_value(std::string_view name) noexcept {
    return name.starts_with("fixed") || name.starts_with("pattern") || name.starts_with("minValue") ||
           name.starts_with("maxValue");
}

void copy_elements(Element from, MutableElement to) {
    for (const Element element : from["element"].items()) {
        MutableElement made = to.append("element");
        made.as_object();
        for (const Element member : element.children())
            if (in(of_element, member.name()) || is_value(member.name())) made.member(member.name()).copy_from(member);
    }
}

}  // namespace

DocumentPtr condensed(Element structure_definition) {
    DocumentBuilder builder("StructureDefinition");
    MutableElement root = builder.root();
    for (const std::string_view name : of_definition)
        if (const Element member = structure_definition[name]) root.member(name).copy_from(member);
    for (const std::string_view part : {std::string_view("snapshot"), std::string_view("differential")})
        if (const Element member = structure_definition[part]) copy_elements(member, root.member(part));
    return std::move(builder).finish();
}

}  // namespace causeway::fhir
