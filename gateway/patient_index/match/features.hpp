#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/patient_index/match/record.hpp"

namespace causeway::patient_index::match {

/// A date of birth in which unknown parts are 0. A month above 12 stays: a typing error is still evidence.
struct BirthDate {
    std::uint16_t year = 0;
    std::uint8_t month = 0;
    std::uint8_t day = 0;
    bool whole() const { return year && month && day; }
    friend bool operator==(const BirthDate&, const BirthDate&) = default;
};

struct Name {
    std::string given;  ///< joined: JAC OB is JACOB
    std::string family;
    std::string middle;                    ///< whole, or one letter
    std::vector<std::string> given_parts;  ///< only of a compound name (two parts or more)
    std::vector<std::string> family_parts;
    friend bool operator==(const Name&, const Name&) = default;
};

struct Address {
    std::string house;
    std::string street;  ///< words in USPS abbreviations, without unit, joined by blanks
    std::string city;
    std::string zip;  ///< at most five characters
    friend bool operator==(const Address&, const Address&) = default;
};

struct Identifier {
    std::string system;
    std::string value;
    Record::IdentifierKind kind = Record::IdentifierKind::local;
    friend bool operator==(const Identifier&, const Identifier&) = default;
};

/// Everything known of one record, or of one person (all its records pooled), in the form that is compared.
/// Placeholders are gone: what is here is evidence.
struct Features {
    std::vector<Name> names;
    std::vector<BirthDate> births;
    std::vector<Address> addresses;
    std::vector<std::string> phones;  ///< ten digits at most
    std::vector<std::string> emails;  ///< lower-case local part and domain
    std::vector<std::string> ssns;    ///< digits; four digits are the last four
    std::vector<Identifier> identifiers;
    std::vector<std::string> mothers;
    std::vector<std::string> guardians;
    std::uint8_t sexes = 0;          ///< bit 0 male, bit 1 female
    std::uint8_t suffixes = 0;       ///< bit 0 SR, 1 JR, 2 III, 3 IV
    std::uint16_t birth_orders = 0;  ///< bit n - 1: born as the n-th
    bool multiple_birth = false;
    friend bool operator==(const Features&, const Features&) = default;
};

/// Folds, parts, abbreviates; placeholders and values that cannot be become absent.
Features normalise(const Record& record);

/// Adds to `pool` the values of `more` that it does not have. Values per field are limited (64, the first ones stay).
void pool_into(Features& pool, const Features& more);

/// A compact, versioned text of the features (for a table cell), and back. Reading damaged text gives what could be
/// read.
std::string serialise(const Features& features);
Features deserialise(std::string_view text);

/// Day and month in ascending order if both are 12 at most: one form for a date and its swapped twin. "" for a partial
/// date.
std::string canonical_birth_date(const BirthDate& date);

}  // namespace causeway::patient_index::match
