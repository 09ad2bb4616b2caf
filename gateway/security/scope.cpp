#include "gateway/security/scope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fhir/r4/tables.hpp"

namespace causeway::security {
namespace {

constexpr std::string_view letters = "cruds";

std::optional<std::uint8_t> parse_actions(std::string_view text) {
    // The words of version 1 first: "read" is no subsequence of "cruds", but "*" and "write" must not be tried as one.
    if (text == "read") return Scope::read | Scope::search;
    if (text == "write") return Scope::create | Scope::update | Scope::remove;
    if (text == "*") return Scope::create | Scope::read | Scope::update | Scope::remove | Scope::search;
    std::uint8_t actions = 0;
    std::size_t next = 0;
    for (const char c : text) {
        const auto at = letters.find(c, next);
        if (at == std::string_view::npos) return std::nullopt;
        actions = static_cast<std::uint8_t>(actions | 1u << at);
        next = at + 1;
    }
    if (actions == 0) return std::nullopt;
    return actions;
}

/// `name=value` pairs of plain parameters.
bool plain_query(std::string_view query) {
    while (true) {
        const auto end = query.find('&');
        const auto pair = query.substr(0, end);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || equals == 0 || equals + 1 == pair.size()) return false;
        const auto name = pair.substr(0, equals);
        // ':' is a modifier and '.' a chain; the names that begin with '_' and are more than a plain parameter are few.
        const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        });
        constexpr std::array<std::string_view, 12> not_filters = {
            "_filter",  "_has",      "_include", "_revinclude", "_sort",          "_count",
            "_summary", "_elements", "_total",   "_contained",  "_containedType", "_format"};
        if (!plain || std::find(not_filters.begin(), not_filters.end(), name) != not_filters.end()) return false;
        if (end == std::string_view::npos) return true;
        query.remove_prefix(end + 1);
    }
}

std::string_view code(Scope::Level level) {
    switch (level) {
        case Scope::Level::patient:
            return "patient";
        case Scope::Level::user:
            return "user";
        case Scope::Level::system:
            return "system";
    }
    return "";
}

std::optional<Scope::Level> level_of(std::string_view text) {
    if (text == "patient") return Scope::Level::patient;
    if (text == "user") return Scope::Level::user;
    if (text == "system") return Scope::Level::system;
    return std::nullopt;
}

/// The action an interaction needs of the type it names; nothing: it needs none (its parts are asked one by one).
std::optional<std::uint8_t> needed(const Action& action) {
    switch (action.interaction) {
        case Interaction::read:
        case Interaction::vread:
            return Scope::read;
        case Interaction::history:
            return action.id.empty() ? Scope::search : Scope::read;
        case Interaction::create:
            return Scope::create;
        case Interaction::update:
        case Interaction::patch:
            return Scope::update;
        case Interaction::delete_:
            return Scope::remove;
        case Interaction::search:
            return Scope::search;
        case Interaction::operation:
            return static_cast<std::uint8_t>(Scope::read | Scope::search);
        default:
            return std::nullopt;
    }
}

bool permits(const Scope& scope, std::string_view type, std::uint8_t actions) {
    return (scope.actions & actions) == actions && (type.empty() || scope.covers(type));
}

}  // namespace

std::string Scope::text() const {
    std::string out = fmt::format("{}/{}.", code(level), type);
    for (std::size_t i = 0; i < letters.size(); ++i)
        if ((actions >> i & 1u) != 0) out += letters[i];
    if (!query.empty()) out.append("?").append(query);
    return out;
}

std::variant<Scope, ScopeError> parse_scope(std::string_view text) {
    const auto slash = text.find('/');
    const auto level = level_of(text.substr(0, slash));
    if (slash == std::string_view::npos || !level) return ScopeError{"a scope begins with patient/, user/ or system/"};
    text.remove_prefix(slash + 1);
    Scope scope;
    scope.level = *level;
    const auto question = text.find('?');
    if (question != std::string_view::npos) {
        scope.query = text.substr(question + 1);
        if (!plain_query(scope.query))
            return ScopeError{"a scope's parameters are plain name=value pairs, without modifiers or chains"};
        text = text.substr(0, question);
    }
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return ScopeError{"a scope has a type, a dot and its actions"};
    scope.type = text.substr(0, dot);
    if (scope.type != "*" && !fhir::r4::is_resource_type(scope.type))
        return ScopeError{"a scope names no resource type of R4"};
    const auto actions = parse_actions(text.substr(dot + 1));
    if (!actions) return ScopeError{"a scope's actions are a part of cruds in that order, or read, write or *"};
    if (scope.type == "*" && !scope.query.empty()) return ScopeError{"a scope with parameters names one type"};
    scope.actions = *actions;
    return scope;
}

std::variant<std::vector<Scope>, ScopeError> parse_scopes(std::string_view text) {
    std::vector<Scope> out;
    while (!text.empty()) {
        const auto end = text.find(' ');
        const auto word = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        const bool about_resources = level_of(word.substr(0, word.find('/'))).has_value();
        if (word.empty() || word == "openid" || word == "fhirUser" || word == "profile" || word == "online_access" ||
            word == "offline_access" || word == "launch" || word.starts_with("launch/"))
            continue;
        if (!about_resources) return ScopeError{"a scope begins with patient/, user/ or system/"};
        auto parsed = parse_scope(word);
        if (auto* error = std::get_if<ScopeError>(&parsed)) return std::move(*error);
        out.push_back(std::get<Scope>(std::move(parsed)));
    }
    return out;
}

std::string to_string(const std::vector<Scope>& scopes) {
    std::string out;
    for (const auto& each : scopes) out.append(out.empty() ? "" : " ").append(each.text());
    return out;
}

std::vector<Scope> narrowed(const std::vector<Scope>& asked, const std::vector<Scope>& allowed) {
    std::vector<Scope> out;
    for (const auto& wish : asked) {
        for (const auto& right : allowed) {
            if (right.level != wish.level) continue;
            Scope scope = wish;
            if (!right.covers(wish.type)) {
                if (wish.type != "*") continue;
                scope.type = right.type;
            }
            scope.actions = wish.actions & right.actions;
            if (scope.actions == 0) continue;
            if (!right.query.empty()) {
                if (!wish.query.empty() && wish.query != right.query) continue;
                scope.query = right.query;
            }
            const bool known = std::any_of(out.begin(), out.end(), [&](const Scope& each) {
                return each.level == scope.level && each.type == scope.type && each.query == scope.query &&
                       (each.actions & scope.actions) == scope.actions;
            });
            if (!known) out.push_back(std::move(scope));
        }
    }
    return out;
}

Decision decide(const Grant& grant, const Action& action) {
    const auto actions = needed(action);
    if (!actions) return {true, {}, {}};
    for (const bool compartment : {false, true}) {
        if (compartment && grant.patient.empty()) break;
        const auto of_this_kind = [&](const Scope& scope) {
            return (scope.level == Scope::Level::patient) == compartment;
        };
        const bool permitted = std::any_of(grant.scopes.begin(), grant.scopes.end(), [&](const Scope& scope) {
            return of_this_kind(scope) && permits(scope, action.type, *actions);
        });
        if (!permitted) continue;
        Decision decision{true, {}, {}};
        auto& filter = decision.filter;
        if (compartment) filter.patient_ids.push_back(grant.patient);
        // What may be seen on the way: everything of a type that a scope lets the bearer read or find. The action's own
        // type counts by the scopes that permit the action.
        std::vector<std::string> narrow;
        bool every_type = false;
        for (const auto& scope : grant.scopes) {
            if (!of_this_kind(scope)) continue;
            const bool for_action = permits(scope, action.type, *actions);
            if (!for_action && (scope.actions & (Scope::read | Scope::search)) == 0) continue;
            if (!for_action && scope.type == action.type) continue;
            if (scope.type == "*" && !for_action && !action.type.empty()) {
                // Every type but the action's own, for which this scope is not enough.
                for (const std::string_view type : fhir::r4::resource_types())
                    if (type != action.type) filter.types.emplace_back(type);
            } else if (scope.type == "*") {
                every_type = true;
            } else if (scope.query.empty()) {
                filter.types.push_back(scope.type);
            } else {
                filter.types.push_back(scope.type);
                narrow.push_back(scope.type);
                filter.queries.push_back({scope.type, scope.query});
            }
        }
        // A type that some scope gives whole is not narrowed by another.
        const auto whole = [&](const AccessFilter::TypeQuery& each) {
            return every_type || std::count(filter.types.begin(), filter.types.end(), each.type) >
                                     std::count(narrow.begin(), narrow.end(), each.type);
        };
        std::erase_if(filter.queries, whole);
        std::sort(filter.types.begin(), filter.types.end());
        filter.types.erase(std::unique(filter.types.begin(), filter.types.end()), filter.types.end());
        if (every_type) filter.types.clear();
        filter.everything = every_type && !compartment;
        return decision;
    }
    return {false, "the token's scopes do not permit this", {}};
}

Decision decide_audit(const Grant& grant, const Action& action) {
    const auto actions = action.operation == "search" ? Scope::search : Scope::read;
    for (const bool compartment : {false, true}) {
        if (compartment && grant.patient.empty()) break;
        for (const auto& scope : grant.scopes) {
            if ((scope.level == Scope::Level::patient) != compartment || scope.type != "AuditEvent" ||
                (scope.actions & actions) == 0 || !scope.query.empty())
                continue;
            Decision decision{true, {}, {}};
            if (compartment) decision.filter = {false, {"AuditEvent"}, {grant.patient}, {}};
            return decision;
        }
    }
    return {false, "the token's scopes do not name AuditEvent", {}};
}

}  // namespace causeway::security
