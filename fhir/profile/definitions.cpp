#include "fhir/profile/definitions.hpp"

#include "fhir/json/json.hpp"
#include "fhir/model/reference.hpp"
#include "fhir/profile/condense.hpp"

namespace causeway::fhir {

namespace {

/// The text of a string member in one condensed line, where URLs and versions hold no escapes.
std::string_view member_of_line(std::string_view line, std::string_view name) noexcept {
    const std::string key = '"' + std::string(name) + "\":\"";
    const auto at = line.find(key);
    if (at == std::string_view::npos) return {};
    line.remove_prefix(at + key.size());
    return line.substr(0, line.find('"'));
}

}  // namespace

void Definitions::put(std::string_view url, std::string_view version, std::shared_ptr<Entry> entry) {
    if (!version.empty()) entries_[std::string(url) + '|' + std::string(version)] = entry;
    auto& last = entries_[std::string(url)];
    if (!last) ++size_;
    last = std::move(entry);
}

bool Definitions::add(const DocumentPtr& definition) {
    const Element root = definition->root();
    const auto url = root["url"].text();
    if (definition->resource_type() != "StructureDefinition" || url.empty()) return false;
    if (root["derivation"].text() != "constraint" || root["type"].text().empty()) return false;
    auto made = std::make_shared<Entry>();
    made->document = condensed(root);
    put(url, root["version"].text(), std::move(made));
    return true;
}

void Definitions::add_condensed(std::string_view ndjson) {
    while (!ndjson.empty()) {
        const auto end = ndjson.find('\n');
        const auto line = ndjson.substr(0, end);
        ndjson = end == std::string_view::npos ? std::string_view() : ndjson.substr(end + 1);
        if (!line.starts_with(R"({"resourceType":"StructureDefinition")")) continue;
        auto made = std::make_shared<Entry>();
        made->line = line;
        put(member_of_line(line, "url"), member_of_line(line, "version"), std::move(made));
    }
}

Definitions::Entry* Definitions::entry(std::string_view canonical) const {
    const auto name = Canonical::parse(canonical);
    std::string key(name.url);
    if (!name.version.empty()) (key += '|') += name.version;
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    Entry& entry = *found->second;
    if (!entry.document && !entry.line.empty()) {
        auto read = parse_json(std::string(entry.line));
        if (read)
            entry.document = std::move(*read);
        else
            entry.fault = read.error().message;
        entry.line = {};
    }
    return &entry;
}

DocumentPtr Definitions::definition(std::string_view canonical) const {
    const std::lock_guard lock(*mutex_);
    const Entry* found = entry(canonical);
    return found ? found->document : nullptr;
}

Definitions::Found Definitions::find(std::string_view canonical) const {
    const std::lock_guard lock(*mutex_);
    Entry* found = entry(canonical);
    if (!found) return {};
    if (!found->compiled) {
        found->compiled = true;
        if (found->document) {
            auto compiled = compile_profile(found->document, *this);
            if (compiled)
                found->profile = std::move(*compiled);
            else
                found->fault = compiled.error().message;
        }
    }
    return {found->profile.get(), found->fault};
}

}  // namespace causeway::fhir
