#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/exchange/partner.hpp"
#include "gateway/patient_index/authorities.hpp"
#include "gateway/patient_index/patient_index.hpp"

namespace causeway::patient_index::v2 {

/// Tells partners which numbers belong to one person (IHE ITI-10, PIX update notification): an ADT^A31 with the person's
/// identifiers in the namespaces that the partner asks for (`identity_updates`), in the transaction that changed them.
///
/// A partner is told what is new to it: a person with one number is not worth a word, and a list that is as it was told
/// last is not told again. What was told is kept as a note, so it survives a restart.
class UpdateNotifier final : public PersonListener {
public:
    struct Services {
        std::shared_ptr<const exchange::ExchangeSettings> settings;
        const Authorities& authorities;
        std::function<std::string()> control_id;
        /// Puts a message into its partner's queue.
        std::function<storage::Result<void>(storage::Transaction&, storage::OutboxMessage)> queue;
    };
    /// Adds to `faults` the namespaces that no authority has.
    UpdateNotifier(Services services, std::vector<exchange::ConfigurationFault>& faults);

    /// Nobody asks: there is nothing to listen for.
    bool idle() const noexcept { return subscribers_.empty(); }

    storage::Result<void> changed(storage::Transaction& transaction,
                                  const std::set<storage::PersonId>& persons) override;

private:
    struct Subscriber {
        const exchange::Partner* partner;
        std::vector<std::string> systems;  ///< empty: all
    };
    void tell(storage::Transaction& transaction, const Subscriber& subscriber, storage::PersonId person,
              const fhir::DocumentPtr& golden) const;

    const Services services_;
    std::vector<Subscriber> subscribers_;
};

}  // namespace causeway::patient_index::v2
