#include "gateway/patient_index/v2/update_notifier.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/exchange/outgoing_message.hpp"
#include "gateway/patient_index/golden.hpp"
#include "gateway/patient_index/identity.hpp"
#include "gateway/patient_index/match/blocking.hpp"
#include "gateway/patient_index/v2/pid_segment.hpp"

namespace causeway::patient_index::v2 {
namespace {

using hl7v2::Position;

/// Under which the last list a partner was told of a person is kept.
std::string note_name(const exchange::Partner& partner, storage::PersonId person) {
    return fmt::format("patient_index/told/{}/{}", partner.name, person);
}

/// Of a list of identifiers, in whichever order they stand.
std::string summary(const hl7v2::FieldView& list) {
    std::vector<std::string> each;
    for (const auto cx : list.repetitions()) each.emplace_back(cx.raw());
    std::sort(each.begin(), each.end());
    return std::to_string(match::stable_hash(fmt::format("{}", fmt::join(each, "~")), 0));
}

/// 2026-03-02T14:02:07.250Z -> 20260302140207
std::string v2_seconds(std::string_view instant) {
    std::string out;
    for (const char c : instant.substr(0, 19))
        if (c >= '0' && c <= '9') out.push_back(c);
    return out;
}

}  // namespace

UpdateNotifier::UpdateNotifier(Services services, std::vector<exchange::ConfigurationFault>& faults)
    : services_(std::move(services)) {
    for (const auto& partner : services_.settings->partners) {
        if (partner.identity_updates.empty()) continue;
        Subscriber subscriber{&partner, {}};
        bool all = false;
        for (const auto& name : partner.identity_updates) {
            if (name == "*") {
                all = true;
            } else if (const auto* domain = services_.authorities.find(name, {})) {
                subscriber.systems.push_back(domain->system);
            } else {
                faults.push_back({fmt::format("partner \"{}\": identity_updates", partner.name),
                                  fmt::format("no partner has the authority {}", name)});
            }
        }
        if (all) subscriber.systems.clear();
        subscribers_.push_back(std::move(subscriber));
    }
}

storage::Result<void> UpdateNotifier::changed(storage::Transaction& transaction,
                                              const std::set<storage::PersonId>& persons) {
    if (idle()) return {};
    try {
        for (const auto person : persons) {
            const auto number = person_identifier(person);
            const auto members = members_of(transaction, person);
            const auto golden = members.empty() ? nullptr
                                                : golden_record(members, {services_.authorities.own().system, number,
                                                                          false, services_.authorities.trusted()});
            for (const auto& subscriber : subscribers_) tell(transaction, subscriber, person, golden);
        }
        return {};
    } catch (const storage::FailureException& failure) {
        return failure.failure();
    }
}

void UpdateNotifier::tell(storage::Transaction& transaction, const Subscriber& subscriber, storage::PersonId person,
                          const fhir::DocumentPtr& golden) const {
    const auto& partner = *subscriber.partner;
    const auto& authorities = services_.authorities;
    const auto shown = [&](std::string_view system) {
        if (system.empty()) return false;
        if (!subscriber.systems.empty())
            return std::find(subscriber.systems.begin(), subscriber.systems.end(), system) != subscriber.systems.end();
        return !authorities.configured() || authorities.find_system(system) != nullptr;
    };
    hl7v2::MessageBuilder message;
    message.header()
        .set(Position{9, 1, 1, 0}, "ADT")
        .set(Position{9, 1, 2, 0}, "A31")
        .set(Position{9, 1, 3, 0}, "ADT_A05");
    message.header().set(12, partner.version);
    std::string now;
    storage::append_instant(transaction.now_us(), now);
    message.append("EVN").set(2, v2_seconds(now));
    auto pid = message.append("PID");
    const auto count = golden ? write_identifiers(pid, golden->root(), authorities, shown) : 0;
    const auto name = note_name(partner, person);
    const auto told = transaction.note(name).value();
    if (count == 0) {
        if (told) transaction.remove_note(name).value();
        return;
    }
    const auto list = summary(pid.view().field(3));
    if (told ? *told == list : count < 2) return;
    transaction.set_note(name, list).value();
    // ITI-10: that there is a name, and not which
    const auto& delimiters = message.delimiters();
    pid.set_raw(Position{5}, std::string(1, delimiters.repetition) + std::string(6, delimiters.component) + "S");
    message.append("PV1").set(2, "N");

    storage::OutboxMessage out;
    out.partner = partner.name;
    out.control_id = services_.control_id();
    const auto built = message.build();
    auto made = built.has_error()
                    ? exchange::MadeMessage{}
                    : exchange::readdress(partner, built->view(), {.now = now, .control_id = out.control_id});
    if (made.bytes.empty())
        throw storage::FailureException({storage::FailureCode::internal, "an identity update could not be made"});
    out.kind = std::move(made.kind);
    out.payload = std::move(made.bytes);
    services_.queue(transaction, std::move(out)).value();
}

}  // namespace causeway::patient_index::v2
