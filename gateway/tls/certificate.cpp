#include "gateway/tls/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <stdexcept>

namespace causeway::tls {
namespace {

std::string text_of(const X509_NAME* name) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    if (!out || name == nullptr || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
        return {};
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string common_name(const X509_NAME* name) {
    int last = -1;
    for (int at = -1; name != nullptr && (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;) last = at;
    if (last < 0) return {};
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
    if (size < 0) return {};
    std::string out(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
    return out;
}

std::string address_text(const ASN1_OCTET_STRING& octets) {
    const unsigned char* bytes = ASN1_STRING_get0_data(&octets);
    if (ASN1_STRING_length(&octets) == 4) {
        boost::asio::ip::address_v4::bytes_type four{};
        std::copy_n(bytes, four.size(), four.begin());
        return boost::asio::ip::make_address_v4(four).to_string();
    }
    if (ASN1_STRING_length(&octets) == 16) {
        boost::asio::ip::address_v6::bytes_type sixteen{};
        std::copy_n(bytes, sixteen.size(), sixteen.begin());
        return boost::asio::ip::make_address_v6(sixteen).to_string();
    }
    return {};
}

std::vector<std::string> alternative_names(const X509& certificate) {
    std::vector<std::string> out;
    auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* each = sk_GENERAL_NAME_value(names, i);
        if (each->type == GEN_DNS) {
            const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(each->d.dNSName));
            out.emplace_back(data, static_cast<std::size_t>(ASN1_STRING_length(each->d.dNSName)));
        } else if (each->type == GEN_IPADD) {
            if (auto text = address_text(*each->d.iPAddress); !text.empty()) out.push_back(std::move(text));
        }
    }
    GENERAL_NAMES_free(names);
    return out;
}

std::string fingerprint(const X509& certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        out += digits[digest[i] >> 4];
        out += digits[digest[i] & 15u];
    }
    return out;
}

std::int64_t seconds(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
    return timegm(&parts);
}

bool equal_names(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::runtime_error(error.message);
}

Certificate describe(const X509& certificate) {
    return {.subject = text_of(X509_get_subject_name(&certificate)),
            .common_name = common_name(X509_get_subject_name(&certificate)),
            .issuer = text_of(X509_get_issuer_name(&certificate)),
            .fingerprint = fingerprint(certificate),
            .names = alternative_names(certificate),
            .not_before_s = seconds(X509_get0_notBefore(&certificate)),
            .not_after_s = seconds(X509_get0_notAfter(&certificate))};
}

Result<Pin> Pin::parse(std::string_view text) {
    constexpr std::string_view sha256 = "sha256:", subject = "subject:", name = "name:";
    if (text.starts_with(sha256)) {
        std::string digits;
        for (const char c : text.substr(sha256.size())) {
            if (c == ':') continue;
            const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
            if (!((lower >= '0' && lower <= '9') || (lower >= 'a' && lower <= 'f')))
                return Error{"a fingerprint has hexadecimal digits only"};
            digits += lower;
        }
        if (digits.size() != 64) return Error{"a SHA-256 fingerprint has 64 hexadecimal digits"};
        return Pin(Kind::fingerprint, std::move(digits));
    }
    if (text.starts_with(subject) && text.size() > subject.size())
        return Pin(Kind::subject, std::string(text.substr(subject.size())));
    if (text.starts_with(name) && text.size() > name.size())
        return Pin(Kind::name, std::string(text.substr(name.size())));
    return Error{"a certificate is named by sha256:HEX, subject:DN or name:DNS-NAME"};
}

bool Pin::matches(const Certificate& certificate) const noexcept {
    switch (kind_) {
        case Kind::fingerprint:
            return certificate.fingerprint == value_;
        case Kind::subject:
            return certificate.subject == value_;
        case Kind::name:
            for (const auto& each : certificate.names)
                if (equal_names(each, value_)) return true;
            return false;
    }
    return false;
}

std::string Pin::text() const {
    switch (kind_) {
        case Kind::fingerprint:
            return "sha256:" + value_;
        case Kind::subject:
            return "subject:" + value_;
        case Kind::name:
            return "name:" + value_;
    }
    return {};
}

}  // namespace causeway::tls
