#include "hl7v2/validate/validate.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "hl7v2/validate/checker.hpp"

namespace causeway::hl7v2 {

// --- IssueSink

IssueSink::IssueSink(const MessageView& message, std::size_t issues_max) : message_(message), issues_max_(issues_max) {
    sequence_.reserve(message.size());
    std::unordered_map<std::string_view, std::uint32_t> counts;
    for (const SegmentView segment : message) sequence_.push_back(++counts[segment.name()]);
}

void IssueSink::add(ValidationRule rule, Severity severity, ErrorCode code, const CheckedPlace& place, std::string text,
                    std::string source) {
    if (full()) return;
    ValidationIssue issue{rule, severity, code, {}, 0, place.position, 0, std::move(text), std::move(source)};
    if (place.segment) {
        issue.segment = place.segment.name();
        issue.segment_sequence = sequence_[place.segment.index()];
        issue.offset = place.raw.data() != nullptr ? message_.offset_of(place.raw)
                       : place.position.field == 0 ? place.segment.offset()
                                                   : place.segment.offset() + place.segment.raw().size();
    }
    issues_.push_back(std::move(issue));
}

std::vector<ValidationIssue> IssueSink::take() {
    std::ranges::stable_sort(issues_, {}, &ValidationIssue::offset);
    return std::move(issues_);
}

// --- structure and header

namespace {

std::string text_of(const StructureIssue& issue, const GroupTree& tree) {
    const std::string name(issue.item == UINT32_MAX ? std::string_view{} : dictionary::item_of(issue.item).name());
    const std::string group(tree.node(issue.group).name());
    switch (issue.kind) {
        case StructureIssue::Kind::missing_segment:
            return name.empty() ? "one of several segments is missing in " + group : name + " is missing in " + group;
        case StructureIssue::Kind::missing_group:
            return "group " + name + " is missing in " + group;
        case StructureIssue::Kind::out_of_order:
            return "the segment should stand earlier in " + group;
        case StructureIssue::Kind::too_many:
            return "the segment may stand once only in " + group;
        case StructureIssue::Kind::unexpected_segment:
            return "the structure does not have this segment here";
        case StructureIssue::Kind::unknown_segment:
            return "the standard does not have this segment";
    }
    return {};
}

}  // namespace

void check_structure(const GroupTree& tree, IssueSink& sink) {
    using Kind = StructureIssue::Kind;
    const std::string source(tree.structure().name());
    for (const StructureIssue& issue : tree.issues()) {
        const bool unknown = issue.kind == Kind::unexpected_segment || issue.kind == Kind::unknown_segment;
        const ErrorCode code = issue.kind == Kind::too_many ? ErrorCode::cardinality : ErrorCode::segment_sequence;
        // what is missing at the end is missed after the last segment
        const std::size_t index = std::min(issue.segment_index, sink.message().size() - 1);
        sink.add(ValidationRule::structure, unknown ? Severity::warning : Severity::error, code,
                 {sink.message()[index]}, text_of(issue, tree), source);
    }
}

void check_header(IssueSink& sink) {
    const MessageView& message = sink.message();
    const SegmentView msh = message.segment("MSH");
    const auto place = [&](const Position& position) { return CheckedPlace{msh, position, msh.at(position).raw()}; };
    if (!msh) {
        return sink.add(ValidationRule::structure, Severity::error, ErrorCode::segment_sequence, {message[0]},
                        "the message has no MSH", "");
    }
    const std::string source(dictionary::version(message.version()).text());
    if (!dictionary::find_version(message.version())) {
        sink.add(ValidationRule::message, Severity::error, ErrorCode::unsupported_version, place({12, 1, 1}),
                 "the version is not one of 2.1 to 2.8.2", source);
    }
    const auto structure = dictionary::structure_of(message);
    if (!structure) {
        sink.add(ValidationRule::message, Severity::warning, ErrorCode::unsupported_message_type, place({9, 1, 1}),
                 "no message structure is known for this type and event", source);
    } else if (!message.message_structure().empty() && message.message_structure() != structure->name()) {
        sink.add(ValidationRule::message, Severity::warning, ErrorCode::table_value_not_found, place({9, 1, 3}),
                 "the message structure is not that of the type and event, " + std::string(structure->name()), source);
    }
}

std::vector<ValidationIssue> validate(const MessageView& message, const ValidateOptions& options) {
    IssueSink sink(message, options.issues_max);
    if (message.empty()) return {};
    const dictionary::Version version = dictionary::version(message.version());
    const auto structure = dictionary::structure_of(message);
    std::optional<GroupTree> tree;
    if (structure) tree = group(message, *structure);
    if (options.structure) {
        check_header(sink);
        if (tree) check_structure(*tree, sink);
    }
    if (options.values) check_values(version, sink);
    for (const auto& profile : options.profiles) check_profile(*profile, version, tree ? &*tree : nullptr, sink);
    return sink.take();
}

}  // namespace causeway::hl7v2
