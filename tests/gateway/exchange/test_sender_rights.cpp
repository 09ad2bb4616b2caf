// What a partner may send, from where, and about whom.
#include <doctest/doctest.h>

#include "gateway/exchange/sender_rights.hpp"

using namespace causeway;
using namespace causeway::exchange;

TEST_SUITE("gateway/exchange/sender_rights") {
    TEST_CASE("addresses and networks") {
        struct Row {
            std::string_view address, network;
            bool in;
        };
        for (const auto& row : {Row{"10.1.2.3", "10.1.2.3", true}, Row{"10.1.2.3", "10.1.2.4", false},
                                Row{"10.1.2.3", "10.1.2.0/24", true}, Row{"10.1.3.3", "10.1.2.0/24", false},
                                Row{"10.1.3.3", "10.1.2.0/23", true}, Row{"10.1.4.3", "10.1.2.0/23", false},
                                Row{"9.9.9.9", "0.0.0.0/0", true}, Row{"::ffff:10.1.2.3", "10.1.2.0/24", true},
                                Row{"2001:db8::1", "2001:db8::/32", true}, Row{"2001:db9::1", "2001:db8::/32", false},
                                Row{"2001:db8::1", "0.0.0.0/0", false}, Row{"", "0.0.0.0/0", false},
                                Row{"10.1.2.3", "10.1.2.0/33", false}, Row{"10.1.2.30", "10.1.2.3", false},
                                Row{"nonsense", "10.1.2.3", false}}) {
            CAPTURE(row.address);
            CAPTURE(row.network);
            CHECK(in_network(row.address, row.network) == row.in);
        }
        CHECK(is_network("::1"));
        for (const char* bad : {"", "10.1.2", "10.1.2.0/", "10.1.2.0/x", "10.1.2.0/-1", "::/129", "host.example"})
            CHECK_FALSE(is_network(bad));
    }

    TEST_CASE("kinds of messages, and connections") {
        Partner lab;
        CHECK(sender_refusal(lab, "10.9.9.9", "ADT^A01", true).empty());
        lab.accepts = {"ORU", "ADT^A04"};
        lab.addresses = {"10.1.2.0/24"};
        CHECK(sender_refusal(lab, "10.1.2.3", "ORU^R01", true).empty());
        CHECK(sender_refusal(lab, "10.1.2.3", "ADT^A04", true).empty());
        CHECK(sender_refusal(lab, "10.1.2.3", "ADT^A01", true) == "this kind of message is not taken from this sender");
        CHECK_FALSE(sender_refusal(lab, "10.1.2.3", "ORUX^R01", true).empty());
        CHECK(sender_refusal(lab, "10.9.9.9", "ORU^R01", true) ==
              "the connection's address is not one of this sender's");
        CHECK(sender_refusal(lab, "10.9.9.9", "ORU^R01", false).empty());
    }

    TEST_CASE("whose patients: every PID, every repetition") {
        Partner lab;
        lab.own_authorities_only = true;
        lab.authorities = {{"LAB", "", "", "urn:lab", false}, {"", "1.2.3", "ISO", "urn:oid:1.2.3", false}};
        const auto verdict = [&](const std::string& pids) {
            const std::string text = "MSH|^~\\&|LAB||X||20260101||ORU^R01|1|P|2.5.1\r" + pids;
            const auto message = hl7v2::MessageView::parse(std::string_view(text));
            REQUIRE(message.has_value());
            return patient_refusal(lab, *message).empty();
        };
        CHECK(verdict("PID|1||17^^^LAB^MR\r"));
        CHECK(verdict("PID|1||17\r"));
        CHECK(verdict("PID|1||17^^^OTHER&1.2.3&ISO^MR\r"));
        CHECK_FALSE(verdict("PID|1||17^^^LABX^MR\r"));
        CHECK_FALSE(verdict("PID|1||17^^^LAB^MR~18^^^HOSP^MR\r"));
        CHECK_FALSE(verdict("PID|1||17^^^LAB^MR\rPID|2||18^^^HOSP^MR\r"));
        CHECK_FALSE(verdict("PID|1||17^^^&9.9.9&ISO^MR\r"));
        lab.own_authorities_only = false;
        CHECK(verdict("PID|1||17^^^HOSP^MR\r"));
    }
}
