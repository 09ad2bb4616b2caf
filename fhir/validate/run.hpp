#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fhir/issue.hpp"
#include "fhir/path/expression.hpp"
#include "fhir/validate/bundle_index.hpp"
#include "fhir/validate/validator_data.hpp"

namespace causeway::fhir {

/// One validation: the state that all checks share. Issues go through report(), which counts and places them.
class Run : public path::Hooks {
public:
    Run(const ValidatorData& data, const ValidationOptions& options, Element root, Issues& issues);

    const ValidatorData& data;
    const ValidationOptions& options;
    const Element root;
    Element resource;                     ///< the one being checked
    Element root_resource;                ///< its container, or itself
    std::unique_ptr<BundleIndex> bundle;  ///< the nearest bundle around it; null outside of bundles

    void report(Severity severity, IssueCode code, Element at, std::string text, std::string_view rule);
    void error(IssueCode code, Element at, std::string text, std::string_view rule) {
        report(Severity::error, code, at, std::move(text), rule);
    }
    /// Of a member that is not there.
    void missing(Element parent, std::string_view name, std::string text, std::string_view rule);
    /// Each text once: what could not be checked, and why.
    void not_checked(Element at, std::string text, std::string_view rule);
    /// As information, each system once.
    void unknown_system(Element at, std::string_view system);
    /// As many errors as are listed: the rest is not looked at. Warnings never end the run.
    bool full() const noexcept { return errors_ > options.issues_max; }

    /// Runs invariants on an element. `where` stands behind the rule's key where a profile brings it.
    void apply(std::span<const Rule> rules, Element focus, const r4::TypeDef* type, std::string_view where = {});
    /// The resource that a reference names: contained, in the bundle, or by the options; absent if it is not known.
    Element find_target(std::string_view reference) const;

    /// Does the element meet the profile? Nothing is reported. Nothing if the profile is not known.
    std::optional<bool> conforms(Element element, const r4::TypeDef& type, std::string_view profile);

    // path::Hooks
    Element resolve(std::string_view reference) const override { return find_target(reference); }
    std::optional<bool> member_of(const path::Item& coded, std::string_view value_set) const override;
    std::optional<bool> subsumes(std::string_view system, std::string_view ancestor,
                                 std::string_view descendant) const override;
    std::optional<bool> conforms_to(Element element, std::string_view profile) const override;

    /// While it lives, errors are counted and not listed.
    class Quiet {
    public:
        explicit Quiet(Run& run) : run_(run), was_quiet_(std::exchange(run.quiet_, true)), failed_(run.failed_) {
            run.failed_ = false;
        }
        ~Quiet() {
            run_.quiet_ = was_quiet_;
            run_.failed_ = failed_;
        }
        Quiet(const Quiet&) = delete;
        Quiet& operator=(const Quiet&) = delete;
        bool failed() const noexcept { return run_.failed_; }

    private:
        Run& run_;
        bool was_quiet_;
        bool failed_;
    };
    bool quiet() const noexcept { return quiet_; }

    /// While it lives, another resource is the one being checked.
    class Focus {
    public:
        Focus(Run& run, Element resource, Element root_resource)
            : run_(run), resource_(run.resource), root_resource_(run.root_resource) {
            run.resource = resource;
            run.root_resource = root_resource;
        }
        ~Focus() {
            run_.resource = resource_;
            run_.root_resource = root_resource_;
        }
        Focus(const Focus&) = delete;
        Focus& operator=(const Focus&) = delete;

    private:
        Run& run_;
        Element resource_;
        Element root_resource_;
    };

    /// What is being checked against which profile: a resource that refers to itself ends there.
    std::vector<std::pair<const Node*, const Profile*>> active;

private:
    /// False where the list has enough of that severity; the first one too many says so.
    bool has_room(Severity severity);

    Issues* issues_;
    std::size_t errors_;
    std::size_t notes_ = 0;  ///< warnings and information
    path::Evaluation evaluation_;
    std::vector<std::string> said_;
    bool quiet_ = false;
    bool failed_ = false;
};

/// What a code, Coding, CodeableConcept, Quantity, string or uri says of a value set; `strength` decides what is an
/// issue.
void check_binding(Run& run, Element coded, r4::BindingStrength strength, const ValueSet* set, std::string_view url,
                   std::string_view rule);
/// A value of type code, or a code in a Coding, CodeableConcept or Quantity.
bool has_code(Element coded);
Answer bound(const Terminology& terminology, const ValueSet& set, Element coded);
/// A code that its system does not have, a display that is not the code's, a system that is no URI.
void check_coding(Run& run, Element coding);

/// Narrative.div (txt-1, txt-2).
void check_narrative(Run& run, Element div);

/// Target type, contained and bundle targets of one Reference.
void check_reference(Run& run, Element reference, const r4::ElementDef& element);
/// The type of the resource that a reference names; empty if nothing says it.
std::string_view target_type(const Run& run, Element reference);

/// Rules of a Bundle's entries that no invariant states.
void check_bundle(Run& run, Element bundle);

/// A QuestionnaireResponse against its Questionnaire, where that is at hand.
void check_response(Run& run, Element response);
/// Rules of Questionnaires and definitions that no invariant states.
void check_definition(Run& run, Element resource);
/// The profile that R4 asks an Observation of that code to meet (its vital signs); empty for any other resource.
std::string_view vital_sign_profile(Element resource) noexcept;

/// One extension: known, allowed there, with the content that its definition asks for.
void check_extension(Run& run, Element extension, bool is_modifier);

/// An element against a profile; what is wrong is reported.
void check_profile(Run& run, Element element, const r4::TypeDef& type, const Profile& profile);

/// A resource by R4, with everything in it, and the profiles that it names.
void walk_resource(Run& run, Element resource, bool contained);

}  // namespace causeway::fhir
