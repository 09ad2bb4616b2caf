#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/message.hpp"

namespace causeway::http {

/// What gunzip found instead of a body.
enum class GunzipError { none, corrupt, too_large, ratio };

/// `bytes_max` bounds the result; `ratio_max` bounds result to input once the result passes 1 MiB.
GunzipError gunzip(std::string_view compressed, std::size_t bytes_max, std::size_t ratio_max, std::string& out);

/// The body as one gzip member at a fast level; nullopt if that does not make it smaller.
std::optional<std::string> gzip(const Body& body);

/// Does this Accept-Encoding value allow gzip (RFC 9110, 12.5.3)?
bool accepts_gzip(std::string_view accept_encoding) noexcept;

}  // namespace causeway::http
