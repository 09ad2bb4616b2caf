#include "gateway/patient_index/identity_events.hpp"

#include "gateway/ops/log.hpp"

namespace causeway::patient_index {

storage::Result<void> IdentityEvents::happened(storage::Transaction& transaction, mappings::Event::Kind kind,
                                               const storage::ResourceName& survivor,
                                               const storage::ResourceName& other,
                                               const security::Principal& principal) {
    const Actor actor{EventSource::feed, principal.id, transaction.now_us()};
    const auto outcome = apply(transaction, kind, survivor, other, actor);
    if (outcome.has_error()) return outcome.error();
    if (*outcome != Refusal::none) ops::log::warning("identity.refused", {{"reason", refusal_text(*outcome)}});
    return {};
}

storage::Result<Refusal> IdentityEvents::apply(storage::Transaction& transaction, mappings::Event::Kind kind,
                                               const storage::ResourceName& survivor,
                                               const storage::ResourceName& other, const Actor& actor) {
    using Kind = mappings::Event::Kind;
    switch (kind) {
        case Kind::merge:
            return index_.merge(transaction, survivor.id, other.id, actor);
        case Kind::link:
            return index_.link(transaction, survivor.id, other.id, actor);
        case Kind::unlink:
            return index_.unlink(transaction, survivor.id, other.id, actor);
        case Kind::move:
            return index_.link(transaction, other.id, survivor.id, actor);
        case Kind::change_identifier:
            break;
    }
    return Refusal::none;
}

}  // namespace causeway::patient_index
