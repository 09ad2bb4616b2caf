#include "tests/gateway/exchange/simulation.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "gateway/exchange/delivery.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/exchange/inbox.hpp"
#include "gateway/exchange/outbox.hpp"
#include "gateway/storage/memory/memory_store.hpp"

namespace causeway::exchange::test {
namespace {

constexpr std::int64_t ms = 1'000;
constexpr std::uint32_t chaos_steps = 80;    // of the schedule; then nothing fails any more
constexpr std::uint32_t calm_steps = 5'000;  // to come to rest in

std::shared_ptr<const mappings::MapSet> maps() {
    static const auto loaded = mappings::MapSet::load(mappings::MapSet::builtin());
    return loaded.maps;
}

struct FakeClock final : ops::Clock {
    std::int64_t us = 1'772'000'000'000'000;
    std::int64_t now_us() const override { return us; }
    std::int64_t steady_us() const override { return us; }
};

std::shared_ptr<const ExchangeSettings> settings(bool lanes) {
    auto made = std::make_shared<ExchangeSettings>();
    Partner hie;
    hie.name = "hie";
    hie.application = "HIE";
    hie.mllp = MllpEndpoint{.host = "127.0.0.1", .port = 1, .connect_timeout_ms = 1'000, .answer_timeout_ms = 5'000};
    hie.retry.first_ms = 100;
    hie.retry.max_ms = 2'000;
    hie.retry.application_attempts_max = 50;  // a fault of the chaos must not use them up
    hie.retry.bad_answer_attempts_max = 0;
    made->partners = {hie};
    RoutingRule relay;
    relay.name = "everything";
    relay.messages = {"ADT"};
    relay.to = "hie";
    if (lanes) relay.ordering_key = "patient";
    made->rules = {relay};
    return made;
}

std::string field(std::string_view message, std::string_view segment, int number) {
    const auto start = message.find(std::string(segment) + "|");
    auto rest = message.substr(start, message.find('\r', start) - start);
    for (int i = 0; i < number; ++i) rest = rest.substr(std::min(rest.size(), rest.find('|') + 1));
    return std::string(rest.substr(0, rest.find('|')));
}

struct Message {
    std::string control_id, bytes, phone;
    int patient = 0;
    bool poison = false;  ///< the partner refuses it for good
    bool accepted = false;
};

class World {
public:
    explicit World(std::uint64_t seed) : random_(seed), lanes_(seed % 2 == 0) {
        writer_.add_observer(registrar_);
        writer_.add_observer(router_);
        const int count = 2 + static_cast<int>(random_() % 6);
        for (int i = 0; i < count; ++i) {
            Message message;
            message.control_id = "S" + std::to_string(i);
            message.patient = static_cast<int>(random_() % 2);
            message.phone = "217555" + std::to_string(1000 + i);
            message.poison = chance(12);
            message.bytes = "MSH|^~\\&|DESK|NORTH|CW|C|20260302080500||ADT^A08^ADT_A01|" + message.control_id +
                            "|P|2.5.1\rEVN|A08|2026030208050" + std::to_string(i) + "\rPID|1||P" +
                            std::to_string(message.patient) + "^^^NORTH&1.2.3&ISO^MR||DOE^JANE||19800101|F|||||" +
                            message.phone + "\rPV1|1|O\r";
            messages_.push_back(std::move(message));
        }
    }

    ScheduleReport play() {
        for (step_ = 0; step_ < chaos_steps + calm_steps && !at_rest(); ++step_) {
            clock_.us += static_cast<std::int64_t>(random_() % 200) * ms;
            const auto choice = random_() % 100;
            if (chaotic() && choice < 4)
                crash();
            else if (choice < 35)
                send_next();
            else
                deliver();
        }
        if (!at_rest()) report_.broken.emplace_back("the exchange did not come to rest");
        judge();
        return std::move(report_);
    }

private:
    bool chaotic() const { return step_ < chaos_steps; }
    bool chance(unsigned percent) { return random_() % 100 < percent; }
    /// A fault of the chaos.
    bool fault(unsigned percent) { return chaotic() && chance(percent); }
    bool wire_fault(unsigned percent) {
        const bool now = fault(percent);
        report_.wire_faults += now;
        return now;
    }

    /// The gateway dies and starts again: what was not committed is gone, and every connection with it.
    void crash() {
        ++report_.crashes;
        delivery_ = make_delivery();
        answers_.clear();
    }

    std::unique_ptr<Delivery> make_delivery() {
        return std::make_unique<Delivery>(settings_->partners[0],
                                          [this] { return static_cast<double>(random_() % 1000) / 1000; });
    }

    /// The sender: one message at a time, the same bytes again until it is answered AA.
    void send_next() {
        const auto next =
            std::find_if(messages_.begin(), messages_.end(), [](const Message& each) { return !each.accepted; });
        if (next == messages_.end() || wire_fault(10)) return;
        const auto receipt = inbox_.accept_blocking(next->bytes, {"desk", "127.0.0.1"});
        if (receipt.replies.size() != 1) {
            report_.broken.emplace_back("a message got no answer, or more than one");
            return;
        }
        const bool positive = field(receipt.replies[0], "MSA", 1) == "AA";
        if (positive && field(receipt.replies[0], "MSA", 2) != next->control_id)
            report_.broken.emplace_back("an answer names another message");
        if (positive && !stored(*next)) report_.broken.emplace_back("AA for a message that is not stored");
        if (wire_fault(10) || (chaotic() && chance(3))) {  // the answer is lost; or the gateway dies after the commit
            ++report_.resends;
            return;
        }
        next->accepted = positive;
        if (positive) delivery_->on_woken(clock_.us);
    }

    bool stored(const Message& message) {
        auto snapshot = store_->snapshot();
        for (const auto& row : *(*snapshot)->inbox(storage::InboxQuery{}))
            if (row.message.control_id == message.control_id) return true;
        return false;
    }

    void deliver() {
        const auto step = delivery_->step();
        if (std::holds_alternative<StepTake>(step)) {
            auto taken =
                fault(5)
                    ? storage::Result<std::optional<Outgoing>>(storage::Failure{storage::FailureCode::io, "injected"})
                    : take_outgoing(*store_, settings_->partners[0], clock_.us);
            if (taken.has_error()) return delivery_->on_take_failed(clock_.us);
            delivery_->on_taken(std::move(*taken), clock_.us);
        } else if (const auto* wait = std::get_if<StepWait>(&step)) {
            if (clock_.us >= wait->until_us) return delivery_->on_woken(clock_.us);
            if (wait->until_us != Delivery::forever && chance(50)) clock_.us = std::max(clock_.us, wait->until_us);
            delivery_->on_woken(clock_.us);
        } else if (std::holds_alternative<StepConnect>(step)) {
            if (wire_fault(15)) return delivery_->on_connect_failed(clock_.us);
            answers_.clear();
            delivery_->on_connected(clock_.us);
        } else if (const auto* send = std::get_if<StepSend>(&step)) {
            const bool lost = wire_fault(8);
            // A send may fail after the partner has everything.
            if (!lost || chance(50)) partner_takes(std::string(send->message));
            if (lost) return delivery_->on_connection_lost(clock_.us);
            delivery_->on_sent(clock_.us);
        } else if (const auto* receive = std::get_if<StepReceive>(&step)) {
            receive_answer(receive->deadline_us);
        } else if (std::holds_alternative<StepClose>(step)) {
            answers_.clear();
            delivery_->on_closed(clock_.us);
        } else if (const auto* settle = std::get_if<StepSettle>(&step)) {
            const std::vector<Settlement> settlements(settle->settlements.begin(), settle->settlements.end());
            const auto outcome =
                storage::transact_blocking(*store_, [&](storage::Transaction& transaction) -> storage::Result<void> {
                    for (const auto& each : settlements)
                        if (auto done = settle_outgoing(transaction, each); done.has_error()) return done;
                    return {};
                });
            if (outcome.has_error()) return delivery_->on_settle_failed(clock_.us);
            for (const auto& each : settlements)
                if (each.kind == Settlement::Kind::delivered && !had_.contains(control_of(each.id)))
                    report_.broken.emplace_back("delivered, says the outbox, and the partner never had it");
            delivery_->on_settled(clock_.us);
        }
    }

    void receive_answer(std::int64_t deadline_us) {
        if (wire_fault(6)) return delivery_->on_connection_lost(clock_.us);
        if (answers_.empty() || wire_fault(6)) {  // no answer in time; what comes later finds a closed connection
            clock_.us = std::max(clock_.us, deadline_us);
            return delivery_->on_receive_timeout(clock_.us);
        }
        const auto answer = answers_.front();
        answers_.erase(answers_.begin());
        delivery_->on_received(answer, clock_.us);
    }

    /// The partner: remembers control ids, so a second copy has no second effect, and gets the same answer.
    void partner_takes(const std::string& message) {
        const auto control_id = field(message, "MSH", 9);
        const auto phone = field(message, "PID", 13);
        std::string code = "AA";
        if (by_phone(phone).poison) {
            code = "AR";
        } else if (wire_fault(8)) {
            code = "AE";  // it could not, this time
        } else if (had_.insert(control_id).second) {
            effects_.push_back(phone);
        }
        if (wire_fault(4)) answers_.push_back("MSH|^~\\&|HIE|H|CW|C|20260302||ACK|x|P|2.5.1\rMSA|AA|ANOTHER\r");
        if (wire_fault(2)) answers_.emplace_back("no message at all");
        answers_.push_back("MSH|^~\\&|HIE|H|CW|C|20260302||ACK|x|P|2.5.1\rMSA|" + code + "|" + control_id + "\r");
    }

    std::string control_of(std::uint64_t id) {
        auto snapshot = store_->snapshot();
        const auto row = *(*snapshot)->outbox(static_cast<storage::OutboxId>(id));
        return row ? row->message.control_id : std::string();
    }

    std::vector<storage::OutboxRow> outbox() {
        auto snapshot = store_->snapshot();
        storage::OutboxQuery all;
        all.count = 1000;
        all.with_payload = true;
        auto rows = *(*snapshot)->outbox(all);
        std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
        return rows;
    }

    bool at_rest() {
        if (chaotic() ||
            !std::all_of(messages_.begin(), messages_.end(), [](const Message& each) { return each.accepted; }))
            return false;
        const auto rows = outbox();
        return std::none_of(rows.begin(), rows.end(),
                            [](const auto& row) { return row.state == storage::OutboxState::pending; });
    }

    void judge() {
        auto snapshot = store_->snapshot();
        storage::InboxQuery all;
        all.count = 1000;
        std::map<std::string, int> processed;
        for (const auto& row : *(*snapshot)->inbox(all))
            if (row.message.state == storage::InboxState::processed) ++processed[row.message.control_id];
        std::map<int, std::string> last_phone;
        for (const auto& message : messages_) {
            if (processed[message.control_id] != 1)
                report_.broken.push_back("message " + message.control_id + " is processed " +
                                         std::to_string(processed[message.control_id]) + " times");
            last_phone[message.patient] = message.phone;
        }
        for (const auto& [patient, phone] : last_phone) {
            const auto name = *(*snapshot)->identity("Patient|urn:oid:1.2.3|P" + std::to_string(patient));
            const auto resource = name ? *(*snapshot)->read(name->type, name->id) : std::nullopt;
            if (!resource || resource->json().find(phone.substr(3)) == std::string::npos)
                report_.broken.push_back("patient " + std::to_string(patient) + " is not as the last message has it");
        }
        const auto rows = outbox();
        if (rows.size() != messages_.size())
            report_.broken.push_back(std::to_string(rows.size()) + " rows in the outbox for " +
                                     std::to_string(messages_.size()) + " messages");
        std::map<int, std::vector<std::string>> wanted, had;
        for (const auto& row : rows) {
            const auto& message = by_phone(field(row.message.payload, "PID", 13));
            if (message.poison != (row.state == storage::OutboxState::dead))
                report_.broken.emplace_back(message.poison ? "a refused message is not set aside"
                                                           : "a good message is set aside");
            if (!message.poison) wanted[lanes_ ? message.patient : 0].push_back(message.phone);
        }
        for (const auto& phone : effects_) had[lanes_ ? by_phone(phone).patient : 0].push_back(phone);
        if (had != wanted)
            report_.broken.emplace_back("the partner's effects are not the messages in order, once each");
    }

    const Message& by_phone(const std::string& phone) const {
        return *std::find_if(messages_.begin(), messages_.end(),
                             [&](const Message& each) { return each.phone == phone; });
    }

    std::mt19937_64 random_;
    bool lanes_;  ///< the order is kept by patient, not over all
    std::uint32_t step_ = 0;
    ScheduleReport report_;
    FakeClock clock_;
    std::uint64_t control_number_ = 0;
    security::Door door_;
    std::unique_ptr<storage::Store> store_ = storage::make_memory_store({.now_us = [this] { return clock_.us; },
                                                                         .fault =
                                                                             [this](const char*) {
                                                                                 const bool now = fault(12);
                                                                                 report_.storage_faults += now;
                                                                                 return now;
                                                                             }});
    std::shared_ptr<const ExchangeSettings> settings_ = settings(lanes_);
    rest::ResourceWriter writer_{*store_};
    IdentityRegistrar registrar_;
    std::vector<ConfigurationFault> faults_;
    Router router_{
        settings_, {*store_, maps(), [this] { return "G" + std::to_string(++control_number_); }, {}}, faults_};
    Inbox inbox_{{*store_, writer_, door_, clock_, [this] { return "G" + std::to_string(++control_number_); }, &router_,
                  nullptr},
                 settings_,
                 maps()};
    std::unique_ptr<Delivery> delivery_ = make_delivery();

    std::vector<Message> messages_;
    std::vector<std::string> answers_;  ///< on the open connection, not read yet
    std::set<std::string> had_;         ///< control ids the partner has processed
    std::vector<std::string> effects_;  ///< in the order they had effect
};

}  // namespace

ScheduleReport play_schedule(std::uint64_t seed) { return World(seed).play(); }

}  // namespace causeway::exchange::test
