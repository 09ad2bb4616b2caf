#include "hl7v2/dictionary/dictionary.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "hl7v2/dictionary/rows.hpp"
#include "hl7v2/message_view.hpp"

namespace causeway::hl7v2::dictionary {

namespace {

constexpr std::array<std::string_view, rows::version_count> version_texts = {
    "2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"};
constexpr std::uint8_t version_2_5_1 = 6;

Element element(std::uint32_t first, std::size_t n) noexcept {
    const rows::ElementRow& row = rows::elements[rows::element_list[first + n - 1]];
    return {rows::text(row.name),
            rows::text(row.datatype),
            static_cast<Usage>(row.usage),
            row.repetitions,
            row.length,
            row.table};
}

/// The row of that name among the `candidates`, which are sorted by the name that `name_of` gives.
template <class NameOf>
const std::uint32_t* find_row(std::span<const std::uint32_t> candidates, std::string_view name,
                              NameOf name_of) noexcept {
    const auto found =
        std::lower_bound(candidates.begin(), candidates.end(), name,
                         [&](std::uint32_t row, std::string_view wanted) { return name_of(row) < wanted; });
    return found != candidates.end() && name_of(*found) == name ? &*found : nullptr;
}

std::string_view segment_name(std::uint32_t row) noexcept { return rows::text(rows::segments[row].name); }
std::string_view datatype_name(std::uint32_t row) noexcept { return rows::text(rows::datatypes[row].name); }
std::string_view item_name(std::uint32_t row) noexcept { return rows::text(rows::items[row].name); }

}  // namespace

char letter(Usage usage) noexcept {
    constexpr std::string_view letters = "ORCBX";
    return letters[static_cast<std::size_t>(usage)];
}

std::string_view Segment::name() const noexcept { return segment_name(row_); }
std::string_view Segment::title() const noexcept { return rows::text(rows::segments[row_].title); }
std::size_t Segment::size() const noexcept { return rows::segments[row_].count; }
Element Segment::field(std::size_t n) const noexcept {
    return n == 0 || n > size() ? Element{} : element(rows::segments[row_].first, n);
}

std::string_view Datatype::name() const noexcept { return datatype_name(row_); }
std::string_view Datatype::title() const noexcept { return rows::text(rows::datatypes[row_].title); }
std::size_t Datatype::size() const noexcept { return rows::datatypes[row_].count; }
Element Datatype::component(std::size_t n) const noexcept {
    return n == 0 || n > size() ? Element{} : element(rows::datatypes[row_].first, n);
}

Item::Kind Item::kind() const noexcept { return static_cast<Kind>(rows::items[row_].kind); }
std::string_view Item::name() const noexcept { return item_name(row_); }
bool Item::required() const noexcept { return (rows::items[row_].flags & 1U) != 0; }
bool Item::repeats() const noexcept { return (rows::items[row_].flags & 2U) != 0; }
std::size_t Item::size() const noexcept { return rows::items[row_].count; }
Item Item::child(std::size_t i) const noexcept {
    return Item(rows::items[row_].first_child + static_cast<std::uint32_t>(i));
}
Item item_of(std::uint32_t id) noexcept { return Item(id); }

std::string_view Table::title() const noexcept { return rows::text(rows::tables[row_].title); }
bool Table::hl7_defined() const noexcept { return rows::tables[row_].hl7_defined != 0; }

namespace {

std::span<const rows::CodeRow> codes_of(std::uint32_t table) noexcept {
    return rows::codes.subspan(rows::tables[table].first, rows::tables[table].count);
}
bool in_version(std::uint16_t versions, std::uint8_t version) noexcept { return ((versions >> version) & 1U) != 0; }

}  // namespace

std::size_t Table::size() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        codes_of(row_), [this](const rows::CodeRow& code) { return in_version(code.versions, version_); }));
}

Code Table::operator[](std::size_t i) const noexcept {
    for (const rows::CodeRow& code : codes_of(row_)) {
        if (in_version(code.versions, version_) && i-- == 0) return {rows::text(code.code), rows::text(code.display)};
    }
    return {};
}

std::optional<std::string_view> Table::display(std::string_view code) const noexcept {
    const auto all = codes_of(row_);
    auto found = std::ranges::lower_bound(all, code, {}, [](const rows::CodeRow& row) { return rows::text(row.code); });
    for (; found != all.end() && rows::text(found->code) == code; ++found) {
        if (in_version(found->versions, version_)) return rows::text(found->display);
    }
    return std::nullopt;
}

std::string_view Version::text() const noexcept { return version_texts[index_]; }

std::optional<Segment> Version::segment(std::string_view name) const noexcept {
    const std::uint32_t* row = find_row(rows::segments_of.of(index_), name, segment_name);
    return row ? std::optional(Segment(*row)) : std::nullopt;
}

std::optional<Datatype> Version::datatype(std::string_view name) const noexcept {
    const std::uint32_t* row = find_row(rows::datatypes_of.of(index_), name, datatype_name);
    return row ? std::optional(Datatype(*row)) : std::nullopt;
}

std::optional<Structure> Version::structure(std::string_view name) const noexcept {
    const std::uint32_t* row = find_row(rows::structures_of.of(index_), name, item_name);
    return row ? std::optional(Structure(Item(*row))) : std::nullopt;
}

std::optional<Table> Version::table(std::uint16_t number) const noexcept {
    const auto found = std::ranges::lower_bound(rows::tables, number, {}, &rows::TableRow::number);
    if (found == rows::tables.end() || found->number != number) return std::nullopt;
    return Table(number, static_cast<std::uint32_t>(found - rows::tables.begin()), index_);
}

std::optional<Structure> Version::structure_for(std::string_view message_type,
                                                std::string_view trigger_event) const noexcept {
    const std::string_view name = structure_name(*this, message_type, trigger_event);
    return name.empty() ? std::nullopt : structure(name);
}

std::size_t Version::segment_count() const noexcept { return rows::segments_of.of(index_).size(); }
Segment Version::segment_at(std::size_t i) const noexcept { return {rows::segments_of.of(index_)[i]}; }
std::size_t Version::structure_count() const noexcept { return rows::structures_of.of(index_).size(); }
Structure Version::structure_at(std::size_t i) const noexcept {
    return Structure(Item(rows::structures_of.of(index_)[i]));
}

std::size_t Version::datatype_count() const noexcept { return rows::datatypes_of.of(index_).size(); }
Datatype Version::datatype_at(std::size_t i) const noexcept { return {rows::datatypes_of.of(index_)[i]}; }

std::size_t Version::event_count() noexcept { return rows::events.size(); }
std::optional<Event> Version::event_at(std::size_t i) const noexcept {
    const rows::EventRow& row = rows::events[i];
    if (!in_version(row.versions, index_)) return std::nullopt;
    const auto characters = [](std::uint32_t packed) {
        return std::array{static_cast<char>(packed >> 16U & 0xffU), static_cast<char>(packed >> 8U & 0xffU),
                          static_cast<char>(packed & 0xffU)};
    };
    return Event{characters(row.type), characters(row.event), rows::text(row.structure)};
}

std::size_t Version::table_count() noexcept { return rows::tables.size(); }
Table Version::table_at(std::size_t i) const noexcept {
    return Table(rows::tables[i].number, static_cast<std::uint32_t>(i), index_);
}

std::span<const Version> versions() noexcept {
    static constexpr auto all = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<Version, sizeof...(I)>{Version(static_cast<std::uint8_t>(I))...};
    }(std::make_index_sequence<rows::version_count>{});
    return all;
}

std::optional<Version> find_version(std::string_view text) noexcept {
    const auto found = std::ranges::find(version_texts, text);
    if (found == version_texts.end()) return std::nullopt;
    return Version(static_cast<std::uint8_t>(found - version_texts.begin()));
}

Version version(std::string_view text) noexcept {
    return nearest_version(text).value_or(*find_version(version_texts[version_2_5_1]));
}

namespace {

/// `2.5.1` as {5, 1}; the second is 0 where it is not said.
struct MinorVersion {
    int minor = 0, patch = 0;
    friend constexpr auto operator<=>(const MinorVersion&, const MinorVersion&) = default;
};

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The first `2.x` or `2.x.y` in a text; `2.51` is 2.5.1, and a comma is as good as a point.
std::optional<MinorVersion> find_minor(std::string_view text) noexcept {
    const auto point = [](char c) { return c == '.' || c == ','; };
    for (std::size_t i = 0; i + 2 < text.size(); ++i) {
        if (text[i] != '2' || !point(text[i + 1]) || !is_digit(text[i + 2])) continue;
        if (i > 0 && is_digit(text[i - 1])) continue;
        MinorVersion found{text[i + 2] - '0', 0};
        std::string_view rest = text.substr(i + 3);
        if (!rest.empty() && point(rest.front())) rest.remove_prefix(1);
        if (!rest.empty() && is_digit(rest.front())) found.patch = rest.front() - '0';
        return found;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Version> nearest_version(std::string_view text) noexcept {
    if (const auto exact = find_version(text)) return exact;
    const auto wanted = find_minor(text);
    if (!wanted) return std::nullopt;
    const auto all = versions();
    Version best = all.front();
    for (const Version known : all) {
        if (*find_minor(known.text()) <= *wanted) best = known;
    }
    return best;
}

std::string_view trigger_event(const MessageView& message) noexcept {
    const std::string_view stated = message.trigger_event();
    if (!stated.empty() && stated != "\"\"") return stated;
    return message.segment("EVN").at({1}).raw();
}

std::string_view structure_name(Version version, std::string_view message_type,
                                std::string_view trigger_event) noexcept {
    if (message_type == "ACK" && version.structure("ACK")) return "ACK";
    const std::uint32_t type = rows::pack(message_type);
    const std::uint32_t event = rows::pack(trigger_event);
    auto found = std::ranges::lower_bound(rows::events, std::pair(type, event), {},
                                          [](const rows::EventRow& row) { return std::pair(row.type, row.event); });
    const auto index =
        static_cast<std::uint8_t>(std::ranges::find(version_texts, version.text()) - version_texts.begin());
    for (; found != rows::events.end() && found->type == type && found->event == event; ++found) {
        if (in_version(found->versions, index)) return rows::text(found->structure);
    }
    return {};
}

namespace {

/// `find` in that version, else in the nearest that has it, a newer one first.
template <class Find>
std::optional<Structure> nearest(Version version, Find find) noexcept {
    const auto all = versions();
    const auto at = std::ranges::find(all, version) - all.begin();
    const auto count = static_cast<std::ptrdiff_t>(all.size());
    for (std::ptrdiff_t distance = 0; distance < count; ++distance) {
        for (const std::ptrdiff_t index : {at + distance, at - distance}) {
            if (index < 0 || index >= count) continue;
            if (auto structure = find(all[static_cast<std::size_t>(index)])) return structure;
        }
    }
    return std::nullopt;
}

/// The event that a type without one stands for, where it has one above all.
std::string_view first_event(std::string_view type) noexcept {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 9> firsts = {{{"DFT", "P03"},
                                                                                      {"DSR", "Q01"},
                                                                                      {"MCF", "Q02"},
                                                                                      {"ORM", "O01"},
                                                                                      {"ORR", "O02"},
                                                                                      {"ORU", "R01"},
                                                                                      {"QRY", "Q01"},
                                                                                      {"UDM", "Q05"},
                                                                                      {"VXU", "V04"}}};
    const auto found = std::ranges::find(firsts, type, &std::pair<std::string_view, std::string_view>::first);
    return found == firsts.end() ? std::string_view{} : found->second;
}

}  // namespace

std::optional<Structure> structure_of(const MessageView& message) noexcept {
    const Version own = version(message.version());
    const std::string_view type = message.message_type();
    const std::string_view event = trigger_event(message);
    const std::string_view stated = message.message_structure();
    if (auto found = nearest(own, [&](Version version) { return version.structure_for(type, event); })) return found;
    if (!stated.empty()) {
        if (auto found = nearest(own, [&](Version version) { return version.structure(stated); })) return found;
    }
    if (auto found = nearest(own, [&](Version version) { return version.structure(type); })) return found;
    if (!event.empty() || first_event(type).empty()) return std::nullopt;
    return nearest(own, [&](Version version) { return version.structure_for(type, first_event(type)); });
}

}  // namespace causeway::hl7v2::dictionary
