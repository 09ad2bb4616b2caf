// A stream taken apart in pieces of any size: the same parts as in one piece, no byte lost, counts as a plain count has
// them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/batch.hpp"
#include "hl7v2/batch_writer.hpp"

using namespace causeway::hl7v2;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

struct Taken {
    BatchPart::Kind kind;
    std::string bytes;
    std::uint64_t offset;
    bool too_large;
    bool operator==(const Taken&) const = default;
};

std::vector<Taken> read(std::string_view bytes, std::size_t piece, std::size_t limit) {
    std::vector<Taken> out;
    BatchReader reader(limit);
    BatchCheck check;
    const auto drain = [&] {
        while (const auto part = reader.next()) {
            require(part->bytes.size() <= limit);
            check.take(*part);
            out.push_back({part->kind, std::string(part->bytes), part->offset, part->too_large});
        }
    };
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const auto room = reader.prepare(piece);
        const std::size_t size = std::min(piece, bytes.size() - at);
        std::copy_n(bytes.data() + at, size, room.data());
        reader.commit(size);
        drain();
    }
    reader.finish();
    drain();
    check.finish();
    const auto messages = std::ranges::count(out, BatchPart::Kind::message, &Taken::kind);
    require(check.messages() == static_cast<std::uint64_t>(messages));
    require(check.issues().size() <= BatchCheck::issues_max);
    const BatchReply reply(check.batch_header(), "2024", "1");
    std::string answer;
    BatchWriter writer(answer, reply.delimiters());
    writer.begin_batch(reply.fields());
    writer.end_batch();
    require(BatchHeader::parse(answer).has_value());
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t limit = data[1] < 128 ? 1U << 20 : data[1] - 120U;
    const auto whole = read(bytes, std::max<std::size_t>(bytes.size(), 1), limit);
    const auto pieces = read(bytes, std::size_t{1} + data[0] % 64, limit);
    require(whole == pieces);
    std::string joined;
    std::uint64_t offset = 0;
    bool cut = false;
    for (const Taken& part : whole) {
        require(part.offset >= offset);
        offset = part.offset + part.bytes.size();
        cut = cut || part.too_large;
        joined += part.bytes;
    }
    require(cut || joined == bytes);
    return 0;
}
