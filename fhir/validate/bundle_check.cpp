#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fhir/model/reference.hpp"
#include "fhir/validate/run.hpp"

namespace causeway::fhir {

namespace {

/// What a document carries with it: the references of its Composition that R4 lists in "Document Content".
constexpr auto carried = std::to_array<std::string_view>({"subject", "encounter", "author", "custodian"});

class BundleCheck {
public:
    BundleCheck(Run& run, Element bundle) : run_(run), bundle_(bundle), type_(bundle["type"].text()) {}

    void run() {
        for (const Element entry : bundle_["entry"].items()) full_url(entry);
        if (type_ == "document") document();
    }

private:
    /// R4: fullUrl "SHALL have a value", but for what is to be created and results of operations that have no identity.
    void no_full_url(Element entry) {
        const Element resource = entry["resource"];
        if (!resource.is_object() || entry["search"]["mode"].text() == "outcome") return;
        const bool identified = type_ == "document" || type_ == "message" || type_ == "collection" ||
                                (type_ == "searchset" && resource["id"].has_value());
        if (identified)
            run_.missing(entry, "fullUrl", "'fullUrl' is missing: it is the identity of the entry's resource",
                         "bundle");
    }

    /// fullUrl: absolute, the identity of the resource, there unless the bundle asks for changes.
    void full_url(Element entry) {
        const Element url = entry["fullUrl"];
        const Element resource = entry["resource"];
        const bool asks =
            type_ == "batch" || type_ == "transaction" || type_ == "batch-response" || type_ == "transaction-response";
        if (!url.has_value()) {
            if (!asks) no_full_url(entry);
            return;
        }
        const auto text = url.text();
        const auto parsed = ReferenceUrl::parse(text);
        if (text.find(':') == std::string_view::npos)
            return run_.error(IssueCode::value, url, "fullUrl is an absolute URI; this is relative", "bundle");
        if (parsed.kind != ReferenceUrl::Kind::absolute || !resource.is_object() || !r4::is_resource_type(parsed.type))
            return;
        const auto id = resource["id"].text();
        if (asks && id.empty()) return;
        if (parsed.type != resource.resource_type() || (!id.empty() && parsed.id != id))
            run_.error(IssueCode::value, url, "fullUrl names another type or id than its resource has", "bundle");
    }

    void document() {
        const Element composition = bundle_["entry"].first()["resource"];
        if (composition.resource_type() != "Composition") return;  // bdl-11 says it
        const Run::Focus focus(run_, composition, composition);
        for (const auto name : carried)
            for (const Element reference : composition[name].items()) carries(reference);
        for (const Element attester : composition["attester"].items()) carries(attester["party"]);
        for (const Element event : composition["event"].items())
            for (const Element detail : event["detail"].items()) carries(detail);
        sections(composition);
        connected(composition);
    }

    /// A document holds its Composition and what belongs to it: what refers to it, or is referred to, through any
    /// number of steps. A stylesheet is a Binary that nothing need name.
    void connected(Element composition) {
        std::unordered_map<const Node*, std::vector<Element>> beside;
        for (const Element entry : bundle_["entry"].items()) {
            const Element resource = entry["resource"];
            if (!resource.is_object()) continue;
            const Run::Focus focus(run_, resource, resource);
            join(resource, resource, beside);
        }
        std::unordered_set<const Node*> reached{composition.node()};
        for (std::vector<Element> next{composition}; !next.empty();) {
            const Element at = next.back();
            next.pop_back();
            for (const Element other : beside[at.node()])
                if (reached.insert(other.node()).second) next.push_back(other);
        }
        for (const Element entry : bundle_["entry"].items()) {
            const Element resource = entry["resource"];
            if (!resource.is_object() || resource.resource_type() == "Binary" || reached.count(resource.node()))
                continue;
            run_.error(IssueCode::business_rule, entry,
                       "a document holds what its Composition leads to; nothing leads from it to this entry or back",
                       "bundle");
        }
    }

    /// Every text in a resource that names an entry joins the two.
    void join(Element element, Element resource, std::unordered_map<const Node*, std::vector<Element>>& beside) {
        for (const Element child : element.children()) {
            if (child.kind() == Kind::string) {
                const bool names =
                    child.name() == "reference" || child.text().starts_with("urn:") || child.text().starts_with("http");
                const Element target =
                    names && !child.text().starts_with('#') ? run_.find_target(child.text()) : Element();
                if (target && target != resource) {
                    beside[resource.node()].push_back(target);
                    beside[target.node()].push_back(resource);
                }
            }
            if (child.size() != 0) join(child, resource, beside);
        }
    }

    void sections(Element owner) {
        for (const Element section : owner["section"].items()) {
            for (const Element author : section["author"].items()) carries(author);
            carries(section["focus"]);
            for (const Element entry : section["entry"].items()) carries(entry);
            sections(section);
        }
    }

    void carries(Element reference) {
        const Element text = reference["reference"];
        if (text.has_value() && !run_.find_target(text.text()))
            run_.error(IssueCode::not_found, text,
                       "a document carries what its Composition refers to; the bundle has no such entry", "bundle");
    }

    Run& run_;
    Element bundle_;
    std::string_view type_;
};

}  // namespace

void check_bundle(Run& run, Element bundle) { BundleCheck(run, bundle).run(); }

}  // namespace causeway::fhir
