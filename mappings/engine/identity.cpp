#include "mappings/engine/identity.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "fhir/r4/tables.hpp"

namespace causeway::mappings {
namespace {

constexpr std::size_t key_bytes_max = 512;

/// All texts below an element, for values that have no shorter name.
void append_texts(fhir::Element element, std::string& out) {
    if (element.has_value()) {
        if (!out.empty()) out += ' ';
        out += element.text();
    }
    for (const fhir::Element child : element.children()) append_texts(child, out);
}

bool names_parent(const KeyPlan& key) {
    if (key.kind == KeyPlan::Kind::parent) return true;
    for (const auto& part : key.parts)
        if (names_parent(part)) return true;
    return false;
}

}  // namespace

Identities::Identities(const Plan& plan, Composer& composer, std::string message_key)
    : plan_(plan), composer_(composer), message_key_(std::move(message_key)) {}

std::vector<std::vector<std::string>> Identities::keys() {
    const std::size_t count = composer_.drafts().size();
    keys_.assign(count, {});
    state_.assign(count, 0);
    for (std::uint32_t i = 0; i < count; ++i) find_keys(i);
    return std::move(keys_);
}

const std::string& Identities::first_key(std::uint32_t draft) {
    static const std::string none;
    if (draft >= keys_.size()) return none;
    find_keys(draft);
    return keys_[draft].empty() ? none : keys_[draft].front();
}

std::string Identities::text_of(fhir::Element element) {
    if (!element) return {};
    if (element.has_value()) return std::string(element.text());
    const auto reference = composer_.pending().find(element.node());
    if (reference != composer_.pending().end()) return first_key(reference->second);
    if (const auto value = element["value"]; value && !element["family"])
        return std::string(element["system"].text()) + "|" + std::string(value.text());
    if (const auto coding = element["coding"].first(); coding && coding["code"])
        return std::string(coding["system"].text()) + "|" + std::string(coding["code"].text());
    std::string all;
    append_texts(element, all);
    return all;
}

std::vector<std::string> Identities::texts(const KeyPlan& key, std::uint32_t draft) {
    std::vector<std::string> out;
    Draft& d = composer_.drafts()[draft];
    switch (key.kind) {
        case KeyPlan::Kind::message:
            return {message_key_};
        case KeyPlan::Kind::ordinal:
            return {std::to_string(d.ordinal)};
        case KeyPlan::Kind::parent:
            return {d.parent == Draft::no_parent ? message_key_ : first_key(d.parent)};
        case KeyPlan::Kind::mpi:
        case KeyPlan::Kind::path: {
            Path all = key.path;
            if (!all.steps.empty() && all.steps.back().index == Step::Index::first)
                all.steps.back().index = Step::Index::all;
            std::vector<fhir::Element> found;
            composer_.reader().select(d.builder.root().get(), all, found);
            const bool sliced = !all.steps.empty() && !all.steps.back().where.empty() && all.type == "Identifier";
            for (const fhir::Element element : found) {
                if (all.type == "Identifier" && element["value"].text().empty()) continue;
                std::string text = text_of(element);
                if (text.empty()) continue;
                if (sliced) text = std::string(element["type"]["coding"].first()["code"].text()) + "|" + text;
                out.push_back(std::move(text));
            }
            return out;
        }
        case KeyPlan::Kind::tuple: {
            std::string text;
            bool said = false;
            for (const auto& part : key.parts) {
                const auto values = texts(part, draft);
                if (values.empty() && !part.optional) return {};
                said |= !values.empty() && part.kind == KeyPlan::Kind::path;
                said |= part.kind == KeyPlan::Kind::ordinal;
                if (!text.empty()) text += '|';
                for (const auto& value : values) {
                    text += value;
                    if (part.kind == KeyPlan::Kind::path && part.path.type == "Identifier") break;
                    text += ' ';
                }
            }
            return said ? std::vector{text} : std::vector<std::string>{};
        }
    }
    return out;
}

void Identities::find_keys(std::uint32_t draft) {
    if (state_[draft] != 0) return;
    state_[draft] = 1;
    const Draft& d = composer_.drafts()[draft];
    std::vector<std::string> found;
    const auto identity = plan_.identities.find(d.type);
    if (identity != plan_.identities.end()) {
        for (const auto& key : identity->second.keys)
            for (auto& text : texts(key, draft)) {
                std::string whole = d.type + "|" + text;
                if (whole.size() > key_bytes_max) whole.resize(key_bytes_max);
                // Two things of one parent that nothing tells apart are still two.
                if (names_parent(key)) {
                    if (const auto same = ++seen_[whole]; same > 1) whole += "#" + std::to_string(same);
                }
                found.push_back(std::move(whole));
            }
    }
    if (found.empty()) {
        std::string whole = d.type + "|" + message_key_;
        whole += "|" + std::to_string(++seen_[whole]);
        found.push_back(std::move(whole));
    }
    keys_[draft] = std::move(found);
    state_[draft] = 2;
}

namespace {

using NodeMap = std::unordered_map<const fhir::Node*, const fhir::Node*>;

void map_subtree(fhir::Element from, fhir::Element to, NodeMap& map) {
    map.emplace(from.node(), to.node());
    auto other = to.children().begin();
    for (const fhir::Element child : from.children()) {
        map_subtree(child, *other, map);
        ++other;
    }
}

/// Whether `to` has the element a choice's member names already, as this type or another.
bool has_choice(fhir::Element to, const fhir::r4::TypeDef* type, std::string_view member) {
    if (!type) return false;
    const auto found = fhir::r4::find_element(*type, member);
    if (!found.element || !found.element->is_choice) return false;
    return std::any_of(found.element->json_names.begin(), found.element->json_names.end(),
                       [&](std::string_view name) { return static_cast<bool>(to[name]); });
}

void merge_into(fhir::DocumentBuilder& builder, fhir::Element to, fhir::Element from, NodeMap& map,
                const fhir::r4::TypeDef* type) {
    map.emplace(from.node(), to.node());
    if (to.is_array() != from.is_array()) return;
    if (to.is_array()) {
        for (std::size_t i = 0; i < from.size(); ++i) {
            if (i < to.size()) merge_into(builder, to.item(i), from.item(i), map, type);
        }
        return;
    }
    for (const fhir::Element child : from.children()) {
        const fhir::Element same = to[child.name()];
        if (same) {
            merge_into(builder, same, child, map, type ? fhir::r4::find_element(*type, child.name()).type : nullptr);
        } else if (!has_choice(to, type, child.name())) {
            auto copy = builder.handle(to).member(child.name());
            copy.copy_from(child);
            map_subtree(child, copy.get(), map);
        }
    }
}

}  // namespace

std::vector<std::uint32_t> join_same(Composer& composer, const std::vector<std::vector<std::string>>& keys) {
    std::unordered_map<std::string_view, std::uint32_t> first;
    std::vector<std::uint32_t> became(keys.size());
    NodeMap moved;
    std::unordered_set<const fhir::Node*>
        gone;  // of a joined draft, said already by the one it joins: no trace of these
    const auto note_gone = [&](const auto& self, fhir::Element element) -> void {
        if (!moved.contains(element.node())) gone.insert(element.node());
        for (const fhir::Element child : element.children()) self(self, child);
    };
    for (std::uint32_t i = 0; i < keys.size(); ++i) {
        const auto [at, fresh] = first.emplace(keys[i].front(), i);
        became[i] = at->second;
        if (fresh) continue;
        Draft& kept = composer.drafts()[at->second];
        Draft& joined = composer.drafts()[i];
        kept.crossed &= joined.crossed;
        kept.erased.insert(kept.erased.end(), joined.erased.begin(), joined.erased.end());
        merge_into(kept.builder, kept.builder.root().get(), joined.builder.root().get(), moved,
                   fhir::r4::find_type(kept.type));
        note_gone(note_gone, joined.builder.root().get());
    }
    if (moved.empty()) return became;
    std::erase_if(composer.trace(), [&](const TraceEntry& entry) { return gone.contains(entry.node); });
    for (auto& entry : composer.trace()) {
        const auto at = moved.find(entry.node);
        if (at != moved.end()) entry.node = at->second;
        entry.resource = became[entry.resource];
    }
    auto& pending = composer.pending();
    std::vector<std::pair<const fhir::Node*, std::uint32_t>> more;
    for (const auto& [node, resource] : pending) {
        const auto at = moved.find(node);
        if (at != moved.end() && !pending.contains(at->second)) more.emplace_back(at->second, resource);
    }
    for (const auto& [node, resource] : more) pending.emplace(node, resource);
    return became;
}

}  // namespace causeway::mappings
