#include "gateway/main/partner_admin.hpp"

#include <utility>

#include "fhir/json/json.hpp"
#include "gateway/http/fresh_answer.hpp"
#include "gateway/http/principal.hpp"

namespace causeway {
namespace {

http::Response json_response(std::string body, unsigned status = 200) {
    return http::fresh_answer(status, "application/json", std::move(body));
}

}  // namespace

void PartnerAdmin::handle(http::Request request, http::Reply reply) {
    const bool get = request.method == http::Method::get || request.method == http::Method::head;
    const bool post = request.method == http::Method::post;
    const security::Principal principal = http::operator_of(request);
    const auto interaction = get ? security::Interaction::admin_read : security::Interaction::admin_write;
    if (!services_.door.authorize(principal, {interaction, {}, {}, get ? "metadata" : "configure"}).allowed)
        return reply(http::outcome_response(403, "forbidden", "The operators' interface is not open to this client"));
    const auto path = request.path();
    if (get && path == "/admin/alerts") return reply(json_response(services_.alerts()));
    if (get && path == "/admin/partners")
        return services_.run([this, reply] { reply(json_response(services_.partners())); });
    if (post && path == "/admin/partners/reload") return reload(principal, std::move(reply));
    reply(http::outcome_response(405, "not-supported",
                                 "GET /admin/partners or /admin/alerts, POST /admin/partners/reload"));
}

void PartnerAdmin::reload(const security::Principal& principal, http::Reply reply) {
    security::AuditEntry entry;
    entry.at_us = services_.clock.now_us();
    entry.principal = principal;
    entry.interaction = security::Interaction::admin_write;
    entry.id = "partners";
    entry.operation = "reload";
    services_.run([this, row = security::render(entry), reply] {
        const auto audited = storage::transact_blocking(
            services_.store, [row](storage::Transaction& transaction) { return transaction.append_audit(row); });
        if (audited.has_error()) return reply(http::outcome_response(503, "transient", "The store cannot answer now"));
        const auto faults = services_.reload();
        std::string json = "{\"reloaded\":" + std::string(faults.empty() ? "true" : "false") + ",\"faults\":[";
        for (const auto& each : faults) {
            if (!json.ends_with('[')) json += ',';
            fhir::append_json_string(each, json);
        }
        reply(json_response(json + "]}", faults.empty() ? 200 : 422));
    });
}

}  // namespace causeway
