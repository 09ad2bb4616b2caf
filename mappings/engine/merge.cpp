#include "mappings/engine/merge.hpp"

#include <algorithm>

#include "fhir/model/builder.hpp"
#include "fhir/r4/tables.hpp"

namespace causeway::mappings {
namespace {

using fhir::Element;
using fhir::MutableElement;

/// Arrays whose items have a key of their own: whether what is sent takes the place of what is stored. An identifier is
/// of one system and kind (a placer's number is not a filler's), and the same number is the same identifier.
bool takes_place_of(Element sent, Element stored, std::string_view array) {
    if (array != "identifier") return sent["url"].text() == stored["url"].text();
    if (sent["system"].text() != stored["system"].text()) return false;
    const auto kind = [](Element e) { return e["type"]["coding"].first()["code"].text(); };
    const auto a = kind(sent), b = kind(stored);
    return a == b || a.empty() || b.empty() || sent["value"].text() == stored["value"].text();
}

/// What the message sent of a keyed array takes the place of the items of the same keys; the others stay before it.
void merge_keyed(fhir::DocumentBuilder& builder, Element to, Element from, std::string_view name) {
    std::vector<Element> replaced;
    for (const Element item : to.items())
        if (std::any_of(from.items().begin(), from.items().end(),
                        [&](Element sent) { return takes_place_of(sent, item, name); }))
            replaced.push_back(item);
    // Same items in the same places: nothing to do, so that a repeated message changes nothing.
    const bool same = replaced.size() == from.size() &&
                      std::equal(replaced.begin(), replaced.end(), from.items().begin(), fhir::same_content);
    if (same) return;
    MutableElement list = builder.handle(to);
    for (const Element item : replaced) list.remove_child(item);
    for (const Element item : from.items()) list.append_item().copy_from(item);
}

/// `valueQuantity` takes the place of `valueString`: one element, whatever its type.
void drop_other_types(fhir::DocumentBuilder& builder, Element to, std::string_view name,
                      const fhir::r4::TypeDef* type) {
    if (!type) return;
    const auto member = fhir::r4::find_element(*type, name);
    if (!member.element || !member.element->is_choice) return;
    for (const auto other : member.element->json_names)
        if (other != name && to[other]) builder.handle(to).remove(other);
}

/// What has parts that messages speak of one by one: a backbone element, a period's two ends, meta. The parts of other
/// types mean something together only: a new code does not keep the old one's text.
bool has_parts(const fhir::r4::TypeDef& type) {
    return type.name.find('.') != std::string_view::npos || type.name == "Period" || type.name == "Meta";
}

void merge_into(fhir::DocumentBuilder& builder, Element to, Element from, const fhir::r4::TypeDef* type) {
    for (const Element member : from.children()) {
        const std::string_view name = member.name();
        if (name == "resourceType" || name == "id") continue;
        drop_other_types(builder, to, name, type);
        const auto* part = type ? fhir::r4::find_element(*type, name).type : nullptr;
        const Element same = to[name];
        if (!same) {
            builder.handle(to).member(name).copy_from(member);
        } else if (member.is_array() && same.is_array() &&
                   (name == "identifier" || name == "extension" || name == "modifierExtension")) {
            merge_keyed(builder, same, member, name);
        } else if (member.is_object() && same.is_object() && part && has_parts(*part)) {
            merge_into(builder, same, member, part);
        } else if (!fhir::same_content(same, member)) {
            builder.handle(same).copy_from(member);
        }
    }
}

/// One step of an erased path: `telecom`, or `telecom.where(use='home')` whose condition is the next step.
struct ErasedStep {
    std::string_view name;
    std::string_view member, value;  ///< of where(); empty = every item
};

std::vector<ErasedStep> read_path(std::string_view path) {
    std::vector<ErasedStep> steps;
    path.remove_prefix(std::min(path.find('.'), path.size()));  // the resource type
    while (!path.empty()) {
        path.remove_prefix(1);
        if (path.substr(0, 6) == "where(" && !steps.empty()) {
            const auto equal = path.find("='"), end = path.find("')");
            if (equal == std::string_view::npos || end == std::string_view::npos || equal > end) return {};
            steps.back().member = path.substr(6, equal - 6);
            steps.back().value = path.substr(equal + 2, end - equal - 2);
            path.remove_prefix(end + 2);
            continue;
        }
        const auto dot = std::min(path.find('.'), path.size());
        steps.push_back({path.substr(0, dot), {}, {}});
        path.remove_prefix(dot);
    }
    return steps;
}

bool has_value(Element element, std::string_view path, std::string_view value) {
    if (path.empty()) return element.text() == value;
    const auto dot = std::min(path.find('.'), path.size());
    for (const Element item : element[path.substr(0, dot)].items())
        if (has_value(item, path.substr(std::min(dot + 1, path.size())), value)) return true;
    return false;
}

void erase(fhir::DocumentBuilder& builder, Element from, const std::vector<ErasedStep>& steps, std::size_t i) {
    const ErasedStep& step = steps[i];
    const Element member = from[step.name];
    if (!member) return;
    if (i + 1 == steps.size() && step.member.empty()) {
        builder.handle(from).remove(step.name);
        return;
    }
    std::vector<Element> items;
    for (const Element item : member.items())
        if (step.member.empty() || has_value(item, step.member, step.value)) items.push_back(item);
    for (const Element item : items) {
        if (i + 1 < steps.size())
            erase(builder, item, steps, i + 1);
        else if (member.is_array())
            builder.handle(member).remove_child(item);
    }
}

}  // namespace

fhir::DocumentPtr merge(const fhir::Document& stored, const fhir::Document& mapped,
                        std::span<const std::string> erased) {
    auto builder = fhir::DocumentBuilder::copy_of(stored.root());
    for (const std::string& path : erased) {
        const auto steps = read_path(path);
        if (!steps.empty()) erase(builder, builder.root().get(), steps, 0);
    }
    merge_into(builder, builder.root().get(), mapped.root(), fhir::r4::find_type(stored.resource_type()));
    builder.root().prune();
    return std::move(builder).finish();
}

fhir::DocumentPtr merge(const fhir::Document& stored, const MappedResource& mapped) {
    return merge(stored, *mapped.doc, mapped.erased);
}

}  // namespace causeway::mappings
