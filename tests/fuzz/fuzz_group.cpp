// Any order of segments under any structure: every segment is in the tree once and in order, and the links agree.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hl7v2/group.hpp"

using namespace causeway::hl7v2;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::size_t walk(const GroupNode& group, std::size_t& next, std::size_t depth) {
    require(depth < 20);
    std::size_t nodes = 1;
    for (const GroupNode child : group) {
        require(child.parent() == group);
        if (child.is_segment()) {
            require(child.segment_index() == next++);
            if (child.expected()) require(child.item().kind() != dictionary::Item::Kind::group);
            ++nodes;
        } else {
            require(static_cast<bool>(child.first_child()));
            nodes += walk(child, next, depth + 1);
        }
    }
    return nodes;
}

}  // namespace

/// Byte 0: version, 1-2: structure, then one segment a byte: 0xFF a Z segment, others from the names of the version.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const auto version = dictionary::versions()[data[0] % dictionary::versions().size()];
    const auto structure = version.structure_at((data[1] * 256U + data[2]) % version.structure_count());
    std::string bytes = "MSH|^~\\&|\r";
    for (std::size_t i = 3; i < size && i < 3000; ++i) {
        const std::string_view name =
            data[i] == 0xFF ? "ZZZ" : version.segment_at(data[i] % version.segment_count()).name();
        bytes.append(name).append("|\r");
    }
    const auto message = MessageView::parse(bytes);
    require(message.has_value());
    const GroupTree tree = group(*message, structure);
    std::size_t next = 0;
    require(walk(tree.root(), next, 0) == tree.size());
    require(next == message->size());
    for (const StructureIssue& issue : tree.issues()) {
        require(issue.segment_index <= message->size());
        require(issue.group < tree.size());
    }
    return 0;
}
