#include "gateway/exchange/order_tasks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/search/query.hpp"
#include "gateway/exchange/candidate.hpp"
#include "gateway/exchange/lab_rules.hpp"
#include "gateway/exchange/prescription_checks.hpp"
#include "gateway/exchange/v2_time.hpp"

namespace causeway::exchange {

/// How a Task moves.
struct OrderTasks::Step {
    std::string_view status{};              ///< empty: stays
    std::optional<std::string> business{};  ///< businessStatus.text; an empty one goes
    const storage::ResourceName* output = nullptr;
};

namespace {

using storage::ResourceName;
using storage::Transaction;

constexpr std::size_t tasks_max = 20;  // of one order: one for each partner that it went to
constexpr std::string_view business_event = "urn:causeway:ext:orc-1";
const security::Principal delivery_principal{security::Principal::Kind::system, "delivery", {}};

constexpr std::array<std::pair<std::string_view, int>, 8> ranks = {{{"requested", 0},
                                                                    {"received", 1},
                                                                    {"accepted", 2},
                                                                    {"in-progress", 3},
                                                                    {"completed", 4},
                                                                    {"rejected", 4},
                                                                    {"cancelled", 4},
                                                                    {"failed", 4}}};

int rank_of(std::string_view status) noexcept {
    for (const auto& [name, rank] : ranks)
        if (name == status) return rank;
    return 4;  // a word that only the users of the Task know: not ours to move
}

std::string key_of_order(const ResourceName& order, std::string_view partner) {
    return fmt::format("Task|fulfill|{}/{}|{}", order.type, order.id, partner);
}
std::string key_of_message(std::string_view control_id) { return fmt::format("Task|message|{}", control_id); }

bool one_of(std::string_view code, std::initializer_list<std::string_view> codes) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string_view event_of(fhir::Element order) {
    for (const auto extension : order["extension"].items())
        if (extension["url"].text() == business_event) return extension["valueCode"].text();
    return {};
}

/// By ORC-1 (table 0119), else by what the reply made of the order's status.
std::string_view status_of_order(fhir::Element order, std::string_view structure) {
    const auto event = event_of(order);
    const auto status = order["status"].text();
    if (one_of(event, {"UA", "UD", "UM", "UX"})) return "rejected";
    if (one_of(event, {"CR", "OC", "DR", "OD"})) return "cancelled";
    if (event == "DE") return "failed";  // data errors: the order cannot be worked on as it was sent
    if (one_of(event, {"SC"})) return "in-progress";
    if (one_of(event, {"OK", "NA", "XR"})) return "accepted";
    if (structure != "RRI_I12") return {};
    if (status == "active" || status == "on-hold") return "accepted";
    return status == "revoked" ? std::string_view("rejected") : std::string_view();
}

std::string_view status_of_report(std::string_view status) {
    if (one_of(status, {"registered", "partial", "preliminary"})) return "in-progress";
    if (one_of(status, {"final", "amended", "corrected", "appended"})) return "completed";
    return status == "cancelled" ? std::string_view("failed") : std::string_view();
}

std::string_view status_of_dispense(std::string_view status) {
    if (one_of(status, {"preparation", "in-progress", "on-hold"})) return "in-progress";
    if (status == "completed") return "completed";
    return one_of(status, {"declined", "stopped", "cancelled"}) ? std::string_view("failed") : std::string_view();
}

/// What a resource says of which orders.
struct Word {
    std::string_view references;  ///< the element with references to orders
    std::string_view status;
    std::optional<std::string> business;
    bool is_output = false;
};

Word word_of(const Told& told) {
    const auto root = told.content->root();
    const auto status = root["status"].text();
    if (told.name.type == "DiagnosticReport") return {"basedOn", status_of_report(status), {}, true};
    if (told.name.type == "MedicationDispense")
        return {"authorizingPrescription", status_of_dispense(status), {}, true};
    if (told.name.type == "DocumentReference") return {"context", "completed", {}, true};
    if (told.name.type == "Appointment")
        return {"basedOn", one_of(status, {"booked", "arrived", "checked-in"}) ? "accepted" : "",
                fmt::format("appointment {}", status), false};
    return {};
}

std::vector<ResourceName> orders_in(fhir::Element root, std::string_view member) {
    std::vector<ResourceName> found;
    const auto list = member == "context" ? root["context"]["related"] : root[member];
    for (const auto item : list.items()) {
        if (const auto parts = relative_reference(item); is_order(parts.type))
            found.push_back({std::string(parts.type), std::string(parts.id)});
    }
    return found;
}

struct ReadTask {
    storage::StoredResource stored;
    fhir::DocumentPtr document;
};

/// Nothing if it was deleted.
storage::Result<std::optional<ReadTask>> read_task(Transaction& transaction, const ResourceName& name) {
    auto stored = transaction.read(name.type, name.id);
    if (stored.has_error()) return stored.error();
    if (!*stored || (*stored)->erased()) return std::optional<ReadTask>();
    auto document = fhir::parse_json((*stored)->body.json);
    if (document.has_error()) return storage::Failure{storage::FailureCode::corrupt, "a Task cannot be read"};
    return std::optional(ReadTask{std::move(**stored), std::move(*document)});
}

}  // namespace

storage::Result<void> OrderTasks::sent(Transaction& transaction, const Partner& partner, const ResourceName& order,
                                       const fhir::Document& content, std::string_view control_id,
                                       const security::Principal& principal) const {
    const auto key = key_of_order(order, partner.name);
    const auto known = transaction.identity(key);
    if (known.has_error()) return known.error();
    if (*known) return transaction.set_identity(key_of_message(control_id), **known);

    fhir::DocumentBuilder builder;
    auto root = builder.root();
    const auto now = fhir_instant(transaction.now_us());
    root.member("resourceType").set_string("Task");
    root.member("status").set_string("requested");
    root.member("intent").set_string("order");
    if (const auto priority = content.root()["priority"]; priority.has_value())
        root.member("priority").set_string(priority.text());
    auto coding = root.member("code").append("coding");
    coding.member("system").set_string("http://hl7.org/fhir/CodeSystem/task-code");
    coding.member("code").set_string("fulfill");
    root.member("focus").member("reference").set_string(order.type + "/" + order.id);
    if (const auto subject = content.root()["subject"]) root.member("for").copy_from(subject);
    root.member("authoredOn").set_string(now);
    root.member("lastModified").set_string(now);
    if (const auto requester = content.root()["requester"]) root.member("requester").copy_from(requester);
    auto owner = root.member("owner");
    owner.member("type").set_string("Organization");
    owner.member("identifier").member("system").set_string("urn:causeway:partner");
    owner.member("identifier").member("value").set_string(partner.name);
    if (!partner.facility.empty()) owner.member("display").set_string(partner.facility);
    if (order.type == "MedicationRequest") {
        const auto warnings = check_prescription(transaction, order.id, content);
        if (warnings.has_error()) return warnings.error();
        for (const auto& warning : *warnings) {
            auto input = root.append("input");
            auto type = input.member("type").append("coding");
            type.member("system").set_string("urn:causeway:warning");
            type.member("code").set_string(warning.code);
            input.member("valueReference").member("reference").set_string(warning.about.type + "/" + warning.about.id);
        }
    }

    const auto draft = writer_.prepare(std::move(builder).finish());
    if (draft.has_error()) return storage::Failure{storage::FailureCode::internal, "the Task of an order is not valid"};
    const auto written =
        writer_.write(transaction, *draft, {.principal = principal, .if_version = {}, .correlation = {}});
    if (written.has_error()) return written.error();
    const ResourceName task{"Task", draft->id};
    if (auto done = transaction.set_identity(key, task); done.has_error()) return done;
    return transaction.set_identity(key_of_message(control_id), task);
}

storage::Result<void> OrderTasks::settled(Transaction& transaction, std::string_view control_id,
                                          const Settlement& settlement) const {
    if (settlement.kind == Settlement::Kind::retry) return {};
    const auto task = transaction.identity(key_of_message(control_id));
    if (task.has_error()) return task.error();
    if (!*task) return {};
    Step step;
    if (settlement.kind == Settlement::Kind::delivered) {
        step.status = "received";
        step.business = "";
    } else {
        step.business = "not delivered: " + settlement.reason;
    }
    return move(transaction, **task, step, delivery_principal);
}

storage::Result<void> OrderTasks::advised(Transaction& transaction, std::string_view request,
                                          const Settlement& settlement) const {
    const bool answered = settlement.kind == Settlement::Kind::delivered;
    if (settlement.kind == Settlement::Kind::retry && settlement.attempts > 1) return {};  // it has been noted
    const auto order = cds::order_of(request);
    if (!order) return {};
    auto advice = answered ? cds::read_cards(settlement.answer).value_or(std::vector<cds::Card>())
                           : std::vector<cds::Card>{{"unanswered", settlement.reason, {}}};
    const auto tasks = transaction.find(
        fhir::search::parse_query(
            "Task",
            std::vector<fhir::search::QueryParameter>{{"focus", order->type + "/" + order->id}, {"code", "fulfill"}})
            .plan,
        tasks_max);
    if (tasks.has_error()) return tasks.error();
    for (const auto& each : *tasks)
        if (auto done = take_advice(transaction, each.name, advice); done.has_error()) return done;
    return {};
}

/// In the place of what the service said before.
storage::Result<void> OrderTasks::take_advice(Transaction& transaction, const ResourceName& task,
                                              const std::vector<cds::Card>& advice) const {
    const auto now = read_task(transaction, task);
    if (now.has_error()) return now.error();
    if (!*now) return {};
    const auto before = (*now)->document;
    auto builder = fhir::DocumentBuilder::edit(before);
    auto root = builder.root();
    root.remove("input");
    bool had = false;
    for (const auto input : before->root()["input"].items()) {
        const bool advised = input["type"]["coding"].first()["code"].text().starts_with("cds-");
        had = had || advised;
        if (!advised) root.append("input").copy_from(input);
    }
    if (!had && advice.empty()) return {};
    for (const auto& card : advice) {
        auto input = root.append("input");
        auto coding = input.member("type").append("coding");
        coding.member("system").set_string("urn:causeway:warning");
        coding.member("code").set_string("cds-" + card.indicator);
        if (!card.source.empty()) input.member("type").member("text").set_string(card.source);
        input.member("valueString").set_string(card.summary.empty() ? "no summary" : card.summary);
    }
    return rewrite(transaction, (*now)->stored, std::move(builder), delivery_principal);
}

storage::Result<void> OrderTasks::rewrite(Transaction& transaction, const storage::StoredResource& stored,
                                          fhir::DocumentBuilder builder, const security::Principal& principal) const {
    builder.root().member("lastModified").set_string(fhir_instant(transaction.now_us()));
    const auto draft = writer_.prepare(std::move(builder).finish(), stored.id);
    if (draft.has_error()) return storage::Failure{storage::FailureCode::internal, "the Task of an order is not valid"};
    const auto written = writer_.write(
        transaction, *draft, {.principal = principal, .if_version = stored.version.number, .correlation = {}});
    if (written.has_error()) return written.error();
    return {};
}

storage::Result<void> OrderTasks::told(Transaction& transaction, std::string_view partner, std::string_view structure,
                                       const std::vector<Told>& resources, const security::Principal& principal) const {
    const auto step_of = [&](const ResourceName& order, const Step& step) -> storage::Result<void> {
        const auto task = transaction.identity(key_of_order(order, partner));
        if (task.has_error()) return task.error();
        return *task ? move(transaction, **task, step, principal) : storage::Result<void>();
    };
    for (const auto& each : resources) {
        if (is_order(each.name.type)) {
            Step step;
            step.status = status_of_order(each.content->root(), structure);
            if (step.status.empty()) continue;
            if (auto done = step_of(each.name, step); done.has_error()) return done;
            continue;
        }
        auto word = word_of(each);
        if (word.references.empty()) continue;
        Step step;
        step.status = word.status;
        step.business = std::move(word.business);
        step.output = word.is_output ? &each.name : nullptr;
        for (const auto& order : orders_in(each.content->root(), word.references))
            if (auto done = step_of(order, step); done.has_error()) return done;
    }
    return {};
}

storage::Result<void> OrderTasks::move(Transaction& transaction, const ResourceName& task, const Step& step,
                                       const security::Principal& principal) const {
    const auto now = read_task(transaction, task);
    if (now.has_error()) return now.error();
    if (!*now) return {};
    const auto before = (*now)->document;

    auto builder = fhir::DocumentBuilder::edit(before);
    auto root = builder.root();
    bool changed = false;
    const auto now_status = before->root()["status"].text();
    if (!step.status.empty() && rank_of(step.status) > rank_of(now_status)) {
        root.member("status").set_string(step.status);
        changed = true;
    }
    const auto business = before->root()["businessStatus"]["text"].text();
    if (step.business && *step.business != business) {
        if (step.business->empty()) {
            root.remove("businessStatus");
        } else {
            root.member("businessStatus").member("text").set_string(*step.business);
        }
        changed = true;
    }
    if (step.output != nullptr) {
        const auto reference = step.output->type + "/" + step.output->id;
        bool there = false;
        for (const auto each : before->root()["output"].items())
            there = there || each["valueReference"]["reference"].text() == reference;
        if (!there) {
            auto output = root.append("output");
            output.member("type").member("text").set_string(step.output->type);
            output.member("valueReference").member("reference").set_string(reference);
            changed = true;
        }
    }
    if (!changed) return {};
    return rewrite(transaction, (*now)->stored, std::move(builder), principal);
}

}  // namespace causeway::exchange
