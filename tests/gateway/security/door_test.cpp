#include "gateway/security/door.hpp"

#include <doctest/doctest.h>

using namespace causeway::security;

TEST_SUITE("gateway/security/door") {
    TEST_CASE("each kind of principal may do what its door is for") {
        const Door door;
        struct Row {
            Principal::Kind kind;
            Interaction interaction;
            bool allowed;
        };
        for (const auto& row : {Row{Principal::Kind::client, Interaction::read, true},
                                Row{Principal::Kind::client, Interaction::admin_read, false},
                                Row{Principal::Kind::client, Interaction::audit_read, true},
                                Row{Principal::Kind::partner, Interaction::audit_read, false},
                                Row{Principal::Kind::operator_, Interaction::audit_read, true},
                                Row{Principal::Kind::client, Interaction::message_in, false},
                                Row{Principal::Kind::partner, Interaction::message_in, true},
                                Row{Principal::Kind::partner, Interaction::admin_read, false},
                                Row{Principal::Kind::partner, Interaction::admin_write, false},
                                Row{Principal::Kind::operator_, Interaction::admin_write, true},
                                Row{Principal::Kind::system, Interaction::message_out, true}}) {
            CAPTURE(static_cast<int>(row.kind));
            CAPTURE(code(row.interaction));
            const Principal principal{row.kind, "x", "127.0.0.1"};
            const auto decision = door.authorize(principal, Action{row.interaction, "Patient", "1", {}});
            CHECK(decision.allowed == row.allowed);
            CHECK(decision.reason.empty() == row.allowed);
        }
    }

    TEST_CASE("a filter names the types that may be seen") {
        AccessFilter filter;
        CHECK(filter.allows_type("Patient"));
        filter.everything = false;
        CHECK_FALSE(filter.allows_type("Patient"));
        filter.types = {"Patient"};
        CHECK(filter.allows_type("Patient"));
        CHECK_FALSE(filter.allows_type("Observation"));
    }
}
