#include <doctest/doctest.h>

#include "hl7v2/builder.hpp"
#include "hl7v2/validate/validate.hpp"

using namespace causeway::hl7v2;

namespace {

/// A message that keeps to a profile, and changes that break it, each with the issue it must make.
struct Change {
    std::string_view path, value, issue;
};
struct Case {
    std::string_view profile;
    std::string message;
    std::vector<Change> changes;
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {"elr-2.5.1",
         "MSH|^~\\&|LIS^1.2.3^ISO|Lab^01D1^CLIA|ELR^2.16.1^ISO|PH^2.16.2^ISO|20240102030405.123-0500||"
         "ORU^R01^ORU_R01|M1|P|2.5.1|||NE|NE|||||PHLabReport-NoAck^^2.16.840.1.113883.9.11^ISO\r"
         "SFT|Maker|1.0|Product|B1||20230101\r"
         "PID|1||P1^^^H&2.16.3&ISO^MR||Doe^Jane^^^^^L||19800203|F\r"
         "ORC|RE||F1^Lab^01D1^CLIA||||||||||||||||||Lab^L^^^^CLIA&2.16.4&ISO^XX^^^01D1|1 Street|^^^555\r"
         "OBR|1||F1^Lab^01D1^CLIA|625-4^Bacteria^LN|||20240101|||||||||||||||20240102030400-0500|||F\r"
         "OBX|1|CWE|625-4^Bacteria^LN|1|112283007^E coli^SCT||||||F|||20240101|||||20240102||||"
         "Lab^L^^^^CLIA&2.16.4&ISO^XX^^^01D1|1 Street\r"
         "SPM|1|^F2&Lab&01D1&CLIA||119339001^Stool^SCT|||||||||||||20240101|20240101120000-0500\r",
         {{"MSH-7", "2024", "datatype MSH-7"},
          {"MSH-21", "", "required MSH-21"},
          {"PID-3.4.2", "", "required PID-3.4.2"},
          {"PID-9", "Alias", "not_used PID-9"},
          {"ORC-3.1", "F9", "assertion ORC"},
          {"OBR-25", "Q", "table OBR-25"},
          {"OBX-5", "", "assertion OBX"},
          {"OBX-23", "", "required OBX-23"},
          {"SPM-4", "", "required SPM-4"}}},
        {"lri-2.5.1",
         "MSH|^~\\&|LIS|Lab|EMR|Clinic|20240102030405-0500||ORU^R01^ORU_R01|M1|P|2.5.1|||AL|NE|||||"
         "LRI_GU_RU_Profile^^2.16.840.1.113883.9.17^ISO\r"
         "PID|1||P1^^^H^MR||Doe^Jane||19800203|F\r"
         "ORC|RE|O1|F1|||||||||57^Smith\r"
         "OBR|1|O1|F1|718-7^Hb^LN|||20240101|||||||||57^Smith||||||20240102030400-0500|||F\r"
         "OBX|1|NM|718-7^Hb^LN||13.5|g/dL^^UCUM|||||F|||20240101|||||20240102||||Lab\r"
         "SPM|1|||119297000^Blood^SCT\r",
         {{"PID-7", "", "required PID-7"},
          {"ORC-2", "O2", "assertion ORC"},
          {"OBR-16.1", "58", "assertion OBR"},
          {"OBX-6", "", "required OBX-6"},
          {"OBX-11", "Q", "table OBX-11"},
          {"OBX-3.3", "", "required OBX-3.3"}}},
        {"loi-2.5.1",
         "MSH|^~\\&|EMR|Clinic|LIS|Lab|20240102030405-0500||OML^O21^OML_O21|M1|P|2.5.1|||AL|AL|||||"
         "LOI_GU_PRU_Profile^^2.16.840.1.113883.9.78^ISO\r"
         "PID|1||P1^^^H^MR||Doe^Jane||19800203|F\r"
         "ORC|NW|O1|||||||20240102|||57^Smith\r"
         "TQ1|1||||||||R^^HL70485\r"
         "OBR|1|O1||718-7^Hb^LN||||||||||||57^Smith\r"
         "DG1|1||D64.9^Anemia^I10C|||W\r",
         {{"ORC-1", "XX", "constant ORC-1"},
          {"ORC-2", "", "required ORC-2"},
          {"OBR-2", "O2", "assertion ORC"},
          {"DG1-6", "Q", "constant DG1-6"},
          {"MSH-6", "", "required MSH-6"}}},
        {"vxu-2.5.1",
         "MSH|^~\\&|EMR|Clinic|IIS|State|20240102030405-0500||VXU^V04^VXU_V04|M1|P|2.5.1|||ER|AL|||||Z22^CDCPHINVS\r"
         "PID|1||P1^^^H^MR||Doe^Jane^^^^^L||20230203|F\r"
         "ORC|RE||I1^H\r"
         "RXA|0|1|20240102|20240102|08^Hep B^CVX|0.5|mL^^UCUM||00^New^NIP001||||||L1||MSD^Merck^MVX|||CP|A\r"
         "RXR|IM^^HL70162\r"
         "OBX|1|CE|64994-7^Eligibility^LN|1|V02^Medicaid^HL70064||||||F|||20240102|||VXC40^Per visit^CDCPHINVS\r",
         {{"PID-7", "2023", "datatype PID-7"},
          {"RXA-2", "2", "constant RXA-2"},
          {"RXA-7", "", "required RXA-7"},
          {"RXA-15", "", "required RXA-15"},
          {"RXA-17", "", "required RXA-17"},
          {"RXA-20", "RE", "required RXA-18"},
          {"OBX-17", "", "required OBX-17"},
          {"MSH-21", "Z23^CDCPHINVS", "constant MSH-21.1"}}},
        {"pix-feed-2.3.1",
         "MSH|^~\\&|EMR|H|PIX|X|20240102030405||ADT^A04^ADT_A01|M1|P|2.3.1\rEVN||20240102\r"
         "PID|||P1^^^H&1.2&ISO||Doe^Jane||19800203|F\rPV1||O\r",
         {{"PID-3.4", "", "required PID-3.4"},
          {"MSH-9.3", "ADT_A02", "constant MSH-9.3"},
          {"PV1-2", "", "required PV1-2"}}},
        {"pix-query-2.5",
         "MSH|^~\\&|EMR|H|PIX|X|20240102030405||QBP^Q23^QBP_Q21|M1|P|2.5\r"
         "QPD|IHE PIX Query|T1|P1^^^H&1.2&ISO^PI\rRCP|I\r",
         {{"QPD-1", "Other", "constant QPD-1.1"}, {"QPD-2", "", "required QPD-2"}, {"RCP-1", "D", "constant RCP-1"}}},
        {"pdq-query-2.5",
         "MSH|^~\\&|EMR|H|PDQ|X|20240102030405||QBP^Q22^QBP_Q21|M1|P|2.5\r"
         "QPD|IHE PDQ Query|T1|@PID.5.1^Doe~@PID.8^F\rRCP|I\r",
         {{"QPD-3", "", "required QPD-3"}, {"MSH-9.3", "QBP_Q13", "constant MSH-9.3"}}},
    };
    return all;
}

std::string issues_of(const std::shared_ptr<const Profile>& profile, const MessageView& message) {
    std::string out;
    for (const ValidationIssue& issue : validate(message, {.profiles = {&profile, 1}})) {
        if (issue.severity != Severity::error) continue;
        out.append(name(issue.rule)).append(" ").append(issue.path()).append(" ").append(issue.source).append("\n");
    }
    return out;
}

}  // namespace

TEST_SUITE("hl7v2/validate/built_in_profiles") {
    TEST_CASE("messages that keep to a profile pass, each change is found") {
        CHECK(cases().size() == built_in_profiles().size());
        for (const Case& one : cases()) {
            CAPTURE(one.profile);
            const auto profile = find_profile(one.profile);
            REQUIRE(profile != nullptr);
            const auto message = Message::parse(one.message, {{}, Tolerances::strict()});
            REQUIRE(message.has_value());
            CHECK(issues_of(profile, message->view()) == "");
            for (const Change& change : one.changes) {
                CAPTURE(change.path);
                CAPTURE(change.value);
                MessageBuilder builder = MessageBuilder::edit(message->view());
                builder.set_raw(*Path::parse(change.path), change.value);
                const auto changed = builder.build();
                REQUIRE(changed.has_value());
                const std::string found = issues_of(profile, changed->view());
                CAPTURE(found);
                CHECK(("\n" + found).find("\n" + std::string(change.issue) + " " + std::string(one.profile) + ":") !=
                      std::string::npos);
            }
        }
    }
}
