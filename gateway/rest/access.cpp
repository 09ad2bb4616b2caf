#include "gateway/rest/access.hpp"

#include <algorithm>
#include <span>

#include "fhir/r4/tables.hpp"
#include "gateway/rest/answer.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;
using http::Method;
using security::Interaction;

std::string parameter_names(const Call& call) {
    std::string names;
    for (const auto& parameter : call.parameters)
        names.append(names.empty() ? "" : "&").append(parameter.name.substr(0, 64));
    return names;
}

bool is_id_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/// The patients that an answer names: whose data the client now has. Read off its text: references to patients, and
/// the full URLs of patients themselves. The links of a Bundle name what was asked for, not what was found.
void find_patients(const http::Response& response, std::vector<std::string>& out) {
    for (std::size_t i = 0; i < response.body.piece_count(); ++i) {
        std::string_view text = response.body.piece(i);
        if (text.substr(0, 64).find("\"Bundle\"") != std::string_view::npos) {
            const auto entries = text.find("\"entry\":");
            if (entries == std::string_view::npos) continue;
            text.remove_prefix(entries);
        }
        constexpr std::string_view mark = "Patient/";
        for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
            if (at == 0 || (text[at - 1] != '/' && text[at - 1] != '"')) continue;
            auto end = at + mark.size();
            while (end < text.size() && is_id_character(text[end])) ++end;
            const auto id = text.substr(at + mark.size(), end - at - mark.size());
            if (id.empty() || id.size() > 64 || std::find(out.begin(), out.end(), id) != out.end()) continue;
            if (out.size() == security::audited_patients_max) return;
            out.emplace_back(id);
        }
    }
}

}  // namespace

std::optional<Interaction> interaction_of(Method method, Route::Kind kind) {
    using Kind = Route::Kind;
    if (method == Method::get || method == Method::head) {
        switch (kind) {
            case Kind::system:
            case Kind::type:
            case Kind::search:
            case Kind::compartment:
                return Interaction::search;
            case Kind::capabilities:
                return Interaction::capabilities;
            case Kind::instance:
                return Interaction::read;
            case Kind::version:
                return Interaction::vread;
            case Kind::history:
                return Interaction::history;
            case Kind::operation:
                return Interaction::operation;
        }
    }
    if (method == Method::post) {
        if (kind == Kind::system) return Interaction::transaction;
        if (kind == Kind::type) return Interaction::create;
        if (kind == Kind::search) return Interaction::search;
        if (kind == Kind::operation) return Interaction::operation;
    }
    const bool target = kind == Kind::type || kind == Kind::instance;
    if (method == Method::put && target) return Interaction::update;
    if (method == Method::patch && target) return Interaction::patch;
    if (method == Method::erase && target) return Interaction::delete_;
    return std::nullopt;
}

std::string allowed_methods(Route::Kind kind) {
    std::string list = "OPTIONS";
    for (const Method method : {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::erase})
        if (interaction_of(method, kind)) list.append(", ").append(http::to_string(method));
    return list;
}

Fault not_allowed(Route::Kind kind) {
    Fault made = fault(405, IssueCode::not_supported, "The method is not allowed here");
    made.headers.add("Allow", allowed_methods(kind));
    return made;
}

Outcome<void> authorize(const Services& services, Call& call) {
    const auto interaction = interaction_of(call.request.method, call.route.kind);
    if (!interaction) return not_allowed(call.route.kind);
    const std::string& type =
        call.route.member_type.empty() || call.route.member_type == "*" ? call.route.type : call.route.member_type;
    auto sight = services.visibilities.of(services.door, call.principal,
                                          {*interaction, type, call.route.id, call.route.operation}, call.base,
                                          services.settings.zone_offset_minutes);
    if (sight.has_error()) return sight.error();
    call.filter = std::move(sight->filter);
    call.visibility = std::move(sight->visibility);
    if (call.visibility && !type.empty() && fhir::r4::is_resource_type(type) && !call.visibility->find(type))
        return fault(403, IssueCode::forbidden, "Resources of this type may not be seen");
    return {};
}

Answer audit_of_failures(const Services& services, CallPtr call, Answer answer) {
    const auto interaction = interaction_of(call->request.method, call->route.kind);
    // Searches by POST and operations take care of their rows themselves, the entries of a batch of theirs.
    const bool write = interaction == Interaction::create || interaction == Interaction::update ||
                       interaction == Interaction::patch || interaction == Interaction::delete_;
    if (!write) return answer;
    return [&services, call = std::move(call), answer = std::move(answer)](Outcome<http::Response> outcome) {
        answer(outcome ? std::move(outcome) : audited(services, *call, std::move(outcome)));
    };
}

Outcome<http::Response> audited(const Services& services, const Call& call, Outcome<http::Response> outcome) {
    const auto interaction = interaction_of(call.request.method, call.route.kind);
    if (!services.reads || !interaction) return outcome;
    const Route& route = call.route;
    const bool search = *interaction == Interaction::search;
    std::vector<std::string> patients;
    std::string_view patient = route.type == "Patient" ? std::string_view(route.id) : std::string_view();
    if (outcome && outcome->status < 300) find_patients(*outcome, patients);
    if (patients.size() == 1 && patient.empty()) patient = patients.front();
    const std::span<const std::string> several =
        !patient.empty() && patients.size() <= 1 ? std::span<const std::string>() : patients;
    std::string query, asked;
    if (search) query = parameter_names(call);
    if (search || *interaction == Interaction::operation || *interaction == Interaction::history)
        asked = std::string(http::to_string(call.request.method)) + " " + call.request.target;
    if (search && !call.request.body.empty())
        asked.append("\n").append(call.request.body.substr(0, security::request_bytes_max));
    const security::AuditView entry{.at_us = call.now_us,
                                    .principal = call.principal,
                                    .interaction = *interaction,
                                    .type = search && !route.member_type.empty() ? route.member_type : route.type,
                                    .id = route.id,
                                    .version = outcome ? version_in_etag(outcome->headers.get("ETag")).value_or(0) : 0,
                                    .query = query,
                                    .operation = route.operation,
                                    .patient = patient,
                                    .patients = several,
                                    .request = asked,
                                    .token = call.principal.token,
                                    .purpose = call.principal.purpose,
                                    .status = static_cast<int>(outcome ? outcome->status : outcome.error().status),
                                    .outcome = {},
                                    .correlation = call.request.id};
    if (services.reads->record(entry)) return outcome;
    Fault busy = fault(503, IssueCode::transient, "The audit queue is full; try again");
    busy.headers.add("Retry-After", "1");
    return busy;
}

}  // namespace causeway::rest
