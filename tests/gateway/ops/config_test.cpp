#include "gateway/ops/config.hpp"

#include <doctest/doctest.h>

#include <set>

using causeway::ops::load_config;
using causeway::ops::settings;

namespace {
const std::vector<std::string> no_environment;
}

TEST_SUITE("gateway/ops/config") {
    TEST_CASE("the file goes over the defaults and the environment over the file") {
        const std::vector<std::string> environment = {"CAUSEWAY_HTTP__PORT=9001", "HOME=/root", "CAUSEWAY_TEST_DATA=x"};
        const auto load =
            load_config("[http]\nport = 9000\nthreads = 3\n[storage]\npath = \"x.db\"\n", "c.toml", environment);
        REQUIRE(load.faults.empty());
        CHECK(load.config.http.port == 9001);
        CHECK(load.config.http.threads == 3);
        CHECK(load.config.storage.path == "x.db");
        CHECK(load.config.mllp.port == 2575);
    }

    TEST_CASE("every fault is reported, with its place") {
        struct Row {
            std::string toml, where, text;
        };
        const std::vector<Row> rows = {
            {"[http]\nprot = 1\n", "c.toml:2:1", "unknown setting http.prot; did you mean http.port?"},
            {"[http]\nport = \"80\"\n", "c.toml:2:1", "http.port must be a whole number"},
            {"[http]\nport = 70000\n", "c.toml:2:1", "http.port must be between 0 and 65535"},
            {"[log]\nlevel = \"loud\"\n", "c.toml:2:1", "log.level must be one of debug, info, warning, error"},
            {"[fhir]\nupdate_create = 1\n", "c.toml:2:1", "fhir.update_create must be true or false"},
            {"port = 1\n", "c.toml:1:1", "unknown setting port; did you mean"},
        };
        for (const auto& row : rows) {
            CAPTURE(row.toml);
            const auto load = load_config(row.toml, "c.toml", no_environment);
            REQUIRE(load.faults.size() == 1);
            CHECK(load.faults[0].where == row.where);
            CHECK(load.faults[0].text.substr(0, row.text.size()) == row.text);
        }
        CHECK(load_config("[http]\nport = 70000\nx = 1\n", "c.toml", no_environment).faults.size() == 2);
        CHECK(load_config("[http\n", "c.toml", no_environment).faults.size() == 1);
    }

    TEST_CASE("an unknown environment name and a bad value are faults") {
        const std::vector<std::string> environment = {"CAUSEWAY_HTTP__PROT=1", "CAUSEWAY_MLLP__ENABLED=yes"};
        const auto load = load_config("", "c.toml", environment);
        REQUIRE(load.faults.size() == 2);
        CHECK(load.faults[0].where == "CAUSEWAY_HTTP__PROT");
        CHECK(load.faults[1].text == "mllp.enabled must be true or false");
    }

    TEST_CASE("partners and routes are somebody else's tables") {
        CHECK(load_config("[partner.lab]\nanything = 1\n[[route]]\nname = \"x\"\n", "c.toml", no_environment)
                  .faults.empty());
    }

    TEST_CASE("names are unique and every default lies within its own limits") {
        std::set<std::string_view> names;
        causeway::ops::Config config;
        for (const auto& each : settings()) {
            CAPTURE(each.name);
            CHECK(names.insert(each.name).second);
            CHECK_FALSE(each.help.empty());
            const auto place = each.place(config);
            if (auto* const* number = std::get_if<std::int64_t*>(&place)) {
                CHECK(**number >= each.min);
                CHECK(**number <= each.max);
            }
        }
    }
}
