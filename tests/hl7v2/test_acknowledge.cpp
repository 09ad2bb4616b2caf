#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "hl7v2/acknowledge.hpp"

using namespace causeway::hl7v2;

namespace {

constexpr AckContext context{.now = "20240102030405+0100", .control_id = "C1"};

std::string message(std::string_view version, std::string_view type = "ADT^A01^ADT_A01",
                    std::string_view delimiters = "|^~\\&") {
    std::string out = "MSH" + std::string(delimiters) + "|LAB^1.2^ISO|H1|EMR|C1|20240101||" + std::string(type) +
                      "|M1|P|" + std::string(version) + "||||||8859/1\rPID|1\r";
    if (delimiters.front() != '|') {
        for (char& c : out) {
            if (c == '|') c = delimiters.front();
            if (c == '^' && delimiters[1] != '^') c = delimiters[1];
        }
    }
    return out;
}

std::string acked(std::string_view bytes, AckCode code, std::vector<ErrEntry> errors = {},
                  const AckContext& with = context) {
    const auto view = MessageView::parse(bytes);
    REQUIRE(view.has_value());
    return acknowledge(*view, code, errors, with);
}

}  // namespace

TEST_SUITE("hl7v2/acknowledge") {
    TEST_CASE("a line break inside of the header does not get into the answer") {
        const std::string bytes = "MSH|^~\\&|A|B|C|D|20240101||ADT^A01|M-\n1|P|2.5.1\rPID|1\r";
        const auto view = MessageView::parse(std::string_view(bytes), {{}, Tolerances::all()});
        REQUIRE(view.has_value());
        const std::string ack = acknowledge(*view, AckCode::aa, {}, context);
        CHECK(ack.ends_with("\rMSA|AA|M-1\r"));
        CHECK(MessageView::parse(std::string_view(ack), {{}, Tolerances::strict()}).has_value());
    }

    TEST_CASE("answers in the version and delimiters of the message") {
        struct Row {
            std::string bytes;
            std::string_view ack;
        };
        for (const auto& row : {
                 Row{message("2.5.1"),
                     "MSH|^~\\&|EMR|C1|LAB^1.2^ISO|H1|20240102030405+0100||ACK^A01^ACK|C1|P|2.5.1||||||8859/"
                     "1\rMSA|AA|M1\r"},
                 Row{message("2.3"),
                     "MSH|^~\\&|EMR|C1|LAB^1.2^ISO|H1|20240102030405+0100||ACK^A01|C1|P|2.3||||||8859/1\rMSA|AA|M1\r"},
                 Row{message("2.2"),
                     "MSH|^~\\&|EMR|C1|LAB^1.2^ISO|H1|20240102030405+0100||ACK|C1|P|2.2||||||8859/1\rMSA|AA|M1\r"},
                 Row{message("2.5.1", "ADT^A01", "$%*!@"),
                     "MSH$%*!@$EMR$C1$LAB%1.2%ISO$H1$20240102030405+0100$$ACK%A01%ACK$C1$P$2.5.1$$$$$$8859/"
                     "1\rMSA$AA$M1\r"},
                 Row{message("2.5.1", "ADT"),
                     "MSH|^~\\&|EMR|C1|LAB^1.2^ISO|H1|20240102030405+0100||ACK|C1|P|2.5.1||||||8859/1\rMSA|AA|M1\r"},
                 Row{"MSH|^~\\&|LAB\r", "MSH|^~\\&|||LAB||20240102030405+0100||ACK|C1|P|2.5.1\rMSA|AA\r"},
             }) {
            CAPTURE(row.bytes);
            CHECK(acked(row.bytes, AckCode::aa) == row.ack);
        }
    }

    TEST_CASE("reports errors as the version wants them") {
        const std::vector<ErrEntry> errors = {
            {.code = ErrorCode::required_field_missing,
             .segment = "PID",
             .position = {5},
             .user_message = "PID-5 is required"},
            {.code = ErrorCode::table_value_not_found,
             .severity = Severity::warning,
             .segment = "OBX",
             .segment_sequence = 3,
             .position = {5, 2, 1, 4}},
            {.code = ErrorCode::internal_error, .diagnostic = "a|b"},
        };
        const auto tail = [](const std::string& ack) { return ack.substr(ack.find("MSA")); };
        CHECK(tail(acked(message("2.5.1"), AckCode::ae, errors)) ==
              "MSA|AE|M1|PID-5 is required\r"
              "ERR||PID^1^5|101^Required field missing^HL70357|E||||PID-5 is required\r"
              "ERR||OBX^3^5^2^1^4|103^Table value not found^HL70357|W\r"
              "ERR|||207^Application error^HL70357|E|||a\\F\\b\r");
        CHECK(tail(acked(message("2.7"), AckCode::ae, {errors[0]})) ==
              "MSA|AE|M1\rERR||PID^1^5|101^Required field missing^HL70357|E||||PID-5 is required\r");
        CHECK(tail(acked(message("2.3.1"), AckCode::ar, errors)) ==
              "MSA|AR|M1|PID-5 is required\r"
              "ERR|PID^1^5^101&Required field missing&HL70357~OBX^3^5^103&Table value not found&HL70357~"
              "^^^207&Application error&HL70357\r");
    }

    TEST_CASE("reports the first fifty errors") {
        const std::vector<ErrEntry> errors(80, ErrEntry{});
        const std::string ack = acked(message("2.5.1"), AckCode::ae, errors);
        CHECK(MessageView::parse(std::string_view(ack))->count("ERR") == 50);
    }

    TEST_CASE("carries sequence number, text and modes") {
        AckContext with = context;
        with.expected_sequence = 42;
        with.text = "stored | kept";
        with.accept_mode = "AL";
        const std::string ack = acked(message("2.5.1"), AckCode::ca, {}, with);
        CHECK(ack.find("|P|2.5.1|||AL|NE||8859/1\rMSA|CA|M1|stored \\F\\ kept|42\r") != std::string::npos);
    }

    TEST_CASE("rejects even what cannot be read") {
        const ErrEntry error{.code = ErrorCode::segment_sequence, .segment = "MSH", .position = {1}};
        CHECK(reject_unreadable("nonsense", AckCode::ar, error, context) ==
              "MSH|^~\\&|||||20240102030405+0100||ACK|C1|P|2.5.1\rMSA|AR||Segment sequence error\r"
              "ERR||MSH^1^1|100^Segment sequence error^HL70357|E\r");
        const std::string ack = reject_unreadable("MSH|^~\\&|LAB|H1|EMR|C1|||ORU^R01|M7|T|2.4\rthis is no segment",
                                                  AckCode::ar, error, context);
        CHECK(ack.find("MSH|^~\\&|EMR|C1|LAB|H1|20240102030405+0100||ACK^R01^ACK|C1|T|2.4\rMSA|AR|M7|") == 0);
        CHECK(reject_unreadable("MSH", AckCode::ar, error, context).find("MSA|AR") != std::string::npos);
    }

    TEST_CASE("reads acknowledgements") {
        struct Row {
            std::string_view bytes;
            AckCode code;
            std::string_view control_id, text;
            std::optional<std::int64_t> sequence;
        };
        for (const auto& row : {
                 Row{"MSH|^~\\&|\rMSA|AA|M1\r", AckCode::aa, "M1", "", {}},
                 Row{"MSH|^~\\&|\rMSA|CE|M\\F\\1|no^way|17\r", AckCode::ce, "M|1", "no^way", 17},
                 Row{"MSH|^~\\&|\rMSA|AE|M1\rERR||||||||broken\r", AckCode::ae, "M1", "broken", {}},
                 Row{"MSH|^~\\&|\rMSA|XX|M1||-1\r", AckCode::ae, "M1", "", -1},
                 Row{"MSH|^~\\&|\rMSA\r", AckCode::ae, "", "", {}},
             }) {
            CAPTURE(row.bytes);
            const auto view = MessageView::parse(row.bytes);
            const auto ack = read_acknowledgement(*view);
            REQUIRE(ack.has_value());
            CHECK(ack->code == row.code);
            CHECK(ack->control_id == row.control_id);
            CHECK(ack->text == row.text);
            CHECK(ack->expected_sequence == row.sequence);
        }
        CHECK(read_acknowledgement(*MessageView::parse(std::string_view("MSH|^~\\&|\rPID|1\r"))).has_error());
        for (const auto code : {AckCode::aa, AckCode::ae, AckCode::ar, AckCode::ca, AckCode::ce, AckCode::cr}) {
            CHECK(parse_ack_code(text(code)) == code);
        }
        CHECK_FALSE(parse_ack_code("aa"));
    }
}
