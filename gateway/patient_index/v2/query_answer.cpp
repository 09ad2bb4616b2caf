#include "gateway/patient_index/v2/query_answer.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "fhir/json/json.hpp"
#include "gateway/patient_index/identity.hpp"
#include "gateway/patient_index/person_lookup.hpp"
#include "gateway/patient_index/v2/demographics_query.hpp"
#include "gateway/patient_index/v2/pid_segment.hpp"

namespace causeway::patient_index::v2 {
namespace {

using exchange::QueryAnswer;
using hl7v2::AckCode;
using hl7v2::ErrorCode;
using hl7v2::Position;

constexpr std::size_t page_max = 100, page_default = 100;

/// Shows the identifiers of the asked domains; of all if none was asked: the configured ones, or every one where none
/// is configured.
DomainFilter filter_of(const std::vector<std::string>& asked, const Authorities& authorities) {
    return [asked, &authorities](std::string_view system) {
        if (system.empty()) return false;
        if (asked.empty()) return !authorities.configured() || authorities.find_system(system) != nullptr;
        return std::find(asked.begin(), asked.end(), system) != asked.end();
    };
}

fhir::DocumentPtr golden_of(storage::Reader& reader, storage::PersonId person, const Authorities& authorities) {
    const auto number = person_identifier(person);
    return golden_record(members_of(reader, person), {authorities.own().system, number, false, authorities.trusted()});
}

/// PID-21, and PID-6 if the mother is a patient of ours and nobody said her name.
void tell_mother(storage::Reader& reader, hl7v2::SegmentWriter& pid, fhir::Element related,
                 const Authorities& authorities) {
    write_mother(pid, related, authorities);
    if (pid.view().field(6).valued()) return;
    for (const auto identifier : related["identifier"].items()) {
        const auto mother = person_by_identifier(reader, identifier["system"].text(), identifier["value"].text(),
                                                 authorities.own().system);
        if (mother == 0) continue;
        const auto golden = golden_of(reader, mother, authorities);
        for (const auto name : golden->root()["name"].items()) {
            pid.set(Position{6, 1, 1, 0}, name["family"].text());
            pid.set(Position{6, 1, 2, 0}, name["given"].first().text());
            break;
        }
        return;
    }
}

/// RCP-2: `10^RD`. DSC-1: where the page before ended.
struct Page {
    std::size_t size = page_default, from = 0;

    explicit Page(const hl7v2::MessageView& message) {
        if (const auto rcp = message.segment("RCP")) {
            const auto text = rcp.field(2).value().text();
            std::size_t asked = 0;
            std::from_chars(text.data(), text.data() + text.size(), asked);
            if (asked > 0) size = std::min(asked, page_max);
        }
        if (const auto dsc = message.segment("DSC")) {
            const auto text = dsc.field(1).value().text();
            std::from_chars(text.data(), text.data() + text.size(), from);
        }
    }
};

}  // namespace

QueryResponse::QueryResponse(const exchange::Envelope& envelope, const exchange::ReplyContext& context,
                             std::string_view type, std::string_view structure)
    : envelope_(envelope),
      context_(context),
      type_(type),
      structure_(structure),
      body_(envelope.message->view().delimiters()) {
    texts_.reserve(4);
}

void QueryResponse::fail(ErrorCode code, Position position, std::string_view text) {
    failed_ = true;
    if (errors_.size() == texts_.capacity()) return;
    hl7v2::ErrEntry entry;
    entry.code = code;
    entry.segment = "QPD";
    entry.segment_sequence = 1;
    entry.position = position;
    entry.user_message = texts_.emplace_back(text);
    errors_.push_back(entry);
}

std::vector<std::string> QueryResponse::asked_domains(std::uint16_t field, const Authorities& authorities) {
    std::vector<std::string> out;
    std::uint16_t repetition = 0;
    for (const auto cx : envelope_.message->view().segment("QPD").field(field).repetitions()) {
        ++repetition;
        if (!cx.valued()) continue;
        auto system = authorities.system_of(cx.component(4));
        if (system.empty())
            fail(ErrorCode::unknown_key, Position{field, repetition, 0, 0}, "unknown domain");
        else
            out.push_back(std::move(system));
    }
    return out;
}

QueryAnswer QueryResponse::finish(bool found) {
    const auto& query = envelope_.message->view();
    const auto qpd = query.segment("QPD");
    const auto code = failed_ ? AckCode::ae : AckCode::aa;
    const auto text = hl7v2::acknowledge(query, code, errors_,
                                         {.now = context_.now,
                                          .control_id = context_.application_control_id,
                                          .accept_mode = envelope_.enhanced() ? "NE" : ""});
    const auto acknowledgement = hl7v2::MessageView::parse(text);
    auto out = hl7v2::MessageBuilder::edit(*acknowledgement);
    auto header = out.header();
    header.set(Position{9, 1, 1, 0}, "RSP").set(Position{9, 1, 2, 0}, type_).set(Position{9, 1, 3, 0}, structure_);
    auto qak = out.append("QAK");
    qak.set(1, qpd.field(2).value().text());
    qak.set(2, failed_ ? "AE" : found ? "OK" : "NF");
    if (qpd.field(1).valued()) qak.set_raw(Position{3}, qpd.field(1).raw());
    if (counted_ && !failed_) {
        qak.set(4, std::to_string(total_)).set(5, std::to_string(here_)).set(6, std::to_string(total_ - here_));
    }
    out.insert_raw(out.size(), qpd.raw());
    if (!failed_)
        for (std::size_t i = 1; i < body_.size(); ++i) out.insert_raw(out.size(), body_.segment(i).view().raw());
    return {out.text(), std::string(hl7v2::text(code)), failed_ ? texts_.front() : found ? "" : "nothing found"};
}

QueryAnswer answer_identifiers(storage::Reader& reader, const exchange::Envelope& envelope,
                               const exchange::ReplyContext& context, const Authorities& authorities) {
    QueryResponse response(envelope, context, "K23", "RSP_K23");
    const auto asked_id = envelope.message->view().segment("QPD").field(3).repetition(1);
    const auto system = authorities.system_of(asked_id.component(4));
    const auto value = asked_id.value().text();
    const auto wanted = response.asked_domains(4, authorities);
    storage::PersonId person = 0;
    if (system.empty()) {
        response.fail(ErrorCode::unknown_key, Position{3, 1, 4, 0}, "unknown domain");
    } else {
        person = value.empty() ? 0 : person_by_identifier(reader, system, value, authorities.own().system);
        if (person == 0) response.fail(ErrorCode::unknown_key, Position{3, 1, 1, 0}, "unknown patient identifier");
    }
    if (response.failed()) return response.finish(false);
    const auto golden = golden_of(reader, person, authorities);
    auto pid = response.body().append("PID");
    const auto count = write_identifiers(pid, golden->root(), authorities, filter_of(wanted, authorities));
    // ITI-9: no name is told, only that there is one
    pid.set_raw(Position{5}, std::string(1, pid.view().delimiters().repetition) +
                                 std::string(6, pid.view().delimiters().component) + "S");
    if (count == 0) response.body().remove(response.body().size() - 1);
    return response.finish(count > 0);
}

QueryAnswer answer_demographics(storage::Reader& reader, const exchange::Envelope& envelope,
                                const exchange::ReplyContext& context, const Authorities& authorities) {
    QueryResponse response(envelope, context, "K22", "RSP_K21");
    const auto& message = envelope.message->view();
    const auto query = DemographicsQuery::read(message.segment("QPD"));
    const auto wanted = response.asked_domains(8, authorities);
    if (query.fault_repetition)
        response.fail(ErrorCode::internal_error, Position{3, query.fault_repetition, 0, 0}, "unknown query parameter");
    else if (query.empty())
        response.fail(ErrorCode::required_field_missing, Position{3}, "the query asks for nothing");
    if (response.failed()) return response.finish(false);
    const auto found = find_patients(reader, query, authorities);
    if (found.too_many) {
        response.fail(ErrorCode::application_error, Position{3}, "too many patients fit: ask for more");
        return response.finish(false);
    }
    // one entry for each person, the best of its records counting
    std::vector<std::pair<double, storage::PersonId>> persons;
    std::map<storage::PersonId, bool> seen;
    for (const auto& hit : found.hits)
        if (const auto person = person_of(reader, hit.record); person && seen.emplace(person, true).second)
            persons.emplace_back(hit.confidence, person);
    std::sort(persons.begin(), persons.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    const Page page(message);
    const auto shown = filter_of(wanted, authorities);
    std::size_t position = 0, written = 0, total = 0;
    for (const auto& [confidence, person] : persons) {
        const auto golden = golden_of(reader, person, authorities);
        hl7v2::MessageBuilder scratch(message.delimiters());
        auto pid = scratch.append("PID");
        if (write_identifiers(pid, golden->root(), authorities, shown) == 0) continue;
        ++total;
        if (position++ < page.from || written == page.size) continue;
        pid.set(1, std::to_string(position));
        write_demographics(pid, golden->root());
        for (const auto link : golden->root()["link"].items()) {
            const auto reference = link["other"]["reference"].text();
            if (!reference.starts_with("RelatedPerson/")) continue;
            const auto stored = reader.read("RelatedPerson", reference.substr(14)).value();
            if (!stored || stored->erased()) continue;
            const auto related = fhir::parse_json(stored->body.json);
            if (related.has_value()) tell_mother(reader, pid, (*related)->root(), authorities);
        }
        response.body().insert_raw(response.body().size(), pid.view().raw());
        auto qri = response.body().append("QRI");
        char text[8];
        const auto end = std::to_chars(text, text + sizeof text, confidence, std::chars_format::fixed, 2);
        qri.set(1, std::string_view(text, static_cast<std::size_t>(end.ptr - text)));
        ++written;
    }
    response.set_hits(total - std::min(total, page.from), written);
    if (page.from + written < total) {
        auto dsc = response.body().append("DSC");
        dsc.set(1, std::to_string(page.from + written)).set(2, "I");
    }
    return response.finish(written > 0);
}

}  // namespace causeway::patient_index::v2
