#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "mappings/engine/compiler.hpp"
#include "mappings/engine/inspect.hpp"
#include "mappings/engine/models.hpp"

namespace causeway::mappings {
namespace {

namespace r4 = fhir::r4;

/// The data type that a condition on OBX-2 promises for OBX-5: `OBX-2 in ("CWE","CE")` promises CWE.
std::string promised_type(const syntax::ConditionPtr& condition) {
    if (!condition) return {};
    const auto of_test = [](const syntax::Condition& c) -> std::string {
        const bool names_type = c.kind == syntax::Condition::Kind::test &&
                                c.operand.kind == syntax::Operand::Kind::v2 && c.operand.v2.base == "OBX" &&
                                c.operand.v2.field == 2;
        return names_type && (c.test == Test::equal || c.test == Test::in) && !c.values.empty() ? c.values.front().text
                                                                                                : std::string();
    };
    if (condition->kind == syntax::Condition::Kind::all)
        for (const auto& part : condition->parts)
            if (auto type = of_test(part); !type.empty()) return type;
    return of_test(*condition);
}

std::string line_text(const syntax::Statement& s) {
    std::string out;
    for (const auto& source : s.sources) out += (out.empty() ? "" : " | ") + source.to_string();
    if (s.kind == syntax::Statement::Kind::set || s.kind == syntax::Statement::Kind::default_) {
        if (s.target) out += s.target->to_string();
        return (s.kind == syntax::Statement::Kind::set ? "set " : "default ") + out + " = " + s.value.system +
               (s.value.system.empty() ? "" : "#") + s.value.text;
    }
    out += s.arrow == syntax::Arrow::both ? " <-> " : s.arrow == syntax::Arrow::forward ? " -> " : " <- ";
    if (s.target) out += s.target->to_string();
    if (!s.options.as.empty()) out += " as " + s.options.as;
    if (!s.options.via.empty()) out += " via " + s.options.via;
    if (!s.options.by.empty()) out += " by " + s.options.by;
    if (!s.options.one_way.empty()) out += " one-way \"" + s.options.one_way + "\"";
    return out;
}

/// `{ED.2}/{ED.3}` into the places and the texts between them. False if it is malformed.
bool read_parts(std::string_view format, Conversion& out) {
    std::string* text = &out.before;
    while (!format.empty()) {
        if (format.front() != '{') {
            *text += format.front();
            format.remove_prefix(1);
            continue;
        }
        const auto close = format.find('}');
        const auto dot = format.find('.');
        if (close == std::string_view::npos || dot == std::string_view::npos || dot > close) return false;
        int numbers[2] = {0, 0};
        std::size_t which = 0;
        for (const char c : format.substr(dot + 1, close - dot - 1)) {
            if (c == '.') {
                if (++which > 1) return false;
            } else if (c >= '0' && c <= '9' && numbers[which] < 100) {
                numbers[which] = numbers[which] * 10 + (c - '0');
            } else {
                return false;
            }
        }
        if (numbers[0] == 0) return false;
        out.parts.push_back({{0, 1, static_cast<std::uint8_t>(numbers[0]), static_cast<std::uint8_t>(numbers[1])}, {}});
        text = &out.parts.back().after;
        format.remove_prefix(close + 1);
    }
    return true;
}

/// Whether what two crossings lead to cannot be one resource: of different types, or with different constants.
bool told_apart(const Step& one, const Step& other) {
    if (std::none_of(one.crossing.begin(), one.crossing.end(), [&](std::string_view type) {
            return std::find(other.crossing.begin(), other.crossing.end(), type) != other.crossing.end();
        }))
        return true;
    const auto &a = one.crossing_where, &b = other.crossing_where;
    const auto says_otherwise = [](const SliceTest& x, const SliceTest& y) {
        if (x.test != Test::equal || y.test != Test::equal || x.path->text != y.path->text) return false;
        const Constant &said = x.values.front(), &otherwise = y.values.front();
        return said.kind == otherwise.kind && (said.text != otherwise.text || said.system != otherwise.system);
    };
    return std::any_of(a.begin(), a.end(), [&](const SliceTest& x) {
        return std::any_of(b.begin(), b.end(), [&](const SliceTest& y) { return says_otherwise(x, y); });
    });
}

}  // namespace

Block Compiler::block(const std::vector<syntax::Statement>& in, const Context& context) {
    Block out;
    add_statements(in, context, out);
    order_forward(out);
    order_backward(out);
    return out;
}

void Compiler::add_statements(const std::vector<syntax::Statement>& in, const Context& context, Block& out) {
    using Kind = syntax::Statement::Kind;
    out.statements.reserve(out.statements.size() + in.size());
    for (const auto& s : in) {
        switch (s.kind) {
            case Kind::line:
                out.statements.emplace_back(line(s, context));
                break;
            case Kind::set:
            case Kind::default_:
                out.statements.emplace_back(assignment(s, context));
                break;
            case Kind::choose:
                out.statements.emplace_back(choose(s, context));
                break;
            case Kind::when: {
                const Condition decided = condition(s.condition, context);
                if (decided.kind == Condition::Kind::yes)
                    add_statements(s.block, context, out);
                else if (decided.kind != Condition::Kind::no)
                    fault(s.place, "E166",
                          "'when' takes conditions that do not depend on the message (setting, version); use 'if' on "
                          "the lines or 'choose'");
                break;
            }
            case Kind::drop:
                fault(s.place, "E167", "'drop' stands only in 'extend'");
                break;
        }
    }
}

Line Compiler::line(const syntax::Statement& in, const Context& context) {
    Line out;
    out.id = add_line(in.place, context.owner, line_text(in));
    bool own = context.segments.empty();
    bool repeats = false;
    out.sources.reserve(in.sources.size());
    for (const auto& source : in.sources) {
        out.sources.push_back(v2(source, context));
        repeats |= source.repetition == 0 || source.segment_repetition == 0;
        own |= source.kind != syntax::V2Path::Kind::field || source.base.front() == 'Z' || source.base == "MSH" ||
               std::find(context.segments.begin(), context.segments.end(), source.base) != context.segments.end();
    }
    if (!own)
        fault(in.place, "E130",
              "source " + in.sources.front().to_string() + " does not belong to segment " + context.segments.front());
    const std::size_t faults = out_.size();
    if (in.target && context.fhir) out.target = path(*in.target, *context.fhir);
    if (out_.size() != faults) return out;  // what follows from a wrong path is no news
    const auto& o = in.options;
    const bool same = std::any_of(out.target.steps.begin(), out.target.steps.end(),
                                  [](const Step& s) { return s.index == Step::Index::same; });
    if (repeats && out.target.iterates < 0 && !same && !o.join && o.by.empty())
        fault(in.place, "E134", "the left side repeats but the right side does not: add [], [#] or join");
    if (out.target.each >= 0 && (in.arrow != syntax::Arrow::forward || out.target.iterates >= 0 || o.join))
        fault(in.place, "E139", "[*] writes one value into every element there is: use ->, without [] or join");
    out.if_ = condition(o.if_, context);
    out.where = condition(o.where, context);
    out.forward = in.arrow != syntax::Arrow::backward && version_allows({}, o.until, false);
    out.backward = in.arrow != syntax::Arrow::forward && version_allows(o.since, o.until, true);
    out.required = o.required;
    out.refuse = o.error;
    out.mirror = o.mirror;
    out.one_way = !o.one_way.empty();
    if (out.one_way && in.arrow != syntax::Arrow::forward)
        fault(in.place, "E173", "'one-way' says why a -> line has no way back; this line has one");
    out.one_way |= in.arrow == syntax::Arrow::both && !version_allows(o.since, {}, true);  // a later version has it
    out.joined = o.join.has_value();
    out.join = o.join.value_or("");
    if (!out.joined && out.sources.size() == 1 && !out.sources.front().many() &&
        (out.sources.front().kind == V2Ref::Kind::field || out.sources.front().kind == V2Ref::Kind::value))
        out.single = out.sources.front();
    out.takes_first = !out.sources.empty() && out.sources.front().kind == V2Ref::Kind::field &&
                      !out.sources.front().repetition_given && out.backward;
    out.conditional = out.if_.kind != Condition::Kind::yes;
    out.conversion = conversion(in, out, context);
    return out;
}

const TypePlan* Compiler::find_type(std::string_view v2_type, std::string_view fhir_type) const {
    const auto exact = types_by_key_.find(std::string(v2_type) + "<->" + std::string(fhir_type));
    if (exact != types_by_key_.end()) return exact->second;
    const auto named = types_by_name_.find(v2_type);
    const TypeDef* wanted = r4::find_type(fhir_type);
    if (named == types_by_name_.end() || !wanted) return nullptr;
    for (const TypePlan* type : named->second)
        if (r4::is_a(*wanted, type->fhir_type)) return type;
    return nullptr;
}

Conversion Compiler::conversion(const syntax::Statement& in, const Line& line, const Context& context) {
    Conversion out;
    const auto& o = in.options;
    const std::string& target = line.target.type;
    if (!o.by.empty()) {
        out.kind = Conversion::Kind::codec;
        out.codec = find_codec(o.by);
        if (!out.codec) fault(in.place, "E133", "unknown codec " + o.by);
        return out;
    }
    if (o.format) {
        const bool variable = o.format->find("{}") != std::string::npos;
        if (variable || o.format->find('{') == std::string::npos) {
            out.kind = Conversion::Kind::text;
            out.constant_text = !variable;
            const auto at = variable ? o.format->find("{}") : o.format->size();
            out.before = o.format->substr(0, at);
            if (variable) out.after = o.format->substr(at + 2);
        } else {
            out.kind = Conversion::Kind::parts;
            if (!read_parts(*o.format, out)) fault(in.place, "E031", "fmt takes {} or places such as {SN.1}");
            const bool glued = std::any_of(out.parts.begin(), out.parts.end(),
                                           [&](const auto& p) { return &p != &out.parts.back() && p.after.empty(); });
            if (glued && in.arrow != syntax::Arrow::forward)
                fault(in.place, "E172",
                      "fmt with two variable parts and nothing between them cannot be read back: use -> or a codec");
        }
        return out;
    }
    const V2Ref* source = line.sources.empty() ? nullptr : &line.sources.front();
    if (!o.via.empty()) {
        const auto at = tables_by_name_.find(o.via);
        if (at == tables_by_name_.end()) {
            std::vector<std::string_view> names;
            for (const auto& entry : tables_by_name_) names.push_back(entry.first);
            fault(in.place, "E131", "unknown table " + o.via + nearest(o.via, names));
            return out;
        }
        out.kind = Conversion::Kind::table;
        out.table = at->second;
        out.keep = o.keep;
        if (line.target.kind == FhirKind::complex) {
            const TypeDef* type = r4::find_type(target);
            if (type && target != "CodeableConcept" && target != "Coding")
                fault(in.place, "E161", "a table gives a code; " + target + " cannot hold one");
        }
        // Senders put whole codes into fields that are a bare code in their version.
        if (source &&
            (source->type == V2Kind::composite || (source->kind == V2Ref::Kind::field && source->at.component == 0 &&
                                                   (source->type_name == "IS" || source->type_name == "ID"))))
            out.type = find_type(source->type_name, "CodeableConcept");
        return out;
    }
    if (!source || line.target.steps.size() > 64) return out;
    if (!o.as.empty()) {
        out.type = find_type(o.as, target);
        if (!out.type)
            fault(in.place, types_by_name_.contains(o.as) ? "E150" : "E132", "no type map " + o.as + " <-> " + target);
    } else if (source->kind == V2Ref::Kind::field || source->kind == V2Ref::Kind::value) {
        out.type = find_type(source->type_name, target);
        if (!out.type && source->kind == V2Ref::Kind::field && source->at.component == 0 &&
            source->segment != segment_code("OBX"))
            for (const auto name : models::field_types(plan_->version, segment_name(source->segment), source->at.field))
                if (!out.type) out.type = find_type(name, target);
        if (!out.type && line.target.kind == FhirKind::complex && source->type != V2Kind::composite)
            out.type = find_type("ST", target);
        const bool itself = out.type && !context.v2_type.empty() && source->at.component == 0 &&
                            out.type->fhir_type == (context.fhir ? context.fhir->name : "") &&
                            line.target.steps.empty();
        if (itself) out.type = nullptr;
        if (!out.type && line.target.kind == FhirKind::complex) {
            std::string known;
            for (const auto& [key, type] : types_by_key_)
                if (key.compare(0, source->type_name.size() + 1, source->type_name + "<") == 0)
                    known += (known.empty() ? "" : ", ") + type->fhir_type;
            fault(in.place, "E150",
                  "no type map for " + source->type_name + " <-> " + target +
                      (known.empty() ? "" : "; " + source->type_name + " maps to " + known));
        }
    }
    if (out.type) out.kind = Conversion::Kind::type;
    return out;
}

Assignment Compiler::assignment(const syntax::Statement& in, const Context& context) {
    Assignment out;
    out.id = add_line(in.place, context.owner, line_text(in));
    out.is_default = in.kind == syntax::Statement::Kind::default_;
    out.if_ = condition(in.options.if_, context);
    FhirKind type = FhirKind::string;
    out.to_v2 = !in.sources.empty();
    if (out.to_v2) {
        out.v2 = v2(in.sources.front(), context);
    } else if (context.fhir && in.target) {
        out.fhir = path(*in.target, *context.fhir);
        if (out.fhir.each >= 0) fault(in.place, "E139", "[*] stands in a line with ->, not in set or default");
        type = out.fhir.kind;
    }
    out.value = constant(in.value, in.place, type, &context);
    if (out.value.kind == Constant::Kind::code && !out.to_v2) {
        const bool holds =
            out.fhir.kind == FhirKind::string || out.fhir.type == "Coding" || out.fhir.type == "CodeableConcept";
        if (!holds) fault(in.place, "E161", "a code does not fit " + out.fhir.type);
    }
    return out;
}

namespace {

/// What a condition tests before anything else, if that is whether one place has one of some values.
const Condition* first_question(const Condition& condition) {
    const Condition* at = &condition;
    while (at->kind == Condition::Kind::all && !at->parts.empty()) at = &at->parts.front();
    if (at->kind != Condition::Kind::v2 || (at->test != Test::equal && at->test != Test::in)) return nullptr;
    if (at->v2.kind == V2Ref::Kind::version || at->v2.many()) return nullptr;
    const bool plain = std::none_of(at->values.begin(), at->values.end(), [](const Constant& value) {
        return value.kind == Constant::Kind::v2 || value.text.empty();
    });
    return plain && !at->values.empty() ? at : nullptr;
}

void find_question(Choose& choose) {
    std::vector<const Condition*> asked;  // by branch; null: it does not ask, or for something else
    for (const Choose::Branch& branch : choose.branches) {
        const Condition* question = asked.emplace_back(first_question(branch.if_));
        if (!question) continue;
        if (!choose.asks) choose.asks = question->v2;
        const V2Ref& asks = *choose.asks;
        if (asks.kind != question->v2.kind || asks.segment != question->v2.segment || !(asks.at == question->v2.at) ||
            asks.segment_repetition != question->v2.segment_repetition) {
            asked.back() = nullptr;
            continue;
        }
        for (const Constant& value : question->values)
            if (!choose.answers.contains(value.text)) choose.answers.add(value.text);
    }
    choose.open_to.resize(choose.answers.size() + 1);
    for (std::uint32_t i = 0; i < asked.size(); ++i) {
        if (!asked[i]) {
            for (auto& open : choose.open_to) open.push_back(i);
            continue;
        }
        for (const Constant& value : asked[i]->values)
            if (auto& open = choose.open_to[choose.answers.find(value.text)]; open.empty() || open.back() != i)
                open.push_back(i);
    }
}

}  // namespace

Choose Compiler::choose(const syntax::Statement& in, const Context& context) {
    Choose out;
    if (++depth_ > 32) {
        fault(in.place, "E002", "choose is nested too deeply");
        --depth_;
        return out;
    }
    out.branches.reserve(in.branches.size());
    for (const auto& branch : in.branches) {
        Choose::Branch compiled;
        Context inner = context;
        if (auto type = promised_type(branch.condition); !type.empty()) inner.varies_as = std::move(type);
        compiled.if_ = condition(branch.condition, inner);
        compiled.where = condition(branch.where, inner);
        compiled.block = block(branch.block, inner);
        out.branches.push_back(std::move(compiled));
    }
    --depth_;
    find_question(out);
    return out;
}

namespace {

/// What has to be there for a line to do anything: parts of one segment, or of one value.
struct Needs {
    std::uint64_t parts = 0;  ///< 0: it may do something whatever was sent
    SegmentCode segment = 0;
};

Needs needs_of(const V2Ref& source) {
    const bool field = source.kind == V2Ref::Kind::field;
    if (field && !source.all_segments && source.segment_repetition == 1 && source.at.field != 0)
        return {bit_of(source.at.field), source.segment};
    if (source.kind == V2Ref::Kind::value && source.at.component != 0) return {bit_of(source.at.component), 0};
    return {};
}

/// Either of two will do.
Needs joined(const Needs& a, const Needs& b) {
    if (a.parts == 0 || b.parts == 0 || a.segment != b.segment) return {};
    return {a.parts | b.parts, a.segment};
}

Needs needs_of(const Statement& statement) {
    std::optional<Needs> all;
    const auto add = [&](const Needs& one) { all = all ? joined(*all, one) : one; };
    if (const auto* line = std::get_if<Line>(&statement)) {
        if (line->required) return {};
        for (const V2Ref& source : line->sources) add(needs_of(source));
    } else if (const auto* choose = std::get_if<Choose>(&statement)) {
        for (const auto& branch : choose->branches)
            for (const Statement& inner : branch.block.statements) add(needs_of(inner));
    }
    return all.value_or(Needs());
}

}  // namespace

/// Lines that follow each other lead to places that lie near each other: what one has found, the next need not look for.
void Compiler::number_places(Block& block) {
    std::map<std::tuple<std::uint32_t, std::string_view, Step::Index, std::uint32_t>, std::uint32_t> numbers;
    for (Statement& statement : block.statements) {
        auto* line = std::get_if<Line>(&statement);
        if (!line || !line->forward || !line->single || line->target.each >= 0) continue;
        std::uint32_t above = 0;
        for (Step& step : line->target.steps) {
            const bool fixed =
                step.index == Step::Index::only || step.index == Step::Index::first || step.index == Step::Index::nth;
            if (!fixed || !step.where.empty() || !step.crossing.empty()) break;
            const auto next = static_cast<std::uint32_t>(numbers.size() + 1);
            above = step.place = numbers.emplace(std::tuple(above, step.key, step.index, step.n), next).first->second;
        }
    }
}

void Compiler::gather_turns(Block& block) {
    constexpr std::size_t turns_min = 12, turns_max = 64 * Block::turns_words_max;
    if (block.forward.size() < turns_min || block.forward.size() > turns_max) return;
    const auto own = std::find_if(block.forward.begin(), block.forward.end(),
                                  [](const Block::Turn& turn) { return turn.parts != 0; });
    block.turns_segment = own == block.forward.end() ? 0 : own->segment;
    block.turns_words = (block.forward.size() + 63) / 64;
    block.turns_of.assign(65 * block.turns_words, 0);
    for (std::size_t i = 0; i < block.forward.size(); ++i) {
        const Block::Turn& turn = block.forward[i];
        const bool always = turn.parts == 0 || turn.segment != block.turns_segment;
        for (std::size_t part = 0; part <= 64; ++part)
            if (part == 64 ? always : !always && ((turn.parts >> part) & 1U) != 0)
                block.turns_of[part * block.turns_words + i / 64] |= std::uint64_t{1} << (i % 64);
    }
}

void Compiler::find_own_crossings() {
    struct Crossing {
        const Step* step;
        const Line* line;  ///< null: another statement
    };
    std::vector<Crossing> all;
    std::vector<Line*> candidates;
    const auto note = [&](const Path& path, const Line* line) {
        for (const Step& step : path.steps)
            if (!step.crossing.empty()) all.push_back({&step, line});
    };
    for_each_statement(*plan_, [&](const PlannedStatement& s) {
        if (s.assignment) return note(s.assignment->fhir, nullptr);
        if (!s.line->forward) return;
        const std::size_t before = all.size();
        note(s.line->target, s.line);
        const auto& steps = s.line->target.steps;
        if (all.size() == before + 2 && !steps.back().crossing.empty() && all[before].step->index == Step::Index::all)
            candidates.push_back(const_cast<Line*>(s.line));  // the plan is still being made
    });
    for (const auto& message : plan_->messages) {
        for (const LinkPlan& link : message->links) note(link.path, nullptr);
        for_each_clause(*message, [&](const ItemPlan&, const ClausePlan& clause) {
            note(clause.target, nullptr);
            for (const LinkPlan& link : clause.links) note(link.path, nullptr);
        });
    }
    for (Line* line : candidates) {
        const Step& own = *std::find_if(line->target.steps.begin(), line->target.steps.end(),
                                        [](const Step& step) { return !step.crossing.empty(); });
        line->owns_crossing = std::none_of(all.begin(), all.end(), [&](const Crossing& other) {
            return other.line != line && other.step->key == own.key && other.step->owner == own.owner &&
                   !told_apart(*other.step, own);
        });
    }
}

void Compiler::order_forward(Block& block) {
    number_places(block);
    for (const Statement& statement : block.statements) {
        if (std::holds_alternative<Assignment>(statement)) continue;
        if (const auto* line = std::get_if<Line>(&statement); line && !line->forward) continue;
        const Needs needs = needs_of(statement);
        block.forward.push_back(
            {needs.parts, needs.segment, std::get_if<Line>(&statement), std::get_if<Choose>(&statement)});
    }
    gather_turns(block);
    for (const bool defaults : {false, true})
        for (const Statement& statement : block.statements)
            if (const auto* a = std::get_if<Assignment>(&statement); a && a->is_default == defaults)
                block.assignments.push_back(a);
}

void Compiler::order_backward(Block& block) {
    std::vector<std::uint32_t> first, second, last;
    for (std::uint32_t i = 0; i < block.statements.size(); ++i) {
        auto* line = std::get_if<Line>(&block.statements[i]);
        if (!line) {
            (std::holds_alternative<Assignment>(block.statements[i]) ? last : first).push_back(i);
            continue;
        }
        if (!line->backward) continue;
        for (std::uint32_t j = 0; j < block.statements.size(); ++j) {
            const auto* other = std::get_if<Line>(&block.statements[j]);
            if (other && j != i && other->forward && !other->backward && other->target.text == line->target.text)
                line->derived.push_back(j);
        }
        line->competes = !line->derived.empty();
        (line->competes ? second : first).push_back(i);
    }
    block.backward = std::move(first);
    block.backward.insert(block.backward.end(), second.begin(), second.end());
    block.backward.insert(block.backward.end(), last.begin(), last.end());
}

void Compiler::table(const syntax::Table& in, const Place& place) {
    auto& out = *tables_by_name_.at(in.name);
    out.id = add_line(place, "table " + in.name, "table " + in.name);
    if (!in.fhir_system.empty()) {
        const auto system = library_.systems.find(in.fhir_system);
        if (in.fhir_system_is_url)
            out.system = in.fhir_system;
        else if (system != library_.systems.end())
            out.system = system->second.content.url;
        else
            fault(place, "E120", "unknown system " + in.fhir_system);
    }
    std::map<std::string_view, std::uint32_t> forward_lines, backward_lines;
    for (const auto& row : in.rows) {
        if (row.arrow != syntax::Arrow::backward) {
            const auto [at, fresh] = forward_lines.emplace(row.v2, row.place.line);
            if (!fresh)
                fault(row.place, "E110",
                      "table " + in.name + ": " + row.v2 + " has already a forward row (line " +
                          std::to_string(at->second) + "); make this row <-");
            (row.v2_pattern ? out.forward_patterns : out.forward)
                .push_back({row.v2, row.fhir, row.display.value_or("")});
        }
        if (row.arrow != syntax::Arrow::forward) {
            const auto [at, fresh] = backward_lines.emplace(row.fhir, row.place.line);
            if (!fresh)
                fault(row.place, "E111",
                      "table " + in.name + ": " + row.fhir + " has already a backward row (line " +
                          std::to_string(at->second) + "); make this row ->");
            (row.fhir_pattern ? out.backward_patterns : out.backward).push_back({row.fhir, row.v2, {}});
        }
        out.passes_through |= row.v2 == "*" && row.fhir == "*";
    }
    const auto by_code = [](const TablePlan::Entry& a, const TablePlan::Entry& b) { return a.from < b.from; };
    const auto sort = [&](std::vector<TablePlan::Entry>& rows, std::vector<std::uint64_t>& heads) {
        std::sort(rows.begin(), rows.end(), by_code);
        heads.reserve(rows.size());
        for (const TablePlan::Entry& row : rows) heads.push_back(head_of(row.from));
    };
    sort(out.forward, out.forward_heads);
    sort(out.backward, out.backward_heads);
}

}  // namespace causeway::mappings
