// `__explain`: what a search asks of the index, how long its lists are, and what it touched. Names and numbers only.
#include "fhir/search/parameters.hpp"
#include "gateway/storage/sqlite/searcher.hpp"

#include <fmt/format.h>

namespace causeway::storage {

using namespace fhir::search;

namespace {

constexpr std::size_t alternatives_counted_max = 100;

}  // namespace

/// The code of the parameter that a key's head begins with.
std::string Searcher::name_of_head(std::string_view head) const {
    if (head.size() < 2) return "?";
    auto number = static_cast<std::uint16_t>(keys::read_number(head, 0, 2));
    if (number == keys::type_parameter) return "type";
    if (number == keys::contained_type_parameter) return "contained type";
    if (number == keys::contained_parameter) return "contained " + name_of_head(head.substr(2));
    if (number == keys::presence_parameter) return name_of_head(head.substr(2)) + " (present)";
    for (std::size_t id = 1; id <= parameter_count(); ++id)
        if (reads_.catalog.durable_parameter(static_cast<std::uint16_t>(id)) == number)
            return std::string(fhir::search::parameter(static_cast<ParameterId>(id)).code);
    return "custom parameter";
}

std::string Searcher::describe(const Condition& condition) {
    using Kind = Condition::Kind;
    switch (condition.kind) {
        case Kind::key: {
            const auto name = name_of_head(condition.key.head);
            switch (condition.key.kind) {
                case KeyTest::Kind::equals:
                    return fmt::format("{}: list of {}", name, index_.count(condition.key.head + condition.key.bytes));
                case KeyTest::Kind::begins:
                    if (condition.key.listed) {
                        std::uint64_t sum = 0;
                        for (const auto& one : *condition.key.listed) sum += index_.count(one);
                        return fmt::format("{}: {} lists of {} together", name, condition.key.listed->size(), sum);
                    }
                    return fmt::format("{}: prefix of {} bytes", name, condition.key.bytes.size());
                case KeyTest::Kind::any:
                    return name + ": any value";
                case KeyTest::Kind::contains:
                    return name + ": every value looked into";
                case KeyTest::Kind::ends:
                    return name + ": every value, by its system";
                default:
                    return fmt::format("{}: {} ranges", name, condition.key.scans().size());
            }
        }
        case Kind::any: {
            if (condition.children.empty()) return "nothing can meet it";
            std::uint64_t sum = 0;
            bool all = condition.children.size() <= alternatives_counted_max;
            for (const auto& child : condition.children) {
                all = all && child.kind == Kind::key && child.key.kind == KeyTest::Kind::equals;
                if (all) sum += index_.count(child.key.head + child.key.bytes);
            }
            if (all) {
                const auto name = name_of_head(condition.children.front().key.head);
                return fmt::format("{}: {} lists of {} together", name, condition.children.size(), sum);
            }
            return fmt::format("one of {}, such as {}", condition.children.size(),
                               describe(condition.children.front()));
        }
        case Kind::all: {
            std::string out;
            for (const auto& child : condition.children) out += (out.empty() ? "" : " and ") + describe(child);
            return out.empty() ? "everything" : out;
        }
        case Kind::none:
            return condition.children.empty() ? "everything" : "not " + describe(condition.children.front());
        case Kind::refers:
            return fmt::format("{}: {} resources looked up one by one",
                               condition.heads.empty() ? "?" : name_of_head(condition.heads.front()),
                               condition.rids.size());
        case Kind::self:
            return fmt::format("{} resources by number", condition.rids.size());
        case Kind::updated:
            return "_lastUpdated: bounds on the version";
        case Kind::unknown:
            return "each candidate's body asked";
    }
    return "?";
}

void Searcher::explain_driver(std::string text) {
    if (explain_) explain_->push_back("  driven by " + std::move(text));
}

void Searcher::explain_condition(const Compiled& compiled) {
    if (!explain_) return;
    explain_->push_back(fmt::format("{}{}:", compiled.contained ? "contained " : "", compiled.type));
    for (const auto& part : compiled.condition.children) explain_->push_back("  " + describe(part));
}

}  // namespace causeway::storage
