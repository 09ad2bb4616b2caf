// What no single key answers: terminology, hierarchies, lists, full text.
#include "fhir/json/json.hpp"
#include "fhir/search/narrative.hpp"
#include "fhir/search/normalise.hpp"
#include "fhir/search/parameters.hpp"
#include "gateway/storage/sqlite/searcher.hpp"

#include <algorithm>
#include <set>

namespace causeway::storage {

using namespace fhir::search;

namespace {

constexpr std::size_t codes_spelled_out_max = 350;  // codes of a value set that become keys of their own

[[noreturn]] void not_supported(std::string what) {
    throw FailureException({FailureCode::not_supported, "search: " + std::move(what)});
}

Condition unknown() {
    Condition out;
    out.kind = Condition::Kind::unknown;
    return out;
}

/// The parameter by which resources of a type are parts of others of the type; 0 if there is none.
ParameterId part_of(std::string_view type) {
    for (const auto* const code : {"partof", "part-of"}) {
        const auto* const found = find_parameter(type, code);
        if (found && found->type == ParameterType::reference &&
            std::find(found->targets.begin(), found->targets.end(), type) != found->targets.end())
            return found->id;
    }
    return 0;
}

void append_strings(fhir::Element element, std::string& out) {
    if (element.name() == "div") return append_untagged(element.text(), out);
    if (element.kind() == fhir::Kind::string || element.kind() == fhir::Kind::number) {
        out += element.text();
        out += ' ';
    }
    for (const auto child : element.children()) append_strings(child, out);
}

}  // namespace

Condition Searcher::asked_of_bodies(std::uint16_t parameter) const {
    Condition out;
    out.kind = Condition::Kind::all;
    Condition present;
    present.kind = Condition::Kind::key;
    present.key.head = head_of(parameter);
    present.key.kind = KeyTest::Kind::any;
    out.children.push_back(std::move(present));
    out.children.push_back(unknown());
    return out;
}

/// A value set with what keeps it alive.
struct Searcher::NamedValueSet {
    std::shared_ptr<const fhir::Terminology> terminology;
    fhir::DocumentPtr document;  ///< of a stored one
    fhir::ValueSet read;
    const fhir::ValueSet* value = nullptr;
};

Condition Searcher::compile_text(std::string_view type, const Criterion& criterion) {
    const auto* const own = find_parameter(type, "_text");
    const auto parameter = own ? reads_.catalog.durable_parameter(own->id) : std::uint16_t{0};
    if (parameter == 0 || criterion.special != Special::text) return unknown();
    const keys::Hasher hash{reads_.catalog.hash_key, reads_.catalog.hash_mask};
    const auto key_of = [&](std::string_view word) {
        Condition one;
        one.kind = Condition::Kind::key;
        one.key.head = head_of(parameter);
        keys::append_code(hash, word, one.key.bytes);
        keys::append_system(hash, {}, one.key.bytes);
        one.key.exact = false;  // phrases and beginnings, and hashes: the body tells
        return one;
    };
    Condition any;
    any.kind = Condition::Kind::any;
    for (const auto& operand : criterion.operands) {
        const auto wanted = wanted_text(operand.text);
        if (wanted.words.empty()) return present_and_unknown(parameter);
        Condition all;
        all.kind = Condition::Kind::all;
        for (const auto& word : wanted.words) all.children.push_back(key_of(word));
        any.children.push_back(std::move(all));
    }
    Condition too_long;  // narratives with more words than are listed have a mark
    too_long.kind = Condition::Kind::key;
    too_long.key.head = head_of(keys::presence_parameter) + keys::parameter_prefix(parameter);
    too_long.key.exact = false;
    any.children.push_back(std::move(too_long));
    return any;
}

std::shared_ptr<const Searcher::NamedValueSet> Searcher::value_set(std::string_view name) {
    if (const auto known = value_sets_.find(name); known != value_sets_.end()) return known->second;
    auto made = std::make_shared<NamedValueSet>();
    made->terminology = limits_.terminology ? limits_.terminology() : nullptr;
    if (!made->terminology) not_supported("no terminology is loaded, which :in and :not-in need");
    if (name.starts_with("ValueSet/") && name.find('/', 9) == std::string_view::npos) {
        const auto stored = reads_.read("ValueSet", name.substr(9));
        if (stored && !stored->erased()) {
            auto document = fhir::parse_json(stored->json());
            if (document.has_error()) throw FailureException({FailureCode::corrupt, "a stored body is not JSON"});
            made->document = std::move(*document);
            made->read = fhir::read_value_set(made->document->root());
            made->value = &made->read;
        }
    } else if (auto found = made->terminology->value_set(name)) {  // also the sets that a URL describes
        made->read = std::move(*found);
        made->value = &made->read;
    }
    if (!made->value) not_supported("the value set is not known to this server");
    // An implicit set's views point into the name, which is the plan's.
    return value_sets_.emplace(std::string(name), std::move(made)).first->second;
}

Condition Searcher::compile_codes(std::uint16_t parameter, const Criterion& criterion, const Operand& operand) {
    const keys::Hasher hash{reads_.catalog.hash_key, reads_.catalog.hash_mask};
    const auto terminology = limits_.terminology ? limits_.terminology() : nullptr;
    if (!terminology) not_supported("no terminology is loaded, which :in, :above and :below need");
    fhir::ExpandOptions options;
    options.count = codes_spelled_out_max + 1;
    options.candidates_max = 20'000;
    Condition out;
    out.kind = Condition::Kind::any;
    const auto add = [&](std::string_view system, std::string_view code) {
        Condition one;
        one.kind = Condition::Kind::key;
        one.key.head = head_of(parameter);
        keys::append_code(hash, code, one.key.bytes);
        if (system.empty())
            one.key.kind = KeyTest::Kind::begins;
        else
            keys::append_system(hash, system, one.key.bytes);
        out.children.push_back(std::move(one));
    };
    const auto spell_out = [&](const fhir::Result<fhir::Expansion>& expansion) {
        if (expansion.has_error() || expansion->total > codes_spelled_out_max) return false;
        for (const auto& item : expansion->items) add(item.system, item.code);
        return true;
    };
    if (criterion.modifier == Modifier::in || criterion.modifier == Modifier::not_in) {
        const auto named = value_set(operand.text);
        if (spell_out(terminology->expand(*named->value, options))) return out;
        return asked_of_bodies(parameter);
    }
    if (operand.text.find('/') != std::string::npos || operand.system.empty())
        return asked_of_bodies(parameter);  // a media type, or a code whose system the resources say
    if (!terminology->lookup({operand.system, operand.text}))
        not_supported("the code system that :above and :below need is not loaded, or has no such code");
    fhir::ValueSet family;
    auto& part = family.parts.emplace_back();
    part.system = operand.system;
    part.filters.push_back({"concept", criterion.modifier == Modifier::below ? "is-a" : "generalizes", operand.text});
    if (!spell_out(terminology->expand(family, options))) return asked_of_bodies(parameter);
    add(operand.system, operand.text);
    return out;
}

std::optional<bool> Searcher::code_in(std::string_view system, std::string_view code, Modifier modifier,
                                      const Operand& operand) {
    const auto terminology = limits_.terminology ? limits_.terminology() : nullptr;
    if (!terminology) return {};
    if (modifier == Modifier::in || modifier == Modifier::not_in) {
        const auto named = value_set(operand.text);
        switch (terminology->contains(*named->value, system, code)) {
            case fhir::Answer::yes:
                return true;
            case fhir::Answer::no:
                return false;
            case fhir::Answer::unknown:
                return {};
        }
    }
    if (!operand.system.empty() && operand.system != system) return false;
    if (code == operand.text) return true;
    const auto below = modifier == Modifier::below;
    const auto told =
        below ? terminology->subsumes(system, operand.text, code) : terminology->subsumes(system, code, operand.text);
    if (told.has_error()) return false;  // not of this system, or of one that is not loaded: then only itself
    return *told == fhir::Subsumption::subsumes || *told == fhir::Subsumption::equivalent;
}

std::vector<Rid> Searcher::hierarchy(Rid rid, std::string_view type, bool below) {
    const auto parameter = reads_.catalog.durable_parameter(part_of(type));
    if (part_of(type) == 0 || parameter == 0) not_supported("the type has no hierarchy for :above and :below");
    const auto head = keys::parameter_prefix(parameter);
    std::set<Rid> found = {rid};
    std::vector<Rid> fresh = {rid};
    while (!fresh.empty()) {
        std::vector<Rid> next;
        const auto meet = [&](Rid each) {
            if (each == 0 || !found.insert(each).second) return;
            if (found.size() > limits_.hierarchy_max)
                throw FailureException({FailureCode::too_costly, "search: the hierarchy is too large"});
            next.push_back(each);
        };
        for (const auto each : fresh) {
            budget_.spend();
            Candidate candidate;
            std::string keys;
            if (below) {
                auto wanted = head;
                keys::append_rid(each, wanted);
                std::vector<Vid> vids = open_with_key(wanted);
                index_.range(wanted, wanted + '\0', [&](std::string_view, Vid vid) {
                    if (vid <= snapshot_) vids.push_back(vid);
                    return true;
                });
                for (const auto vid : vids)
                    if (live(vid) && fetch(vid, candidate, keys)) meet(candidate.rid);
                continue;
            }
            const auto vid = current_at(each);
            if (vid == 0 || !fetch(vid, candidate, keys)) continue;
            KeyCursor cursor(candidate.keys);
            for (std::string_view one; cursor.next(one);)
                if (one.starts_with(head)) meet(keys::read_rid(one.substr(head.size())));
        }
        fresh = std::move(next);
    }
    return {found.begin(), found.end()};
}

bool Searcher::target_in(std::string_view type, std::string_view id, Modifier modifier, const Operand& operand) {
    const auto target = reads_.version(type, id);
    if (!target) return false;
    const auto& wanted = operand.reference;
    for (const auto rid : rids_named(wanted.type, wanted.types, wanted.id)) {
        const auto name = reads_.name_of(rid);
        if (!name || name->type != type) continue;
        const auto family = hierarchy(rid, type, modifier == Modifier::below);
        if (std::binary_search(family.begin(), family.end(), target->rid)) return true;
    }
    return false;
}

Condition Searcher::compile_list(const Criterion& criterion) {
    Condition out;
    out.kind = Condition::Kind::self;
    const auto* const item = find_parameter("List", "item");
    const auto head = keys::parameter_prefix(item ? reads_.catalog.durable_parameter(item->id) : std::uint16_t{0});
    for (const auto& operand : criterion.operands) {
        if (operand.text.starts_with('$')) not_supported("functional lists such as $current-problems are not kept");
        for (const auto rid : rids_named("List", {}, operand.text)) {
            const auto vid = current_at(rid);
            Candidate candidate;
            std::string keys;
            if (vid == 0 || !shown(vid, "List") || !fetch(vid, candidate, keys)) continue;
            KeyCursor cursor(candidate.keys);
            for (std::string_view each; cursor.next(each);)
                if (each.starts_with(head))
                    if (const auto member = keys::read_rid(each.substr(head.size()))) out.rids.push_back(member);
        }
    }
    std::sort(out.rids.begin(), out.rids.end());
    out.rids.erase(std::unique(out.rids.begin(), out.rids.end()), out.rids.end());
    return out;
}

bool Searcher::whole_meets(const Criterion& criterion, const StoredResource& resource) {
    if (criterion.special == Special::list) {
        const auto members = compile_list(criterion).rids;
        return std::binary_search(members.begin(), members.end(), resource.version.rid);
    }
    const auto document = fhir::parse_json(resource.json());
    if (document.has_error()) throw FailureException({FailureCode::corrupt, "a stored body is not JSON"});
    std::string text;
    if (criterion.special == Special::text)
        append_untagged((*document)->root()["text"]["div"].text(), text);
    else
        append_strings((*document)->root(), text);
    const auto normal = normalise(text);
    return std::any_of(criterion.operands.begin(), criterion.operands.end(),
                       [&](const Operand& operand) { return text_meets(normal, wanted_text(operand.text)); });
}

}  // namespace causeway::storage
