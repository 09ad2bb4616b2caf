#include <doctest/doctest.h>

#include <functional>

#include "gateway/exchange/backoff.hpp"
#include "gateway/exchange/partner.hpp"

using namespace causeway::exchange;

namespace {

ExchangeSettings good_settings() {
    ExchangeSettings settings;
    Partner lab;
    lab.name = "lab";
    lab.kind = PartnerKind::lab;
    lab.application = "LIS";
    lab.facility = "NORTH";
    lab.mllp = MllpEndpoint{.host = "127.0.0.1", .port = 6661};
    Partner desk;
    desk.name = "front-desk";
    desk.application = "REG";
    settings.partners = {lab, desk};
    RoutingRule orders;
    orders.name = "orders-to-lab";
    orders.resource_type = "ServiceRequest";
    orders.criteria = "status=active";
    orders.to = "lab";
    orders.as = "OML^O21^OML_O21";
    RoutingRule feed;
    feed.name = "adt-to-lab";
    feed.messages = {"ADT^A04", "ADT"};
    feed.where = "PV1-2 in (I, E)";
    feed.to = "lab";
    settings.rules = {orders, feed};
    return settings;
}

}  // namespace

TEST_SUITE("gateway/exchange/partner") {
    TEST_CASE("accepts a configuration without faults") { CHECK(validate(good_settings()).empty()); }

    TEST_CASE("names each fault by the setting the operator wrote") {
        struct Row {
            std::function<void(ExchangeSettings&)> spoil;
            std::string where;
            std::string text;
        };
        const Row rows[] = {
            {[](auto& s) {
                 s.partners[0].name = "";
                 s.rules.clear();
             },
             "partner #1: name", "must be 1 to 64 of letters, digits, '-', '_', '.'"},
            {[](auto& s) { s.partners[1].name = "lab"; }, "partner \"lab\": name", "is used by another partner"},
            {[](auto& s) { s.partners[0].mllp->port = 0; }, "partner \"lab\": mllp.port", "must be 1 to 65535"},
            {[](auto& s) { s.partners[0].mllp->release = 3; }, "partner \"lab\": mllp.release", "must be 1 or 2"},
            {[](auto& s) { s.partners[0].acknowledgement = AcknowledgementMode::none; },
             "partner \"lab\": acknowledgement",
             "none needs mllp.release 2: nothing else would say that a message arrived"},
            {[](auto& s) {
                 s.partners[0].sequence_numbers_sent = true;
                 s.partners[0].mllp->batch_messages_max = 5;
             },
             "partner \"lab\": sequence_numbers_sent", "and mllp.batch_messages_max exclude each other"},
            {[](auto& s) { s.partners[1].acknowledge_apart = true; }, "partner \"front-desk\": acknowledge_apart",
             "needs an mllp endpoint to send to"},
            {[](auto& s) { s.partners[0].lanes = 0; }, "partner \"lab\": lanes", "must be 1 to 64"},
            {[](auto& s) {
                 s.partners[0].lanes = 4;
                 s.partners[0].messages_per_minute = 60;
             },
             "partner \"lab\": lanes",
             "more than one excludes mllp.batch_messages_max, sequence_numbers_sent and messages_per_minute"},
            {[](auto& s) { s.partners[1].lanes = 2; }, "partner \"front-desk\": lanes",
             "more than one needs mllp, http or fhir"},
            {[](auto& s) {
                 s.partners[1].own_authorities_only = s.partners[1].cross_references = true;
                 s.partners[1].authorities = {{"NORTH", "", "", "urn:north"}};
             },
             "partner \"front-desk\": cross_references",
             "and own_authorities_only exclude each other: its answers name the authorities of others"},
            {[](auto& s) { s.partners[0].mllp->host = ""; }, "partner \"lab\": mllp.host", "is missing"},
            {[](auto& s) { s.partners[0].retry.max_ms = 10; }, "partner \"lab\": retry.max_ms",
             "must not be less than retry.first_ms"},
            {[](auto& s) { s.partners[0].retry.jitter = 1.5; }, "partner \"lab\": retry.jitter",
             "must be between 0 and 1"},
            {[](auto& s) { s.partners[0].processing_id = "X"; }, "partner \"lab\": processing_id",
             "must be P, T or D (table 0103)"},
            {[](auto& s) {
                 s.partners[0].authorities = {{"NORTH", "", "", "north"}};
             },
             "partner \"lab\": authorities", "system must be a URI, not \"north\""},
            {[](auto& s) { s.rules[0].to = "nobody"; }, "route \"orders-to-lab\": to",
             "\"nobody\" is not a configured partner"},
            {[](auto& s) { s.rules[0].to = "front-desk"; }, "route \"orders-to-lab\": to",
             "partner \"front-desk\" has no endpoint to send to (mllp, http, fhir, directory.out, sftp.out)"},
            {[](auto& s) { s.rules[0].as = ""; }, "route \"orders-to-lab\": as",
             "is missing: which message a resource becomes"},
            {[](auto& s) { s.rules[0].as = "OML"; }, "route \"orders-to-lab\": as",
             "\"OML\" is no message such as OML^O21^OML_O21"},
            {[](auto& s) { s.rules[1].messages.clear(); }, "route \"adt-to-lab\"",
             "needs either a resource type or v2 messages as its source, not both and not neither"},
            {[](auto& s) { s.rules[1].messages = {"adt"}; }, "route \"adt-to-lab\": messages",
             "\"adt\" is no message type such as ORU^R01 or ADT"},
            {[](auto& s) { s.rules[1].where = "PV1-2 is I"; }, "route \"adt-to-lab\": where",
             "expected =, !=, in, not in, valued or absent at character 7"},
            {[](auto& s) { s.rules[1].name = "orders-to-lab"; }, "route \"orders-to-lab\": name",
             "is used by another route"},
            {[](auto& s) { s.rules[1].name = "say \"x\""; }, "route \"say \"x\"\": name",
             "must be 1 to 64 printable characters without quotes"},
            {[](auto& s) { s.partners[1].name = "unknown"; }, "partner \"unknown\": name",
             "is taken by the senders that are not configured"},
            {[](auto& s) { s.partners[1].timezone = "next door"; }, "partner \"front-desk\": timezone",
             "must be a zone such as Europe/Berlin or +01:00"},
        };
        for (const auto& row : rows) {
            auto settings = good_settings();
            row.spoil(settings);
            CAPTURE(row.where);
            const auto faults = validate(settings);
            REQUIRE(faults.size() == 1);
            CHECK(faults[0].where == row.where);
            CHECK(faults[0].text == row.text);
        }
    }

    TEST_CASE("a sender is the partner with most names in common") {
        auto settings = good_settings();
        CHECK(find_sender(settings, "LIS", "NORTH")->name == "lab");
        CHECK(find_sender(settings, "REG", "ANYWHERE")->name == "front-desk");
        CHECK(find_sender(settings, "LIS", "SOUTH")->name == "unknown");
        settings.accept_unknown_senders = false;
        CHECK(find_sender(settings, "LIS", "SOUTH") == nullptr);
    }

    TEST_CASE("the delay doubles up to its limit and jitter only shortens it") {
        const RetryPolicy policy{.first_ms = 1'000, .max_ms = 60'000, .jitter = 0.5};
        CHECK(backoff_ms(policy, 1, 0.0) == 1'000);
        CHECK(backoff_ms(policy, 2, 0.0) == 2'000);
        CHECK(backoff_ms(policy, 6, 0.0) == 32'000);
        CHECK(backoff_ms(policy, 7, 0.0) == 60'000);
        CHECK(backoff_ms(policy, 4'000'000'000u, 0.0) == 60'000);
        CHECK(backoff_ms(policy, 2, 0.5) == 1'500);
        CHECK(backoff_ms({.first_ms = 1, .max_ms = 1, .jitter = 1.0}, 1, 0.99) == 1);
    }
}
