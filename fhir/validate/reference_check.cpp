#include <algorithm>

#include "fhir/model/reference.hpp"
#include "fhir/validate/run.hpp"

namespace causeway::fhir {

namespace {

bool is_allowed(const r4::ElementDef& element, std::string_view type) noexcept {
    return element.targets.empty() ||
           std::any_of(element.targets.begin(), element.targets.end(),
                       [&](std::string_view target) { return target == type || target == "Resource"; });
}

std::string list_of(const r4::ElementDef& element) {
    std::string out;
    for (const auto target : element.targets) {
        if (!out.empty()) out += ", ";
        out += target;
    }
    return out;
}

/// The type that the reference's text itself names.
std::string_view written_type(const ReferenceUrl& url) noexcept {
    if (!url.names_resource() && url.kind != ReferenceUrl::Kind::conditional) return {};
    return r4::is_resource_type(url.type) ? url.type : std::string_view();
}

bool is_relative(std::string_view text) noexcept { return text.find(':') == std::string_view::npos; }

}  // namespace

std::string_view target_type(const Run& run, Element reference) {
    const auto text = reference["reference"].text();
    if (const Element target = text.empty() ? Element() : run.find_target(text)) return target.resource_type();
    if (const auto type = written_type(ReferenceUrl::parse(text)); !type.empty()) return type;
    const auto said = reference["type"].text();
    return r4::is_resource_type(said) ? said : std::string_view();
}

void check_reference(Run& run, Element reference, const r4::ElementDef& element) {
    const auto text = reference["reference"].text();
    const auto said = reference["type"].text();
    const auto url = ReferenceUrl::parse(text);
    const Element target = text.empty() ? Element() : run.find_target(text);
    const auto type = target ? target.resource_type() : written_type(url);
    const Element where = reference["reference"];
    if (!target && url.kind == ReferenceUrl::Kind::fragment)
        return run.error(IssueCode::not_found, where, "ref-1: no contained resource has this id", "ref-1");
    if (!target && url.kind == ReferenceUrl::Kind::urn && run.bundle)
        return run.error(IssueCode::not_found, where, "no entry of the bundle has this fullUrl", "bundle");
    if (!text.empty() && type.empty() && is_relative(text) && url.kind != ReferenceUrl::Kind::fragment)
        return run.error(IssueCode::value, where,
                         "a relative reference is a resource type, '/' and an id, or a type with a search",
                         "reference");
    if (!said.empty() && !type.empty() && said != type)
        run.error(IssueCode::value, reference["type"],
                  "the reference is to a " + std::string(type) + ", not of the type given", "reference");
    const auto known = type.empty() ? said : type;
    if (r4::is_resource_type(known) && !is_allowed(element, known))
        run.error(IssueCode::value, reference,
                  "a reference to a " + std::string(known) + "; allowed are " + list_of(element), "reference");
}

}  // namespace causeway::fhir
