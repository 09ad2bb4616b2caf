#include <algorithm>
#include <array>

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
    /// fullUrl: absolute, the identity of the resource, there unless the bundle asks for changes.
    void full_url(Element entry) {
        const Element url = entry["fullUrl"];
        const Element resource = entry["resource"];
        const bool asks =
            type_ == "batch" || type_ == "transaction" || type_ == "batch-response" || type_ == "transaction-response";
        if (!url.has_value()) {
            if (!asks && resource.is_object() && type_ != "history" && !type_.empty())
                run_.report(Severity::warning, IssueCode::required, entry,
                            "the entry has no fullUrl: nothing can refer to its resource", "bundle");
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
