#include "gateway/security/scope.hpp"

#include <doctest/doctest.h>

using namespace causeway::security;

namespace {

std::string read_back(std::string_view text) {
    const auto parsed = parse_scope(text);
    const auto* const scope = std::get_if<Scope>(&parsed);
    return scope ? scope->text() : "refused";
}

Grant grant_of(std::string_view scopes, std::string patient = {}) {
    return {std::get<std::vector<Scope>>(parse_scopes(scopes)), std::move(patient)};
}

std::string seen(const Grant& grant, const Action& action) {
    const auto decision = decide(grant, action);
    if (!decision.allowed) return "no";
    if (decision.filter.everything) return "everything";
    std::string out;
    for (const auto& type : decision.filter.types) out += (out.empty() ? "" : " ") + type;
    if (decision.filter.types.empty()) out = "all types";
    for (const auto& each : decision.filter.queries) out += " " + each.type + "?" + each.query;
    for (const auto& id : decision.filter.patient_ids) out += " of " + id;
    return out;
}

}  // namespace

TEST_SUITE("gateway/security/scope") {
    TEST_CASE("what the grammar reads and what it refuses") {
        struct Row {
            std::string_view text;
            std::string_view read;
        };
        for (const auto& row :
             {Row{"system/Patient.rs", "system/Patient.rs"},
              Row{"patient/*.cruds", "patient/*.cruds"},
              Row{"user/Observation.read", "user/Observation.rs"},
              Row{"user/Observation.write", "user/Observation.cud"},
              Row{"system/*.*", "system/*.cruds"},
              Row{"patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory"},
              Row{"system/Patient.sr", "refused"},   // out of order
              Row{"system/Patient.dus", "refused"},  // the specification's own example
              Row{"system/Patient.rr", "refused"},   // twice
              Row{"system/Patient.", "refused"},
              Row{"system/Patient", "refused"},
              Row{"system/Pat.rs", "refused"},  // no type of R4
              Row{"system/patient.rs", "refused"},
              Row{"system/*.rs?code=1", "refused"},
              Row{"System/Patient.rs", "refused"},
              Row{"admin/Patient.rs", "refused"},
              Row{"patient/Observation.rs?category:in=x", "refused"},
              Row{"patient/Observation.rs?patient.name=x", "refused"},
              Row{"patient/Observation.rs?_has:x=y", "refused"},
              Row{"patient/Observation.rs?_filter=x", "refused"},
              Row{"patient/Observation.rs?_include=x", "refused"},
              Row{"patient/Observation.rs?", "refused"},
              Row{"patient/Observation.rs?a=1&b", "refused"}}) {
            CAPTURE(row.text);
            CHECK(read_back(row.text) == row.read);
        }
    }

    TEST_CASE("a list leaves out what is not about resources and fails for what is broken") {
        CHECK(to_string(grant_of("openid fhirUser launch/patient patient/Patient.r").scopes) == "patient/Patient.r");
        CHECK(std::holds_alternative<ScopeError>(parse_scopes("system/Patient.rs system/Patient.sr")));
        CHECK(std::holds_alternative<ScopeError>(parse_scopes("everything")));
    }

    TEST_CASE("a client gets of what it asks no more than it may have") {
        const auto given = [](std::string_view asked, std::string_view allowed) {
            return to_string(narrowed(grant_of(asked).scopes, grant_of(allowed).scopes));
        };
        CHECK(given("system/*.cruds", "system/Patient.rs system/Observation.r") ==
              "system/Patient.rs system/Observation.r");
        CHECK(given("system/Patient.cruds", "system/*.rs") == "system/Patient.rs");
        CHECK(given("system/Patient.c", "system/*.rs") == "");
        CHECK(given("user/Patient.r", "system/*.rs") == "");
        CHECK(given("system/Observation.rs", "system/Observation.rs?category=laboratory") ==
              "system/Observation.rs?category=laboratory");
        CHECK(given("system/Observation.rs?category=vital-signs", "system/Observation.rs?category=laboratory") == "");
        CHECK(given("system/Observation.rs?category=laboratory", "system/Observation.rs") ==
              "system/Observation.rs?category=laboratory");
        CHECK(given("system/Patient.r system/Patient.r", "system/*.rs") == "system/Patient.r");
    }

    TEST_CASE("who may do what, and what they see") {
        const Action read{Interaction::read, "Observation", "1", {}};
        const Action search{Interaction::search, "Observation", {}, {}};
        const Action create{Interaction::create, "Observation", {}, {}};
        const Action history{Interaction::history, "Observation", "1", {}};
        const Action type_history{Interaction::history, "Observation", {}, {}};
        CHECK(seen(grant_of("system/*.rs"), read) == "everything");
        CHECK(seen(grant_of("system/*.rs"), create) == "no");
        CHECK(seen(grant_of("system/Patient.rs"), read) == "no");
        CHECK(seen(grant_of("system/Observation.r"), read) == "Observation");
        CHECK(seen(grant_of("system/Observation.r"), search) == "no");
        CHECK(seen(grant_of("system/Observation.r"), history) == "Observation");
        CHECK(seen(grant_of("system/Observation.r"), type_history) == "no");
        CHECK(seen(grant_of("system/Observation.s system/Patient.r"), search) == "Observation Patient");
        CHECK(seen(grant_of("patient/Observation.rs", "p1"), search) == "Observation of p1");
        CHECK(seen(grant_of("patient/*.rs", "p1"), search) == "all types of p1");
        CHECK(seen(grant_of("patient/Observation.rs"), search) == "no");  // of which patient?
        CHECK(seen(grant_of("patient/*.rs system/Observation.rs", "p1"), search) == "Observation");
        CHECK(seen(grant_of("system/Observation.rs?category=laboratory"), search) ==
              "Observation Observation?category=laboratory");
        CHECK(seen(grant_of("system/Observation.rs?category=laboratory system/Observation.rs"), search) ==
              "Observation");
        // A scope that does not permit the action does not widen it.
        CHECK(seen(grant_of("system/Observation.r?category=laboratory system/Observation.s"), read) ==
              "Observation Observation?category=laboratory");
        const auto wide = decide(grant_of("system/Observation.r?category=laboratory system/*.s"), read);
        CHECK(wide.allowed);
        CHECK_FALSE(wide.filter.everything);
        CHECK(wide.filter.queries.size() == 1);
        CHECK(wide.filter.allows_type("Patient"));
    }

    TEST_CASE("a bundle's own right is that of its entries; the operators' interface is no token's") {
        const Door door;
        Principal bearer{Principal::Kind::client, "app", "10.0.0.1",
                         std::make_shared<const Grant>(grant_of("system/*.cruds"))};
        CHECK(door.authorize(bearer, {Interaction::transaction, {}, {}, {}}).allowed);
        CHECK(door.authorize(bearer, {Interaction::capabilities, {}, {}, {}}).allowed);
        CHECK_FALSE(door.authorize(bearer, {Interaction::admin_read, {}, {}, {}}).allowed);
        CHECK_FALSE(door.authorize(bearer, {Interaction::message_in, "ADT^A01", {}, {}}).allowed);
    }
}
