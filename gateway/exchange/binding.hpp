#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/exchange/candidate.hpp"
#include "gateway/exchange/lab_rules.hpp"
#include "gateway/exchange/order_tasks.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/storage/storage.hpp"
#include "mappings/engine/forward.hpp"

namespace causeway::exchange {

/// One write that a message leads to, ready to be done.
struct BoundWrite {
    rest::Draft draft;
    std::optional<std::int64_t> if_version;  ///< the version its content was made from; 0 = none
    bool fresh = false;                      ///< its id was made for it
};

/// What a message means for the store as it was when it was looked at: which resources of ours its resources are, and
/// what they shall hold.
///
/// Made outside of the transaction from a snapshot, because merging, checking, indexing and compressing cost far more
/// than writing. `seen` lists everything it depends on; holds_for() asks whether that still stands, and if not the
/// binding is made again inside.
struct Binding {
    std::vector<BoundWrite> writes;
    std::vector<std::pair<std::string, storage::ResourceName>> identities;  ///< new keys
    std::vector<storage::ResourceName> names;  ///< by index of the forward result's resources
    std::vector<Told> told;                    ///< what the message says and is not of the past
    std::optional<Hold> hold;
    std::optional<rest::Fault> fault;  ///< a resource that may not be stored: `fault_type` says which
    std::string fault_type;
    std::size_t stale = 0, unchanged = 0;

    struct SeenKey {
        std::string key;
        std::optional<storage::ResourceName> resource;
    };
    struct SeenVersion {
        storage::ResourceName name;
        std::int64_t number;  ///< 0 = no live version
    };
    std::vector<SeenKey> seen_keys;
    std::vector<SeenVersion> seen_versions;

    storage::Result<bool> holds_for(storage::Reader& reader) const;
};

struct BindOptions {
    std::function<std::string()> new_id;  ///< ids for resources that do not exist here yet
    std::string now = {};                 ///< for what a message did not date: an instant
    std::string message_key;              ///< identity keys that hold this text are good for this message only
    bool results_are_snapshots = false;   ///< a result that a newer report lacks is withdrawn
    /// A person has said whose the message is: its patient is this one, whose own data stay as they are.
    std::optional<storage::ResourceName> patient = {};
    bool without_orders_of_others = false;  ///< an order of another patient is not linked, and holds nothing
};

/// Content that cannot be stored is a `fault` of the binding; a failure of the
/// store is an error.
storage::Result<Binding> bind_message(storage::Reader& reader, const rest::ResourceWriter& writer,
                                      const mappings::ForwardResult& mapped, const BindOptions& options);

}  // namespace causeway::exchange
