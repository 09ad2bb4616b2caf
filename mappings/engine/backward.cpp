#include "mappings/engine/backward.hpp"

#include <algorithm>
#include <deque>

#include "hl7v2/dictionary/dictionary.hpp"
#include "hl7v2/escape.hpp"
#include "mappings/engine/emitter.hpp"
#include "mappings/engine/er7.hpp"

namespace causeway::mappings {
namespace {

constexpr std::uint32_t repetitions_max = 10'000;  ///< of a group that has no resource to count by

/// One message going backward: which resource or element each segment is about.
class BackwardRun {
public:
    BackwardRun(const MessagePlan& message, Emitter& emitter, const ResourceIndex& resources,
                const BackwardContext& context, std::string_view version)
        : message_(message),
          emitter_(emitter),
          resources_(resources),
          version_(hl7v2::dictionary::version(version)),
          used_(resources.size(), false),
          crossed_(resources.size(), false) {
        if (!context.anchor.empty()) anchor_ = resources.find_url(context.anchor);
        find_crossed();
        if (!anchor_ && message.anchor >= 0) {
            const auto of_type = of(message.variables[static_cast<std::size_t>(message.anchor)].type);
            if (of_type.size() == 1) anchor_ = of_type.front();
        }
    }

    void run() {
        Frame& root = new_frame(nullptr, true, 0);
        emit_items(message_.root, root, true, 0);
    }

    std::vector<LeafSegment*> order;  ///< the message

private:
    Frame& new_frame(const Frame* up, bool owns, std::uint32_t ordinal) {
        Frame& frame = frames_.emplace_back();
        frame.up = up;
        frame.owns_variables = owns;
        frame.ordinal = ordinal;
        return frame;
    }

    std::vector<std::uint32_t> of(std::string_view type) const {
        std::vector<std::uint32_t> found;
        for (std::uint32_t i = 0; i < resources_.size(); ++i)
            if (resources_[i].resource_type() == type) found.push_back(i);
        return found;
    }

    Selected at(std::uint32_t resource) const {
        Selected selected;
        selected.element = resources_[resource];
        selected.resource = resource;
        return selected;
    }

    /// Resources that only a crossing leads to belong to the resource that crosses: IN1's subscriber is no next of kin.
    void find_crossed() {
        std::vector<char> linked(resources_.size(), 0);
        const auto mark = [&](std::uint32_t from, const Path& path, std::vector<char>& marks) {
            std::vector<fhir::Element> found;
            emitter_.reader().select(resources_[from], path, found);
            for (const fhir::Element reference : found)
                if (const auto to = resources_.find(reference)) marks[*to] = 1;
        };
        for (std::uint32_t i = 0; i < resources_.size(); ++i) {
            const auto at = message_.crossings.find(std::string(resources_[i].resource_type()));
            if (at == message_.crossings.end()) continue;
            for (const Path& path : at->second) mark(i, path, crossed_);
        }
        for (const auto& link : message_.links)
            for (const std::uint32_t i : of(message_.variables[link.from].type)) mark(i, link.every, linked);
        for (std::uint32_t i = 0; i < resources_.size(); ++i) crossed_[i] = crossed_[i] && !linked[i];
    }

    static std::optional<std::uint32_t> bound(const Frame& from, std::uint32_t variable) {
        for (const Frame* frame = &from; frame; frame = frame->up)
            for (const auto& [name, resource] : frame->variables)
                if (name == variable) return resource;
        return std::nullopt;
    }
    static void bind(Frame& from, std::uint32_t variable, std::uint32_t resource) {
        Frame* frame = &from;
        while (!frame->owns_variables && frame->up) frame = const_cast<Frame*>(frame->up);
        for (auto& [name, old] : frame->variables)
            if (name == variable) {
                old = resource;
                return;
            }
        frame->variables.emplace_back(variable, resource);
    }

    std::vector<std::uint32_t> referred(std::uint32_t from, const LinkPlan& link) const {
        std::vector<fhir::Element> found;
        emitter_.reader().select(resources_[from], link.every, found);
        std::vector<std::uint32_t> out;
        for (const fhir::Element reference : found)
            if (const auto to = resources_.find(reference)) out.push_back(*to);
        return out;
    }

    /// For a variable that no link leads to: what a bound one names as another variable of its type is not this one's.
    /// The Provenance of a move is about the patient that is there now, not about the one that was.
    void leave_to_others(std::uint32_t variable, const Frame& frame, std::vector<std::uint32_t>& found) const {
        const auto is_led_to = [&](const LinkPlan& link) { return link.to == variable && link.from != variable; };
        if (std::any_of(message_.links.begin(), message_.links.end(), is_led_to)) return;
        std::vector<std::uint32_t> left = found;
        for (const auto& link : message_.links) {
            if (link.to == variable || message_.variables[link.to].type != message_.variables[variable].type) continue;
            const auto from = bound(frame, link.from);
            if (!from || link.from == link.to) continue;
            for (const std::uint32_t named : referred(*from, link)) std::erase(left, named);
        }
        if (!left.empty()) found = std::move(left);
    }

    /// The resources a variable can stand for at a frame, in order (language reference, "Messages").
    std::vector<std::uint32_t> candidates(std::uint32_t variable, const Frame& frame, const ClausePlan* make) const {
        const auto& type = message_.variables[variable].type;
        std::vector<std::uint32_t> found;
        const bool is_anchor = message_.anchor == static_cast<int>(variable);
        for (const std::uint32_t i : of(type)) {
            if (used_[i] || (crossed_[i] && !is_anchor)) continue;
            if (is_anchor && anchor_ && *anchor_ != i) continue;
            if (make && !emitter_.reader().holds(make->where, {}, resources_[i], Reader::Mode::test)) continue;
            found.push_back(i);
        }
        if (found.size() > 1) leave_to_others(variable, frame, found);
        for (const auto& link : message_.links) {
            if (found.empty()) return found;
            if (link.to == variable && link.from != variable) {
                auto from = bound(frame, link.from);
                const bool from_anchor = !from && anchor_ && static_cast<int>(link.from) == message_.anchor;
                if (from_anchor) from = anchor_;
                if (!from) continue;
                const auto targets = referred(*from, link);
                const bool header = message_.variables[link.from].type == "MessageHeader" ||
                                    message_.variables[link.from].type == "Provenance";
                if ((header || from_anchor) && targets.empty()) continue;
                std::vector<std::uint32_t> ordered;
                for (const std::uint32_t target : targets)
                    if (std::find(found.begin(), found.end(), target) != found.end() &&
                        std::find(ordered.begin(), ordered.end(), target) == ordered.end())
                        ordered.push_back(target);
                if (header) {  // a header names what the message is about; it does not name all
                    if (!ordered.empty() && ordered.size() == found.size()) found = std::move(ordered);
                } else {
                    found = std::move(ordered);
                }
            } else if (link.from == variable && link.to != variable) {
                const auto to = bound(frame, link.to);
                if (!to) continue;
                std::erase_if(found, [&](std::uint32_t i) {
                    const auto targets = referred(i, link);
                    return !targets.empty() && std::find(targets.begin(), targets.end(), *to) == targets.end();
                });
            }
        }
        return found;
    }

    const ClausePlan* make_of(const ItemPlan& item, std::uint32_t variable) const {
        for (const auto& clause : item.clauses)
            if (clause.kind == ClausePlan::Kind::make && clause.variable == variable) return &clause;
        for (const auto& child : item.items)
            if (const auto* found = make_of(child, variable)) return found;
        return nullptr;
    }

    void emit_items(const ItemPlan& group, Frame& frame, bool mandatory, std::uint32_t iteration) {
        for (const auto& item : group.items) {
            if (item.kind != ItemPlan::Kind::clause) continue;
            for (const auto& clause : item.clauses) {
                if (clause.kind != ClausePlan::Kind::make || !clause.backward || bound(frame, clause.variable))
                    continue;
                if (clause.if_.kind == Condition::Kind::no) continue;
                const auto found = candidates(clause.variable, frame, &clause);
                if (found.empty()) continue;
                bind(frame, clause.variable, found.front());
                used_[found.front()] = true;
            }
        }
        for (const auto& item : group.items) {
            if (item.kind == ItemPlan::Kind::segment)
                emit_segment(item, frame, mandatory, iteration);
            else if (item.kind == ItemPlan::Kind::group)
                emit_group(item, frame, mandatory);
        }
    }

    void emit_group(const ItemPlan& group, Frame& frame, bool mandatory) {
        const bool inner_mandatory = mandatory && !group.optional;
        if (group.per >= 0) {
            const auto variable = static_cast<std::uint32_t>(group.per);
            const auto already = bound(frame, variable);
            auto found = already ? std::vector{*already} : candidates(variable, frame, make_of(group, variable));
            if (!group.repeats && found.size() > 1) found.resize(1);
            std::uint32_t ordinal = 0;
            for (const std::uint32_t resource : found) {
                Frame& inner = new_frame(&frame, group.repeats, group.repeats ? ++ordinal : 0);
                bind(inner, variable, resource);
                used_[resource] = true;
                emit_items(group, inner, true, 0);
                if (!group.repeats) adopt(inner, frame);
            }
            return;
        }
        // A segment at the head that only structures the group (RGS) stands when something follows it.
        const ItemPlan* head =
            !group.items.empty() && group.items.front().kind == ItemPlan::Kind::segment && !group.items.front().optional
                ? &group.items.front()
                : nullptr;
        if (head && std::any_of(head->clauses.begin(), head->clauses.end(),
                                [](const ClausePlan& c) { return c.kind != ClausePlan::Kind::keep; }))
            head = nullptr;
        if (head && group.items.size() == 1) return;
        for (std::uint32_t i = 1; i <= (group.repeats ? repetitions_max : 1); ++i) {
            const std::size_t before = order.size();
            const std::uint64_t fresh = emitter_.fresh();
            Frame& inner = new_frame(&frame, group.repeats, group.repeats ? i : 0);
            if (head) {
                LeafSegment& segment = new_segment(head->code);
                const LeafKey number{1, 1, 1, 1};
                Leaf leaf;
                leaf.key = number.packed();
                texts_.push_back(std::to_string(i));
                leaf.text = texts_.back();
                segment.insert(leaf);
                order.push_back(&segment);
            }
            emit_items(group, inner, inner_mandatory && i == 1, i - 1);
            if (order.size() == before + (head ? 1 : 0) || (i > 1 && emitter_.fresh() == fresh)) {
                order.resize(before);
                return;
            }
            if (!group.repeats) adopt(inner, frame);
        }
    }

    static void adopt(const Frame& inner, Frame& outer) {
        outer.segments.insert(outer.segments.end(), inner.segments.begin(), inner.segments.end());
    }

    LeafSegment& new_segment(SegmentCode code) { return segments_.emplace_back(code, 0); }

    /// What one emission of a segment is made from: each clause with the element it is about.
    struct Run {
        std::vector<std::pair<const ClausePlan*, Selected>> parts;
        std::optional<std::pair<std::uint32_t, std::uint32_t>> leads;  ///< variable and its resource
    };

    void emit_segment(const ItemPlan& item, Frame& frame, bool mandatory, std::uint32_t iteration) {
        if (item.name.front() != 'Z' && !version_.segment(item.name)) {
            if (!item.optional)
                emitter_.report(Severity::note, "W221", "the version to be sent does not have the segment " + item.name,
                                0);
            return;
        }
        std::vector<Run> runs = runs_of(item, frame, iteration);
        const bool must = mandatory && !item.optional && !item.repeats;
        if (runs.empty()) {
            if (!must || frame.up) return;
            Run constants;  // a mandatory segment nothing is known for: its `set` and `default` fields
            for (const auto& clause : item.clauses) constants.parts.emplace_back(&clause, Selected{});
            if (constants.parts.empty()) return;
            runs.push_back(std::move(constants));
            if (item.name != "MSH")
                emitter_.report(Severity::note, "W220", "nothing is known for the mandatory segment " + item.name, 0);
        }
        std::uint32_t ordinal = 0;
        for (auto& run : runs) {
            LeafSegment& segment = new_segment(item.code);
            Frame& inner = new_frame(&frame, item.repeats, item.repeats ? ++ordinal : 0);
            inner.segments.push_back(&segment);
            if (run.leads) {
                bind(inner, run.leads->first, run.leads->second);
                used_[run.leads->second] = true;
            }
            V2Scope scope;
            scope.frame = &inner;
            bool hit = false;
            for (auto& [clause, element] : run.parts)
                for (const MapPlan* map : clause->maps) hit |= emitter_.run(map->block, scope, element);
            const bool made = !item.clauses.empty() && item.clauses.front().kind == ClausePlan::Kind::make;
            if (!hit && !(must && (made || !frame.up || !runs.empty()))) {
                if (item.repeats) --ordinal;
                continue;
            }
            if (segment.leaves().empty() && item.name != "MSH") continue;
            order.push_back(&segment);
            if (!item.repeats) frame.segments.push_back(&segment);
        }
    }

    std::vector<Run> runs_of(const ItemPlan& item, Frame& frame, std::uint32_t iteration) {
        std::vector<const ClausePlan*> makes, fills;
        for (const auto& clause : item.clauses) {
            if (!clause.backward || clause.if_.kind == Condition::Kind::no) continue;
            if (clause.kind == ClausePlan::Kind::make) makes.push_back(&clause);
            if (clause.kind == ClausePlan::Kind::fill) fills.push_back(&clause);
        }
        std::vector<Run> runs;
        if (!makes.empty()) {
            for (const ClausePlan* lead : makes) {
                const auto already = bound(frame, lead->variable);
                auto found = already ? std::vector{*already} : candidates(lead->variable, frame, lead);
                if (!item.repeats && found.size() > 1) found.resize(1);
                for (const std::uint32_t resource : found) {
                    if (lead->if_.kind != Condition::Kind::yes &&
                        !emitter_.reader().holds(lead->if_, {}, resources_[resource], Reader::Mode::assertable))
                        continue;
                    Run run;
                    run.leads = {lead->variable, resource};
                    run.parts.emplace_back(lead, at(resource));
                    if (!item.repeats && makes.size() > 1) {
                        bind(frame, lead->variable, resource);  // what joins it is told by its links
                        for (const ClausePlan* other : makes)
                            if (other != lead) join(*other, frame, resource, run);
                    }
                    for (const ClausePlan* fill : fills)
                        if (auto element = element_for(*fill, frame, resource, iteration))
                            run.parts.emplace_back(fill, *element);
                    runs.push_back(std::move(run));
                }
                if (!runs.empty()) break;
            }
            return runs;
        }
        if (fills.empty()) return runs;
        const ClausePlan& first = *fills.front();
        const auto resource = bound(frame, first.variable);
        if (resource && first.target.steps.empty()) {
            Run run;
            run.parts.emplace_back(&first, at(*resource));
            runs.push_back(std::move(run));
        } else if (resource) {
            std::vector<Selected> elements = elements_of(first, *resource);
            const bool star = first.target.iterates >= 0;
            if (star)
                std::erase_if(elements, [&](const Selected& s) { return emitter_.claimed(s.element.node(), s.via); });
            std::erase_if(elements, [&](const Selected& s) {
                return !emitter_.reader().holds(first.where, {}, s.element, Reader::Mode::test);
            });
            if (!item.repeats) {
                if (!star && iteration > 0)
                    elements.erase(elements.begin(),
                                   elements.begin() +
                                       static_cast<std::ptrdiff_t>(std::min<std::size_t>(iteration, elements.size())));
                if (elements.size() > 1) elements.resize(1);
            }
            for (const Selected& element : elements) {
                if (star) emitter_.claim(element.element.node(), element.via);
                Run run;
                run.parts.emplace_back(&first, element);
                runs.push_back(std::move(run));
            }
        }
        std::uint32_t n = iteration;
        for (std::size_t i = 1; i < fills.size(); ++i) {
            if (runs.empty()) {
                if (auto element = element_for(*fills[i], frame, std::nullopt, n)) {
                    Run run;
                    run.parts.emplace_back(fills[i], *element);
                    runs.push_back(std::move(run));
                }
            } else {
                for (auto& run : runs)
                    if (auto element = element_for(*fills[i], frame, std::nullopt, n))
                        run.parts.emplace_back(fills[i], *element);
            }
        }
        return runs;
    }

    /// A resource of another type that the same segment makes (PID: the Patient, and the Account PID-18 names) speaks in it
    /// too; several makes of one type are alternatives.
    void join(const ClausePlan& make, Frame& frame, std::uint32_t lead, Run& run) {
        const auto already = bound(frame, make.variable);
        const auto found = already ? std::vector{*already} : candidates(make.variable, frame, &make);
        if (found.empty() || resources_[found.front()].resource_type() == resources_[lead].resource_type() ||
            (make.if_.kind != Condition::Kind::yes &&
             !emitter_.reader().holds(make.if_, {}, resources_[found.front()], Reader::Mode::assertable)))
            return;
        bind(frame, make.variable, found.front());
        used_[found.front()] = true;
        run.parts.emplace_back(&make, at(found.front()));
    }

    std::vector<Selected> elements_of(const ClausePlan& fill, std::uint32_t resource) const {
        std::vector<Selected> elements;
        emitter_.select(at(resource), fill.every, 1, true, elements);
        return elements;
    }

    /// The element a fill beside a leading resource is about: the one its link pins to that resource, or the first.
    std::optional<Selected> element_for(const ClausePlan& fill, Frame& frame, std::optional<std::uint32_t> lead,
                                        std::uint32_t iteration) {
        const auto resource = bound(frame, fill.variable);
        if (!resource) return std::nullopt;
        if (fill.target.steps.empty()) return at(*resource);
        const auto elements = elements_of(fill, *resource);
        const LinkPlan* pin = nullptr;
        for (const auto& link : fill.links)
            if (link.pins) pin = &link;
        if (pin && lead) {
            for (const Selected& element : elements) {
                fhir::Element reference = element.element;
                for (std::size_t i = fill.target.steps.size(); i < pin->path.steps.size(); ++i)
                    reference = reference[pin->path.steps[i].name].first();
                if (resources_.find(reference) != lead) continue;
                emitter_.claim(element.element.node(), element.via);
                return element;
            }
            return std::nullopt;
        }
        if (iteration < elements.size()) return elements[iteration];
        return std::nullopt;
    }

    const MessagePlan& message_;
    Emitter& emitter_;
    const ResourceIndex& resources_;
    hl7v2::dictionary::Version version_;
    std::vector<char> used_, crossed_;
    std::optional<std::uint32_t> anchor_;
    std::deque<Frame> frames_;
    std::deque<LeafSegment> segments_;
    std::deque<std::string> texts_;
};

/// Puts `text`, in which `^` separates components, in place of whatever a field holds.
void put_field(LeafSegment& segment, std::uint16_t field, std::string_view text, TextArena& arena) {
    if (text.empty()) return;
    segment.erase_below({field, 1, 0, 0});
    for (std::uint8_t component = 1;; ++component) {
        const auto end = text.find('^');
        const auto part = text.substr(0, end);
        if (!part.empty()) {
            Leaf leaf;
            leaf.key = LeafKey{field, 1, component, 1}.packed();
            leaf.text = arena.copy(part);
            segment.insert(leaf);
        }
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

std::string event_of(const MessagePlan& message, const ResourceIndex& resources, const BackwardContext& context) {
    if (!context.event.empty()) return context.event;
    for (std::uint32_t i = 0; i < resources.size(); ++i) {
        if (resources[i].resource_type() != "MessageHeader") continue;
        const std::string event(resources[i]["eventCoding"]["code"].text());
        if (std::find(message.events.begin(), message.events.end(), event) != message.events.end()) return event;
    }
    return message.events.empty() ? std::string() : message.events.front();
}

}  // namespace

std::vector<SourceResource> resources_of(const fhir::Document& document) {
    std::vector<SourceResource> out;
    if (document.resource_type() != "Bundle") {
        out.push_back({document.root(), {}});
        return out;
    }
    for (const fhir::Element entry : document.root()["entry"].items())
        if (const fhir::Element resource = entry["resource"])
            out.push_back({resource, std::string(entry["fullUrl"].text())});
    return out;
}

BackwardResult backward(const Plan& plan, std::span<const SourceResource> sources, std::string_view structure,
                        const BackwardContext& context) {
    BackwardResult result;
    const MessagePlan* message = plan.message(structure);
    if (!message) {
        result.refused = true;
        result.issues.push_back(
            {Severity::error, "R300", "MSH-9", "there is no map for messages of this structure", 0});
        return result;
    }
    TextArena arena;
    const ResourceIndex resources(sources);
    const std::string event = event_of(*message, resources, context);
    const std::string version = context.version.empty() ? plan.version : context.version;
    Emitter emitter(plan, *message, arena, resources, context);
    emitter.reader().facts = {event, hl7v2::Delimiters::none()};
    BackwardRun run(*message, emitter, resources, context, version);
    run.run();
    if (run.order.empty() || run.order.front()->code() != segment_code("MSH")) {
        result.refused = true;
        result.issues.push_back({Severity::error, "R303", "MSH", "the message has no MSH", 0});
        return result;
    }
    LeafSegment& msh = *run.order.front();
    put_field(msh, 3, context.sending_application, arena);
    put_field(msh, 4, context.sending_facility, arena);
    put_field(msh, 5, context.receiving_application, arena);
    put_field(msh, 6, context.receiving_facility, arena);
    put_field(msh, 9, message->name.substr(0, 3) + "^" + event + "^" + message->name, arena);
    if (msh.below({11, 1, 0, 0}).empty()) put_field(msh, 11, context.processing_id, arena);
    put_field(msh, 12, version, arena);
    write_er7(run.order, hl7v2::Delimiters{}, result.er7, result.trace);
    auto& issues = emitter.issues();
    result.issues.insert(result.issues.end(), issues.begin(), issues.end());
    return result;
}

}  // namespace causeway::mappings
