#pragma once
#include "gateway/http/server.hpp"

namespace causeway::http {

/// Everything a session may use of its server.
struct SessionContext {
    const Limits& limits;
    Handler& handler;
    Events& events;
    const std::optional<net::any_io_executor>& cpu;
    const std::atomic<bool>& stopping;
    MemoryBudget& memory;
    std::atomic<std::uint64_t>& next_request;
    const std::string& request_prefix;
};

/// Serves one connection until either side ends it. The frame owns the buffer, the parser and the answer being written;
/// the stream belongs to `connection`, so that the sweeper can cancel it on the same strand.
Awaitable<> run_session(std::shared_ptr<Connection> connection, SessionContext context);

}  // namespace causeway::http
