#include "mappings/engine/emitter.hpp"

#include <algorithm>

#include "fhir/model/builder.hpp"

namespace causeway::mappings {
namespace {

constexpr int depth_max = 32;
constexpr std::size_t issues_max = 1000;

std::string type_and_id(fhir::Element resource) {
    const auto id = resource["id"].text();
    return id.empty() ? std::string() : std::string(resource.resource_type()) + "/" + std::string(id);
}

/// A resource with what a reference says of it beside the url: `identifier`, `display`.
fhir::DocumentPtr stand_in(fhir::Element reference) {
    const fhir::Element identifier = reference["identifier"], display = reference["display"];
    const std::string url(reference["reference"].text());
    std::string type(reference["type"].text());
    if (type.empty()) {
        const auto slash = url.rfind('/');
        if (slash != std::string::npos && slash != 0) {
            const auto before = url.rfind('/', slash - 1);
            type = url.substr(before == std::string::npos ? 0 : before + 1,
                              slash - (before == std::string::npos ? 0 : before + 1));
        }
    }
    if (!identifier && !display) return nullptr;
    fhir::DocumentBuilder builder(type);
    if (identifier) builder.root().append("identifier").copy_from(identifier);
    if (display) {
        const bool person = type == "Practitioner" || type == "Patient" || type == "RelatedPerson" || type.empty();
        if (person) {
            // "Okafor, Ngozi" or "Ngozi Okafor": the family name is what stands before a comma, else the last word
            const std::string_view text = display.text();
            auto name = builder.root().append("name");
            const auto comma = text.find(','), blank = text.rfind(' ');
            name.member("family").set_string(comma != std::string_view::npos   ? text.substr(0, comma)
                                             : blank != std::string_view::npos ? text.substr(blank + 1)
                                                                               : text);
            std::string_view given = comma != std::string_view::npos   ? text.substr(comma + 1)
                                     : blank != std::string_view::npos ? text.substr(0, blank)
                                                                       : std::string_view();
            while (!given.empty() && given.front() == ' ') given.remove_prefix(1);
            if (!given.empty()) name.append("given").set_string(given);
        } else {
            builder.root().member("name").set_string(display.text());
        }
    }
    return std::move(builder).finish();
}

}  // namespace

ResourceIndex::ResourceIndex(std::span<const SourceResource> resources) : resources_(resources) {
    for (std::uint32_t i = 0; i < resources.size(); ++i) {
        if (!resources[i].full_url.empty()) by_url_.emplace(resources[i].full_url, i);
        if (auto id = type_and_id(resources[i].element); !id.empty()) by_url_.emplace(std::move(id), i);
    }
}

std::optional<std::uint32_t> ResourceIndex::find_url(std::string_view url) const {
    if (url.empty()) return std::nullopt;
    auto at = by_url_.find(std::string(url));
    if (at != by_url_.end()) return at->second;
    // an absolute or versioned url of a resource that is known as Type/id
    if (const auto version = url.find("/_history/"); version != std::string_view::npos) url = url.substr(0, version);
    const auto slash = url.rfind('/');
    const auto before =
        slash == std::string_view::npos || slash == 0 ? std::string_view::npos : url.rfind('/', slash - 1);
    at = by_url_.find(std::string(before == std::string_view::npos ? url : url.substr(before + 1)));
    return at == by_url_.end() ? std::nullopt : std::optional(at->second);
}

std::optional<std::uint32_t> ResourceIndex::find(fhir::Element reference) const {
    return find_url(reference["reference"].text());
}

fhir::Element ResourceIndex::target(fhir::Element reference) const {
    const std::string_view url = reference["reference"].text();
    if (!url.empty() && url.front() == '#') {
        fhir::Element root = reference;
        while (root.parent() && !root["resourceType"]) root = root.parent();
        for (const fhir::Element contained : root["contained"].items())
            if (contained["id"].text() == url.substr(1)) return contained;
        return {};
    }
    if (const auto i = find_url(url)) return resources_[*i].element;
    if (!reference["identifier"] && !reference["display"]) return {};
    auto& made = stand_ins_[reference.node()];
    if (!made) made = stand_in(reference);
    return made ? made->root() : fhir::Element();
}

Emitter::Emitter(const Plan& plan, const MessagePlan& message, TextArena& arena, const ResourceIndex& resources,
                 const BackwardContext& context)
    : plan_(plan),
      message_(message),
      resources_(resources),
      context_(context),
      composer_(plan, arena, nullptr, TimeZone(), context.now),
      reader_(arena, resources) {
    const auto policy = plan.setting("offset");
    offset_ = policy == "always"  ? OffsetPolicy::always
              : policy == "never" ? OffsetPolicy::never
                                  : OffsetPolicy::as_received;
}

void Emitter::report(Severity severity, const char* code, std::string text, std::uint32_t line) {
    if (issues_.size() < issues_max) issues_.push_back({severity, code, {}, std::move(text), line});
}

bool Emitter::consumed(const Selected& leaf) const { return consumed_.contains({leaf.element.node(), leaf.via}); }

bool Emitter::reserved(fhir::Element item, const Step& step) const {
    const auto at = message_.reserved.find(step.owner + "." + step.name);
    if (at == message_.reserved.end()) return false;
    return std::any_of(at->second.begin(), at->second.end(),
                       [&](const Step* other) { return reader_.fits(item, *other); });
}

const fhir::Node* Emitter::way(const fhir::Node* before, const fhir::Node* reference) const {
    if (!before) return reference;
    const auto [at, fresh] = ways_.try_emplace(Way{before, reference}, nullptr);
    if (fresh) at->second = &way_nodes_.emplace_back();
    return at->second;
}

void Emitter::walk(const Selected& from, const std::vector<Step>& steps, std::size_t i, std::uint32_t ordinal,
                   bool mirror, std::vector<Selected>& out) const {
    if (!from.element) return;
    if (i == steps.size()) {
        out.push_back(from);
        return;
    }
    const Step& step = steps[i];
    const fhir::Element member = from.element[step.name];
    if (!member) return;
    const auto on = [&](fhir::Element item) {
        Selected next = from;
        next.element = item;
        if (member.is_array() && (step.index == Step::Index::all || !step.where.empty()))
            next.add_claim(item.node(), from.via);
        if (!step.crossing.empty()) {
            next.element = resources_.target(item);
            next.via = way(from.via, item.node());
            if (const auto resource = resources_.find(item)) next.resource = *resource;
            if (!next.element) return;
        }
        walk(next, steps, i + 1, ordinal, mirror, out);
    };
    const std::size_t offset = step.name == "coding" && i == 0 ? coding_offset_ : 0;
    if (step.index == Step::Index::nth || step.index == Step::Index::same) {
        const std::size_t wanted = (step.index == Step::Index::nth ? step.n : ordinal) - 1 + offset;
        const fhir::Element item = member.is_array() ? member.item(wanted) : wanted == 0 ? member : fhir::Element();
        if (item && reader_.fits(item, step)) on(item);
        return;
    }
    std::size_t skip = step.where.empty() && step.crossing.empty() ? offset : 0;
    for (const fhir::Element item : member.items()) {
        if (skip != 0) {
            --skip;
            continue;
        }
        if (!reader_.fits(item, step)) continue;
        if (step.index == Step::Index::all) {
            if (!mirror && mirror_depth_ == 0 && claimed(item.node(), from.via)) continue;
            if (step.where.empty() && reserved(item, step)) continue;
            on(item);
            continue;
        }
        return on(item);
    }
}

void Emitter::select(const Selected& from, const Path& path, std::uint32_t ordinal, bool mirror,
                     std::vector<Selected>& out) const {
    walk(from, path.steps, 0, ordinal, mirror, out);
}

bool Emitter::put(V2Value place, std::string_view text, const Selected& from, std::uint32_t line) {
    if (!place.segment || text.empty()) return false;
    if (place.at.component == 0) place.at.component = 1;
    if (place.at.subcomponent == 0) place.at.subcomponent = 1;
    Leaf leaf;
    leaf.key = place.at.packed();
    leaf.text = reader_.arena().copy(text);
    leaf.line = line;
    leaf.node = from.element.node();
    leaf.resource = from.resource;
    if (!place.segment->insert(leaf)) return false;
    if (mirror_depth_ == 0) {
        ++fresh_;
        consumed_.insert({from.element.node(), from.via});
    }
    return true;
}

void Emitter::establish(const Condition& c, const V2Scope& scope, std::uint32_t line) {
    if (c.kind == Condition::Kind::all) {
        for (const auto& part : c.parts) establish(part, scope, line);
        return;
    }
    if (c.kind != Condition::Kind::v2 || (c.test != Test::equal && c.test != Test::in) || c.values.empty()) return;
    if (c.v2.kind == V2Ref::Kind::event || c.v2.kind == V2Ref::Kind::version) return;
    if (!reader_.text(c.v2, scope).empty() || c.values.front().text.empty()) return;
    ++mirror_depth_;  // a constant is no data
    put(reader_.locate(c.v2, scope), c.values.front().text, {}, line);
    --mirror_depth_;
}

bool Emitter::run(const Block& block, const V2Scope& scope, const Selected& base) {
    if (depth_ >= depth_max) return false;
    ++depth_;
    bool hit = false;
    for (const std::uint32_t i : block.backward) {
        const auto& statement = block.statements[i];
        if (const auto* assignment = std::get_if<Assignment>(&statement))
            run_assignment(*assignment, scope, base);
        else if (!base.element)
            continue;
        else if (const auto* line = std::get_if<Line>(&statement))
            hit |= run_line(*line, block, scope, base);
        else if (const auto* choose = std::get_if<Choose>(&statement))
            hit |= run_choose(*choose, scope, base);
    }
    --depth_;
    return hit;
}

void Emitter::run_assignment(const Assignment& a, const V2Scope& scope, const Selected& base) {
    if (!a.to_v2 || !reader_.holds(a.if_, scope, base.element, Reader::Mode::test)) return;
    V2Value place = reader_.locate(a.v2, scope);
    if (!place.segment) return;
    const bool there = !place.segment->below(place.at).empty();
    if (there && a.is_default) return;
    std::string text;
    switch (a.value.kind) {
        case Constant::Kind::now:
            to_v2(context_.now, FhirKind::date_time, V2Kind::timestamp, OffsetPolicy::as_received, text);
            break;
        case Constant::Kind::control_id:
            text = context_.control_id;
            break;
        case Constant::Kind::ordinal:
            text = std::to_string(scope.frame ? scope.frame->nearest_ordinal() : 1);
            break;
        case Constant::Kind::v2:
            text = reader_.text(a.value.v2, scope);
            break;
        default:
            text = a.value.text;
            break;
    }
    if (text.empty()) return;
    if (there) place.segment->erase_below(place.at);
    ++mirror_depth_;
    put(place, text, {}, a.id);
    --mirror_depth_;
}

bool Emitter::run_choose(const Choose& choose, const V2Scope& scope, const Selected& base) {
    for (const auto& branch : choose.branches) {
        if (!reader_.holds(branch.where, scope, base.element, Reader::Mode::test)) continue;
        const Line* first = nullptr;
        for (const auto& statement : branch.block.statements)
            if (!first) first = std::get_if<Line>(&statement);
        if (first) {
            std::vector<Selected> found;
            select(base, first->target, scope.frame ? scope.frame->nearest_ordinal() : 1, first->mirror, found);
            const bool open = std::any_of(found.begin(), found.end(), [&](const Selected& s) {
                return first->mirror || mirror_depth_ > 0 || !consumed(s);
            });
            if (!open) continue;
            const auto& how = first->conversion;
            if (how.kind == Conversion::Kind::table && found.front().element.has_value() &&
                how.table->find_backward(found.front().element.text()).empty())
                continue;
        }
        if (!reader_.holds(branch.if_, scope, base.element, Reader::Mode::assertable)) continue;
        establish(branch.if_, scope, first ? first->id : 0);
        return run(branch.block, scope, base);
    }
    return false;
}

bool Emitter::run_line(const Line& line, const Block& block, const V2Scope& scope, const Selected& base) {
    if (!line.backward || line.sources.empty()) return false;
    if (!reader_.holds(line.where, scope, base.element, Reader::Mode::test)) return false;
    std::vector<Selected> found;
    select(base, line.target, scope.frame ? scope.frame->nearest_ordinal() : 1, line.mirror, found);
    const bool mirror = line.mirror || mirror_depth_ > 0;
    if (!mirror) std::erase_if(found, [&](const Selected& s) { return s.element.has_value() && consumed(s); });
    if (found.empty()) return false;
    bool contradicted = false;  // by a `->` line: without this field forward would say something else
    for (const std::uint32_t i : line.derived) {
        const auto& other = std::get<Line>(block.statements[i]);
        composer_.reader().facts = reader_.facts;
        const auto derived = composer_.capture(other, scope);
        contradicted |= derived && found.front().element.has_value() && *derived != found.front().element.text();
        if (!derived || !found.front().element.has_value() || *derived != found.front().element.text()) continue;
        if (!mirror) consumed_.insert({found.front().element.node(), found.front().via});
        return false;
    }
    for (const auto& statement : block.statements) {  // what `default` would put there anyway needs no field
        if (contradicted || found.front().element.size() != 0) break;  // .. nor what is kept beside it
        const auto* assignment = std::get_if<Assignment>(&statement);
        if (!assignment || assignment->to_v2 || !assignment->is_default || assignment->fhir.text != line.target.text)
            continue;
        if (assignment->value.kind != Constant::Kind::scalar || !equals(found.front().element, assignment->value))
            continue;
        if (!mirror) consumed_.insert({found.front().element.node(), found.front().via});
        return false;
    }
    if (!reader_.holds(line.if_, scope, base.element, Reader::Mode::assertable)) return false;
    const V2Ref& source = line.sources.front();
    if (source.kind == V2Ref::Kind::event || source.kind == V2Ref::Kind::version) return false;
    establish(line.if_, scope, line.id);
    V2Value place = reader_.locate(source, scope);
    if (!place.segment) return false;
    mirror_depth_ += line.mirror ? 1 : 0;
    bool hit = false;
    const bool repeats = source.kind == V2Ref::Kind::field && source.at.repetition == 0;
    const auto emit = [&](const Selected& from, std::string_view text) {
        if (repeats)
            place.at.repetition = static_cast<std::uint16_t>(place.segment->last_repetition(place.at.field) + 1);
        const bool wrote = text.data() ? put(place, text, from, line.id) : convert(line, from, place);
        hit |= wrote;
        if (!wrote || mirror_depth_ > 0) return;
        for (std::uint8_t i = 0; i < from.claim_count; ++i) claim(from.claims[i].node, from.claims[i].via);
    };
    for (const Selected& from : found) {
        if (!line.joined || line.join.empty() || !from.element.has_value()) {
            emit(from, {});
        } else {
            std::string_view rest = from.element.text();
            for (bool more = true; more && !(rest.empty());) {
                const auto at = rest.find(line.join);
                more = at != std::string_view::npos && repeats;
                const std::string_view piece = more ? rest.substr(0, at) : rest;
                if (line.conversion.kind == Conversion::Kind::builtin) {
                    if (!piece.empty()) emit(from, piece);
                } else {
                    emit(from, {});
                    more = false;
                }
                if (more) rest.remove_prefix(at + line.join.size());
            }
        }
        if (!repeats) break;
    }
    mirror_depth_ -= line.mirror ? 1 : 0;
    return hit;
}

}  // namespace causeway::mappings
