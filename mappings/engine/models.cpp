#include "mappings/engine/models.hpp"

#include <algorithm>
#include <array>

#include "hl7v2/dictionary/dictionary.hpp"

namespace causeway::mappings::models {
namespace {

namespace dictionary = hl7v2::dictionary;

/// The asked version, 2.5.1, then the newest first.
std::vector<dictionary::Version> order(std::string_view version) {
    std::vector<dictionary::Version> versions = {dictionary::version(version), dictionary::version("2.5.1")};
    const auto all = dictionary::versions();
    versions.insert(versions.end(), all.rbegin(), all.rend());
    return versions;
}

int take_number(std::string_view& text) noexcept {
    int value = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        value = value * 10 + (text.front() - '0');
        text.remove_prefix(1);
    }
    if (!text.empty()) text.remove_prefix(1);
    return value;
}

/// Fields of versions after the dictionary's last that senders use already ("pre-adopted"): they are read by position, whatever
/// MSH-12 says.
struct PreAdopted {
    std::string_view segment;
    int field;
    std::string_view datatype;
};
constexpr std::array pre_adopted = {
    PreAdopted{"NTE", 9, "CWE"},  PreAdopted{"MSH", 26, "CWE"}, PreAdopted{"MSH", 27, "CWE"},
    PreAdopted{"OBX", 33, "EIP"}, PreAdopted{"OBX", 32, "CWE"}, PreAdopted{"ORC", 38, "EI"},
    PreAdopted{"PRT", 23, "CWE"}, PreAdopted{"PRT", 24, "PLN"}, PreAdopted{"PV1", 53, "ST"},
    PreAdopted{"PV1", 54, "CX"},  PreAdopted{"SPM", 32, "EI"}};

}  // namespace

std::vector<std::string_view> field_types(std::string_view version, std::string_view segment, int field) {
    std::vector<std::string_view> types;
    for (const auto v : order(version)) {
        const auto definition = v.segment(segment);
        if (!definition) continue;
        const auto element = definition->field(static_cast<std::size_t>(field));
        if (element.datatype.empty() || element.datatype == "-") continue;
        if (std::find(types.begin(), types.end(), element.datatype) == types.end()) types.push_back(element.datatype);
    }
    // Where one version does not say ("varies", of a field it withdraws) and another does, the other is right.
    const auto open = std::find(types.begin(), types.end(), "varies");
    if (open != types.end() && !(segment == "OBX" && field == 5)) std::rotate(open, open + 1, types.end());
    for (const auto& each : pre_adopted)
        if (types.empty() && each.segment == segment && each.field == field) types.push_back(each.datatype);
    return types;
}

std::string_view field_type(std::string_view version, std::string_view segment, int field) {
    // Most fields are in the version that is asked for.
    if (const auto definition = dictionary::version(version).segment(segment)) {
        const auto type = definition->field(static_cast<std::size_t>(field)).datatype;
        if (!type.empty() && type != "-" && type != "varies") return type;
    }
    const auto types = field_types(version, segment, field);
    return types.empty() ? std::string_view() : types.front();
}

std::string_view component_type(std::string_view version, std::string_view datatype, int component) {
    if (const auto definition = dictionary::version(version).datatype(datatype)) {
        const auto type = definition->component(static_cast<std::size_t>(component)).datatype;
        if (!type.empty()) return type;
    }
    for (const auto v : order(version)) {
        const auto definition = v.datatype(datatype);
        if (!definition) continue;
        const auto element = definition->component(static_cast<std::size_t>(component));
        if (!element.datatype.empty()) return element.datatype;
    }
    return {};
}

bool is_datatype(std::string_view name) {
    return std::any_of(dictionary::versions().begin(), dictionary::versions().end(),
                       [&](dictionary::Version v) { return v.datatype(name).has_value(); });
}

bool is_segment(std::string_view name) {
    return dictionary::version("2.5.1").segment(name).has_value() ||
           std::any_of(dictionary::versions().begin(), dictionary::versions().end(),
                       [&](dictionary::Version v) { return v.segment(name).has_value(); });
}

V2Kind kind_of(std::string_view version, std::string_view datatype) {
    if (datatype == "NM" || datatype == "SI") return V2Kind::number;
    if (datatype == "DT") return V2Kind::date;
    if (datatype == "TM") return V2Kind::time;
    if (datatype == "TS" || datatype == "DTM") return V2Kind::timestamp;
    if (const auto definition = dictionary::version(version).datatype(datatype))
        return definition->primitive() ? V2Kind::text : V2Kind::composite;
    for (const auto v : order(version)) {
        const auto definition = v.datatype(datatype);
        if (definition) return definition->primitive() ? V2Kind::text : V2Kind::composite;
    }
    return V2Kind::text;
}

FhirKind kind_of(const fhir::r4::TypeDef& type) noexcept {
    using fhir::r4::Primitive;
    switch (type.primitive) {
        case Primitive::none:
            return FhirKind::complex;
        case Primitive::boolean:
            return FhirKind::boolean;
        case Primitive::decimal:
            return FhirKind::number;
        case Primitive::integer:
        case Primitive::positive_int:
        case Primitive::unsigned_int:
            return FhirKind::integer;
        case Primitive::date:
            return FhirKind::date;
        case Primitive::date_time:
            return FhirKind::date_time;
        case Primitive::instant:
            return FhirKind::instant;
        case Primitive::time:
            return FhirKind::time;
        default:
            return FhirKind::string;
    }
}

int compare_versions(std::string_view a, std::string_view b) noexcept {
    while (!a.empty() || !b.empty()) {
        const int x = take_number(a), y = take_number(b);
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}

}  // namespace causeway::mappings::models
