#include "gateway/patient_index/match/decide.hpp"

#include <algorithm>
#include <array>

#include "gateway/patient_index/match/tables.hpp"

namespace causeway::patient_index::match {
namespace {

constexpr double rarity_bits = 37;   ///< names and birth date so rare together that no further evidence is needed
constexpr int generation_years = 9;  ///< birth years that far apart may be a parent and a child
constexpr int adult_years = 18;

/// The terms that the tests are written in, read off one compared and scored pair.
struct Evidence {
    const Comparison& pair;
    const Score& score;
    const Population& population;
    int this_year;
    std::int8_t given, family, middle, birth, address, sex, ssn, phone, email, id, mother, guardian;

    Evidence(const Comparison& comparison, const Score& scored, const Population& people, int year)
        : pair(comparison),
          score(scored),
          population(people),
          this_year(year),
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
        return number_strong() || ssn == ssn_level::last_four || phone >= phone_level::near || mail_near() ||
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
    bool adult() const { return pair.youngest_birth_year > 0 && this_year - pair.youngest_birth_year >= adult_years; }
    /// Evidence that twins do not share.
    bool personal() const { return number_exact() || mail_exact(); }
    bool given_exact() const { return given == given_level::exact; }
    bool birth_exact() const { return birth == birth_level::exact; }
    bool no_number_conflict() const { return ssn != ssn_level::conflict && id != identifier_level::conflict; }
};

bool rare_enough(const Evidence& e) {
    if (!e.given_exact() || e.family != family_level::exact || !e.birth_exact()) return false;
    if (!(e.middle >= middle_level::initial || (e.address >= address_level::zip && e.phone != phone_level::conflict)))
        return false;
    if (!e.no_number_conflict() || e.middle == middle_level::conflict || e.sex == sex_level::differs) return false;
    const auto bits = [&](Field field) { return e.score[field].weight; };
    return bits(Field::given) + bits(Field::family) + bits(Field::birth_date) + std::max(0., bits(Field::middle)) +
               std::max(0., bits(Field::address)) >=
           rarity_bits;
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

bool score_route_personal(const Evidence& e) {
    if (e.multiple() || e.given == given_level::conflict || e.given == given_level::exact ||
        e.given == given_level::crossed)
        return false;
    if (e.family == family_level::conflict || e.birth < birth_level::one_edit) return false;
    if (e.birth == birth_level::one_edit && e.gap() >= generation_years) return false;
    if (e.given == given_level::weak && !e.number_exact()) return false;
    return (e.number_exact() || (e.mail_exact() && e.adult())) && (e.other() >= 1 || e.mail_exact());
}

bool score_route(const Evidence& e) {
    return e.stable_conflicts() == 0 &&
           (score_route_exact_name(e) || score_route_crossed(e) || score_route_personal(e));
}

/// One spelling is a name, the other one nobody else has: a typing error and not a sister.
bool one_spelling_unknown(const Evidence& e) {
    const auto count = [&](std::string_view name) { return e.population.count(CountedField::given, name); };
    const auto known = [&](std::string_view name, std::uint64_t n) { return known_given_name(name) || n >= 10; };
    const auto n = count(e.pair.given), other = count(e.pair.given_other);
    const bool is_name = known(e.pair.given, n), other_is_name = known(e.pair.given_other, other);
    if (is_name == other_is_name) return false;
    const auto rare = is_name ? other : n, common = is_name ? n : other;
    return rare <= 2 && common >= 5 * std::max<std::uint64_t>(rare, 1);
}

bool typing_error(const Evidence& e) {
    return e.given == given_level::close && e.personal() && e.birth_exact() && e.family >= family_level::close &&
           (e.phone >= phone_level::near || e.street_agrees() || e.mail_near()) && e.no_number_conflict() &&
           e.sex != sex_level::differs && e.middle != middle_level::conflict && one_spelling_unknown(e);
}

bool mail_case(const Evidence& e) {
    return e.mail_exact() && e.birth_exact() && e.family >= family_level::close &&
           (e.given == given_level::close || e.given == missing) && e.adult() && !e.multiple() &&
           e.stable_conflicts() == 0;
}

bool given_agrees(const Evidence& e) {
    using namespace given_level;
    if (e.given == exact || e.given == nickname || e.given == crossed || e.given == crossed_close) return true;
    const bool undecided =
        e.given == weak || e.given == initial || e.given == close || e.given == other_middle || e.given == missing;
    if (undecided && e.number_exact() && e.other() >= 1) return true;
    return mail_case(e) || typing_error(e);
}

bool given_vague_is_carried(const Evidence& e) {
    if (e.given != missing && e.given != given_level::weak) return true;
    return (e.number_exact() && e.birth >= birth_level::one_edit) || mail_case(e);
}

bool crossed_is_carried(const Evidence& e) {
    if (e.given < given_level::crossed) return true;
    if (e.given == given_level::crossed_close && !e.personal()) return false;  // it may be a twin, crossed
    return e.extra() && e.birth >= birth_level::swapped;
}

bool nickname_is_carried(const Evidence& e) {
    return e.given != given_level::nickname || (e.sex != sex_level::differs && e.personal());
}

bool birth_agrees(const Evidence& e) {
    if (e.birth >= birth_level::one_edit) return true;
    const bool named =
        e.given >= given_level::nickname && e.given <= given_level::crossed && e.family >= family_level::close;
    if (e.number_exact() && named) return true;
    return e.birth == birth_level::two_parts && e.given_exact() && e.family >= family_level::close &&
           e.gap() < generation_years && e.stable_conflicts() == 0 &&
           (e.mail_exact() || (e.phone == phone_level::equal && e.street_agrees()));
}

bool generation_is_carried(const Evidence& e) {
    const bool near = e.birth == birth_level::two_parts || e.birth == birth_level::one_edit;
    return !near || e.gap() < generation_years || e.number_exact();
}

bool birth_edit_is_carried(const Evidence& e) {
    if (e.birth != birth_level::one_edit || e.number_strong()) return true;
    return e.given_exact() && (e.phone == phone_level::equal || e.street_agrees() || e.mail_near());
}

bool family_agrees(const Evidence& e) {
    if (e.family >= family_level::close || e.family == missing) return true;
    if (e.number_exact() && e.stable_conflicts() == 0 && e.other() >= 1) return true;
    return e.given_exact() && e.birth_exact() && e.stable_conflicts() == 0 && e.adult() && !e.multiple() &&
           (e.mail_exact() || (e.phone == phone_level::equal && e.address == address_level::full));  // a married name
}

bool family_missing_is_carried(const Evidence& e) {
    if (e.family != missing || e.given >= given_level::crossed) return true;
    return e.number_strong() || (e.given_exact() && e.birth_exact() && e.extra());
}

bool third_evidence(const Evidence& e) { return e.extra() || rare_enough(e); }

bool sex_agrees(const Evidence& e) { return e.sex != sex_level::differs || (e.number_exact() && e.given_exact()); }
bool middle_agrees(const Evidence& e) { return e.middle != middle_level::conflict || e.number_exact(); }
bool few_stable_conflicts(const Evidence& e) {
    return e.stable_conflicts() <= 1 && (e.mother != mother_level::conflict || e.number_exact());
}

bool numbers_agree(const Evidence& e) {
    if (e.no_number_conflict()) return true;
    if (e.ssn == ssn_level::conflict && e.id == identifier_level::conflict) return false;
    return e.number_strong() || (e.given_exact() && e.birth_exact() && e.family >= family_level::close &&
                                 (e.phone == phone_level::equal || e.street_agrees() || e.mail_exact()));
}

struct Rule {
    std::string_view name;
    bool (*holds)(const Evidence&);
};

/// All must hold for an automatic link on the rule route.
constexpr std::array<Rule, 14> rules = {{
    {"given name does not agree", given_agrees},
    {"given name missing or weak", given_vague_is_carried},
    {"given and family name crossed", crossed_is_carried},
    {"nickname without personal evidence", nickname_is_carried},
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

Decision decide(const Comparison& comparison, const Score& score, const Model& model, const Population& population,
                int this_year) {
    if (score.weight < model.review) return {Outcome::no_match, "weight below review"};
    if (comparison.suffix_differs) return {Outcome::review, "suffix differs"};
    if (comparison.birth_order_differs) return {Outcome::review, "birth order differs"};
    if (score.weight < model.automatic) return {Outcome::review, "weight below automatic"};
    const Evidence evidence(comparison, score, population, this_year);
    if (score.weight >= model.score_route && score_route(evidence)) return {Outcome::automatic, "score route"};
    for (const auto& rule : rules)
        if (!rule.holds(evidence)) return {Outcome::review, rule.name};
    return {Outcome::automatic, "rule route"};
}

}  // namespace causeway::patient_index::match
