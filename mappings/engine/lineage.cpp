#include "mappings/engine/lineage.hpp"

#include <algorithm>
#include <map>

#include "fhir/model/builder.hpp"
#include "mappings/engine/plan.hpp"
#include "mappings/engine/trace_text.hpp"

namespace causeway::mappings {
namespace {

constexpr std::string_view magic = "CWL1";
constexpr std::size_t text_bytes_max = 4096;

void put_number(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out += static_cast<char>(value);
}

void put_text(std::string& out, std::string_view text) {
    put_number(out, text.size());
    out += text;
}

/// Reads what the functions above wrote; `good` turns false at the first byte that cannot be.
struct Input {
    std::string_view bytes;
    bool good = true;

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (bytes.empty()) break;
            const auto byte = static_cast<unsigned char>(bytes.front());
            bytes.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if (byte < 0x80) return value;
        }
        good = false;
        return 0;
    }
    std::string text() {
        const std::uint64_t size = number();
        if (size > bytes.size() || size > text_bytes_max) good = false;
        if (!good) return {};
        std::string out(bytes.substr(0, size));
        bytes.remove_prefix(size);
        return out;
    }
    /// A count of things that take at least one byte each.
    std::size_t count() {
        const std::uint64_t n = number();
        if (n > bytes.size()) good = false;
        return good ? static_cast<std::size_t>(n) : 0;
    }
};

void put_leaf(std::string& out, const V2Leaf& leaf) {
    put_number(out, leaf.segment);
    put_number(out, leaf.field);
    put_number(out, leaf.repetition);
    put_number(out, leaf.component);
    put_number(out, leaf.subcomponent);
    put_number(out, leaf.offset);
    put_number(out, leaf.length);
}

V2Leaf get_leaf(Input& in) {
    V2Leaf leaf;
    leaf.segment = static_cast<std::uint32_t>(in.number());
    leaf.field = static_cast<std::uint16_t>(in.number());
    leaf.repetition = static_cast<std::uint16_t>(in.number());
    leaf.component = static_cast<std::uint8_t>(in.number());
    leaf.subcomponent = static_cast<std::uint8_t>(in.number());
    leaf.offset = static_cast<std::uint32_t>(in.number());
    leaf.length = static_cast<std::uint32_t>(in.number());
    return leaf;
}

}  // namespace

Lineage::Lineage(const Plan& plan, const ForwardResult& result, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < result.resources.size(); ++i)
        resources_.push_back(i < names.size() ? names[i] : result.resources[i].full_url);
    lines_.emplace_back();
    std::map<std::uint32_t, std::uint32_t> known = {{0, 0}};
    for (const TraceEntry& trace : result.trace) {
        LineageEntry entry;
        entry.resource = trace.resource;
        entry.element = fhir::path_of(fhir::Element(trace.node));
        const auto [at, fresh] = known.emplace(trace.line, static_cast<std::uint32_t>(lines_.size()));
        if (fresh) {
            const LineText& line = plan.lines[trace.line];
            lines_.push_back(line.file + ":" + std::to_string(line.line) +
                             (line.site.empty() ? "" : " (" + line.site + ")"));
        }
        entry.line = at->second;
        entry.has_source = trace.has_source;
        entry.source = trace.source;
        entries_.push_back(std::move(entry));
    }
    for (const ResidueEntry& entry : result.residue) residue_.push_back(entry.leaf);
    std::stable_sort(entries_.begin(), entries_.end(), [](const LineageEntry& a, const LineageEntry& b) {
        return std::tie(a.resource, a.element) < std::tie(b.resource, b.element);
    });
    index();
}

void Lineage::index() {
    by_place_.clear();
    for (std::uint32_t i = 0; i < entries_.size(); ++i)
        if (entries_[i].has_source) by_place_.push_back(i);
    std::stable_sort(by_place_.begin(), by_place_.end(), [this](std::uint32_t a, std::uint32_t b) {
        return entries_[a].source.offset < entries_[b].source.offset;
    });
}

std::string Lineage::store() const {
    std::string out(magic);
    for (const auto* list : {&resources_, &lines_}) {
        put_number(out, list->size());
        for (const auto& text : *list) put_text(out, text);
    }
    put_number(out, entries_.size());
    std::string_view before;
    for (const LineageEntry& entry : entries_) {
        // An element's path begins as the one before it.
        const std::string_view path(entry.element);
        const auto [a, b] = std::mismatch(before.begin(), before.end(), path.begin(), path.end());
        const auto shared = static_cast<std::size_t>(a - before.begin());
        put_number(out, std::uint64_t{entry.resource} << 1 | (entry.has_source ? 1U : 0U));
        put_number(out, shared);
        put_text(out, path.substr(shared));
        put_number(out, entry.line);
        if (entry.has_source) put_leaf(out, entry.source);
        before = path;
    }
    put_number(out, residue_.size());
    for (const V2Leaf& leaf : residue_) put_leaf(out, leaf);
    return out;
}

std::optional<Lineage> Lineage::load(std::string_view stored) {
    if (stored.substr(0, magic.size()) != magic) return std::nullopt;
    Input in{stored.substr(magic.size())};
    Lineage out;
    for (auto* list : {&out.resources_, &out.lines_}) {
        const std::size_t n = in.count();
        for (std::size_t i = 0; i < n && in.good; ++i) list->push_back(in.text());
    }
    const std::size_t n = in.count();
    std::string before;
    for (std::size_t i = 0; i < n && in.good; ++i) {
        LineageEntry entry;
        const std::uint64_t head = in.number();
        entry.resource = static_cast<std::uint32_t>(head >> 1);
        entry.has_source = (head & 1) != 0;
        const std::uint64_t shared = in.number();
        if (shared > before.size()) in.good = false;
        entry.element = (in.good ? before.substr(0, shared) : std::string()) + in.text();
        entry.line = static_cast<std::uint32_t>(in.number());
        if (entry.has_source) entry.source = get_leaf(in);
        if (entry.resource >= out.resources_.size() || entry.line >= out.lines_.size() ||
            entry.element.size() > text_bytes_max)
            in.good = false;
        if (!out.entries_.empty() && std::tie(entry.resource, entry.element) <
                                         std::tie(out.entries_.back().resource, out.entries_.back().element))
            in.good = false;
        before = entry.element;
        out.entries_.push_back(std::move(entry));
    }
    const std::size_t residue = in.count();
    for (std::size_t i = 0; i < residue && in.good; ++i) out.residue_.push_back(get_leaf(in));
    if (!in.good || !in.bytes.empty()) return std::nullopt;
    out.index();
    return out;
}

std::vector<const LineageEntry*> Lineage::of_element(std::string_view resource, std::string_view element) const {
    std::vector<const LineageEntry*> found;
    const auto name = std::find(resources_.begin(), resources_.end(), resource);
    if (name == resources_.end()) return found;
    const auto number = static_cast<std::uint32_t>(name - resources_.begin());
    auto at = std::lower_bound(
        entries_.begin(), entries_.end(), std::pair(number, element), [](const LineageEntry& e, const auto& key) {
            return e.resource != key.first ? e.resource < key.first : std::string_view(e.element) < key.second;
        });
    for (; at != entries_.end() && at->resource == number && at->element.compare(0, element.size(), element) == 0;
         ++at) {
        const char next = at->element.size() == element.size() ? '.' : at->element[element.size()];
        if (next == '.' || next == '[') found.push_back(&*at);
    }
    return found;
}

std::vector<const LineageEntry*> Lineage::of_place(std::uint32_t segment, std::uint16_t field, std::uint16_t repetition,
                                                   std::uint8_t component) const {
    std::vector<const LineageEntry*> found;
    for (const std::uint32_t i : by_place_) {
        const V2Leaf& s = entries_[i].source;
        if (s.segment == segment && (field == 0 || s.field == field) &&
            (repetition == 0 || s.repetition == repetition) && (component == 0 || s.component == component))
            found.push_back(&entries_[i]);
    }
    return found;
}

std::vector<const LineageEntry*> Lineage::of_byte(std::uint32_t offset) const {
    std::vector<const LineageEntry*> found;
    auto at = std::upper_bound(by_place_.begin(), by_place_.end(), offset,
                               [this](std::uint32_t o, std::uint32_t i) { return o < entries_[i].source.offset; });
    // Leaves do not overlap: only the entries of the last offset before can hold the byte.
    while (at != by_place_.begin()) {
        const LineageEntry& entry = entries_[*--at];
        if (entry.source.offset + entry.source.length <= offset) break;
        found.push_back(&entry);
    }
    return found;
}

std::vector<fhir::DocumentPtr> provenance(const Plan& plan, const ForwardResult& result,
                                          const hl7v2::MessageView& message, const ForwardContext& context) {
    std::vector<fhir::DocumentPtr> out;
    std::vector<std::vector<const TraceEntry*>> of(result.resources.size());
    for (const TraceEntry& entry : result.trace)
        if (entry.resource < of.size() && entry.has_source) of[entry.resource].push_back(&entry);
    const auto msh = message.segment("MSH");
    for (std::size_t i = 0; i < result.resources.size(); ++i) {
        fhir::DocumentBuilder builder("Provenance");
        auto root = builder.root();
        for (const TraceEntry* entry : of[i]) {
            auto lineage = root.append("extension");
            lineage.member("url").set_string("urn:causeway:lineage");
            const auto add = [&](const char* name, std::string_view text) {
                auto part = lineage.append("extension");
                part.member("url").set_string(name);
                part.member("valueString").set_string(text);
            };
            add("element", fhir::path_of(fhir::Element(entry->node)));
            add("source", leaf_name(message, entry->source));
            add("bytes", std::to_string(entry->source.offset) + "+" + std::to_string(entry->source.length));
            const LineText& line = plan.lines[entry->line];
            if (entry->line != 0) add("line", line.file + ":" + std::to_string(line.line));
        }
        root.append("target").member("reference").set_string(result.resources[i].full_url);
        root.member("recorded").set_string(context.now);
        auto agent = root.append("agent");
        auto coding = agent.member("type").append("coding");
        coding.member("system").set_string("http://terminology.hl7.org/CodeSystem/provenance-participant-type");
        coding.member("code").set_string("assembler");
        agent.member("who").member("display").set_string("Causeway");
        auto entity = root.append("entity");
        entity.member("role").set_string("source");
        auto what = entity.member("what");
        if (!result.control_id.empty()) {
            auto identifier = what.member("identifier");
            const std::string sender =
                std::string(msh.field(4).component(1).raw()) + "|" + std::string(msh.field(3).component(1).raw());
            if (sender.size() > 1) identifier.member("type").member("text").set_string("MSH-10 of " + sender);
            identifier.member("value").set_string(result.control_id);
        }
        what.member("display").set_string("HL7 v2 message " + std::string(message.message_type()) + "^" + result.event);
        out.push_back(std::move(builder).finish());
    }
    return out;
}

}  // namespace causeway::mappings
