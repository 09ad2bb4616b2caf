#include "gateway/storage/sqlite/codec.hpp"

#include <zstd.h>

#include <mutex>

namespace causeway::storage {

namespace {

constexpr int level = 3;
constexpr std::size_t unpacked_max = std::size_t{1} << 30;

struct FreeContext {
    void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* packing() {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
    return context.get();
}

ZSTD_DCtx* unpacking() {
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    return context.get();
}

}  // namespace

struct Codec::Dictionary {
    explicit Dictionary(std::string text)
        : bytes(std::move(text)),
          pack(ZSTD_createCDict(bytes.data(), bytes.size(), level)),
          unpack(ZSTD_createDDict(bytes.data(), bytes.size())) {}
    Dictionary(const Dictionary&) = delete;
    Dictionary& operator=(const Dictionary&) = delete;
    ~Dictionary() {
        ZSTD_freeCDict(pack);
        ZSTD_freeDDict(unpack);
    }
    std::string bytes;
    ZSTD_CDict* pack;
    ZSTD_DDict* unpack;
};

std::shared_ptr<const Codec::Dictionary> Codec::find(std::int64_t id) const {
    const std::shared_lock lock(mutex_);
    const auto found = dictionaries_.find(id);
    return found == dictionaries_.end() ? nullptr : found->second;
}

void Codec::add_dictionary(std::int64_t id, std::string bytes) {
    auto made = std::make_shared<const Dictionary>(std::move(bytes));
    const std::unique_lock lock(mutex_);
    dictionaries_[id] = std::move(made);
}

std::int64_t Codec::newest() const {
    const std::shared_lock lock(mutex_);
    return dictionaries_.empty() ? 0 : dictionaries_.rbegin()->first;
}

Codec::Packed Codec::pack(std::string_view bytes) const {
    Packed out;
    out.dictionary = newest();
    const auto dictionary = find(out.dictionary);
    out.data.resize(ZSTD_compressBound(bytes.size()));
    const auto size =
        dictionary ? ZSTD_compress_usingCDict(packing(), out.data.data(), out.data.size(), bytes.data(), bytes.size(),
                                              dictionary->pack)
                   : ZSTD_compressCCtx(packing(), out.data.data(), out.data.size(), bytes.data(), bytes.size(), level);
    if (ZSTD_isError(size))
        throw FailureException({FailureCode::internal, std::string("zstd: ") + ZSTD_getErrorName(size)});
    // A fresh string of the exact size: the bound is about the input's size, and what is queued should not hold five
    // times its weight.
    return {std::string(out.data.data(), size), out.dictionary};
}

std::string Codec::pack_plain(std::string_view bytes) const {
    if (bytes.size() < 128) return std::string(bytes);
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    const auto size = ZSTD_compressCCtx(packing(), out.data(), out.size(), bytes.data(), bytes.size(), 1);
    if (ZSTD_isError(size))
        throw FailureException({FailureCode::internal, std::string("zstd: ") + ZSTD_getErrorName(size)});
    if (size >= bytes.size()) return std::string(bytes);
    out.resize(size);
    return out;
}

void Codec::unpack(std::int64_t dictionary, std::size_t size, std::string_view data, std::string& out) const {
    if (size > unpacked_max) throw FailureException({FailureCode::corrupt, "zstd: a stored size is over the limit"});
    if (dictionary == 0 && data.size() == size) {
        out.append(data);  // pack_plain found nothing to gain
        return;
    }
    const auto begin = out.size();
    out.resize(begin + size);
    std::size_t got = 0;
    if (dictionary == 0) {
        got = ZSTD_decompressDCtx(unpacking(), out.data() + begin, size, data.data(), data.size());
    } else {
        const auto found = find(dictionary);
        if (!found) throw FailureException({FailureCode::corrupt, "zstd: a stored dictionary is missing"});
        got =
            ZSTD_decompress_usingDDict(unpacking(), out.data() + begin, size, data.data(), data.size(), found->unpack);
    }
    if (ZSTD_isError(got) || got != size)
        throw FailureException({FailureCode::corrupt, "zstd: stored data does not unpack"});
}

// Raw content, what is most common last (zstd reaches the end of a dictionary with the shortest offsets). Member names
// and code systems are the standards'; the sentences and values are made up.
std::string_view Codec::built_in() {
    static constexpr std::
        string_view text = R"({"resourceType":"Organization","id":"","identifier":[{"system":"urn:oid:2.16.840.1.113883.","value":""}],"active":true,"name":"","type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/organization-type","code":"prov","display":"Healthcare Provider"}]}],)"
                           R"({"resourceType":"Practitioner","id":"","identifier":[{"use":"official","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"NPI"}]},"system":"http://hl7.org/fhir/sid/us-npi","value":""}],"name":[{"family":"","given":["",""],"prefix":["Dr."]}]})"
                           R"({"resourceType":"Specimen","id":"","accessionIdentifier":{"value":""},"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0487","code":"","display":""}],"text":""},"collection":{"collectedDateTime":"","bodySite":{"text":""}},"receivedTime":"","condition":[)"
                           R"({"resourceType":"AllergyIntolerance","id":"","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification","code":"confirmed"}]},"type":"allergy","category":["medication"],"criticality":"high","patient":{"reference":"Patient/"},"recordedDate":"","reaction":[{"manifestation":[{"text":""}],"severity":"moderate"}]})"
                           R"({"resourceType":"Immunization","id":"","status":"completed","vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"","display":""}]},"patient":{"reference":"Patient/"},"occurrenceDateTime":"","primarySource":true,"lotNumber":"","expirationDate":"","site":{},"route":{},"doseQuantity":{"value":,"unit":"mL"},"performer":[{"actor":{"reference":"Practitioner/"}}]})"
                           R"({"resourceType":"Procedure","id":"","status":"completed","code":{"coding":[{"system":"http://snomed.info/sct","code":"","display":""}],"text":""},"subject":{"reference":"Patient/"},"encounter":{"reference":"Encounter/"},"performedPeriod":{"start":"","end":""},"performedDateTime":"","reasonReference":[{"reference":"Condition/"}]})"
                           R"({"resourceType":"MedicationRequest","id":"","status":"active","intent":"order","medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"","display":""}],"text":" MG Oral Tablet"},"subject":{"reference":"Patient/"},"encounter":{"reference":"Encounter/"},"authoredOn":"","requester":{"reference":"Practitioner/"},"dosageInstruction":[{"sequence":1,"text":"","timing":{"repeat":{"frequency":1,"period":1,"periodUnit":"d"}},"asNeededBoolean":false,"route":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0162","code":"PO"}]},"doseAndRate":[{"doseQuantity":{"value":1}}]}],"dispenseRequest":{"numberOfRepeatsAllowed":,"quantity":{"value":,"unit":""}}})"
                           R"({"resourceType":"Condition","id":"","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"encounter-diagnosis","display":"Encounter Diagnosis"}]}],"code":{"coding":[{"system":"http://snomed.info/sct","code":"","display":""},{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":""}],"text":""},"subject":{"reference":"Patient/"},"encounter":{"reference":"Encounter/"},"onsetDateTime":"","abatementDateTime":"","recordedDate":""})"
                           R"({"resourceType":"Encounter","id":"","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB","display":"ambulatory"},"type":[{"coding":[{"system":"http://snomed.info/sct","code":"","display":""}],"text":""}],"subject":{"reference":"Patient/"},"participant":[{"type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"PPRF","display":"primary performer"}]}],"individual":{"reference":"Practitioner/"}}],"period":{"start":"","end":""},"location":[{"location":{"reference":"Location/"}}],"serviceProvider":{"reference":"Organization/"}})"
                           R"({"resourceType":"ServiceRequest","id":"","identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC","display":"Placer Identifier"}]},"value":""},{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"FILL","display":"Filler Identifier"}]},"value":""}],"status":"active","intent":"order","priority":"routine","code":{"coding":[{"system":"http://loinc.org","code":"","display":""}],"text":""},"subject":{"reference":"Patient/"},"authoredOn":"","requester":{"reference":"Practitioner/"}})"
                           R"({"resourceType":"DiagnosticReport","id":"","identifier":[{"value":""}],"basedOn":[{"reference":"ServiceRequest/"}],"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0074","code":"LAB","display":"Laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"","display":""}],"text":""},"subject":{"reference":"Patient/"},"encounter":{"reference":"Encounter/"},"effectiveDateTime":"","issued":"","performer":[{"reference":"Organization/"}],"specimen":[{"reference":"Specimen/"}],"result":[{"reference":"Observation/"},{"reference":"Observation/"}],"conclusion":"","presentedForm":[{"contentType":"application/pdf","data":""}]})"
                           R"({"resourceType":"Patient","id":"","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/"],"source":"","tag":[{"system":"","code":""}]},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"></div>"},"extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"ombCategory","valueCoding":{"system":"urn:oid:2.16.840.1.113883.6.238","code":"","display":""}},{"url":"text","valueString":""}]}],"identifier":[{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR","display":"Medical Record Number"}],"text":"Medical Record Number"},"system":"urn:oid:","value":"","assigner":{"display":""}},{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"SS"}]},"system":"http://hl7.org/fhir/sid/us-ssn","value":""}],"active":true,"name":[{"use":"official","family":"","given":["",""],"prefix":["Mr.","Mrs."],"suffix":[""]},{"use":"maiden","family":""}],"telecom":[{"system":"phone","value":"555-","use":"home"},{"system":"phone","value":"","use":"mobile"},{"system":"email","value":""}],"gender":"female","gender":"male","birthDate":"19","deceasedBoolean":false,"address":[{"use":"home","line":[""],"city":"","state":"","postalCode":"","country":"US"}],"maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M","display":"Married"}],"text":""},"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"en-US","display":"English"}]}}],"generalPractitioner":[{"reference":"Practitioner/"}],"managingOrganization":{"reference":"Organization/"}})"
                           R"({"resourceType":"Observation","id":"01","identifier":[{"system":"","value":""}],"basedOn":[{"reference":"ServiceRequest/"}],"status":"preliminary","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"Laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":" [Mass/volume] in Serum or Plasma"}],"text":""},"subject":{"reference":"Patient/01"},"encounter":{"reference":"Encounter/01"},"effectiveDateTime":"2024-01-01T08:00:00+00:00","issued":"2024-01-01T08:00:00.000+00:00","performer":[{"reference":"Organization/01"}],"valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"","display":""}],"text":""},"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"","display":""}]},"valueQuantity":{"value":1,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}],"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N","display":"Normal"}]}],"referenceRange":[{"low":{"value":,"unit":"","system":"http://unitsofmeasure.org","code":""},"high":{"value":,"unit":"mg/dL"},"text":""}],"valueString":"","valueQuantity":{"value":1.0,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}})";
    return text;
}

}  // namespace causeway::storage
