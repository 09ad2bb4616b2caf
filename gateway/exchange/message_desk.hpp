#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gateway/exchange/inbox.hpp"
#include "gateway/security/principal.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// What a person decides about a message that was held, failed, or is to be tried again.
struct Decision {
    enum class Verb {
        release,  ///< held: file it, under the patient named, or under its own without the order
        discard,  ///< held or failed: it is looked at and nothing is made of it
        replay    ///< process its bytes again, or edited ones; the original stays as it is
    } verb = Verb::release;
    std::optional<storage::ResourceName> patient{};  ///< release: whose it is
    std::optional<std::string> bytes{};              ///< replay: instead of the original's
    std::string by;                                  ///< the operator, for the row's note
};

struct Decided {
    unsigned status = 200;    ///< 404 no such message, 409 not in a state for this, 503 the store
    std::string text;         ///< why not
    storage::InboxId id = 0;  ///< the row of what was filed; 0: none
    std::string outcome, note;
};

/// Carries a decision out. What is filed is a message of its own, with bytes, trace and provenance; the one that was
/// decided about names it in its note. Blocking.
Decided decide_blocking(storage::Store& store, const Inbox& inbox, storage::InboxId id, const Decision& decision);

}  // namespace causeway::exchange
