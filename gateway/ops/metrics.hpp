#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::ops {

/// Counts up; never down. One relaxed add.
class Counter {
public:
    void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down.
class Gauge {
public:
    void set(std::int64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
    void add(std::int64_t n) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// Durations in fixed buckets from 100 us to 10 s, which fits a request, a commit and a delivery alike.
class Histogram {
public:
    static constexpr std::array<std::int64_t, 15> bounds_us = {100,     250,     500,       1'000,     2'500,
                                                               5'000,   10'000,  25'000,    50'000,    100'000,
                                                               250'000, 500'000, 1'000'000, 2'500'000, 10'000'000};
    void observe_us(std::int64_t us) noexcept;
    std::uint64_t bucket(std::size_t i) const noexcept { return buckets_[i].load(std::memory_order_relaxed); }
    std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }
    std::int64_t sum_us() const noexcept { return sum_us_.load(std::memory_order_relaxed); }

private:
    std::array<std::atomic<std::uint64_t>, bounds_us.size() + 1> buckets_{};
    std::atomic<std::uint64_t> count_{0};
    std::atomic<std::int64_t> sum_us_{0};
};

/// The numbers of one gateway, printed in the Prometheus text format (0.0.4).
///
/// Asking for a metric locks and looks it up: do it once and keep the reference, which is valid as long as the
/// registry. Labels are part of a metric's identity and are written as they will be printed:
/// `partner="lab",result="AA"`. No label ever holds a patient's data or anything a sender chose freely, so their number
/// stays bounded.
class Metrics {
public:
    Counter& counter(std::string_view name, std::string_view help, std::string_view labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, std::string_view labels = {});
    Histogram& histogram(std::string_view name, std::string_view help, std::string_view labels = {});
    /// A value that is read when it is asked for, such as a queue's depth. `read` must be safe on any thread.
    void gauge_callback(std::string_view name, std::string_view help, std::function<double()> read,
                        std::string_view labels = {});

    std::string prometheus() const;

private:
    struct Entry {
        std::string name, help, labels;
        std::unique_ptr<Counter> counter;
        std::unique_ptr<Gauge> gauge;
        std::unique_ptr<Histogram> histogram;
        std::function<double()> callback;
    };
    Entry& find_or_add(std::string_view name, std::string_view help, std::string_view labels);

    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Entry>> entries_;  // in order of first use; few hundred at most
};

}  // namespace causeway::ops
