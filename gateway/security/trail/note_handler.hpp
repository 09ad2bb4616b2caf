#pragma once
#include "gateway/http/handler.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/security/door.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::security {

/// POST /admin/audit?operation=backup&user=olga: a command that worked on the store's file beside the gateway says so,
/// and the trail has it. For operators; the operations are those that commands of ours name.
class TrailNoteHandler final : public http::Handler {
public:
    TrailNoteHandler(storage::Store& store, const Door& door, const ops::Clock& clock)
        : store_(store), door_(door), clock_(clock) {}
    void handle(http::Request request, http::Reply reply) override;

private:
    storage::Store& store_;
    const Door& door_;
    const ops::Clock& clock_;
};

/// The row of a command: who ran it, and what it did to the store as a whole.
std::string command_row(std::string_view operation, std::string_view user, std::int64_t at_us);

}  // namespace causeway::security
