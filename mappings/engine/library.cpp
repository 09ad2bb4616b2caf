#include "mappings/engine/library.hpp"

#include <algorithm>
#include <set>

namespace causeway::mappings {
namespace {

using namespace syntax;

std::string left_of(const Statement& s) {
    std::string out;
    for (const auto& source : s.sources) out += source.to_string() + "|";
    return out;
}

std::string right_of(const Statement& s) { return s.target ? s.target->to_string() : std::string(); }

bool same_place(const Statement& a, const Statement& b) {
    return a.kind == b.kind && left_of(a) == left_of(b) && right_of(a) == right_of(b);
}

/// Whether a line's left is the place a `drop` names; `PID-10` is also `PID-10[]`.
bool is_left(const Statement& what, const Statement& line) {
    return std::equal(what.sources.begin(), what.sources.end(), line.sources.begin(), line.sources.end(),
                      [](const V2Path& a, const V2Path& b) {
                          return a.base == b.base && a.field == b.field && a.component == b.component &&
                                 a.subcomponent == b.subcomponent &&
                                 (!a.repetition_given || a.repetition == b.repetition);
                      });
}

/// `drop PID-10` removes every line with that left, also inside choose and when; `drop gender` every line with that
/// right.
std::size_t drop(std::vector<Statement>& block, const Statement& what) {
    std::size_t dropped = std::erase_if(block, [&](const Statement& s) {
        if (s.kind == Statement::Kind::choose || s.kind == Statement::Kind::when) return false;
        return what.target ? right_of(s) == right_of(what) : !s.sources.empty() && is_left(what, s);
    });
    for (auto& s : block) {
        dropped += drop(s.block, what);
        for (auto& branch : s.branches) dropped += drop(branch.block, what);
    }
    return dropped;
}

/// Gives the `drop` that has nothing to drop, if there is one.
const Statement* extend_block(std::vector<Statement>& base, const std::vector<Statement>& more) {
    std::vector<Statement> front;
    const Statement* idle = nullptr;
    for (const auto& s : more) {
        if (s.kind == Statement::Kind::drop) {
            if (drop(base, s) == 0) idle = &s;
            continue;
        }
        const auto same = std::find_if(base.begin(), base.end(), [&](const Statement& b) { return same_place(b, s); });
        if (s.kind != Statement::Kind::choose && s.kind != Statement::Kind::when && same != base.end())
            *same = s;
        else
            front.push_back(s);
    }
    base.insert(base.begin(), front.begin(), front.end());
    return idle;
}

/// Names of the segments and groups of a message, for "did you mean".
void item_names(const std::vector<Item>& items, std::vector<std::string_view>& out) {
    for (const auto& item : items) {
        if (item.kind != Item::Kind::segment && item.kind != Item::Kind::group) continue;
        out.push_back(item.name);
        item_names(item.items, out);
    }
}

void extend_rows(std::vector<Row>& base, const std::vector<Row>& more) {
    for (const auto& row : more) {
        std::erase_if(base, [&](const Row& old) {
            const bool same_v2 = row.arrow != Arrow::backward && old.arrow != Arrow::backward && old.v2 == row.v2;
            const bool same_fhir = row.arrow != Arrow::forward && old.arrow != Arrow::forward && old.fhir == row.fhir;
            return same_v2 || same_fhir;
        });
    }
    const auto star =
        std::find_if(base.begin(), base.end(), [](const Row& row) { return row.v2_pattern || row.fhir_pattern; });
    base.insert(star, more.begin(), more.end());
}

bool drop_item(std::vector<Item>& items, const std::string& name) {
    const auto before = items.size();
    std::erase_if(items, [&](const Item& item) {
        return (item.kind == Item::Kind::segment || item.kind == Item::Kind::group) && item.name == name;
    });
    bool found = items.size() != before;
    for (auto& item : items)
        if (item.kind == Item::Kind::group) found |= drop_item(item.items, name);
    return found;
}

bool place_item(std::vector<Item>& items, const Item& what) {
    for (auto at = items.begin(); at != items.end(); ++at) {
        if ((at->kind == Item::Kind::segment || at->kind == Item::Kind::group) && at->name == what.name) {
            items.insert(what.kind == Item::Kind::after ? at + 1 : at, what.items.front());
            return true;
        }
        if (at->kind == Item::Kind::group && place_item(at->items, what)) return true;
    }
    return false;
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string_view>& names) {
    std::size_t best = name.size() / 3 + 1;
    std::string_view found;
    std::vector<std::size_t> row;
    for (const auto candidate : names) {
        if (candidate.size() > name.size() + best || name.size() > candidate.size() + best) continue;
        row.resize(candidate.size() + 1);
        for (std::size_t j = 0; j <= candidate.size(); ++j) row[j] = j;
        for (std::size_t i = 1; i <= name.size(); ++i) {
            std::size_t diagonal = row[0];
            row[0] = i;
            for (std::size_t j = 1; j <= candidate.size(); ++j) {
                const std::size_t change = diagonal + (name[i - 1] == candidate[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
            }
        }
        if (row.back() < best || (row.back() == best && found.empty())) {
            best = row.back();
            found = candidate;
        }
    }
    return found.empty() ? std::string() : ", did you mean " + std::string(found) + "?";
}

void Library::declare(const Declaration& d, const std::vector<MapSource>& sources, bool in_site, Diagnostics& out) {
    const auto fault = [&](const char* code, std::string text) {
        out.push_back({code, sources[d.place.file].name, d.place.line, d.place.column, std::move(text)});
    };
    const auto put = [&](auto& where, const std::string& name, const auto& content, const char* what) {
        const auto at = where.find(name);
        if (at != where.end() && d.mode == Declaration::Mode::declare && !in_site)
            fault("E100", std::string(what) + " " + name + " is declared twice (first at line " +
                              std::to_string(at->second.place.line) + "); use extend or replace in a site");
        else if (at == where.end() && d.mode == Declaration::Mode::replace)
            fault("E101", "there is no " + std::string(what) + " " + name + " to replace; leave out 'replace'");
        where.insert_or_assign(name, Named<std::decay_t<decltype(content)>>{content, d.place});
    };
    const bool extends = d.mode == Declaration::Mode::extend;
    const auto base_of = [&](auto& where, const std::string& name, const char* what) {
        const auto at = where.find(name);
        if (at == where.end()) {
            std::vector<std::string_view> names;
            for (const auto& entry : where) names.push_back(entry.first);
            fault("E101", "there is no " + std::string(what) + " " + name + " to extend" + nearest(name, names));
        }
        return at == where.end() ? nullptr : &at->second.content;
    };
    const auto extend = [&](const std::string& what, std::vector<Statement>& base, const std::vector<Statement>& more) {
        if (const Statement* idle = extend_block(base, more))
            out.push_back({"W104", sources[idle->place.file].name, idle->place.line, idle->place.column,
                           what + " has no line with that left or right to drop"});
    };
    std::visit(
        [&](const auto& content) {
            using T = std::decay_t<decltype(content)>;
            if constexpr (std::is_same_v<T, System>)
                put(systems, content.name, content, "system");
            else if constexpr (std::is_same_v<T, Extension>)
                put(extensions, content.name, content, "extension");
            else if constexpr (std::is_same_v<T, Slice>)
                put(slices, content.name, content, "slice");
            else if constexpr (std::is_same_v<T, Setting>) {
                if (in_site && !settings.contains(content.name)) {
                    std::vector<std::string_view> names;
                    for (const auto& entry : settings) names.push_back(entry.first);
                    fault("E123", "unknown setting " + content.name + nearest(content.name, names) +
                                      "; one of the site's own is declared outside of it");
                }
                put(settings, content.name, content, "setting");
            } else if constexpr (std::is_same_v<T, Identity>)
                put(identities, content.type, content, "identity");
            else if constexpr (std::is_same_v<T, Codec>)
                put(codecs, content.name, content, "codec");
            else if constexpr (std::is_same_v<T, Table>) {
                if (!extends)
                    put(tables, content.name, content, "table");
                else if (auto* base = base_of(tables, content.name, "table"))
                    extend_rows(base->rows, content.rows);
            } else if constexpr (std::is_same_v<T, TypeMap>) {
                for (const auto& type : content.v2_types) {
                    const std::string name = type + "<->" + content.fhir_type;
                    if (!extends)
                        put(types, name, content, "type");
                    else if (auto* base = base_of(types, name, "type"))
                        extend("type " + name, base->block, content.block);
                }
            } else if constexpr (std::is_same_v<T, SegmentMap>) {
                if (!extends)
                    put(maps, content.name, content, "map");
                else if (auto* base = base_of(maps, content.name, "map"))
                    extend("map " + content.name, base->block, content.block);
            } else if constexpr (std::is_same_v<T, Message>) {
                if (!extends) return put(messages, content.name, content, "message");
                auto* base = base_of(messages, content.name, "message");
                if (!base) return;
                base->events.insert(base->events.end(), content.events.begin(), content.events.end());
                for (const auto& item : content.items) {
                    bool found = true;
                    if (item.kind == Item::Kind::drop)
                        found = drop_item(base->items, item.name);
                    else if (item.kind == Item::Kind::before || item.kind == Item::Kind::after)
                        found = place_item(base->items, item);
                    else
                        base->items.push_back(item);
                    if (found) continue;
                    std::vector<std::string_view> names;
                    item_names(base->items, names);
                    fault("E102", "message " + content.name + " has no " + item.name + nearest(item.name, names));
                }
            } else if constexpr (std::is_same_v<T, std::shared_ptr<const Site>>) {
                put(sites, content->name, content, "site");
            }
        },
        d.content);
}

Library Library::base(const std::vector<Declaration>& declarations, const std::vector<MapSource>& sources,
                      Diagnostics& out) {
    Library library;
    for (const auto mode : {Declaration::Mode::declare, Declaration::Mode::replace, Declaration::Mode::extend})
        for (const auto& d : declarations)
            if (d.mode == mode) library.declare(d, sources, mode == Declaration::Mode::replace, out);
    return library;
}

bool Library::apply_site(std::string_view name, const std::vector<MapSource>& sources, Diagnostics& out) {
    std::vector<std::shared_ptr<const Site>> chain;
    std::set<std::string, std::less<>> seen;
    for (std::string next(name); !next.empty();) {
        const auto at = sites.find(next);
        if (at == sites.end() && next == "base") break;  // the library, by the name it has in `site x on base`
        if (at == sites.end() || !seen.insert(next).second) {
            std::vector<std::string_view> names;
            for (const auto& site : sites) names.push_back(site.first);
            const Place place = chain.empty() ? Place{} : sites.find(chain.back()->name)->second.place;
            out.push_back({"E103", sources.empty() ? "" : sources[place.file].name, place.line, place.column,
                           at == sites.end() ? "there is no site " + next + nearest(next, names)
                                             : "site " + next + " stands on itself"});
            if (chain.empty()) return false;
            break;  // what else is wrong with it is said in the same run
        }
        chain.push_back(at->second.content);
        next = chain.back()->base;
    }
    for (auto site = chain.rbegin(); site != chain.rend(); ++site)
        for (const auto& declaration : (*site)->declarations) declare(declaration, sources, true, out);
    return true;
}

}  // namespace causeway::mappings
