#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "fhir/json/json.hpp"
#include "gateway/main/command_maps.hpp"
#include "hl7v2/message.hpp"
#include "mappings/engine/align.hpp"
#include "mappings/engine/backward.hpp"
#include "mappings/engine/difference.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/plan.hpp"

namespace causeway::maps_command {
namespace {

struct TestCommand {
    Choice choice;
    std::string folder, now = "2024-03-05T12:00:00-06:00";
    bool update = false;
};

/// The entries of a bundle by full url, each with a name people know: "Patient[1]".
std::map<std::string, std::pair<std::string, fhir::Element>> entries(const fhir::Document& bundle) {
    std::map<std::string, std::pair<std::string, fhir::Element>> out;
    std::map<std::string, int> count;
    for (const fhir::Element entry : bundle.root()["entry"].items()) {
        const fhir::Element resource = entry["resource"];
        const std::string type(resource.resource_type());
        std::string url(entry["fullUrl"].text());
        const std::string name = type + "[" + std::to_string(++count[type]) + "]";
        if (url.empty()) url = name;
        out[url] = {name, resource};
    }
    return out;
}

class Tester {
public:
    Tester(const TestCommand& command, mappings::PlanPtr plan) : command_(command), plan_(std::move(plan)) {}

    /// False if the message does not become what stands beside it.
    bool run(const std::string& file) {
        std::string text;
        read_text(file, text);
        const auto message = hl7v2::Message::parse(as_message(std::move(text)), {{}, hl7v2::Tolerances::all()});
        if (message.has_error()) {
            fmt::print("{}: {} at byte {}\n", file, hl7v2::describe(message.error().code), message.error().offset);
            return false;
        }
        mappings::ForwardContext context;
        context.now = command_.now;
        const auto result = mappings::forward(*plan_, message->view(), context);
        const auto bundle = mappings::to_bundle(result, context);
        std::vector<mappings::SourceResource> resources;
        for (const auto& resource : result.resources)
            resources.push_back({resource.doc->root(), std::string(resource.full_url)});
        mappings::BackwardContext back;
        back.now = command_.now;
        back.control_id = result.control_id;
        back.event = result.event;
        const auto made = mappings::backward(*plan_, resources, result.structure, back);
        std::string segments = made.er7;
        for (char& c : segments)
            if (c == '\r') c = '\n';
        const auto expected_file = std::filesystem::path(file).replace_extension(".json");
        const auto back_file = std::filesystem::path(file).replace_extension(".back");
        if (command_.update) {
            std::ofstream(expected_file, std::ios::binary) << fhir::to_json(bundle->root(), {.pretty = true}) << "\n";
            std::ofstream(back_file, std::ios::binary) << segments;
            return true;
        }
        std::string expected;
        if (!read_text(expected_file.string(), expected)) {
            fmt::print("{}: there is no {} beside it (--update makes it)\n", file, expected_file.filename().string());
            return false;
        }
        const auto wanted = fhir::parse_json(std::move(expected));
        if (wanted.has_error()) {
            fmt::print("{}:{}: {}\n", expected_file.string(), wanted.error().line, wanted.error().message);
            return false;
        }
        lines_by_node_.clear();
        for (const auto& entry : result.trace) lines_by_node_[entry.node] = entry.line;
        bool good = compare(file, **wanted, *bundle, result);
        std::string expected_back;
        if (read_text(back_file.string(), expected_back))
            good &= compare_segments(back_file.string(), expected_back, segments);
        return good;
    }

private:
    bool compare(const std::string& file, const fhir::Document& wanted, const fhir::Document& is,
                 const mappings::ForwardResult& result) {
        const auto before = entries(wanted), after = entries(is);
        std::string out;
        for (const auto& [url, entry] : before) {
            const auto at = after.find(url);
            if (at == after.end()) {
                out += "  - " + entry.first + " is not made: " + mappings::brief(entry.second) + "\n";
                continue;
            }
            fhir::Element made;
            for (const auto& resource : result.resources)
                if (resource.full_url == url) made = resource.doc->root();
            for (const auto& d : mappings::differences(entry.second, made ? made : at->second.second, entry.first)) {
                out += "  " + d.path + "\n    expected " + mappings::brief(d.before) + "\n    is       " +
                       mappings::brief(d.after);
                if (const auto line = lines_by_node_.find(d.after.node());
                    d.after && line != lines_by_node_.end() && line->second != 0) {
                    const auto& text = plan_->lines[line->second];
                    out += fmt::format("    [{}:{} {}]", text.file, text.line, text.text);
                }
                out += "\n";
            }
        }
        for (const auto& [url, entry] : after)
            if (!before.contains(url))
                out += "  + " + entry.first + " was not expected: " + mappings::brief(entry.second) + "\n";
        if (!out.empty()) fmt::print("{}\n{}", file, out);
        return out.empty();
    }

    static std::vector<std::string> split(const std::string& text, char separator) {
        std::vector<std::string> parts;
        for (std::size_t at = 0; at < text.size();) {
            const auto end = std::min(text.find(separator, at), text.size());
            parts.push_back(text.substr(at, end - at));
            at = end + 1;
        }
        return parts;
    }

    /// Segments are paired first, so that one more or less is one difference; of a pair, the fields that differ.
    static bool compare_segments(const std::string& file, const std::string& wanted, const std::string& is) {
        if (wanted == is) return true;
        fmt::print("{}: the message made from the resources\n", file);
        const auto a = split(wanted, '\n'), b = split(is, '\n');
        const auto cost = [&](std::size_t i, std::size_t j) {
            return a[i] == b[j] ? 0.0 : a[i].substr(0, 3) == b[j].substr(0, 3) ? 1.0 : 9.0;
        };
        for (const auto& pair : mappings::align(a.size(), b.size(), cost)) {
            if (pair.second == mappings::Aligned::none)
                fmt::print("  - {}\n", a[pair.first]);
            else if (pair.first == mappings::Aligned::none)
                fmt::print("  + {}\n", b[pair.second]);
            else
                compare_fields(a[pair.first], b[pair.second], pair.first + 1);
        }
        return false;
    }

    static void compare_fields(const std::string& wanted, const std::string& is, std::size_t number) {
        const auto a = split(wanted, '|'), b = split(is, '|');
        const std::string name = wanted.substr(0, 3);
        const std::size_t first = name == "MSH" ? 1 : 0;  // MSH-1 is the separator itself
        for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
            const std::string left = i < a.size() ? a[i] : "", right = i < b.size() ? b[i] : "";
            if (left == right) continue;
            fmt::print("  {}-{} (segment {})\n    expected {}\n    is       {}\n", name, i + first, number,
                       left.empty() ? "(nothing)" : left, right.empty() ? "(nothing)" : right);
        }
    }

    const TestCommand& command_;
    mappings::PlanPtr plan_;
    std::map<const fhir::Node*, std::uint32_t> lines_by_node_;
};

Exit test(const TestCommand& command) {
    const auto plan = load_plan(command.choice);
    if (!plan) return Exit::bad_data;
    const auto files = files_below(command.folder, ".hl7");
    if (files.empty()) {
        fmt::print(stderr, "causeway maps test: {} has no message (*.hl7)\n", command.folder);
        return Exit::usage;
    }
    Tester tester(command, plan);
    std::size_t good = 0;
    for (const auto& file : files) good += tester.run(file) ? 1 : 0;
    fmt::print("{} of {} messages {}\n", good, files.size(), command.update ? "written" : "as expected");
    return good == files.size() ? Exit::good : Exit::bad_data;
}

}  // namespace

void add_test(CLI::App& maps, Exit& exit_code) {
    auto command = std::make_shared<TestCommand>();
    auto* sub = maps.add_subcommand("test", "Run messages and compare with the bundles that stand beside them");
    command->choice.add_options(*sub);
    sub->add_option("folder", command->folder,
                    "NAME.hl7 with NAME.json, the bundle it becomes, and NAME.back, the message made from that")
        ->required();
    sub->add_option("--now", command->now, "the time of the conversion");
    sub->add_flag("--update", command->update, "write what is as what is expected; read the diff");
    sub->footer("Exit code: 0 if every message is as expected, 1 otherwise.");
    sub->callback([command, &exit_code] { exit_code = test(*command); });
}

}  // namespace causeway::maps_command
