#include <doctest/doctest.h>

#include "gateway/exchange/delivery.hpp"
#include "gateway/exchange/timetable.hpp"

using namespace causeway::exchange;

namespace {

constexpr std::int64_t second = 1'000'000;
// 2026-03-02 is a Monday
constexpr std::int64_t monday = 1'772'409'600 * second;
constexpr std::int64_t hour = 3'600 * second, day = 24 * hour;

std::vector<Window> windows(std::initializer_list<std::string_view> texts) {
    std::vector<Window> out;
    for (const auto text : texts) out.push_back(*Window::parse(text));
    return out;
}

}  // namespace

TEST_SUITE("gateway/exchange/timetable") {
    TEST_CASE("a window is days and times; anything else is refused") {
        const auto office = Window::parse("Mon-Fri 08:00-18:00");
        REQUIRE(office);
        CHECK(office->days == 0x1f);
        CHECK(office->from_minute == 480);
        CHECK(Window::parse("Sat,Sun 00:00-24:00")->days == 0x60);
        CHECK(Window::parse("Fri-Mon 10:00-11:00")->days == 0x71);
        CHECK(Window::parse("22:00-06:00")->days == 0x7f);
        for (const auto* wrong : {"", "08:00", "8:00-18:00", "Mon 08:00-08:00", "Mon 24:00-08:00", "Day 08:00-18:00",
                                  "Mon-Fri 08:00-25:00", "Mon- 08:00-18:00", "Mon-Fri  08:00-18:00", "08:60-09:00"})
            CHECK_MESSAGE(!Window::parse(wrong), wrong);
    }

    TEST_CASE("outside of its windows a partner is sent to when the next one opens, in its own time zone") {
        const Timetable office(windows({"Mon-Fri 08:00-18:00"}), "UTC", 0);
        CHECK(office.allowed_us(monday + 9 * hour) == monday + 9 * hour);
        CHECK(office.allowed_us(monday + 7 * hour + 1) == monday + 8 * hour);
        CHECK(office.allowed_us(monday + 18 * hour) == monday + day + 8 * hour);
        CHECK(office.allowed_us(monday + 4 * day + 18 * hour) == monday + 7 * day + 8 * hour);  // Friday evening
        const Timetable night(windows({"22:00-06:00"}), "UTC", 0);
        CHECK(night.allowed_us(monday + 3 * hour) == monday + 3 * hour);
        CHECK(night.allowed_us(monday + 12 * hour) == monday + 22 * hour);
        // 08:00 in Chicago is 14:00 UTC in winter and, from 2026-03-08 on, 13:00
        const Timetable chicago(windows({"Mon-Fri 08:00-18:00"}), "America/Chicago", 0);
        CHECK(chicago.allowed_us(monday + 9 * hour) == monday + 14 * hour);
        CHECK(chicago.allowed_us(monday + 7 * day + 9 * hour) == monday + 7 * day + 13 * hour);
        const Timetable always({}, "UTC", 0);
        CHECK(always.allowed_us(monday) == monday);
    }

    TEST_CASE("a rate is kept over a minute and lets no pause build up a flood") {
        Timetable slow({}, "UTC", 60);  // one a second, bursts of ten
        std::int64_t now = monday;
        int sent = 0;
        for (; now<monday + 60 * second; now = slow.allowed_us(now)> now ? slow.allowed_us(now) : now) {
            if (slow.allowed_us(now) > now) continue;
            slow.took(now, 1);
            ++sent;
        }
        CHECK(sent >= 68);
        CHECK(sent <= 71);
        now += day;
        int burst = 0;
        while (slow.allowed_us(now) == now) {
            slow.took(now, 1);
            ++burst;
        }
        CHECK(burst == 10);
        CHECK(slow.allowed_us(now) - now <= second);
    }

    TEST_CASE("a queue waits for its partner's window") {
        Partner partner;
        partner.name = "lab";
        partner.mllp = MllpEndpoint{.host = "127.0.0.1", .port = 1};
        partner.windows = windows({"Mon-Fri 08:00-18:00"});
        Delivery delivery(partner, [] { return 0.5; });
        Outgoing row;
        row.id = 1;
        row.control_id = "A";
        row.message = "MSH|^~\\&|A|B|C|D|20260302||ADT^A04|A|P|2.5.1\r";
        delivery.on_taken(row, monday + 7 * hour);
        REQUIRE(std::holds_alternative<StepWait>(delivery.step()));
        CHECK(std::get<StepWait>(delivery.step()).until_us == monday + 8 * hour);
        delivery.on_woken(monday + 8 * hour);
        delivery.on_taken(row, monday + 8 * hour);
        CHECK(std::holds_alternative<StepConnect>(delivery.step()));
    }

    TEST_CASE("what a carrier brings back settles the message by the same rules") {
        Partner partner;
        partner.name = "web";
        partner.http = HttpEndpoint{.url = "https://lab.example.org/hl7"};
        partner.retry.rejected_attempts_max = 1;
        Delivery delivery(partner, [] { return 0.5; });
        Outgoing row;
        row.id = 7;
        row.control_id = "C7";
        row.message = "MSH|^~\\&|A|B|C|D|20260302||ADT^A04|C7|P|2.5.1\r";
        const auto carry = [&](const Carried& carried) {
            delivery.on_taken(row, 1'000);
            if (std::holds_alternative<StepConnect>(delivery.step())) delivery.on_connected(1'000);
            REQUIRE(std::holds_alternative<StepSend>(delivery.step()));
            delivery.on_carried(carried, 2'000);
            if (std::holds_alternative<StepClose>(delivery.step())) delivery.on_closed(2'000);
            REQUIRE(std::holds_alternative<StepSettle>(delivery.step()));
            const auto settlement = std::get<StepSettle>(delivery.step()).settlements.front();
            delivery.on_settled(3'000);
            return settlement;
        };
        const auto ack = [](std::string_view code, std::string_view id) {
            return "MSH|^~\\&|C|D|A|B|20260302||ACK|9|P|2.5.1\rMSA|" + std::string(code) + "|" + std::string(id) + "\r";
        };
        using Kind = Settlement::Kind;
        CHECK(carry({Carried::Kind::taken, {}, {}, {}}).kind == Kind::delivered);
        CHECK(carry({Carried::Kind::answered, ack("AA", "C7"), {}, {}}).kind == Kind::delivered);
        const auto refused = carry({Carried::Kind::answered, ack("AR", "C7"), {}, {}});
        CHECK(refused.kind == Kind::parked);
        CHECK(refused.failure == FailureClass::rejected);
        const auto other = carry({Carried::Kind::answered, ack("AA", "C8"), {}, {}});
        CHECK(other.kind == Kind::retry);
        CHECK(other.failure == FailureClass::bad_answer);
        const auto away = carry({Carried::Kind::failed, {}, FailureClass::connection, "refused"});
        CHECK(away.kind == Kind::retry);
        CHECK(away.reason == "refused");
    }
}
