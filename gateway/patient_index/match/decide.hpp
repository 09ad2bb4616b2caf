#pragma once
#include <cstdint>
#include <string_view>

#include "gateway/patient_index/match/score.hpp"

namespace causeway::patient_index::match {

enum class Outcome : std::uint8_t { no_match, review, automatic };
constexpr std::string_view outcome_name(Outcome outcome) {
    return outcome == Outcome::automatic ? "automatic" : outcome == Outcome::review ? "review" : "no_match";
}

/// What the machine says about a pair, and the test that decided it (the name shown to a steward).
struct Decision {
    Outcome outcome = Outcome::no_match;
    std::string_view rule;  ///< a static text: the route of an automatic link, or the test that failed
};

/// A score alone never links: twins, siblings, a parent and a child share almost everything. The rules demand evidence of
/// the person and not only of the household, and one of them stands above all evidence: given names that differ are
/// never joined by the machine (a national number that its own authority assigned apart).
Decision decide(const Comparison& comparison, const Score& score, const Model& model);

}  // namespace causeway::patient_index::match
