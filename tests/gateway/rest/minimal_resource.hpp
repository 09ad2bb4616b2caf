#pragma once
#include <string>
#include <string_view>

#include "fhir/r4/tables.hpp"
#include "fhir/terminology/terminology.hpp"

namespace causeway::tests {

/// The smallest valid resources of every type, made from the definitions.
class MinimalResources {
public:
    MinimalResources() : terminology_(fhir::Terminology::built_in()) {}

    /// `extra` is JSON members ("\"a\":1") put in front; `without` names a required top-level element they give.
    std::string make(std::string_view type, const std::string& extra = {}, std::string_view without = {}) const {
        std::string out = R"({"resourceType":")" + std::string(type) + "\"";
        if (!extra.empty()) out += "," + extra;
        members(*fhir::r4::find_type(type), without, out, 0);
        return out + "}";
    }

    /// A reference put where a plain path such as `Appointment.participant.actor` leads; the required elements on the
    /// way come along. Empty if the path is not plain.
    std::string with_reference(std::string_view type, std::string_view path, const std::string& reference) const {
        const auto* const def = fhir::r4::find_type(type);
        if (!path.starts_with(type) || path.size() <= type.size() || path[type.size()] != '.') return {};
        path.remove_prefix(type.size() + 1);
        for (const std::string_view tail :
             {std::string_view(".where("), std::string_view(".as("), std::string_view(" | ")})
            path = path.substr(0, path.find(tail));
        std::string first;
        auto member = at(*def, path, reference, first);
        return member.empty() ? std::string() : make(type, member, first);
    }

private:
    std::string at(const fhir::r4::TypeDef& def, std::string_view path, const std::string& reference,
                   std::string& name_out) const {
        const auto name = path.substr(0, path.find('.'));
        const auto* const element = fhir::r4::find_choice(def, name);
        if (!element) return {};
        name_out = element->name;
        std::size_t which = 0;
        std::string value;
        if (path.size() == name.size()) {
            while (which < element->types.size() && element->types[which]->name != "Reference") ++which;
            if (which == element->types.size()) return {};
            value = R"({"reference":")" + reference + "\"}";
        } else {
            std::string inner_name;
            const auto inner = at(*element->types[0], path.substr(name.size() + 1), reference, inner_name);
            if (inner.empty()) return {};
            value = "{" + inner;
            members(*element->types[0], inner_name, value, 1);
            value += "}";
        }
        if (element->max != 1) value = "[" + value + "]";
        return "\"" + std::string(element->json_names[which]) + "\":" + value;
    }

    void members(const fhir::r4::TypeDef& type, std::string_view without, std::string& out, int depth) const {
        for (const auto& element : type.elements) {
            if (element.min == 0 || element.name == without || depth > 6) continue;
            std::string value;
            append(element, *element.types[0], value, depth);
            if (element.max != 1) value = "[" + value + "]";
            if (out.back() != '{') out += ",";
            out += "\"" + std::string(element.json_names[0]) + "\":" + value;
        }
    }

    void append(const fhir::r4::ElementDef& element, const fhir::r4::TypeDef& type, std::string& out, int depth) const {
        using enum fhir::r4::Primitive;
        switch (type.primitive) {
            case none:
                break;
            case boolean:
                out = "true";
                return;
            case decimal:
            case integer:
            case positive_int:
            case unsigned_int:
                out = "1";
                return;
            case date:
            case date_time:
                out = "\"2026-01-01\"";
                return;
            case instant:
                out = "\"2026-01-01T00:00:00Z\"";
                return;
            case time:
                out = "\"10:00:00\"";
                return;
            case oid:
                out = "\"urn:oid:1.2.3\"";
                return;
            case uuid:
                out = "\"urn:uuid:00000000-0000-4000-8000-000000000000\"";
                return;
            case code: {
                fhir::ExpandOptions one;
                one.count = 1;
                const auto codes = terminology_->expand(element.value_set, one);
                out = "\"" + (codes && !codes->items.empty() ? codes->items[0].code : std::string("x")) + "\"";
                return;
            }
            case xhtml:
                out = R"("<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>")";
                return;
            default:
                out = "\"x\"";
                return;
        }
        if (type.name == "Reference") {
            out = R"({"display":"x"})";
        } else if (type.kind == fhir::r4::TypeKind::resource) {
            out = R"({"resourceType":"Basic","code":{"text":"x"}})";
        } else {
            out = "{";
            members(type, {}, out, depth + 1);
            if (out == "{")  // an element has a value or children beside its id
                out += type.name == "CodeableConcept" ? R"("text":"x")"
                                                      : R"("extension":[{"url":"urn:x","valueBoolean":true}])";
            out += "}";
        }
    }

    std::shared_ptr<const fhir::Terminology> terminology_;
};

}  // namespace causeway::tests
