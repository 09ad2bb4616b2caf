#pragma once
#include <string>

/// An ORU^R01 of the usual shape with `results` OBX; 20 give some 2.3 KB.
inline std::string sample_oru(int results) {
    std::string out =
        "MSH|^~\\&|LABSYS^2.16.840.1.113883.3.1^ISO|NORTH|EMR|CLINIC|20240311093015+0100||ORU^R01^ORU_R01|MSG0000001|P|"
        "2.5.1|"
        "||AL|NE||UNICODE UTF-8\r"
        "PID|1||4711^^^NORTH&2.16.840.1.113883.3.1&ISO^MR~999-12-3456^^^SSA^SS||Example^Erika^Maria^^^^L||19611105|F|||"
        "12 Long "
        "Lane^^Springfield^IL^62701^USA^H||^PRN^PH^^1^217^5550100|||M\r"
        "PV1|1|O|CARD^101^1||||1234^Carter^John^^^Dr|||||||||||V1001\r"
        "ORC|RE|ORD1^EMR|LAB77^LABSYS||CM||||20240310\r"
        "OBR|1|ORD1^EMR|LAB77^LABSYS|24331-1^Lipid 1996 "
        "panel^LN|||20240310083000|||||||||1234^Carter^John||||||20240311092900|||"
        "F\r";
    for (int i = 1; i <= results; ++i) {
        out += "OBX|" + std::to_string(i) + "|NM|2093-3^Cholesterol^LN||" + std::to_string(100 + i) +
               "|mg/dL^milligram per deciliter^UCUM|100-200|N|||F|||20240310083000\r";
    }
    return out;
}
