#include <algorithm>

#include "mappings/engine/compiler.hpp"
#include "mappings/engine/models.hpp"

namespace causeway::mappings {
namespace {

namespace r4 = fhir::r4;

void add_unique(std::vector<SegmentCode>& to, const std::vector<SegmentCode>& from) {
    for (const auto code : from)
        if (std::find(to.begin(), to.end(), code) == to.end()) to.push_back(code);
}

/// Cuts a path to what it has in common with another.
void shorten(std::vector<std::uint32_t>& path, const std::vector<std::uint32_t>& other) {
    std::size_t common = 0;
    while (common < path.size() && common < other.size() && path[common] == other[common]) ++common;
    path.resize(common);
}

/// What a group may begin with, and all it contains.
void close_group(ItemPlan& group) {
    bool begun = false;
    for (auto& item : group.items) {
        if (item.kind == ItemPlan::Kind::clause) continue;
        const std::vector<SegmentCode> own = {item.code};
        const auto& first = item.kind == ItemPlan::Kind::segment ? own : item.first;
        add_unique(group.contains, item.kind == ItemPlan::Kind::segment ? own : item.contains);
        if (!begun) add_unique(group.first, first);
        begun |= !item.optional;
    }
}

}  // namespace

int Compiler::variable(const MessagePlan& message, std::string_view name) const {
    for (std::size_t i = 0; i < message.variables.size(); ++i)
        if (message.variables[i].name == name) return static_cast<int>(i);
    return -1;
}

void Compiler::collect_variables(const std::vector<syntax::Item>& items, MessagePlan& message,
                                 std::vector<std::uint32_t>& groups) {
    std::uint32_t number = 0;
    for (const auto& item : items) {
        for (const auto& clause : item.clauses) {
            if (clause.kind != syntax::Clause::Kind::make) continue;
            const int at = variable(message, clause.variable);
            if (at < 0)
                message.variables.push_back({clause.variable, std::string(clause.type), groups});
            else if (message.variables[static_cast<std::size_t>(at)].type != clause.type)
                fault(clause.place, "E146", "variable " + clause.variable + " is made as two types");
            else  // made at several places: the groups that hold them all
                shorten(message.variables[static_cast<std::size_t>(at)].groups, groups);
        }
        groups.push_back(++number);
        collect_variables(item.items, message, groups);
        groups.pop_back();
    }
}

void Compiler::message(const syntax::Message& in, const Place& place) {
    auto& out = *plan_->messages.emplace_back(std::make_unique<MessagePlan>());
    out.name = in.name;
    out.events = in.events;
    std::vector<std::uint32_t> groups;
    collect_variables(in.items, out, groups);
    out.root.kind = ItemPlan::Kind::group;
    out.root.name = in.name;
    const std::string owner = "message " + in.name;
    out.root.items.reserve(in.items.size());
    for (const auto& source : in.items) {
        if (source.kind == syntax::Item::Kind::anchor) {
            out.anchor = variable(out, source.name);
            if (out.anchor < 0) fault(source.place, "E145", "the anchor " + source.name + " is made nowhere");
        } else {
            out.root.items.push_back(item(source, out, owner, {}));
        }
    }
    if (out.anchor < 0) fault(place, "E147", "message " + in.name + " has no anchor: name the variable it is about");
    close_group(out.root);
    out.links.shrink_to_fit();
    reserve(out);
}

ItemPlan Compiler::item(const syntax::Item& in, MessagePlan& message, const std::string& owner,
                        const std::string& segment) {
    ItemPlan out;
    out.name = in.name;
    out.optional = in.cardinality == '?' || in.cardinality == '*';
    out.repeats = in.cardinality == '+' || in.cardinality == '*';
    out.items.reserve(in.items.size());
    out.clauses.reserve(in.clauses.size());
    using In = syntax::Item::Kind;
    switch (in.kind) {
        case In::group: {
            out.kind = ItemPlan::Kind::group;
            if (!in.per.empty()) {
                out.per = variable(message, in.per);
                if (out.per < 0)
                    fault(in.place, "E145", "group " + in.name + " is per " + in.per + ", which is made nowhere");
            }
            if (++depth_ > 32)
                fault(in.place, "E002", "groups are nested too deeply");
            else
                for (const auto& child : in.items) out.items.push_back(item(child, message, owner, {}));
            --depth_;
            close_group(out);
            break;
        }
        case In::segment:
            out.kind = ItemPlan::Kind::segment;
            out.code = segment_code(in.name);
            if (in.name.front() != 'Z' && !models::is_segment(in.name))
                fault(in.place, "E162", "no HL7 v2 version has the segment " + in.name);
            for (const auto& source : in.clauses) out.clauses.push_back(clause(source, message, owner, in.name));
            break;
        case In::clause:
            out.kind = ItemPlan::Kind::clause;
            for (const auto& source : in.clauses) out.clauses.push_back(clause(source, message, owner, segment));
            break;
        default:
            fault(in.place, "E168", "drop, before and after stand only in 'extend message'");
            break;
    }
    return out;
}

ClausePlan Compiler::clause(const syntax::Clause& in, MessagePlan& message, const std::string& owner,
                            const std::string& segment) {
    ClausePlan out;
    using In = syntax::Clause::Kind;
    std::string text;
    const TypeDef* type = nullptr;
    switch (in.kind) {
        case In::make: {
            out.kind = ClausePlan::Kind::make;
            out.variable = static_cast<std::uint32_t>(variable(message, in.variable));
            type = r4::find_type(in.type);
            if (type) out.type = type->name;
            if (!type || !r4::is_resource_type(in.type))
                fault(in.place, "E160",
                      "R4 has no resource type " + in.type +
                          nearest(in.type, {r4::resource_types().begin(), r4::resource_types().end()}));
            text = "make " + in.variable + ": " + in.type;
            break;
        }
        case In::fill: {
            out.kind = ClausePlan::Kind::fill;
            const int at = variable(message, in.target.steps.front().name);
            text = "fill " + in.target.to_string();
            if (at < 0) {
                fault(in.place, "E140", in.target.steps.front().name + " is filled but made nowhere");
                return out;
            }
            out.variable = static_cast<std::uint32_t>(at);
            type = r4::find_type(message.variables[out.variable].type);
            if (type && in.target.steps.size() > 1) {
                add_steps(in.target, 1, *type, out.target);
                out.target.text = in.target.to_string();
                for (std::size_t i = 0; i < out.target.steps.size(); ++i)
                    if (out.target.steps[i].index == Step::Index::all) out.target.iterates = static_cast<int>(i);
                type = r4::find_type(out.target.type);
            }
            out.every = out.target;
            for (auto& step : out.every.steps)
                if (step.index == Step::Index::same) step.index = Step::Index::all;
            break;
        }
        case In::emit: {
            out.kind = ClausePlan::Kind::emit;
            out.event = in.event;
            text = "emit " + in.event;
            if (in.event != "merge" && in.event != "link" && in.event != "unlink" && in.event != "move" &&
                in.event != "change_identifier")
                fault(in.place, "E148",
                      "unknown event " + in.event + "; there are merge, link, unlink, move and change_identifier");
            for (const auto& argument : in.arguments) {
                const int at = variable(message, argument);
                if (at < 0) fault(in.place, "E143", argument + " is made nowhere");
                out.arguments.push_back(static_cast<std::uint32_t>(at));
            }
            if (out.arguments.empty() || out.arguments.size() > 2)
                fault(in.place, "E148", "an event names one or two resources");
            break;
        }
        case In::keep:
            out.kind = ClausePlan::Kind::keep;
            return out;
        case In::ignore:
            out.kind = ClausePlan::Kind::ignore;
            return out;
    }
    out.id = add_line(in.place, owner, text);
    out.forward = in.arrow != syntax::Arrow::backward && version_allows({}, in.until, false);
    out.backward = in.arrow != syntax::Arrow::forward && version_allows(in.since, in.until, true);
    Context context;
    context.fhir = type;
    context.segments = {segment.empty() ? "MSH" : segment};
    context.owner = owner;
    out.if_ = condition(in.if_, context);
    out.where = condition(in.where, context);
    for (const auto& name : in.maps) {
        const auto at = maps_by_name_.find(name);
        if (at == maps_by_name_.end()) {
            std::vector<std::string_view> names;
            for (const auto& entry : maps_by_name_) names.push_back(entry.first);
            fault(in.place, "E141", "unknown map " + name + nearest(name, names));
            continue;
        }
        const auto& segments = at->second->segments;
        if (!segment.empty() && std::find(segments.begin(), segments.end(), segment_code(segment)) == segments.end())
            fault(in.place, "E142", "map " + name + " is for " + segment_name(segments.front()) + ", not " + segment);
        if (type && at->second->fhir_type != type->name && !r4::is_a(*type, at->second->fhir_type))
            fault(in.place, "E142",
                  "map " + name + " makes " + at->second->fhir_type + ", not " + std::string(type->name));
        out.maps.push_back(at->second);
    }
    out.links.reserve(in.links.size());
    for (const auto& source : in.links) {
        LinkPlan link;
        const int from = variable(message, source.path.steps.front().name), to = variable(message, source.variable);
        if (to < 0) fault(in.place, "E143", "link to " + source.variable + ", which is made nowhere");
        if (from < 0)
            fault(in.place, "E144", "link from " + source.path.steps.front().name + ", which is made nowhere");
        if (to < 0 || from < 0) continue;
        link.from = static_cast<std::uint32_t>(from);
        link.to = static_cast<std::uint32_t>(to);
        auto common = message.variables[link.from].groups;
        shorten(common, message.variables[link.to].groups);
        link.level = static_cast<std::uint32_t>(common.size());
        link.id = add_line(in.place, owner, "link " + source.path.to_string() + " = " + source.variable);
        const TypeDef* start = r4::find_type(message.variables[link.from].type);
        if (start) add_steps(source.path, 1, *start, link.path);
        link.path.text = source.path.to_string();
        if (link.path.type != "Reference" && start) fault(in.place, "E164", link.path.text + " is no Reference");
        for (std::size_t i = 0; i < link.path.steps.size(); ++i) {
            if (link.path.steps[i].index == Step::Index::all) link.path.iterates = static_cast<int>(i);
            if (!link.path.steps[i].crossing.empty()) link.across = i + 1;
        }
        link.pins = in.kind == In::fill && out.target.iterates >= 0 && link.from == out.variable &&
                    link.path.steps.size() > out.target.steps.size() &&
                    link.path.text.substr(0, out.target.text.size()) == out.target.text;
        link.every = link.path;
        for (auto& step : link.every.steps)
            if (step.index == Step::Index::first || step.index == Step::Index::nth) step.index = Step::Index::all;
        out.links.push_back(link);
        message.links.push_back(std::move(link));
    }
    return out;
}

void Compiler::reserve(MessagePlan& message) {
    std::vector<const MapPlan*> seen;  // several segments of a message may have one map
    const auto walk = [&](const auto& self, const ItemPlan& item) -> void {
        for (const auto& clause : item.clauses) {
            for (const MapPlan* map : clause.maps) {
                if (std::find(seen.begin(), seen.end(), map) != seen.end()) continue;
                seen.push_back(map);
                reserve_block(map->block, message);
                for (const auto& statement : map->block.statements)
                    if (const auto* line = std::get_if<Line>(&statement))
                        reserve_path(line->target, map->fhir_type, message);
            }
            for (const auto& link : clause.links) reserve_path(link.path, message.variables[link.from].type, message);
            if (clause.kind == ClausePlan::Kind::fill && clause.variable < message.variables.size())
                reserve_path(clause.target, message.variables[clause.variable].type, message);
        }
        for (const auto& child : item.items) self(self, child);
    };
    walk(walk, message.root);
}

void Compiler::reserve_block(const Block& block, MessagePlan& message) {
    for (const auto& statement : block.statements) {
        if (const auto* choose = std::get_if<Choose>(&statement)) {
            for (const auto& branch : choose->branches) reserve_block(branch.block, message);
        } else if (const auto* line = std::get_if<Line>(&statement)) {
            reserve_path(line->target, line->target.steps.empty() ? std::string() : line->target.steps.front().owner,
                         message);
        }
    }
}

void Compiler::reserve_path(const Path& path, const std::string& start, MessagePlan& message) {
    std::string base = start;
    std::size_t from = 0;  // behind the last crossing
    for (std::size_t i = 0; i < path.steps.size(); ++i) {
        const Step& step = path.steps[i];
        if (!step.where.empty() && step.index != Step::Index::only) {
            auto& list = message.reserved[step.owner + "." + step.name];
            if (std::find(list.begin(), list.end(), &step) == list.end()) list.push_back(&step);
        }
        if (step.crossing.empty()) continue;
        const auto way = std::span(path.steps).subspan(from, i + 1 - from);
        auto& list = message.crossings[base];
        const auto same = [&](const Path& known) {
            return std::equal(known.steps.begin(), known.steps.end(), way.begin(), way.end(),
                              [](const Step& a, const Step& b) { return a.name == b.name; });
        };
        if (std::none_of(list.begin(), list.end(), same)) {
            // The reference itself: every element, whatever it refers to.
            Path& reference = list.emplace_back();
            reference.steps.assign(way.begin(), way.end());
            reference.steps.back().crossing.clear();
            reference.steps.back().crossing_where.clear();
            for (auto& s : reference.steps)
                if (s.index != Step::Index::only) s.index = Step::Index::all;
        }
        base = step.crossing.front();
        from = i + 1;
    }
}

KeyPlan Compiler::key(const syntax::Key& in, const TypeDef& type, const Place& place) {
    KeyPlan out = key_itself(in, type, place);
    out.identifier = out.path.type == "Identifier";
    out.sliced = out.identifier && !out.path.steps.empty() && !out.path.steps.back().where.empty();
    out.names_parent = out.kind == KeyPlan::Kind::parent ||
                       std::any_of(out.parts.begin(), out.parts.end(), [](const KeyPlan& p) { return p.names_parent; });
    return out;
}

KeyPlan Compiler::key_itself(const syntax::Key& in, const TypeDef& type, const Place& place) {
    KeyPlan out;
    out.optional = in.optional;
    using In = syntax::Key::Kind;
    if (in.kind == In::path || !in.path.steps.empty()) out.path = path(in.path, type);
    if (!out.path.steps.empty() && out.path.steps.back().index == Step::Index::first)
        out.path.steps.back().index = Step::Index::all;
    if (in.kind == In::tuple) {
        out.kind = KeyPlan::Kind::tuple;
        for (const auto& part : in.parts) out.parts.push_back(key(part, type, place));
    } else if (in.kind == In::call) {
        if (in.function == "mpi")
            out.kind = KeyPlan::Kind::mpi;
        else if (in.function == "parent")
            out.kind = KeyPlan::Kind::parent;
        else if (in.function == "ordinal")
            out.kind = KeyPlan::Kind::ordinal;
        else if (in.function == "msgid")
            out.kind = KeyPlan::Kind::message;
        else
            fault(place, "E133",
                  "unknown function " + in.function + "() in a key; there are mpi, parent, ordinal and msgid");
    }
    return out;
}

}  // namespace causeway::mappings
