#include "tests/fhir/conformance/validation_cases.hpp"

#include <algorithm>
#include <sstream>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "tests/fhir/support.hpp"

namespace causeway::test {

namespace {

using namespace causeway::fhir;

std::vector<std::string> found_of(const Issues& issues, Severity severity) {
    std::vector<std::string> out;
    for (const Issue& issue : issues)
        if (issue.severity == severity) out.push_back(issue.rule + " @ " + issue.expression);
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::string> wanted_of(Element list) {
    std::vector<std::string> out;
    for (const Element one : list.items()) out.emplace_back(one.text());
    std::sort(out.begin(), out.end());
    return out;
}

std::string lines(const std::vector<std::string>& texts) {
    std::string out;
    for (const auto& text : texts) out += "\n    " + text;
    return out.empty() ? "\n    none" : out;
}

bool has_all(const std::vector<std::string>& found, const std::vector<std::string>& wanted) {
    return std::includes(found.begin(), found.end(), wanted.begin(), wanted.end());
}

std::string run_case(Element one, const Validator& built_in) {
    std::shared_ptr<const Validator> own;
    if (one["define"]) {
        ValidatorBuilder builder;
        for (const Element definition : one["define"].items())
            if (!builder.add(DocumentBuilder::copy_of(definition).finish())) return "a definition was not taken";
        own = std::move(builder).build();
    }
    ValidationOptions options;
    options.best_practice = false;
    options.now_us = 1'700'000'000'000'000;
    if (const auto profile = one["profile"].text(); !profile.empty()) options.profiles.emplace_back(profile);
    const auto resource = DocumentBuilder::copy_of(one["resource"]).finish();
    const Issues issues = (own ? *own : built_in).validate(*resource, options);
    const auto errors = found_of(issues, Severity::error);
    if (errors != wanted_of(one["errors"]))
        return "errors:" + lines(errors) + "\n  wanted:" + lines(wanted_of(one["errors"]));
    const auto warnings = found_of(issues, Severity::warning);
    if (!has_all(warnings, wanted_of(one["warnings"]))) return "warnings:" + lines(warnings);
    const auto infos = found_of(issues, Severity::information);
    if (!has_all(infos, wanted_of(one["infos"]))) return "information:" + lines(infos);
    for (const auto& unwanted : wanted_of(one["nowarnings"]))
        for (const auto& warning : warnings)
            if (warning.starts_with(unwanted)) return "a warning that is wrong: " + warning;
    return {};
}

}  // namespace

std::vector<CaseResult> run_validation_cases(const std::filesystem::path& file) {
    const auto built_in = Validator::built_in();
    std::vector<CaseResult> out;
    std::istringstream text(read_file(file));
    for (std::string line; std::getline(text, line);) {
        if (line.empty()) continue;
        const auto parsed = parse_json(line);
        if (!parsed) {
            out.push_back({file.filename().string(), parsed.error().message});
            continue;
        }
        const Element one = (*parsed)->root();
        out.push_back({std::string(one["name"].text()), run_case(one, *built_in)});
    }
    return out;
}

}  // namespace causeway::test
