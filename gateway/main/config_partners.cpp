#include "gateway/main/config_partners.hpp"

#include <fmt/format.h>

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <variant>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace causeway {
namespace {

using namespace exchange;

/// Sets a value of our own from its name; the answer is what is wrong, empty if nothing.
using FromName = std::function<std::string(const std::string&)>;
using Place = std::variant<std::string*, bool*, std::uint16_t*, std::uint32_t*, double*, std::vector<std::string>*,
                           std::vector<tls::Pin>*, std::vector<Window>*, FromName>;
struct Key {
    std::string_view name;
    Place place;
};

template <class Enum, class Parse>
Place by_name(Enum& place, Parse parse, std::string_view choices) {
    return FromName([&place, parse, choices](const std::string& text) {
        const auto value = parse(text);
        if (!value) return fmt::format("must be one of {}", choices);
        place = *value;
        return std::string();
    });
}

std::string position(std::string_view file, const toml::source_region& region) {
    return fmt::format("{}:{}:{}", file, region.begin.line, region.begin.column);
}

template <class Number>
std::string set_number(const toml::node& node, Number& place) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value) return "must be a whole number";
    if (*value < 0 || *value > static_cast<std::int64_t>(std::numeric_limits<Number>::max()))
        return fmt::format("must be between 0 and {}", std::numeric_limits<Number>::max());
    place = static_cast<Number>(*value);
    return {};
}

std::string set_strings(const toml::node& node, std::vector<std::string>& place) {
    const auto* list = node.as_array();
    if (list == nullptr) return "must be a list of strings";
    for (const auto& item : *list) {
        const auto value = item.value_exact<std::string>();
        if (!value) return "must be a list of strings";
        place.push_back(*value);
    }
    return {};
}

std::string set_pins(const toml::node& node, std::vector<tls::Pin>& place) {
    std::vector<std::string> texts;
    if (auto fault = set_strings(node, texts); !fault.empty()) return fault;
    for (const auto& text : texts) {
        auto pin = tls::Pin::parse(text);
        if (pin.has_error()) return fmt::format("holds \"{}\": {}", text, pin.error().message);
        place.push_back(std::move(*pin));
    }
    return {};
}

std::string set_windows(const toml::node& node, std::vector<Window>& place) {
    std::vector<std::string> texts;
    if (auto fault = set_strings(node, texts); !fault.empty()) return fault;
    for (const auto& text : texts) {
        const auto window = Window::parse(text);
        if (!window) return fmt::format("holds \"{}\": write \"Mon-Fri 08:00-18:00\" or \"22:00-06:00\"", text);
        place.push_back(*window);
    }
    return {};
}

struct Setter {
    const toml::node& node;
    std::string operator()(std::string* place) const {
        const auto value = node.value_exact<std::string>();
        if (!value) return "must be a string";
        *place = *value;
        return {};
    }
    std::string operator()(bool* place) const {
        const auto value = node.value_exact<bool>();
        if (!value) return "must be true or false";
        *place = *value;
        return {};
    }
    std::string operator()(double* place) const {
        const auto value = node.value<double>();
        if (!value) return "must be a number";
        *place = *value;
        return {};
    }
    std::string operator()(std::uint16_t* place) const { return set_number(node, *place); }
    std::string operator()(std::uint32_t* place) const { return set_number(node, *place); }
    std::string operator()(std::vector<std::string>* place) const { return set_strings(node, *place); }
    std::string operator()(std::vector<tls::Pin>* place) const { return set_pins(node, *place); }
    std::string operator()(std::vector<Window>* place) const { return set_windows(node, *place); }
    std::string operator()(const FromName& from_name) const {
        const auto value = node.value_exact<std::string>();
        return value ? from_name(*value) : "must be a string";
    }
};

/// Reads tables into structs by lists of keys, and collects what is wrong with places in the file.
class TableReader {
public:
    TableReader(std::string_view file, std::vector<ops::ConfigFault>& faults) : file_(file), faults_(faults) {}

    /// Keys in `tables` are left to the caller.
    void read(const toml::table& table, const std::string& here, const std::vector<Key>& keys,
              const std::vector<std::string_view>& tables = {}) {
        for (const auto& [name, node] : table) {
            if (std::find(tables.begin(), tables.end(), name.str()) != tables.end()) continue;
            const auto key =
                std::find_if(keys.begin(), keys.end(), [&](const Key& each) { return each.name == name.str(); });
            if (key == keys.end()) {
                unknown(name, here, keys, tables);
            } else if (auto fault = std::visit(Setter{node}, key->place); !fault.empty()) {
                report(node.source(), fmt::format("{}: {} {}", here, key->name, fault));
            }
        }
    }

    const toml::table* table(const toml::table& parent, std::string_view name, const std::string& here) {
        const auto* node = parent.get(name);
        if (node == nullptr) return nullptr;
        if (node->as_table() == nullptr) report(node->source(), fmt::format("{}: {} must be a table", here, name));
        return node->as_table();
    }

    /// Calls `each` for the tables of the array `name`.
    void tables(const toml::table& parent, std::string_view name, const std::string& here,
                const std::function<void(const toml::table&)>& each) {
        const auto* node = parent.get(name);
        if (node == nullptr) return;
        const auto* list = node->as_array();
        if (list == nullptr) return report(node->source(), fmt::format("{}{} must be a list of tables", here, name));
        for (const auto& item : *list) {
            if (const auto* found = item.as_table()) {
                each(*found);
            } else {
                report(item.source(), fmt::format("{}{} must be a list of tables", here, name));
            }
        }
    }

    void report(const toml::source_region& where, std::string text) {
        faults_.push_back({position(file_, where), std::move(text)});
    }

private:
    void unknown(const toml::key& name, const std::string& here, const std::vector<Key>& keys,
                 const std::vector<std::string_view>& tables) {
        std::vector<std::string_view> known = tables;
        for (const auto& key : keys) known.push_back(key.name);
        const auto near = ops::nearest(name.str(), known);
        report(name.source(), fmt::format("{}: unknown setting {}{}", here, name.str(),
                                          near ? fmt::format("; did you mean {}?", *near) : ""));
    }

    std::string_view file_;
    std::vector<ops::ConfigFault>& faults_;
};

Partner partner_defaults(const ops::Config& config) {
    Partner partner;
    partner.our_application = config.exchange.application;
    partner.our_facility = config.exchange.facility;
    partner.timezone = config.exchange.timezone;
    partner.retry.first_ms = static_cast<std::uint32_t>(config.exchange.retry_first_ms);
    partner.retry.max_ms = static_cast<std::uint32_t>(config.exchange.retry_max_ms);
    return partner;
}

MllpEndpoint endpoint_defaults(const ops::Config& config) {
    MllpEndpoint endpoint;
    endpoint.connect_timeout_ms = static_cast<std::uint32_t>(config.exchange.connect_timeout_ms);
    endpoint.answer_timeout_ms = static_cast<std::uint32_t>(config.exchange.acknowledgement_timeout_ms);
    return endpoint;
}

std::optional<ProfileErrors> profile_errors(std::string_view text) {
    if (text == "report") return ProfileErrors::report;
    if (text == "refuse") return ProfileErrors::refuse;
    return std::nullopt;
}

std::string label(const toml::table& table, std::string_view kind) {
    const auto name = table["name"].value<std::string>();
    return name ? fmt::format("{} \"{}\"", kind, *name) : std::string(kind);
}

/// A list replaces the usual tolerances: ["usual", "lower_case_names"] adds one, [] is strict.
void read_syntax(const toml::table& table, const std::vector<std::string>& names, const std::string& here,
                 Tolerances& tolerated, TableReader& reader) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    if (const auto syntax = hl7v2::Tolerances::parse(views)) {
        tolerated.syntax = *syntax;
        return;
    }
    std::string known = "strict, usual, all";
    for (std::size_t i = 0; i < hl7v2::tolerance_count; ++i) {
        known.append(", ").append(hl7v2::name(static_cast<hl7v2::Tolerance>(i)));
    }
    reader.report(table.get("syntax")->source(), fmt::format("{}: tolerances: syntax may list {}", here, known));
}

/// Every way to a partner but MLLP, and what is watched of it.
void read_carriers(const toml::table& table, const std::string& here, Partner& partner, TableReader& reader) {
    if (const auto* http = reader.table(table, "http", here)) {
        auto& endpoint = partner.http.emplace();
        reader.read(*http, here + ": http",
                    {{"url", &endpoint.url},
                     {"format", &endpoint.format},
                     {"tls_ca", &endpoint.tls_ca},
                     {"tls_certificate", &endpoint.tls_certificate},
                     {"tls_key", &endpoint.tls_key},
                     {"authorization_file", &endpoint.authorization_file},
                     {"timeout_ms", &endpoint.timeout_ms}});
    }
    if (const auto* directory = reader.table(table, "directory", here)) {
        auto& endpoint = partner.directory.emplace();
        reader.read(*directory, here + ": directory",
                    {{"out", &endpoint.out},
                     {"in", &endpoint.in},
                     {"suffix", &endpoint.suffix},
                     {"every_ms", &endpoint.every_ms}});
    }
    if (const auto* sftp = reader.table(table, "sftp", here)) {
        auto& endpoint = partner.sftp.emplace();
        reader.read(*sftp, here + ": sftp",
                    {{"host", &endpoint.host},
                     {"port", &endpoint.port},
                     {"user", &endpoint.user},
                     {"key", &endpoint.key},
                     {"known_hosts", &endpoint.known_hosts},
                     {"out", &endpoint.out},
                     {"in", &endpoint.in},
                     {"suffix", &endpoint.suffix},
                     {"program", &endpoint.program},
                     {"every_ms", &endpoint.every_ms},
                     {"timeout_ms", &endpoint.timeout_ms}});
    }
    if (const auto* fhir = reader.table(table, "fhir", here)) {
        auto& endpoint = partner.fhir.emplace();
        reader.read(*fhir, here + ": fhir",
                    {{"base", &endpoint.base},
                     {"ids", &endpoint.ids},
                     {"token_url", &endpoint.token_url},
                     {"client_id", &endpoint.client_id},
                     {"scope", &endpoint.scope},
                     {"secret_file", &endpoint.secret_file},
                     {"key_file", &endpoint.key_file},
                     {"key_id", &endpoint.key_id},
                     {"tls_ca", &endpoint.tls_ca},
                     {"tls_certificate", &endpoint.tls_certificate},
                     {"tls_key", &endpoint.tls_key},
                     {"timeout_ms", &endpoint.timeout_ms}});
    }
    if (const auto* alerts = reader.table(table, "alerts", here)) {
        auto& rules = partner.alerts;
        reader.read(*alerts, here + ": alerts",
                    {{"queue_age_s", &rules.queue_age_s},
                     {"queue_depth", &rules.queue_depth},
                     {"errors_percent", &rules.errors_percent},
                     {"silence_s", &rules.silence_s},
                     {"paused", &rules.paused},
                     {"dead", &rules.dead},
                     {"held", &rules.held}});
    }
}

Partner read_partner(std::string_view name, const toml::table& table, const ops::Config& config, TableReader& reader) {
    Partner partner = partner_defaults(config);
    partner.name = name;
    const auto here = fmt::format("partner \"{}\"", name);
    reader.read(
        table, here,
        {{"kind", by_name(partner.kind, partner_kind, "lab, pharmacy, referral, hie, emr, registry, other")},
         {"application", &partner.application},
         {"facility", &partner.facility},
         {"our_application", &partner.our_application},
         {"our_facility", &partner.our_facility},
         {"version", &partner.version},
         {"charset", &partner.charset},
         {"unmappable", by_name(partner.unmappable, unmappable, "transliterate, question-mark, escape, refuse")},
         {"timezone", &partner.timezone},
         {"processing_id", &partner.processing_id},
         {"acknowledgement",
          by_name(partner.acknowledgement, acknowledgement_mode, "original, accept, accept-and-application, none")},
         {"sequence_numbers", &partner.sequence_numbers},
         {"sequence_numbers_sent", &partner.sequence_numbers_sent},
         {"acknowledge_apart", &partner.acknowledge_apart},
         {"site", &partner.site},
         {"certificates", &partner.certificates},
         {"identity_updates", &partner.identity_updates},
         {"addresses", &partner.addresses},
         {"accepts", &partner.accepts},
         {"own_authorities_only", &partner.own_authorities_only},
         {"cross_references", &partner.cross_references},
         {"profiles", &partner.profiles},
         {"profile_errors", by_name(partner.profile_errors, profile_errors, "report, refuse")},
         {"queue_max", &partner.queue_max},
         {"windows", &partner.windows},
         {"messages_per_minute", &partner.messages_per_minute},
         {"lanes", &partner.lanes}},
        {"mllp", "http", "directory", "sftp", "fhir", "retry", "tolerances", "alerts", "authority"});
    read_carriers(table, here, partner, reader);
    if (const auto* mllp = reader.table(table, "mllp", here)) {
        auto& endpoint = partner.mllp.emplace(endpoint_defaults(config));
        std::uint16_t release = endpoint.release;
        reader.read(*mllp, here + ": mllp",
                    {{"host", &endpoint.host},
                     {"port", &endpoint.port},
                     {"tls", &endpoint.tls},
                     {"tls_ca", &endpoint.tls_ca},
                     {"tls_certificate", &endpoint.tls_certificate},
                     {"tls_key", &endpoint.tls_key},
                     {"tls_pins", &endpoint.tls_pins},
                     {"tls_check_name", &endpoint.tls_check_name},
                     {"connect_timeout_ms", &endpoint.connect_timeout_ms},
                     {"answer_timeout_ms", &endpoint.answer_timeout_ms},
                     {"application_timeout_ms", &endpoint.application_timeout_ms},
                     {"idle_close_ms", &endpoint.idle_close_ms},
                     {"release", &release},
                     {"batch_messages_max", &endpoint.batch_messages_max},
                     {"fragment_bytes_max", &endpoint.fragment_bytes_max},
                     {"unframed_answers", &endpoint.unframed_answers}});
        endpoint.release = static_cast<std::uint8_t>(std::min<std::uint16_t>(release, UINT8_MAX));
    }
    if (const auto* retry = reader.table(table, "retry", here)) {
        auto& policy = partner.retry;
        reader.read(*retry, here + ": retry",
                    {{"first_ms", &policy.first_ms},
                     {"max_ms", &policy.max_ms},
                     {"jitter", &policy.jitter},
                     {"connection_attempts_max", &policy.connection_attempts_max},
                     {"timeout_attempts_max", &policy.timeout_attempts_max},
                     {"application_attempts_max", &policy.application_attempts_max},
                     {"rejected_attempts_max", &policy.rejected_attempts_max},
                     {"bad_answer_attempts_max", &policy.bad_answer_attempts_max},
                     {"stop_when_parked", &policy.stop_when_parked}});
    }
    if (const auto* tolerances = reader.table(table, "tolerances", here)) {
        auto& tolerated = partner.tolerances;
        std::vector<std::string> syntax;
        reader.read(*tolerances, here + ": tolerances",
                    {{"syntax", &syntax},
                     {"charset_override", &tolerated.charset_override},
                     {"default_charset", &tolerated.default_charset},
                     {"unmapped_is_error", &tolerated.unmapped_is_error},
                     {"accept_unknown_events", &tolerated.accept_unknown_events},
                     {"results_are_snapshots", &tolerated.results_are_snapshots}});
        if (tolerances->contains("syntax")) read_syntax(*tolerances, syntax, here, tolerated, reader);
    }
    reader.tables(table, "authority", here + ": ", [&](const toml::table& each) {
        auto& authority = partner.authorities.emplace_back();
        reader.read(each, here + ": authority",
                    {{"namespace", &authority.namespace_id},
                     {"oid", &authority.universal_id},
                     {"type", &authority.universal_type},
                     {"system", &authority.system},
                     {"national", &authority.national}});
    });
    return partner;
}

std::optional<WriteKind> write_kind(std::string_view text) {
    if (text == "create") return WriteKind::create;
    if (text == "update") return WriteKind::update;
    if (text == "delete") return WriteKind::remove;
    return std::nullopt;
}

RoutingRule read_route(const toml::table& table, TableReader& reader) {
    RoutingRule rule;
    std::vector<std::string> on;
    const auto here = label(table, "route");
    reader.read(table, here,
                {{"name", &rule.name},
                 {"resource", &rule.resource_type},
                 {"on", &on},
                 {"criteria", &rule.criteria},
                 {"messages", &rule.messages},
                 {"where", &rule.where},
                 {"codes", &rule.codes},
                 {"to", &rule.to},
                 {"as", &rule.as},
                 {"ordering_key", &rule.ordering_key}});
    for (const auto& name : on) {
        if (const auto kind = write_kind(name)) {
            rule.on.push_back(*kind);
        } else {
            reader.report(table.source(), fmt::format("{}: on must hold create, update or delete", here));
        }
    }
    return rule;
}

/// validate() names settings; operators want lines too.
std::string place_of(const ConfigurationFault& fault, const std::map<std::string, std::string>& places,
                     std::string_view file) {
    const auto name = fault.where.substr(0, fault.where.find(": "));
    const auto at = places.find(name);
    return at == places.end() ? std::string(file) : at->second;
}

}  // namespace

PartnersLoad load_partners(std::string_view text, std::string_view file_name, const ops::Config& config) {
    PartnersLoad load;
    const auto parsed = toml::parse(text, file_name);
    if (!parsed) {
        load.faults.push_back(
            {position(file_name, parsed.error().source()), std::string(parsed.error().description())});
        return load;
    }
    load.settings.duplicate_window_days = static_cast<std::uint32_t>(config.exchange.duplicate_window_days);
    load.settings.message_bytes_max = static_cast<std::uint32_t>(config.mllp.message_bytes_max);
    TableReader reader(file_name, load.faults);
    std::map<std::string, std::string> places;
    load.settings.unknown_sender = partner_defaults(config);
    load.settings.unknown_sender.name = ExchangeSettings::unnamed_sender().name;
    if (const auto* partners = reader.table(parsed.table(), "partner", "configuration")) {
        for (const auto& [name, node] : *partners) {
            if (const auto* table = node.as_table()) {
                places.emplace(fmt::format("partner \"{}\"", name.str()), position(file_name, name.source()));
                load.settings.partners.push_back(read_partner(name.str(), *table, config, reader));
            } else {
                reader.report(node.source(), "partner: write [partner.NAME]");
            }
        }
    }
    reader.tables(parsed.table(), "route", "", [&](const toml::table& table) {
        places.emplace(label(table, "route"), position(file_name, table.source()));
        load.settings.rules.push_back(read_route(table, reader));
    });
    for (const auto& fault : validate(load.settings)) {
        load.faults.push_back({place_of(fault, places, file_name), fault.where + " " + fault.text});
    }
    return load;
}

}  // namespace causeway
