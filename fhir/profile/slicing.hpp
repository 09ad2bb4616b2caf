#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "fhir/profile/profile.hpp"
#include "fhir/validate/run.hpp"

namespace causeway::fhir {

/// An element with its type. The element is absent where only the type is known: a reference to what nobody could give.
struct Place {
    Element element;
    const r4::TypeDef* type = nullptr;
};

/// The values of a member by its name without type suffix, appended; array items one by one.
void members_of(const Place& place, std::string_view name, std::vector<Place>& out);

enum class Match : unsigned char { no, yes, unknown };

/// Is the item in the slice? By the discriminators, or as R4 implies them: extensions by url, choices by type.
Match in_slice(Run& run, const Place& item, const ElementRule& slice, std::span<const Discriminator> discriminators);

/// The discriminators that a rule's slices are told apart by.
std::span<const Discriminator> discriminators_of(const ElementRule& sliced) noexcept;

}  // namespace causeway::fhir
