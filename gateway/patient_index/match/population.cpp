#include "gateway/patient_index/match/population.hpp"

namespace causeway::patient_index::match {

std::string counted_address(const Address& address) {
    if (address.house.empty() || address.street.empty()) return {};
    return address.house + ' ' + address.street + ' ' + (address.zip.empty() ? address.city : address.zip);
}

std::string counted_birth_date(const BirthDate& date) {
    return date.whole() ? std::to_string(date.year * 10000 + date.month * 100 + date.day) : std::string();
}

void CountedPopulation::add(const Features& features) {
    ++records_;
    counted_values(features, [&](CountedField field, const std::string& value) {
        auto& table = tables_[static_cast<std::size_t>(field)];
        ++table.counts[value];
        ++table.total;
    });
}

std::uint64_t CountedPopulation::count(CountedField field, std::string_view value) const {
    const auto& counts = tables_[static_cast<std::size_t>(field)].counts;
    const auto found = counts.find(value);
    return found == counts.end() ? 0 : found->second;
}

}  // namespace causeway::patient_index::match
