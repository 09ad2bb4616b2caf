#include "hl7v2/dictionary/describe.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <vector>

#include "hl7v2/path.hpp"

namespace causeway::hl7v2::dictionary {

namespace {

/// Rows of cells, each column as wide as its widest cell.
class Columns {
public:
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    void write(std::string& out, std::string_view indent = "  ") const {
        std::vector<std::size_t> widths;
        for (const auto& row : rows_) {
            widths.resize(std::max(widths.size(), row.size()));
            for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
        }
        for (const auto& row : rows_) {
            std::string line(indent);
            for (std::size_t i = 0; i < row.size(); ++i) {
                line += row[i];
                if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
            }
            while (!line.empty() && line.back() == ' ') line.pop_back();
            out.append(line).push_back('\n');
        }
    }

private:
    std::vector<std::vector<std::string>> rows_;
};

std::string_view word(Usage usage) noexcept {
    switch (usage) {
        case Usage::optional:
            return "optional";
        case Usage::required:
            return "required";
        case Usage::conditional:
            return "conditional";
        case Usage::backward_compatible:
            return "for backward compatibility";
        case Usage::withdrawn:
            return "withdrawn";
    }
    return "";
}

std::string table_text(std::uint16_t number) {
    std::string text = std::to_string(number);
    return text.insert(0, 4 - std::min<std::size_t>(text.size(), 4), '0');
}

/// `2.3-2.6, 2.8-2.8.2`: the versions for which `has` holds.
std::string version_ranges(const std::function<bool(Version)>& has) {
    std::string out;
    const auto all = versions();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!has(all[i])) continue;
        std::size_t last = i;
        while (last + 1 < all.size() && has(all[last + 1])) ++last;
        if (!out.empty()) out += ", ";
        out += all[i].text();
        if (last != i) out.append("-").append(all[last].text());
        i = last;
    }
    return out;
}

std::vector<std::string> element_cells(std::string number, const Element& element) {
    return {std::move(number),
            std::string(1, letter(element.usage)),
            element.repetitions_max == 1   ? "1"
            : element.repetitions_max == 0 ? "*"
                                           : std::to_string(element.repetitions_max),
            element.length_max == 0 ? "-" : std::to_string(element.length_max),
            std::string(element.datatype),
            element.table == 0 ? "-" : table_text(element.table),
            std::string(element.name)};
}

std::vector<std::string> element_head(std::string number) {
    return {std::move(number), "use", "rep", "length", "type", "table", "name"};
}

class Description {
public:
    explicit Description(Version version) noexcept : version_(version) {}
    std::string take() { return std::move(out_); }

    bool list(std::string_view what) {
        Columns columns;
        if (what == "versions") {
            for (const Version version : versions()) columns.row({std::string(version.text())});
        } else if (what == "segments") {
            for (std::size_t i = 0; i < version_.segment_count(); ++i) {
                const Segment segment = version_.segment_at(i);
                columns.row({std::string(segment.name()), std::string(segment.title())});
            }
        } else if (what == "datatypes") {
            for (std::size_t i = 0; i < version_.datatype_count(); ++i) {
                const Datatype type = version_.datatype_at(i);
                columns.row({std::string(type.name()), std::string(type.title())});
            }
        } else if (what == "structures") {
            for (std::size_t i = 0; i < version_.structure_count(); ++i) {
                const Structure structure = version_.structure_at(i);
                columns.row({std::string(structure.name()), messages_of(structure.name())});
            }
        } else if (what == "events") {
            for (std::size_t i = 0; i < Version::event_count(); ++i) {
                if (const auto event = version_.event_at(i)) columns.row(event_cells(*event));
            }
        } else if (what == "tables") {
            for (std::size_t i = 0; i < Version::table_count(); ++i) {
                const Table table = version_.table_at(i);
                columns.row({table_text(table.number()), table.hl7_defined() ? "HL7" : "user",
                             std::to_string(table.size()), std::string(table.title())});
            }
        } else {
            return false;
        }
        columns.write(out_, "");
        return true;
    }

    /// PID, PID-3, PID-3.4, PID-3.4.1
    bool path(std::string_view text) {
        const auto path = Path::parse(text);
        if (!path) return false;
        const auto segment = version_.segment(path->segment());
        if (!segment) return false;
        if (path->position.field == 0) return describe_segment(*segment);
        const Element field = segment->field(path->position.field);
        if (field.name.empty() && field.datatype.empty()) return false;
        const std::string name = std::string(segment->name()) + "-" + std::to_string(path->position.field);
        if (path->position.component == 0) {
            const auto has = [&](Version version) {
                const auto other = version.segment(segment->name());
                return other && !other->field(path->position.field).datatype.empty();
            };
            return describe_element(name, field, std::string(segment->title()), version_ranges(has));
        }
        const std::string above = name + " " + std::string(field.name);
        return describe_component(name, field.datatype, path->position.component, path->position.subcomponent, above);
    }

    /// CX, CX.4, CX.4.1
    bool datatype(std::string_view text) {
        const std::size_t dot = std::min(text.find('.'), text.size());
        const auto type = version_.datatype(text.substr(0, dot));
        if (!type) return false;
        if (dot == text.size()) return describe_datatype(*type);
        std::uint16_t numbers[2] = {0, 0};
        const char* at = text.data() + dot;
        const char* const end = text.data() + text.size();
        for (std::uint16_t& number : numbers) {
            if (at == end) break;
            if (*at != '.') return false;
            const auto [stop, error] = std::from_chars(at + 1, end, number);
            if (error != std::errc{} || number == 0) return false;
            at = stop;
        }
        if (at != end) return false;
        return describe_component(std::string(type->name()), type->name(), numbers[0], numbers[1],
                                  std::string(type->title()));
    }

    /// 203, 0203, HL70203
    bool table(std::string_view text) {
        if (text.starts_with("HL7")) text.remove_prefix(3);
        std::uint16_t number = 0;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || stop != text.data() + text.size()) return false;
        const auto table = version_.table(number);
        if (!table) return false;
        describe_table(*table);
        return true;
    }

    bool structure(std::string_view text) {
        const auto structure = version_.structure(text);
        if (!structure) return false;
        head(text, {}, version_ranges([text](Version version) { return version.structure(text).has_value(); }));
        if (const std::string messages = messages_of(text); !messages.empty()) {
            out_.append("  messages ").append(messages).push_back('\n');
        }
        for (std::size_t i = 0; i < structure->root().size(); ++i) describe_item(structure->root().child(i), 1);
        return true;
    }

    /// ADT^A08, ADT_A08 where that is no structure, or A08
    bool event(std::string_view text) {
        const std::string_view type = text.size() == 7 ? text.substr(0, 3) : std::string_view{};
        const std::string_view code = text.size() == 7 ? text.substr(4) : text;
        if (text.size() != 3 && (text.size() != 7 || (text[3] != '^' && text[3] != '_'))) return false;
        bool found = false;
        for (std::size_t i = 0; i < Version::event_count(); ++i) {
            const auto event = version_.event_at(i);
            if (!event || event->event() != code || (!type.empty() && event->type() != type)) continue;
            Columns columns;
            columns.row(event_cells(*event));
            columns.write(out_, "");
            if (!type.empty() && !structure(event->structure)) return false;
            found = true;
        }
        return found;
    }

private:
    void head(std::string_view name, std::string_view title, std::string_view in_versions) {
        out_.append(name);
        if (!title.empty()) out_.append("  ").append(title);
        out_.append("  (").append(version_.text()).append(")\n");
        out_.append("  in versions ").append(in_versions).push_back('\n');
    }

    std::vector<std::string> event_cells(const Event& event) const {
        std::string title;
        if (const auto table = version_.table(3)) title = table->display(event.event()).value_or("");
        return {std::string(event.type()) + "^" + std::string(event.event()), std::string(event.structure), title};
    }

    std::string messages_of(std::string_view structure) const {
        std::string out;
        for (std::size_t i = 0; i < Version::event_count(); ++i) {
            const auto event = version_.event_at(i);
            if (!event || event->structure != structure) continue;
            if (!out.empty()) out += ' ';
            out.append(event->type()).append("^").append(event->event());
        }
        return out;
    }

    bool describe_segment(const Segment& segment) {
        const auto has = [&](Version version) { return version.segment(segment.name()).has_value(); };
        head(segment.name(), segment.title(), version_ranges(has));
        Columns columns;
        columns.row(element_head("field"));
        for (std::size_t n = 1; n <= segment.size(); ++n) {
            columns.row(element_cells(std::string(segment.name()) + "-" + std::to_string(n), segment.field(n)));
        }
        columns.write(out_);
        return true;
    }

    bool describe_datatype(const Datatype& type) {
        const auto has = [&](Version version) { return version.datatype(type.name()).has_value(); };
        head(type.name(), type.title(), version_ranges(has));
        components_of(type);
        return true;
    }

    void components_of(const Datatype& type) {
        if (type.primitive()) return;
        Columns columns;
        columns.row(element_head("component"));
        for (std::size_t n = 1; n <= type.size(); ++n) {
            columns.row(element_cells(std::string(type.name()) + "." + std::to_string(n), type.component(n)));
        }
        columns.write(out_);
    }

    bool describe_component(std::string name, std::string_view datatype, std::uint16_t component,
                            std::uint16_t subcomponent, std::string above) {
        const auto type = version_.datatype(datatype);
        if (!type) return false;
        name += "." + std::to_string(component);
        Element element = type->component(component);
        // the first component of a primitive type is the value itself
        if (element.datatype.empty() && type->primitive() && component == 1) {
            element = {type->title(), type->name(), Usage::optional, 1, 0, 0};
        }
        if (element.datatype.empty()) return false;
        if (subcomponent != 0) {
            above = name + " " + std::string(element.name);
            return describe_component(name, element.datatype, subcomponent, 0, above);
        }
        const auto has = [&](Version version) {
            const auto other = version.datatype(datatype);
            return other && !other->component(component).datatype.empty();
        };
        return describe_element(name, element, above, version_ranges(has));
    }

    bool describe_element(std::string_view name, const Element& element, const std::string& above,
                          const std::string& in_versions) {
        head(name, element.name, in_versions);
        Columns columns;
        columns.row({"in", above});
        const auto type = version_.datatype(element.datatype);
        columns.row({"type", std::string(element.datatype) + (type ? "  " + std::string(type->title()) : "")});
        columns.row({"usage", std::string(1, letter(element.usage)) + "  " + std::string(word(element.usage))});
        columns.row({"repeats", element.repetitions_max == 1   ? "no"
                                : element.repetitions_max == 0 ? "without limit"
                                                               : "up to " + std::to_string(element.repetitions_max)});
        if (element.length_max != 0) columns.row({"length", "up to " + std::to_string(element.length_max)});
        columns.write(out_);
        if (type) components_of(*type);
        if (element.table != 0) {
            if (const auto table = version_.table(element.table)) describe_table(*table);
        }
        return true;
    }

    void describe_table(const Table& table) {
        out_.append("  table ").append(table_text(table.number())).append("  ").append(table.title());
        out_.append(table.hl7_defined() ? "  (HL7-defined)\n" : "  (user-defined: suggested values)\n");
        Columns columns;
        for (std::size_t i = 0; i < table.size(); ++i) {
            columns.row({std::string(table[i].code), std::string(table[i].display)});
        }
        columns.write(out_, "    ");
    }

    static constexpr std::size_t title_column = 28;

    void describe_item(const Item& item, std::size_t depth) {
        const std::string before = std::string(item.required() ? "" : "[") + (item.repeats() ? "{" : "");
        const std::string after = std::string(item.repeats() ? "}" : "") + (item.required() ? "" : "]");
        out_.append(depth * 2, ' ').append(before);
        if (item.kind() == Item::Kind::segment) {
            out_.append(item.name()).append(after);
            if (const auto segment = version_.segment(item.name())) {
                const std::size_t width = depth * 2 + before.size() + item.name().size() + after.size();
                out_.append(width < title_column ? title_column - width : 1, ' ').append(segment->title());
            }
            out_.push_back('\n');
            return;
        }
        out_.append(item.kind() == Item::Kind::choice ? "one of" : item.name().empty() ? "any segment" : item.name());
        out_.push_back('\n');
        for (std::size_t i = 0; i < item.size(); ++i) describe_item(item.child(i), depth + 1);
        if (!after.empty()) out_.append(depth * 2, ' ').append(after).push_back('\n');
    }

    Version version_;
    std::string out_;
};

}  // namespace

std::string describe(Version version, std::string_view what) {
    Description description(version);
    if (description.list(what) || description.path(what) || description.structure(what) || description.event(what) ||
        description.datatype(what) || description.table(what)) {
        return description.take();
    }
    return {};
}

}  // namespace causeway::hl7v2::dictionary
