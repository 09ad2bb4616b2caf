#include "gateway/carriers/http_inbox.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "gateway/http/fresh_answer.hpp"

namespace causeway::carriers {
namespace {

constexpr std::string_view er7 = "application/hl7-v2+er7";

bool is_er7(std::string_view type) {
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    return http::equal_ignoring_case(type, er7) || http::equal_ignoring_case(type, "x-application/hl7-v2+er7") ||
           http::equal_ignoring_case(type, "text/plain");
}

}  // namespace

unsigned status_of(const TakenIn& taken) noexcept {
    if (!taken.kept) return 503;
    if (taken.first_code.ends_with('R')) return 400;
    return taken.first_code.ends_with('E') ? 500 : 200;
}

std::optional<http::Response> HttpInbox::screen(http::Request& head) {
    if (head.method != http::Method::post) {
        auto response = http::outcome_response(405, "not-supported", "HL7 v2 messages are POSTed here");
        response.headers.add("Allow", "POST");
        return response;
    }
    if (!is_er7(head.headers.get("Content-Type")))
        return http::outcome_response(415, "not-supported", "The body must be application/hl7-v2+er7");
    return std::nullopt;
}

void HttpInbox::handle(http::Request request, http::Reply reply) {
    if (auto refused = screen(request)) return reply(std::move(*refused));
    struct Job {
        http::Request request;
        http::Reply reply;
        HttpInbox& self;
    };
    auto job = std::make_shared<Job>(Job{std::move(request), std::move(reply), *this});
    boost::asio::post(pool_, [job] {
        const auto& peer = job->request.peer;
        const exchange::Arrival arrival{"http", peer ? peer->address : std::string(),
                                        peer ? peer->certificate : nullptr};
        const auto taken =
            take_in_blocking(job->self.inbox_, std::move(job->request.body), arrival, job->self.received_);
        job->reply(http::fresh_answer(status_of(taken), "application/hl7-v2+er7; charset=utf-8", taken.answer));
    });
}

}  // namespace causeway::carriers
