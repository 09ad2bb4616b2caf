#include "mappings/engine/compile.hpp"

#include "mappings/engine/compiler.hpp"
#include "mappings/engine/inspect.hpp"
#include "mappings/engine/models.hpp"
#include "mappings/engine/time_zone.hpp"

namespace causeway::mappings {

namespace r4 = fhir::r4;

Compiler::Compiler(const Library& library, std::string_view site, std::string_view version,
                   const std::vector<MapSource>& sources, Diagnostics& out)
    : library_(library), sources_(sources), out_(out), plan_(std::make_shared<Plan>()) {
    plan_->site = site;
    plan_->version = version;
    plan_->lines.emplace_back();
}

void Compiler::fault(const Place& place, const char* code, std::string text) {
    out_.push_back({code, place.file < sources_.size() ? sources_[place.file].name : std::string(), place.line,
                    place.column, std::move(text)});
}

std::uint32_t Compiler::add_line(const Place& place, const std::string& owner, std::string text) {
    plan_->lines.push_back({place.file < sources_.size() ? sources_[place.file].name : std::string(), place.line,
                            std::string(place.site), owner, std::move(text), place.column});
    return static_cast<std::uint32_t>(plan_->lines.size() - 1);
}

std::shared_ptr<const Plan> Compiler::run() {
    for (const auto& [name, setting] : library_.settings) {
        const std::string& value = plan_->settings[name] = setting.content.value.text;
        if (name == "timezone" && !TimeZone::find(value))
            fault(setting.place, "E124",
                  "there is no time zone " + value + "; write an IANA name or an offset like +01:00");
    }
    // First every name, so that declarations may refer to later ones.
    for (const auto& [name, table] : library_.tables) {
        auto& plan = plan_->tables.emplace_back(std::make_unique<TablePlan>());
        plan->name = name;
        tables_by_name_[name] = plan.get();
    }
    for (const auto& [key, type] : library_.types) {
        auto& plan = plan_->types.emplace_back(std::make_unique<TypePlan>());
        plan->name = key.substr(0, key.find("<->"));
        plan->fhir_type = type.content.fhir_type;
        types_by_key_[key] = plan.get();
        types_by_name_[plan->name].push_back(plan.get());
    }
    for (const auto& [name, map] : library_.maps) {
        auto& plan = plan_->maps.emplace_back(std::make_unique<MapPlan>());
        plan->name = name;
        for (const auto& segment : map.content.segments) plan->segments.push_back(segment_code(segment));
        maps_by_name_[name] = plan.get();
    }
    for (const auto& [name, table_] : library_.tables) table(table_.content, table_.place);
    for (const auto& [key, type] : library_.types) {
        const TypeDef* fhir = r4::find_type(type.content.fhir_type);
        if (!fhir) {
            fault(type.place, "E160", "R4 has no type " + type.content.fhir_type);
            continue;
        }
        TypePlan& plan = *types_by_key_.at(key);
        plan.kind = models::kind_of(*fhir);
        Context context;
        context.fhir = fhir;
        context.v2_type = plan.name;
        for (const auto& alias : type.content.v2_types) context.v2_aliases.push_back(alias.substr(0, alias.find('.')));
        context.owner = "type " + plan.name + " <-> " + plan.fhir_type;
        if (!models::is_datatype(context.v2_aliases.front()) && context.v2_aliases.front().front() != 'Z')
            fault(type.place, "E162", "no HL7 v2 version has the data type " + context.v2_aliases.front());
        plan.block = block(type.content.block, context);
    }
    for (const auto& [name, map] : library_.maps) {
        const TypeDef* fhir = r4::find_type(map.content.target.front());
        for (std::size_t i = 1; fhir && i < map.content.target.size(); ++i)
            fhir = r4::find_element(*fhir, map.content.target[i]).type;
        if (!fhir) {
            fault(map.place, "E160", "R4 has no type " + map.content.target.front() + " with that element");
            continue;
        }
        MapPlan& plan = *maps_by_name_.at(name);
        plan.fhir_type = fhir->name;
        Context context;
        context.fhir = fhir;
        context.segments = map.content.segments;
        context.owner = "map " + name;
        plan.block = block(map.content.block, context);
    }
    for (const auto& [type, identity] : library_.identities) {
        const TypeDef* fhir = r4::find_type(type);
        if (!fhir) {
            fault(identity.place, "E160", "R4 has no type " + type);
            continue;
        }
        IdentityPlan plan{type, {}};
        for (const auto& source : identity.content.keys) plan.keys.push_back(key(source, *fhir, identity.place));
        plan_->identities[type] = std::move(plan);
    }
    for (const auto& [name, declared] : library_.messages) message(declared.content, declared.place);
    find_own_crossings();
    plan_->coded = find_type("CWE", "CodeableConcept");
    const auto alternate = library_.extensions.find("altCode");
    if (alternate != library_.extensions.end()) plan_->alternate_codes_url = alternate->second.content.url;
    plan_->lines.shrink_to_fit();
    plan_->line_by_id.resize(plan_->lines.size());
    for_each_statement(*plan_, [&](const PlannedStatement& s) {
        if (!s.line) return;
        plan_->line_by_id[s.line->id] = s.line;
        if (s.line->mirror && !s.line->sources.empty() && s.line->sources.front().kind == V2Ref::Kind::field)
            plan_->mirrored.emplace_back(s.line->sources.front().segment, s.line->sources.front().at.field);
    });
    return plan_;
}

std::shared_ptr<const Plan> compile(const Library& library, std::string_view site, std::string_view version,
                                    const std::vector<MapSource>& sources, Diagnostics& out) {
    return Compiler(library, site, version, sources, out).run();
}

}  // namespace causeway::mappings
