#include "mappings/engine/identity.hpp"

#include <algorithm>
#include <unordered_map>

#include "fhir/r4/tables.hpp"
#include "mappings/engine/uuid.hpp"

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

void Identities::append_text(fhir::Element element, std::string& out) {
    if (element.has_value()) {
        out += element.text();
    } else if (const auto reference = composer_.pending().find(element.node());
               reference != composer_.pending().end()) {
        out += first_key(reference->second);
    } else if (const auto value = element["value"]; value && !element["family"]) {
        out.append(element["system"].text()).append("|").append(value.text());
    } else if (const auto coding = element["coding"].first(); coding && coding["code"]) {
        out.append(coding["system"].text()).append("|").append(coding["code"].text());
    } else {
        std::string all;
        append_texts(element, all);
        out += all;
    }
}

namespace {

bool is_identifier(const KeyPlan& key) { return key.path.type == "Identifier"; }

/// Whether a key means one of several identifiers, told apart by its type.
bool is_sliced(const KeyPlan& key) {
    return is_identifier(key) && !key.path.steps.empty() && !key.path.steps.back().where.empty();
}

void append_slice(const KeyPlan& key, fhir::Element element, std::string& out) {
    if (is_sliced(key)) out.append(element["type"]["coding"].first()["code"].text()).append("|");
}

}  // namespace

/// What a key's path selects, on the stack of all finds at work: a key may need another resource's key.
class Identities::Found {
public:
    Found(Identities& of, const KeyPlan& key, std::uint32_t draft) : stack_(of.found_), begin_(stack_.size()) {
        of.composer_.reader().select(of.composer_.drafts()[draft].root, key.path, stack_);
        end_ = stack_.size();
    }
    ~Found() { stack_.resize(begin_); }
    Found(const Found&) = delete;
    Found& operator=(const Found&) = delete;

    /// Calls `see` for each element that says something, until it returns true.
    template <class See>
    bool any(const KeyPlan& key, See see) const {
        for (std::size_t i = begin_; i < end_; ++i) {
            const fhir::Element element = stack_[i];
            if (is_identifier(key) && element["value"].text().empty()) continue;
            if (see(element)) return true;
        }
        return false;
    }

private:
    std::vector<fhir::Element>& stack_;
    std::size_t begin_, end_ = 0;
};

bool Identities::append_part(const KeyPlan& part, std::uint32_t draft, std::string& out) {
    const Draft& d = composer_.drafts()[draft];
    const std::size_t before = out.size();
    switch (part.kind) {
        case KeyPlan::Kind::message:
            out += message_key_;
            break;
        case KeyPlan::Kind::ordinal:
            out += std::to_string(d.ordinal);
            break;
        case KeyPlan::Kind::parent:
            out += d.parent == Draft::no_parent ? message_key_ : first_key(d.parent);
            break;
        case KeyPlan::Kind::mpi:
        case KeyPlan::Kind::path:
            Found(*this, part, draft).any(part, [&](fhir::Element element) {
                const std::size_t start = out.size();
                append_slice(part, element, out);
                const std::size_t said = out.size();
                append_text(element, out);
                if (out.size() == said) {
                    out.resize(start);
                    return false;
                }
                if (is_identifier(part) && part.kind == KeyPlan::Kind::path) return true;
                out += ' ';
                return false;
            });
            return out.size() != before;
        case KeyPlan::Kind::tuple:
            break;  // the language has no tuple in a tuple
    }
    out += ' ';
    return true;
}

void Identities::add_key(const KeyPlan& key, std::string text, std::vector<std::string>& out) {
    // What is too long to be kept is still not what another is: its end is a digest of the whole.
    if (text.size() > key_bytes_max) {
        const std::string digest = uuid_of(text);
        text.resize(key_bytes_max - digest.size());
        text += digest;
    }
    // Two things of one parent that nothing tells apart are still two.
    if (names_parent(key)) {
        if (const auto same = ++seen_[text]; same > 1) text += "#" + std::to_string(same);
    }
    out.push_back(std::move(text));
}

void Identities::add_keys(const KeyPlan& key, std::uint32_t draft, std::vector<std::string>& out) {
    const std::string& type = composer_.drafts()[draft].type;
    const auto begin = [&] {
        std::string text;
        text.reserve(96);
        return text.append(type).append("|");
    };
    if (key.kind == KeyPlan::Kind::tuple) {
        std::string text = begin();
        const std::size_t head = text.size();
        bool said = false;
        for (const KeyPlan& part : key.parts) {
            if (text.size() != head) text += '|';
            const bool there = append_part(part, draft, text);
            if (!there && !part.optional) return;
            said |= (there && part.kind == KeyPlan::Kind::path) || part.kind == KeyPlan::Kind::ordinal;
        }
        if (said) add_key(key, std::move(text), out);
    } else if (key.kind == KeyPlan::Kind::path || key.kind == KeyPlan::Kind::mpi) {
        Found(*this, key, draft).any(key, [&](fhir::Element element) {
            std::string text = begin();
            append_slice(key, element, text);
            const std::size_t said = text.size();
            append_text(element, text);
            if (text.size() != said) add_key(key, std::move(text), out);
            return false;
        });
    } else {
        std::string text = begin();
        append_part(key, draft, text);
        text.pop_back();
        add_key(key, std::move(text), out);
    }
}

void Identities::find_keys(std::uint32_t draft) {
    if (state_[draft] != 0) return;
    state_[draft] = 1;
    const std::string& type = composer_.drafts()[draft].type;
    std::vector<std::string> found;
    const auto identity = plan_.identities.find(type);
    if (identity != plan_.identities.end())
        for (const auto& key : identity->second.keys) add_keys(key, draft, found);
    if (found.empty()) {
        std::string whole = type + "|" + message_key_;
        whole += "|" + std::to_string(++seen_[whole]);
        found.push_back(std::move(whole));
    }
    keys_[draft] = std::move(found);
    state_[draft] = 2;
}

namespace {

/// From the nodes of drafts that are joined to those of the drafts they join; sorted before it is asked.
class MovedNodes {
public:
    void add(const fhir::Node* from, const fhir::Node* to) { nodes_.emplace_back(from, to); }
    void sort() { std::sort(nodes_.begin(), nodes_.end()); }
    bool empty() const noexcept { return nodes_.empty(); }
    /// Null if the node did not move.
    const fhir::Node* find(const fhir::Node* from) const {
        const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), from,
                                         [](const auto& pair, const fhir::Node* node) { return pair.first < node; });
        return at != nodes_.end() && at->first == from ? at->second : nullptr;
    }

private:
    std::vector<std::pair<const fhir::Node*, const fhir::Node*>> nodes_;
};

void map_subtree(fhir::Element from, fhir::Element to, MovedNodes& moved) {
    moved.add(from.node(), to.node());
    auto other = to.children().begin();
    for (const fhir::Element child : from.children()) {
        map_subtree(child, *other, moved);
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

void merge_into(fhir::DocumentBuilder& builder, fhir::Element to, fhir::Element from, MovedNodes& moved,
                const fhir::r4::TypeDef* type) {
    if (from.has_value() && from.text() != to.text()) return;  // the first to say something else has said it
    moved.add(from.node(), to.node());
    if (to.is_array() != from.is_array()) return;
    if (to.is_array()) {
        for (std::size_t i = 0; i < from.size(); ++i) {
            if (i < to.size()) merge_into(builder, to.item(i), from.item(i), moved, type);
        }
        return;
    }
    for (const fhir::Element child : from.children()) {
        const fhir::Element same = to[child.name()];
        if (same) {
            merge_into(builder, same, child, moved, type ? fhir::r4::find_element(*type, child.name()).type : nullptr);
        } else if (!has_choice(to, type, child.name())) {
            auto copy = builder.handle(to).member(child.name());
            copy.copy_ref_from(child);  // texts of the same arena
            map_subtree(child, copy.get(), moved);
        }
    }
}

}  // namespace

std::vector<std::uint32_t> join_same(Composer& composer, const std::vector<std::vector<std::string>>& keys) {
    std::unordered_map<std::string_view, std::uint32_t> first;
    std::vector<std::uint32_t> became(keys.size());
    MovedNodes moved;
    for (std::uint32_t i = 0; i < keys.size(); ++i) {
        const auto [at, fresh] = first.emplace(keys[i].front(), i);
        became[i] = at->second;
        if (fresh) continue;
        Draft& kept = composer.drafts()[at->second];
        Draft& joined = composer.drafts()[i];
        kept.crossed &= joined.crossed;
        kept.erased.insert(kept.erased.end(), joined.erased.begin(), joined.erased.end());
        merge_into(composer.memory(), kept.root, joined.root, moved, fhir::r4::find_type(kept.type));
    }
    if (moved.empty()) return became;
    moved.sort();
    // What a joined draft says and the one it joins says otherwise is gone, and its trace with it.
    for (TraceEntry& entry : composer.trace()) {
        if (became[entry.resource] == entry.resource) continue;
        entry.node = moved.find(entry.node);
        entry.resource = became[entry.resource];
    }
    std::erase_if(composer.trace(), [](const TraceEntry& entry) { return entry.node == nullptr; });
    auto& pending = composer.pending();
    std::vector<std::pair<const fhir::Node*, std::uint32_t>> more;
    for (const auto& [node, resource] : pending)
        if (const auto* to = moved.find(node); to && !pending.contains(to)) more.emplace_back(to, resource);
    for (const auto& [node, resource] : more) pending.emplace(node, resource);
    return became;
}

}  // namespace causeway::mappings
