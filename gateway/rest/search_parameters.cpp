#include "gateway/rest/search_parameters.hpp"

#include <algorithm>
#include <charconv>

#include "fhir/json/json.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/search/query.hpp"
#include "gateway/ops/log.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/operations.hpp"

namespace causeway::rest {

using fhir::IssueCode;
using fhir::search::CustomParameter;
using fhir::search::CustomParameters;
using storage::Result;
namespace logging = ops::log;

namespace {

constexpr std::uint32_t slice_resources = 200;
/// A request that was indexed before a parameter came is surely committed after this.
constexpr std::int64_t settle_us = 3'000'000;
constexpr std::chrono::milliseconds look_every{1'000};

/// Tells a definition apart from others of its code, for ever.
std::string name_of(const CustomParameter& parameter) {
    std::uint64_t hash = 14695981039346656037ull;
    for (const char c : parameter.identity()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    std::string out = parameter.code + "#";
    for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[hash >> shift & 15];
    return out;
}

std::string key_of(const CustomParameter& parameter) {
    return "search-parameter." + parameter.resource_type + "." + name_of(parameter);
}

/// Where a walk over a type's resources stands, as it is noted in the store.
struct Progress {
    bool done = false;
    std::int64_t upto_us = 0;  ///< lastUpdated of the last resource looked at
    std::int64_t looked_at = 0, total = 0, failed = 0;
};

std::string text_of(const Progress& progress) {
    return std::string(progress.done ? "done" : "running") + " " + std::to_string(progress.upto_us) + " " +
           std::to_string(progress.looked_at) + " " + std::to_string(progress.total) + " " +
           std::to_string(progress.failed);
}

Progress progress_of(std::string_view text) {
    Progress out;
    const auto next = [&] {
        const auto word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        return word;
    };
    const auto number = [&] {
        std::int64_t value = 0;
        const auto word = next();
        std::from_chars(word.data(), word.data() + word.size(), value);
        return value;
    };
    out.done = next() == "done";
    out.upto_us = number();
    out.looked_at = number();
    out.total = number();
    out.failed = number();
    return out;
}

Result<Progress> stored_progress(storage::Reader& reader, const CustomParameter& parameter) {
    auto note = reader.note(key_of(parameter));
    if (note.has_error()) return note.error();
    return *note ? progress_of(**note) : Progress();
}

std::vector<CustomParameter> definitions_in(const storage::StoredResource& resource) {
    const auto document = fhir::parse_json(resource.json());
    fhir::Issues issues;
    return document ? fhir::search::read_search_parameter((*document)->root(), issues) : std::vector<CustomParameter>();
}

bool same(const CustomParameter& a, const CustomParameter& b) {
    return a.resource_type == b.resource_type && a.identity() == b.identity();
}

}  // namespace

SearchParameters::SearchParameters()
    : current_(std::make_shared<const CustomParameters>(std::vector<CustomParameter>())) {}

SearchParameters::~SearchParameters() { stop(); }

std::shared_ptr<const CustomParameters> SearchParameters::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

void SearchParameters::start(const Services& services) {
    services_ = &services;
    reload();
    thread_ = std::thread([this] { work(); });
}

void SearchParameters::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

/// A definition that is no longer one loses its progress: what is written meanwhile has no keys of it.
Result<void> SearchParameters::written(storage::Transaction& transaction, const Written& written,
                                       const security::Principal&) {
    if (written.type != "SearchParameter") return {};
    if (written.version.number > 1) {
        auto before = transaction.read_version(written.type, written.id, written.version.number - 1);
        if (before.has_error()) return before.error();
        std::vector<CustomParameter> old, now;
        if (*before && !(*before)->erased()) old = definitions_in(**before);
        fhir::Issues issues;
        if (written.document) now = fhir::search::read_search_parameter(written.document->root(), issues);
        for (const auto& each : old) {
            if (std::ranges::any_of(now, [&](const CustomParameter& one) { return same(one, each); })) continue;
            if (auto removed = transaction.remove_note(key_of(each)); removed.has_error()) return removed.error();
        }
    }
    const std::lock_guard lock(mutex_);
    changed_ = written.version.vid;
    wake_.notify_all();
    return {};
}

void SearchParameters::work() {
    for (;;) {
        storage::Vid wanted = 0;
        {
            std::unique_lock lock(mutex_);
            if (stopping_) return;
            wanted = changed_;
        }
        if (wanted > known_) {
            // The write that told us may not be committed yet, or never be.
            for (int i = 0; i < 100 && services_->store.metrics().last_vid < wanted; ++i)
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            if (reload()) known_ = wanted;
        }
        bool more = false;
        try {
            more = index_some();
        } catch (const std::exception& exception) {
            logging::error("search_parameter.failed", {{"reason", exception.what()}});
        }
        std::unique_lock lock(mutex_);
        if (!more) wake_.wait_for(lock, look_every, [&] { return stopping_ || changed_ > known_; });
    }
}

bool SearchParameters::reload() {
    std::vector<CustomParameter> found;
    std::vector<CustomParameter> fresh;
    {
        auto snapshot = services_->store.snapshot();
        if (snapshot.has_error()) return false;
        const fhir::search::QueryParameter active{"status", "active"};
        auto query = fhir::search::parse_query("SearchParameter", {&active, 1});
        query.plan.count = 1'000;
        storage::SearchOptions options;
        options.binding = "search-parameters";
        std::string token;
        do {
            options.page_token = token;
            auto page = (*snapshot)->search(query.plan, options);
            if (page.has_error()) return false;
            for (const auto& match : page->matches)
                for (auto& each : definitions_in(match)) found.push_back(std::move(each));
            token = std::move(page->next_page);
        } while (!token.empty());
        std::vector<CustomParameter> kept;
        for (auto& each : found) {
            // Two of one code: the one that was written last counts; matches come newest first.
            const bool taken = std::ranges::any_of(kept, [&](const CustomParameter& one) {
                return one.resource_type == each.resource_type && one.code == each.code;
            });
            const std::string name = each.resource_type + "." + name_of(each);
            const auto next = static_cast<fhir::search::ParameterId>(fhir::search::parameter_count() + 1 + ids_.size());
            if (taken || (!ids_.contains(name) && ids_.size() >= CustomParameters::most)) {
                logging::warning("search_parameter.left_out",
                                 {{"code", each.code}, {"reason", taken ? "code" : "count"}});
                continue;
            }
            const auto [at, added] = ids_.try_emplace(name, next);
            each.id = at->second;
            auto progress = stored_progress(**snapshot, each);
            if (progress.has_error()) return false;
            each.ready = progress->done;
            if (added) fresh.push_back(each);
            kept.push_back(std::move(each));
        }
        found = std::move(kept);
    }
    auto defined =
        storage::transact_blocking(services_->store, [fresh](storage::Transaction& transaction) -> Result<void> {
            for (const auto& each : fresh)
                if (auto done = transaction.define_parameter(each.id, each.resource_type, name_of(each), each.type);
                    done.has_error())
                    return done;
            return {};
        });
    if (defined.has_error()) {
        logging::error("search_parameter.undefined", {{"reason", defined.error().message}});
        return false;
    }
    publish(std::move(found));
    return true;
}

void SearchParameters::publish(std::vector<CustomParameter> definitions) {
    auto made = std::make_shared<const CustomParameters>(std::move(definitions));
    const std::lock_guard lock(mutex_);
    current_ = std::move(made);
}

bool SearchParameters::index_some() {
    const auto all = current();
    for (const auto& each : all->definitions()) {
        if (each.ready) continue;
        auto more = index_slice(each);
        if (more.has_error()) {
            logging::warning("search_parameter.waits", {{"code", each.code}, {"reason", more.error().message}});
            continue;
        }
        if (*more) return true;
    }
    return false;
}

/// The next resources of the type in the order of their versions. True: go on at once.
Result<bool> SearchParameters::index_slice(const CustomParameter& parameter) {
    auto snapshot = services_->store.snapshot();
    if (snapshot.has_error()) return snapshot.error();
    auto progress = stored_progress(**snapshot, parameter);
    if (progress.has_error()) return progress.error();
    std::vector<fhir::search::QueryParameter> query = {{"_sort", "_lastUpdated"},
                                                       {"_count", std::to_string(slice_resources)}};
    if (progress->upto_us != 0) query.push_back({"_lastUpdated", "gt" + instant(progress->upto_us)});
    if (progress->total == 0) query.push_back({"_total", "accurate"});
    auto plan = fhir::search::parse_query(parameter.resource_type, query);
    storage::SearchOptions options;
    auto page = (*snapshot)->search(plan.plan, options);
    if (page.has_error()) return page.error();
    if (progress->total == 0 && page->total) progress->total = static_cast<std::int64_t>(*page->total);

    CustomParameter alone = parameter;
    fhir::search::ExtractOptions reading;
    reading.zone_offset_minutes = services_->settings.zone_offset_minutes;
    reading.base_url = services_->settings.base_url;
    reading.custom = std::make_shared<const CustomParameters>(std::vector<CustomParameter>{alone});
    struct Slice {
        std::vector<storage::Vid> vids;
        std::vector<fhir::search::Extraction> values;
    };
    const auto slice = std::make_shared<Slice>();
    for (const auto& match : page->matches) {
        progress->upto_us = match.version.at_us;
        ++progress->looked_at;
        auto document = fhir::parse_json(match.json());
        if (document.has_error()) {
            ++progress->failed;
            continue;
        }
        slice->vids.push_back(match.version.vid);
        slice->values.push_back(fhir::search::extract_custom(std::move(*document), reading));
    }
    const std::int64_t now = services_->clock.now_us();
    const std::string key = key_of(parameter);
    const bool at_end = page->matches.empty();
    if (at_end && caught_up_us_.try_emplace(key, now).first->second + settle_us > now) return false;
    progress->done = at_end;
    progress->total = std::max(progress->total, progress->looked_at);
    auto written = storage::transact_blocking(
        services_->store, [slice, key, text = text_of(*progress)](storage::Transaction& transaction) -> Result<void> {
            for (std::size_t i = 0; i < slice->vids.size(); ++i) {
                auto added = transaction.add_values(slice->vids[i], slice->values[i].values.values());
                if (added.has_error()) return added.error();
                if (!*added) return storage::Failure{storage::FailureCode::busy, "a version is not committed yet"};
            }
            return transaction.set_note(key, text);
        });
    if (written.has_error()) return written.error();
    if (!at_end) return true;
    caught_up_us_.erase(key);
    std::vector<CustomParameter> all(current()->definitions().begin(), current()->definitions().end());
    for (auto& each : all) each.ready = each.ready || each.id == parameter.id;
    publish(std::move(all));
    logging::info("search_parameter.ready", {{"type", parameter.resource_type},
                                             {"code", parameter.code},
                                             {"resources", progress->looked_at},
                                             {"failed", progress->failed}});
    return true;
}

Outcome<std::string> SearchParameters::status(storage::Reader& reader, std::string_view id,
                                              const storage::Visibility* visibility) const {
    auto found = reader.read("SearchParameter", id);
    if (found.has_error()) return fault_of(found.error());
    bool there = *found && !(*found)->erased();
    if (there && visibility) {
        auto sees = reader.sees(*visibility, **found);
        if (sees.has_error()) return fault_of(sees.error());
        there = *sees;
    }
    if (!there) return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
    std::string json = R"({"resourceType":"Parameters","parameter":[)";
    const auto all = current();
    std::string parts;
    bool ready = true;
    for (const auto& each : definitions_in(**found)) {
        const auto& known = all->definitions();
        const auto one = std::ranges::find_if(known, [&](const CustomParameter& other) { return same(other, each); });
        const bool used = one != known.end();
        const bool done = used && one->ready;  // noted as done a moment before searches may use it
        auto progress = stored_progress(reader, each);
        if (progress.has_error()) return fault_of(progress.error());
        ready = ready && done;
        const auto integer = [](std::string_view name, std::int64_t value) {
            return R"({"name":")" + std::string(name) + R"(","valueDecimal":)" + std::to_string(value) + "}";
        };
        parts += R"(,{"name":"base","part":[{"name":"type","valueCode":")" + each.resource_type +
                 R"("},{"name":"status","valueCode":")" +
                 (!used  ? "unused"
                  : done ? "ready"
                         : "indexing") +
                 "\"}";
        if (!visibility)
            parts += "," + integer("total", progress->total) + "," + integer("done", progress->looked_at) + "," +
                     integer("failed", progress->failed);
        parts += "]}";
    }
    json.append(R"({"name":"ready","valueBoolean":)").append(ready && !parts.empty() ? "true" : "false").append("}");
    return {boost::system::in_place_value, json + parts + "]}"};
}

void add_search_parameter_operations(Operations& operations, const SearchParameters& parameters) {
    Operation one;
    one.name = "status";
    one.types = {"SearchParameter"};
    one.definition = "http://causeway.example.org/fhir/OperationDefinition/SearchParameter-status";
    one.at_instance = true;
    operations.add(one, [&parameters](const Services& services, CallPtr call, fhir::DocumentPtr, Answer answer) {
        auto snapshot = services.store.snapshot();
        if (snapshot.has_error()) return answer(fault_of(snapshot.error()));
        auto status = parameters.status(**snapshot, call->route.id, call->visibility.get());
        if (status.has_error()) return answer(status.error());
        answer(json_response(call->format, 200, std::move(*status)));
    });
}

}  // namespace causeway::rest
