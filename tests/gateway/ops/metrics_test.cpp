#include "gateway/ops/metrics.hpp"

#include <doctest/doctest.h>

using causeway::ops::Metrics;

TEST_SUITE("gateway/ops/metrics") {
    TEST_CASE("prints families once, with each set of labels") {
        Metrics metrics;
        metrics.counter("b_total", "what b is", "partner=\"lab\"").add(2);
        metrics.counter("b_total", "what b is", "partner=\"hie\"").add();
        metrics.gauge("a", "what a is").set(-3);
        metrics.gauge_callback("c", "read when asked", [] { return 1.5; });
        CHECK(&metrics.counter("b_total", "", "partner=\"lab\"") == &metrics.counter("b_total", "", "partner=\"lab\""));
        CHECK(
            metrics.prometheus() ==
            "# HELP a what a is\n# TYPE a gauge\na -3\n"
            "# HELP b_total what b is\n# TYPE b_total counter\nb_total{partner=\"lab\"} 2\nb_total{partner=\"hie\"} 1\n"
            "# HELP c read when asked\n# TYPE c gauge\nc 1.5\n");
    }

    TEST_CASE("a histogram's buckets are cumulative and its bounds inclusive") {
        Metrics metrics;
        auto& histogram = metrics.histogram("h", "seconds");
        for (const auto us : {100, 101, 20'000'000}) histogram.observe_us(us);
        const auto text = metrics.prometheus();
        CHECK(text.find("h_bucket{le=\"0.0001\"} 1\n") != std::string::npos);
        CHECK(text.find("h_bucket{le=\"0.00025\"} 2\n") != std::string::npos);
        CHECK(text.find("h_bucket{le=\"10\"} 2\n") != std::string::npos);
        CHECK(text.find("h_bucket{le=\"+Inf\"} 3\n") != std::string::npos);
        CHECK(text.find("h_count 3\n") != std::string::npos);
    }
}
