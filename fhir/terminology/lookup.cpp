#include "fhir/model/document.hpp"
#include "fhir/terminology/answer.hpp"

namespace causeway::fhir {

namespace {

std::string lower_first(std::string_view name) {
    std::string out(name);
    if (!out.empty() && out[0] >= 'A' && out[0] <= 'Z') out[0] = static_cast<char>(out[0] + ('a' - 'A'));
    return out;
}

void read_designations(Element entry, std::vector<ConceptDesignation>& out) {
    for (const Element designation : entry["designation"].items()) {
        const Element use = designation["use"];
        out.push_back({std::string(designation["language"].text()),
                       std::string(use["display"] ? use["display"].text() : use["code"].text()),
                       std::string(designation["value"].text())});
    }
}

void read_properties(Element entry, LookupAnswer& out) {
    for (const Element property : entry["property"].items())
        for (const Element member : property.children())
            if (member.name().starts_with("value"))
                out.properties.push_back({std::string(property["code"].text()),
                                          std::string(member.is_object() ? member["code"].text() : member.text()),
                                          lower_first(member.name().substr(5)),
                                          {}});
}

}  // namespace

std::vector<ConceptDesignation> Terminology::designations_of(std::string_view system, std::string_view code) const {
    std::vector<ConceptDesignation> out;
    if (const auto* known = answering_system(system)) {
        const auto index = known->find(code);
        if (index != Concept::none) read_designations(known->source(index), out);
    } else if (store_) {
        out = store_->designations(system, code);
    }
    return out;
}

Result<LookupAnswer> Terminology::lookup(const CodingView& coding) const {
    LookupAnswer out;
    if (const auto wrong = wrong_version(coding.system, coding.version)) return not_found(*wrong);
    if (const auto* known = answering_system(coding.system, coding.version)) {
        const auto index = known->find(coding.code);
        if (index == Concept::none) return not_found(no_such_code(coding.system));
        const Concept& entry = known->at(index);
        out.name = known->name;
        out.version = known->version;
        out.display = entry.display;
        out.is_abstract = entry.is_abstract;
        out.is_inactive = entry.is_inactive;
        if (entry.parent != Concept::none) out.parents.emplace_back(known->at(entry.parent).code);
        for (std::uint32_t child = index + 1; child < entry.end; child = known->at(child).end)
            out.children.emplace_back(known->at(child).code);
        const Element source = known->source(index);
        out.definition = source["definition"].text();
        read_designations(source, out.designations);
        read_properties(source, out);
        return out;
    }
    if (!store_) return not_found(not_loaded(coding.system));
    const auto version = store_->version_of(coding.system);
    if (!version) return not_found(not_loaded(coding.system));
    const auto found = store_->find(coding.system, coding.code);
    if (!found) return not_found(no_such_code(coding.system));
    out.name = coding.system;
    out.version = *version;
    out.display = found->display;
    out.definition = found->definition;
    out.is_inactive = found->inactive;
    out.is_abstract = found->is_abstract;
    out.parents = store_->parents(coding.system, coding.code);
    out.children = store_->children(coding.system, coding.code);
    out.properties = store_->properties(coding.system, coding.code);
    out.designations = store_->designations(coding.system, coding.code);
    return out;
}

Result<Subsumption> Terminology::subsumes(std::string_view system, std::string_view a, std::string_view b) const {
    const auto said = [](bool up, bool down) {
        return up && down ? Subsumption::equivalent
               : up       ? Subsumption::subsumes
               : down     ? Subsumption::subsumed_by
                          : Subsumption::not_subsumed;
    };
    if (const auto* known = answering_system(system)) {
        const auto first = known->find(a);
        const auto second = known->find(b);
        if (first == Concept::none || second == Concept::none) return not_found(no_such_code(system));
        return said(known->is_a(second, first), known->is_a(first, second));
    }
    if (!store_ || !store_->version_of(system)) return not_found(not_loaded(system));
    if (!store_->find(system, a) || !store_->find(system, b)) return not_found(no_such_code(system));
    if (a == b) return Subsumption::equivalent;
    const auto up = store_->subsumes(system, a, b);
    const auto down = store_->subsumes(system, b, a);
    if (!up || !down)
        return Error{Errc::not_supported, "the code system " + std::string(system) + " has no hierarchy", "", 0, 0, 0};
    return said(*up, *down);
}

}  // namespace causeway::fhir
