#include "fhir/profile/slicing.hpp"

#include <algorithm>

#include "fhir/model/reference.hpp"
#include "fhir/profile/pattern.hpp"
#include "fhir/validate/expression.hpp"

namespace causeway::fhir {

namespace {

using r4::MemberDef;
using r4::TypeDef;

constexpr unsigned deep_max = 32;

Match match(bool yes) noexcept { return yes ? Match::yes : Match::no; }
Match match(Answer answer) noexcept {
    return answer == Answer::unknown ? Match::unknown : match(answer == Answer::yes);
}

/// One step of a discriminator's path: a member, or resolve(), extension('url'), ofType(T).
struct Step {
    enum class Kind : unsigned char { member, resolve, extension, of_type };
    Kind kind;
    std::string_view text;
};

std::string_view argument(std::string_view call) noexcept {
    auto text = call.substr(call.find('(') + 1);
    if (text.ends_with(')')) text.remove_suffix(1);
    if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"')) text = text.substr(1, text.size() - 2);
    return text;
}

std::vector<Step> steps_of(std::string_view path) {
    std::vector<Step> out;
    while (!path.empty()) {
        std::size_t end = 0;
        unsigned open = 0;
        while (end < path.size() && (open > 0 || path[end] != '.')) {
            if (path[end] == '(') ++open;
            if (path[end] == ')' && open > 0) --open;
            ++end;
        }
        const auto part = path.substr(0, end);
        path = end < path.size() ? path.substr(end + 1) : std::string_view();
        if (part.empty() || part == "$this") continue;
        if (part.starts_with("resolve("))
            out.push_back({Step::Kind::resolve, {}});
        else if (part.starts_with("extension("))
            out.push_back({Step::Kind::extension, argument(part)});
        else if (part.starts_with("ofType(") || part.starts_with("as("))
            out.push_back({Step::Kind::of_type, argument(part)});
        else
            out.push_back({Step::Kind::member, part.ends_with("[x]") ? part.substr(0, part.size() - 3) : part});
    }
    return out;
}

/// Where a discriminator's path has led to: in the resource, and in what the slice says.
struct Cursor {
    std::vector<Place> places;
    const ElementRule* rule = nullptr;      ///< null where the slice says nothing
    std::vector<std::string_view> targets;  ///< behind resolve(): profiles of which one holds
};

class Matcher {
public:
    explicit Matcher(Run& run) : run_(run) {}

    Match by(const Discriminator& discriminator, const Place& item, const ElementRule& slice) {
        if (discriminator.path == "url" && slice.types.size() == 1 && !slice.types.front().profiles.empty())
            return by_url(item, slice.types.front());
        const bool by_value =
            discriminator.kind == Discriminator::Kind::value || discriminator.kind == Discriminator::Kind::pattern;
        Cursor cursor{{item}, &slice, {}};
        for (const Step& step : steps_of(discriminator.path)) {
            if (by_value && cursor.rule && (cursor.rule->fixed || cursor.rule->pattern)) break;
            advance(cursor, step);
        }
        switch (discriminator.kind) {
            case Discriminator::Kind::exists:
                return exists(cursor);
            case Discriminator::Kind::type:
                return type(cursor);
            case Discriminator::Kind::profile:
                return profile(cursor);
            default:
                return cursor.rule ? holds(*cursor.rule, cursor.places, 0) : Match::unknown;
        }
    }

private:
    static Match by_url(const Place& item, const AllowedType& type) {
        const auto url = item.element["url"].text();
        return match(std::any_of(type.profiles.begin(), type.profiles.end(),
                                 [&](std::string_view profile) { return Canonical::parse(profile).url == url; }));
    }

    void advance(Cursor& cursor, const Step& step) {
        std::vector<Place> next;
        switch (step.kind) {
            case Step::Kind::member:
                for (const Place& place : cursor.places) members_of(place, step.text, next);
                cursor.rule = child_rule(cursor, step.text);
                break;
            case Step::Kind::extension: {
                for (const Place& place : cursor.places)
                    for (const Element found : place.element["extension"].items())
                        if (found["url"].text() == step.text) next.push_back({found, r4::find_type("Extension")});
                const ElementRule* all = cursor.rule ? cursor.rule->find_child("extension") : nullptr;
                cursor.rule = nullptr;
                if (all)
                    for (const auto& slice : all->slices)
                        if (slice->types.size() == 1 && by_url({}, slice->types.front(), step.text))
                            cursor.rule = slice.get();
                break;
            }
            case Step::Kind::of_type:
                for (const Place& place : cursor.places)
                    if (place.type && r4::is_a(*place.type, step.text)) next.push_back(place);
                if (cursor.rule)
                    for (const auto& slice : cursor.rule->slices)
                        if (slice->type && slice->type->name == step.text) {
                            cursor.rule = slice.get();
                            break;
                        }
                break;
            case Step::Kind::resolve:
                for (const Place& place : cursor.places) resolve(place, next);
                if (cursor.rule)
                    for (const AllowedType& allowed : cursor.rule->types)
                        cursor.targets.insert(cursor.targets.end(), allowed.targets.begin(), allowed.targets.end());
                cursor.rule = nullptr;
                break;
        }
        cursor.places = std::move(next);
    }

    static bool by_url(const Place&, const AllowedType& type, std::string_view url) {
        return std::any_of(type.profiles.begin(), type.profiles.end(),
                           [&](std::string_view profile) { return Canonical::parse(profile).url == url; });
    }

    void resolve(const Place& place, std::vector<Place>& out) const {
        const auto text = place.element.is_object() ? place.element["reference"].text() : place.element.text();
        if (const Element target = text.empty() ? Element() : run_.find_target(text)) {
            out.push_back({target, resource_type_def(target)});
            return;
        }
        if (const auto name = target_type(run_, place.element); !name.empty())
            out.push_back({Element(), r4::find_type(name)});
    }

    /// What the slice says of a member: itself, or by the one profile that its type or target must meet.
    const ElementRule* child_rule(const Cursor& cursor, std::string_view name) const {
        if (cursor.rule) {
            if (const ElementRule* found = cursor.rule->find_child(name)) return found;
            for (const auto& slice : cursor.rule->slices)
                if (const ElementRule* found = slice->find_child(name)) return found;
            if (cursor.rule->types.size() == 1 && cursor.rule->types.front().profiles.size() == 1)
                return root_child(cursor.rule->types.front().profiles.front(), name);
            return nullptr;
        }
        return cursor.targets.size() == 1 ? root_child(cursor.targets.front(), name) : nullptr;
    }

    const ElementRule* root_child(std::string_view profile, std::string_view name) const {
        const auto found = run_.data.definitions->find(profile);
        return found.profile ? found.profile->root->find_child(name) : nullptr;
    }

    static Match exists(const Cursor& cursor) {
        if (!cursor.rule) return Match::unknown;
        if (cursor.rule->max == 0U) return match(cursor.places.empty());
        if (cursor.rule->min.value_or(0) > 0) return match(!cursor.places.empty());
        return Match::unknown;
    }

    static bool is_abstract_of(const TypeDef& type, std::string_view name) noexcept {
        const TypeDef* named = r4::find_type(name);
        return named && named->is_abstract && r4::is_a(type, name);
    }

    Match type(const Cursor& cursor) const {
        std::vector<std::string_view> wanted;
        if (cursor.rule) {
            for (const AllowedType& allowed : cursor.rule->types)
                wanted.push_back(allowed.type ? allowed.type->name : allowed.code);
            if (wanted.empty() && cursor.rule->type && cursor.rule->base && cursor.rule->base->types.size() > 1)
                wanted.push_back(cursor.rule->type->name);
        }
        for (const auto target : cursor.targets) {
            if (const TypeDef* core = core_type(target)) {
                wanted.push_back(core->name);
            } else if (const auto found = run_.data.definitions->find(target); found.profile) {
                wanted.push_back(found.profile->type->name);
            }
        }
        if (wanted.empty()) return Match::unknown;
        if (cursor.places.empty()) return cursor.targets.empty() ? Match::no : Match::unknown;
        for (const Place& place : cursor.places)
            for (const auto name : wanted)
                if (place.type && (place.type->name == name || is_abstract_of(*place.type, name))) return Match::yes;
        return Match::no;
    }

    Match profile(const Cursor& cursor) {
        std::vector<std::string_view> wanted = cursor.targets;
        if (cursor.rule)
            for (const AllowedType& allowed : cursor.rule->types)
                wanted.insert(wanted.end(), allowed.profiles.begin(), allowed.profiles.end());
        if (wanted.empty()) return type(cursor);
        Match sum = Match::no;
        for (const Place& place : cursor.places) {
            if (!place.type) continue;
            for (const auto canonical : wanted) {
                if (!place.element) {
                    // nobody could give the target: its type may still say no
                    const auto found = run_.data.definitions->find(canonical);
                    const TypeDef* type = found.profile ? found.profile->type : core_type(canonical);
                    if (!type || r4::is_a(*place.type, type->name)) sum = Match::unknown;
                    continue;
                }
                const auto told = run_.conforms(place.element, *place.type, canonical);
                if (told == true) return Match::yes;
                if (!told) sum = Match::unknown;
            }
        }
        return sum;
    }

    /// Do the places meet what the rule fixes? Unknown where it fixes nothing.
    Match holds(const ElementRule& rule, const std::vector<Place>& places, unsigned depth) {
        if (const Match sliced = slices_hold(rule, places); sliced != Match::unknown) return sliced;
        if (places.empty()) return fixes(rule, 0) ? Match::no : Match::unknown;
        Match sum = Match::no;
        for (const Place& place : places) {
            const Match one = holds_at(rule, place, depth);
            if (one == Match::yes) return Match::yes;
            if (one == Match::unknown) sum = Match::unknown;
        }
        return sum;
    }

    /// Slices that must be there decide too: one of the places is in each of them.
    Match slices_hold(const ElementRule& rule, const std::vector<Place>& places) {
        Match sum = Match::unknown;
        for (const auto& slice : rule.slices) {
            if (slice->min.value_or(0) == 0) continue;
            const auto in = [&](const Place& place) {
                return in_slice(run_, place, *slice, discriminators_of(rule)) == Match::yes;
            };
            if (std::none_of(places.begin(), places.end(), in)) return Match::no;
            sum = Match::yes;
        }
        return sum;
    }

    static bool fixes(const ElementRule& rule, unsigned depth) {
        if (rule.fixed || rule.pattern || rule.binding == r4::BindingStrength::required) return true;
        if (rule.min.value_or(0) > 0 && depth > 0) return true;
        if (depth > deep_max) return false;
        return std::any_of(rule.children.begin(), rule.children.end(),
                           [&](const auto& child) { return fixes(*child, depth + 1); });
    }

    Match holds_at(const ElementRule& rule, const Place& place, unsigned depth) {
        if (rule.fixed) return match(matches_fixed(place.element, rule.fixed));
        if (rule.pattern) return match(matches_pattern(place.element, rule.pattern));
        if (depth > deep_max) return Match::unknown;
        bool decided = false;
        for (const auto& child : rule.children) {
            std::vector<Place> inner;
            members_of(place, child->name, inner);
            if (child->max == 0U && !inner.empty()) return Match::no;
            if (!fixes(*child, 1)) continue;
            if (inner.empty() && child->min.value_or(0) == 0) continue;
            const Match one = inner.empty() ? Match::no : holds(*child, inner, depth + 1);
            if (one == Match::no) return Match::no;
            decided |= one == Match::yes || child->min.value_or(0) > 0;
        }
        if (decided) return Match::yes;
        if (rule.binding == r4::BindingStrength::required) {
            const ValueSet* set = run_.data.terminology->find_value_set(rule.value_set);
            return set ? match(bound(*run_.data.terminology, *set, place.element)) : Match::unknown;
        }
        if (rule.types.size() == 1 && rule.types.front().profiles.size() == 1 && place.type) {
            const auto told = run_.conforms(place.element, *place.type, rule.types.front().profiles.front());
            return told ? match(*told) : Match::unknown;
        }
        return Match::unknown;
    }

    Run& run_;
};

constexpr Discriminator by_extension_url[] = {{Discriminator::Kind::value, "url"}};
constexpr Discriminator by_type[] = {{Discriminator::Kind::type, "$this"}};

}  // namespace

void members_of(const Place& place, std::string_view name, std::vector<Place>& out) {
    if (!place.type || !place.element) return;
    const r4::ElementDef* wanted = r4::find_choice(*place.type, name);
    if (!wanted) {
        // a choice spelled with its type, or something that the type does not have
        const MemberDef member = r4::find_element(*place.type, name);
        if (member.element)
            for (const Element item : place.element[name].items()) out.push_back({item, member.type});
        return;
    }
    for (std::size_t i = 0; i < wanted->types.size(); ++i) {
        const TypeDef* type = wanted->types[i];
        for (const Element item : place.element[wanted->json_names[i]].items())
            out.push_back({item, type->kind == r4::TypeKind::resource ? resource_type_def(item) : type});
        if (!wanted->is_choice) break;
    }
}

std::span<const Discriminator> discriminators_of(const ElementRule& sliced) noexcept {
    if (sliced.slicing && !sliced.slicing->discriminators.empty()) return sliced.slicing->discriminators;
    if (sliced.name == "extension" || sliced.name == "modifierExtension") return by_extension_url;
    if (sliced.is_choice) return by_type;
    return {};
}

Match in_slice(Run& run, const Place& item, const ElementRule& slice, std::span<const Discriminator> discriminators) {
    Matcher matcher(run);
    Match sum = Match::yes;
    for (const Discriminator& discriminator : discriminators) {
        const Match one = matcher.by(discriminator, item, slice);
        if (one == Match::no) return Match::no;
        if (one == Match::unknown) sum = Match::unknown;
    }
    return sum;
}

}  // namespace causeway::fhir
