#include <doctest/doctest.h>

#include "hl7v2/message.hpp"
#include "hl7v2/xml/xml.hpp"

using namespace causeway::hl7v2;

namespace {

std::string to_xml(const std::string& er7) {
    const auto message = Message::parse(er7, {{}, Tolerances::all()});
    REQUIRE(message.has_value());
    std::string out;
    const auto structure = dictionary::structure_of(message->view());
    structure ? write_xml(group(message->view(), *structure), out) : write_xml(message->view(), out);
    return out;
}

}  // namespace

TEST_SUITE("hl7v2/xml") {
    TEST_CASE("a message has its groups, fields and components as elements") {
        const std::string xml = to_xml(
            "MSH|^~\\&|LAB||||20240102||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||7^^^H&1.2&ISO~8||DOE^J\r"
            "OBR|1|||X\rOBX|1|ST|G||5 < 6 \\T\\ \\.br\\7||||||F\rZZ1|a^b\r");
        CHECK(
            xml ==
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ORU_R01 xmlns=\"urn:hl7-org:v2xml\">"
            "<MSH><MSH.1>|</MSH.1><MSH.2>^~\\&amp;</MSH.2><MSH.3><HD.1>LAB</HD.1></MSH.3>"
            "<MSH.7><TS.1>20240102</TS.1></MSH.7><MSH.9><MSG.1>ORU</MSG.1><MSG.2>R01</MSG.2><MSG.3>ORU_R01</MSG.3>"
            "</MSH.9><MSH.10>1</MSH.10><MSH.11><PT.1>P</PT.1></MSH.11><MSH.12><VID.1>2.5.1</VID.1></MSH.12></MSH>"
            "<ORU_R01.PATIENT_RESULT><ORU_R01.PATIENT><PID><PID.1>1</PID.1><PID.3><CX.1>7</CX.1><CX.4><HD.1>H</HD.1>"
            "<HD.2>1.2</HD.2><HD.3>ISO</HD.3></CX.4></PID.3><PID.3><CX.1>8</CX.1></PID.3><PID.5><XPN.1><FN.1>DOE</FN.1>"
            "</XPN.1><XPN.2>J</XPN.2></PID.5></PID></ORU_R01.PATIENT><ORU_R01.ORDER_OBSERVATION><OBR><OBR.1>1</OBR.1>"
            "<OBR.4><CE.1>X</CE.1></OBR.4></OBR><ORU_R01.OBSERVATION><OBX><OBX.1>1</OBX.1><OBX.2>ST</OBX.2>"
            "<OBX.3><CE.1>G</CE.1></OBX.3><OBX.5>5 &lt; 6 &amp; <escape V=\".br\"/>7</OBX.5><OBX.11>F</OBX.11></OBX>"
            "<ZZ1><ZZ1.1><ZZ1.1.1>a</ZZ1.1.1><ZZ1.1.2>b</ZZ1.1.2></ZZ1.1></ZZ1></ORU_R01.OBSERVATION>"
            "</ORU_R01.ORDER_OBSERVATION></ORU_R01.PATIENT_RESULT></ORU_R01>\n");
    }

    TEST_CASE("what goes there comes back") {
        for (const std::string er7 : {
                 "MSH|^~\\&|A|B|C|D|20240102||ADT^A08^ADT_A01|1|P|2.5.1\rPID|1||7^^^H&1.2&ISO~~8||\"\"||\"\"^x\r",
                 "MSH$%*!@$A$$$$2024$$ADT%A01$1$P$2.3\rPID$$$7%%%H@1.2*8$$D!F!E%J!S!!T!!R!!E!\r",
                 "MSH|^~\\&#|A|||||||1|P|2.7\rZPD|1|a\\P\\b|\\H\\bold\\N\\ \\X0D0A\\ \\Zloc\\ \\C2842\\\r",
                 "MSH|^~\\&|A||||20240102||ORU^R01|1|P|2.5.1\rOBX|1|CE|X|| a^\xC3\xA9 ^L\r",
                 "MSH|^|A||||||1||2.5.1\rPID|1^2\r",
                 "MSH|^~\\&|A||||20240102||ORU^R01|1|P|2.5.1\rOBX|1|ST|X||salt&pepper\rZPD|a&b~c\r",
             }) {
            CAPTURE(er7);
            const auto back = read_xml(to_xml(er7));
            REQUIRE(back.has_value());
            CHECK(*back == er7);
        }
    }

    TEST_CASE("tells XML from ER7 behind a comment") {
        CHECK(looks_like_xml("<ADT_A01>"));
        CHECK(looks_like_xml("\xEF\xBB\xBF\r\n <?xml version=\"1.0\"?>"));
        CHECK(looks_like_xml("<ORU_R01><MSH><MSH.1>|</MSH.1>"));
        CHECK_FALSE(looks_like_xml("<!-- from the archive -->\r\nMSH|^~\\&|"));
        CHECK_FALSE(looks_like_xml("<x>\vMSH|^~\\&|"));
        CHECK_FALSE(looks_like_xml("MSH|^~\\&|"));
        CHECK_FALSE(looks_like_xml(""));
        CHECK_FALSE(looks_like_xml("{"));
    }

    TEST_CASE("reads what other writers write, and refuses what is none") {
        const auto read = read_xml(
            "\xEF\xBB\xBF<!-- made by hand -->\n<v2:ADT_A01 xmlns:v2=\"urn:hl7-org:v2xml\">\n  <v2:MSH>\n"
            "    <v2:MSH.1>|</v2:MSH.1>\n    <v2:MSH.2>^~\\&amp;</v2:MSH.2>\n    <v2:MSH.9><v2:MSG.1>ADT</v2:MSG.1>"
            "<v2:MSG.2>A01</v2:MSG.2></v2:MSH.9>\n  </v2:MSH>\n  "
            "<v2:PID><v2:PID.5><v2:XPN.2>a|b&#10;c</v2:XPN.2></v2:PID.5>"
            "</v2:PID>\n</v2:ADT_A01>");
        REQUIRE(read.has_value());
        CHECK(*read == "MSH|^~\\&|||||||ADT^A01\rPID|||||^a\\F\\b\\.br\\c\r");
        for (const std::string_view bad : {"", "<", "<a>", "<a/>", "MSH|^~\\&|", "<ADT_A01><PID/></ADT_A01>"}) {
            CAPTURE(bad);
            CHECK(read_xml(bad).error().code == Errc::bad_xml);
        }
        CHECK(read_xml("<a></a>", 3).error().code == Errc::too_large);
        std::string deep;
        for (int i = 0; i < 100'000; ++i) deep += "<G.X>";
        for (int i = 0; i < 100'000; ++i) deep += "</G.X>";
        CHECK(read_xml(deep).error().code == Errc::bad_xml);
        CHECK(read_xml("<A><MSH><MSH.1>|</MSH.1><MSH.99999999>x</MSH.99999999></MSH></A>").has_value());
    }
}
