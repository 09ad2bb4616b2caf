#include "gateway/mllp/inbox_handler.hpp"

#include "gateway/mllp/incoming_batch.hpp"
#include "gateway/mllp/send_run.hpp"
#include "gateway/mllp/take_in.hpp"
#include "hl7v2/acknowledge.hpp"

namespace causeway::mllp {

InboxHandler::InboxHandler(exchange::Inbox& inbox, storage::Store& store, net::thread_pool& cpu, InboxEvents& events,
                           std::chrono::milliseconds patience)
    : inbox_(inbox), store_(store), cpu_(cpu), events_(events), patience_(patience) {}

Awaitable<Reply> InboxHandler::handle(std::string message, const SessionInfo& session) {
    if (is_batch(message)) co_return co_await handle_batch(std::move(message), session);
    Reply reply;  // filled member by member: g++ 12 destroys the members of an aggregate made around a co_await twice
    for (auto& one : split_messages(std::move(message))) {
        auto answer = co_await handle_one(std::move(one), session);
        for (auto& each : answer.messages) reply.messages.push_back(std::move(each));
        reply.kept = reply.kept && answer.kept;
    }
    co_return reply;
}

/// Nothing of a batch whose counts do not agree is processed. If the gateway goes down in the middle, its sender sends it
/// again, and what was kept gets its stored answers.
Awaitable<Reply> InboxHandler::handle_batch(std::string bytes, const SessionInfo& session) {
    const auto batch = read_batch(bytes);
    const auto now = hl7_now();
    Reply reply;
    if (!batch.fault.empty()) {
        reply.messages.push_back(BatchAnswer::refuse(batch, now, now));
        co_return reply;
    }
    BatchAnswer answer(batch, now, now);
    for (const auto& each : batch.batches) {
        answer.begin_batch(each);
        for (const auto& message : each.messages) {
            const auto one = co_await handle_one(message, session);
            for (const auto& reply_message : one.messages) answer.add(reply_message);
            reply.kept = reply.kept && one.kept;
        }
        answer.end_batch();
    }
    reply.messages.push_back(answer.finish());
    co_return reply;
}

Awaitable<Reply> InboxHandler::handle_one(std::string message, const SessionInfo& session) {
    using std::chrono::steady_clock;
    const auto began = steady_clock::now();
    auto intake =
        inbox_.open(std::move(message), {session.listener, session.peer ? session.peer->address : std::string(),
                                         session.peer ? session.peer->certificate : nullptr});
    auto receipt = co_await take_in(std::move(intake), store_, cpu_, patience_);
    events_.received(receipt, std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began));
    Reply reply;
    reply.kept = receipt.outcome != exchange::Receipt::Outcome::not_stored;
    reply.messages = std::move(receipt.replies);
    co_return reply;
}

Reply InboxHandler::damaged(std::string_view beginning, std::string_view reason, const SessionInfo&) {
    const auto now = hl7_now();
    Reply reply;
    reply.messages.push_back(hl7v2::reject_unreadable(
        beginning, hl7v2::AckCode::ar, {.code = hl7v2::ErrorCode::segment_sequence, .user_message = reason},
        {.now = now, .control_id = now}));
    return reply;
}

}  // namespace causeway::mllp
