#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/search/query.hpp"
#include "fhir/validate/expression.hpp"
#include "fhir/validate/outcome.hpp"
#include "fhir/xml/xml.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/message.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/read.hpp"
#include "gateway/rest/resource_check.hpp"

namespace causeway::rest {
namespace {

using fhir::Element;
using fhir::IssueCode;

// --- $validate: 200 whenever validation ran, whatever it found

http::Response validation_response(const Call& call, const fhir::Issues& issues) {
    return json_response(call.format, 200, fhir::to_outcome(issues));
}

Outcome<fhir::DocumentPtr> stored_document(storage::Reader& reader, const Call& call) {
    const std::string &type = call.route.type, &id = call.route.id;
    auto found = reader.read(type, id);
    if (found.has_error()) return fault_of(found.error());
    if (!*found) return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
    if (call.visibility) {
        auto seen = reader.sees(*call.visibility, **found);
        if (seen.has_error()) return fault_of(seen.error());
        if (!*seen) return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
    }
    if ((*found)->erased()) return fault(410, IssueCode::deleted, "The resource was deleted");
    auto document = fhir::parse_json((*found)->json());
    if (document.has_error()) return fault_of(document.error());
    return std::move(*document);
}

/// Places count from the resource, also where Parameters wrap it; what is said of the wrapping is not asked for.
void place_from(Element resource, fhir::Issues& issues) {
    if (!resource.parent()) return;
    const std::string wrapped = fhir::expression_of(resource);
    std::erase_if(issues, [&](const fhir::Issue& issue) { return !issue.expression.starts_with(wrapped); });
    for (fhir::Issue& issue : issues) issue.expression.replace(0, wrapped.size(), resource.resource_type());
}

Outcome<http::Response> validate(const Services& services, const Call& call) {
    fhir::DocumentPtr body;
    fhir::Issues issues;
    if (call.document) {
        body = call.document;
    } else if (!call.request.body.empty()) {
        const auto type = body_type(call.request);
        if (type.has_error()) return type.error();
        fhir::Limits limits;
        limits.depth_max = services.settings.json_depth_max;
        limits.elements_max = services.settings.elements_max;
        auto parsed = *type == BodyType::xml ? fhir::parse_xml(call.request.body, limits, &issues)
                                             : fhir::parse_json(call.request.body, limits);
        if (parsed.has_error()) return validation_response(call, {fhir::issue_of(parsed.error())});
        body = std::move(*parsed);
    }
    const std::string_view mode = input(call, body, "mode");
    if (!mode.empty() && mode != "create" && mode != "update" && mode != "delete" && mode != "profile")
        return fault(400, IssueCode::value, "mode takes create, update, delete or profile");
    Element resource = body ? body->root() : Element();
    if (resource.resource_type() == "Parameters") {
        // Parameters are themselves what is validated only at their own type, and where they wrap nothing.
        const Element wrapped = input_resource(body, "resource");
        if (wrapped || call.route.type != "Parameters") resource = wrapped;
    }
    fhir::DocumentPtr stored;
    if (!resource && !call.route.id.empty()) {
        auto snapshot = services.store.snapshot();
        if (snapshot.has_error()) return fault_of(snapshot.error());
        auto document = stored_document(**snapshot, call);
        if (document.has_error()) return document.error();
        stored = std::move(*document);
        resource = stored->root();
    }
    if (!resource)
        return mode == "delete" ? Outcome<http::Response>(validation_response(call, {}))
                                : fault(400, IssueCode::required, "There is no resource to validate");
    const std::string_view profile = input(call, body, "profile");
    if (mode == "profile" && profile.empty())
        return fault(400, IssueCode::required, "mode=profile needs the parameter profile");
    auto checked = checked_issues(services, call, resource, profile);
    if (checked.has_error()) return checked.error();
    place_from(resource, issues);
    issues.insert(issues.end(), std::make_move_iterator(checked->begin()), std::make_move_iterator(checked->end()));
    if ((mode == "update" || !call.route.id.empty()) && resource["id"].text().empty())
        issues.push_back({fhir::Severity::error,
                          IssueCode::required,
                          "An update has an id",
                          std::string(resource.resource_type()) + ".id",
                          {}});
    return validation_response(call, issues);
}

// --- $meta

constexpr std::size_t meta_resources_max = 50'000;  // looked at by $meta of a type or of the system

Outcome<http::Response> meta_response(const Call& call, Element meta) {
    fhir::DocumentBuilder builder("Parameters");
    fhir::MutableElement parameter = builder.root().append("parameter");
    parameter.member("name").set_string_ref("return");
    parameter.member("valueMeta").as_object();
    if (meta) parameter.member("valueMeta").copy_from(meta);
    return json_response(call.format, 200, fhir::to_json(std::move(builder).finish()->root()));
}

/// Every profile, tag and label that resources of the type (or of any) carry.
Outcome<http::Response> meta_of_all(const Services& services, storage::Reader& reader, const Call& call) {
    fhir::DocumentBuilder builder("Parameters");
    fhir::MutableElement parameter = builder.root().append("parameter");
    parameter.member("name").set_string_ref("return");
    fhir::MutableElement all = parameter.member("valueMeta");
    all.as_object();
    std::set<std::string> seen;
    std::size_t looked_at = 0;
    bool too_many = false;
    for (const std::string_view name :
         {std::string_view("_profile"), std::string_view("_tag"), std::string_view("_security")}) {
        SearchRequest request;
        request.type = call.route.type;
        request.parameters.push_back({std::string(name) + ":missing", "false"});
        auto done = each_match(services, reader, call, std::move(request), [&](const storage::StoredResource& one) {
            const auto document = fhir::parse_json(one.json());
            if (document.has_error()) return true;
            for (const Element item : (*document)->root()["meta"][name.substr(1)].items()) {
                const std::string key = name == "_profile"
                                            ? std::string(item.text())
                                            : std::string(name) + "|" + std::string(item["system"].text()) + "|" +
                                                  std::string(item["code"].text());
                if (seen.insert(key).second) all.append(name.substr(1)).copy_from(item);
            }
            too_many = ++looked_at == meta_resources_max;
            return !too_many;
        });
        if (done.has_error()) return done.error();
        if (too_many)
            return fault(403, IssueCode::too_costly,
                         "Too many resources have profiles, tags or labels to gather them all");
    }
    return json_response(call.format, 200, fhir::to_json(std::move(builder).finish()->root()));
}

Outcome<http::Response> meta(const Services& services, const Call& call) {
    auto snapshot = services.store.snapshot();
    if (snapshot.has_error()) return fault_of(snapshot.error());
    if (call.route.id.empty()) return meta_of_all(services, **snapshot, call);
    auto document = stored_document(**snapshot, call);
    if (document.has_error()) return document.error();
    return meta_response(call, (*document)->root()["meta"]);
}

bool same_coding(Element a, Element b) {
    return a["system"].text() == b["system"].text() && a["code"].text() == b["code"].text();
}

template <class Same>
std::optional<std::size_t> index_of(Element list, Element wanted, Same same) {
    std::size_t index = 0;
    for (const Element item : list.items()) {
        if (same(item, wanted)) return index;
        ++index;
    }
    return std::nullopt;
}

/// Profiles, tags and security labels of `change` put into or taken out of the resource's meta.
fhir::DocumentPtr with_meta(const fhir::DocumentPtr& document, Element change, bool add) {
    fhir::DocumentBuilder builder = fhir::DocumentBuilder::edit(document);
    fhir::MutableElement meta = builder.root().member("meta");
    for (const std::string_view name :
         {std::string_view("profile"), std::string_view("tag"), std::string_view("security")}) {
        const auto same = [&](Element a, Element b) {
            return name == "profile" ? a.text() == b.text() : same_coding(a, b);
        };
        for (const Element item : change[name].items()) {
            const auto at = index_of(meta.get()[name], item, same);
            if (add && !at) meta.append(name).copy_from(item);
            if (!add && at) meta.remove_item(name, *at);
        }
    }
    builder.root().prune();
    return std::move(builder).finish();
}

void change_meta(const Services& services, const CallPtr& call, const fhir::DocumentPtr& body, const Answer& answer,
                 bool add) {
    Element change;
    if (body)
        for (const Element parameter : body->root()["parameter"].items())
            if (parameter["name"].text() == "meta") change = parameter["valueMeta"];
    if (!change) return answer(fault(400, IssueCode::required, "The parameter meta with a valueMeta is missing"));
    struct Outcomes {
        std::optional<Fault> fault;
        fhir::DocumentPtr document;
    };
    const auto state = std::make_shared<Outcomes>();
    storage::transact(
        services.store,
        [&services, call, body, change, add, state](storage::Transaction& transaction) -> storage::Result<void> {
            const storage::Failure refused{storage::FailureCode::refused, "refused by the operation"};
            *state = {};
            auto document = stored_document(transaction, *call);
            if (document.has_error()) return state->fault = document.error(), refused;
            state->document = with_meta(*document, change, add);
            auto draft = services.writer.prepare(state->document, call->route.id);
            if (draft.has_error()) return state->fault = draft.error(), refused;
            auto written = services.writer.write(
                transaction, *draft, {call->principal, storage::WriteKind::update, {}, 0, call->request.id, true});
            if (written.has_error()) return written.error();
            return {};
        },
        [call, state, answer](storage::Result<void> result) {
            if (state->fault) return answer(*state->fault);
            if (result.has_error()) return answer(fault_of(result.error()));
            answer(meta_response(*call, state->document->root()["meta"]));
        });
}

// --- $everything

Outcome<http::Response> everything(const Services& services, const Call& call, const fhir::DocumentPtr& body) {
    SearchRequest request;
    request.type = "*";
    request.owner_type = call.route.type;
    request.owner_id = call.route.id;
    request.path = "/" + call.route.type + "/" + call.route.id + "/$everything";
    std::vector<std::pair<std::string, std::string>> links;
    for (const auto& parameter : call.parameters) {
        static constexpr std::array<std::string_view, 8> known = {"_since",  "_type",   "_count",    "_page",
                                                                  "_format", "_pretty", "_elements", "_mdm"};
        const bool dates = call.route.type == "Patient" && (parameter.name == "start" || parameter.name == "end");
        if (!dates && std::ranges::find(known, parameter.name) == known.end())
            return fault(400, IssueCode::not_supported,
                         "$everything takes _since, _type, _count and _mdm, and for a Patient start and end");
    }
    const auto pass = [&](const char* name, const char* as, const char* prefix) {
        const std::string_view value = input(call, body, name);
        if (value.empty()) return;
        request.parameters.push_back({as, prefix + std::string(value)});
        links.emplace_back(name, value);
    };
    pass("_since", "_lastUpdated", "ge");
    pass("_type", "_type", "");
    pass("_count", "_count", "");
    if (call.route.type == "Patient")
        for (auto [name, place] : {std::pair{"start", &request.care_from}, std::pair{"end", &request.care_to}}) {
            *place = input(call, body, name);
            if (place->empty()) continue;
            if (place->front() < '0' || place->front() > '9' || place->find(',') != std::string::npos)
                return fault(400, IssueCode::value, "start and end are dates");
            links.emplace_back(name, *place);
        }
    if (const std::string_view token = parameter(call, "_page"); !token.empty())
        request.parameters.push_back({"_page", std::string(token)});
    request.parameters.push_back({"_include", "*"});
    request.link_parameters = std::move(links);
    auto snapshot = services.store.snapshot();
    if (snapshot.has_error()) return fault_of(snapshot.error());
    auto owner = stored_document(**snapshot, call);
    if (owner.has_error()) return owner.error();
    if (call.route.type == "Patient" && input(call, body, "_mdm") == "true") {
        auto linked = linked_with(services, **snapshot, call, call.route.id);
        if (linked.has_error()) return linked.error();
        request.owner_linked.assign(linked->begin() + 1, linked->end());
        request.link_parameters->emplace_back("_mdm", "true");
    }
    return run_search(services, **snapshot, call, std::move(request));
}

Operation operation(std::string name, std::vector<std::string> types) {
    Operation made;
    made.name = std::move(name);
    made.types = std::move(types);
    return made;
}

}  // namespace

void add_standard_operations(Operations& operations) {
    Operation one = operation("validate", {});
    one.definition = "http://hl7.org/fhir/OperationDefinition/Resource-validate";
    one.at_system = one.at_type = one.at_instance = true;
    one.reads_body = false;
    operations.add(one, [](const Services& services, CallPtr call, fhir::DocumentPtr, Answer answer) {
        answer(validate(services, *call));
    });

    one = operation("meta", {});
    one.definition = "http://hl7.org/fhir/OperationDefinition/Resource-meta";
    one.at_system = one.at_type = one.at_instance = true;
    operations.add(one, [](const Services& services, CallPtr call, fhir::DocumentPtr, Answer answer) {
        answer(meta(services, *call));
    });

    one.at_system = one.at_type = false;
    one.affects_state = true;
    one.name = "meta-add";
    one.definition = "http://hl7.org/fhir/OperationDefinition/Resource-meta-add";
    operations.add(one, [](const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer) {
        change_meta(services, call, body, answer, true);
    });
    one.name = "meta-delete";
    one.definition = "http://hl7.org/fhir/OperationDefinition/Resource-meta-delete";
    operations.add(one, [](const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer) {
        change_meta(services, call, body, answer, false);
    });

    add_clinical_operations(operations);
    add_message_operation(operations);
    add_observation_statistics(operations);
    for (const char* type : {"Patient", "Encounter"}) {
        one = operation("everything", {type});
        one.definition = std::string("http://hl7.org/fhir/OperationDefinition/") + type + "-everything";
        one.at_instance = true;
        operations.add(one, [](const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer) {
            answer(everything(services, *call, body));
        });
    }
}

}  // namespace causeway::rest
