#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <map>
#include <set>

#include "fhir/model/document.hpp"
#include "gateway/main/command_maps.hpp"
#include "gateway/main/gateway.hpp"
#include "gateway/main/map_files.hpp"
#include "gateway/main/startup.hpp"
#include "gateway/main/store_place.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/message.hpp"
#include "mappings/engine/difference.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/plan.hpp"

namespace causeway::maps_command {
namespace {

struct PreviewCommand {
    std::string folder, since = "7d", storage, config, site;
    bool values = false;
    std::size_t limit = 100'000;
};

/// "7d", "12h", "30m" in microseconds; -1 if it is none of these.
std::int64_t duration_us(const std::string& text) {
    std::int64_t number = 0;
    std::size_t i = 0;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9' && number < 1'000'000; ++i)
        number = number * 10 + (text[i] - '0');
    if (i == 0 || i + 1 != text.size()) return -1;
    constexpr std::int64_t second = 1'000'000;
    switch (text[i]) {
        case 'd':
            return number * 86'400 * second;
        case 'h':
            return number * 3'600 * second;
        case 'm':
            return number * 60 * second;
        default:
            return -1;
    }
}

std::string without_indexes(std::string_view path) {
    std::string out;
    bool inside = false;
    for (const char c : path) {
        inside |= c == '[';
        if (!inside) out += c;
        inside &= c != ']';
    }
    return out;
}

/// What candidate maps would change, counted by the line that causes it.
class Preview {
public:
    Preview(std::shared_ptr<const mappings::MapSet> now, std::shared_ptr<const mappings::MapSet> candidate, bool values)
        : now_(std::move(now)), candidate_(std::move(candidate)), values_(values) {}

    void look_at(const storage::InboxRow& row, const std::string& site) {
        const auto message =
            hl7v2::Message::parse(hl7v2::decode_to_utf8(row.message.raw).text, {{}, hl7v2::Tolerances::all()});
        if (message.has_error()) {
            ++unreadable_;
            return;
        }
        const std::string version(message->view().version());
        const auto before_plan = now_->plan(site, version), after_plan = candidate_->plan(site, version);
        if (!before_plan || !after_plan) {
            ++unreadable_;
            return;
        }
        mappings::ForwardContext context;
        context.now = "2000-01-01T00:00:00Z";
        const auto before = mappings::forward(*before_plan, message->view(), context);
        const auto after = mappings::forward(*after_plan, message->view(), context);
        ++messages_;
        const std::string id = row.message.kind + " " + row.message.control_id;
        bool changed = before.refused != after.refused;
        if (changed)
            note("", after.refused ? "the message would be refused" : "the message would no longer be refused", id, {},
                 {});
        std::map<std::string_view, std::pair<const mappings::MappedResource*, const mappings::MappedResource*>> pairs;
        for (const auto& each : before.resources) pairs[each.full_url].first = &each;
        for (const auto& each : after.resources) pairs[each.full_url].second = &each;
        const auto old_lines = lines_of(before, *before_plan), new_lines = lines_of(after, *after_plan);
        for (const auto& [url, pair] : pairs) {
            const auto& [old, made] = pair;
            const std::string type(old ? old->type : made->type);
            for (const auto& d : mappings::differences(old ? old->doc->root() : fhir::Element(),
                                                       made ? made->doc->root() : fhir::Element(), type)) {
                changed = true;
                const char* what = !d.before ? "added" : !d.after ? "removed" : "changed";
                auto line = line_below(new_lines, d.after);
                if (line.empty()) line = line_below(old_lines, d.before);
                note(line, without_indexes(d.path) + " " + what, id, d.before, d.after);
            }
        }
        changed_ += changed ? 1 : 0;
    }

    void print() const {
        for (const auto& [line, changes] : groups_) {
            fmt::print("{}\n", line.empty() ? "(no line: a constant, an identity, or a resource as a whole)" : line);
            for (const auto& [what, change] : changes) {
                fmt::print("  {}: {} times in {} messages, e.g. {}\n", what, change.count, change.messages.size(),
                           change.example);
                if (values_ && !change.values.empty()) fmt::print("    {}\n", change.values);
            }
        }
        fmt::print("{} messages read, {} would change, {} could not be read\n", messages_, changed_, unreadable_);
    }

private:
    struct Change {
        std::size_t count = 0;
        std::set<std::string> messages;
        std::string example, values;
    };
    using Lines = std::map<const fhir::Node*, std::string>;

    static Lines lines_of(const mappings::ForwardResult& result, const mappings::Plan& plan) {
        Lines out;
        for (const auto& entry : result.trace) {
            if (entry.line == 0) continue;
            const auto& line = plan.lines[entry.line];
            out.emplace(entry.node, line.file + ":" + std::to_string(line.line) + "  " + line.text);
        }
        return out;
    }
    /// The line that made an element, or the first that made something in it.
    static std::string line_below(const Lines& lines, fhir::Element element) {
        if (!element) return {};
        if (const auto at = lines.find(element.node()); at != lines.end()) return at->second;
        for (const auto child : element.children())
            if (auto line = line_below(lines, child); !line.empty()) return line;
        return {};
    }

    void note(const std::string& line, const std::string& what, const std::string& id, fhir::Element before,
              fhir::Element after) {
        Change& change = groups_[line][what];
        if (change.count++ == 0) {
            change.example = id;
            if (before || after) change.values = mappings::brief(before, 80) + " -> " + mappings::brief(after, 80);
        }
        change.messages.insert(id);
    }

    std::shared_ptr<const mappings::MapSet> now_, candidate_;
    bool values_;
    std::map<std::string, std::map<std::string, Change>> groups_;
    std::size_t messages_ = 0, changed_ = 0, unreadable_ = 0;
};

Exit preview(const PreviewCommand& command) {
    const auto age = duration_us(command.since);
    if (age < 0) {
        fmt::print(stderr, "causeway maps preview: --since takes 7d, 12h or 30m\n");
        return Exit::usage;
    }
    const auto startup = read_startup(command.config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    auto now = load_and_try_maps(startup.config.exchange.maps), candidate = load_and_try_maps(command.folder);
    for (const auto* each : {&now, &candidate})
        for (const auto& fault : each->faults) fmt::print(stderr, "{}\n", fault);
    if (!now.maps || !candidate.maps) return Exit::bad_data;

    storage::SqliteOptions options;
    options.file = command.storage.empty() ? startup.config.storage.path : command.storage;
    options.secrets = read_secrets(startup.config);
    const auto store = storage::open_sqlite(std::move(options));
    if (store.has_error()) {
        fmt::print(stderr, "causeway maps preview: the store cannot be opened: {}\n", store.error().message);
        return Exit::failed;
    }
    auto snapshot = (*store)->snapshot();
    if (snapshot.has_error()) {
        fmt::print(stderr, "causeway maps preview: {}\n", snapshot.error().message);
        return Exit::failed;
    }
    const auto oldest =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count() -
        age;
    Preview result(now.maps, candidate.maps, command.values);
    storage::InboxQuery query;
    query.count = 200;
    query.with_raw = true;
    for (std::size_t seen = 0; seen < command.limit;) {
        const auto rows = (*snapshot)->inbox(query);
        if (rows.has_error()) {
            fmt::print(stderr, "causeway maps preview: {}\n", rows.error().message);
            return Exit::failed;
        }
        bool more = !rows->empty();
        for (const auto& row : *rows) {
            query.before = row.id;
            if (row.message.received_us < oldest || ++seen > command.limit) {
                more = false;
                break;
            }
            std::string site = command.site;
            if (site.empty())
                if (const auto* partner =
                        exchange::find_sender(startup.exchange, row.message.application, row.message.facility))
                    site = partner->site;
            result.look_at(row, site);
        }
        if (!more) break;
    }
    result.print();
    return Exit::good;
}

}  // namespace

void add_preview(CLI::App& maps, Exit& exit_code) {
    auto command = std::make_shared<PreviewCommand>();
    auto* sub = maps.add_subcommand("preview", "Say what other maps would make of the messages that came in");
    sub->add_option("folder", command->folder, "the candidate maps: a folder as [exchange] maps names it")
        ->required()
        ->check(CLI::ExistingDirectory);
    sub->add_option("--since", command->since, "how far back: 7d, 12h, 30m");
    sub->add_option("--storage", command->storage, "the store to read: one that is not in use, or a backup of it");
    sub->add_option("--config", command->config, "the gateway's configuration: its store, maps and partners");
    sub->add_option("--site", command->site, "the maps of this site for every message");
    sub->add_option("--limit", command->limit, "messages at most");
    sub->add_flag("--values", command->values, "show one value before and after; they are of patients");
    sub->footer("Nothing is written. Changes are grouped by the map line that causes them.");
    sub->callback([command, &exit_code] { exit_code = preview(*command); });
}

}  // namespace causeway::maps_command
