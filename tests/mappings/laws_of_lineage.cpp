// Laws 6, 7 and 9: what was sent is somewhere, lineage says where, and an element belongs to one slice.
#include <map>
#include <memory>
#include <set>

#include "mappings/engine/inspect.hpp"
#include "mappings/engine/scope.hpp"
#include "mappings/engine/trace_text.hpp"
#include "tests/mappings/laws.hpp"
#include "tests/mappings/support.hpp"

namespace causeway::mappings::testing {
namespace {

/// "Patient.name.family=Lind" of every leaf, references apart: which resource is meant is identity's business.
void leaf_texts(fhir::Element element, const std::string& path, std::multiset<std::string>& out) {
    if (element.has_value() && element.name() != "reference") out.insert(path + "=" + std::string(element.text()));
    for (const fhir::Element child : element.children())
        leaf_texts(child, element.is_array() ? path : path + "." + std::string(child.name()), out);
}

std::multiset<std::string> leaf_texts(const ForwardResult& result) {
    std::multiset<std::string> out;
    for (const auto& resource : result.resources) leaf_texts(resource.doc->root(), std::string(resource.type), out);
    return out;
}

std::string leaf_text(const fhir::Node* node) {
    std::string path;
    fhir::Element e(node);
    for (; e.parent(); e = e.parent())
        if (!e.parent().is_array()) path = "." + std::string(e.name()) + path;
    return std::string(e.resource_type()) + path + "=" + std::string(fhir::Element(node).text());
}

/// Places that decide something, so that a change there may change anything: what conditions and tables look at.
class Decisive {
public:
    explicit Decisive(const Plan& plan) {
        for_each_statement(plan, [&](const PlannedStatement& s) {
            const std::string type = s.type ? s.type->name.substr(0, s.type->name.find('.')) : std::string();
            for (const auto* branch : s.branches) note(branch->if_, type);
            note(s.line ? s.line->if_ : s.assignment->if_, type);
            if (!s.line) return;
            statements_.push_back(std::make_unique<PlannedStatement>(s));
            lines_[s.line->id] = statements_.back().get();
        });
        for (const auto& message : plan.messages)
            for_each_clause(*message, [&](const ItemPlan&, const ClausePlan& clause) { note(clause.if_, {}); });
    }

    /// Whether the line at work takes over text as it is, and nothing looks at that text.
    bool plain(std::uint32_t line, const hl7v2::MessageView& message, const V2Leaf& source) const {
        const auto at = lines_.find(line);
        if (at == lines_.end()) return false;
        const PlannedStatement& s = *at->second;
        if (s.line->conversion.kind != Conversion::Kind::builtin || s.line->target.kind != FhirKind::string)
            return false;
        if (s.line->target.type != "string" && s.line->target.type != "markdown") return false;
        if (s.type) {
            const std::string type = s.type->name.substr(0, s.type->name.find('.'));
            for (const V2Ref& ref : s.line->sources)
                if (components_.contains({type, ref.at.component})) return false;
        }
        return !fields_.contains({segment_code(message[source.segment].raw().substr(0, 3)), source.field});
    }

private:
    void note(const Condition& c, const std::string& type) {
        for (const auto& part : c.parts) note(part, type);
        if (c.kind != Condition::Kind::v2 && c.kind != Condition::Kind::count && c.kind != Condition::Kind::length)
            return;
        if (c.v2.kind == V2Ref::Kind::field)
            fields_.insert({c.v2.segment, c.v2.at.field});
        else
            components_.insert({type, c.v2.at.component});
    }

    std::vector<std::unique_ptr<PlannedStatement>> statements_;
    std::map<std::uint32_t, const PlannedStatement*> lines_;
    std::set<std::pair<SegmentCode, std::uint16_t>> fields_;
    std::set<std::pair<std::string, std::uint8_t>> components_;
};

}  // namespace

std::string nothing_lost(const Sample& sample) {
    const auto& message = sample.message;
    const auto& result = sample.result;
    std::size_t count = 0;
    std::map<std::uint32_t, std::string_view> there;
    for (const LeafSegment& segment : cut(message.view()))
        for (const Leaf& leaf : segment.leaves()) {
            ++count;
            there[leaf.offset] = leaf.text;
        }
    if (count != result.leaves) return "the leaves were not counted right";
    std::set<std::uint32_t> residue;
    for (const auto& entry : result.residue) {
        const auto at = there.find(entry.leaf.offset);
        if (at == there.end() || at->second.size() != entry.leaf.length) return entry.path + " is residue and no value";
        if (!residue.insert(entry.leaf.offset).second) return entry.path + " is residue twice";
    }
    for (const auto& entry : result.trace)
        if (entry.has_source && residue.contains(entry.source.offset))
            return leaf_name(message.view(), entry.source) + " is residue and made " +
                   fhir::path_of(fhir::Element(entry.node));
    return {};
}

std::string lineage_true(const Sample& sample) {
    const auto& message = sample.message;
    const auto& result = sample.result;
    std::set<const fhir::Node*> named;
    for (const auto& entry : result.trace) {
        named.insert(entry.node);
        if (entry.resource >= result.resources.size()) return "no such resource";
        fhir::Element root(entry.node);
        while (root.parent()) root = root.parent();
        if (root != result.resources[entry.resource].doc->root())
            return "a node of another resource: " + fhir::path_of(fhir::Element(entry.node));
        if (!entry.has_source) continue;
        const auto& s = entry.source;
        const auto value = message.view()[s.segment]
                               .field(s.field)
                               .repetition(s.repetition)
                               .component(s.component)
                               .subcomponent(s.subcomponent);
        if (value.raw() != message.bytes().substr(s.offset, s.length))
            return leaf_name(message.view(), s) + " does not stand there";
    }
    // Every leaf has an entry, if only one that says it is a constant.
    std::string missing;
    const auto look = [&](const auto& self, fhir::Element element) -> void {
        if (element.has_value() && element.name() != "resourceType" && !named.contains(element.node()))
            missing = fhir::path_of(element) + " came from nowhere";
        for (const fhir::Element child : element.children()) self(self, child);
    };
    for (const auto& resource : result.resources) look(look, resource.doc->root());
    return missing;
}

std::string changes_what_names_it(const Sample& sample) {
    const auto& [plan, er7, message, before] = sample;
    static std::map<const Plan*, std::unique_ptr<Decisive>> known;
    auto& decisive = known[&plan];
    if (!decisive) decisive = std::make_unique<Decisive>(plan);
    std::map<std::uint32_t, bool> plain;  // by byte: whether all lines that read it take it as it is
    std::map<std::uint32_t, V2Leaf> leaves;
    for (const auto& entry : before.trace) {
        if (!entry.has_source) continue;
        const bool yes = decisive->plain(entry.line, message.view(), entry.source);
        const auto [at, fresh] = plain.emplace(entry.source.offset, yes);
        if (!fresh) at->second &= yes;
        leaves.emplace(entry.source.offset, entry.source);
    }
    std::erase_if(plain, [](const auto& p) { return !p.second; });
    if (plain.empty()) return {};
    auto chosen = plain.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(std::hash<std::string>()(er7) % plain.size()));
    const V2Leaf& leaf = leaves[chosen->first];
    std::string other = er7;
    other.replace(leaf.offset, leaf.length, std::string(message.bytes().substr(leaf.offset, leaf.length)) + "Q");
    const auto changed = parse(other);
    const auto after = convert(plan, changed.view());
    const auto urls = [](const ForwardResult& result) {
        std::vector<std::string> out;
        for (const auto& resource : result.resources) out.emplace_back(resource.full_url);
        return out;
    };
    if (urls(before) != urls(after)) return {};  // it is part of what the resource is known by
    std::multiset<std::string> named;
    for (const auto& entry : before.trace)
        if (entry.has_source && entry.source.offset == leaf.offset) named.insert(leaf_text(entry.node));
    auto gone = leaf_texts(before), come = leaf_texts(after);
    for (auto at = gone.begin(); at != gone.end();) {
        const auto same = come.find(*at);
        if (same == come.end()) {
            ++at;
            continue;
        }
        come.erase(same);
        at = gone.erase(at);
    }
    for (const auto& text : gone)
        if (!named.contains(text))
            return leaf_name(message.view(), leaf) + " is not named by " + text + ", which it changed";
    return {};
}

std::string one_slice(const Sample& sample) {
    const auto& result = sample.result;
    const MessagePlan* of = sample.plan.message(result.structure);
    if (!of) return {};
    class None final : public References {
        fhir::Element target(fhir::Element) const override { return {}; }
    } none;
    TextArena arena;
    const Reader reader(arena, none);
    // Of slices that ask for nothing but a code, one holds: others may name the same element more closely.
    for (const auto& resource : result.resources)
        for (const fhir::Element member : resource.doc->root().children()) {
            const auto at = of->reserved.find(std::string(resource.type) + "." + std::string(member.name()));
            if (at == of->reserved.end() || !member.is_array()) continue;
            for (const fhir::Element item : member.items()) {
                std::set<std::string> codes;
                for (const Step* step : at->second) {
                    const bool by_code = step->crossing.empty() && step->where.size() == 1 &&
                                         step->where.front().test == Test::equal &&
                                         step->where.front().values.front().kind == Constant::Kind::code;
                    if (by_code && reader.fits(item, *step))
                        codes.insert(step->where.front().path->text + "#" + step->where.front().values.front().text);
                }
                if (codes.size() < 2) continue;
                std::string text = fhir::path_of(item) + " is";
                for (const auto& code : codes) text += " " + code;
                return text;
            }
        }
    return {};
}

}  // namespace causeway::mappings::testing
