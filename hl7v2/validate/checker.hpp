#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/group.hpp"
#include "hl7v2/validate/issue.hpp"
#include "hl7v2/validate/profile.hpp"

// The parts of validate(), for its own sources only.
namespace causeway::hl7v2 {

/// A place in the message that is looked at.
struct CheckedPlace {
    SegmentView segment;
    Position position = {};
    std::string_view raw = {};  ///< of the message; without data where nothing was sent
};

/// Collects issues up to a limit, with their place worked out.
class IssueSink {
public:
    IssueSink(const MessageView& message, std::size_t issues_max);

    void add(ValidationRule rule, Severity severity, ErrorCode code, const CheckedPlace& place, std::string text,
             std::string source);
    /// A segment `name` that is missing before segment `index`: named as if it stood there, so that ERR-2 names it too.
    void add_missing(std::string_view name, std::size_t index, std::string text, std::string source);
    bool full() const noexcept { return issues_.size() >= issues_max_; }
    const MessageView& message() const noexcept { return message_; }
    std::vector<ValidationIssue> take();

private:
    const MessageView& message_;
    std::size_t issues_max_;
    std::vector<std::uint32_t> sequence_;  ///< which segment of its name, by index
    std::vector<ValidationIssue> issues_;
};

/// The rules of the standard.
void check_syntax(IssueSink& sink);
void check_structure(const GroupTree& tree, IssueSink& sink);
void check_header(IssueSink& sink);
/// Segments from `until` on are left out: they go on in another fragment.
void check_values(dictionary::Version version, std::size_t until, IssueSink& sink);

/// The rules of a profile; `tree` may be missing.
void check_profile(const Profile& profile, dictionary::Version version, const GroupTree* tree, IssueSink& sink);

}  // namespace causeway::hl7v2
