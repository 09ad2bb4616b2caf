#pragma once
#include <string>
#include <string_view>

#include "fhir/terminology/terminology.hpp"

namespace causeway::fhir {

// Three-valued logic of answers, and the sentences that several of the operations say. For terminology/*.cpp only.

inline Answer answer(bool yes) noexcept { return yes ? Answer::yes : Answer::no; }
inline Answer negated(Answer a) noexcept { return a == Answer::unknown ? a : answer(a == Answer::no); }
inline Answer both(Answer a, Answer b) noexcept {
    if (a == Answer::no || b == Answer::no) return Answer::no;
    return a == Answer::yes && b == Answer::yes ? Answer::yes : Answer::unknown;
}
inline Answer either(Answer a, Answer b) noexcept {
    if (a == Answer::yes || b == Answer::yes) return Answer::yes;
    return a == Answer::no && b == Answer::no ? Answer::no : Answer::unknown;
}

inline Error not_found(std::string message) { return {Errc::unknown_name, std::move(message), "", 0, 0, 0}; }
/// How to load what is not there.
std::string not_loaded(std::string_view system);
inline std::string no_such_code(std::string_view system) {
    return "the code system " + std::string(system) + " has no such code";
}

constexpr unsigned imports_deep_max = 16;

}  // namespace causeway::fhir
