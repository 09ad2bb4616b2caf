#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hl7v2/message_view.hpp"
#include "hl7v2/validate/condition.hpp"
#include "hl7v2/validate/datatype.hpp"

namespace causeway::hl7v2 {

/// Usage of an element in a message profile (2.8 section 2.B.7): what a sender must do.
enum class ProfileUsage : std::uint8_t {
    required,           ///< R: must be valued
    required_or_empty,  ///< RE: valued where it is known, which a message alone cannot show
    optional,           ///< O
    not_supported,      ///< X: must not be valued
};

/// What a profile says of a value, a segment or a group. Only what is stated is checked.
struct ProfileRule {
    std::size_t line = 0;  ///< in the profile's text
    ProfileUsage usage = ProfileUsage::optional;
    std::optional<Condition> predicate;                                  ///< C(a/b): `usage` where it holds ...
    ProfileUsage otherwise_usage = ProfileUsage::optional;               ///< ... and this where it does not
    std::optional<std::pair<std::uint32_t, std::uint32_t>> cardinality;  ///< UINT32_MAX: no limit
    std::optional<std::pair<std::uint32_t, std::uint32_t>> length;       ///< in characters
    std::vector<std::string> values;                                     ///< one of these
    std::string table;                              ///< a table of the profile, or a number of the standard's
    std::string format;                             ///< oid, digits, number
    TimePrecision precision = TimePrecision::none;  ///< at least so far
    bool zone = false;                              ///< a time with its offset
};

/// A rule for a place in a segment or data type. A field counts 0 in a data type.
struct ProfilePlace {
    Position position;
    ProfileRule rule;
};

/// A rule of the profile's own: it must hold wherever the segment stands.
struct ProfileAssertion {
    std::size_t line = 0;
    Condition condition;
    std::string text;
};

/// What a profile says of one segment, everywhere or in one group.
struct ProfileSegment {
    std::string name;
    std::vector<std::string> groups;  ///< the innermost groups it must stand in, outermost first; empty: anywhere
    std::vector<ProfilePlace> places;
    std::vector<ProfileAssertion> assertions;
};

/// What a profile says of every value of a data type. Several names where the profile puts one type in the place of
/// another that the standard has there: `datatype CWE CE`.
struct ProfileDatatype {
    std::vector<std::string> names;
    std::vector<ProfilePlace> places;
};

/// What a profile says of a segment or group in the message: `PATIENT_RESULT.PATIENT.PID`.
struct ProfileItem {
    std::vector<std::string> path;
    ProfileRule rule;
};

struct ProfileTable {
    std::string name;
    std::vector<std::pair<std::string, std::string>> codes;  ///< code and display, sorted by code
    bool has(std::string_view code) const noexcept;
};

/// A line of a profile that cannot be used.
struct ProfileFault {
    std::size_t line = 0;
    std::string text;
};

struct ProfileLoad;

/// A message profile: what a partner, a guide or a country wants beyond the standard. Immutable; shared between
/// threads. The text form is described in docs/hl7v2.md.
struct Profile {
    std::string name;  ///< `elr-2.5.1`
    std::string title;
    std::vector<std::pair<std::string, std::string>> messages;  ///< type and event; the event may be `*`
    std::vector<std::string> versions;                          ///< empty: any
    std::vector<std::string> identifiers;                       ///< by which MSH-21 names the profile (EI.1 or EI.3)
    std::vector<ProfileItem> items;
    std::vector<ProfileSegment> segments;
    std::vector<ProfileDatatype> datatypes;
    std::vector<ProfileTable> tables;

    /// Reads the text form. A text with faults makes no profile.
    static ProfileLoad parse(std::string_view text);

    /// Whether it is made for this type and event.
    bool covers(std::string_view message_type, std::string_view trigger_event) const noexcept;
    const ProfileTable* table(std::string_view wanted) const noexcept;
};

struct ProfileLoad {
    std::shared_ptr<const Profile> profile;  ///< null if there are faults
    std::vector<ProfileFault> faults;
};

/// The profiles that come with the library, sorted by name.
std::span<const std::shared_ptr<const Profile>> built_in_profiles();
std::shared_ptr<const Profile> find_profile(std::string_view name);
/// Those of `among` that the message names in MSH-21 and that cover it.
std::vector<std::shared_ptr<const Profile>> declared_profiles(const MessageView& message,
                                                              std::span<const std::shared_ptr<const Profile>> among);

}  // namespace causeway::hl7v2
