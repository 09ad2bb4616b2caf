#include "gateway/security/audit.hpp"

#include <doctest/doctest.h>

using namespace causeway::security;

TEST_SUITE("gateway/security/audit") {
    TEST_CASE("a row leaves out what is not known and escapes what could break it") {
        AuditEntry entry;
        entry.at_us = 5;
        entry.principal = {Principal::Kind::client, "emr \"1\"\n", "127.0.0.1"};
        entry.interaction = Interaction::search;
        entry.type = "Observation";
        entry.query = "patient,code";
        entry.status = 200;
        CHECK(render(entry) ==
              "{\"at\":5,\"kind\":\"client\",\"who\":\"emr \\\"1\\\"\\u000a\",\"from\":\"127.0.0.1\","
              "\"did\":\"search\",\"type\":\"Observation\",\"query\":\"patient,code\",\"status\":200}");
    }
}
