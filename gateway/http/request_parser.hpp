#pragma once
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "gateway/http/limits.hpp"
#include "gateway/http/message.hpp"

namespace causeway::http {

/// Why a request cannot be served, before any handler saw it.
struct Refusal {
    unsigned status = 0;  ///< 0: none
    const char* code = "";
    const char* text = "";
};

/// Beast's incremental parser, filling a Request of ours and refusing what lets two servers disagree about where a
/// request ends (request smuggling): Transfer-Encoding with Content-Length, either of them twice, a coding other than
/// chunked, folded lines, no or several Host fields. Trailer fields are read and dropped.
class RequestParser final : public boost::beast::http::basic_parser<true> {
public:
    using error_code = boost::beast::error_code;

    explicit RequestParser(const Limits& limits);

    /// Feeds bytes of the header or of the body; returns how many were used. need_more is not a refusal.
    std::size_t feed(std::string_view bytes);
    bool header_done() const { return is_header_done(); }
    bool complete() const { return is_done(); }
    const Refusal& refusal() const noexcept { return refusal_; }
    bool expects_continue() const noexcept { return expects_continue_; }

    Request request;

private:
    using string_view = boost::beast::string_view;
    using verb = boost::beast::http::verb;
    using field = boost::beast::http::field;

    void on_request_impl(verb method, string_view method_text, string_view target, int version,
                         error_code& error) override;
    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_field_impl(field name, string_view name_text, string_view value, error_code& error) override;
    void on_header_impl(error_code& error) override;
    void on_body_init_impl(const boost::optional<std::uint64_t>& content_length, error_code& error) override;
    std::size_t on_body_impl(string_view bytes, error_code& error) override;
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& error) override;
    void on_finish_impl(error_code&) override {}
    void refuse(error_code& error, unsigned status, const char* code, const char* text);

    const Limits& limits_;
    std::string_view feeding_;
    std::size_t header_bytes_ = 0;
    std::size_t announced_ = 0;
    unsigned hosts_ = 0, lengths_ = 0, codings_ = 0;
    bool in_header_ = true;
    bool old_version_ = false;
    bool expects_continue_ = false;
    Refusal refusal_;
};

}  // namespace causeway::http
