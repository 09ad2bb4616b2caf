#pragma once
#include <sys/socket.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "gateway/http/server.hpp"

namespace causeway::tests {

/// A blocking HTTP client that sees bytes, so that tests can send what no library would.
class RawClient {
public:
    struct Answer {
        int status = 0;  ///< 0: the connection ended before a complete answer
        std::string head, body;
        std::string header(std::string_view name) const {
            std::size_t at = 0;
            while ((at = head.find("\r\n", at)) != std::string::npos) {
                at += 2;
                const auto colon = head.find(':', at);
                if (colon == std::string::npos) break;
                if (http::equal_ignoring_case(std::string_view(head).substr(at, colon - at), name))
                    return head.substr(colon + 2, head.find("\r\n", colon) - colon - 2);
            }
            return {};
        }
    };

    explicit RawClient(std::uint16_t port) : socket_(io_) {
        socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
        socket_.set_option(boost::asio::ip::tcp::no_delay(true));
        timeval limit{10, 0};
        setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    /// False if the server has closed.
    bool send(std::string_view bytes) {
        boost::system::error_code error;
        boost::asio::write(socket_, boost::asio::buffer(bytes), error);
        return !error;
    }
    Answer receive(bool head_only = false) {
        Answer answer;
        std::size_t end;
        while ((end = buffered_.find("\r\n\r\n")) == std::string::npos)
            if (!more()) return answer;
        answer.head = buffered_.substr(0, end + 2);
        buffered_.erase(0, end + 4);
        int status = 0;
        std::from_chars(answer.head.data() + 9, answer.head.data() + 12, status);
        std::size_t length = 0;
        const std::string text = answer.header("Content-Length");
        std::from_chars(text.data(), text.data() + text.size(), length);
        if (head_only) length = 0;
        while (buffered_.size() < length)
            if (!more()) return answer;
        answer.body = buffered_.substr(0, length);
        buffered_.erase(0, length);
        answer.status = status;
        return answer;
    }
    Answer ask(std::string_view bytes) {
        send(bytes);
        return receive();
    }
    /// True if the server ends the connection without another byte.
    bool closed() { return buffered_.empty() && !more(); }

private:
    bool more() {
        char room[16384];
        const ssize_t size = ::recv(socket_.native_handle(), room, sizeof room, 0);
        if (size <= 0) return false;
        buffered_.append(room, static_cast<std::size_t>(size));
        return true;
    }
    boost::asio::io_context io_;
    boost::asio::ip::tcp::socket socket_;
    std::string buffered_;
};

/// A handler that answers from threads of its own. They hold replies, so they end before the server's io_context does.
class ThreadedHandler : public http::Handler {
public:
    virtual void join() = 0;
};

/// A server on a free loopback port with threads of its own; drained and joined at the end.
class RunningServer {
public:
    explicit RunningServer(http::Handler& handler, http::Server::Options options = {}, int threads = 2)
        : server_(io_, handler, std::move(options)), threaded_(dynamic_cast<ThreadedHandler*>(&handler)) {
        port_ = server_.listen("127.0.0.1", 0).value();
        for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
    }
    ~RunningServer() {
        if (!server_.stopping()) server_.stop({});
        for (auto& thread : threads_) thread.join();
        if (threaded_) threaded_->join();
    }
    std::uint16_t port() const { return port_; }
    http::Server& server() { return server_; }

private:
    boost::asio::io_context io_;
    http::Server server_;
    ThreadedHandler* threaded_;
    std::uint16_t port_ = 0;
    std::vector<std::thread> threads_;
};

inline bool eventually(const std::function<bool()>& true_soon) {
    for (int i = 0; i < 500; ++i) {
        if (true_soon()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

}  // namespace causeway::tests
