#include "gateway/mllp/take_in.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "gateway/storage/async.hpp"

namespace causeway::mllp {
namespace {

using std::chrono::steady_clock;
using Timer = net::basic_waitable_timer<steady_clock, net::wait_traits<steady_clock>, Executor>;
constexpr net::use_awaitable_t<Executor> use_awaitable{};

net::awaitable<void, net::thread_pool::executor_type> prepare_on_pool(std::shared_ptr<exchange::Intake> intake) {
    intake->prepare();
    co_return;
}

/// Named, so that no capturing lambda stands inside a co_await expression.
struct Job {
    std::shared_ptr<exchange::Intake> intake;
    storage::Result<void> operator()(storage::Transaction& transaction) const { return intake->run(transaction); }
};

}  // namespace

Awaitable<exchange::Receipt> take_in(std::shared_ptr<exchange::Intake> intake, storage::Store& store,
                                     net::thread_pool& cpu, std::chrono::milliseconds patience) {
    const auto began = steady_clock::now();
    auto preparing = prepare_on_pool(intake);
    co_await net::co_spawn(cpu.get_executor(), std::move(preparing), use_awaitable);
    for (;;) {
        Job job{intake};
        const auto outcome = co_await storage::async_transact(store, std::move(job), use_awaitable, intake->bytes());
        const bool full = outcome.has_error() && outcome.error().code == storage::FailureCode::busy;
        if (full && steady_clock::now() - began < patience) {
            Timer timer(co_await net::this_coro::executor);
            timer.expires_after(std::chrono::milliseconds(20));
            co_await timer.async_wait(as_result);
            continue;
        }
        if (intake->conclude(outcome)) break;
    }
    auto receipt = std::move(*intake).receipt();
    // All that was made of the message goes back where it was taken from, after the answer.
    net::post(cpu, [intake = std::move(intake)] {});
    co_return receipt;
}

}  // namespace causeway::mllp
