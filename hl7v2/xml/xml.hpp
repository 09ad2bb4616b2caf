#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "hl7v2/group.hpp"

/// The XML encoding of HL7 v2 (elements of urn:hl7-org:v2xml): the same message with its groups, fields and components as
/// elements. A library of its own, hl7v2_xml, so that who needs ER7 alone needs no XML parser.
namespace causeway::hl7v2 {

/// Appends the message as XML. Groups and segments are named by the structure (`ORU_R01.PATIENT_RESULT`, `PID`), fields by
/// their segment (`PID.3`, once for each repetition), components by their data type (`CX.4`); where the dictionary knows no
/// type, by the place (`ZPD.1.2`). What text cannot show stands as `<escape V=".br"/>`.
void write_xml(const GroupTree& tree, std::string& out);
/// The same for a message whose structure nobody knows: segments without groups.
void write_xml(const MessageView& message, std::string& out);

/// Whether a file that begins with `front` is XML and not ER7: `<` comes first and no line begins with MSH.
bool looks_like_xml(std::string_view front) noexcept;

/// ER7 from XML, with the delimiters that MSH.1 and MSH.2 state. Groups leave no trace: their order is the segments'
/// order. Error: bad_xml with the byte, for what is no XML or holds no message.
Result<std::string> read_xml(std::string_view xml, std::size_t bytes_max = std::size_t{64} << 20);

}  // namespace causeway::hl7v2
