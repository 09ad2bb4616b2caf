#include "gateway/carriers/take_in.hpp"

#include <utility>

#include "gateway/exchange/answer.hpp"
#include "gateway/mllp/incoming_batch.hpp"
#include "gateway/mllp/send_run.hpp"

namespace causeway::carriers {
namespace {

class Taking {
public:
    Taking(const exchange::Inbox& inbox, const exchange::Arrival& arrival, const Received& received)
        : inbox_(inbox), arrival_(arrival), received_(received) {}

    /// The answers to one message.
    std::string take(std::string message) {
        auto receipt = inbox_.accept_blocking(std::move(message), arrival_);
        using Outcome = exchange::Receipt::Outcome;
        ++taken_.messages;
        taken_.kept = receipt.outcome != Outcome::not_stored;
        if (receipt.outcome == Outcome::processed || receipt.outcome == Outcome::held ||
            receipt.outcome == Outcome::duplicate)
            ++taken_.processed;
        std::string answers;
        for (const auto& each : receipt.replies) answers += each;
        if (taken_.first_code.empty()) taken_.first_code = receipt.code;
        if (received_) received_(receipt);
        return answers;
    }
    TakenIn done() && { return std::move(taken_); }
    TakenIn& taken() { return taken_; }

private:
    const exchange::Inbox& inbox_;
    const exchange::Arrival& arrival_;
    const Received& received_;
    TakenIn taken_;
};

}  // namespace

TakenIn take_in_blocking(const exchange::Inbox& inbox, std::string bytes, const exchange::Arrival& arrival,
                         const Received& received) {
    Taking taking(inbox, arrival, received);
    if (!mllp::is_batch(bytes)) {
        for (auto& each : mllp::split_messages(std::move(bytes))) {
            taking.taken().answer += taking.take(std::move(each));
            if (!taking.taken().kept) break;
        }
        return std::move(taking).done();
    }
    const auto batch = mllp::read_batch(bytes);
    const auto now = mllp::hl7_now();
    if (!batch.fault.empty()) {
        taking.taken().answer = mllp::BatchAnswer::refuse(batch, now, now);
        taking.taken().messages = 1;
        taking.taken().first_code = "AR";
        return std::move(taking).done();
    }
    mllp::BatchAnswer answer(batch, now, now);
    for (const auto& each : batch.batches) {
        answer.begin_batch(each);
        for (const auto& message : each.messages) {
            const auto one = taking.take(message);
            if (!taking.taken().kept) return std::move(taking).done();
            if (!one.empty()) answer.add(one);
        }
        answer.end_batch();
    }
    taking.taken().answer = answer.finish();
    return std::move(taking).done();
}

}  // namespace causeway::carriers
