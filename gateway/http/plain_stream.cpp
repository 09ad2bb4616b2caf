#include "gateway/http/stream.hpp"

namespace causeway::http {
namespace {

class PlainStream final : public Stream {
public:
    explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}

    Awaitable<Transferred> read_some(net::mutable_buffer room) override {
        return socket_.async_read_some(room, as_result);
    }
    Awaitable<Transferred> write_some(std::span<const net::const_buffer> pieces) override {
        return socket_.async_write_some(pieces, as_result);
    }
    std::size_t try_write(std::span<const net::const_buffer> pieces, error_code& error) override {
        return socket_.write_some(pieces, error);
    }
    void shutdown_send() noexcept override {
        error_code ignored;
        socket_.shutdown(net::socket_base::shutdown_send, ignored);
    }
    void cancel() noexcept override {
        error_code ignored;
        socket_.cancel(ignored);
    }
    void close() noexcept override {
        error_code ignored;
        socket_.close(ignored);
    }

private:
    Socket socket_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(Socket socket) {
    error_code ignored;
    socket.set_option(net::ip::tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace causeway::http
