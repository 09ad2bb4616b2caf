#include "gateway/exchange/script/script_answer.hpp"

#include "gateway/exchange/script/script_xml.hpp"

namespace causeway::exchange::script {
namespace {

pugi::xml_node begin_answer(pugi::xml_document& document, const Parties& parties) {
    auto root = begin_message(document);
    auto header = root.child("Header");
    auto to = make(header, "To");
    to.append_attribute("Qualifier") = parties.to_qualifier.empty() ? "D" : parties.to_qualifier.c_str();
    to.text().set(parties.to.c_str());
    auto from = make(header, "From");
    from.append_attribute("Qualifier") = parties.from_qualifier.empty() ? "P" : parties.from_qualifier.c_str();
    from.text().set(parties.from.c_str());
    put(header, "MessageID", parties.message_id);
    put(header, "RelatesToMessageID", parties.relates_to);
    put(header, "SentTime", parties.sent_time);
    return root.child("Body");
}

}  // namespace

std::optional<Answer> read_answer(std::string_view xml) {
    pugi::xml_document document;
    if (!load(document, xml)) return std::nullopt;
    const auto root = document.document_element();
    Answer answer;
    answer.relates_to = text(root, "Header/RelatesToMessageID");
    const auto body = find(root, "Body");
    if (const auto error = find(body, "Error")) {  // looked for first: two answers at once are never a good one
        answer.code = text(error, "Code");
        return answer;
    }
    if (const auto good = find(body, "Status|Verify")) {
        answer.accepted = true;
        answer.code = text(good, "Code|VerifyStatus/Code");
        return answer;
    }
    return std::nullopt;
}

std::string make_status(const Parties& parties, std::string_view code) {
    pugi::xml_document document;
    put(begin_answer(document, parties), "Status/Code", code);
    return print(document);
}

std::string make_error(const Parties& parties, std::string_view code, std::string_view description) {
    pugi::xml_document document;
    auto body = begin_answer(document, parties);
    put(body, "Error/Code", code);
    put(body, "Error/Description", description);
    return print(document);
}

}  // namespace causeway::exchange::script
