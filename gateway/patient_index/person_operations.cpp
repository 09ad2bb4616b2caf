#include "gateway/patient_index/person_operations.hpp"

#include <algorithm>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/patient_index/identity.hpp"
#include "gateway/patient_index/person_lookup.hpp"
#include "gateway/rest/answer.hpp"

namespace causeway::patient_index {
namespace {

using fhir::IssueCode;

struct Identified {
    std::string_view system, value;
};

/// `system|value`.
Identified read_token(std::string_view text) {
    const auto bar = text.rfind('|');
    if (bar == std::string_view::npos) return {{}, text};
    return {text.substr(0, bar), text.substr(bar + 1)};
}

bool permitted(const rest::Call& call, std::string_view id) {
    const auto& access = call.access;
    if (access.everything) return true;
    if (!access.allows_type("Patient")) return false;
    return access.patient_ids.empty() ||
           std::find(access.patient_ids.begin(), access.patient_ids.end(), id) != access.patient_ids.end();
}

/// Whether anybody has numbers of that system: configured, or in use.
bool known_system(storage::Reader& reader, const Authorities& authorities, std::string_view system) {
    if (authorities.find_system(system) != nullptr) return true;
    if (authorities.configured()) return false;
    const std::vector<fhir::search::QueryParameter> any{{"identifier", std::string(system) + "|"}};
    const auto parsed = fhir::search::parse_query("Patient", any);
    return parsed.ok() && !reader.find(parsed.plan, 1).value().empty();
}

storage::PersonId person_of_source(storage::Reader& reader, const rest::Call& call, const Authorities& authorities,
                                   Identified source) {
    if (source.system == call.base && source.value.starts_with("Patient/")) {
        const auto version = reader.version("Patient", source.value.substr(8)).value();
        return version ? person_of(reader, version->rid) : 0;
    }
    return person_by_identifier(reader, source.system, source.value, authorities.own().system);
}

rest::Outcome<http::Response> cross_reference(storage::Reader& reader, const rest::Call& call,
                                              const fhir::DocumentPtr& body, const Authorities& authorities) {
    const auto text = rest::input(call, body, "sourceIdentifier");
    if (text.empty()) return rest::fault(400, IssueCode::required, "sourceIdentifier is required");
    const auto source = read_token(text);
    std::vector<std::string_view> targets;
    for (const auto& parameter : call.parameters)
        if (parameter.name == "targetSystem") targets.push_back(parameter.value);
    if (targets.empty())
        if (const auto one = rest::input(call, body, "targetSystem"); !one.empty()) targets.push_back(one);
    if (source.system != call.base && !known_system(reader, authorities, source.system))
        return rest::fault(400, IssueCode::code_invalid, "sourceIdentifier Assigning Authority not found");
    for (const auto target : targets)
        if (!known_system(reader, authorities, target))
            return rest::fault(403, IssueCode::code_invalid, "targetSystem not found");
    const auto person = person_of_source(reader, call, authorities, source);
    if (person == 0) return rest::fault(404, IssueCode::not_found, "sourceIdentifier Patient Identifier not found");
    const auto wanted = [&](std::string_view system) {
        return targets.empty() || std::find(targets.begin(), targets.end(), system) != targets.end();
    };
    fhir::DocumentBuilder builder("Parameters");
    const auto members = members_of(reader, person);
    const auto number = person_identifier(person);
    const auto golden = golden_record(members, {authorities.own().system, number, false});
    for (const auto identifier : golden->root()["identifier"].items()) {
        const auto system = identifier["system"].text(), value = identifier["value"].text();
        if (system.empty() || value.empty() || !wanted(system) || (system == source.system && value == source.value))
            continue;
        auto parameter = builder.root().append("parameter");
        parameter.member("name").set_string_ref("targetIdentifier");
        auto out = parameter.member("valueIdentifier");
        if (const auto use = identifier["use"].text(); !use.empty()) out.member("use").set_string(use);
        out.member("system").set_string(system);
        out.member("value").set_string(value);
    }
    for (const auto& member : members) {
        const auto& identifiers = member.patient->root()["identifier"];
        const bool of_target =
            targets.empty() || std::any_of(identifiers.items().begin(), identifiers.items().end(),
                                           [&](fhir::Element each) { return wanted(each["system"].text()); });
        if (member.subsumed || !of_target || !permitted(call, member.id)) continue;
        if (source.system == call.base && source.value == "Patient/" + member.id) continue;
        auto parameter = builder.root().append("parameter");
        parameter.member("name").set_string_ref("targetId");
        parameter.member("valueReference").member("reference").set_string("Patient/" + member.id);
    }
    std::string out;
    const auto document = std::move(builder).finish();
    fhir::write_json(document->root(), out);
    return rest::json_response(call.format, 200, std::move(out));
}

rest::Outcome<http::Response> golden(storage::Reader& reader, const rest::Call& call, const fhir::DocumentPtr& body,
                                     const Authorities& authorities) {
    storage::PersonId person = 0;
    if (!call.route.id.empty()) {
        const auto version = reader.version("Patient", call.route.id).value();
        person = version ? person_of(reader, version->rid) : 0;
    } else {
        const auto source = read_token(rest::input(call, body, "identifier"));
        if (source.value.empty()) return rest::fault(400, IssueCode::required, "identifier is required: system|value");
        person = person_by_identifier(reader, source.system, source.value, authorities.own().system);
    }
    if (person == 0) return rest::fault(404, IssueCode::not_found, "the patient index has no such patient");
    auto members = members_of(reader, person);
    std::erase_if(members, [&](const Member& member) { return !permitted(call, member.id); });
    if (members.empty()) return rest::fault(404, IssueCode::not_found, "the patient index has no such patient");
    const auto number = person_identifier(person);
    std::string out;
    const auto document = golden_record(members, {authorities.own().system, number, true});
    fhir::write_json(document->root(), out);
    return rest::json_response(call.format, 200, std::move(out));
}

using Run = rest::Outcome<http::Response> (*)(storage::Reader&, const rest::Call&, const fhir::DocumentPtr&,
                                              const Authorities&);

void add(rest::Operations& operations, const Authorities& authorities, rest::Operation operation, Run run) {
    operation.types = {"Patient"};
    operations.add(std::move(operation), [&authorities, run](const rest::Services& services, rest::CallPtr call,
                                                             fhir::DocumentPtr body, rest::Answer answer) {
        const auto snapshot = services.store.snapshot();
        if (snapshot.has_error()) return answer(rest::fault_of(snapshot.error()));
        try {
            answer(run(**snapshot, *call, body, authorities));
        } catch (const storage::FailureException& failure) {
            answer(rest::fault_of(failure.failure()));
        }
    });
}

}  // namespace

void add_person_operations(rest::Operations& operations, const Authorities& authorities) {
    rest::Operation pix;
    pix.name = "ihe-pix";
    pix.definition = "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix";
    pix.at_type = true;
    add(operations, authorities, std::move(pix), cross_reference);
    rest::Operation one;
    one.name = "golden";
    one.definition = "http://causeway.example.org/fhir/OperationDefinition/Patient-golden";
    one.at_type = one.at_instance = true;
    add(operations, authorities, std::move(one), golden);
}

}  // namespace causeway::patient_index
