#include "gateway/exchange/binding.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/exchange/order_links.hpp"
#include "mappings/engine/merge.hpp"

namespace causeway::exchange {
namespace {

using storage::Failure;
using storage::FailureCode;
using storage::Reader;
using storage::ResourceName;
template <class T>
using Result = storage::Result<T>;

/// The message itself is in the inbox; its header is no resource of the record.
bool is_kept(const mappings::MappedResource& resource) { return resource.type != "MessageHeader"; }

class Binder {
public:
    Binder(Reader& reader, const rest::ResourceWriter& writer, const mappings::ForwardResult& mapped,
           const BindOptions& options)
        : reader_(reader), writer_(writer), mapped_(mapped), options_(options) {}

    Result<Binding> run() && {
        if (auto done = resolve(); done.has_error()) return done.error();
        rename();
        if (auto done = load(); done.has_error()) return done.error();
        rewrite();
        for (auto& candidate : candidates_) {
            if (candidate.name.type != "DiagnosticReport" || !candidate.incoming || binding_.hold) continue;
            if (auto linked = link_order(candidate); linked.has_error()) return linked.error();
        }
        for (auto& candidate : candidates_) {
            if (!candidate.incoming || binding_.hold) continue;
            if (auto linked = link_numbers(candidate); linked.has_error()) return linked.error();
        }
        if (binding_.hold) return std::move(binding_);
        const bool decided = options_.without_orders_of_others || options_.patient.has_value();
        auto hold = apply_result_rules(reader_, candidates_, decided);
        if (hold.has_error()) return hold.error();
        binding_.hold = std::move(*hold);
        if (binding_.hold) return std::move(binding_);
        for (const auto& candidate : candidates_) {
            if (candidate.incoming && candidate.note.empty() && !candidate.mapped->from_identity_only)
                binding_.told.push_back({candidate.name, candidate.incoming});
        }
        merge_contents();
        retire_merged();
        find_links();
        for (int depth = 0; depth < 3; ++depth) drop_unreferred();
        prepare();
        if (options_.results_are_snapshots && !binding_.fault) {
            if (auto done = withdraw_missing_results(); done.has_error()) return done.error();
        }
        return std::move(binding_);
    }

private:
    /// Which resource of ours each resource of the message is: by the first of its keys that is known, else a new one.
    Result<void> resolve() {
        candidates_.reserve(mapped_.resources.size());
        for (const auto& resource : mapped_.resources) {
            Candidate candidate;
            candidate.mapped = &resource;
            candidate.name.type = resource.type;
            std::vector<std::string> unknown;
            for (const auto& key : resource.identity_keys) {
                if (!options_.message_key.empty() && key.find(options_.message_key) != std::string::npos) continue;
                const auto known = look_up(key);
                if (known.has_error()) return known.error();
                if (!*known) {
                    unknown.emplace_back(key);
                } else if (candidate.name.id.empty() && (*known)->type == resource.type) {
                    candidate.name = **known;
                    known_.insert(candidate.name.id);
                }
            }
            if (options_.patient && resource.type == "Patient") {
                candidate.name = *options_.patient;
                candidate.note = "refiled";
                unknown.clear();
            }
            candidate.fresh = candidate.name.id.empty();
            if (candidate.fresh) candidate.name.id = options_.new_id();
            for (auto& key : unknown) {
                if (is_kept(resource)) binding_.identities.emplace_back(std::move(key), candidate.name);
            }
            binding_.names.push_back(candidate.name);
            targets_.emplace(resource.full_url, candidate.name.type + "/" + candidate.name.id);
            candidates_.push_back(std::move(candidate));
        }
        return {};
    }

    Result<std::optional<ResourceName>> look_up(std::string_view key) {
        auto known = reader_.identity(key);
        if (known.has_value()) binding_.seen_keys.push_back({std::string(key), *known});
        return known;
    }

    /// Filler number, then placer number: the order that a report answers. The filler's number then names the order
    /// too.
    Result<void> link_order(Candidate& report) {
        std::optional<ResourceName> order;
        std::vector<std::string> unknown;
        for (auto& key : order_keys(report.incoming->root())) {
            const auto known = look_up(key);
            if (known.has_error()) return known.error();
            if (!*known) {
                unknown.push_back(std::move(key));
            } else if (!order) {
                order = **known;
            }
        }
        if (!order) return {};
        const auto there = hold_on_mismatch(*order, *report.incoming);
        if (there.has_error()) return there.error();
        if (!*there) return {};
        report.incoming = based_on(report.incoming, *order);
        for (auto& key : unknown) binding_.identities.emplace_back(std::move(key), *order);
        return {};
    }

    /// An order that is named by its number alone is looked up; one that is not known (yet) stays a number.
    Result<void> link_numbers(Candidate& candidate) {
        auto links = unresolved_orders(*candidate.incoming);
        for (auto& link : links) {
            for (const auto& key : link.keys) {
                const auto known = look_up(key);
                if (known.has_error()) return known.error();
                if (*known && !link.order) link.order = **known;
            }
            if (!link.order) continue;
            const auto there = hold_on_mismatch(*link.order, *candidate.incoming);
            if (there.has_error()) return there.error();
            if (!*there) link.order.reset();
        }
        const bool found =
            std::any_of(links.begin(), links.end(), [](const OrderLink& link) { return link.order.has_value(); });
        if (found) candidate.incoming = with_orders(candidate.incoming, links);
        return {};
    }

    /// The message waits for a person if the order is another patient's. False: there is no such order any more.
    Result<bool> hold_on_mismatch(const ResourceName& order, const fhir::Document& incoming) {
        const auto stored = reader_.read(order.type, order.id);
        if (stored.has_error()) return stored.error();
        if (!*stored || (*stored)->erased()) return false;
        const auto document = fhir::parse_json((*stored)->body.json);
        if (document.has_error()) return false;
        auto hold = find_mismatch(reader_, **document, incoming);
        if (hold.has_error()) return hold.error();
        if (*hold && options_.without_orders_of_others) return false;
        if (*hold) binding_.hold = std::move(*hold);
        return true;
    }

    /// A47 gives a record another number: the resource under the new one is that of the old one, unless the new one is
    /// known already.
    void rename() {
        for (const auto& event : mapped_.events) {
            if (event.kind != mappings::Event::Kind::change_identifier || event.survivor >= candidates_.size() ||
                event.other >= candidates_.size() || event.survivor == event.other)
                continue;
            auto& renamed = candidates_[event.survivor];
            auto& old = candidates_[event.other];
            if (known_.count(renamed.name.id) != 0 || known_.count(old.name.id) == 0) continue;
            for (auto& [key, name] : binding_.identities)
                if (name == renamed.name) name = old.name;
            renamed.name = old.name;
            renamed.fresh = old.fresh;
            renamed.former = old.mapped;
            old.note = "renamed";
            binding_.names[event.survivor] = old.name;
            targets_[std::string(renamed.mapped->full_url)] = old.name.type + "/" + old.name.id;
        }
    }

    /// The numbers that the record had before, unless the message names them as present ones.
    static fhir::DocumentPtr without_former_identifiers(const Candidate& candidate) {
        const auto names = [](const fhir::DocumentPtr& document, fhir::Element identifier) {
            for (const auto each : document->root()["identifier"].items())
                if (each["system"].text() == identifier["system"].text() &&
                    each["value"].text() == identifier["value"].text())
                    return true;
            return false;
        };
        auto builder = fhir::DocumentBuilder::edit(candidate.content);
        auto list = builder.root().find("identifier");
        if (!list) return candidate.content;
        std::vector<fhir::Element> former;
        for (const auto identifier : list.get().items())
            if (names(candidate.former->doc, identifier) && !names(candidate.mapped->doc, identifier))
                former.push_back(identifier);
        for (const auto identifier : former) list.remove_child(identifier);
        return std::move(builder).finish();
    }

    Result<void> load() {
        for (auto& candidate : candidates_) {
            if (!is_kept(*candidate.mapped) || candidate.fresh) continue;
            auto stored = reader_.read(candidate.name.type, candidate.name.id);
            if (stored.has_error()) return stored.error();
            if (*stored && !(*stored)->erased()) {
                auto document = fhir::parse_json(std::move((*stored)->body.json));
                if (document.has_error())
                    return Failure{FailureCode::corrupt,
                                   candidate.name.type + "/" + candidate.name.id + ": stored content cannot be read"};
                candidate.stored = std::move(*document);
                candidate.stored_version = (*stored)->version.number;
            }
            candidate.erased = *stored && (*stored)->erased();
            binding_.seen_versions.push_back({candidate.name, candidate.stored_version});
        }
        return {};
    }

    void rewrite() {
        for (auto& candidate : candidates_) {
            if (!is_kept(*candidate.mapped)) continue;
            candidate.incoming = rewrite_references(candidate.mapped->doc, targets_);
            if (candidate.name.type == "Provenance") candidate.incoming = dated(candidate.incoming);
        }
    }

    /// Senders write the day in EVN-2, or nothing, and an instant has a time: it was recorded here when it came.
    fhir::DocumentPtr dated(const fhir::DocumentPtr& provenance) const {
        if (options_.now.empty() || provenance->root()["recorded"].has_value()) return provenance;
        auto builder = fhir::DocumentBuilder::edit(provenance);
        builder.root().member("recorded").set_string(options_.now);
        return std::move(builder).finish();
    }

    void merge_contents() {
        for (auto& candidate : candidates_) {
            if (!candidate.incoming || !candidate.note.empty()) continue;
            if (!candidate.stored) {
                candidate.content = candidate.incoming;
            } else if (!candidate.mapped->from_identity_only) {
                const bool answered = is_order(candidate.name.type) && !is_order_message(mapped_.structure);
                const auto incoming =
                    answered ? said_of_order(*candidate.stored, candidate.incoming) : candidate.incoming;
                candidate.content = mappings::merge(
                    *candidate.stored, *incoming, answered ? std::span<const std::string>() : candidate.mapped->erased);
                if (order_rank(candidate.content->root()["status"].text()) >= 0) {
                    candidate.content = keep_order_status(*candidate.stored, std::move(candidate.content));
                }
                if (candidate.former != nullptr) candidate.content = without_former_identifiers(candidate);
            }
        }
    }

    static void collect_references(fhir::Element element, const std::unordered_map<std::string, std::size_t>& places,
                                   std::vector<std::size_t>& found) {
        if (element.name() == "reference" && element.has_value()) {
            if (const auto at = places.find(std::string(element.text())); at != places.end())
                found.push_back(at->second);
        }
        for (const auto child : element.children()) collect_references(child, places, found);
    }

    /// Which resources of the message the content of each refers to.
    void find_links() {
        std::unordered_map<std::string, std::size_t> places;
        for (std::size_t i = 0; i < candidates_.size(); ++i)
            places_.push_back(
                places.try_emplace(candidates_[i].name.type + "/" + candidates_[i].name.id, i).first->second);
        links_.resize(candidates_.size());
        for (std::size_t i = 0; i < candidates_.size(); ++i)
            if (candidates_[i].content) collect_references(candidates_[i].content->root(), places, links_[i]);
    }

    /// Whom only the message's header or a stale part of it named, and nothing but this message can find again: not
    /// worth a row.
    void drop_unreferred() {
        std::vector<bool> referred(candidates_.size());
        for (std::size_t i = 0; i < candidates_.size(); ++i) {
            if (!candidates_[i].content) continue;
            for (const auto target : links_[i]) referred[target] = true;
        }
        for (std::size_t i = 0; i < candidates_.size(); ++i) {
            auto& candidate = candidates_[i];
            const auto& type = candidate.name.type;
            const bool helper =
                type == "Organization" || type == "Practitioner" || type == "PractitionerRole" || type == "Location";
            const auto& keys = candidate.mapped->identity_keys;
            const bool found_again =
                options_.message_key.empty() || std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
                    return key.find(options_.message_key) == std::string::npos;
                });
            if (helper && !found_again && candidate.content && !candidate.stored && !referred[places_[i]]) {
                candidate.content.reset();
            }
        }
    }

    /// Each after those that it refers to, as far as they do not refer to it: then a reference finds its target there,
    /// and needs no row that keeps the place.
    std::vector<std::size_t> order() const {
        std::vector<std::size_t> done;
        std::vector<bool> seen(candidates_.size());
        const auto visit = [&](const auto& self, std::size_t at) -> void {
            if (seen[at]) return;
            seen[at] = true;
            for (const auto target : links_[at]) self(self, target);
            done.push_back(at);
        };
        for (std::size_t i = 0; i < candidates_.size(); ++i) visit(visit, i);
        return done;
    }

    /// A merge makes one record the survivor: the other stays, inactive, and says by whom it was replaced (HL7 2.5.1
    /// section 3.3.40).
    void retire_merged() {
        for (const auto& event : mapped_.events) {
            if (event.kind != mappings::Event::Kind::merge || event.survivor >= candidates_.size() ||
                event.other >= candidates_.size())
                continue;
            auto& survivor = candidates_[event.survivor];
            auto& other = candidates_[event.other];
            if (survivor.name == other.name || other.name.type != "Patient") continue;
            auto& content = other.content ? other.content : other.stored;
            if (!content) continue;
            other.content = link_patient(content, "replaced-by", "Patient/" + survivor.name.id, true);
            if (auto& kept = survivor.content ? survivor.content : survivor.stored) {
                survivor.content = link_patient(kept, "replaces", "Patient/" + other.name.id, false);
            }
        }
    }

    static fhir::DocumentPtr link_patient(const fhir::DocumentPtr& patient, std::string_view type,
                                          const std::string& target, bool retire) {
        bool there = false;
        for (const auto link : patient->root()["link"].items()) {
            there = there || (link["type"].text() == type && link["other"]["reference"].text() == target);
        }
        auto builder = fhir::DocumentBuilder::edit(patient);
        auto root = builder.root();
        if (retire) root.member("active").set_boolean(false);
        if (!there) {
            auto link = root.append("link");
            link.member("other").member("reference").set_string(target);
            link.member("type").set_string(type);
        }
        return std::move(builder).finish();
    }

    void prepare() {
        for (const auto at : order()) {
            auto& candidate = candidates_[at];
            if (candidate.note == "stale") ++binding_.stale;
            if (!candidate.content) continue;
            if (candidate.stored && fhir::same_content(candidate.stored->root(), candidate.content->root())) {
                ++binding_.unchanged;
                continue;
            }
            auto draft = writer_.prepare(candidate.content, candidate.name.id);
            if (draft.has_error()) {
                binding_.fault = draft.error();
                binding_.fault_type = candidate.name.type;
                return;
            }
            binding_.writes.push_back({std::move(*draft), candidate.stored_version, candidate.fresh});
        }
    }

    /// A sender whose reports are snapshots: a result that the stored report has and the newer one lacks was withdrawn.
    Result<void> withdraw_missing_results() {
        for (const auto& report : candidates_) {
            if (report.name.type != "DiagnosticReport" || !report.stored || !report.content) continue;
            std::unordered_set<std::string_view> sent;
            for (const auto result : report.incoming->root()["result"].items()) sent.insert(result["reference"].text());
            for (const auto result : report.stored->root()["result"].items()) {
                const auto parts = relative_reference(result);
                if (parts.type != "Observation" || sent.count(result["reference"].text()) != 0) continue;
                if (auto done = withdraw({std::string(parts.type), std::string(parts.id)}); done.has_error())
                    return done;
            }
        }
        return {};
    }

    Result<void> withdraw(const ResourceName& name) {
        auto stored = reader_.read(name.type, name.id);
        if (stored.has_error()) return stored.error();
        if (!*stored || (*stored)->erased()) return {};
        const auto number = (*stored)->version.number;
        const auto document = fhir::parse_json(std::move((*stored)->body.json));
        if (document.has_error() || (*document)->root()["status"].text() == "entered-in-error") return {};
        binding_.seen_versions.push_back({name, number});
        auto builder = fhir::DocumentBuilder::edit(*document);
        builder.root().member("status").set_string("entered-in-error");
        auto draft = writer_.prepare(std::move(builder).finish(), name.id);
        if (draft.has_error()) return {};
        binding_.writes.push_back({std::move(*draft), number});
        return {};
    }

    Reader& reader_;
    const rest::ResourceWriter& writer_;
    const mappings::ForwardResult& mapped_;
    const BindOptions& options_;
    std::vector<Candidate> candidates_;
    std::vector<std::size_t> places_;              ///< by candidate: the first one of the same name
    std::vector<std::vector<std::size_t>> links_;  ///< by candidate: the places of those that its content refers to
    std::unordered_map<std::string, std::string> targets_;
    std::unordered_set<std::string> known_;  ///< ids that a key of the message led to
    Binding binding_;
};

}  // namespace

storage::Result<bool> Binding::holds_for(storage::Reader& reader) const {
    for (const auto& seen : seen_keys) {
        const auto now = reader.identity(seen.key);
        if (now.has_error()) return now.error();
        if (*now != seen.resource) return false;
    }
    for (const auto& seen : seen_versions) {
        const auto now = reader.version(seen.name.type, seen.name.id);
        if (now.has_error()) return now.error();
        const std::int64_t number = *now && (*now)->kind != storage::WriteKind::erase ? (*now)->number : 0;
        if (number != seen.number) return false;
    }
    return true;
}

storage::Result<Binding> bind_message(storage::Reader& reader, const rest::ResourceWriter& writer,
                                      const mappings::ForwardResult& mapped, const BindOptions& options) {
    return Binder(reader, writer, mapped, options).run();
}

}  // namespace causeway::exchange
