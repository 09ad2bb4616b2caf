#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace causeway::http {

namespace net = boost::asio;
using boost::system::error_code;

/// Each connection runs on a strand of its own. The type is spelled out because a type-erased executor costs an
/// allocation and two virtual calls at every suspension.
using Executor = net::strand<net::io_context::executor_type>;
using Socket = net::basic_stream_socket<net::ip::tcp, Executor>;
using Timer =
    net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor>;
template <class T = void>
using Awaitable = net::awaitable<T, Executor>;

/// co_await op(as_result) gives (error_code, values...) and does not throw.
inline constexpr net::as_tuple_t<net::use_awaitable_t<Executor>> as_result{};

}  // namespace causeway::http
