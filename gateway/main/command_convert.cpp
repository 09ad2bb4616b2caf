#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/xml/xml.hpp"
#include "gateway/main/commands.hpp"
#include "gateway/main/map_files.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/message.hpp"
#include "hl7v2/path.hpp"
#include "mappings/engine/backward.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/lineage.hpp"
#include "mappings/engine/mapset.hpp"
#include "mappings/engine/plan.hpp"
#include "mappings/engine/put.hpp"
#include "mappings/engine/trace_text.hpp"

namespace causeway {
void add_convert_command(CLI::App& app, Exit& exit_code);

namespace {

struct ConvertCommand {
    std::vector<std::string> files;
    std::string to, partner, maps, library, structure, out, onto;
    bool trace = false, provenance = false, part = false;
};

std::string now_instant() {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[32];
    const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return {text, size};
}

bool read_file(const std::string& name, std::string& out) {
    std::ostringstream text;
    if (name == "-") {
        text << std::cin.rdbuf();
    } else {
        std::ifstream file(name, std::ios::binary);
        if (!file) return false;
        text << file.rdbuf();
    }
    out = text.str();
    return true;
}

/// Which message a set of resources is: what the header says, else what the first telling resource is for.
std::string structure_for(const mappings::Plan& plan, const std::vector<mappings::SourceResource>& resources) {
    std::string event;
    for (const auto& resource : resources)
        if (resource.element.resource_type() == "MessageHeader")
            event = std::string(resource.element["eventCoding"]["code"].text());
    for (const auto& message : plan.messages)
        if (std::find(message->events.begin(), message->events.end(), event) != message->events.end())
            return message->name;
    struct Row {
        std::string_view type, structure;
    };
    for (const auto& [type, structure] : {Row{"DiagnosticReport", "ORU_R01"},
                                          {"ServiceRequest", "OML_O21"},
                                          {"MedicationDispense", "RDS_O13"},
                                          {"MedicationRequest", "RDE_O11"},
                                          {"Immunization", "VXU_V04"},
                                          {"Appointment", "SIU_S12"},
                                          {"DocumentReference", "MDM_T02"},
                                          {"Encounter", "ADT_A01"},
                                          {"Patient", "ADT_A05"}})
        for (const auto& resource : resources)
            if (resource.element.resource_type() == type) return std::string(structure);
    return {};
}

class Converter {
public:
    Converter(const ConvertCommand& command, std::shared_ptr<const mappings::MapSet> maps, std::string site)
        : command_(command), maps_(std::move(maps)), site_(std::move(site)), plan_(maps_->plan(site_)) {}

    Exit convert(const std::string& name) {
        std::string bytes;
        if (!read_file(name, bytes)) {
            fmt::print(stderr, "causeway convert: cannot read {}\n", name);
            return Exit::usage;
        }
        const auto first = std::min(bytes.find_first_not_of(" \t\r\n\x0b\xef\xbb\xbf"), bytes.size());
        const char kind = first < bytes.size() ? bytes[first] : '\0';
        if (kind == '{') return from_fhir(name, fhir::parse_json(std::move(bytes)), "v2");
        if (kind == '<') return from_fhir(name, fhir::parse_xml(std::move(bytes)), "json");
        return from_v2(name, bytes);
    }

private:
    /// By the rules of the version that the message says it is of, as the gateway does.
    void read_as(const hl7v2::MessageView& message) {
        using namespace hl7v2::literals;
        const std::string version = message.at("MSH-12.1"_v2).text();
        if (auto plan = maps_->plan(site_, version.empty() ? "2.5.1" : version)) plan_ = std::move(plan);
    }

    Exit from_v2(const std::string& name, const std::string& bytes) {
        const std::string to = command_.to.empty() ? "fhir" : command_.to;
        const auto message = hl7v2::Message::parse(hl7v2::decode_to_utf8(bytes).text, {{}, hl7v2::Tolerances::all()});
        if (message.has_error())
            return fault(name,
                         fmt::format("{} at byte {}", hl7v2::describe(message.error().code), message.error().offset));
        read_as(message->view());
        mappings::ForwardContext context;
        context.now = now_instant();
        const auto result = mappings::forward(*plan_, message->view(), context);
        print_issues(name, result.issues);
        if (result.refused) return Exit::bad_data;
        if (to == "v2") {
            std::vector<mappings::SourceResource> resources;
            for (const auto& resource : result.resources)
                resources.push_back({resource.doc->root(), std::string(resource.full_url)});
            return write_message(name, resources, result.structure, result.control_id);
        }
        auto bundle = mappings::to_bundle(result, context);
        if (command_.provenance) {
            auto builder = fhir::DocumentBuilder::edit(bundle);
            for (const auto& each : mappings::provenance(*plan_, result, message->view(), context))
                builder.root().append("entry").member("resource").copy_from(each->root());
            bundle = std::move(builder).finish();
        }
        const Exit written = write_resource(name, bundle->root(), to == "xml");
        if (command_.trace) {
            std::string text = mappings::trace_text(*plan_, result, message->view());
            text += fmt::format("-- not read: {} of {} values\n{}", result.residue.size(), result.leaves,
                                mappings::residue_text(result));
            write(name, ".trace", text);
        }
        return written;
    }

    Exit from_fhir(const std::string& name, const fhir::Result<fhir::DocumentPtr>& parsed, const char* usual) {
        if (parsed.has_error()) {
            const auto& error = parsed.error();
            return fault(name, fmt::format("{}{} (line {}, column {})", error.path.empty() ? "" : error.path + ": ",
                                           error.message, error.line, error.column));
        }
        const std::string to = command_.to.empty() ? usual : command_.to;
        if (to != "v2") return write_resource(name, (*parsed)->root(), to == "xml");
        const auto resources = mappings::resources_of(**parsed);
        if (!command_.onto.empty()) return write_onto(name, resources);
        return write_message(name, resources,
                             command_.structure.empty() ? structure_for(*plan_, resources) : command_.structure, "1");
    }

    /// The original with what was changed in the resources; nothing else of it is touched.
    Exit write_onto(const std::string& name, const std::vector<mappings::SourceResource>& resources) {
        std::string bytes;
        if (!read_file(command_.onto, bytes)) {
            fmt::print(stderr, "causeway convert: cannot read {}\n", command_.onto);
            return Exit::usage;
        }
        const auto decoded = hl7v2::decode_to_utf8(bytes);
        const auto message = hl7v2::Message::parse(decoded.text, {{}, hl7v2::Tolerances::all()});
        if (message.has_error())
            return fault(command_.onto,
                         fmt::format("{} at byte {}", hl7v2::describe(message.error().code), message.error().offset));
        read_as(message->view());
        mappings::PutContext context;
        context.forward.now = now_instant();
        context.complete = !command_.part;
        const auto result = mappings::put(*plan_, resources, message->view(), context);
        print_issues(name, result.issues);
        if (result.refused) return Exit::bad_data;
        for (const auto& place : result.changed) fmt::print(stderr, "{}: changed {}\n", name, place);
        if (result.er7 == decoded.text) return write(name, ".hl7", bytes);
        if (bytes == decoded.text) return write(name, ".hl7", result.er7);
        // In the original's own character set, if that gives back every byte that was not edited.
        const auto same = hl7v2::encode_from_utf8(decoded.text, decoded.charset);
        const auto edited = hl7v2::encode_from_utf8(result.er7, decoded.charset);
        if (same.has_error() || edited.has_error() || same->bytes != bytes)
            return fault(command_.onto, "its character set cannot be written again byte for byte");
        if (edited->replaced != same->replaced)
            return fault(name, "an edited value has characters that the message's character set lacks");
        return write(name, ".hl7", edited->bytes);
    }

    Exit write_message(const std::string& name, const std::vector<mappings::SourceResource>& resources,
                       const std::string& structure, std::string control_id) {
        mappings::BackwardContext context;
        context.now = now_instant();
        context.control_id = std::move(control_id);
        auto result = mappings::backward(*plan_, resources, structure, context);
        print_issues(name, result.issues);
        if (result.refused) return Exit::bad_data;
        if (command_.out.empty()) std::replace(result.er7.begin(), result.er7.end(), '\r', '\n');
        return write(name, ".hl7", result.er7);
    }

    Exit write_resource(const std::string& name, fhir::Element root, bool xml) {
        if (!xml) return write(name, ".json", fhir::to_json(root, {.pretty = true}) + "\n");
        const auto text = fhir::to_xml(root, {.pretty = true});
        if (text.has_error()) return fault(name, text.error().message);
        return write(name, ".xml", *text + "\n");
    }

    Exit write(const std::string& name, const char* extension, const std::string& text) {
        if (command_.out.empty()) {
            fmt::print("{}", text);
            return Exit::good;
        }
        const auto path = std::filesystem::path(command_.out) /
                          std::filesystem::path(name == "-" ? "stdin" : name).filename().replace_extension(extension);
        std::ofstream file(path, std::ios::binary);
        file << text;
        if (file.good()) return Exit::good;
        fmt::print(stderr, "causeway convert: cannot write {}\n", path.string());
        return Exit::failed;
    }

    void print_issues(const std::string& name, const mappings::Issues& issues) const {
        for (const auto& issue : issues) {
            const auto& line = plan_->lines[issue.line];
            fmt::print(stderr, "{}: {} {}{}{}\n", name, issue.code, issue.v2_path.empty() ? "" : issue.v2_path + ": ",
                       issue.text, issue.line == 0 ? "" : fmt::format(" [{}:{}]", line.file, line.line));
        }
    }

    Exit fault(const std::string& name, const std::string& text) const {
        fmt::print(stderr, "{}: {}\n", name, text);
        return Exit::bad_data;
    }

    const ConvertCommand& command_;
    std::shared_ptr<const mappings::MapSet> maps_;
    std::string site_;
    mappings::PlanPtr plan_;
};

/// Here nothing is stored, neither message nor trace: what is made says all that the guide says, unless a site is named.
std::string site_of(const ConvertCommand& command, const mappings::MapSet& maps) {
    if (command.partner == "base") return {};
    const auto sites = maps.sites();
    const bool has_guide = std::find(sites.begin(), sites.end(), "guide") != sites.end();
    return command.partner.empty() && has_guide ? "guide" : command.partner;
}

Exit run(const ConvertCommand& command) {
    auto sources = command.library.empty() ? mappings::MapSet::builtin() : read_map_files(command.library);
    if (!command.maps.empty())
        for (auto& each : read_map_files(command.maps)) sources.push_back(std::move(each));
    const auto loaded = mappings::MapSet::load(std::move(sources));
    for (const auto& diagnostic : loaded.diagnostics) fmt::print(stderr, "{}\n", diagnostic.to_string());
    if (!loaded.maps) return Exit::failed;
    const std::string site = site_of(command, *loaded.maps);
    if (!loaded.maps->plan(site)) {
        fmt::print(stderr, "causeway convert: there is no site {}\n", command.partner);
        return Exit::usage;
    }
    Converter converter(command, loaded.maps, site);
    Exit worst = Exit::good;
    for (const auto& file : command.files) worst = std::max(worst, converter.convert(file));
    return worst;
}

}  // namespace

void add_convert_command(CLI::App& app, Exit& exit_code) {
    auto command = std::make_shared<ConvertCommand>();
    auto* sub = app.add_subcommand("convert", "Convert between HL7 v2 and FHIR, and between FHIR's JSON and XML");
    sub->footer(
        "What a file is, is seen from its first character: MSH, { or <. HL7 v2 becomes a Bundle, a Bundle becomes HL7 "
        "v2,\n"
        "XML becomes JSON, unless --to says otherwise.\n"
        "Exit code: 0 if all went well, 1 if an input was bad or refused, 2 if it could not be read.");
    sub->add_option("files", command->files, "files; - is the standard input")->required();
    sub->add_option("--to", command->to, "what to make")->check(CLI::IsMember({"fhir", "v2", "json", "xml"}));
    sub->add_option("--partner", command->partner,
                    "use the maps of this site; base = what the gateway stores, guide (the default) = all that the "
                    "v2-to-FHIR guide makes");
    sub->add_option("--maps", command->maps, "a folder of map files on top of the shipped ones")
        ->check(CLI::ExistingDirectory);
    sub->add_option("--library", command->library, "a folder of map files in place of the shipped ones")
        ->check(CLI::ExistingDirectory);
    sub->add_option("--message", command->structure, "the message to make, e.g. OML_O21");
    sub->add_option("--out", command->out, "write into this folder instead of to the standard output")
        ->check(CLI::ExistingDirectory);
    sub->add_option("--onto", command->onto,
                    "with FHIR input: write what was changed into this message, the one the resources came from")
        ->check(CLI::ExistingFile);
    sub->add_flag("--part", command->part,
                  "with --onto: the input holds only some of the message's resources; the others stay as they are");
    sub->add_flag("--provenance", command->provenance,
                  "add a Provenance to each resource that says which field and map line made which element");
    sub->add_flag("--trace", command->trace,
                  "also say which field and map line made which element, and what was not read");
    sub->callback([command, &exit_code] { exit_code = run(*command); });
}

}  // namespace causeway
