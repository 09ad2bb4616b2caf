#include "gateway/exchange/script/script_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/exchange/script/script_xml.hpp"

namespace causeway::exchange::script {
namespace {

using namespace hl7v2::literals;
using hl7v2::MessageView;

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> names = {
    {{"NewRx", "RDE^O11^RDE_O11"},
     {"CancelRx", "RDE^O11^RDE_O11"},
     {"RxRenewalRequest", "RDE^O11^RDE_O11"},
     {"RxRenewalResponse", "RDE^O11^RDE_O11"},
     {"RxFill", "RDS^O13^RDS_O13"}}};

/// NCI's units by the words that prescribers use; what is not here is "unspecified".
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> units = {{{"tablet", "C48542"},
                                                                                  {"{tbl}", "C48542"},
                                                                                  {"tab", "C48542"},
                                                                                  {"capsule", "C48480"},
                                                                                  {"{capsule}", "C48480"},
                                                                                  {"cap", "C48480"},
                                                                                  {"caplet", "C64696"},
                                                                                  {"ml", "C28254"},
                                                                                  {"g", "C48155"},
                                                                                  {"suppository", "C48539"},
                                                                                  {"patch", "C48524"},
                                                                                  {"applicator", "C62412"},
                                                                                  {"each", "C64933"},
                                                                                  {"{each}", "C64933"}}};

std::string unit_code(std::string_view unit) {
    std::string lower(unit);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    if (unit.size() >= 5 && unit.front() == 'C' && unit.find_first_not_of("0123456789", 1) == std::string_view::npos)
        return std::string(unit);
    for (const auto& [word, code] : units)
        if (lower == word) return std::string(code);
    return "C38046";
}

/// 20260303 or a longer time -> 2026-03-03
std::string date_of(std::string_view time) {
    if (time.size() < 8) return {};
    return std::string(time.substr(0, 4)) + "-" + std::string(time.substr(4, 2)) + "-" + std::string(time.substr(6, 2));
}

class Writer {
public:
    Writer(std::string_view name, const MessageView& message, std::string_view sent_time)
        : name_(name), message_(message), sent_time_(sent_time) {}

    Written run() {
        const auto orc = message_.segment("ORC");
        const auto drug = message_.segment(name_ == "RxFill" ? "RXD" : "RXE");
        if (!orc || !drug) return {{}, "the message has no order or no drug"};
        if (is_controlled(at("RXE-35.1"_v2))) return {{}, "controlled substance: only its original may be sent"};
        auto root = begin_message(document_);
        header(root.child("Header"));
        auto content = make(root.child("Body"), name_);
        if (name_ == "RxRenewalResponse" && !outcome(content)) return {{}, "ORC-1 is neither AF nor DF"};
        patient(content);
        pharmacy(content);
        prescriber(content);
        name_ == "RxFill" ? dispensed(content) : prescribed(content);
        return {print(document_), {}};
    }

private:
    std::string at(const hl7v2::Path& path) const {
        const auto field = message_.at(path);
        return field.text();
    }
    void header(pugi::xml_node header) const {
        const bool to_pharmacy = name_ == "NewRx" || name_ == "CancelRx" || name_ == "RxRenewalResponse";
        auto to = make(header, "To");
        to.append_attribute("Qualifier") = to_pharmacy ? "P" : "D";
        to.text().set(at("MSH-5.1"_v2).c_str());
        auto from = make(header, "From");
        from.append_attribute("Qualifier") = to_pharmacy ? "D" : "P";
        from.text().set(at("MSH-3.1"_v2).c_str());
        put(header, "MessageID", at("MSH-10"_v2));
        put(header, "SentTime", sent_time_);
        put(header, "SenderSoftware/SenderSoftwareDeveloper", "Causeway");
        put(header, "SenderSoftware/SenderSoftwareProduct", "Causeway");
        put(header, "SenderSoftware/SenderSoftwareVersionRelease", "1");
        put(header, "RxReferenceNumber", at("ORC-3.1"_v2));
        put(header, "PrescriberOrderNumber", at("ORC-2.1"_v2));
    }
    bool outcome(pugi::xml_node content) const {
        const auto control = at("ORC-1"_v2);
        if (control == "AF") {
            make(content, "Response/Approved");
        } else if (control == "DF") {
            make(content, "Response/Denied");
            put(content, "Response/Denied/DenialReason",
                at("ORC-16.2"_v2).empty() ? at("ORC-16.1"_v2) : at("ORC-16.2"_v2));
        } else {
            return false;
        }
        return true;
    }
    void patient(pugi::xml_node content) const {
        auto human = make(content, "Patient/HumanPatient");
        put(human, "Name/LastName", at("PID-5.1"_v2));
        put(human, "Name/FirstName", at("PID-5.2"_v2));
        put(human, "Name/MiddleName", at("PID-5.3"_v2));
        const auto gender = at("PID-8"_v2);
        put(human, "Gender", gender == "M" || gender == "F" ? gender : "U");
        put(human, "DateOfBirth/Date", date_of(at("PID-7"_v2)));
        put(human, "Address/AddressLine1", at("PID-11.1"_v2));
        put(human, "Address/AddressLine2", at("PID-11.2"_v2));
        put(human, "Address/City", at("PID-11.3"_v2));
        put(human, "Address/StateProvince", at("PID-11.4"_v2));
        put(human, "Address/PostalCode", at("PID-11.5"_v2));
        put(human, "Address/CountryCode", at("PID-11.6"_v2));
        put(human, "Identification/MedicalRecordIdentificationNumberEHR", at("PID-3.1"_v2));
    }
    void pharmacy(pugi::xml_node content) const {
        const auto number = at("RXE-40.10"_v2);
        put(content, "Pharmacy/Identification/NCPDPID",
            number.empty() && name_ != "RxFill" && name_ != "RxRenewalRequest" ? at("MSH-5.1"_v2) : number);
        put(content, "Pharmacy/BusinessName", at("RXE-40.1"_v2));
    }
    void prescriber(pugi::xml_node content) const {
        auto person = make(content, "Prescriber/NonVeterinarian");
        put(person, "Identification/NPI", at("ORC-12.1"_v2));
        put(person, "Name/LastName", at("ORC-12.2"_v2));
        put(person, "Name/FirstName", at("ORC-12.3"_v2));
    }
    /// A coded drug with the codes that SCRIPT has a place for.
    void drug(pugi::xml_node to, const char* segment) const {
        const auto field = message_.segment(segment).field(2).repetition(1);
        const auto part = [&](std::size_t n) { return field.component(n).value().text(); };
        auto description = part(9);
        if (description.empty()) description = part(2);
        put(to, "DrugDescription", description);
        for (const std::size_t first : {std::size_t{1}, std::size_t{4}}) {
            const auto system = part(first + 2);
            if (system == "NDC") {
                put(to, "DrugCoded/ProductCode/Code", part(first));
                put(to, "DrugCoded/ProductCode/Qualifier", "ND");
            } else if (system == "RXNORM" || system == "RxNorm" || system == "RXN") {
                put(to, "DrugCoded/DrugDBCode/Code", part(first));
                put(to, "DrugCoded/DrugDBCode/Qualifier", "SCD");
            }
        }
    }
    void quantity(pugi::xml_node to, const std::string& value, const std::string& unit) const {
        put(to, "Quantity/Value", value);
        put(to, "Quantity/CodeListQualifier", value.empty() ? "" : "38");
        put(to, "Quantity/QuantityUnitOfMeasure/Code", value.empty() ? "" : unit_code(unit));
    }
    void prescribed(pugi::xml_node content) const {
        auto to = make(content, name_ == "RxRenewalRequest"    ? "MedicationDispensed"
                                : name_ == "RxRenewalResponse" ? "MedicationResponse"
                                                               : "MedicationPrescribed");
        drug(to, "RXE");
        quantity(to, at("RXE-10"_v2), at("RXE-11.1"_v2));
        if (at("TQ1-6.2"_v2) == "d" || at("TQ1-6.2"_v2) == "D") put(to, "DaysSupply", at("TQ1-6.1"_v2));
        const auto written = at("RXE-32"_v2).empty() ? at("ORC-9"_v2) : at("RXE-32"_v2);
        put(to, "WrittenDate/Date", date_of(written));
        const auto substitution = at("RXE-9.1"_v2);
        put(to, "Substitutions", substitution == "1" || substitution == "N" ? "1" : substitution.empty() ? "" : "0");
        put(to, "NumberOfRefills", at("RXE-12"_v2));
        auto sig = at("RXE-7.2"_v2);
        if (sig.empty()) sig = at("TQ1-11"_v2);
        put(to, "Sig/SigText", sig);
        put(to, "Note", at("NTE-3"_v2));
        if (const auto code = at("RXE-27.1"_v2); !code.empty()) {
            put(to, "Diagnosis/ClinicalInformationQualifier", "1");
            put(to, "Diagnosis/Primary/Code", code);
            put(to, "Diagnosis/Primary/Qualifier", "ABF");
            put(to, "Diagnosis/Primary/Description", at("RXE-27.2"_v2));
        }
    }
    void dispensed(pugi::xml_node content) const {
        const auto status = at("ORC-5"_v2);
        make(content, status == "A"    ? "FillStatus/PartiallyDispensed"
                      : status == "CA" ? "FillStatus/NotDispensed"
                                       : "FillStatus/Dispensed");
        auto to = make(content, "MedicationDispensed");
        drug(to, "RXD");
        quantity(to, at("RXD-4"_v2), at("RXD-5.1"_v2));
        put(to, "DaysSupply", at("RXD-12"_v2));
        put(to, "LastFillDate/Date", date_of(at("RXD-3"_v2)));
    }

    std::string_view name_;
    const MessageView& message_;
    std::string_view sent_time_;
    pugi::xml_document document_;
};

}  // namespace

std::string_view v2_name(std::string_view script_name) noexcept {
    for (const auto& [name, v2] : names)
        if (name == script_name) return v2;
    return {};
}

bool is_controlled(std::string_view schedule) noexcept {
    if (schedule.starts_with('C') && schedule.size() <= 4) schedule.remove_prefix(1);
    constexpr std::array<std::string_view, 12> controlled = {"2",  "3", "4",     "5",     "II",    "III",
                                                             "IV", "V", "48675", "48676", "48677", "48679"};
    if (schedule.starts_with("C486")) schedule.remove_prefix(1);
    return std::find(controlled.begin(), controlled.end(), schedule) != controlled.end();
}

Written write(std::string_view script_name, const hl7v2::MessageView& message, std::string_view sent_time) {
    return Writer(script_name, message, sent_time).run();
}

}  // namespace causeway::exchange::script
