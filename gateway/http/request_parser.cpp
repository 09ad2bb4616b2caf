#include "gateway/http/request_parser.hpp"

#include "fhir/json/room.hpp"

namespace causeway::http {
namespace {

namespace beast_http = boost::beast::http;

Method method_of(beast_http::verb verb) {
    switch (verb) {
        case beast_http::verb::get:
            return Method::get;
        case beast_http::verb::head:
            return Method::head;
        case beast_http::verb::post:
            return Method::post;
        case beast_http::verb::put:
            return Method::put;
        case beast_http::verb::patch:
            return Method::patch;
        case beast_http::verb::delete_:
            return Method::erase;
        case beast_http::verb::options:
            return Method::options;
        default:
            return Method::other;
    }
}

/// The origin form of a request target: "http://host/path" is what clients send to proxies.
std::string_view origin_form(std::string_view target) {
    for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
        if (!target.starts_with(scheme)) continue;
        const auto slash = target.find('/', scheme.size());
        return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
    return target;
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

RequestParser::RequestParser(const Limits& limits) : limits_(limits) {
    header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    body_limit(limits.body_bytes_max);
}

std::size_t RequestParser::feed(std::string_view bytes) {
    feeding_ = bytes;
    error_code error;
    const bool was_header = !is_header_done();
    const std::size_t used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    if (was_header) header_bytes_ += used;
    if (refusal_.status != 0) return used;
    if (error == beast_http::error::body_limit)
        refusal_ = {413, "too-long", "The request body is larger than this server allows"};
    // Beast bounds one call; a header that comes in small pieces is counted here.
    else if (error == beast_http::error::header_limit ||
             (was_header && header_bytes_ + (is_header_done() ? 0 : bytes.size() - used) > limits_.header_bytes_max))
        refusal_ = {431, "too-long", "The request header is larger than this server allows"};
    else if (error == beast_http::error::bad_version)
        refusal_ = {505, "structure", "This server speaks HTTP/1.0 and HTTP/1.1"};
    else if (error && error != beast_http::error::need_more)
        refusal_ = {400, "structure", "The request is not well-formed HTTP"};
    return used;
}

void RequestParser::refuse(error_code& error, unsigned status, const char* code, const char* text) {
    refusal_ = {status, code, text};
    error = beast_http::error::bad_field;
}

void RequestParser::on_request_impl(verb method, string_view, string_view target, int version, error_code& error) {
    request.method = method_of(method);
    request.target = origin_form(view(target));
    old_version_ = version < 11;
    if (!request.target.starts_with('/') && request.target != "*")
        refuse(error, 400, "structure", "The request target is not a path");
}

void RequestParser::on_field_impl(field name, string_view name_text, string_view value, error_code& error) {
    if (!in_header_) return;
    if (request.headers.size() >= limits_.header_fields_max)
        return refuse(error, 431, "too-long", "The request has more header fields than this server allows");
    // A folded value was put together in a buffer of Beast's own: it does not lie in what we feed.
    if (!value.empty() && (value.data() < feeding_.data() || value.data() >= feeding_.data() + feeding_.size()))
        return refuse(error, 400, "structure", "A header field is folded over two lines");
    switch (name) {
        case field::host:
            ++hosts_;
            break;
        case field::content_length:
            ++lengths_;
            if (value.empty() || value.find_first_not_of("0123456789") != string_view::npos)
                return refuse(error, 400, "structure", "The length of the request is not one number");
            break;
        case field::transfer_encoding:
            ++codings_;
            if (!equal_ignoring_case(view(value), "chunked"))
                return refuse(error, 400, "not-supported", "The only transfer coding of this server is chunked");
            break;
        case field::expect:
            if (!equal_ignoring_case(view(value), "100-continue"))
                return refuse(error, 417, "not-supported", "The only expectation this server knows is 100-continue");
            expects_continue_ = !old_version_;
            break;
        default:
            break;
    }
    request.headers.add(view(name_text), view(value));
}

void RequestParser::on_header_impl(error_code& error) {
    in_header_ = false;
    if (lengths_ + codings_ > 1 || (codings_ > 0 && old_version_))
        return refuse(error, 400, "structure", "The length of the request is stated more than once");
    if (hosts_ > 1 || (hosts_ == 0 && !old_version_))
        return refuse(error, 400, "structure", "The request has no Host field, or several");
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& content_length, error_code&) {
    // Trust no announced length with memory beyond this.
    if (content_length) {
        announced_ = static_cast<std::size_t>(std::min<std::uint64_t>(*content_length, limits_.body_bytes_max));
        request.body.reserve(std::min<std::size_t>(announced_, 1024 * 1024));
    }
}

std::size_t RequestParser::on_body_impl(string_view bytes, error_code&) {
    auto& body = request.body;
    if (const auto wanted = body.size() + bytes.size(); wanted > body.capacity() && announced_ >= wanted)
        fhir::reserve_exactly(body, std::min(announced_, std::max(wanted, 2 * body.capacity())));
    body.append(bytes.data(), bytes.size());
    return bytes.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& error) {
    return on_body_impl(bytes, error);
}

}  // namespace causeway::http
