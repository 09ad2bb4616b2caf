#include "gateway/patient_index/match/blocking.hpp"

#include <algorithm>

#include "gateway/patient_index/match/population.hpp"
#include "gateway/patient_index/match/similarity.hpp"

namespace causeway::patient_index::match {
namespace {

constexpr std::size_t keys_max = 400;  ///< of one person; pooled histories grow

/// The sound of a name part; a part without a Latin letter stands for itself.
std::string sound(std::string_view part) {
    auto code = soundex(part);
    return code.empty() ? std::string(part) : code;
}

void add_sounds(std::vector<std::string>& out, const std::string& whole, const std::vector<std::string>& parts) {
    const auto add = [&](const std::string& part) {
        if (part.size() < 2) return;
        auto code = sound(part);
        if (std::find(out.begin(), out.end(), code) == out.end()) out.push_back(std::move(code));
    };
    add(whole);
    for (const auto& part : parts) add(part);
}

struct Sounds {
    std::vector<std::string> any;    ///< of every part of every name
    std::vector<std::string> pairs;  ///< of given and family of one name, sorted, so that crossed names meet

    explicit Sounds(const Features& features) {
        for (const auto& name : features.names) {
            std::vector<std::string> given, family;
            add_sounds(given, name.given, name.given_parts);
            add_sounds(family, name.family, name.family_parts);
            for (const auto& g : given)
                for (const auto& f : family) {
                    auto pair = std::min(g, f) + std::max(g, f);
                    if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end()) pairs.push_back(std::move(pair));
                }
            for (auto* list : {&given, &family})
                for (auto& code : *list)
                    if (std::find(any.begin(), any.end(), code) == any.end()) any.push_back(std::move(code));
        }
    }
};

std::string initials(const Features& features) {
    std::string out;
    for (const auto& name : features.names)
        for (const auto* part : {&name.given, &name.family})
            if (!part->empty() && out.find(part->front()) == std::string::npos) out.push_back(part->front());
    return out;
}

}  // namespace

std::vector<BlockingKey> blocking_keys(const Features& features) {
    std::vector<BlockingKey> out;
    const auto add = [&](Key key, std::string value) { out.push_back({key, std::move(value)}); };
    const Sounds sounds(features);

    for (const auto& date : features.births) {
        const std::string year = std::to_string(date.year);
        for (const auto& pair : sounds.pairs) add(Key::names_and_year, pair + year);
        const auto canonical = canonical_birth_date(date);
        if (canonical.empty()) continue;
        for (const auto& code : sounds.any) add(Key::birth_and_name, canonical + code);
        for (const auto& pair : sounds.pairs) add(Key::names_and_day, pair + canonical.substr(canonical.size() - 4));
        for (const auto& ssn : features.ssns)
            if (ssn.size() >= 4) add(Key::last_four_and_year, ssn.substr(ssn.size() - 4) + year);
        add(Key::rare_birth, canonical);
    }
    for (const auto& ssn : features.ssns)
        if (ssn.size() > 4) add(Key::ssn, ssn);
    for (const auto& phone : features.phones) add(Key::phone, phone);
    for (const auto& email : features.emails) {
        add(Key::email, email);
        const auto local = email.substr(0, email.find('@'));
        if (local.size() >= 5) add(Key::email_local, local);
        if (email.size() >= 4)
            for (const auto& code : sounds.any) add(Key::rare_email, email.substr(0, 4) + code);
    }
    const auto letters = initials(features);
    for (const auto& address : features.addresses) {
        const auto place = address.zip.size() >= 3 ? address.zip.substr(0, 3) : address.city.substr(0, 4);
        if (!place.empty())
            for (const auto& pair : sounds.pairs) add(Key::names_and_place, pair + place);
        if (address.house.empty()) continue;
        if (!address.zip.empty())
            for (const char letter : letters) add(Key::house_and_zip, address.house + ' ' + address.zip + letter);
        if (!address.street.empty())
            for (const auto& code : sounds.any)
                add(Key::house_and_street, address.house + ' ' + address.street + ' ' + code);
    }
    for (const auto& identifier : features.identifiers)
        add(identifier.kind == Record::IdentifierKind::local ? Key::record_number : Key::identifier,
            identifier.system + '|' + identifier.value);
    for (const auto& name : features.names) {
        if (name.given.size() > 1 && name.family.size() > 1)
            add(Key::full_name, std::min(name.given, name.family) + ' ' + std::max(name.given, name.family));
        if (name.given.size() > 1) add(Key::rare_given, name.given);
        if (name.family.size() > 1) add(Key::rare_family, name.family);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    if (out.size() > keys_max) out.resize(keys_max);
    return out;
}

std::vector<BlockingKey> helper_keys(const Features& features) {
    std::vector<BlockingKey> out;
    for (const auto& name : features.names) {
        if (name.given.size() < 2 || name.family.size() < 2) continue;
        for (const auto& date : features.births)
            out.push_back({Key::name_and_year, std::min(name.given, name.family) + ' ' +
                                                   std::max(name.given, name.family) + std::to_string(date.year)});
    }
    for (const auto& address : features.addresses)
        if (auto value = counted_address(address); !value.empty())
            out.push_back({Key::counted_address, std::move(value)});
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    if (out.size() > keys_max) out.resize(keys_max);
    return out;
}

std::uint64_t stable_hash(std::string_view text, std::uint64_t seed) {
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ (seed * 0x9E3779B97F4A7C15ULL);
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    hash ^= hash >> 29U;
    hash *= 0xbf58476d1ce4e5b9ULL;
    return hash ^ (hash >> 32U);
}

}  // namespace causeway::patient_index::match
