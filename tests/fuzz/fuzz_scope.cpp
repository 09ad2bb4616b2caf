// Two lines: the scopes a client may have, and those it asks for. Parse, write, parse again, narrow, decide.
#include <algorithm>
#include <array>
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

/// One decision of all there are: `which` comes from the input.
void check_decision(const Grant& grant, unsigned which) {
    constexpr std::array<std::string_view, 4> types = {"Patient", "Observation", "AuditEvent", "Binary"};
    constexpr std::array<Interaction, 6> interactions = {Interaction::read,    Interaction::search,
                                                         Interaction::create,  Interaction::delete_,
                                                         Interaction::history, Interaction::operation};
    const auto type = types[which % types.size()];
    const auto decision = decide(grant, {interactions[which / types.size() % interactions.size()], type, {}, {}});
    bool named = false, wide = false;
    for (const auto& scope : grant.scopes) {
        named = named || (scope.covers(type) && (scope.level != Scope::Level::patient || !grant.patient.empty()));
        wide = wide || scope.level != Scope::Level::patient;
    }
    must(decision.allowed || !decision.reason.empty());
    if (decision.allowed) {
        must(named);
        // Without a scope of the user or system level nothing outside the patient's compartment is shown.
        must(wide || !decision.filter.patient_ids.empty());
        const auto& seen = decision.filter.types;  // none: all of them
        must(decision.filter.everything || seen.empty() || std::find(seen.begin(), seen.end(), type) != seen.end());
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
    unsigned which = 0;
    for (const char c : input) which = which * 31 + static_cast<unsigned char>(c);
    check_decision({given, which % 2 == 0 ? std::string() : std::string("p1"), false, false}, which / 2);
    return 0;
}
