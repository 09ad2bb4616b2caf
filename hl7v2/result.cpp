#include "hl7v2/result.hpp"

#include <stdexcept>
#include <string>

namespace causeway::hl7v2 {

std::string_view describe(Errc code) noexcept {
    switch (code) {
        case Errc::not_msh:
            return "the message does not begin with MSH";
        case Errc::bad_delimiters:
            return "MSH-1 or MSH-2 does not declare usable delimiters";
        case Errc::bad_segment_name:
            return "a segment does not begin with a three-character name";
        case Errc::too_large:
            return "a size limit was passed";
        case Errc::bad_path:
            return "the path cannot be read or names nothing that exists";
        case Errc::bad_frame:
            return "the MLLP frame is not complete";
        case Errc::bad_batch:
            return "the batch envelope is not consistent";
        case Errc::bad_charset:
            return "the character set is unknown or cannot be used here";
        case Errc::bad_xml:
            return "the XML is not well-formed or holds no HL7 v2 message";
        case Errc::not_tolerated:
            return "a departure from the standard is not tolerated from this sender";
    }
    return "unknown error";
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::runtime_error(std::string(describe(error.code)) + " at byte " + std::to_string(error.offset));
}

}  // namespace causeway::hl7v2
