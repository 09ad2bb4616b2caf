#include "gateway/storage/keys.hpp"

#include "fhir/search/normalise.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace causeway::storage {

namespace keys {

namespace {

using fhir::search::DateRange;
using fhir::search::NumberRange;
using fhir::search::Prefix;

constexpr std::int64_t second = 1'000'000;
constexpr std::uint64_t second_bias = std::uint64_t{1} << 39;  // 5 bytes hold +-17,000 years
constexpr std::uint64_t us_bias = std::uint64_t{1} << 63;

std::uint64_t biased_us(std::int64_t us) { return static_cast<std::uint64_t>(us) + us_bias; }
std::int64_t unbiased_us(std::uint64_t biased) { return static_cast<std::int64_t>(biased - us_bias); }

std::int64_t floor_second(std::int64_t us) { return us / second - (us % second < 0 ? 1 : 0); }

// Longest length of a class, in seconds, and the class's number.
struct DateClass {
    unsigned char number;
    std::int64_t longest_s;
};
constexpr DateClass whole_second_classes[] = {{1, 1}, {2, 86'400}, {3, 31 * 86'400}, {4, 366 * 86'400}};

}  // namespace

void append_number(std::uint64_t value, int bytes, std::string& out) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
}

std::uint64_t read_number(std::string_view bytes, std::size_t at, int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i)
        value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
    return value;
}

std::string parameter_prefix(std::uint16_t parameter) {
    std::string out;
    append_number(parameter, 2, out);
    return out;
}

std::string type_key(std::int64_t type_code) {
    auto out = parameter_prefix(type_parameter);
    append_number(static_cast<std::uint64_t>(type_code), 2, out);
    return out;
}

std::string presence_key(std::uint16_t parameter) {
    auto out = parameter_prefix(presence_parameter);
    append_number(parameter, 2, out);
    return out;
}

std::string contained_type_key(std::int64_t type_code) {
    auto out = parameter_prefix(contained_type_parameter);
    append_number(static_cast<std::uint64_t>(type_code), 2, out);
    return out;
}

void append_code(const Hasher& hash, std::string_view code, std::string& out) {
    append_number(hash(fhir::search::fold_token(code)) & 0xffff'ffff'ffffULL, 6, out);
}

void append_system(const Hasher& hash, std::string_view system, std::string& out) {
    if (system.empty()) {
        append_number(0, 3, out);
        return;
    }
    const auto value = hash(system) & 0xff'ffff;
    append_number(value == 0 ? 1 : value, 3, out);
}

void append_uri(const Hasher& hash, std::string_view uri, std::string& out) {
    append_number(hash(uri) & 0xffff'ffff'ffffULL, 6, out);
    append_number(0, 3, out);
}

void append_typed_identifier(const Hasher& hash, std::string_view type_system, std::string_view type_code,
                             std::string_view value, std::string& out) {
    append_code(hash, value, out);
    const auto type = SipHash(hash.key)
                          .add(static_cast<std::uint64_t>(type_system.size()))
                          .add(type_system)
                          .add(fhir::search::fold_token(type_code))
                          .finish();
    append_number(type & hash.mask & 0xffff'ffff, 4, out);
}

void append_string(std::string_view normalised, std::string& out) { out += normalised.substr(0, string_bytes_max); }

void append_date(const DateRange& range, std::string& out) {
    const bool open = range.low_us == DateRange::open_low || range.high_us == DateRange::open_high;
    const bool whole = !open && range.low_us % second == 0 && range.high_us % second == 0;
    if (whole) {
        const auto length = (range.high_us - range.low_us) / second;
        for (const auto& one : whole_second_classes) {
            if (length > one.longest_s) continue;
            out += static_cast<char>(one.number);
            append_number(static_cast<std::uint64_t>(range.low_us / second) + second_bias, 5, out);
            append_number(static_cast<std::uint64_t>(length), 4, out);
            return;
        }
    } else if (!open && range.high_us - range.low_us <= second) {
        out += '\0';
        append_number(biased_us(range.low_us), 8, out);
        append_number(static_cast<std::uint64_t>(range.high_us - range.low_us), 3, out);
        return;
    }
    out += '\5';
    append_number(biased_us(range.low_us), 8, out);
    append_number(biased_us(range.high_us), 8, out);
}

std::optional<DateRange> read_date(std::string_view tail) {
    if (tail.empty()) return {};
    DateRange range;
    const auto kind = static_cast<unsigned char>(tail[0]);
    if (kind == 0 && tail.size() == 12) {
        range.low_us = unbiased_us(read_number(tail, 1, 8));
        range.high_us = range.low_us + static_cast<std::int64_t>(read_number(tail, 9, 3));
        return range;
    }
    if (kind == 5 && tail.size() == 17) {
        range.low_us = unbiased_us(read_number(tail, 1, 8));
        range.high_us = unbiased_us(read_number(tail, 9, 8));
        return range;
    }
    if (kind >= 1 && kind <= 4 && tail.size() == 10) {
        range.low_us = static_cast<std::int64_t>(read_number(tail, 1, 5) - second_bias) * second;
        range.high_us = range.low_us + static_cast<std::int64_t>(read_number(tail, 6, 4)) * second;
        return range;
    }
    return {};
}

void append_rid(Rid rid, std::string& out) { append_number(static_cast<std::uint64_t>(rid), 6, out); }

void append_url(const Hasher& hash, std::string_view url, std::string& out) {
    append_number((hash(url) & 0x7fff'ffff'ffffULL) | 0x8000'0000'0000ULL, 6, out);
}

void append_identifier(const Hasher& hash, std::string_view system, std::string_view value, std::string& out) {
    append_code(hash, value, out);
    append_system(hash, system, out);
}

void append_double(double value, std::string& out) {
    auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
    bits = bits & us_bias ? ~bits : bits | us_bias;
    append_number(bits, 8, out);
}

double read_double(std::string_view bytes, std::size_t at) {
    auto bits = read_number(bytes, at, 8);
    bits = bits & us_bias ? bits & ~us_bias : ~bits;
    return std::bit_cast<double>(bits);
}

void append_range(const Hasher& hash, std::string_view unit, const NumberRange& range, std::string& out) {
    const bool point = range.low == range.high;
    out += point ? '\0' : '\1';
    append_system(hash, unit, out);
    append_double(range.low, out);
    if (!point) append_double(range.high, out);
}

std::optional<UnitRange> read_range(std::string_view tail) {
    if (tail.size() == 12 && tail[0] == '\0') {
        const auto value = read_double(tail, 4);
        return UnitRange{tail.substr(1, 3), {value, value}};
    }
    if (tail.size() == 20 && tail[0] == '\1')
        return UnitRange{tail.substr(1, 3), {read_double(tail, 4), read_double(tail, 12)}};
    return {};
}

Rid read_rid(std::string_view tail) {
    if (tail.size() != 6) return 0;
    const auto value = read_number(tail, 0, 6);
    return value & 0x8000'0000'0000ULL ? 0 : static_cast<Rid>(value);
}

void append_composite_head(const Hasher& hash, std::string_view code, std::string_view system, std::string& out) {
    append_number(hash(fhir::search::fold_token(code)) & 0xff'ffff'ffffULL, 5, out);
    append_system(hash, system, out);
}

std::vector<DateScan> date_scans(Prefix prefix, const DateRange& searched) {
    // Bounds on the stored low that are necessary for the prefix: low >= from (given the class's longest length) and
    // low < to.
    constexpr auto none = DateRange::open_low;
    std::int64_t from = none;       // independent of the length
    std::int64_t from_less = none;  // from - longest
    std::int64_t to = DateRange::open_high;
    switch (prefix) {
        case Prefix::eq:
            from = searched.low_us;
            to = searched.high_us;
            break;
        case Prefix::gt:
            from_less = searched.high_us;
            break;
        case Prefix::ge:
            from_less = std::min(searched.high_us, searched.low_us);
            break;
        case Prefix::lt:
            to = searched.low_us;
            break;
        case Prefix::le:
            to = searched.high_us;
            break;
        case Prefix::sa:
            from = searched.high_us;
            break;
        case Prefix::eb:
            to = searched.low_us;
            break;
        case Prefix::ap:
            from_less = searched.low_us;
            to = searched.high_us;
            break;
        case Prefix::ne:
            break;
    }
    std::vector<DateScan> out;
    const auto low_for = [&](std::int64_t longest_us) {
        auto low = from;
        if (from_less != none) low = std::max(low, from_less < none + longest_us ? none : from_less - longest_us);
        return low;
    };
    const auto us_scan = [&](char number, std::int64_t low) {
        DateScan scan{std::string(1, number), std::string(1, number)};
        append_number(biased_us(low), 8, scan.low);
        if (to == DateRange::open_high)
            scan.high[0] = static_cast<char>(number + 1);
        else
            append_number(biased_us(to), 8, scan.high);
        if (scan.low < scan.high) out.push_back(std::move(scan));
    };
    us_scan('\0', low_for(second));
    constexpr std::int64_t second_limit = (std::int64_t{1} << 39) - 1;
    for (const auto& one : whole_second_classes) {
        DateScan scan{std::string(1, static_cast<char>(one.number)), std::string(1, static_cast<char>(one.number))};
        const auto low = low_for(one.longest_s * second);
        // Lows are whole seconds: below a bound within a second lies that second's start.
        const auto low_s = std::clamp(floor_second(low), -second_limit, second_limit);
        append_number(static_cast<std::uint64_t>(low_s) + second_bias, 5, scan.low);
        if (to == DateRange::open_high)
            scan.high[0] = static_cast<char>(one.number + 1);
        else
            append_number(
                static_cast<std::uint64_t>(std::clamp(floor_second(to) + 1, -second_limit, second_limit)) + second_bias,
                5, scan.high);
        if (scan.low < scan.high) out.push_back(std::move(scan));
    }
    us_scan('\5', from == none ? none : from);  // of any length: only the bound that does not depend on it
    return out;
}

}  // namespace keys

void KeyList::add(std::string key) { items_.push_back(std::move(key)); }

void KeyList::sort() {
    std::sort(items_.begin(), items_.end());
    items_.erase(std::unique(items_.begin(), items_.end()), items_.end());
}

bool KeyCursor::next(std::string_view& key) {
    if (bytes_.empty()) return false;
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(bytes_[0]));
    if (size < 2 || size >= bytes_.size()) throw FailureException({FailureCode::corrupt, "a stored key list is cut"});
    key = bytes_.substr(1, size);
    bytes_.remove_prefix(size + 1);
    return true;
}

namespace {

using namespace fhir::search;

struct Maker {
    std::uint16_t parameter;
    const keys::Hasher& hash;
    ResourceKeys& out;

    std::string head() const { return keys::parameter_prefix(parameter); }
    void present() const { out.list.add(keys::presence_key(parameter)); }

    void operator()(const PresenceValue&) const { present(); }
    void operator()(const TokenValue& value) const {
        if (value.code.empty() && value.system.empty()) return present();  // only text: for :text, verified on the body
        auto key = head();
        keys::append_code(hash, value.code, key);
        keys::append_system(hash, value.system, key);
        out.list.add(std::move(key));
    }
    void operator()(const TypedIdentifierValue& value) const {
        auto key = head();
        keys::append_typed_identifier(hash, value.type_system, value.type_code, value.value, key);
        out.list.add(std::move(key));
    }
    void operator()(const StringValue& value) const {
        auto key = head();
        keys::append_string(value.normalised, key);
        if (value.normalised.empty()) return present();
        if (value.original.empty()) key += keys::later_part;
        out.list.add(std::move(key));
    }
    void operator()(const DateValue& value) const {
        auto key = head();
        keys::append_date(value.range, key);
        out.list.add(std::move(key));
    }
    void operator()(const NumberValue& value) const {
        auto key = head();
        keys::append_range(hash, {}, value.range, key);
        out.list.add(std::move(key));
    }
    void operator()(const QuantityValue& value) const {
        auto key = head();
        keys::append_range(hash, {}, value.written, key);
        out.list.add(std::move(key));
        if (value.canonical_unit.empty()) return;
        key = head();
        keys::append_range(hash, value.canonical_unit, value.canonical, key);
        out.list.add(std::move(key));
    }
    void operator()(const ReferenceValue& value) const {
        if (!value.fragment.empty()) return present();
        if (!value.url.empty()) {
            auto key = head();
            keys::append_url(hash, value.url, key);
            out.list.add(std::move(key));
        } else {
            out.references.push_back({head(), std::string(value.type), std::string(value.id)});
        }
    }
    void operator()(const ReferenceIdentifierValue& value) const {
        auto key = head();
        keys::append_identifier(hash, value.system, value.value, key);
        out.list.add(std::move(key));
    }
    void operator()(const UriValue& value) const {
        auto key = head();
        keys::append_uri(hash, value.value, key);
        out.list.add(std::move(key));
    }
    void operator()(const PositionValue&) const { present(); }
    void operator()(const CompositeValue& value) const {
        const auto parts = value.span();
        const auto* const first = parts.size() == 2 ? std::get_if<TokenValue>(&parts[0].value) : nullptr;
        if (!first) return present();
        auto composed = head();
        keys::append_composite_head(hash, first->code, first->system, composed);
        const auto with = [&](auto append) {
            auto key = composed;
            append(key);
            out.list.add(std::move(key));
        };
        if (const auto* const token = std::get_if<TokenValue>(&parts[1].value)) {
            with([&](std::string& key) {
                keys::append_code(hash, token->code, key);
                keys::append_system(hash, token->system, key);
            });
        } else if (const auto* const text = std::get_if<StringValue>(&parts[1].value)) {
            with([&](std::string& key) { keys::append_string(text->normalised, key); });
        } else if (const auto* const date = std::get_if<DateValue>(&parts[1].value)) {
            with([&](std::string& key) { keys::append_date(date->range, key); });
        } else if (const auto* const number = std::get_if<NumberValue>(&parts[1].value)) {
            with([&](std::string& key) { keys::append_range(hash, {}, number->range, key); });
        } else if (const auto* const quantity = std::get_if<QuantityValue>(&parts[1].value)) {
            with([&](std::string& key) { keys::append_range(hash, {}, quantity->written, key); });
            if (!quantity->canonical_unit.empty())
                with([&](std::string& key) {
                    keys::append_range(hash, quantity->canonical_unit, quantity->canonical, key);
                });
        } else {
            present();
        }
    }
};

}  // namespace

void add_contained(ResourceKeys contained, ResourceKeys& out) {
    const auto prefix = keys::parameter_prefix(keys::contained_parameter);
    for (auto& key : contained.list.items()) out.list.add(prefix + key);
    for (auto& reference : contained.references) {
        reference.head.insert(0, prefix);
        out.references.push_back(std::move(reference));
    }
}

void make_keys(const SearchValue& value, std::uint16_t parameter, const keys::Hasher& hash, ResourceKeys& out) {
    std::visit(Maker{parameter, hash, out}, value.value);
}

}  // namespace causeway::storage
