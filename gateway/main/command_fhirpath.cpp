#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "fhir/json/json.hpp"
#include "fhir/path/expression.hpp"
#include "fhir/xml/xml.hpp"
#include "gateway/main/commands.hpp"

namespace causeway {
namespace {

struct Options {
    std::string expression;
    std::string file;
    bool strict = false;
    bool ndjson = false;
};

/// trace() goes to standard error.
class Tracer final : public fhir::path::Hooks {
public:
    void trace(std::string_view name, std::span<const fhir::path::Item> items) const override {
        for (const fhir::path::Item& item : items)
            fmt::print(stderr, "{}: {} {}\n", name, fhir::path::type_name(item), fhir::path::display(item));
    }
};

std::string read_input(const std::string& file) {
    std::ostringstream text;
    if (file == "-") {
        text << std::cin.rdbuf();
        return std::move(text).str();
    }
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error(fmt::format("{}: cannot be read", file));
    text << in.rdbuf();
    return std::move(text).str();
}

fhir::Result<fhir::DocumentPtr> parse_input(std::string bytes) {
    const std::size_t first = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    const bool xml = first != std::string::npos && bytes[first] == '<';
    return xml ? fhir::parse_xml(std::move(bytes)) : fhir::parse_json(std::move(bytes));
}

/// The expression, and a mark below the byte where it went wrong.
void show_error(const std::string& expression, const fhir::Error& error) {
    fmt::print(stderr, "fhirpath: {}", error.message);
    if (error.line > 0) fmt::print(stderr, " (line {}, column {})", error.line, error.column);
    fmt::print(stderr, "\n");
    if (error.line != 1 || expression.find('\n') != std::string::npos) return;
    fmt::print(stderr, "  {}\n  {:>{}}\n", expression, "^", error.column);
}

/// Evaluates on one resource and prints a line per item, each with `label` before it.
Exit evaluate(const Options& options, const std::string& place, std::size_t first_line, std::string_view label,
              std::string bytes) {
    const auto document = parse_input(std::move(bytes));
    if (document.has_error()) {
        const fhir::Error& error = document.error();
        fmt::print(stderr, "{}:{}:{}: {}{}{}\n", place, error.line + first_line - 1, error.column, error.path,
                   error.path.empty() ? "" : ": ", error.message);
        return Exit::bad_data;
    }
    const fhir::path::CompileOptions compile{.context_type = (*document)->resource_type(), .strict = options.strict};
    const auto expression = fhir::path::Expression::compile(options.expression, compile);
    if (expression.has_error()) {
        show_error(options.expression, expression.error());
        return Exit::usage;
    }
    const Tracer tracer;
    fhir::path::Environment environment;
    environment.now_us =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    environment.hooks = &tracer;
    fhir::path::Evaluation evaluation;
    const auto items = evaluation.run(*expression, (*document)->root(), environment);
    if (items.has_error()) {
        show_error(options.expression, items.error());
        return Exit::bad_data;
    }
    for (const fhir::path::Item& item : *items)
        fmt::print("{}{}\t{}\n", label, fhir::path::type_name(item), fhir::path::display(item));
    return Exit::good;
}

/// A resource a line: a bad one is named and the rest goes on.
Exit evaluate_lines(const Options& options, const std::string& bytes) {
    std::istringstream lines(bytes);
    Exit worst = Exit::good;
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        const Exit exit = evaluate(options, options.file, number, fmt::format("{}\t", number), std::move(line));
        if (exit == Exit::usage) return exit;
        if (exit != Exit::good) worst = exit;
    }
    return worst;
}

Exit run(const Options& options) {
    std::string bytes = read_input(options.file);
    if (options.ndjson || options.file.ends_with(".ndjson")) return evaluate_lines(options, bytes);
    return evaluate(options, options.file, 1, "", std::move(bytes));
}

}  // namespace

void add_fhirpath_command(CLI::App& app, Exit& exit_code) {
    auto* const command = app.add_subcommand(
        "fhirpath", "evaluates a FHIRPath expression on a resource and prints each result with its type");
    const auto options = std::make_shared<Options>();
    command->add_option("expression", options->expression, "the expression")->required();
    command->add_option("file", options->file, "a resource in JSON or XML, or NDJSON; - reads standard input")
        ->required();
    command->add_flag("--strict", options->strict, "refuse elements that the resource's type does not have");
    command->add_flag("--ndjson", options->ndjson,
                      "one resource a line, each result after its line's number; understood for FILE.ndjson");
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace causeway
