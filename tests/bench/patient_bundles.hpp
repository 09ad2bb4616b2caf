#pragma once
#include <cstdint>
#include <string>

namespace causeway::bench {

/// Transaction bundles of a patient's record, as exports of other systems look: one Patient with encounters, conditions,
/// observations (many), medication requests, procedures and claims-like weight, all POST with urn:uuid references.
/// The same number gives the same bundle.
class PatientBundles {
public:
    explicit PatientBundles(std::size_t entries) : entries_(entries) {}

    std::string make(std::uint32_t number) {
        state_ = 0x9e3779b97f4a7c15ull * (number + 1);
        number_ = number;
        next_ = 0;
        std::string json = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
        const std::string patient = add(json, "Patient", person());
        const std::string practitioner = add(json, "Practitioner", R"("name":[{"family":"Arzt","given":["Ada"]}])");
        std::string encounter;
        for (std::size_t i = 2; i < entries_; ++i) {
            const auto kind = i % 20;
            const std::string subject = R"("subject":{"reference":")" + patient + R"("},)";
            const std::string seen = R"("encounter":{"reference":")" + encounter + R"("},)";
            if (kind == 2)
                encounter = add(
                    json, "Encounter",
                    subject +
                        R"("status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"participant":[{"individual":{"reference":")" +
                        practitioner + R"("}}],"period":{"start":")" + time() + R"(","end":")" + time() + "\"}");
            else if (kind == 3)
                add(json, "Condition",
                    subject + seen +
                        R"("clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":)" +
                        concept_("http://snomed.info/sct", 38341003) + R"(,"onsetDateTime":")" + time() + "\"");
            else if (kind == 4)
                add(json, "MedicationRequest",
                    subject + seen + R"("status":"active","intent":"order","medicationCodeableConcept":)" +
                        concept_("http://www.nlm.nih.gov/research/umls/rxnorm", 314076) + R"(,"authoredOn":")" +
                        time() + "\"");
            else if (kind == 5)
                add(json, "Procedure",
                    subject + seen + R"("status":"completed","code":)" + concept_("http://snomed.info/sct", 430193006) +
                        R"(,"performedPeriod":{"start":")" + time() + "\"}");
            else if (kind == 6)
                add(json, "DiagnosticReport",
                    subject + seen + R"("status":"final","code":)" + concept_("http://loinc.org", 51990) +
                        R"(,"effectiveDateTime":")" + time() + "\"");
            else
                add(json, "Observation",
                    subject + seen +
                        R"("status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"vital-signs"}]}],"code":)" +
                        concept_("http://loinc.org", 8302) + R"(,"effectiveDateTime":")" + time() + R"(","issued":")" +
                        time() + R"(","valueQuantity":{"value":)" + std::to_string(random() % 2000) + "." +
                        std::to_string(random() % 100) +
                        R"(,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"})");
        }
        json.back() = ']';
        return json + "}";
    }

private:
    std::uint32_t random() {
        state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
        return static_cast<std::uint32_t>(state_ >> 32);
    }
    std::string time() {
        const auto two = [](std::uint32_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
        return std::to_string(2010 + random() % 16) + "-" + two(1 + random() % 12) + "-" + two(1 + random() % 28) +
               "T" + two(random() % 24) + ":" + two(random() % 60) + ":00+01:00";
    }
    std::string concept_(const std::string& system, std::uint32_t base) {
        return R"({"coding":[{"system":")" + system + R"(","code":")" + std::to_string(base + random() % 100) +
               R"(","display":"A display of ordinary length"}],"text":"A display of ordinary length"})";
    }
    std::string person() {
        return R"("identifier":[{"system":"urn:oid:1.2.36.146.595.217.0.1","value":")" + std::to_string(number_) +
               R"("}],"name":[{"use":"official","family":"Family)" + std::to_string(random() % 5000) +
               R"(","given":["Given)" + std::to_string(random() % 2000) + R"("]}],"gender":"female","birthDate":"19)" +
               std::to_string(10 + random() % 89) +
               R"(-04-12","address":[{"line":["12 Long Road"],"city":"Lisbon","postalCode":"1000"}])";
    }
    std::string add(std::string& json, const char* type, const std::string& members) {
        char text[64];
        std::snprintf(text, sizeof text, "urn:uuid:%08x-0000-4000-8000-%012zx", number_, next_++);
        json += R"({"fullUrl":")" + std::string(text) + R"(","resource":{"resourceType":")" + type + "\"," + members +
                R"(},"request":{"method":"POST","url":")" + type + "\"}},";
        return text;
    }

    std::size_t entries_;
    std::uint64_t state_ = 1;
    std::uint32_t number_ = 0;
    std::size_t next_ = 0;
};

}  // namespace causeway::bench
