// A JWK Set: what is read of it serves its own algorithms only, and none of its keys verifies what nobody signed.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/security/json_web_key.hpp"

using namespace causeway::security;

namespace {

void must(bool good) {
    if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16 * 1024) return 0;
    const std::string input(reinterpret_cast<const char*>(data), size);
    if (const auto bytes = decode_base64url(input)) must(encode_base64url(*bytes) == input);
    must(decode_base64url(encode_base64url(input)) == input);
    const auto parsed = parse_key_set(input);
    if (const auto* const error = std::get_if<KeyError>(&parsed)) {
        must(!error->reason.empty());
        return 0;
    }
    for (const auto& key : std::get<std::vector<JsonWebKey>>(parsed)) {
        must(!key.id.empty() && key.key);
        unsigned served = 0;
        for (const auto algorithm : {SignatureAlgorithm::rs384, SignatureAlgorithm::es384, SignatureAlgorithm::rs256,
                                     SignatureAlgorithm::es256}) {
            if (!key.serves(algorithm)) continue;
            ++served;
            const bool elliptic = algorithm == SignatureAlgorithm::es384 || algorithm == SignatureAlgorithm::es256;
            must(elliptic == (key.kind != JsonWebKey::Kind::rsa));
            must(!key.only || *key.only == algorithm);
            must(!key.verifies(algorithm, "what nobody signed", input.substr(0, 512)));
            must(!key.verifies(algorithm, "what nobody signed", std::string(96, '\1')));
        }
        must(served <= 2);
    }
    return 0;
}
