#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::mllp {

/// Text with places to fill in: `${control_id}`, `${now}`, `${ORC-2.1}`; `$${` stands for `${`.
///
/// Used for the messages that `causeway send` and `causeway listen` make. What a name means is the caller's: a template
/// only finds the names.
class MessageTemplate {
public:
    explicit MessageTemplate(std::string_view text);

    /// `value` gives the text for a name; a name it does not know (nullopt) becomes nothing.
    using Values = std::function<std::optional<std::string>(std::string_view name)>;
    std::string render(const Values& value) const;

    bool has_names() const noexcept { return parts_.size() > 1 || (parts_.size() == 1 && parts_[0].is_name); }

private:
    struct Part {
        std::string text;
        bool is_name;
    };
    std::vector<Part> parts_;
};

/// The messages in a file of any origin: ER7 with CR, LF or CRLF ends, one message after the other, with or without
/// MLLP frame bytes or batch envelopes (FHS, BHS, BTS, FTS are left out). Each result begins with MSH and ends its
/// segments with CR.
std::vector<std::string> split_messages(std::string_view text);

}  // namespace causeway::mllp
