#pragma once
#include <string>
#include <vector>

#include "gateway/tls/certificate.hpp"

namespace causeway::tls {

/// What an operator should know of a certificate that is in use or is to be.
struct Inspection {
    Certificate certificate;
    std::string key;                    ///< "RSA 3072", "EC P-256"
    std::int64_t days_left = 0;         ///< negative: expired
    std::vector<std::string> warnings;  ///< each with what to do; empty: nothing to mend
};

enum class Use : std::uint8_t { server, client };

/// Looks at the first certificate of a PEM file and the permissions of its key's file. Reads the files, blocking; fails
/// if there is no certificate to look at. Whether the pair can be used is what Context says.
Result<Inspection> inspect_blocking(const std::string& certificate_file, const std::string& key_file, Use use,
                                    std::int64_t now_s);

/// Days before its end from which a certificate is worth a warning.
inline constexpr std::int64_t expiry_warning_days = 30;

}  // namespace causeway::tls
