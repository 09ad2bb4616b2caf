#include "gateway/exchange/outgoing_batch.hpp"

#include <algorithm>
#include <cstring>

#include "hl7v2/batch.hpp"
#include "hl7v2/batch_writer.hpp"
#include "hl7v2/builder.hpp"

namespace causeway::exchange {
namespace {

using namespace hl7v2::literals;

const Outgoing& message_at(const Outgoing& first, std::size_t index) {
    return index == 0 ? first : first.companions[index - 1];
}

/// The answer to one message; false if it answers none of them.
bool take_one(const Answer& answer, const Outgoing& first, BatchAnswers& answers) {
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (message_at(first, i).control_id != answer.control_id) continue;
        answers[i] = answer;
        return true;
    }
    return false;
}

void take_rest(const Answer& answer, BatchAnswers& answers) {
    for (auto& each : answers)
        if (!each) each = answer;
}

bool take_batch(std::string_view bytes, const Outgoing& first, BatchAnswers& answers) {
    hl7v2::BatchReader reader(bytes.size() + 1);
    const auto room = reader.prepare(bytes.size() + 1);
    std::memcpy(room.data(), bytes.data(), bytes.size());
    reader.commit(bytes.size());
    reader.finish();
    hl7v2::BatchCheck check;
    std::vector<Answer> found;
    while (const auto part = reader.next()) {
        check.take(*part);
        if (part->kind != hl7v2::BatchPart::Kind::message) continue;
        auto answer = read_answer(part->bytes);
        if (!answer) return false;
        found.push_back(std::move(*answer));
    }
    check.finish();
    if (!check.issues().empty()) return false;
    const auto& header = check.batch_header() ? check.batch_header() : check.file_header();
    const auto reference = header.view().field(12).whole().text();
    if (!reference.empty() && reference != batch_control_id(first)) return false;
    Answer rest{.code = AnswerCode::aa, .control_id = batch_control_id(first), .message_type = "ACK", .error_code = {}};
    for (const auto& answer : found) {
        if (answer.control_id == batch_control_id(first)) {
            rest = answer;
        } else if (!take_one(answer, first, answers) && reference.empty()) {
            return false;  // a batch of answers to something else
        }
    }
    take_rest(rest, answers);
    return true;
}

}  // namespace

std::string batch_control_id(const Outgoing& first) {
    constexpr std::size_t length_max = 20;  // of BHS-11
    const std::string& id = first.control_id;
    return "B" + (id.size() < length_max ? id : id.substr(id.size() - (length_max - 1)));
}

std::string make_batch(const Partner& partner, const Outgoing& first) {
    std::string out;
    const auto view = hl7v2::MessageView::parse(first.message, {{}, hl7v2::Tolerances::all()});
    const auto delimiters = view ? view->delimiters() : hl7v2::Delimiters{};
    const std::string created = view ? std::string(view->at("MSH-7"_v2).raw()) : std::string();
    const std::string id = batch_control_id(first);
    hl7v2::BatchWriter writer(out, delimiters);
    writer.begin_batch({.sending_application = partner.our_application,
                        .sending_facility = partner.our_facility,
                        .receiving_application = partner.application,
                        .receiving_facility = partner.facility,
                        .creation_time = created,
                        .control_id = id});
    writer.add(first.message);
    for (const auto& each : first.companions) writer.add(each.message);
    writer.end_batch();
    return out;
}

bool take_batch_answer(std::string_view bytes, const Outgoing& first, BatchAnswers& answers) {
    answers.resize(1 + first.companions.size());
    if (bytes.starts_with("BHS") || bytes.starts_with("FHS")) return take_batch(bytes, first, answers);
    const auto answer = read_answer(bytes);
    if (!answer) return false;
    if (answer->control_id != batch_control_id(first)) return take_one(*answer, first, answers);
    take_rest(*answer, answers);
    return true;
}

}  // namespace causeway::exchange
