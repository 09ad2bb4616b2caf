#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/issue.hpp"
#include "fhir/model/document.hpp"
#include "fhir/result.hpp"
#include "fhir/terminology/terminology.hpp"

namespace causeway::fhir {

struct ValidatorData;

struct ValidationOptions {
    std::vector<std::string> profiles = {};  ///< canonical URLs asked for, beside those that meta.profile names
    bool meta_profiles = true;
    std::string_view resource_type = {};  ///< the type that is wanted; empty = any
    std::size_t issues_max = 200;  ///< errors; of warnings and information half as many, which never hide an error
    std::int64_t now_us = 0;       ///< for now() and today() in invariants
    std::int16_t zone_minutes = 0;
    /// Gives the resource that a literal reference names, beyond contained ones and the bundle's; absent where it is
    /// not known. It must outlive the call.
    std::function<Element(std::string_view reference)> resolve = {};
    /// Gives the Questionnaire that a response names, beyond contained ones and the bundle's, as `resolve` does.
    std::function<Element(std::string_view canonical)> questionnaire = {};
    /// "It is good practice" rules (dom-6), as warnings.
    bool best_practice = true;
};

/// Everything that R4 and the profiles loaded ask of a resource: structure, invariants, bindings, references,
/// narrative, bundles, extensions, profiles. Immutable once built, shared by pointer, used from any thread. It compiles
/// a profile when that is first needed, behind a lock of its own.
class Validator {
public:
    explicit Validator(std::unique_ptr<const ValidatorData> data);
    ~Validator();
    Validator(const Validator&) = delete;
    Validator& operator=(const Validator&) = delete;

    /// R4 alone, as compiled in. Takes about 30 ms: keep it.
    static std::shared_ptr<const Validator> built_in();

    /// No error among the issues = valid. A rule that could not be run is an issue that says "not checked". Expressions
    /// count from `resource`, wherever in a document it stands.
    Issues validate(Element resource, const ValidationOptions& options = {}) const;
    Issues validate(const Document& document, const ValidationOptions& options = {}) const;

    const Terminology& terminology() const noexcept;
    /// The same profiles over other code systems and value sets; what is compiled is shared. Takes about 3 ms.

    /// True if the profile, or the type it names, is known.
    bool knows_profile(std::string_view canonical) const;
    /// Ids of the elements that a profile marks mustSupport, in the order of its definition.
    Result<std::vector<std::string>> must_support(std::string_view canonical) const;
    /// The profile's StructureDefinition with a snapshot made anew from its base and its differential.
    Result<DocumentPtr> snapshot(std::string_view canonical) const;
    /// Profiles that are loaded, compiled or not.
    std::size_t profiles() const noexcept;
    /// Rules of R4 whose expression cannot be run here; each of them is reported as not checked where it would apply.
    std::vector<std::string> rules_not_run() const;

private:
    friend class ValidatorBuilder;
    std::unique_ptr<const ValidatorData> data_;
};

/// Collects definitions on top of R4's own, then builds a Validator.
class ValidatorBuilder {
public:
    explicit ValidatorBuilder(std::shared_ptr<const Terminology> base = Terminology::built_in());
    /// On top of all that a validator knows already; what that has compiled is shared.
    explicit ValidatorBuilder(const Validator& base);
    ~ValidatorBuilder();
    ValidatorBuilder(const ValidatorBuilder&) = delete;
    ValidatorBuilder& operator=(const ValidatorBuilder&) = delete;

    /// A StructureDefinition, CodeSystem, ValueSet or ConceptMap; anything else is passed over (false). A later
    /// definition hides an earlier one of the same URL and version.
    bool add(const DocumentPtr& definition);
    /// Large code systems outside of memory.
    void set_store(std::shared_ptr<const ConceptStore> store);
    std::shared_ptr<const Validator> build() &&;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace causeway::fhir
