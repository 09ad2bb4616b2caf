#define RAPIDJSON_SSE2
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cstring>

#include "fhir/json/json.hpp"
#include "fhir/json/room.hpp"
#include "fhir/json/scan.hpp"
#include "fhir/json/tree.hpp"

namespace causeway::fhir {

namespace {

using json::TreeHandler;

struct Place {
    std::size_t line = 1;
    std::size_t column = 1;
};

/// Line and column of a byte. `newlines` are the offsets of the text's line feeds in ascending order.
Place place_of(const std::vector<std::size_t>& newlines, std::size_t offset) {
    const auto after = std::lower_bound(newlines.begin(), newlines.end(), offset);
    const auto line = static_cast<std::size_t>(after - newlines.begin());
    return {line + 1, line == 0 ? offset + 1 : offset - newlines[line - 1]};
}

std::vector<std::size_t> newlines_of(std::string_view bytes) {
    std::vector<std::size_t> found;
    for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) found.push_back(at);
    return found;
}

Error error_at(Errc code, std::string message, std::string path, std::size_t offset, const Place& place) {
    return {code, std::move(message), std::move(path), offset, place.line, place.column};
}

std::string_view text_fault_message(json::TextFault fault) {
    switch (fault) {
        case json::TextFault::nul:
            return "the character U+0000 is not allowed";
        case json::TextFault::lone_surrogate:
            return "an escape names half of a surrogate pair";
        default:
            return "not valid UTF-8";
    }
}

}  // namespace

Result<DocumentPtr> parse_json(std::string bytes, const Limits& limits) {
    if (bytes.size() > limits.bytes_max)
        return Error{
            Errc::too_large,
            "the text has " + std::to_string(bytes.size()) + " bytes; the limit is " + std::to_string(limits.bytes_max),
            "",
            limits.bytes_max,
            0,
            0};
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
    const auto scan = json::scan_text(bytes);
    if (scan.fault != json::TextFault::none)
        return error_at(scan.fault == json::TextFault::bad_utf8 ? Errc::bad_utf8 : Errc::bad_value,
                        std::string(text_fault_message(scan.fault)),
                        // a name that is no text cannot be said
                        scan.fault == json::TextFault::bad_utf8
                            ? json::path_at(bytes.substr(0, scan.offset), scan.offset)
                            : json::path_at(bytes, scan.offset),
                        scan.offset, place_of(newlines_of(bytes), scan.offset));
    // Strings are decoded in place: where one decodes to a line feed, lines must be counted before.
    std::vector<std::size_t> newlines;
    if (scan.has_newline_escape) newlines = newlines_of(bytes);

    const std::size_t size = bytes.size();
    reserve_exactly(bytes, size + json_padding_bytes);
    bytes.append(json_padding_bytes, '\0');
    auto owned = std::make_shared<std::string>(std::move(bytes));
    Arena arena(std::clamp<std::size_t>(size * 3, 2048, std::size_t{1} << 20));
    TreeHandler handler(arena, owned->data(), size, limits);
    rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>> reader;
    rapidjson::InsituStringStream stream(owned->data());
    constexpr unsigned flags = rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
    // Not the iterative parser: the handler stops at limits.depth_max, so the recursion is bounded.
    const auto parsed = reader.Parse<flags>(stream, handler);
    if (parsed.IsError()) {
        if (!scan.has_newline_escape) newlines = newlines_of(std::string_view(owned->data(), size));
        const bool ours = parsed.Code() == rapidjson::kParseErrorTermination;
        const bool at_handler = ours && handler.fault() != Errc::too_deep;
        const std::size_t offset = at_handler ? handler.fault_offset() : std::min(parsed.Offset(), size);
        return error_at(ours ? handler.fault() : Errc::syntax,
                        ours ? handler.fault_message() : std::string(rapidjson::GetParseError_En(parsed.Code())),
                        handler.path(), offset, place_of(newlines, offset));
    }
    const Node* root = handler.root();
    return DocumentPtr(std::make_shared<const Document>(std::move(arena), std::move(owned), root,
                                                        std::vector<std::shared_ptr<const void>>()));
}

}  // namespace causeway::fhir
