#include "hl7v2/validate/validate.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "hl7v2/continuation.hpp"
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

void IssueSink::add_missing(std::string_view name, std::size_t index, std::string text, std::string source) {
    if (full()) return;
    ValidationIssue issue{
        ValidationRule::structure, Severity::error,  ErrorCode::segment_sequence, std::string(name), 1, {}, 0,
        std::move(text),           std::move(source)};
    for (std::size_t i = index; i-- > 0;) {
        if (!message_.is(i, name)) continue;
        issue.segment_sequence = sequence_[i] + 1;
        break;
    }
    const SegmentView next = message_[std::min(index, message_.size() - 1)];
    issue.offset = next.offset() + (index < message_.size() ? 0 : next.raw().size());
    issues_.push_back(std::move(issue));
}

std::vector<ValidationIssue> IssueSink::take() {
    std::ranges::stable_sort(issues_, {}, &ValidationIssue::offset);
    return std::move(issues_);
}

// --- syntax

namespace {

void warn_of_syntax(IssueSink& sink, const CheckedPlace& place, std::string text) {
    sink.add(ValidationRule::syntax, Severity::warning, ErrorCode::segment_sequence, place, std::move(text), "");
}

/// The line in a segment that begins none itself; empty if there is none.
std::string_view joined_line(std::string_view segment) noexcept {
    const std::size_t end = segment.find_first_of("\r\n");
    if (end == std::string_view::npos) return {};
    const std::size_t line = segment.find_first_not_of("\r\n", end);
    return segment.substr(line == std::string_view::npos ? end : line);
}

std::string_view first_control(std::string_view segment) noexcept {
    const auto found = std::ranges::find_if(
        segment, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n'; });
    return segment.substr(static_cast<std::size_t>(found - segment.begin()));
}

}  // namespace

/// The tolerances that a meaning may hang on; line ends and what surrounds a message say nothing.
void check_syntax(IssueSink& sink) {
    const MessageView& message = sink.message();
    const Deviations& used = message.deviations();
    const SegmentView msh = message.segment("MSH");
    const auto delimiters = [&](Tolerance tolerance, const char* text) {
        if (msh && used[tolerance] > 0) warn_of_syntax(sink, {msh, {2}, msh.field(2).raw()}, text);
    };
    delimiters(Tolerance::repeated_delimiters, "a character stands twice");
    delimiters(Tolerance::extra_delimiters, "there are more than five characters");
    delimiters(Tolerance::odd_delimiters, "a delimiter is a letter, a digit, a blank or a control character");
    const bool lower = used[Tolerance::lower_case_names] > 0;
    const bool lines = used[Tolerance::joined_text_lines] > 0;
    const bool controls = used[Tolerance::control_bytes] > 0;
    if (!lower && !lines && !controls) return;
    for (const SegmentView segment : message) {
        if (sink.full()) return;
        const std::string_view raw = segment.raw();
        if (lower && segment.name() != raw.substr(0, 3)) warn_of_syntax(sink, {segment}, "the name is in lower case");
        if (const auto line = lines ? joined_line(raw) : std::string_view{}; !line.empty())
            warn_of_syntax(sink, {segment, {}, line}, "a line that begins no segment was read as part of this one");
        if (const auto control = controls ? first_control(raw) : std::string_view{}; !control.empty())
            warn_of_syntax(sink, {segment, {}, control}, "there is a control character");
    }
}

std::vector<ValidationIssue> charset_issues(const DecodedText& decoded, const MessageView& message) {
    std::vector<ValidationIssue> out;
    const bool header = static_cast<bool>(message.segment("MSH"));
    for (const CharsetIssue& issue : decoded.issues) {
        using Kind = CharsetIssue::Kind;
        if (issue.kind == Kind::unknown_name || issue.kind == Kind::misspelt_name) continue;
        const std::string text(describe(issue.kind));
        if (std::ranges::find(out, text, &ValidationIssue::text) != out.end()) continue;
        out.push_back({ValidationRule::syntax, Severity::warning, ErrorCode::data_type, header ? "MSH" : "",
                       header ? 1U : 0U, header ? Position{18} : Position{}, issue.offset, text, decoded.charset});
    }
    return out;
}

// --- structure and header

namespace {

std::string text_of(const StructureIssue& issue, const GroupTree& tree) {
    const std::string name(issue.item == UINT32_MAX ? std::string_view{} : dictionary::item_of(issue.item).name());
    const std::string group(tree.node(issue.group).name());
    const auto missing = [&](const std::string& what) {
        const std::size_t index = issue.segment_index;
        const std::string after = index == 0 ? "" : " after " + std::string(tree.message()[index - 1].name());
        return what + " is missing in " + group + after;
    };
    switch (issue.kind) {
        case StructureIssue::Kind::missing_segment:
            return missing(name.empty() ? "one of several segments" : name);
        case StructureIssue::Kind::missing_group:
            return missing("group " + name);
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

/// The segment by which an item that is missing would begin.
std::string_view first_segment(dictionary::Item item) noexcept {
    using Kind = dictionary::Item::Kind;
    while (item.kind() == Kind::group || item.kind() == Kind::choice) {
        std::size_t first = 0;
        for (std::size_t i = 0; i < item.size() && item.kind() == Kind::group; ++i) {
            if (!item.child(i).required()) continue;
            first = i;
            break;
        }
        if (item.size() == 0) return {};
        item = item.child(first);
    }
    return item.kind() == Kind::segment ? item.name() : std::string_view{};
}

}  // namespace

void check_structure(const GroupTree& tree, IssueSink& sink) {
    using Kind = StructureIssue::Kind;
    const std::string source(tree.structure().name());
    for (const StructureIssue& issue : tree.issues()) {
        if (issue.kind == Kind::missing_segment || issue.kind == Kind::missing_group) {
            sink.add_missing(first_segment(dictionary::item_of(issue.item)), issue.segment_index, text_of(issue, tree),
                             source);
            continue;
        }
        const bool unknown = issue.kind == Kind::unexpected_segment || issue.kind == Kind::unknown_segment;
        const ErrorCode code = issue.kind == Kind::too_many ? ErrorCode::cardinality : ErrorCode::segment_sequence;
        sink.add(ValidationRule::structure, unknown ? Severity::warning : Severity::error, code,
                 {sink.message()[issue.segment_index]}, text_of(issue, tree), source);
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
    // what is not sent is a required field that is missing
    if (msh.at({12}).valued() && !dictionary::find_version(message.version())) {
        const bool near = dictionary::nearest_version(message.version()).has_value();
        sink.add(ValidationRule::message, near ? Severity::warning : Severity::error, ErrorCode::unsupported_version,
                 place({12, 1, 1}), "the version is not one of 2.1 to 2.8.2 and is read as " + source, source);
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

namespace {

/// The segment before DSC goes on in the next fragment: an empty ADD says so (2.5.1 section 2.10.2.2).
bool ends_in_the_middle(const MessageView& message) noexcept {
    for (std::size_t i = message.size(); i-- > 1;) {
        if (message.is(i, "DSC")) return message.is(i - 1, "ADD") && message[i - 1].raw().size() <= 4;
    }
    return false;
}

std::vector<ValidationIssue> check(const MessageView& message, const ValidateOptions& options, bool fragment,
                                   bool cut) {
    IssueSink sink(message, options.issues_max);
    const dictionary::Version version = dictionary::version(message.version());
    const auto structure = dictionary::structure_of(message);
    std::optional<GroupTree> tree;
    if (structure && !fragment) tree = group(message, *structure);
    if (options.structure) {
        check_syntax(sink);
        check_header(sink);
        if (tree) check_structure(*tree, sink);
    }
    if (fragment) {
        const SegmentView dsc = message.segment("DSC");
        const SegmentView place = dsc ? dsc : message.segment("MSH");
        sink.add(ValidationRule::structure, Severity::information, ErrorCode::segment_sequence, {place},
                 "the message is a fragment: its groups are checked when it is whole", std::string(version.text()));
    }
    std::size_t until = message.size();
    while (cut && until > 1 && !(until < message.size() && message.is(until, "DSC"))) --until;
    if (options.values) check_values(version, cut ? until - 1 : until, sink);
    if (fragment) return sink.take();
    for (const auto& profile : options.profiles) check_profile(*profile, version, tree ? &*tree : nullptr, sink);
    return sink.take();
}

/// Takes offsets in what join_addenda() made back to the message.
class JoinedOffsets {
public:
    explicit JoinedOffsets(const MessageView& message) {
        std::size_t removed = 0;
        for (std::size_t i = 2; i < message.size(); ++i) {
            if (!message.is(i, "ADD")) continue;
            const SegmentView before = message[i - 1];
            const std::size_t end = before.offset() + before.raw().size();
            const std::size_t begin = message[i].offset() + std::min<std::size_t>(message[i].raw().size(), 4);
            joints_.push_back({end - removed, removed + begin - end});
            removed += begin - end;
        }
    }
    std::size_t original(std::size_t joined) const noexcept {
        const auto after = std::ranges::upper_bound(joints_, joined, {}, &Joint::at);
        return after == joints_.begin() ? joined : joined + std::prev(after)->removed;
    }

private:
    struct Joint {
        std::size_t at;       ///< in the joined message
        std::size_t removed;  ///< up to there
    };
    std::vector<Joint> joints_;
};

}  // namespace

std::vector<ValidationIssue> validate(const MessageView& message, const ValidateOptions& options) {
    if (message.empty()) return {};
    const bool fragment = continuation(message).fragment();
    const bool cut = fragment && ends_in_the_middle(message);
    if (!has_addenda(message)) return check(message, options, fragment, cut);
    const std::string joined = join_addenda(message);
    ParseOptions everything{.tolerances = Tolerances::all()};
    everything.limits.message_bytes_max = everything.limits.segments_max = SIZE_MAX;
    const auto whole = MessageView::parse(std::string_view(joined), everything);
    if (!whole) return check(message, options, fragment, cut);
    auto issues = check(*whole, options, fragment, cut);
    const JoinedOffsets offsets(message);
    for (ValidationIssue& issue : issues) issue.offset = offsets.original(issue.offset);
    return issues;
}

}  // namespace causeway::hl7v2
