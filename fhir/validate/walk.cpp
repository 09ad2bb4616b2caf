#include <algorithm>
#include <unordered_set>

#include "fhir/validate/expression.hpp"
#include "fhir/validate/run.hpp"

namespace causeway::fhir {

namespace {

using r4::BindingStrength;
using r4::ElementDef;
using r4::MemberDef;
using r4::TypeDef;
using r4::TypeKind;

struct KnownTypes {
    const TypeDef* reference = r4::find_type("Reference");
    const TypeDef* coding = r4::find_type("Coding");
    const TypeDef* extension = r4::find_type("Extension");
    const TypeDef* identifier = r4::find_type("Identifier");
    const TypeDef* attachment = r4::find_type("Attachment");
    const TypeDef* domain_resource = r4::find_type("DomainResource");
    const TypeDef* bundle = r4::find_type("Bundle");
};

const KnownTypes& known() {
    static const KnownTypes types;
    return types;
}

constexpr std::string_view languages = "http://hl7.org/fhir/ValueSet/languages";
constexpr std::string_view all_languages = "http://hl7.org/fhir/ValueSet/all-languages";

/// One pass over a resource by R4's types: invariants, bindings, references, narrative, extensions; then its profiles.
class Walker {
public:
    explicit Walker(Run& run) : run_(run) {}

    void resource(Element element, bool contained) {
        const TypeDef* type = resource_type_def(element);
        if (!type || run_.full()) return;
        const Run::Focus focus(run_, element, contained ? run_.root_resource : element);
        auto outer_ids = std::exchange(ids_, {});
        std::unique_ptr<BundleIndex> outer;
        if (type == known().bundle) {
            outer = std::exchange(run_.bundle, std::make_unique<BundleIndex>(element));
            check_bundle(run_, element);
        }
        type_rules(element, *type);
        check_definition(run_, element);
        members(element, *type);
        if (element["contained"]) contained_ids(element);
        profiles(element, *type);
        if (type == known().bundle) run_.bundle = std::move(outer);
        ids_ = std::move(outer_ids);
    }

private:
    void type_rules(Element element, const TypeDef& type) {
        for (const TypeDef* at = &type; at; at = at->base) {
            const auto& rules = run_.data.rules->of_type(*at);
            if (rules.empty()) continue;
            if (at != known().domain_resource) {
                run_.apply(rules, element, &type);
                continue;
            }
            for (const Rule& rule : rules) {
                const bool practice = rule.key == "dom-6";
                if (practice ? run_.options.best_practice && run_.resource == run_.root_resource
                             : bool(element["contained"]))
                    run_.apply({&rule, 1}, element, &type);
            }
        }
    }

    void members(Element element, const TypeDef& type) {
        for (const Element child : element.children()) {
            if (run_.full()) return;
            const MemberDef member = r4::find_element(type, child.name());
            if (!member.element) continue;
            if (member.element->is_attribute && child.name() == "id") element_id(child);
            for (const Element item : child.items()) value(item, member);
        }
    }

    /// Ids of elements are once in a resource. A StructureDefinition has each of them in snapshot and differential.
    void element_id(Element id) {
        if (run_.resource.resource_type() == "StructureDefinition") return;
        if (!ids_.insert(id.text()).second)
            run_.error(IssueCode::duplicate, id, "another element of the resource has the same id", "id");
    }

    void value(Element item, const MemberDef& member) {
        const TypeDef& type = *member.type;
        const ElementDef& element = *member.element;
        if (type.kind == TypeKind::resource) {
            if (item.is_object()) resource(item, element.name == "contained");
            return;
        }
        if (type.kind == TypeKind::primitive ? !item.is_primitive() : !item.is_object()) return;
        if (const auto* rules = run_.data.rules->of_element(element)) run_.apply(*rules, item, &type);
        if (element.binding >= BindingStrength::preferred) binding(item, element);
        if (type.kind == TypeKind::primitive) {
            if (type.primitive == r4::Primitive::xhtml) check_narrative(run_, item);
            if (item.size() != 0) members(item, type);
            return;
        }
        type_rules(item, type);
        if (&type == known().reference) check_reference(run_, item, element);
        if (&type == known().coding) check_coding(run_, item);
        if (&type == known().identifier) identifier(item);
        if (&type == known().attachment) attachment(item);
        if (r4::is_a(type, "Quantity")) quantity(item);
        if (&type == known().extension) check_extension(run_, item, element.name == "modifierExtension");
        members(item, type);
    }

    void binding(Element item, const ElementDef& element) {
        check_binding(run_, item, element.binding, run_.data.rules->value_set(element), element.value_set, "binding");
        // R4 states a widest value set only where it prefers the common languages.
        if (element.value_set == languages && has_code(item))
            check_binding(run_, item, BindingStrength::required, run_.data.terminology->find_value_set(all_languages),
                          all_languages, "binding");
    }

    void identifier(Element item) {
        const auto system = item["system"].text();
        const Element value = item["value"];
        if (system == "urn:ietf:rfc:3986" && value.has_value() && value.text().find(':') == std::string_view::npos)
            run_.error(IssueCode::value, value, "an identifier of the system urn:ietf:rfc:3986 is an absolute URI",
                       "identifier");
        if (!system.empty() && system.find(':') == std::string_view::npos)
            run_.error(IssueCode::value, item["system"],
                       "the system of an identifier is an absolute URI; this is relative", "identifier");
    }

    /// R4 binds no unit, so one that UCUM does not have is a warning.
    void quantity(Element item) {
        const Element code = item["code"];
        if (item["system"].text() != "http://unitsofmeasure.org" || !code.has_value() || run_.quiet()) return;
        if (run_.data.terminology->validate_code({item["system"].text(), code.text()}).answer == Answer::no)
            run_.report(Severity::warning, IssueCode::code_invalid, code, "the code is no unit of UCUM", "quantity");
    }

    void attachment(Element item) {
        const auto data = item["data"].text();
        const Element size = item["size"];
        if (data.empty() || !size.has_value()) return;
        const auto letter = [](char c) { return c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '='; };
        const auto bytes = static_cast<std::size_t>(std::count_if(data.begin(), data.end(), letter)) * 3 / 4;
        if (size.text() != std::to_string(bytes))
            run_.error(IssueCode::value, size, "the size is not that of the data", "attachment");
    }

    void contained_ids(Element element) {
        for (const Element one : element["contained"].items()) {
            const auto id = one["id"].text();
            if (id.empty()) {
                run_.missing(one, "id", "a contained resource has an id: nothing can refer to it without", "contained");
                continue;
            }
            for (const Element other : element["contained"].items()) {
                if (other == one) break;
                if (other["id"].text() != id) continue;
                run_.error(IssueCode::duplicate, one["id"], "another contained resource has the same id", "contained");
                break;
            }
        }
    }

    void profiles(Element element, const TypeDef& type) {
        const std::vector<std::string>& asked = run_.options.profiles;
        const bool top = element == run_.root;
        if (run_.options.meta_profiles)
            for (const Element url : element["meta"]["profile"].items())
                if (!top || std::find(asked.begin(), asked.end(), url.text()) == asked.end())
                    profile(element, type, url.text());
        if (top)
            for (const std::string& url : asked) profile(element, type, url);
        const auto vital = vital_sign_profile(element);
        if (!vital.empty() && !(top && std::find(asked.begin(), asked.end(), vital) != asked.end()) &&
            !(run_.options.meta_profiles && names_profile(element, vital)))
            profile(element, type, vital);
    }

    static bool names_profile(Element element, std::string_view wanted) {
        const auto urls = element["meta"]["profile"].items();
        return std::any_of(urls.begin(), urls.end(), [&](Element url) { return url.text() == wanted; });
    }

    void profile(Element element, const TypeDef& type, std::string_view url) {
        if (url.empty()) return;
        if (const TypeDef* core = core_type(url)) {
            if (!r4::is_a(type, core->name))
                run_.error(
                    IssueCode::structure, element,
                    "the profile " + std::string(url) + " is of another type; this is a " + std::string(type.name),
                    url);
            return;
        }
        const auto found = run_.data.definitions->find(url);
        if (found.profile) return check_profile(run_, element, type, *found.profile);
        if (found.fault.empty())
            run_.not_checked(element, "the profile " + std::string(url) + " is not loaded", url);
        else
            run_.not_checked(element, "the profile " + std::string(url) + ": " + std::string(found.fault), url);
    }

    Run& run_;
    std::unordered_set<std::string_view> ids_ = {};  ///< of elements of the resource being checked
};

}  // namespace

void walk_resource(Run& run, Element resource, bool contained) { Walker(run).resource(resource, contained); }

}  // namespace causeway::fhir
