#include "gateway/main/events.hpp"

#include <fmt/format.h>

#include "gateway/ops/log.hpp"

namespace causeway {
namespace {

ops::Counter& requests(ops::Metrics& metrics, std::string_view status) {
    return metrics.counter("causeway_http_requests_total", "HTTP requests answered",
                           fmt::format("status=\"{}\"", status));
}

std::string_view name(exchange::Receipt::Outcome outcome) {
    switch (outcome) {
        case exchange::Receipt::Outcome::processed:
            return "processed";
        case exchange::Receipt::Outcome::held:
            return "held";
        case exchange::Receipt::Outcome::duplicate:
            return "duplicate";
        case exchange::Receipt::Outcome::failed:
            return "failed";
        case exchange::Receipt::Outcome::rejected:
            return "rejected";
        case exchange::Receipt::Outcome::not_stored:
            return "not_stored";
    }
    return "unknown";
}

}  // namespace

Events::Events(ops::Metrics& metrics)
    : metrics_(metrics),
      requests_2xx_(requests(metrics, "2xx")),
      requests_4xx_(requests(metrics, "4xx")),
      requests_5xx_(requests(metrics, "5xx")),
      requests_other_(requests(metrics, "other")),
      request_seconds_(metrics.histogram("causeway_http_request_seconds",
                                         "from a complete request to the last byte of its answer")) {}

void Events::served(const Served& served) {
    const unsigned family = served.status / 100;
    (family == 2 ? requests_2xx_ : family == 4 ? requests_4xx_ : family == 5 ? requests_5xx_ : requests_other_).add();
    request_seconds_.observe_us(served.duration.count());
    if (family == 5)
        ops::log::warning("http.error", {{"status", served.status}, {"request", std::string(served.request_id)}});
    else
        ops::log::debug(
            "http.served",
            {{"status", served.status}, {"request", std::string(served.request_id)}, {"us", served.duration.count()}});
}

// One per listener kind would need two objects; the two listeners' counts are read from the listeners themselves.
void Events::connections_changed(std::size_t) {}

void Events::session_failed(const char* what) {
    metrics_.counter("causeway_session_failures_total", "sessions that ended with an exception: a fault of the program")
        .add();
    ops::log::error("session.failed", {{"what", what}});
}

void Events::connection_refused(const std::string& address) {
    metrics_.counter("causeway_connections_refused_total", "connections beyond what one peer may have").add();
    ops::log::warning("connection.refused", {{"peer", address}});
}

void Events::handshake_failed(const std::string& address, const std::string& reason) {
    metrics_
        .counter("causeway_tls_handshakes_failed_total", "TLS handshakes that failed, refused certificates included")
        .add();
    ops::log::warning("tls.refused", {{"peer", address}, {"reason", reason}});
    if (on_handshake_failed_) on_handshake_failed_(address, reason);
}

void Events::session_ended(const mllp::SessionInfo& session, mllp::SessionEnd end) {
    using End = mllp::SessionEnd;
    metrics_
        .counter("causeway_mllp_sessions_ended_total", "MLLP sessions by what ended them",
                 fmt::format("end=\"{}\"", to_string(end)))
        .add();
    if (end == End::slow_frame || end == End::slow_reader || end == End::junk || end == End::damaged ||
        end == End::proxy)
        ops::log::warning("mllp.closed", {{"listener", session.listener},
                                          {"peer", session.peer->address},
                                          {"session", session.session},
                                          {"end", to_string(end)}});
}

void Events::junk_skipped(const mllp::SessionInfo& session, std::size_t bytes) {
    metrics_.counter("causeway_mllp_junk_bytes_total", "bytes outside of frames").add(bytes);
    ops::log::warning("mllp.junk", {{"listener", session.listener}, {"peer", session.peer->address}, {"bytes", bytes}});
}

void Events::frame_damaged(const mllp::SessionInfo& session, std::string_view reason) {
    metrics_.counter("causeway_mllp_damaged_frames_total", "frames that could not be read").add();
    ops::log::warning("mllp.damaged",
                      {{"listener", session.listener}, {"peer", session.peer->address}, {"reason", reason}});
}

void Events::frame_missing(const mllp::SessionInfo& session, std::string_view missing) {
    metrics_
        .counter("causeway_mllp_unframed_sessions_total", "sessions whose messages came without frame",
                 fmt::format("missing=\"{}\"", missing))
        .add();
    ops::log::info("mllp.unframed",
                   {{"listener", session.listener}, {"peer", session.peer->address}, {"missing", missing}});
}

void Events::received(const exchange::Receipt& receipt, std::chrono::microseconds took) {
    metrics_
        .counter("causeway_messages_received_total", "HL7 v2 messages by what became of them",
                 fmt::format("outcome=\"{}\"", name(receipt.outcome)))
        .add();
    metrics_.histogram("causeway_message_seconds", "from a complete frame to its acknowledgement")
        .observe_us(took.count());
    count_deviations(receipt);
    if (on_received_) on_received_(receipt);
    const bool good = receipt.outcome == exchange::Receipt::Outcome::processed ||
                      receipt.outcome == exchange::Receipt::Outcome::duplicate;
    ops::log::write(good ? ops::log::Level::info : ops::log::Level::warning, "message",
                    {{"id", receipt.id},
                     {"kind", receipt.kind},
                     {"partner", receipt.partner},
                     {"outcome", name(receipt.outcome)},
                     {"code", receipt.code},
                     {"resources", receipt.resources},
                     {"us", took.count()},
                     {"note", receipt.note}});
}

void Events::picked_up(const exchange::Partner& partner, const carriers::PickedUp& what) {
    if (!what.fault.empty())
        return ops::log::warning("pickup.failed", {{"partner", partner.name}, {"fault", what.fault}});
    ops::log::info("pickup", {{"partner", partner.name}, {"messages", what.messages}, {"processed", what.processed}});
}

void Events::answered(const exchange::Partner& partner, const exchange::Receipt& receipt) {
    metrics_
        .counter("causeway_answers_taken_in_total", "answers with content (ORL, RRE, RRI) by what became of them",
                 fmt::format("outcome=\"{}\"", name(receipt.outcome)))
        .add();
    ops::log::write(
        receipt.outcome == exchange::Receipt::Outcome::failed ? ops::log::Level::warning : ops::log::Level::info,
        "answer taken in",
        {{"id", receipt.id},
         {"kind", receipt.kind},
         {"partner", partner.name},
         {"outcome", name(receipt.outcome)},
         {"resources", receipt.resources},
         {"note", receipt.note}});
}

/// What a partner really sends beside the standard, by the name of the tolerance it needed.
void Events::count_deviations(const exchange::Receipt& receipt) {
    if (receipt.deviations.total() == 0) return;
    for (std::size_t i = 0; i < hl7v2::tolerance_count; ++i) {
        const auto tolerance = static_cast<hl7v2::Tolerance>(i);
        const auto times = receipt.deviations[tolerance];
        if (times == 0) continue;
        metrics_
            .counter("causeway_tolerances_used_total", "departures from the HL7 v2 encoding rules that were accepted",
                     fmt::format("partner=\"{}\",tolerance=\"{}\"", receipt.partner, hl7v2::name(tolerance)))
            .add(times);
    }
}

void Events::settled(const exchange::Partner& partner, const exchange::Settlement& settlement) {
    using Kind = exchange::Settlement::Kind;
    const std::string_view result = settlement.kind == Kind::delivered ? "delivered"
                                    : settlement.kind == Kind::retry   ? "retry"
                                                                       : "parked";
    metrics_
        .counter("causeway_deliveries_total", "attempts to deliver to a partner",
                 fmt::format("partner=\"{}\",result=\"{}\"", partner.name, result))
        .add();
    ops::log::write(settlement.kind == Kind::parked ? ops::log::Level::warning : ops::log::Level::info, "delivery",
                    {{"partner", partner.name},
                     {"id", settlement.id},
                     {"result", result},
                     {"attempts", settlement.attempts},
                     {"reason", settlement.reason}});
}

void Events::connected(const exchange::Partner& partner) {
    ops::log::info("delivery.connected", {{"partner", partner.name}});
}

void Events::stray_answer(const exchange::Partner& partner, exchange::StrayAnswer answer) {
    metrics_
        .counter("causeway_stray_answers_total", "answers to another message than the one under way",
                 fmt::format("partner=\"{}\",effect=\"{}\"", partner.name, to_string(answer.effect)))
        .add();
    ops::log::warning("delivery.stray_answer",
                      {{"partner", partner.name}, {"id", answer.id}, {"effect", to_string(answer.effect)}});
}

void Events::worker_failed(const exchange::Partner& partner, const char* what) {
    ops::log::error("delivery.failed", {{"partner", partner.name}, {"what", what}});
}

}  // namespace causeway
