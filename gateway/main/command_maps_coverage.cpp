#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <set>

#include "gateway/main/command_maps.hpp"
#include "hl7v2/message.hpp"
#include "mappings/engine/coverage.hpp"
#include "mappings/engine/plan.hpp"

namespace causeway::maps_command {
namespace {

struct CoverageCommand {
    Choice choice;
    std::string guide, reasons;
    std::vector<std::string> messages;
    bool all = false;
};

struct Reason {
    std::string place;  ///< where the value goes instead of the guide's place; empty: nowhere
    std::string why;
};
using Reasons = std::map<std::pair<std::string, std::string>, Reason>;

/// "PID-9<TAB>Patient.name[3]<TAB>why": rows that are not mapped on purpose. "...<TAB>=Patient.name<TAB>why": rows whose value
/// goes to another place, which is looked for there. The target may be left empty.
Reasons read_reasons(const std::string& file) {
    Reasons out;
    std::string text;
    read_text(file, text);
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        if (line.empty() || line.front() == '#') continue;
        const auto first = line.find('\t'), second = line.find('\t', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        Reason reason;
        std::string rest = line.substr(second + 1);
        if (const auto third = rest.find('\t'); !rest.empty() && rest.front() == '=' && third != std::string::npos) {
            reason.place = rest.substr(1, third - 1);
            rest.erase(0, third + 1);
        }
        reason.why = std::move(rest);
        out[{line.substr(0, first), line.substr(first + 1, second - first - 1)}] = std::move(reason);
    }
    return out;
}

/// "Provenance.recorded", or "TXA-8 -> Provenance.recorded" where the guide's row names no field.
bool carried(const mappings::Coverage& seen, std::string_view source, std::string_view place) {
    const auto arrow = place.find(" -> ");
    return arrow == std::string_view::npos ? seen.carried(source, place)
                                           : seen.carried(place.substr(0, arrow), place.substr(arrow + 4));
}

Exit coverage(const CoverageCommand& command) {
    const auto plan = load_plan(command.choice);
    if (!plan) return Exit::bad_data;
    mappings::Coverage seen(plan);
    for (const auto& folder : command.messages)
        for (const auto& file : files_below(folder, ".hl7")) {
            std::string text;
            if (!read_text(file, text)) continue;
            const auto message = hl7v2::Message::parse(as_message(std::move(text)), {{}, hl7v2::Tolerances::all()});
            if (message.has_error()) {
                fmt::print(stderr, "{}: {}\n", file, hl7v2::describe(message.error().code));
                continue;
            }
            seen.observe(message->view());
        }
    if (seen.messages() == 0) {
        fmt::print(stderr, "causeway maps coverage: no message (*.hl7) was found\n");
        return Exit::usage;
    }
    const auto reasons = command.reasons.empty() ? Reasons() : read_reasons(command.reasons);
    struct Count {
        std::size_t files = 0, rows = 0, covered = 0, elsewhere = 0, explained = 0;
    };
    std::map<std::string, Count> counts;
    for (const std::string kind : {"messages", "segments", "datatypes"}) {
        for (const auto& file : files_below((std::filesystem::path(command.guide) / kind).string(), ".csv")) {
            std::string text;
            read_text(file, text);
            const std::string name = std::filesystem::path(file).filename().string();
            const auto rows = seen.compare(name, text);
            auto& count = counts[kind];
            ++count.files;
            std::size_t covered = 0;
            for (const auto& row : rows) covered += row.covered ? 1 : 0;
            count.rows += rows.size();
            count.covered += covered;
            const auto from = name.find("R4_ ") == std::string::npos ? 0 : name.find("R4_ ") + 4;
            const std::string about = name.substr(from, name.find(" - ", from) - from);
            if (!rows.empty()) fmt::print("{} {}: {} of {}\n", kind, about, covered, rows.size());
            for (const auto& row : rows) {
                if (row.covered && !command.all) continue;
                auto why = row.why;
                char mark = row.covered ? '+' : '-';
                auto given = reasons.find({row.source, row.target});
                if (given == reasons.end()) given = reasons.find({about, row.target});
                if (given == reasons.end()) given = reasons.find({row.source, ""});
                if (given == reasons.end()) given = reasons.find({about, ""});
                if (!row.covered && given != reasons.end()) {
                    const Reason& reason = given->second;
                    if (reason.place.empty()) {
                        why = "on purpose: " + reason.why;
                        ++count.explained;
                    } else if (carried(seen, row.source, reason.place)) {
                        why = "at " + reason.place + ": " + reason.why;
                        mark = '=';
                        ++count.elsewhere;
                    } else {
                        why = "not seen at " + reason.place + "; " + why;
                    }
                }
                if (mark == '=' && !command.all) continue;
                fmt::print("  {} {}:{} {} -> {}{}\n", mark, about, row.line,
                           row.source.empty() ? "(constant)" : row.source, row.target, row.covered ? "" : "  | " + why);
            }
        }
    }
    const auto print_count = [](const std::string& kind, const Count& count) {
        const auto share = [&](std::size_t part) {
            return count.rows == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(count.rows);
        };
        fmt::print(
            "{}: {} files, {} rows with a target: {} covered as written ({:.1f} %), {} more at another place, together "
            "{:.1f} %; {} not on purpose, {} open\n",
            kind, count.files, count.rows, count.covered, share(count.covered), count.elsewhere,
            share(count.covered + count.elsewhere), count.explained,
            count.rows - count.covered - count.elsewhere - count.explained);
    };
    Count all;
    for (const auto& [kind, count] : counts) {
        print_count(kind, count);
        all.files += count.files;
        all.rows += count.rows;
        all.covered += count.covered;
        all.elsewhere += count.elsewhere;
        all.explained += count.explained;
    }
    print_count("all", all);
    fmt::print("{} messages were run\n", seen.messages());
    return all.rows == 0 ? Exit::usage : Exit::good;
}

}  // namespace

void add_coverage(CLI::App& maps, Exit& exit_code) {
    auto command = std::make_shared<CoverageCommand>();
    auto* sub =
        maps.add_subcommand("coverage", "Compare what the maps do to messages with an implementation guide's tables");
    command->choice.add_options(*sub);
    sub->add_option("messages", command->messages, "files or folders of messages (*.hl7) to run")->required();
    sub->add_option("--guide", command->guide,
                    "the guide's tables: a folder with messages/, segments/ and datatypes/ (*.csv)")
        ->required()
        ->check(CLI::ExistingDirectory);
    sub->add_option("--reasons", command->reasons,
                    "a file of rows left out on purpose (source TAB target TAB reason) or carried to another place "
                    "(source TAB target TAB =place TAB reason)")
        ->check(CLI::ExistingFile);
    sub->add_flag("--all", command->all, "list the covered rows too");
    sub->footer("A row counts as covered when a value of its place arrived at its element in one of the messages.");
    sub->callback([command, &exit_code] { exit_code = coverage(*command); });
}

}  // namespace causeway::maps_command
