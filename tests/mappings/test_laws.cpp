// The laws of the maps, over generated messages of every structure the maps know. CAUSEWAY_LAWS=10000 runs so many of
// each (the slow suite does); CAUSEWAY_LAWS_OF=ORU_R01 picks one structure.
#include <algorithm>
#include <cstdlib>

#include "tests/mappings/laws.hpp"
#include "tests/mappings/support.hpp"

using namespace causeway::mappings;
using namespace causeway::mappings::testing;

TEST_SUITE("mappings/laws") {
    TEST_CASE("every law holds for generated messages of every structure") {
        const char* given = std::getenv("CAUSEWAY_LAWS");
        const char* only = std::getenv("CAUSEWAY_LAWS_OF");
        const char* one_law = std::getenv("CAUSEWAY_LAW");
        const std::size_t count = given ? static_cast<std::size_t>(std::atoll(given)) : 3;
        const auto plan = shipped().plan();
        std::size_t runs = 0;
        for (const auto& message : plan->messages) {
            if (only && message->name != only) continue;
            std::vector<Law> chosen;
            for (const Law& law : laws())
                if (!one_law || std::string_view(law.name) == one_law) chosen.push_back(law);
            const auto results = try_laws(chosen, *plan, *message, 1, count);
            if (given) MESSAGE(message->name << ": " << count << " messages tried");
            for (std::size_t i = 0; i < chosen.size(); ++i) {
                runs += results[i].runs;
                if (results[i].failures != 0)
                    FAIL_CHECK(message->name << ", " << std::string(chosen[i].name) << ": " << results[i].failures
                                             << " of " << results[i].runs << " messages, for one:\n"
                                             << results[i].counterexample);
            }
        }
        MESSAGE(runs << " runs of " << laws().size() << " laws over " << plan->messages.size() << " structures");
    }

    TEST_CASE("a message made from the resources alone says nearly all of what they say") {
        // Floors, to be raised as the maps grow: what is lost here is what put and the residue keep.
        const auto plan = shipped().plan();
        const char* given = std::getenv("CAUSEWAY_LAWS");
        const std::size_t count = given ? std::min<std::size_t>(static_cast<std::size_t>(std::atoll(given)), 1000) : 3;
        Fidelity all;
        for (const auto& message : plan->messages) {
            const auto one = measure(*plan, *message, 1, count);
            CAPTURE(message->name);
            if (given)
                MESSAGE(message->name << ": " << one.messages << " messages, elements kept " << one.kept_share()
                                      << ", normal form " << one.normal_share() << ", edits arrived "
                                      << one.arrived_share() << ", precise " << one.precise_share() << ", valid "
                                      << one.valid_share());
            if (std::getenv("CAUSEWAY_LAWS_SHOW"))
                for (const auto& example : one.examples) MESSAGE(example);
            all.messages += one.messages;
            all.normal += one.normal;
            all.leaves += one.leaves;
            all.kept += one.kept;
            all.resources += one.resources;
            all.valid += one.valid;
            all.edits += one.edits;
            all.arrived += one.arrived;
            all.precise += one.precise;
        }
        MESSAGE("elements kept " << all.kept_share() << ", normal form " << all.normal_share() << ", edits arrived "
                                 << all.arrived_share() << ", precise " << all.precise_share() << ", valid "
                                 << all.valid_share());
        CHECK(all.kept_share() > 0.90);
        CHECK(all.normal_share() > 0.85);
        CHECK(all.arrived_share() > 0.94);
        CHECK(all.precise_share() > 0.90);
        CHECK(all.valid_share() > 0.90);
    }
}
