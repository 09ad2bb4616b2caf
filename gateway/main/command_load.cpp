#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <thread>

#include "fhir/json/json.hpp"
#include "gateway/http/client.hpp"
#include "gateway/main/commands.hpp"
#include "gateway/main/gateway.hpp"
#include "gateway/ops/log.hpp"

namespace causeway {
namespace {

constexpr std::size_t chunk_bytes_max = 16u << 20;
constexpr std::chrono::minutes request_time{10};

/// What was loaded, and what was not.
struct Tally {
    std::map<std::string, std::uint64_t> by_type;
    std::uint64_t faults = 0;
};

/// The server that takes the resources, by its FHIR base.
class Target {
public:
    explicit Target(std::string base) : base_(std::move(base)) {}

    http::ClientAnswer send(const char* method, const std::string& url, std::string body, const char* type,
                            bool background = false) const {
        http::ClientRequest request;
        request.method = method;
        const auto parsed = http::ClientUrl::parse(url.starts_with("http") ? url : base_ + url);
        if (!parsed) return {};
        request.url = *parsed;
        request.body = std::move(body);
        request.time_max = request_time;
        request.answer_bytes_max = 256u << 20;
        if (type) request.headers.emplace_back("Content-Type", type);
        request.headers.emplace_back("Accept", "application/fhir+json");
        request.headers.emplace_back("Prefer", background ? "respond-async" : "return=minimal");
        return http::fetch_blocking(request);
    }
    bool answers() const { return send("GET", "/metadata?_summary=true", {}, nullptr).status == 200; }

    /// Imports whole lines; false if the server could not be spoken with.
    bool import(const std::string& lines, Tally& tally) const {
        const auto accepted = send("POST", "/$import", lines, "application/fhir+ndjson", true);
        if (accepted.status != 202) return complain("$import", accepted);
        const std::string place(accepted.header("Content-Location"));
        for (;;) {
            const auto answer = send("GET", place, {}, nullptr);
            if (answer.status == 202) {
                std::this_thread::sleep_for(std::chrono::milliseconds(200));
                continue;
            }
            if (answer.status != 200) return complain(place, answer);
            count(answer.body, tally);
            send("DELETE", place, {}, nullptr);
            return true;
        }
    }

    bool transaction(const std::string& bundle, Tally& tally) const {
        const auto answer = send("POST", "", bundle, "application/fhir+json");
        if (answer.status != 200) {
            ++tally.faults;
            complain("the bundle", answer);
            return answer.status != 0;
        }
        const auto document = fhir::parse_json(answer.body);
        if (document.has_error()) return false;
        for (const auto entry : (*document)->root()["entry"].items()) {
            const auto location = std::string(entry["response"]["location"].text());
            const bool good = entry["response"]["status"].text().starts_with('2');
            if (!good) ++tally.faults;
            const auto history = location.find("/_history/");
            const auto slash = location.rfind('/', history == std::string::npos ? history : history - 1);
            if (!good || slash == std::string::npos) continue;
            const auto before = location.rfind('/', slash - 1);
            ++tally.by_type[location.substr(before == std::string::npos ? 0 : before + 1,
                                            slash - (before == std::string::npos ? 0 : before + 1))];
        }
        return true;
    }

private:
    static bool complain(const std::string& what, const http::ClientAnswer& answer) {
        std::string why = answer.failure;
        if (const auto document = fhir::parse_json(answer.body); document.has_value())
            why = (*document)->root()["issue"].item(0)["details"]["text"].text();
        fmt::print(stderr, "causeway load: {}: {} {}\n", what, answer.status, why);
        return false;
    }
    void count(const std::string& manifest, Tally& tally) const {
        const auto document = fhir::parse_json(manifest);
        if (document.has_error()) return;
        const auto number = [](fhir::Element element) {
            return static_cast<std::uint64_t>(std::strtoull(std::string(element.text()).c_str(), nullptr, 10));
        };
        for (const auto output : (*document)->root()["output"].items())
            tally.by_type[std::string(output["type"].text())] += number(output["count"]);
        for (const auto error : (*document)->root()["error"].items()) {
            tally.faults += number(error["count"]);
            const auto file = send("GET", std::string(error["url"].text()), {}, nullptr);
            std::istringstream lines(file.body);
            std::size_t shown = 0;
            for (std::string line; shown < 10 && std::getline(lines, line); ++shown)
                if (const auto outcome = fhir::parse_json(line); outcome.has_value())
                    fmt::print(stderr, "causeway load: {}\n",
                               (*outcome)->root()["issue"].item(0)["details"]["text"].text());
        }
    }

    std::string base_;
};

std::optional<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

bool load_ndjson(const Target& target, const std::filesystem::path& path, Tally& tally) {
    std::ifstream in(path, std::ios::binary);
    std::string chunk;
    for (std::string line; std::getline(in, line);) {
        if (chunk.size() + line.size() > chunk_bytes_max && !chunk.empty()) {
            if (!target.import(chunk, tally)) return false;
            chunk.clear();
        }
        chunk.append(line).append("\n");
    }
    return chunk.empty() || target.import(chunk, tally);
}

/// A transaction or batch goes in as it is; of any other bundle, its resources; anything else is one resource.
bool load_json(const Target& target, const std::filesystem::path& path, Tally& tally) {
    auto text = read_file(path);
    if (!text) {
        fmt::print(stderr, "causeway load: {}: cannot be read\n", path.string());
        ++tally.faults;
        return true;
    }
    const auto document = fhir::parse_json(*text);
    if (document.has_error()) {
        fmt::print(stderr, "causeway load: {}:{}:{}: {}\n", path.string(), document.error().line,
                   document.error().column, document.error().message);
        ++tally.faults;
        return true;
    }
    const auto root = (*document)->root();
    const auto type = root["type"].text();
    if ((*document)->resource_type() == "Bundle" && (type == "transaction" || type == "batch"))
        return target.transaction(*text, tally);
    std::string lines;
    if ((*document)->resource_type() == "Bundle" && (type == "collection" || type == "searchset")) {
        for (const auto entry : root["entry"].items()) lines += fhir::to_json(entry["resource"]) + "\n";
    } else {
        lines = fhir::to_json(root) + "\n";
    }
    return target.import(lines, tally);
}

std::vector<std::filesystem::path> files_of(const std::vector<std::string>& names, Tally& tally) {
    std::vector<std::filesystem::path> out;
    for (const auto& name : names) {
        std::error_code error;
        if (!std::filesystem::is_directory(name, error)) {
            if (!std::filesystem::exists(name, error)) {
                fmt::print(stderr, "causeway load: {}: there is no such file\n", name);
                ++tally.faults;
                continue;
            }
            out.emplace_back(name);
            continue;
        }
        std::vector<std::filesystem::path> inside;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(name, error)) {
            const auto extension = entry.path().extension();
            if (entry.is_regular_file() && (extension == ".json" || extension == ".ndjson"))
                inside.push_back(entry.path());
        }
        std::sort(inside.begin(), inside.end());
        out.insert(out.end(), inside.begin(), inside.end());
    }
    return out;
}

Exit load_into(const Target& target, const std::vector<std::string>& names) {
    Tally tally;
    bool spoken = true;
    for (const auto& file : files_of(names, tally)) {
        spoken = file.extension() == ".ndjson" ? load_ndjson(target, file, tally) : load_json(target, file, tally);
        if (!spoken) break;
    }
    std::uint64_t all = 0;
    for (const auto& [type, count] : tally.by_type) {
        fmt::print("{:>10} {}\n", count, type);
        all += count;
    }
    fmt::print("{:>10} resources loaded, {} refused\n", all, tally.faults);
    return !spoken ? Exit::failed : tally.faults > 0 ? Exit::bad_data : Exit::good;
}

/// No server runs: one of our own on a free port of the loopback, for as long as the loading takes. It holds the
/// store's lock, and everything that hangs on a write (patient index, audit, routing) is there as usual.
Exit load_with_own_server(Startup startup, const std::vector<std::string>& names) {
    startup.config.http.address = "127.0.0.1";
    startup.config.http.port = 0;
    startup.config.mllp.enabled = false;
    ops::log::configure(ops::log::Level::warning, ops::log::Format::text);
    try {
        Gateway gateway(std::move(startup));
        std::thread thread([&gateway] { gateway.run(); });
        const Target target(fmt::format("http://127.0.0.1:{}/fhir", gateway.http_port()));
        const auto exit = load_into(target, names);
        gateway.stop();
        thread.join();
        return exit;
    } catch (const StartFailure& failure) {
        fmt::print(stderr, "causeway: {}\n", failure.message);
        return Exit::failed;
    }
}

Exit load(const std::string& config, const std::string& server, const std::vector<std::string>& names) {
    if (!server.empty()) {
        const Target target(server.ends_with('/') ? server.substr(0, server.size() - 1) : server);
        if (target.answers()) return load_into(target, names);
        fmt::print(stderr, "causeway load: {} does not answer\n", server);
        return Exit::failed;
    }
    Startup startup = read_startup(config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    const Target running(fmt::format("http://{}:{}/fhir", startup.config.http.address, startup.config.http.port));
    if (running.answers()) return load_into(running, names);
    return load_with_own_server(std::move(startup), names);
}

}  // namespace

void add_load_command(CLI::App& app, Exit& exit_code) {
    auto config = std::make_shared<std::string>();
    auto server = std::make_shared<std::string>();
    auto names = std::make_shared<std::vector<std::string>>();
    CLI::App* command = app.add_subcommand(
        "load", "Load resources from .json and .ndjson files, to the running server or, if none runs, into the store");
    command->add_option("--config", *config, "configuration file (TOML); without it, loopback and defaults");
    command->add_option("--server", *server, "FHIR base of the server to load to");
    command->add_option("FILES", *names, "files, or folders whose .json and .ndjson files are taken")->required();
    command->callback([config, server, names, &exit_code] { exit_code = load(*config, *server, *names); });
}

}  // namespace causeway
