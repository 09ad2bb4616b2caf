// Two lines: the scopes a client may have, and those it asks for. Parse, write, parse again, narrow, decide.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/security/scope.hpp"

using namespace causeway::security;

namespace {

void must(bool good) {
    if (!good) std::abort();
}

std::vector<Scope> scopes_of(std::string_view text) {
    auto parsed = parse_scopes(text);
    if (const auto* const error = std::get_if<ScopeError>(&parsed)) {
        must(!error->reason.empty());
        return {};
    }
    return std::get<std::vector<Scope>>(std::move(parsed));
}

bool covers(const Scope& right, const Scope& given) {
    return right.level == given.level && right.covers(given.type) && (given.actions & ~right.actions) == 0 &&
           (right.query.empty() || right.query == given.query);
}

void check_decisions(const Grant& grant) {
    for (const std::string_view type : {"Patient", "Observation", "AuditEvent", "Binary"})
        for (const auto interaction : {Interaction::read, Interaction::search, Interaction::create,
                                       Interaction::delete_, Interaction::history, Interaction::operation}) {
            const auto decision = decide(grant, {interaction, type, {}, {}});
            bool named = false;
            for (const auto& scope : grant.scopes)
                named =
                    named || (scope.covers(type) && (scope.level != Scope::Level::patient || !grant.patient.empty()));
            must(!decision.allowed || named);
            must(decision.allowed || !decision.reason.empty());
            // Without a scope of the user or system level nothing outside the patient's compartment is shown.
            bool wide = false;
            for (const auto& scope : grant.scopes) wide = wide || scope.level != Scope::Level::patient;
            must(!decision.allowed || wide || !decision.filter.patient_ids.empty());
            const auto& types = decision.filter.types;  // none: all of them
            must(!decision.allowed || decision.filter.everything || types.empty() ||
                 std::find(types.begin(), types.end(), type) != types.end());
        }
    const auto audit = decide_audit(grant, {Interaction::audit_read, "AuditEvent", {}, "search"});
    bool names_it = false;
    for (const auto& scope : grant.scopes)
        names_it = names_it || (scope.type == "AuditEvent" && (scope.actions & Scope::search) != 0);
    must(!audit.allowed || names_it);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 2048) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto line = input.find('\n');
    const auto allowed = scopes_of(input.substr(0, line));
    const auto asked = line == std::string_view::npos ? allowed : scopes_of(input.substr(line + 1));
    if (allowed.size() * asked.size() > 400) return 0;  // slow, and nothing new
    for (const auto* const list : {&allowed, &asked}) {
        const auto again = scopes_of(to_string(*list));
        must(again.size() == list->size());
        for (std::size_t i = 0; i < again.size(); ++i)
            must(again[i].text() == (*list)[i].text() && again[i].actions == (*list)[i].actions);
    }
    const auto given = narrowed(asked, allowed);
    for (const auto& each : given) {
        bool wanted = false, permitted = false;
        for (const auto& wish : asked)
            wanted =
                wanted || (wish.level == each.level && wish.covers(each.type) && (each.actions & ~wish.actions) == 0 &&
                           (wish.query.empty() || wish.query == each.query));
        for (const auto& right : allowed) permitted = permitted || covers(right, each);
        must(each.actions != 0 && wanted && permitted);
    }
    check_decisions({given, {}, false, false});
    check_decisions({given, "p1", false, false});
    return 0;
}
