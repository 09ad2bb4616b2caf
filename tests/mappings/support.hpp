#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/json/json.hpp"
#include "hl7v2/message.hpp"
#include "mappings/engine/backward.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/mapset.hpp"

namespace causeway::mappings::testing {

inline std::string slurp(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The shipped maps, loaded once.
inline const MapSet& shipped() {
    static const auto loaded = [] {
        auto result = MapSet::load(MapSet::builtin());
        for (const auto& d : result.diagnostics) MESSAGE(d.to_string());
        REQUIRE(result.maps);
        return result.maps;
    }();
    return *loaded;
}

/// The shipped maps with one more file.
inline MapSet::Loaded with(std::string text) {
    auto sources = MapSet::builtin();
    sources.push_back({"test.map", std::move(text)});
    return MapSet::load(std::move(sources));
}

/// Lines as people write them, segments as the standard wants them.
inline std::string segments(std::string text) {
    std::replace(text.begin(), text.end(), '\n', '\r');
    return text;
}
inline std::string lines(std::string text) {
    std::replace(text.begin(), text.end(), '\r', '\n');
    return text;
}

inline ForwardContext at_noon() {
    ForwardContext context;
    context.now = "2024-03-05T12:00:00-06:00";
    return context;
}

inline ForwardResult convert(const Plan& plan, const hl7v2::MessageView& message) {
    return forward(plan, message, at_noon());
}

/// The message made from a forward result, with the control id and event it had.
inline BackwardResult create(const Plan& plan, const ForwardResult& result) {
    std::vector<SourceResource> resources;
    for (const auto& resource : result.resources)
        resources.push_back({resource.doc->root(), std::string(resource.full_url)});
    BackwardContext context;
    context.now = at_noon().now;
    context.control_id = result.control_id;
    context.event = result.event;
    return backward(plan, resources, result.structure, context);
}

/// JSON with the members of every object in alphabetical order: equal content, equal text.
inline void append_sorted(fhir::Element element, std::string& out) {
    if (element.is_array() || element.is_object()) {
        std::vector<std::string> parts;
        for (const fhir::Element child : element.children()) {
            std::string part = element.is_object() ? std::string(child.name()) + ":" : std::string();
            append_sorted(child, part);
            parts.push_back(std::move(part));
        }
        if (element.is_object()) std::sort(parts.begin(), parts.end());
        out += element.is_array() ? '[' : '{';
        for (const auto& part : parts) out += part + ",";
        out += element.is_array() ? ']' : '}';
        return;
    }
    out += element.text();
    if (element.size() == 0) return;
    std::vector<std::string> parts;
    for (const fhir::Element child : element.children()) {
        std::string part = "_" + std::string(child.name()) + ":";
        append_sorted(child, part);
        parts.push_back(std::move(part));
    }
    std::sort(parts.begin(), parts.end());
    for (const auto& part : parts) out += part;
}

inline std::vector<std::string> content(const ForwardResult& result) {
    std::vector<std::string> all;
    for (const auto& resource : result.resources) {
        std::string text;
        append_sorted(resource.doc->root(), text);
        all.push_back(std::move(text));
    }
    std::sort(all.begin(), all.end());
    return all;
}

/// The text of an element of a result's resource, by a plain dotted path; arrays mean their first item, `name[1]` the
/// second.
inline std::string at(const ForwardResult& result, std::string_view type, std::string_view path,
                      std::size_t number = 1) {
    for (const auto& resource : result.resources) {
        if (resource.type != type || --number != 0) continue;
        fhir::Element element = resource.doc->root();
        while (!path.empty() && element) {
            const auto dot = std::min(path.find('.'), path.size());
            std::string_view step = path.substr(0, dot);
            std::size_t index = 0;
            if (const auto bracket = step.find('['); bracket != std::string_view::npos) {
                index = static_cast<std::size_t>(step[bracket + 1] - '0');
                step = step.substr(0, bracket);
            }
            element = element[step];
            if (element.is_array()) element = element.item(index);
            path.remove_prefix(std::min(dot + 1, path.size()));
        }
        return std::string(element.text());
    }
    return "(no " + std::string(type) + ")";
}

}  // namespace causeway::mappings::testing
