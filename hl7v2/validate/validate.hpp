#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "hl7v2/charset.hpp"
#include "hl7v2/message_view.hpp"
#include "hl7v2/validate/issue.hpp"
#include "hl7v2/validate/profile.hpp"

namespace causeway::hl7v2 {

/// How far a message is checked.
struct ValidateOptions {
    bool structure = true;  ///< segments and groups, by the structure of its type and event
    bool values = true;     ///< required, cardinality, length, data types, tables, by the segment definitions
    /// Checked too; must outlive the call. A message profile is stricter than the standard, never looser.
    std::span<const std::shared_ptr<const Profile>> profiles = {};
    std::size_t issues_max = 1000;  ///< more are not recorded
};

/// Checks a message against the standard in its own version (dictionary::version), and against profiles. Never fails:
/// all that is wrong is an issue, in the order of the message.
///
/// An error is what breaks a rule of the standard or a profile; a warning, what breaks one that the standard lets a
/// site widen (lengths, tables of coded elements, segments and fields it does not know) or what a Tolerance let pass;
/// information, what was withdrawn. Cost is linear in the size of the message.
///
/// A segment that ADD continues is checked as the one it is. Of a fragment (MSH-14, DSC) only the segments that are
/// whole are checked, by themselves: groups and profiles are a matter of the whole message.
std::vector<ValidationIssue> validate(const MessageView& message, const ValidateOptions& options = {});

/// What was met while the message's bytes were read by its character set: warnings at MSH-18, one of a kind, with the
/// offset in the bytes as received. `message` is what was parsed of `decoded`. A name that is not the table's is left
/// to validate().
std::vector<ValidationIssue> charset_issues(const DecodedText& decoded, const MessageView& message);

}  // namespace causeway::hl7v2
