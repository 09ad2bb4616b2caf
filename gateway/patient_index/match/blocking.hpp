#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/patient_index/match/features.hpp"

namespace causeway::patient_index::match {

/// One way for two records to meet: an exact value under a number. The numbers are stored; they never change meaning.
enum class Key : std::uint8_t {
    birth_and_name = 1, names_and_year = 2, names_and_day = 3, names_and_place = 4, ssn = 5, last_four_and_year = 6, phone = 7,
    email = 8, house_and_zip = 9, identifier = 10, record_number = 11, house_and_street = 12, full_name = 13,
    rare_given = 14, rare_family = 15, rare_birth = 16, rare_email = 17, email_local = 18
};

/// A rare-value key is used only while its block holds at most this many records; it is a bonus, not a promise.
constexpr std::size_t rare_block_max = 50;
/// A strict key's block above this is refined, and the decision remembers that it was.
constexpr std::size_t strict_block_max = 1000;

constexpr bool rare_key(Key key) { return key >= Key::rare_given && key <= Key::rare_email; }

struct BlockingKey {
    Key key;
    std::string value;
    friend auto operator<=>(const BlockingKey&, const BlockingKey&) = default;
};

/// Every key of every known value, sorted, each once. A key that lacks a part is not built: half a key is never used.
std::vector<BlockingKey> blocking_keys(const Features& features);

}  // namespace causeway::patient_index::match
