#include "gateway/exchange/alerts.hpp"

#include <algorithm>

#include "fhir/json/json.hpp"
#include "gateway/exchange/v2_time.hpp"

namespace causeway::exchange {
namespace {

constexpr std::uint64_t attempts_min = 10;  // fewer say nothing of a rate

std::uint64_t seconds_since(std::int64_t at_us, std::int64_t now_us) {
    return at_us == 0 || now_us <= at_us ? 0 : static_cast<std::uint64_t>((now_us - at_us) / 1'000'000);
}

}  // namespace

std::string to_json(const Alert& alert) {
    std::string json = "{\"partner\":";
    fhir::append_json_string(alert.partner, json);
    json.append(",\"kind\":\"").append(alert.kind).append("\",\"state\":\"");
    json.append(alert.raised ? "raised" : "over").append("\",\"at\":\"").append(fhir_instant(alert.at_us));
    json.append("\",\"since\":\"").append(fhir_instant(alert.since_us)).append("\",\"value\":");
    return json + std::to_string(alert.value) + ",\"limit\":" + std::to_string(alert.limit) + "}";
}

std::vector<Alert> AlertWatch::look(const std::vector<PartnerView>& partners, std::int64_t now_us) {
    std::vector<Alert> told;
    const auto state = [&](const PartnerView& partner, std::string_view kind, bool wrong, std::uint64_t value,
                           std::uint64_t limit) {
        const auto key = std::pair(partner.name, kind);
        const auto at = open_.find(key);
        if (wrong && at == open_.end()) {
            told.push_back(open_[key] = {partner.name, kind, true, now_us, now_us, value, limit});
        } else if (wrong) {
            at->second.value = value;
        } else if (at != open_.end()) {
            auto over = at->second;
            over.raised = false;
            over.at_us = now_us;
            over.value = value;
            open_.erase(at);
            told.push_back(std::move(over));
        }
    };
    for (const auto& partner : partners) {
        const auto& rules = partner.rules;
        const bool known = before_.count(partner.name) != 0;
        auto& before = before_[partner.name];
        if (!known) before = {partner.attempts, partner.failures, partner.dead, partner.held};

        const auto age = seconds_since(partner.oldest_us, now_us);
        state(partner, "queue-age", rules.queue_age_s != 0 && age >= rules.queue_age_s, age, rules.queue_age_s);
        state(partner, "queue-depth", rules.queue_depth != 0 && partner.pending >= rules.queue_depth, partner.pending,
              rules.queue_depth);
        const auto silence = seconds_since(partner.last_in_us, now_us);
        state(partner, "silence", rules.silence_s != 0 && silence >= rules.silence_s, silence, rules.silence_s);
        state(partner, "paused", rules.paused && partner.paused && partner.pending > 0, partner.pending, 0);

        const auto attempts = partner.attempts - std::min(before.attempts, partner.attempts);
        const auto failures = partner.failures - std::min(before.failures, partner.failures);
        if (attempts >= attempts_min) {  // fewer are kept for the next look
            const auto percent = failures * 100 / attempts;
            state(partner, "errors", rules.errors_percent != 0 && percent >= rules.errors_percent, percent,
                  rules.errors_percent);
            before.attempts = partner.attempts;
            before.failures = partner.failures;
        }
        if (rules.dead && partner.dead > before.dead)
            told.push_back({partner.name, "dead-letter", true, now_us, now_us, partner.dead, 0});
        if (rules.held && partner.held > before.held)
            told.push_back({partner.name, "held", true, now_us, now_us, partner.held - before.held, 0});
        before.dead = partner.dead;
        before.held = partner.held;
    }
    // A partner that is configured no more has no troubles.
    for (auto at = open_.begin(); at != open_.end();) {
        const bool there = std::any_of(partners.begin(), partners.end(),
                                       [&](const PartnerView& each) { return each.name == at->first.first; });
        at = there ? std::next(at) : open_.erase(at);
    }
    return told;
}

std::vector<Alert> AlertWatch::open() const {
    std::vector<Alert> out;
    for (const auto& [key, alert] : open_) out.push_back(alert);
    std::sort(out.begin(), out.end(), [](const Alert& a, const Alert& b) { return a.since_us < b.since_us; });
    return out;
}

}  // namespace causeway::exchange
