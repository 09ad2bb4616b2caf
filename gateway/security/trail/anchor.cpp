#include "gateway/security/trail/anchor.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <charconv>
#include <cstdio>
#include <stdexcept>

#include "fhir/json/json.hpp"
#include "gateway/security/json_web_key.hpp"

namespace causeway::security {
namespace {

constexpr std::size_t signature_bytes = 64;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string signed_text(const storage::AuditMark& mark, std::int64_t at_us) {
    return fmt::format("causeway audit anchor\n{}\n{}\n{}\n", mark.sequence, storage::to_hex(mark.hash), at_us);
}

}  // namespace

std::variant<AnchorKey, std::string> AnchorKey::read(const std::string& path) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
    if (!file) return path + " cannot be read";
    AnchorKey out;
    EVP_PKEY* key = PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr);
    out.can_sign_ = key != nullptr;
    if (!key) {
        std::rewind(file.get());
        key = PEM_read_PUBKEY(file.get(), nullptr, nullptr, nullptr);
    }
    if (!key) return path + " holds no key in PEM";
    out.key_.reset(key, EVP_PKEY_free);
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) return path + " holds another kind of key than Ed25519";
    return out;
}

std::string AnchorKey::sign(std::string_view text) const {
    const Context context(EVP_MD_CTX_new());
    std::string out(signature_bytes, '\0');
    std::size_t size = out.size();
    if (!can_sign_ || !context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes_of(text),
                       text.size()) != 1)
        throw std::runtime_error("an anchor cannot be signed");
    return out;
}

bool AnchorKey::verifies(std::string_view text, std::string_view signature) const {
    const Context context(EVP_MD_CTX_new());
    return context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

std::string render_anchor(const AnchorKey& key, const storage::AuditMark& mark, std::int64_t at_us) {
    return fmt::format(R"({{"sequence":{},"hash":"{}","at":{},"signature":"{}"}})", mark.sequence,
                       storage::to_hex(mark.hash), at_us, encode_base64url(key.sign(signed_text(mark, at_us))));
}

Anchors read_anchors(std::string_view lines, const AnchorKey* key) {
    Anchors out;
    for (int number = 1; !lines.empty(); ++number) {
        const auto end = lines.find('\n');
        const auto line = lines.substr(0, end);
        lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 1);
        if (line.empty()) continue;
        const auto document = fhir::parse_json(std::string(line));
        const auto root = document.has_error() ? fhir::Element() : (*document)->root();
        const auto text_of = [&](const char* name) { return root[name].text(); };
        storage::AuditMark mark;
        std::int64_t at_us = 0;
        const auto sequence = text_of("sequence"), at = text_of("at");
        const bool numbers =
            std::from_chars(sequence.data(), sequence.data() + sequence.size(), mark.sequence).ec == std::errc{} &&
            std::from_chars(at.data(), at.data() + at.size(), at_us).ec == std::errc{};
        const auto hash = storage::audit_hash_of_hex(text_of("hash"));
        const auto signature = decode_base64url(text_of("signature"));
        if (!numbers || !hash || !signature || mark.sequence < 1) {
            out.faults.push_back(fmt::format("anchors: line {} is no anchor", number));
            continue;
        }
        mark.hash = *hash;
        if (key && !key->verifies(signed_text(mark, at_us), *signature)) {
            out.faults.push_back(fmt::format("anchors: line {} is not what the key signed", number));
            continue;
        }
        out.marks.push_back(mark);
    }
    return out;
}

}  // namespace causeway::security
