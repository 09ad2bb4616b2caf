#include <algorithm>

#include "fhir/terminology/answer.hpp"

namespace causeway::fhir {

namespace {

bool same_text(std::string_view a, std::string_view b) noexcept {
    const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return fold(x) == fold(y); });
}

bool among(std::string_view display, const std::vector<ConceptDesignation>& names) {
    return std::any_of(names.begin(), names.end(), [&](const auto& name) { return same_text(name.value, display); });
}

/// Options apply to what has been found.
void restrict(CodeAnswer& out, const ValidateCodeOptions& options) {
    if (out.answer != Answer::yes || options.abstract_allowed || !out.is_abstract) return;
    out.answer = Answer::no;
    out.message = "the code only groups others (abstract) and is not valid here";
}

}  // namespace

/// What the system says of a code that is valid: its right display, version and flags. `out.display` may hold the
/// value set's own display already.
void Terminology::describe(std::string_view system, std::string_view version, std::string_view code,
                           CodeAnswer& out) const {
    out.system = system;
    const CodeSystem* known = answering_system(system, version);
    if (!known) known = answering_system(system);
    if (known) {
        out.version = known->version;
        const auto index = known->find(code);
        if (index == Concept::none) return;
        out.is_abstract = known->at(index).is_abstract;
        out.is_inactive = known->at(index).is_inactive;
        if (out.display.empty()) out.display = known->at(index).display;
        return;
    }
    if (!store_) return;
    const auto stored = store_->version_of(system);
    if (!stored) return;
    out.version = *stored;
    if (const auto found = store_->find(system, code)) {
        out.is_abstract = found->is_abstract;
        out.is_inactive = found->inactive;
        if (out.display.empty()) out.display = found->display;
    }
}

CodeAnswer Terminology::validate_code(std::string_view value_set, const CodingView& coding,
                                      const ValidateCodeOptions& options) const {
    if (const ValueSet* found = find_value_set(value_set)) return validate_code(*found, coding, options);
    if (const auto described = this->value_set(value_set)) return validate_code(*described, coding, options);
    CodeAnswer out;
    out.message = "the value set " + std::string(value_set) + " is not loaded";
    return out;
}

CodeAnswer Terminology::validate_code(std::string_view value_set, std::span<const CodingView> codings,
                                      const ValidateCodeOptions& options) const {
    CodeAnswer best;
    best.answer = Answer::no;
    best.message = "there is no coding";
    bool first = true;
    for (const CodingView& coding : codings) {
        CodeAnswer one = validate_code(value_set, coding, options);
        if (one.answer == Answer::yes) return one;
        if (first || (one.answer == Answer::unknown && best.answer == Answer::no)) best = std::move(one);
        first = false;
    }
    return best;
}

CodeAnswer Terminology::validate_code(const ValueSet& value_set, const CodingView& coding,
                                      const ValidateCodeOptions& options) const {
    CodeAnswer out;
    out.answer = contains(value_set, coding.system, coding.code);
    if (out.answer == Answer::unknown) {
        const std::string missing = missing_system(value_set, coding.system, 0);
        out.message = "cannot be decided: " + (missing.empty() ? "the value set has a filter that is not supported"
                                               : find_value_set(missing) ? "the value set " + missing + " is not loaded"
                                                                         : not_loaded(missing));
        return out;
    }
    if (out.answer == Answer::no) {
        out.message = "the code is not in the value set " + std::string(value_set.url);
        return out;
    }
    std::string_view system = coding.system;
    std::string_view version = coding.version;
    for (const auto& part : value_set.parts) {
        if (part.is_exclude || part_contains(part, coding.system, coding.code, 0) != Answer::yes) continue;
        if (system.empty()) system = part.system;
        if (version.empty()) version = part.version;
        if (const auto* entry = part.find(coding.code)) out.display = entry->display;
        break;
    }
    if (const auto wrong = wrong_version(system, coding.version)) {
        out.answer = Answer::unknown;
        out.message = "cannot be decided: " + *wrong;
        return out;
    }
    const std::string own = out.display;
    describe(system, version, coding.code, out);
    if (!coding.display.empty() && !out.display.empty())
        out.display_matches = same_text(coding.display, out.display) || same_text(coding.display, own) ||
                              same_text(coding.display, display_of(system, coding.code)) ||
                              among(coding.display, designations_of(system, coding.code));
    restrict(out, options);
    return out;
}

CodeAnswer Terminology::validate_code(const CodingView& coding, const ValidateCodeOptions& options) const {
    CodeAnswer out;
    if (const auto wrong = wrong_version(coding.system, coding.version)) {
        out.message = *wrong;
        return out;
    }
    out.answer = system_contains(coding.system, coding.code);
    out.system = coding.system;
    if (out.answer == Answer::no) out.message = no_such_code(coding.system);
    if (out.answer == Answer::unknown) out.message = not_loaded(coding.system);
    if (out.answer != Answer::yes) return out;
    describe(coding.system, coding.version, coding.code, out);
    if (!coding.display.empty() && !out.display.empty())
        out.display_matches = same_text(coding.display, out.display) ||
                              among(coding.display, designations_of(coding.system, coding.code));
    restrict(out, options);
    return out;
}

}  // namespace causeway::fhir
