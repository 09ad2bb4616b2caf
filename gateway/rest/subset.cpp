#include "gateway/rest/subset.hpp"

#include <algorithm>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/r4/tables.hpp"

namespace causeway::rest {
namespace {

using fhir::search::Summary;

constexpr std::string_view tag_system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";

bool always_kept(std::string_view name) { return name == "resourceType" || name == "id" || name == "meta"; }

bool wanted(const fhir::r4::TypeDef& type, std::string_view name, const Subset& subset) {
    if (always_kept(name)) return true;
    const fhir::r4::MemberDef member = fhir::r4::find_element(type, name);
    if (!member.element) return false;
    switch (subset.summary) {
        case Summary::yes:
            return member.element->is_summary;
        case Summary::text:
            return name == "text" || member.element->min > 0;
        case Summary::data:
            return name != "text";
        case Summary::none:
        case Summary::count:
            break;
    }
    return member.element->min > 0 || member.element->is_modifier ||
           std::ranges::any_of(subset.elements, [&](std::string_view element) {
               return element == name || element == member.element->name;
           });
}

/// In a summary the parts below a summary element are summaries themselves.
void cut_children(fhir::MutableElement element, const fhir::r4::TypeDef& type, const Subset& subset,
                  fhir::DocumentBuilder& builder, bool top) {
    std::vector<std::string> dropped;
    for (const fhir::Element child : element.get().children()) {
        if (!wanted(type, child.name(), subset) && !(!top && (child.name() == "id" || child.name() == "extension")))
            dropped.emplace_back(child.name());
    }
    for (const std::string& name : dropped) element.remove(name);
    if (subset.summary != Summary::yes) return;
    for (const fhir::Element child : element.get().children()) {
        const fhir::r4::MemberDef member = fhir::r4::find_element(type, child.name());
        if (!member.type || member.type->kind != fhir::r4::TypeKind::backbone) continue;
        for (const fhir::Element item : child.items())
            cut_children(builder.handle(item), *member.type, subset, builder, false);
    }
}

}  // namespace

Outcome<std::optional<Subset>> parse_subset(std::span<const fhir::search::QueryParameter> parameters,
                                            std::string_view type) {
    Subset subset;
    bool asked = false;
    for (const auto& parameter : parameters) {
        if (parameter.name == "_summary" && !parameter.value.empty()) {
            if (parameter.value == "true")
                subset.summary = Summary::yes;
            else if (parameter.value == "text")
                subset.summary = Summary::text;
            else if (parameter.value == "data")
                subset.summary = Summary::data;
            else if (parameter.value == "count" || parameter.value == "false")
                subset.summary = Summary::none;
            else
                return fault(400, fhir::IssueCode::value, "_summary takes true, text, data, count or false");
            asked = asked || subset.summary != Summary::none;
        }
        if (parameter.name == "_elements" && !parameter.value.empty()) {
            for (std::string_view rest = parameter.value; !rest.empty();) {
                const auto comma = rest.find(',');
                std::string_view name = rest.substr(0, comma);
                rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
                if (const auto dot = name.find('.'); dot != std::string_view::npos) {
                    if (name.substr(0, dot) != type) continue;
                    name.remove_prefix(dot + 1);
                }
                subset.elements.emplace_back(name);
                asked = true;
            }
        }
    }
    return asked ? std::optional(std::move(subset)) : std::nullopt;
}

std::optional<Subset> subset_of(const fhir::search::SearchPlan& plan, std::string_view type) {
    const bool summary = plan.summary == Summary::yes || plan.summary == Summary::text || plan.summary == Summary::data;
    Subset subset{summary ? plan.summary : Summary::none, {}};
    for (const std::string_view element : plan.elements) {
        const auto dot = element.find('.');
        if (dot == std::string_view::npos)
            subset.elements.emplace_back(element);
        else if (element.substr(0, dot) == type)
            subset.elements.emplace_back(element.substr(dot + 1));
    }
    if (!summary && subset.elements.empty()) return std::nullopt;
    return subset;
}

std::string cut_down(const std::string& json, const Subset& subset) {
    const auto document = fhir::parse_json(json);
    if (!document) return json;
    const fhir::r4::TypeDef* type = fhir::r4::find_type((*document)->resource_type());
    if (!type) return json;
    fhir::DocumentBuilder builder = fhir::DocumentBuilder::edit(*document);
    cut_children(builder.root(), *type, subset, builder, true);
    fhir::MutableElement tag = builder.root().member("meta").append("tag");
    tag.member("system").set_string_ref(tag_system);
    tag.member("code").set_string_ref("SUBSETTED");
    return fhir::to_json(std::move(builder).finish()->root());
}

bool is_subsetted(fhir::Element resource) {
    for (const fhir::Element tag : resource["meta"]["tag"].items())
        if (tag["code"].text() == "SUBSETTED" && tag["system"].text() == tag_system) return true;
    return false;
}

}  // namespace causeway::rest
