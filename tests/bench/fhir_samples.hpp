#pragma once
#include <string>

/// A typical Patient, with the narrative left out as feeds do.
inline std::string sample_patient(int number = 1) {
    const std::string n = std::to_string(1000 + number);
    return R"({"resourceType":"Patient","id":"p-)" + n +
           R"(","meta":{"versionId":"1","lastUpdated":"2024-05-01T10:00:00.000Z","profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"]},
 "identifier":[{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR","display":"Medical Record Number"}]},"system":"urn:oid:1.2.36.146.595.217.0.1","value":")" +
           n +
           R"("}],
 "active":true,"name":[{"use":"official","family":"Rocha","given":["Ines","Maria"]},{"use":"maiden","family":"Sousa"}],
 "telecom":[{"system":"phone","value":"(03) 5555 6473","use":"work"},{"system":"email","value":"ines@example.org"}],"gender":"female","birthDate":"1974-12-25",
 "address":[{"use":"home","line":["534 Erewhon St"],"city":"PleasantVille","state":"Vic","postalCode":"3999","country":"AU"}],
 "maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]},
 "communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"en-AU"}]},"preferred":true}],
 "generalPractitioner":[{"reference":"Practitioner/7"}],"managingOrganization":{"reference":"Organization/1"}})";
}

/// A typical laboratory Observation.
inline std::string sample_observation(int number = 1) {
    const std::string n = std::to_string(number);
    return R"({"resourceType":"Observation","id":"o-)" + n +
           R"(","meta":{"versionId":"1","lastUpdated":"2024-05-01T10:00:00.000Z"},"status":"final",
 "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"Laboratory"}]}],
 "code":{"coding":[{"system":"http://loinc.org","code":"15074-8","display":"Glucose [Moles/volume] in Blood"}],"text":"Glucose"},"subject":{"reference":"Patient/p-1001"},
 "encounter":{"reference":"Encounter/e-7"},"effectiveDateTime":"2024-04-02T09:30:10+01:00","issued":"2024-04-03T15:30:10+01:00","performer":[{"reference":"Practitioner/7"}],
 "valueQuantity":{"value":6.30,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"},
 "interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"H"}]}],
 "referenceRange":[{"low":{"value":3.1,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"},"high":{"value":6.2,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"}}]})";
}

/// A transaction of one Patient and 99 Observations.
inline std::string sample_bundle(int entries = 100) {
    std::string out = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
    for (int i = 0; i < entries; ++i) {
        const std::string type = i == 0 ? "Patient" : "Observation";
        out += std::string(i == 0 ? "" : ",") + R"({"fullUrl":"urn:uuid:6f1c3f0e-3a5d-4d3c-9a53-)" +
               std::to_string(100000000000 + i) + R"(","resource":)" +
               (i == 0 ? sample_patient() : sample_observation(i)) + R"(,"request":{"method":"POST","url":")" + type +
               "\"}}";
    }
    return out + "]}";
}
