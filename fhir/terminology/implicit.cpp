#include "fhir/terminology/implicit.hpp"

#include <algorithm>

namespace causeway::fhir {

namespace {

bool is_digits(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view trimmed(std::string_view text) noexcept {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

/// In a URL the operators may be percent-encoded; a copy would have to be owned, so they are read in place.
bool take(std::string_view& text, std::string_view plain, std::string_view encoded) noexcept {
    if (text.starts_with(plain)) {
        text.remove_prefix(plain.size());
        return true;
    }
    if (text.starts_with(encoded)) {
        text.remove_prefix(encoded.size());
        return true;
    }
    return false;
}

ValueSet set_of(std::string_view url, std::string_view system) {
    ValueSet out;
    out.url = url;
    out.parts.emplace_back().system = system;
    return out;
}

std::optional<ValueSet> snomed_set(std::string_view canonical, std::string_view kind) {
    ValueSet out = set_of(canonical, snomed_url);
    if (kind.empty()) return out;
    if (kind[0] != '=') return std::nullopt;
    kind.remove_prefix(1);
    if (kind.starts_with("isa/")) {
        if (!is_digits(kind.substr(4))) return std::nullopt;
        out.parts[0].filters.push_back({"concept", "is-a", kind.substr(4)});
    } else if (kind.starts_with("refset/")) {
        if (!is_digits(kind.substr(7))) return std::nullopt;
        out.parts[0].filters.push_back({"concept", "in", kind.substr(7)});
    } else if (kind.starts_with("ecl/")) {
        const auto filter = simple_expression(kind.substr(4));
        if (!filter) return std::nullopt;
        if (!filter->op.empty()) out.parts[0].filters.push_back(*filter);
    } else {
        return std::nullopt;
    }
    return out;
}

}  // namespace

std::optional<ValueSet::Filter> simple_expression(std::string_view text) noexcept {
    text = trimmed(text);
    if (text == "*") return ValueSet::Filter{};
    ValueSet::Filter out{"concept", "=", {}};
    const auto spaces = [&] {
        while (take(text, " ", "%20")) {
        }
    };
    if (take(text, "<<", "%3C%3C"))
        out.op = "is-a";
    else if (take(text, "<", "%3C"))
        out.op = "descendent-of";
    else if (take(text, "^", "%5E"))
        out.op = "in";
    spaces();
    const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
    out.value = text.substr(0, end);
    text.remove_prefix(end);
    spaces();
    if (take(text, "|", "%7C")) {  // a term for people
        const auto bar = std::min(text.find('|'), text.find("%7C"));
        if (bar == std::string_view::npos) return std::nullopt;
        text.remove_prefix(bar);
        take(text, "|", "%7C");
    }
    return text.empty() && is_digits(out.value) ? std::optional(out) : std::nullopt;
}

std::optional<ValueSet> implicit_value_set(std::string_view canonical) {
    if (canonical.starts_with(snomed_url)) {
        auto rest = canonical.substr(snomed_url.size());
        // an edition, e.g. /900000000000207008/version/20240101: the loaded one answers
        const auto question = rest.find("?fhir_vs");
        if (question == std::string_view::npos || (question > 0 && rest[0] != '/')) return std::nullopt;
        return snomed_set(canonical, rest.substr(question + 8));
    }
    constexpr std::string_view loinc_sets = "http://loinc.org/vs";
    if (canonical.starts_with(loinc_sets)) {
        const auto rest = canonical.substr(loinc_sets.size());
        ValueSet out = set_of(canonical, loinc_url);
        if (rest.empty()) return out;
        if (!rest.starts_with("/LL") && !rest.starts_with("/LP")) return std::nullopt;
        if (rest.starts_with("/LL"))
            out.parts[0].filters.push_back({"LIST", "=", rest.substr(1)});
        else
            out.parts[0].filters.push_back({"concept", "is-a", rest.substr(1)});
        return out;
    }
    return std::nullopt;
}

}  // namespace causeway::fhir
