#include <algorithm>
#include <map>
#include <set>

#include "fhir/json/json.hpp"
#include "fhir/model/reference.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/body.hpp"
#include "gateway/rest/bundle_writer.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/read.hpp"
#include "gateway/rest/resource_writer.hpp"

namespace causeway::rest {
namespace {

using fhir::Element;
using fhir::IssueCode;

constexpr std::size_t lastn_observations_max = 20'000;  // looked at, newest first
constexpr std::size_t document_resources_max = 1'000;

// --- $lastn

/// What makes two observations of one kind: each coding, or the text where there is none.
std::vector<std::string> kinds_of(Element observation) {
    std::vector<std::string> out;
    for (const Element coding : observation["code"]["coding"].items())
        out.push_back(std::string(coding["system"].text()) + "|" + std::string(coding["code"].text()));
    if (out.empty()) out.push_back("text|" + std::string(observation["code"]["text"].text()));
    return out;
}

/// Of the URL, and of a Parameters body as if they stood there.
std::vector<fhir::search::QueryParameter> all_parameters(const Call& call, const fhir::DocumentPtr& body) {
    auto out = call.parameters;
    if (!body || body->resource_type() != "Parameters") return out;
    for (const Element one : body->root()["parameter"].items())
        for (const Element value : one.children()) {
            if (!value.name().starts_with("value")) continue;
            const std::string_view text = value.is_primitive() ? value.text() : value["reference"].text();
            if (!text.empty()) out.push_back({std::string(one["name"].text()), std::string(text)});
        }
    return out;
}

Outcome<http::Response> lastn(const Services& services, const Call& call, const fhir::DocumentPtr& body) {
    SearchRequest request;
    request.type = "Observation";
    std::size_t max = 1;
    bool about_somebody = false, of_some_kind = false;
    const auto parameters = all_parameters(call, body);
    for (const auto& parameter : parameters) {
        const std::string_view name = std::string_view(parameter.name).substr(0, parameter.name.find_first_of(":."));
        if (name == "max") {
            max = static_cast<std::size_t>(std::strtoul(parameter.value.c_str(), nullptr, 10));
            if (max == 0 || max > 1000) return fault(400, IssueCode::value, "max takes a number from 1 to 1000");
            continue;
        }
        about_somebody = about_somebody || name == "patient" || name == "subject";
        of_some_kind = of_some_kind || name == "category" || name == "code";
        request.parameters.push_back(parameter);
    }
    if (!about_somebody || !of_some_kind)
        return fault(400, IssueCode::required, "$lastn needs patient or subject, and category or code");
    request.parameters.push_back({"_sort", "-date"});
    auto snapshot = services.store.snapshot();
    if (snapshot.has_error()) return fault_of(snapshot.error());
    std::map<std::string, std::size_t> counts;
    std::vector<storage::StoredResource> kept;
    std::size_t seen = 0;
    auto done = each_match(services, **snapshot, call, std::move(request), [&](const storage::StoredResource& one) {
        auto document = fhir::parse_json(one.json());
        if (document.has_error()) return true;
        bool wanted = false;
        for (const auto& kind : kinds_of((*document)->root())) {
            auto& count = counts[kind];
            wanted = wanted || count < max;
            ++count;
        }
        if (wanted) kept.push_back(one);
        return ++seen < lastn_observations_max;
    });
    if (done.has_error()) return done.error();
    BundleWriter bundle("searchset", call.now_us);
    bundle.total(kept.size());
    std::vector<std::pair<std::string, std::string>> used;
    for (const auto& parameter : parameters) used.emplace_back(parameter.name, parameter.value);
    bundle.link("self", call.base + "/Observation/$lastn?" + fhir::search::encode_query(used));
    for (const auto& one : kept) {
        bundle.begin_entry();
        bundle.full_url(call.base, one.type, one.id);
        bundle.resource([&](std::string& json) { one.append_json(json); });
        bundle.search("match");
        bundle.end_entry();
    }
    return json_response(call.format, 200, std::move(bundle).finish());
}

// --- $document

/// Every literal reference in the element, in order.
void collect_references(Element element, std::vector<std::string>& out) {
    if (element.name() == "reference" && element.kind() == fhir::Kind::string) out.emplace_back(element.text());
    for (const Element child : element.children()) collect_references(child, out);
}

/// Gathers a document's resources: what the composition refers to, and what its entries refer to in turn.
class DocumentAssembly {
public:
    DocumentAssembly(storage::Reader& reader, const Call& call) : reader_(reader), call_(call) {}

    Outcome<void> add(const std::string& type, const std::string& id, unsigned depth) {
        if (!names_.insert(type + "/" + id).second || resources_.size() >= document_resources_max) return {};
        auto found = reader_.read(type, id);
        if (found.has_error()) return fault_of(found.error());
        if (!*found || (*found)->erased()) return {};
        if (call_.visibility) {
            auto seen = reader_.sees(*call_.visibility, **found);
            if (seen.has_error()) return fault_of(seen.error());
            if (!*seen) return {};
        }
        const auto document = fhir::parse_json((*found)->json());
        resources_.push_back(std::move(**found));
        if (document.has_error() || depth == 0) return {};
        std::vector<std::string> references;
        collect_references((*document)->root(), references);
        for (const auto& text : references) {
            const auto url = fhir::ReferenceUrl::parse(text);
            const bool ours = url.kind == fhir::ReferenceUrl::Kind::relative ||
                              (url.kind == fhir::ReferenceUrl::Kind::absolute && url.base == call_.base + "/");
            if (!ours) continue;
            if (auto added = add(std::string(url.type), std::string(url.id), depth - 1); added.has_error())
                return added;
        }
        return {};
    }
    const std::vector<storage::StoredResource>& resources() const { return resources_; }

private:
    storage::Reader& reader_;
    const Call& call_;
    std::set<std::string> names_;
    std::vector<storage::StoredResource> resources_;
};

void document(const Services& services, const CallPtr& call, const fhir::DocumentPtr& body, const Answer& answer) {
    auto snapshot = services.store.snapshot();
    if (snapshot.has_error()) return answer(fault_of(snapshot.error()));
    DocumentAssembly assembly(**snapshot, *call);
    if (auto added = assembly.add("Composition", call->route.id, 2); added.has_error()) return answer(added.error());
    if (assembly.resources().empty())
        return answer(fault(404, IssueCode::not_found, "There is no resource of this type with this id"));
    const std::string id = services.store.new_id();
    std::string json = R"({"resourceType":"Bundle","id":")" + id +
                       R"(","identifier":{"system":"urn:ietf:rfc:3986","value":"urn:uuid:)" + id +
                       R"("},"type":"document","timestamp":")" + instant(call->now_us) + R"(","entry":[)";
    for (const auto& one : assembly.resources()) {
        json += R"({"fullUrl":)";
        fhir::append_json_string(call->base + "/" + one.type + "/" + one.id, json);
        json += R"(,"resource":)";
        one.append_json(json);
        json += "},";
    }
    json.back() = ']';
    json += '}';
    if (input(*call, body, "persist") != "true") return answer(json_response(call->format, 200, std::move(json)));
    const auto allowed = services.door.authorize(call->principal, {security::Interaction::create, "Bundle", {}, {}});
    if (!allowed.allowed) return answer(fault(403, IssueCode::forbidden, allowed.reason));
    auto parsed = fhir::parse_json(json);
    if (parsed.has_error()) return answer(fault_of(parsed.error()));
    auto draft = services.writer.prepare(std::move(*parsed), id);
    if (draft.has_error()) return answer(draft.error());
    storage::transact(
        services.store,
        [&services, call, draft = *draft](storage::Transaction& transaction) -> storage::Result<storage::VersionInfo> {
            auto written = services.writer.write(
                transaction, draft, {call->principal, storage::WriteKind::create, {}, 0, call->request.id, true});
            if (written.has_error()) return written.error();
            return written->version;
        },
        [call, answer, id, json](storage::Result<storage::VersionInfo> written) {
            if (written.has_error()) return answer(fault_of(written.error()));
            http::Response response = json_response(call->format, 200, json);
            response.headers.add("Location", version_url(call->base, "Bundle", id, written->number));
            answer(std::move(response));
        });
}

}  // namespace

void add_clinical_operations(Operations& operations) {
    Operation one;
    one.name = "lastn";
    one.types = {"Observation"};
    one.definition = "http://hl7.org/fhir/OperationDefinition/Observation-lastn";
    one.at_type = true;
    operations.add(one, [](const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer) {
        answer(lastn(services, *call, body));
    });

    one = {};
    one.name = "document";
    one.types = {"Composition"};
    one.definition = "http://hl7.org/fhir/OperationDefinition/Composition-document";
    one.at_instance = true;
    operations.add(one, [](const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer) {
        document(services, call, body, answer);
    });

    one = {};
    one.name = "convert";
    one.definition = "http://hl7.org/fhir/OperationDefinition/Resource-convert";
    one.at_system = one.at_type = true;
    one.get_allowed = false;
    operations.add(one, [](const Services&, CallPtr call, fhir::DocumentPtr body, Answer answer) {
        const Element resource = input_resource(body, "input");
        if (!resource) return answer(fault(400, IssueCode::required, "There is no resource to convert"));
        answer(json_response(call->format, 200, fhir::to_json(resource)));
    });
}

}  // namespace causeway::rest
