#include "mappings/engine/inspect.hpp"

namespace causeway::mappings {
namespace {

void walk(const Block& block, PlannedStatement& at, const std::function<void(const PlannedStatement&)>& see) {
    for (std::size_t i = 0; i < block.statements.size(); ++i) {
        at.block = &block;
        at.index = i;
        at.line = std::get_if<Line>(&block.statements[i]);
        at.assignment = std::get_if<Assignment>(&block.statements[i]);
        if (at.line || at.assignment) see(at);
        const auto* choose = std::get_if<Choose>(&block.statements[i]);
        if (!choose) continue;
        for (const auto& branch : choose->branches) {
            at.branches.push_back(&branch);
            walk(branch.block, at, see);
            at.branches.pop_back();
        }
    }
}

void walk(const ItemPlan& item, const std::function<void(const ItemPlan&, const ClausePlan&)>& see) {
    for (const auto& clause : item.clauses) see(item, clause);
    for (const auto& child : item.items) walk(child, see);
}

}  // namespace

void for_each_statement(const Plan& plan, const std::function<void(const PlannedStatement&)>& see) {
    PlannedStatement at;
    for (const auto& map : plan.maps) {
        at.map = map.get();
        walk(map->block, at, see);
    }
    at.map = nullptr;
    for (const auto& type : plan.types) {
        at.type = type.get();
        walk(type->block, at, see);
    }
}

void for_each_clause(const MessagePlan& message, const std::function<void(const ItemPlan&, const ClausePlan&)>& see) {
    walk(message.root, see);
}

std::string place_text(const V2Ref& ref, std::string_view datatype) {
    if (ref.kind == V2Ref::Kind::event) return "event";
    if (ref.kind == V2Ref::Kind::version) return "version";
    std::string out;
    if (ref.kind == V2Ref::Kind::field) {
        out = segment_name(ref.segment);
        if (ref.all_segments) out += "[]";
        if (ref.at.field == 0) return out;
        out += "-" + std::to_string(ref.at.field);
        if (ref.at.repetition == 0)
            out += "[]";
        else if (ref.at.repetition > 1)
            out += "[" + std::to_string(ref.at.repetition) + "]";
    } else {
        out = datatype;
    }
    if (ref.at.component != 0) out += "." + std::to_string(ref.at.component);
    if (ref.at.subcomponent != 0) out += "." + std::to_string(ref.at.subcomponent);
    return out;
}

std::string plain_path(std::string_view type, const Path& path) {
    std::string out(type);
    for (const Step& step : path.steps) {
        out += "." + step.name;
        if (!step.crossing.empty()) out = step.crossing.front();
    }
    return out;
}

}  // namespace causeway::mappings
