#include "gateway/ops/log.hpp"

#include <doctest/doctest.h>

namespace logging = causeway::ops::log;

TEST_SUITE("gateway/ops/log") {
    TEST_CASE("a value can not forge a line or a field") {
        const std::int64_t at = 1'700'000'000'123'456;
        CHECK(logging::render(logging::Level::warning, "mllp.closed", {{"peer", "127.0.0.1"}, {"bytes", 12}},
                              logging::Format::text,
                              at) == "2023-11-14T22:13:20.123Z warning mllp.closed peer=127.0.0.1 bytes=12\n");
        CHECK(logging::render(logging::Level::info, "x", {{"a", "b\nfake c=d"}}, logging::Format::text, at) ==
              "2023-11-14T22:13:20.123Z info    x a=\"b\\u000afake c=d\"\n");
        CHECK(logging::render(logging::Level::info, "x", {{"a", "q\"\r"}, {"n", 1.5}}, logging::Format::json, at) ==
              "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"info\",\"event\":\"x\",\"a\":\"q\\\"\\u000d\",\"n\":"
              "1.5}\n");
    }
}
