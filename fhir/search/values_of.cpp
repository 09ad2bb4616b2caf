#include "fhir/search/values_of.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "fhir/model/date_time.hpp"
#include "fhir/path/decimal.hpp"
#include "fhir/search/normalise.hpp"
#include "fhir/search/quantity.hpp"
#include "fhir/search/reference_text.hpp"

namespace causeway::fhir::search {
namespace {

using path::Decimal;
using path::Item;

constexpr double infinity = std::numeric_limits<double>::infinity();

void add(std::vector<SearchValue>& out, auto value) { out.push_back({0, value}); }

std::string_view name_of(const Item& item) { return item.type() ? item.type()->name : std::string_view(); }

std::optional<DateRange> date_range(std::string_view text, std::int32_t zone) {
    const auto moment = DateTime::parse(text);
    if (!moment) return std::nullopt;
    const TimeRange range = moment->range(static_cast<std::int16_t>(zone));
    return DateRange{range.low_us, range.high_us};
}

/// Start and end of a Period; a missing side is open.
std::optional<DateRange> period_range(Element period, std::int32_t zone) {
    const auto start = date_range(period["start"].text(), zone);
    const auto end = date_range(period["end"].text(), zone);
    if (!start && !end) return std::nullopt;
    DateRange range;
    if (start) range.low_us = start->low_us;
    if (end) range.high_us = end->high_us;
    return range;
}

/// From the earliest to the latest thing a Timing says; what repeats without bounds is open at the end.
std::optional<DateRange> timing_range(Element timing, std::int32_t zone) {
    std::optional<DateRange> limits;
    const auto widen = [&](const std::optional<DateRange>& range) {
        if (!range) return;
        if (!limits) {
            limits = range;
        } else {
            limits->low_us = std::min(limits->low_us, range->low_us);
            limits->high_us = std::max(limits->high_us, range->high_us);
        }
    };
    for (const Element event : timing["event"].items()) widen(date_range(event.text(), zone));
    if (const Element bounds = timing["repeat"]["boundsPeriod"]) widen(period_range(bounds, zone));
    return limits;
}

/// With its comparator a quantity is a range: `<5` is everything up to 5.
void apply_comparator(std::string_view comparator, std::optional<Decimal>& low, std::optional<Decimal>& high) {
    if (comparator.starts_with('<')) low.reset();
    if (comparator.starts_with('>')) high.reset();
}

NumberRange doubles(const std::optional<Decimal>& low, const std::optional<Decimal>& high) {
    return {low ? low->to_double() : -infinity, high ? high->to_double() : infinity};
}

}  // namespace

void ValueReader::read(const Item& item, ParameterType type, bool contact, std::string_view implicit_system, Out& out) {
    const std::size_t before = out.size();
    switch (type) {
        case ParameterType::token:
            read_token(item, contact, implicit_system, out);
            break;
        case ParameterType::string:
            read_string(item, out);
            break;
        case ParameterType::date:
            read_date(item, out);
            break;
        case ParameterType::number:
            read_number(item, out);
            break;
        case ParameterType::quantity:
            read_quantity(item, out);
            break;
        case ParameterType::reference:
            read_reference(item, out);
            break;
        case ParameterType::uri:
            read_uri(item, out);
            break;
        case ParameterType::special:
            read_position(item, out);
            break;
        case ParameterType::composite:
            break;
    }
    if (out.size() > before || !item.is_element()) return;
    // content that cannot be compared is there all the same; an element with extensions alone is not
    for (const Element child : item.element().children()) {
        if (child.name() != "extension" && child.name() != "id") return add(out, PresenceValue{});
    }
}

// --- token

void ValueReader::read_token(const Item& item, bool contact, std::string_view implicit_system, Out& out) {
    if (!item.is_element()) {
        if (item.kind() == path::ItemKind::boolean) add(out, TokenValue{{}, item.boolean() ? "true" : "false", {}});
        if (item.kind() == path::ItemKind::string) add(out, TokenValue{{}, values_.keep(std::string(item.text())), {}});
        return;
    }
    const Element element = item.element();
    const std::string_view type = name_of(item);
    if (type == "CodeableConcept") return codings(element, out);
    if (type == "Coding") return coding(element, out);
    if (type == "Identifier") return identifier(element, out);
    if (type == "ContactPoint") {
        const std::string_view value = element["value"].text();
        if (!value.empty()) add(out, TokenValue{{}, contact ? values_.keep(normalise_contact(value)) : value, {}});
        return;
    }
    if (element.is_primitive()) {
        if (element.has_value() && !element.text().empty()) add(out, TokenValue{implicit_system, element.text(), {}});
        return;
    }
    if (type == "Reference") return;  // medication as a reference is no token
    if (element["coding"]) return codings(element, out);
    if (element["code"].is_primitive()) coding(element, out);
}

void ValueReader::coding(Element element, Out& out) {
    const std::string_view code = element["code"].text();
    const std::string_view display = element["display"].text();
    const std::string_view system = element["system"].text();
    if (!code.empty() || !display.empty() || !system.empty()) add(out, TokenValue{system, code, display});
}

void ValueReader::codings(Element concept_, Out& out) {
    for (const Element one : concept_["coding"].items()) coding(one, out);
    if (const std::string_view text = concept_["text"].text(); !text.empty()) add(out, TokenValue{{}, {}, text});
}

void ValueReader::identifier(Element element, Out& out) {
    const std::string_view value = element["value"].text();
    const std::string_view system = element["system"].text();
    const Element type = element["type"];
    if (value.empty() && system.empty()) return;
    add(out, TokenValue{system, value, type["text"].text()});
    if (value.empty()) return;
    for (const Element coding : type["coding"].items()) {
        if (coding["code"]) add(out, TypedIdentifierValue{coding["system"].text(), coding["code"].text(), value});
    }
}

// --- string

void ValueReader::text(std::string_view text, Out& out, bool later_parts) {
    if (text.empty()) return;
    const std::string_view normalised = values_.keep(normalise(text));
    add(out, StringValue{normalised, text});
    if (!later_parts) return;
    std::size_t at = normalised.find(' ');
    for (int parts = 0; at != std::string_view::npos && parts < 8; ++parts, at = normalised.find(' ', at + 1)) {
        add(out, StringValue{normalised.substr(at + 1), {}});
    }
}

void ValueReader::read_string(const Item& item, Out& out) {
    if (!item.is_element()) {
        if (item.kind() == path::ItemKind::string) text(values_.keep(std::string(item.text())), out);
        return;
    }
    const Element element = item.element();
    if (element.is_primitive()) return text(element.text(), out, element.name() == "family");
    const std::string_view type = name_of(item);
    const auto each = [&](std::string_view member, bool later_parts = false) {
        for (const Element part : element[member].items()) text(part.text(), out, later_parts);
    };
    if (type == "HumanName") {
        each("family", true);
        for (const std::string_view member : {"given", "prefix", "suffix", "text"}) each(member);
    } else if (type == "Address") {
        for (const std::string_view member : {"line", "city", "district", "state", "postalCode", "country", "text"})
            each(member);
    } else if (type == "CodeableConcept") {
        each("text");
        for (const Element coding : element["coding"].items()) text(coding["display"].text(), out);
    } else if (type == "ContactDetail") {
        each("name");
    } else if (type == "Annotation") {
        each("text");
    }
}

// --- date

void ValueReader::read_date(const Item& item, Out& out) {
    if (!item.is_element()) return;
    const Element element = item.element();
    const std::string_view type = name_of(item);
    const std::int32_t zone = options_.zone_offset_minutes;
    std::optional<DateRange> range;
    if (element.is_primitive()) {
        if (type != "string") range = date_range(element.text(), zone);
    } else if (type == "Period") {
        range = period_range(element, zone);
    } else if (type == "Timing") {
        range = timing_range(element, zone);
    }
    if (range) add(out, DateValue{*range});
}

// --- number and quantity

const std::optional<path::UnitForm>& ValueReader::unit_form(std::string_view unit) {
    for (const auto& [known, form] : units_) {
        if (known == unit) return form;
    }
    if (units_.size() >= 64) units_.clear();
    return units_.emplace_back(unit, path::parse_unit(unit)).second;
}

void ValueReader::add_canonical(const std::optional<path::Decimal>& low, const std::optional<path::Decimal>& high,
                                QuantityValue& quantity) {
    if (quantity.system != ucum_system) return;
    const auto& form = unit_form(quantity.code);
    const auto range = form ? canonical_range(low, high, *form) : std::nullopt;
    if (!range) return;
    quantity.canonical = *range;
    quantity.canonical_unit = values_.keep(form->dimension);
}

void ValueReader::read_number(const Item& item, Out& out) {
    if (!item.is_element()) return;
    const Element element = item.element();
    if (name_of(item) == "Range") {
        const auto low = Decimal::parse(element["low"]["value"].text());
        const auto high = Decimal::parse(element["high"]["value"].text());
        if (low || high) add(out, NumberValue{doubles(low, high)});
        return;
    }
    if (const auto value = Decimal::parse(element.text()))
        add(out, NumberValue{{value->to_double(), value->to_double()}});
}

void ValueReader::quantity(Element element, Out& out) {
    const auto value = Decimal::parse(element["value"].text());
    if (!value) return;
    std::optional<Decimal> low = value;
    std::optional<Decimal> high = value;
    apply_comparator(element["comparator"].text(), low, high);
    QuantityValue quantity{
        doubles(low, high), element["system"].text(), element["code"].text(), element["unit"].text(), {}, {}};
    add_canonical(low, high, quantity);
    add(out, quantity);
}

void ValueReader::range(Element element, Out& out) {
    const Element low_quantity = element["low"];
    const Element high_quantity = element["high"];
    const auto low = Decimal::parse(low_quantity["value"].text());
    const auto high = Decimal::parse(high_quantity["value"].text());
    const Element unit = low ? low_quantity : high_quantity;
    if (!low && !high) return;
    QuantityValue quantity{doubles(low, high), unit["system"].text(), unit["code"].text(), unit["unit"].text(), {}, {}};
    add_canonical(low, high, quantity);
    add(out, quantity);
}

/// From the least to the largest sample; `E`, `L` and `U` in the data are errors and limits.
void ValueReader::sampled_data(Element element, Out& out) {
    const Element origin = element["origin"];
    const auto zero = Decimal::parse(origin["value"].text());
    const auto factor = element["factor"] ? Decimal::parse(element["factor"].text()) : std::optional(Decimal(1));
    if (!zero || !factor) return;
    std::optional<Decimal> low;
    std::optional<Decimal> high;
    std::string_view data = element["data"].text();
    while (!data.empty()) {
        const std::size_t blank = data.find(' ');
        const auto sample = Decimal::parse(data.substr(0, blank));
        data.remove_prefix(blank == std::string_view::npos ? data.size() : blank + 1);
        const auto scaled = sample ? path::multiply(*sample, *factor) : std::nullopt;
        const auto value = scaled ? path::add(*scaled, *zero) : std::nullopt;
        if (!value) continue;
        if (!low || value->compare(*low) < 0) low = value;
        if (!high || value->compare(*high) > 0) high = value;
    }
    if (!low || !high) return;
    QuantityValue quantity{
        doubles(low, high), origin["system"].text(), origin["code"].text(), origin["unit"].text(), {}, {}};
    add_canonical(low, high, quantity);
    add(out, quantity);
}

void ValueReader::read_quantity(const Item& item, Out& out) {
    if (!item.is_element()) return;
    const Element element = item.element();
    const std::string_view type = name_of(item);
    if (type == "Range") return range(element, out);
    if (type == "SampledData") return sampled_data(element, out);
    if (type == "Money") {
        const auto value = Decimal::parse(element["value"].text());
        if (value)
            add(out, QuantityValue{doubles(value, value),
                                   "urn:iso:std:iso:4217",
                                   element["currency"].text(),
                                   element["currency"].text(),
                                   {},
                                   {}});
        return;
    }
    if (element.is_object()) quantity(element, out);
}

// --- reference and uri

void ValueReader::reference_text(std::string_view text, bool canonical, Out& out) {
    const ReferenceText parsed =
        canonical ? read_canonical(text, options_.base_url) : search::read_reference(text, options_.base_url);
    if (!parsed.id.empty() || !parsed.url.empty())
        add(out, ReferenceValue{parsed.type, parsed.id, parsed.url, parsed.version});
}

void ValueReader::read_reference(const Item& item, Out& out) {
    if (!item.is_element()) return;
    const Element element = item.element();
    if (element.is_primitive()) {
        if (element.has_value()) reference_text(element.text(), true, out);
        return;
    }
    if (name_of(item) == "Identifier") {
        add(out, ReferenceIdentifierValue{element["system"].text(), element["value"].text()});
        return;
    }
    if (const std::string_view type = element.resource_type(); !type.empty()) {
        if (const std::string_view id = element["id"].text(); !id.empty()) add(out, ReferenceValue{type, id, {}, {}});
        return;
    }
    if (const std::string_view text = element["reference"].text(); text.size() > 1 && text.starts_with('#'))
        add(out, ReferenceValue{{}, {}, {}, {}, text.substr(1)});
    else
        reference_text(text, false, out);
    if (const Element found = element["identifier"]; found["value"])
        add(out, ReferenceIdentifierValue{found["system"].text(), found["value"].text()});
}

void ValueReader::read_uri(const Item& item, Out& out) {
    if (!item.is_element()) return;
    const std::string_view text = item.element().text();
    if (text.empty()) return;
    add(out, UriValue{text});
    if (const std::size_t bar = text.find('|'); bar != std::string_view::npos && name_of(item) == "canonical")
        add(out, UriValue{text.substr(0, bar)});
}

void ValueReader::read_position(const Item& item, Out& out) {
    if (!item.is_element()) return;
    const auto latitude = Decimal::parse(item.element()["latitude"].text());
    const auto longitude = Decimal::parse(item.element()["longitude"].text());
    if (latitude && longitude) add(out, PositionValue{latitude->to_double(), longitude->to_double()});
}

}  // namespace causeway::fhir::search
