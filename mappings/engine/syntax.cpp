#include "mappings/engine/syntax.hpp"

namespace causeway::mappings::syntax {

std::string V2Path::to_string() const {
    if (kind == Kind::event) return "event";
    if (kind == Kind::version) return "version";
    std::string out = base;
    if (segment_repetition == 0) out += "[]";
    if (segment_repetition > 1) out += "[" + std::to_string(segment_repetition) + "]";
    if (field != 0) out += "-" + std::to_string(field);
    if (repetition_given) out += repetition == 0 ? "[]" : "[" + std::to_string(repetition) + "]";
    if (component != 0) out += "." + std::to_string(component);
    if (subcomponent != 0) out += "." + std::to_string(subcomponent);
    return out;
}

namespace {

std::string value_text(const Value& value) {
    switch (value.kind) {
        case Value::Kind::string:
            return '"' + value.text + '"';
        case Value::Kind::code:
            return value.system + "#" + value.text;
        case Value::Kind::call:
            return value.text + "()";
        case Value::Kind::setting:
            return "setting." + value.text;
        case Value::Kind::v2:
            return value.path.to_string();
        default:
            return value.text;
    }
}

std::string constraints_text(const std::vector<Constraint>& constraints) {
    if (constraints.empty()) return {};
    std::string out = "{";
    for (const auto& constraint : constraints) {
        if (out.size() > 1) out += ", ";
        out += constraint.path.to_string();
        switch (constraint.test) {
            case Test::valued:
                out += " valued";
                break;
            case Test::absent:
                out += " absent";
                break;
            case Test::in:
                out += " in (...)";
                break;
            default:
                out += constraint.test == Test::unequal ? " != " : " = ";
                if (!constraint.values.empty()) out += value_text(constraint.values.front());
        }
    }
    return out + "}";
}

}  // namespace

std::string FhirPath::to_string() const {
    std::string out;
    for (const auto& step : steps) {
        if (!out.empty()) out += ".";
        out += step.name;
        if (step.index == FhirStep::Index::all) out += "[]";
        if (step.index == FhirStep::Index::same) out += "[#]";
        if (step.index == FhirStep::Index::each) out += "[*]";
        if (step.index == FhirStep::Index::nth) out += "[" + std::to_string(step.n) + "]";
        if (!step.slice.empty()) out += ":" + step.slice;
        out += constraints_text(step.where);
        if (!step.crossing.empty()) {
            out += "(";
            for (const auto& type : step.crossing) out += (out.back() == '(' ? "" : "|") + type;
            out += ")";
        }
        out += constraints_text(step.crossing_where);
    }
    return out;
}

}  // namespace causeway::mappings::syntax
