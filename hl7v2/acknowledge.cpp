#include "hl7v2/acknowledge.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "hl7v2/builder.hpp"
#include "hl7v2/dictionary/dictionary.hpp"

namespace causeway::hl7v2 {

namespace {

constexpr std::array<std::string_view, 6> ack_texts = {"AA", "AE", "AR", "CA", "CE", "CR"};

constexpr std::array<std::pair<ErrorCode, std::string_view>, 16> error_texts = {{
    {ErrorCode::accepted, "Message accepted"},
    {ErrorCode::segment_sequence, "Segment sequence error"},
    {ErrorCode::required_field_missing, "Required field missing"},
    {ErrorCode::data_type, "Data type error"},
    {ErrorCode::table_value_not_found, "Table value not found"},
    {ErrorCode::value_too_long, "Value too long"},
    {ErrorCode::cardinality, "Non-Conformant Cardinality"},
    {ErrorCode::application_error, "Other HL7 Error"},
    {ErrorCode::unsupported_message_type, "Unsupported message type"},
    {ErrorCode::unsupported_event, "Unsupported event code"},
    {ErrorCode::unsupported_processing_id, "Unsupported processing id"},
    {ErrorCode::unsupported_version, "Unsupported version id"},
    {ErrorCode::unknown_key, "Unknown key identifier"},
    {ErrorCode::duplicate_key, "Duplicate key identifier"},
    {ErrorCode::locked, "Application record locked"},
    {ErrorCode::internal_error, "Application error"},
}};

/// What a version's MSA and ERR look like.
struct AckForm {
    bool message_structure;  ///< MSH-9.3 exists: 2.3.1
    bool event;              ///< MSH-9.2 exists in acknowledgements: 2.2
    bool text;               ///< MSA-3: withdrawn in 2.7
    bool old_err;            ///< one ERR with repetitions of ERR-1: up to 2.4
};

AckForm form_of(std::string_view version_text) noexcept {
    const auto version = dictionary::version(version_text);
    const auto from = [version](std::string_view since) { return version >= dictionary::version(since); };
    return {from("2.3.1"), from("2.3"), !from("2.7"), !from("2.5")};
}

std::string number(std::uint64_t value) { return std::to_string(value); }

/// Components joined with the delimiter, trailing empty ones left out.
class Components {
public:
    explicit Components(char separator) noexcept : separator_(separator) {}
    Components& add(std::string_view raw) {
        if (raw.empty()) {
            ++pending_;
        } else {
            out_.append(pending_, separator_).append(raw);
            pending_ = 1;
        }
        return *this;
    }
    Components& add_number(std::uint32_t value) { return add(value == 0 ? std::string() : number(value)); }
    const std::string& text() const noexcept { return out_; }

private:
    char separator_;
    std::size_t pending_ = 0;
    std::string out_;
};

void write_err_2_5(MessageBuilder& ack, const ErrEntry& error) {
    const Delimiters& delimiters = ack.delimiters();
    SegmentWriter err = ack.append("ERR");
    Components location(delimiters.component);
    if (!error.segment.empty()) {
        location.add(error.segment).add_number(std::max(error.segment_sequence, 1U)).add_number(error.position.field);
        location.add_number(error.position.repetition).add_number(error.position.component);
        location.add_number(error.position.subcomponent);
        err.set_raw({2}, location.text());
    }
    err.set(Position{3, 1, 1}, number(static_cast<std::uint16_t>(error.code)));
    err.set(Position{3, 1, 2}, text(error.code));
    err.set(Position{3, 1, 3}, "HL70357");
    err.set(4, std::string_view(std::array{letter(error.severity)}.data(), 1));
    err.set(7, error.diagnostic);
    err.set(8, error.user_message);
}

/// ERR-1 is a list of segment^sequence^field^code, the code itself with subcomponents.
void write_err_2_4(MessageBuilder& ack, std::span<const ErrEntry> errors) {
    const Delimiters& delimiters = ack.delimiters();
    std::string list;
    for (const ErrEntry& error : errors) {
        Components entry(delimiters.component);
        entry.add(error.segment).add_number(error.segment.empty() ? 0 : std::max(error.segment_sequence, 1U));
        entry.add_number(error.position.field);
        Components code(delimiters.subcomponent == '\0' ? delimiters.component : delimiters.subcomponent);
        code.add(number(static_cast<std::uint16_t>(error.code)));
        if (delimiters.subcomponent != '\0') code.add(text(error.code)).add("HL70357");
        entry.add(code.text());
        if (!list.empty()) list += delimiters.repetition == '\0' ? ' ' : delimiters.repetition;
        list += entry.text();
        if (delimiters.repetition == '\0') break;
    }
    ack.append("ERR").set_raw({1}, list);
}

/// What is taken over into a segment must not end it: a line break that a tolerant reader found in a value goes.
std::string on_one_line(std::string_view raw) {
    std::string text(raw);
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    return text;
}

void write_header(MessageBuilder& ack, const SegmentView& from, const AckForm& form, const AckContext& context) {
    SegmentWriter msh = ack.header();
    const auto copy = [&](std::uint16_t to, std::size_t source) {
        msh.set_raw({to}, on_one_line(from.field(source).raw()));
    };
    copy(3, 5);
    copy(4, 6);
    copy(5, 3);
    copy(6, 4);
    msh.set(7, context.now);
    const std::string event = on_one_line(from.at({9, 1, 2, 1}).raw());
    Components type(ack.delimiters().component);
    type.add("ACK");
    if (form.event) type.add(event);
    if (form.message_structure && (!event.empty() || !from.at({9, 1, 3, 1}).raw().empty())) {
        if (event.empty()) type.add("");
        type.add("ACK");
    }
    msh.set_raw({9}, type.text());
    msh.set(10, context.control_id);
    copy(11, 11);
    copy(12, 12);
    if (from.field(11).raw().empty()) msh.set(11, "P");
    if (from.field(12).raw().empty()) msh.set(12, "2.5.1");
    if (!context.accept_mode.empty()) {
        msh.set(15, context.accept_mode);
        msh.set(16, "NE");
    }
    copy(18, 18);
}

std::string write_acknowledgement(const SegmentView& from, const Delimiters& delimiters, AckCode code,
                                  std::span<const ErrEntry> errors, const AckContext& context) {
    errors = errors.first(std::min(errors.size(), err_entries_max));
    const AckForm form = form_of(from.at({12, 1, 1, 1}).raw());
    MessageBuilder ack(delimiters);
    write_header(ack, from, form, context);
    SegmentWriter msa = ack.append("MSA");
    msa.set(1, text(code));
    msa.set_raw({2}, on_one_line(from.field(10).raw()));
    if (form.text) {
        const bool use_error = context.text.empty() && !errors.empty();
        msa.set(3, use_error ? (errors[0].user_message.empty() ? text(errors[0].code) : errors[0].user_message)
                             : context.text);
    }
    if (context.expected_sequence) msa.set(4, std::to_string(*context.expected_sequence));
    if (errors.empty()) return ack.text();
    if (form.old_err) {
        write_err_2_4(ack, errors);
    } else {
        for (const ErrEntry& error : errors) write_err_2_5(ack, error);
    }
    return ack.text();
}

}  // namespace

std::string_view text(AckCode code) noexcept { return ack_texts[static_cast<std::size_t>(code)]; }

std::optional<AckCode> parse_ack_code(std::string_view text) noexcept {
    const auto found = std::ranges::find(ack_texts, text);
    if (found == ack_texts.end()) return std::nullopt;
    return static_cast<AckCode>(found - ack_texts.begin());
}

std::string_view text(ErrorCode code) noexcept {
    const auto found = std::ranges::find(error_texts, code, &std::pair<ErrorCode, std::string_view>::first);
    return found == error_texts.end() ? std::string_view{} : found->second;
}

char letter(Severity severity) noexcept {
    constexpr std::string_view letters = "EWIF";
    return letters[static_cast<std::size_t>(severity)];
}

std::string acknowledge(const MessageView& message, AckCode code, std::span<const ErrEntry> errors,
                        const AckContext& context) {
    return write_acknowledgement(message.segment("MSH"), message.delimiters(), code, errors, context);
}

std::string reject_unreadable(std::string_view bytes, AckCode code, const ErrEntry& error, const AckContext& context) {
    // The header alone may be readable though the rest is not.
    const std::size_t begin = bytes.find("MSH");
    if (begin != std::string_view::npos) {
        bytes.remove_prefix(begin);
        const std::string_view header = bytes.substr(0, std::min<std::size_t>(bytes.find_first_of("\r\n"), 4096));
        const std::string line = std::string(header) + '\r';
        if (const auto view = MessageView::parse(line, {{}, Tolerances::all()})) {
            return acknowledge(*view, code, {&error, 1}, context);
        }
    }
    return write_acknowledgement({}, Delimiters{}, code, {&error, 1}, context);
}

Result<Acknowledgement> read_acknowledgement(const MessageView& message) {
    const SegmentView msa = message.segment("MSA");
    if (!msa) return Error{Errc::bad_path, message.bytes().size()};
    Acknowledgement out{parse_ack_code(msa.at({1}).raw()).value_or(AckCode::ae),
                        msa.field(2).whole().text(),
                        msa.field(3).whole().text(),
                        {}};
    const std::string_view sequence = msa.at({4}).raw();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(sequence.data(), sequence.data() + sequence.size(), value);
    if (error == std::errc{} && end == sequence.data() + sequence.size()) out.expected_sequence = value;
    if (out.text.empty()) out.text = message.segment("ERR").at({8}).text();
    return out;
}

}  // namespace causeway::hl7v2
