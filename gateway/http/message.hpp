#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::security {
struct Principal;
}
namespace causeway::tls {
struct Certificate;
}

namespace causeway::http {

class WebSocketUser;

enum class Method : std::uint8_t { get, head, post, put, patch, erase, options, other };
std::string_view to_string(Method method) noexcept;

/// ASCII case-insensitive equality, as header names and media types want it.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// Header fields in the order in which they came, all in one buffer.
///
/// Views that it hands out are valid until the next add().
class Headers {
public:
    void add(std::string_view name, std::string_view value);
    /// Replaces every field of this name.
    void set(std::string_view name, std::string_view value);
    void remove(std::string_view name);
    /// The first field of this name; nullopt if there is none.
    std::optional<std::string_view> find(std::string_view name) const noexcept;
    /// The first field of this name; empty if there is none.
    std::string_view get(std::string_view name) const noexcept;
    bool has(std::string_view name) const noexcept { return find(name).has_value(); }

    std::size_t size() const noexcept { return fields_.size(); }
    std::string_view name(std::size_t i) const noexcept;
    std::string_view value(std::size_t i) const noexcept;

private:
    struct Field {
        std::uint32_t name, name_size, value, value_size;
    };
    std::string bytes_;
    std::vector<Field> fields_;
};

/// The bytes of an answer as pieces that are written together without being copied into one buffer.
///
/// A piece is owned (a string moved in) or shared (a view with the owner that keeps it alive).
class Body {
public:
    Body() = default;
    Body(std::string bytes) { append(std::move(bytes)); }
    void append(std::string bytes);
    void append(std::string_view bytes, std::shared_ptr<const void> owner);
    /// `bytes` must live for ever: literals and constant tables.
    void append_static(std::string_view bytes) { append(bytes, nullptr); }
    void clear() noexcept { pieces_.clear(); }

    std::size_t bytes() const noexcept;
    bool empty() const noexcept { return bytes() == 0; }
    std::size_t piece_count() const noexcept { return pieces_.size(); }
    std::string_view piece(std::size_t i) const noexcept;
    std::string to_string() const;

private:
    struct Piece {
        std::string own;
        std::string_view shared;
        std::shared_ptr<const void> owner;
    };
    std::vector<Piece> pieces_;
};

/// The bearer token that a connection showed last, and whom it proved: most connections show the same one again.
struct ShownBearer {
    std::string bearer;
    std::shared_ptr<const security::Principal> principal;  ///< null: none yet
    std::uint64_t generation = 0;                          ///< of the tokens that there were (TokenService::generation)
    std::int64_t until_s = 0;                              ///< the token's end
};

/// Where a request came from, as the connection knows it.
struct Peer {
    std::string address;  ///< textual IP address, without port
    bool loopback = false;
    bool encrypted = false;
    std::shared_ptr<const tls::Certificate> certificate = nullptr;  ///< checked; null if the peer has shown none
    mutable ShownBearer shown = {};  ///< for who authenticates; on the connection's strand only
};

/// One request, complete and decoded (transfer and content codings removed).
struct Request {
    Method method = Method::get;
    std::string target;  ///< as sent: path, and '?' with the query if there is one
    Headers headers;
    std::string body;
    std::string id;  ///< given by us; leaves as X-Request-Id
    std::shared_ptr<const Peer> peer;
    std::shared_ptr<const security::Principal> principal;  ///< who proved to be behind it; null: nobody did

    std::string_view path() const noexcept { return std::string_view(target).substr(0, target.find('?')); }
    /// Without the '?'; empty if there is none.
    std::string_view query() const noexcept;
};

/// One answer. The session adds Date, Content-Length, Connection and X-Request-Id, and drops the body of a HEAD.
struct Response {
    unsigned status = 200;
    Headers headers;
    Body body;
    std::shared_ptr<WebSocketUser> upgrade = nullptr;  ///< with 101: whom the connection belongs to from then on
};

std::string_view reason_phrase(unsigned status) noexcept;

/// An OperationOutcome with one issue. `code` is from http://hl7.org/fhir/issue-type; `text` is a constant of ours and
/// holds nothing of the request.
Response outcome_response(unsigned status, std::string_view code, std::string_view text);

}  // namespace causeway::http
