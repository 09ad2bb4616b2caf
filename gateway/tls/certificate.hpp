#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;  // OpenSSL's X509: its headers stay in the .cpp files

namespace causeway::tls {

/// Why a certificate, key or pin cannot be used: for the operator. Names the file or setting; holds no secret.
struct Error {
    std::string message;
};
template <class T>
using Result = boost::system::result<T, Error>;
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

/// What a certificate says of its holder, copied out: who is at the other end of a connection.
struct Certificate {
    std::string subject;                             ///< RFC 2253: "CN=lab.example.org,O=North Laboratory"
    std::string common_name;                         ///< the last CN of the subject; empty if it has none
    std::string issuer;                              ///< RFC 2253
    std::string fingerprint;                         ///< SHA-256 of its DER, 64 lower-case hexadecimal digits
    std::vector<std::string> names;                  ///< DNS names and IP addresses of subjectAltName
    std::int64_t not_before_s = 0, not_after_s = 0;  ///< seconds since 1970
};

/// Empty fields where the certificate has nothing; never fails.
Certificate describe(const x509_st& certificate);

/// How one certificate is told from all others that the same authority signed.
///
///     sha256:9f86d081…            its fingerprint, with or without colons
///     subject:CN=lab,O=North      its subject as RFC 2253 writes it, letter for letter
///     name:lab.example.org        a DNS name or address of its subjectAltName
class Pin {
public:
    static Result<Pin> parse(std::string_view text);

    bool matches(const Certificate& certificate) const noexcept;
    friend bool operator==(const Pin&, const Pin&) = default;
    /// As an operator writes it.
    std::string text() const;

private:
    enum class Kind : std::uint8_t { fingerprint, subject, name };
    Pin(Kind kind, std::string value) : kind_(kind), value_(std::move(value)) {}
    Kind kind_;
    std::string value_;
};

}  // namespace causeway::tls
