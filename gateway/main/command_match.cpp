#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unordered_map>

#include "gateway/main/commands.hpp"
#include "gateway/patient_index/batch.hpp"
#include "gateway/patient_index/evaluation.hpp"
#include "gateway/patient_index/explanation.hpp"
#include "gateway/patient_index/match/combinations.hpp"
#include "gateway/patient_index/match/train.hpp"
#include "gateway/patient_index/patient_file.hpp"

namespace causeway {
namespace {

namespace pi = patient_index;
namespace match = patient_index::match;

constexpr double settled_change = .01;  ///< of any probability in the last round: less changes no decision

struct Options {
    std::vector<std::string> files;  ///< one, or for link two
    std::string file, other_file, columns, truth, truth_pattern, model, out, ids[2];
    unsigned threads = std::max(1U, std::thread::hardware_concurrency());
    std::uint64_t seed = 1;
    bool shipped = false, quiet = false;
};

std::string file_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error(fmt::format("{}: cannot be read", path));
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

match::Model model_from(const std::string& path) {
    if (path.empty()) return match::shipped_model();
    auto read = match::read_model(file_text(path));
    if (const auto* error = std::get_if<match::ModelError>(&read))
        throw std::runtime_error(fmt::format("{}:{}: {}", path, error->line, error->message));
    return std::get<match::Model>(std::move(read));
}

/// Prints a step and its share to standard error, at most ten times a second, and only to a terminal or at its end.
class Progress {
public:
    explicit Progress(bool quiet) : quiet_(quiet) {}
    void operator()(std::string_view step, double share) {
        const auto now = std::chrono::steady_clock::now();
        if (quiet_ || (step == step_ && now - last_ < std::chrono::milliseconds(500))) return;
        last_ = now;
        step_ = step;
        fmt::print(stderr, "\r{:<20} {:3.0f} %", step, share * 100);
        open_ = true;
    }
    void end() {
        if (open_) fmt::print(stderr, "\n");
        open_ = false;
    }

private:
    bool quiet_, open_ = false;
    std::string step_;
    std::chrono::steady_clock::time_point last_{};
};

/// The files of a run, read and normalised.
struct Loaded {
    std::vector<std::string> ids;
    std::vector<match::Features> records;
    std::vector<std::uint32_t> truth;  ///< 0 = not known
    std::vector<std::uint8_t> source;  ///< empty for one file
    match::CountedPopulation population;
};

void load(const Options& options, Loaded& out) {
    std::unique_ptr<pi::ColumnMap> map;
    if (!options.columns.empty())
        map = std::make_unique<pi::ColumnMap>(pi::ColumnMap::read(file_text(options.columns)));
    const std::regex pattern(options.truth_pattern.empty() ? "(.*)" : options.truth_pattern);
    std::unordered_map<std::string, std::uint32_t> persons;
    for (std::size_t f = 0; f < options.files.size(); ++f) {
        std::ifstream in(options.files[f], std::ios::binary);
        if (!in) throw std::runtime_error(fmt::format("{}: cannot be read", options.files[f]));
        pi::read_patients(in, map.get(), options.truth, [&](pi::FileRecord&& record) {
            out.ids.push_back(std::move(record.id));
            out.records.push_back(match::normalise(record.record));
            out.population.add(out.records.back());
            if (options.files.size() > 1) out.source.push_back(static_cast<std::uint8_t>(f));
            std::smatch found;
            std::uint32_t person = 0;
            if (!record.truth.empty() && std::regex_search(record.truth, found, pattern)) {
                const std::string key = found.size() > 1 ? found[1].str() : found[0].str();
                person = persons.emplace(key, static_cast<std::uint32_t>(persons.size() + 1)).first->second;
            }
            out.truth.push_back(person);
        });
    }
}

void print_report(const match::TrainingReport& report) {
    fmt::print("training: {} records, {} random pairs, {} candidate pairs, {} patterns, start rate {:.3g}\n",
               report.records, report.random_pairs, report.candidate_pairs, report.patterns, report.start_match_rate);
    for (std::size_t i = 0; i < report.rounds.size(); ++i) {
        const auto& round = report.rounds[i];
        fmt::print("  round {}: match rate {:.4g}, household rate {:.4g}, largest change {:.4g}\n", i + 1,
                   round.match_rate, round.household_rate, round.largest_change);
        for (const auto& session : round.sessions)
            fmt::print("    session {:<11} {:>9} pairs, match rate {:.3f}, {:>2} rounds{}\n", session.name,
                       session.pairs, session.match_rate, session.rounds, session.used ? "" : "  (not used)");
    }
    if (!report.rounds.empty()) {
        const double change = report.rounds.back().largest_change;
        fmt::print("  {}: the last round changed no probability by more than {:.2g}\n",
                   change <= settled_change ? "converged" : "not converged", change);
    }
    if (!report.refused.empty()) fmt::print("  refused: {}; the model given is kept\n", report.refused);
}

/// The model a batch run judges with: the one of --model, the shipped one, or one trained on the records themselves.
match::Model model_for(const Options& options, const Loaded& data, const match::BlockIndex& blocks,
                       Progress& progress) {
    const auto start = model_from(options.model);
    if (!options.model.empty() || options.shipped) return start;
    match::TrainingReport report;
    match::TrainingOptions training;
    training.seed = options.seed;
    training.progress = [&](std::string_view step, double share) { progress(step, share); };
    auto trained = match::train(data.records, data.source, blocks, data.population, start, training, report);
    progress.end();
    print_report(report);
    return report.refused.empty() ? trained : start;
}

match::Rates rates_for(const match::Model& model, const Loaded& data) {
    auto rates = match::Rates::of(model, data.records.size());
    if (!data.source.empty()) rates.records_per_person = 1 + rates.match * static_cast<double>(data.records.size()) / 2;
    return rates;
}

void write_pairs(const std::string& path, const Loaded& data, const std::vector<pi::ScoredPair>& pairs) {
    std::ofstream out(path, std::ios::binary);
    if (!out) throw std::runtime_error(fmt::format("{}: cannot be written", path));
    out << "id_a,id_b,weight,probability,decision,rule,block_truncated\n";
    for (const auto& pair : pairs) {
        const double weight = static_cast<double>(pair.weight);
        out << fmt::format("{},{},{:.2f},{:.5f},{},{},{}\n", data.ids[pair.a], data.ids[pair.b], weight,
                           1 / (1 + std::exp2(-weight)), match::outcome_name(pair.outcome), pair.rule,
                           pair.truncated ? 1 : 0);
    }
}

/// dedupe and link: every record against every record (of the other file) that it shares a block with.
void run_files(const Options& options) {
    const auto began = std::chrono::steady_clock::now();
    const auto seconds = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    };
    Progress progress(options.quiet);
    Loaded data;
    load(options, data);
    const double read_s = seconds();
    const match::BlockIndex blocks(data.records, data.source);
    const double blocked_s = seconds();
    const auto model = model_for(options, data, blocks, progress);
    const double trained_s = seconds();
    pi::BatchOptions batch;
    batch.threads = options.threads;
    if (!options.truth.empty()) batch.weight_min = -12;
    batch.progress = [&](std::string_view step, double share) { progress(step, share); };
    auto result = pi::score_candidates(data.records, blocks, model, data.population, rates_for(model, data), batch);
    progress.end();
    std::uint64_t automatic = 0, review = 0;
    for (const auto& pair : result.pairs) {
        automatic += pair.outcome == match::Outcome::automatic;
        review += pair.outcome == match::Outcome::review;
    }
    fmt::print(
        "{} records, {} pairs compared ({:.1f} per record), {} oversized blocks, model {}\n", data.records.size(),
        result.compared,
        static_cast<double>(result.compared) / static_cast<double>(std::max<std::size_t>(data.records.size(), 1)),
        blocks.oversized(), model.version);
    fmt::print("{} automatic links, {} pairs for review\n", automatic, review);
    fmt::print("seconds: read {:.1f}, blocks {:.1f}, training {:.1f}, comparing {:.1f}, all {:.1f} ({} threads)\n",
               read_s, blocked_s - read_s, trained_s - blocked_s, seconds() - trained_s, seconds(), batch.threads);
    if (std::any_of(data.truth.begin(), data.truth.end(), [](auto person) { return person != 0; }))
        fmt::print("{}", pi::describe(pi::evaluate(result.pairs, data.truth, data.source, model.probable),
                                      data.records.size()));
    if (!options.out.empty()) {
        std::erase_if(result.pairs, [](const auto& pair) { return pair.outcome == match::Outcome::no_match; });
        write_pairs(options.out, data, result.pairs);
    }
}

void run_train(const Options& options) {
    Progress progress(options.quiet);
    Loaded data;
    load(options, data);
    const match::BlockIndex blocks(data.records, data.source);
    match::TrainingReport report;
    match::TrainingOptions training;
    training.seed = options.seed;
    training.version = fmt::format("trained-{}-records-seed-{}", data.records.size(), options.seed);
    training.progress = [&](std::string_view step, double share) { progress(step, share); };
    const auto model =
        match::train(data.records, data.source, blocks, data.population, model_from(options.model), training, report);
    progress.end();
    print_report(report);
    if (!report.refused.empty()) throw std::runtime_error("no model written");
    if (options.out.empty()) return;
    std::ofstream out(options.out, std::ios::binary);
    if (!(out << match::write_model(model)))
        throw std::runtime_error(fmt::format("{}: cannot be written", options.out));
    fmt::print("model {} written to {}\n", model.version, options.out);
}

struct Judged {
    match::Comparison comparison;
    match::Score score;
    match::Decision decision;
};

Judged judge(const match::Features& a, const match::Features& b, const match::Model& model,
             const match::Population& population, const match::Rates& rates) {
    Judged out;
    out.comparison = match::compare(a, b);
    out.score = match::score(out.comparison, model, population, rates);
    out.decision = match::decide(out.comparison, out.score, model);
    return out;
}

/// Three classes are judged, not two: a possible match must be neither linked nor dropped.
int class_of(std::string text) {
    for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (text.starts_with("poss")) return 1;
    if (text == "1" || text == "match" || text == "true" || text == "1.0" || text == "y" || text == "yes") return 2;
    return 0;
}

void run_pairs(const Options& options) {
    std::unique_ptr<pi::ColumnMap> map;
    if (!options.columns.empty())
        map = std::make_unique<pi::ColumnMap>(pi::ColumnMap::read(file_text(options.columns)));
    std::vector<pi::LabelledPair> pairs;
    std::ifstream in(options.files.at(0), std::ios::binary);
    if (!in) throw std::runtime_error(fmt::format("{}: cannot be read", options.files[0]));
    pi::read_labelled_pairs(in, map.get(), [&](pi::LabelledPair&& pair) { pairs.push_back(std::move(pair)); });
    std::vector<match::Features> records;
    match::CountedPopulation population;
    for (const auto& pair : pairs)
        for (const auto* side : {&pair.a, &pair.b}) {
            records.push_back(match::normalise(side->record));
            population.add(records.back());
        }
    const auto model = model_from(options.model);
    const auto rates = match::Rates::of(model, records.size());
    std::uint64_t table[3][3] = {};
    std::vector<pi::ScoredPair> scored;
    std::vector<std::uint32_t> truth(records.size(), 0);
    std::unique_ptr<std::ofstream> out;
    if (!options.out.empty()) {
        out = std::make_unique<std::ofstream>(options.out, std::ios::binary);
        *out << "name,expected,weight,probability,decision,rule\n";
    }
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto judged = judge(records[2 * i], records[2 * i + 1], model, population, rates);
        const int expected = class_of(pairs[i].expected);
        ++table[expected][static_cast<int>(judged.decision.outcome)];
        if (expected != 1) {
            if (expected == 2) truth[2 * i] = truth[2 * i + 1] = static_cast<std::uint32_t>(i + 1);
            scored.push_back({static_cast<std::uint32_t>(2 * i), static_cast<std::uint32_t>(2 * i + 1),
                              static_cast<float>(judged.score.weight), judged.decision.outcome, false,
                              judged.decision.rule});
        }
        if (out)
            *out << fmt::format("{},{},{:.2f},{:.5f},{},{}\n", pairs[i].name, pairs[i].expected, judged.score.weight,
                                judged.score.probability(), match::outcome_name(judged.decision.outcome),
                                judged.decision.rule);
    }
    fmt::print("{} pairs, model {}\n{:<12}{:>10}{:>10}{:>10}\n", pairs.size(), model.version, "expected", "no match",
               "review", "automatic");
    constexpr std::string_view names[3] = {"no match", "possible", "match"};
    for (int i = 2; i >= 0; --i)
        fmt::print("{:<12}{:>10}{:>10}{:>10}\n", names[i], table[i][0], table[i][1], table[i][2]);
    fmt::print("match against no match:\n{}",
               pi::describe(pi::evaluate(scored, truth, {}, model.probable), records.size()));
}

void run_explain(const Options& options) {
    Loaded data;
    load(options, data);
    const match::Features* side[2] = {};
    for (std::size_t i = 0; i < data.ids.size(); ++i)
        for (int s = 0; s < 2; ++s)
            if (data.ids[i] == options.ids[s]) side[s] = &data.records[i];
    for (int s = 0; s < 2; ++s)
        if (!side[s]) throw std::runtime_error(fmt::format("no record has the id '{}'", options.ids[s]));
    const auto model = model_from(options.model);
    const auto judged = judge(*side[0], *side[1], model, data.population, match::Rates::of(model, data.records.size()));
    fmt::print("{}", pi::explain(judged.score, judged.decision, model));
    const auto numbers = match::satisfied(*side[0], *side[1], judged.comparison, judged.score);
    for (const auto& each : match::combinations())
        if (std::find(numbers.begin(), numbers.end(), each.number) != numbers.end())
            fmt::print("{}{}\n", each.rule, each.household ? " (a household may share these)" : "");
}

using Run = void (*)(const Options&);

void add_mode(CLI::App& parent, Exit& exit_code, const char* name, const char* help, const Run run,
              const std::size_t files) {
    auto* mode = parent.add_subcommand(name, help);
    const auto options = std::make_shared<Options>();
    constexpr const char* formats = "CSV with a header line, or NDJSON (FHIR Patients, or flat objects)";
    mode->add_option("file", options->file, formats)->required();
    if (files == 2) mode->add_option("other", options->other_file, formats)->required();
    mode->add_option("--columns", options->columns,
                     "mapping file: lines `field = column` (default: by the usual column names)");
    mode->add_option("--model", options->model, "model file (default: trained on the file, or the shipped one)");
    mode->add_flag("--quiet", options->quiet, "no progress");
    const std::string_view which = name;
    if (which == "explain") {
        mode->add_option("id1", options->ids[0])->required();
        mode->add_option("id2", options->ids[1])->required();
    } else {
        mode->add_option("--out", options->out,
                         which == "train" ? "write the model here" : "write the pairs here as CSV");
        mode->add_option("--seed", options->seed, "of the training's random pairs");
    }
    if (which == "dedupe" || which == "link") {
        mode->add_option("--truth", options->truth, "column that names the person: print precision, recall and F1");
        mode->add_option("--truth-pattern", options->truth_pattern,
                         "regular expression; its first group is the person");
        mode->add_option("--threads", options->threads);
        mode->add_flag("--shipped", options->shipped, "judge with the shipped model instead of training");
    }
    mode->callback([options, run, &exit_code] {
        try {
            options->files = {options->file};
            if (!options->other_file.empty()) options->files.push_back(options->other_file);
            run(*options);
        } catch (const std::regex_error&) {
            fmt::print(stderr, "causeway match: --truth-pattern is not a regular expression\n");
            exit_code = Exit::usage;
        } catch (const std::runtime_error& error) {
            fmt::print(stderr, "causeway match: {}\n", error.what());
            exit_code = Exit::bad_data;
        }
    });
}

}  // namespace

void add_match_command(CLI::App& app, Exit& exit_code) {
    auto* command =
        app.add_subcommand("match", "find records of one person in files, with the patient index's own matcher");
    command->require_subcommand(1);
    add_mode(*command, exit_code, "dedupe", "records of one file that are one person", run_files, 1);
    add_mode(*command, exit_code, "link", "records of two files that are one person", run_files, 2);
    add_mode(*command, exit_code, "pairs", "judge labelled pairs", run_pairs, 1);
    add_mode(*command, exit_code, "train", "learn a model from the records of a file", run_train, 1);
    add_mode(*command, exit_code, "explain", "why two records of a file are, or are not, one person", run_explain, 1);
}

}  // namespace causeway
