#pragma once
#include <functional>
#include <string>
#include <utility>

#include "gateway/carriers/pickup.hpp"
#include "gateway/http/server.hpp"
#include "gateway/mllp/delivery_worker.hpp"
#include "gateway/mllp/inbox_handler.hpp"
#include "gateway/mllp/listener.hpp"
#include "gateway/ops/metrics.hpp"

namespace causeway {

/// Counts and logs what HTTP, MLLP and the deliveries report. Holds nothing of any content.
class Events final : public http::Events,
                     public mllp::ListenerEvents,
                     public mllp::InboxEvents,
                     public mllp::DeliveryEvents {
public:
    explicit Events(ops::Metrics& metrics);

    void served(const Served& served) override;
    void connections_changed(std::size_t count) override;
    void session_failed(const char* what) override;
    void connection_refused(const std::string& address) override;
    void handshake_failed(const std::string& address, const std::string& reason) override;
    void session_ended(const mllp::SessionInfo& session, mllp::SessionEnd end) override;
    void junk_skipped(const mllp::SessionInfo& session, std::size_t bytes) override;
    void frame_missing(const mllp::SessionInfo& session, std::string_view missing) override;
    void frame_damaged(const mllp::SessionInfo& session, std::string_view reason) override;
    void received(const exchange::Receipt& receipt, std::chrono::microseconds took) override;
    void settled(const exchange::Partner& partner, const exchange::Settlement& settlement) override;
    void connected(const exchange::Partner& partner) override;
    void stray_answer(const exchange::Partner& partner, exchange::StrayAnswer answer) override;
    void answered(const exchange::Partner& partner, const exchange::Receipt& receipt) override;
    void worker_failed(const exchange::Partner& partner, const char* what) override;
    /// Of a folder or an SFTP server.
    void picked_up(const exchange::Partner& partner, const carriers::PickedUp& what);
    /// Told of every message that came in, after it is counted. Set before anything runs.
    void on_received(std::function<void(const exchange::Receipt&)> told) { on_received_ = std::move(told); }
    using HandshakeFailed = std::function<void(const std::string& address, const std::string& reason)>;
    /// Told of every TLS handshake that failed. Set before anything runs.
    void on_handshake_failed(HandshakeFailed told) { on_handshake_failed_ = std::move(told); }

private:
    void count_deviations(const exchange::Receipt& receipt);

    ops::Metrics& metrics_;
    std::function<void(const exchange::Receipt&)> on_received_;
    HandshakeFailed on_handshake_failed_;
    ops::Counter& requests_2xx_;
    ops::Counter& requests_4xx_;
    ops::Counter& requests_5xx_;
    ops::Counter& requests_other_;
    ops::Histogram& request_seconds_;
};

}  // namespace causeway
