#include "hl7v2/group.hpp"

#include <algorithm>
#include <array>

#include "hl7v2/dictionary/rows.hpp"

namespace causeway::hl7v2 {

namespace rows = dictionary::rows;

// --- GroupNode

std::string_view GroupNode::name() const noexcept {
    const auto& node = tree_->nodes_[id_];
    if (node.segment != GroupTree::none) return (*tree_->message_)[node.segment].name();
    return rows::text(rows::items[node.item].name);
}
bool GroupNode::is_group() const noexcept { return tree_ && tree_->nodes_[id_].segment == GroupTree::none; }
std::size_t GroupNode::segment_index() const noexcept { return tree_->nodes_[id_].segment; }
SegmentView GroupNode::segment() const noexcept {
    return is_segment() ? (*tree_->message_)[segment_index()] : SegmentView{};
}
std::size_t GroupNode::repetition() const noexcept { return tree_->nodes_[id_].repetition; }
bool GroupNode::expected() const noexcept { return tree_->nodes_[id_].item != GroupTree::none; }
dictionary::Item GroupNode::item() const noexcept { return dictionary::item_of(tree_->nodes_[id_].item); }

GroupNode GroupNode::parent() const noexcept {
    const std::uint32_t id = tree_->nodes_[id_].parent;
    return id == GroupTree::none ? GroupNode{} : GroupNode{tree_, id};
}
GroupNode GroupNode::first_child() const noexcept {
    const std::uint32_t id = tree_->nodes_[id_].first_child;
    return id == GroupTree::none ? GroupNode{} : GroupNode{tree_, id};
}
GroupNode GroupNode::next_sibling() const noexcept {
    const std::uint32_t id = tree_->nodes_[id_].next_sibling;
    return id == GroupTree::none ? GroupNode{} : GroupNode{tree_, id};
}
GroupNode GroupNode::child(std::string_view name, std::size_t ordinal) const noexcept {
    for (GroupNode node = first_child(); node; node = node.next_sibling()) {
        if (node.name() == name && --ordinal == 0) return node;
    }
    return {};
}

// --- GroupReader

namespace {

constexpr std::size_t depth_max = 16;  // the deepest structure of the standard has 8 levels
constexpr std::uint32_t nowhere = UINT32_MAX;

using Kind = dictionary::Item::Kind;
Kind kind(const rows::ItemRow& item) noexcept { return static_cast<Kind>(item.kind); }
bool required(const rows::ItemRow& item) noexcept { return (item.flags & 1U) != 0; }
bool repeats(const rows::ItemRow& item) noexcept { return (item.flags & 2U) != 0; }
const rows::ItemRow& row(std::uint32_t item) noexcept { return rows::items[item]; }

/// Whether the item itself (or an alternative of the choice) is that segment.
bool matches(const rows::ItemRow& item, std::uint32_t name) noexcept {
    if (kind(item) == Kind::segment) return item.packed == name;
    if (kind(item) != Kind::choice) return kind(item) == Kind::any;
    for (std::uint32_t i = 0; i < item.count; ++i) {
        const rows::ItemRow& child = row(item.first_child + i);
        if (kind(child) != Kind::group && matches(child, name)) return true;
    }
    return false;
}

/// A mandatory group whose items are all optional ({OBSERVATION([OBX] [{NTE}])}, up to 2.4) demands nothing.
bool demands_something(const rows::ItemRow& item) noexcept {
    if (!required(item) || kind(item) == Kind::any) return false;
    if (kind(item) != Kind::group) return true;
    for (std::uint32_t i = 0; i < item.count; ++i) {
        if (demands_something(row(item.first_child + i))) return true;
    }
    return false;
}

/// The way from an open group down to a segment: the groups to open, then the item of the segment.
struct Way {
    std::array<std::uint32_t, depth_max> groups{};  ///< innermost first: ways are built from the inside out
    std::size_t depth = 0;
    std::uint32_t item = nowhere;
    std::uint32_t missing = 0;  ///< mandatory items passed over
    bool first = true;          ///< the groups it opens begin with it
    explicit operator bool() const noexcept { return item != nowhere; }
};

bool is_any(const Way& way) noexcept { return way && kind(row(way.item)) == Kind::any; }

Way enter(std::uint32_t item, std::uint32_t name, std::uint32_t missing_max, std::size_t depth) noexcept;

/// From child `from` of `group` onwards to `name`, over at most `missing_max` mandatory items. `from_used`: that child
/// is there already, so going past it leaves nothing out.
Way descend(const rows::ItemRow& group, std::uint32_t from, std::uint32_t name, std::uint32_t missing_max,
            std::size_t depth, bool from_used = false) noexcept {
    Way best;
    std::uint32_t passed = 0;
    for (std::uint32_t i = from; i < group.count && passed <= missing_max; ++i) {
        if (Way way = enter(group.first_child + i, name, missing_max - passed, depth)) {
            way.missing += passed;
            way.first = way.first && i == 0;
            // where any segment may stand, one that has its own place further on goes there
            const bool own_place = way.missing == best.missing && is_any(best) && !is_any(way);
            if (!best || way.missing < best.missing || own_place) best = way;
            if (!is_any(best)) {
                if (best.missing <= passed) break;  // going on can only cost more
                missing_max = best.missing - 1;
            } else {
                missing_max = best.missing;
            }
        }
        if (demands_something(row(group.first_child + i)) && !(from_used && i == from)) ++passed;
    }
    return best;
}

/// Whether `item` is, or holds, `name`.
Way enter(std::uint32_t item, std::uint32_t name, std::uint32_t missing_max, std::size_t depth) noexcept {
    const rows::ItemRow& found = row(item);
    Way way;
    if (matches(found, name)) {
        way.item = item;
        way.first = kind(found) != Kind::any;
    } else if (depth + 1 < depth_max && kind(found) == Kind::group) {
        way = descend(found, 0, name, missing_max, depth + 1);
        if (way) way.groups[way.depth++] = item;
    } else if (depth + 1 < depth_max && kind(found) == Kind::choice) {
        for (std::uint32_t i = 0; i < found.count && !way; ++i) {
            if (kind(row(found.first_child + i)) == Kind::group) {
                way = enter(found.first_child + i, name, missing_max, depth + 1);
            }
        }
    }
    return way;
}

}  // namespace

/// Places segments one after the other. The open groups are a stack; each knows how far its items are used.
class GroupReader {
public:
    GroupReader(const MessageView& message, GroupTree& tree) : message_(message), tree_(tree) {
        const std::uint32_t root = tree_.structure_.root().id();
        tree_.nodes_.reserve(message.size() + message.size() / 2 + 8);
        tree_.nodes_.push_back({.item = root});
        push(0, root);
        note_names(row(root));
        std::ranges::sort(names_);
    }

    void run() {
        const auto end = static_cast<std::uint32_t>(message_.size());
        for (std::uint32_t i = 0; i < end; ++i) place(i);
        while (depth_ > 0) close(end);
    }

private:
    struct Open {
        std::uint32_t node;
        std::uint32_t item;
        std::uint32_t at;      ///< the child item last used in order
        std::uint32_t counts;  ///< in counts_: how often each child item was used
    };
    struct Candidate {
        Way way;
        std::size_t level = 0;
        bool again = false;  ///< the group at `level` is opened anew
    };

    void note_names(const rows::ItemRow& group) {
        for (std::uint32_t i = 0; i < group.count; ++i) {
            const rows::ItemRow& child = row(group.first_child + i);
            if (kind(child) == Kind::segment) names_.push_back(child.packed);
            if (kind(child) == Kind::any) any_ = true;
            note_names(child);
        }
    }

    /// In order of preference: where nothing mandatory is passed over; back in an open group; wherever least is passed
    /// over; once too often in an open group; unexpected.
    void place(std::uint32_t index) {
        const std::uint32_t name = name_of(index);
        if (!any_ && !std::ranges::binary_search(names_, name)) return place_unexpected(index);
        if (const Candidate found = find(name, 0, index); found.way) return take(found, index);
        if (place_back(index, name, false)) return;
        if (const Candidate found = find(name, UINT16_MAX, index); found.way) return take(found, index);
        if (place_back(index, name, true)) return;
        place_unexpected(index);
    }

    std::uint32_t name_of(std::uint32_t index) const noexcept {
        std::uint32_t packed = 0;
        for (const char c : message_[index].name()) packed = packed << 8U | static_cast<unsigned char>(c);
        return packed;
    }

    /// From the innermost open group outwards: onwards in the group, then the group once more. What begins the groups
    /// it opens goes before what does not: an ORC is the next ORDER, not a PRIOR_RESULT whose leading segments were
    /// left out.
    ///
    /// Where that leaves a choice, the group is taken that has all it demands in what follows: an ORC without OBX is the
    /// next ORDER, and not one more ORDER_PRIOR of the order before.
    Candidate find(std::uint32_t name, std::uint32_t missing_max, std::uint32_t index) const noexcept {
        Candidate best, incomplete;
        const auto better = [&best](const Way& way) {
            if (!way) return false;
            if (!best.way || way.missing < best.way.missing) return true;
            return way.missing == 0 && best.way.missing == 0 && way.first && !best.way.first;
        };
        for (std::size_t level = depth_; level-- > 0;) {
            const Open& open = stack_[level];
            const rows::ItemRow& group = row(open.item);
            const std::uint32_t next = next_child(open);
            Way onwards = descend(group, next, name, missing_max, 0, next == open.at && used(open));
            onwards.first = onwards.depth == 0 || begins(onwards.groups[onwards.depth - 1], name);
            if (better(onwards)) best = {onwards, level, false};
            if (level > 0 && repeats(group)) {
                if (const Way anew = descend(group, 0, name, missing_max, 0); better(anew)) best = {anew, level, true};
            }
            if (!best.way || best.way.missing > 0 || !best.way.first) continue;
            if (gets_what_it_demands(best, name, index)) return best;
            if (!incomplete.way) incomplete = best;
            best = {};
        }
        return incomplete.way ? incomplete : best;
    }

    /// Whether the outermost group that the candidate opens finds what it demands before the next segment of that name.
    bool gets_what_it_demands(const Candidate& candidate, std::uint32_t name, std::uint32_t index) const noexcept {
        const Way& way = candidate.way;
        if (!candidate.again && way.depth == 0) return true;
        const std::size_t inner = candidate.again ? way.depth : way.depth - 1;  // groups on the way inside of it
        const rows::ItemRow& group = row(candidate.again ? stack_[candidate.level].item : way.groups[inner]);
        const std::uint32_t opened = child_index(group, inner > 0 ? way.groups[inner - 1] : way.item);
        for (std::uint32_t i = opened + 1; i < group.count; ++i) {
            if (demands_something(row(group.first_child + i)) && !follows(group.first_child + i, name, index))
                return false;
        }
        return true;
    }

    /// Whether a segment that begins `item` stands between `index` and the next segment of that name.
    bool follows(std::uint32_t item, std::uint32_t name, std::uint32_t index) const noexcept {
        constexpr std::uint32_t reach = 64;  // so that a hostile message costs no more than that for each segment
        const auto end = static_cast<std::uint32_t>(message_.size());
        for (std::uint32_t i = index + 1; i < end; ++i) {
            if (i - index > reach) return true;
            const std::uint32_t next = name_of(i);
            if (next == name) return false;
            if (enter(item, next, UINT16_MAX, 0)) return true;
        }
        return false;
    }

    /// The child from which an open group goes on: the last one if it may be used again without closing anything.
    std::uint32_t next_child(const Open& open) const noexcept {
        const rows::ItemRow& group = row(open.item);
        if (open.at >= group.count || !used(open)) return open.at;
        const rows::ItemRow& here = row(group.first_child + open.at);
        return repeats(here) && kind(here) != Kind::group ? open.at : open.at + 1;
    }

    /// Whether the child last used in order is there.
    bool used(const Open& open) const noexcept { return counts_[open.counts + open.at] > 0; }

    static bool begins(std::uint32_t group, std::uint32_t name) noexcept {
        const Way way = descend(row(group), 0, name, 0, 0);
        return way && way.first;
    }

    void take(const Candidate& found, std::uint32_t index) {
        const std::uint32_t anew = stack_[found.level].item;
        while (depth_ > found.level + (found.again ? 0 : 1)) close(index);
        if (found.again) open(anew, index);
        for (std::size_t i = found.way.depth; i-- > 0;) open(found.way.groups[i], index);
        use(found.way.item, index);
        add_node(found.way.item, index);
    }

    /// At an item that an open group has left behind: unused or repeating ones, or (`too_many`) one that is used up.
    bool place_back(std::uint32_t index, std::uint32_t name, bool too_many) {
        for (std::size_t level = depth_; level-- > 0;) {
            const Open open_group = stack_[level];
            const rows::ItemRow& group = row(open_group.item);
            for (std::uint32_t i = 0; i < group.count && i <= open_group.at; ++i) {
                const bool used_up = counts_[open_group.counts + i] > 0 && !repeats(row(group.first_child + i));
                if (used_up != too_many) continue;
                const Way way = enter(group.first_child + i, name, 0, 0);
                if (!way || kind(row(way.item)) == Kind::any) continue;
                while (depth_ > level + 1) close(index);
                for (std::size_t k = way.depth; k-- > 0;) open(way.groups[k], index);
                use(way.item, index);
                add_node(way.item, index);
                issue(too_many ? StructureIssue::Kind::too_many : StructureIssue::Kind::out_of_order, index, way.item,
                      stack_[depth_ - 1].node);
                return true;
            }
        }
        return false;
    }

    void place_unexpected(std::uint32_t index) {
        add_node(nowhere, index);
        const std::string_view name = message_[index].name();
        if (name.front() == 'Z') return;
        const bool standard = std::ranges::any_of(dictionary::versions(),
                                                  [name](auto version) { return version.segment(name).has_value(); });
        issue(standard ? StructureIssue::Kind::unexpected_segment : StructureIssue::Kind::unknown_segment, index,
              nowhere, stack_[depth_ - 1].node);
    }

    /// Counts `item`, a child of the innermost open group or an alternative of one, and moves the group on to it; what
    /// is passed over is missing. An item left behind counts without moving the group back.
    void use(std::uint32_t item, std::uint32_t index) {
        Open& open = stack_[depth_ - 1];
        const std::uint32_t target = child_index(row(open.item), item);
        if (target > open.at) {
            report_missing(open, target, index);
            open.at = target;
        }
        ++counts_[open.counts + target];
    }

    static std::uint32_t child_index(const rows::ItemRow& group, std::uint32_t item) noexcept {
        if (item >= group.first_child && item - group.first_child < group.count) return item - group.first_child;
        for (std::uint32_t i = 0; i < group.count; ++i) {
            const rows::ItemRow& child = row(group.first_child + i);
            if (kind(child) == Kind::choice && item >= child.first_child && item - child.first_child < child.count) {
                return i;
            }
        }
        return 0;
    }

    void report_missing(const Open& open, std::uint32_t until, std::uint32_t index) {
        const rows::ItemRow& group = row(open.item);
        for (std::uint32_t i = open.at; i < until; ++i) {
            const std::uint32_t item = group.first_child + i;
            if (counts_[open.counts + i] > 0 || !demands_something(row(item))) continue;
            issue(kind(row(item)) == Kind::group ? StructureIssue::Kind::missing_group
                                                 : StructureIssue::Kind::missing_segment,
                  index, item, open.node);
        }
    }

    void open(std::uint32_t item, std::uint32_t index) {
        use(item, index);
        push(add_node(item, nowhere), item);
    }

    void push(std::uint32_t node, std::uint32_t item) {
        stack_[depth_++] = {node, item, 0, static_cast<std::uint32_t>(counts_.size())};
        counts_.resize(counts_.size() + row(item).count);
    }

    void close(std::uint32_t index) {
        const Open& open = stack_[depth_ - 1];
        report_missing(open, row(open.item).count, index);
        counts_.resize(open.counts);
        --depth_;
    }

    /// Under the innermost open group.
    std::uint32_t add_node(std::uint32_t item, std::uint32_t segment) {
        const auto id = static_cast<std::uint32_t>(tree_.nodes_.size());
        const Open& open = stack_[depth_ - 1];
        GroupTree::Node node;
        node.item = item;
        node.segment = segment;
        node.parent = open.node;
        if (item != nowhere) node.repetition = counts_[open.counts + child_index(row(open.item), item)];
        tree_.nodes_.push_back(node);
        GroupTree::Node& parent = tree_.nodes_[open.node];
        (parent.last_child == nowhere ? parent.first_child : tree_.nodes_[parent.last_child].next_sibling) = id;
        parent.last_child = id;
        return id;
    }

    void issue(StructureIssue::Kind kind, std::uint32_t index, std::uint32_t item, std::uint32_t group) {
        if (tree_.issues_.size() < GroupTree::issues_max) tree_.issues_.push_back({kind, index, item, group});
    }

    const MessageView& message_;
    GroupTree& tree_;
    std::array<Open, depth_max + 1> stack_{};
    std::size_t depth_ = 0;
    std::vector<std::uint32_t> counts_;
    std::vector<std::uint32_t> names_;  ///< of all segments of the structure, sorted
    bool any_ = false;
};

GroupTree group(const MessageView& message, const dictionary::Structure& structure) {
    GroupTree tree(message, structure);
    GroupReader(message, tree).run();
    return tree;
}

}  // namespace causeway::hl7v2
