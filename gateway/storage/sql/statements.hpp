#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace causeway::storage::sql {

/// Every statement of the store, once. Placeholders are `$1`, `$2` ... in the order of their first appearance, which
/// SQLite and PostgreSQL read alike; each touches one table by its key or in its order, but for the joins on primary
/// keys that a read is.
enum class Statement : std::uint8_t {
    begin_read,
    begin_write,
    commit,
    rollback,
    savepoint,
    release,
    rollback_to,
    meta_get,
    meta_set,
    type_all,
    type_add,
    parameter_all,
    parameter_add,
    dictionary_all,
    dictionary_add,
    dead_all,
    dead_set,
    version_prev_after,
    version_last,
    version_at_or_after,

    resource_find,
    resource_any_type,
    resource_add,
    resource_set,
    resource_current,
    resource_name,
    resource_last,
    version_add,
    version_keys,
    version_prev,
    body_add,
    history_add,
    read_name,
    read_rid,
    read_vid,
    version_of_name,
    number_first,
    number_later,
    history_before,
    keys_after,

    identity_get,
    identity_set,
    identity_remove,

    inbox_add,
    inbox_last,
    inbox_sender_add,
    inbox_set,
    inbox_row,
    inbox_sender,
    inbox_list,
    inbox_list_state,
    trace_set,
    trace_get,
    written_add,
    written_list,

    outbox_add,
    outbox_last,
    outbox_row,
    outbox_set,
    outbox_lane_add,
    outbox_lane_remove,
    outbox_lane_first,
    outbox_head_add,
    outbox_head_remove,
    outbox_head_due,
    outbox_head_first,
    outbox_list,
    outbox_list_dead,
    outbox_list_dead_partner,
    outbox_depth,
    outbox_dead_depth,
    outbox_oldest,

    audit_add,
    audit_last,
    audit_list,

    record_get,
    record_set,
    record_move,
    record_erase,
    record_after,
    record_count,
    member_add,
    member_remove,
    member_list,
    block_add,
    block_remove,
    block_list,
    person_get,
    person_set,
    person_last,
    event_add,
    event_last,
    event_record_add,
    event_person_add,
    event_of_record,
    event_of_person,
    event_after,
    review_add,
    review_last,
    review_get,
    review_close,
    review_record_add,
    review_open_after,
    review_of_record,

    note_get,
    note_set,
    count_
};

constexpr std::size_t statement_count = static_cast<std::size_t>(Statement::count_);

std::string_view text(Statement statement);

}  // namespace causeway::storage::sql
