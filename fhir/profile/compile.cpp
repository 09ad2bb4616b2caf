#include <algorithm>
#include <charconv>
#include <utility>

#include "fhir/model/reference.hpp"
#include "fhir/profile/profile.hpp"

namespace causeway::fhir {

namespace {

using r4::BindingStrength;
using r4::ElementDef;
using r4::MemberDef;
using r4::TypeDef;

constexpr std::string_view core_base = "http://hl7.org/fhir/StructureDefinition/";
constexpr std::string_view system_type = "http://hl7.org/fhirpath/System.";
constexpr std::string_view max_value_set_url = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet";
constexpr unsigned bases_deep_max = 16;

const TypeDef* type_named(std::string_view name) noexcept {
    if (const TypeDef* core = core_type(name)) return core;
    return r4::find_type(name);
}

BindingStrength strength_of(std::string_view code) noexcept {
    if (code == "required") return BindingStrength::required;
    if (code == "extensible") return BindingStrength::extensible;
    if (code == "preferred") return BindingStrength::preferred;
    return code.empty() ? BindingStrength::none : BindingStrength::example;
}

std::optional<unsigned> number_of(std::string_view text) noexcept {
    unsigned value = 0;
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    return read.ec == std::errc() && read.ptr == end ? std::optional<unsigned>(value) : std::nullopt;
}

struct Segment {
    std::string_view name;
    std::string_view slice;
};

/// "Observation.category:VSCat.coding" without its first part. No URL stands in an id, so points part them.
std::vector<Segment> segments_of(std::string_view id) {
    std::vector<Segment> out;
    bool first = true;
    while (!id.empty()) {
        const auto point = id.find('.');
        const auto part = id.substr(0, point);
        id = point == std::string_view::npos ? std::string_view() : id.substr(point + 1);
        if (std::exchange(first, false)) continue;
        const auto colon = part.find(':');
        out.push_back(
            {part.substr(0, colon), colon == std::string_view::npos ? std::string_view() : part.substr(colon + 1)});
    }
    return out;
}

Discriminator::Kind discriminator_kind(std::string_view code) noexcept {
    if (code == "pattern") return Discriminator::Kind::pattern;
    if (code == "type") return Discriminator::Kind::type;
    if (code == "profile") return Discriminator::Kind::profile;
    if (code == "exists") return Discriminator::Kind::exists;
    return Discriminator::Kind::value;
}

std::uint8_t aggregation_of(std::string_view code) noexcept {
    if (code == "contained") return Aggregation::contained;
    if (code == "referenced") return Aggregation::referenced;
    return code == "bundled" ? Aggregation::bundled : std::uint8_t{0};
}

/// The child element of that name; of several types the first that has it answers.
const ElementDef* child_of(const ElementRule& parent, std::string_view name, MemberDef& member) noexcept {
    const auto in = [&](const TypeDef* type) -> const ElementDef* {
        if (!type) return nullptr;
        if (const ElementDef* found = r4::find_choice(*type, name)) return found;
        member = r4::find_element(*type, name);
        return member.element;
    };
    if (const ElementDef* found = in(parent.type)) return found;
    if (parent.type && !parent.type->is_abstract) return nullptr;
    for (const AllowedType& allowed : parent.types)
        if (const ElementDef* found = in(allowed.type)) return found;
    if (parent.base)
        for (const TypeDef* type : parent.base->types)
            if (const ElementDef* found = in(type)) return found;
    return nullptr;
}

class Compiler {
public:
    Compiler(Profile& profile, const DefinitionSource& source) : profile_(profile), source_(source) {}

    bool run(const DocumentPtr& definition, unsigned depth) {
        const Element root = definition->root();
        if (depth > bases_deep_max) return fail("", "the profile's bases do not end");
        const auto base = root["baseDefinition"].text();
        Element elements = root["differential"]["element"];
        const Element snapshot = root["snapshot"]["element"];
        if (elements && !core_type(base)) {
            const auto parent = source_.definition(base);
            if (!parent || !run(parent, depth + 1)) {
                if (!snapshot) return parent ? false : fail("", "its base " + std::string(base) + " is not loaded");
                elements = snapshot;
            }
        }
        if (!elements) elements = snapshot;
        if (!elements) return fail("", "it has neither differential nor snapshot");
        profile_.kept.push_back(definition);
        open_.clear();
        for (const Element element : elements.items()) apply(element);
        return true;
    }

    const Error& error() const { return error_; }

private:
    bool fail(std::string_view where, std::string message) {
        error_ = Error{Errc::bad_value, std::move(message), std::string(where), 0, 0, 0};
        return false;
    }

    /// The segments of an element by its id; without one by its path, with the slices that the elements before opened.
    std::vector<Segment> locate(Element element) {
        const auto id = element["id"].text();
        const auto slice = element["sliceName"].text();
        if (!id.empty() && (slice.empty() || id.find(':') != std::string_view::npos)) return segments_of(id);
        auto segments = segments_of(element["path"].text());
        for (std::size_t i = 0; i < segments.size(); ++i) {
            if (i >= open_.size() || open_[i].name != segments[i].name) break;
            if (i + 1 < segments.size()) segments[i].slice = open_[i].slice;
        }
        if (!segments.empty()) segments.back().slice = slice;
        open_ = segments;
        return segments;
    }

    void apply(Element element) {
        ElementRule* at = profile_.root.get();
        for (const Segment& segment : locate(element)) {
            at = step(*at, segment);
            if (!at) {
                const auto id = element["id"].text();
                profile_.not_checked.push_back("the element " + std::string(id.empty() ? element["path"].text() : id) +
                                               ", which the type does not have");
                return;
            }
        }
        fill(*at, element);
    }

    /// The rule for a child, made if it is not there yet.
    ElementRule* step(ElementRule& parent, Segment segment) {
        std::string_view name = segment.name;
        std::string_view slice = segment.slice;
        if (name.ends_with("[x]")) name.remove_suffix(3);
        MemberDef member;
        const ElementDef* base = child_of(parent, name, member);
        if (!base) return nullptr;
        const bool by_type = base->name != name && slice.empty();
        if (base->name != name) {
            if (by_type) slice = name;  // valueQuantity says value[x]:valueQuantity
            name = base->name;
        }
        ElementRule* child = parent.find_child(name);
        if (!child) {
            child = parent.children.emplace_back(std::make_unique<ElementRule>()).get();
            child->name = name;
            child->id = parent.id + '.' + std::string(name) + (base->is_choice ? "[x]" : "");
            child->base = base;
            child->is_choice = base->is_choice;
            if (base->types.size() == 1) child->type = base->types.front();
        }
        if (slice.empty()) return child;
        if (by_type && !child->slicing) child->types_closed = true;
        const TypeDef* single = nullptr;
        if (base->is_choice) {
            for (std::size_t i = 0; i < base->types.size(); ++i)
                if (base->json_names[i] == slice) single = base->types[i];
        }
        return sliced(*child, slice, single);
    }

    /// The slice, made if it is not there; "a/b" is the slice b of the slice a.
    static ElementRule* sliced(ElementRule& child, std::string_view slice, const TypeDef* single) {
        ElementRule* owner = &child;
        for (auto slash = slice.find('/'); slash != std::string_view::npos; slash = slice.find('/', slash + 1)) {
            ElementRule* outer = owner->find_slice(slice.substr(0, slash));
            if (!outer) break;
            owner = outer;
        }
        if (ElementRule* found = owner->find_slice(slice)) return found;
        ElementRule* made = owner->slices.emplace_back(std::make_unique<ElementRule>()).get();
        made->name = child.name;
        made->id = child.id + ':' + std::string(slice);
        made->slice = slice;
        made->base = child.base;
        made->is_choice = child.is_choice;
        made->type = child.type;
        if (single) {
            made->type = single;
            made->types.push_back({single, single->name, {}, {}, 0});
        }
        return made;
    }

    void fill(ElementRule& rule, Element element) {
        if (const auto min = number_of(element["min"].text())) rule.min = *min;
        if (const auto max = number_of(element["max"].text())) rule.max = *max;
        for (const Element member : element.children()) {
            const auto name = member.name();
            if (name.starts_with("fixed"))
                rule.fixed = member;
            else if (name.starts_with("pattern"))
                rule.pattern = member;
            else if (name.starts_with("minValue"))
                rule.min_value = member;
            else if (name.starts_with("maxValue"))
                rule.max_value = member;
        }
        if (const auto length = number_of(element["maxLength"].text())) rule.length_max = *length;
        if (element["mustSupport"].text() == "true" && !std::exchange(rule.must_support, true))
            profile_.must_support.push_back(rule.id);
        if (element["isModifier"].text() == "true" && &rule == profile_.root.get()) profile_.is_modifier = true;
        if (const Element binding = element["binding"]) fill_binding(rule, binding);
        if (const Element types = element["type"]) fill_types(rule, types);
        if (const Element slicing = element["slicing"]) fill_slicing(rule, slicing);
        fill_rules(rule, element);
    }

    /// What R4 says itself is checked with the type.
    static void fill_binding(ElementRule& rule, Element binding) {
        const auto strength = strength_of(binding["strength"].text());
        const auto value_set = binding["valueSet"].text();
        for (const Element extension : binding["extension"].items())
            if (extension["url"].text() == max_value_set_url)
                rule.max_value_set =
                    extension["valueCanonical"] ? extension["valueCanonical"].text() : extension["valueUri"].text();
        const bool same = rule.base && rule.base->binding == strength &&
                          Canonical::parse(rule.base->value_set).url == Canonical::parse(value_set).url;
        rule.binding = same ? BindingStrength::none : strength;
        rule.value_set = value_set;
    }

    static void fill_types(ElementRule& rule, Element types) {
        std::vector<AllowedType> allowed_types;
        for (const Element entry : types.items()) {
            if (entry["code"].text().starts_with(system_type)) return;  // ids and URLs of extensions
            AllowedType& allowed = allowed_types.emplace_back();
            allowed.code = entry["code"].text();
            allowed.type = type_named(allowed.code);
            for (const Element profile : entry["profile"].items()) {
                // SimpleQuantity and MoneyQuantity are the type with one rule, which R4's tables have.
                const auto name = profile.text();
                if (!name.ends_with("/SimpleQuantity") && !name.ends_with("/MoneyQuantity"))
                    allowed.profiles.push_back(name);
            }
            for (const Element target : entry["targetProfile"].items()) allowed.targets.push_back(target.text());
            for (const Element mode : entry["aggregation"].items()) allowed.aggregation |= aggregation_of(mode.text());
            if (rule.base && allowed.targets.size() == rule.base->targets.size() &&
                std::all_of(allowed.targets.begin(), allowed.targets.end(),
                            [](std::string_view target) { return core_type(target) != nullptr; }))
                allowed.targets.clear();
        }
        if (allowed_types.size() == 1 && allowed_types.front().type &&
            (!rule.type || rule.type->kind != r4::TypeKind::backbone))
            rule.type = allowed_types.front().type;
        const bool as_base = rule.base && allowed_types.size() == rule.base->types.size() &&
                             std::all_of(allowed_types.begin(), allowed_types.end(), [&](const AllowedType& allowed) {
                                 return allowed.profiles.empty() && allowed.targets.empty() && allowed.aggregation == 0;
                             });
        const bool backbone = rule.base && rule.base->types.front()->kind == r4::TypeKind::backbone;
        if ((as_base && rule.slice.empty() && !is_abstract(rule)) || backbone)
            rule.types.clear();
        else
            rule.types = std::move(allowed_types);
    }

    static bool is_abstract(const ElementRule& rule) noexcept {
        return rule.base && rule.base->types.size() == 1 && rule.base->types.front()->is_abstract;
    }

    static void fill_slicing(ElementRule& rule, Element slicing) {
        Slicing made;
        for (const Element entry : slicing["discriminator"].items())
            made.discriminators.push_back({discriminator_kind(entry["type"].text()), entry["path"].text()});
        const auto rules = slicing["rules"].text();
        made.closed = rules == "closed";
        made.open_at_end = rules == "openAtEnd";
        made.ordered = slicing["ordered"].text() == "true";
        if (rule.slicing) {
            if (made.discriminators.empty()) made.discriminators = rule.slicing->discriminators;
            if (rules.empty()) {
                made.closed = rule.slicing->closed;
                made.open_at_end = rule.slicing->open_at_end;
            }
        }
        rule.slicing = std::move(made);
        rule.types_closed = false;
    }

    void fill_rules(ElementRule& rule, Element element) {
        for (const Element entry : element["constraint"].items()) {
            const auto key = entry["key"].text();
            const auto text = entry["expression"].text();
            if (text.empty() || is_of_r4(key, text, entry["source"].text())) continue;
            const auto same_key = [&](const Rule& earlier) { return earlier.key == key; };
            if (std::any_of(rule.rules.begin(), rule.rules.end(), same_key)) continue;
            path::CompileOptions options;
            if (rule.type) options.context_type = rule.type->name;
            options.as_filters = true;
            auto compiled = path::Expression::compile(text, options);
            Rule made{std::nullopt, key, entry["severity"].text() != "warning", entry["human"].text()};
            if (compiled)
                made.expression = std::move(*compiled);
            else
                profile_.not_checked.push_back("the rule " + std::string(key) + ": " + compiled.error().message);
            rule.rules.push_back(std::move(made));
        }
    }

    /// R4's own types declare it: it is checked with the type, not again with each profile.
    static bool is_of_r4(std::string_view key, std::string_view text, std::string_view source) noexcept {
        if (core_type(source)) return true;
        const auto rules = r4::constraints();
        return std::any_of(rules.begin(), rules.end(), [&](const r4::ConstraintDef& rule) {
            return rule.key == key && (rule.expression == text || key == "ele-1" || key == "ext-1");
        });
    }

    Profile& profile_;
    const DefinitionSource& source_;
    std::vector<Segment> open_;
    Error error_{};
};

}  // namespace

const TypeDef* core_type(std::string_view canonical) noexcept {
    if (!canonical.starts_with(core_base)) return nullptr;
    canonical = Canonical::parse(canonical).url;
    return r4::find_type(canonical.substr(core_base.size()));
}

ElementRule* ElementRule::find_child(std::string_view child) const noexcept {
    for (const auto& found : children)
        if (found->name == child) return found.get();
    return nullptr;
}

ElementRule* ElementRule::find_slice(std::string_view wanted) const noexcept {
    for (const auto& found : slices)
        if (found->slice == wanted) return found.get();
    return nullptr;
}

Result<std::shared_ptr<const Profile>> compile_profile(const DocumentPtr& definition, const DefinitionSource& source) {
    const Element root = definition->root();
    auto profile = std::make_shared<Profile>();
    profile->url = root["url"].text();
    profile->version = root["version"].text();
    profile->name = root["name"].text();
    profile->type = type_named(root["type"].text());
    if (profile->url.empty() || !profile->type)
        return Error{
            Errc::bad_value, "not a profile: url or an R4 type is missing", std::string(profile->url), 0, 0, 0};
    for (const Element context : root["context"].items())
        profile->contexts.push_back({context["type"].text(), context["expression"].text()});
    for (const Element invariant : root["contextInvariant"].items()) {
        path::CompileOptions options;
        options.as_filters = true;
        auto compiled = path::Expression::compile(invariant.text(), options);
        Rule rule{std::nullopt, "contextInvariant", true, "the extension's rule for where it stands"};
        if (compiled) rule.expression = std::move(*compiled);
        profile->context_rules.push_back(std::move(rule));
    }
    profile->root = std::make_unique<ElementRule>();
    profile->root->name = profile->type->name;
    profile->root->id = profile->type->name;
    profile->root->type = profile->type;
    Compiler compiler(*profile, source);
    if (!compiler.run(definition, 0)) {
        auto error = compiler.error();
        error.message = std::string(profile->url) + ": " + error.message;
        return error;
    }
    return std::shared_ptr<const Profile>(std::move(profile));
}

}  // namespace causeway::fhir
