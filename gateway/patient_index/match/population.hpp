#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/patient_index/match/features.hpp"

namespace causeway::patient_index::match {

/// Values whose frequency is counted: an equal rare value says more than an equal common one.
enum class CountedField : std::uint8_t { given, family, birth_date, zip, city, phone, email, ssn, address };
constexpr std::size_t counted_field_count = 9;

/// How often each value occurs in the population of records; the index keeps it in its store, a batch run in memory.
class Population {
public:
    Population() = default;
    Population(const Population&) = delete;
    Population& operator=(const Population&) = delete;
    virtual ~Population() = default;
    virtual std::uint64_t records() const = 0;
    /// Records that hold the value.
    virtual std::uint64_t count(CountedField field, std::string_view value) const = 0;
    /// Sum of the counts of all values of the field.
    virtual std::uint64_t total(CountedField field) const = 0;
};

/// The value under which an address or a birth date is counted.
std::string counted_address(const Address& address);    ///< "" if it has no house or no street
std::string counted_birth_date(const BirthDate& date);  ///< "" if partial

/// Calls `each(CountedField, const std::string&)` once for every distinct counted value of a record.
template <class Each>
void counted_values(const Features& features, const Each& each) {
    const auto unless_before = [&](CountedField field, const auto& list, const auto& value_of) {
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string value = value_of(list[i]);
            bool before = value.empty();
            for (std::size_t j = 0; j < i && !before; ++j) before = value_of(list[j]) == value;
            if (!before) each(field, value);
        }
    };
    const auto itself = [](const std::string& value) { return value; };
    unless_before(CountedField::given, features.names, [](const Name& name) { return name.given; });
    unless_before(CountedField::family, features.names, [](const Name& name) { return name.family; });
    unless_before(CountedField::birth_date, features.births, counted_birth_date);
    unless_before(CountedField::zip, features.addresses, [](const Address& address) { return address.zip; });
    unless_before(CountedField::city, features.addresses, [](const Address& address) { return address.city; });
    unless_before(CountedField::phone, features.phones, itself);
    unless_before(CountedField::email, features.emails, itself);
    unless_before(CountedField::ssn, features.ssns, itself);
    unless_before(CountedField::address, features.addresses, counted_address);
}

class CountedPopulation final : public Population {
public:
    void add(const Features& features);
    std::uint64_t records() const override { return records_; }
    std::uint64_t count(CountedField field, std::string_view value) const override;
    std::uint64_t total(CountedField field) const override { return tables_[static_cast<std::size_t>(field)].total; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    struct Table {
        std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> counts;
        std::uint64_t total = 0;
    };
    std::array<Table, counted_field_count> tables_;
    std::uint64_t records_ = 0;
};

}  // namespace causeway::patient_index::match
