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
        case Tolerance::missing_control_id:
            return "missing_control_id";
    }
    return "unknown";
}

std::optional<Tolerance> find_tolerance(std::string_view wanted) noexcept {
    for (std::size_t i = 0; i < tolerance_count; ++i) {
        const auto tolerance = static_cast<Tolerance>(i);
        if (name(tolerance) == wanted) return tolerance;
    }
    return std::nullopt;
}

std::optional<Tolerances> Tolerances::parse(std::span<const std::string_view> names) noexcept {
    Tolerances out;
    for (const std::string_view one : names) {
        if (const auto tolerance = find_tolerance(one)) {
            out = out.with(*tolerance);
        } else if (one == "usual") {
            out = out.with(usual());
        } else if (one == "all") {
            out = out.with(all());
        } else if (one != "strict") {
            return std::nullopt;
        }
    }
    return out;
}

std::string Delimiters::encoding_characters() const {
    std::string text;
    for (const char c : {component, repetition, escape, subcomponent, truncation}) {
        if (c != '\0') text += c;
    }
    return text;
}

}  // namespace causeway::hl7v2
