#include "hl7v2/options.hpp"

#include <string>

#include "hl7v2/delimiters.hpp"

namespace causeway::hl7v2 {

std::string_view name(Tolerance tolerance) noexcept {
    switch (tolerance) {
        case Tolerance::line_feed:
            return "line_feed";
        case Tolerance::missing_final_end:
            return "missing_final_end";
        case Tolerance::blank_lines:
            return "blank_lines";
        case Tolerance::surrounding_bytes:
            return "surrounding_bytes";
        case Tolerance::lower_case_names:
            return "lower_case_names";
        case Tolerance::joined_text_lines:
            return "joined_text_lines";
        case Tolerance::extra_delimiters:
            return "extra_delimiters";
        case Tolerance::repeated_delimiters:
            return "repeated_delimiters";
        case Tolerance::odd_delimiters:
            return "odd_delimiters";
        case Tolerance::missing_header:
            return "missing_header";
        case Tolerance::control_bytes:
            return "control_bytes";
    }
    return "unknown";
}

std::string Delimiters::encoding_characters() const {
    std::string text;
    for (const char c : {component, repetition, escape, subcomponent, truncation}) {
        if (c != '\0') text += c;
    }
    return text;
}

}  // namespace causeway::hl7v2
