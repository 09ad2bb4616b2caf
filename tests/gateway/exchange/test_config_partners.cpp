#include <doctest/doctest.h>

#include "gateway/main/config_partners.hpp"

using namespace causeway;

TEST_SUITE("gateway/main/config_partners") {
    TEST_CASE("reads partners and routes over the defaults of the configuration") {
        ops::Config config;
        config.exchange.timezone = "America/Chicago";
        config.exchange.retry_first_ms = 700;
        config.exchange.acknowledgement_timeout_ms = 9'000;
        const auto load = load_partners(R"(
[http]
port = 1

[partner.lab]
kind = "lab"
application = "LIS"
facility = "NORTH"
acknowledgement = "accept"
sequence_numbers_sent = true
acknowledge_apart = true
unmappable = "escape"
mllp = { host = "127.0.0.1", port = 6661, idle_close_ms = 0, release = 2, fragment_bytes_max = 2000, unframed_answers = true }
retry = { max_ms = 2000, jitter = 0, stop_when_parked = true }
tolerances = { results_are_snapshots = true, syntax = ["line_feed", "lower_case_names"] }
authority = [{ namespace = "NORTH", oid = "1.2.3", system = "urn:oid:1.2.3" }]

[partner.desk]
timezone = "+02:00"
lanes = 3
cross_references = true
profiles = ["elr-2.5.1"]
profile_errors = "refuse"
mllp = { host = "127.0.0.1", port = 6662 }

[[route]]
name = "lab orders"
resource = "ServiceRequest"
on = ["create", "delete"]
criteria = "status=active&intent=order"
to = "lab"
as = "OML^O21^OML_O21"

[[route]]
name = "admissions"
messages = ["ADT^A01"]
where = 'PV1-2 in (I, E)'
codes = "reportable.txt"
to = "lab"
)",
                                        "x.toml", config);
        for (const auto& fault : load.faults) MESSAGE(fault.where, " ", fault.text);
        REQUIRE(load.faults.empty());
        REQUIRE(load.settings.partners.size() == 2);
        const auto* lab = exchange::find_partner(load.settings, "lab");
        REQUIRE(lab != nullptr);
        CHECK(lab->kind == exchange::PartnerKind::lab);
        using hl7v2::Tolerance;
        CHECK(lab->tolerances.syntax == hl7v2::Tolerances{Tolerance::line_feed, Tolerance::lower_case_names});
        CHECK(exchange::find_partner(load.settings, "desk")->tolerances.syntax == hl7v2::Tolerances::usual());
        CHECK(lab->acknowledgement == exchange::AcknowledgementMode::accept);
        CHECK(lab->mllp->port == 6661);
        CHECK(lab->mllp->idle_close_ms == 0);
        CHECK(lab->mllp->release == 2);
        CHECK(lab->mllp->fragment_bytes_max == 2'000);
        CHECK(lab->mllp->unframed_answers);
        CHECK(lab->unmappable == hl7v2::Unmappable::escape);
        CHECK(lab->sequence_numbers_sent);
        CHECK(lab->acknowledge_apart);
        CHECK(lab->mllp->answer_timeout_ms == 9'000);
        CHECK(lab->retry.first_ms == 700);
        CHECK(lab->retry.max_ms == 2'000);
        CHECK(lab->retry.stop_when_parked);
        CHECK(lab->timezone == "America/Chicago");
        CHECK(lab->tolerances.results_are_snapshots);
        REQUIRE(lab->authorities.size() == 1);
        CHECK(lab->authorities[0].universal_id == "1.2.3");
        const auto* desk = exchange::find_partner(load.settings, "desk");
        CHECK(desk->timezone == "+02:00");
        CHECK(desk->lanes == 3);
        CHECK(desk->cross_references);
        CHECK(desk->profiles == std::vector<std::string>{"elr-2.5.1"});
        CHECK(desk->profile_errors == exchange::ProfileErrors::refuse);
        CHECK(lab->lanes == 1);
        CHECK(load.settings.rules[1].codes == "reportable.txt");
        REQUIRE(load.settings.rules.size() == 2);
        CHECK(load.settings.rules[0].on == std::vector{exchange::WriteKind::create, exchange::WriteKind::remove});
        CHECK(load.settings.rules[1].where == "PV1-2 in (I, E)");
        CHECK(load.settings.unknown_sender.timezone == "America/Chicago");
    }

    TEST_CASE("reports every fault with its place") {
        const auto load = load_partners(R"([partner.lab]
kimd = "lab"
mllp = { host = "127.0.0.1", port = 70000 }
kind = "laboratory"
retry = 3
tolerances = { syntax = ["lenient"] }

[[route]]
name = "lab orders"
resource = "ServiceRequest"
on = ["never"]
to = "labs"
as = "OML^O21"
)",
                                        "x.toml", {});
        std::vector<std::string> faults;
        for (const auto& fault : load.faults) faults.push_back(fault.where + " " + fault.text);
        const auto has = [&](std::string_view wanted) {
            return std::find(faults.begin(), faults.end(), wanted) != faults.end();
        };
        for (const auto& fault : faults) CAPTURE(fault);
        CHECK(has("x.toml:2:1 partner \"lab\": unknown setting kimd; did you mean kind?"));
        CHECK(has("x.toml:3:37 partner \"lab\": mllp: port must be between 0 and 65535"));
        CHECK(
            has("x.toml:4:8 partner \"lab\": kind must be one of lab, pharmacy, referral, hie, emr, registry, other"));
        CHECK(has("x.toml:5:9 partner \"lab\": retry must be a table"));
        CHECK(std::any_of(faults.begin(), faults.end(), [](const std::string& fault) {
            return fault.starts_with(
                "x.toml:6:25 partner \"lab\": tolerances: syntax may list strict, usual, all, line_feed");
        }));
        CHECK(has("x.toml:8:1 route \"lab orders\": on must hold create, update or delete"));
        CHECK(has("x.toml:8:1 route \"lab orders\": to \"labs\" is not a configured partner"));
        CHECK(has("x.toml:1:10 partner \"lab\": mllp.port must be 1 to 65535"));
        CHECK(faults.size() == 8);
    }
}
