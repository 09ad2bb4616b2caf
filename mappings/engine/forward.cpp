#include "mappings/engine/forward.hpp"

#include <algorithm>
#include <deque>
#include <memory>

#include "fhir/json/json.hpp"
#include "hl7v2/dictionary/dictionary.hpp"
#include "mappings/engine/composer.hpp"
#include "mappings/engine/identity.hpp"
#include "mappings/engine/structure.hpp"
#include "mappings/engine/uuid.hpp"

namespace causeway::mappings {
namespace {

/// Which map a message is for: type and event decide; MSH-9.3, which senders often get wrong, counts where they say
/// nothing.
const MessagePlan* choose_message(const Plan& plan, const hl7v2::MessageView& message) {
    const auto event = hl7v2::dictionary::trigger_event(message);
    if (const auto* found = plan.message_for(message.message_type(), event)) return found;
    if (const auto structure = hl7v2::dictionary::structure_of(message))
        if (const auto* found = plan.message(structure->name())) return found;
    return plan.message(message.message_structure());
}

/// One message going forward: groups, clauses, links.
class ForwardRun {
public:
    ForwardRun(const MessagePlan& message, Composer& composer)
        : composer_(composer), instances_(message.variables.size()) {}

    void run(GroupInstance& root) {
        Frame& frame = new_frame(nullptr, true, 0);
        fill_frame(root, frame);
        run_group(root, frame);
        for (const auto& link : links_) make_link(*link.plan, *link.frame);
    }

    std::vector<Event> events;
    std::vector<std::uint32_t> kept;  ///< numbers of segments that are residue on purpose

private:
    struct Instance {
        std::uint32_t resource;
        const Frame* frame;
    };
    struct PendingLink {
        const LinkPlan* plan;
        const Frame* frame;
    };

    Frame& new_frame(const Frame* up, bool owns_variables, std::uint32_t ordinal) {
        Frame& frame = frames_.emplace_back();
        frame.up = up;
        frame.owns_variables = owns_variables;
        frame.ordinal = ordinal;
        return frame;
    }

    /// A group's segments, and those of groups in it that stand once, so that OBR sees ORC.
    static void fill_frame(GroupInstance& group, Frame& frame) {
        for (auto& entry : group.entries)
            if (entry.segment) frame.segments.push_back(entry.segment);
        for (auto& entry : group.entries)
            if (entry.group && !entry.item->repeats) fill_frame(*entry.group, frame);
    }

    void run_group(GroupInstance& group, Frame& frame) {
        for (const auto& item : group.plan->items)
            if (item.kind == ItemPlan::Kind::clause)
                for (const auto& clause : item.clauses) run_clause(clause, frame);
        for (auto& entry : group.entries) {
            if (!entry.item) continue;
            const std::uint32_t ordinal = entry.item->repeats ? entry.ordinal : 0;
            Frame& inner = new_frame(&frame, entry.item->repeats, ordinal);
            if (entry.group) {
                fill_frame(*entry.group, inner);
                run_group(*entry.group, inner);
                continue;
            }
            inner.segments.push_back(entry.segment);
            for (const auto& clause : entry.item->clauses) {
                if (clause.kind == ClausePlan::Kind::keep)
                    kept.push_back(entry.segment->number());
                else
                    run_clause(clause, inner);
            }
        }
    }

    static std::optional<std::uint32_t> bound(const Frame& from, std::uint32_t variable) {
        for (const Frame* frame = &from; frame; frame = frame->up)
            for (const auto& [name, resource] : frame->variables)
                if (name == variable) return resource;
        return std::nullopt;
    }

    void bind(Frame& from, std::uint32_t variable, std::uint32_t resource) {
        Frame* frame = &from;
        while (!frame->owns_variables && frame->up) frame = const_cast<Frame*>(frame->up);
        for (auto& [name, old] : frame->variables) {
            if (name != variable) continue;
            old = resource;
            instances_[variable].push_back({resource, frame});
            return;
        }
        frame->variables.emplace_back(variable, resource);
        instances_[variable].push_back({resource, frame});
    }

    void run_clause(const ClausePlan& clause, Frame& frame) {
        if (!clause.forward || clause.kind == ClausePlan::Kind::ignore || clause.kind == ClausePlan::Kind::keep) return;
        V2Scope scope;
        scope.frame = &frame;
        if (!composer_.reader().holds(clause.if_, scope, {}, Reader::Mode::test)) return;
        if (clause.kind == ClausePlan::Kind::emit) return run_emit(clause, frame);
        Target root;
        if (clause.kind == ClausePlan::Kind::make) {
            const std::uint32_t resource = composer_.new_resource(clause.type);
            composer_.drafts()[resource].ordinal = frame.nearest_ordinal();
            bind(frame, clause.variable, resource);
            root = composer_.root_of(resource);
        } else {
            const auto resource = bound(frame, clause.variable);
            if (!resource) return;
            root = composer_.root_of(*resource);
        }
        std::vector<Target> chain;
        chain.reserve(clause.target.steps.size());  // targets point at each other
        Target* target = &root;
        for (const auto& step : clause.target.steps) {
            chain.push_back(composer_.below(*target, step, frame.nearest_ordinal()));
            target = &chain.back();
        }
        for (const MapPlan* map : clause.maps) composer_.run(map->block, scope, *target, false);
        for (const auto& link : clause.links) {
            if (!link.pins) {
                links_.push_back({&link, &frame});
                continue;
            }
            const auto to = bound(frame, link.to);
            if (!to) continue;
            std::vector<Target> rest;
            rest.reserve(link.path.steps.size());
            Target* at = target;
            for (std::size_t i = clause.target.steps.size(); i < link.path.steps.size(); ++i) {
                rest.push_back(composer_.below(*at, link.path.steps[i], frame.nearest_ordinal()));
                at = &rest.back();
            }
            composer_.refer(*at, *to, link.id);
        }
    }

    void run_emit(const ClausePlan& clause, const Frame& frame) {
        Event event;
        event.kind = clause.event == "merge"    ? Event::Kind::merge
                     : clause.event == "link"   ? Event::Kind::link
                     : clause.event == "unlink" ? Event::Kind::unlink
                     : clause.event == "move"   ? Event::Kind::move
                                                : Event::Kind::change_identifier;
        const auto first = bound(frame, clause.arguments.front());
        const auto second = clause.arguments.size() > 1 ? bound(frame, clause.arguments[1]) : first;
        if (!first || !second) return;
        event.survivor = *first;
        event.other = *second;
        events.push_back(event);
    }

    /// The resource a variable means at a frame; if it was made further in, all made there.
    void resources(const Frame& from, std::uint32_t variable, std::uint32_t level_min,
                   std::vector<std::uint32_t>& found) const {
        found.clear();
        if (const auto one = bound(from, variable)) return found.push_back(*one);
        const auto& all = instances_[variable];
        std::uint32_t depth = 0;
        for (const Frame* up = from.up; up; up = up->up) ++depth;
        for (const Frame* level = &from; level && !all.empty() && depth >= level_min; level = level->up, --depth) {
            for (const auto& instance : all)
                for (const Frame* f = instance.frame; f; f = f->up)
                    if (f == level) {
                        found.push_back(instance.resource);
                        break;
                    }
            if (!found.empty() || depth == 0) return;
        }
    }

    void make_link(const LinkPlan& link, const Frame& frame) {
        auto& targets = link_targets_;
        resources(frame, link.to, link.level, targets);
        if (targets.empty()) return;
        resources(frame, link.from, link.level, link_sources_);
        std::size_t crossing = 0;  // steps up to and with the last one behind which another resource stands
        for (std::size_t i = 0; i < link.path.steps.size(); ++i)
            if (!link.path.steps[i].crossing.empty()) crossing = i + 1;
        for (const std::uint32_t from : link_sources_) {
            if (crossing == 0) {
                for (const std::uint32_t to : targets) refer(from, link, 0, to, frame);
                continue;
            }
            // A resource that a map crossed into, if it did: a link does not make one.
            Path prefix;
            prefix.steps.assign(link.path.steps.begin(),
                                link.path.steps.begin() + static_cast<std::ptrdiff_t>(crossing));
            std::vector<fhir::Element> roots;
            composer_.reader().select(composer_.drafts()[from].root, prefix, roots);
            for (std::uint32_t i = 0; i < composer_.drafts().size() && !roots.empty(); ++i)
                if (std::find(roots.begin(), roots.end(), composer_.drafts()[i].root) != roots.end())
                    refer(i, link, crossing, targets.front(), frame);
        }
    }

    void refer(std::uint32_t from, const LinkPlan& link, std::size_t first_step, std::uint32_t to, const Frame& frame) {
        Target root = composer_.root_of(from);
        std::vector<Target> chain;
        chain.reserve(link.path.steps.size());
        Target* at = &root;
        for (std::size_t i = first_step; i < link.path.steps.size(); ++i) {
            chain.push_back(composer_.below(*at, link.path.steps[i], frame.nearest_ordinal()));
            at = &chain.back();
        }
        composer_.refer(*at, to, link.id);
    }

    Composer& composer_;
    std::deque<Frame> frames_;
    std::vector<std::vector<Instance>> instances_;
    std::vector<PendingLink> links_;
    std::vector<std::uint32_t> link_targets_, link_sources_;  ///< of the link being made
};

/// Whether a resource has nothing but an identifier.
bool identity_only(fhir::Element root) {
    for (const fhir::Element member : root.children())
        if (member.name() != "resourceType" && member.name() != "identifier") return false;
    return true;
}

void finish(Composer& composer, ForwardRun& run, const std::string& message_key, const std::string& tenant,
            const Plan& plan, ForwardResult& result) {
    auto& drafts = composer.drafts();
    for (auto& draft : drafts) composer.handle(draft.root).prune();
    auto keys = Identities(plan, composer, message_key).keys();
    const auto became = join_same(composer, keys);
    std::vector<std::uint32_t> position(drafts.size(), 0);
    std::vector<std::string> urls(drafts.size());
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < drafts.size(); ++i) {
        if (became[i] != i) continue;
        position[i] = count++;
        urls[i].reserve(45);
        urls[i] = "urn:uuid:";
        if (tenant.empty())
            append_uuid(keys[i].front(), urls[i]);
        else
            append_uuid(tenant + "|" + keys[i].front(), urls[i]);
    }
    for (const auto& [reference, resource] : composer.pending())
        composer.handle(fhir::Element(reference)).member("reference").set_string(urls[became[resource]]);
    const auto all = composer.finish();  // one arena, which each of the documents keeps
    result.resources.reserve(count);
    for (std::uint32_t i = 0; i < drafts.size(); ++i) {
        if (became[i] != i) continue;
        MappedResource resource;
        resource.type = drafts[i].type;
        resource.full_url = urls[i];
        resource.identity_keys = std::move(keys[i]);
        resource.from_identity_only = drafts[i].crossed && identity_only(drafts[i].root);
        resource.erased = std::move(drafts[i].erased);
        resource.doc = std::make_shared<fhir::Document>(fhir::Arena(), nullptr, drafts[i].root.node(),
                                                        std::vector<std::shared_ptr<const void>>{all});
        result.resources.push_back(std::move(resource));
    }
    for (auto& event : run.events) {
        event.survivor = position[became[event.survivor]];
        event.other = position[became[event.other]];
        result.events.push_back(event);
    }
    result.trace = std::move(composer.trace());
    for (auto& entry : result.trace) entry.resource = position[became[entry.resource]];
}

void find_residue(std::vector<LeafSegment>& segments, const std::vector<std::uint32_t>& kept, ForwardResult& result) {
    std::unordered_map<SegmentCode, std::size_t> ordinals;
    for (auto& segment : segments) {
        const std::size_t ordinal = ++ordinals[segment.code()];
        const bool keep = std::find(kept.begin(), kept.end(), segment.number()) != kept.end();
        result.leaves += segment.leaves().size();
        for (const Leaf& leaf : segment.leaves()) {
            if (leaf.read) continue;
            const LeafKey at = leaf.position();
            ResidueEntry entry;
            entry.leaf = {segment.number(),
                          at.field,
                          at.repetition,
                          at.component,
                          at.subcomponent,
                          leaf.offset,
                          static_cast<std::uint32_t>(leaf.text.size())};
            entry.path = leaf_path(segment.code(), ordinal, at);
            entry.kept = keep;
            result.residue.push_back(std::move(entry));
        }
    }
}

}  // namespace

ForwardResult forward(const Plan& plan, const hl7v2::MessageView& message, const ForwardContext& context) {
    ForwardResult result;
    result.event = std::string(hl7v2::dictionary::trigger_event(message));
    result.control_id = std::string(message.control_id());
    const MessagePlan* chosen = choose_message(plan, message);
    if (!chosen) {
        result.refused = true;
        result.issues.push_back(
            {Severity::error, "R300", "MSH-9", "there is no map for messages of this type and event", 0});
        return result;
    }
    result.structure = chosen->name;
    const std::string zone_name = context.time_zone.empty() ? std::string(plan.setting("timezone")) : context.time_zone;
    const auto zone = TimeZone::find(zone_name);
    TextArena arena;
    Composer composer(plan, arena, zone.value_or(TimeZone()), context.now);
    composer.reader().facts = {result.event, message.delimiters()};
    if (!zone) composer.report(Severity::warning, "R342", "the time zone is unknown; UTC was taken", 0);

    std::vector<LeafSegment> segments = cut(message);
    if (!segments.empty()) {
        // What the engine itself reads: which message this is and in which version.
        for (const std::uint16_t field : {std::uint16_t{9}, std::uint16_t{12}})
            for (Leaf& leaf : segments.front().below({field, 1, 0, 0})) leaf.read = true;
    }
    std::size_t leaves = 0;
    for (const auto& segment : segments) leaves += segment.leaves().size();
    composer.expect(2 * leaves);
    GroupInstance root = match(*chosen, segments, composer.issues());
    ForwardRun run(*chosen, composer);
    run.run(root);

    std::string sender = context.sender;
    if (sender.empty()) {
        const auto msh = message.segment("MSH");
        sender = std::string(msh.field(4).raw()) + "|" + std::string(msh.field(3).raw());
    }
    result.refused = composer.refused();
    result.issues = std::move(composer.issues());
    finish(composer, run, sender + "|" + result.control_id, context.tenant, plan, result);
    find_residue(segments, run.kept, result);
    return result;
}

fhir::DocumentPtr to_bundle(const ForwardResult& result, const ForwardContext& context) {
    fhir::DocumentBuilder builder("Bundle");
    auto root = builder.root();
    const bool message = !result.resources.empty() && result.resources.front().type == "MessageHeader";
    root.member("type").set_string_ref(message ? "message" : "collection");
    if (!context.now.empty()) root.member("timestamp").set_string(context.now);
    for (const auto& resource : result.resources) {
        auto entry = root.append("entry");
        entry.member("fullUrl").set_string(resource.full_url);
        entry.member("resource").copy_ref_from(resource.doc->root());
        builder.keep(resource.doc);
    }
    return std::move(builder).finish();
}

void write_bundle(const ForwardResult& result, const ForwardContext& context, std::string& out) {
    const bool message = !result.resources.empty() && result.resources.front().type == "MessageHeader";
    out.reserve(out.size() + 48 * result.trace.size() + 128 * result.resources.size() + 256);
    out += R"({"resourceType":"Bundle","type":")";
    out += message ? "message\"" : "collection\"";
    if (!context.now.empty()) {
        out += R"(,"timestamp":)";
        fhir::append_json_string(context.now, out);
    }
    if (!result.resources.empty()) out += R"(,"entry":[)";
    bool first = true;
    for (const auto& resource : result.resources) {
        if (!first) out += ',';
        first = false;
        out += R"({"fullUrl":)";
        fhir::append_json_string(resource.full_url, out);
        out += R"(,"resource":)";
        fhir::write_json(resource.doc->root(), out, {});
        out += '}';
    }
    if (!result.resources.empty()) out += ']';
    out += '}';
}

}  // namespace causeway::mappings
