#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/partner.hpp"
#include "gateway/main/startup.hpp"
#include "gateway/tls/context.hpp"

namespace causeway {

/// The TLS side of every door and of every partner we connect to: made from the configuration, reloaded together.
class Transport {
public:
    /// Throws StartFailure, with what is wrong and where, if any of it cannot be used.
    explicit Transport(const Startup& startup);

    const std::shared_ptr<tls::Source>& http() const noexcept { return http_; }  ///< null: plain text
    const std::shared_ptr<tls::Source>& mllp() const noexcept { return mllp_; }  ///< null: plain text
    /// For connections to that partner; null: plain text.
    std::shared_ptr<tls::Source> partner(std::string_view name) const;

    /// Sources for the partners of other settings: those that are new or changed are made, and only if all can be, take
    /// the place of the ones in force. Empty: done; else what is wrong.
    std::string replace_partners(const exchange::ExchangeSettings& settings);

    /// Reads all files again. Each source whose files are good takes them for its next connections; the others keep what
    /// they have. `report` is told of each: its name, and what is wrong or nothing.
    void reload(const std::function<void(std::string_view name, const std::string& fault)>& report) const;
    /// Days until the first of our own certificates ends; a year where there is none.
    double days_left() const;

private:
    struct Named {
        std::string name;
        std::shared_ptr<tls::Source> source;
    };
    std::vector<Named> all() const;

    std::shared_ptr<tls::Source> http_, mllp_;
    mutable std::mutex mutex_;
    std::vector<Named> all_;                                                 ///< under mutex_
    std::vector<std::pair<std::string, exchange::MllpEndpoint>> endpoints_;  ///< what they were made from; under mutex_
};

/// What TLS is told by the configuration, for those who want to look at the files themselves.
tls::ServerSettings http_tls_settings(const ops::Config::Http& config);
tls::ServerSettings mllp_tls_settings(const ops::Config::Mllp& config, const exchange::ExchangeSettings& exchange);
tls::ClientSettings partner_tls_settings(const exchange::Partner& partner);

}  // namespace causeway
