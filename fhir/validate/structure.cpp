#include "fhir/validate/structure.hpp"

#include <algorithm>
#include <bit>

#include "fhir/r4/tables.hpp"
#include "fhir/validate/expression.hpp"
#include "fhir/validate/primitive.hpp"

namespace causeway::fhir {

namespace {

using r4::ElementDef;
using r4::MemberDef;
using r4::TypeDef;
using r4::TypeKind;

std::string quoted(std::string_view name) { return '\'' + std::string(name) + '\''; }

class Checker {
public:
    Checker(const StructureOptions& options, Issues& issues) : options_(options), issues_(issues) {}

    void resource(Element element, std::string_view wanted) {
        if (!element.is_object()) return report(element, IssueCode::structure, "a resource must be a JSON object");
        const Element name = element["resourceType"];
        if (name.kind() != Kind::string)
            return report(element, IssueCode::structure, "resourceType is missing: it names the type of the resource");
        const TypeDef* type = resource_type_def(element);
        if (!type) return report(element, IssueCode::structure, "resourceType names no resource type of R4");
        if (!wanted.empty() && name.text() != wanted)
            return report(
                element, IssueCode::structure,
                "a resource of type " + std::string(wanted) + " is wanted here; this is " + std::string(type->name));
        members(element, *type);
    }

private:
    bool full() const { return issues_.size() >= options_.issues_max; }

    void report(Element at, IssueCode code, std::string text) {
        if (!full()) issues_.push_back({Severity::error, code, std::move(text), expression_of(at), "structure"});
        if (full() && !said_full_) {
            said_full_ = true;
            issues_.push_back(
                {Severity::information, IssueCode::too_long, "there are more issues than are listed", "", ""});
        }
    }

    void members(Element element, const TypeDef& type) {
        std::uint64_t seen = 0;
        const bool is_resource = type.kind == TypeKind::resource;
        for (const Element child : element.children()) {
            if (said_full_) return;
            const MemberDef member = r4::find_element(type, child.name());
            if (!member.element) {
                if (is_resource && child.name() == "resourceType" && child.size() == 0 &&
                    !(child.node()->flags & Node::companion_seen))
                    continue;
                unknown(child, type);
                continue;
            }
            const std::uint64_t bit = std::uint64_t{1} << member.order;
            if (seen & bit)
                report(child, IssueCode::structure,
                       quoted(member.element->name) + " may have one type only; it is given with two");
            seen |= bit;
            value(child, member);
        }
        for (std::uint64_t missing = type.required & ~seen; missing != 0; missing &= missing - 1) {
            const ElementDef& wanted = type.elements[static_cast<std::size_t>(std::countr_zero(missing))];
            if (full()) return;
            issues_.push_back(
                {Severity::error, IssueCode::required,
                 quoted(wanted.name) + " is missing: at least " + std::to_string(wanted.min) + " is required",
                 expression_of_missing(element, wanted.name), "structure"});
        }
    }

    void unknown(Element child, const TypeDef& type) {
        std::string text = quoted(child.name()) + " is not an element of " + std::string(type.name);
        if (const ElementDef* choice = r4::find_choice(type, child.name()); choice && choice->is_choice)
            text += "; its name carries its type, as in " + quoted(choice->json_names.front());
        report(child, IssueCode::structure, std::move(text));
    }

    /// A member with its cardinality and the shape that it gives JSON.
    void value(Element child, const MemberDef& member) {
        const ElementDef& element = *member.element;
        if (element.max == 1) {
            if (child.is_array())
                return report(child, IssueCode::structure, quoted(child.name()) + " occurs once at most: no array");
            if (child.node()->flags & Node::explicit_null)
                return report(child, IssueCode::structure, "null is no value; leave the element out");
            return single(child, member);
        }
        if (!child.is_array())
            return report(child, IssueCode::structure, quoted(child.name()) + " may repeat: it must be an array");
        if (child.size() == 0) return report(child, IssueCode::structure, "an empty array; leave the element out");
        if (element.max != 0 && child.size() > element.max)
            report(
                child, IssueCode::structure,
                "found " + std::to_string(child.size()) + ", at most " + std::to_string(element.max) + " are allowed");
        if (child.size() < element.min)
            report(child, IssueCode::required,
                   "found " + std::to_string(child.size()) + ", at least " + std::to_string(element.min) +
                       " are required");
        const auto says_nothing = [](Element item) { return item.kind() == Kind::null && item.size() == 0; };
        if (const auto items = child.children(); std::all_of(items.begin(), items.end(), says_nothing))
            return report(child.item(0), IssueCode::structure, "an array of nulls only; leave the element out");
        for (const Element item : child.children()) single(item, member);
    }

    void single(Element element, const MemberDef& member) {
        const TypeDef& type = *member.type;
        switch (type.kind) {
            case TypeKind::primitive:
                return primitive(element, type);
            case TypeKind::resource:
                return resource(element, type.is_abstract ? std::string_view() : type.name);
            default:
                break;
        }
        if (!element.is_object())
            return report(element, IssueCode::structure, "a " + std::string(type.name) + " is a JSON object");
        if (element.size() == 0) return report(element, IssueCode::structure, "an empty object; leave the element out");
        if (has_only_id(element)) return nothing_but_id(element);
        members(element, type);
    }

    static bool has_only_id(Element element) noexcept { return element.size() == 1 && element.item(0).name() == "id"; }

    void nothing_but_id(Element element) {
        if (full()) return;
        issues_.push_back({Severity::error, IssueCode::invariant,
                           "ele-1: an element has a value or children beside its id", expression_of(element), "ele-1"});
    }

    void primitive(Element element, const TypeDef& type) {
        if (!element.is_primitive())
            return report(element, IssueCode::structure, "a " + std::string(type.name) + " is a single JSON value");
        if (element.has_value()) {
            if (const auto fault = primitive_fault(type.primitive, element); !fault.empty())
                report(element, IssueCode::value, std::string(fault));
            if (type.primitive == r4::Primitive::xhtml && has_active_content(element.text()))
                issues_.push_back({Severity::error, IssueCode::invariant,
                                   "txt-1: a narrative has no active content (scripts, forms, embedded objects)",
                                   expression_of(element), "txt-1"});
        } else if (element.size() == 0) {
            return report(element, IssueCode::structure, "a null that no extension explains; leave the element out");
        } else if (has_only_id(element)) {
            return nothing_but_id(element);
        }
        if (element.size() != 0)
            members(element, type);
        else if (element.node()->flags & Node::companion_seen)
            report(element, IssueCode::structure, "an empty companion object; leave it out");
    }

    const StructureOptions& options_;
    Issues& issues_;
    bool said_full_ = false;
};

}  // namespace

Issues validate_structure(const Document& document, const StructureOptions& options) {
    return validate_structure(document.root(), options);
}

Issues validate_structure(Element resource, const StructureOptions& options) {
    Issues issues;
    Checker(options, issues).resource(resource, options.resource_type);
    return issues;
}

}  // namespace causeway::fhir
