#include "gateway/rest/transaction.hpp"

#include <unordered_set>

#include "fhir/model/reference.hpp"
#include "fhir/validate/outcome.hpp"
#include "gateway/rest/access.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/bundle_entry.hpp"
#include "gateway/rest/bundle_writer.hpp"
#include "gateway/rest/patch_body.hpp"
#include "gateway/rest/read.hpp"
#include "gateway/rest/references.hpp"
#include "gateway/rest/resource_check.hpp"
#include "gateway/rest/write_step.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;
using http::Method;
using storage::Result;

enum class Role : std::uint8_t { erase, create, update, patch, read };

/// One entry with everything that is known of it.
struct Item {
    BundleEntry entry;
    Role role = Role::read;
    WriteStep step;
    std::optional<fhir::search::SearchPlan> condition;
    std::string condition_text;
    std::string new_id;    ///< for what is created
    std::string target;    ///< `Type/id` that the entry is resolved to
    bool matched = false;  ///< a conditional create that writes nothing
    std::vector<std::string> conditional_references;
    bool uses_targets = false;
    Targets drafted_with;                    ///< conditional references as they stand in the draft
    CallPtr call;                            ///< reads, and the rights of all
    std::optional<http::Response> response;  ///< of reads
};

class TransactionBundle {
public:
    TransactionBundle(const Services& services, CallPtr call, fhir::DocumentPtr bundle)
        : services_(services), call_(std::move(call)), bundle_(std::move(bundle)) {}

    /// Everything that needs no lock.
    Outcome<void> prepare();
    /// Inside the job; may run again.
    Result<void> run(storage::Transaction& transaction);
    const std::optional<Fault>& fault() const { return fault_; }
    http::Response response() const;
    std::size_t bytes() const { return call_->request.body.size() + 1024 * items_.size(); }

private:
    Outcome<void> prepare_item(BundleEntry entry);
    Outcome<void> check_full_urls() const;
    Outcome<void> draft(Item& item, const Targets& conditional);
    Result<void> resolve_targets(storage::Reader& reader, Targets& targets);
    Result<void> resolve_create(storage::Reader& reader, Item& item,
                                std::unordered_map<std::string, std::string>& seen);
    Result<void> resolve_conditional_references(storage::Reader& reader, const Item& item, Targets& found, bool& all);
    Result<void> check_overlap();
    Result<void> write_item(storage::Transaction& transaction, Item& item);
    Result<void> read_item(storage::Transaction& transaction, Item& item);
    storage::Failure refuse_at(const Item& item, Fault why);
    Result<void> refused_step(Item& item, const storage::Failure& failure);
    void write_entry(BundleWriter& bundle, const Item& item) const;

    const Services& services_;
    const CallPtr call_;
    const fhir::DocumentPtr bundle_;
    std::vector<Item> items_;
    Targets targets_;
    std::optional<Fault> fault_;
};

storage::Failure TransactionBundle::refuse_at(const Item& item, Fault why) {
    fault_ = at_entry(std::move(why), item.entry.index);
    return {storage::FailureCode::refused, "refused by an entry"};
}

Result<void> TransactionBundle::refused_step(Item& item, const storage::Failure& failure) {
    if (item.step.fault) return refuse_at(item, *item.step.fault);
    return failure;
}

std::optional<Role> role_of(const BundleEntry& entry) {
    const auto kind = entry.route.kind;
    if (entry.method == Method::erase && (kind == Route::Kind::instance || kind == Route::Kind::type))
        return Role::erase;
    if (entry.method == Method::post && kind == Route::Kind::type) return Role::create;
    if (entry.method == Method::put && (kind == Route::Kind::instance || kind == Route::Kind::type))
        return Role::update;
    if (entry.method == Method::patch && (kind == Route::Kind::instance || kind == Route::Kind::type))
        return Role::patch;
    if ((entry.method == Method::get || entry.method == Method::head) && kind != Route::Kind::capabilities &&
        kind != Route::Kind::operation)
        return Role::read;
    return std::nullopt;
}

Outcome<void> TransactionBundle::prepare_item(BundleEntry entry) {
    const bool replay = bundle_->root()["type"].text() == "history";
    if (replay && entry.method == Method::post && !entry.resource["id"].text().empty()) {
        entry.method = Method::put;  // a replayed create keeps its id
        entry.route.id = entry.resource["id"].text();
        entry.route.kind = Route::Kind::instance;
    }
    const auto role = role_of(entry);
    if (!role)
        return rest::fault(400, IssueCode::not_supported,
                           "A transaction takes DELETE, POST, PUT, PATCH and GET of resources");
    Item item;
    item.role = *role;
    item.call = call_of(*call_, entry);
    if (auto allowed = authorize(services_, *item.call); allowed.has_error()) return allowed.error();
    item.step.visibility = item.call->visibility;
    item.step.type = entry.route.type;
    item.step.id = entry.route.id;
    item.step.if_match = entry.if_match;
    item.step.if_none_match_any = entry.if_none_match.find('*') != std::string::npos;
    std::string_view condition;
    switch (*role) {
        case Role::erase:
            item.step.kind = WriteStep::Kind::erase;
            if (item.step.id.empty()) condition = entry.query();
            break;
        case Role::create:
            item.step.kind = WriteStep::Kind::create;
            condition = entry.if_none_exist;
            item.new_id = services_.store.new_id();
            break;
        case Role::update:
            item.step.kind = WriteStep::Kind::update;
            if (item.step.id.empty()) condition = entry.query();
            item.new_id = services_.store.new_id();
            item.step.body_id = item.step.id.empty() ? entry.resource["id"].text() : std::string_view{};
            break;
        case Role::patch:
            item.step.kind = WriteStep::Kind::patch;
            if (item.step.id.empty()) condition = entry.query();
            if (!entry.resource) return rest::fault(400, IssueCode::required, "The entry has no resource");
            if (auto taken = read_patch(services_, rewrite_references(bundle_, entry.resource, {}, {}), item.step);
                taken.has_error())
                return taken.error();
            item.step.check = [this, patch = item.call](Draft& made) { return check_content(services_, *patch, made); };
            break;
        case Role::read:
            break;
    }
    if (!condition.empty() ||
        (item.step.id.empty() && (*role == Role::erase || *role == Role::update || *role == Role::patch))) {
        auto plan = parse_condition(services_, call_->base, item.step.type, condition, call_->now_us);
        if (plan.has_error()) return plan.error();
        item.condition_text = item.step.type + "?" + fhir::search::encode_query(plan->used);
        item.condition = std::move(*plan);
        item.step.id_resolved = true;
    }
    if (*role == Role::create || *role == Role::update) {
        if (!entry.resource) return rest::fault(400, IssueCode::required, "The entry has no resource");
        if (entry.resource.resource_type() != item.step.type)
            return rest::fault(400, IssueCode::invalid, "The resource is of another type than request.url names");
        if (*role == Role::update && !item.step.id.empty() && !replay && entry.resource["id"].text() != item.step.id)
            return rest::fault(400, IssueCode::value, "The resource's id is not the one that request.url names");
    }
    if (*role == Role::erase || *role == Role::patch) item.step.condition = item.condition;
    item.entry = std::move(entry);
    items_.push_back(std::move(item));
    return {};
}

Outcome<void> TransactionBundle::check_full_urls() const {
    std::unordered_set<std::string_view> seen;
    for (const Item& item : items_) {
        if (item.role != Role::create && item.role != Role::update) continue;
        if (item.entry.full_url.empty()) continue;
        if (!seen.insert(item.entry.full_url).second)
            return at_entry(rest::fault(400, IssueCode::duplicate, "Another entry has the same fullUrl"),
                            item.entry.index);
    }
    return {};
}

Outcome<void> TransactionBundle::prepare() {
    auto entries = parse_entries(services_, *call_, bundle_->root());
    if (entries.has_error()) return entries.error();
    items_.reserve(entries->size());
    for (BundleEntry& entry : *entries) {
        const std::size_t index = entry.index;
        if (auto done = prepare_item(std::move(entry)); done.has_error()) return at_entry(done.error(), index);
    }
    if (auto checked = check_full_urls(); checked.has_error()) return checked.error();

    auto snapshot = services_.store.snapshot();
    if (snapshot.has_error()) return fault_of(snapshot.error());
    if (auto resolved = resolve_targets(**snapshot, targets_); resolved.has_error()) {
        if (fault_) return *fault_;
        return fault_of(resolved.error());
    }
    for (Item& item : items_) {
        if (item.role != Role::create && item.role != Role::update) continue;
        const ReferenceScan scan = scan_references(item.entry.resource, item.entry.full_url, targets_);
        if (!scan.unresolved.empty())
            return at_entry(
                rest::fault(400, IssueCode::not_found, "A reference names a urn that no entry's fullUrl has"),
                item.entry.index);
        item.conditional_references = scan.conditional;
        item.uses_targets = scan.uses_targets;
        Targets conditional;
        bool all = true;
        if (auto found = resolve_conditional_references(**snapshot, item, conditional, all); found.has_error()) {
            if (fault_) return *fault_;
            return fault_of(found.error());
        }
        // A reference that finds nothing yet may find what this bundle writes: such an entry is drafted in the job. Its
        // content is checked here all the same.
        if (auto drafted = draft(item, conditional); drafted.has_error()) return drafted.error();
        if (!all) item.step.draft.reset();
    }
    return {};
}

/// Makes the draft from the entry, with references to targets_ and `conditional` rewritten.
Outcome<void> TransactionBundle::draft(Item& item, const Targets& conditional) {
    Targets all;
    const Targets* use = &targets_;
    if (!conditional.empty()) {
        all = targets_;
        all.insert(conditional.begin(), conditional.end());
        use = &all;
    }
    const std::string id = item.target.substr(item.target.find('/') + 1);
    auto document = rewrite_references(bundle_, item.entry.resource, item.entry.full_url, *use);
    auto made = services_.writer.prepare(std::move(document), id);
    if (made.has_error()) return at_entry(made.error(), item.entry.index);
    if (auto checked = check_content(services_, *item.call, *made); checked.has_error())
        return at_entry(checked.error(), item.entry.index);
    item.step.draft = std::move(*made);
    item.drafted_with = conditional;
    return {};
}

Result<void> TransactionBundle::resolve_create(storage::Reader& reader, Item& item,
                                               std::unordered_map<std::string, std::string>& seen) {
    item.matched = false;
    item.target = item.step.type + "/" + item.new_id;
    if (!item.condition) return {};
    const auto [place, fresh] = seen.emplace(item.condition_text, item.target);
    if (!fresh) {  // an entry before this one has the same condition
        item.matched = true;
        item.target = place->second;
        return {};
    }
    auto matches = reader.find(*item.condition, 2, item.call->visibility.get());
    if (matches.has_error()) return matches.error();
    if (matches->size() > 1) return refuse_at(item, several_matches());
    if (matches->size() == 1) {
        item.matched = true;
        item.target = item.step.type + "/" + matches->front().name.id;
        place->second = item.target;
    }
    return {};
}

Result<void> TransactionBundle::resolve_targets(storage::Reader& reader, Targets& targets) {
    std::unordered_map<std::string, std::string> seen;
    targets.clear();
    for (Item& item : items_) {
        if (item.role == Role::create) {
            if (auto done = resolve_create(reader, item, seen); done.has_error()) return done;
        } else if (item.role == Role::update) {
            std::string id = item.entry.route.id;
            if (item.condition) {
                item.step.condition = item.condition;
                auto resolved = resolve_update(reader, item.step, services_.settings, item.new_id);
                item.step.condition.reset();
                if (resolved.has_error()) return refused_step(item, resolved.error());
                id = std::move(*resolved);
            }
            item.step.id = id;
            item.target = item.step.type + "/" + id;
        } else {
            continue;
        }
        if (!item.entry.full_url.empty()) targets[item.entry.full_url] = item.target;
    }
    return {};
}

Result<void> TransactionBundle::resolve_conditional_references(storage::Reader& reader, const Item& item,
                                                               Targets& found, bool& all) {
    for (const std::string& text : item.conditional_references) {
        if (found.contains(text)) continue;
        const auto question = text.find('?');
        auto plan = parse_condition(services_, call_->base, text.substr(0, question),
                                    std::string_view(text).substr(question + 1), call_->now_us);
        if (plan.has_error()) return refuse_at(item, plan.error());
        auto matches = reader.find(*plan, 2, item.call->visibility.get());
        if (matches.has_error()) return matches.error();
        if (matches->size() > 1)
            return refuse_at(item, rest::fault(412, IssueCode::multiple_matches,
                                               "A conditional reference matches more than one resource"));
        if (matches->empty())
            all = false;
        else
            found[text] = matches->front().name.type + "/" + matches->front().name.id;
    }
    return {};
}

Result<void> TransactionBundle::check_overlap() {
    std::unordered_set<std::string> touched;
    for (const Item& item : items_) {
        if (item.role == Role::read || item.matched ||
            ((item.role == Role::erase || item.role == Role::patch) && item.condition))
            continue;
        const std::string target =
            item.role == Role::erase || item.role == Role::patch ? item.step.type + "/" + item.step.id : item.target;
        if (!touched.insert(target).second)
            return refuse_at(item, rest::fault(400, IssueCode::duplicate,
                                               "Another entry of the transaction writes the same resource"));
    }
    return {};
}

Result<void> TransactionBundle::write_item(storage::Transaction& transaction, Item& item) {
    if (!item.conditional_references.empty()) {
        Targets found;
        bool all = true;
        if (auto done = resolve_conditional_references(transaction, item, found, all); done.has_error()) return done;
        if (!all)
            return refuse_at(item,
                             rest::fault(412, IssueCode::not_found, "A conditional reference matches no resource"));
        if (!item.step.draft || found != item.drafted_with)
            if (auto drafted = draft(item, found); drafted.has_error()) {
                fault_ = drafted.error();
                return storage::Failure{storage::FailureCode::refused, "refused by an entry"};
            }
    }
    if (item.matched) {
        const std::string id = item.target.substr(item.target.find('/') + 1);
        auto found = transaction.read(item.step.type, id);
        if (found.has_error()) return found.error();
        if (!*found)
            return refuse_at(
                item, rest::fault(409, IssueCode::conflict, "The matching resource is written later in the bundle"));
        item.step.done = {};
        item.step.done.status = 200;
        item.step.done.id = id;
        item.step.done.version = (*found)->version;
        item.step.done.found = std::move(*found);
        return {};
    }
    auto done = run_step(transaction, item.step, {services_, call_->principal, call_->request.id});
    if (done.has_error()) return refused_step(item, done.error());
    return done;
}

Result<void> TransactionBundle::read_item(storage::Transaction& transaction, Item& item) {
    Call& call = *item.call;
    Outcome<http::Response> outcome = http::Response{};
    switch (call.route.kind) {
        case Route::Kind::instance:
            outcome = read(services_, transaction, call);
            break;
        case Route::Kind::version:
            outcome = vread(services_, transaction, call);
            break;
        case Route::Kind::history:
            outcome = history(services_, transaction, call);
            break;
        default:
            outcome = search(services_, transaction, call);
            break;
    }
    outcome = audited(services_, call, std::move(outcome));
    if (outcome.has_error()) return refuse_at(item, outcome.error());
    item.response = std::move(*outcome);
    return {};
}

Result<void> TransactionBundle::run(storage::Transaction& transaction) {
    fault_.reset();
    const auto each = [&](auto wanted, auto act) -> Result<void> {
        for (Item& item : items_)
            if (wanted(item))
                if (auto done = act(item); done.has_error()) return done;
        return {};
    };
    const auto write = [&](Item& item) { return write_item(transaction, item); };
    if (auto done = each([](const Item& item) { return item.role == Role::erase; }, write); done.has_error())
        return done;

    Targets targets;
    if (auto done = resolve_targets(transaction, targets); done.has_error()) return done;
    if (auto done = check_overlap(); done.has_error()) return done;
    const bool changed = targets != targets_;
    targets_ = std::move(targets);
    for (Item& item : items_) {
        if ((item.role != Role::create && item.role != Role::update) || !item.step.draft) continue;
        const bool moved = item.step.type + "/" + item.step.draft->id != item.target && !item.matched;
        if ((changed && item.uses_targets) || moved)
            if (auto drafted = draft(item, item.drafted_with); drafted.has_error())
                return refuse_at(item, drafted.error());
    }
    // Entries with conditional references come last in their group: what they refer to may be written by the others.
    for (const Role role : {Role::create, Role::update})
        if (auto done =
                each([&](const Item& item) { return item.role == role && item.conditional_references.empty(); }, write);
            done.has_error())
            return done;
    for (const Role role : {Role::create, Role::update})
        if (auto done = each(
                [&](const Item& item) { return item.role == role && !item.conditional_references.empty(); }, write);
            done.has_error())
            return done;
    if (auto done = each([](const Item& item) { return item.role == Role::patch; }, write); done.has_error())
        return done;
    return each([](const Item& item) { return item.role == Role::read; },
                [&](Item& item) { return read_item(transaction, item); });
}

void TransactionBundle::write_entry(BundleWriter& bundle, const Item& item) const {
    const WriteStep::Done& done = item.step.done;
    bundle.begin_entry();
    if (item.role == Role::read) {
        const std::string json = item.response->body.to_string();
        if (!json.empty()) bundle.resource([&](std::string& out) { out += json; });
        bundle.response(
            std::to_string(item.response->status) + " " + std::string(http::reason_phrase(item.response->status)), {},
            version_in_etag(item.response->headers.get("ETag")).value_or(0), 0);
        return bundle.end_entry();
    }
    if (item.role != Role::erase) bundle.full_url(call_->base, item.step.type, done.id);
    if (call_->prefer.return_ == Prefer::Return::representation)
        if (const auto whole = representation(item.step))
            bundle.resource([&](std::string& out) { whole->append_json(out); });
    const std::string location = done.version.number > 0 && item.role != Role::erase
                                     ? version_url(call_->base, item.step.type, done.id, done.version.number)
                                     : "";
    std::string outcome;
    if (call_->prefer.return_ == Prefer::Return::outcome)
        outcome = fhir::to_outcome(item.step.draft ? item.step.draft->warnings : fhir::Issues());
    bundle.response(std::to_string(done.status) + " " + std::string(http::reason_phrase(done.status)), location,
                    done.version.number, done.version.at_us, outcome);
    bundle.end_entry();
}

http::Response TransactionBundle::response() const {
    BundleWriter bundle("transaction-response", call_->now_us);
    for (const Item& item : items_) write_entry(bundle, item);
    return json_response(call_->format, 200, std::move(bundle).finish());
}

}  // namespace

void run_transaction(const Services& services, CallPtr call, fhir::DocumentPtr document, Answer answer) {
    const auto bundle = std::make_shared<TransactionBundle>(services, call, std::move(document));
    if (auto prepared = bundle->prepare(); prepared.has_error()) return answer(prepared.error());
    storage::transact(
        services.store, [bundle](storage::Transaction& transaction) { return bundle->run(transaction); },
        [bundle, answer](storage::Result<void> result) {
            if (bundle->fault()) return answer(*bundle->fault());
            if (result.has_error()) return answer(fault_of(result.error()));
            answer(bundle->response());
        },
        bundle->bytes());
}

}  // namespace causeway::rest
