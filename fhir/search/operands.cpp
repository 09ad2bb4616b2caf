#include <algorithm>
#include <array>
#include <cmath>

#include "fhir/model/date_time.hpp"
#include "fhir/model/reference.hpp"
#include "fhir/path/ucum.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/search/normalise.hpp"
#include "fhir/search/quantity.hpp"
#include "fhir/search/query_parser.hpp"
#include "fhir/search/query_text.hpp"
#include "fhir/search/reference_text.hpp"

namespace causeway::fhir::search {
namespace {

using path::Decimal;

bool lower(char c) { return c >= 'a' && c <= 'z'; }

std::optional<Prefix> prefix_of(std::string_view text) {
    static constexpr std::array<std::string_view, 9> names = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == text) return static_cast<Prefix>(i);
    }
    return std::nullopt;
}

/// `+` came as a blank: `2024-01-01T12:30:00 02:00`.
std::string with_plus(std::string_view text) {
    std::string out(text);
    if (out.size() > 6 && out[out.size() - 6] == ' ' && out[out.size() - 3] == ':') out[out.size() - 6] = '+';
    return out;
}

}  // namespace

bool OperandReader::fail(std::string text, IssueCode code) {
    fault_ = {code, std::move(text)};
    return false;
}

bool OperandReader::text_of(std::string_view escaped, std::string& out) {
    auto text = unescape(escaped);
    if (!text) return fail("a backslash may only stand before ',', '$', '|' and another backslash");
    out = std::move(*text);
    return true;
}

bool OperandReader::read(const Parameter& parameter, Modifier modifier, std::string_view target,
                         std::string_view escaped, Operand& out) {
    switch (parameter.type) {
        case ParameterType::string:
            if (parameter.special == Special::text || parameter.special == Special::content)
                return text_of(escaped, out.text);
            return read_string(escaped, modifier, out);
        case ParameterType::token:
            if (modifier == Modifier::of_type) return read_of_type(escaped, out);
            if (modifier == Modifier::text) return read_string(escaped, Modifier::none, out);
            if (modifier == Modifier::in || modifier == Modifier::not_in) return text_of(escaped, out.text);
            return read_token(escaped, parameter.contact, out);
        case ParameterType::reference: {
            if (modifier == Modifier::identifier) return read_token(escaped, false, out);
            std::string text;
            return text_of(escaped, text) && read_reference(text, parameter.targets, target, out);
        }
        case ParameterType::uri:
            return text_of(escaped, out.text);
        case ParameterType::composite:
            return read_composite(parameter, escaped, out);
        case ParameterType::special:
            return read_near(escaped, out);
        default:
            return read_prefixed(parameter.type, escaped, out);
    }
}

bool OperandReader::read_plain(ParameterType type, std::string_view text, Operand& out) {
    switch (type) {
        case ParameterType::date:
            return read_date(text, out);
        case ParameterType::number:
            return read_number(text, out);
        case ParameterType::quantity:
            return read_quantity(text, out);
        case ParameterType::string:
            return read_string(text, Modifier::none, out);
        case ParameterType::token:
            return read_token(text, false, out);
        case ParameterType::uri:
            out.text = text;
            return true;
        default:
            return fail("this kind of parameter cannot be compared here", IssueCode::not_supported);
    }
}

bool OperandReader::read_string(std::string_view escaped, Modifier modifier, Operand& out) {
    if (!text_of(escaped, out.text)) return false;
    if (modifier == Modifier::exact) return true;
    out.text = normalise(out.text);
    return !out.text.empty() || fail("a string needs a letter or a digit");
}

bool OperandReader::read_token(std::string_view escaped, bool contact, Operand& out) {
    const auto parts = split_escaped(escaped, '|');
    if (contact && parts.size() == 1) {
        if (!text_of(escaped, out.text)) return false;
        out.text = normalise_contact(out.text);
        return true;
    }
    if (parts.size() > 2) return fail("a token has at most one '|'");
    if (parts.size() == 1) return text_of(parts[0], out.text);
    if (!text_of(parts[0], out.system) || !text_of(parts[1], out.text)) return false;
    if (out.system.empty() && out.text.empty()) return fail("a token needs a system or a code");
    out.system_match = out.system.empty() ? SystemMatch::none
                       : out.text.empty() ? SystemMatch::exact_any_code
                                          : SystemMatch::exact;
    return true;
}

bool OperandReader::read_of_type(std::string_view escaped, Operand& out) {
    const auto parts = split_escaped(escaped, '|');
    if (parts.size() != 3 || parts[0].empty() || parts[1].empty() || parts[2].empty())
        return fail(":of-type takes system|code|value, all three");
    return text_of(parts[0], out.system) && text_of(parts[1], out.type_code) && text_of(parts[2], out.text);
}

bool OperandReader::read_reference(std::string_view text, std::span<const std::string_view> targets,
                                   std::string_view target, Operand& out) {
    const ReferenceText parsed = read_canonical(text, options_.base_url);
    out.reference.version = parsed.version;
    if (!parsed.id.empty()) {
        if (!target.empty() && parsed.type != target) return fail("the reference names another type than the modifier");
        out.reference.type = parsed.type;
        out.reference.id = parsed.id;
        return true;
    }
    if (is_fhir_id(text)) {
        out.reference.id = text;
        if (!target.empty()) {
            out.reference.type = target;
        } else if (targets.size() == 1) {
            out.reference.type = targets.front();
        } else {
            for (const std::string_view type : targets) out.reference.types.emplace_back(type);
        }
        return true;
    }
    if (parsed.url.empty()) return fail("a reference is an id, Type/id or a URL");
    out.reference.url = parsed.url;
    return true;
}

bool OperandReader::read_composite(const Parameter& parameter, std::string_view escaped, Operand& out) {
    const auto parts = split_escaped(escaped, '$');
    if (parts.size() != parameter.components.size()) {
        return fail("this parameter takes " + std::to_string(parameter.components.size()) + " parts separated by '$'");
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].empty()) return fail("part " + std::to_string(i + 1) + " is empty");
        Parameter part;
        part.type = parameter.components[i].type;
        Operand& operand = out.parts.emplace_back();
        operand.type = part.type;
        if (part.type == ParameterType::composite || !read(part, Modifier::none, {}, parts[i], operand)) return false;
    }
    return true;
}

bool OperandReader::read_prefixed(ParameterType type, std::string_view escaped, Operand& out) {
    if (escaped.size() >= 2 && lower(escaped[0]) && lower(escaped[1])) {
        const auto prefix = prefix_of(escaped.substr(0, 2));
        if (!prefix) return fail("unknown prefix; known are eq, ne, gt, lt, ge, le, sa, eb and ap");
        out.prefix = *prefix;
        escaped.remove_prefix(2);
    }
    return read_plain(type, escaped, out);
}

bool OperandReader::read_date(std::string_view text, Operand& out) {
    const auto moment = DateTime::parse(with_plus(text));
    if (!moment) return fail("a date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.fff]][zone]");
    const TimeRange range = moment->range(static_cast<std::int16_t>(options_.zone_offset_minutes));
    out.date = {range.low_us, range.high_us};
    if (out.prefix == Prefix::ap) {
        const std::int64_t now = options_.now_us;
        const std::int64_t distance = now < range.low_us     ? range.low_us - now
                                      : now >= range.high_us ? now - range.high_us
                                                             : 0;
        out.date.low_us -= distance / 10;
        out.date.high_us += distance / 10;
    }
    return true;
}

bool OperandReader::read_number(std::string_view text, Operand& out) {
    const auto value = Decimal::parse(text);
    const auto implied = implied_range(text);
    if (!value || !implied) return fail("a number is digits with an optional sign, fraction and exponent");
    out.number = value->to_double();
    if (out.prefix == Prefix::ap) {
        const double tenth = std::fabs(out.number) / 10;
        out.implied = {out.number - tenth, out.number + tenth};
    } else {
        out.implied = {implied->low.to_double(), implied->high.to_double()};
    }
    return true;
}

bool OperandReader::read_quantity(std::string_view escaped, Operand& out) {
    const auto parts = split_escaped(escaped, '|');
    if (parts.size() != 1 && parts.size() != 3) return fail("a quantity is number, number|system|code or number||unit");
    if (!read_number(parts[0], out)) return false;
    if (parts.size() == 1) return true;
    if (!text_of(parts[1], out.system) || !text_of(parts[2], out.text)) return false;
    out.system_match = out.system.empty() ? SystemMatch::any : SystemMatch::exact;
    if (out.text.empty() || (!out.system.empty() && out.system != ucum_system)) return true;
    const auto unit = path::parse_unit(out.text);
    if (!unit) return true;
    const auto value = Decimal::parse(parts[0]);
    const auto implied = implied_range(parts[0]);
    const auto exact = unit->to_base(*value);
    const auto low = unit->to_base(implied->low);
    const auto high = unit->to_base(implied->high);
    if (!exact || !low || !high) return true;
    out.canonical_unit = unit->dimension;
    out.canonical_number = exact->to_double();
    if (out.prefix == Prefix::ap) {
        const double tenth = std::fabs(out.canonical_number) / 10;
        out.canonical_implied = {out.canonical_number - tenth, out.canonical_number + tenth};
    } else {
        out.canonical_implied = {low->to_double(), high->to_double()};
    }
    return true;
}

/// latitude|longitude[|distance[|unit]]; kilometres unless said, 10 of them unless said.
bool OperandReader::read_near(std::string_view escaped, Operand& out) {
    const auto parts = split_escaped(escaped, '|');
    const std::string_view wanted = "near takes latitude|longitude, and perhaps |distance|unit";
    if (parts.size() < 2 || parts.size() > 4) return fail(std::string(wanted));
    const auto latitude = Decimal::parse(parts[0]);
    const auto longitude = Decimal::parse(parts[1]);
    if (!latitude || !longitude) return fail(std::string(wanted));
    out.near.latitude = latitude->to_double();
    out.near.longitude = longitude->to_double();
    if (std::fabs(out.near.latitude) > 90 || std::fabs(out.near.longitude) > 180)
        return fail("latitude lies within 90 degrees, longitude within 180");
    const auto distance = parts.size() > 2 && !parts[2].empty() ? Decimal::parse(parts[2]) : std::optional(Decimal(10));
    const auto unit = path::parse_unit(parts.size() > 3 && !parts[3].empty() ? parts[3] : "km");
    if (!distance || distance->negative()) return fail("the distance is a number, zero or above");
    if (!unit || unit->dimension != "m") return fail("the unit of the distance is a UCUM length");
    const auto metres = unit->to_base(*distance);
    if (!metres) return fail("the distance is too large");
    out.near.distance_m = metres->to_double();
    return true;
}

}  // namespace causeway::fhir::search
