#include "gateway/exchange/outgoing_check.hpp"

#include <fstream>
#include <sstream>
#include <utility>

#include "fhir/json/json.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/dictionary/dictionary.hpp"
#include "hl7v2/message.hpp"
#include "hl7v2/validate/validate.hpp"

namespace causeway::exchange {
namespace {

constexpr std::size_t listed_max = 50;  // issues of a report

}  // namespace

OutgoingCheck OutgoingCheck::load(const Partner& partner, std::vector<ConfigurationFault>& faults) {
    OutgoingCheck loaded;
    for (const auto& name : partner.profiles) {
        if (auto built_in = hl7v2::find_profile(name)) {
            loaded.profiles_.push_back(std::move(built_in));
            continue;
        }
        const auto where = "partner \"" + partner.name + "\": profiles";
        std::ifstream file(name, std::ios::binary);
        std::ostringstream text;
        if (file) text << file.rdbuf();
        if (!file) {
            faults.push_back({where, "\"" + name + "\" is no built-in profile and no file that can be read"});
            continue;
        }
        auto read = hl7v2::Profile::parse(text.view());
        for (const auto& fault : read.faults)
            faults.push_back({where, name + ":" + std::to_string(fault.line) + ": " + fault.text});
        if (read.profile) loaded.profiles_.push_back(std::move(read.profile));
    }
    return loaded;
}

std::optional<ConformanceReport> OutgoingCheck::check(std::string_view message) const {
    if (profiles_.empty()) return std::nullopt;
    const auto decoded = hl7v2::decode_to_utf8(message);
    const auto view = hl7v2::MessageView::parse(decoded.text, {{}, hl7v2::Tolerances::all()});
    if (view.has_error()) return std::nullopt;
    std::vector<std::shared_ptr<const hl7v2::Profile>> applied;
    for (const auto& each : profiles_)
        if (each->covers(view->message_type(), hl7v2::dictionary::trigger_event(*view))) applied.push_back(each);
    if (applied.empty()) return std::nullopt;
    hl7v2::ValidateOptions options;
    options.profiles = applied;
    ConformanceReport report;
    std::string listed;
    std::size_t count = 0;
    for (const auto& issue : hl7v2::validate(*view, options)) {
        const auto severity = hl7v2::outcome_severity(issue);
        const bool error = severity == "error" || severity == "fatal";
        if (severity == "information") continue;
        ++(error ? report.errors : report.warnings);
        const auto place = issue.path() + " (" + issue.source + ")";
        if (error && report.first.empty()) report.first = place;
        if (++count > listed_max) continue;
        listed += listed.empty() ? "" : ",";
        fhir::append_json_string(std::string(severity) + " " + place + ": " + issue.text, listed);
    }
    report.json = "{\"profiles\":[";
    for (const auto& each : applied) {
        report.json += each == applied.front() ? "" : ",";
        fhir::append_json_string(each->name, report.json);
    }
    report.json += "],\"errors\":" + std::to_string(report.errors) +
                   ",\"warnings\":" + std::to_string(report.warnings) + ",\"issues\":[" + listed + "]}";
    return report;
}

std::string conformance_note(storage::OutboxId id) { return "exchange.conformance." + std::to_string(id); }

}  // namespace causeway::exchange
