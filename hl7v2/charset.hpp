#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/result.hpp"

namespace causeway::hl7v2 {

/// What was met while bytes were read by a character set.
struct CharsetIssue {
    enum class Kind : std::uint8_t {
        invalid_bytes,     ///< replaced by U+FFFD
        undeclared_bytes,  ///< MSH-18 says ASCII or nothing, and there are others
        unknown_name,      ///< MSH-18 names no set of table 0211
        misspelt_name,     ///< a name that is understood, but not the table's
        mislabelled,       ///< 8859/1 with bytes of windows-1252
        contradiction,     ///< a byte order mark, or a further repetition, that MSH-18 does not allow
    };
    Kind kind;
    std::size_t offset = 0;  ///< in the bytes as received
};
std::string_view describe(CharsetIssue::Kind kind) noexcept;

/// How to read a sender's bytes.
struct CharsetOptions {
    std::string_view override_name = {};  ///< used whatever MSH-18 says
    std::string_view default_name =
        "WINDOWS-1252";  ///< for bytes above 0x7F that MSH-18 does not cover and that are not UTF-8
};

/// A message in UTF-8. The bytes as received are the caller's to keep.
struct DecodedText {
    std::string text;
    std::string charset;               ///< the name, as table 0211 spells it, by which the bytes were read
    std::vector<CharsetIssue> issues;  ///< the first of them, at most issues_max
    std::size_t invalid_bytes = 0;     ///< all of them
    static constexpr std::size_t issues_max = 100;
};

/// Turns a message, as it came from the wire or a file, into UTF-8 before it is parsed: in some sets a byte of a
/// character equals a delimiter. MSH-18 is found in the raw bytes; further repetitions and escape sequences (\C..\,
/// \M..\, ISO 2022) switch sets; \X..\ keeps its meaning. Never fails: what cannot be read is replaced and reported.
DecodedText decode_to_utf8(std::string_view bytes, const CharsetOptions& options = {});

/// What to do with characters that the receiver's set lacks.
enum class Unmappable : std::uint8_t {
    question_mark,
    transliterate,  ///< base letters and plain punctuation where there are any, else a question mark
    escape,         ///< in another set by \C..\ or \M..\ (2.5.1 section 2.7), which MSH-18 and MSH-20 then state; a
                    ///< question mark where no set has it, or the message's own is not ASCII or of ISO 8859.
                    ///< encode_message() only: text alone has no escape character
    refuse,         ///< an error instead of a message
};

struct EncodedText {
    std::string bytes;
    std::size_t replaced = 0;                        ///< characters that the set lacks
    std::size_t first_offset = 0;                    ///< of the first of them, in the UTF-8 input
    std::vector<std::string_view> switched_to = {};  ///< the sets, as table 0211 names them, that escapes switch to
};

/// Writes UTF-8 text in the set that MSH-18 names `charset` (empty: ASCII). Errors: bad_charset for an unknown name;
/// not_tolerated, with the offset, for a character that cannot be written and must not be replaced.
Result<EncodedText> encode_from_utf8(std::string_view text, std::string_view charset,
                                     Unmappable unmappable = Unmappable::question_mark);

/// The same for a message, with MSH-18 stating the set that is used.
Result<EncodedText> encode_message(std::string_view utf8_message, std::string_view charset,
                                   Unmappable unmappable = Unmappable::question_mark);

/// Whether the set's bytes can travel in an MLLP frame: UTF-16 and UTF-32 cannot.
bool can_frame_charset(std::string_view charset) noexcept;

/// MSH-18 of raw bytes, all repetitions.
std::string_view find_msh_18(std::string_view bytes) noexcept;

}  // namespace causeway::hl7v2
