#include "gateway/main/alert_desk.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include "fhir/json/json.hpp"
#include "gateway/exchange/v2_time.hpp"
#include "gateway/http/client.hpp"
#include "gateway/ops/log.hpp"

namespace causeway {
namespace {

constexpr std::size_t unsent_max = 1'000;

}  // namespace

AlertDesk::AlertDesk(Services services, ops::Config::Alerts config)
    : services_(std::move(services)), config_(std::move(config)), started_us_(services_.clock.now_us()) {}

AlertDesk::~AlertDesk() { stop(); }

void AlertDesk::start() {
    thread_ = std::thread([this] { run(); });
}

void AlertDesk::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void AlertDesk::received(const exchange::Receipt& receipt) {
    if (receipt.partner.empty()) return;
    const std::lock_guard lock(mutex_);
    auto& heard = heard_[receipt.partner];
    heard.at_us = services_.clock.now_us();
    if (receipt.outcome == exchange::Receipt::Outcome::held) ++heard.held;
}

void AlertDesk::run() {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, std::chrono::seconds(config_.every_s), [this] { return stopping_; });
            if (stopping_) return;
        }
        try {
            look_blocking();
        } catch (const std::exception& bug) {
            ops::log::error("alerts.failed", {{"what", bug.what()}});
        }
    }
}

std::vector<exchange::PartnerView> AlertDesk::views() const {
    std::map<std::string, storage::OutboxDepth> depths;
    if (auto snapshot = services_.store.snapshot(); snapshot.has_value()) {
        if (auto found = (*snapshot)->outbox_depths(); found.has_value())
            for (auto& each : *found) depths.emplace(each.partner, each);
    }
    const auto statuses = services_.links.statuses();
    const auto settings = services_.settings();
    const std::lock_guard lock(mutex_);
    std::vector<exchange::PartnerView> views;
    for (const auto& partner : settings->partners) {
        exchange::PartnerView view;
        view.name = partner.name;
        view.rules = partner.alerts;
        if (const auto depth = depths.find(partner.name); depth != depths.end()) {
            view.pending = depth->second.pending;
            view.dead = depth->second.dead;
            view.oldest_us = depth->second.oldest_us;
        }
        if (const auto status = statuses.find(partner.name); status != statuses.end()) {
            view.paused = status->second.paused;
            view.attempts = status->second.counters.attempts;
            for (const auto each : status->second.counters.failures) view.failures += each;
        }
        view.last_in_us = started_us_;
        if (const auto heard = heard_.find(partner.name); heard != heard_.end()) {
            if (heard->second.at_us != 0) view.last_in_us = heard->second.at_us;
            view.held = heard->second.held;
        }
        views.push_back(std::move(view));
    }
    return views;
}

void AlertDesk::look_blocking() {
    const auto seen = views();
    {
        const std::lock_guard lock(mutex_);
        for (const auto& alert : watch_.look(seen, services_.clock.now_us())) {
            ops::log::write(alert.raised ? ops::log::Level::warning : ops::log::Level::info, "alert",
                            {{"partner", alert.partner},
                             {"kind", alert.kind},
                             {"state", alert.raised ? "raised" : "over"},
                             {"value", alert.value},
                             {"limit", alert.limit}});
            if (config_.webhook.empty()) continue;
            unsent_.push_back(exchange::to_json(alert));
            if (unsent_.size() > unsent_max) unsent_.pop_front();
        }
    }
    send_waiting();
}

void AlertDesk::send_waiting() {
    const auto url = http::ClientUrl::parse(config_.webhook);
    if (!url) return;
    for (;;) {
        http::ClientRequest request;
        {
            const std::lock_guard lock(mutex_);
            if (unsent_.empty() || stopping_) return;
            request.body = unsent_.front();
        }
        request.method = "POST";
        request.url = *url;
        request.public_only = config_.webhook_public_only;
        request.headers.emplace_back("Content-Type", "application/json");
        const auto answer = http::fetch_blocking(request);
        if (answer.status < 200 || answer.status >= 300) {
            ops::log::warning("alert.unsent", {{"status", answer.status}, {"failure", answer.failure}});
            return;  // with the next look
        }
        const std::lock_guard lock(mutex_);
        if (!unsent_.empty() && unsent_.front() == request.body) unsent_.pop_front();
    }
}

std::string AlertDesk::json() const {
    const std::lock_guard lock(mutex_);
    std::string json = "{\"alerts\":[";
    for (const auto& alert : watch_.open()) json += (json.ends_with('[') ? "" : ",") + exchange::to_json(alert);
    return json + "],\"unsent\":" + std::to_string(unsent_.size()) + "}";
}

std::string AlertDesk::partners_json() const {
    const auto seen = views();
    const auto statuses = services_.links.statuses();
    std::string json = "{\"partners\":[";
    for (const auto& view : seen) {
        json += json.ends_with('[') ? "{\"name\":" : ",{\"name\":";
        fhir::append_json_string(view.name, json);
        json += ",\"pending\":" + std::to_string(view.pending) + ",\"dead\":" + std::to_string(view.dead);
        if (view.oldest_us != 0) json += ",\"oldest\":\"" + exchange::fhir_instant(view.oldest_us) + "\"";
        if (view.last_in_us != started_us_) json += ",\"lastIn\":\"" + exchange::fhir_instant(view.last_in_us) + "\"";
        if (const auto status = statuses.find(view.name); status != statuses.end()) {
            const auto& now = status->second;
            json += std::string(",\"paused\":") + (now.paused ? "true" : "false");
            if (now.draining) json += ",\"draining\":true";
            json += std::string(",\"connected\":") + (now.connected ? "true" : "false");
            json += ",\"delivered\":" + std::to_string(now.counters.delivered);
            json += ",\"attempts\":" + std::to_string(view.attempts);
            json += ",\"failures\":" + std::to_string(view.failures);
            if (now.trouble) json += ",\"trouble\":\"" + std::string(exchange::to_string(*now.trouble)) + "\"";
        }
        json += '}';
    }
    return json + "]}";
}

}  // namespace causeway
