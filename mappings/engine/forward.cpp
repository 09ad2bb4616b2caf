#include "mappings/engine/forward.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <memory_resource>
#include <span>

#include "fhir/json/json.hpp"
#include "fhir/model/large_pages.hpp"
#include "hl7v2/dictionary/dictionary.hpp"
#include "mappings/engine/composer.hpp"
#include "mappings/engine/identity.hpp"
#include "mappings/engine/structure.hpp"
#include "mappings/engine/uuid.hpp"

namespace causeway::mappings {
namespace {

/// First block of the documents' memory: what they and a copy of the message take, in most messages.
constexpr std::size_t memory_per_byte = 24, block_bytes_min = 8192, block_bytes_max = std::size_t{1} << 20;

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
    /// `memory` holds what is needed while it runs.
    ForwardRun(const MessagePlan& message, Composer& composer, std::pmr::monotonic_buffer_resource& memory)
        : composer_(composer), memory_(memory), instances_(message.variables.size(), &memory), links_(&memory) {}

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
        // Never destroyed: all it holds lies in the same memory.
        Frame& frame = *::new (memory_.allocate(sizeof(Frame), alignof(Frame))) Frame(&memory_);
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
        Chain chain;
        Target& target = chain.follow(root, clause.target.steps, frame.nearest_ordinal());
        for (const MapPlan* map : clause.maps) composer_.run(map->block, scope, target, false);
        for (const auto& link : clause.links) {
            if (!link.pins) {
                links_.push_back({&link, &frame});
                continue;
            }
            const auto to = bound(frame, link.to);
            if (!to) continue;
            Chain rest;
            const auto further = std::span(link.path.steps).subspan(clause.target.steps.size());
            composer_.refer(rest.follow(target, further, frame.nearest_ordinal()), *to, link.id);
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
        for (const std::uint32_t from : link_sources_) {
            if (link.across == 0) {
                for (const std::uint32_t to : targets) refer(from, link, to, frame);
                continue;
            }
            // A resource that a map crossed into, if it did: a link does not make one.
            references_.clear();
            composer_.reader().select_references(composer_.drafts()[from].root,
                                                 std::span(link.path.steps).first(link.across), references_);
            for (const fhir::Element reference : references_)
                if (const auto* crossed = composer_.pending().find(reference.node()))
                    refer(crossed->resource, link, targets.front(), frame);
        }
    }

    void refer(std::uint32_t from, const LinkPlan& link, std::uint32_t to, const Frame& frame) {
        Target root = composer_.root_of(from);
        Chain chain;
        const auto steps = std::span(link.path.steps).subspan(link.across);
        composer_.refer(chain.follow(root, steps, frame.nearest_ordinal()), to, link.id);
    }

    Composer& composer_;
    std::pmr::monotonic_buffer_resource& memory_;
    std::pmr::vector<std::pmr::vector<Instance>> instances_;
    std::pmr::vector<PendingLink> links_;
    std::vector<std::uint32_t> link_targets_, link_sources_;  ///< of the link being made
    std::vector<fhir::Element> references_;                   ///< of the link being made
};

/// Whether a resource has nothing but an identifier.
bool identity_only(fhir::Element root) {
    for (const fhir::Element member : root.children())
        if (member.name() != "resourceType" && member.name() != "identifier") return false;
    return true;
}

/// The urls of all drafts: of those that were joined, the one they joined's. What refers to them says so.
std::vector<std::string_view> name_all(Composer& composer, const Identities& identities,
                                       const std::vector<Joined>& became, const std::string& tenant, TextArena& arena) {
    std::vector<std::string_view> urls(became.size());
    std::string url, key;
    Sha1Row row;
    for (std::uint32_t i = 0; i < became.size(); ++i) {
        if (became[i].draft != i) {
            urls[i] = urls[became[i].draft];  // an earlier one
            continue;
        }
        url = "urn:uuid:";
        if (tenant.empty())
            append_uuid(identities.of(i).front(), url, &row);
        else
            append_uuid(key.assign(tenant).append("|").append(identities.of(i).front()), url, &row);
        urls[i] = arena.copy(url);
    }
    for (const auto& pending : composer.pending().entries())
        composer.handle(fhir::Element(pending.text)).set_string_ref(urls[pending.resource]);
    return urls;
}

void finish(Composer& composer, ForwardRun& run, std::string_view message_key, const std::string& tenant,
            const Plan& plan, TextArena& arena, ForwardResult& result) {
    auto& drafts = composer.drafts();
    composer.prune();
    const Identities identities(plan, composer, message_key, arena);
    const auto became = join_same(composer, identities);
    const auto urls = name_all(composer, identities, became, tenant, arena);
    std::vector<fhir::Resident> residents;
    residents.reserve(drafts.size());
    result.resources.reserve(drafts.size());
    for (std::uint32_t i = 0; i < drafts.size(); ++i) {
        if (became[i].draft != i) continue;
        residents.push_back({drafts[i].root.node(), drafts[i].type, {}});
        MappedResource& resource = result.resources.emplace_back();
        resource.type = drafts[i].type;
        resource.full_url = urls[i];
        resource.identity_keys = arena.copy(identities.of(i));
        resource.from_identity_only = drafts[i].crossed && identity_only(drafts[i].root);
        resource.erased = std::move(drafts[i].erased);
    }
    // One memory for all documents, which keep it, and with it the plan whose names and constants they borrow.
    composer.memory().keep(plan.shared_from_this());
    const auto memory = std::move(composer.memory()).finish();
    auto documents = fhir::share(memory, residents);
    for (std::size_t i = 0; i < documents.size(); ++i) result.resources[i].doc = std::move(documents[i]);
    result.memory.push_back(memory);
    for (auto& event : run.events) {
        event.survivor = became[event.survivor].position;
        event.other = became[event.other].position;
        result.events.push_back(event);
    }
    result.trace = std::move(composer.trace());
}

void find_residue(std::pmr::vector<LeafSegment>& segments, const std::vector<std::uint32_t>& kept,
                  ForwardResult& result) {
    std::vector<std::pair<SegmentCode, std::uint32_t>> ordinals;
    for (auto& segment : segments) {
        auto at =
            std::find_if(ordinals.begin(), ordinals.end(), [&](const auto& o) { return o.first == segment.code(); });
        if (at == ordinals.end()) at = ordinals.insert(at, {segment.code(), 0});
        const std::size_t ordinal = ++at->second;
        const bool keep = std::find(kept.begin(), kept.end(), segment.number()) != kept.end();
        result.leaves += segment.leaves().size();
        for (const Leaf& leaf : segment.leaves()) {
            if (leaf.read) continue;
            const LeafKey place = leaf.position();
            ResidueEntry& entry = result.residue.emplace_back();
            entry.leaf = {segment.number(),
                          place.field,
                          place.repetition,
                          place.component,
                          place.subcomponent,
                          leaf.offset,
                          static_cast<std::uint32_t>(leaf.text.size())};
            entry.path = leaf_path(segment.code(), ordinal, place);
            entry.kept = keep;
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
    // The documents borrow texts from a copy of the message, which lies in their memory.
    fhir::DocumentBuilder memory(
        std::clamp(memory_per_byte * message.bytes().size(), block_bytes_min, block_bytes_max));
    TextArena arena(memory.arena());
    const std::string_view bytes = arena.copy(message.bytes());
    Composer composer(plan, arena, &memory, zone.value_or(TimeZone()), context.now);
    composer.reader().facts = {arena.copy(result.event), message.delimiters()};
    if (!zone) composer.report(Severity::warning, "R342", "the time zone is unknown; UTC was taken", 0);

    std::array<std::byte, 16384> first_block;
    std::pmr::monotonic_buffer_resource run_memory(first_block.data(), first_block.size());
    auto segments = cut(message, bytes, &run_memory);
    if (!segments.empty()) {
        // What the engine itself reads: which message this is and in which version.
        for (const std::uint16_t field : {std::uint16_t{9}, std::uint16_t{12}})
            for (Leaf& leaf : segments.front().below({field, 1, 0, 0})) leaf.read = true;
    }
    std::size_t leaves = 0;
    bool erases = false;
    for (const auto& segment : segments) {
        leaves += segment.leaves().size();
        erases |= segment.erases();
    }
    composer.expect(5 * leaves / 2, erases);  // a leaf makes two elements or so
    GroupInstance& root = match(*chosen, segments, run_memory, composer.issues());
    ForwardRun run(*chosen, composer, run_memory);
    run.run(root);

    std::string message_key = context.sender;
    if (message_key.empty()) {
        const auto msh = message.segment("MSH");
        message_key.append(msh.field(4).raw()).append("|").append(msh.field(3).raw());
    }
    message_key.append("|").append(result.control_id);
    result.refused = composer.refused();
    result.issues = std::move(composer.issues());
    finish(composer, run, message_key, context.tenant, plan, arena, result);
    find_residue(segments, run.kept, result);
    return result;
}

void replace_keys(ForwardResult& result, MappedResource& resource, std::vector<std::string> keys) {
    struct Keys {
        std::vector<std::string> texts;
        std::vector<std::string_view> views;
    };
    const auto kept = std::make_shared<Keys>();
    kept->texts = std::move(keys);
    kept->views.assign(kept->texts.begin(), kept->texts.end());
    resource.identity_keys = kept->views;
    result.memory.push_back(kept);
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
    fhir::ask_for_large_pages(out.data(), out.capacity());
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
