#pragma once
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/condition.hpp"

namespace causeway::mllp {

struct ScriptError {
    std::size_t line = 0;  ///< counted from 1
    std::string text;
};

[[noreturn]] void throw_exception_from_error(const ScriptError& error, const boost::source_location& where);

/// One thing to do when a message has come.
struct ScriptAction {
    enum class Kind {
        answer,       ///< an acknowledgement with `code`, and `error` in ERR-3 if given
        answer_file,  ///< the message made from the template `file` on this connection
        delay,        ///< wait `ms` before what follows
        silence,      ///< no answer
        close,        ///< close the connection
        wrong_id,     ///< an AA whose MSA-2 is not the control id received
        garbage,      ///< a framed answer that is no HL7
        half,         ///< the first half of an AA, then close
        pieces,       ///< an AA in `count` pieces, `ms` between them
        acknowledge,  ///< later, on a connection of its own: the acknowledgement `code` as a message, to `to`
        send_file,    ///< later, on a connection of its own: the messages of `file` to `to`
    };
    Kind kind = Kind::answer;
    std::string code;   ///< AA, AE, AR, CA, CE, CR
    std::string error;  ///< table 0357
    std::string file;
    std::string to;        ///< HOST:PORT; empty = the --reply-to of the command
    std::uint64_t ms = 0;  ///< delay, or how long after the message a send_file or acknowledge begins
    std::uint32_t count = 0;
};

/// One line of a script.
struct ScriptRule {
    std::string type;  ///< "OML^O21", "OML" (any event), "*"
    exchange::Condition condition;
    std::optional<std::uint64_t> times;  ///< how often it may still fire; none = always
    std::vector<ScriptAction> actions;
    std::size_t line = 0;
};

/// How a stand-in partner behaves; the text that `causeway listen --script` reads.
///
///     # a laboratory that is slow once, refuses test codes it does not know, and sends results
///     on OML^O21 times 1: delay 3s; answer AA
///     on OML^O21 where OBR-4.1 not in (57698-3, 24323-8): answer AE 103
///     on OML^O21: answer AA; send results/preliminary.hl7 after 1s; send results/final.hl7 after 2s
///     on ADT: answer CA; delay 2s; answer AA
///     on *: answer AA
///
/// Actions happen in their order; what is answered leaves when its turn comes.
/// The first line whose type and condition fit and whose times are not used up decides. Without a fitting line the
/// answer is AA.
class ListenScript {
public:
    using Result = boost::system::result<ListenScript, ScriptError>;
    static Result parse(std::string_view text);

    /// The rule for a message, its `times` counted down; null if none fits. Valid until the script goes away.
    const ScriptRule* match(const hl7v2::MessageView& message);

    const std::vector<ScriptRule>& rules() const noexcept { return rules_; }

private:
    std::vector<ScriptRule> rules_;
};

/// "250ms", "3s", "2m"; null if it is none of these or over a day.
std::optional<std::uint64_t> parse_duration_ms(std::string_view text);

}  // namespace causeway::mllp
