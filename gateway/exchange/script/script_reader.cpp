#include "gateway/exchange/script/script_reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "gateway/exchange/script/script_xml.hpp"
#include "hl7v2/builder.hpp"

namespace causeway::exchange::script {
namespace {

using hl7v2::MessageBuilder;
using hl7v2::SegmentWriter;

/// "2026-03-02T14:50:00.0Z" or "2026-03-02" -> digits, offset kept.
std::string v2_time_of(std::string_view text) {
    std::string digits;
    const auto time = text.find('T');
    for (const char c : text.substr(0, time))
        if (c >= '0' && c <= '9') digits += c;
    if (time == std::string_view::npos) return digits;
    auto rest = text.substr(time + 1);
    const auto zone = rest.find_first_of("Z+-");
    for (const char c : rest.substr(0, std::min(zone, rest.find('.'))))
        if (c >= '0' && c <= '9') digits += c;
    if (zone == std::string_view::npos) return digits;
    if (rest[zone] == 'Z') return digits + "+0000";
    for (const char c : rest.substr(zone))
        if (c != ':') digits += c;
    return digits;
}

struct Kind {
    std::string_view name, type, event, structure, control;
};
constexpr std::array<Kind, 8> kinds = {{{"NewRx", "RDE", "O11", "RDE_O11", "NW"},
                                        {"CancelRx", "RDE", "O11", "RDE_O11", "CA"},
                                        {"RxRenewalRequest", "RDE", "O11", "RDE_O11", "RF"},
                                        {"RxChangeRequest", "RDE", "O11", "RDE_O11", "XO"},
                                        {"CancelRxResponse", "RRE", "O12", "RRE_O12", ""},
                                        {"RxRenewalResponse", "RRE", "O12", "RRE_O12", ""},
                                        {"RxChangeResponse", "RRE", "O12", "RRE_O12", ""},
                                        {"RxFill", "RDS", "O13", "RDS_O13", "RE"}}};

/// The outcome of a response: its name, or nothing where it cannot be told.
std::string outcome_of(pugi::xml_node response) {
    constexpr std::array<std::string_view, 8> known = {"Denied",  "DenyNewToFollow", "DeniedNewPrescriptionToFollow",
                                                       "Replace", "Approved",        "ApprovedWithChanges",
                                                       "Pending", "Validated"};
    std::string found;
    for (const auto name : known) {
        if (!find(response, "Response/" + std::string(name))) continue;
        if (name == "Denied") return "Denied";
        if (!found.empty()) return {};
        found = name;
    }
    return found;
}

/// ORC-1 of a response; empty: it has none that may be acted on.
std::string_view control_of(std::string_view kind, std::string_view outcome) {
    const bool good =
        outcome == "Approved" || outcome == "ApprovedWithChanges" || outcome == "Validated" || outcome == "Replace";
    const bool bad = outcome.starts_with("Den");
    if (!good && !bad) return {};
    if (kind == "CancelRxResponse") return good ? "CR" : "UC";
    if (kind == "RxRenewalResponse") return good ? "AF" : "DF";
    return good ? "XR" : "UX";
}

class Reader {
public:
    Reader(pugi::xml_node root, pugi::xml_node body, const Kind& kind)
        : header_(find(root, "Header")), content_(body), kind_(kind) {}

    std::string message(std::string_view control) {
        header();
        if (kind_.type == "RRE") answered();
        patient();
        order(control);
        if (kind_.type == "RDS")
            dispense();
        else
            encoded();
        return builder_.text();
    }

private:
    void header() {
        auto msh = builder_.header();
        msh.set({3}, text(header_, "From"));
        msh.set({5}, text(header_, "To"));
        msh.set({7}, v2_time_of(text(header_, "SentTime")));
        msh.set({9, 1, 1}, kind_.type).set({9, 1, 2}, kind_.event).set({9, 1, 3}, kind_.structure);
        msh.set({10}, text(header_, "MessageID"));
        msh.set({11}, "P").set({12}, "2.5.1").set({18}, "UNICODE UTF-8");
    }
    void answered() {
        auto msa = builder_.append("MSA");
        msa.set({1}, "AA").set({2}, text(header_, "RelatesToMessageID"));
    }
    void patient() {
        const auto human = find(content_, "Patient/HumanPatient|Patient");
        if (!human) return;
        auto pid = builder_.append("PID");
        pid.set({1}, "1");
        const auto number = text(human, "Identification/MedicalRecordIdentificationNumberEHR");
        if (!number.empty()) pid.set({3, 1, 1}, number).set({3, 1, 4}, text(header_, "From")).set({3, 1, 5}, "MR");
        name(pid, 5, find(human, "Names/Name|Name"));
        pid.set({7}, v2_time_of(text(human, "DateOfBirth/Date|DateOfBirth")));
        pid.set({8}, text(human, "GenderAndSex/AdministrativeGender|Gender"));
        address(pid, 11, find(human, "Address"));
        const auto phone =
            text(human, "CommunicationNumbers/PrimaryTelephone/Number|CommunicationNumbers/Telephone/Number");
        if (!phone.empty()) pid.set({13, 1, 1}, phone);
    }
    static void name(SegmentWriter segment, std::uint16_t field, pugi::xml_node name, std::uint16_t from = 1) {
        const auto at = [&](std::uint16_t n) {
            return hl7v2::Position{field, 1, static_cast<std::uint16_t>(from + n)};
        };
        segment.set(at(0), text(name, "LastName")).set(at(1), text(name, "FirstName"));
        if (const auto middle = text(name, "MiddleName"); !middle.empty()) segment.set(at(2), middle);
        if (const auto suffix = text(name, "Suffix"); !suffix.empty()) segment.set(at(3), suffix);
        if (const auto prefix = text(name, "Prefix"); !prefix.empty()) segment.set(at(4), prefix);
    }
    static void address(SegmentWriter segment, std::uint16_t field, pugi::xml_node address) {
        if (!address) return;
        segment.set({field, 1, 1}, text(address, "AddressLine1")).set({field, 1, 2}, text(address, "AddressLine2"));
        segment.set({field, 1, 3}, text(address, "City"));
        segment.set({field, 1, 4}, text(address, "StateProvince|State"));
        segment.set({field, 1, 5}, text(address, "PostalCode|ZipCode"));
        segment.set({field, 1, 6}, text(address, "CountryCode"));
    }
    void order(std::string_view control) {
        auto orc = builder_.append("ORC");
        orc.set({1}, control);
        if (kind_.type == "RDS") fill_status(orc);
        orc.set({2}, text(header_, "PrescriberOrderNumber"));
        orc.set({3}, text(header_, "RxReferenceNumber"));
        if (kind_.name == "NewRx") orc.set({9}, v2_time_of(text(medication(), "WrittenDate/Date|WrittenDate")));
        const auto prescriber = find(content_, "Prescriber/NonVeterinarian|Prescriber");
        if (prescriber) {
            const auto npi = text(prescriber, "Identification/NPI");
            if (!npi.empty()) {
                orc.set({12, 1, 1}, npi);
                orc.set({12, 1, 9, 2}, "2.16.840.1.113883.4.6").set({12, 1, 9, 3}, "ISO").set({12, 1, 13}, "NPI");
            }
            name(orc, 12, find(prescriber, "Names/Name|Name"), 2);
        }
        const auto reason = text(content_,
                                 "MessageRequestCode|Response/Denied/ReasonCode|"
                                 "Response/Denied/DenialReasonCode|Response/Denied/DenialReason|"
                                 "FillStatus/NotDispensed/ReasonCode|FillStatus/NotDispensed/Note");
        if (!reason.empty()) orc.set({16, 1, 1}, reason);
    }
    /// How much was dispensed, by ORC-5 (table 0038): all, some, or nothing (with UF, "unable to refill").
    void fill_status(SegmentWriter orc) const {
        if (find(content_, "FillStatus/NotDispensed|FillStatus/Transferred"))
            orc.set({1}, "UF").set({5}, "CA");
        else
            orc.set({5}, find(content_, "FillStatus/PartiallyDispensed|FillStatus/PartialDispensed") ? "A" : "CM");
    }
    /// ApprovedWithChanges: what counts is the medication inside the response.
    pugi::xml_node medication() const {
        return find(content_, "MedicationResponse|MedicationDispensed|MedicationPrescribed|MedicationRequested");
    }
    static void drug(SegmentWriter segment, std::uint16_t field, pugi::xml_node drug) {
        const auto description = text(drug, "DrugDescription");
        auto ndc = text(drug, "Product/DrugCoded/NDC|DrugCoded/NDC");
        if (ndc.empty()) ndc = text(drug, "DrugCoded/ProductCode/Code|Product/DrugCoded/ProductCode/Code");
        const auto rxnorm =
            text(drug, "DrugCoded/DrugDBCode/Code|DrugCoded/DrugDBCode|Product/DrugCoded/DrugDBCode/Code");
        std::uint16_t part = 1;
        const auto coding = [&](const std::string& code, std::string_view system) {
            if (code.empty()) return;
            segment.set({field, 1, part}, code).set({field, 1, static_cast<std::uint16_t>(part + 1)}, description);
            segment.set({field, 1, static_cast<std::uint16_t>(part + 2)}, system);
            part = 4;
        };
        coding(ndc, "NDC");
        coding(rxnorm, "RXNORM");
        if (part == 1) segment.set({field, 1, 2}, description);
        segment.set({field, 1, 9}, description);
    }
    static void unit(SegmentWriter segment, std::uint16_t field, pugi::xml_node drug) {
        const auto code = text(drug, "Quantity/QuantityUnitOfMeasure/Code|Quantity/UnitOfMeasure");
        if (!code.empty()) segment.set({field, 1, 1}, code).set({field, 1, 3}, "NCIT");
    }
    void encoded() {
        const auto prescribed = medication();
        if (!prescribed) return;
        auto rxe = builder_.append("RXE");
        drug(rxe, 2, prescribed);
        if (const auto sig = text(prescribed, "Sig/SigText|Directions"); !sig.empty()) rxe.set({7, 1, 2}, sig);
        rxe.set({9}, text(prescribed, "Substitutions/Substitutions|Substitutions"));
        rxe.set({10}, text(prescribed, "Quantity/Value"));
        unit(rxe, 11, prescribed);
        rxe.set({12}, text(prescribed, "NumberOfRefills|Refills/Value|Refills/Quantity"));
        rxe.set({15}, text(header_, "RxReferenceNumber"));
        diagnosis(rxe, prescribed);
        rxe.set({32}, v2_time_of(text(prescribed, "WrittenDate/Date|WrittenDate")));
        if (const auto schedule = schedule_of(prescribed); !schedule.empty()) rxe.set({35, 1, 1}, schedule);
        const auto pharmacy = find(content_, "Pharmacy");
        if (pharmacy) {
            rxe.set({40, 1, 1}, text(pharmacy, "BusinessName"));
            rxe.set({40, 1, 10}, text(pharmacy, "Identification/NCPDPID"));
        }
        note(prescribed);
        days(prescribed);
    }
    void diagnosis(SegmentWriter rxe, pugi::xml_node drug) const {
        const auto code = text(drug, "Diagnosis/Primary/Code|Diagnosis/Primary/Value");
        if (code.empty()) return;
        rxe.set({27, 1, 1}, code).set({27, 1, 2}, text(drug, "Diagnosis/Primary/Description"));
        rxe.set({27, 1, 3}, "I10C");
    }
    static std::string schedule_of(pugi::xml_node drug) {
        return text(drug,
                    "DrugCoded/DEASchedule/Code|Product/DrugCoded/DEASchedule/Code|DEASchedule/Code|DEASchedule|"
                    "DrugCoded/DEASchedule");
    }
    void note(pugi::xml_node drug) {
        const auto said = text(drug, "Note");
        if (said.empty()) return;
        auto nte = builder_.append("NTE");
        nte.set({1}, "1").set({3}, said);
    }
    void days(pugi::xml_node drug) {
        const auto supply = text(drug, "DaysSupply");
        if (supply.empty()) return;
        auto tq1 = builder_.append("TQ1");
        tq1.set({1}, "1").set({6, 1, 1}, supply).set({6, 1, 2, 1}, "d");
    }
    void dispense() {
        const auto given = medication();
        auto rxd = builder_.append("RXD");
        rxd.set({1}, "1");
        drug(rxd, 2, given);
        rxd.set({3}, v2_time_of(text(given, "LastFillDate/Date|LastFillDate|WrittenDate/Date|WrittenDate")));
        if (text(given, "LastFillDate/Date|LastFillDate|WrittenDate/Date|WrittenDate").empty())
            rxd.set({3}, v2_time_of(text(header_, "SentTime")));
        rxd.set({4}, text(given, "Quantity/Value"));
        unit(rxd, 5, given);
        rxd.set({7}, text(header_, "RxReferenceNumber"));
        rxd.set({9}, text(content_,
                          "FillStatus/Dispensed/Note|FillStatus/PartiallyDispensed/Note|FillStatus/Transferred/Note"));
        rxd.set({12}, text(given, "DaysSupply"));
    }

    MessageBuilder builder_;
    pugi::xml_node header_, content_;
    const Kind& kind_;
};

std::string acknowledgement(pugi::xml_node header, std::string_view code, std::string_view error) {
    MessageBuilder builder;
    auto msh = builder.header();
    msh.set({3}, text(header, "From")).set({5}, text(header, "To"));
    msh.set({7}, v2_time_of(text(header, "SentTime")));
    msh.set({9}, "ACK").set({10}, text(header, "MessageID")).set({11}, "P").set({12}, "2.5.1");
    auto msa = builder.append("MSA");
    msa.set({1}, code).set({2}, text(header, "RelatesToMessageID"));
    if (!error.empty()) builder.append("ERR").set({3, 1, 1}, error).set({4}, "E");
    return builder.text();
}

}  // namespace

bool is_script(std::string_view bytes) noexcept {
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    for (int i = 0; i < 16; ++i) {
        while (!bytes.empty() && std::isspace(static_cast<unsigned char>(bytes.front())) != 0) bytes.remove_prefix(1);
        if (bytes.starts_with("<?") || bytes.starts_with("<!--")) {
            const auto end = bytes.find('>');
            if (end == std::string_view::npos) return false;
            bytes.remove_prefix(end + 1);
            continue;
        }
        if (!bytes.starts_with('<')) return false;
        auto name = bytes.substr(1, bytes.find_first_of(" \t\r\n/>", 1) - 1);
        if (const auto prefix = name.find(':'); prefix != std::string_view::npos) name.remove_prefix(prefix + 1);
        return name == "Message";
    }
    return false;
}

Twin to_v2(std::string_view xml) {
    Twin twin;
    pugi::xml_document document;
    const auto refuse = [&](std::string_view code, std::string why) {
        twin.error_code = code;
        twin.error = std::move(why);
        return std::move(twin);
    };
    if (!load(document, xml)) return refuse("900", "the message is no well-formed SCRIPT XML");
    const auto root = document.document_element();
    const auto header = find(root, "Header");
    twin.parties.to = text(header, "From");
    twin.parties.to_qualifier = find(header, "From").attribute("Qualifier").value();
    twin.parties.from = text(header, "To");
    twin.parties.from_qualifier = find(header, "To").attribute("Qualifier").value();
    twin.parties.relates_to = text(header, "MessageID");
    pugi::xml_node content;
    for (const auto each : find(root, "Body").children()) {
        if (each.type() != pugi::node_element) continue;
        if (content) return refuse("900", "the body holds more than one message");
        content = each;
    }
    twin.kind = std::string(local_name(content));
    if (twin.parties.relates_to.empty()) return refuse("900", "MessageID is missing");
    if (twin.kind == "Status" || twin.kind == "Verify") {
        twin.er7 = acknowledgement(header, "AA", {});
        return twin;
    }
    if (twin.kind == "Error") {
        const auto code = text(content, "Code");
        twin.er7 = acknowledgement(header, code == "600" ? "AE" : "AR", code);
        return twin;
    }
    const auto kind =
        std::find_if(kinds.begin(), kinds.end(), [&](const Kind& each) { return each.name == twin.kind; });
    if (kind == kinds.end()) return refuse("900", "this transaction is not supported");
    auto control = kind->control;
    if (control.empty()) {
        const auto outcome = outcome_of(content);
        control = control_of(kind->name, outcome);
        if (control.empty() && outcome == "Pending") control = "SC";
        if (control.empty()) return refuse("900", "the outcome of the response is not recognised, or there are two");
    }
    twin.er7 = Reader(root, content, *kind).message(control);
    return twin;
}

}  // namespace causeway::exchange::script
