#include "gateway/exchange/partner_query.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "hl7v2/builder.hpp"

namespace causeway::exchange {
namespace {

using namespace hl7v2::literals;

struct Form {
    QueryKind kind;
    std::string_view name;
    std::string_view message;  ///< MSH-9
    std::string_view query;    ///< QPD-1
    std::string_view profile;  ///< MSH-21
    std::string_view limit;    ///< RCP-2
};
constexpr std::array<Form, 4> forms = {
    {{QueryKind::pix, "pix", "QBP^Q23^QBP_Q21", "IHE PIX Query", "", ""},
     {QueryKind::pdq, "pdq", "QBP^Q22^QBP_Q21", "IHE PDQ Query", "", "10^RD"},
     {QueryKind::history, "history", "QBP^Q11^QBP_Q11", "Z34^Request Immunization History^CDCPHINVS", "Z34^CDCPHINVS",
      "20^RD"},
     {QueryKind::forecast, "forecast", "QBP^Q11^QBP_Q11", "Z44^Request Evaluated History and Forecast^CDCPHINVS",
      "Z44^CDCPHINVS", "20^RD"}}};

const Form& form_of(QueryKind kind) {
    return *std::find_if(forms.begin(), forms.end(), [kind](const Form& each) { return each.kind == kind; });
}

/// The number of a patient that the partner is most likely to know.
std::string_view number_for(const Partner& partner, const hl7v2::MessageView& message) {
    const auto numbers = message.field("PID-3"_v2);
    for (std::size_t i = 1; i <= numbers.repetition_count(); ++i) {
        const auto authority = numbers.repetition(i).component(4);
        for (const auto& known : partner.authorities)
            if ((!known.namespace_id.empty() && authority.value().text() == known.namespace_id) ||
                (!known.universal_id.empty() && authority.subcomponent(2).text() == known.universal_id))
                return numbers.repetition(i).raw();
    }
    return numbers.repetition(1).raw();
}

std::string_view raw_of(const hl7v2::MessageView& message, const hl7v2::Path& path) {
    return message.field(path).repetition(1).raw();
}

/// ITI-21: `@PID.5.1^DOE~@PID.7^19800101`, of what is known.
std::string demographics(const hl7v2::MessageView& message) {
    const auto marks = message.delimiters();
    std::string out;
    const auto add = [&](std::string_view name, std::string_view raw) {
        if (raw.empty()) return;
        if (!out.empty()) out += marks.repetition;
        out.append(name).append(1, marks.component).append(raw);
    };
    const auto name = message.field("PID-5"_v2).repetition(1);
    add("@PID.5.1", name.component(1).value().raw());
    add("@PID.5.2", name.component(2).raw());
    add("@PID.7", message.field("PID-7"_v2).raw().substr(0, 8));
    add("@PID.8", raw_of(message, "PID-8"_v2));
    return out;
}

}  // namespace

std::optional<QueryKind> query_kind(std::string_view text) noexcept {
    for (const auto& each : forms)
        if (each.name == text) return each.kind;
    return std::nullopt;
}

MadeMessage make_query(const mappings::MapSet& maps, const Partner& partner, QueryKind kind,
                       const fhir::DocumentPtr& patient, const MessageParties& parties) {
    MadeMessage made;
    if (partner.fhir || (partner.http && partner.http->format != "er7")) {
        made.fault = "the partner takes no HL7 v2";
        return made;
    }
    made = make_message(maps, partner, "ADT^A31^ADT_A05", {patient}, parties);
    if (!made.fault.empty()) return made;
    const auto view = hl7v2::MessageView::parse(made.bytes);
    if (view.has_error() || raw_of(*view, "PID-3"_v2).empty()) {
        made.fault = "the patient has no identifier";
        return made;
    }
    const auto& form = form_of(kind);
    auto builder = hl7v2::MessageBuilder::edit(*view);
    while (builder.size() > 1) builder.remove(builder.size() - 1);
    builder.set_raw("MSH-9"_v2, form.message);
    builder.set_raw("MSH-21"_v2, form.profile);
    // the answer is the application's: a partner in enhanced mode is not asked for another acknowledgement before it
    const bool enhanced = partner.acknowledgement != AcknowledgementMode::original;
    builder.set("MSH-15"_v2, enhanced ? "NE" : "");
    builder.set("MSH-16"_v2, enhanced ? "AL" : "");
    auto question = builder.append("QPD");
    question.set_raw(hl7v2::Position{1}, form.query);
    question.set(2, parties.control_id);
    if (kind == QueryKind::pix) {
        question.set_raw(hl7v2::Position{3}, number_for(partner, *view));
    } else if (kind == QueryKind::pdq) {
        question.set_raw(hl7v2::Position{3}, demographics(*view));
    } else {
        question.set_raw(hl7v2::Position{3}, view->field("PID-3"_v2).raw());
        question.set_raw(hl7v2::Position{4}, raw_of(*view, "PID-5"_v2));
        question.set_raw(hl7v2::Position{5}, raw_of(*view, "PID-6"_v2));
        question.set_raw(hl7v2::Position{6}, raw_of(*view, "PID-7"_v2));
        question.set_raw(hl7v2::Position{7}, raw_of(*view, "PID-8"_v2));
        question.set_raw(hl7v2::Position{8}, raw_of(*view, "PID-11"_v2));
        question.set_raw(hl7v2::Position{9}, raw_of(*view, "PID-13"_v2));
        question.set_raw(hl7v2::Position{10}, raw_of(*view, "PID-24"_v2));
        question.set_raw(hl7v2::Position{11}, raw_of(*view, "PID-25"_v2));
    }
    auto limits = builder.append("RCP");
    limits.set(1, "I");
    limits.set_raw(hl7v2::Position{2}, form.limit);
    made.bytes = builder.text();
    made.kind = form.message.substr(0, 7);
    return made;
}

std::optional<IndexAnswer> read_index_answer(const Envelope& envelope, std::string_view question) {
    const bool pix = envelope.event == "K23", pdq = envelope.event == "K22";
    if (envelope.message == nullptr || envelope.type != "RSP" || (!pix && !pdq)) return std::nullopt;
    IndexAnswer answer;
    const auto& view = envelope.message->view();
    for (const auto segment : view) {
        if (segment.name() != "PID") continue;
        ++answer.patients;
        answer.identifiers += segment.field(3).repetition_count();
    }
    if (!pix || answer.patients != 1 || answer.identifiers == 0 || envelope.partner == nullptr ||
        !envelope.partner->cross_references)
        return answer;
    const auto asked = hl7v2::MessageView::parse(question);
    if (asked.has_error() || asked->at("MSH-9.2"_v2).raw() != "Q23") return answer;
    const auto number = raw_of(*asked, "QPD-3"_v2);
    if (number.empty()) return answer;
    auto builder = hl7v2::MessageBuilder::edit(view);
    // ITI-9 answers with a PID of numbers alone: a name in it is nothing that was asked for
    for (std::size_t i = builder.size(); i-- > 1;)
        if (builder.segment(i).name() != "PID" && builder.segment(i).name() != "MSA") builder.remove(i);
    const auto numbers = std::string(number) + view.delimiters().repetition + std::string(view.field("PID-3"_v2).raw());
    const auto pid = builder.find("PID");
    builder.remove(pid);
    builder.append("PID").set_raw(hl7v2::Position{3}, numbers);
    auto built = builder.build();
    if (built.has_value()) answer.cross_reference = std::make_unique<const hl7v2::Message>(std::move(*built));
    return answer;
}

}  // namespace causeway::exchange
