#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/mllp/listen_script.hpp"
#include "gateway/mllp/listener.hpp"
#include "gateway/tls/context.hpp"

namespace causeway::mllp {

/// A partner played from a script: keeps what it receives and answers as it is told. What `causeway listen` runs.
class StandIn final : public MessageHandler {
public:
    struct Options {
        std::filesystem::path out;      ///< a folder; each message is a file in it, bytes as received. Empty: not kept
        std::filesystem::path scripts;  ///< the folder that file names in the script start from
        std::string reply_to;           ///< HOST:PORT for `send` without `to`
        std::chrono::milliseconds timeout{10'000};
        std::shared_ptr<tls::Source> tls{};  ///< for `send`; null: plain text
    };
    /// What happened, one line each, for the terminal; called on I/O threads.
    using Tell = std::function<void(std::string_view line)>;

    StandIn(net::io_context& io, ListenScript script, Options options, Tell tell);

    Awaitable<Reply> handle(std::string message, const SessionInfo& session) override;

    std::uint64_t received() const noexcept { return received_.load(std::memory_order_relaxed); }
    /// One line of JSON: how many messages and bytes came, by type, and how many were answered by code.
    std::string statistics() const;

private:
    Awaitable<Reply> act(const std::vector<ScriptAction>& actions, const std::string& bytes,
                         const hl7v2::MessageView& message);
    Awaitable<> send_later(ScriptAction action, std::vector<std::string> messages);
    void spawn_sending(const ScriptAction& action, std::vector<std::string> messages);
    void keep(std::string_view bytes, const hl7v2::MessageView* message, std::uint64_t number);
    std::vector<std::string> read_file(const std::string& name, const hl7v2::MessageView& message);
    std::string answer(const hl7v2::MessageView& message, std::string_view code, std::string_view error);
    std::string with_wrong_id(const std::string& bytes, const hl7v2::MessageView& message);
    void count(const std::string& type, std::size_t bytes);
    std::string next_id();
    void tell(const std::string& line);

    net::io_context& io_;
    mutable std::mutex mutex_;  // the script's counters, the statistics and the terminal
    ListenScript script_;
    Options options_;
    Tell tell_;
    std::atomic<std::uint64_t> received_ = 0, ids_ = 0;
    static constexpr std::size_t types_max = 1'000;  // distinct ones; what comes beyond is "other"
    std::map<std::string, std::uint64_t> types_, answers_;
    std::uint64_t bytes_ = 0;
};

/// "127.0.0.1:2575" apart; false if it is no host and port.
bool split_host_port(std::string_view text, std::string& host, std::uint16_t& port);

}  // namespace causeway::mllp
