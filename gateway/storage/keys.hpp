#pragma once
#include "fhir/search/plan.hpp"
#include "fhir/search/value.hpp"
#include "gateway/storage/siphash.hpp"
#include "gateway/storage/types.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::storage {

/// The index keys of resources: short byte strings that sort as their values do, so that one format serves equality,
/// prefixes and ranges. A key begins with the durable number of its parameter (two bytes, per type and code). Then:
///
///   token, uri         hash48(folded code) hash24(system; 0 = none)                                    9 bytes after the number
///   typed identifier   hash48(value) hash32(type system, type code)                                   10
///   string             the first 32 bytes of the normalised text; FF behind it if it is only a later part of the value
///   date               class, low in seconds (5), length in seconds (4); class 0: low in us (8), length in us (3);
///                      class 5: low and high in us (8 each), for what is long, open or ends within a second
///   reference          rid (6); a URL as a hash with the top bit set (6)
///   its identifier     hash48(value) hash24(system)                                                    9
///   number, quantity   0, unit (3), sortable double (8); a true range: 1, unit (3), low (8), high (8)
///   composite          hash40(code) hash24(system), then the second part as above
///
/// Parameter 1 is the type list (followed by the type's code), parameter 2 marks a value that cannot be compared.
/// Parameter 3 is the list of types of contained resources; 4 stands before each key of a contained resource.
/// Numbers are kept whole (8 bytes) and so are dates, which makes their keys exact; hashes and strings of 32 bytes are not.
namespace keys {

constexpr std::uint16_t type_parameter = 1;
constexpr std::uint16_t presence_parameter = 2;
constexpr std::uint16_t contained_type_parameter = 3;
constexpr std::uint16_t contained_parameter = 4;
constexpr std::uint16_t first_parameter = 16;
constexpr std::size_t string_bytes_max = 32;
constexpr char later_part = '\xff';  ///< in no UTF-8 text: found by prefix like any string, passed over by sorts

/// Hashing of a store: keyed, and masked to a few bits in tests that prove every match is verified.
struct Hasher {
    HashKey key;
    std::uint64_t mask = ~std::uint64_t{0};
    std::uint64_t operator()(std::string_view text) const noexcept { return siphash(key, text) & mask; }
};

void append_number(std::uint64_t value, int bytes, std::string& out);
std::uint64_t read_number(std::string_view bytes, std::size_t at, int count);

std::string parameter_prefix(std::uint16_t parameter);
std::string type_key(std::int64_t type_code);
std::string presence_key(std::uint16_t parameter);
/// A resource of the type is contained.
std::string contained_type_key(std::int64_t type_code);

/// Each appends what follows the parameter's number.
void append_code(const Hasher& hash, std::string_view code, std::string& out);      ///< hash48
void append_system(const Hasher& hash, std::string_view system, std::string& out);  ///< hash24, 0 = none
void append_uri(const Hasher& hash, std::string_view uri, std::string& out);
void append_typed_identifier(const Hasher& hash, std::string_view type_system, std::string_view type_code,
                             std::string_view value, std::string& out);
void append_string(std::string_view normalised, std::string& out);
void append_date(const fhir::search::DateRange& range, std::string& out);
void append_rid(Rid rid, std::string& out);
void append_url(const Hasher& hash, std::string_view url, std::string& out);
void append_identifier(const Hasher& hash, std::string_view system, std::string_view value, std::string& out);
void append_double(double value, std::string& out);
/// `unit` empty: the value as written, whatever its unit.
void append_range(const Hasher& hash, std::string_view unit, const fhir::search::NumberRange& range, std::string& out);
void append_composite_head(const Hasher& hash, std::string_view code, std::string_view system, std::string& out);

/// Takes the tail of a key (after the parameter's number) apart; nullopt if it is not of that kind.
std::optional<fhir::search::DateRange> read_date(std::string_view tail);
struct UnitRange {
    std::string_view unit;  ///< 3 bytes
    fhir::search::NumberRange range;
};
std::optional<UnitRange> read_range(std::string_view tail);
double read_double(std::string_view bytes, std::size_t at);
/// 0 if it is a URL's hash or no reference.
Rid read_rid(std::string_view tail);

/// The interval of date keys of one class that can meet a prefix, and so must be scanned. Empty optional: none.
struct DateScan {
    std::string low, high;  ///< tails, half-open
};
/// For every class, in order; superset of what meets the prefix.
std::vector<DateScan> date_scans(fhir::search::Prefix prefix, const fhir::search::DateRange& searched);

}  // namespace keys

/// A reference whose target's number only the writer can tell.
struct PendingReference {
    std::string head;  ///< bytes before the rid
    std::string type;
    std::string id;
};

/// A set of keys in the making.
class KeyList {
public:
    void add(std::string key);
    /// Sorts and drops doubles.
    void sort();
    std::vector<std::string>& items() noexcept { return items_; }

private:
    std::vector<std::string> items_;
};

/// Walks a key list as it is stored: sorted, unique, each a length byte and its bytes.
class KeyCursor {
public:
    explicit KeyCursor(std::string_view bytes) : bytes_(bytes) {}
    /// False at the end. Throws FailureException (corrupt) if the list is cut.
    bool next(std::string_view& key);

private:
    std::string_view bytes_;
};

/// Keys of one resource's search values, but for references to resources, which wait for their numbers.
struct ResourceKeys {
    KeyList list;
    std::vector<PendingReference> references;
};

/// `durable` maps a build's parameter number to the stored one (0 = not indexed).
template <class Durable>
void make_keys(std::span<const fhir::search::SearchValue> values, const keys::Hasher& hash, const Durable& durable,
               ResourceKeys& out);

/// One value of one parameter.
void make_keys(const fhir::search::SearchValue& value, std::uint16_t parameter, const keys::Hasher& hash,
               ResourceKeys& out);

/// The keys of a contained resource, under their own prefix, put to its container's.
void add_contained(ResourceKeys contained, ResourceKeys& out);

template <class Durable>
void make_keys(std::span<const fhir::search::SearchValue> values, const keys::Hasher& hash, const Durable& durable,
               ResourceKeys& out) {
    for (const auto& value : values) {
        if (const std::uint16_t parameter = durable(value.parameter)) make_keys(value, parameter, hash, out);
    }
}

}  // namespace causeway::storage
