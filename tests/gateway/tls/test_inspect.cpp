#include <doctest/doctest.h>

#include <algorithm>

#include "gateway/tls/context.hpp"
#include "gateway/tls/inspect.hpp"
#include "tests/gateway/tls/authority.hpp"

namespace {

using namespace causeway::tls;
using causeway::tls::test::Authority;
using causeway::tls::test::Wanted;

constexpr std::int64_t day_s = 86'400;

Inspection look(const Authority& authority, const Wanted& wanted, Use use = Use::server) {
    const auto files = authority.issue("looked-at", wanted);
    auto found = inspect_blocking(files.certificate, files.key, use, now_s());
    REQUIRE(found.has_value());
    return std::move(*found);
}

bool warns(const Inspection& found, std::string_view part) {
    return std::any_of(found.warnings.begin(), found.warnings.end(),
                       [&](const std::string& each) { return each.find(part) != std::string::npos; });
}

Wanted sound() {
    Wanted wanted;
    wanted.common_name = "server";
    wanted.until_s = 90 * day_s;
    return wanted;
}

}  // namespace

TEST_SUITE("gateway/tls/inspect") {
    TEST_CASE("a sound certificate gives no warning") {
        const Authority authority;
        const auto found = look(authority, sound());
        CHECK(found.warnings.empty());
        CHECK(found.key == "EC P-256");
        CHECK((found.days_left == 89 || found.days_left == 90));
        CHECK(found.certificate.common_name == "server");
        CHECK(found.certificate.names == std::vector<std::string>{"localhost", "127.0.0.1"});
    }

    TEST_CASE("its end is seen thirty days before") {
        const Authority authority;
        auto wanted = sound();
        wanted.until_s = 31 * day_s;
        CHECK(look(authority, wanted).warnings.empty());
        wanted.until_s = 30 * day_s - 60;
        CHECK(warns(look(authority, wanted), "expires in 29 days"));
        wanted.until_s = -60;
        CHECK(warns(look(authority, wanted), "has expired"));
        wanted.until_s = 900 * day_s;
        CHECK(warns(look(authority, wanted), "valid for more than 825 days"));
    }

    TEST_CASE("weakness is named") {
        const Authority authority;
        auto wanted = sound();
        wanted.rsa_bits = 1024;
        CHECK(warns(look(authority, wanted), "key is too weak"));
        CHECK(look(authority, wanted).key == "RSA 1024");
        wanted = sound();
        wanted.digest = "SHA1";
        CHECK(warns(look(authority, wanted), "weak digest"));
        wanted = sound();
        wanted.self_signed = true;
        CHECK(warns(look(authority, wanted), "self-signed"));
        wanted = sound();
        wanted.for_server = false;
        CHECK(warns(look(authority, wanted), "does not allow servers"));
        CHECK_FALSE(warns(look(authority, wanted, Use::client), "does not allow"));
    }

    TEST_CASE("a key that others can read") {
        const Authority authority;
        const auto files = authority.issue("open");
        std::filesystem::permissions(files.key, std::filesystem::perms::others_read,
                                     std::filesystem::perm_options::add);
        CHECK(warns(*inspect_blocking(files.certificate, files.key, Use::server, now_s()), "can be read by others"));
        CHECK(inspect_blocking(files.key, files.key, Use::server, now_s()).has_error());
        CHECK(inspect_blocking("/nowhere", files.key, Use::server, now_s()).has_error());
    }
}
