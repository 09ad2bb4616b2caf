// A byte stream cut in any way gives the frames of the uncut one; the buffer stays within its limit.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "hl7v2/mllp.hpp"

using namespace causeway::hl7v2;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::vector<std::string> decode(const std::uint8_t* data, std::size_t size, std::size_t chunk,
                                const mllp::FrameOptions& options) {
    mllp::FrameDecoder decoder(options);
    std::vector<std::string> out;
    const auto note = [&out, &options](const mllp::Frame& frame) {
        require(frame.bytes.size() <= options.message_bytes_max);
        // whether a CR follows the end block is known only if it came along
        const bool whole =
            frame.state == mllp::FrameState::clean || frame.state == mllp::FrameState::missing_carriage_return;
        out.push_back(std::to_string(whole ? 0 : static_cast<int>(frame.state)) + ":" + std::string(frame.bytes));
    };
    for (std::size_t at = 0; at < size;) {
        const std::size_t count = std::min(chunk, size - at);
        const auto room = decoder.prepare(count);
        require(room.size() >= count);
        std::memcpy(room.data(), data + at, count);
        decoder.commit(count);
        at += count;
        while (const auto frame = decoder.next()) note(*frame);
        require(decoder.pending() <= options.message_bytes_max + count);
    }
    while (const auto frame = decoder.finish()) note(*frame);
    require(decoder.skipped() <= size);
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    // the limit is met at the same place only where the whole frame is seen at once; without it the cut must not matter
    const mllp::FrameOptions options{.message_bytes_max = 1U << 20, .unframed = (data[0] & 1U) != 0};
    const auto whole = decode(data + 2, size - 2, size, options);
    require(decode(data + 2, size - 2, 1, options) == whole);
    require(decode(data + 2, size - 2, 1U + data[1], options) == whole);
    const mllp::FrameOptions small{.message_bytes_max = data[1], .unframed = (data[0] & 1U) != 0};
    (void)decode(data + 2, size - 2, 1U + data[0], small);
    return 0;
}
