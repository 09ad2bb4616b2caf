#include "fhir/profile/pattern.hpp"

#include "fhir/model/document.hpp"

namespace causeway::fhir {

bool matches_fixed(Element value, Element fixed) { return same_content_in_any_order(value, fixed); }

bool matches_pattern(Element value, Element pattern) {
    if (!value || value.kind() != pattern.kind()) return false;
    if (pattern.is_array()) {
        for (const Element wanted : pattern.children()) {
            bool found = false;
            for (const Element item : value.children()) found = found || matches_pattern(item, wanted);
            if (!found) return false;
        }
        return true;
    }
    if (value.text() != pattern.text()) return false;
    for (const Element member : pattern.children())
        if (!matches_pattern(value[member.name()], member)) return false;
    return true;
}

}  // namespace causeway::fhir
