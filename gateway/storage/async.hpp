#pragma once
#include "gateway/storage/storage.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace causeway::storage {

namespace detail {
/// Carries the result from the writer's thread to the executor of the one who waits.
template <class Handler, class Outcome>
class Deliver {
public:
    explicit Deliver(Handler handler) : state_(std::make_shared<State>(std::move(handler))) {}
    void operator()(Outcome outcome) {
        auto executor = state_->guard.get_executor();
        boost::asio::post(executor, [state = state_, outcome = std::move(outcome)]() mutable {
            auto resume = std::move(state->handler);
            state.reset();
            resume(std::move(outcome));
        });
    }

private:
    struct State {
        explicit State(Handler h) : handler(std::move(h)), guard(boost::asio::get_associated_executor(handler)) {}
        Handler handler;
        boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> guard;
    };
    std::shared_ptr<State> state_;
};
}  // namespace detail

/// `Result<T> r = co_await async_transact(store, job, net::use_awaitable);` Resumes on the waiting executor after the
/// commit. Name the job before the co_await: g++ 12 mishandles a capturing lambda inside the expression.
template <class Job, class CompletionToken>
auto async_transact(Store& store, Job job, CompletionToken&& token, std::size_t bytes = 1024) {
    using Outcome = std::invoke_result_t<Job&, Transaction&>;
    auto initiate = [](auto handler, Store* target, Job work, std::size_t weight) {
        using Handler = decltype(handler);
        transact(*target, std::move(work), detail::Deliver<Handler, Outcome>(std::move(handler)), weight);
    };
    return boost::asio::async_initiate<CompletionToken, void(Outcome)>(std::move(initiate), token, &store,
                                                                       std::move(job), bytes);
}

}  // namespace causeway::storage
