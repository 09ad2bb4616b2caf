#include "gateway/rest/bulk_job.hpp"

#include <charconv>
#include <fstream>
#include <system_error>

#include "fhir/json/json.hpp"

namespace causeway::rest {
namespace {

constexpr std::uint64_t file_bytes_max = 32u << 20;

/// Writes one flat object after the other; enough for the little that a job is.
class Writer {
public:
    void open(std::string_view name = {}) { begin(name), out_ += '{', first_ = true; }
    void close() { out_ += '}', first_ = false; }
    void open_list(std::string_view name) { begin(name), out_ += '[', first_ = true; }
    void close_list() { out_ += ']', first_ = false; }
    void text(std::string_view name, std::string_view value) { begin(name), fhir::append_json_string(value, out_); }
    void number(std::string_view name, std::int64_t value) { begin(name), out_ += std::to_string(value); }
    void item(std::string_view value) { begin({}), fhir::append_json_string(value, out_); }
    std::string take() { return std::move(out_); }

private:
    void begin(std::string_view name) {
        if (!first_) out_ += ',';
        first_ = false;
        if (name.empty()) return;
        fhir::append_json_string(name, out_);
        out_ += ':';
    }
    std::string out_;
    bool first_ = true;
};

std::int64_t number(fhir::Element element) {
    std::int64_t value = 0;
    const auto text = element.text();
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void write_files(Writer& writer, std::string_view name, const std::vector<BulkJob::File>& files) {
    writer.open_list(name);
    for (const auto& file : files) {
        writer.open();
        writer.text("type", file.type);
        writer.text("name", file.name);
        writer.number("bytes", static_cast<std::int64_t>(file.bytes));
        writer.number("count", static_cast<std::int64_t>(file.count));
        writer.close();
    }
    writer.close_list();
}

std::vector<BulkJob::File> read_files(fhir::Element list) {
    std::vector<BulkJob::File> out;
    for (const auto file : list.items())
        out.push_back({std::string(file["type"].text()), std::string(file["name"].text()),
                       static_cast<std::uint64_t>(number(file["bytes"])),
                       static_cast<std::uint64_t>(number(file["count"]))});
    return out;
}

void write_strings(Writer& writer, std::string_view name, const std::vector<std::string>& values) {
    writer.open_list(name);
    for (const auto& value : values) writer.item(value);
    writer.close_list();
}

std::vector<std::string> read_strings(fhir::Element list) {
    std::vector<std::string> out;
    for (const auto value : list.items()) out.emplace_back(value.text());
    return out;
}

}  // namespace

std::string_view BulkJob::parameter(std::string_view name) const {
    for (const auto& [key, value] : parameters)
        if (key == name) return value;
    return {};
}

std::string BulkJob::progress() const {
    if (state == State::waiting) return "waiting";
    if (kind == Kind::import) return std::to_string(size == 0 ? 0 : offset * 100 / size) + " % of the input";
    std::size_t done = 0;
    std::uint64_t count = 0;
    for (const auto& part : parts) done += part.done ? 1 : 0;
    for (const auto& file : files) count += file.count;
    return std::to_string(done) + " of " + std::to_string(parts.size()) + " types, " + std::to_string(count) +
           " resources";
}

std::string to_json(const BulkJob& job) {
    Writer writer;
    writer.open();
    writer.text("id", job.id);
    writer.number("kind", static_cast<std::int64_t>(job.kind));
    writer.number("state", static_cast<std::int64_t>(job.state));
    writer.number("level", static_cast<std::int64_t>(job.level));
    writer.text("request", job.request);
    writer.text("base", job.base);
    writer.number("principalKind", static_cast<std::int64_t>(job.principal.kind));
    writer.text("principal", job.principal.id);
    writer.text("address", job.principal.address);
    writer.number("everything", job.access.everything ? 1 : 0);
    writer.number("restricted", job.access.restricted ? 1 : 0);
    write_strings(writer, "types", job.access.types);
    write_strings(writer, "patientIds", job.access.patient_ids);
    writer.open_list("queries");
    for (const auto& query : job.access.queries) {
        writer.open();
        writer.text("type", query.type);
        writer.text("query", query.query);
        writer.close();
    }
    writer.close_list();
    write_strings(writer, "patients", job.patients);
    writer.open_list("parameters");
    for (const auto& [name, value] : job.parameters) {
        writer.open();
        writer.text("name", name);
        writer.text("value", value);
        writer.close();
    }
    writer.close_list();
    writer.number("acceptedUs", job.accepted_us);
    writer.number("transactionUs", job.transaction_us);
    writer.number("finishedUs", job.finished_us);
    writer.number("started", job.started ? 1 : 0);
    writer.open_list("parts");
    for (const auto& part : job.parts) {
        writer.open();
        writer.text("type", part.type);
        writer.text("token", part.token);
        writer.number("done", part.done ? 1 : 0);
        writer.close();
    }
    writer.close_list();
    write_files(writer, "files", job.files);
    write_files(writer, "deleted", job.deleted);
    write_files(writer, "errors", job.errors);
    writer.number("offset", static_cast<std::int64_t>(job.offset));
    writer.number("size", static_cast<std::int64_t>(job.size));
    writer.text("failure", job.failure);
    writer.close();
    return writer.take();
}

std::optional<BulkJob> read_job(std::string json) {
    const auto document = fhir::parse_json(std::move(json));
    if (document.has_error()) return std::nullopt;
    const auto root = (*document)->root();
    BulkJob job;
    job.id = root["id"].text();
    if (job.id.empty()) return std::nullopt;
    job.kind = static_cast<BulkJob::Kind>(number(root["kind"]));
    job.state = static_cast<BulkJob::State>(number(root["state"]));
    job.level = static_cast<BulkJob::Level>(number(root["level"]));
    job.request = root["request"].text();
    job.base = root["base"].text();
    job.principal.kind = static_cast<security::Principal::Kind>(number(root["principalKind"]));
    job.principal.id = root["principal"].text();
    job.principal.address = root["address"].text();
    job.access.everything = number(root["everything"]) != 0;
    job.access.restricted = number(root["restricted"]) != 0;
    job.access.types = read_strings(root["types"]);
    job.access.patient_ids = read_strings(root["patientIds"]);
    for (const auto query : root["queries"].items())
        job.access.queries.push_back({std::string(query["type"].text()), std::string(query["query"].text())});
    job.patients = read_strings(root["patients"]);
    for (const auto parameter : root["parameters"].items())
        job.parameters.emplace_back(parameter["name"].text(), parameter["value"].text());
    job.accepted_us = number(root["acceptedUs"]);
    job.transaction_us = number(root["transactionUs"]);
    job.finished_us = number(root["finishedUs"]);
    job.started = number(root["started"]) != 0;
    for (const auto part : root["parts"].items())
        job.parts.push_back(
            {std::string(part["type"].text()), std::string(part["token"].text()), number(part["done"]) != 0});
    job.files = read_files(root["files"]);
    job.deleted = read_files(root["deleted"]);
    job.errors = read_files(root["errors"]);
    job.offset = static_cast<std::uint64_t>(number(root["offset"]));
    job.size = static_cast<std::uint64_t>(number(root["size"]));
    job.failure = root["failure"].text();
    return job;
}

bool save_job(const std::filesystem::path& folder, const BulkJob& job) {
    const auto place = folder / "job.json", fresh = folder / "job.json.new";
    {
        std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
        const std::string json = to_json(job);
        out.write(json.data(), static_cast<std::streamsize>(json.size()));
        if (!out.flush()) return false;
    }
    std::error_code error;
    std::filesystem::rename(fresh, place, error);
    return !error;
}

bool BulkFiles::append(std::string_view type, std::string_view prefix, std::string_view lines, std::uint64_t count) {
    if (count == 0) return true;
    BulkJob::File* open = nullptr;
    std::size_t number_of = 0;
    for (auto& file : files_) {
        if (file.type != type) continue;
        open = &file;
        ++number_of;
    }
    if (!open || open->bytes >= file_bytes_max) {
        files_.push_back({std::string(type),
                          std::string(prefix) + std::string(type) + "." + std::to_string(number_of + 1) + ".ndjson", 0,
                          0});
        open = &files_.back();
    }
    const auto place = folder_ / open->name;
    std::error_code error;
    if (std::filesystem::exists(place, error) && std::filesystem::file_size(place, error) > open->bytes)
        std::filesystem::resize_file(place, open->bytes, error);  // of a step whose end was not noted
    if (error) return false;
    std::ofstream out(place, std::ios::binary | std::ios::app);
    out.write(lines.data(), static_cast<std::streamsize>(lines.size()));
    if (!out.flush()) return false;
    open->bytes += lines.size();
    open->count += count;
    return true;
}

}  // namespace causeway::rest
