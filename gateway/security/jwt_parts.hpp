#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "gateway/security/json_web_key.hpp"

namespace causeway::security {

/// A signed JWT (RFC 7519) taken apart, before anything of it is believed.
struct JwtParts {
    static constexpr std::size_t bytes_max = 8 * 1024;  ///< of the whole token

    fhir::DocumentPtr header, claims;
    std::string_view signed_text;  ///< header and claims as they came; borrowed from the token
    std::string signature;

    /// Nothing for what is not three parts of at most `bytes_max` bytes in all, the first two JSON objects of at most
    /// `depth_max` levels, or for a header with `crit`: a critical extension that we do not know must refuse the token
    /// (RFC 7515, section 4.1.11), and we know none.
    static std::optional<JwtParts> read(std::string_view token, std::uint32_t depth_max);
};

/// An object of JSON; null for anything else, or a deeper one.
fhir::DocumentPtr read_json_object(std::string json, std::uint32_t depth_max);

/// The text of a string; empty for anything else.
std::string_view string_of(fhir::Element element);

/// A NumericDate (RFC 7519, section 2); fractions are cut.
std::optional<std::int64_t> numeric_date(fhir::Element element);

inline constexpr std::int64_t clock_skew_s = 30;  ///< what clocks may differ

/// `nbf` and `iat`, where they are there, are not in the future.
bool has_begun(fhir::Element claims, std::int64_t now_s);

/// The one key of that id that serves the algorithm; null where there is none, or more than one.
const JsonWebKey* only_key(const std::vector<JsonWebKey>& keys, std::string_view id, SignatureAlgorithm algorithm);

}  // namespace causeway::security
