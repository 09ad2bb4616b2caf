#include "fhir/validate/run.hpp"

#include <algorithm>

#include "fhir/validate/expression.hpp"

namespace causeway::fhir {

Run::Run(const ValidatorData& all, const ValidationOptions& how, Element top, Issues& issues)
    : data(all), options(how), root(top), resource(top), root_resource(top), issues_(&issues), errors_(issues.size()) {}

bool Run::has_room(Severity severity) {
    const bool is_error = severity >= Severity::error;
    std::size_t& listed = is_error ? errors_ : notes_;
    const std::size_t most = is_error ? options.issues_max : options.issues_max / 2;
    if (listed > most) return false;
    if (listed++ < most) return true;
    issues_->push_back({Severity::information, IssueCode::too_long,
                        is_error ? "there are more errors than are listed" : "there are more warnings than are listed",
                        "", ""});
    return false;
}

void Run::report(Severity severity, IssueCode code, Element at, std::string text, std::string_view rule) {
    if (quiet_) {
        failed_ |= severity == Severity::error;
        return;
    }
    if (has_room(severity)) issues_->push_back({severity, code, std::move(text), expression_of(at), std::string(rule)});
}

void Run::missing(Element parent, std::string_view name, std::string text, std::string_view rule) {
    if (quiet_) {
        failed_ = true;
        return;
    }
    if (has_room(Severity::error))
        issues_->push_back({Severity::error, IssueCode::required, std::move(text), expression_of_missing(parent, name),
                            std::string(rule)});
}

void Run::not_checked(Element at, std::string text, std::string_view rule) {
    if (quiet_ || std::find(said_.begin(), said_.end(), text) != said_.end()) return;
    said_.push_back(text);
    report(Severity::warning, IssueCode::incomplete, at, "not checked: " + std::move(text), rule);
}

void Run::unknown_system(Element at, std::string_view system) {
    std::string text = "codes of " + std::string(system) +
                       " are not checked: the code system is not loaded; load it with `causeway terminology import`";
    if (quiet_ || std::find(said_.begin(), said_.end(), text) != said_.end()) return;
    said_.push_back(text);
    report(Severity::information, IssueCode::not_found, at, std::move(text), "coding");
}

void Run::apply(std::span<const Rule> rules, Element focus, const r4::TypeDef* type, std::string_view where) {
    path::Environment environment;
    environment.resource = resource;
    environment.root_resource = root_resource;
    environment.now_us = options.now_us;
    environment.zone_minutes = options.zone_minutes;
    environment.hooks = this;
    environment.resolve_to_type = true;
    for (const Rule& rule : rules) {
        const auto name = [&] {
            return where.empty() ? std::string(rule.key) : std::string(where) + '|' + std::string(rule.key);
        };
        if (!rule.expression) {
            not_checked(focus, "the rule " + std::string(rule.key) + ", whose expression cannot be run", name());
            continue;
        }
        const auto holds = evaluation_.test(*rule.expression, path::Item(focus, type), environment);
        if (holds.has_error()) {
            not_checked(focus, "the rule " + std::string(rule.key) + ": " + holds.error().message, name());
        } else if (!*holds) {
            report(rule.is_error ? Severity::error : Severity::warning, IssueCode::invariant, focus,
                   quiet_ ? std::string() : std::string(rule.key) + ": " + std::string(rule.human), name());
        }
    }
}

Element Run::find_target(std::string_view reference) const {
    if (reference.starts_with('#')) {
        const auto id = reference.substr(1);
        if (id.empty()) return root_resource;
        for (const Element candidate : root_resource["contained"].items())
            if (candidate["id"].text() == id) return candidate;
        return {};
    }
    if (bundle)
        if (const Element found = bundle->find(reference, bundle->full_url_of(root_resource))) return found;
    return options.resolve ? options.resolve(reference) : Element();
}

std::optional<bool> Run::conforms(Element element, const r4::TypeDef& type, std::string_view canonical) {
    if (const r4::TypeDef* core = core_type(canonical)) return r4::is_a(type, core->name);
    const auto found = data.definitions->find(canonical);
    if (!found.profile) return std::nullopt;
    const Quiet quiet(*this);
    check_profile(*this, element, type, *found.profile);
    return !quiet.failed();
}

std::optional<bool> Run::member_of(const path::Item& coded, std::string_view value_set) const {
    const ValueSet* set = data.terminology->find_value_set(value_set);
    if (!set) return std::nullopt;
    const Answer answer = coded.is_element() ? bound(*data.terminology, *set, coded.element())
                                             : data.terminology->contains(*set, {}, coded.text());
    return answer == Answer::unknown ? std::nullopt : std::optional<bool>(answer == Answer::yes);
}

std::optional<bool> Run::subsumes(std::string_view system, std::string_view ancestor,
                                  std::string_view descendant) const {
    const auto told = data.terminology->subsumes(system, ancestor, descendant);
    if (!told) return std::nullopt;
    return *told == Subsumption::equivalent || *told == Subsumption::subsumes;
}

std::optional<bool> Run::conforms_to(Element element, std::string_view profile) const {
    const r4::TypeDef* type = type_of(element);
    if (!type) return std::nullopt;
    // A run of its own: the evaluation that asks is in the middle of its work.
    Issues none;
    Run inner(data, options, root, none);
    inner.resource = resource;
    inner.root_resource = root_resource;
    if (bundle) inner.bundle = std::make_unique<BundleIndex>(bundle->bundle());
    return inner.conforms(element, *type, profile);
}

}  // namespace causeway::fhir
