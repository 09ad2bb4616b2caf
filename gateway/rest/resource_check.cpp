#include "gateway/rest/resource_check.hpp"

#include <deque>

#include "fhir/json/json.hpp"
#include "fhir/model/reference.hpp"
#include "fhir/validate/validate.hpp"
#include "gateway/rest/terminology_service.hpp"

namespace causeway::rest {
namespace {

using fhir::Element;
using fhir::IssueCode;

/// Gives the validator what local references name; keeps it for as long as it works.
class Resolver {
public:
    Resolver(const Services& services, const Call& call) : services_(services), call_(call) {}
    Element operator()(std::string_view text) {
        const auto url = fhir::ReferenceUrl::parse(text);
        const bool ours = url.kind == fhir::ReferenceUrl::Kind::relative ||
                          (url.kind == fhir::ReferenceUrl::Kind::absolute && url.base == call_.base + "/");
        if (!ours || documents_.size() >= documents_max) return {};
        auto snapshot = services_.store.snapshot();
        if (snapshot.has_error()) return {};
        auto found = (*snapshot)->read(url.type, url.id);
        if (found.has_error() || !*found || (*found)->erased()) return {};
        if (call_.visibility) {
            auto seen = (*snapshot)->sees(*call_.visibility, **found);
            if (seen.has_error() || !*seen) return {};
        }
        auto document = fhir::parse_json((*found)->json());
        if (document.has_error()) return {};
        documents_.push_back(std::move(*document));
        return documents_.back()->root();
    }

    /// The stored Questionnaire of that canonical URL, the newest where several have it.
    Element questionnaire(std::string_view canonical) {
        const auto wanted = fhir::Canonical::parse(canonical);
        if (documents_.size() >= documents_max || wanted.url.empty()) return {};
        if (wanted.url.find(':') == std::string_view::npos || wanted.url.starts_with(call_.base + "/"))
            return (*this)(wanted.url);
        std::vector<fhir::search::QueryParameter> parameters{{"url", escaped(wanted.url)}, {"_sort", "-_lastUpdated"}};
        if (!wanted.version.empty()) parameters.push_back({"version", escaped(wanted.version)});
        auto query = fhir::search::parse_query("Questionnaire", parameters);
        query.plan.count = 1;
        auto snapshot = services_.store.snapshot();
        if (snapshot.has_error()) return {};
        storage::SearchOptions options;
        options.visibility = call_.visibility.get();
        auto page = (*snapshot)->search(query.plan, options);
        if (page.has_error() || page->matches.empty()) return {};
        auto document = fhir::parse_json(page->matches.front().json());
        if (document.has_error()) return {};
        documents_.push_back(std::move(*document));
        return documents_.back()->root();
    }

private:
    /// ',', '$', '|' and '\\' part values of a search.
    static std::string escaped(std::string_view text) {
        std::string out;
        for (const char c : text) {
            if (c == ',' || c == '$' || c == '|' || c == '\\') out += '\\';
            out += c;
        }
        return out;
    }

    static constexpr std::size_t documents_max = 500;
    const Services& services_;
    const Call& call_;
    std::deque<fhir::DocumentPtr> documents_;
};

}  // namespace

Outcome<fhir::Issues> checked_issues(const Services& services, const Call& call, Element resource,
                                     std::string_view profile) {
    if (!services.terminology) {
        fhir::StructureOptions options;
        options.resource_type = call.route.type;
        return fhir::validate_structure(resource, options);
    }
    services.terminology->refresh();
    const auto validator = services.terminology->validator();
    Resolver resolver(services, call);
    fhir::ValidationOptions options;
    options.resource_type = call.route.type;
    options.now_us = call.now_us;
    options.resolve = [&resolver](std::string_view reference) { return resolver(reference); };
    options.questionnaire = [&resolver](std::string_view canonical) { return resolver.questionnaire(canonical); };
    if (!profile.empty()) {
        if (!validator->knows_profile(profile))
            return fault(404, IssueCode::not_found, "The profile is not known to this server");
        options.profiles = {std::string(profile)};
    }
    return validator->validate(resource, options);
}

Outcome<void> check_content(const Services& services, const Call& call, Draft& draft) {
    if (!services.settings.validate_writes) return {};
    auto issues = checked_issues(services, call, draft.document->root(), {});
    if (issues.has_error()) return issues.error();
    Fault refused;
    refused.status = 422;
    for (fhir::Issue& issue : *issues) {
        const bool error = issue.severity == fhir::Severity::error || issue.severity == fhir::Severity::fatal;
        (error ? refused.issues : draft.warnings).push_back(std::move(issue));
    }
    if (!refused.issues.empty()) return refused;
    return {};
}

}  // namespace causeway::rest
