#include <doctest/doctest.h>

#include "hl7v2/dictionary/describe.hpp"

using namespace causeway::hl7v2::dictionary;

namespace {

std::string text(std::string_view what, std::string_view version_text = "2.5.1") {
    return describe(version(version_text), what);
}

void check_has(const std::string& text, std::initializer_list<std::string_view> parts) {
    CAPTURE(text);
    for (const std::string_view part : parts) {
        CAPTURE(part);
        CHECK(text.find(part) != std::string::npos);
    }
}

}  // namespace

TEST_SUITE("hl7v2/dictionary/describe") {
    TEST_CASE("segments, fields, components and subcomponents") {
        check_has(text("PID"), {"PID  Patient Identification  (2.5.1)", "in versions 2.1-2.8.2",
                                "PID-3   R    *    250     CX    -      Patient Identifier List"});
        check_has(text("PID-8"), {"Administrative Sex", "type     IS", "length   up to 1", "table 0001",
                                  "(user-defined: suggested values)", "F  Female"});
        check_has(text("PID-3"), {"usage    R  required", "repeats  without limit", "CX.4       O"});
        check_has(text("PID-3.4"), {"PID-3.4  Assigning Authority", "type     HD", "HD.2"});
        check_has(text("PID-3.4.2"), {"PID-3.4.2  Universal ID", "in       PID-3.4 Assigning Authority"});
        check_has(text("MSA-1"), {"table 0008", "(HL7-defined)", "AE"});
        check_has(text("SPM", "2.6"), {"in versions 2.5-2.8.2"});
    }
    TEST_CASE("data types and tables") {
        check_has(text("CX"), {"CX  Extended Composite ID with Check Digit", "CX.1       R"});
        check_has(text("CX.4"), {"CX.4  Assigning Authority"});
        check_has(text("CX.4.2"), {"CX.4.2  Universal ID"});
        for (const std::string_view name : {"155", "0155", "HL70155"})
            check_has(text(name), {"table 0155", "NE  Never"});
    }
    TEST_CASE("structures, messages and events") {
        check_has(text("ORU_R01"), {"messages ORU^R01", "  {PATIENT_RESULT\n    [PATIENT\n      PID", "[{NTE}]"});
        check_has(text("ADT^A08"), {"ADT^A08  ADT_A01", "ADT_A01  (2.5.1)", "  PV1 "});
        check_has(text("A08"), {"ADT^A08  ADT_A01"});
        check_has(text("structures"), {"ORU_R01"});
        check_has(text("events"), {"VXU^V04"});
        check_has(text("segments"), {"OBX  Observation/Result"});
        check_has(text("datatypes"), {"XPN"});
        check_has(text("tables"), {"0001  user"});
        check_has(text("versions"), {"2.1\n", "2.8.2\n"});
    }
    TEST_CASE("what that version does not have") {
        for (const std::string_view what :
             {"", "PID-99", "PID-3.99", "PID-3.4.9", "QQQ", "CX.99", "CX.x", "9998", "ADT^Q99", "pid"}) {
            CAPTURE(what);
            CHECK(text(what).empty());
        }
        CHECK(text("SPM", "2.3").empty());
        CHECK_FALSE(text("SPM", "2.5").empty());
    }
    TEST_CASE("every name of every version can be described") {
        for (const Version version : versions()) {
            for (std::size_t i = 0; i < version.segment_count(); ++i) {
                const Segment segment = version.segment_at(i);
                CHECK_FALSE(describe(version, segment.name()).empty());
            }
            for (std::size_t i = 0; i < version.datatype_count(); ++i) {
                CHECK_FALSE(describe(version, version.datatype_at(i).name()).empty());
            }
            for (std::size_t i = 0; i < version.structure_count(); ++i) {
                CHECK_FALSE(describe(version, version.structure_at(i).name()).empty());
            }
        }
    }
}
