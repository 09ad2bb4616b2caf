#include "gateway/main/transport.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/main/gateway.hpp"

namespace causeway {
namespace {

template <class Section>
tls::ServerSettings files_of(const Section& config) {
    tls::ServerSettings settings;
    settings.certificate = config.tls_certificate;
    settings.key = config.tls_key;
    settings.client_ca = config.tls_client_ca;
    settings.client_crl = config.tls_client_crl;
    settings.ocsp = config.tls_ocsp;
    return settings;
}

/// Null if the section has no certificate.
template <class Section>
std::shared_ptr<tls::Source> open(std::string_view name, const Section& config, tls::ServerSettings settings) {
    if (config.tls_certificate.empty()) {
        if (!config.tls_key.empty() || config.tls_clients != "none")
            throw StartFailure{fmt::format("{0}.tls_key and {0}.tls_clients need {0}.tls_certificate", name)};
        return nullptr;
    }
    if (config.tls_key.empty()) throw StartFailure{fmt::format("{0}.tls_certificate needs {0}.tls_key", name)};
    auto source = tls::Source::server(std::move(settings), tls::now_s());
    if (source.has_error()) throw StartFailure{fmt::format("{} TLS: {}", name, source.error().message)};
    return std::move(*source);
}

}  // namespace

tls::ServerSettings http_tls_settings(const ops::Config::Http& config) {
    auto settings = files_of(config);
    settings.clients = config.tls_clients == "required"   ? tls::ClientCertificates::required
                       : config.tls_clients == "optional" ? tls::ClientCertificates::optional
                                                          : tls::ClientCertificates::none;
    return settings;
}

tls::ServerSettings mllp_tls_settings(const ops::Config::Mllp& config, const exchange::ExchangeSettings& exchange) {
    auto settings = files_of(config);
    if (config.tls_clients == "none") return settings;
    settings.clients = tls::ClientCertificates::required;
    if (config.tls_clients != "pinned") return settings;
    for (const auto& partner : exchange.partners)
        settings.pins.insert(settings.pins.end(), partner.certificates.begin(), partner.certificates.end());
    return settings;
}

tls::ClientSettings partner_tls_settings(const exchange::Partner& partner) {
    tls::ClientSettings settings;
    settings.ca = partner.mllp->tls_ca;
    settings.certificate = partner.mllp->tls_certificate;
    settings.key = partner.mllp->tls_key;
    settings.pins = partner.mllp->tls_pins;
    settings.check_name = partner.mllp->tls_check_name;
    return settings;
}

Transport::Transport(const Startup& startup) {
    const auto& config = startup.config;
    auto mllp_settings = mllp_tls_settings(config.mllp, startup.exchange);
    if (config.mllp.tls_clients == "pinned" && mllp_settings.pins.empty())
        throw StartFailure{"mllp.tls_clients is pinned, but no partner has certificates: nobody could connect"};
    http_ = open("http", config.http, http_tls_settings(config.http));
    mllp_ = open("mllp", config.mllp, std::move(mllp_settings));
    if (http_) all_.push_back({"http", http_});
    if (mllp_) all_.push_back({"mllp", mllp_});
    for (const auto& partner : startup.exchange.partners) {
        if (!partner.certificates.empty() && (!mllp_ || config.mllp.tls_clients == "none"))
            throw StartFailure{
                fmt::format("partner \"{}\" is recognised by its certificates: that needs mllp.tls_certificate and "
                            "mllp.tls_clients = \"required\" or \"pinned\"",
                            partner.name)};
    }
    if (auto fault = replace_partners(startup.exchange); !fault.empty()) throw StartFailure{std::move(fault)};
}

std::string Transport::replace_partners(const exchange::ExchangeSettings& settings) {
    std::vector<Named> sources;
    decltype(endpoints_) endpoints;
    const std::lock_guard lock(mutex_);
    for (const auto& each : all_)
        if (!each.name.starts_with("partner ")) sources.push_back(each);
    for (const auto& partner : settings.partners) {
        if (!partner.mllp || !partner.mllp->tls) continue;
        const auto name = "partner " + partner.name;
        endpoints.emplace_back(name, *partner.mllp);
        std::shared_ptr<tls::Source> source;
        for (const auto& [known, endpoint] : endpoints_)
            if (known == name && endpoint == *partner.mllp)
                for (const auto& each : all_)
                    if (each.name == name) source = each.source;
        if (!source) {
            auto made = tls::Source::client(partner_tls_settings(partner), tls::now_s());
            if (made.has_error()) return fmt::format("partner \"{}\" TLS: {}", partner.name, made.error().message);
            source = std::move(*made);
        }
        sources.push_back({name, std::move(source)});
    }
    all_.swap(sources);
    endpoints_.swap(endpoints);
    return {};
}

std::vector<Transport::Named> Transport::all() const {
    const std::lock_guard lock(mutex_);
    return all_;
}

std::shared_ptr<tls::Source> Transport::partner(std::string_view name) const {
    for (const auto& each : all())
        if (each.name == fmt::format("partner {}", name)) return each.source;
    return nullptr;
}

void Transport::reload(const std::function<void(std::string_view, const std::string&)>& report) const {
    for (const auto& each : all()) {
        const auto done = each.source->reload(tls::now_s());
        report(each.name, done.has_error() ? done.error().message : std::string());
    }
}

double Transport::days_left() const {
    double days = 365;
    for (const auto& each : all())
        if (const auto end = each.source->current()->not_after_s(); end != 0)
            days = std::min(days, static_cast<double>(end - tls::now_s()) / 86'400);
    return days;
}

}  // namespace causeway
