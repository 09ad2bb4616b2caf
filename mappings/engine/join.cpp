#include <algorithm>

#include "fhir/r4/tables.hpp"
#include "mappings/engine/identity.hpp"

namespace causeway::mappings {
namespace {

/// A node of a draft that is joined keeps the address of the one that took its place.
void forward_to(fhir::Element from, fhir::Element to) {
    auto* gone = const_cast<fhir::Node*>(from.node());
    gone->flags |= fhir::Node::forwarded;
    gone->parent = const_cast<fhir::Node*>(to.node());
}

/// Null if nothing did: what it said, another had said otherwise before.
const fhir::Node* successor(const fhir::Node* node) {
    return (node->flags & fhir::Node::forwarded) != 0 ? node->parent : nullptr;
}

void forward_all(fhir::Element from, fhir::Element to) {
    auto other = to.children().begin();
    for (const fhir::Element child : from.children()) {
        forward_all(child, *other);
        ++other;
    }
    forward_to(from, to);
}

const fhir::r4::TypeDef* type_of(fhir::Element element, const Draft& draft) {
    if (element == draft.root) return fhir::r4::find_type(draft.type);
    const fhir::Element above = element.parent();
    const auto* type = type_of(above, draft);
    return !type || above.is_array() ? type : fhir::r4::find_element(*type, element.name()).type;
}

/// Whether `to` has the element a choice's member names already, as this type or another.
bool has_choice(fhir::Element to, const Draft& draft, std::string_view member) {
    const auto* type = type_of(to, draft);
    if (!type) return false;
    const auto found = fhir::r4::find_element(*type, member);
    if (!found.element || !found.element->is_choice) return false;
    return std::any_of(found.element->json_names.begin(), found.element->json_names.end(),
                       [&](std::string_view name) { return static_cast<bool>(to[name]); });
}

void merge_into(fhir::DocumentBuilder& builder, const Draft& draft, fhir::Element to, fhir::Element from) {
    if (from.has_value() && from.text() != to.text()) return;  // the first to say something else has said it
    if (to.is_array() && from.is_array()) {
        auto other = to.children().begin();
        for (const fhir::Element item : from.children()) {
            if (other == to.children().end()) break;
            merge_into(builder, draft, *other, item);
            ++other;
        }
    } else if (!to.is_array() && !from.is_array()) {
        for (const fhir::Element child : from.children()) {
            if (const fhir::Element same = to[child.name()]) {
                merge_into(builder, draft, same, child);
            } else if (!has_choice(to, draft, child.name())) {
                auto copy = builder.handle(to).member_ref(child.name());
                copy.copy_ref_from(child);  // texts of the same arena
                forward_all(child, copy.get());
            }
        }
    }
    forward_to(from, to);
}

}  // namespace

std::vector<Joined> join_same(Composer& composer, const Identities& identities) {
    auto& drafts = composer.drafts();
    std::vector<Joined> became(drafts.size());
    TextIndex first(drafts.size());
    std::uint32_t left = 0;
    for (std::uint32_t i = 0; i < drafts.size(); ++i) {
        became[i].draft = first.number(identities.of(i).front(), i);
        if (became[i].draft == i) {
            became[i].position = left++;
            continue;
        }
        became[i].position = became[became[i].draft].position;
        Draft& kept = drafts[became[i].draft];
        Draft& joined = drafts[i];
        kept.crossed &= joined.crossed;
        kept.erased.insert(kept.erased.end(), joined.erased.begin(), joined.erased.end());
        merge_into(composer.memory(), kept, kept.root, joined.root);
    }
    if (left == drafts.size()) return became;
    // What a joined draft says and the one it joins says otherwise is gone, and its trace with it.
    bool gone = false;
    for (TraceEntry& entry : composer.trace()) {
        const Joined& to = became[entry.resource];
        if (to.draft != entry.resource) {
            entry.node = successor(entry.node);
            gone |= entry.node == nullptr;
        }
        if (to.position != entry.resource) entry.resource = to.position;
    }
    if (gone) std::erase_if(composer.trace(), [](const TraceEntry& entry) { return entry.node == nullptr; });
    auto& pending = composer.pending();
    for (std::size_t i = 0, count = pending.entries().size(); i < count; ++i) {
        const auto entry = pending.entries()[i];
        const fhir::Node* to = successor(entry.element);
        if (to && !pending.find(to))
            pending.add({to, composer.handle(fhir::Element(to)).member_ref("reference").node(), entry.resource});
    }
    return became;
}

}  // namespace causeway::mappings
