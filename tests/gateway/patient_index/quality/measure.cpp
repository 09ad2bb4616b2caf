#include "tests/gateway/patient_index/quality/measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <map>

namespace causeway::patient_index::quality {
namespace {

bool right(const Data& data, const ScoredPair& pair) { return data.truth[pair.a] == data.truth[pair.b]; }

/// The names as the two records say them.
bool same_names(const match::Features& a, const match::Features& b) {
    if (a.names.empty() || b.names.empty()) return false;
    const auto& x = a.names[0];
    const auto& y = b.names[0];
    return x.given == y.given || (x.given == y.family && x.family == y.given);
}

std::string levels_text(const match::Comparison& comparison) {
    std::string out;
    for (std::size_t f = 0; f < match::field_count; ++f) {
        const auto level = comparison.levels.at[f];
        if (level == match::missing) continue;
        out += fmt::format(" {}={}", match::field_names[f], match::level_names[f][static_cast<std::size_t>(level)]);
    }
    return out;
}

}  // namespace

void Data::add(const match::Record& record, std::uint32_t person) {
    records.push_back(match::normalise(record));
    population.add(records.back());
    truth.push_back(person);
}

Run judge_all(const Data& data, unsigned threads) {
    const auto began = std::chrono::steady_clock::now();
    Run out;
    const match::BlockIndex blocks(data.records);
    match::TrainingReport report;
    out.model = match::train(data.records, {}, blocks, data.population, match::shipped_model(), {}, report);
    if (!report.refused.empty()) out.model = match::shipped_model();
    out.rates = match::Rates::of(out.model, data.records.size());
    BatchOptions options;
    options.threads = threads;
    options.weight_min = -12;
    out.result = score_candidates(data.records, blocks, out.model, data.population, out.rates, options);
    out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    out.evaluation = evaluate(out.result.pairs, data.truth, {}, out.model.probable);
    return out;
}

WrongLinks wrong_links(const Data& data, const Run& run, const std::vector<generator::Human>& people) {
    WrongLinks out;
    for (const auto& pair : run.result.pairs) {
        if (pair.outcome != match::Outcome::automatic || right(data, pair)) continue;
        const auto& a = people[data.truth[pair.a] - 1];
        const auto& b = people[data.truth[pair.b] - 1];
        if (a.twin_of == b.number)
            ++(same_names(data.records[pair.a], data.records[pair.b]) ? out.twins_of_one_name
                                                                      : out.twins_of_other_names);
        else if (a.household == b.household)
            ++out.household;
        else if (a.namesake_of == b.number || b.namesake_of == a.number)
            ++out.namesakes;
        else
            ++out.others;
    }
    return out;
}

std::string causes(const Data& data, const Run& run, std::size_t lines) {
    std::map<std::string, std::uint64_t> waiting, wrong, rules;
    std::map<std::string_view, std::uint64_t> linked;
    for (const auto& pair : run.result.pairs) {
        const bool is_right = right(data, pair);
        const bool automatic = pair.outcome == match::Outcome::automatic;
        if (is_right && automatic) {
            const auto comparison = match::compare(data.records[pair.a], data.records[pair.b]);
            const auto given = comparison.levels[match::Field::given];
            ++linked[given == match::missing ? std::string_view("missing")
                                             : match::level_names[0][static_cast<std::size_t>(given)]];
            continue;
        }
        if (is_right == automatic) continue;
        const auto comparison = match::compare(data.records[pair.a], data.records[pair.b]);
        const auto text = fmt::format("{}:{}", pair.rule, levels_text(comparison));
        ++(is_right ? waiting : wrong)[text];
        if (is_right) ++rules[std::string(pair.rule)];
    }
    std::string out;
    for (const auto& [level, count] : linked) out += fmt::format("{:>8} linked with given name {}\n", count, level);
    const auto list = [&](std::string_view title, const std::map<std::string, std::uint64_t>& counts) {
        std::vector<std::pair<std::uint64_t, std::string>> sorted;
        for (const auto& [text, count] : counts) sorted.emplace_back(count, text);
        std::sort(sorted.rbegin(), sorted.rend());
        if (sorted.size() > lines) sorted.resize(lines);
        out += fmt::format("{}\n", title);
        for (const auto& [count, text] : sorted) out += fmt::format("{:>8} {}\n", count, text);
    };
    list("true pairs that are not linked, by rule", rules);
    list("true pairs that are not linked", waiting);
    list("wrong links", wrong);
    return out;
}

}  // namespace causeway::patient_index::quality
