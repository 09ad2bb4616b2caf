#pragma once
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "gateway/mllp/listener.hpp"

namespace causeway::mllp::test {

/// An io_context with threads of its own, stopped at the end.
class Io {
public:
    explicit Io(int threads = 2) : guard_(context.get_executor()) {
        for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { context.run(); });
    }
    ~Io() {
        guard_.reset();
        context.stop();
        for (auto& thread : threads_) thread.join();
    }
    boost::asio::io_context context;

private:
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
    std::vector<std::thread> threads_;
};

/// Answers each message by a function.
class Scripted final : public MessageHandler {
public:
    std::function<Reply(const std::string&)> answer = [](const std::string& message) {
        return Reply{{"got " + message}, false, {}};
    };
    std::chrono::milliseconds pause{0};
    std::string last_address;  ///< of the peer, by the time the answer has come
    std::atomic<int> handled = 0, damaged_frames = 0;

    Awaitable<Reply> handle(std::string message, const SessionInfo& session) override {
        last_address = session.peer->address;
        if (pause.count() > 0) {
            boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                              boost::asio::wait_traits<std::chrono::steady_clock>, Executor>
                timer(co_await boost::asio::this_coro::executor);
            timer.expires_after(pause);
            co_await timer.async_wait(as_result);
        }
        ++handled;
        co_return answer(message);
    }
    Reply damaged(std::string_view, std::string_view reason, const SessionInfo&) override {
        ++damaged_frames;
        return Reply{{"damaged: " + std::string(reason)}, false, {}};
    }
};

/// A plain blocking client.
class Client {
public:
    explicit Client(std::uint16_t port) : socket_(io_) {
        socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    }
    void send(std::string_view bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }
    void send_message(std::string_view message) { send("\v" + std::string(message) + "\x1c\r"); }
    /// The next frame's content; "closed" when the connection ends first.
    std::string receive() {
        boost::system::error_code error;
        const auto size = boost::asio::read_until(socket_, boost::asio::dynamic_buffer(buffer_), "\x1c\r", error);
        if (error) return "closed";
        auto frame = buffer_.substr(1, size - 3);
        buffer_.erase(0, size);
        return frame;
    }
    /// What has come when nothing more comes for a while, or the connection has ended.
    std::string receive_bare(std::size_t size) {
        boost::system::error_code error;
        while (buffer_.size() < size && !error) {
            std::array<char, 256> room{};
            buffer_.append(room.data(), socket_.read_some(boost::asio::buffer(room), error));
        }
        return std::exchange(buffer_, {});
    }
    void end_of_input() { socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send); }
    void close() { socket_.close(); }

private:
    boost::asio::io_context io_;
    boost::asio::ip::tcp::socket socket_;
    std::string buffer_;
};

template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::milliseconds(5'000)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return condition();
}

inline bool stop_within(Listener& listener, std::chrono::milliseconds limit) {
    auto stopped = std::make_shared<std::promise<void>>();
    auto future = stopped->get_future();
    listener.stop([stopped] { stopped->set_value(); });
    return future.wait_for(limit) == std::future_status::ready;
}

}  // namespace causeway::mllp::test
