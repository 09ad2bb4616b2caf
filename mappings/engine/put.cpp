#include "mappings/engine/put.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "hl7v2/message.hpp"
#include "mappings/engine/difference.hpp"
#include "mappings/engine/plan.hpp"
#include "mappings/engine/put_edit.hpp"
#include "mappings/engine/put_values.hpp"

namespace causeway::mappings {
namespace {

std::string url_of(const SourceResource& resource) {
    const auto id = resource.element["id"].text();
    return id.empty() ? std::string() : std::string(resource.element.resource_type()) + "/" + std::string(id);
}

bool same_identifier(fhir::Element a, fhir::Element b) {
    for (const fhir::Element x : a["identifier"].items())
        for (const fhir::Element y : b["identifier"].items())
            if (!x["value"].text().empty() && x["value"].text() == y["value"].text() &&
                x["system"].text() == y["system"].text())
                return true;
    return false;
}

/// For each resource read from the message, the given one it is now; nothing if it is not among them. By url, then by
/// identifier, then by order within the type; `known_urls`: a url that is not found is that of something new.
std::vector<std::optional<std::size_t>> match(const std::vector<MappedResource>& read,
                                              std::span<const SourceResource> given, bool known_urls) {
    std::vector<std::optional<std::size_t>> out(read.size());
    std::vector<char> used(given.size(), 0);
    const auto pass = [&](const auto& same) {
        for (std::size_t i = 0; i < read.size(); ++i)
            for (std::size_t j = 0; !out[i] && j < given.size(); ++j) {
                if (used[j] || given[j].element.resource_type() != read[i].type || !same(read[i], given[j])) continue;
                out[i] = j;
                used[j] = 1;
            }
    };
    std::map<std::string_view, std::size_t> by_url;
    for (std::size_t j = 0; j < given.size(); ++j)
        if (!given[j].full_url.empty()) by_url.emplace(given[j].full_url, j);
    for (std::size_t i = 0; i < read.size(); ++i)
        if (const auto at = by_url.find(read[i].full_url); at != by_url.end() && !used[at->second]) {
            out[i] = at->second;
            used[at->second] = 1;
        }
    if (std::all_of(out.begin(), out.end(), [](const auto& o) { return o.has_value(); })) return out;
    pass([](const MappedResource& r, const SourceResource& g) { return same_identifier(r.doc->root(), g.element); });
    pass([&](const MappedResource&, const SourceResource& g) {
        return !known_urls || g.full_url.empty() || g.full_url.substr(0, 4) != "urn:";
    });
    return out;
}

/// Says the same to a reader of the message: ids, versions and the way references are written apart.
class Comparison {
public:
    /// `urls`: how the other side writes a reference -> how this one does.
    explicit Comparison(const std::map<std::string, std::string, std::less<>>& urls) : urls_(urls) {}

    std::vector<Difference> operator()(fhir::Element before, fhir::Element after, const std::string& name) const {
        auto all = differences(before, after, name);
        std::erase_if(all, [&](const Difference& d) {
            const std::string_view path(d.path);
            const auto rest = path.substr(std::min(name.size(), path.size()));
            if (rest == ".id" || rest.substr(0, 5) == ".meta") return true;
            if (!d.before || !d.after || rest.size() < 10 || rest.substr(rest.size() - 10) != ".reference")
                return false;
            const auto at = urls_.find(d.after.text());
            return at != urls_.end() && at->second == d.before.text();
        });
        return all;
    }

private:
    const std::map<std::string, std::string, std::less<>>& urls_;
};

class Put {
public:
    Put(const Plan& plan, std::span<const SourceResource> given, const hl7v2::MessageView& message,
        const PutContext& context)
        : plan_(plan), given_(given), message_(message), context_(context) {}

    PutResult run() {
        read_ = forward(plan_, message_, context_.forward);
        if (read_.refused) return refuse(std::move(read_.issues));
        const auto matched = match(read_.resources, given_, true);
        std::vector<SourceResource> before, after;
        std::vector<char> used(given_.size(), 0);
        bool changed = false;
        for (std::size_t i = 0; i < read_.resources.size(); ++i) {
            const auto& resource = read_.resources[i];
            before.push_back({resource.doc->root(), std::string(resource.full_url)});
            if (!matched[i]) {
                changed |= context_.complete;
                if (!context_.complete) after.push_back(before.back());
                continue;
            }
            used[*matched[i]] = 1;
            const SourceResource& now = given_[*matched[i]];
            urls_.emplace(resource.full_url, resource.full_url);
            if (auto url = url_of(now); !url.empty()) urls_.emplace(url, resource.full_url);
            if (!now.full_url.empty()) urls_.emplace(now.full_url, resource.full_url);
            after.push_back({now.element, std::string(resource.full_url)});
        }
        for (std::size_t j = 0; j < given_.size(); ++j) {
            if (used[j]) continue;
            changed = true;
            after.push_back(given_[j]);
        }
        if (changed) return change(before, after);
        const Comparison compare(urls_);
        std::vector<Difference> edit;
        for (std::size_t i = 0; i < after.size(); ++i) {
            if (fhir::same_content(before[i].element, after[i].element)) continue;
            auto differences = compare(before[i].element, after[i].element, {});
            edit.insert(edit.end(), differences.begin(), differences.end());
        }
        if (edit.empty()) return as_it_was();
        if (auto result = change_values(edit, after)) return std::move(*result);
        return change(before, after);
    }

private:
    PutResult refuse(Issues issues) const {
        PutResult result;
        result.refused = true;
        result.issues = std::move(issues);
        return result;
    }
    PutResult as_it_was() const {
        PutResult result;
        result.er7 = message_.bytes();
        return result;
    }

    BackwardContext backward_context() const {
        BackwardContext context;
        context.now = context_.forward.now;
        context.control_id = read_.control_id;
        context.event = read_.event;
        context.version = std::string(message_.version());
        return context;
    }

    /// The way of most edits; nothing if this one is more than other values, or they do not arrive that way.
    std::optional<PutResult> change_values(const std::vector<Difference>& edit,
                                           const std::vector<SourceResource>& after) const {
        PutResult result;
        auto er7 = put_values(plan_, message_, read_, edit, result.changed);
        if (!er7) return std::nullopt;
        result.er7 = std::move(*er7);
        lost_in(result, after);
        return result.issues.empty() ? std::optional(std::move(result)) : std::nullopt;
    }

    PutResult change(const std::vector<SourceResource>& before, const std::vector<SourceResource>& after) {
        const auto context = backward_context();
        auto made_before = backward(plan_, before, read_.structure, context);
        auto made_after = backward(plan_, after, read_.structure, context);
        if (made_after.refused || made_before.refused) return refuse(std::move(made_after.issues));
        const auto first = hl7v2::Message::parse(made_before.er7), second = hl7v2::Message::parse(made_after.er7);
        if (!first || !second)
            return refuse({{Severity::error, "R351", {}, "the message cannot be made from the resources", 0}});
        PutResult best;
        std::size_t least = static_cast<std::size_t>(-1);
        MadeMessage a(made_before, first->view()), b(made_after, second->view());
        PutEdit edit(message_, read_, a, b, plan_.setting("null-delete") != "empty");
        for (const PutReach reach : {PutReach::leaf, PutReach::repetition, PutReach::field, PutReach::segment}) {
            PutResult candidate;
            candidate.er7 = edit.apply(reach, candidate.changed);
            lost_in(candidate, after);
            if (candidate.issues.size() < least) {
                least = candidate.issues.size();
                best = std::move(candidate);
            }
            if (least == 0) break;
        }
        return best;
    }

    /// Reads the new message and notes what of the edit is not in it.
    void lost_in(PutResult& candidate, const std::vector<SourceResource>& wanted) const {
        auto& issues = candidate.issues;
        const auto lost = [&](const std::string& path) {
            issues.push_back({Severity::warning, "R350", {}, path + ": the edit has no way into the message", 0});
        };
        const auto message = hl7v2::Message::parse(candidate.er7, {{}, hl7v2::Tolerances::all()});
        if (!message) return lost("Bundle");
        const auto again = forward(plan_, message->view(), context_.forward);
        const auto matched = match(again.resources, wanted, false);
        std::map<std::string, std::string, std::less<>> urls;
        std::vector<char> used(wanted.size(), 0);
        for (std::size_t i = 0; i < again.resources.size(); ++i) {
            if (!matched[i]) continue;
            used[*matched[i]] = 1;
            const std::string_view url = again.resources[i].full_url;
            urls.emplace(wanted[*matched[i]].full_url, url);
            if (auto other = url_of(wanted[*matched[i]]); !other.empty()) urls.emplace(other, url);
            // a reference given as the message's own resources were first known by
            for (const auto& [theirs, ours] : urls_)
                if (ours == wanted[*matched[i]].full_url) urls.emplace(theirs, url);
        }
        std::set<const fhir::Node*> sent;
        for (const auto& entry : again.trace)
            if (entry.has_source) sent.insert(entry.node);
        // A display that a table gave belongs to its code: who changes the code alone has not asked to keep it.
        const auto follows_from_code = [&](const Difference& d) {
            return d.before && d.before.name() == "display" && !sent.contains(d.before.node());
        };
        const Comparison compare(urls);
        for (std::size_t i = 0; i < again.resources.size(); ++i) {
            if (!matched[i]) {
                lost(std::string(again.resources[i].type) + " (it is still there)");
                continue;
            }
            const fhir::Element is = again.resources[i].doc->root(), was_meant = wanted[*matched[i]].element;
            if (fhir::same_content(is, was_meant)) continue;
            for (const auto& d : compare(is, was_meant, std::string(again.resources[i].type)))
                if (!follows_from_code(d)) lost(d.path);
        }
        for (std::size_t j = 0; j < wanted.size(); ++j)
            if (!used[j]) lost(std::string(wanted[j].element.resource_type()) + " (it is not there)");
    }

    const Plan& plan_;
    std::span<const SourceResource> given_;
    const hl7v2::MessageView& message_;
    const PutContext& context_;
    ForwardResult read_;
    std::map<std::string, std::string, std::less<>> urls_;  ///< how the given resources are known -> full url here
};

}  // namespace

PutResult put(const Plan& plan, std::span<const SourceResource> resources, const hl7v2::MessageView& message,
              const PutContext& context) {
    return Put(plan, resources, message, context).run();
}

}  // namespace causeway::mappings
