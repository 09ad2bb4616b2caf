#include "gateway/rest/bundle_writer.hpp"

#include <charconv>

#include "fhir/json/json.hpp"
#include "gateway/storage/resource.hpp"

namespace causeway::rest {

BundleWriter::BundleWriter(std::string_view type, std::int64_t at_us) {
    json_ = R"({"resourceType":"Bundle","meta":{"lastUpdated":")";
    storage::append_instant(at_us, json_);
    json_.append(R"("},"type":")").append(type).append("\"");
}

void BundleWriter::total(std::uint64_t count) { json_.append(R"(,"total":)").append(std::to_string(count)); }

void BundleWriter::link(std::string_view relation, std::string_view url) {
    json_ += in_links_ ? "," : R"(,"link":[)";
    in_links_ = true;
    json_.append(R"({"relation":")").append(relation).append(R"(","url":)");
    fhir::append_json_string(url, json_);
    json_ += '}';
}

void BundleWriter::begin_entry() {
    if (in_links_) json_ += ']';
    in_links_ = false;
    json_ += in_entries_ ? ",{" : R"(,"entry":[{)";
    in_entries_ = true;
    entry_empty_ = true;
}

void BundleWriter::member(std::string_view name) {
    if (!entry_empty_) json_ += ',';
    entry_empty_ = false;
    json_.append("\"").append(name).append("\":");
}

void BundleWriter::full_url(std::string_view base, std::string_view type, std::string_view id) {
    member("fullUrl");
    std::string url(base);
    url.append("/").append(type).append("/").append(id);
    fhir::append_json_string(url, json_);
}

void BundleWriter::full_url(std::string_view url) {
    member("fullUrl");
    fhir::append_json_string(url, json_);
}

void BundleWriter::search(std::string_view mode, double score) {
    member("search");
    json_.append(R"({"mode":")").append(mode).append("\"");
    if (score >= 0) {
        char digits[32];
        json_.append(R"(,"score":)")
            .append(digits, std::to_chars(digits, digits + sizeof digits, score, std::chars_format::fixed, 4).ptr);
    }
    json_ += '}';
}

void BundleWriter::text(std::string_view name, std::string_view value, bool& first) {
    if (value.empty()) return;
    if (!first) json_ += ',';
    first = false;
    json_.append("\"").append(name).append("\":");
    fhir::append_json_string(value, json_);
}

void BundleWriter::request(std::string_view method, std::string_view url) {
    member("request");
    json_ += '{';
    bool first = true;
    text("method", method, first);
    text("url", url, first);
    json_ += '}';
}

void BundleWriter::response(std::string_view status, std::string_view location, std::int64_t version,
                            std::int64_t at_us, std::string_view outcome) {
    member("response");
    json_ += '{';
    bool first = true;
    text("status", status, first);
    text("location", location, first);
    if (version > 0) text("etag", "W/\"" + std::to_string(version) + "\"", first);
    if (at_us > 0) {
        std::string instant;
        storage::append_instant(at_us, instant);
        text("lastModified", instant, first);
    }
    if (!outcome.empty()) json_.append(R"(,"outcome":)").append(outcome);
    json_ += '}';
}

void BundleWriter::end_entry() { json_ += '}'; }

std::string BundleWriter::finish() && {
    if (in_links_ || in_entries_) json_ += ']';
    json_ += '}';
    return std::move(json_);
}

}  // namespace causeway::rest
