#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "hl7v2/mllp.hpp"

using namespace causeway::hl7v2;
using namespace std::literals;

namespace {

std::string_view state_name(mllp::FrameState state) {
    switch (state) {
        case mllp::FrameState::clean:
            return "clean";
        case mllp::FrameState::missing_carriage_return:
            return "no-cr";
        case mllp::FrameState::missing_end:
            return "no-end";
        case mllp::FrameState::missing_start:
            return "no-start";
        case mllp::FrameState::too_large:
            return "large";
        case mllp::FrameState::commit:
            return "commit";
    }
    return "?";
}

void feed(mllp::FrameDecoder& decoder, std::string_view bytes) {
    const auto room = decoder.prepare(bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    decoder.commit(bytes.size());
}

/// The frames of `bytes`, which arrive `chunk` at a time: `state:bytes` joined with a blank.
std::string frames(std::string_view bytes, std::size_t chunk, const mllp::FrameOptions& options, std::size_t* skipped,
                   std::size_t* late = nullptr) {
    mllp::FrameDecoder decoder(options);
    std::string out;
    const auto note = [&out](const mllp::Frame& frame) {
        out.append(out.empty() ? "" : " ").append(state_name(frame.state)).append(":").append(frame.bytes);
    };
    for (std::size_t at = 0; at < bytes.size(); at += chunk) {
        feed(decoder, bytes.substr(at, chunk));
        while (const auto frame = decoder.next()) note(*frame);
    }
    while (const auto frame = decoder.finish()) note(*frame);
    if (skipped) *skipped = decoder.skipped();
    if (late) *late = decoder.late_missing_carriage_returns();
    return out;
}

}  // namespace

TEST_SUITE("hl7v2/mllp") {
    TEST_CASE("takes frames out of whatever comes, however it is cut") {
        struct Row {
            std::string_view bytes, frames;
            std::size_t skipped;
        };
        for (const auto& row : {
                 Row{"", "", 0},
                 Row{"\x0bMSH|A\r\x1c\r", "clean:MSH|A\r", 0},
                 Row{"\x0bMSH|A\x1c\r\x0bMSH|B\x1c\r", "clean:MSH|A clean:MSH|B", 0},
                 Row{"\x0b\x1c\r", "clean:", 0},
                 Row{"junk\x0bMSH|A\x1c\r\r\n\x0bMSH|B\x1c\rtail", "clean:MSH|A clean:MSH|B", 10},
                 Row{"\x0bMSH|A\x0bMSH|B\x1c\r", "no-end:MSH|A clean:MSH|B", 0},
                 Row{"\x0b\x0b\x0bMSH|B\x1c\r", "clean:MSH|B", 0},
                 Row{"MSH|A\r\x1c\r\x0bMSH|B\x1c\r", "no-start:MSH|A\r clean:MSH|B", 0},
                 Row{"\x1c\r\x1c\x0bMSH|B\x1c\r", "clean:MSH|B", 3},
                 Row{"\x0bMSH|A", "no-end:MSH|A", 0},
                 Row{"MSH|A", "no-start:MSH|A", 0},
                 Row{"hello", "", 5},
                 Row{"xxMSH|A\x1c\r\x0bMSH|B\x1c\r", "clean:MSH|B", 9},
                 Row{"\r\nMSH|A\x1c\r", "no-start:MSH|A", 2},
                 Row{"\x0b\x06\x1c\r\x0b\x15\x1c\r", "commit:\x06 commit:\x15", 0},
             }) {
            for (std::size_t chunk : {1U, 2U, 3U, 5U, 1000U}) {
                CAPTURE(row.bytes);
                CAPTURE(chunk);
                std::size_t skipped = 0;
                CHECK(frames(row.bytes, chunk, {}, &skipped) == row.frames);
                CHECK(skipped == row.skipped);
            }
        }
    }

    TEST_CASE("does not wait for a carriage return that may never come") {
        std::size_t late = 0;
        CHECK(frames("\x0bMSH|A\x1c\x0bMSH|B\x1c\r", 1000, {}, nullptr, &late) == "no-cr:MSH|A clean:MSH|B");
        CHECK(late == 0);
        CHECK(frames("\x0bMSH|A\x1c\x0bMSH|B\x1c\r", 1, {}, nullptr, &late) == "clean:MSH|A clean:MSH|B");
        CHECK(late == 1);
        CHECK(frames("\x0bMSH|A\x1c\r\x0bMSH|B\x1c\r", 1, {}, nullptr, &late) == "clean:MSH|A clean:MSH|B");
        CHECK(late == 0);
    }

    TEST_CASE("a frame beyond the limit is reported once, then skipped") {
        for (std::size_t chunk : {1U, 7U, 1000U}) {
            CAPTURE(chunk);
            const std::string bytes = "\x0bMSH|" + std::string(100, 'x') + "\x1c\r\x0bMSH|B\x1c\r";
            std::size_t skipped = 0;
            CHECK(frames(bytes, chunk, {.message_bytes_max = 10}, &skipped) == "large:MSH|xxxxxx clean:MSH|B");
            CHECK(skipped == 94);
            // a new start block ends it too
            CHECK(frames("\x0bMSH|" + std::string(100, 'x') + "\x0bMSH|B\x1c\r", chunk, {.message_bytes_max = 10},
                         nullptr) == "large:MSH|xxxxxx clean:MSH|B");
            CHECK(frames("\x0bMSH|" + std::string(100, 'x'), chunk, {.message_bytes_max = 10}, nullptr) ==
                  "large:MSH|xxxxxx");
        }
    }

    TEST_CASE("holds no more than a message and a read, whatever comes") {
        mllp::FrameDecoder decoder(1000);
        for (int i = 0; i < 1000; ++i) {
            feed(decoder, "\x0b" + std::string(5000, 'x'));
            while (decoder.next()) {
            }
            CHECK(decoder.pending() <= 1000);
        }
        feed(decoder, "no frame at all, MSH|");
        while (decoder.next()) {
        }
        decoder.clear();
        CHECK(decoder.pending() == 0);
    }

    TEST_CASE("reads bare messages from senders that do not frame") {
        struct Row {
            std::string_view bytes, frames;
        };
        for (const auto& row : {
                 Row{"MSH|A\rPID|1\rMSH|B\rPID|2\r", "no-start:MSH|A\rPID|1\r no-start:MSH|B\rPID|2\r"},
                 Row{"\r\nMSH|A\nPID|1\n", "no-start:MSH|A\nPID|1\n"},
                 Row{"\x0bMSH|A\r\x1c\rMSH|B\r", "clean:MSH|A\r no-start:MSH|B\r"},
                 Row{"MSH|A\r\x0bMSH|B\r\x1c\r", "no-start:MSH|A\r clean:MSH|B\r"},
                 Row{"junk\x0bMSH|A\r\x1c\rMSH|B\r", "clean:MSH|A\r no-start:MSH|B\r"},
                 Row{"FHS|^\rBHS|^\rMSH|A\r", "no-start:FHS|^\r no-start:BHS|^\r no-start:MSH|A\r"},
             }) {
            for (std::size_t chunk : {1U, 2U, 1000U}) {
                CAPTURE(row.bytes);
                CAPTURE(chunk);
                CHECK(frames(row.bytes, chunk, {.unframed = true}, nullptr) == row.frames);
            }
        }
    }

    TEST_CASE("a message without frame is told while it comes, and ends when its reader says so") {
        mllp::FrameDecoder decoder(mllp::FrameOptions{.unframed = true});
        const auto feed = [&](std::string_view bytes) {
            std::copy(bytes.begin(), bytes.end(), decoder.prepare(bytes.size()).begin());
            decoder.commit(bytes.size());
        };
        CHECK(decoder.bare() == 0);
        feed("\r\nMSH|1\rPID|");
        CHECK_FALSE(decoder.next());
        CHECK(decoder.bare() == 10);
        CHECK(decoder.pending() == 0);
        feed("2\r");
        CHECK_FALSE(decoder.next());
        const auto frame = decoder.finish();
        REQUIRE(frame.has_value());
        CHECK(frame->bytes == "MSH|1\rPID|2\r");
        CHECK(frame->state == mllp::FrameState::missing_start);
        CHECK(decoder.bare() == 0);
        feed("\vMSH|3\r");  // in a frame it is not bare
        CHECK_FALSE(decoder.next());
        CHECK(decoder.bare() == 0);
        CHECK(decoder.pending() == 6);
    }

    TEST_CASE("encodes what it can read") {
        CHECK(mllp::encode_frame("MSH|A\r") == "\x0bMSH|A\r\x1c\r");
        CHECK(frames(mllp::encode_frame("MSH|A\r"), 1, {}, nullptr) == "clean:MSH|A\r");
        CHECK(frames(std::string(mllp::encode_commit(true)) + std::string(mllp::encode_commit(false)), 3, {},
                     nullptr) == "commit:\x06 commit:\x15");
        CHECK(mllp::can_frame("MSH|A"));
        CHECK_FALSE(mllp::can_frame("MSH|\x0b"));
        CHECK_FALSE(mllp::can_frame("MSH|\x1c"));
    }
}
