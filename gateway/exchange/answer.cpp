#include "gateway/exchange/answer.hpp"

#include <array>
#include <utility>

#include "hl7v2/message_view.hpp"
#include "hl7v2/sequence.hpp"

namespace causeway::exchange {
namespace {

using namespace hl7v2::literals;

constexpr std::array<std::pair<std::string_view, AnswerCode>, 6> codes = {{{"AA", AnswerCode::aa},
                                                                           {"AE", AnswerCode::ae},
                                                                           {"AR", AnswerCode::ar},
                                                                           {"CA", AnswerCode::ca},
                                                                           {"CE", AnswerCode::ce},
                                                                           {"CR", AnswerCode::cr}}};

AnswerCode code_of(std::string_view text) noexcept {
    for (const auto& [name, code] : codes) {
        if (name == text) return code;
    }
    return AnswerCode::other;
}

/// ERR-3 from 2.5 on, ERR-1.4 (ELD.4) before, MSA-6 in either.
std::string error_code(const hl7v2::MessageView& message) {
    for (const auto& path : {"ERR-3.1"_v2, "ERR-1.4.1"_v2, "MSA-6.1"_v2}) {
        auto text = message.at(path).text();
        if (!text.empty()) return text.substr(0, 20);
    }
    return {};
}

}  // namespace

std::optional<Answer> read_answer(std::string_view bytes) {
    const auto message = hl7v2::MessageView::parse(bytes, {{}, hl7v2::Tolerances::all()});
    if (message.has_error() || !message->segment("MSA")) return std::nullopt;
    Answer answer;
    answer.code = code_of(message->at("MSA-1"_v2).text());
    answer.control_id = message->at("MSA-2"_v2).text();
    answer.message_type = std::string(message->message_type());
    answer.expected_sequence = hl7v2::sequence::parse(message->at("MSA-4"_v2).raw());
    if (answer.code != AnswerCode::aa && answer.code != AnswerCode::ca) answer.error_code = error_code(*message);
    return answer;
}

bool says_more(std::string_view answer) {
    const auto read = read_answer(answer);
    return read && !read->message_type.empty() && read->message_type != "ACK" && read->message_type != "MCF";
}

std::string_view to_string(AnswerCode code) noexcept {
    for (const auto& [name, known] : codes) {
        if (known == code) return name;
    }
    return "??";
}

}  // namespace causeway::exchange
