#include "gateway/security/token_service.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <charconv>

#include "fhir/json/json.hpp"
#include "fhir/search/query.hpp"
#include "gateway/security/audit.hpp"

namespace causeway::security {
namespace {

constexpr std::string_view assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::int64_t us_per_s = 1'000'000;

TokenService::Answer error(int status, std::string_view code) {
    return {status, fmt::format("{{\"error\":\"{}\"}}", code)};
}

/// One answer for every way an assertion can fail: what was wrong is for the audit trail.
TokenService::Answer invalid_client() { return error(401, "invalid_client"); }

std::string token_note(std::string_view digest) { return "token/" + encode_base64url(digest); }

std::string quoted(std::string_view text) {
    std::string out;
    fhir::append_json_string(text, out);
    return out;
}

/// What the store keeps of a token: client, scopes, patient, expiry.
std::string token_value(std::string_view client, const Grant& grant, std::int64_t expires_s) {
    return fmt::format("{{\"client\":{},\"scope\":{},\"patient\":{},\"expires\":{}}}", quoted(client),
                       quoted(to_string(grant.scopes)), quoted(grant.patient), expires_s);
}

std::optional<Token> token_of(std::string value) {
    const auto document = fhir::parse_json(std::move(value));
    if (document.has_error()) return std::nullopt;
    const auto root = (*document)->root();
    auto scopes = parse_scopes(root["scope"].text());
    auto* const parsed = std::get_if<std::vector<Scope>>(&scopes);
    const auto expires = root["expires"].text();
    Token token;
    const auto [end, fault] = std::from_chars(expires.data(), expires.data() + expires.size(), token.expires_s);
    if (!parsed || fault != std::errc{}) return std::nullopt;
    token.client = root["client"].text();
    token.grant =
        std::make_shared<const Grant>(Grant{std::move(*parsed), std::string(root["patient"].text()), false, false});
    return token;
}

}  // namespace

std::string sha256(std::string_view bytes) {
    std::string digest(32, '\0');
    unsigned size = 0;
    static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // looking it up costs as much as it
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, method,
                   nullptr) != 1)
        throw std::runtime_error("SHA-256 is not available");
    return digest;
}

struct TokenService::Form {
    std::vector<fhir::search::QueryParameter> fields;
    bool sound = false;  ///< every field at most once

    explicit Form(std::string_view body) {
        auto decoded = fhir::search::decode_query(body);
        if (decoded.has_error()) return;
        fields.assign(decoded->begin(), decoded->end());
        sound = true;
        for (std::size_t i = 0; i < fields.size(); ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (fields[i].name == fields[j].name) sound = false;
    }
    std::string_view get(std::string_view name) const {
        for (const auto& each : fields)
            if (each.name == name) return each.value;
        return {};
    }
};

TokenService::TokenService(storage::Store& store, const ops::Clock& clock, Settings settings, Fetch fetch)
    : store_(store), clock_(clock), settings_(std::move(settings)), keys_(std::move(fetch), clock) {}

std::variant<Assertion, AssertionFault> TokenService::authenticate(const Form& form) {
    if (form.get("client_assertion_type") != assertion_type) return AssertionFault::malformed;
    RegisteredClient remote;  // with the keys that lie at its URL
    bool again = false;
    const auto find = [&](std::string_view id) -> const RegisteredClient* {
        const auto found = settings_.clients.find(id);
        if (found == settings_.clients.end()) return nullptr;
        const auto& client = found->second.registered;
        if (!client.keys.empty() || client.key_set_url.empty()) return &client;
        remote = client;
        const auto keys = again ? keys_.again_blocking(client.key_set_url) : keys_.get_blocking(client.key_set_url);
        if (keys) remote.keys = *keys;
        return &remote;
    };
    const auto check = [&] {
        return check_assertion(form.get("client_assertion"), settings_.token_url, clock_.now_us() / us_per_s, find);
    };
    auto outcome = check();
    const auto* const fault = std::get_if<AssertionFault>(&outcome);
    if (!fault || *fault != AssertionFault::key || remote.id.empty()) return outcome;
    again = true;  // its keys may have changed
    return check();
}

void TokenService::with_client(
    std::string_view body, const std::string& address, std::string_view operation, Done done,
    std::function<storage::Result<Answer>(storage::Transaction&, const Client&, const Form&)> job) {
    auto form = std::make_shared<const Form>(body);
    AuditEntry entry;
    entry.at_us = clock_.now_us();
    entry.principal = {Principal::Kind::client, {}, address, {}};
    entry.interaction = Interaction::operation;
    entry.operation = operation;
    const auto assertion = form->sound ? authenticate(*form) : AssertionFault::malformed;
    const auto* const proved = std::get_if<Assertion>(&assertion);
    if (proved) entry.principal.id = proved->client;
    auto work = [this, form, entry, job = std::move(job), claim = proved ? *proved : Assertion{},
                 fault = proved ? std::string() : std::string(text(*std::get_if<AssertionFault>(&assertion)))](
                    storage::Transaction& transaction) mutable -> storage::Result<Answer> {
        Answer answer = invalid_client();
        std::string outcome = fault;
        if (outcome.empty()) {
            constexpr std::int64_t skew_s = 60;
            const auto fresh = transaction.add_note("jti/" + encode_base64url(sha256(claim.client + '\n' + claim.jti)),
                                                    {}, (claim.expires_s + skew_s) * us_per_s);
            if (fresh.has_error()) return fresh.error();
            if (*fresh) {
                auto result = job(transaction, settings_.clients.find(claim.client)->second, *form);
                if (result.has_error()) return result.error();
                answer = std::move(*result);
            } else {
                outcome = "the assertion was used before";
            }
        }
        entry.status = answer.status;
        entry.outcome = outcome;
        const auto appended = transaction.append_audit(render(entry));
        if (appended.has_error()) return appended.error();
        return answer;
    };
    storage::transact(store_, std::move(work), [done = std::move(done)](storage::Result<Answer> outcome) {
        done(outcome.has_error() ? error(503, "temporarily_unavailable") : std::move(*outcome));
    });
}

void TokenService::issue(std::string_view form, const std::string& address, Done done) {
    with_client(
        form, address, "token", std::move(done),
        [this](storage::Transaction& transaction, const Client& client, const Form& fields) -> storage::Result<Answer> {
            if (fields.get("grant_type") != "client_credentials") return error(400, "unsupported_grant_type");
            auto asked = parse_scopes(fields.get("scope"));
            auto* const scopes = std::get_if<std::vector<Scope>>(&asked);
            Grant grant = client.grant({});
            if (scopes) grant.scopes = narrowed(*scopes, client.scopes);
            if (grant.scopes.empty()) return error(400, "invalid_scope");
            std::string random(32, '\0');
            if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), static_cast<int>(random.size())) != 1)
                return storage::Failure{storage::FailureCode::internal, "no random bytes"};
            const auto token = encode_base64url(random);
            const auto expires_s = clock_.now_us() / us_per_s + life_s;
            const auto added = transaction.add_note(
                token_note(sha256(token)), token_value(client.registered.id, grant, expires_s), expires_s * us_per_s);
            if (added.has_error()) return added.error();
            return Answer{200, fmt::format("{{\"access_token\":\"{}\",\"token_type\":\"bearer\",\"expires_in\":{},"
                                           "\"scope\":{}}}",
                                           token, life_s, quoted(to_string(grant.scopes)))};
        });
}

void TokenService::revoke(std::string_view form, const std::string& address, Done done) {
    with_client(
        form, address, "revoke", std::move(done),
        [this](storage::Transaction& transaction, const Client& client, const Form& fields) -> storage::Result<Answer> {
            const auto digest = sha256(fields.get("token"));
            const auto name = token_note(digest);
            const auto stored = transaction.note(name);
            if (stored.has_error()) return stored.error();
            const auto token = *stored ? token_of(**stored) : std::nullopt;
            if (token && token->client == client.registered.id) {
                const auto removed = transaction.remove_note(name);
                if (removed.has_error()) return removed.error();
                const std::lock_guard lock(mutex_);
                cached_.erase(digest);
                const auto now_s = clock_.now_us() / us_per_s;
                std::erase_if(revoked_, [now_s](const auto& each) { return each.second <= now_s; });
                revoked_.emplace(digest, token->expires_s);
                generation_.fetch_add(1, std::memory_order_release);
            }
            return Answer{200, "{}"};
        });
}

void TokenService::introspect(std::string_view form, const std::string& address, Done done) {
    with_client(
        form, address, "introspect", std::move(done),
        [this](storage::Transaction& transaction, const Client& client, const Form& fields) -> storage::Result<Answer> {
            const auto stored = transaction.note(token_note(sha256(fields.get("token"))));
            if (stored.has_error()) return stored.error();
            const auto token = *stored ? token_of(**stored) : std::nullopt;
            const bool own = token && token->client == client.registered.id;
            if (!token || token->expires_s <= clock_.now_us() / us_per_s || (!own && !client.may_introspect))
                return Answer{200, "{\"active\":false}"};
            return Answer{
                200, fmt::format("{{\"active\":true,\"scope\":{},\"client_id\":{},\"exp\":{}}}",
                                 quoted(to_string(token->grant->scopes)), quoted(token->client), token->expires_s)};
        });
}

const std::pair<const std::string, Operator>* TokenService::find_operator(std::string_view digest) const {
    for (const auto& each : settings_.operators)
        if (each.second.api_key_digest.size() == digest.size() &&
            CRYPTO_memcmp(each.second.api_key_digest.data(), digest.data(), digest.size()) == 0)
            return &each;
    return nullptr;
}

std::optional<Token> TokenService::read(std::string_view name) {
    const auto snapshot = store_.snapshot();
    if (snapshot.has_error()) return std::nullopt;
    const auto stored = (*snapshot)->note(name);
    if (stored.has_error() || !*stored) return std::nullopt;
    return token_of(**stored);
}

std::optional<Token> TokenService::find(std::string_view bearer) {
    if (bearer.empty() || bearer.size() > bearer_bytes_max) return std::nullopt;
    return find_digest(sha256(bearer));
}

std::optional<Token> TokenService::find_digest(const std::string& digest) {
    const auto now_s = clock_.now_us() / us_per_s;
    for (const auto& [id, client] : settings_.clients)
        if (client.api_key_digest.size() == digest.size() &&
            CRYPTO_memcmp(client.api_key_digest.data(), digest.data(), digest.size()) == 0)
            return Token{id, std::make_shared<const Grant>(client.grant(client.scopes)), now_s + life_s};
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = cached_.find(digest); found != cached_.end()) {
            if (found->second.expires_s > now_s) return found->second;
            cached_.erase(found);
            return std::nullopt;
        }
    }
    auto token = read(token_note(digest));
    // A client that is no longer configured has no tokens either.
    if (!token || token->expires_s <= now_s) return std::nullopt;
    const auto client = settings_.clients.find(token->client);
    if (client == settings_.clients.end()) return std::nullopt;
    auto grant = client->second.grant(token->grant->scopes);
    grant.patient = token->grant->patient;
    token->grant = std::make_shared<const Grant>(std::move(grant));
    const std::lock_guard lock(mutex_);
    if (revoked_.contains(digest)) return std::nullopt;
    if (cached_.size() >= cached_max) cached_.clear();
    cached_.emplace(digest, *token);
    return token;
}

}  // namespace causeway::security
