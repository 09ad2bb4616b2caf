#include "gateway/exchange/lineage_view.hpp"

#include <algorithm>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "mappings/engine/lineage.hpp"

namespace causeway::exchange {
namespace {

constexpr std::size_t entries_max = 5'000;  ///< of one answer: a large message has more, and is asked about in parts

std::vector<const mappings::LineageEntry*> select(const mappings::Lineage& lineage, const LineageQuery& query) {
    std::vector<const mappings::LineageEntry*> found;
    if (query.byte) {
        found = lineage.of_byte(*query.byte);
    } else if (!query.place.empty()) {
        found = lineage.of_place(query.place);
    } else if (!query.element.empty()) {
        for (const auto& resource : lineage.resources()) {
            if (!query.resource.empty() && resource != query.resource) continue;
            const auto some = lineage.of_element(resource, query.element);
            found.insert(found.end(), some.begin(), some.end());
        }
        return found;
    } else {
        for (const auto& entry : lineage.entries()) found.push_back(&entry);
    }
    if (!query.resource.empty())
        std::erase_if(found, [&](const auto* entry) { return lineage.resources()[entry->resource] != query.resource; });
    return found;
}

}  // namespace

std::string join_trace(std::string json, const std::vector<std::string>& resources, std::string_view lineage) {
    if (lineage.empty()) return json;
    json += '\0';
    json += mappings::store_lineage(resources, lineage);
    return json;
}

std::pair<std::string_view, std::string_view> split_trace(std::string_view kept) noexcept {
    const auto end = kept.find('\0');
    if (end == std::string_view::npos) return {kept, {}};
    return {kept.substr(0, end), kept.substr(end + 1)};
}

std::optional<std::string> lineage_json(std::string_view stored, const LineageQuery& query) {
    const auto lineage = mappings::Lineage::load(stored);
    if (!lineage) return std::nullopt;
    std::string json = "{\"lineage\":[";
    bool first = true;
    const auto text = [&](std::string_view name, std::string_view value) {
        json.append(",\"").append(name).append("\":");
        fhir::append_json_string(value, json);
    };
    const auto found = select(*lineage, query);
    for (std::size_t i = 0; i < std::min(found.size(), entries_max); ++i) {
        const auto* entry = found[i];
        json += first ? "{\"resource\":" : ",{\"resource\":";
        first = false;
        fhir::append_json_string(lineage->resources()[entry->resource], json);
        text("element", entry->element);
        if (entry->has_source) {
            text("source", lineage->name_of(entry->source));
            json += ",\"offset\":" + std::to_string(entry->source.offset) +
                    ",\"length\":" + std::to_string(entry->source.length);
        }
        if (entry->line != 0) text("line", lineage->lines()[entry->line]);
        json += '}';
    }
    json += ']';
    if (found.size() > entries_max) json += ",\"left_out\":" + std::to_string(found.size() - entries_max);
    if (query.resource.empty() && query.element.empty() && query.place.empty() && !query.byte) {
        json += ",\"residue\":[";
        for (std::size_t i = 0; i < std::min(lineage->residue().size(), entries_max); ++i) {
            if (i != 0) json += ',';
            fhir::append_json_string(lineage->name_of(lineage->residue()[i]), json);
        }
        json += ']';
    }
    return json + "}";
}

std::optional<std::string> provenance_json(std::string_view stored, std::string_view kind, std::string_view control_id,
                                           std::string_view sender, std::string_view recorded) {
    const auto lineage = mappings::Lineage::load(stored);
    if (!lineage) return std::nullopt;
    fhir::DocumentBuilder builder("Bundle");
    builder.root().member("type").set_string("collection");
    const mappings::ProvenanceContext context{std::string(recorded), "HL7 v2 message " + std::string(kind),
                                              std::string(control_id), std::string(sender)};
    for (const auto& each : mappings::provenance(*lineage, context))
        builder.root().append("entry").member("resource").copy_from(each->root());
    return fhir::to_json(std::move(builder).finish()->root());
}

}  // namespace causeway::exchange
