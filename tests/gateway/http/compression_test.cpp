#include "gateway/http/compression.hpp"

#include <doctest/doctest.h>

using namespace causeway::http;

TEST_SUITE("gateway/http/compression") {
    std::string compressed(const std::string& text) {
        auto smaller = gzip(Body(text));
        return smaller ? *smaller : std::string();
    }

    TEST_CASE("what was compressed in pieces comes back whole") {
        const std::string part(5000, 'a');
        Body body(part);
        body.append_static("the end");
        const auto small = gzip(body);
        REQUIRE(small);
        CHECK(small->size() < 200);
        std::string back;
        CHECK(gunzip(*small, 10'000, 1000, back) == GunzipError::none);
        CHECK(back == part + "the end");
    }

    TEST_CASE("a body that does not get smaller stays as it is") { CHECK_FALSE(gzip(Body("{}"))); }

    TEST_CASE("the size is bounded at the limit and one below it") {
        const std::string small = compressed(std::string(3000, 'x'));
        std::string out;
        CHECK(gunzip(small, 3000, 1000, out) == GunzipError::none);
        CHECK(gunzip(small, 2999, 1000, out) == GunzipError::too_large);
    }

    TEST_CASE("a bomb is stopped by its ratio") {
        const std::string bomb = compressed(std::string(8 * 1024 * 1024, '\0'));
        std::string out;
        CHECK(gunzip(bomb, 64 * 1024 * 1024, 100, out) == GunzipError::ratio);
        CHECK(out.size() <= 4 * 1024 * 1024);
        CHECK(gunzip(bomb, 64 * 1024 * 1024, 10'000, out) == GunzipError::none);
    }

    TEST_CASE("damage is an error: cut, flipped, followed by more") {
        const std::string good = compressed(std::string(3000, 'x') + "tail");
        std::string out;
        for (std::size_t size = 0; size < good.size(); ++size)
            CHECK(gunzip(good.substr(0, size), 10'000, 1000, out) == GunzipError::corrupt);
        std::string flipped = good;
        flipped[flipped.size() - 6] = static_cast<char>(flipped[flipped.size() - 6] ^ 1);
        CHECK(gunzip(flipped, 10'000, 1000, out) == GunzipError::corrupt);
        CHECK(gunzip(good + "x", 10'000, 1000, out) == GunzipError::corrupt);
    }

    TEST_CASE("Accept-Encoding") {
        for (const char* yes : {"gzip", "deflate, gzip", "br;q=1.0, GZIP;q=0.8, *;q=0.1", "*", "x-gzip"})
            CHECK(accepts_gzip(yes));
        for (const char* no : {"", "identity", "gzip;q=0", "gzip; q=0.000", "br", "*;q=0", "gzip;q=0, *"})
            CHECK_FALSE(accepts_gzip(no));
    }
}
