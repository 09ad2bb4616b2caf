#include <algorithm>

#include "fhir/r4/names.hpp"
#include "mappings/engine/compiler.hpp"
#include "mappings/engine/models.hpp"

namespace causeway::mappings {
namespace {

namespace r4 = fhir::r4;

std::string members_near(const r4::TypeDef& type, std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& element : type.elements)
        names.insert(names.end(), element.json_names.begin(), element.json_names.end());
    return nearest(name, names);
}

std::string value_member(std::string_view type) {
    std::string name = "value" + std::string(type);
    if (name.size() > 5 && name[5] >= 'a' && name[5] <= 'z') name[5] = static_cast<char>(name[5] - 32);
    return name;
}

/// What its comparisons need of the values, ahead of them.
void prepare(Condition& condition) {
    const auto& values = condition.values;
    if (condition.kind == Condition::Kind::v2) {
        if (std::any_of(values.begin(), values.end(), [](const Constant& v) { return v.kind == Constant::Kind::v2; }))
            return;
        for (const Constant& value : values) condition.codes.add(value.text);
    } else if (condition.kind != Condition::Kind::fhir && !values.empty()) {
        const std::string& text = values.front().text;
        int number = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
        if (read.ec == std::errc() && read.ptr == text.data() + text.size()) condition.number = number;
    }
}

void ends_in(const r4::TypeDef& type, Path& path) {
    path.type = type.name;
    path.kind = models::kind_of(type);
    path.is_uri = type.name == "uri" || type.name == "url";
    path.is_concept = type.name == "CodeableConcept";
}

/// As R4's tables name them.
std::vector<std::string_view> type_names(const std::vector<std::string>& types) {
    std::vector<std::string_view> names;
    for (const auto& type : types)
        if (const r4::TypeDef* known = r4::find_type(type)) names.push_back(known->name);
    return names;
}

bool matches_pattern(std::string_view text, std::string_view pattern) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return text == pattern;
    const auto head = pattern.substr(0, star), tail = pattern.substr(star + 1);
    return text.size() >= head.size() + tail.size() && text.substr(0, head.size()) == head &&
           text.substr(text.size() - tail.size()) == tail;
}

}  // namespace

void Compiler::name(Step& step, std::string_view text) {
    step.name = text;
    step.key = r4::framed_name(text);  // empty if R4 has no such element: then the path is refused
}

Path Compiler::path(const syntax::FhirPath& in, const TypeDef& start) {
    Path out;
    out.text = in.to_string();
    ends_in(start, out);
    const bool whole = !in.steps.empty() && in.steps.front().name == "$";
    add_steps(in, whole ? 1 : 0, start, out);
    for (std::size_t i = 0; i < out.steps.size(); ++i)
        if (out.steps[i].index == Step::Index::all) out.iterates = static_cast<int>(i);
    if (out.steps.size() > 12) fault(in.place, "E002", "the path has more than 12 steps");
    return out;
}

void Compiler::add_steps(const syntax::FhirPath& in, std::size_t from, const TypeDef& start, Path& out) {
    const TypeDef* type = &start;
    out.steps.reserve(in.steps.size() - from);  // one more for the value of an extension, where that is implied
    for (std::size_t i = from; i < in.steps.size(); ++i) {
        const syntax::FhirStep& source = in.steps[i];
        Step step;
        name(step, source.name);
        step.owner = type->name;
        const auto member = r4::find_element(*type, source.name);
        if (!member.element) {
            fault(
                in.place, "E160",
                "R4 " + std::string(type->name) + " has no element " + source.name + members_near(*type, source.name));
            return;
        }
        const bool array = member.element->max != 1;
        if (source.index != syntax::FhirStep::Index::none && !array) {
            fault(in.place, "E163",
                  std::string(type->name) + "." + source.name + " does not repeat in R4; leave out the brackets");
            return;
        }
        step.n = static_cast<std::uint32_t>(source.n);
        if (member.element->is_choice) {
            step.choice = member.element->json_names;
            for (const std::string_view other : step.choice)
                if (other != step.name) step.other_choices |= fhir::FramedName::bit_of(r4::framed_name(other).data());
        }
        switch (source.index) {
            case syntax::FhirStep::Index::none:
                step.index = array ? Step::Index::first : Step::Index::only;
                break;
            case syntax::FhirStep::Index::all:
                step.index = Step::Index::all;
                break;
            case syntax::FhirStep::Index::nth:
                step.index = Step::Index::nth;
                break;
            case syntax::FhirStep::Index::same:
                step.index = Step::Index::same;
                break;
            case syntax::FhirStep::Index::each:
                step.index = Step::Index::same;
                out.each = static_cast<int>(out.steps.size());
                break;
        }
        step.primitive = member.type->kind == r4::TypeKind::primitive;
        const TypeDef* next = member.type;
        const bool extension = member.type->name == "Extension" && !source.slice.empty();
        const TypeDef* value_type = nullptr;
        if (extension) {
            const auto declared = library_.extensions.find(source.slice);
            if (declared == library_.extensions.end()) {
                std::vector<std::string_view> names;
                for (const auto& entry : library_.extensions) names.push_back(entry.first);
                fault(in.place, "E121", "unknown extension " + source.slice + nearest(source.slice, names));
                return;
            }
            SliceTest url;
            auto url_path = std::make_shared<Path>();
            syntax::FhirPath url_syntax;
            url_syntax.place = in.place;
            url_syntax.steps.emplace_back().name = "url";
            *url_path = path(url_syntax, *next);
            url.path = url_path;
            Constant text;
            text.text = declared->second.content.url;
            url.values.push_back(std::move(text));
            step.where.push_back(std::move(url));
            const std::string& value = declared->second.content.type;
            if (!value.empty() && value != "Extension") {
                value_type = r4::find_type(value);
                if (!value_type) {
                    fault(in.place, "E160",
                          "extension " + source.slice + " has a value of type " + value + ", which R4 does not have");
                    return;
                }
            }
        } else if (!source.slice.empty()) {
            const auto declared = library_.slices.find(source.slice);
            if (declared == library_.slices.end()) {
                std::vector<std::string_view> names;
                for (const auto& entry : library_.slices) names.push_back(entry.first);
                fault(in.place, "E122", "unknown slice " + source.slice + nearest(source.slice, names));
                return;
            }
            step.where = slice_tests(declared->second.content.constraints, *next, in.place);
        }
        for (auto& test : slice_tests(source.where, *next, in.place)) step.where.push_back(std::move(test));
        const bool crosses_value = value_type && value_type->name == "Reference";  // extension:x(Location)
        if (!source.crossing.empty() && !crosses_value) {
            if (next->name != "Reference") {
                fault(in.place, "E164",
                      std::string(type->name) + "." + source.name + " is no Reference; it cannot be crossed into " +
                          source.crossing.front());
                return;
            }
            for (const auto& target : source.crossing) {
                const TypeDef* resource = r4::find_type(target);
                const auto& allowed = member.element->targets;
                const bool fits =
                    allowed.empty() || std::any_of(allowed.begin(), allowed.end(), [&](std::string_view t) {
                        return t == target || t == "Resource" || t == "Any";
                    });
                if (!resource || !fits) {
                    fault(in.place, "E164",
                          std::string(type->name) + "." + source.name + " cannot refer to " + target +
                              (resource ? "" : ", which R4 does not have"));
                    return;
                }
            }
            next = r4::find_type(source.crossing.front());
            step.crossing = type_names(source.crossing);
            step.crossing_where = slice_tests(source.crossing_where, *next, in.place);
        }
        out.steps.push_back(std::move(step));
        if (value_type) {
            Step value;
            name(value, value_member(value_type->name));
            value.owner = "Extension";
            value.primitive = value_type->kind == r4::TypeKind::primitive;
            if (i + 1 < in.steps.size() && in.steps[i + 1].name == value.name) ++i;  // stated although implied
            next = value_type;
            const syntax::FhirStep& crossing = source.crossing.empty() ? in.steps[i] : source;
            if (crosses_value && !crossing.crossing.empty()) {
                next = r4::find_type(crossing.crossing.front());
                if (!next) {
                    fault(in.place, "E164", "R4 has no resource type " + crossing.crossing.front());
                    return;
                }
                value.crossing = type_names(crossing.crossing);
                value.crossing_where = slice_tests(crossing.crossing_where, *next, in.place);
            }
            out.steps.push_back(std::move(value));
        }
        type = next;
    }
    ends_in(*type, out);
}

std::vector<SliceTest> Compiler::slice_tests(const std::vector<syntax::Constraint>& in, const TypeDef& type,
                                             const Place& place) {
    std::vector<SliceTest> out;
    if (++depth_ > 32) {
        fault(place, "E002", "constraints are nested too deeply");
    } else {
        out.reserve(in.size());
        for (const auto& constraint : in) out.push_back(slice_test(constraint, type, place));
    }
    --depth_;
    return out;
}

SliceTest Compiler::slice_test(const syntax::Constraint& in, const TypeDef& type, const Place& place) {
    SliceTest out;
    // `{type = ..}` of the Reference behind which the crossing stands: a Reference has `type`, a Location
    // `physicalType`.
    auto compiled = std::make_shared<Path>(path(in.path, type));
    out.test = in.test;
    out.values.reserve(in.values.size());
    for (const auto& value : in.values) out.values.push_back(constant(value, place, compiled->kind, nullptr));
    out.path = std::move(compiled);
    return out;
}

Constant Compiler::constant(const syntax::Value& in, const Place& place, FhirKind type, const Context* context) {
    Constant out;
    out.type = type;
    out.text = in.text;
    using Kind = syntax::Value::Kind;
    switch (in.kind) {
        case Kind::string:
        case Kind::number:
            break;
        case Kind::boolean:
            if (type == FhirKind::complex) out.type = FhirKind::boolean;
            break;
        case Kind::setting: {
            const auto at = library_.settings.find(in.text);
            if (at == library_.settings.end())
                fault(place, "E123", "unknown setting " + in.text);
            else
                out.text = at->second.content.value.text;
            break;
        }
        case Kind::code: {
            out.kind = Constant::Kind::code;
            const auto system = library_.systems.find(in.system);
            if (system == library_.systems.end()) {
                std::vector<std::string_view> names;
                for (const auto& entry : library_.systems) names.push_back(entry.first);
                fault(place, "E120", "unknown system " + in.system + nearest(in.system, names));
            } else {
                out.system = system->second.content.url;
            }
            out.display = in.display.value_or("");
            break;
        }
        case Kind::call:
            out.text.clear();
            if (in.text == "now")
                out.kind = Constant::Kind::now;
            else if (in.text == "ordinal")
                out.kind = Constant::Kind::ordinal;
            else if (in.text == "control_id")
                out.kind = Constant::Kind::control_id;
            else if (in.text == "quantity" && !in.arguments.empty()) {
                out.kind = Constant::Kind::quantity;
                const std::string& text = in.arguments.front().text;
                const auto blank = text.find(' ');
                out.text = blank == std::string::npos ? std::string() : text.substr(0, blank);
                out.display = blank == std::string::npos ? text : text.substr(blank + 1);
                out.system = "http://unitsofmeasure.org";
            } else {
                fault(place, "E133",
                      "unknown function " + in.text +
                          "(); there are now(), ordinal(), control_id() and quantity(\"n unit\")");
            }
            break;
        case Kind::v2:
            out.kind = Constant::Kind::v2;
            if (context)
                out.v2 = v2(in.path, *context);
            else
                fault(place, "E022", "a v2 path cannot stand in a FHIR constraint");
            break;
    }
    return out;
}

V2Ref Compiler::v2(const syntax::V2Path& in, const Context& context) {
    V2Ref out;
    const std::string_view version = plan_->version;
    out.repetition_given = in.repetition_given;
    if (in.kind == syntax::V2Path::Kind::event || in.kind == syntax::V2Path::Kind::version) {
        out.kind = in.kind == syntax::V2Path::Kind::event ? V2Ref::Kind::event : V2Ref::Kind::version;
        return out;
    }
    out.at = {static_cast<std::uint16_t>(in.field), static_cast<std::uint16_t>(in.repetition),
              static_cast<std::uint8_t>(std::min(in.component, 255)),
              static_cast<std::uint8_t>(std::min(in.subcomponent, 255))};
    std::string_view type;
    const bool whole_value =
        in.field == 0 && context.segments.empty() &&
        std::find(context.v2_aliases.begin(), context.v2_aliases.end(), in.base) != context.v2_aliases.end();
    if (in.kind == syntax::V2Path::Kind::field && !whole_value) {
        out.kind = V2Ref::Kind::field;
        out.segment = segment_code(in.base);
        out.all_segments = in.segment_repetition == 0;
        out.segment_repetition = static_cast<std::uint16_t>(in.segment_repetition);
        const bool site_segment = in.base.front() == 'Z';
        if (!site_segment && !models::is_segment(in.base))
            fault(in.place, "E162", "no HL7 v2 version has the segment " + in.base);
        if (in.field == 0) return out;
        type = site_segment ? std::string_view("ST") : models::field_type(version, in.base, in.field);
        if (type.empty()) {
            if (models::is_segment(in.base))
                fault(in.place, "E162", "no HL7 v2 version has " + in.base + "-" + std::to_string(in.field));
            type = "ST";
        }
        if (type == "varies" || type == "VARIES" || type == "*") type = context.varies_as;
    } else {
        out.at.repetition = 1;
        type = in.base;
        const auto base = std::string_view(context.v2_type).substr(0, context.v2_type.find('.'));
        if (!context.segments.empty())
            fault(in.place, "E130",
                  in.to_string() + " is a component of a data type; in a segment map write the field, such as " +
                      context.segments.front() + "-3.1");
        else if (std::find(context.v2_aliases.begin(), context.v2_aliases.end(), in.base) == context.v2_aliases.end() &&
                 in.base != base)
            fault(in.place, "E130", "source " + in.to_string() + " does not belong to " + context.v2_type);
    }
    for (const int part : {in.component, in.subcomponent}) {
        if (part == 0) break;
        const auto next = models::component_type(version, type, part);
        if (next.empty() && part != 1) {
            fault(in.place, "E162",
                  "data type " + std::string(type) + " has no component " + std::to_string(part) + " in any version");
            break;
        }
        if (!next.empty()) type = next;
    }
    if (type == "varies") type = "ST";
    out.type_name = type;
    out.type = models::kind_of(version, type);
    return out;
}

bool Compiler::version_allows(const std::string& since, const std::string& until, bool writing) const {
    if (!until.empty() && models::compare_versions(plan_->version, until) > 0) return false;
    return !writing || since.empty() || models::compare_versions(plan_->version, since) >= 0;
}

Condition Compiler::condition(const syntax::ConditionPtr& in, const Context& context) {
    return in ? condition(*in, context) : Condition{};
}

Condition Compiler::static_test(const syntax::Condition& in, std::string_view left, bool as_version) const {
    const std::string right = in.values.empty() ? std::string() : in.values.front().text;
    const int order = as_version ? models::compare_versions(left, right) : left.compare(right);
    bool yes = false;
    switch (in.test) {
        case Test::equal:
            yes = order == 0;
            break;
        case Test::unequal:
            yes = order != 0;
            break;
        case Test::less:
            yes = order < 0;
            break;
        case Test::less_equal:
            yes = order <= 0;
            break;
        case Test::greater:
            yes = order > 0;
            break;
        case Test::greater_equal:
            yes = order >= 0;
            break;
        case Test::in:
        case Test::not_in:
            yes = std::any_of(in.values.begin(), in.values.end(),
                              [&](const syntax::Value& v) { return v.text == left; }) == (in.test == Test::in);
            break;
        case Test::like:
            yes = matches_pattern(left, right);
            break;
        case Test::valued:
            yes = !left.empty();
            break;
        case Test::absent:
            yes = left.empty();
            break;
    }
    Condition out;
    out.kind = yes ? Condition::Kind::yes : Condition::Kind::no;
    return out;
}

Condition Compiler::condition(const syntax::Condition& in, const Context& context) {
    Condition out = condition_itself(in, context);
    out.about_fhir = out.kind == Condition::Kind::fhir ||
                     std::any_of(out.parts.begin(), out.parts.end(), [](const Condition& c) { return c.about_fhir; });
    return out;
}

Condition Compiler::condition_itself(const syntax::Condition& in, const Context& context) {
    Condition out;
    using In = syntax::Condition::Kind;
    if (in.kind != In::test) {
        out.parts.reserve(in.parts.size());
        for (const auto& part : in.parts) out.parts.push_back(condition(part, context));
        out.kind = in.kind == In::all   ? Condition::Kind::all
                   : in.kind == In::any ? Condition::Kind::any
                                        : Condition::Kind::negation;
        // what is already decided falls away
        if (out.kind == Condition::Kind::negation) {
            if (out.parts.front().kind == Condition::Kind::yes || out.parts.front().kind == Condition::Kind::no) {
                out.kind = out.parts.front().kind == Condition::Kind::yes ? Condition::Kind::no : Condition::Kind::yes;
                out.parts.clear();
            }
            return out;
        }
        const auto neutral = out.kind == Condition::Kind::all ? Condition::Kind::yes : Condition::Kind::no;
        const auto decisive = neutral == Condition::Kind::yes ? Condition::Kind::no : Condition::Kind::yes;
        if (std::any_of(out.parts.begin(), out.parts.end(), [&](const Condition& c) { return c.kind == decisive; })) {
            out = Condition{};
            out.kind = decisive;
            return out;
        }
        std::erase_if(out.parts, [&](const Condition& c) { return c.kind == neutral; });
        if (out.parts.empty()) out.kind = neutral;
        if (out.parts.size() == 1) {
            Condition only = std::move(out.parts.front());
            return only;
        }
        return out;
    }
    using Left = syntax::Operand::Kind;
    const auto& left = in.operand;
    out.test = in.test;
    if (left.kind == Left::setting) {
        const auto at = library_.settings.find(left.setting);
        if (at == library_.settings.end()) {
            fault(in.place, "E123", "unknown setting " + left.setting);
            return out;
        }
        return static_test(in, at->second.content.value.text, false);
    }
    if (left.kind == Left::v2 && left.v2.kind == syntax::V2Path::Kind::version)
        return static_test(in, plan_->version, true);
    FhirKind type = FhirKind::string;
    if (left.kind == Left::fhir) {
        out.kind = Condition::Kind::fhir;
        if (!context.fhir) {
            fault(in.place, "E165", "there is no FHIR element to test here");
            return out;
        }
        out.fhir = path(left.fhir, *context.fhir);
        type = out.fhir.kind;
    } else {
        out.kind = left.kind == Left::v2      ? Condition::Kind::v2
                   : left.kind == Left::count ? Condition::Kind::count
                                              : Condition::Kind::length;
        out.v2 = v2(left.v2, context);
    }
    out.values.reserve(in.values.size());
    for (const auto& value : in.values) out.values.push_back(constant(value, in.place, type, &context));
    prepare(out);
    return out;
}

}  // namespace causeway::mappings
