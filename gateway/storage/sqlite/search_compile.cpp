// Criterion -> Condition: what a search asks, in terms of keys.
#include "fhir/search/normalise.hpp"
#include "fhir/search/parameters.hpp"
#include "gateway/storage/sqlite/searcher.hpp"

#include <algorithm>
#include <utility>

namespace causeway::storage {

using namespace fhir::search;

namespace {

constexpr std::size_t keys_listed_max = 8;   // systems of one code
constexpr std::size_t spelled_out_max = 60;  // rids of a chain that become keys of their own

Condition none_of(Condition inner) {
    Condition out;
    out.kind = Condition::Kind::none;
    out.children.push_back(std::move(inner));
    return out;
}

Condition any_of() {
    Condition out;
    out.kind = Condition::Kind::any;
    return out;
}

Condition key(KeyTest test) {
    Condition out;
    out.kind = Condition::Kind::key;
    out.key = std::move(test);
    return out;
}

Condition unknown() {
    Condition out;
    out.kind = Condition::Kind::unknown;
    return out;
}

[[noreturn]] void not_supported(std::string_view what) {
    throw FailureException(
        {FailureCode::not_supported, "search: " + std::string(what) + " is not supported by the store"});
}

KeyTest token_test(const keys::Hasher& hash, std::string head, const Operand& operand) {
    KeyTest test;
    test.head = std::move(head);
    switch (operand.system_match) {
        case SystemMatch::any:
            test.kind = KeyTest::Kind::begins;
            keys::append_code(hash, operand.text, test.bytes);
            break;
        case SystemMatch::none:
            keys::append_code(hash, operand.text, test.bytes);
            keys::append_system(hash, {}, test.bytes);
            break;
        case SystemMatch::exact:
            keys::append_code(hash, operand.text, test.bytes);
            keys::append_system(hash, operand.system, test.bytes);
            break;
        case SystemMatch::exact_any_code:
            test.kind = KeyTest::Kind::ends;
            test.size = 9;
            keys::append_system(hash, operand.system, test.bytes);
            break;
    }
    return test;
}

KeyTest string_test(std::string head, const Operand& operand, Modifier modifier) {
    KeyTest test;
    test.head = std::move(head);
    auto text = modifier == Modifier::none ? operand.text : normalise(operand.text);
    switch (modifier) {
        case Modifier::none:
        case Modifier::starts_with:
        case Modifier::exact:
            test.kind = KeyTest::Kind::begins;
            test.exact = modifier == Modifier::none && text.size() <= keys::string_bytes_max;
            test.bytes = text.substr(0, keys::string_bytes_max);
            if (test.bytes.empty()) test.kind = KeyTest::Kind::any;
            break;
        case Modifier::contains:
        case Modifier::ends_with:
            test.kind = KeyTest::Kind::contains;
            test.exact = modifier == Modifier::contains;
            test.bytes = std::move(text);
            break;
        default:
            not_supported("this modifier on a string parameter");
    }
    return test;
}

KeyTest date_test(std::string head, const Operand& operand) {
    KeyTest test;
    test.head = std::move(head);
    test.kind = KeyTest::Kind::date;
    test.prefix = operand.prefix;
    test.date = operand.date;
    return test;
}

KeyTest number_test(const keys::Hasher& hash, std::string head, const Operand& operand, bool quantity, bool canonical) {
    KeyTest test;
    test.head = std::move(head);
    test.kind = KeyTest::Kind::number;
    test.prefix = operand.prefix;
    test.implied = canonical ? operand.canonical_implied : operand.implied;
    test.number = canonical ? operand.canonical_number : operand.number;
    keys::append_system(hash, canonical ? std::string_view(operand.canonical_unit) : std::string_view(), test.bytes);
    // A unit that UCUM does not know is not in the key.
    test.exact = !quantity || canonical || (operand.text.empty() && operand.system.empty());
    return test;
}

void add_number(const keys::Hasher& hash, const std::string& head, const Operand& operand, bool quantity,
                Condition& out) {
    const bool canonical = quantity && !operand.canonical_unit.empty();
    out.children.push_back(key(number_test(hash, head, operand, quantity, canonical)));
    // `5||mg` also means a unit that only reads mg.
    if (canonical && operand.system_match == SystemMatch::any)
        out.children.push_back(key(number_test(hash, head, operand, quantity, false)));
}

}  // namespace

namespace {

/// A hash may be shared by two values: in a decision about identity a key that is there says maybe, so that neither a
/// match nor, under a negation, the lack of one rests on it.
void doubt(Condition& condition) {
    if (condition.kind == Condition::Kind::key) condition.key.exact = false;
    for (auto& child : condition.children) doubt(child);
}

}  // namespace

Searcher::Compiled Searcher::compile(std::string_view type, const Criterion& criterion, bool verify) {
    Compiled out;
    verify_ = verify;
    out.type = type;
    out.owned = confined(type, criterion);
    out.criterion = out.owned.get();
    out.verify = verify;
    out.condition.kind = Condition::Kind::all;
    const auto code = out.owned ? reads_.catalog.find_type(type) : 0;  // what may not be seen is not there
    KeyTest type_test;
    type_test.head = keys::type_key(code == 0 ? 0xffff : code);  // a type never written: nothing has that key
    out.condition.children.push_back(key(std::move(type_test)));
    if (code == 0) return out;
    auto inner = compile_node(type, *out.criterion);
    if (verify) doubt(inner);
    if (inner.kind == Condition::Kind::all) {
        for (auto& child : inner.children) out.condition.children.push_back(std::move(child));
    } else {
        out.condition.children.push_back(std::move(inner));
    }
    return out;
}

std::string Searcher::head_of(std::uint16_t parameter) const {
    return (contained_ ? keys::parameter_prefix(keys::contained_parameter) : std::string()) +
           keys::parameter_prefix(parameter);
}

KeyTest Searcher::with_listed_keys(KeyTest test) {
    // In the writer the index does not have the open group's keys yet, which the plain prefix finds all the same.
    if (group_ || test.kind != KeyTest::Kind::begins) return test;
    const auto scan = test.scans().front();
    test.listed = index_.keys_within(scan.first, scan.second, keys_listed_max);
    return test;
}

Condition Searcher::present(std::uint16_t parameter) const {
    auto out = any_of();
    KeyTest any;
    any.head = head_of(parameter);
    any.kind = KeyTest::Kind::any;
    out.children.push_back(key(std::move(any)));
    KeyTest mark;
    mark.head = head_of(keys::presence_parameter) + keys::parameter_prefix(parameter);
    out.children.push_back(key(std::move(mark)));
    return out;
}

Condition Searcher::present_and_unknown(std::uint16_t parameter) const {
    Condition out;
    out.kind = Condition::Kind::all;
    out.children.push_back(present(parameter));
    out.children.push_back(unknown());
    return out;
}

bool Searcher::any_contained(std::string_view type) {
    const auto code = reads_.catalog.find_type(type);
    if (code == 0) return false;
    const auto key = keys::contained_type_key(code);
    return !open_with_key(key).empty() || index_.count(key) > 0;
}

Condition Searcher::contained_condition(std::string_view type, const Criterion& criterion) {
    Condition out;
    out.kind = Condition::Kind::all;
    KeyTest holds;
    holds.head = keys::contained_type_key(reads_.catalog.find_type(type));
    out.children.push_back(key(std::move(holds)));
    const bool before = std::exchange(contained_, true);
    auto inner = compile_node(type, criterion);
    contained_ = before;
    doubt(inner);
    out.children.push_back(std::move(inner));
    out.children.push_back(unknown());
    return out;
}

Searcher::Compiled Searcher::compile_contained(std::string_view type, const Criterion& criterion) {
    Compiled out;
    out.type = type;
    out.contained = true;
    out.criterion = &criterion;
    const bool seen = !visibility_ || visibility_->find(type);
    if (seen && any_contained(type))
        out.condition = contained_condition(type, criterion);
    else
        out.condition = any_of();  // without children: false
    return out;
}

Condition Searcher::compile_node(std::string_view type, const Criterion& criterion) {
    Condition out;
    switch (criterion.kind) {
        case Criterion::Kind::all:
        case Criterion::Kind::any:
        case Criterion::Kind::none:
            if (contained_ && criterion.kind == Criterion::Kind::none) return unknown();
            out.kind = criterion.kind == Criterion::Kind::all   ? Condition::Kind::all
                       : criterion.kind == Criterion::Kind::any ? Condition::Kind::any
                                                                : Condition::Kind::none;
            for (const auto& child : criterion.children) out.children.push_back(compile_node(type, child));
            return out;
        case Criterion::Kind::compare:
            return compile_compare(type, criterion);
        case Criterion::Kind::missing: {
            auto has_one = any_of();
            for (const auto parameter : criterion.parameters)
                has_one.children.push_back(present(reads_.catalog.durable_parameter(parameter)));
            if (contained_ && criterion.missing) return unknown();
            return criterion.missing ? none_of(std::move(has_one)) : has_one;
        }
        case Criterion::Kind::chain:
            return contained_ ? unknown() : compile_chain(criterion);
        case Criterion::Kind::has:
            return contained_ ? any_of() : compile_has(criterion);
    }
    return unknown();
}

Condition Searcher::compile_compare(std::string_view type, const Criterion& criterion) {
    const auto& catalog = reads_.catalog;
    const keys::Hasher hash{catalog.hash_key, catalog.hash_mask};
    const bool negated = criterion.modifier == Modifier::not_ || criterion.modifier == Modifier::not_in;
    const auto finish = [&](Condition positive) {
        return negated ? none_of(std::move(positive)) : std::move(positive);
    };

    if (contained_ && (negated || criterion.special == Special::id || criterion.special == Special::last_updated ||
                       criterion.special == Special::text || criterion.special == Special::content ||
                       criterion.special == Special::list))
        return unknown();
    if (criterion.special == Special::id) {
        Condition self;
        self.kind = Condition::Kind::self;
        for (const auto& operand : criterion.operands) {
            const auto version = reads_.version(type, operand.text);
            if (version) self.rids.push_back(version->rid);
        }
        std::sort(self.rids.begin(), self.rids.end());
        return finish(std::move(self));
    }
    if (criterion.special == Special::last_updated) {
        auto out = any_of();
        for (const auto& operand : criterion.operands) {
            Condition one;
            one.kind = Condition::Kind::updated;
            one.prefix = operand.prefix;
            one.date = operand.date;
            out.children.push_back(std::move(one));
        }
        return out.children.size() == 1 ? std::move(out.children.front()) : std::move(out);
    }
    if (criterion.special == Special::text || criterion.special == Special::content)
        return compile_text(type, criterion);
    if (criterion.special == Special::list) return compile_list(criterion);
    if (criterion.special == Special::type) {
        Condition out;
        out.kind = std::any_of(criterion.operands.begin(), criterion.operands.end(),
                               [&](const Operand& operand) { return operand.text == type; })
                       ? Condition::Kind::all
                       : Condition::Kind::any;  // without children: true, false
        return out;
    }
    if (criterion.type == ParameterType::reference && criterion.modifier != Modifier::identifier)
        return compile_reference(criterion);

    auto out = any_of();
    for (const auto build_parameter : criterion.parameters) {
        const auto parameter = catalog.durable_parameter(build_parameter);
        if (parameter == 0) not_supported("a parameter that is not indexed");
        const auto head = head_of(parameter);
        for (const auto& operand : criterion.operands) {
            if (criterion.modifier == Modifier::text || criterion.special == Special::near) {
                out.children.push_back(present_and_unknown(parameter));
                break;  // one for all operands
            }
            switch (criterion.type) {
                case ParameterType::token:
                    if (criterion.modifier == Modifier::above || criterion.modifier == Modifier::below ||
                        criterion.modifier == Modifier::in || criterion.modifier == Modifier::not_in) {
                        out.children.push_back(compile_codes(parameter, criterion, operand));
                    } else if (criterion.modifier == Modifier::contains ||
                               criterion.modifier == Modifier::starts_with ||
                               criterion.modifier == Modifier::ends_with) {
                        out.children.push_back(present_and_unknown(parameter));
                    } else if (criterion.modifier == Modifier::of_type) {
                        KeyTest test;
                        test.head = head;
                        keys::append_typed_identifier(hash, operand.system, operand.type_code, operand.text,
                                                      test.bytes);
                        out.children.push_back(key(std::move(test)));
                    } else {
                        out.children.push_back(key(with_listed_keys(token_test(hash, head, operand))));
                    }
                    break;
                case ParameterType::string:
                    out.children.push_back(key(string_test(head, operand, criterion.modifier)));
                    break;
                case ParameterType::date:
                    out.children.push_back(key(date_test(head, operand)));
                    break;
                case ParameterType::number:
                    add_number(hash, head, operand, false, out);
                    break;
                case ParameterType::quantity:
                    add_number(hash, head, operand, true, out);
                    break;
                case ParameterType::uri:
                    if (criterion.modifier == Modifier::none) {
                        KeyTest test;
                        test.head = head;
                        keys::append_uri(hash, operand.text, test.bytes);
                        out.children.push_back(key(std::move(test)));
                    } else {
                        out.children.push_back(present_and_unknown(parameter));
                    }
                    break;
                case ParameterType::reference:
                    if (criterion.modifier == Modifier::identifier)
                        out.children.push_back(key(token_test(hash, head, operand)));
                    else
                        not_supported("this modifier on a reference parameter");
                    break;
                case ParameterType::composite: {
                    const bool pair = operand.parts.size() == 2;
                    const bool by_token = pair && operand.parts[0].type == ParameterType::token;
                    const auto second = pair ? operand.parts[1].type : ParameterType::special;
                    const bool keyed = by_token &&
                                       (operand.parts[0].system_match == SystemMatch::exact ||
                                        operand.parts[0].system_match == SystemMatch::none) &&
                                       (second == ParameterType::token || second == ParameterType::string ||
                                        second == ParameterType::date || second == ParameterType::number ||
                                        second == ParameterType::quantity);
                    if (keyed) {
                        auto composed = head;
                        keys::append_composite_head(hash, operand.parts[0].text,
                                                    operand.parts[0].system_match == SystemMatch::exact
                                                        ? operand.parts[0].system
                                                        : std::string(),
                                                    composed);
                        const auto& part = operand.parts[1];
                        if (second == ParameterType::token)
                            out.children.push_back(key(token_test(hash, composed, part)));
                        else if (second == ParameterType::string)
                            out.children.push_back(key(string_test(composed, part, Modifier::none)));
                        else if (second == ParameterType::date)
                            out.children.push_back(key(date_test(composed, part)));
                        else
                            add_number(hash, composed, part, second == ParameterType::quantity, out);
                    } else if (by_token && operand.parts[0].system_match == SystemMatch::any) {
                        KeyTest test;  // any system: the code narrows it down, the body decides
                        test.head = head;
                        test.kind = KeyTest::Kind::begins;
                        test.exact = false;
                        keys::append_composite_head(hash, operand.parts[0].text, {}, test.bytes);
                        test.bytes.resize(5);
                        out.children.push_back(key(std::move(test)));
                    } else {
                        out.children.push_back(present_and_unknown(parameter));
                    }
                    break;
                }
                case ParameterType::special:
                    not_supported("a special parameter");
            }
        }
    }
    return finish(out.children.size() == 1 ? std::move(out.children.front()) : std::move(out));
}

Condition Searcher::compile_reference(const Criterion& criterion) {
    const auto& catalog = reads_.catalog;
    const keys::Hasher hash{catalog.hash_key, catalog.hash_mask};
    auto out = any_of();
    const bool below = criterion.modifier == Modifier::below;
    const bool hierarchical = below || criterion.modifier == Modifier::above;
    if (!hierarchical && criterion.modifier != Modifier::none) not_supported("this modifier on a reference parameter");
    for (const auto build_parameter : criterion.parameters) {
        const auto parameter = catalog.durable_parameter(build_parameter);
        if (parameter == 0) not_supported("a parameter that is not indexed");
        for (const auto& operand : criterion.operands) {
            const auto& reference = operand.reference;
            KeyTest test;
            test.head = head_of(parameter);
            test.exact = reference.version.empty();
            if (!reference.url.empty()) {
                keys::append_url(hash, reference.url, test.bytes);
                out.children.push_back(key(std::move(test)));
                continue;
            }
            auto rids = rids_named(reference.type, reference.types, reference.id);
            if (hierarchical) {
                std::vector<Rid> family;
                for (const auto rid : rids) {
                    const auto name = reads_.name_of(rid);
                    if (!name) continue;
                    const auto more = hierarchy(rid, name->type, below);
                    family.insert(family.end(), more.begin(), more.end());
                }
                rids = std::move(family);
            }
            if (rids.size() > spelled_out_max) {
                Condition refers;
                refers.kind = Condition::Kind::refers;
                refers.heads = {test.head};
                std::sort(rids.begin(), rids.end());
                refers.rids = std::move(rids);
                refers.exact = test.exact;
                out.children.push_back(std::move(refers));
                continue;
            }
            for (const auto rid : rids) {
                auto one = test;
                keys::append_rid(rid, one.bytes);
                out.children.push_back(key(std::move(one)));
            }
        }
    }
    return out.children.size() == 1 ? std::move(out.children.front()) : std::move(out);
}

std::vector<Rid> Searcher::rids_named(const std::string& type, const std::vector<std::string>& types,
                                      std::string_view id) {
    std::vector<Rid> out;
    const auto look = [&](std::string_view name) {
        const auto code = reads_.catalog.find_type(name);
        if (code == 0) return;
        auto query = reads_.connection.query(sql::Statement::resource_find);
        query.bind(id).bind(code);
        if (query.step()) out.push_back(query.integer(0));
    };
    if (!type.empty()) {
        look(type);
    } else if (!types.empty()) {
        for (const auto& name : types) look(name);
    } else {
        auto query = reads_.connection.query(sql::Statement::resource_any_type);
        query.bind(id);
        while (query.step()) out.push_back(query.integer(0));
    }
    return out;
}

Condition Searcher::compile_chain(const Criterion& criterion) {
    auto out = any_of();
    std::vector<std::string> heads;
    for (const auto build_parameter : criterion.parameters) {
        if (const auto parameter = reads_.catalog.durable_parameter(build_parameter))
            heads.push_back(keys::parameter_prefix(parameter));
    }
    for (const auto& target : criterion.targets) {
        auto rids = matching_rids(target.type, *target.criterion);
        if (rids.size() * heads.size() <= spelled_out_max) {
            for (const auto rid : rids) {
                for (const auto& head : heads) {
                    KeyTest test;
                    test.head = head;
                    keys::append_rid(rid, test.bytes);
                    out.children.push_back(key(std::move(test)));
                }
            }
        } else {
            Condition refers;
            refers.kind = Condition::Kind::refers;
            refers.heads = heads;
            refers.rids = std::move(rids);
            out.children.push_back(std::move(refers));
        }
        if (!any_contained(target.type)) continue;
        Condition inside;  // a reference to #id leaves a mark of presence
        inside.kind = Condition::Kind::all;
        auto marked = any_of();
        for (const auto& head : heads) {
            KeyTest mark;
            mark.head = keys::parameter_prefix(keys::presence_parameter) + head;
            marked.children.push_back(key(std::move(mark)));
        }
        inside.children.push_back(std::move(marked));
        inside.children.push_back(contained_condition(target.type, *target.criterion));
        out.children.push_back(std::move(inside));
    }
    return out.children.size() == 1 ? std::move(out.children.front()) : std::move(out);
}

Condition Searcher::compile_has(const Criterion& criterion) {
    Condition out;
    out.kind = Condition::Kind::self;
    for (const auto& target : criterion.targets) {
        const auto parameter = reads_.catalog.durable_parameter(target.via);
        if (parameter == 0) not_supported("a parameter that is not indexed");
        const auto head = keys::parameter_prefix(parameter);
        if (++depth_ > limits_.depth_max)
            throw FailureException({FailureCode::too_costly, "search: nested too deeply"});
        const auto compiled = compile(target.type, *target.criterion, verify_);
        std::string keys;
        each_match(compiled, {}, [&](const Candidate& found) {
            Candidate candidate;
            if (found.keys.empty() && !fetch(found.vid, candidate, keys)) return true;
            KeyCursor cursor(found.keys.empty() ? std::string_view(keys) : found.keys);
            for (std::string_view each; cursor.next(each);) {
                if (!each.starts_with(head)) continue;
                if (const auto rid = keys::read_rid(each.substr(head.size()))) out.rids.push_back(rid);
            }
            if (out.rids.size() > limits_.linked_max)
                throw FailureException({FailureCode::too_costly, "search: too many linked resources"});
            return true;
        });
        --depth_;
    }
    std::sort(out.rids.begin(), out.rids.end());
    out.rids.erase(std::unique(out.rids.begin(), out.rids.end()), out.rids.end());
    return out;
}

std::vector<Rid> Searcher::matching_rids(std::string_view type, const Criterion& criterion) {
    if (++depth_ > limits_.depth_max) throw FailureException({FailureCode::too_costly, "search: nested too deeply"});
    std::vector<Rid> out;
    const auto compiled = compile(type, criterion, verify_);
    each_match(compiled, {}, [&](const Candidate& found) {
        Candidate candidate = found;
        std::string keys;
        if (candidate.rid == 0 && !fetch(found.vid, candidate, keys)) return true;
        out.push_back(candidate.rid);
        if (out.size() > limits_.linked_max)
            throw FailureException({FailureCode::too_costly, "search: too many linked resources"});
        return true;
    });
    --depth_;
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace causeway::storage
