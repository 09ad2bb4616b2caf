#include <doctest/doctest.h>

#include "gateway/exchange/alerts.hpp"

using namespace causeway::exchange;

namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t start = 1'772'409'600 * second;

PartnerView lab() {
    PartnerView view;
    view.name = "lab";
    view.last_in_us = start;
    return view;
}
std::string told(const std::vector<Alert>& alerts) {
    std::string text;
    for (const auto& each : alerts)
        text += each.partner + " " + std::string(each.kind) + (each.raised ? " raised " : " over ") +
                std::to_string(each.value) + "\n";
    return text;
}

}  // namespace

TEST_SUITE("gateway/exchange/alerts") {
    TEST_CASE("the age of a queue is told once when it begins and once when it is over") {
        AlertWatch watch;
        auto view = lab();
        view.pending = 3;
        view.oldest_us = start;
        CHECK(told(watch.look({view}, start + 899 * second)).empty());
        CHECK(told(watch.look({view}, start + 900 * second)) == "lab queue-age raised 900\n");
        CHECK(told(watch.look({view}, start + 950 * second)).empty());
        REQUIRE(watch.open().size() == 1);
        CHECK(watch.open()[0].value == 950);
        view.pending = 0;
        view.oldest_us = 0;
        const auto over = watch.look({view}, start + 960 * second);
        CHECK(told(over) == "lab queue-age over 0\n");
        CHECK(over[0].since_us == start + 900 * second);
        CHECK(watch.open().empty());
    }

    TEST_CASE("errors are a share of the attempts since the last look, of enough of them") {
        AlertWatch watch;
        auto view = lab();
        view.attempts = 1'000;
        view.failures = 900;
        CHECK(told(watch.look({view}, start)).empty());  // before anybody looked
        view.attempts += 5;
        view.failures += 5;
        CHECK(told(watch.look({view}, start + second)).empty());  // too few to say
        view.attempts += 5;
        CHECK(told(watch.look({view}, start + 2 * second)) == "lab errors raised 50\n");
        view.attempts += 100;
        view.failures += 1;
        CHECK(told(watch.look({view}, start + 3 * second)) == "lab errors over 1\n");
    }

    TEST_CASE("silence, a halted queue that has work, dead letters and held messages") {
        AlertWatch watch;
        auto view = lab();
        view.rules.silence_s = 60;
        CHECK(told(watch.look({view}, start)).empty());
        CHECK(told(watch.look({view}, start + 60 * second)) == "lab silence raised 60\n");
        view.last_in_us = start + 61 * second;
        view.paused = true;
        CHECK(told(watch.look({view}, start + 62 * second)) == "lab silence over 1\n");  // nothing waits: no matter
        view.pending = 1;
        view.dead = 2;
        view.held = 1;
        CHECK(told(watch.look({view}, start + 63 * second)) ==
              "lab paused raised 1\nlab dead-letter raised 2\nlab held raised 1\n");
        view.paused = false;
        CHECK(told(watch.look({view}, start + 64 * second)) == "lab paused over 1\n");
        CHECK(told(watch.look({}, start + 65 * second)).empty());
    }

    TEST_CASE("what is told says nothing of any message") {
        Alert alert{"lab", "queue-age", true, start, start, 900, 900};
        CHECK(to_json(alert) ==
              R"({"partner":"lab","kind":"queue-age","state":"raised","at":"2026-03-02T00:00:00.000000Z",)"
              R"("since":"2026-03-02T00:00:00.000000Z","value":900,"limit":900})");
    }
}
