#pragma once
#include <atomic>
#include <memory>
#include <mutex>

#include "fhir/terminology/terminology.hpp"
#include "fhir/validate/validator.hpp"
#include "gateway/rest/resource_writer.hpp"

namespace causeway::rest {

class Operations;

/// The definitions that are compiled in, with the CodeSystem, ValueSet, ConceptMap and StructureDefinition resources of
/// the store over them: what terminology operations answer from and $validate checks against.
///
/// current() and validator() are what was last made and cost nothing; refresh() makes it anew if such a resource was written since.
/// Thread-safe once attached.
class TerminologyService final : public WriteObserver {
public:
    /// `concepts`: code systems that are too large for memory; may be null. `base`: what is known before the store is
    /// asked, packages included; null for what is compiled in.
    explicit TerminologyService(std::shared_ptr<const fhir::ConceptStore> concepts = nullptr,
                                std::shared_ptr<const fhir::Validator> base = nullptr);

    /// `store` outlives this. Before it only what is compiled in is known.
    void attach(storage::Store& store) { store_ = &store; }
    std::shared_ptr<const fhir::Terminology> current() const;
    std::shared_ptr<const fhir::Validator> validator() const;
    void refresh();

    storage::Result<void> written(storage::Transaction& transaction, const Written& written,
                                  const security::Principal& principal) override;

private:
    storage::Store* store_ = nullptr;
    mutable std::mutex mutex_;
    std::mutex making_;
    const std::shared_ptr<const fhir::ConceptStore> concepts_;
    const std::shared_ptr<const fhir::Validator> base_;
    std::shared_ptr<const fhir::Validator> current_;
    std::atomic<storage::Vid> changed_{1};  ///< the newest version of a definition
    std::atomic<storage::Vid> made_{0};     ///< the newest version that current() may know
};

/// $expand, $lookup, $validate-code, $subsumes, $translate.
void add_terminology_operations(Operations& operations, TerminologyService& service);

}  // namespace causeway::rest
