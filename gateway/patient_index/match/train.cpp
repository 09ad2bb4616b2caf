#include "gateway/patient_index/match/train.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "gateway/patient_index/match/compare.hpp"

namespace causeway::patient_index::match {
namespace {

using RecordNumber = BlockIndex::RecordNumber;
using Counts = std::array<std::array<double, level_count_max>, field_count>;

constexpr double assumed_recall = .8;
constexpr double u_prior = 200, m_prior = 100;
constexpr unsigned em_rounds_max = 60;
constexpr double em_stop = 1e-5;
constexpr std::uint64_t session_pairs_min = 30;
constexpr double session_rate_min = .01;
constexpr std::uint64_t scored_pairs_max = 400'000;

/// Small, seeded, the same everywhere (the standard's distributions are not).
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }
    std::uint64_t below(std::uint64_t n) { return next() % n; }

private:
    std::uint64_t state_;
};

/// Pairs with the same levels, counted: EM runs over patterns, not over pairs.
struct Pattern {
    Levels levels;
    double pairs = 0;
};

struct Pair {
    RecordNumber a, b;
};

bool name_agrees(const Levels& l) {
    const auto given = l[Field::given];
    return given >= given_level::nickname && given <= given_level::crossed &&
           (l[Field::family] >= family_level::part || given == given_level::crossed);
}

/// Pairs that a clerk would call one person without thinking: they give the match rate to start from.
bool plainly_one_person(const Levels& l) {
    const bool ssn = l[Field::ssn] == ssn_level::exact, mail = l[Field::email] == email_level::equal;
    return (name_agrees(l) && l[Field::birth_date] == birth_level::exact) ||
           (ssn && (name_agrees(l) || l[Field::birth_date] >= birth_level::one_edit)) || (mail && name_agrees(l));
}

struct SessionPlan {
    std::string_view name;
    bool (*condition)(const Levels&);
    std::array<Field, 2> left_out;
};

/// Never on a phone or an address alone: those pairs are mostly relatives.
constexpr std::array<SessionPlan, 6> session_plans = {{
    {"birth date",
     [](const Levels& l) { return l[Field::birth_date] == birth_level::exact; },
     {Field::birth_date, Field::birth_date}},
    {"name",
     [](const Levels& l) { return l[Field::given] == given_level::exact && l[Field::family] == family_level::exact; },
     {Field::given, Field::family}},
    {"number",
     [](const Levels& l) {
         return l[Field::ssn] == ssn_level::exact || l[Field::identifier] == identifier_level::equal;
     },
     {Field::ssn, Field::identifier}},
    {"email",
     [](const Levels& l) { return l[Field::email] == email_level::equal && l[Field::given] != given_level::conflict; },
     {Field::email, Field::given}},
    {"phone",
     [](const Levels& l) { return l[Field::phone] == phone_level::equal && l[Field::given] == given_level::exact; },
     {Field::phone, Field::given}},
    {"address",
     [](const Levels& l) {
         return l[Field::address] >= address_level::house_street && l[Field::given] == given_level::exact;
     },
     {Field::address, Field::given}},
}};

/// The share of true matches that a field may be learned to contradict; what is above goes back to the other levels.
constexpr std::array<double, field_count> conflict_max = {.15, .20, .40, .30, .50, .10, .50,
                                                          .60, .60, .50, 1,   .40, .40};

void guard_conflict(FieldModel& model, std::size_t field, std::size_t levels) {
    const double limit = conflict_max[field];
    if (levels < 2 || model.levels[0].m <= limit) return;
    const double rest = 1 - model.levels[0].m;
    for (std::size_t l = 1; l < levels; ++l) model.levels[l].m *= rest > 0 ? (1 - limit) / rest : 0;
    model.levels[0].m = limit;
}

class Trainer {
public:
    Trainer(std::span<const Features> records, std::span<const std::uint8_t> source, const BlockIndex& blocks,
            const Population& population, const Model& start, const TrainingOptions& options, TrainingReport& report)
        : records_(records),
          source_(source),
          blocks_(blocks),
          population_(population),
          start_(start),
          options_(options),
          report_(report),
          random_(options.seed) {
        const double n = static_cast<double>(records.size());
        pairs_ = n * (n - 1) / 2;
        if (!source.empty()) {
            const double first = static_cast<double>(std::count(source.begin(), source.end(), source.front()));
            pairs_ = first * (n - first);
        }
    }

    Model run() {
        report_.records = records_.size();
        draw_random_pairs();
        draw_candidates();
        Model model = start_;
        const double n = static_cast<double>(records_.size());
        const double least = .01 / n, most = 20 / n;
        start_rate_ = std::clamp(plain_ / assumed_recall / pairs_, least, most);
        report_.start_match_rate = start_rate_;
        model.match_rate = start_rate_;
        model.household_rate = 1 / n;
        for (unsigned round = 0; round < options_.rounds; ++round) one_round(model);
        model.version = options_.version;
        judge(model);
        return model;
    }

private:
    void say(std::string_view step, double share) const {
        if (options_.progress) options_.progress(step, share);
    }

    void draw_random_pairs() {
        const std::uint64_t n = records_.size();
        auto wanted = std::min<std::uint64_t>(options_.random_pairs_max,
                                              std::max<std::uint64_t>(200'000, static_cast<std::uint64_t>(2 * pairs_)));
        for (std::uint64_t i = 0; i < wanted; ++i) {
            if (i % 65536 == 0) say("random pairs", static_cast<double>(i) / static_cast<double>(wanted));
            const auto a = random_.below(n), b = random_.below(n);
            if (a == b || (!source_.empty() && source_[a] == source_[b])) continue;
            ++report_.random_pairs;
            const auto comparison = compare(records_[a], records_[b]);
            for (std::size_t f = 0; f < field_count; ++f)
                if (const auto level = comparison.levels.at[f]; level != missing)
                    random_counts_[f][static_cast<std::size_t>(level)] += 1;
        }
    }

    void draw_candidates() {
        std::vector<RecordNumber> found;
        std::uint64_t all = 0;
        for (RecordNumber i = 0; i < records_.size(); ++i) {
            found.clear();
            blocks_.candidates(i, found);
            all += found.size();
        }
        report_.candidate_pairs = all;
        const double keep =
            all == 0 ? 1 : std::min(1., static_cast<double>(options_.candidate_pairs_max) / static_cast<double>(all));
        factor_ = 1 / keep;
        const auto limit = static_cast<std::uint64_t>(keep * 0x1p32);
        const double score_keep =
            std::min(1., static_cast<double>(scored_pairs_max) / std::max(1., static_cast<double>(all) * keep));
        score_factor_ = factor_ / score_keep;
        const auto score_limit = static_cast<std::uint64_t>(score_keep * 0x1p32);
        std::map<std::array<std::int8_t, field_count>, double> patterns;
        for (RecordNumber i = 0; i < records_.size(); ++i) {
            if (i % 16384 == 0) say("candidate pairs", static_cast<double>(i) / static_cast<double>(records_.size()));
            found.clear();
            blocks_.candidates(i, found);
            for (const auto j : found) {
                if (keep < 1 && (random_.next() >> 32U) >= limit) continue;
                const auto comparison = compare(records_[i], records_[j]);
                patterns[comparison.levels.at] += 1;
                if (plainly_one_person(comparison.levels)) plain_ += factor_;
                if (score_keep >= 1 || (random_.next() >> 32U) < score_limit) scored_.push_back({i, j});
            }
        }
        for (const auto& [levels, pairs] : patterns) {
            Pattern pattern;
            pattern.levels.at = levels;
            pattern.pairs = pairs;
            patterns_.push_back(pattern);
        }
        report_.patterns = patterns_.size();
    }

    void one_round(Model& model) {
        TrainingReport::Round round;
        const Model before = model;
        learn_u(model);
        learn_m(model, round);
        learn_rates(model);
        round.match_rate = model.match_rate;
        round.household_rate = model.household_rate;
        for (std::size_t f = 0; f < field_count; ++f)
            for (std::size_t l = 0; l < level_count_max; ++l)
                round.largest_change = std::max({round.largest_change,
                                                 std::abs(model.fields[f].levels[l].m - before.fields[f].levels[l].m),
                                                 std::abs(model.fields[f].levels[l].u - before.fields[f].levels[l].u)});
        report_.rounds.push_back(std::move(round));
    }

    /// Random pairs hold matches too (many, where a person has several records): take the expected ones out.
    void learn_u(Model& model) const {
        for (std::size_t f = 0; f < field_count; ++f) {
            const auto levels = level_count(static_cast<Field>(f));
            if (levels < 2) continue;
            double observed = 0;
            for (std::size_t l = 0; l < levels; ++l) observed += random_counts_[f][l];
            if (observed < 1) continue;
            std::array<double, level_count_max> clean{};
            double sum = 0;
            for (std::size_t l = 0; l < levels; ++l) {
                clean[l] =
                    std::max(0., random_counts_[f][l] - observed * model.match_rate * model.fields[f].levels[l].m);
                sum += clean[l];
            }
            for (std::size_t l = 0; l < levels; ++l) {
                const double prior = start_.fields[f].levels[l].u;
                model.fields[f].levels[l].u = std::max((clean[l] + u_prior * prior) / (sum + u_prior), prior / 50);
            }
        }
    }

    void learn_m(Model& model, TrainingReport::Round& round) {
        Counts counts{};
        for (const auto& plan : session_plans) {
            Session session;
            session.name = plan.name;
            run_session(plan, model, session, counts);
            round.sessions.push_back(session);
        }
        for (std::size_t f = 0; f < field_count; ++f) {
            const auto levels = level_count(static_cast<Field>(f));
            if (levels < 2) continue;
            double sum = 0;
            for (std::size_t l = 0; l < levels; ++l) sum += counts[f][l];
            for (std::size_t l = 0; l < levels; ++l) {
                const double prior = start_.fields[f].levels[l].m;
                model.fields[f].levels[l].m =
                    std::max((counts[f][l] + m_prior * prior) / (sum + m_prior), 1e-6 + prior / 10'000);
            }
            guard_conflict(model.fields[f], f, levels);
        }
    }

    void run_session(const SessionPlan& plan, const Model& model, Session& session, Counts& total) {
        std::vector<const Pattern*> chosen;
        double pairs = 0;
        for (const auto& pattern : patterns_)
            if (plan.condition(pattern.levels)) {
                chosen.push_back(&pattern);
                pairs += pattern.pairs * factor_;
            }
        session.pairs = static_cast<std::uint64_t>(pairs);
        if (session.pairs < session_pairs_min) return;
        const auto left_out = [&](std::size_t f) {
            return static_cast<Field>(f) == plan.left_out[0] || static_cast<Field>(f) == plan.left_out[1];
        };
        Model local = model;
        double rate = .5;
        const double household_rate = std::min(.5, 200 * model.household_rate);
        Counts counts{};
        for (session.rounds = 1; session.rounds <= em_rounds_max; ++session.rounds) {
            counts = {};
            double matches = 0, all = 0;
            for (const auto* pattern : chosen) {
                double m = rate, u = 1 - rate, h = household_rate;
                for (std::size_t f = 0; f < field_count; ++f) {
                    const auto level = pattern->levels.at[f];
                    if (level == missing || left_out(f)) continue;
                    const auto& row = local.fields[f].levels[static_cast<std::size_t>(level)];
                    const auto base = base_score(local.fields[f], static_cast<Field>(f), level);
                    m *= row.m;
                    u *= row.u;
                    h *= row.u * std::exp2(base.household);
                }
                const double p = m / (m + u + h);
                const double weight = pattern->pairs * factor_;
                matches += weight * p;
                all += weight;
                for (std::size_t f = 0; f < field_count; ++f)
                    if (const auto level = pattern->levels.at[f]; level != missing && !left_out(f))
                        counts[f][static_cast<std::size_t>(level)] += weight * p;
            }
            const double next_rate = std::clamp(matches / all, .001, .99);
            double change = std::abs(next_rate - rate);
            rate = next_rate;
            for (std::size_t f = 0; f < field_count; ++f) {
                const auto levels = level_count(static_cast<Field>(f));
                if (levels < 2 || left_out(f)) continue;
                double sum = 0;
                for (std::size_t l = 0; l < levels; ++l) sum += counts[f][l];
                for (std::size_t l = 0; l < levels; ++l) {
                    const double prior = start_.fields[f].levels[l].m;
                    const double value = (counts[f][l] + m_prior * prior) / (sum + m_prior);
                    change = std::max(change, std::abs(value - local.fields[f].levels[l].m));
                    local.fields[f].levels[l].m = value;
                }
            }
            if (change < em_stop) break;
        }
        session.match_rate = rate;
        if (rate < session_rate_min) return;
        session.used = true;
        for (std::size_t f = 0; f < field_count; ++f)
            for (std::size_t l = 0; l < level_count_max; ++l) total[f][l] += counts[f][l];
    }

    void learn_rates(Model& model) {
        const double n = static_cast<double>(records_.size());
        Rates rates = Rates::of(model, records_.size());
        rates.records_per_person = 1 + 2 * model.match_rate * pairs_ / n;
        double matches = 0, households = 0;
        for (const auto& pair : scored_) {
            const auto scored = score(compare(records_[pair.a], records_[pair.b]), model, population_, rates);
            const double m = std::exp2(std::min(60., scored.match)), h = std::exp2(std::min(60., scored.household));
            matches += score_factor_ * m / (1 + m + h);
            households += score_factor_ * h / (1 + m + h);
        }
        const double found = matches / pairs_;
        const double low = std::max(.5 * start_rate_, .005 / n), high = std::min(8 * start_rate_, 20 / n);
        // On the upper bound of the exact rules the rate is still useful (files of many errors meet it); far beyond, EM
        // ran away.
        match_ran_away_ = found <= low || found >= 1.5 * high;
        model.match_rate = std::clamp(found, low, high);
        model.household_rate = std::clamp((households + .02 * n) / pairs_, .02 / n, 20 / n);
    }

    void judge(const Model& model) {
        unsigned usable = 0;
        double birth_rate = 1, name_rate = 0;
        if (!report_.rounds.empty())
            for (const auto& session : report_.rounds.back().sessions) {
                usable += session.used;
                if (session.name == "birth date" && session.used) birth_rate = session.match_rate;
                if (session.name == "name" && session.used) name_rate = session.match_rate;
            }
        const auto exact = [&](Field field, std::int8_t level) {
            return model[field].levels[static_cast<std::size_t>(level)].m;
        };
        if (usable < 2)
            report_.refused = "fewer than two sessions had enough pairs";
        else if (match_ran_away_)
            report_.refused = "the match rate ran away from what exact rules find";
        else if (exact(Field::given, given_level::exact) < .3 && exact(Field::family, family_level::exact) < .3 &&
                 exact(Field::birth_date, birth_level::exact) < .3)
            report_.refused = "given name, family name and birth date all rarely agree among the learned matches";
        else if (records_.size() < 10'000 && birth_rate < .15 && name_rate > .95)
            report_.refused = "the records are variants written for a test and not a population";
    }

    std::span<const Features> records_;
    std::span<const std::uint8_t> source_;
    const BlockIndex& blocks_;
    const Population& population_;
    const Model& start_;
    const TrainingOptions& options_;
    TrainingReport& report_;
    Random random_;
    double pairs_ = 0, factor_ = 1, score_factor_ = 1, plain_ = 0, start_rate_ = 0;
    bool match_ran_away_ = false;
    Counts random_counts_{};
    std::vector<Pattern> patterns_;
    std::vector<Pair> scored_;
};

}  // namespace

Model train(std::span<const Features> records, std::span<const std::uint8_t> source, const BlockIndex& blocks,
            const Population& population, const Model& start, const TrainingOptions& options, TrainingReport& report) {
    report = {};
    if (records.size() < 200) {
        report.records = records.size();
        report.refused = "fewer than 200 records";
        return start;
    }
    return Trainer(records, source, blocks, population, start, options, report).run();
}

}  // namespace causeway::patient_index::match
