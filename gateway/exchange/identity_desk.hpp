#pragma once
#include <memory>
#include <optional>
#include <string>

#include "gateway/exchange/envelope.hpp"
#include "gateway/exchange/reply.hpp"
#include "mappings/engine/forward.hpp"

namespace causeway::exchange {

/// The answer to a query message.
struct QueryAnswer {
    std::string message;  ///< the whole response, in ER7
    std::string code;     ///< its MSA-1
    std::string note;     ///< for the inbox row; no clinical content
};

/// What the patient index has to say to a message before it is mapped: it answers queries, and it holds senders to the
/// domains that the configuration gives them. Called on any thread, outside of a transaction.
class IdentityDesk {
public:
    virtual ~IdentityDesk() = default;
    /// Of a PIX or PDQ query; nothing if the message is no such thing.
    virtual std::optional<QueryAnswer> answer(const Envelope& envelope, const ReplyContext& context) const = 0;
    /// Why a feed may not say what it says about identifiers: an unknown authority, another's domain, an unknown key.
    virtual std::optional<Refusal> refusal(const Envelope& envelope) const = 0;
    /// The message with its assigning authorities in full (namespace, universal id and type); null if it is already.
    virtual std::unique_ptr<const hl7v2::Message> completed(const Envelope& envelope) const = 0;
    /// Takes away the keys by which a message must not find a record: a national number names a person, not the
    /// sender's record.
    virtual void restrict_keys(const Partner& partner, mappings::ForwardResult& mapped) const = 0;
};

}  // namespace causeway::exchange
