#include "mappings/engine/difference.hpp"

#include <algorithm>

#include "fhir/json/json.hpp"

namespace causeway::mappings {
namespace {

constexpr std::size_t differences_max = 10'000;

void compare(fhir::Element a, fhir::Element b, const std::string& path, std::vector<Difference>& out) {
    if (out.size() >= differences_max) return;
    const bool both = a && b && a.kind() == b.kind();
    if (!both || a.is_primitive()) {
        if (!both || a.text() != b.text()) out.push_back({path, a, b});
        if (!both) return;
    }
    if (a.is_array()) {
        auto x = a.children().begin(), y = b.children().begin();
        const auto x_end = a.children().end(), y_end = b.children().end();
        for (std::size_t i = 0; x != x_end || y != y_end; ++i) {
            const fhir::Element left = x != x_end ? *x : fhir::Element(), right = y != y_end ? *y : fhir::Element();
            compare(left, right, path + "[" + std::to_string(i) + "]", out);
            if (x != x_end) ++x;
            if (y != y_end) ++y;
        }
        return;
    }
    for (const fhir::Element member : a.children())
        compare(member, b[member.name()], path + "." + std::string(member.name()), out);
    for (const fhir::Element member : b.children())
        if (!a[member.name()]) compare({}, member, path + "." + std::string(member.name()), out);
}

}  // namespace

std::vector<Difference> differences(fhir::Element before, fhir::Element after, const std::string& path) {
    std::vector<Difference> out;
    compare(before, after, path, out);
    return out;
}

std::string brief(fhir::Element element, std::size_t max) {
    if (!element) return "(nothing)";
    std::string text = element.is_primitive() ? std::string(element.text()) : fhir::to_json(element);
    if (text.size() <= max) return text;
    while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xc0) == 0x80) --max;
    return text.substr(0, max) + "...";
}

}  // namespace causeway::mappings
