// Two formats, one tree. Bytes that begin like JSON are read as JSON, written as XML and read back; all others are read
// as XML, written, and read back, and pass through JSON as well. Where a writer can write, nothing may change.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fhir/json/json.hpp"
#include "fhir/xml/xml.hpp"

using namespace causeway::fhir;

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

Limits small() {
    Limits limits;
    limits.depth_max = 40;
    limits.elements_max = 2000;
    return limits;
}

void check_tree(const DocumentPtr& document) {
    // XML orders members by type and drops what is empty: after one passage the tree is settled.
    const auto xml = to_xml(document->root());
    if (xml.has_error()) {
        must(!xml.error().message.empty());
        return;
    }
    const auto first = parse_xml(*xml, small());
    if (first.has_error()) {
        must(!first.error().message.empty());
        must(first.error().code == Errc::too_deep || first.error().code == Errc::too_large);
        return;
    }
    const auto written = to_xml((*first)->root());
    must(written.has_value());
    must(*written == *xml);
    const auto json = parse_json(to_json((*first)->root()), small());
    must(json.has_value());
    must(same_content((*json)->root(), (*first)->root()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 8192) return 0;
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (text.starts_with('{')) {
        const auto document = parse_json(text, small());
        if (document.has_value() && !(*document)->resource_type().empty()) check_tree(*document);
        return 0;
    }
    const auto document = parse_xml(text, small());
    if (document.has_error()) {
        must(!document.error().message.empty());
        return 0;
    }
    // what XML gave, XML can hold, unless R4 does not know an element
    check_tree(*document);
    return 0;
}
