#pragma once
#include <functional>
#include <string>
#include <vector>

#include "gateway/http/handler.hpp"
#include "gateway/ops/metrics.hpp"

namespace causeway {

/// GET /health/live and /health/ready. Live: the process answers. Ready: `troubles` finds nothing that keeps it from
/// its work; otherwise 503 with one line each. Says nothing about patients and needs no rights.
class HealthHandler final : public http::Handler {
public:
    using Troubles = std::function<std::vector<std::string>()>;
    explicit HealthHandler(Troubles troubles) : troubles_(std::move(troubles)) {}
    void handle(http::Request request, http::Reply reply) override;

private:
    Troubles troubles_;
};

/// GET /metrics in the Prometheus text format 0.0.4.
class MetricsHandler final : public http::Handler {
public:
    explicit MetricsHandler(const ops::Metrics& metrics) : metrics_(metrics) {}
    void handle(http::Request request, http::Reply reply) override;

private:
    const ops::Metrics& metrics_;
};

}  // namespace causeway
