#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/asio.hpp"
#include "gateway/mllp/sender_connection.hpp"

namespace causeway::mllp {

/// What `causeway send` is to do.
struct SendOptions {
    std::string host;
    std::uint16_t port = 0;
    std::size_t connections = 1;
    double per_second = 0;     ///< over all connections; 0 = as fast as the answers come
    std::uint64_t repeat = 1;  ///< how often the whole list is sent
    bool fresh = false;        ///< each message gets a control id (MSH-10) and time (MSH-7) of its own
    bool wait_for_answer = true;
    int release = 1;  ///< of MLLP; with 2 each message waits for its commit block too
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds answer_timeout{30'000};
    std::size_t answer_bytes_max = std::size_t{16} << 20;
    std::shared_ptr<tls::Source> tls;      ///< null: plain text
    std::string control_id_prefix = "CW";  ///< of fresh ids; different for runs that may overlap
};

/// What came of one message.
struct SendResult {
    std::uint64_t number = 0;  ///< from 1
    std::string control_id;
    std::string
        code;  ///< MSA-1; "none" without an answer, "failed" if it could not be sent, "NAK" if the block was refused
    std::string text;  ///< ERR-8 or MSA-3, or why it failed
    std::string answer;
    std::chrono::microseconds time{0};
};

/// Counts and times of a run.
struct SendReport {
    std::uint64_t sent = 0, positive = 0, negative = 0, mismatched = 0, failed = 0;
    std::uint64_t strays = 0;  ///< answers to another message than the one under way; they settle nothing
    std::map<std::string, std::uint64_t> codes;  ///< results by SendResult::code; the codes a partner makes up are "??"
    std::chrono::microseconds elapsed{0};
    std::vector<std::uint32_t> times_us;  ///< of answered messages, sorted; at most times_max of them
    static constexpr std::size_t times_max = 4'000'000;

    double per_second() const;
    std::uint32_t percentile_us(double share) const;
    /// One line of JSON: counts, answers by code, throughput, latency percentiles in milliseconds.
    std::string json() const;
};

/// Sends messages over `connections` connections, each message answered before its connection sends the next. Runs `io`
/// until done. `each` is called for every message, in the order in which they are settled.
SendReport send_all(net::io_context& io, const SendOptions& options, const std::vector<std::string>& messages,
                    const std::function<void(const SendResult&)>& each);

/// "20260302140207.250+0000": now, in UTC, as MSH-7 wants it.
std::string hl7_now();

}  // namespace causeway::mllp
