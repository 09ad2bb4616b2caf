#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/binding.hpp"
#include "gateway/exchange/envelope.hpp"
#include "gateway/exchange/fragments.hpp"
#include "gateway/exchange/identity_desk.hpp"
#include "gateway/exchange/live_settings.hpp"
#include "gateway/exchange/order_tasks.hpp"
#include "gateway/exchange/reply.hpp"
#include "gateway/exchange/router.hpp"
#include "gateway/exchange/stray_answer.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/security/door.hpp"
#include "gateway/storage/storage.hpp"
#include "gateway/tls/certificate.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/live_maps.hpp"
#include "mappings/engine/mapset.hpp"

namespace causeway::exchange {

/// Where a message came in.
struct Arrival {
    std::string channel;                                            ///< the listener's name
    std::string address;                                            ///< of the peer, without port
    std::shared_ptr<const tls::Certificate> certificate = nullptr;  ///< checked; null if the peer has shown none
    /// Not empty: it is an answer that came on our own connection to this partner, whatever its MSH-3 and MSH-4 say.
    std::string answer_of = {};
    /// A person has decided that a message that is here already is to be processed (message_desk.hpp).
    struct Decision {
        storage::InboxId of = 0;  ///< 0: nobody has
        bool release = false;     ///< what held it holds it no more
        std::optional<storage::ResourceName> patient = {};
    } decision = {};
    std::string question = {};  ///< of an answer: the message of ours that it answers, where that is known
};

/// What became of a message, for its sender and for whoever counts.
struct Receipt {
    enum class Outcome : std::uint8_t {
        processed,  ///< stored, and its effects with it
        held,       ///< stored and acknowledged; a person decides
        duplicate,  ///< seen before: the same answer, no effect
        failed,     ///< stored, its content could not be processed
        rejected,   ///< stored, not a message we take
        not_stored  ///< could not be kept: never a positive answer
    } outcome = Outcome::not_stored;
    std::vector<std::string> replies;  ///< to send back on the connection, in order
    std::string code;                  ///< "AA"
    std::string kind;                  ///< "ORU^R01"
    std::string partner;
    std::string note;  ///< codes of what went wrong; no clinical content
    std::string correlation;
    storage::InboxId id = 0;
    std::size_t resources = 0;       ///< versions written
    hl7v2::Deviations deviations;    ///< the tolerances that were used to read it
    bool reused_control_id = false;  ///< the sender gave an earlier message the same one
};

/// Told of merges and links that messages ask for, inside the transaction that writes the records: the patient index.
class IdentityEvents {
public:
    virtual ~IdentityEvents() = default;
    virtual storage::Result<void> happened(storage::Transaction& transaction, mappings::Event::Kind kind,
                                           const storage::ResourceName& survivor, const storage::ResourceName& other,
                                           const security::Principal& principal) = 0;
};

class Intake;

/// Where messages come in: each is decoded, mapped, and stored with all its effects in one transaction before it is
/// answered.
///
/// Holds no thread, timer or socket. Thread-safe. accept_blocking() is the whole of it for tests and commands; a server
/// runs the steps of an Intake where it wants them to run.
class Inbox {
public:
    struct Services {
        storage::Store& store;
        const rest::ResourceWriter& writer;
        const security::Door& door;
        const ops::Clock& clock;
        std::function<std::string()> control_id;  ///< a new MSH-10, unique for ever, at most 20 characters
        Router* router = nullptr;                 ///< null: nothing is sent on
        IdentityEvents* identity_events = nullptr;
        /// After the commit, any thread: an acknowledgement by itself settled this message to the partner.
        std::function<void(const std::string& partner, storage::OutboxId id)> settled = {};
        const IdentityDesk* identity_desk = nullptr;  ///< null: no queries, and senders are not held to domains
        const OrderTasks* tasks = nullptr;            ///< null: no Tasks of orders are kept
    };
    Inbox(Services services, LiveSettings settings, mappings::LiveMaps maps);

    /// Takes a message up. The Intake keeps the settings and maps of this moment.
    std::shared_ptr<Intake> open(std::string bytes, Arrival arrival) const;
    Receipt accept_blocking(std::string bytes, Arrival arrival) const;

private:
    friend class Intake;
    Services services_;
    LiveSettings settings_;
    mappings::LiveMaps maps_;
};

/// One message on its way through the inbox:
///
///     intake->prepare();                                             // any thread: decodes, maps, reads a snapshot
///     do result = transact(store, [intake](tx) { return intake->run(tx); });   // once; again if conclude() says so
///     while (!intake->conclude(result));
///     intake->receipt()
class Intake {
public:
    Intake(const Inbox& inbox, std::string bytes, Arrival arrival);

    void prepare();
    storage::Result<void> run(storage::Transaction& transaction);
    /// After the commit, or with the failure that prevented it. False: run again, to keep what could not be processed.
    bool conclude(const storage::Result<void>& outcome);
    Receipt receipt() &&;
    /// What its transaction weighs.
    std::size_t bytes() const noexcept;

private:
    enum class Mode : std::uint8_t { process, record };

    void prepare_or_throw();
    bool at_identity_desk();
    bool at_other_index();
    bool take_fragment();
    ReplyContext reply_context() const noexcept;
    storage::Result<void> settle_fragments(storage::Transaction& transaction, storage::InboxId id);
    storage::Result<void> answer_apart(storage::Transaction& transaction, storage::InboxId id);
    void map();
    void bind_from_snapshot();
    BindOptions bind_options() const;
    std::string trace() const;
    void pack_trace();
    storage::Result<void> process(storage::Transaction& transaction);
    storage::Result<void> record(storage::Transaction& transaction);
    storage::Result<void> keep(storage::Transaction& transaction);
    storage::Result<void> settle_answered(storage::Transaction& transaction);
    storage::Result<bool> answered_by_sequence(storage::Transaction& transaction);
    storage::Result<bool> answered_before(storage::Transaction& transaction);
    storage::Result<void> write_all(storage::Transaction& transaction, storage::InboxId id);
    storage::Result<void> erase_patients(storage::Transaction& transaction, const rest::WriteContext& context);
    storage::Result<void> audit(storage::Transaction& transaction);
    void refuse(const Refusal& refusal, Receipt::Outcome outcome);
    void fail_with(const rest::Fault& fault, const std::string& type);
    void make_replies_now();
    void not_stored(const storage::Failure& failure);
    storage::InboxMessage inbox_row(storage::InboxState state) const;

    const Inbox::Services& services_;
    const std::shared_ptr<const ExchangeSettings> settings_;
    const std::shared_ptr<const mappings::MapSet> maps_;
    Arrival arrival_;
    std::string bytes_;
    Envelope envelope_;
    security::Principal principal_;
    std::unique_ptr<const hl7v2::Message> completed_;  ///< what is mapped in place of the message, if not null
    std::optional<QueryAnswer> query_answer_;
    mappings::ForwardResult mapped_;
    std::string lineage_;  ///< of mapped_, in the form it is kept
    bool duplicate_ = false;
    std::optional<hl7v2::Continuation> fragment_;  ///< how the message continues another, or is continued
    WholeMessage whole_;                           ///< what its last fragment completed
    std::optional<Binding> binding_;
    storage::PackedBytes trace_;                       ///< of that binding
    std::shared_ptr<const storage::PackedBytes> raw_;  ///< envelope_.raw
    Mode mode_ = Mode::process;
    Verdict verdict_;
    std::deque<std::string> texts_;  ///< what the entries of verdict_ borrow
    std::string now_hl7_, now_fhir_, accept_id_, application_id_;
    Receipt receipt_;
    std::optional<std::int64_t> expected_sequence_;  ///< MSA-4
    StrayAnswer settled_;                            ///< what an acknowledgement by itself did
};

}  // namespace causeway::exchange
