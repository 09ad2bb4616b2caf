#include "gateway/security/trail/note_handler.hpp"

#include <algorithm>
#include <array>

#include "fhir/search/query.hpp"
#include "gateway/http/principal.hpp"
#include "gateway/security/audit.hpp"

namespace causeway::security {
namespace {

constexpr std::array<std::string_view, 3> operations = {"backup", "restore", "check"};

bool is_user(std::string_view text) {
    return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

}  // namespace

std::string command_row(std::string_view operation, std::string_view user, std::int64_t at_us) {
    AuditEntry entry;
    entry.at_us = at_us;
    entry.principal = {Principal::Kind::operator_, std::string(user), {}};
    entry.interaction = Interaction::admin_write;
    entry.id = "store";
    entry.operation = operation;
    return render(entry);
}

void TrailNoteHandler::handle(http::Request request, http::Reply reply) {
    if (request.method != http::Method::post) return reply(http::outcome_response(405, "not-supported", "POST only"));
    const auto principal = http::operator_of(request);
    if (!door_.authorize(principal, {Interaction::admin_write, {}, {}, "metadata"}).allowed)
        return reply(http::outcome_response(403, "forbidden", "Only operators write notes into the trail"));
    std::string operation, user;
    if (const auto parameters = fhir::search::decode_query(request.query()); parameters.has_value())
        for (const auto& each : *parameters) {
            if (each.name == "operation") operation = each.value;
            if (each.name == "user") user = each.value;
        }
    if (std::find(operations.begin(), operations.end(), operation) == operations.end() || !is_user(user))
        return reply(http::outcome_response(400, "value", "operation is backup, restore or check; user a plain name"));
    if (request.principal) user = principal.id;  // who proved to be somebody is that one
    storage::transact(
        store_,
        [row = command_row(operation, user, clock_.now_us())](storage::Transaction& transaction) {
            return transaction.append_audit(row);
        },
        [reply](storage::Result<std::int64_t> written) {
            if (written.has_error())
                return reply(http::outcome_response(503, "transient", "The row cannot be written"));
            http::Response response;
            response.status = 204;
            reply(std::move(response));
        });
}

}  // namespace causeway::security
