#include "fhir/path/evaluator.hpp"

namespace causeway::fhir::path {
namespace {

using F = FunctionId;

bool extension(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    const auto url = e.string_argument(step, 0, scope);
    if (!url) return e.good();
    static const r4::TypeDef* const type = r4::find_type("Extension");
    for (const Item& item : input) {
        if (!item.is_element()) continue;
        for (const Element candidate : item.element()["extension"].items()) {
            if (candidate["url"].text() == *url) out.push_back(Item(candidate, type));
        }
    }
    return true;
}

/// The type that a reference's text names: `Patient/1`, `http://host/Patient/1/_history/2`.
const r4::TypeDef* type_named_by(std::string_view reference) {
    if (const std::size_t history = reference.find("/_history/"); history != std::string_view::npos)
        reference = reference.substr(0, history);
    const std::size_t slash = reference.rfind('/');
    if (slash == std::string_view::npos) return nullptr;
    const std::string_view before = reference.substr(0, slash);
    const std::string_view name = before.substr(before.rfind('/') + 1);
    return r4::is_resource_type(name) ? r4::find_type(name) : nullptr;
}

/// A `#id` reference: a contained resource of the resource that stands nearest outside, or `#` for that itself.
Element contained(Element container, std::string_view id) {
    if (id.empty()) return container;
    for (const Element candidate : container["contained"].items()) {
        if (candidate["id"].text() == id) return candidate;
    }
    return {};
}

void resolve(Evaluator& e, const Item& item, Collection& out) {
    if (!item.is_element()) {
        const Element found = item.kind() == ItemKind::string && e.environment().hooks
                                  ? e.environment().hooks->resolve(item.text())
                                  : Element();
        if (found) out.push_back(item_of(found));
        return;
    }
    const Element element = item.element();
    const std::string_view reference = element.is_object() ? element["reference"].text() : element.text();
    if (!reference.empty() && reference.front() == '#') {
        const Element container =
            e.environment().root_resource ? e.environment().root_resource : e.environment().resource;
        if (const Element found = contained(container, reference.substr(1))) out.push_back(item_of(found));
        return;
    }
    if (e.environment().hooks && !reference.empty()) {
        if (const Element found = e.environment().hooks->resolve(reference)) {
            out.push_back(item_of(found));
            return;
        }
    }
    if (!e.environment().resolve_to_type) return;
    const r4::TypeDef* type = type_named_by(reference);
    if (!type && element.is_object()) type = r4::find_type(element["type"].text());
    if (type) out.push_back(Item(Element(), type));
}

bool conforms_to(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    if (input.empty()) return true;
    if (!e.one_or_none(step, input, "conformsTo()")) return false;
    const auto profile = e.string_argument(step, 0, scope);
    if (!profile) return e.good();
    const Item& item = input.front();
    constexpr std::string_view base = "http://hl7.org/fhir/StructureDefinition/";
    if (profile->starts_with(base) && item.type()) {
        if (const r4::TypeDef* const type = r4::find_type(profile->substr(base.size()))) {
            out.push_back(Item::of(r4::is_a(*item.type(), type->name)));
            return true;
        }
    }
    const auto answer =
        e.environment().hooks ? e.environment().hooks->conforms_to(item.element(), *profile) : std::nullopt;
    if (!answer) return e.fail(step, "the profile is not known here", Errc::not_supported);
    out.push_back(Item::of(*answer));
    return true;
}

bool member_of(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    if (input.empty()) return true;
    if (!e.one_or_none(step, input, "memberOf()")) return false;
    const auto value_set = e.string_argument(step, 0, scope);
    if (!value_set) return e.good();
    const auto answer =
        e.environment().hooks ? e.environment().hooks->member_of(input.front(), *value_set) : std::nullopt;
    if (!answer) return e.fail(step, "the value set cannot be expanded here", Errc::not_supported);
    out.push_back(Item::of(*answer));
    return true;
}

/// System and code of a Coding, or of the first coding of a CodeableConcept.
std::pair<std::string_view, std::string_view> coding_of(const Item& item) {
    Element element = item.element();
    if (const Element coding = element["coding"].first()) element = coding;
    return {element["system"].text(), element["code"].text()};
}

bool subsumes(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    Collection other = e.collection();
    if (!e.eval(step.arguments[0], scope, other)) return false;
    if (input.empty() || other.empty()) return true;
    if (!e.one_or_none(step, input, step.text) || !e.one_or_none(step, other, step.text)) return false;
    const auto [system, code] = coding_of(input.front());
    const auto [other_system, other_code] = coding_of(other.front());
    const bool forward = step.function == F::subsumes;
    std::optional<bool> answer;
    if (system != other_system) {
        answer = false;
    } else if (code == other_code) {
        answer = true;
    } else if (e.environment().hooks) {
        answer = e.environment().hooks->subsumes(system, forward ? code : other_code, forward ? other_code : code);
    }
    if (!answer) return e.fail(step, "the code system is not known here", Errc::not_supported);
    out.push_back(Item::of(*answer));
    return true;
}

/// What txt-1 and txt-2 ask of a narrative: only elements and attributes that xhtml in FHIR may have, and some content.
bool narrative_allowed(std::string_view xhtml) {
    for (const std::string_view forbidden :
         {"<script", "<form", "<input", "<iframe", "<object", "<embed", "<base", "<link", "<frame",
          "javascript:", " onclick", " onload", " onerror", " onmouseover", "<head", "<body", "<meta"}) {
        for (std::size_t at = 0; at + forbidden.size() <= xhtml.size(); ++at) {
            std::size_t i = 0;
            while (i < forbidden.size()) {
                char c = xhtml[at + i];
                if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
                if (c != forbidden[i]) break;
                ++i;
            }
            if (i == forbidden.size()) return false;
        }
    }
    bool inside = false;
    for (const char c : xhtml) {
        if (c == '<') inside = true;
        if (!inside && c != ' ' && c != '\n' && c != '\r' && c != '\t') return xhtml.starts_with("<div");
        if (c == '>') inside = false;
    }
    return xhtml.starts_with("<div") && xhtml.find("<img") != std::string_view::npos;
}

bool type(Evaluator& e, const Collection& input, Collection& out) {
    for (const Item& item : input) {
        const std::string name = type_name(item);
        const std::size_t dot = name.find('.');
        void* const place = e.memory().allocate(sizeof(TypeInfo), alignof(TypeInfo));
        const TypeInfo* const info =
            new (place) TypeInfo{e.keep(dot == std::string::npos ? "FHIR" : name.substr(0, dot)),
                                 e.keep(dot == std::string::npos ? name : name.substr(dot + 1))};
        out.push_back(Item::of(info));
    }
    return true;
}

}  // namespace

bool Fhir::call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    switch (step.function) {
        case F::is:
            if (!e.one_or_none(step, input, "is()")) return false;
            if (!input.empty()) out.push_back(Item::of(has_type(input.front(), step.type, false)));
            return true;
        case F::as:
            if (!e.as_filters() && !e.one_or_none(step, input, "as()")) return false;
            for (const Item& item : input) {
                if (has_type(item, step.type, true)) out.push_back(item);
            }
            return true;
        case F::type:
            return type(e, input, out);
        case F::extension:
            return extension(e, step, scope, input, out);
        case F::has_value:
            out.push_back(
                Item::of(input.size() == 1 && (!input.front().is_element() || input.front().element().has_value())));
            return true;
        case F::get_value:
            if (input.size() == 1 && input.front().is_element() && input.front().element().has_value())
                out.push_back(e.value_of(input.front()));
            return true;
        case F::resolve:
            for (const Item& item : input) resolve(e, item, out);
            return true;
        case F::conforms_to:
            return conforms_to(e, step, scope, input, out);
        case F::member_of:
            return member_of(e, step, scope, input, out);
        case F::subsumes:
        case F::subsumed_by:
            return subsumes(e, step, scope, input, out);
        case F::html_checks:
            if (input.empty()) return true;
            if (!e.one_or_none(step, input, "htmlChecks()")) return false;
            out.push_back(Item::of(input.front().is_element() && narrative_allowed(input.front().element().text())));
            return true;
        case F::check_modifiers:
            for (const Item& item : input) {
                if (item.is_element() && item.element()["modifierExtension"])
                    return e.fail(step, "a modifier extension is not known here");
            }
            out.insert(out.end(), input.begin(), input.end());
            return true;
        default:
            return e.fail(step, std::string(step.text) + "() is not built", Errc::not_supported);
    }
}

}  // namespace causeway::fhir::path
