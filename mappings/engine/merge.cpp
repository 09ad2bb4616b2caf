#include "mappings/engine/merge.hpp"

#include <algorithm>

#include "fhir/model/builder.hpp"
#include "fhir/r4/tables.hpp"

namespace causeway::mappings {
namespace {

using fhir::Element;
using fhir::MutableElement;

/// Arrays whose items have a key of their own: items of other keys stay.
std::string key_of(Element item, std::string_view array) {
    if (array == "extension" || array == "modifierExtension") return std::string(item["url"].text());
    if (array == "identifier") {
        std::string key(item["system"].text());
        key += '|';
        key += item["type"]["coding"].first()["code"].text();
        return key;
    }
    return {};
}

void merge_into(fhir::DocumentBuilder& builder, Element to, Element from);

/// What the message sent of a keyed array takes the place of the items of the same keys; the others stay before it.
void merge_keyed(fhir::DocumentBuilder& builder, Element to, Element from, std::string_view name) {
    std::vector<std::string> sent;
    for (const Element item : from.items()) sent.push_back(key_of(item, name));
    std::vector<Element> replaced;
    for (const Element item : to.items())
        if (std::find(sent.begin(), sent.end(), key_of(item, name)) != sent.end()) replaced.push_back(item);
    // Same items in the same places: nothing to do, so that a repeated message changes nothing.
    const bool same = replaced.size() == from.size() &&
                      std::equal(replaced.begin(), replaced.end(), from.items().begin(), fhir::same_content);
    if (same) return;
    MutableElement list = builder.handle(to);
    for (const Element item : replaced) list.remove_child(item);
    for (const Element item : from.items()) list.append_item().copy_from(item);
}

/// `valueQuantity` takes the place of `valueString`: one element, whatever its type.
void drop_other_types(fhir::DocumentBuilder& builder, Element to, std::string_view name) {
    const auto* type = fhir::r4::find_type(to.resource_type());
    if (!type) return;
    const auto member = fhir::r4::find_element(*type, name);
    if (!member.element || !member.element->is_choice) return;
    for (const auto other : member.element->json_names)
        if (other != name && to[other]) builder.handle(to).remove(other);
}

void merge_into(fhir::DocumentBuilder& builder, Element to, Element from) {
    for (const Element member : from.children()) {
        const std::string_view name = member.name();
        if (name == "resourceType" || name == "id") continue;
        drop_other_types(builder, to, name);
        const Element same = to[name];
        if (!same) {
            builder.handle(to).member(name).copy_from(member);
        } else if (member.is_array() && same.is_array() &&
                   (name == "identifier" || name == "extension" || name == "modifierExtension")) {
            merge_keyed(builder, same, member, name);
        } else if (member.is_object() && same.is_object() && (name == "meta")) {
            merge_into(builder, same, member);
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
    merge_into(builder, builder.root().get(), mapped.root());
    builder.root().prune();
    return std::move(builder).finish();
}

fhir::DocumentPtr merge(const fhir::Document& stored, const MappedResource& mapped) {
    return merge(stored, *mapped.doc, mapped.erased);
}

}  // namespace causeway::mappings
