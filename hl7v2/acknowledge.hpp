#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hl7v2/message_view.hpp"

namespace causeway::hl7v2 {

/// MSA-1 (table 0008).
enum class AckCode : std::uint8_t { aa, ae, ar, ca, ce, cr };
std::string_view text(AckCode code) noexcept;  ///< `AA`
std::optional<AckCode> parse_ack_code(std::string_view text) noexcept;
constexpr bool positive(AckCode code) noexcept { return code == AckCode::aa || code == AckCode::ca; }

/// Message error conditions (table 0357).
enum class ErrorCode : std::uint16_t {
    accepted = 0,
    segment_sequence = 100,
    required_field_missing = 101,
    data_type = 102,
    table_value_not_found = 103,
    value_too_long = 104,
    cardinality = 198,
    application_error = 199,
    unsupported_message_type = 200,
    unsupported_event = 201,
    unsupported_processing_id = 202,
    unsupported_version = 203,
    unknown_key = 204,
    duplicate_key = 205,
    locked = 206,
    internal_error = 207,
};
std::string_view text(ErrorCode code) noexcept;  ///< the table's display

/// Table 0516.
enum class Severity : std::uint8_t { error, warning, information, fatal };
char letter(Severity severity) noexcept;  ///< E, W, I, F

/// One error to report. Positions count from 1; 0 says "not stated".
struct ErrEntry {
    ErrorCode code = ErrorCode::application_error;
    Severity severity = Severity::error;
    std::string_view segment = {};       ///< `PID`; empty if the error has no place
    std::uint32_t segment_sequence = 0;  ///< which segment of that name
    Position position = {};
    std::string_view user_message = {};  ///< ERR-8; must hold no clinical content
    std::string_view diagnostic = {};    ///< ERR-7
};

/// What an acknowledgement needs beside the message it answers.
struct AckContext {
    std::string_view now;                                ///< MSH-7, with zone: 20240102030405+0100
    std::string_view control_id;                         ///< MSH-10 of the acknowledgement
    std::string_view text = {};                          ///< MSA-3, up to 2.6
    std::optional<std::int64_t> expected_sequence = {};  ///< MSA-4
    /// MSH-15 of an application acknowledgement in enhanced mode (`AL`); MSH-16 is then NE. Empty in original mode.
    std::string_view accept_mode = {};
};

/// At most this many errors are reported in one acknowledgement.
inline constexpr std::size_t err_entries_max = 50;

/// The acknowledgement of `message` in its own version and delimiters: MSH with the parties swapped, MSA, and ERR as
/// that version wants it (up to 2.4 one segment with repetitions of ERR-1, later one segment an error).
std::string acknowledge(const MessageView& message, AckCode code, std::span<const ErrEntry> errors,
                        const AckContext& context);

/// An AR or CR for bytes that are no message: what can be read of MSH is used, the rest takes the usual values.
std::string reject_unreadable(std::string_view bytes, AckCode code, const ErrEntry& error, const AckContext& context);

/// What an acknowledgement says.
struct Acknowledgement {
    AckCode code;
    std::string control_id;  ///< MSA-2: of the message it answers
    std::string text;        ///< MSA-3 or the first ERR-8
    std::optional<std::int64_t> expected_sequence;
};
/// Reads MSA. An unknown MSA-1 is read as AE; a message without MSA is an error.
Result<Acknowledgement> read_acknowledgement(const MessageView& message);

}  // namespace causeway::hl7v2
