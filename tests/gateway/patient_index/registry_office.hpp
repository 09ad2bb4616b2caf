#pragma once
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "gateway/exchange/control_ids.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/exchange/inbox.hpp"
#include "gateway/patient_index/admin.hpp"
#include "gateway/patient_index/identity_events.hpp"
#include "gateway/patient_index/match_operation.hpp"
#include "gateway/patient_index/merge_operation.hpp"
#include "gateway/patient_index/person_lookup.hpp"
#include "gateway/patient_index/person_operations.hpp"
#include "gateway/patient_index/v2/identity_desk.hpp"
#include "gateway/patient_index/v2/update_notifier.hpp"
#include "hl7v2/message.hpp"
#include "tests/gateway/rest/gateway.hpp"

namespace causeway::tests {

/// The whole of a gateway but its sockets: a real store, the patient index as observer, REST and the inbox.
///
/// Four senders: TEST_HARNESS numbers patients in domain TEST, _A in TEST_A, _B in TEST_B; NID_AUTH gives national
/// numbers. Everybody else may send what he likes. LISTENER is told of changes in TEST and TEST_A.
class RegistryOffice {
public:
    RegistryOffice()
        : authorities_({"CAUSEWAY", {}, {}, "urn:causeway:person", false, {}}, *settings_),
          index({{{}, {}, authorities_.national_systems()}, nullptr, authorities_.own().system}),
          events_(index),
          desk_(gateway.store(), authorities_),
          inbox_({gateway.store(),
                  gateway.writer(),
                  door_,
                  clock_,
                  [this] { return ids_.next(); },
                  nullptr,
                  &events_,
                  {},
                  &desk_},
                 settings_, maps()) {
        index.load(gateway.store()).value();
        gateway.writer().add_observer(index);
        gateway.writer().add_observer(registrar_);
        patient_index::add_match_operation(gateway.operations(), index);
        patient_index::add_merge_operations(gateway.operations(), index);
        patient_index::add_person_operations(gateway.operations(), authorities_);
        gateway.services().linked_patients = patient_index::linked_patients;
        REQUIRE(faults_.empty());
        index.set_listener(notifier_);
    }

    exchange::Receipt accept(std::string message) {
        return inbox_.accept_blocking(std::move(message), {"test", "127.0.0.1"});
    }

    /// A call of the operators' interface.
    Got admin(http::Method method, std::string_view target, std::string body = {}) {
        http::Request request;
        request.method = method;
        request.target = std::string(target);
        request.id = "admin";
        request.peer = std::make_shared<const http::Peer>(http::Peer{"127.0.0.1", true, false});
        request.body = std::move(body);
        struct Sink : http::ReplySink {
            std::promise<http::Response> promise;
            void complete(http::Response response) override { promise.set_value(std::move(response)); }
        };
        const auto sink = std::make_shared<Sink>();
        auto future = sink->promise.get_future();
        admin_.handle(std::move(request), http::Reply(sink));
        auto response = future.get();
        Got answer{response.status, response.headers, response.body.to_string(), nullptr};
        if (auto parsed = fhir::parse_json(answer.body)) answer.document = std::move(*parsed);
        return answer;
    }

    Gateway gateway;

private:
    static exchange::Partner sender(std::string name, std::string domain, std::string oid, bool national) {
        exchange::Partner out;
        out.name = name;
        out.application = std::move(name);
        out.authorities.push_back({std::move(domain), oid, "ISO", "urn:oid:" + oid, national});
        return out;
    }
    static std::shared_ptr<const exchange::ExchangeSettings> settings() {
        auto out = std::make_shared<exchange::ExchangeSettings>();
        const std::string arc = "2.16.840.1.113883.3.72.5.9.";
        out->partners = {
            sender("TEST_HARNESS", "TEST", arc + "1", false), sender("TEST_HARNESS_A", "TEST_A", arc + "2", false),
            sender("TEST_HARNESS_B", "TEST_B", arc + "3", false), sender("NID_AUTH", "NID", arc + "9", true)};
        exchange::Partner listener;
        listener.name = listener.application = "LISTENER";
        listener.facility = "NORTH";
        listener.identity_updates = {"TEST", "TEST_A"};
        out->partners.push_back(std::move(listener));
        return out;
    }
    static std::shared_ptr<const mappings::MapSet> maps() {
        static const auto loaded = mappings::MapSet::load(mappings::MapSet::builtin());
        REQUIRE(loaded.maps != nullptr);
        return loaded.maps;
    }

    std::shared_ptr<const exchange::ExchangeSettings> settings_ = settings();
    patient_index::Authorities authorities_;

public:
    patient_index::PatientIndex index;

private:
    ops::SystemClock clock_;
    exchange::ControlIds ids_{clock_};
    security::Door door_;
    std::vector<exchange::ConfigurationFault> faults_;
    patient_index::v2::UpdateNotifier notifier_{
        {settings_, authorities_, [this] { return ids_.next(); },
         [](storage::Transaction& transaction, storage::OutboxMessage message) -> storage::Result<void> {
             if (const auto id = transaction.enqueue(message); id.has_error()) return id.error();
             return {};
         }},
        faults_};
    exchange::IdentityRegistrar registrar_;
    patient_index::IdentityEvents events_;
    patient_index::v2::Desk desk_;
    exchange::Inbox inbox_;
    security::ReadAudit reads_{gateway.store()};
    patient_index::AdminHandler admin_{{gateway.store(), door_, reads_, clock_, index}};
};

}  // namespace causeway::tests
