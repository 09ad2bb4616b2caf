#include "tests/mappings/laws.hpp"

#include <map>
#include <set>

#include "fhir/model/builder.hpp"
#include "fhir/validate/structure.hpp"
#include "mappings/engine/difference.hpp"
#include "mappings/engine/inspect.hpp"
#include "mappings/engine/merge.hpp"
#include "mappings/engine/put.hpp"
#include "mappings/engine/trace_text.hpp"
#include "tests/mappings/support.hpp"

namespace causeway::mappings::testing {

hl7v2::Message parse(const std::string& er7) {
    auto message = hl7v2::Message::parse(er7, {{}, hl7v2::Tolerances::all()});
    REQUIRE(message.has_value());
    return std::move(*message);
}

namespace {

std::string deterministic(const Sample& sample) {
    const auto& [plan, er7, message, first] = sample;
    const auto second = convert(plan, message.view());
    if (fhir::to_json(to_bundle(first, at_noon())->root()) != fhir::to_json(to_bundle(second, at_noon())->root()))
        return "two bundles";
    return create(plan, first).er7 == create(plan, second).er7 ? "" : "two messages";
}

std::vector<SourceResource> sources(const ForwardResult& result) {
    std::vector<SourceResource> out;
    for (const auto& resource : result.resources) out.push_back({resource.doc->root(), std::string(resource.full_url)});
    return out;
}

std::string get_put(const Sample& sample) {
    const auto& [plan, er7, message, result] = sample;
    // The resources as they come back from a store: other nodes, members in another order.
    std::vector<fhir::DocumentPtr> documents;
    std::vector<SourceResource> resources;
    for (const auto& resource : result.resources) {
        documents.push_back(*fhir::parse_json(fhir::to_json(resource.doc->root())));
        resources.push_back({documents.back()->root(), std::string(resource.full_url)});
    }
    const auto back = put(plan, resources, message.view(), {at_noon(), true});
    if (back.er7 == er7) return {};
    std::string text = "changed:";
    for (const auto& place : back.changed) text += " " + place;
    return text;
}

/// Edits an element that a line with a way back made: another text, number, year or code.
std::string edited(const Plan& plan, const Line& line, fhir::Element element) {
    const std::string old(element.text());
    if (line.conversion.kind == Conversion::Kind::table) {
        const TablePlan& table = *line.conversion.table;
        for (const auto& row : table.forward)
            if (row.to != old && row.to.find('*') == std::string::npos &&
                table.find_backward(row.to).code() == row.from)
                return row.to;
        return {};
    }
    if (line.conversion.kind != Conversion::Kind::builtin) return {};
    switch (line.target.kind) {
        case FhirKind::string:
            return line.target.type == "string" || line.target.type == "markdown" ? old + " edited" : std::string();
        case FhirKind::number:
            return "12.50";
        case FhirKind::date:
        case FhirKind::date_time:
            return old.size() >= 4 ? (old.substr(0, 4) == "2001" ? "2002" : "2001") + old.substr(4) : std::string();
        default:
            (void)plan;
            return {};
    }
}

/// A value that an edit of the element made from `source` changed and does not concern: another field than that, that
/// did not say the same. Empty if there is none.
std::string touches(const hl7v2::MessageView& before, const hl7v2::MessageView& after, const V2Leaf& source) {
    if (before.size() != after.size()) return "whole segments";
    auto was = cut(before), is = cut(after);
    const std::string_view old = before.bytes().substr(source.offset, source.length);
    for (std::uint32_t i = 0; i < was.size(); ++i) {
        const auto concerned = [&](const LeafKey& at) { return i == source.segment && at.field == source.field; };
        for (const Leaf& leaf : was[i].leaves()) {
            const Leaf* now = is[i].find(leaf.position());
            if ((now && now->text == leaf.text) || concerned(leaf.position()) || leaf.text == old) continue;
            return leaf_path(was[i].code(), i, leaf.position());
        }
        for (const Leaf& leaf : is[i].leaves()) {
            const Leaf* then = was[i].find(leaf.position());
            if (then || concerned(leaf.position())) continue;
            return "and adds " + leaf_path(is[i].code(), i, leaf.position());
        }
    }
    return {};
}

/// Empty if the edit arrived; "-" if the message has nothing to edit.
std::string put_get(const Plan& plan, const std::string& er7) {
    const auto message = parse(er7);
    const auto result = convert(plan, message.view());
    std::map<std::uint32_t, const Line*> lines;
    for_each_statement(plan, [&](const PlannedStatement& s) {
        if (s.line) lines[s.line->id] = s.line;
    });
    // The domain: an element that alone came from its field (two copies of one value cannot say two things), and whose
    // change does not make another resource of it.
    std::map<std::uint32_t, int> uses;
    std::map<const fhir::Node*, int> fields;
    for (const auto& entry : result.trace) {
        if (!entry.has_source) continue;
        ++uses[entry.source.offset];
        ++fields[entry.node];
    }
    std::vector<const TraceEntry*> candidates;
    for (const auto& entry : result.trace) {
        const auto at = lines.find(entry.line);
        if (entry.has_source && uses[entry.source.offset] == 1 && fields[entry.node] == 1 && at != lines.end() &&
            at->second->backward && fhir::Element(entry.node).has_value() &&
            !edited(plan, *at->second, fhir::Element(entry.node)).empty())
            candidates.push_back(&entry);
    }
    if (candidates.empty()) return "-";
    const TraceEntry& chosen = *candidates[std::hash<std::string>()(er7.substr(0, 200)) % candidates.size()];
    const fhir::Element element(chosen.node);
    auto builder = fhir::DocumentBuilder::copy_of(result.resources[chosen.resource].doc->root());
    // the same place in the copy
    std::vector<std::size_t> way;
    for (fhir::Element e = element; e.parent(); e = e.parent()) {
        std::size_t n = 0;
        for (const fhir::Element child : e.parent().children()) {
            if (child == e) break;
            ++n;
        }
        way.push_back(n);
    }
    fhir::Element copy = builder.root().get();
    for (std::size_t i = way.size(); i-- > 0;) copy = copy.item(way[i]);
    const std::string text = edited(plan, *lines[chosen.line], element);
    if (element.kind() == fhir::Kind::number)
        builder.handle(copy).set_number(text);
    else
        builder.handle(copy).set_string(text);
    builder.handle(copy).remove("extension");  // the sender's own code for what it was
    const auto document = std::move(builder).finish();
    auto resources = sources(result);
    resources[chosen.resource].element = document->root();
    const std::string what = fhir::path_of(element) + " = " + text + " (was " + std::string(element.text()) +
                             ", line " + std::to_string(plan.lines[chosen.line].line) + " of " +
                             plan.lines[chosen.line].file + ")";
    const auto back = put(plan, resources, message.view(), {at_noon(), true});
    if (back.refused) return what + ": refused";
    for (const auto& issue : back.issues) return what + ": " + issue.text + "\n" + testing::lines(back.er7);
    const auto edited_message = parse(back.er7);
    const auto touched = touches(message.view(), edited_message.view(), chosen.source);
    return touched.empty() ? std::string() : what + ": touches " + touched + "\n" + testing::lines(back.er7);
}

/// Texts of all leaves with their paths, arrays in any order.
void leaves_of(fhir::Element element, const std::string& path, std::multiset<std::string>& out) {
    if (element.has_value() && element.name() != "reference") out.insert(path + "=" + std::string(element.text()));
    for (const fhir::Element child : element.children()) {
        const bool item = element.is_array();
        leaves_of(child, item ? path : path + "." + std::string(child.name()), out);
    }
}

}  // namespace

const std::vector<Law>& laws() {
    static const std::vector<Law> all = {
        {"1: determinism", deterministic},
        {"2: GetPut", get_put},
        {"6: nothing is lost", nothing_lost},
        {"7: lineage is true", lineage_true},
        {"7: a value changes what names it", changes_what_names_it},
        {"9: an element is of one slice", one_slice},
        {"10: null deletes, absence does not", null_deletes},
        {"11: merge is idempotent", idempotent},
        {"11: senders commute", senders_commute},
    };
    return all;
}

Sample sample(const Plan& plan, std::string er7) {
    auto message = parse(er7);
    auto result = convert(plan, message.view());
    return {plan, std::move(er7), std::move(message), std::move(result)};
}

std::vector<LawResult> try_laws(const std::vector<Law>& laws, const Plan& plan, const MessagePlan& message,
                                std::uint64_t first, std::size_t count) {
    MessageGenerator generator(plan, message);
    std::vector<LawResult> results(laws.size());
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const auto generated = generator.make(seed);
        const Sample whole = sample(plan, generated.er7());
        for (std::size_t i = 0; i < laws.size(); ++i) {
            const Law& law = laws[i];
            LawResult& result = results[i];
            ++result.runs;
            if (law.broken(whole).empty()) continue;
            if (result.failures++ != 0) continue;
            const auto small = shrink(
                generated, [&](const GeneratedMessage& m) { return !law.broken(sample(plan, m.er7())).empty(); });
            result.counterexample =
                "seed " + std::to_string(seed) + "\n" + lines(small.er7()) + law.broken(sample(plan, small.er7()));
        }
    }
    return results;
}

Fidelity measure(const Plan& plan, const MessagePlan& message, std::uint64_t first, std::size_t count) {
    MessageGenerator generator(plan, message);
    Fidelity out;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const auto er7 = generator.make(seed).er7();
        const auto parsed = parse(er7);
        const auto once = convert(plan, parsed.view());
        if (once.refused) continue;
        ++out.messages;
        if (const auto lost = put_get(plan, er7); lost != "-") {
            ++out.edits;
            const bool touched = lost.find(": touches ") != std::string::npos;
            out.arrived += lost.empty() || touched ? 1 : 0;
            out.precise += lost.empty() ? 1 : 0;
            if (!lost.empty() && out.examples.size() < 3) out.examples.push_back(lost);
        }
        for (const auto& resource : once.resources) {
            ++out.resources;
            out.valid += fhir::validate_structure(*resource.doc).empty() ? 1 : 0;
        }
        const auto made = create(plan, once);
        if (made.refused) continue;
        const auto again = parse(made.er7);
        const auto twice = convert(plan, again.view());
        std::multiset<std::string> before, after;
        for (const auto& resource : once.resources) leaves_of(resource.doc->root(), std::string(resource.type), before);
        for (const auto& resource : twice.resources) leaves_of(resource.doc->root(), std::string(resource.type), after);
        out.leaves += before.size();
        for (const auto& leaf : before)
            if (const auto at = after.find(leaf); at != after.end()) {
                after.erase(at);
                ++out.kept;
            }
        const std::string remade = create(plan, twice).er7;
        out.normal += remade == made.er7 ? 1 : 0;
        if (remade != made.er7 && out.examples.size() < 3)
            out.examples.push_back("not in normal form:\n" + lines(made.er7) + "  made again " + lines(remade));
    }
    return out;
}

}  // namespace causeway::mappings::testing
