#include "gateway/patient_index/explanation.hpp"

#include <fmt/core.h>

namespace causeway::patient_index {

using match::field_count;
using match::field_names;
using match::level_names;
using match::missing;

std::string explain(const match::Score& score, const match::Decision& decision, const match::Model& model) {
    std::string out = fmt::format("{:<14} {:<22} {:>9} {:>10}\n", "field", "level", "person", "household");
    for (std::size_t f = 0; f < field_count; ++f) {
        const auto& part = score.fields[f];
        if (part.level == missing) continue;
        out += fmt::format("{:<14} {:<22} {:>+9.2f} {:>+10.2f}\n", field_names[f],
                           level_names[f][static_cast<std::size_t>(part.level)], part.weight, part.household);
    }
    out += fmt::format("{:<37} {:>+9.2f} {:>+10.2f}   bits with the prior\n", "sum", score.match, score.household);
    out += fmt::format("weight {:+.2f} bits, probability {:.5f}\ndecision {} ({}), model {}\n", score.weight,
                       score.probability(), match::outcome_name(decision.outcome), decision.rule, model.version);
    return out;
}

std::string evidence_line(const match::Score& score) {
    std::string out = fmt::format("{:.2f} {:.2f} {:.2f}", score.weight, score.match, score.household);
    for (std::size_t f = 0; f < field_count; ++f) {
        const auto& part = score.fields[f];
        if (part.level == missing) continue;
        out += fmt::format("; {} {} {:.2f} {:.2f}", field_names[f],
                           level_names[f][static_cast<std::size_t>(part.level)], part.weight, part.household);
    }
    return out;
}

}  // namespace causeway::patient_index
