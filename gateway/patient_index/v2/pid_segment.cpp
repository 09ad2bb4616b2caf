#include "gateway/patient_index/v2/pid_segment.hpp"

#include <algorithm>
#include <cctype>

namespace causeway::patient_index::v2 {
namespace {

using fhir::Element;
using hl7v2::Position;
using hl7v2::SegmentWriter;

constexpr std::uint16_t repetitions_max = 50;
constexpr std::string_view maiden_extension = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName";

/// 1984-01-25 -> 19840125, 1984-01 -> 198401.
std::string v2_date(std::string_view date) {
    std::string out;
    for (const char c : date.substr(0, std::min<std::size_t>(date.size(), 10)))
        if (c != '-') out.push_back(c);
    return out;
}

/// HL7 v2 writes two letters of a language in capitals, FHIR (BCP 47) in small ones.
std::string language_code(std::string_view text) {
    std::string out(text);
    if (out.size() == 2)
        for (auto& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

std::string_view name_type(std::string_view use) {
    if (use == "maiden") return "M";
    if (use == "nickname") return "N";
    if (use == "anonymous") return "S";
    if (use == "temp") return "T";
    if (use == "old") return "B";
    return "L";
}

/// FHIR's "M", "B" and the v2 letter may differ from what was fed: an extension keeps that word where it was kept.
std::string_view address_type(Element address) {
    const auto use = address["use"].text();
    return use == "home" ? "H" : use == "work" ? "B" : use == "old" ? "BA" : use == "temp" ? "C" : "";
}

void write_name(SegmentWriter& pid, std::uint16_t field, std::uint16_t repetition, Element name) {
    const auto put = [&](std::uint16_t component, std::string_view text) {
        if (!text.empty()) pid.set(Position{field, repetition, component, 0}, text);
    };
    put(1, name["family"].text().empty() && name["given"].size() == 0 ? name["text"].text() : name["family"].text());
    std::string further;
    std::size_t i = 0;
    for (const auto given : name["given"].items()) {
        if (i++ == 0) {
            put(2, given.text());
        } else {
            if (!further.empty()) further += ' ';
            further += given.text();
        }
    }
    put(3, further);
    put(4, name["suffix"].first().text());
    put(5, name["prefix"].first().text());
    put(7, name_type(name["use"].text()));
}

void write_address(SegmentWriter& pid, std::uint16_t repetition, Element address) {
    const auto put = [&](std::uint16_t component, std::string_view text) {
        if (!text.empty()) pid.set(Position{11, repetition, component, 0}, text);
    };
    std::size_t i = 0;
    for (const auto line : address["line"].items()) {
        put(i == 0 ? 1 : 2, line.text());
        if (++i == 2) break;
    }
    put(3, address["city"].text());
    put(4, address["state"].text());
    put(5, address["postalCode"].text());
    put(6, address["country"].text());
    put(7, address_type(address));
}

void write_telecoms(SegmentWriter& pid, Element patient) {
    std::uint16_t home = 0, work = 0;
    for (const auto telecom : patient["telecom"].items()) {
        const auto value = telecom["value"].text();
        const bool at_work = telecom["use"].text() == "work", mail = telecom["system"].text() == "email";
        auto& count = at_work ? work : home;
        if (value.empty() || count == repetitions_max) continue;
        const std::uint16_t field = at_work ? 14 : 13;
        ++count;
        pid.set(Position{field, count, mail ? std::uint16_t{4} : std::uint16_t{1}, 0}, value);
        pid.set(Position{field, count, 2, 0}, at_work ? "WPN" : mail ? "NET" : "PRN");
        pid.set(Position{field, count, 3, 0}, mail ? "Internet" : telecom["use"].text() == "mobile" ? "CP" : "PH");
    }
}

}  // namespace

void write_cx(SegmentWriter& segment, std::uint16_t field, std::uint16_t repetition, Element identifier,
              const Authorities& authorities) {
    const auto system = identifier["system"].text();
    const auto* known = authorities.find_system(system);
    const Domain domain = known ? *known : Authorities::of_unknown(system);
    const auto put = [&](std::uint16_t component, std::uint16_t sub, std::string_view text) {
        if (!text.empty()) segment.set(Position{field, repetition, component, sub}, text);
    };
    put(1, 0, identifier["value"].text());
    put(4, 1, domain.namespace_id);
    put(4, 2, domain.universal_id);
    put(4, 3, domain.universal_type);
    auto type = identifier["type"]["coding"].first()["code"].text();
    if (type.empty()) type = "PI";
    put(5, 0, type);
}

std::size_t write_identifiers(SegmentWriter& pid, Element patient, const Authorities& authorities,
                              const DomainFilter& shown) {
    std::uint16_t count = 0;
    for (const bool old : {false, true})
        for (const auto identifier : patient["identifier"].items()) {
            if ((identifier["use"].text() == "old") != old || count == repetitions_max) continue;
            if (identifier["value"].text().empty() || !shown(identifier["system"].text())) continue;
            write_cx(pid, 3, ++count, identifier, authorities);
        }
    return count;
}

void write_demographics(SegmentWriter& pid, Element patient) {
    std::uint16_t count = 0;
    for (const auto name : patient["name"].items())
        if (count < repetitions_max) write_name(pid, 5, ++count, name);
    for (const auto extension : patient["extension"].items())
        if (extension["url"].text() == maiden_extension && !extension["valueString"].text().empty()) {
            pid.set(Position{6, 1, 1, 0}, extension["valueString"].text());
            pid.set(Position{6, 1, 7, 0}, "L");
        }
    if (const auto birth = patient["birthDate"].text(); !birth.empty()) pid.set(7, v2_date(birth));
    const auto gender = patient["gender"].text();
    if (!gender.empty()) pid.set(8, gender == "male" ? "M" : gender == "female" ? "F" : gender == "other" ? "O" : "U");
    count = 0;
    for (const auto address : patient["address"].items())
        if (count < repetitions_max) write_address(pid, ++count, address);
    write_telecoms(pid, patient);
    const auto language = patient["communication"].first()["language"];
    const auto spoken = language["coding"].first()["code"].text();
    if (const auto text = spoken.empty() ? language["text"].text() : spoken; !text.empty())
        pid.set(15, language_code(text));
    const auto marital = patient["maritalStatus"];
    const auto status = marital["coding"].first()["code"].text();
    if (const auto text = status.empty() ? marital["text"].text() : status; !text.empty()) pid.set(16, text);
    if (const auto multiple = patient["multipleBirthBoolean"].text(); !multiple.empty())
        pid.set(24, multiple == "true" ? "Y" : "N");
    if (const auto order = patient["multipleBirthInteger"].text(); !order.empty()) {
        pid.set(24, "Y");
        pid.set(25, order);
    }
}

void write_mother(SegmentWriter& pid, Element related_person, const Authorities& authorities) {
    std::uint16_t count = 0;
    for (const auto identifier : related_person["identifier"].items())
        if (count < repetitions_max && !identifier["value"].text().empty())
            write_cx(pid, 21, ++count, identifier, authorities);
}

}  // namespace causeway::patient_index::v2
