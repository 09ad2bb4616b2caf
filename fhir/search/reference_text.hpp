#pragma once
#include <string_view>

namespace causeway::fhir::search {

/// A reference's text, taken apart. Either `type` and `id`, or `url`; both empty for a fragment or nothing.
struct ReferenceText {
    std::string_view type;
    std::string_view id;
    std::string_view url;  ///< absolute, without `/_history/...`, or a canonical without its version
    std::string_view version;
};

/// `Type/id`, `Type/id/_history/v`, absolute URLs (relative if under `base_url`, http and https alike), `urn:` and
/// `#fragment`.
ReferenceText read_reference(std::string_view text, std::string_view base_url);
/// `url|version`.
ReferenceText read_canonical(std::string_view text, std::string_view base_url);

}  // namespace causeway::fhir::search
