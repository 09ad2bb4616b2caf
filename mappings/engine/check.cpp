#include "mappings/engine/check.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "mappings/engine/inspect.hpp"

namespace causeway::mappings {
namespace {

class Checker {
public:
    explicit Checker(const Plan& plan) : plan_(plan) {}

    Diagnostics run() {
        for (const auto& map : plan_.maps) block(map->block, map->name);
        for (const auto& type : plan_.types) block(type->block, type->name);
        find_ways_back();
        find_overlaps();
        find_unused();
        std::stable_sort(out_.begin(), out_.end(), [](const Diagnostic& a, const Diagnostic& b) {
            return std::tie(a.file, a.line, a.code) < std::tie(b.file, b.line, b.code);
        });
        return std::move(out_);
    }

private:
    void say(const char* code, std::uint32_t line, std::string text) {
        const LineText& at = plan_.lines[line];
        Diagnostic d{code, at.file, at.line, at.column, std::move(text)};
        const bool said = std::any_of(out_.begin(), out_.end(), [&](const Diagnostic& old) {
            return old.code == d.code && old.file == d.file && old.line == d.line && old.text == d.text;
        });
        if (!said) out_.push_back(std::move(d));
    }

    static bool certain(const Condition& condition) { return condition.kind == Condition::Kind::yes; }

    static const Line* first_line(const Block& block) {
        for (const auto& statement : block.statements)
            if (const auto* line = std::get_if<Line>(&statement)) return line;
        return nullptr;
    }

    /// A scalar that a statement above always fills is never written by one below.
    void block(const Block& block, const std::string& owner) {
        std::map<std::string, std::uint32_t> constants;         // target -> line that always sets it
        std::map<std::string, std::vector<const Line*>> lines;  // target -> lines above
        for (const auto& statement : block.statements) {
            if (const auto* assignment = std::get_if<Assignment>(&statement)) {
                if (!assignment->to_v2 && !assignment->is_default && certain(assignment->if_) &&
                    assignment->fhir.kind != FhirKind::complex)
                    constants.emplace(assignment->fhir.text, assignment->id);
                continue;
            }
            if (const auto* choose = std::get_if<Choose>(&statement)) {
                branches(*choose, owner);
                continue;
            }
            const Line& line = std::get<Line>(statement);
            if (!line.forward || line.target.iterates >= 0 || line.target.kind == FhirKind::complex) continue;
            if (const auto at = constants.find(line.target.text); at != constants.end() && !line.backward)
                say("W171", line.id,
                    "the line never writes: line " + std::to_string(plan_.lines[at->second].line) + " always sets " +
                        line.target.text);
            for (const Line* above : lines[line.target.text]) {
                if (!certain(above->if_)) continue;
                const bool covered = std::all_of(line.sources.begin(), line.sources.end(), [&](const V2Ref& source) {
                    return std::any_of(above->sources.begin(), above->sources.end(),
                                       [&](const V2Ref& other) { return same_place(source, other); });
                });
                if (!covered || line.mirror || (line.backward && !above->backward)) continue;
                say("W171", line.id,
                    "the line never writes: line " + std::to_string(plan_.lines[above->id].line) +
                        " reads the same place and writes " + line.target.text);
                break;
            }
            lines[line.target.text].push_back(&line);
        }
    }

    static bool same_place(const V2Ref& a, const V2Ref& b) {
        return a.kind == b.kind && a.segment == b.segment && a.at == b.at && a.all_segments == b.all_segments &&
               a.segment_repetition == b.segment_repetition;
    }

    void branches(const Choose& choose, const std::string& owner) {
        bool always = false;
        std::vector<const Choose::Branch*> above;
        for (const auto& branch : choose.branches) {
            const Line* first = first_line(branch.block);
            block(branch.block, owner);
            if (!first) {
                always |= certain(branch.if_) && certain(branch.where);
                continue;
            }
            if (always) say("W171", first->id, "the branch is never chosen: one above it has no condition");
            for (const auto* other : above) {
                const Line* leads = first_line(other->block);
                if (!leads || leads->target.text != first->target.text || !certain(other->where)) continue;
                if (!leads->backward || !first->backward || !asserts_only(other->if_)) continue;
                // A branch that only sets constants on the v2 side takes every element the next could take.
                if (leads->conversion.kind == Conversion::Kind::table ||
                    leads->conversion.kind == Conversion::Kind::codec)
                    continue;
                say("W211", first->id,
                    "going back, line " + std::to_string(plan_.lines[leads->id].line) +
                        " is always chosen before this branch: give one of them a 'where'");
                break;
            }
            above.push_back(&branch);
            always |= certain(branch.if_) && certain(branch.where);
        }
    }

    /// Conditions that going back asserts instead of testing: they never fail on a message built from nothing.
    static bool asserts_only(const Condition& condition) {
        if (condition.kind == Condition::Kind::yes) return true;
        if (condition.kind == Condition::Kind::all)
            return std::all_of(condition.parts.begin(), condition.parts.end(), asserts_only);
        return condition.kind == Condition::Kind::v2 && (condition.test == Test::equal || condition.test == Test::in);
    }

    /// For each map, the maps that run beside it in every message it is used in: what it reads, one of them may write.
    std::map<std::string, std::set<std::string>> companions() const {
        std::map<std::string, std::set<std::string>> out;
        for (const auto& message : plan_.messages) {
            std::set<std::string> here;
            for_each_clause(*message, [&](const ItemPlan&, const ClausePlan& clause) {
                for (const MapPlan* map : clause.maps)
                    if (clause.backward) here.insert(map->name);
            });
            for_each_clause(*message, [&](const ItemPlan&, const ClausePlan& clause) {
                for (const MapPlan* map : clause.maps) {
                    const auto [at, fresh] = out.emplace(map->name, here);
                    if (!fresh)
                        std::erase_if(at->second, [&](const std::string& name) { return !here.contains(name); });
                }
            });
        }
        return out;
    }

    /// Fields that a map reads and no line writes.
    void find_ways_back() {
        std::map<std::string, std::vector<std::pair<std::uint32_t, const Line*>>> forward;  // owner + place
        std::set<std::string> back;
        for_each_statement(plan_, [&](const PlannedStatement& s) {
            const std::string owner =
                s.map ? "map " + s.map->name : "type " + s.type->name + " <-> " + s.type->fhir_type;
            if (s.assignment) {
                if (s.assignment->to_v2) back.insert(owner + " " + place_of(s.assignment->v2, s));
                return;
            }
            for (const V2Ref& source : s.line->sources) {
                if (source.kind == V2Ref::Kind::event || source.kind == V2Ref::Kind::version) continue;
                const std::string place = owner + " " + place_of(source, s);
                if (s.line->backward)
                    back.insert(place);
                else if (s.line->forward && !s.line->one_way)
                    forward[place].emplace_back(s.line->id, s.line);
            }
        });
        const auto is_written = [&](const std::string& place) {
            // Written as a part (PID-5.1) or as a whole (PID-5) is a way back as well.
            return back.contains(place) || std::any_of(back.begin(), back.end(), [&](const std::string& other) {
                       return other.substr(0, place.size() + 1) == place + "." ||
                              place.substr(0, other.size() + 1) == other + ".";
                   });
        };
        const auto beside = companions();
        for (const auto& [place, lines] : forward) {
            if (is_written_by_engine(place) || is_written(place)) continue;
            const std::string field = place.substr(place.rfind(' '));
            const auto others =
                place.starts_with("map ") ? beside.find(place.substr(4, place.rfind(' ') - 4)) : beside.end();
            if (others == beside.end() ||
                std::none_of(others->second.begin(), others->second.end(),
                             [&](const std::string& map) { return is_written("map " + map + field); }))
                say("W230", lines.front().first,
                    "there is no way back into " + place.substr(place.rfind(' ') + 1) + ": only -> lines read it");
        }
    }

    /// Fields of MSH that are written whatever the maps say: message type, time and control id.
    static bool is_written_by_engine(std::string_view place) {
        const auto field = place.substr(place.rfind(' ') + 1);
        return field == "MSH-7" || field == "MSH-9" || field == "MSH-10";
    }

    static std::string place_of(const V2Ref& ref, const PlannedStatement& s) {
        V2Ref plain = ref;
        plain.at.repetition = 1;
        plain.all_segments = false;
        return place_text(
            plain, s.type ? std::string_view(s.type->name).substr(0, s.type->name.find('.')) : std::string_view());
    }

    /// Two slices of one array that one element can satisfy: which of them it belongs to is decided by order.
    void find_overlaps() {
        std::map<std::string, std::vector<std::pair<const Step*, std::uint32_t>>> slices;
        for_each_statement(plan_, [&](const PlannedStatement& s) {
            if (!s.line || !s.line->backward) return;  // only what reads elements has to tell them apart
            for (const Step& step : s.line->target.steps)
                if (!step.where.empty() && step.index != Step::Index::only && step.crossing.empty())
                    slices[(s.map ? s.map->name : s.type->name + ">" + s.type->fhir_type) + "|" + step.owner + "." +
                           step.name]
                        .emplace_back(&step, s.line->id);
        });
        for (const auto& [place, all] : slices) {
            for (std::size_t i = 0; i < all.size(); ++i)
                for (std::size_t j = i + 1; j < all.size(); ++j) {
                    if (same_tests(*all[i].first, *all[j].first) || disjoint(*all[i].first, *all[j].first)) continue;
                    say("W170", all[j].second,
                        "an element of " + place.substr(place.find('|') + 1) + " can be this slice and that of line " +
                            std::to_string(plan_.lines[all[i].second].line) +
                            ": add a constraint that tells them apart");
                }
        }
    }

    static std::string value_text(const Constant& value) { return value.system + "#" + value.text; }
    static bool same_tests(const Step& a, const Step& b) {
        if (a.where.size() != b.where.size()) return false;
        for (std::size_t i = 0; i < a.where.size(); ++i) {
            const SliceTest &x = a.where[i], &y = b.where[i];
            if (x.path->text != y.path->text || x.test != y.test || x.values.size() != y.values.size()) return false;
            for (std::size_t v = 0; v < x.values.size(); ++v)
                if (value_text(x.values[v]) != value_text(y.values[v])) return false;
        }
        return true;
    }
    static bool disjoint(const Step& a, const Step& b) {
        for (const SliceTest& x : a.where)
            for (const SliceTest& y : b.where) {
                if (x.path->text != y.path->text) continue;
                const auto has = [](const SliceTest& t, const Constant& v) {
                    return std::any_of(t.values.begin(), t.values.end(),
                                       [&](const Constant& w) { return value_text(w) == value_text(v); });
                };
                const bool is_x = x.test == Test::equal || x.test == Test::in,
                           is_y = y.test == Test::equal || y.test == Test::in;
                const bool not_x = x.test == Test::unequal || x.test == Test::not_in,
                           not_y = y.test == Test::unequal || y.test == Test::not_in;
                if (is_x && is_y &&
                    std::none_of(x.values.begin(), x.values.end(), [&](const Constant& v) { return has(y, v); }))
                    return true;
                if (is_x && not_y &&
                    std::all_of(x.values.begin(), x.values.end(), [&](const Constant& v) { return has(y, v); }))
                    return true;
                if (not_x && is_y &&
                    std::all_of(y.values.begin(), y.values.end(), [&](const Constant& v) { return has(x, v); }))
                    return true;
                if ((x.test == Test::absent) != (y.test == Test::absent) &&
                    (x.test == Test::absent || y.test == Test::absent))
                    return true;
            }
        return false;
    }

    void find_unused() {
        std::set<const void*> used;
        for (const auto& message : plan_.messages)
            for_each_clause(*message, [&](const ItemPlan&, const ClausePlan& clause) {
                for (const MapPlan* map : clause.maps) used.insert(map);
            });
        for (const auto& map : plan_.maps) {
            if (used.contains(map.get())) continue;
            const Line* line = first_line(map->block);
            if (line) say("W231", line->id, "no message uses map " + map->name);
        }
        std::set<const TablePlan*> tables;
        for_each_statement(plan_, [&](const PlannedStatement& s) {
            if (s.line && s.line->conversion.table) tables.insert(s.line->conversion.table);
        });
        for (const auto& table : plan_.tables)
            if (!tables.contains(table.get())) say("W231", table->id, "no line uses table " + table->name);
    }

    const Plan& plan_;
    Diagnostics out_;
};

}  // namespace

Diagnostics check(const Plan& plan) { return Checker(plan).run(); }

}  // namespace causeway::mappings
