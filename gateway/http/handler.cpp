#include "gateway/http/handler.hpp"

#include <atomic>

namespace causeway::http {

struct Reply::State {
    explicit State(std::shared_ptr<ReplySink> waiting) : sink(std::move(waiting)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (!answered.exchange(true))
            sink->complete(outcome_response(500, "exception", "The request was dropped inside the server"));
    }
    std::shared_ptr<ReplySink> sink;
    std::atomic<bool> answered = false;
};

Reply::Reply(std::shared_ptr<ReplySink> sink) : state_(std::make_shared<State>(std::move(sink))) {}

void Reply::operator()(Response response) const {
    if (!state_->answered.exchange(true)) state_->sink->complete(std::move(response));
}

}  // namespace causeway::http
