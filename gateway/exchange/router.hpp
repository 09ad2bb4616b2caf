#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/code_list.hpp"
#include "gateway/exchange/condition.hpp"
#include "gateway/exchange/envelope.hpp"
#include "gateway/exchange/fhir_condition.hpp"
#include "gateway/exchange/order_tasks.hpp"
#include "gateway/exchange/outgoing_check.hpp"
#include "gateway/exchange/outgoing_message.hpp"
#include "gateway/exchange/partner.hpp"
#include "gateway/exchange/partner_query.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/storage/storage.hpp"
#include "mappings/engine/live_maps.hpp"

namespace causeway::exchange {

/// Sends what happened to whom it concerns: watches every resource that is written, by whichever way it came, and every
/// message that is accepted, and puts messages into the outbox of partners by the routing rules, in the same
/// transaction.
///
/// A message that cannot be made does not undo what caused it: it becomes a dead letter that says why.
class Router final : public rest::WriteObserver {
public:
    struct Services {
        storage::Store& store;
        mappings::LiveMaps maps;
        std::function<std::string()> control_id;  ///< a new MSH-10, unique for ever, at most 20 characters
        std::function<void(const std::string& partner)> queued;  ///< after the commit; any thread; may be empty
        const OrderTasks* tasks = nullptr;                       ///< null: no Tasks of orders are kept
    };
    /// `settings` must be valid (validate()). Adds to `faults` what only shows when rules are compiled: unknown search
    /// parameters, FHIRPath that is none, files that cannot be read.
    Router(std::shared_ptr<const ExchangeSettings> settings, Services services,
           std::vector<ConfigurationFault>& faults);
    ~Router() override;

    /// Other partners and routes from now on. Adds to `faults`, and keeps those in force, where the new ones cannot be
    /// compiled. Any thread.
    void replace(std::shared_ptr<const ExchangeSettings> settings, std::vector<ConfigurationFault>& faults);

    /// Adds what is wrong with the routes of settings, without taking them.
    static void check(const std::shared_ptr<const ExchangeSettings>& settings,
                      std::vector<ConfigurationFault>& faults) {
        compile(settings, faults);
    }

    storage::Result<void> written(storage::Transaction& transaction, const rest::Written& written,
                                  const security::Principal& principal) override;

    /// Fires the rules on v2 messages for one that was accepted.
    storage::Result<void> accepted(storage::Transaction& transaction, const Envelope& envelope, storage::InboxId origin,
                                   std::string_view correlation);

    /// Queues a message that no rule made (a deferred acknowledgement) and wakes its partner's queue after the commit.
    storage::Result<void> queue(storage::Transaction& transaction, storage::OutboxMessage message);

    /// Queues a question about one of our patients. FailureCode::not_found: there is no such partner or patient;
    /// FailureCode::refused: it cannot be made, and the message says why, as codes.
    storage::Result<storage::OutboxId> ask(storage::Transaction& transaction, std::string_view partner, QueryKind kind,
                                           const storage::ResourceName& patient);

    /// Why each rule fires for a message or not, one line each, in order: `causeway route explain`.
    std::vector<std::string> explain(const Envelope& envelope) const;
    /// The same for a resource that is written, by `principal`.
    std::vector<std::string> explain(const rest::Written& written, const security::Principal& principal,
                                     storage::Reader& reader) const;

private:
    struct Rule {
        const RoutingRule* rule;
        const Partner* partner;
        Condition condition;  ///< of a v2 source
        FhirCondition of_resource;
        std::shared_ptr<const CodeList> codes;  ///< null: any
        std::shared_ptr<const OutgoingCheck> check;
    };
    /// What is in force at one moment. `rules` point into `settings`.
    struct Compiled {
        std::shared_ptr<const ExchangeSettings> settings;
        std::vector<Rule> rules;
    };
    static std::shared_ptr<const Compiled> compile(std::shared_ptr<const ExchangeSettings> settings,
                                                   std::vector<ConfigurationFault>& faults);
    std::shared_ptr<const Compiled> current() const;

    /// Empty: it fires. Otherwise why not.
    static std::string why_not(const Rule& rule, const rest::Written& written, const security::Principal& principal,
                               storage::Reader& reader);
    static std::string why_not(const Rule& rule, const Envelope& envelope);
    storage::Result<void> send_resource(storage::Transaction& transaction, const Rule& rule,
                                        const rest::Written& written, const security::Principal& principal);
    storage::Result<void> relay(storage::Transaction& transaction, const Rule& rule, const Envelope& envelope,
                                storage::InboxId origin, std::string_view correlation);
    /// `before` are the fragments that go first.
    storage::Result<void> enqueue(storage::Transaction& transaction, const Rule& rule, storage::OutboxMessage message,
                                  const std::string& fault, const std::vector<MadeMessage::Fragment>& before = {});

    storage::Result<storage::OutboxId> put_in_queue(storage::Transaction& transaction, const Partner* partner,
                                                    storage::OutboxMessage message);
    storage::Result<bool> is_full(storage::Transaction& transaction, const Partner& partner);

    /// Of a partner's queue: what waits is at most this, and exactly this when it was counted. Used inside transactions
    /// only, so by one thread.
    struct Load {
        std::uint64_t at_most = 0;
        storage::TimeUs counted_us = 0;
    };
    Services services_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Compiled> compiled_;  ///< under mutex_
    std::map<std::string, Load, std::less<>> loads_;
};

}  // namespace causeway::exchange
