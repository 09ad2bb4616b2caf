#include <doctest/doctest.h>

#include <algorithm>

#include "mappings/engine/code_list.hpp"
#include "tests/mappings/support.hpp"

using namespace causeway;
using namespace causeway::mappings;
using namespace causeway::mappings::testing;

TEST_SUITE("mappings/code_list") {
    TEST_CASE("heads sort as the texts do") {
        const std::vector<std::string_view> sorted = {"",       "A",        "AB",           "ABC", "ABCD", "ABCDE",
                                                      "ABCDEF", "ABCDEFG",  "ABCDEFGH",     "ABD", "B",    "BAAAAAAA",
                                                      "Z",      "\xC3\xA9", "\xC3\xA9\xC3", "\xFF"};
        for (std::size_t i = 1; i < sorted.size(); ++i) {
            CAPTURE(sorted[i]);
            CHECK(head_of(sorted[i - 1]) < head_of(sorted[i]));
        }
        CHECK(head_of("ABCDEFGH") == head_of("ABCDEFGHI"));
        CHECK(head_of("ABCDEFGH") == 0x4142434445464748U);
    }

    TEST_CASE("a text is one of the list's if all of it is") {
        const std::vector<std::string_view> texts = {"NM",        "CWE",       "N",         "",        "12345678",
                                                     "123456789", "123456780", "12345678A", "\xC3\xA9"};
        CodeList list;
        CHECK(list.empty());
        CHECK_FALSE(list.contains(""));
        for (const auto text : texts) list.add(text);
        for (std::size_t i = 0; i < texts.size(); ++i) CHECK(list.find(texts[i]) == i);
        for (const std::string_view other : {"n", "NMM", "CW", "1234567", "12345678B", "1234567890", "\xC3"}) {
            CAPTURE(other);
            CHECK(list.find(other) == CodeList::none);
        }
        CHECK_FALSE(list.contains(std::string_view("N\0", 2)));
    }

    TEST_CASE("keys that are replaced live with the result") {
        const auto message = hl7v2::Message::parse(
            "MSH|^~\\&|ADT|HOSP|||20240305||ADT^A01^ADT_A01|1|P|2.5.1\rEVN|A01|20240305\r"
            "PID|1||483921^^^HOSP^MR||Okafor^Ngozi\rPV1|1|I\r");
        REQUIRE(message.has_value());
        ForwardResult kept;
        {
            auto result = convert(*shipped().plan(), message->view());
            const auto patient = std::find_if(result.resources.begin(), result.resources.end(),
                                              [](const auto& resource) { return resource.type == "Patient"; });
            REQUIRE(patient != result.resources.end());
            REQUIRE(patient->identity_keys.size() == 1);
            replace_keys(result, *patient, {"Patient|one", std::string(100, 'k')});
            patient->doc = nullptr;
            kept = result;
        }
        for (const auto& resource : kept.resources) {
            CHECK(resource.full_url.substr(0, 9) == "urn:uuid:");
            REQUIRE_FALSE(resource.identity_keys.empty());
            if (resource.type != "Patient") continue;
            REQUIRE(resource.identity_keys.size() == 2);
            CHECK(resource.identity_keys[0] == "Patient|one");
            CHECK(resource.identity_keys[1] == std::string(100, 'k'));
        }
    }
}
