#include "gateway/exchange/partner.hpp"

#include "gateway/exchange/sender_rights.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "gateway/exchange/condition.hpp"
#include "gateway/http/client.hpp"

namespace causeway::exchange {
namespace {

template <class T, std::size_t n>
using Names = std::array<std::pair<T, std::string_view>, n>;

constexpr Names<PartnerKind, 7> kinds = {{{PartnerKind::lab, "lab"},
                                          {PartnerKind::pharmacy, "pharmacy"},
                                          {PartnerKind::referral, "referral"},
                                          {PartnerKind::hie, "hie"},
                                          {PartnerKind::emr, "emr"},
                                          {PartnerKind::registry, "registry"},
                                          {PartnerKind::other, "other"}}};
constexpr Names<AcknowledgementMode, 4> modes = {
    {{AcknowledgementMode::original, "original"},
     {AcknowledgementMode::accept, "accept"},
     {AcknowledgementMode::accept_and_application, "accept-and-application"},
     {AcknowledgementMode::none, "none"}}};

constexpr Names<hl7v2::Unmappable, 4> unmappables = {{{hl7v2::Unmappable::transliterate, "transliterate"},
                                                      {hl7v2::Unmappable::question_mark, "question-mark"},
                                                      {hl7v2::Unmappable::escape, "escape"},
                                                      {hl7v2::Unmappable::refuse, "refuse"}}};

template <class T, std::size_t n>
std::string_view name_of(const Names<T, n>& names, T value) noexcept {
    for (const auto& [known, name] : names) {
        if (known == value) return name;
    }
    return "?";
}

template <class T, std::size_t n>
std::optional<T> value_of(const Names<T, n>& names, std::string_view text) noexcept {
    for (const auto& [value, name] : names) {
        if (name == text) return value;
    }
    return std::nullopt;
}

constexpr std::uint32_t fragment_bytes_least = 1'000;

/// Names go into rows, metric labels and paths: letters, digits, '-', '_' and '.', at most 64.
bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    });
}

/// Rules are named for people: printable, at most 64.
bool is_title(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return c >= ' ' && c != 0x7f && c != '"' && c != '\\';
    });
}

/// The form of an IANA name ("Europe/Berlin", "UTC") or of an offset ("+01:00"); whether the zone exists is seen when
/// it is loaded.
bool is_timezone(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '/' || c == '_' || c == '+' || c == '-' || c == ':';
    });
}

/// "ADT^A01", "ADT^A01^ADT_A01", "ADT".
bool is_message_type(std::string_view text, std::size_t parts_min) {
    std::size_t parts = 0;
    while (true) {
        const auto end = std::min(text.find('^'), text.size());
        const auto part = text.substr(0, end);
        ++parts;
        if (part.size() < 3 || part.size() > 7 || !std::all_of(part.begin(), part.end(), [](unsigned char c) {
                return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_';
            })) {
            return false;
        }
        if (end == text.size()) return parts >= parts_min && parts <= 3;
        text.remove_prefix(end + 1);
    }
}

/// What a resource can become for a partner that speaks SCRIPT.
bool is_script_message(std::string_view as) {
    constexpr std::array<std::string_view, 5> known = {"NewRx", "CancelRx", "RxRenewalRequest", "RxRenewalResponse",
                                                       "RxFill"};
    return std::find(known.begin(), known.end(), as) != known.end();
}

/// One pass over the settings; collects what it finds.
class Validator {
public:
    explicit Validator(const ExchangeSettings& settings) : settings_(settings) {}

    std::vector<ConfigurationFault> run() && {
        for (std::size_t i = 0; i < settings_.partners.size(); ++i) partner(settings_.partners[i], i);
        for (std::size_t i = 0; i < settings_.rules.size(); ++i) rule(settings_.rules[i], i);
        if (settings_.duplicate_window_days == 0) fault("exchange.duplicate_window_days", "must be at least 1");
        if (settings_.message_bytes_max < 1024) fault("exchange.message_bytes_max", "must be at least 1024");
        return std::move(faults_);
    }

private:
    void fault(std::string where, std::string text) { faults_.push_back({std::move(where), std::move(text)}); }

    void partner(const Partner& partner, std::size_t index) {
        const std::string here =
            partner.name.empty() ? "partner #" + std::to_string(index + 1) : "partner \"" + partner.name + "\"";
        if (!is_name(partner.name)) fault(here + ": name", "must be 1 to 64 of letters, digits, '-', '_', '.'");
        if (partner.name == settings_.unknown_sender.name)
            fault(here + ": name", "is taken by the senders that are not configured");
        if (!partner_names_.insert(partner.name).second) fault(here + ": name", "is used by another partner");
        if (!is_timezone(partner.timezone))
            fault(here + ": timezone", "must be a zone such as Europe/Berlin or +01:00");
        if (partner.processing_id != "P" && partner.processing_id != "T" && partner.processing_id != "D") {
            fault(here + ": processing_id", "must be P, T or D (table 0103)");
        }
        if (partner.queue_max == 0) fault(here + ": queue_max", "must be at least 1");
        for (const auto& each : partner.addresses)
            if (!is_network(each)) fault(here + ": addresses", "must be addresses or networks such as 10.1.2.0/24");
        if (partner.own_authorities_only && partner.cross_references)
            fault(here + ": cross_references",
                  "and own_authorities_only exclude each other: its answers name the authorities of others");
        if (partner.own_authorities_only && partner.authorities.empty())
            fault(here + ": own_authorities_only", "needs an authority");
        if (partner.mllp) endpoint(*partner.mllp, here);
        carriers(partner, here);
        protocol(partner, here);
        retry(partner.retry, here);
        std::set<std::string> systems;
        for (const auto& authority : partner.authorities) {
            if (authority.namespace_id.empty() && authority.universal_id.empty()) {
                fault(here + ": authorities", "an authority needs a namespace or a universal id");
            }
            if (authority.system.find(':') == std::string::npos) {
                fault(here + ": authorities", "system must be a URI, not \"" + authority.system + "\"");
            }
            if (!systems.insert(authority.system).second) {
                fault(here + ": authorities", "system " + authority.system + " is given twice");
            }
        }
    }

    void endpoint(const MllpEndpoint& endpoint, const std::string& here) {
        if (endpoint.host.empty()) fault(here + ": mllp.host", "is missing");
        if (endpoint.port == 0) fault(here + ": mllp.port", "must be 1 to 65535");
        if (endpoint.connect_timeout_ms == 0) fault(here + ": mllp.connect_timeout_ms", "must be at least 1");
        if (endpoint.answer_timeout_ms == 0) fault(here + ": mllp.answer_timeout_ms", "must be at least 1");
        if (endpoint.application_timeout_ms == 0) fault(here + ": mllp.application_timeout_ms", "must be at least 1");
        if (endpoint.fragment_bytes_max != 0 && endpoint.fragment_bytes_max < fragment_bytes_least) {
            fault(here + ": mllp.fragment_bytes_max",
                  "must be 0 or at least " + std::to_string(fragment_bytes_least) + ": a header has to fit");
        }
        if (endpoint.fragment_bytes_max != 0 && endpoint.batch_messages_max > 1) {
            fault(here + ": mllp.fragment_bytes_max", "and mllp.batch_messages_max exclude each other");
        }
    }

    void carriers(const Partner& partner, const std::string& here) {
        const int ways = (partner.mllp ? 1 : 0) + (partner.http ? 1 : 0) + (partner.fhir ? 1 : 0) +
                         (partner.directory && !partner.directory->out.empty() ? 1 : 0) +
                         (partner.sftp && !partner.sftp->out.empty() ? 1 : 0);
        if (ways > 1)
            fault(here, "has more than one way to be sent to: keep one of mllp, http, fhir, directory.out, sftp.out");
        if (partner.http) http(*partner.http, here);
        if (partner.fhir) fhir(*partner.fhir, here);
        if (partner.directory) {
            const auto& folder = *partner.directory;
            if (folder.out.empty() && folder.in.empty()) fault(here + ": directory", "needs in or out");
            if (folder.every_ms == 0) fault(here + ": directory.every_ms", "must be at least 1");
            suffix(folder.suffix, here + ": directory.suffix");
        }
        if (partner.sftp) {
            const auto& sftp = *partner.sftp;
            if (sftp.host.empty() || sftp.host.starts_with('-')) fault(here + ": sftp.host", "is missing");
            if (sftp.user.empty() || sftp.user.starts_with('-')) fault(here + ": sftp.user", "is missing");
            if (sftp.out.empty() && sftp.in.empty()) fault(here + ": sftp", "needs in or out");
            if (sftp.known_hosts.empty())
                fault(here + ": sftp.known_hosts", "is missing: a host whose key is not known is never trusted");
            if (sftp.every_ms < 1'000) fault(here + ": sftp.every_ms", "must be at least 1000");
            if (sftp.timeout_ms == 0) fault(here + ": sftp.timeout_ms", "must be at least 1");
            suffix(sftp.suffix, here + ": sftp.suffix");
            for (const auto* path : {&sftp.in, &sftp.out})
                if (path->find_first_of("\"\n\r") != std::string::npos)
                    fault(here + ": sftp", "in and out may hold no quotes and no line ends");
        }
    }

    void suffix(const std::string& text, const std::string& where) {
        const bool good =
            text.size() >= 2 && text.size() <= 16 && text.front() == '.' &&
            std::all_of(text.begin() + 1, text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
        if (!good) fault(where, "must be a dot and letters or digits, as .hl7");
    }

    void url(const std::string& text, const std::string& where) {
        if (!causeway::http::ClientUrl::parse(text)) fault(where, "must be a URL that begins with https:// or http://");
    }

    void http(const HttpEndpoint& endpoint, const std::string& here) {
        url(endpoint.url, here + ": http.url");
        if (endpoint.format != "er7" && endpoint.format != "script" && endpoint.format != "cds-hooks")
            fault(here + ": http.format", "must be er7, script or cds-hooks");
        if (endpoint.tls_certificate.empty() != endpoint.tls_key.empty())
            fault(here + ": http.tls_key", "and tls_certificate need each other");
        if (endpoint.timeout_ms == 0) fault(here + ": http.timeout_ms", "must be at least 1");
    }

    void fhir(const FhirEndpoint& endpoint, const std::string& here) {
        url(endpoint.base, here + ": fhir.base");
        if (endpoint.ids != "ours" && endpoint.ids != "theirs") fault(here + ": fhir.ids", "must be ours or theirs");
        if (endpoint.timeout_ms == 0) fault(here + ": fhir.timeout_ms", "must be at least 1");
        if (endpoint.tls_certificate.empty() != endpoint.tls_key.empty())
            fault(here + ": fhir.tls_key", "and tls_certificate need each other");
        const bool secret = !endpoint.secret_file.empty(), key = !endpoint.key_file.empty();
        if (endpoint.token_url.empty()) {
            if (secret || key || !endpoint.client_id.empty())
                fault(here + ": fhir.token_url", "is missing: client_id, secret_file and key_file need it");
            return;
        }
        url(endpoint.token_url, here + ": fhir.token_url");
        if (endpoint.client_id.empty()) fault(here + ": fhir.client_id", "is missing");
        if (secret == key) fault(here + ": fhir", "token_url needs secret_file or key_file, and not both");
        if (key && endpoint.key_id.empty()) fault(here + ": fhir.key_id", "is missing: the kid of key_file");
    }

    /// What of the protocols a partner can speak goes together.
    void protocol(const Partner& partner, const std::string& here) {
        const bool release_2 = partner.mllp && partner.mllp->release == 2;
        if (!partner.mllp &&
            (partner.sequence_numbers_sent || partner.acknowledgement == AcknowledgementMode::accept_and_application))
            fault(here + ": acknowledgement", "accept-and-application and sequence_numbers_sent need an mllp endpoint");
        const bool batches = partner.mllp && partner.mllp->batch_messages_max > 1;
        if (partner.mllp && partner.mllp->release != 1 && !release_2) fault(here + ": mllp.release", "must be 1 or 2");
        if (partner.mllp && partner.mllp->batch_messages_max == 0) {
            fault(here + ": mllp.batch_messages_max", "must be at least 1");
        }
        if (partner.acknowledgement == AcknowledgementMode::none && !release_2) {
            fault(here + ": acknowledgement",
                  "none needs mllp.release 2: nothing else would say that a message arrived");
        }
        if (partner.sequence_numbers_sent && batches) {
            fault(here + ": sequence_numbers_sent", "and mllp.batch_messages_max exclude each other");
        }
        if (partner.sequence_numbers_sent && partner.acknowledgement == AcknowledgementMode::none) {
            fault(here + ": sequence_numbers_sent", "needs answers: acknowledgement is none");
        }
        if (partner.lanes == 0 || partner.lanes > 64) fault(here + ": lanes", "must be 1 to 64");
        if (partner.lanes > 1 && (batches || partner.sequence_numbers_sent || partner.messages_per_minute != 0))
            fault(here + ": lanes",
                  "more than one excludes mllp.batch_messages_max, sequence_numbers_sent and messages_per_minute");
        if (partner.lanes > 1 && partner.mllp && partner.mllp->fragment_bytes_max != 0)
            fault(here + ": lanes",
                  "more than one excludes mllp.fragment_bytes_max: fragments go one behind the other");
        if (partner.lanes > 1 && !partner.mllp && !partner.http && !partner.fhir)
            fault(here + ": lanes", "more than one needs mllp, http or fhir");
        if (partner.acknowledge_apart && !partner.mllp) {
            fault(here + ": acknowledge_apart", "needs an mllp endpoint to send to");
        }
    }

    void retry(const RetryPolicy& policy, const std::string& here) {
        if (policy.first_ms == 0) fault(here + ": retry.first_ms", "must be at least 1");
        if (policy.max_ms < policy.first_ms) fault(here + ": retry.max_ms", "must not be less than retry.first_ms");
        if (!(policy.jitter >= 0.0 && policy.jitter <= 1.0)) fault(here + ": retry.jitter", "must be between 0 and 1");
    }

    void rule(const RoutingRule& rule, std::size_t index) {
        const std::string here =
            rule.name.empty() ? "route #" + std::to_string(index + 1) : "route \"" + rule.name + "\"";
        if (!is_title(rule.name)) fault(here + ": name", "must be 1 to 64 printable characters without quotes");
        if (!rule_names_.insert(rule.name).second) fault(here + ": name", "is used by another route");
        if (rule.from_fhir() == !rule.messages.empty()) {
            fault(here, "needs either a resource type or v2 messages as its source, not both and not neither");
        }
        const Partner* to = find_partner(settings_, rule.to);
        const bool to_fhir = to != nullptr && to->fhir.has_value();
        const bool to_cds = to != nullptr && to->http && to->http->format == "cds-hooks";
        const bool to_script = to != nullptr && to->http && to->http->format == "script";
        if (rule.from_fhir() && rule.as.empty() && !to_fhir)
            fault(here + ": as", "is missing: which message a resource becomes");
        if (to_fhir && !rule.from_fhir())
            fault(here, "a FHIR server is sent resources: the route needs a resource type");
        if (!rule.from_fhir() && !rule.criteria.empty())
            fault(here + ": criteria", "belongs to a FHIR source; use where");
        for (const auto& message : rule.messages) {
            if (message != "*" && !is_message_type(message, 1)) {
                fault(here + ": messages", "\"" + message + "\" is no message type such as ORU^R01 or ADT");
            }
        }
        if (to_fhir) {
            if (!rule.as.empty() && rule.as != "transaction" && rule.as != "ITI-65")
                fault(here + ": as", "must be transaction or ITI-65 for a FHIR server");
        } else if (to_cds) {
            const bool order = rule.resource_type == "MedicationRequest" || rule.resource_type == "ServiceRequest";
            if (!order || rule.as != "order-sign")
                fault(here + ": as", "must be order-sign, of a MedicationRequest or ServiceRequest");
        } else if (to_script) {
            if (!rule.from_fhir() || !is_script_message(rule.as))
                fault(here + ": as", "must be a SCRIPT message such as NewRx, made from a resource");
        } else if (!rule.as.empty() && !is_message_type(rule.as, 2)) {
            fault(here + ": as", "\"" + rule.as + "\" is no message such as OML^O21^OML_O21");
        }
        if (const auto condition = Condition::parse(rule.where); !rule.from_fhir() && condition.has_error()) {
            fault(here + ": where",
                  condition.error().text + " at character " + std::to_string(condition.error().position + 1));
        }
        if (!rule.ordering_key.empty() && rule.ordering_key != "patient" && rule.ordering_key != "partner") {
            fault(here + ": ordering_key", "must be patient or partner");
        }
        if (to == nullptr) {
            fault(here + ": to", rule.to.empty() ? "is missing" : "\"" + rule.to + "\" is not a configured partner");
        } else if (!to->reachable()) {
            fault(here + ": to",
                  "partner \"" + rule.to + "\" has no endpoint to send to (mllp, http, fhir, directory.out, sftp.out)");
        }
    }

    const ExchangeSettings& settings_;
    std::vector<ConfigurationFault> faults_;
    std::set<std::string> partner_names_, rule_names_;
};

}  // namespace

std::uint32_t RetryPolicy::attempts_max(FailureClass failure) const noexcept {
    switch (failure) {
        case FailureClass::connection:
            return connection_attempts_max;
        case FailureClass::timeout:
            return timeout_attempts_max;
        case FailureClass::application:
            return application_attempts_max;
        case FailureClass::rejected:
            return rejected_attempts_max;
        case FailureClass::bad_answer:
            return bad_answer_attempts_max;
    }
    return 1;
}

Partner ExchangeSettings::unnamed_sender() {
    Partner partner;
    partner.name = "unknown";
    return partner;
}

std::vector<ConfigurationFault> validate(const ExchangeSettings& settings) { return Validator(settings).run(); }

bool Partner::speaks_through(const tls::Certificate* certificate) const noexcept {
    if (certificates.empty()) return true;
    return certificate != nullptr && std::any_of(certificates.begin(), certificates.end(),
                                                 [&](const tls::Pin& each) { return each.matches(*certificate); });
}

bool Partner::reachable() const noexcept {
    return mllp || http || fhir || (directory && !directory->out.empty()) || (sftp && !sftp->out.empty());
}

const Partner* find_sender(const ExchangeSettings& settings, std::string_view application, std::string_view facility) {
    const Partner* best = nullptr;
    int best_score = 0;
    for (const auto& partner : settings.partners) {
        if (!partner.application.empty() && partner.application != application) continue;
        if (!partner.facility.empty() && partner.facility != facility) continue;
        const int score = (partner.application.empty() ? 0 : 2) + (partner.facility.empty() ? 0 : 1);
        if (score > best_score) {
            best = &partner;
            best_score = score;
        }
    }
    if (best != nullptr) return best;
    return settings.accept_unknown_senders ? &settings.unknown_sender : nullptr;
}

const Partner* find_partner(const ExchangeSettings& settings, std::string_view name) {
    if (name.empty()) return nullptr;
    const auto at = std::find_if(settings.partners.begin(), settings.partners.end(),
                                 [&](const Partner& partner) { return partner.name == name; });
    return at == settings.partners.end() ? nullptr : &*at;
}

std::string_view to_string(PartnerKind kind) noexcept { return name_of(kinds, kind); }
std::optional<PartnerKind> partner_kind(std::string_view text) noexcept { return value_of(kinds, text); }
std::string_view to_string(AcknowledgementMode mode) noexcept { return name_of(modes, mode); }
std::optional<hl7v2::Unmappable> unmappable(std::string_view text) noexcept { return value_of(unmappables, text); }
std::optional<AcknowledgementMode> acknowledgement_mode(std::string_view text) noexcept {
    return value_of(modes, text);
}

std::string_view to_string(FailureClass failure) noexcept {
    switch (failure) {
        case FailureClass::connection:
            return "connection";
        case FailureClass::timeout:
            return "timeout";
        case FailureClass::application:
            return "application";
        case FailureClass::rejected:
            return "rejected";
        case FailureClass::bad_answer:
            return "bad-answer";
    }
    return "?";
}

}  // namespace causeway::exchange
