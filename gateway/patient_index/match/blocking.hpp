#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/patient_index/match/features.hpp"

namespace causeway::patient_index::match {

/// One way for two records to meet: an exact value under a number. The numbers are stored; they never change meaning.
enum class Key : std::uint8_t {
    birth_and_name = 1,
    names_and_year = 2,
    names_and_day = 3,
    names_and_place = 4,
    ssn = 5,
    last_four_and_year = 6,
    phone = 7,
    email = 8,
    house_and_zip = 9,
    identifier = 10,
    record_number = 11,
    house_and_street = 12,
    full_name = 13,
    rare_given = 14,
    rare_family = 15,
    rare_birth = 16,
    rare_email = 17,
    email_local = 18,
    name_and_year = 19,   ///< refines full_name where its block is too large
    counted_address = 30  ///< how many live there; never a source of candidates
};

/// A rare-value key is used only while its block holds at most this many records; it is a bonus, not a promise.
constexpr std::size_t rare_block_max = 50;
/// A strict key's block above this is refined, and the decision remembers that it was.
constexpr std::size_t strict_block_max = 1000;

constexpr bool rare_key(Key key) { return key >= Key::rare_given && key <= Key::rare_email; }
/// Keys whose value identifies or nearly so. A block of a thousand says that the value is an institution's or made up,
/// and then it is no evidence: leaving it out loses nothing.
constexpr bool value_key(Key key) {
    return key == Key::ssn || key == Key::phone || key == Key::email || key == Key::identifier ||
           key == Key::record_number || key == Key::house_and_zip || key == Key::house_and_street ||
           key == Key::email_local || key == Key::last_four_and_year;
}

struct BlockingKey {
    Key key;
    std::string value;
    friend auto operator<=>(const BlockingKey&, const BlockingKey&) = default;
};

/// Every key of every known value, sorted, each once, without the two helpers (name_and_year, counted_address). A key
/// that lacks a part is not built: half a key is never used.
std::vector<BlockingKey> blocking_keys(const Features& features);
/// The helpers' keys: what the store's index holds beside blocking_keys().
std::vector<BlockingKey> helper_keys(const Features& features);

/// The same text gives the same 64 bits on every machine and in every version: they are stored.
std::uint64_t stable_hash(std::string_view text, std::uint64_t seed);

}  // namespace causeway::patient_index::match
