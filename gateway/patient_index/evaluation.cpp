#include "gateway/patient_index/evaluation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

namespace causeway::patient_index {
namespace {

std::uint64_t count_true_pairs(std::span<const std::uint32_t> truth, std::span<const std::uint8_t> source) {
    struct Sides {
        std::uint64_t all = 0, first = 0;
    };
    std::unordered_map<std::uint32_t, Sides> persons;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        if (truth[i] == 0) continue;
        auto& person = persons[truth[i]];
        ++person.all;
        if (!source.empty() && source[i] == source.front()) ++person.first;
    }
    std::uint64_t pairs = 0;
    for (const auto& [id, person] : persons)
        pairs += source.empty() ? person.all * (person.all - 1) / 2 : person.first * (person.all - person.first);
    return pairs;
}

}  // namespace

Evaluation evaluate(std::span<const ScoredPair> pairs, std::span<const std::uint32_t> truth,
                    std::span<const std::uint8_t> source, double probable_weight) {
    Evaluation out;
    out.true_pairs = count_true_pairs(truth, source);
    for (auto* quality : {&out.automatic, &out.probable, &out.best, &out.reached}) quality->all = out.true_pairs;
    std::vector<std::pair<float, bool>> by_weight;
    by_weight.reserve(pairs.size());
    for (const auto& pair : pairs) {
        const bool right = truth[pair.a] != 0 && truth[pair.a] == truth[pair.b];
        const auto count = [&](Quality& quality) {
            ++quality.found;
            quality.right += right;
        };
        if (pair.outcome == match::Outcome::automatic) count(out.automatic);
        if (static_cast<double>(pair.weight) >= probable_weight) count(out.probable);
        if (pair.outcome != match::Outcome::no_match) count(out.reached);
        if (pair.outcome == match::Outcome::review) {
            ++out.reviews;
            out.wrong_reviews += !right;
        }
        by_weight.emplace_back(pair.weight, right);
    }
    std::sort(by_weight.begin(), by_weight.end(), [](const auto& x, const auto& y) { return x.first > y.first; });
    Quality now = out.best;
    double best = -1;
    for (std::size_t i = 0; i < by_weight.size(); ++i) {
        ++now.found;
        now.right += by_weight[i].second;
        if (i + 1 < by_weight.size() && by_weight[i + 1].first >= by_weight[i].first) continue;
        if (now.f1() > best) {
            best = now.f1();
            out.best = now;
            out.best_weight = static_cast<double>(by_weight[i].first);
        }
    }
    return out;
}

std::string describe(const Evaluation& e, std::uint64_t records) {
    const auto line = [](std::string_view name, const Quality& q) {
        return fmt::format("{:<28} precision {:.5f}  recall {:.4f}  F1 {:.4f}   ({} wrong)\n", name, q.precision(),
                           q.recall(), q.f1(), q.found - q.right);
    };
    std::string out = fmt::format("true pairs {}\n", e.true_pairs);
    out += line("automatic links", e.automatic);
    out += line("probability .5", e.probable);
    out += line(fmt::format("best threshold ({:.2f} bits)", e.best_weight), e.best);
    out += fmt::format("{:<28} recall {:.4f}\n", "automatic and review", e.reached.recall());
    out += fmt::format("{:<28} {} pairs, {:.3f} per record, {:.1f} % wrong\n", "review queue", e.reviews,
                       static_cast<double>(e.reviews) / static_cast<double>(std::max<std::uint64_t>(records, 1)),
                       e.reviews ? 100. * static_cast<double>(e.wrong_reviews) / static_cast<double>(e.reviews) : 0.);
    return out;
}

}  // namespace causeway::patient_index
