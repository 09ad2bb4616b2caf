#pragma once
#include <boost/system/result.hpp>
#include <cstddef>
#include <string_view>

namespace causeway::hl7v2 {

/// Why bytes are not the HL7 v2 they should be.
enum class Errc {
    not_msh = 1,       ///< does not begin with MSH (or FHS/BHS where a batch is read)
    bad_delimiters,    ///< MSH-1 / MSH-2 unusable (2.5.1 section 2.5.4)
    bad_segment_name,  ///< a segment name is not three characters [A-Z][A-Z0-9]{2}
    too_large,         ///< a limit of Limits was passed
    bad_path,          ///< a path expression does not parse or names nothing in the dictionary
    bad_frame,         ///< MLLP framing
    bad_batch,         ///< FHS/BHS/BTS/FTS out of order or counts that do not agree
    bad_charset,       ///< the character set is unknown or cannot be framed
    not_tolerated,     ///< a departure from the standard for which the sender has no Tolerance
    bad_xml,           ///< not well-formed, or no HL7 v2 message in the XML encoding
};

/// A failure with its place. Holds no clinical content: codes, paths and sizes only.
struct Error {
    Errc code;
    std::size_t offset = 0;  ///< byte in the input at which it was noticed
};

template <class T>
using Result = boost::system::result<T, Error>;

/// English, one sentence, without a full stop.
std::string_view describe(Errc code) noexcept;

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace causeway::hl7v2
