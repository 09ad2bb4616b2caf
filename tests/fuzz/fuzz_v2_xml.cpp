// The XML encoding of HL7 v2: any bytes as XML, and any message there and back. The way there and back leaves out what is
// empty at the end of a field; what has gone it once goes it unchanged.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "hl7v2/message.hpp"
#include "hl7v2/xml/xml.hpp"

using namespace causeway::hl7v2;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::string to_xml(const MessageView& message) {
    std::string out;
    const auto structure = dictionary::structure_of(message);
    structure ? write_xml(group(message, *structure), out) : write_xml(message, out);
    return out;
}

/// Text, and delimiters that can be told apart: for anything else the way there and back is not defined.
bool is_plain(const std::string& er7) {
    for (const char c : er7)
        if (c != '\r' && (c < ' ' || c > '~')) return false;
    if (er7.size() < 8) return false;
    const std::string_view delimiters = std::string_view(er7).substr(3, 5);
    for (std::size_t i = 0; i < delimiters.size(); ++i) {
        const bool letter = (delimiters[i] | 0x20) >= 'a' && (delimiters[i] | 0x20) <= 'z';
        if (letter || delimiters[i] == ' ' || delimiters.find(delimiters[i], i + 1) != std::string_view::npos)
            return false;
    }
    return true;
}

/// ER7 -> XML -> ER7, again and again, settles.
void check(const std::string& er7) {
    const auto message =
        Message::parse(er7, {{.message_bytes_max = 1U << 20, .segments_max = 2000}, Tolerances::all()});
    if (!message || !message->view().segment("MSH")) return;
    const std::string xml = to_xml(message->view());
    const auto back = read_xml(xml);
    if (!back) return;  // MSH is not the first segment, or its delimiters cannot stand in XML
    if (!is_plain(*back)) return;
    const auto there_and_back = [](const std::string& text) {
        const auto again = Message::parse(text, {{}, Tolerances::all()});
        require(again.has_value());
        const auto read = read_xml(to_xml(again->view()));
        require(read.has_value());
        return *read;
    };
    const auto once = there_and_back(*back);
    require(there_and_back(once) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (bytes.starts_with("MSH")) {
        check(std::string(bytes));
    } else if (const auto er7 = read_xml(bytes)) {
        check(*er7);
    }
    return 0;
}
