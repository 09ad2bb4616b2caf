#pragma once
#include <functional>
#include <string>

#include "gateway/exchange/delivery.hpp"
#include "gateway/exchange/message_desk.hpp"
#include "gateway/exchange/partner_query.hpp"
#include "gateway/http/handler.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/security/door.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// The operators' view of what came in and what goes out, as JSON. Mounted at /admin/messages and /admin/outbox.
///
///     GET  /admin/messages?state=failed&channel=lab&before=ID&limit=50
///              newest first; state: received (held), processed, failed, rejected
///     GET  /admin/messages/ID           with the bytes, the answer, the trace, what it wrote and what it sent
///     GET  /admin/messages/ID/lineage   which field made which element by which line of the maps; of one side with
///              ?element=Patient.birthDate&resource=Patient/17, ?place=PID-7 or ?byte=245 (in the message as UTF-8)
///     GET  /admin/messages/ID/provenance   the same as a Bundle with a Provenance for each resource
///     GET  /admin/outbox?partner=lab&state=dead&origin=ID&before=ID&limit=50
///              state: pending, delivered, dead, cancelled
///     GET  /admin/outbox/ID             with the bytes and the partner's answer
///     POST /admin/messages/ID/release?patient=Patient/17   a held message is filed as that patient's; without the
///              parameter as its own patient's, and not linked to the order that is another's
///     POST /admin/messages/ID/discard   a held or failed message is looked at; nothing is made of it
///     POST /admin/messages/ID/replay    its bytes, or those of the body, are processed again
///     POST /admin/outbox/replay?partner=lab&state=dead&from=ID&to=ID&limit=100&dry-run=true
///              copies of all that fit, oldest first (state: dead unless said otherwise); a dry run only lists them
///     POST /admin/outbox/ID/replay      a copy at the end of the queue; a body replaces its bytes
///     POST /admin/outbox/ID/cancel      a waiting message is not sent
///     POST /admin/outbox/PARTNER/pause  nothing more is sent to the partner, until
///     POST /admin/outbox/PARTNER/resume
///     POST /admin/outbox/PARTNER/drain  what is queued now is still sent, what comes later waits; then it is paused
///     POST /admin/outbox/PARTNER/ask?kind=pix&patient=Patient/17   queues a question about a patient of ours: pix, pdq,
///              history, forecast (partner_query.hpp); its row, whose `acknowledgement` is the answer once it is there
///     POST /admin/outbox/PARTNER/sequence?next=17   the number of the next message (MSH-13), while the queue is paused
///
/// Every call passes the door; views of content and every change leave an audit row.
class AdminHandler final : public http::Handler {
public:
    struct Services {
        storage::Store& store;
        const security::Door& door;
        security::ReadAudit& reads;
        const ops::Clock& clock;
        std::function<void(const std::string& partner)> queued;  ///< after a replay is committed; may be empty
        /// Lets a partner's queue run, halt or drain; false if there is none. May be empty.
        std::function<bool(const std::string& partner, const QueueOrder& order)> control = {};
        /// Queues a question about a patient (Router::ask). May be empty.
        std::function<storage::Result<storage::OutboxId>(storage::Transaction&, const std::string& partner, QueryKind,
                                                         const storage::ResourceName& patient)>
            ask = {};
        /// Carries out what is decided of a message; runs it where it may block, then calls back. May be empty.
        std::function<void(storage::InboxId id, Decision decision, std::function<void(Decided)> done)> decide = {};
        /// What the numbers of a partner's queue allow; and, once a new one is stored, its use. May be empty.
        enum class Numbering : std::uint8_t { no_queue, not_numbered, running, halted };
        std::function<Numbering(const std::string& partner)> numbering = {};
        std::function<void(const std::string& partner, std::int64_t next)> renumber = {};
    };
    explicit AdminHandler(Services services) : services_(std::move(services)) {}

    void handle(http::Request request, http::Reply reply) override;

private:
    void read(const http::Request& request, std::string_view what, std::string_view id, std::string_view view,
              const security::Principal& principal, const http::Reply& reply);
    void change(http::Request request, storage::OutboxId id, std::string_view verb,
                const security::Principal& principal, http::Reply reply);

    void decide(http::Request request, storage::InboxId id, std::string_view verb, const security::Principal& principal,
                http::Reply reply);
    void replay_range(const http::Request& request, const security::Principal& principal, http::Reply reply);
    void ask(const http::Request& request, const std::string& partner, const security::Principal& principal,
             http::Reply reply);
    void control(const std::string& partner, std::string_view verb, const security::Principal& principal,
                 http::Reply reply);
    void renumber(const std::string& partner, std::string_view query, const security::Principal& principal,
                  http::Reply reply);

    /// The audit row of something an operator changes.
    std::string change_row(const security::Principal& principal, std::string id, std::string_view operation) const;

    Services services_;
};

}  // namespace causeway::exchange
