#include "gateway/ops/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

namespace causeway::ops {

void Histogram::observe_us(std::int64_t us) noexcept {
    const auto place = std::lower_bound(bounds_us.begin(), bounds_us.end(), us) - bounds_us.begin();
    buckets_[static_cast<std::size_t>(place)].fetch_add(1, std::memory_order_relaxed);
    count_.fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(us, std::memory_order_relaxed);
}

Metrics::Entry& Metrics::find_or_add(std::string_view name, std::string_view help, std::string_view labels) {
    for (const auto& entry : entries_)
        if (entry->name == name && entry->labels == labels) return *entry;
    auto& added = entries_.emplace_back(std::make_unique<Entry>());
    added->name = name;
    added->help = help;
    added->labels = labels;
    return *added;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, std::string_view labels) {
    const std::lock_guard lock(mutex_);
    auto& entry = find_or_add(name, help, labels);
    if (!entry.counter) entry.counter = std::make_unique<Counter>();
    return *entry.counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, std::string_view labels) {
    const std::lock_guard lock(mutex_);
    auto& entry = find_or_add(name, help, labels);
    if (!entry.gauge) entry.gauge = std::make_unique<Gauge>();
    return *entry.gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::string_view labels) {
    const std::lock_guard lock(mutex_);
    auto& entry = find_or_add(name, help, labels);
    if (!entry.histogram) entry.histogram = std::make_unique<Histogram>();
    return *entry.histogram;
}

void Metrics::gauge_callback(std::string_view name, std::string_view help, std::function<double()> read,
                             std::string_view labels) {
    const std::lock_guard lock(mutex_);
    find_or_add(name, help, labels).callback = std::move(read);
}

std::string Metrics::prometheus() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string_view, std::vector<const Entry*>> families;
    for (const auto& entry : entries_) families[entry->name].push_back(entry.get());
    std::string out;
    for (const auto& [name, members] : families) {
        const Entry& first = *members.front();
        const char* type = first.counter ? "counter" : first.histogram ? "histogram" : "gauge";
        fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, first.help, name, type);
        for (const Entry* entry : members) {
            const std::string braces = entry->labels.empty() ? std::string{} : "{" + entry->labels + "}";
            if (entry->counter)
                fmt::format_to(std::back_inserter(out), "{}{} {}\n", name, braces, entry->counter->value());
            if (entry->gauge) fmt::format_to(std::back_inserter(out), "{}{} {}\n", name, braces, entry->gauge->value());
            if (entry->callback) fmt::format_to(std::back_inserter(out), "{}{} {}\n", name, braces, entry->callback());
            if (!entry->histogram) continue;
            const std::string comma = entry->labels.empty() ? std::string{} : entry->labels + ",";
            std::uint64_t running = 0;
            for (std::size_t i = 0; i <= Histogram::bounds_us.size(); ++i) {
                running += entry->histogram->bucket(i);
                const std::string bound = i < Histogram::bounds_us.size()
                                              ? fmt::format("{}", static_cast<double>(Histogram::bounds_us[i]) / 1e6)
                                              : "+Inf";
                fmt::format_to(std::back_inserter(out), "{}_bucket{{{}le=\"{}\"}} {}\n", name, comma, bound, running);
            }
            fmt::format_to(std::back_inserter(out), "{}_sum{} {}\n{}_count{} {}\n", name, braces,
                           static_cast<double>(entry->histogram->sum_us()) / 1e6, name, braces, running);
        }
    }
    return out;
}

}  // namespace causeway::ops
