#pragma once
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhir/model/document.hpp"
#include "fhir/result.hpp"
#include "fhir/terminology/code_system.hpp"
#include "fhir/terminology/store.hpp"
#include "fhir/terminology/value_set.hpp"

namespace causeway::fhir {

/// A code with its system; the system is empty for an element of type code.
struct CodingView {
    std::string_view system;
    std::string_view code;
    std::string_view version = {};
    std::string_view display = {};
};

enum class Answer : unsigned char { no, yes, unknown };

/// Of $validate-code. `unknown` is said where a code system that decides is not loaded.
struct CodeAnswer {
    Answer answer = Answer::unknown;
    std::string display;          ///< the right one, where it is known
    bool display_matches = true;  ///< false if a display was given and is not the right one
    std::string message;          ///< why not, or what is missing: URLs, never the code
    std::string system;           ///< the one that decided, where it is known
    std::string version;          ///< of that system
    bool is_abstract = false;
    bool is_inactive = false;
};

struct ValidateCodeOptions {
    bool abstract_allowed = true;  ///< false: a code that only groups others is not valid here
};

struct LookupAnswer {
    std::string name;  ///< of the system
    std::string version;
    std::string display;
    std::string definition;
    bool is_abstract = false;
    bool is_inactive = false;
    std::vector<std::string> parents;
    std::vector<std::string> children;
    std::vector<ConceptProperty> properties;
    std::vector<ConceptDesignation> designations;
};

enum class Subsumption : unsigned char { equivalent, subsumes, subsumed_by, not_subsumed };
/// As http://hl7.org/fhir/concept-subsumption-outcome.
std::string_view code_of(Subsumption outcome) noexcept;

struct ExpandOptions {
    std::string_view filter = {};  ///< words; each must begin a word of the display, or the code
    std::size_t offset = 0;
    std::size_t count = 1000;
    bool active_only = false;
    bool selectable_only = false;  ///< excludeNotForUI: leaves out abstract concepts
    bool with_designations = false;
    bool with_definition = false;
    std::size_t candidates_max = 500'000;  ///< looked at; more is too costly
};

struct ExpansionItem {
    std::string system;
    std::string version;
    std::string code;
    std::string display;
    bool is_abstract = false;
    bool is_inactive = false;
    std::string definition;
    std::vector<ConceptDesignation> designations;
};

struct Expansion {
    std::size_t total = 0;
    std::vector<ExpansionItem> items;
    std::vector<std::string> systems;  ///< `system|version` of each that was used
};

struct TranslateMatch {
    std::string system;
    std::string code;
    std::string display;
    std::string equivalence;
    std::string map;  ///< its URL
    std::string comment;
    bool depends = false;  ///< the map says that it holds only under conditions on other elements
};

/// Code systems, value sets and concept maps, and what R4's terminology operations say about them. Immutable once built
/// and read from any thread; large systems are asked from a ConceptStore. Answers are by content: nothing is guessed,
/// and what needs a system that is not loaded is `unknown`, with its URL.
class Terminology {
public:
    /// What is compiled in: FHIR's own, v2 tables, v3. Takes about 10 ms and 4 MB; make it once.
    static std::shared_ptr<const Terminology> built_in();

    const CodeSystem* find_system(std::string_view url, std::string_view version = {}) const noexcept;
    /// By canonical URL, `|version` allowed. Without version the last one added answers.
    const ValueSet* find_value_set(std::string_view canonical) const noexcept;
    /// As find_value_set(), and the sets that a URL describes (implicit.hpp) or that a CodeSystem names as all of its
    /// codes. The copy borrows the definitions and `canonical`.
    std::optional<ValueSet> value_set(std::string_view canonical) const;

    /// Is the code in the value set? With an empty system, whatever system the set names decides (type code).
    CodeAnswer validate_code(std::string_view value_set, const CodingView& coding,
                             const ValidateCodeOptions& options = {}) const;
    CodeAnswer validate_code(const ValueSet& value_set, const CodingView& coding,
                             const ValidateCodeOptions& options = {}) const;
    /// Does the code system have it, in the version that is asked for?
    CodeAnswer validate_code(const CodingView& coding, const ValidateCodeOptions& options = {}) const;
    /// A CodeableConcept is valid by any of its codings: the first that is, or else the most telling answer.
    CodeAnswer validate_code(std::string_view value_set, std::span<const CodingView> codings,
                             const ValidateCodeOptions& options = {}) const;
    /// The answer alone, without a message: what validation asks. It allocates nothing for systems in memory.
    Answer contains(const ValueSet& value_set, std::string_view system, std::string_view code) const;

    Result<LookupAnswer> lookup(const CodingView& coding) const;
    Result<Subsumption> subsumes(std::string_view system, std::string_view a, std::string_view b) const;
    Result<Expansion> expand(std::string_view value_set, const ExpandOptions& options = {}) const;
    Result<Expansion> expand(const ValueSet& value_set, const ExpandOptions& options = {}) const;
    /// By map URL, or (empty) by every map whose source and target fit; target system may be empty. What a group says
    /// of codes it does not map (`unmapped`) is followed.
    Result<std::vector<TranslateMatch>> translate(std::string_view map, const CodingView& coding,
                                                  std::string_view target_system = {}, bool reverse = false) const;

private:
    friend class TerminologyBuilder;
    Answer contains(const ValueSet& value_set, std::string_view system, std::string_view code, unsigned depth) const;
    Answer part_contains(const ValueSet::Part& part, std::string_view system, std::string_view code,
                         unsigned depth) const;
    Answer system_contains(std::string_view system, std::string_view code) const;
    /// The system in memory that answers for the URL: none where it is a fragment and the store has all of it.
    const CodeSystem* answering_system(std::string_view url, std::string_view version = {}) const;
    Answer filter_holds(const ValueSet::Filter& filter, std::string_view system, std::string_view code) const;
    Answer property_holds(const ValueSet::Filter& filter, std::string_view system, std::string_view code) const;
    Answer hierarchy_holds(const ValueSet::Filter& filter, std::string_view system, std::string_view code) const;
    void describe(std::string_view system, std::string_view version, std::string_view code, CodeAnswer& out) const;
    std::optional<std::string> wrong_version(std::string_view system, std::string_view version) const;
    void translate_with(const ConceptMap& map, const CodingView& coding, std::string_view target_system, bool reverse,
                        unsigned depth, std::vector<TranslateMatch>& out) const;
    const ConceptMap* find_map(std::string_view canonical) const noexcept;
    friend class Expander;
    std::vector<ConceptDesignation> designations_of(std::string_view system, std::string_view code) const;
    std::string display_of(std::string_view system, std::string_view code) const;
    std::string missing_system(const ValueSet& value_set, std::string_view system, unsigned depth) const;

    std::shared_ptr<const Terminology> base_;
    std::shared_ptr<const ConceptStore> store_;
    std::deque<CodeSystem> systems_;
    std::deque<ValueSet> value_sets_;
    std::deque<ConceptMap> maps_;
    std::unordered_multimap<std::string_view, std::size_t> systems_by_url_;
    std::unordered_multimap<std::string_view, std::size_t> value_sets_by_url_;
    std::vector<std::shared_ptr<const void>> kept_;
};

/// Collects definitions. Later ones hide earlier ones of the same URL and version, and all hide the base's.
class TerminologyBuilder {
public:
    explicit TerminologyBuilder(std::shared_ptr<const Terminology> base = {});
    /// The condensed form (tools/condense_r4_terminology.py); the bytes must outlive the result.
    void add_condensed(std::string_view tsv);
    /// A CodeSystem, ValueSet or ConceptMap; anything else is passed over (false). The document is kept.
    bool add(const DocumentPtr& document);
    bool add(Element resource, std::shared_ptr<const void> owner);
    void set_store(std::shared_ptr<const ConceptStore> store) { built_->store_ = std::move(store); }
    std::shared_ptr<const Terminology> build() &&;

private:
    void add_code_system(Element resource);
    void add_value_set(Element resource);
    void add_concept_map(Element resource);
    std::shared_ptr<Terminology> built_;
};

/// A ValueSet resource as our form; views borrow the resource. For value sets that came inline.
ValueSet read_value_set(Element resource);

}  // namespace causeway::fhir
