#include "fhir/search/reference_text.hpp"

#include "fhir/model/reference.hpp"

namespace causeway::fhir::search {
namespace {

/// http and https forms of one URL are the same; a trailing slash does not count.
std::string_view comparable(std::string_view url) {
    if (url.starts_with("http://")) url.remove_prefix(7);
    if (url.starts_with("https://")) url.remove_prefix(8);
    while (url.ends_with('/')) url.remove_suffix(1);
    return url;
}

}  // namespace

ReferenceText read_reference(std::string_view text, std::string_view base_url) {
    using Kind = ReferenceUrl::Kind;
    ReferenceText out;
    const ReferenceUrl parsed = ReferenceUrl::parse(text);
    switch (parsed.kind) {
        case Kind::empty:
        case Kind::fragment:
            return out;
        case Kind::relative:
            out.type = parsed.type;
            out.id = parsed.id;
            out.version = parsed.version;
            return out;
        case Kind::absolute:
            if (!base_url.empty() && comparable(parsed.base) == comparable(base_url)) {
                out.type = parsed.type;
                out.id = parsed.id;
            } else {
                out.url = text.substr(0, static_cast<std::size_t>(parsed.id.data() + parsed.id.size() - text.data()));
            }
            out.version = parsed.version;
            return out;
        default:
            out.url = text;
            return out;
    }
}

ReferenceText read_canonical(std::string_view text, std::string_view base_url) {
    const Canonical canonical = Canonical::parse(text);
    ReferenceText out = read_reference(canonical.url, base_url);
    if (!canonical.version.empty()) out.version = canonical.version;
    return out;
}

}  // namespace causeway::fhir::search
