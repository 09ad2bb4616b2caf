#include <doctest/doctest.h>

#include "hl7v2/message.hpp"
#include "hl7v2/validate/validate.hpp"

using namespace causeway::hl7v2;

namespace {

std::string faults(std::string_view text) {
    std::string out;
    for (const ProfileFault& fault : Profile::parse(text).faults) {
        out.append(std::to_string(fault.line)).append(": ").append(fault.text).append("\n");
    }
    return out;
}

/// Issues of the profile alone: `required PID-3 p:7`.
std::string lines(const std::shared_ptr<const Profile>& profile, const std::string& bytes) {
    const auto message = Message::parse(bytes);
    REQUIRE(message.has_value());
    REQUIRE(profile != nullptr);
    std::string out;
    for (const ValidationIssue& issue :
         validate(message->view(), {.structure = false, .values = false, .profiles = {&profile, 1}})) {
        out.append(name(issue.rule)).append(" ").append(issue.path()).append(" ").append(issue.source).append("\n");
    }
    return out;
}

std::string lines(std::string_view rules, const std::string& bytes) {
    ProfileLoad load = Profile::parse(std::string("profile p\nmessage *^* ADT^A01 ORU^R01\n").append(rules));
    for (const ProfileFault& fault : load.faults) {
        CAPTURE(fault.text);
        CHECK(fault.line == 0);
    }
    return lines(load.profile, bytes);
}

const std::string adt =
    "MSH|^~\\&|A|B|C|D|2024||ADT^A01^ADT_A01|1|P|2.5.1\rEVN||2024\r"
    "PID|1||12^^^A&1.2.3&ISO^MR~34^^^^SS||Doe^J||19700101|M\rPV1|1|O\r";
const std::string oru =
    "MSH|^~\\&|A|B|C|D|2024||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1||D\r"
    "OBR|1|||X^Y|||2024||||||||||||||||||F\rOBX|1|NM|G^H||1||||||F\rOBX|2|ST|G^H||||||||X\r"
    "OBR|2|||X^Y|||2024||||||||||||||||||P\rOBX|1|NM|G^H||2||||||P\rNTE|1||n\r";

}  // namespace

TEST_SUITE("hl7v2/validate/profile") {
    TEST_CASE("faults of the text, with their lines") {
        CHECK(faults("profile p\nmessage ADT^A01\nsegment PID\n  3 Q\n") ==
              "4: 'Q' is no usage: R, RE, O, X or C(a/b)\n");
        CHECK(faults("profile p\nmessage ADT^A01\n  3 R\n") == "3: an indented line stands under no heading\n");
        CHECK(faults("profile p\nmessage ADT\n") ==
              "2: a message is written as type^event\n0: the profile names no message\n");
        CHECK(faults("") == "0: the profile has no name\n0: the profile names no message\n");
        struct Row {
            std::string_view rule, fault;
        };
        for (const Row& row : {
                 Row{"x R", "'x' is no place"},
                 Row{"3 C(R/X)", "C(../..) needs a condition: if ..."},
                 Row{"3 R if 4 valued", "a condition needs C(../..)"},
                 Row{"3 R 5..1", "'5..1' is no range: 1..5, 0..*"},
                 Row{"3 R len x", "'x' is no range: 1..5, 0..*"},
                 Row{"3 R table T", "there is no table 'T'"},
                 Row{"3 R in ()", "a list of values is empty"},
                 Row{"3 R in (a", "a closing parenthesis is missing"},
                 Row{"3 R format x", "'x' is no format: oid, digits or number"},
                 Row{"3 R precision x", "'x' is no precision"},
                 Row{"3 R what", "'what' is not expected in a rule"},
                 Row{"3 C(R/X) if 5", "after '5' one of valued, absent, =, !=, in, not in is expected"},
                 Row{"3 C(R/X) if (5 valued", "a closing parenthesis is missing"},
                 Row{"3 C(R/X) if zz valued", "'zz' is no place"},
                 Row{"assert 5 valued", "the text of the assertion, in quotes, is expected"},
                 Row{"assert 5 valued \"\"", "the text of the assertion is empty"},
             }) {
            CAPTURE(row.rule);
            CHECK(faults(std::string("profile p\nmessage ADT^A01\nsegment PID\n  ").append(row.rule)) ==
                  "4: " + std::string(row.fault) + "\n");
        }
    }

    TEST_CASE("usage, cardinality, length, constants, tables, formats") {
        struct Row {
            std::string_view rule, issues;
        };
        for (const Row& row : {
                 Row{"3 R", ""},
                 Row{"4 R", "required PID-4 p:4\n"},
                 Row{"4 RE", ""},
                 Row{"8 X", "not_used PID-8 p:4\n"},
                 Row{"3 R 1..1", "cardinality PID-3 p:4\n"},
                 Row{"3 R 1..2", ""},
                 Row{"3 R 3..*", "cardinality PID-3 p:4\n"},
                 Row{"3.4 R", "required PID-3(2).4 p:4\n"},
                 Row{"3(1).4 R", ""},
                 Row{"3(3) R", "required PID-3(3) p:4\n"},
                 Row{"3(3).1 R", "required PID-3(3).1 p:4\n"},
                 Row{"3.4.2 R format oid", ""},  // asked only where 3.4 is there
                 Row{"3.4.1 R format oid", "datatype PID-3.4.1 p:4\n"},
                 Row{"3.1 R len 3..5", "length PID-3.1 p:4\nlength PID-3(2).1 p:4\n"},
                 Row{"3.1 R format digits", ""},
                 Row{"8 R = F", "constant PID-8 p:4\n"},
                 Row{"8 R in (F M)", ""},
                 Row{"8 R table 0001", ""},
                 Row{"5.1 R table 0001", "table PID-5.1 p:4\n"},
                 Row{"7 R precision day", ""},
                 Row{"7 R precision second", "datatype PID-7 p:4\n"},
                 Row{"7 R zone", "datatype PID-7 p:4\n"},
                 Row{"4 C(R/X) if 8 = M", "required PID-4 p:4\n"},
                 Row{"4 C(R/X) if 8 = F", ""},
                 Row{"8 C(R/X) if PV1-2 = I", "not_used PID-8 p:4\n"},
                 Row{"8 C(R/X) if not (PV1-2 = I or 5 absent)", ""},
                 Row{"3.4 C(R/O) if 3.5 = SS", "required PID-3(2).4 p:4\n"},  // its own repetition
                 Row{"3.4 C(R/O) if .5 in (MR PI)", ""},
                 Row{"4 C(R/O) if 8 not in (F U) and PV1-1 = PID-1", "required PID-4 p:4\n"},
                 Row{"assert 8 != M \"no men\"", "assertion PID p:4\n"},
                 Row{"assert 8 = M \"men\" # a comment", ""},
             }) {
            CAPTURE(row.rule);
            CHECK(lines(std::string("segment PID\n  ").append(row.rule).append("\n"), adt) == row.issues);
        }
    }

    TEST_CASE("tables of the profile") {
        CHECK(lines("table T a title\n  F  female\n  M  male\nsegment PID\n  8 R table T\n", adt) == "");
        CHECK(lines("table T\n  F\nsegment PID\n  8 R table T\n", adt) == "table PID-8 p:6\n");
    }

    TEST_CASE("data types, wherever they stand") {
        CHECK(lines("datatype HD\n  2 R format oid\n", adt) ==
              "required MSH-3.2 p:4\nrequired MSH-4.2 p:4\nrequired MSH-5.2 p:4\nrequired MSH-6.2 p:4\n");
        CHECK(lines("datatype CX\n  4 C(R/X) if .5 = SS\n", adt) == "not_used PID-3.4 p:4\nrequired PID-3(2).4 p:4\n");
        CHECK(lines("datatype HD\n  1 C(X/R) if .3 = ISO\n", adt) == "not_used PID-3.4.1 p:4\n");
    }

    TEST_CASE("segments and groups") {
        const std::string groups = "groups\n  PATIENT_RESULT.";
        CHECK(lines(groups + "ORDER_OBSERVATION R 1..*\n", oru) == "");
        CHECK(lines(groups + "ORDER_OBSERVATION R 1..1\n", oru) == "cardinality PID p:4\n");
        CHECK(lines(groups + "ORDER_OBSERVATION.ORC R\n", oru) == "structure OBR p:4\nstructure OBR(2) p:4\n");
        CHECK(lines(groups + "ORDER_OBSERVATION.OBSERVATION X\n", oru) == "not_used OBR p:4\nnot_used OBR(2) p:4\n");
        CHECK(lines(groups + "ORDER_OBSERVATION.ORC C(R/O) if OBR-25 = F\n", oru) == "structure OBR p:4\n");
        CHECK(lines("groups\n  SFT R\n", oru) == "structure MSH p:4\n");
    }

    TEST_CASE("a segment in one group, and the nearest other segment") {
        CHECK(lines("segment NTE in OBSERVATION\n  4 R\n", oru) == "required NTE-4 p:4\n");
        CHECK(lines("segment NTE in PATIENT\n  4 R\n", oru) == "");
        CHECK(lines("segment OBX\n  11 R = F\n", oru) == "constant OBX(2)-11 p:4\nconstant OBX(3)-11 p:4\n");
        CHECK(lines("segment OBX\n  8 C(R/O) if OBR-25 = P\n", oru) == "required OBX(3)-8 p:4\n");
        CHECK(lines("segment OBX\n  assert 5 valued or 11 = X \"a value\"\n", oru) == "");
    }

    TEST_CASE("a profile for another message or version says so, and no more") {
        const auto profile = Profile::parse("profile p\nmessage ORU^R01\nversion 2.3\nsegment PID\n  4 R\n").profile;
        CHECK(lines(profile, adt) == "message MSH-9 p\n");
        CHECK(lines(profile, oru) == "message MSH-12 p\nrequired PID-4 p:5\n");
    }

    TEST_CASE("the profiles that come with the library can be read and found") {
        CHECK(built_in_profiles().size() == 7);
        for (const auto& profile : built_in_profiles()) {
            CAPTURE(profile->name);
            CHECK_FALSE(profile->title.empty());
            CHECK_FALSE(profile->segments.empty());
            CHECK(find_profile(profile->name) == profile);
        }
        CHECK(find_profile("none") == nullptr);
        const auto message = Message::parse(
            "MSH|^~\\&|A|B|C|D|20240102030405+0000||VXU^V04^VXU_V04|1|P|2.5.1|||ER|AL|||||Z22^CDCPHINVS\rPID|1\r");
        REQUIRE(message.has_value());
        const auto declared = declared_profiles(message->view(), built_in_profiles());
        REQUIRE(declared.size() == 1);
        CHECK(declared[0]->name == "vxu-2.5.1");
    }
}
