#pragma once
#include <string>
#include <string_view>

#include "hl7v2/dictionary/dictionary.hpp"

namespace causeway::hl7v2::dictionary {

/// What the dictionary knows about `what`, as text for people: a segment (`PID`), field (`PID-3`), component
/// (`PID-3.4`, `PID-3.4.1`), data type (`CX`, `CX.4`), table (`0203`, `203`, `HL70203`), message structure (`ORU_R01`),
/// message (`ADT^A08`), event (`A08`), or a list of all: `segments`, `datatypes`, `structures`, `events`, `tables`,
/// `versions`. Empty if that version has nothing of the name.
std::string describe(Version version, std::string_view what);

}  // namespace causeway::hl7v2::dictionary
