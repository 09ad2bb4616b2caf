#include "gateway/http/compression.hpp"

#include <zlib.h>

#include <algorithm>

namespace causeway::http {
namespace {

constexpr int gzip_window = 15 + 16;
constexpr std::size_t ratio_counts_from = 1024 * 1024;

Bytef* bytes_of(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

}  // namespace

GunzipError gunzip(std::string_view compressed, std::size_t bytes_max, std::size_t ratio_max, std::string& out) {
    z_stream stream{};
    if (inflateInit2(&stream, gzip_window) != Z_OK) throw std::bad_alloc();
    struct End {
        z_stream& stream;
        ~End() { inflateEnd(&stream); }
    } end{stream};
    stream.next_in = bytes_of(compressed);
    stream.avail_in = static_cast<uInt>(compressed.size());
    out.clear();
    for (;;) {
        const std::size_t have = out.size();
        const std::size_t room = std::min(std::max<std::size_t>(have, 64 * 1024), bytes_max + 1 - have);
        out.resize(have + room);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + have);
        stream.avail_out = static_cast<uInt>(room);
        const int status = inflate(&stream, Z_NO_FLUSH);
        out.resize(have + room - stream.avail_out);
        if (out.size() > bytes_max) return GunzipError::too_large;
        // Against what was read so far: a bomb shows itself in its first megabytes, not after its last.
        const std::size_t read = compressed.size() - stream.avail_in;
        if (out.size() > ratio_counts_from && (out.size() - ratio_counts_from) / ratio_max > read)
            return GunzipError::ratio;
        if (status == Z_STREAM_END) return stream.avail_in == 0 ? GunzipError::none : GunzipError::corrupt;
        if (status != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) return GunzipError::corrupt;
    }
}

std::optional<std::string> gzip(const Body& body) {
    z_stream stream{};
    if (deflateInit2(&stream, 1, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
    struct End {
        z_stream& stream;
        ~End() { deflateEnd(&stream); }
    } end{stream};
    const std::size_t size = body.bytes();
    std::string out(deflateBound(&stream, static_cast<uLong>(size)), '\0');
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    for (std::size_t i = 0; i < body.piece_count(); ++i) {
        const std::string_view piece = body.piece(i);
        stream.next_in = bytes_of(piece);
        stream.avail_in = static_cast<uInt>(piece.size());
        if (deflate(&stream, i + 1 == body.piece_count() ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR)
            return std::nullopt;
    }
    out.resize(stream.total_out);
    if (out.size() >= size) return std::nullopt;
    return out;
}

bool accepts_gzip(std::string_view accept) noexcept {
    bool any = false;
    while (!accept.empty()) {
        const auto comma = accept.find(',');
        std::string_view item = accept.substr(0, comma);
        accept = comma == std::string_view::npos ? std::string_view{} : accept.substr(comma + 1);
        const auto semicolon = item.find(';');
        const std::string_view name = trim(item.substr(0, semicolon));
        std::string_view weight =
            semicolon == std::string_view::npos ? std::string_view{} : trim(item.substr(semicolon + 1));
        const bool zero = weight.starts_with("q=0") && weight.find_first_not_of("0.", 2) == std::string_view::npos;
        if (equal_ignoring_case(name, "gzip") || equal_ignoring_case(name, "x-gzip")) return !zero;
        if (name == "*") any = !zero;
    }
    return any;
}

}  // namespace causeway::http
