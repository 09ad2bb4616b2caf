#include <doctest/doctest.h>

#include "hl7v2/batch.hpp"
#include "hl7v2/batch_writer.hpp"
#include "hl7v2/message.hpp"

using namespace causeway::hl7v2;

namespace {

using Kind = BatchPart::Kind;

struct Read {
    std::string letters;             ///< one a part: M F B b f o
    std::vector<std::string> parts;  ///< their bytes
    std::vector<BatchIssue> issues;
    std::uint64_t messages = 0, batches = 0;
    std::string joined() const {
        std::string all;
        for (const std::string& part : parts) all += part;
        return all;
    }
};

Read read(std::string_view bytes, std::size_t piece = 64 * 1024, std::size_t part_bytes_max = 1 << 20) {
    Read out;
    BatchReader reader(part_bytes_max);
    BatchCheck check;
    const auto drain = [&] {
        while (const auto part = reader.next()) {
            constexpr std::string_view letters = "MFBbfo";
            out.letters += letters[static_cast<std::size_t>(part->kind)];
            out.parts.emplace_back(part->bytes);
            check.take(*part);
        }
    };
    while (!bytes.empty()) {
        const auto room = reader.prepare(piece);
        const std::size_t size = std::min(room.size(), bytes.size());
        std::copy_n(bytes.data(), size, room.data());
        reader.commit(size);
        bytes.remove_prefix(size);
        drain();
    }
    reader.finish();
    drain();
    check.finish();
    out.issues = check.issues();
    out.messages = check.messages();
    out.batches = check.batches();
    return out;
}

constexpr std::string_view one = "MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5.1\rPID|1\r";
constexpr std::string_view two = "MSH|^~\\&|A|B|C|D|2024||ADT^A01|2|P|2.5.1\rPID|2\r";

std::string file(std::string_view bts = "BTS|2\r", std::string_view fts = "FTS|1\r") {
    return std::string("FHS|^~\\&|A|B|C|D|2024||f||F1\rBHS|^~\\&|A|B|C|D|2024||b||B1\r")
        .append(one)
        .append(two)
        .append(bts)
        .append(fts);
}

}  // namespace

TEST_SUITE("hl7v2/batch") {
    TEST_CASE("a file comes apart into its parts, however it is cut") {
        const std::string bytes = file();
        for (std::size_t piece = 1; piece <= bytes.size(); piece = piece < 40 ? piece + 1 : piece * 2) {
            CAPTURE(piece);
            const Read parts = read(bytes, piece);
            CHECK(parts.letters == "FBMMbf");
            CHECK(parts.joined() == bytes);
            CHECK(parts.issues.empty());
            CHECK(parts.messages == 2);
            CHECK(parts.batches == 1);
            REQUIRE(parts.parts.size() == 6);
            CHECK(parts.parts[2] == one);
        }
    }

    TEST_CASE("headers are optional and no message at all is a batch") {
        struct Row {
            std::string bytes;
            std::string_view letters;
        };
        for (const Row& row : {
                 Row{std::string(one), "M"},
                 Row{std::string(one).append(two), "MM"},
                 Row{"BHS|^~\\&\rBTS|0\r", "Bb"},
                 Row{"FHS|^~\\&\rFTS|0\r", "Ff"},
                 Row{"FHS|^~\\&\r" + std::string(one) + "FTS|1\r", "FMf"},
                 Row{std::string(one) + "BTS|1\r", "Mb"},
                 Row{"BHS|^~\\&\r" + std::string(one) + "BTS\rBHS|^~\\&\rBTS|0", "BMbBb"},
                 Row{"", ""},
                 Row{"\r\n \n", "o"},
                 Row{"\xEF\xBB\xBF" + std::string(one), "M"},
                 Row{"\v" + std::string(one) + "\x1c\r\v" + std::string(two) + "\x1c\r", "MM"},
                 Row{"\v\v" + std::string(one) + "\x1c\v" + std::string(two), "MM"},
                 Row{"  \r\n" + std::string(one), "oM"},
                 Row{"BHS#*~\\&#x\r" + std::string(one) + "BTS#1\r", "BMb"},
             }) {
            CAPTURE(row.bytes);
            for (const std::size_t piece : {1U, 7U, 4096U}) {
                const Read parts = read(row.bytes, piece);
                CHECK(parts.letters == row.letters);
                CHECK(parts.joined() == row.bytes);
                CHECK(parts.issues.empty());
            }
        }
    }

    TEST_CASE("text that looks like a header is none") {
        const std::string bytes = std::string(one) + "NTE|1||x\rMSHANDS\rBTSX|1\rFTS1\r";
        CHECK(read(bytes).letters == "M");
    }

    TEST_CASE("order and counts are checked") {
        using Issue = BatchIssue::Kind;
        struct Row {
            std::string bytes;
            Issue kind;
            std::uint64_t expected, found;
        };
        for (const Row& row : {
                 Row{file("BTS|3\r"), Issue::message_count, 3, 2},
                 Row{file("BTS|x\r"), Issue::message_count, 0, 2},
                 Row{file("BTS|2\r", "FTS|4\r"), Issue::batch_count, 4, 1},
                 Row{file("", "FTS|1\r"), Issue::missing_trailer, 0, 0},
                 Row{file("BTS|2\r", ""), Issue::missing_trailer, 0, 0},
                 Row{std::string(one) + "FHS|^~\\&\rFTS|1\r", Issue::misplaced_header, 0, 0},
                 Row{"BHS|^~\\&\rBHS|^~\\&\rBTS|0\r", Issue::misplaced_header, 0, 0},
                 Row{"BTS|0\r", Issue::misplaced_trailer, 0, 0},
                 Row{"FTS|0\r", Issue::misplaced_trailer, 0, 0},
                 Row{file() + std::string(one), Issue::misplaced_trailer, 0, 0},
                 Row{"BHS|\rBTS|0\r", Issue::unusable_header, 0, 0},
                 Row{"BHS|^^~\rBTS|0\r", Issue::unusable_header, 0, 0},
             }) {
            CAPTURE(row.bytes);
            const Read parts = read(row.bytes);
            REQUIRE(parts.issues.size() == 1);
            CHECK(parts.issues[0].kind == row.kind);
            CHECK(parts.issues[0].expected == row.expected);
            CHECK(parts.issues[0].found == row.found);
            CHECK(describe(row.kind) != "unknown");
        }
    }

    TEST_CASE("a part over the limit is cut and the next one is whole") {
        const std::string bytes = std::string(one) + "OBX|" + std::string(100'000, 'x') + "\r" + std::string(two);
        for (const std::size_t piece : {1000U, 1'000'000U}) {
            const Read parts = read(bytes, piece, 200);
            REQUIRE(parts.letters == "MM");
            CHECK(parts.parts[0] == bytes.substr(0, 200));
            CHECK(parts.parts[1] == two);
            REQUIRE(parts.issues.size() == 1);
            CHECK(parts.issues[0].kind == BatchIssue::Kind::too_large);
            BatchReader reader(200);
            std::size_t room_max = 0;
            for (std::size_t at = 0; at < bytes.size(); at += 1000) {
                const auto room = reader.prepare(1000);
                std::copy_n(bytes.data() + at, std::min<std::size_t>(1000, bytes.size() - at), room.data());
                reader.commit(std::min<std::size_t>(1000, bytes.size() - at));
                while (const auto part = reader.next()) CHECK((part->offset == 0 && part->too_large));
                room_max = std::max(room_max, room.size());
            }
            reader.finish();
            const auto last = reader.next();
            REQUIRE(last.has_value());
            CHECK(last->offset == bytes.size() - two.size());
        }
    }

    TEST_CASE("the writer states the counts, and the reader agrees") {
        std::string out;
        BatchWriter writer(out);
        writer.begin_file({.sending_application = "A^1.2^ISO", .creation_time = "2024", .control_id = "F1"});
        writer.begin_batch({.comment = "a|b", .control_id = "B1"});
        writer.add(one);
        writer.add(two.substr(0, two.size() - 1));
        writer.end_batch();
        writer.begin_batch({.control_id = "B2"});
        writer.end_file("done");
        CHECK(out == std::string("FHS|^~\\&|A^1.2^ISO||||2024||||F1\rBHS|^~\\&||||||||a\\F\\b|B1\r")
                         .append(one)
                         .append(two)
                         .append("BTS|2\rBHS|^~\\&|||||||||B2\rBTS|0\rFTS|2|done\r"));
        const Read parts = read(out);
        CHECK(parts.letters == "FBMMbBbf");
        CHECK(parts.issues.empty());
    }

    TEST_CASE("a reply swaps the parties and refers to the control id") {
        const auto header = BatchHeader::parse("BHS#*~\\&#A*1.2*ISO#B#C#D#2024##b##B\\F\\1\r");
        REQUIRE(header.has_value());
        CHECK(header->control_id() == "B#1");
        const BatchReply reply(*header, "20240102", "R1");
        std::string out;
        BatchWriter writer(out, reply.delimiters());
        writer.begin_batch(reply.fields());
        writer.end_batch();
        CHECK(out == "BHS#*~\\&#C#D#A*1.2*ISO#B#20240102####R1#B\\F\\1\rBTS#0\r");
    }

    TEST_CASE("a header is the one its part begins with, whatever its fields say") {
        const auto header = BatchHeader::parse("\v BHS|^~\\&|FHS#^|BTS|||||||B1\r");
        REQUIRE(header.has_value());
        CHECK(header->view().field(3).raw() == "FHS#^");
        CHECK(header->control_id() == "B1");
        CHECK(BatchHeader::parse("MSH|^~\\&|BHS|^~\\&\r").has_error());
        CHECK(read("BHS|^~\\&|BTS|7\rBTS|0\r").issues.empty());
    }

    TEST_CASE("who is not named in a reply was accepted") {
        const std::vector<std::string> sent = {"1", "2", "3"};
        const std::vector<Acknowledgement> answers = {{AckCode::ae, "2", {}, {}}, {AckCode::ar, "9", {}, {}}};
        const BatchSettlement settlement = settle_batch(sent, answers);
        CHECK(settlement.codes == std::vector{AckCode::aa, AckCode::ae, AckCode::aa});
        CHECK(settlement.unknown == 1);
        CHECK(settle_batch(sent, {}).codes == std::vector(3, AckCode::aa));
    }
}
