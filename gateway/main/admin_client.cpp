#include "gateway/main/admin_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

namespace causeway {

AdminAnswer ask_gateway(const ops::Config& config, const std::string& target, std::string_view method,
                        std::string body) {
    namespace asio = boost::asio;
    namespace beast = boost::beast;
    try {
        asio::io_context io;
        asio::ip::tcp::resolver resolver(io);
        beast::tcp_stream stream(io);
        stream.expires_after(std::chrono::seconds(30));
        stream.connect(resolver.resolve(config.http.address, std::to_string(config.http.port)));
        beast::http::request<beast::http::string_body> request(beast::http::string_to_verb(method), target, 11);
        request.body() = std::move(body);
        request.set(beast::http::field::host, config.http.address);
        request.keep_alive(false);
        request.prepare_payload();
        beast::http::write(stream, request);
        beast::flat_buffer buffer;
        beast::http::response_parser<beast::http::string_body> parser;
        parser.body_limit(std::uint64_t{256} << 20);
        beast::http::read(stream, buffer, parser);
        return {parser.get().result_int(), std::move(parser.get().body())};
    } catch (const boost::system::system_error& error) {
        return {0, error.code().message()};
    }
}

}  // namespace causeway
