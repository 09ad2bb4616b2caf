#pragma once
#include <chrono>
#include <cstddef>

namespace causeway::http {

/// Every bound of the HTTP entry point. Reaching one has a named answer (in brackets), never a growing buffer.
struct Limits {
    std::size_t header_bytes_max = 16 * 1024;       ///< request line and fields together [431]
    std::size_t header_fields_max = 100;            ///< [431]
    std::size_t body_bytes_max = 64 * 1024 * 1024;  ///< after decompression too [413]
    std::size_t memory_bytes_max =
        64 * 1024 * 1024;                          ///< bodies, their documents, unsent answers: memory_budget.hpp [503]
    std::chrono::milliseconds memory_wait{5'000};  ///< for room in it [503]
    std::size_t gzip_ratio_max = 100;              ///< decompressed to compressed, from the first MiB on [413]
    std::size_t connections_max = 4096;            ///< beyond it nothing is accepted
    std::size_t connections_per_peer_max = 64;     ///< loopback peers are only bound by the total [503]
    std::chrono::milliseconds handshake_time{10'000};     ///< of TLS; then the connection is closed
    std::chrono::milliseconds header_time{10'000};        ///< absolute, from the first byte of a request [408]
    std::chrono::milliseconds body_time{60'000};          ///< absolute, from the end of the header [408]
    std::size_t body_bytes_per_second_min = 1024;         ///< shortens body_time for small bodies [408]
    std::chrono::milliseconds write_time{30'000};         ///< without progress; then the connection is closed
    std::chrono::milliseconds hurried_write_time{2'000};  ///< of an answer there is no room for, in all
    std::chrono::milliseconds idle_time{15'000};          ///< between requests of a kept connection; then it is closed
    std::chrono::milliseconds drain_time{10'000};         ///< a stop waits this long for requests in progress
};

}  // namespace causeway::http
