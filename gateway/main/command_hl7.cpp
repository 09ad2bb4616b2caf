#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "gateway/main/commands.hpp"
#include "hl7v2/batch.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/dictionary/describe.hpp"
#include "hl7v2/print.hpp"
#include "hl7v2/xml/xml.hpp"

namespace causeway {
namespace {

struct PrintOptions {
    std::string file;
    std::string as = "tree";
    std::string charset;
    bool strict = false;
};

struct DescribeOptions {
    std::string what;
    std::string version = "2.5.1";
};

void write(std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stdout); }

/// The parts of one input, in order; a file of any size is never held whole.
class Printer {
public:
    explicit Printer(const PrintOptions& options) : options_(options) {}

    Exit run(std::istream& in) {
        std::string front(probe_bytes, '\0');
        in.read(front.data(), static_cast<std::streamsize>(front.size()));
        front.resize(static_cast<std::size_t>(in.gcount()));
        if (hl7v2::looks_like_xml(front)) return run_xml(std::move(front), in);
        hl7v2::BatchReader reader;
        std::ranges::copy(front, reader.prepare(front.size() + 1).begin());
        reader.commit(front.size());
        while (const auto part = reader.next()) take(*part);
        while (in) {
            const auto room = reader.prepare();
            in.read(room.data(), static_cast<std::streamsize>(room.size()));
            reader.commit(static_cast<std::size_t>(in.gcount()));
            while (const auto part = reader.next()) take(*part);
        }
        reader.finish();
        while (const auto part = reader.next()) take(*part);
        if (messages_ == 0 && exit_ == Exit::good) {
            fmt::print(stderr, "{}: no message\n", options_.file);
            exit_ = Exit::bad_data;
        }
        return exit_;
    }

private:
    static constexpr std::size_t probe_bytes = 4096;  ///< so far a file is looked at to see what it is

    /// One message in the XML encoding; in ER7 it is what it says, not what came in.
    Exit run_xml(std::string front, std::istream& in) {
        std::ostringstream rest;
        if (in) rest << in.rdbuf();
        const auto message = hl7v2::read_xml(front.append(rest.view()));
        if (!message) {
            fmt::print(stderr, "{}: byte {}: {}\n", options_.file, message.error().offset,
                       hl7v2::describe(message.error().code));
            return Exit::bad_data;
        }
        if (options_.as == "er7") write(*message);
        hl7v2::BatchPart part;
        part.bytes = *message;
        show(part, "UNICODE UTF-8");
        return exit_;
    }

    void take(const hl7v2::BatchPart& part) {
        const bool er7 = options_.as == "er7";
        if (er7) write(part.bytes);
        if (part.too_large) return fail(part, hl7v2::Errc::too_large, 0);
        const bool blank = part.bytes.find_first_not_of(" \t\r\n\v\x1c\xEF\xBB\xBF") == std::string_view::npos;
        const bool message = part.kind == hl7v2::BatchPart::Kind::message;
        if (!message && (part.kind != hl7v2::BatchPart::Kind::other || blank)) {
            if (!er7 && !blank) show_envelope(part);
            return;
        }
        // what no MSH begins may still be a message to a tolerant reader
        show(part, options_.charset);
    }

    void show(const hl7v2::BatchPart& part, std::string_view charset) {
        hl7v2::ParseOptions parse;
        if (!options_.strict) parse.tolerances = hl7v2::Tolerances::all();
        const auto decoded = hl7v2::decode_to_utf8(part.bytes, {.override_name = charset});
        const auto message = hl7v2::MessageView::parse(std::string_view(decoded.text), parse);
        if (!message) return fail(part, message.error().code, message.error().offset);
        ++messages_;
        if (options_.as == "er7") return;
        std::string out;
        const auto structure = hl7v2::dictionary::structure_of(*message);
        if (options_.as == "xml") {
            structure ? write_xml(group(*message, *structure), out) : write_xml(*message, out);
        } else if (options_.as == "json") {
            structure ? print_json(group(*message, *structure), out) : print_json(*message, out);
            out += '\n';
        } else {
            structure ? print_tree(group(*message, *structure), out) : print_tree(*message, out);
        }
        write(out);
    }

    void show_envelope(const hl7v2::BatchPart& part) {
        const std::string_view line = part.bytes.substr(0, part.bytes.find_first_of("\r\n"));
        if (options_.as == "tree") fmt::print("{}\n", line.substr(0, 3));
    }

    void fail(const hl7v2::BatchPart& part, hl7v2::Errc code, std::size_t offset) {
        fmt::print(stderr, "{}: byte {}: {}\n", options_.file, part.offset + offset, hl7v2::describe(code));
        exit_ = Exit::bad_data;
    }

    const PrintOptions& options_;
    std::size_t messages_ = 0;
    Exit exit_ = Exit::good;
};

Exit print(const PrintOptions& options) {
    if (options.file == "-") return Printer(options).run(std::cin);
    std::ifstream in(options.file, std::ios::binary);
    if (!in) {
        fmt::print(stderr, "{}: cannot be read\n", options.file);
        return Exit::failed;
    }
    return Printer(options).run(in);
}

Exit describe(const DescribeOptions& options) {
    const auto version = hl7v2::dictionary::find_version(options.version);
    if (!version) {
        fmt::print(stderr, "hl7 describe: no version {}; there are:\n", options.version);
        for (const auto known : hl7v2::dictionary::versions()) fmt::print(stderr, "  {}\n", known.text());
        return Exit::usage;
    }
    const std::string text = hl7v2::dictionary::describe(*version, options.what);
    if (text.empty()) {
        fmt::print(stderr, "hl7 describe: version {} has no {}\n", options.version, options.what);
        return Exit::bad_data;
    }
    write(text);
    return Exit::good;
}

}  // namespace

void add_hl7_command(CLI::App& app, Exit& exit_code) {
    auto* const hl7 = app.add_subcommand("hl7", "shows HL7 v2 messages, and what the standard says of them");
    hl7->require_subcommand(1);

    auto* const print_command = hl7->add_subcommand("print", "shows the messages of a file or batch");
    const auto print_options = std::make_shared<PrintOptions>();
    print_command->add_option("file", print_options->file, "messages in ER7; - reads standard input")->required();
    print_command
        ->add_option("--as", print_options->as,
                     "er7: byte for byte what came in; tree: for people; json: one object a message; xml: the XML "
                     "encoding of v2, which is read too")
        ->check(CLI::IsMember({"er7", "tree", "json", "xml"}))
        ->capture_default_str();
    print_command->add_option("--charset", print_options->charset, "read by this character set, whatever MSH-18 says");
    print_command->add_flag("--strict", print_options->strict, "with the usual tolerances only");
    print_command->callback([print_options, &exit_code] { exit_code = print(*print_options); });

    auto* const describe_command = hl7->add_subcommand("describe", "prints what the dictionary knows");
    const auto describe_options = std::make_shared<DescribeOptions>();
    describe_command
        ->add_option("what", describe_options->what,
                     "PID, PID-3.4, CX.4, 0203, ORU_R01, ADT^A08, A08, or segments, datatypes, structures, events, "
                     "tables, versions")
        ->required();
    describe_command->add_option("--version", describe_options->version, "of the standard, 2.1 to 2.8.2")
        ->capture_default_str();
    describe_command->callback([describe_options, &exit_code] { exit_code = describe(*describe_options); });
}

}  // namespace causeway
