#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/message_view.hpp"

namespace causeway::hl7v2 {

/// The message with every ADD joined to the segment it continues (2.5.1 section 2.10.2.1); all other bytes as they are.
/// An ADD right after MSH continues nothing in this message and stays: see Reassembly.
std::string join_addenda(const MessageView& message);
/// Whether there is an ADD that join_addenda() would join.
bool has_addenda(const MessageView& message) noexcept;

/// How a message continues another (MSH-14) and is continued itself (DSC).
struct Continuation {
    std::string from;          ///< MSH-14: continues the message whose DSC-1 this was; empty if it begins
    std::string to;            ///< DSC-1; empty if it ends here
    bool interactive = false;  ///< DSC-2 I: the next part comes when it is asked for, so nothing is to be joined

    bool fragment() const noexcept { return !interactive && (!from.empty() || !to.empty()); }
};
/// An empty DSC-2 (before 2.4) means F, but in the answer to a query (MSA or QRD) I.
Continuation continuation(const MessageView& message);

/// What one sender's unfinished messages may cost.
struct ReassemblyLimits {
    std::size_t message_bytes_max = std::size_t{64} << 20;  ///< of one message put together
    std::size_t fragments_max = 10'000;                     ///< of one message
    std::size_t unfinished_max = 100;                       ///< messages
    std::size_t bytes_max = std::size_t{128} << 20;         ///< of all unfinished messages
};

/// Puts fragmented messages of one sender together (2.5.1 section 2.10.2.2). Pure: fed with the same fragments it makes
/// the same messages, so a store that keeps fragments needs to keep nothing else.
///
/// Each fragment is a message with its own control id and gets its own accept acknowledgement; the whole is
/// acknowledged once, as the last fragment.
class Reassembly {
public:
    enum class Outcome : std::uint8_t {
        whole,             ///< no fragment: the message is complete as it is
        kept,              ///< more is to come
        complete,          ///< `message` is put together
        repeated,          ///< the fragment was taken before; nothing changes
        unknown_pointer,   ///< MSH-14 continues nothing that is known: CE
        pointer_in_use,    ///< DSC-1 is that of another unfinished message: CE
        other_delimiters,  ///< it does not continue with the delimiters it began with: CE
        too_large,         ///< a limit was passed; the unfinished message is dropped: CE
    };
    struct Step {
        Outcome outcome;
        std::string message = {};  ///< MSH of the first fragment, all segments, each ended by CR
        std::size_t fragments = 1;
    };
    /// An unfinished message, for the operator and for time-outs.
    struct Unfinished {
        std::string pointer;           ///< DSC-1 that is waited for
        std::string first_control_id;  ///< MSH-10 of the first fragment
        std::string last_control_id;
        std::size_t fragments = 0;
        std::size_t bytes = 0;
        std::int64_t last_at_ms = 0;
    };

    explicit Reassembly(const ReassemblyLimits& limits = {}) noexcept : limits_(limits) {}

    Step take(const MessageView& message, std::int64_t now_ms);
    /// Drops what had no fragment since `before_ms`, and says what.
    std::vector<Unfinished> expire(std::int64_t before_ms);
    std::vector<Unfinished> unfinished() const;

private:
    struct Chain {
        Unfinished state;
        Delimiters delimiters;
        std::string text;
    };
    Step begin(const MessageView& message, Continuation&& way, std::int64_t now_ms);
    Step go_on(const MessageView& message, Continuation&& way, std::int64_t now_ms);
    Chain* find(std::string_view pointer) noexcept;
    bool fits(const Chain& chain, std::size_t more) const noexcept;
    void drop(const Chain& chain);

    ReassemblyLimits limits_;
    std::vector<Chain> chains_;
};

/// Cuts a message into fragments of at most `fragment_bytes_max` bytes, segments where they must be (ADD). `next_id`
/// gives the control id of each fragment but the first, and is its predecessor's DSC-1 too: it must be unique for the
/// receiver. A message that fits comes back as it is. Error: too_large, if MSH and a few bytes do not fit.
Result<std::vector<std::string>> fragment(const MessageView& message, std::size_t fragment_bytes_max,
                                          const std::function<std::string()>& next_id);

}  // namespace causeway::hl7v2
