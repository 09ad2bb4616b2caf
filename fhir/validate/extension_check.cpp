#include <algorithm>

#include "fhir/model/reference.hpp"
#include "fhir/path/expression.hpp"
#include "fhir/validate/expression.hpp"
#include "fhir/validate/run.hpp"

namespace causeway::fhir {

namespace {

using r4::MemberDef;
using r4::TypeDef;

constexpr std::string_view core_base = "http://hl7.org/fhir/StructureDefinition/";

/// The element itself: an item of an array stands for its array's member.
Element owner_of(Element element) noexcept {
    const Element parent = element.parent();
    return parent.is_array() ? parent.parent() : parent;
}

/// Contexts that R4's own definitions state too narrowly for R4's own use of them.
struct WiderContext {
    std::string_view url;
    std::string_view path;
};
constexpr WiderContext wider_contexts[] = {
    {"http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type", "ElementDefinition.type"},
    {"http://hl7.org/fhir/StructureDefinition/structuredefinition-normative-version", "Element"},
    {"http://hl7.org/fhir/StructureDefinition/regex", "ElementDefinition.type"},
    {"http://hl7.org/fhir/StructureDefinition/valueset-concept-comments", "CodeSystem.concept"},
};

/// True if the element stands at a path like "Patient.contact.name", "HumanName.given", "Observation.value[x]",
/// "Element".
bool stands_at(Element element, std::string_view path) {
    const TypeDef* type = type_of(element);
    if (path == "Element" || (type && r4::is_a(*type, path))) return true;
    const auto point = path.rfind('.');
    if (point == std::string_view::npos)
        return path == "BackboneElement" && type && type->kind == r4::TypeKind::backbone;
    const Element owner = owner_of(element);
    if (!owner) return false;
    const TypeDef* owner_type = type_of(owner);
    const MemberDef member = owner_type ? r4::find_element(*owner_type, element.name()) : MemberDef{};
    if (!member.element) return false;
    auto name = path.substr(point + 1);
    if (name.ends_with("[x]")) name.remove_suffix(3);
    return (name == member.element->name || name == member.json_name) && stands_at(owner, path.substr(0, point));
}

class ExtensionCheck {
public:
    ExtensionCheck(Run& run, Element extension, bool is_modifier)
        : run_(run),
          extension_(extension),
          is_modifier_(is_modifier),
          url_(extension["url"].text()),
          place_(owner_of(extension)) {}

    void run() {
        if (url_.empty()) return;
        const TypeDef* owner = type_of(place_);
        const bool nested = owner && owner->name == "Extension";
        if (url_.find(':') == std::string_view::npos) {
            if (!nested)
                run_.error(IssueCode::extension, extension_["url"], "the URL of an extension is absolute", "extension");
            else
                part();
            return;
        }
        const auto found = run_.data.definitions->find(url_);
        if (!found.profile) return unknown(found.fault);
        const Profile& definition = *found.profile;
        if (definition.type->name != "Extension")
            return run_.error(IssueCode::extension, extension_["url"], "the URL is of a profile, not of an extension",
                              "extension");
        if (definition.is_modifier != is_modifier_)
            run_.error(IssueCode::extension, extension_,
                       definition.is_modifier ? "a modifier extension stands in modifierExtension"
                                              : "this extension modifies nothing: it stands in extension",
                       url_);
        context(definition);
        static const TypeDef& type = *r4::find_type("Extension");
        check_profile(run_, extension_, type, definition);
    }

private:
    /// A part of a complex extension means what the definition around it says; its URL is known nowhere else.
    void part() {
        const auto owner = run_.data.definitions->find(place_["url"].text());
        if (!owner.profile || owner.profile->type->name != "Extension") return;
        const ElementRule* parts = owner.profile->root->find_child("extension");
        if (!parts || parts->slices.empty()) return;
        for (const auto& slice : parts->slices) {
            const ElementRule* url = slice->find_child("url");
            if (!url || !url->fixed || url->fixed.text() == url_) return;
        }
        run_.report(Severity::warning, IssueCode::extension, extension_["url"],
                    "the extension " + std::string(place_["url"].text()) + " has no such part; it is not checked",
                    owner.profile->url);
    }

    void unknown(std::string_view fault) {
        if (!fault.empty())
            return run_.not_checked(extension_, "the extension " + std::string(url_) + ": " + std::string(fault), url_);
        if (run_.quiet()) return;
        const bool of_core = url_.starts_with(core_base);
        run_.report(of_core || is_modifier_ ? Severity::warning : Severity::information, IssueCode::extension,
                    extension_, "the extension " + std::string(url_) + " is not known here; its content is not checked",
                    "extension");
    }

    void context(const Profile& definition) {
        if (definition.contexts.empty()) return;
        bool decided = true;
        bool fits = std::any_of(definition.contexts.begin(), definition.contexts.end(),
                                [&](const ExtensionContext& allowed) { return matches(allowed, decided); });
        for (const WiderContext& wider : wider_contexts)
            fits = fits || (wider.url == url_ && stands_at(place_, wider.path));
        if (!fits && decided) {
            std::string allowed;
            for (const auto& one : definition.contexts) {
                if (!allowed.empty()) allowed += ", ";
                allowed += one.expression;
            }
            run_.error(IssueCode::extension, extension_,
                       "the extension " + std::string(url_) + " is not allowed here; it is for " + allowed, url_);
        }
        rules(definition);
    }

    bool matches(const ExtensionContext& allowed, bool& decided) {
        auto expression = allowed.expression;
        if (allowed.type == "extension") {
            const auto hash = expression.find('#');
            return place_["url"].text() == expression.substr(0, hash);
        }
        if (allowed.type == "fhirpath") return selects(expression, decided);
        if (const auto hash = expression.rfind('#'); hash != std::string_view::npos) expression.remove_prefix(hash + 1);
        if (expression.starts_with(core_base)) expression.remove_prefix(core_base.size());
        return stands_at(place_, expression);
    }

    bool selects(std::string_view expression, bool& decided) {
        path::CompileOptions options;
        options.as_filters = true;
        const auto compiled = path::Expression::compile(expression, options);
        path::Environment environment;
        environment.resource = run_.resource;
        environment.root_resource = run_.root_resource;
        environment.hooks = &run_;
        path::Evaluation evaluation;
        if (compiled) {
            const auto items = evaluation.run(*compiled, run_.resource, environment);
            if (items)
                return std::any_of(items->begin(), items->end(), [&](const path::Item& item) {
                    return item.is_element() && item.element() == place_;
                });
        }
        decided = false;
        run_.not_checked(extension_, "where the extension " + std::string(url_) + " may stand", url_);
        return false;
    }

    void rules(const Profile& definition) {
        if (definition.context_rules.empty()) return;
        static const TypeDef* const type = r4::find_type("Extension");
        const path::Item item(extension_, type);
        const std::pair<std::string_view, std::span<const path::Item>> variables[] = {{"extension", {&item, 1}}};
        path::Environment environment;
        environment.resource = run_.resource;
        environment.root_resource = run_.root_resource;
        environment.hooks = &run_;
        environment.variables = variables;
        path::Evaluation evaluation;
        for (const Rule& rule : definition.context_rules) {
            if (!rule.expression) continue;
            const auto holds = evaluation.test(*rule.expression, path::Item(place_, type_of(place_)), environment);
            if (holds.has_error())
                run_.not_checked(extension_, "the rule for where the extension " + std::string(url_) + " stands", url_);
            else if (!*holds)
                run_.error(IssueCode::extension, extension_,
                           "the extension " + std::string(url_) + " has a rule for what holds it, which is broken",
                           url_);
        }
    }

    Run& run_;
    Element extension_;
    bool is_modifier_;
    std::string_view url_;
    Element place_;
};

}  // namespace

void check_extension(Run& run, Element extension, bool is_modifier) {
    ExtensionCheck(run, extension, is_modifier).run();
}

}  // namespace causeway::fhir
