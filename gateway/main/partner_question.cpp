#include "gateway/main/partner_question.hpp"

#include <fmt/core.h>

#include <chrono>
#include <thread>

#include "fhir/json/json.hpp"
#include "gateway/main/admin_client.hpp"
#include "hl7v2/message.hpp"
#include "hl7v2/path.hpp"

namespace causeway {
namespace {

using namespace hl7v2::literals;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds between_looks{100};

/// `identifier 123 NORTH MR`, `immunization 20260302 207 COVID-19 ...`
void print_answer(const hl7v2::MessageView& answer) {
    fmt::print("answer {} {} {}\n", answer.at("MSA-1"_v2).text(), answer.at("QAK-2"_v2).text(),
               answer.at("MSH-21.1"_v2).text());
    for (const auto segment : answer) {
        if (segment.name() == "ERR") fmt::print("error {}\n", segment.field(3).value().text());
        if (segment.name() == "PID") {
            fmt::print("patient {} {} {}\n", segment.field(5).component(1).value().text(),
                       segment.field(5).component(2).value().text(), segment.field(7).value().text());
            const auto numbers = segment.field(3);
            for (std::size_t i = 1; i <= numbers.repetition_count(); ++i) {
                const auto number = numbers.repetition(i);
                const auto authority = number.component(4);
                const auto name = authority.value().text();
                fmt::print("identifier {} {} {}\n", number.value().text(),
                           name.empty() ? authority.subcomponent(2).text() : name, number.component(5).value().text());
            }
        }
        if (segment.name() == "RXA")
            fmt::print("immunization {} {} {}\n", segment.field(3).value().text(), segment.field(5).value().text(),
                       segment.field(5).component(2).value().text());
    }
}

}  // namespace

Exit ask_partner_blocking(const Startup& startup, const PartnerQuestion& question) {
    const auto complain = [&](const std::string& what) {
        fmt::print(stderr, "causeway: partner query: {}\n", what);
        return Exit::failed;
    };
    auto answer = ask_gateway(
        startup.config,
        "/admin/outbox/" + question.partner + "/ask?kind=" + question.kind + "&patient=" + question.patient, "POST");
    if (answer.status == 0) return complain("the gateway cannot be asked: " + answer.body);
    if (answer.status != 200) {
        fmt::print("{}\n", answer.body);
        return Exit::bad_data;
    }
    const auto queued = fhir::parse_json(answer.body);
    if (queued.has_error()) return complain("the gateway's answer cannot be read");
    const std::string row((*queued)->root()["id"].text());
    const auto until = Clock::now() + std::chrono::milliseconds(question.time_ms);
    for (;;) {
        answer = ask_gateway(startup.config, "/admin/outbox/" + row, "GET");
        if (answer.status != 200) return complain("the gateway cannot be asked: " + answer.body);
        const auto now = fhir::parse_json(answer.body);
        if (now.has_error()) return complain("the gateway's answer cannot be read");
        const std::string state((*now)->root()["state"].text());
        if (state != "pending") {
            const std::string bytes((*now)->root()["acknowledgement"].text());
            const auto message = hl7v2::MessageView::parse(bytes, {{}, hl7v2::Tolerances::all()});
            if (message.has_value()) print_answer(*message);
            if (state == "delivered") return Exit::good;
            fmt::print(stderr, "causeway: partner query: {} {}\n", state, (*now)->root()["note"].text());
            return Exit::bad_data;
        }
        if (Clock::now() > until)
            return complain("no answer yet; it will stand in /admin/outbox/" + row + " and in /admin/messages");
        std::this_thread::sleep_for(between_looks);
    }
}

}  // namespace causeway
