#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/group.hpp"

using namespace causeway::hl7v2;

namespace {

/// The tree as text: groups with their repetition, unexpected segments with a mark, segments with their index.
std::string draw(GroupNode node) {
    std::string out;
    if (node.is_segment()) {
        out = std::string(node.name());
        if (!node.expected()) out += '!';
        return out;
    }
    out = std::string(node.name()) + (node.repetition() > 1 ? ":" + std::to_string(node.repetition()) : "") + "(";
    bool first = true;
    for (const GroupNode child : node) {
        if (!first) out += ' ';
        first = false;
        out += draw(child);
        CHECK(child.parent() == node);
    }
    return out + ")";
}

std::string draw(const StructureIssue& issue) {
    std::string out;
    switch (issue.kind) {
        case StructureIssue::Kind::missing_segment:
            out = "missing segment";
            break;
        case StructureIssue::Kind::missing_group:
            out = "missing group";
            break;
        case StructureIssue::Kind::out_of_order:
            out = "out of order";
            break;
        case StructureIssue::Kind::too_many:
            out = "too many";
            break;
        case StructureIssue::Kind::unexpected_segment:
            out = "unexpected";
            break;
        case StructureIssue::Kind::unknown_segment:
            out = "unknown";
            break;
    }
    if (issue.item != UINT32_MAX) out.append(" ").append(dictionary::item_of(issue.item).name());
    return out + " at " + std::to_string(issue.segment_index);
}

struct Row {
    std::string_view structure;
    std::string_view segments;  ///< after MSH
    std::string_view tree;
    std::string_view issues;
    std::string_view version = "2.5.1";
};

void check(const Row& row) {
    CAPTURE(row.structure);
    CAPTURE(row.segments);
    std::string bytes = "MSH|^~\\&|A|B|C|D|||X|1|P|2.5.1\r";
    for (std::size_t at = 0; at < row.segments.size(); at += 4) bytes.append(row.segments.substr(at, 3)).append("|1\r");
    const auto message = MessageView::parse(bytes);
    REQUIRE(message.has_value());
    const auto structure = dictionary::version(row.version).structure(row.structure);
    REQUIRE(structure.has_value());
    const GroupTree tree = group(*message, *structure);
    std::string issues;
    for (const StructureIssue& issue : tree.issues()) issues += (issues.empty() ? "" : "; ") + draw(issue);
    CHECK(draw(tree.root()) == row.tree);
    CHECK(issues == row.issues);
}

}  // namespace

TEST_SUITE("hl7v2/group") {
    TEST_CASE("segments find their groups") {
        for (const auto& row : {
                 Row{"ACK", "MSA", "ACK(MSH MSA)", ""},
                 Row{"ADT_A01", "EVN PID PD1 ROL NK1 NK1 PV1 PV2 ROL OBX AL1 DG1 PR1 ROL PR1 GT1 IN1 IN2 IN1",
                     "ADT_A01(MSH EVN PID PD1 ROL NK1 NK1 PV1 PV2 ROL OBX AL1 DG1 PROCEDURE(PR1 ROL) PROCEDURE:2(PR1) "
                     "GT1 "
                     "INSURANCE(IN1 IN2) INSURANCE:2(IN1))",
                     ""},
                 Row{"ORU_R01", "PID NTE PV1 ORC OBR NTE OBX NTE OBX OBX SPM OBX OBR OBX PID OBR OBX",
                     "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID NTE VISIT(PV1)) ORDER_OBSERVATION(ORC OBR NTE "
                     "OBSERVATION(OBX NTE) OBSERVATION:2(OBX) OBSERVATION:3(OBX) SPECIMEN(SPM OBX)) "
                     "ORDER_OBSERVATION:2(OBR "
                     "OBSERVATION(OBX))) PATIENT_RESULT:2(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX))))",
                     ""},
                 Row{"ORU_R01", "OBR OBX", "ORU_R01(MSH PATIENT_RESULT(ORDER_OBSERVATION(OBR OBSERVATION(OBX))))", ""},
                 Row{"ORU_R01", "PID OBR OBX OBX",
                     "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR "
                     "OBSERVATION(OBX) OBSERVATION:2(OBX))))",
                     "", "2.3.1"},
                 Row{"ORU_R01", "PID OBR", "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR)))", "",
                     "2.3.1"},
                 Row{"ORM_O01", "PID PV1 ORC OBR NTE DG1 OBX ORC RXO ORC",
                     "ORM_O01(MSH PATIENT(PID PATIENT_VISIT(PV1)) ORDER(ORC ORDER_DETAIL(OBR NTE DG1 "
                     "OBSERVATION(OBX))) "
                     "ORDER:2(ORC ORDER_DETAIL(RXO)) ORDER:3(ORC))",
                     ""},
                 // an ORC is the next order, not a prior result without its leading segments
                 Row{"OML_O21", "PID ORC OBR OBX ORC OBR SPM SAC ORC OBR",
                     "OML_O21(MSH PATIENT(PID) ORDER(ORC OBSERVATION_REQUEST(OBR OBSERVATION(OBX))) ORDER:2(ORC "
                     "OBSERVATION_REQUEST(OBR SPECIMEN(SPM CONTAINER(SAC)))) ORDER:3(ORC OBSERVATION_REQUEST(OBR)))",
                     ""},
                 Row{"OML_O21", "PID ORC OBR PID PV1 ORC OBR OBX",
                     "OML_O21(MSH PATIENT(PID) ORDER(ORC OBSERVATION_REQUEST(OBR PRIOR_RESULT(PATIENT_PRIOR(PID) "
                     "PATIENT_VISIT_PRIOR(PV1) ORDER_PRIOR(ORC OBR OBSERVATION_PRIOR(OBX))))))",
                     ""},
                 // an order with results is one more prior order, one without cannot be
                 Row{"OML_O21", "ORC OBR PID ORC OBR OBX ORC OBR OBX ORC OBR SPM",
                     "OML_O21(MSH ORDER(ORC OBSERVATION_REQUEST(OBR PRIOR_RESULT(PATIENT_PRIOR(PID) ORDER_PRIOR(ORC "
                     "OBR "
                     "OBSERVATION_PRIOR(OBX)) ORDER_PRIOR:2(ORC OBR OBSERVATION_PRIOR(OBX))))) ORDER:2(ORC "
                     "OBSERVATION_REQUEST(OBR SPECIMEN(SPM))))",
                     ""},
                 Row{"RDE_O11", "PID ORC TQ1 RXO RXR RXE TQ1 RXR RXC ORC RXE TQ1 RXR",
                     "RDE_O11(MSH PATIENT(PID) ORDER(ORC TIMING(TQ1) ORDER_DETAIL(RXO RXR) RXE TIMING_ENCODED(TQ1) RXR "
                     "RXC) "
                     "ORDER:2(ORC RXE TIMING_ENCODED(TQ1) RXR))",
                     ""},
                 Row{"ADT_A39", "EVN PID MRG PV1 PID PD1 MRG",
                     "ADT_A39(MSH EVN PATIENT(PID MRG PV1) PATIENT:2(PID PD1 MRG))", ""},
                 Row{"ADT_A24", "EVN PID PD1 PV1 PID PV1", "ADT_A24(MSH EVN PID PD1 PV1 PID PV1)", ""},
                 Row{"SIU_S12", "SCH NTE PID PV1 RGS AIS NTE AIG AIL AIP RGS AIP",
                     "SIU_S12(MSH SCH NTE PATIENT(PID PV1) RESOURCES(RGS SERVICE(AIS NTE) GENERAL_RESOURCE(AIG) "
                     "LOCATION_RESOURCE(AIL) PERSONNEL_RESOURCE(AIP)) RESOURCES:2(RGS PERSONNEL_RESOURCE(AIP)))",
                     ""},
                 Row{"OUL_R22", "PID PV1 SPM OBX SAC OBR ORC OBX OBX SPM OBR",
                     "OUL_R22(MSH PATIENT(PID) VISIT(PV1) SPECIMEN(SPM OBX CONTAINER(SAC) ORDER(OBR ORC RESULT(OBX) "
                     "RESULT:2(OBX))) SPECIMEN:2(SPM ORDER(OBR)))",
                     ""},
                 Row{"REF_I12", "RF1 AUT CTD PRD CTD PRD PID NK1 DG1 PR1 AUT OBR OBX NTE PV1 NTE",
                     "REF_I12(MSH RF1 AUTHORIZATION_CONTACT(AUT CTD) PROVIDER_CONTACT(PRD CTD) PROVIDER_CONTACT:2(PRD) "
                     "PID NK1 "
                     "DG1 PROCEDURE(PR1 AUTHORIZATION_CONTACT2(AUT)) OBSERVATION(OBR RESULTS_NOTES(OBX NTE)) "
                     "PATIENT_VISIT(PV1) NTE)",
                     ""},
                 Row{"RSP_K21", "MSA QAK QPD PID PD1 PID QRI DSC",
                     "RSP_K21(MSH MSA QAK QPD QUERY_RESPONSE(PID PD1) QUERY_RESPONSE:2(PID QRI) DSC)", ""},
                 Row{"ORU_R01", "PID OBR OBX PRT NTE OBX",
                     "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX PRT NTE) "
                     "OBSERVATION:2(OBX))))",
                     "", "2.8"},
             }) {
            check(row);
        }
    }

    TEST_CASE("what does not fit is placed where it makes sense, and reported") {
        for (const auto& row : {
                 Row{"ACK", "ERR", "ACK(MSH ERR)", "missing segment MSA at 1"},
                 Row{"ADT_A01", "PID", "ADT_A01(MSH PID)", "missing segment EVN at 1; missing segment PV1 at 2"},
                 // out of order in the open group
                 Row{"ADT_A01", "EVN PID NK1 PD1 PV1 GT1 DG1 PR1 ROL IN1",
                     "ADT_A01(MSH EVN PID NK1 PD1 PV1 GT1 DG1 PROCEDURE(PR1 ROL) INSURANCE(IN1))",
                     "out of order PD1 at 4; out of order DG1 at 7; out of order PR1 at 8"},
                 Row{"ORU_R01", "PID PV1 NTE OBR OBX",
                     "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID VISIT(PV1) NTE) ORDER_OBSERVATION(OBR OBSERVATION(OBX))))",
                     "out of order NTE at 3"},
                 // once too often
                 Row{"ADT_A01", "EVN PID PV1 PID", "ADT_A01(MSH EVN PID PV1 PID)", "too many PID at 4"},
                 Row{"ACK", "MSA MSA", "ACK(MSH MSA MSA)", "too many MSA at 2"},
                 // a group without the segment it begins with
                 Row{"ORU_R01", "PID OBX OBX",
                     "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBSERVATION(OBX) OBSERVATION:2(OBX))))",
                     "missing segment OBR at 2"},
                 Row{"SIU_S12", "SCH AIS AIL", "SIU_S12(MSH SCH RESOURCES(SERVICE(AIS) LOCATION_RESOURCE(AIL)))",
                     "missing segment RGS at 2"},
                 Row{"VXU_V04", "PID RXA RXR OBX RXA", "VXU_V04(MSH PID ORDER(RXA RXR OBSERVATION(OBX)) ORDER:2(RXA))",
                     "missing segment ORC at 2; missing segment ORC at 5"},
                 Row{"RDS_O13", "PID ORC RXO RXR RXD RXR",
                     "RDS_O13(MSH PATIENT(PID) ORDER(ORC ORDER_DETAIL(RXO ORDER_DETAIL_SUPPLEMENT(RXR)) RXD RXR))",
                     "missing segment NTE at 4"},
                 Row{"ORM_O01", "OBR OBR", "ORM_O01(MSH ORDER(ORDER_DETAIL(OBR)) ORDER:2(ORDER_DETAIL(OBR)))",
                     "missing segment ORC at 1; missing segment ORC at 2"},
                 Row{"OMP_O09", "ORC RXO ORC RXO RXR", "OMP_O09(MSH ORDER(ORC RXO) ORDER:2(ORC RXO RXR))",
                     "missing segment RXR at 3"},
                 // nowhere in the structure
                 Row{"ORU_R01", "PID ZP1 OBR ZO1 OBX ZX1 NTE FOO RXA",
                     "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID ZP1!) ORDER_OBSERVATION(OBR ZO1! OBSERVATION(OBX ZX1! NTE "
                     "FOO! "
                     "RXA!))))",
                     "unknown at 8; unexpected at 9"},
                 Row{"ACK", "ZZZ MSA ZAA", "ACK(MSH ZZZ! MSA ZAA!)", ""},
                 Row{"ORU_R01", "", "ORU_R01(MSH)", "missing group PATIENT_RESULT at 1"},
             }) {
            check(row);
        }
    }

    TEST_CASE("nodes lead to segments and back") {
        const std::string bytes = "MSH|^~\\&|\rPID|1\rOBR|1\rOBX|1\rOBX|2\rOBX|3\rZZZ|x\r";
        const auto message = MessageView::parse(bytes);
        const GroupTree tree = group(*message, *dictionary::version("2.5.1").structure("ORU_R01"));
        const GroupNode result = tree.root().child("PATIENT_RESULT");
        REQUIRE(result);
        CHECK(result.is_group());
        CHECK_FALSE(result.segment());
        CHECK(result.child("PATIENT").child("PID").segment().field(1).raw() == "1");
        const GroupNode order = result.child("ORDER_OBSERVATION");
        CHECK(order.child("OBSERVATION", 2).child("OBX").segment().field(1).raw() == "2");
        CHECK(order.child("OBSERVATION", 3).repetition() == 3);
        CHECK(order.child("OBSERVATION", 3).child("OBX").segment_index() == 5);
        CHECK_FALSE(order.child("OBSERVATION", 4));
        CHECK_FALSE(order.child("SPECIMEN"));
        CHECK(order.child("OBSERVATION").item() == order.child("OBSERVATION", 2).item());
        CHECK(order.child("OBSERVATION").item().name() == "OBSERVATION");
        CHECK_FALSE(order.child("OBSERVATION", 3).child("ZZZ").expected());
        CHECK(tree.node(order.id()) == order);
        CHECK_FALSE(tree.root().parent());
        CHECK(tree.root().name() == "ORU_R01");
    }

    TEST_CASE("every segment of the message is in the tree, once, in order") {
        const std::string bytes =
            "MSH|^~\\&|\rOBX|1\rPID|1\rZZZ|x\rORC|1\rSPM|1\rMSA|1\rOBR|1\rPID|2\rNTE|1\rDSC|1\rPV2|1\rQAK|1\rMSH|^~\\&|"
            "\rEVN|1\r";
        const auto message = MessageView::parse(bytes);
        for (const auto version : dictionary::versions()) {
            for (std::size_t i = 0; i < version.structure_count(); ++i) {
                const GroupTree tree = group(*message, version.structure_at(i));
                std::size_t expected = 0;
                for (std::uint32_t id = 0; id < tree.size(); ++id) {
                    if (tree.node(id).is_segment()) CHECK(tree.node(id).segment_index() == expected++);
                }
                CHECK(expected == message->size());
            }
        }
    }

    TEST_CASE("records no more issues than its limit") {
        std::string bytes = "MSH|^~\\&|\r";
        for (int i = 0; i < 3000; ++i) bytes += "FOO|1\r";
        const auto message = MessageView::parse(bytes);
        const GroupTree tree = group(*message, *dictionary::version("2.5.1").structure("ACK"));
        CHECK(tree.issues().size() == GroupTree::issues_max);
        CHECK(tree.size() == 3002);
    }
}
