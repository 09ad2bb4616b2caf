#include "gateway/patient_index/match/decide.hpp"

#include <algorithm>
#include <array>

#include "gateway/patient_index/match/tables.hpp"

namespace causeway::patient_index::match {
namespace {

constexpr double rarity_bits = 36;   ///< of given name, family name and birth date, if they stand alone
constexpr double rarity_odds = 16;   ///< the same as odds against the number of records
constexpr double middle_bits = 3;    ///< less are wanted where the middle names agree, and they count too
constexpr int generation_years = 9;  ///< birth years that far apart may be a parent and a child
constexpr int typed_years = 2;       ///< two people of one name and one address are further apart

/// The terms that the tests are written in, read off one compared and scored pair.
struct Evidence {
    const Comparison& pair;
    const Score& score;
    std::int8_t given, family, middle, birth, address, sex, ssn, phone, email, id, mother, guardian;

    Evidence(const Comparison& comparison, const Score& scored)
        : pair(comparison),
          score(scored),
          given(level(Field::given)),
          family(level(Field::family)),
          middle(level(Field::middle)),
          birth(level(Field::birth_date)),
          address(level(Field::address)),
          sex(level(Field::sex)),
          ssn(level(Field::ssn)),
          phone(level(Field::phone)),
          email(level(Field::email)),
          id(level(Field::identifier)),
          mother(level(Field::mother)),
          guardian(level(Field::guardian)) {}

    std::int8_t level(Field field) const { return pair.levels[field]; }

    bool number_exact() const { return ssn == ssn_level::exact || id == identifier_level::equal; }
    bool number_strong() const { return number_exact() || ssn == ssn_level::one_edit; }
    bool parents_equal() const { return mother == mother_level::equal && guardian == mother_level::equal; }
    bool mail_exact() const { return email == email_level::equal; }
    bool mail_near() const { return email >= email_level::near; }
    bool street_agrees() const { return address >= address_level::house_similar_street; }
    /// A third kind of evidence beside name and birth date.
    bool extra() const {
        return number_strong() || ssn == ssn_level::last_four || phone >= phone_level::near || mail_exact() ||
               address >= address_level::house_zip || parents_equal();
    }
    int other() const {
        return (phone >= phone_level::near) + mail_near() + (address >= address_level::house_zip) +
               (middle >= middle_level::initial) + (mother == mother_level::equal) + (guardian == mother_level::equal) +
               (ssn >= ssn_level::one_edit && id == identifier_level::equal);
    }
    /// Conflicts in what does not change in a life.
    int stable_conflicts() const {
        return (middle == middle_level::conflict) + (mother == mother_level::conflict) +
               (guardian == mother_level::conflict) + (sex == sex_level::differs) + (id == identifier_level::conflict) +
               (ssn == ssn_level::conflict);
    }
    int gap() const { return pair.birth_year_gap; }
    bool multiple() const { return pair.multiple_birth; }
    bool given_exact() const { return given == given_level::exact; }
    bool birth_exact() const { return birth == birth_level::exact; }
    bool no_number_conflict() const { return ssn != ssn_level::conflict && id != identifier_level::conflict; }
};

/// Name and birth date so rare together that nobody else can have them, among as many records as there are.
bool rare_enough(const Evidence& e) {
    if (!e.given_exact() || e.family != family_level::exact || !e.birth_exact()) return false;
    if (!e.no_number_conflict() || e.middle == middle_level::conflict || e.sex == sex_level::differs) return false;
    const auto bits = [&](Field field) { return e.score[field].weight; };
    const double together = bits(Field::given) + bits(Field::family) + bits(Field::birth_date);
    const double wanted = std::max(rarity_bits, rarity_odds - e.score.prior);
    if (e.middle >= middle_level::initial) return together + std::max(0., bits(Field::middle)) >= wanted - middle_bits;
    // namesakes live near one another, and one who is registered twice at one time agrees in the street as well
    return together >= wanted && e.address != address_level::zip;
}

bool score_route_exact_name(const Evidence& e) {
    const bool birth =
        e.birth == birth_level::exact || e.birth == birth_level::swapped ||
        ((e.birth == birth_level::two_parts || e.birth == birth_level::one_edit) && e.gap() < generation_years);
    if (!e.given_exact() || !birth || e.family == family_level::conflict) return false;
    return e.extra() || rare_enough(e) || e.middle == middle_level::exact ||
           (e.middle == middle_level::initial && e.address != address_level::conflict &&
            e.phone != phone_level::conflict);
}

bool score_route_crossed(const Evidence& e) {
    return e.given == given_level::crossed && e.birth >= birth_level::one_edit &&
           (e.extra() || e.address >= address_level::city);
}

bool score_route(const Evidence& e) {
    return e.stable_conflicts() == 0 && (score_route_exact_name(e) || score_route_crossed(e));
}

/// Twins share all but their given names, and a parent who names them alike is no rarity: whatever else agrees, two
/// given names that differ, if only by a letter, a pet form or an initial, are joined by a person and not by the machine.
bool given_names_are_one(const Evidence& e) { return e.given == given_level::exact || e.given == given_level::crossed; }

/// The authority of a national number says itself that the two are one; it may be mistaken about twins too.
bool national_number_decides(const Evidence& e) {
    return e.pair.national_number_equal && e.given != given_level::conflict && e.sex != sex_level::differs &&
           (e.given_exact() || !e.multiple()) && e.middle != middle_level::conflict;
}

bool crossed_is_carried(const Evidence& e) {
    return e.given != given_level::crossed || (e.extra() && e.birth >= birth_level::swapped);
}

/// Where somebody lives and is called: two kinds of it, or one and a number.
bool reached_alike(const Evidence& e) {
    return (e.phone == phone_level::equal) + e.street_agrees() + e.mail_exact() + (e.ssn >= ssn_level::last_four) >= 2;
}

bool birth_agrees(const Evidence& e) {
    if (e.birth >= birth_level::one_edit) return true;
    if (e.number_exact() && e.family >= family_level::close) return true;
    if (!e.given_exact() || e.family < family_level::close || e.stable_conflicts() > 0) return false;
    if (e.birth == birth_level::two_parts && e.gap() < generation_years && e.mail_exact()) return true;
    return e.gap() <= typed_years && e.birth != missing && reached_alike(e);
}

bool generation_is_carried(const Evidence& e) {
    const bool near = e.birth == birth_level::two_parts || e.birth == birth_level::one_edit;
    return !near || e.gap() < generation_years || e.number_exact();
}

bool birth_edit_is_carried(const Evidence& e) {
    if (e.birth != birth_level::one_edit || e.number_strong()) return true;
    return e.given_exact() && (e.phone == phone_level::equal || e.street_agrees() || e.mail_exact());
}

bool family_agrees(const Evidence& e) {
    if (e.family >= family_level::close || e.family == missing) return true;
    if (e.number_exact() && e.stable_conflicts() == 0 && e.other() >= 1) return true;
    // a married name
    return e.given_exact() && e.birth_exact() && e.stable_conflicts() == 0 && !e.multiple() &&
           (e.mail_exact() || e.phone == phone_level::equal);
}

bool family_missing_is_carried(const Evidence& e) {
    if (e.family != missing || e.given >= given_level::crossed) return true;
    return e.number_strong() || (e.given_exact() && e.birth_exact() && e.extra());
}

bool third_evidence(const Evidence& e) { return e.extra() || rare_enough(e); }

bool sex_agrees(const Evidence& e) {
    if (e.sex != sex_level::differs) return true;
    // boy and girl twins of like names share the address, the phone and their mother's e-mail
    return e.given_exact() &&
           (e.number_exact() || (e.birth_exact() && e.family == family_level::exact && e.ssn == ssn_level::last_four));
}
bool middle_agrees(const Evidence& e) { return e.middle != middle_level::conflict || e.number_exact(); }
bool few_stable_conflicts(const Evidence& e) {
    return e.stable_conflicts() <= 1 && (e.mother != mother_level::conflict || e.number_exact());
}

bool numbers_agree(const Evidence& e) {
    if (e.no_number_conflict()) return true;
    if (e.ssn == ssn_level::conflict && e.id == identifier_level::conflict) return false;
    // a household shares its street and its phone: without the middle name or an e-mail they do not outweigh a number
    return e.number_strong() || (e.given_exact() && e.birth_exact() && e.family >= family_level::close &&
                                 (e.mail_exact() || (e.middle >= middle_level::initial &&
                                                     (e.phone == phone_level::equal || e.street_agrees()))));
}

struct Rule {
    std::string_view name;
    bool (*holds)(const Evidence&);
};

/// All must hold for an automatic link on the rule route.
constexpr std::array<Rule, 11> rules = {{
    {"given and family name crossed", crossed_is_carried},
    {"birth date does not agree", birth_agrees},
    {"birth dates a generation apart", generation_is_carried},
    {"birth date edited", birth_edit_is_carried},
    {"family name does not agree", family_agrees},
    {"family name missing", family_missing_is_carried},
    {"no third evidence", third_evidence},
    {"sex differs", sex_agrees},
    {"middle name differs", middle_agrees},
    {"stable values differ", few_stable_conflicts},
    {"numbers differ", numbers_agree},
}};

}  // namespace

Decision decide(const Comparison& comparison, const Score& score, const Model& model) {
    if (score.weight < model.review) return {Outcome::no_match, "weight below review"};
    if (comparison.suffix_differs) return {Outcome::review, "suffix differs"};
    if (comparison.birth_order_differs) return {Outcome::review, "birth order differs"};
    if (comparison.ssns_in_a_row) return {Outcome::review, "numbers were given one after the other"};
    const Evidence evidence(comparison, score);
    if (national_number_decides(evidence)) return {Outcome::automatic, "national number"};
    if (!given_names_are_one(evidence)) return {Outcome::review, "given names differ"};
    if (evidence.ssn != ssn_level::exact && names_exchanged(comparison))
        return {Outcome::review, "names look exchanged"};
    if (score.weight < model.automatic) return {Outcome::review, "weight below automatic"};
    if (score.weight >= model.score_route && score_route(evidence)) return {Outcome::automatic, "score route"};
    for (const auto& rule : rules)
        if (!rule.holds(evidence)) return {Outcome::review, rule.name};
    return {Outcome::automatic, "rule route"};
}

}  // namespace causeway::patient_index::match
