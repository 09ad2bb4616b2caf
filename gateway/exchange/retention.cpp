#include "gateway/exchange/retention.hpp"

namespace causeway::exchange {
namespace {

constexpr std::size_t rows_per_job = 500;

}  // namespace

storage::Result<PurgeReport> purge_blocking(storage::Store& store, std::int64_t before_us, PurgeCursor& cursor) {
    PurgeReport report;
    for (bool more = true; more;) {
        const auto purged =
            storage::transact_blocking(store, [after = cursor.outbox, before_us](storage::Transaction& transaction) {
                return transaction.purge_outbox(after, before_us, rows_per_job);
            });
        if (purged.has_error()) return purged.error();
        report.deliveries += purged->removed;
        more = purged->more && purged->last != cursor.outbox;
        cursor.outbox = purged->last;
    }
    for (bool more = true; more;) {
        const auto purged =
            storage::transact_blocking(store, [after = cursor.inbox, before_us](storage::Transaction& transaction) {
                return transaction.purge_inbox(after, before_us, rows_per_job);
            });
        if (purged.has_error()) return purged.error();
        report.messages += purged->removed;
        more = purged->more && purged->last != cursor.inbox;
        cursor.inbox = purged->last;
    }
    return report;
}

}  // namespace causeway::exchange
