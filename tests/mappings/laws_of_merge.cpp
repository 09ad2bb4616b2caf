// Laws 10 and 11: what a message says about what is stored, and in which order messages may come.
#include <map>
#include <set>

#include "fhir/model/builder.hpp"
#include "fhir/r4/tables.hpp"
#include "mappings/engine/inspect.hpp"
#include "mappings/engine/merge.hpp"
#include "tests/mappings/laws.hpp"
#include "tests/mappings/support.hpp"

namespace causeway::mappings::testing {
namespace {

/// The element at `path` of member names below a resource, arrays excluded; absent if it is not there.
fhir::Element at_path(fhir::Element root, const std::vector<std::string>& path) {
    for (const auto& name : path) root = root[name];
    return root;
}

/// The way from the resource to an element; empty if it leads through an array.
std::vector<std::string> way_to(const fhir::Node* node) {
    std::vector<std::string> path;
    for (fhir::Element e(node); e.parent(); e = e.parent()) {
        if (e.parent().is_array() || e.parent().is_primitive()) return {};
        path.insert(path.begin(), std::string(e.name()));
    }
    return path;
}

bool is_choice(std::string_view type, std::string_view name) {
    const auto* of = fhir::r4::find_type(type);
    const auto found = of ? fhir::r4::find_element(*of, name) : fhir::r4::MemberDef{};
    return found.element && found.element->is_choice;
}

bool is_backbone(std::string_view type, const std::vector<std::string>& path) {
    const auto* of = fhir::r4::find_type(type);
    for (const auto& name : path) of = of ? fhir::r4::find_element(*of, name).type : nullptr;
    return of && of->name.find('.') != std::string_view::npos;
}

const MappedResource* by_url(const ForwardResult& result, std::string_view url) {
    for (const auto& resource : result.resources)
        if (resource.full_url == url) return &resource;
    return nullptr;
}

/// A resource with every other member of another, beginning with the first or the second.
fhir::DocumentPtr half(fhir::Element whole, std::size_t first) {
    fhir::DocumentBuilder builder(whole.resource_type());
    std::size_t n = 0;
    for (const fhir::Element member : whole.children())
        if (member.name() != "resourceType" && n++ % 2 == first) builder.root().member(member.name()).copy_from(member);
    return std::move(builder).finish();
}

}  // namespace

std::string null_deletes(const Sample& sample) {
    const auto& [plan, er7, message, stored] = sample;
    static std::map<const Plan*, std::set<std::uint32_t>>
        scalars;  // lines of a segment map from a field to one element
    auto& lines = scalars[&plan];
    if (lines.empty())
        for_each_statement(plan, [&](const PlannedStatement& s) {
            if (!s.line || !s.map || !s.branches.empty() || s.line->target.iterates >= 0) return;
            if (s.line->target.kind == FhirKind::complex || s.line->sources.size() != 1) return;
            const V2Ref& source = s.line->sources.front();
            for (const Step& step : s.line->target.steps)
                if (!step.crossing.empty()) return;  // a sender does not delete in what it only refers to
            if (source.at.component == 0 && source.at.repetition == 1 &&
                s.line->conversion.kind != Conversion::Kind::text)
                lines.insert(s.line->id);
        });
    std::map<std::uint32_t, int> uses;
    for (const auto& entry : stored.trace)
        if (entry.has_source) ++uses[entry.source.offset];
    std::vector<const TraceEntry*> candidates;
    for (const auto& entry : stored.trace) {
        const auto& s = entry.source;
        if (!entry.has_source || !lines.contains(entry.line) || uses[s.offset] != 1 || way_to(entry.node).empty())
            continue;
        if (message.view()[s.segment].field(s.field).raw().size() != s.length) continue;  // the field is that one value
        candidates.push_back(&entry);
    }
    if (candidates.empty()) return {};
    const TraceEntry& chosen = *candidates[std::hash<std::string>()(er7) % candidates.size()];
    const auto path = way_to(chosen.node);
    const auto url = stored.resources[chosen.resource].full_url;
    const std::string name = fhir::path_of(fhir::Element(chosen.node));
    const auto with = [&](const char* text) {
        std::string other = er7;
        return other.replace(chosen.source.offset, chosen.source.length, text);
    };
    for (const bool null : {true, false}) {
        const auto again = parse(with(null ? "\"\"" : ""));
        const auto mapped = convert(plan, again.view());
        const auto* resource = by_url(mapped, url);
        if (!resource) continue;                             // the value is part of what it is known by
        if (at_path(resource->doc->root(), path)) continue;  // another line says it
        const auto merged = merge(*stored.resources[chosen.resource].doc, *resource);
        const bool there = static_cast<bool>(at_path(merged->root(), path));
        if (null && there) return name + " stands, and the message deletes it";
        // A part of a value that the message says otherwise is gone with the whole; so is another type of a choice.
        const auto whole = std::vector<std::string>(path.begin(), path.end() - 1);
        const bool replaced = !whole.empty() && whole.back().find("eriod") == std::string::npos &&
                              at_path(resource->doc->root(), whole) && !is_backbone(resource->type, whole);
        if (!null && !there && !replaced && !is_choice(resource->type, path.front()))
            return name + " is gone, and the message says nothing of it";
    }
    return {};
}

std::string idempotent(const Sample& sample) {
    for (const auto& resource : sample.result.resources) {
        const auto once = merge(*resource.doc, resource);
        const auto twice = merge(*once, resource);
        if (!fhir::same_content(once->root(), twice->root()))
            return std::string(resource.type) + " changes when merged again";
        if (resource.erased.empty() && !fhir::same_content_in_any_order(once->root(), resource.doc->root()))
            return std::string(resource.type) + " is not itself merged with itself";
    }
    return {};
}

std::string senders_commute(const Sample& sample) {
    for (const auto& resource : sample.result.resources) {
        const auto a = half(resource.doc->root(), 0), b = half(resource.doc->root(), 1);
        fhir::DocumentBuilder builder(resource.type);
        builder.root().append("extension").member("url").set_string("urn:kept");
        const auto stored = std::move(builder).finish();
        const auto ab = merge(*merge(*stored, *a, {}), *b, {}), ba = merge(*merge(*stored, *b, {}), *a, {});
        if (!fhir::same_content_in_any_order(ab->root(), ba->root()))
            return std::string(resource.type) + " depends on which message came first";
        if (!ab->root()["extension"]) return std::string(resource.type) + " lost what no message speaks of";
    }
    return {};
}

}  // namespace causeway::mappings::testing
