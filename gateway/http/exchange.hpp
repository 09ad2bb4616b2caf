#pragma once
#include <boost/asio/post.hpp>

#include "gateway/http/asio.hpp"
#include "gateway/http/handler.hpp"

namespace causeway::http {

/// One request waiting for its answer. Most answers are there before the session looks, and then nothing is posted.
class Exchange final : public ReplySink {
public:
    explicit Exchange(Executor executor) : executor_(std::move(executor)) {}

    void complete(Response response) override {
        response_ = std::move(response);
        if (state_.exchange(State::answered, std::memory_order_acq_rel) == State::waiting)
            net::post(executor_, std::move(wake_));
    }
    bool answered() const noexcept { return state_.load(std::memory_order_acquire) == State::answered; }
    Response& response() noexcept { return response_; }

    /// Completes on the session's strand when there is an answer.
    template <class Token>
    auto async_wait(Token&& token) {
        return net::async_initiate<Token, void(error_code)>(Initiate{this}, token);
    }

private:
    enum class State : int { pending, waiting, answered };

    /// What waits, its type erased. (Boost 1.81's any_completion_handler recurses without end when it is assigned.)
    struct Waiter {
        virtual ~Waiter() = default;
        virtual void resume() = 0;
    };
    template <class CompletionHandler>
    struct WaiterOf final : Waiter {
        explicit WaiterOf(CompletionHandler waiting) : handler(std::move(waiting)) {}
        void resume() override { std::move(handler)(error_code{}); }
        CompletionHandler handler;
    };
    struct Wake {
        std::unique_ptr<Waiter> waiter;
        void operator()() { waiter->resume(); }
    };
    struct Initiate {
        Exchange* self;
        template <class CompletionHandler>
        void operator()(CompletionHandler handler) const {
            self->wake_.waiter = std::make_unique<WaiterOf<CompletionHandler>>(std::move(handler));
            if (self->state_.exchange(State::waiting, std::memory_order_acq_rel) == State::answered) {
                self->state_.store(State::answered, std::memory_order_release);
                net::post(self->executor_, std::move(self->wake_));
            }
        }
    };

    Executor executor_;
    Response response_;
    Wake wake_;
    std::atomic<State> state_ = State::pending;
};

}  // namespace causeway::http
