#include <algorithm>
#include <compare>

#include "fhir/model/date_time.hpp"
#include "fhir/model/reference.hpp"
#include "fhir/path/decimal.hpp"
#include "fhir/profile/pattern.hpp"
#include "fhir/profile/slicing.hpp"
#include "fhir/validate/expression.hpp"
#include "fhir/validate/run.hpp"

namespace causeway::fhir {

namespace {

using r4::BindingStrength;
using r4::TypeDef;

/// -1, 0, 1; nothing where the two do not compare (other units, other kinds).
std::optional<int> compare(Element value, Element limit) {
    if (limit.is_object()) {
        if (value["code"].text() != limit["code"].text() || value["system"].text() != limit["system"].text())
            return std::nullopt;
        if (!limit["code"] && value["unit"].text() != limit["unit"].text()) return std::nullopt;
        return compare(value["value"], limit["value"]);
    }
    if (!value.has_value() || !limit.has_value()) return std::nullopt;
    if (limit.kind() == Kind::number) {
        const auto a = path::Decimal::parse(value.text());
        const auto b = path::Decimal::parse(limit.text());
        return a && b ? std::optional<int>(a->compare(*b)) : std::nullopt;
    }
    const auto a = DateTime::parse(value.text());
    const auto b = DateTime::parse(limit.text());
    if (a && b) {
        const auto x = a->range();
        const auto y = b->range();
        if (x.high_us <= y.low_us) return -1;
        return x.low_us >= y.high_us ? std::optional<int>(1) : std::optional<int>(0);
    }
    if (is_fhir_time(value.text()) && is_fhir_time(limit.text())) return value.text().compare(limit.text());
    return std::nullopt;
}

std::size_t characters(std::string_view utf8) noexcept {
    return static_cast<std::size_t>(
        std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string joined(const std::vector<std::string_view>& names) {
    std::string out;
    for (const auto name : names) {
        if (!out.empty()) out += " or ";
        out += name;
    }
    return out;
}

/// A code is no string here: only an abstract type (Resource) stands for others.
bool is_allowed(const TypeDef& type, const TypeDef& allowed) noexcept {
    return &type == &allowed || (allowed.is_abstract && r4::is_a(type, allowed.name));
}

class ProfileCheck {
public:
    ProfileCheck(Run& run, const Profile& profile) : run_(run), profile_(profile) {}

    void element(const Place& place) { value(place, *profile_.root); }

private:
    std::string rule_name(const ElementRule& rule) const { return std::string(profile_.url) + '#' + rule.id; }

    void wrong(const Place& place, const ElementRule& rule, IssueCode code, std::string text) {
        run_.error(code, place.element, run_.quiet() ? std::string() : std::move(text),
                   run_.quiet() ? std::string() : rule_name(rule));
    }

    void value(const Place& place, const ElementRule& rule) {
        if (run_.full() || !place.type) return;
        if (!rule.types.empty()) types(place, rule);
        if (rule.fixed && !matches_fixed(place.element, rule.fixed))
            wrong(place, rule, IssueCode::value, "the value is not the one that the profile fixes");
        if (rule.pattern && !matches_pattern(place.element, rule.pattern))
            wrong(place, rule, IssueCode::value, "the value does not hold the pattern that the profile asks for");
        limits(place, rule);
        bindings(place, rule);
        if (!rule.rules.empty()) run_.apply(rule.rules, place.element, place.type, profile_.url);
        members(place, rule);
    }

    void limits(const Place& place, const ElementRule& rule) {
        if (rule.min_value)
            if (const auto order = compare(place.element, rule.min_value); order && *order < 0)
                wrong(place, rule, IssueCode::value, "the value is less than the least that the profile allows");
        if (rule.max_value)
            if (const auto order = compare(place.element, rule.max_value); order && *order > 0)
                wrong(place, rule, IssueCode::value, "the value is more than the most that the profile allows");
        if (rule.length_max && place.element.is_primitive() && characters(place.element.text()) > *rule.length_max)
            wrong(place, rule, IssueCode::too_long,
                  "the text is longer than the " + std::to_string(*rule.length_max) +
                      " characters that the profile allows");
    }

    void bindings(const Place& place, const ElementRule& rule) {
        const Terminology& terminology = *run_.data.terminology;
        if (rule.binding >= BindingStrength::preferred && !rule.value_set.empty())
            check_binding(run_, place.element, rule.binding, terminology.find_value_set(rule.value_set), rule.value_set,
                          run_.quiet() ? std::string() : rule_name(rule));
        // text alone is one of the codes that a preferred binding leaves open, and none that an extensible one does
        const bool asked = rule.strength() == BindingStrength::extensible || has_code(place.element);
        if (!rule.max_value_set.empty() && asked)
            check_binding(run_, place.element, BindingStrength::required,
                          terminology.find_value_set(rule.max_value_set), rule.max_value_set,
                          run_.quiet() ? std::string() : rule_name(rule));
    }

    void types(const Place& place, const ElementRule& rule) {
        const AllowedType* fits = nullptr;
        bool unknown = false;
        for (const AllowedType& allowed : rule.types) {
            unknown |= allowed.type == nullptr;
            if (allowed.type && is_allowed(*place.type, *allowed.type)) {
                // several entries of one type (R4 writes one per target in older profiles): any of them
                if (!fits || (!fits->profiles.empty() && meets_any(place, allowed.profiles).value_or(false)))
                    fits = &allowed;
            }
        }
        if (!fits) {
            if (unknown) return;
            std::vector<std::string_view> names;
            for (const AllowedType& allowed : rule.types) names.push_back(allowed.code);
            return wrong(place, rule, IssueCode::structure,
                         "the type " + std::string(place.type->name) + " is not allowed by the profile; " +
                             joined(names) + " is");
        }
        if (!fits->profiles.empty()) profiles(place, rule, fits->profiles);
        if (place.type->name != "Reference") return;
        if (!targets_of(rule).empty()) target(place, rule, targets_of(rule));
        aggregation(place, rule);
    }

    /// Where the target of a literal reference is: in the resource, in the bundle, elsewhere.
    void aggregation(const Place& place, const ElementRule& rule) {
        unsigned allowed = 0;
        for (const AllowedType& type : rule.types) {
            if (type.code == "Reference" && type.aggregation == 0) return;
            allowed |= type.aggregation;
        }
        const auto text = place.element["reference"].text();
        if (text.empty()) return;
        const bool bundled = run_.bundle && run_.bundle->find(text, run_.bundle->full_url_of(run_.root_resource));
        const unsigned is = text.starts_with('#') ? unsigned{Aggregation::contained}
                            : bundled             ? unsigned{Aggregation::bundled | Aggregation::referenced}
                                                  : unsigned{Aggregation::referenced};
        if (!(allowed & is))
            wrong(place, rule, IssueCode::value,
                  "what is referred to stands where the profile does not allow it (aggregation)");
    }

    static std::vector<std::string_view> targets_of(const ElementRule& rule) {
        std::vector<std::string_view> out;
        for (const AllowedType& allowed : rule.types) {
            if (allowed.code == "Reference" && allowed.targets.empty()) return {};
            out.insert(out.end(), allowed.targets.begin(), allowed.targets.end());
        }
        return out;
    }

    std::optional<bool> meets_any(const Place& place, const std::vector<std::string_view>& profiles) {
        std::optional<bool> sum = false;
        for (const auto canonical : profiles) {
            const auto told = run_.conforms(place.element, *place.type, canonical);
            if (told == true) return true;
            if (!told) sum = std::nullopt;
        }
        return sum;
    }

    /// Profiles of the element's own type, one of which must hold. Extensions were met by their URL already.
    void profiles(const Place& place, const ElementRule& rule, const std::vector<std::string_view>& wanted) {
        if (place.type->name == "Extension") {
            const auto url = place.element["url"].text();
            const auto named = [&](std::string_view profile) { return Canonical::parse(profile).url == url; };
            if (std::any_of(wanted.begin(), wanted.end(), named)) {
                if (!run_.data.definitions->find(url).profile)
                    run_.not_checked(place.element, "the extension " + std::string(url) + " is not loaded",
                                     rule_name(rule));
                return;
            }
            if (rule.slice.empty()) return;  // an extension beside the slices
        }
        if (wanted.size() == 1) {
            const auto found = run_.data.definitions->find(wanted.front());
            if (found.profile) return check_profile(run_, place.element, *place.type, *found.profile);
        }
        const auto told = meets_any(place, wanted);
        if (!told)
            run_.not_checked(place.element, "the profile " + joined(wanted) + " is not loaded", rule_name(rule));
        else if (!*told)
            wrong(place, rule, IssueCode::invariant, "the element does not meet the profile " + joined(wanted));
    }

    /// The type of a profile, R4's own or loaded; null if it is not known.
    const TypeDef* type_of_profile(std::string_view canonical) const {
        if (const TypeDef* core = core_type(canonical)) return core;
        const auto found = run_.data.definitions->find(canonical);
        return found.profile ? found.profile->type : nullptr;
    }

    void target(const Place& place, const ElementRule& rule, const std::vector<std::string_view>& wanted) {
        const auto name = target_type(run_, place.element);
        if (name.empty()) return;
        const TypeDef* type = r4::find_type(name);
        std::vector<std::string_view> candidates;
        for (const auto canonical : wanted) {
            const TypeDef* of = type_of_profile(canonical);
            if (!of || r4::is_a(*type, of->name)) candidates.push_back(canonical);
        }
        if (candidates.empty())
            return wrong(place, rule, IssueCode::value,
                         "a reference to a " + std::string(name) + "; the profile allows " + joined(wanted));
        const auto text = place.element["reference"].text();
        const Element found = text.empty() ? Element() : run_.find_target(text);
        if (!found) return;
        const bool contained = text.starts_with('#');
        const Run::Focus focus(run_, found, contained ? run_.root_resource : found);
        const auto told = meets_any({found, type}, candidates);
        if (told && !*told)
            wrong(place, rule, IssueCode::value, "what is referred to does not meet the profile " + joined(candidates));
    }

    void members(const Place& place, const ElementRule& rule) {
        for (const auto& child : rule.children) {
            if (run_.full()) return;
            std::vector<Place> items;
            members_of(place, child->name, items);
            count(place, *child, items.size());
            for (const Place& item : items) value(item, *child);
            slices(place, *child, items);
        }
        if (place.type->kind == r4::TypeKind::backbone) nested(place, rule);
    }

    /// Items inside items: Questionnaire.item.item is ruled by what the profile says of Questionnaire.item.
    void nested(const Place& place, const ElementRule& rule) {
        for (const r4::ElementDef& element : place.type->elements) {
            if (!element.is_content_reference || rule.find_child(element.name)) continue;
            const ElementRule* same = rule_at(element.types.front()->name);
            if (!same) continue;
            std::vector<Place> items;
            members_of(place, element.name, items);
            for (const Place& item : items) members(item, *same);
        }
    }

    const ElementRule* rule_at(std::string_view path) const {
        const ElementRule* at = profile_.root.get();
        path = path.find('.') == std::string_view::npos ? std::string_view() : path.substr(path.find('.') + 1);
        while (at && !path.empty()) {
            const auto point = path.find('.');
            at = at->find_child(path.substr(0, point));
            path = point == std::string_view::npos ? std::string_view() : path.substr(point + 1);
        }
        return at;
    }

    void count(const Place& owner, const ElementRule& rule, std::size_t found) {
        if (rule.min && found < *rule.min)
            run_.missing(owner.element, rule.name,
                         run_.quiet() ? std::string() : counted(rule, found, "at least ", *rule.min),
                         run_.quiet() ? std::string() : rule_name(rule));
        if (rule.max && found > *rule.max)
            run_.error(IssueCode::structure, first_of(owner, rule),
                       run_.quiet() ? std::string() : counted(rule, found, "at most ", *rule.max),
                       run_.quiet() ? std::string() : rule_name(rule));
    }

    static std::string counted(const ElementRule& rule, std::size_t found, std::string_view word, unsigned limit) {
        std::string out = "'" + std::string(rule.name) + "'";
        if (!rule.slice.empty()) out += " in the slice '" + std::string(rule.slice) + "'";
        return out + ": found " + std::to_string(found) + ", the profile asks for " + std::string(word) +
               std::to_string(limit);
    }

    static Element first_of(const Place& owner, const ElementRule& rule) {
        for (const Element child : owner.element.children()) {
            const auto member = r4::find_element(*owner.type, child.name());
            if (member.element && member.element->name == rule.name) return child;
        }
        return owner.element;
    }

    void slices(const Place& owner, const ElementRule& rule, const std::vector<Place>& items) {
        if (rule.slices.empty()) return;
        const auto discriminators = discriminators_of(rule);
        if (discriminators.empty()) {
            run_.not_checked(owner.element, "the slices of " + rule.id + ", which have no discriminator",
                             rule_name(rule));
            return;
        }
        std::vector<std::vector<Place>> found(rule.slices.size());
        std::size_t last = 0;
        bool unsliced_seen = false;
        for (const Place& item : items) {
            const std::size_t index = slice_of(item, rule, discriminators);
            if (index == rule.slices.size()) {
                unsliced_seen = true;
                if ((rule.slicing && rule.slicing->closed) || rule.types_closed)
                    wrong(item, rule, IssueCode::structure,
                          "the profile allows nothing but its slices here, and this is in none");
                continue;
            }
            if (unsliced_seen && rule.slicing && rule.slicing->open_at_end)
                wrong(item, rule, IssueCode::structure, "what is in no slice stands at the end");
            if (rule.slicing && rule.slicing->ordered && index < last)
                wrong(item, rule, IssueCode::structure, "the slices have an order, which this breaks");
            last = std::max(last, index);
            found[index].push_back(item);
        }
        for (std::size_t i = 0; i < found.size(); ++i) {
            const ElementRule& slice = *rule.slices[i];
            count(owner, slice, found[i].size());
            for (const Place& item : found[i]) value(item, slice);
            slices(owner, slice, found[i]);
        }
    }

    std::size_t slice_of(const Place& item, const ElementRule& rule, std::span<const Discriminator> discriminators) {
        std::size_t default_slice = rule.slices.size();
        for (std::size_t i = 0; i < rule.slices.size(); ++i) {
            const ElementRule& slice = *rule.slices[i];
            if (slice.slice == "@default") {
                default_slice = i;
                continue;
            }
            const Match one = in_slice(run_, item, slice, discriminators);
            if (one == Match::yes) return i;
            if (one == Match::unknown)
                run_.not_checked(item.element, "whether it is in the slice " + slice.id, rule_name(slice));
        }
        return default_slice;
    }

    Run& run_;
    const Profile& profile_;
};

}  // namespace

void check_profile(Run& run, Element element, const r4::TypeDef& type, const Profile& profile) {
    const auto same = std::pair(element.node(), &profile);
    if (std::find(run.active.begin(), run.active.end(), same) != run.active.end()) return;
    if (!r4::is_a(type, profile.type->name)) {
        run.error(IssueCode::structure, element,
                  "the profile " + std::string(profile.url) + " is of a " + std::string(profile.type->name) +
                      "; this is a " + std::string(type.name),
                  profile.url);
        return;
    }
    for (const std::string& what : profile.not_checked) run.not_checked(element, what, profile.url);
    run.active.push_back(same);
    ProfileCheck(run, profile).element({element, &type});
    run.active.pop_back();
}

}  // namespace causeway::fhir
