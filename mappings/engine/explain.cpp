#include "mappings/engine/explain.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "mappings/engine/inspect.hpp"
#include "mappings/engine/library.hpp"

namespace causeway::mappings {
namespace {

std::string where(const Plan& plan, std::uint32_t id) {
    const LineText& line = plan.lines[id];
    std::string out = line.file + ":" + std::to_string(line.line);
    if (!line.site.empty()) out += " (site " + line.site + ")";
    return out;
}

std::string statement_text(const Plan& plan, const PlannedStatement& s) {
    const LineText& line = plan.lines[s.id()];
    std::string out = "  " + line.text;
    if (!s.branches.empty()) out += "  (in choose)";
    return out + "\n      " + line.owner + ", " + where(plan, s.id()) + "\n";
}

std::string table_text(const TablePlan& table) {
    std::string out = "table " + table.name;
    if (!table.system.empty()) out += " (" + table.system + ")";
    out += "\n";
    std::set<std::pair<std::string, std::string>> back;
    for (const auto* rows : {&table.backward, &table.backward_patterns})
        for (const auto& row : *rows) back.insert({row.to, row.from});
    for (const auto* rows : {&table.forward, &table.forward_patterns})
        for (const auto& row : *rows) {
            const bool both = back.erase({row.from, row.to}) != 0;
            out += "  " + row.from + (both ? " <-> " : " -> ") + row.to +
                   (row.display.empty() ? "" : "  " + row.display) + "\n";
        }
    for (const auto& [v2, fhir] : back) out += "  " + v2 + " <- " + fhir + "\n";
    return out;
}

/// What a line goes through, one level down.
std::string ways(const std::vector<const Line*>& lines, const Plan& plan) {
    std::map<std::string, const TypePlan*> types;  // in the order of their names: the same every time
    std::map<std::string, const TablePlan*> tables;
    std::map<std::string_view, const Codec*> codecs;
    for (const Line* line : lines) {
        if (const auto* type = line->conversion.type; type && line->conversion.kind == Conversion::Kind::type)
            types.emplace(type->name + " " + type->fhir_type, type);
        if (const auto* table = line->conversion.table) tables.emplace(table->name, table);
        if (const auto* codec = line->conversion.codec) codecs.emplace(codec->name, codec);
    }
    std::string out;
    for (const auto& [name, table] : tables) out += table_text(*table);
    for (const auto& [name, codec] : codecs)
        out += "codec " + std::string(name) + ": " + std::string(codec->does) + "\n";
    for (const auto& entry : types) {
        const TypePlan* type = entry.second;
        out += "type " + type->name + " <-> " + type->fhir_type + "\n";
        for_each_statement(plan, [&](const PlannedStatement& s) {
            if (s.type == type) out += "  " + plan.lines[s.id()].text + "  (" + where(plan, s.id()) + ")\n";
        });
    }
    return out;
}

bool below(std::string_view path, std::string_view wanted) {
    return path.substr(0, wanted.size()) == wanted &&
           (path.size() == wanted.size() || path[wanted.size()] == '.' || path[wanted.size()] == '[');
}

std::string uses_of(const Plan& plan, const std::set<const MapPlan*>& maps) {
    std::string out;
    for (const auto& message : plan.messages) {
        std::set<std::string> here;
        for_each_clause(*message, [&](const ItemPlan& item, const ClausePlan& clause) {
            for (const MapPlan* map : clause.maps)
                if (maps.contains(map))
                    here.insert(item.name + " " + plan.lines[clause.id].text + " with " + map->name);
        });
        for (const auto& text : here) out += "  " + message->name + ": " + text + "\n";
    }
    return out.empty() ? out : "used in\n" + out;
}

std::string explain_lines(const Plan& plan, const std::function<bool(const PlannedStatement&)>& about) {
    std::string out;
    std::vector<const Line*> lines;
    std::set<const MapPlan*> maps;
    for_each_statement(plan, [&](const PlannedStatement& s) {
        if (!about(s)) return;
        out += statement_text(plan, s);
        if (s.line) lines.push_back(s.line);
        if (s.map) maps.insert(s.map);
    });
    if (out.empty()) return out;
    return out + ways(lines, plan) + uses_of(plan, maps);
}

}  // namespace

std::string explain(const Plan& plan, std::string_view place) {
    std::string out;
    // A field or component: "PID-3.4", "CX.4".
    const bool field = place.size() > 4 && place[3] == '-';
    out += explain_lines(plan, [&](const PlannedStatement& s) {
        const auto reads = [&](const V2Ref& ref) {
            V2Ref plain = ref;
            plain.at.repetition = 1;
            plain.all_segments = false;
            const std::string text = place_text(
                plain, s.type ? std::string_view(s.type->name).substr(0, s.type->name.find('.')) : std::string_view());
            return below(text, place) || (field && below(place, text));
        };
        if (s.assignment && s.assignment->to_v2) return reads(s.assignment->v2);
        return s.line && std::any_of(s.line->sources.begin(), s.line->sources.end(), reads);
    });
    if (!out.empty()) return out;
    // An element: "Patient.identifier", "Identifier.system".
    out += explain_lines(plan, [&](const PlannedStatement& s) {
        if (s.assignment && s.assignment->to_v2) return false;
        const Path& path = s.line ? s.line->target : s.assignment->fhir;
        std::string whole = s.fhir_type();
        for (const Step& step : path.steps) {
            whole += "." + step.name;
            if (below(whole, place)) return true;
            if (!step.crossing.empty()) whole = step.crossing.front();
        }
        return false;
    });
    if (!out.empty()) return out;
    // A declaration's name.
    for (const auto& table : plan.tables)
        if (table->name == place) out += where(plan, table->id) + "\n" + table_text(*table);
    out +=
        explain_lines(plan, [&](const PlannedStatement& s) { return (s.map ? s.map->name : s.type->name) == place; });
    for (const auto& message : plan.messages) {
        if (message->name != place) continue;
        for_each_clause(*message, [&](const ItemPlan& item, const ClausePlan& clause) {
            if (clause.id == 0) return;
            out += "  " + item.name + " " + plan.lines[clause.id].text;
            for (const MapPlan* map : clause.maps) out += (map == clause.maps.front() ? " with " : " + ") + map->name;
            out += "  (" + where(plan, clause.id) + ")\n";
        });
    }
    return out;
}

std::string nearest_place(const Plan& plan, std::string_view place) {
    std::set<std::string> names;
    for (const auto& table : plan.tables) names.insert(table->name);
    for (const auto& message : plan.messages) names.insert(message->name);
    for_each_statement(plan, [&](const PlannedStatement& s) {
        names.insert(s.map ? s.map->name : s.type->name);
        if (!s.line) return;
        std::string whole = s.fhir_type();
        for (const Step& step : s.line->target.steps) {
            names.insert(whole += "." + step.name);
            if (!step.crossing.empty()) whole = step.crossing.front();
        }
    });
    return nearest(place, {names.begin(), names.end()});
}

std::string print_lines(const Plan& plan) {
    std::string out, owner;
    for (std::size_t i = 1; i < plan.lines.size(); ++i) {
        const LineText& line = plan.lines[i];
        if (line.owner != owner) out += (owner = line.owner) + "\n";
        out += "  " + line.text + "  (" + where(plan, static_cast<std::uint32_t>(i)) + ")\n";
    }
    return out;
}

std::string print_difference(const Plan& base, const Plan& plan) {
    const auto entries = [](const Plan& of) {
        std::map<std::string, std::map<std::string, std::string>> out;  // owner -> text -> place
        for (std::size_t i = 1; i < of.lines.size(); ++i)
            out[of.lines[i].owner].emplace(of.lines[i].text, where(of, static_cast<std::uint32_t>(i)));
        for (const auto& table : of.tables) {
            const std::string text = table_text(*table);
            for (std::size_t at = text.find('\n') + 1; at < text.size();) {
                const auto end = text.find('\n', at);
                out["table " + table->name].emplace(text.substr(at + 2, end - at - 2), "");
                at = end + 1;
            }
        }
        for (const auto& [name, value] : of.settings) out["settings"].emplace(name + " = " + value, "");
        return out;
    };
    const auto before = entries(base), after = entries(plan);
    std::set<std::string> owners;
    for (const auto& [owner, lines] : before) owners.insert(owner);
    for (const auto& [owner, lines] : after) owners.insert(owner);
    std::string out;
    for (const auto& owner : owners) {
        const auto a = before.find(owner), b = after.find(owner);
        std::string part;
        if (a != before.end())
            for (const auto& [text, place] : a->second)
                if (b == after.end() || !b->second.contains(text))
                    part += "- " + text + (place.empty() ? "" : "  (" + place + ")") + "\n";
        if (b != after.end())
            for (const auto& [text, place] : b->second)
                if (a == before.end() || !a->second.contains(text))
                    part += "+ " + text + (place.empty() ? "" : "  (" + place + ")") + "\n";
        if (!part.empty()) out += owner + "\n" + part;
    }
    return out;
}

}  // namespace causeway::mappings
