#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/exchange/delivery.hpp"
#include "hl7v2/sequence.hpp"

namespace causeway::exchange {

/// Our side of a link whose messages carry sequence numbers (MSH-13, MSA-4; 2.5.1 section 2.10.1).
///
/// Knows which outbox row has the number that is under way, so that the partner's answer to "where do we stand" settles
/// the row whose acknowledgement was lost. It is asked on every new connection, before anything else is sent; what is
/// under way is written down before its first byte leaves. A value: text() is what the store keeps.
class NumberedLink {
public:
    /// From what was stored; of anything else, a link that was never used.
    explicit NumberedLink(std::string_view stored = {});
    /// A link whose next message has that number; the sides agree on it when they are connected.
    static NumberedLink from(std::int64_t next) noexcept;
    std::string text() const;
    /// The name under which it is stored.
    static std::string note(std::string_view partner);

    bool frozen() const noexcept { return state_.phase == hl7v2::sequence::SenderState::Phase::frozen; }
    /// The two sides agree, on this connection.
    bool agreed() const noexcept { return agreed_; }
    void connection_closed() noexcept { agreed_ = false; }
    /// The operator has looked at a frozen link: the next question makes our number the base.
    void allow_resynchronisation() noexcept { resynchronise_ = true; }
    std::int64_t next() const noexcept { return state_.next; }
    std::uint64_t row() const noexcept { return row_; }

    /// The header that asks for the partner's number, made of the header of `message`: MSH-13 is 0, or -1 to begin
    /// anew. Empty if the message has no readable header.
    std::string question(std::string_view message, std::string_view control_id);
    /// `message` with its number, which is then that of `row`.
    std::string number(std::string_view message, std::uint64_t row);

    enum class Step : std::uint8_t {
        send,      ///< agreed: go on
        accepted,  ///< the number under way, that of row(), was accepted
        freeze,    ///< the sides disagree: an operator decides
    };
    /// The answer to the question, or to the message under way. `expected` is MSA-4.
    Step answered(std::optional<std::int64_t> expected);
    /// A positive answer without MSA-4: the message was accepted, so its number was.
    void accepted_without_number();

private:
    Step take(const hl7v2::sequence::SenderStep& step);

    hl7v2::sequence::SenderState state_;
    std::uint64_t row_ = 0;  ///< outbox row of the number under way
    bool agreed_ = false, resynchronise_ = false;
};

}  // namespace causeway::exchange
