#include "fhir/validate/run.hpp"

namespace causeway::fhir {

namespace {

using r4::BindingStrength;

Answer either(Answer a, Answer b) noexcept {
    if (a == Answer::yes || b == Answer::yes) return Answer::yes;
    return a == Answer::unknown || b == Answer::unknown ? Answer::unknown : Answer::no;
}

/// A code alone means nothing: a Coding without system is in no value set.
Answer coding_in(const Terminology& terminology, const ValueSet& set, Element coding) {
    if (!coding["code"].has_value() || !coding["system"].has_value()) return Answer::no;
    return terminology.contains(set, coding["system"].text(), coding["code"].text());
}

/// The first system of the codes given that is not loaded.
std::string_view unknown_system(const Terminology& terminology, Element coded) {
    const auto unknown = [&](Element coding) {
        return coding["code"].has_value() &&
               terminology.validate_code({coding["system"].text(), coding["code"].text()}).answer == Answer::unknown;
    };
    for (const Element coding : coded["coding"].items())
        if (unknown(coding)) return coding["system"].text();
    return coded["code"] && unknown(coded) ? coded["system"].text() : std::string_view();
}

std::string load_it(std::string_view system) {
    return "the code system " + (system.empty() ? std::string("that decides") : std::string(system)) +
           " is not loaded; load it with `causeway terminology import`";
}

}  // namespace

bool has_code(Element coded) {
    if (coded.has_value()) return true;
    for (const Element coding : coded["coding"].items())
        if (coding["code"].has_value()) return true;
    return coded["code"].has_value();
}

Answer bound(const Terminology& terminology, const ValueSet& set, Element coded) {
    if (coded.has_value()) return terminology.contains(set, {}, coded.text());
    if (const Element codings = coded["coding"]) {
        Answer found = Answer::no;
        for (const Element coding : codings.items())
            if (coding["code"].has_value()) found = either(found, coding_in(terminology, set, coding));
        return found;
    }
    return coding_in(terminology, set, coded);
}

void check_binding(Run& run, Element coded, BindingStrength strength, const ValueSet* set, std::string_view url,
                   std::string_view rule) {
    if (strength < BindingStrength::preferred || !coded) return;
    const bool required = strength == BindingStrength::required;
    const bool preferred = strength == BindingStrength::preferred;
    const auto severity = required ? Severity::error : preferred ? Severity::information : Severity::warning;
    if (!has_code(coded)) {
        if (coded.is_primitive())
            return;  // an extension says why there is no value; the structure asks for one of both
        const bool is_quantity = coded.is_object() && !coded["coding"] && (coded["value"] || coded["unit"]);
        if (coded.size() == 0 || is_quantity || preferred) return;
        if (!required && coded["extension"]) return;
        run.report(severity, IssueCode::code_invalid, coded,
                   "there is no code; one of the value set " + std::string(url) +
                       (required ? " is required" : " should be given if one fits"),
                   rule);
        return;
    }
    if (!set) {
        if (!preferred) run.not_checked(coded, "the value set " + std::string(url) + " is not loaded", rule);
        return;
    }
    switch (bound(*run.data.terminology, *set, coded)) {
        case Answer::yes:
            return;
        case Answer::no:
            run.report(severity, IssueCode::code_invalid, coded,
                       "the code is not in the value set " + std::string(url) +
                           (required    ? ", which is required"
                            : preferred ? ", which is preferred"
                                        : "; one of it should be used if it fits"),
                       rule);
            return;
        case Answer::unknown:
            if (!run.quiet() && !preferred)
                run.not_checked(
                    coded,
                    "the value set " + std::string(url) + ": " + load_it(unknown_system(*run.data.terminology, coded)),
                    rule);
            return;
    }
}

void check_coding(Run& run, Element coding) {
    const auto system = coding["system"].text();
    const auto code = coding["code"].text();
    if (!system.empty() && system.find(':') == std::string_view::npos)
        return run.error(IssueCode::value, coding["system"],
                         "the system of a coding is an absolute URI; this is relative", "coding");
    if (!system.empty() && run.data.terminology->find_value_set(system) && !run.data.terminology->find_system(system))
        return run.error(IssueCode::code_invalid, coding["system"],
                         "the system of a coding is a code system; this is a value set", "coding");
    if (code.empty() || run.quiet()) return;
    if (system.empty()) {
        run.report(Severity::warning, IssueCode::code_invalid, coding, "a code without its system has no meaning",
                   "coding");
        return;
    }
    const Terminology& terminology = *run.data.terminology;
    const CodeSystem* known = terminology.find_system(system);
    if (known && known->is_complete()) {
        const auto index = known->find(code);
        if (index == Concept::none)
            return run.error(IssueCode::code_invalid, coding["code"],
                             "the code system " + std::string(system) + " has no such code", "coding");
        const Concept& entry = known->at(index);
        if (entry.is_abstract && coding["userSelected"].text() == "true")
            run.report(Severity::warning, IssueCode::code_invalid, coding["code"],
                       "an abstract code is not selected by users", "coding");
    }
    const auto display = coding["display"].text();
    if (known && display.empty()) return;
    const auto answer = terminology.validate_code({system, code, {}, display});
    if (!known && answer.answer == Answer::no)
        run.error(IssueCode::code_invalid, coding["code"],
                  "the code system " + std::string(system) + " has no such code", "coding");
    if (answer.answer == Answer::yes && !answer.display_matches)
        run.report(Severity::warning, IssueCode::value, coding["display"],
                   "the display is not the one that " + std::string(system) + " gives the code", "coding");
    if (answer.answer == Answer::unknown && !known) run.unknown_system(coding, system);
}

}  // namespace causeway::fhir
