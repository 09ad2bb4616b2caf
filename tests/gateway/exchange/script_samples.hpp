#pragma once
#include <string>
#include <string_view>

namespace causeway::exchange::tests {

/// One SCRIPT message around what its body holds.
inline std::string script_message(std::string_view id, std::string_view body, std::string_view relates_to = {},
                                  std::string_view order = {}) {
    std::string xml =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Message DatatypesVersion=\"20170715\" "
        "TransportVersion=\"20170715\" "
        "TransactionDomain=\"SCRIPT\" TransactionVersion=\"20170715\" StructuresVersion=\"20170715\" "
        "ECLVersion=\"20170715\"><Header><To Qualifier=\"D\">6301875277001</To><From Qualifier=\"P\">7701630</From>";
    xml.append("<MessageID>M-").append(id).append("</MessageID>");
    if (!relates_to.empty()) xml.append("<RelatesToMessageID>").append(relates_to).append("</RelatesToMessageID>");
    xml += "<SentTime>2026-03-03T15:10:00.0Z</SentTime>";
    if (!order.empty()) xml.append("<PrescriberOrderNumber>").append(order).append("</PrescriberOrderNumber>");
    return xml.append("</Header><Body>").append(body).append("</Body></Message>");
}

inline std::string script_patient(bool later = false) {
    std::string name = "<LastName>Nguyen &amp; Sons</LastName><FirstName>Maria</FirstName>";
    name = later ? "<Names><Name>" + name + "</Name></Names>" : "<Name>" + name + "</Name>";
    return "<Patient><HumanPatient>" + name +
           (later ? "<GenderAndSex><AdministrativeGender>F</AdministrativeGender></GenderAndSex>"
                  : "<Gender>F</Gender>") +
           "<DateOfBirth><Date>1984-03-12</Date></DateOfBirth><Address><AddressLine1>48 Alder Ct</AddressLine1>"
           "<City>Springfield</City><StateProvince>IL</StateProvince><PostalCode>62704</PostalCode></Address>"
           "</HumanPatient></Patient>";
}

inline std::string script_drug(std::string_view element, bool later = false) {
    const std::string code =
        later ? "<Product><DrugCoded><NDC>00093505698</NDC></DrugCoded></Product>"
              : "<DrugCoded><ProductCode><Code>00093505698</Code><Qualifier>ND</Qualifier></ProductCode></DrugCoded>";
    return "<" + std::string(element) + "><DrugDescription>Atorvastatin 20 MG Oral Tablet</DrugDescription>" + code +
           "<Quantity><Value>30</Value><CodeListQualifier>38</CodeListQualifier><QuantityUnitOfMeasure><Code>C48542"
           "</Code></QuantityUnitOfMeasure></Quantity><DaysSupply>30</DaysSupply><WrittenDate><Date>2026-03-03</Date>"
           "</WrittenDate>" +
           (later ? "<Substitutions><Substitutions>0</Substitutions></Substitutions>"
                  : "<Substitutions>0</Substitutions>") +
           "<NumberOfRefills>3</NumberOfRefills><Sig><SigText>Take 1 tablet by mouth every evening</SigText></Sig></" +
           std::string(element) + ">";
}

inline std::string script_new_rx(std::string_view order, bool later = false) {
    const std::string name = "<LastName>Halvorsen</LastName><FirstName>Ingrid</FirstName>";
    return script_message(order,
                          "<NewRx>" + script_patient(later) +
                              "<Pharmacy><Identification><NCPDPID>7701630</NCPDPID></Identification><BusinessName>Main "
                              "Street Rx</BusinessName></Pharmacy><Prescriber><NonVeterinarian><Identification><NPI>"
                              "1740283947</NPI></Identification>" +
                              (later ? "<Names><Name>" + name + "</Name></Names>" : "<Name>" + name + "</Name>") +
                              "</NonVeterinarian></Prescriber>" + script_drug("MedicationPrescribed", later) +
                              "</NewRx>",
                          {}, order);
}

}  // namespace causeway::exchange::tests
