#include "gateway/patient_index/person_operations.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/patient_index/identity.hpp"
#include "gateway/patient_index/person_lookup.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/bundle_writer.hpp"
#include "gateway/rest/read.hpp"

namespace causeway::patient_index {
namespace {

using fhir::IssueCode;

struct Identified {
    std::string_view system, value;
};

constexpr std::size_t persons_max = 1000;  ///< of one search

/// `system|value`.
Identified read_token(std::string_view text) {
    const auto bar = text.rfind('|');
    if (bar == std::string_view::npos) return {{}, text};
    return {text.substr(0, bar), text.substr(bar + 1)};
}

bool permitted(const rest::Call& call, std::string_view id) {
    const auto& access = call.access();
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

rest::Outcome<http::Response> cross_reference(const rest::Services&, storage::Reader& reader, const rest::Call& call,
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
    const auto golden = golden_record(members, {authorities.own().system, number, false, authorities.trusted()});
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

std::size_t number(std::string_view text, std::size_t otherwise) {
    std::size_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size() ? out : otherwise;
}

/// The persons whose records a search of Patient finds, each once, the most recently written first.
rest::Outcome<std::vector<storage::PersonId>> persons_found(const rest::Services& services, storage::Reader& reader,
                                                            const rest::Call& call, rest::SearchRequest request,
                                                            bool& more) {
    std::vector<storage::PersonId> out;
    std::unordered_set<storage::PersonId> seen;
    auto done = rest::each_match(services, reader, call, std::move(request), [&](const auto& match) {
        const auto person = person_of(reader, match.version.rid);
        if (person == 0 || !seen.insert(person).second) return true;
        more = out.size() == persons_max;
        if (!more) out.push_back(person);
        return !more;
    });
    if (done.has_error()) return done.error();
    return out;
}

/// Patient/$golden?PARAMETERS OF A SEARCH: the persons, in pages of _count from _offset on.
rest::Outcome<http::Response> golden_search(const rest::Services& services, storage::Reader& reader,
                                            const rest::Call& call, const Authorities& authorities) {
    rest::SearchRequest request;
    request.type = "Patient";
    request.path = "/Patient/$golden";
    std::vector<std::pair<std::string, std::string>> asked;
    for (const auto& parameter : call.parameters) {
        if (parameter.name == "_count" || parameter.name == "_offset" || parameter.name == "_format" ||
            parameter.name == "_pretty")
            continue;
        request.parameters.push_back(parameter);
        asked.emplace_back(parameter.name, parameter.value);
    }
    const auto size = std::clamp<std::size_t>(number(rest::parameter(call, "_count"), services.settings.page_default),
                                              1, services.settings.page_max);
    const auto from = number(rest::parameter(call, "_offset"), 0);
    bool more = false;
    const auto persons = persons_found(services, reader, call, std::move(request), more);
    if (persons.has_error()) return persons.error();
    rest::BundleWriter bundle("searchset", call.now_us);
    if (!more) bundle.total(persons->size());
    const auto url = [&](std::size_t offset) {
        auto all = asked;
        all.emplace_back("_count", std::to_string(size));
        all.emplace_back("_offset", std::to_string(offset));
        return call.base + "/Patient/$golden?" + fhir::search::encode_query(all);
    };
    bundle.link("self", url(from));
    if (from + size < persons->size()) bundle.link("next", url(from + size));
    for (std::size_t i = from; i < persons->size() && i < from + size; ++i) {
        auto members = members_of(reader, (*persons)[i]);
        std::erase_if(members, [&](const Member& member) { return !permitted(call, member.id); });
        if (members.empty()) continue;
        const auto own = person_identifier((*persons)[i]);
        const auto document = golden_record(members, {authorities.own().system, own, true, authorities.trusted()});
        bundle.begin_entry();
        bundle.full_url(call.base + "/Patient/$golden?" +
                        fhir::search::encode_query(std::vector<std::pair<std::string, std::string>>{
                            {"identifier", authorities.own().system + "|" + own}}));
        bundle.resource([&](std::string& json) { fhir::write_json(document->root(), json); });
        bundle.search("match");
        bundle.end_entry();
    }
    return rest::json_response(call.format, 200, std::move(bundle).finish());
}

/// Whether a search is asked for, and not one person by a number.
bool asks_for_several(const rest::Call& call) {
    return call.route.id.empty() && std::any_of(call.parameters.begin(), call.parameters.end(), [](const auto& each) {
               return each.name != "identifier" && each.name != "_format" && each.name != "_pretty";
           });
}

rest::Outcome<http::Response> golden(const rest::Services& services, storage::Reader& reader, const rest::Call& call,
                                     const fhir::DocumentPtr& body, const Authorities& authorities) {
    if (asks_for_several(call)) return golden_search(services, reader, call, authorities);
    storage::PersonId person = 0;
    if (!call.route.id.empty()) {
        const auto version = reader.version("Patient", call.route.id).value();
        person = version ? person_of(reader, version->rid) : 0;
    } else {
        const auto source = read_token(rest::input(call, body, "identifier"));
        if (source.value.empty())
            return rest::fault(400, IssueCode::required,
                               "identifier (system|value) or parameters of a search are required");
        person = person_by_identifier(reader, source.system, source.value, authorities.own().system);
    }
    if (person == 0) return rest::fault(404, IssueCode::not_found, "the patient index has no such patient");
    auto members = members_of(reader, person);
    std::erase_if(members, [&](const Member& member) { return !permitted(call, member.id); });
    if (members.empty()) return rest::fault(404, IssueCode::not_found, "the patient index has no such patient");
    const auto number = person_identifier(person);
    std::string out;
    const auto document = golden_record(members, {authorities.own().system, number, true, authorities.trusted()});
    fhir::write_json(document->root(), out);
    return rest::json_response(call.format, 200, std::move(out));
}

using Run = rest::Outcome<http::Response> (*)(const rest::Services&, storage::Reader&, const rest::Call&,
                                              const fhir::DocumentPtr&, const Authorities&);

void add(rest::Operations& operations, const Authorities& authorities, rest::Operation operation, Run run) {
    operation.types = {"Patient"};
    operations.add(std::move(operation), [&authorities, run](const rest::Services& services, rest::CallPtr call,
                                                             fhir::DocumentPtr body, rest::Answer answer) {
        const auto snapshot = services.store.snapshot();
        if (snapshot.has_error()) return answer(rest::fault_of(snapshot.error()));
        try {
            answer(run(services, **snapshot, *call, body, authorities));
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
