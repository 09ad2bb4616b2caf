#include "mappings/engine/align.hpp"

#include <algorithm>

namespace causeway::mappings {
namespace {

constexpr double gap = 1.5;
constexpr std::size_t cells_max = 4'000'000;

}  // namespace

std::vector<Aligned> align(std::size_t n, std::size_t m, const std::function<double(std::size_t, std::size_t)>& cost) {
    std::vector<Aligned> out;
    std::size_t head = 0;
    while (head < n && head < m && cost(head, head) == 0) {
        out.push_back({head, head});
        ++head;
    }
    std::size_t tail = 0;
    while (tail < n - head && tail < m - head && cost(n - 1 - tail, m - 1 - tail) == 0) ++tail;
    const std::size_t a = n - head - tail, b = m - head - tail;
    std::vector<Aligned> middle;
    if (a == 0 || b == 0 || a > cells_max / b) {
        for (std::size_t i = 0; i < std::max(a, b); ++i)
            middle.push_back({i < a ? head + i : Aligned::none, i < b ? head + i : Aligned::none});
    } else {
        const std::size_t width = b + 1;
        std::vector<double> best((a + 1) * width, 0);
        for (std::size_t i = 1; i <= a; ++i) best[i * width] = static_cast<double>(i) * gap;
        for (std::size_t j = 1; j <= b; ++j) best[j] = static_cast<double>(j) * gap;
        for (std::size_t i = 1; i <= a; ++i)
            for (std::size_t j = 1; j <= b; ++j)
                best[i * width + j] = std::min({best[(i - 1) * width + j] + gap, best[i * width + j - 1] + gap,
                                                best[(i - 1) * width + j - 1] + cost(head + i - 1, head + j - 1)});
        for (std::size_t i = a, j = b; i > 0 || j > 0;) {
            const double here = best[i * width + j];
            if (i > 0 && j > 0 && here == best[(i - 1) * width + j - 1] + cost(head + i - 1, head + j - 1)) {
                middle.push_back({head + --i, head + --j});
            } else if (j > 0 && here == best[i * width + j - 1] + gap) {
                middle.push_back({Aligned::none, head + --j});
            } else {
                middle.push_back({head + --i, Aligned::none});
            }
        }
        std::reverse(middle.begin(), middle.end());
    }
    out.insert(out.end(), middle.begin(), middle.end());
    for (std::size_t i = 0; i < tail; ++i) out.push_back({n - tail + i, m - tail + i});
    return out;
}

}  // namespace causeway::mappings
