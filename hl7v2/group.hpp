#pragma once
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include "hl7v2/dictionary/dictionary.hpp"
#include "hl7v2/message_view.hpp"

namespace causeway::hl7v2 {

class GroupTree;

/// A group or a segment in a GroupTree; a handle, valid as long as the tree (and its message) stays put.
class GroupNode {
public:
    GroupNode() = default;
    explicit operator bool() const noexcept { return tree_ != nullptr; }

    /// Of the group (`PATIENT_RESULT`; the structure's name for the root) or of the segment.
    std::string_view name() const noexcept;
    bool is_group() const noexcept;
    bool is_segment() const noexcept { return *this && !is_group(); }
    /// Index in the message; only for a segment.
    std::size_t segment_index() const noexcept;
    SegmentView segment() const noexcept;
    /// Counts the nodes of this place in the structure under one parent, from 1.
    std::size_t repetition() const noexcept;
    /// False for a segment the structure does not have here (Z segments among them); it hangs on the group that was
    /// open.
    bool expected() const noexcept;
    /// The place in the structure; only if expected().
    dictionary::Item item() const noexcept;

    GroupNode parent() const noexcept;
    GroupNode first_child() const noexcept;
    GroupNode next_sibling() const noexcept;
    /// The `ordinal`th child (from 1) of that name; false if there is none.
    GroupNode child(std::string_view name, std::size_t ordinal = 1) const noexcept;

    class Iterator;
    Iterator begin() const noexcept;
    Iterator end() const noexcept;

    /// Numbers the nodes of a tree in the order of the message.
    std::uint32_t id() const noexcept { return id_; }
    friend bool operator==(const GroupNode&, const GroupNode&) = default;

private:
    friend class GroupTree;
    GroupNode(const GroupTree* tree, std::uint32_t id) noexcept : tree_(tree), id_(id) {}
    const GroupTree* tree_ = nullptr;
    std::uint32_t id_ = 0;
};

class GroupNode::Iterator {
public:
    using value_type = GroupNode;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using reference = GroupNode;
    using pointer = void;
    Iterator() = default;
    explicit Iterator(GroupNode node) noexcept : node_(node) {}
    GroupNode operator*() const noexcept { return node_; }
    Iterator& operator++() noexcept {
        node_ = node_.next_sibling();
        return *this;
    }
    Iterator operator++(int) noexcept {
        Iterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

private:
    GroupNode node_;
};

/// What a message has against its structure.
struct StructureIssue {
    enum class Kind : std::uint8_t {
        missing_segment,     ///< mandatory, and its group is there
        missing_group,       ///< mandatory
        out_of_order,        ///< known in the open group, but it should have come earlier
        too_many,            ///< repeats where the structure allows one
        unexpected_segment,  ///< the standard knows the segment, this structure does not
        unknown_segment,     ///< neither the standard nor a Z segment
    };
    Kind kind;
    std::size_t segment_index;  ///< the segment concerned; for what is missing, the one before which it is missed
    std::uint32_t item;         ///< of the structure, dictionary::item_of; UINT32_MAX where it has none
    std::uint32_t group;        ///< node id of the group concerned
};

/// A message taken apart by a message structure: every segment has its place in a tree of groups.
///
/// Holds indexes and a pointer to the message, which must outlive it and stay put. Nothing is dropped: what the
/// structure does not know hangs, unexpected, on the group that was open at that point. Cost is linear in the number of
/// segments.
class GroupTree {
public:
    static constexpr std::size_t issues_max = 1000;  ///< more are not recorded

    GroupNode root() const& noexcept { return {this, 0}; }
    GroupNode root() const&& = delete;  // would dangle
    const MessageView& message() const noexcept { return *message_; }
    dictionary::Structure structure() const noexcept { return structure_; }
    const std::vector<StructureIssue>& issues() const noexcept { return issues_; }
    std::size_t size() const noexcept { return nodes_.size(); }
    /// The node with that id.
    GroupNode node(std::uint32_t id) const noexcept { return {this, id}; }

private:
    friend class GroupNode;
    friend class GroupReader;
    friend GroupTree group(const MessageView&, const dictionary::Structure&);
    static constexpr std::uint32_t none = UINT32_MAX;
    struct Node {
        std::uint32_t item = none;
        std::uint32_t segment = none;
        std::uint32_t parent = none;
        std::uint32_t first_child = none;
        std::uint32_t last_child = none;
        std::uint32_t next_sibling = none;
        std::uint32_t repetition = 1;
    };
    GroupTree(const MessageView& message, dictionary::Structure structure) noexcept
        : message_(&message), structure_(structure) {}

    const MessageView* message_;
    dictionary::Structure structure_;
    std::vector<Node> nodes_;
    std::vector<StructureIssue> issues_;
};

/// Takes `message` apart by `structure`. Never fails: what does not fit is an issue.
GroupTree group(const MessageView& message, const dictionary::Structure& structure);
GroupTree group(MessageView&& message, const dictionary::Structure& structure) = delete;  // would dangle

inline GroupNode::Iterator GroupNode::begin() const noexcept { return Iterator(first_child()); }
inline GroupNode::Iterator GroupNode::end() const noexcept { return Iterator(); }

}  // namespace causeway::hl7v2
