#include "gateway/patient_index/fhir_patient.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace causeway::patient_index {
namespace {

using match::Record;

constexpr std::string_view ssn_system = "http://hl7.org/fhir/sid/us-ssn";
constexpr std::string_view mbi_system = "http://hl7.org/fhir/sid/us-mbi";
constexpr std::string_view maiden_extension = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName";
constexpr std::string_view relationship_codes = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

/// v2-0203: numbers of one human being, given by an authority outside the hospital.
bool person_type(std::string_view code) {
    constexpr std::array<std::string_view, 12> codes = {"MB", "MC",  "MA", "DL",  "PPN", "NI",
                                                        "SB", "TAX", "HC", "JHN", "PRC", "CZ"};
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool holds(const std::vector<std::string>& list, std::string_view value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

std::string joined_items(fhir::Element list, std::size_t from) {
    std::string out;
    std::size_t i = 0;
    for (const auto item : list.items()) {
        if (i++ < from || item.text().empty()) continue;
        if (!out.empty()) out += ' ';
        out += item.text();
    }
    return out;
}

void read_identifier(fhir::Element identifier, const IdentifierRules& rules, Record& out) {
    const auto system = identifier["system"].text(), value = identifier["value"].text();
    if (value.empty() || identifier["use"].text() == "old") return;
    bool ssn = system == ssn_system || holds(rules.ssn_systems, system);
    bool person = system == mbi_system || holds(rules.person_systems, system);
    for (const auto coding : identifier["type"]["coding"].items()) {
        ssn = ssn || coding["code"].text() == "SS";
        person = person || person_type(coding["code"].text());
    }
    if (ssn) {
        out.ssns.emplace_back(value);
        return;
    }
    if (holds(rules.national_systems, system)) {
        out.identifiers.push_back({std::string(system), std::string(value), Record::IdentifierKind::national});
        return;
    }
    out.identifiers.push_back({std::string(system), std::string(value),
                               person ? Record::IdentifierKind::person : Record::IdentifierKind::local});
}

void read_name(fhir::Element name, Record& out) {
    Record::Name one;
    one.given = name["given"].first().text();
    one.middle = joined_items(name["given"], 1);
    one.family = name["family"].text();
    one.suffix = joined_items(name["suffix"], 0);
    one.text = name["text"].text();
    out.names.push_back(std::move(one));
}

void read_address(fhir::Element address, Record& out) {
    Record::Address one;
    one.street = address["line"].first().text();
    one.city = address["city"].text();
    one.zip = address["postalCode"].text();
    out.addresses.push_back(std::move(one));
}

/// Mother, father, parent, guardian: v2-0131 and the role codes that v2-0063 maps to.
bool parent_contact(fhir::Element contact) {
    constexpr std::array<std::string_view, 10> codes = {"MTH",   "FTH",     "PRN",    "NMTH", "NFTH",
                                                        "GUARD", "MTHFOST", "ADOPTM", "N",    "GRD"};
    for (const auto relationship : contact["relationship"].items())
        for (const auto coding : relationship["coding"].items()) {
            const auto code = coding["code"].text();
            // "N" is next of kin in v2-0131: a spouse as likely as a parent
            if (code == "N" && coding["system"].text() != relationship_codes) continue;
            if (std::find(codes.begin(), codes.end(), code) != codes.end()) return true;
        }
    return false;
}

}  // namespace

Record read_patient(fhir::Element patient, const IdentifierRules& rules) {
    Record out;
    for (const auto name : patient["name"].items()) read_name(name, out);
    if (const auto date = patient["birthDate"].text(); !date.empty()) out.birth_dates.emplace_back(date);
    out.sex = patient["gender"].text();
    for (const auto address : patient["address"].items()) read_address(address, out);
    for (const auto telecom : patient["telecom"].items()) {
        const auto system = telecom["system"].text();
        if (system == "phone" || system == "sms")
            out.phones.emplace_back(telecom["value"].text());
        else if (system == "email")
            out.emails.emplace_back(telecom["value"].text());
    }
    for (const auto identifier : patient["identifier"].items()) read_identifier(identifier, rules, out);
    for (const auto extension : patient["extension"].items())
        if (extension["url"].text() == maiden_extension) out.mothers.emplace_back(extension["valueString"].text());
    for (const auto contact : patient["contact"].items())
        if (parent_contact(contact)) {
            const auto given = contact["name"]["given"].first().text();
            if (!given.empty()) out.guardians.emplace_back(given);
        }
    if (const auto order = patient["multipleBirthInteger"].text(); !order.empty())
        std::from_chars(order.data(), order.data() + order.size(), out.birth_order);
    out.multiple_birth = patient["multipleBirthBoolean"].text() == "true" || out.birth_order > 0;
    return out;
}

}  // namespace causeway::patient_index
