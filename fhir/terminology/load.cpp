#include <algorithm>
#include <array>
#include <charconv>

#include "causeway_terminology.hpp"
#include "fhir/terminology/terminology.hpp"

namespace causeway::fhir {

namespace {

constexpr std::size_t sorted_from = 16;

/// One line of the condensed form, cut at tabs; missing cells are empty.
struct Row {
    std::array<std::string_view, 7> cells;
    explicit Row(std::string_view line) noexcept {
        for (auto& cell : cells) {
            const auto tab = line.find('\t');
            cell = line.substr(0, tab);
            line = tab == std::string_view::npos ? std::string_view() : line.substr(tab + 1);
        }
    }
    std::string_view operator[](std::size_t i) const noexcept { return cells[i]; }
};

template <class Each>
void split(std::string_view text, char separator, Each each) {
    while (!text.empty()) {
        const auto at = text.find(separator);
        each(text.substr(0, at));
        text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    }
}

std::uint32_t number(std::string_view text) noexcept {
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

bool has(std::string_view flags, char flag) noexcept { return flags.find(flag) != std::string_view::npos; }

/// Builds the records of the condensed form in the order in which they come.
class CondensedReader {
public:
    CondensedReader(std::deque<CodeSystem>& systems, std::deque<ValueSet>& sets, std::deque<ConceptMap>& maps)
        : systems_(systems), sets_(sets), maps_(maps) {}

    void row(const Row& row) {
        switch (row[0].empty() ? '#' : row[0].front()) {
            case 'S':
                return system(row);
            case 'C':
                return add_concept(row);
            case 'V':
                return value_set(row);
            case 'I':
            case 'X':
                return part(row);
            case 'E':
                return sets_.back().parts.back().codes.push_back({row[1], row[2]});
            case 'F':
                return sets_.back().parts.back().filters.push_back({row[1], row[2], row[3]});
            case 'M':
                return map(row);
            case 'G':
                return maps_.back().groups.push_back({row[1], row[2], {}});
            case 'T':
                return maps_.back().groups.back().mappings.push_back({row[1], row[2], row[3]});
            default:
                return;
        }
    }

private:
    void system(const Row& row) {
        CodeSystem& made = systems_.emplace_back();
        made.url = row[1];
        made.version = row[2];
        made.name = row[3];
        made.content = row[4];
        made.case_sensitive = has(row[5], 'c');
        made.is_hierarchy = has(row[5], 'h');
    }
    void add_concept(const Row& row) {
        systems_.back().add({row[2], row[3], 0, 0, has(row[4], 'a'), has(row[4], 'i')}, number(row[1]));
        split(row[5], '|', [&](std::string_view parent) { systems_.back().add_parent(row[2], parent); });
    }
    void value_set(const Row& row) {
        ValueSet& made = sets_.emplace_back();
        made.url = row[1];
        made.version = row[2];
        made.name = row[3];
    }
    void part(const Row& row) {
        auto& made = sets_.back().parts.emplace_back();
        made.is_exclude = row[0] == "X";
        made.system = row[1];
        made.version = row[2];
        split(row[3], '|', [&](std::string_view url) { made.value_sets.push_back(url); });
    }
    void map(const Row& row) {
        ConceptMap& made = maps_.emplace_back();
        made.url = row[1];
        made.version = row[2];
        made.name = row[3];
        made.source = row[4];
        made.target = row[5];
    }

    std::deque<CodeSystem>& systems_;
    std::deque<ValueSet>& sets_;
    std::deque<ConceptMap>& maps_;
};

bool property_is(Element concept_, std::string_view code, std::string_view value) {
    for (const Element property : concept_["property"].items()) {
        if (property["code"].text() != code) continue;
        for (const Element member : property.children())
            if (member.name().starts_with("value") && member.text() == value) return true;
    }
    return false;
}

/// A second parent, as the `parent` and `child` properties say it.
void add_parents(Element entry, std::string_view code, CodeSystem& out) {
    for (const Element property : entry["property"].items()) {
        const auto value = property["valueCode"].text();
        const auto name = property["code"].text();
        if (value.empty()) continue;
        if (name == "parent" || name == "subsumedBy") out.add_parent(code, value);
        if (name == "child") out.add_parent(value, code);
    }
}

void add_concepts(Element list, CodeSystem& out, std::uint32_t depth) {
    for (const Element entry : list.items()) {
        const auto code = entry["code"].text();
        const bool is_abstract = property_is(entry, "notSelectable", "true") || property_is(entry, "abstract", "true");
        const bool inactive = property_is(entry, "inactive", "true") || property_is(entry, "status", "retired") ||
                              property_is(entry, "status", "inactive");
        out.add({code, entry["display"].text(), 0, 0, is_abstract, inactive}, depth);
        out.add_source(entry);
        add_parents(entry, code, out);
        add_concepts(entry["concept"], out, depth + 1);
    }
}

}  // namespace

const ValueSet::Code* ValueSet::Part::find(std::string_view code) const noexcept {
    if (sorted.empty()) {
        const auto found =
            std::find_if(codes.begin(), codes.end(), [&](const Code& entry) { return entry.code == code; });
        return found == codes.end() ? nullptr : &*found;
    }
    const auto found =
        std::lower_bound(sorted.begin(), sorted.end(), code,
                         [&](std::uint32_t i, std::string_view wanted) { return codes[i].code < wanted; });
    return found != sorted.end() && codes[*found].code == code ? &codes[*found] : nullptr;
}

void ValueSet::Part::index() {
    if (codes.size() < sorted_from) return;
    sorted.resize(codes.size());
    for (std::uint32_t i = 0; i < sorted.size(); ++i) sorted[i] = i;
    std::sort(sorted.begin(), sorted.end(),
              [&](std::uint32_t a, std::uint32_t b) { return codes[a].code < codes[b].code; });
}

ValueSet read_value_set(Element resource) {
    ValueSet out;
    out.url = resource["url"].text();
    out.version = resource["version"].text();
    out.name = resource["name"].text();
    for (const std::string_view kind : {"include", "exclude"}) {
        for (const Element include : resource["compose"][kind].items()) {
            auto& part = out.parts.emplace_back();
            part.is_exclude = kind == "exclude";
            part.system = include["system"].text();
            part.version = include["version"].text();
            for (const Element url : include["valueSet"].items()) part.value_sets.push_back(url.text());
            for (const Element entry : include["concept"].items())
                part.codes.push_back({entry["code"].text(), entry["display"].text()});
            for (const Element filter : include["filter"].items())
                part.filters.push_back({filter["property"].text(), filter["op"].text(), filter["value"].text()});
            part.index();
        }
    }
    return out;
}

TerminologyBuilder::TerminologyBuilder(std::shared_ptr<const Terminology> base)
    : built_(std::make_shared<Terminology>()) {
    if (base) built_->store_ = base->store_;
    built_->base_ = std::move(base);
}

void TerminologyBuilder::add_condensed(std::string_view tsv) {
    CondensedReader reader(built_->systems_, built_->value_sets_, built_->maps_);
    split(tsv, '\n', [&](std::string_view line) { reader.row(Row(line)); });
    for (ValueSet& set : built_->value_sets_)
        for (auto& part : set.parts)
            if (part.sorted.empty()) part.index();
}

bool TerminologyBuilder::add(const DocumentPtr& document) { return add(document->root(), document); }

bool TerminologyBuilder::add(Element resource, std::shared_ptr<const void> owner) {
    const auto type = resource.resource_type();
    if (type == "CodeSystem")
        add_code_system(resource);
    else if (type == "ValueSet")
        built_->value_sets_.push_back(read_value_set(resource));
    else if (type == "ConceptMap")
        add_concept_map(resource);
    else
        return false;
    built_->kept_.push_back(std::move(owner));
    return true;
}

void TerminologyBuilder::add_code_system(Element resource) {
    CodeSystem& made = built_->systems_.emplace_back();
    made.url = resource["url"].text();
    made.version = resource["version"].text();
    made.name = resource["name"].text();
    made.content = resource["content"].text();
    made.value_set = resource["valueSet"].text();
    made.case_sensitive = resource["caseSensitive"].text() != "false";
    const auto meaning = resource["hierarchyMeaning"].text();
    made.is_hierarchy = meaning == "is-a" || meaning.empty();
    add_concepts(resource["concept"], made, 0);
}

void TerminologyBuilder::add_concept_map(Element resource) {
    ConceptMap& made = built_->maps_.emplace_back();
    made.url = resource["url"].text();
    made.version = resource["version"].text();
    made.name = resource["name"].text();
    made.source = resource["sourceCanonical"] ? resource["sourceCanonical"].text() : resource["sourceUri"].text();
    made.target = resource["targetCanonical"] ? resource["targetCanonical"].text() : resource["targetUri"].text();
    for (const Element group : resource["group"].items()) {
        auto& out = made.groups.emplace_back();
        out.source = group["source"].text();
        out.target = group["target"].text();
        for (const Element element : group["element"].items()) {
            for (const Element target : element["target"].items())
                out.mappings.push_back({element["code"].text(), target["code"].text(), target["equivalence"].text(),
                                        target["comment"].text(), target["display"].text(),
                                        static_cast<bool>(target["dependsOn"])});
        }
        const Element unmapped = group["unmapped"];
        out.unmapped_mode = unmapped["mode"].text();
        out.unmapped_code = unmapped["code"].text();
        out.unmapped_display = unmapped["display"].text();
        out.unmapped_map = unmapped["url"].text();
    }
}

std::shared_ptr<const Terminology> TerminologyBuilder::build() && {
    built_->systems_by_url_.reserve(built_->systems_.size());
    built_->value_sets_by_url_.reserve(built_->value_sets_.size());
    for (std::size_t i = 0; i < built_->systems_.size(); ++i) {
        built_->systems_[i].index();
        built_->systems_by_url_.emplace(built_->systems_[i].url, i);
    }
    for (std::size_t i = 0; i < built_->value_sets_.size(); ++i)
        built_->value_sets_by_url_.emplace(built_->value_sets_[i].url, i);
    return std::move(built_);
}

std::shared_ptr<const Terminology> Terminology::built_in() {
    TerminologyBuilder builder;
    for (const auto& file : embedded::terminology()) builder.add_condensed(file.bytes);
    return std::move(builder).build();
}

}  // namespace causeway::fhir
