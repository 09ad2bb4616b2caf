#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "hl7v2/dictionary/dictionary.hpp"
#include "hl7v2/message_view.hpp"

using namespace causeway::hl7v2;

namespace {

/// The notation of the standard's abstract message syntax, without the message's header segments.
std::string notation(dictionary::Item item) {
    std::string out;
    switch (item.kind()) {
        case dictionary::Item::Kind::segment:
            out = item.name();
            break;
        case dictionary::Item::Kind::any:
            out = "*";
            break;
        case dictionary::Item::Kind::choice:
        case dictionary::Item::Kind::group: {
            const bool choice = item.kind() == dictionary::Item::Kind::choice;
            out = choice ? "<" : std::string(item.name()) + "(";
            for (std::size_t i = 0; i < item.size(); ++i) {
                if (i != 0) out += choice ? '|' : ' ';
                out += notation(item.child(i));
            }
            out += choice ? '>' : ')';
        }
    }
    if (item.repeats()) out = "{" + out + "}";
    return item.required() ? out : "[" + out + "]";
}

std::string required_fields(dictionary::Version version, std::string_view segment) {
    std::string out;
    const auto found = version.segment(segment);
    if (!found) return "none";
    for (std::size_t n = 1; n <= found->size(); ++n) {
        if (found->field(n).usage == dictionary::Usage::required) out += (out.empty() ? "" : ",") + std::to_string(n);
    }
    return out;
}

}  // namespace

TEST_SUITE("hl7v2/dictionary") {
    TEST_CASE("knows its versions, and the nearest to what a sender writes") {
        CHECK(dictionary::versions().size() == 13);
        for (const auto version : dictionary::versions()) {
            CAPTURE(version.text());
            CHECK(dictionary::find_version(version.text()) == version);
            CHECK(version.segment("MSH").has_value());
            CHECK(version.segment("PID").has_value());
            CHECK(version.structure("ORU_R01").has_value());
            CHECK(version.structure_for("ADT", "A01")->name() == "ADT_A01");
            CHECK(version.datatype("ST")->primitive());
        }
        CHECK_FALSE(dictionary::find_version("2.9"));
        CHECK(dictionary::version("nonsense").text() == "2.5.1");
        CHECK(dictionary::version("2.1") < dictionary::version("2.8.2"));
        struct Row {
            std::string_view text, version;
        };
        for (const Row& row : {Row{"2.9", "2.8.2"}, Row{"2.9.1", "2.8.2"}, Row{"2.5.0", "2.5"}, Row{"2.5.9", "2.5.1"},
                               Row{"2.6.1", "2.6"}, Row{"2.3.", "2.3"}, Row{"2.3.1.1", "2.3.1"}, Row{"2.31", "2.3.1"},
                               Row{"2.51", "2.5.1"}, Row{"2,4", "2.4"}, Row{"v2.2", "2.2"}, Row{"D.2.3", "2.3"},
                               Row{"HL7 2.5", "2.5"}, Row{" 2.4\t", "2.4"}, Row{"2.0", "2.1"}, Row{"2.3# x", "2.3"}}) {
            CAPTURE(row.text);
            CHECK(dictionary::version(row.text).text() == row.version);
        }
        for (const std::string_view none : {"", "2", "2.", "3.0", "12.5", "\"\"", "two"})
            CHECK_FALSE(dictionary::nearest_version(none));
    }

    TEST_CASE("fields have name, type, usage, repetition, length and table") {
        struct Row {
            std::string_view version, segment;
            std::size_t field;
            std::string_view name, datatype;
            char usage;
            std::uint16_t repetitions;
            std::uint32_t length;
            std::uint16_t table;
        };
        for (const auto& row : {
                 Row{"2.5.1", "PID", 3, "Patient Identifier List", "CX", 'R', 0, 250, 0},
                 Row{"2.5.1", "PID", 8, "Administrative Sex", "IS", 'O', 1, 1, 1},
                 Row{"2.2", "PID", 3, "Patient ID Internal ID", "CM_PAT_ID", 'R', 0, 20, 0},
                 Row{"2.7", "PID", 2, "Patient ID", "WD", 'X', 1, 0, 0},
                 Row{"2.5.1", "OBX", 5, "Observation Value", "varies", 'C', 0, 65536, 0},
                 Row{"2.5.1", "OBX", 11, "Observation Result Status", "ID", 'R', 1, 1, 85},
                 Row{"2.3", "MSH", 12, "Version ID", "ID", 'R', 1, 8, 104},
                 Row{"2.5.1", "MSH", 12, "Version ID", "VID", 'R', 1, 60, 0},
                 Row{"2.8", "PRT", 4, "Participation", "CWE", 'R', 1, 0, 912},
             }) {
            CAPTURE(row.version);
            CAPTURE(row.segment);
            CAPTURE(row.field);
            const auto field = dictionary::version(row.version).segment(row.segment)->field(row.field);
            CHECK(field.name == row.name);
            CHECK(field.datatype == row.datatype);
            CHECK(dictionary::letter(field.usage) == row.usage);
            CHECK(field.repetitions_max == row.repetitions);
            CHECK(field.length_max == row.length);
            CHECK(field.table == row.table);
        }
        CHECK(dictionary::version("2.5.1").segment("PID")->size() == 39);
        CHECK(dictionary::version("2.5.1").segment("PID")->title() == "Patient Identification");
        CHECK(dictionary::version("2.5.1").segment("PID")->field(40).name.empty());
        CHECK(dictionary::version("2.5.1").segment("PID")->field(0).name.empty());
        CHECK_FALSE(dictionary::version("2.5.1").segment("PRT"));
        CHECK_FALSE(dictionary::version("2.5.1").segment("ZZZ"));
        CHECK_FALSE(dictionary::version("2.5.1").segment(""));
    }

    TEST_CASE("required fields of 2.5.1 are the standard's") {
        struct Row {
            std::string_view segment, required;
        };
        const auto version = dictionary::version("2.5.1");
        for (const auto& row : {Row{"MSH", "1,2,7,9,10,11,12"},
                                Row{"EVN", "2"},
                                Row{"PID", "3,5"},
                                Row{"PV1", "2"},
                                Row{"NK1", "1"},
                                Row{"MRG", "1"},
                                Row{"AL1", "1,3"},
                                Row{"IAM", "1,3,6"},
                                Row{"DG1", "1,6"},
                                Row{"PR1", "1,3,5"},
                                Row{"GT1", "1,3"},
                                Row{"IN1", "1,2,3"},
                                Row{"ORC", "1"},
                                Row{"OBR", "4"},
                                Row{"OBX", "3,11"},
                                Row{"SPM", "4"},
                                Row{"FT1", "4,6,7"},
                                Row{"TXA", "1,2,12,17"},
                                Row{"RXC", "1,2,3,4"},
                                Row{"RXD", "1,2,3,4,7"},
                                Row{"RXG", "1,4,5,7"},
                                Row{"RXA", "1,2,3,4,5,6"},
                                Row{"RXR", "1"},
                                Row{"RF1", "6"},
                                Row{"PRD", "1"},
                                Row{"CTD", "1"},
                                Row{"AUT", "2"},
                                Row{"SCH", "6,16,20"},
                                Row{"RGS", "1"},
                                Row{"AIS", "1,3"},
                                Row{"AIG", "1,4"},
                                Row{"AIP", "1"},
                                Row{"QPD", "1"},
                                Row{"ROL", "2,3,4"},
                                Row{"SFT", "1,2,3,4"},
                                Row{"MSA", "1,2"},
                                Row{"ERR", "3,4"},
                                Row{"RXE", "2,3,5"},
                                Row{"AIL", "1"}}) {
            CAPTURE(row.segment);
            CHECK(required_fields(version, row.segment) == row.required);
        }
        CHECK(required_fields(dictionary::version("2.8"), "OBX") == "3,11");
        CHECK(required_fields(dictionary::version("2.8"), "PRT") == "2,4");
    }

    TEST_CASE("a number is never used again: fields keep theirs when others are withdrawn") {
        struct Row {
            std::string_view version, segment;
            std::size_t field;
            std::string_view name;
        };
        for (const auto& row :
             {Row{"2.8", "ERR", 2, "Error Location"}, Row{"2.8.2", "EVN", 2, "Recorded Date/Time"},
              Row{"2.8", "OBR", 16, "Ordering Provider"}, Row{"2.8.2", "OBR", 25, "Result Status +"},
              Row{"2.8", "PID", 29, "Patient Death Date and Time"}, Row{"2.6", "DG1", 15, "Diagnosis Priority"},
              Row{"2.8", "DG1", 15, "Diagnosis Priority"}, Row{"2.6", "FT1", 10, "Transaction Quantity"},
              Row{"2.7", "SCH", 12, "Placer Contact Person"}, Row{"2.8", "RXA", 20, "Completion Status"},
              Row{"2.8", "IN1", 46, "Prior Insurance Plan ID"}, Row{"2.8", "ERR", 1, "Error Code and Location"}}) {
            CAPTURE(row.version);
            CAPTURE(row.segment);
            CAPTURE(row.field);
            CHECK(dictionary::version(row.version).segment(row.segment)->field(row.field).name == row.name);
        }
        CHECK(dictionary::version("2.6").datatype("XTN")->component(1).usage == dictionary::Usage::withdrawn);
        CHECK(dictionary::version("2.6").datatype("XTN")->component(7).name == "Local Number");
        // what a version calls by a name that another gave to another number would be a slip of the sources; these are
        // the standard's own
        const std::string_view known = "FT1 OM1 OM2 OM3 OM4 OM5 OM6 PID";
        for (std::size_t v = 1; v < dictionary::versions().size(); ++v) {
            const auto before = dictionary::versions()[v - 1], now = dictionary::versions()[v];
            for (std::size_t i = 0; i < now.segment_count(); ++i) {
                const auto segment = now.segment_at(i);
                const auto earlier = before.segment(segment.name());
                if (!earlier || known.find(segment.name()) != std::string_view::npos) continue;
                CAPTURE(segment.name());
                CAPTURE(now.text());
                if (now >= dictionary::version("2.6")) CHECK(segment.size() >= earlier->size());
                for (std::size_t n = 1; n < earlier->size() && n < segment.size(); ++n) {
                    const auto name = earlier->field(n).name;
                    CAPTURE(name);
                    const bool moved = segment.field(n).name != name && segment.field(n + 1).name == name &&
                                       earlier->field(n + 1).name != name;
                    CHECK_FALSE(moved);
                }
            }
        }
    }

    TEST_CASE("data types have components") {
        const auto version = dictionary::version("2.5.1");
        CHECK(version.datatype("CX")->size() == 10);
        CHECK(version.datatype("CX")->component(4).datatype == "HD");
        CHECK(version.datatype("CX")->component(5).table == 203);
        CHECK(version.datatype("XPN")->component(1).datatype == "FN");
        CHECK_FALSE(version.datatype("XPN")->primitive());
        CHECK(version.datatype("NM")->primitive());
        CHECK_FALSE(version.datatype("QQ"));
        CHECK(dictionary::version("2.8").datatype("CX")->component(5).table == 203);
    }

    TEST_CASE("structures are the standard's") {
        struct Row {
            std::string_view version, structure, notation;
        };
        for (const auto& row : {
                 Row{"2.5.1", "ACK", "ACK(MSH [{SFT}] MSA [{ERR}])"},
                 Row{"2.5.1", "ADT_A39", "ADT_A39(MSH [{SFT}] EVN {PATIENT(PID [PD1] MRG [PV1])})"},
                 Row{"2.5.1", "ADT_A09", "ADT_A09(MSH [{SFT}] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}] [{DG1}])"},
                 Row{"2.5.1", "ORU_R01",
                     "ORU_R01(MSH [{SFT}] {PATIENT_RESULT([PATIENT(PID [PD1] [{NTE}] [{NK1}] [VISIT(PV1 [PV2])])] "
                     "{ORDER_OBSERVATION([ORC] OBR [{NTE}] [{TIMING_QTY(TQ1 [{TQ2}])}] [CTD] [{OBSERVATION(OBX "
                     "[{NTE}])}] "
                     "[{FT1}] [{CTI}] [{SPECIMEN(SPM [{OBX}])}])})} [DSC])"},
                 Row{"2.3.1", "ORU_R01",
                     "ORU_R01(MSH {PATIENT_RESULT([PATIENT(PID [PD1] [{NK1}] [{NTE}] [VISIT(PV1 [PV2])])] "
                     "{ORDER_OBSERVATION([ORC] OBR [{NTE}] {OBSERVATION([OBX] [{NTE}])} [{CTI}])})} [DSC])"},
                 Row{"2.5.1", "VXU_V04",
                     "VXU_V04(MSH [{SFT}] PID [PD1] [{NK1}] [PATIENT(PV1 [PV2])] [{GT1}] [{INSURANCE(IN1 [IN2] "
                     "[IN3])}] "
                     "[{ORDER(ORC [{TIMING(TQ1 [{TQ2}])}] RXA [RXR] [{OBSERVATION(OBX [{NTE}])}])}])"},
                 Row{"2.5.1", "SIU_S12",
                     "SIU_S12(MSH SCH [{TQ1}] [{NTE}] [{PATIENT(PID [PD1] [PV1] [PV2] [{OBX}] [{DG1}])}] "
                     "{RESOURCES(RGS [{SERVICE(AIS [{NTE}])}] [{GENERAL_RESOURCE(AIG [{NTE}])}] "
                     "[{LOCATION_RESOURCE(AIL [{NTE}])}] [{PERSONNEL_RESOURCE(AIP [{NTE}])}])})"},
                 Row{"2.5.1", "RSP_K23", "RSP_K23(MSH [{SFT}] MSA [ERR] QAK QPD [QUERY_RESPONSE(PID)] [DSC])"},
                 Row{"2.5.1", "RSP_K21",
                     "RSP_K21(MSH [{SFT}] MSA [ERR] QAK QPD [{QUERY_RESPONSE(PID [PD1] [{NK1}] [QRI])}] [DSC])"},
                 Row{"2.5.1", "QBP_Q21", "QBP_Q21(MSH [{SFT}] QPD RCP [DSC])"},
             }) {
            CAPTURE(row.structure);
            const auto structure = dictionary::version(row.version).structure(row.structure);
            REQUIRE(structure.has_value());
            CHECK(notation(structure->root()) == row.notation);
        }
    }

    TEST_CASE("every structure names segments its version has") {
        std::size_t structures = 0;
        for (const auto version : dictionary::versions()) {
            std::vector<dictionary::Item> open;
            for (std::size_t i = 0; i < version.structure_count(); ++i) {
                ++structures;
                open.push_back(version.structure_at(i).root());
                while (!open.empty()) {
                    const auto item = open.back();
                    open.pop_back();
                    CHECK(dictionary::item_of(item.id()) == item);
                    if (item.kind() == dictionary::Item::Kind::segment) {
                        CAPTURE(version.text());
                        CAPTURE(item.name());
                        CHECK((version.segment(item.name()).has_value() || item.name().front() == 'Z'));
                    } else if (item.kind() != dictionary::Item::Kind::any) {
                        CHECK(item.size() > 0);
                    }
                    for (std::size_t k = 0; k < item.size(); ++k) open.push_back(item.child(k));
                }
            }
        }
        CHECK(structures > 2000);
    }

    TEST_CASE("every field and component has a data type its version has") {
        for (const auto version : dictionary::versions()) {
            for (std::size_t i = 0; i < version.segment_count(); ++i) {
                const auto segment = version.segment_at(i);
                CHECK(segment.size() > 0);
                for (std::size_t n = 1; n <= segment.size(); ++n) {
                    const auto field = segment.field(n);
                    CAPTURE(version.text());
                    CAPTURE(segment.name());
                    CAPTURE(n);
                    CHECK_FALSE(field.name.empty());
                    CHECK((field.datatype == "varies" || version.datatype(field.datatype).has_value()));
                    CHECK((field.table == 0 || version.table(field.table).has_value()));
                }
            }
        }
    }

    TEST_CASE("type and event decide the structure") {
        struct Row {
            std::string_view version, type, event, structure;
        };
        for (const auto& row : {
                 Row{"2.5.1", "ADT", "A04", "ADT_A01"}, Row{"2.5.1", "ADT", "A08", "ADT_A01"},
                 Row{"2.5.1", "ADT", "A28", "ADT_A05"}, Row{"2.5.1", "ADT", "A31", "ADT_A05"},
                 Row{"2.5.1", "ADT", "A40", "ADT_A39"}, Row{"2.5.1", "ADT", "A47", "ADT_A30"},
                 Row{"2.8", "ADT", "A47", "ADT_A44"},   Row{"2.5.1", "ADT", "A44", "ADT_A43"},
                 Row{"2.7", "ADT", "A44", "ADT_A44"},   Row{"2.5.1", "ADT", "A24", "ADT_A24"},
                 Row{"2.5.1", "ADT", "A37", "ADT_A37"}, Row{"2.5.1", "ADT", "A60", "ADT_A60"},
                 Row{"2.5.1", "ORU", "R01", "ORU_R01"}, Row{"2.5.1", "OML", "O21", "OML_O21"},
                 Row{"2.5.1", "ORM", "O01", "ORM_O01"}, Row{"2.5.1", "SIU", "S15", "SIU_S12"},
                 Row{"2.5.1", "MDM", "T08", "MDM_T02"}, Row{"2.5.1", "MDM", "T11", "MDM_T01"},
                 Row{"2.5.1", "RDE", "O25", "RDE_O11"}, Row{"2.5.1", "RRE", "O26", "RRE_O12"},
                 Row{"2.3", "RDE", "O01", "RDE_O01"},   Row{"2.5.1", "REF", "I14", "REF_I12"},
                 Row{"2.5.1", "RRI", "I13", "RRI_I12"}, Row{"2.5.1", "QBP", "Q22", "QBP_Q21"},
                 Row{"2.5.1", "QBP", "Q23", "QBP_Q21"}, Row{"2.5.1", "RSP", "K22", "RSP_K21"},
                 Row{"2.8", "RSP", "K22", "RSP_K22"},   Row{"2.7", "RSP", "K22", "RSP_K22"},
                 Row{"2.5.1", "RSP", "K23", "RSP_K23"}, Row{"2.5.1", "DFT", "P03", "DFT_P03"},
                 Row{"2.5.1", "OUL", "R22", "OUL_R22"}, Row{"2.5.1", "ACK", "A01", "ACK"},
                 Row{"2.5.1", "ACK", "", "ACK"},        Row{"2.1", "ADT", "A04", "ADT_A01"},
                 Row{"2.5.1", "XXX", "Y01", ""},        Row{"2.5.1", "", "", ""},
             }) {
            CAPTURE(row.version);
            CAPTURE(row.type);
            CAPTURE(row.event);
            CHECK(dictionary::structure_name(dictionary::version(row.version), row.type, row.event) == row.structure);
            CHECK(dictionary::version(row.version).structure_for(row.type, row.event).has_value() ==
                  !row.structure.empty());
        }
    }

    TEST_CASE("a message finds its structure though MSH-9 is odd") {
        struct Row {
            std::string_view type, version, structure;
        };
        for (const auto& row : {
                 Row{"ADT^A40^ADT_A40", "2.5.1", "ADT_A39"},  // MSH-9.3 is often wrong
                 Row{"ADT^A28", "2.3", "ADT_A05"},            // not in 2.3
                 Row{"ORM^O01", "2.8", "ORM_O01"},            // no longer in 2.8
                 Row{"ADT^^ADT_A01", "2.5", "ADT_A01"},
                 Row{"ZZZ^Z01^ORU_R01", "2.5.1", "ORU_R01"},
                 Row{"ACK", "2.2", "ACK"},
                 Row{"ORU", "2.4", "ORU_R01"},  // as 2.1 has it
                 Row{"MFN", "2.4", ""},
                 Row{"ZZZ^Z01", "2.5.1", ""},
                 Row{"ADT^A01", "9.9", "ADT_A01"},
                 Row{"", "2.4", ""},
             }) {
            CAPTURE(row.type);
            const std::string bytes =
                std::string("MSH|^~\\&|||||||").append(row.type).append("|1|P|").append(row.version).append("\r");
            const auto message = MessageView::parse(bytes);
            REQUIRE(message.has_value());
            const auto structure = dictionary::structure_of(*message);
            CHECK(structure.has_value() == !row.structure.empty());
            if (structure) CHECK(structure->name() == row.structure);
        }
    }

    TEST_CASE("where MSH-9 has the type only, EVN-1 has the event") {
        struct Row {
            std::string_view type, event, structure;
        };
        for (const auto& row :
             {Row{"ADT", "A01", "ADT_A01"}, Row{"ADT", "A17", "ADT_A17"}, Row{"ADT^\"\"", "A02", "ADT_A02"},
              Row{"ADT^A03", "A01", "ADT_A03"}, Row{"ADT", "", ""}, Row{"BAR", "P01", "BAR_P01"}}) {
            CAPTURE(row.type);
            CAPTURE(row.event);
            const std::string bytes = std::string("MSH|^~\\&|||||||")
                                          .append(row.type)
                                          .append("|1|P|2.1\rEVN|")
                                          .append(row.event)
                                          .append("|1988\r");
            const auto message = MessageView::parse(bytes);
            REQUIRE(message.has_value());
            const auto structure = dictionary::structure_of(*message);
            CHECK((structure ? structure->name() : std::string_view{}) == row.structure);
        }
    }

    TEST_CASE("what 2.1 asks of some observations only is not required") {
        const auto obr = *dictionary::version("2.1").segment("OBR");
        for (const std::size_t n : {7U, 8U, 9U, 14U, 22U}) CHECK(obr.field(n).usage == dictionary::Usage::conditional);
        CHECK(dictionary::version("2.1").datatype("TS")->component(2).usage == dictionary::Usage::optional);
        CHECK(dictionary::version("2.3").segment("ORC")->field(7).usage == dictionary::Usage::optional);
    }

    TEST_CASE("tables have codes") {
        const auto version = dictionary::version("2.5.1");
        const auto status = version.table(85);
        REQUIRE(status.has_value());
        CHECK(status->hl7_defined());
        CHECK(status->display("F").has_value());
        CHECK_FALSE(status->display("A"));
        CHECK(dictionary::version("2.8").table(85)->display("A").has_value());
        CHECK_FALSE(status->display(""));
        for (std::size_t i = 0; i < status->size(); ++i) CHECK(status->display((*status)[i].code).has_value());
        CHECK(version.table(1)->title() == "Administrative Sex");
        CHECK_FALSE(version.table(1)->hl7_defined());
        CHECK(version.table(1)->display("F") == "Female");
        CHECK_FALSE(version.table(9998));
    }
}
