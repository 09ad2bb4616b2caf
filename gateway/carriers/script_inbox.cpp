#include "gateway/carriers/script_inbox.hpp"

#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "gateway/exchange/script/script_reader.hpp"
#include "gateway/exchange/v2_time.hpp"
#include "gateway/http/fresh_answer.hpp"

namespace causeway::carriers {

namespace script = exchange::script;

std::optional<http::Response> ScriptInbox::screen(http::Request& head) {
    if (head.method != http::Method::post) {
        auto response = http::outcome_response(405, "not-supported", "SCRIPT messages are POSTed here");
        response.headers.add("Allow", "POST");
        return response;
    }
    const auto type = head.headers.get("Content-Type");
    if (type.find("xml") == std::string_view::npos)
        return http::outcome_response(415, "not-supported", "The body must be application/xml");
    return std::nullopt;
}

ScriptInbox::Said ScriptInbox::answer_blocking(std::string bytes, const exchange::Arrival& arrival) const {
    using Outcome = exchange::Receipt::Outcome;
    if (!script::is_script(bytes)) return {400, script::make_error({}, "900", "the message is no SCRIPT XML")};
    auto parties = script::to_v2(bytes).parties;
    const auto receipt = inbox_.accept_blocking(std::move(bytes), arrival);
    if (received_) received_(receipt);
    parties.message_id = receipt.correlation;
    parties.sent_time = exchange::fhir_instant(clock_.now_us());
    switch (receipt.outcome) {
        case Outcome::processed:
        case Outcome::held:
        case Outcome::duplicate:
            return {200, script::make_status(parties, "010")};
        case Outcome::not_stored:
            return {503, script::make_error(parties, "600", "the message could not be stored; send it again")};
        case Outcome::failed:
        case Outcome::rejected:
            break;
    }
    return {200, script::make_error(parties, "900", receipt.note)};
}

void ScriptInbox::handle(http::Request request, http::Reply reply) {
    if (auto refused = screen(request)) return reply(std::move(*refused));
    struct Job {
        http::Request request;
        http::Reply reply;
        const ScriptInbox& self;
    };
    auto job = std::make_shared<Job>(Job{std::move(request), std::move(reply), *this});
    boost::asio::post(pool_, [job] {
        const auto& peer = job->request.peer;
        auto said = job->self.answer_blocking(
            std::move(job->request.body),
            {"script", peer ? peer->address : std::string(), peer ? peer->certificate : nullptr});
        job->reply(http::fresh_answer(said.status, "application/xml; charset=utf-8", std::move(said.body)));
    });
}

}  // namespace causeway::carriers
