#include "gateway/patient_index/match/model.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>
#include <vector>

#include "gateway/patient_index/match/tables_data.hpp"

namespace causeway::patient_index::match {
namespace {

constexpr std::string_view first_line = "causeway match model 1";

std::vector<std::string_view> cells_of(std::string_view line) {
    std::vector<std::string_view> out;
    while (!line.empty()) {
        const auto start = line.find_first_not_of(" \t\r");
        if (start == std::string_view::npos) break;
        line.remove_prefix(start);
        const auto end = std::min(line.find_first_of(" \t\r"), line.size());
        out.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
    return out;
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

template <class Names>
std::optional<std::size_t> index_of(const Names& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (name.empty() || found == names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names.begin());
}

/// The readers of one kind of line: an empty string, or what is wrong.
std::string read_level(Model& model, const std::vector<std::string_view>& cells) {
    if (cells.size() != 6) return "a level has a field, a name and three probabilities";
    const auto field = index_of(field_names, cells[1]);
    if (!field) return "unknown field";
    const auto level = index_of(level_names[*field], cells[2]);
    if (!level) return "unknown level of this field";
    Probabilities row;
    double* const into[] = {&row.m, &row.u, &row.h};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto value = number(cells[i + 3]);
        if (!value || !(*value > 0) || *value > 1) return "a probability is above 0 and at most 1";
        *into[i] = *value;
    }
    model.fields[*field].levels[*level] = row;
    return {};
}

std::string read_cap(Model& model, const std::vector<std::string_view>& cells) {
    if (cells.size() != 4) return "a cap has a field, a lower and an upper bound";
    const auto field = index_of(field_names, cells[1]);
    if (!field) return "unknown field";
    for (const std::size_t i : {2U, 3U}) {
        if (cells[i] == "-") continue;
        const auto value = number(cells[i]);
        if (!value) return "a bound is a number of bits, or -";
        (i == 2 ? model.fields[*field].lower : model.fields[*field].upper) = *value;
    }
    return {};
}

std::string read_threshold(Model& model, const std::vector<std::string_view>& cells) {
    const auto value = cells.size() == 3 ? number(cells[2]) : std::nullopt;
    if (!value) return "a threshold has a name and a number of bits";
    if (cells[1] == "review")
        model.review = *value;
    else if (cells[1] == "probable")
        model.probable = *value;
    else if (cells[1] == "automatic")
        model.automatic = *value;
    else if (cells[1] == "score_route")
        model.score_route = *value;
    else
        return "unknown threshold";
    return {};
}

std::string read_line(Model& model, const std::vector<std::string_view>& cells) {
    if (cells[0] == "level") return read_level(model, cells);
    if (cells[0] == "cap") return read_cap(model, cells);
    if (cells[0] == "threshold") return read_threshold(model, cells);
    if (cells.size() != 2) return "unknown line";
    if (cells[0] == "version") {
        model.version = cells[1];
        return {};
    }
    const auto value = number(cells[1]);
    if (cells[0] != "match_rate" && cells[0] != "household_rate") return "unknown line";
    if (!value || *value < 0 || *value >= 1) return "a rate is at least 0 and below 1";
    (cells[0] == "match_rate" ? model.match_rate : model.household_rate) = *value;
    return {};
}

void normalise_rows(Model& model) {
    for (std::size_t f = 0; f < field_count; ++f) {
        if (static_cast<Field>(f) == Field::record_number) continue;
        Probabilities sum;
        for (const auto& row : model.fields[f].levels) {
            sum.m += row.m;
            sum.u += row.u;
            sum.h += row.h;
        }
        for (auto& row : model.fields[f].levels) {
            row.m /= sum.m;
            row.u /= sum.u;
            row.h /= sum.h;
        }
    }
}

}  // namespace

std::variant<Model, ModelError> read_model(std::string_view text) {
    Model model;
    std::size_t line_number = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++line_number;
        if (line_number == 1) {
            if (line != first_line) return ModelError{1, fmt::format("the first line is not '{}'", first_line)};
            continue;
        }
        const auto cells = cells_of(line.substr(0, line.find('#')));
        if (cells.empty()) continue;
        if (auto fault = read_line(model, cells); !fault.empty()) return ModelError{line_number, std::move(fault)};
    }
    if (model.version.empty()) return ModelError{line_number, "the model has no version"};
    for (std::size_t f = 0; f < field_count; ++f)
        for (std::size_t l = 0; l < level_count(static_cast<Field>(f)); ++l)
            if (!(model.fields[f].levels[l].m > 0))
                return ModelError{line_number,
                                  fmt::format("level {} {} is missing", field_names[f], level_names[f][l])};
    normalise_rows(model);
    return model;
}

std::string write_model(const Model& model) {
    std::string out(first_line);
    out += fmt::format("\nversion {}\nmatch_rate {}\nhousehold_rate {}\n", model.version, model.match_rate,
                       model.household_rate);
    out += fmt::format("threshold review {}\nthreshold probable {}\nthreshold automatic {}\nthreshold score_route {}\n",
                       model.review, model.probable, model.automatic, model.score_route);
    const auto bound = [](double value) {
        return value > -1e9 && value < 1e9 ? fmt::format("{}", value) : std::string("-");
    };
    for (std::size_t f = 0; f < field_count; ++f)
        out +=
            fmt::format("cap {} {} {}\n", field_names[f], bound(model.fields[f].lower), bound(model.fields[f].upper));
    for (std::size_t f = 0; f < field_count; ++f)
        for (std::size_t l = 0; l < level_count(static_cast<Field>(f)); ++l) {
            const auto& row = model.fields[f].levels[l];
            out += fmt::format("level {} {} {:.6g} {:.6g} {:.6g}\n", field_names[f], level_names[f][l], row.m, row.u,
                               row.h);
        }
    return out;
}

const Model& shipped_model() {
    static const Model model = [] {
        for (const auto& file : embedded::match_tables())
            if (file.path.ends_with("shipped.model")) {
                auto read = read_model(file.bytes);
                assert(std::holds_alternative<Model>(read));
                return std::get<Model>(std::move(read));
            }
        assert(false);
        return Model{};
    }();
    return model;
}

}  // namespace causeway::patient_index::match
