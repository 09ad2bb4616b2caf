#include "mappings/engine/lineage.hpp"

#include <algorithm>
#include <map>

#include "fhir/model/builder.hpp"
#include "hl7v2/path.hpp"
#include "mappings/engine/leaves.hpp"
#include "mappings/engine/plan.hpp"

namespace causeway::mappings {
namespace {

constexpr std::string_view magic = "CWL2";
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

namespace {

/// The lines a trace names, numbered in the order they come; files and sites are said once.
class LineTable {
public:
    explicit LineTable(const Plan& plan) : plan_(plan), number_(plan.lines.size(), 0) {}

    std::uint32_t number(std::uint32_t line) {
        if (line == 0) return 0;
        if (number_[line] == 0) {
            used_.push_back(line);
            number_[line] = static_cast<std::uint32_t>(used_.size());
        }
        return number_[line];
    }

    void write(std::string& out) const {
        std::vector<std::string_view> texts;  // files and sites
        std::string lines;
        const auto text_number = [&](std::string_view text) {
            const auto at = static_cast<std::size_t>(std::find(texts.begin(), texts.end(), text) - texts.begin());
            if (at == texts.size()) texts.push_back(text);
            return at;
        };
        for (const std::uint32_t line : used_) {
            const LineText& text = plan_.lines[line];
            put_number(lines, text_number(text.file));
            put_number(lines, text.line);
            put_number(lines, text_number(text.site));
        }
        put_number(out, texts.size());
        for (const auto text : texts) put_text(out, text);
        put_number(out, used_.size());
        out += lines;
    }

private:
    const Plan& plan_;
    std::vector<std::uint32_t> number_, used_;
};

/// Walks a resource with the path at hand, so that no path is built twice.
class LineageWriter {
public:
    LineageWriter(const ForwardResult& result, LineTable& lines) : result_(result), lines_(lines) {
        by_node_.reserve(result.trace.size());
        for (std::uint32_t i = 0; i < result.trace.size(); ++i) by_node_.emplace_back(result.trace[i].node, i);
        std::sort(by_node_.begin(), by_node_.end());
    }

    void write(std::uint32_t resource) {
        const fhir::Element root = result_.resources[resource].doc->root();
        resource_ = resource;
        path_ = result_.resources[resource].type;
        walk(root);
    }

    std::string entries;
    std::size_t count = 0;

private:
    void walk(fhir::Element element) {
        auto at = std::lower_bound(by_node_.begin(), by_node_.end(), std::pair(element.node(), std::uint32_t{0}));
        for (; at != by_node_.end() && at->first == element.node(); ++at) entry(result_.trace[at->second]);
        const std::size_t length = path_.size();
        std::size_t index = 0;
        for (const fhir::Element child : element.children()) {
            if (element.is_array())
                path_.append("[").append(std::to_string(index++)).append("]");
            else
                path_.append(".").append(child.name());
            walk(child);
            path_.resize(length);
        }
    }

    void entry(const TraceEntry& trace) {
        // An element's path begins as the one before it.
        const auto shared = static_cast<std::size_t>(
            std::mismatch(before_.begin(), before_.end(), path_.begin(), path_.end()).first - before_.begin());
        put_number(entries, std::uint64_t{resource_} << 1 | (trace.has_source ? 1U : 0U));
        put_number(entries, shared);
        put_text(entries, std::string_view(path_).substr(shared));
        put_number(entries, lines_.number(trace.line));
        if (trace.has_source) put_leaf(entries, trace.source);
        before_ = path_;
        ++count;
    }

    const ForwardResult& result_;
    LineTable& lines_;
    std::vector<std::pair<const fhir::Node*, std::uint32_t>> by_node_;
    std::uint32_t resource_ = 0;
    std::string path_, before_;
};

}  // namespace

std::string lineage_of(const Plan& plan, const ForwardResult& result, const hl7v2::MessageView& message) {
    LineTable lines(plan);
    LineageWriter writer(result, lines);
    for (std::uint32_t i = 0; i < result.resources.size(); ++i) writer.write(i);
    std::string out;
    out.reserve(writer.entries.size() + 4 * result.residue.size() + 1024);
    put_number(out, message.size());
    for (const auto segment : message) put_text(out, segment.name());
    lines.write(out);
    put_number(out, writer.count);
    out += writer.entries;
    put_number(out, result.residue.size());
    for (const ResidueEntry& entry : result.residue) put_leaf(out, entry.leaf);
    return out;
}

std::string store_lineage(const std::vector<std::string>& names, std::string_view lineage) {
    std::string out(magic);
    put_number(out, names.size());
    for (const auto& name : names) put_text(out, name);
    out += lineage;
    return out;
}

std::optional<Lineage> Lineage::load(std::string_view stored) {
    if (stored.substr(0, magic.size()) != magic) return std::nullopt;
    Input in{stored.substr(magic.size())};
    Lineage out;
    const auto texts = [&](std::vector<std::string>& list) {
        const std::size_t n = in.count();
        for (std::size_t i = 0; i < n && in.good; ++i) list.push_back(in.text());
    };
    texts(out.resources_);
    texts(out.segments_);
    std::vector<std::string> names;  // files and sites
    texts(names);
    out.lines_.emplace_back();
    const std::size_t lines = in.count();
    for (std::size_t i = 0; i < lines && in.good; ++i) {
        const std::uint64_t file = in.number(), line = in.number(), site = in.number();
        if (file >= names.size() || site >= names.size()) in.good = false;
        if (!in.good) break;
        out.lines_.push_back(names[file] + ":" + std::to_string(line) +
                             (names[site].empty() ? "" : " (" + names[site] + ")"));
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
            entry.element.size() > text_bytes_max ||
            (!out.entries_.empty() && entry.resource < out.entries_.back().resource))
            in.good = false;
        before = entry.element;
        out.entries_.push_back(std::move(entry));
    }
    const std::size_t residue = in.count();
    for (std::size_t i = 0; i < residue && in.good; ++i) out.residue_.push_back(get_leaf(in));
    if (!in.good || !in.bytes.empty()) return std::nullopt;
    std::map<std::string_view, std::uint32_t> seen;
    for (const auto& name : out.segments_) out.ordinals_.push_back(++seen[name]);
    for (std::uint32_t i = 0; i < out.entries_.size(); ++i)
        if (out.entries_[i].has_source) out.by_place_.push_back(i);
    std::stable_sort(out.by_place_.begin(), out.by_place_.end(), [&](std::uint32_t x, std::uint32_t y) {
        return out.entries_[x].source.offset < out.entries_[y].source.offset;
    });
    return out;
}

std::string Lineage::name_of(const V2Leaf& leaf) const {
    if (leaf.segment >= segments_.size()) return {};
    return leaf_path(segment_code(segments_[leaf.segment]), ordinals_[leaf.segment],
                     {leaf.field, leaf.repetition, leaf.component, leaf.subcomponent});
}

std::vector<const LineageEntry*> Lineage::of_element(std::string_view resource, std::string_view element) const {
    std::vector<const LineageEntry*> found;
    const auto name = std::find(resources_.begin(), resources_.end(), resource);
    if (name == resources_.end()) return found;
    const auto number = static_cast<std::uint32_t>(name - resources_.begin());
    auto at = std::lower_bound(entries_.begin(), entries_.end(), number,
                               [](const LineageEntry& e, std::uint32_t n) { return e.resource < n; });
    for (; at != entries_.end() && at->resource == number; ++at) {
        if (at->element.compare(0, element.size(), element) != 0) continue;
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

std::vector<const LineageEntry*> Lineage::of_place(std::string_view place) const {
    std::vector<const LineageEntry*> found;
    const auto path = hl7v2::Path::parse(place);
    if (path.has_error()) return found;
    const auto& wanted = path->position;
    for (const std::uint32_t i : by_place_) {
        const V2Leaf& s = entries_[i].source;
        if (s.segment >= segments_.size() || segments_[s.segment] != path->segment()) continue;
        if (path->segment_ordinal != 0 && ordinals_[s.segment] != path->segment_ordinal) continue;
        if ((wanted.field == 0 || s.field == wanted.field) &&
            (wanted.repetition == 0 || s.repetition == wanted.repetition) &&
            (wanted.component == 0 || s.component == wanted.component) &&
            (wanted.subcomponent == 0 || s.subcomponent == wanted.subcomponent))
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

std::vector<fhir::DocumentPtr> provenance(const Lineage& lineage, const ProvenanceContext& context) {
    std::vector<fhir::DocumentPtr> out;
    auto entry = lineage.entries().begin();
    for (std::uint32_t i = 0; i < lineage.resources().size(); ++i) {
        fhir::DocumentBuilder builder("Provenance");
        auto root = builder.root();
        for (; entry != lineage.entries().end() && entry->resource == i; ++entry) {
            if (!entry->has_source) continue;
            auto extension = root.append("extension");
            extension.member("url").set_string("urn:causeway:lineage");
            const auto add = [&](const char* name, std::string_view text) {
                auto part = extension.append("extension");
                part.member("url").set_string(name);
                part.member("valueString").set_string(text);
            };
            add("element", entry->element);
            add("source", lineage.name_of(entry->source));
            add("bytes", std::to_string(entry->source.offset) + "+" + std::to_string(entry->source.length));
            if (entry->line != 0) add("line", lineage.lines()[entry->line]);
        }
        root.append("target").member("reference").set_string(lineage.resources()[i]);
        root.member("recorded").set_string(context.recorded);
        auto agent = root.append("agent");
        auto coding = agent.member("type").append("coding");
        coding.member("system").set_string("http://terminology.hl7.org/CodeSystem/provenance-participant-type");
        coding.member("code").set_string("assembler");
        agent.member("who").member("display").set_string("Causeway");
        auto entity = root.append("entity");
        entity.member("role").set_string("source");
        auto what = entity.member("what");
        if (!context.control_id.empty()) {
            auto identifier = what.member("identifier");
            if (!context.sender.empty())
                identifier.member("type").member("text").set_string("MSH-10 of " + context.sender);
            identifier.member("value").set_string(context.control_id);
        }
        what.member("display").set_string(context.message);
        out.push_back(std::move(builder).finish());
    }
    return out;
}

std::vector<fhir::DocumentPtr> provenance(const Plan& plan, const ForwardResult& result,
                                          const hl7v2::MessageView& message, const ForwardContext& context) {
    std::vector<std::string> names;
    for (const auto& resource : result.resources) names.emplace_back(resource.full_url);
    const auto lineage = Lineage::load(store_lineage(names, lineage_of(plan, result, message)));
    if (!lineage) return {};  // cannot be: what was just written is read back
    const auto msh = message.segment("MSH");
    const std::string sender =
        std::string(msh.field(4).component(1).raw()) + "|" + std::string(msh.field(3).component(1).raw());
    return provenance(*lineage,
                      {context.now, "HL7 v2 message " + std::string(message.message_type()) + "^" + result.event,
                       result.control_id, sender.size() > 1 ? sender : std::string()});
}

}  // namespace causeway::mappings
