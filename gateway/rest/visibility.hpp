#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "gateway/rest/fault.hpp"
#include "gateway/security/door.hpp"
#include "gateway/storage/visibility.hpp"

namespace causeway::rest {

/// What the authorisation point lets somebody see, and the same for the store.
struct Sight {
    std::shared_ptr<const security::AccessFilter> filter;   ///< null: everything
    std::shared_ptr<const storage::Visibility> visibility;  ///< null: everything
};

/// Turns what the authorisation point lets somebody see into conditions for the store.
///
/// With patients given, a type of the patient compartment is seen where a reference of the compartment's table names
/// one of them. Of the other types only those are seen that describe no patient (organisations, definitions ...); what
/// could hold anything about anyone (Binary, Bundle, Task ...) is not.
///
/// Remembers what it made: a principal asks often with few filters. Thread-safe.
class Visibilities {
public:
    Visibilities();
    ~Visibilities();

    /// Null for a filter that lets everything through. A granular query that cannot be read is a fault: nothing is
    /// shown then.
    Outcome<std::shared_ptr<const storage::Visibility>> of(const security::AccessFilter& filter,
                                                           std::string_view base_url,
                                                           std::int32_t zone_offset_minutes) const;

    /// What `door` lets `principal` see while it does `action`; a fault where it may not. Of a principal with a grant the
    /// answer is remembered: the same token's next request is mostly like the last.
    Outcome<Sight> of(const security::Door& door, const security::Principal& principal, const security::Action& action,
                      std::string_view base_url, std::int32_t zone_offset_minutes) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace causeway::rest
