#include "mappings/engine/structure.hpp"

#include <algorithm>

namespace causeway::mappings {
namespace {

bool has(const std::vector<SegmentCode>& codes, SegmentCode code) noexcept {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// A group that is being filled.
struct Open {
    GroupInstance* group;
    std::size_t cursor = 0;
    std::pmr::vector<std::uint32_t> counts;  ///< per item of the plan

    Open(GroupInstance* g, std::pmr::memory_resource* memory) : group(g), counts(g->plan->items.size(), 0, memory) {}
};

GroupInstance& new_group(const ItemPlan& plan, std::pmr::monotonic_buffer_resource& memory) {
    auto* group = ::new (memory.allocate(sizeof(GroupInstance), alignof(GroupInstance)))
        GroupInstance{&plan, std::pmr::vector<GroupInstance::Entry>(&memory)};
    group->entries.reserve(plan.items.size());
    return *group;
}

class Matcher {
public:
    Matcher(GroupInstance& root, std::pmr::monotonic_buffer_resource& memory, Issues& issues)
        : memory_(memory), open_(&memory), issues_(issues) {
        open_.reserve(8);
        open_.emplace_back(&root, &memory_);
    }

    void place(LeafSegment& segment) {
        const SegmentCode code = segment.code();
        if (!has(open_.front().group->plan->contains, code)) return extra(segment);
        using Accept = bool (*)(const ItemPlan&, SegmentCode);
        const Accept begins = [](const ItemPlan& item, SegmentCode c) {
            return item.kind == ItemPlan::Kind::segment ? item.code == c
                                                        : item.kind == ItemPlan::Kind::group && has(item.first, c);
        };
        const Accept contains = [](const ItemPlan& item, SegmentCode c) {
            return item.kind == ItemPlan::Kind::segment ? item.code == c
                                                        : item.kind == ItemPlan::Kind::group && has(item.contains, c);
        };
        for (std::size_t level = open_.size(); level-- > 0;)
            if (const auto item = ahead(open_[level], code, begins)) return descend(level, *item, segment, begins);
        // Out of order, or the head of its group is missing: what is nearest.
        for (std::size_t level = open_.size(); level-- > 0;) {
            if (const auto item = behind(open_[level], code)) return descend(level, *item, segment, begins);
            if (const auto item = ahead(open_[level], code, contains)) return descend(level, *item, segment, contains);
        }
        for (std::size_t level = open_.size(); level-- > 0;) {
            const auto& items = open_[level].group->plan->items;
            for (std::size_t i = 0; i < items.size(); ++i) {
                if (!contains(items[i], code)) continue;
                Issue issue;
                issue.code = "R302";
                issue.v2_path = segment_name(code);
                issue.text = "the segment is out of order; it was taken where the structure has it";
                issues_.push_back(std::move(issue));
                return descend(level, i, segment, contains);
            }
        }
        extra(segment);
    }

private:
    void extra(LeafSegment& segment) {
        GroupInstance::Entry entry;
        entry.segment = &segment;
        open_.back().group->entries.push_back(entry);
    }

    template <class Accept>
    static std::optional<std::size_t> ahead(const Open& open, SegmentCode code, Accept accept) {
        const auto& items = open.group->plan->items;
        for (std::size_t i = open.cursor; i < items.size(); ++i)
            if ((items[i].repeats || open.counts[i] == 0) && accept(items[i], code)) return i;
        return std::nullopt;
    }

    /// A repeating segment, or group that begins with it, of an open group, before the place the group has come to.
    static std::optional<std::size_t> behind(const Open& open, SegmentCode code) {
        const auto& items = open.group->plan->items;
        for (std::size_t i = std::min(open.cursor, items.size()); i-- > 0;)
            if (items[i].repeats && (items[i].kind == ItemPlan::Kind::segment
                                         ? items[i].code == code
                                         : items[i].kind == ItemPlan::Kind::group && has(items[i].first, code)))
                return i;
        return std::nullopt;
    }

    template <class Accept>
    void descend(std::size_t level, std::size_t item, LeafSegment& segment, Accept accept) {
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(level) + 1, open_.end());
        for (;;) {
            Open& open = open_.back();
            const ItemPlan& plan = open.group->plan->items[item];
            open.cursor = std::max(open.cursor, item);
            GroupInstance::Entry entry;
            entry.item = &plan;
            entry.ordinal = ++open.counts[item];
            if (plan.kind == ItemPlan::Kind::segment) {
                entry.segment = &segment;
                open.group->entries.push_back(entry);
                return;
            }
            GroupInstance* inner = entry.group = &new_group(plan, memory_);
            open.group->entries.push_back(entry);
            open_.emplace_back(inner, &memory_);
            auto next = ahead(open_.back(), segment.code(), accept);
            if (!next)
                next = ahead(open_.back(), segment.code(), [](const ItemPlan& i, SegmentCode c) {
                    return i.kind == ItemPlan::Kind::segment ? i.code == c
                                                             : i.kind == ItemPlan::Kind::group && has(i.contains, c);
                });
            if (!next) return extra(segment);  // cannot happen: the group contains it
            item = *next;
        }
    }

    std::pmr::monotonic_buffer_resource& memory_;
    std::pmr::vector<Open> open_;
    Issues& issues_;
};

void report_missing(const GroupInstance& group, Issues& issues) {
    for (const auto& item : group.plan->items) {
        if (item.kind != ItemPlan::Kind::segment || item.optional) continue;
        const bool there =
            std::any_of(group.entries.begin(), group.entries.end(), [&](const auto& e) { return e.item == &item; });
        if (there || issues.size() > 200) continue;
        Issue issue;
        issue.code = "R302";
        issue.v2_path = item.name;
        issue.text = "a mandatory segment of " + group.plan->name + " is missing";
        issues.push_back(std::move(issue));
    }
    for (const auto& entry : group.entries)
        if (entry.group) report_missing(*entry.group, issues);
}

}  // namespace

GroupInstance& match(const MessagePlan& plan, std::pmr::vector<LeafSegment>& segments,
                     std::pmr::monotonic_buffer_resource& memory, Issues& issues) {
    GroupInstance& root = new_group(plan.root, memory);
    Matcher matcher(root, memory, issues);
    for (auto& segment : segments) matcher.place(segment);
    report_missing(root, issues);
    return root;
}

}  // namespace causeway::mappings
