#pragma once
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gateway/patient_index/fhir_patient.hpp"
#include "gateway/patient_index/registry.hpp"
#include "gateway/patient_index/statistics.hpp"
#include "gateway/rest/resource_writer.hpp"

namespace causeway::patient_index {

/// Hears which persons a transaction has changed: other records, or other content of these. Inside the transaction.
class PersonListener {
public:
    virtual ~PersonListener() = default;
    virtual storage::Result<void> changed(storage::Transaction& transaction,
                                          const std::set<storage::PersonId>& persons) = 0;
};

/// The master patient index: every Patient that is written, by whichever door, is matched in the same transaction.
///
/// A Patient resource is one source record, known by its resource number; persons are rows of their own, and never
/// appear as copies of patients. Thread-safe: written() runs on the store's writer thread, look-ups run on any thread
/// with a snapshot.
class PatientIndex final : public rest::WriteObserver {
public:
    struct Options {
        IdentifierRules identifiers;
        std::shared_ptr<const match::Model> model;  ///< null: the shipped one
        /// The domain of person identifiers in answers (PIX, $ihe-pix, person views).
        std::string person_system = "urn:causeway:person";
        std::size_t block_max = match::strict_block_max;  ///< records that one key may bring
        std::size_t candidates_max = 2000;                ///< records compared in one look-up
        match::Combinations combinations = match::Combinations::approved;
    };

    explicit PatientIndex(Options options);

    /// Reads the statistics that the store holds and counts what they have not seen. Call once, before the first write.
    storage::Result<void> load(storage::Store& store);

    storage::Result<void> written(storage::Transaction& transaction, const rest::Written& written,
                                  const security::Principal& principal) override;

    /// A merge message, a merge operation, or a steward: `subsumed` is replaced by `survivor` (logical ids of
    /// Patients). Patient.link is for the caller to keep. Inside a transaction; so are the following.
    storage::Result<Refusal> merge(storage::Transaction& transaction, std::string_view survivor,
                                   std::string_view subsumed, const Actor& actor, std::int64_t* event = nullptr);
    /// `merged_us`: when the merge that was undone had happened.
    storage::Result<Refusal> unmerge(storage::Transaction& transaction, std::string_view survivor,
                                     std::string_view subsumed, const Actor& actor,
                                     storage::TimeUs* merged_us = nullptr);
    /// Link (A24) and unlink (A37) of two patients.
    storage::Result<Refusal> link(storage::Transaction& transaction, std::string_view patient, std::string_view other,
                                  const Actor& actor);
    storage::Result<Refusal> unlink(storage::Transaction& transaction, std::string_view patient, std::string_view other,
                                    const Actor& actor);

    /// Settles an open review: one person, or two for good.
    storage::Result<Refusal> resolve(storage::Transaction& transaction, storage::ReviewId review, bool same,
                                     const Actor& actor);

    /// Runs `use(Registry&)` in a transaction.
    template <class Use>
    auto with_registry(storage::Transaction& transaction, const Use& use) {
        const auto matcher = this->matcher();
        Registry registry(transaction.patients(), matcher, statistics_);
        auto result = use(registry);
        if (listener_ && !registry.touched().empty()) listener_->changed(transaction, registry.touched()).value();
        return result;
    }

    /// `listener` outlives the index. Before the first write.
    void set_listener(PersonListener& listener) { listener_ = &listener; }

    /// Who may this be? Throws storage::FailureException.
    Found find(storage::PatientReader& reader, fhir::Element patient) const;
    Found find(storage::PatientReader& reader, const match::Features& features, storage::Rid self = 0) const;
    match::Features features_of(fhir::Element patient) const {
        return match::normalise(read_patient(patient, options_.identifiers));
    }

    const std::shared_ptr<const match::Model>& model() const noexcept { return model_; }
    const std::string& person_system() const noexcept { return options_.person_system; }
    const Statistics& statistics() const noexcept { return statistics_; }

    struct Counters {
        std::atomic<std::uint64_t> created{0}, linked{0}, kept{0}, reviews{0}, truncated{0};
    };
    const Counters& counters() const noexcept { return counters_; }

private:
    Matcher matcher() const;

    const Options options_;
    Statistics statistics_;
    Counters counters_;
    PersonListener* listener_ = nullptr;
    const std::shared_ptr<const match::Model> model_;
};

}  // namespace causeway::patient_index
