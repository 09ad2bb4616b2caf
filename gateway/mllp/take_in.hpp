#pragma once
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <memory>

#include "gateway/exchange/inbox.hpp"
#include "gateway/http/asio.hpp"

namespace causeway::mllp {

namespace net = boost::asio;
using http::as_result;
using http::Awaitable;
using http::Executor;

/// How long a message waits for room in a full store before it is answered negatively.
inline constexpr std::chrono::milliseconds full_store_patience{10'000};

/// One message through the inbox: prepared on the pool, committed by the store's thread. A full store makes it wait, for
/// at most `patience`; then the receipt says not_stored.
Awaitable<exchange::Receipt> take_in(std::shared_ptr<exchange::Intake> intake, storage::Store& store,
                                     net::thread_pool& cpu, std::chrono::milliseconds patience);

}  // namespace causeway::mllp
