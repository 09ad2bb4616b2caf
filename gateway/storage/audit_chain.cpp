#include "gateway/storage/audit_chain.hpp"

#include "gateway/storage/keys.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstring>

namespace causeway::storage {

AuditHash audit_hash(std::string_view key, const AuditHash& previous, std::int64_t sequence, TimeUs at_us,
                     std::string_view event) {
    std::string message;
    message.reserve(56 + event.size());
    message.append(reinterpret_cast<const char*>(previous.data()), previous.size());
    keys::append_number(static_cast<std::uint64_t>(sequence), 8, message);
    keys::append_number(static_cast<std::uint64_t>(at_us), 8, message);
    keys::append_number(event.size(), 8, message);
    message += event;
    AuditHash out{};
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key.empty() ? "" : key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(message.data()), message.size(),
              reinterpret_cast<unsigned char*>(out.data()), &size) ||
        size != out.size())
        throw FailureException({FailureCode::internal, "the audit hash cannot be computed"});
    return out;
}

}  // namespace causeway::storage
