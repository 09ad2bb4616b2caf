#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

#include "fhir/json/json.hpp"
#include "fhir/validate/validate.hpp"
#include "fhir/xml/xml.hpp"
#include "gateway/main/commands.hpp"
#include "gateway/main/definition_packages.hpp"
#include "hl7v2/batch.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/message_view.hpp"
#include "hl7v2/validate/validate.hpp"
#include "hl7v2/xml/xml.hpp"

namespace causeway {
namespace {

struct Options {
    std::vector<std::string> files;
    std::vector<std::string> profiles;
    std::vector<std::string> definitions;
    std::vector<std::string> packages;
    std::string as = "ndjson";
    std::string charset;
    bool strict = false;
    bool list_profiles = false;
    bool list_must_support = false;
};

/// One JSON object on one line, member by member.
class JsonLine {
public:
    JsonLine& text(std::string_view name, std::string_view value) {
        begin(name);
        fhir::append_json_string(value, out_);
        return *this;
    }
    JsonLine& raw(std::string_view name, std::string_view value) {
        begin(name);
        out_ += value;
        return *this;
    }
    JsonLine& number(std::string_view name, std::uint64_t value) { return raw(name, std::to_string(value)); }
    JsonLine& boolean(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
    std::string take() { return (out_.empty() ? "{" : std::move(out_)) + "}"; }

private:
    void begin(std::string_view name) {
        out_ += out_.empty() ? '{' : ',';
        fhir::append_json_string(name, out_);
        out_ += ':';
    }
    std::string out_;
};

std::string list_of(const std::vector<std::string>& rows) {
    std::string out = "[";
    for (const std::string& row : rows) {
        if (out.size() > 1) out += ',';
        out += row;
    }
    return out + "]";
}

struct Counts {
    std::size_t errors = 0, warnings = 0;
};

template <class Issues, class SeverityOf>
Counts count(const Issues& issues, SeverityOf severity_of) {
    Counts counts;
    for (const auto& issue : issues) {
        const std::string_view severity = severity_of(issue);
        counts.errors += severity == "error" || severity == "fatal" ? 1U : 0U;
        counts.warnings += severity == "warning" ? 1U : 0U;
    }
    return counts;
}

std::string now_text() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y%m%d%H%M%S+0000", &utc)};
}

/// All that the standard's part of the program can say of one FHIR resource.
fhir::Issues check_fhir(const fhir::Document& document, const fhir::Validator& validator,
                        const std::vector<std::string>& profiles) {
    fhir::ValidationOptions options;
    options.profiles = profiles;
    options.now_us =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    return validator.validate(document, options);
}

class Validation {
public:
    explicit Validation(const Options& options) : options_(options) {}

    Exit run() {
        if (!load_profiles() || !load_definitions()) return exit_;
        for (const std::string& file : options_.files) {
            if (file == "-") {
                check(file, std::cin);
                continue;
            }
            std::ifstream in(file, std::ios::binary);
            if (in && in.peek() != std::ifstream::traits_type::eof()) {
                check(file, in);
            } else if (in.eof()) {
                unreadable(file, 0, "the file is empty");
            } else {
                fmt::print(stderr, "{}: cannot be read\n", file);
                exit_ = Exit::failed;
            }
        }
        return exit_;
    }

    /// One line for each FHIR profile that is asked for: the elements that it marks mustSupport, its bases' included.
    Exit must_support() {
        if (!load_profiles() || !load_definitions()) return exit_;
        if (validator_ == nullptr) validator_ = fhir::Validator::built_in();
        for (const std::string& url : fhir_profiles_) {
            const auto elements = validator_->must_support(url);
            if (!elements) {
                fmt::print(stderr, "{}: {}\n", url, elements.error().message);
                exit_ = Exit::failed;
                continue;
            }
            std::vector<std::string> rows;
            for (const std::string& id : *elements) fhir::append_json_string(id, rows.emplace_back());
            JsonLine line;
            print(line.text("profile", url).raw("must_support", list_of(rows)).take());
        }
        return exit_;
    }

private:
    // --- what to check against

    bool load_profiles() {
        for (const std::string& name : options_.profiles) {
            if (name == "none") {
                declared_ = false;
            } else if (name.find("://") != std::string::npos) {
                fhir_profiles_.push_back(name);
            } else if (auto profile = hl7v2::find_profile(name)) {
                v2_profiles_.push_back(std::move(profile));
            } else if (!load_profile_file(name)) {
                return false;
            }
        }
        return true;
    }

    bool load_profile_file(const std::string& name) {
        std::ifstream in(name, std::ios::binary);
        if (!in) {
            fmt::print(stderr, "validate: no profile {}; --list-profiles shows those that are built in\n", name);
            exit_ = Exit::usage;
            return false;
        }
        std::ostringstream text;
        text << in.rdbuf();
        auto load = hl7v2::Profile::parse(text.view());
        for (const auto& fault : load.faults) fmt::print(stderr, "{}:{}: {}\n", name, fault.line, fault.text);
        if (load.profile == nullptr) {
            exit_ = Exit::usage;
            return false;
        }
        v2_profiles_.push_back(std::move(load.profile));
        return true;
    }

    bool load_definitions() {
        if (options_.definitions.empty() && options_.packages.empty()) return true;
        fhir::ValidatorBuilder builder;
        for (const std::string& place : options_.packages) {
            const LoadedPackages loaded = load_packages(builder, place);
            for (const std::string& fault : loaded.faults) fmt::print(stderr, "validate: {}\n", fault);
            for (const fhir::PackageReport& package : loaded.packages)
                for (const std::string& fault : package.faults) fmt::print(stderr, "validate: {}: {}\n", place, fault);
            if (!loaded.faults.empty()) {
                exit_ = Exit::usage;
                return false;
            }
        }
        for (const std::string& name : options_.definitions) {
            std::ifstream in(name, std::ios::binary);
            std::ostringstream text;
            text << in.rdbuf();
            auto document = parse_fhir(std::move(text).str());
            if (!document || !builder.add(*document)) {
                fmt::print(stderr, "{}: is no StructureDefinition, ValueSet, CodeSystem or ConceptMap\n", name);
                exit_ = Exit::usage;
                return false;
            }
        }
        validator_ = std::move(builder).build();
        return true;
    }

    // --- files

    /// FHIR begins with a brace or an angle bracket; anything else is HL7 v2.
    void check(const std::string& file, std::istream& in) {
        constexpr std::size_t probe = 4096;
        std::string front(probe, '\0');
        in.read(front.data(), probe);
        front.resize(static_cast<std::size_t>(in.gcount()));
        const std::size_t first = front.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
        const bool fhir = first != std::string::npos && (front[first] == '{' || hl7v2::looks_like_xml(front));
        fhir ? check_fhir_file(file, std::move(front), in) : check_v2_file(file, front, in);
    }

    void check_v2_file(const std::string& file, const std::string& front, std::istream& in) {
        hl7v2::BatchReader reader;
        hl7v2::BatchCheck envelope;
        messages_ = 0;
        const auto feed = [&](std::string_view bytes) {
            const auto room = reader.prepare(bytes.size() + 1);
            std::copy(bytes.begin(), bytes.end(), room.begin());
            reader.commit(bytes.size());
        };
        const auto drain = [&] {
            while (const auto part = reader.next()) {
                envelope.take(*part);
                check_part(file, *part);
            }
        };
        feed(front);
        drain();
        std::string chunk(64 * 1024, '\0');
        while (in) {
            in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
            feed(std::string_view(chunk).substr(0, static_cast<std::size_t>(in.gcount())));
            drain();
        }
        reader.finish();
        drain();
        envelope.finish();
        for (const auto& issue : envelope.issues()) unreadable(file, issue.offset, hl7v2::describe(issue.kind));
        if (messages_ == 0 && !envelope.enveloped()) unreadable(file, 0, "the file holds no message");
    }

    void check_part(const std::string& file, const hl7v2::BatchPart& part) {
        using Kind = hl7v2::BatchPart::Kind;
        const bool blank = part.bytes.find_first_not_of(" \t\r\n\v\x1c\xEF\xBB\xBF") == std::string_view::npos;
        if (part.kind != Kind::message && (part.kind != Kind::other || blank)) return;
        ++messages_;
        if (part.too_large) return unreadable(file, part.offset, hl7v2::describe(hl7v2::Errc::too_large));
        const auto decoded = hl7v2::decode_to_utf8(part.bytes, {.override_name = options_.charset});
        hl7v2::ParseOptions parse;
        if (!options_.strict) parse.tolerances = hl7v2::Tolerances::all();
        const auto message = hl7v2::MessageView::parse(std::string_view(decoded.text), parse);
        if (!message)
            return unreadable(file, part.offset + message.error().offset, hl7v2::describe(message.error().code));
        check_message(file, part, decoded, *message);
    }

    void check_message(const std::string& file, const hl7v2::BatchPart& part, const hl7v2::DecodedText& decoded,
                       const hl7v2::MessageView& message) {
        auto profiles = v2_profiles_;
        if (declared_) {
            for (auto& profile : hl7v2::declared_profiles(message, hl7v2::built_in_profiles())) {
                if (std::find(profiles.begin(), profiles.end(), profile) == profiles.end())
                    profiles.push_back(std::move(profile));
            }
        }
        auto issues = hl7v2::validate(message, {.profiles = profiles});
        auto of_charset = hl7v2::charset_issues(decoded, message);
        issues.insert(issues.begin(), of_charset.begin(), of_charset.end());
        if (hl7v2::has_error(issues)) exit_ = std::max(exit_, Exit::bad_data);
        if (options_.as == "err") return write_err(message, issues);
        if (options_.as == "outcome") return write_outcome(fhir_issues(issues));
        const auto counts = count(issues, hl7v2::outcome_severity);
        std::vector<std::string> rows, names, tolerances;
        for (const auto& issue : issues) rows.push_back(row(issue));
        for (const auto& profile : profiles) {
            fhir::append_json_string(profile->name, names.emplace_back());
        }
        JsonLine used;
        for (std::size_t i = 0; i < hl7v2::tolerance_count; ++i) {
            const auto tolerance = static_cast<hl7v2::Tolerance>(i);
            if (const auto times = message.deviations()[tolerance]) used.number(hl7v2::name(tolerance), times);
        }
        JsonLine line;
        line.text("file", file).text("format", "hl7v2").number("message", messages_).number("offset", part.offset);
        line.text("type", message.message_type()).text("event", message.trigger_event());
        line.text("version", message.version()).text("control_id", message.control_id());
        line.text("charset", decoded.charset).number("invalid_bytes", decoded.invalid_bytes);
        line.raw("profiles", list_of(names)).raw("tolerances", used.take());
        line.boolean("valid", counts.errors == 0).number("errors", counts.errors).number("warnings", counts.warnings);
        print(line.raw("issues", list_of(rows)).take());
    }

    static std::string row(const hl7v2::ValidationIssue& issue) {
        JsonLine line;
        line.text("severity", hl7v2::outcome_severity(issue)).text("rule", hl7v2::name(issue.rule));
        line.number("code", static_cast<std::uint16_t>(issue.code)).text("path", issue.path());
        return line.number("offset", issue.offset).text("text", issue.text).text("source", issue.source).take();
    }

    static fhir::Issues fhir_issues(const std::vector<hl7v2::ValidationIssue>& issues) {
        fhir::Issues out;
        for (const auto& issue : issues) {
            fhir::Issue& one = out.emplace_back();
            one.severity = severity_of(issue.severity);
            one.code = code_of(hl7v2::outcome_code(issue));
            one.text = issue.path() + (issue.segment.empty() ? "" : ": ") + issue.text;
            one.rule = issue.source;
        }
        return out;
    }

    static fhir::Severity severity_of(hl7v2::Severity severity) noexcept {
        switch (severity) {
            case hl7v2::Severity::error:
                return fhir::Severity::error;
            case hl7v2::Severity::warning:
                return fhir::Severity::warning;
            case hl7v2::Severity::information:
                return fhir::Severity::information;
            case hl7v2::Severity::fatal:
                break;
        }
        return fhir::Severity::fatal;
    }

    static fhir::IssueCode code_of(std::string_view wanted) noexcept {
        for (int i = 0; i <= static_cast<int>(fhir::IssueCode::informational); ++i) {
            const auto code = static_cast<fhir::IssueCode>(i);
            if (fhir::code_of(code) == wanted) return code;
        }
        return fhir::IssueCode::invalid;
    }

    void write_err(const hl7v2::MessageView& message, const std::vector<hl7v2::ValidationIssue>& issues) const {
        const auto code = hl7v2::has_error(issues) ? hl7v2::AckCode::ae : hl7v2::AckCode::aa;
        const std::string now = now_text();
        const auto entries = hl7v2::err_entries(issues);
        std::string ack = hl7v2::acknowledge(message, code, entries, {.now = now, .control_id = message.control_id()});
        std::replace(ack.begin(), ack.end(), '\r', '\n');
        fmt::print("{}", ack);
    }

    // --- FHIR

    static fhir::Result<fhir::DocumentPtr> parse_fhir(std::string bytes, fhir::Issues* faults = nullptr) {
        const std::size_t first = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
        const bool xml = first != std::string::npos && bytes[first] == '<';
        return xml ? fhir::parse_xml(std::move(bytes), {}, faults) : fhir::parse_json(std::move(bytes));
    }

    /// One resource, or in a file *.ndjson one a line.
    void check_fhir_file(const std::string& file, std::string front, std::istream& in) {
        std::ostringstream rest;
        rest << in.rdbuf();
        std::string bytes = std::move(front) + rest.str();
        if (!file.ends_with(".ndjson")) return check_resource(file, 1, std::move(bytes));
        std::istringstream lines(std::move(bytes));
        std::string line;
        for (std::size_t number = 1; std::getline(lines, line); ++number) {
            if (line.find_first_not_of(" \t\r") != std::string::npos) check_resource(file, number, std::move(line));
        }
    }

    void check_resource(const std::string& file, std::size_t number, std::string bytes) {
        fhir::Issues issues;
        const auto document = parse_fhir(std::move(bytes), &issues);
        if (document) {
            if (validator_ == nullptr) validator_ = fhir::Validator::built_in();
            for (auto& issue : check_fhir(**document, *validator_, fhir_profiles_)) issues.push_back(std::move(issue));
        } else {
            issues.push_back(fhir::issue_of(document.error()));
        }
        if (fhir::has_error(issues)) exit_ = std::max(exit_, Exit::bad_data);
        if (options_.as != "ndjson") return write_outcome(issues);
        const auto counts = count(issues, [](const fhir::Issue& issue) { return fhir::code_of(issue.severity); });
        std::vector<std::string> rows;
        for (const auto& issue : issues) {
            JsonLine line;
            line.text("severity", fhir::code_of(issue.severity)).text("code", fhir::code_of(issue.code));
            rows.push_back(
                line.text("path", issue.expression).text("text", issue.text).text("source", issue.rule).take());
        }
        JsonLine line;
        line.text("file", file).text("format", "fhir").number("message", number);
        line.text("type", document ? (*document)->resource_type() : std::string_view{});
        line.boolean("valid", counts.errors == 0).number("errors", counts.errors).number("warnings", counts.warnings);
        print(line.raw("issues", list_of(rows)).take());
    }

    // --- results

    void write_outcome(const fhir::Issues& issues) const { print(fhir::to_outcome(issues)); }

    void unreadable(const std::string& file, std::uint64_t offset, std::string_view text) {
        exit_ = std::max(exit_, Exit::bad_data);
        if (options_.as != "ndjson") {
            fhir::Issue issue{
                fhir::Severity::fatal, fhir::IssueCode::structure, fmt::format("byte {}: {}", offset, text), {}, {}};
            return write_outcome({std::move(issue)});
        }
        JsonLine issue;
        issue.text("severity", "fatal").text("rule", "syntax").number("offset", offset).text("text", text);
        JsonLine line;
        line.text("file", file).text("format", "hl7v2").number("offset", offset).boolean("valid", false);
        print(line.number("errors", 1).number("warnings", 0).raw("issues", list_of({issue.take()})).take());
    }

    static void print(std::string_view line) {
        std::fwrite(line.data(), 1, line.size(), stdout);
        std::fputc('\n', stdout);
    }

    const Options& options_;
    std::vector<std::shared_ptr<const hl7v2::Profile>> v2_profiles_;
    std::vector<std::string> fhir_profiles_;
    std::shared_ptr<const fhir::Validator> validator_;  ///< made when the first resource comes
    std::size_t messages_ = 0;
    bool declared_ = true;
    Exit exit_ = Exit::good;
};

Exit list_profiles() {
    for (const auto& profile : hl7v2::built_in_profiles()) fmt::print("{:18} {}\n", profile->name, profile->title);
    return Exit::good;
}

}  // namespace

void add_validate_command(CLI::App& app, Exit& exit_code) {
    auto* const command =
        app.add_subcommand("validate", "checks HL7 v2 messages and FHIR resources; one result a line, as JSON");
    const auto options = std::make_shared<Options>();
    command->add_option("files", options->files,
                        "messages, batches, resources in JSON, NDJSON or XML; - reads standard input");
    command
        ->add_option("--profile", options->profiles,
                     "a message profile by name or file, or a FHIR profile by URL; repeatable. Profiles that a message "
                     "names in MSH-21 are checked anyway; 'none' leaves them out")
        ->allow_extra_args(false);  // what follows the name is a file
    command
        ->add_option("--definitions", options->definitions,
                     "FHIR definitions to check by (StructureDefinition, ValueSet ...)")
        ->check(CLI::ExistingFile)
        ->allow_extra_args(false);
    command
        ->add_option("--package", options->packages,
                     "FHIR packages to check by: a .tgz, a package's folder, or a folder of them; repeatable")
        ->allow_extra_args(false);
    command
        ->add_option(
            "--as", options->as,
            "ndjson: results; outcome: an OperationOutcome each; err: an acknowledgement with ERR segments each")
        ->check(CLI::IsMember({"ndjson", "outcome", "err"}))
        ->capture_default_str();
    command->add_option("--charset", options->charset, "read messages by this character set, whatever MSH-18 says");
    command->add_flag("--strict", options->strict, "read messages with the usual tolerances only");
    command->add_flag("--list-profiles", options->list_profiles, "print the message profiles that are built in");
    command->add_flag("--must-support", options->list_must_support,
                      "print the elements that each FHIR --profile marks mustSupport, and check nothing");
    command->callback([options, &exit_code] {
        if (options->list_profiles) {
            exit_code = list_profiles();
        } else if (options->list_must_support) {
            exit_code = Validation(*options).must_support();
        } else if (options->files.empty()) {
            fmt::print(stderr, "validate: a file is required\n");
            exit_code = Exit::usage;
        } else {
            exit_code = Validation(*options).run();
        }
    });
}

}  // namespace causeway
