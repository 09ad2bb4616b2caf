#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/alerts.hpp"
#include "gateway/exchange/timetable.hpp"
#include "gateway/tls/certificate.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/options.hpp"

namespace causeway::exchange {

/// What a partner is to us. It changes no rule by itself; it is shown to operators and picks defaults in examples.
enum class PartnerKind : std::uint8_t { lab, pharmacy, referral, hie, emr, registry, other };

/// What our messages to a partner ask for in MSH-15/16, and so which answer settles one (HL7 2.5.1 section 2.9).
enum class AcknowledgementMode : std::uint8_t {
    original,                ///< MSH-15/16 empty: one application acknowledgement, AA/AE/AR
    accept,                  ///< AL/NE: the commit acknowledgement CA/CE/CR settles it
    accept_and_application,  ///< AL/AL: CA first, then AA/AE/AR
    none,                    ///< NE/NE: no answer. MLLP release 2 only, whose commit block settles it
};

/// How a delivery can fail. Each has its own limit of attempts in RetryPolicy.
enum class FailureClass : std::uint8_t {
    connection,   ///< no connection, or it broke before an answer
    timeout,      ///< connected, sent, no answer in time
    application,  ///< AE or CE, or a code that is none of the six
    rejected,     ///< AR or CR
    bad_answer,   ///< an answer that is no acknowledgement or belongs to no message of ours
};

/// When to try again. Delays double from first_ms to max_ms; each is shortened by up to `jitter` of itself, so that
/// many queues do not come back in the same instant. Attempts count per message; 0 = without limit.
struct RetryPolicy {
    std::uint32_t first_ms = 1'000;
    std::uint32_t max_ms = 300'000;
    double jitter = 0.2;
    std::uint32_t connection_attempts_max = 0;
    std::uint32_t timeout_attempts_max = 0;
    std::uint32_t application_attempts_max = 5;
    std::uint32_t rejected_attempts_max = 1;
    std::uint32_t bad_answer_attempts_max = 10;
    /// After a message is parked: false = go on with the next, true = stop the queue until an operator resumes it.
    bool stop_when_parked = false;

    std::uint32_t attempts_max(FailureClass failure) const noexcept;
    friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

/// Where a partner listens for our MLLP messages.
struct MllpEndpoint {
    std::string host;
    std::uint16_t port = 0;
    bool tls = false;
    std::string tls_ca{};                      ///< the authorities of the partner's certificate; empty: the system's
    std::string tls_certificate{}, tls_key{};  ///< what we show, if the partner asks
    std::vector<tls::Pin> tls_pins{};          ///< if any: the partner's certificate must match one
    bool tls_check_name = true;                ///< its certificate must be for `host`
    std::uint32_t connect_timeout_ms = 10'000;
    std::uint32_t answer_timeout_ms = 30'000;
    std::uint32_t application_timeout_ms = 120'000;  ///< after CA, in accept_and_application mode
    std::uint32_t idle_close_ms = 600'000;           ///< an idle connection is closed; 0 = after each message
    std::uint8_t release = 1;              ///< of MLLP; 2: each block is answered by a commit block, NAK sends it again
    std::uint16_t batch_messages_max = 1;  ///< waiting messages that travel in one batch (BHS, BTS); 1: none do
    /// A longer message goes in fragments of so many bytes (ADD, DSC; 2.5.1 section 2.10.2); 0: none does.
    std::uint32_t fragment_bytes_max = 0;
    bool unframed_answers = false;  ///< its acknowledgements come without MLLP frame
    friend bool operator==(const MllpEndpoint&, const MllpEndpoint&) = default;
};

/// Where a partner takes messages by HTTP POST: HL7 v2 (`application/hl7-v2+er7`, answered by an acknowledgement), or
/// NCPDP SCRIPT-shaped XML (answered by Status, Error or Verify), or questions to a decision support service (CDS Hooks,
/// answered by cards).
struct HttpEndpoint {
    std::string url;
    std::string format = "er7";  ///< er7, script, cds-hooks
    std::string tls_ca{}, tls_certificate{}, tls_key{};
    std::string authorization_file{};  ///< holds the value of the header Authorization; empty: none is sent
    std::uint32_t timeout_ms = 30'000;
    friend bool operator==(const HttpEndpoint&, const HttpEndpoint&) = default;
};

/// Folders that a partner shares with us. What is written appears whole: it is renamed into place; what is picked up is
/// renamed away first.
struct DirectoryEndpoint {
    std::string out{};  ///< where our messages go; empty: none do
    std::string in{};   ///< where its messages lie; empty: none do
    std::string suffix = ".hl7";
    std::uint32_t every_ms = 2'000;  ///< between two looks
    friend bool operator==(const DirectoryEndpoint&, const DirectoryEndpoint&) = default;
};

/// The same by SFTP, through the platform's `sftp` program.
struct SftpEndpoint {
    std::string host, user;
    std::uint16_t port = 22;
    std::string key{};          ///< private key file
    std::string known_hosts{};  ///< file with the host's key; an unknown host is never trusted
    std::string out{}, in{};    ///< remote folders
    std::string suffix = ".hl7";
    std::string program = "sftp";
    std::uint32_t every_ms = 60'000, timeout_ms = 60'000;
    friend bool operator==(const SftpEndpoint&, const SftpEndpoint&) = default;
};

/// A FHIR server that our resources are pushed to in transactions.
struct FhirEndpoint {
    std::string base;
    /// Whose ids its resources have: ours (PUT by id), or its own, found by the first identifier (conditional PUT).
    std::string ids = "ours";
    std::string token_url{}, client_id{}, scope = "system/*.cruds";  ///< OAuth client credentials; empty: no token
    std::string secret_file{};                                       ///< client secret, or
    std::string key_file{}, key_id{};  ///< PEM private key (RSA or P-384) that signs an assertion (RFC 7523)
    std::string tls_ca{}, tls_certificate{}, tls_key{};
    std::uint32_t timeout_ms = 30'000;
    friend bool operator==(const FhirEndpoint&, const FhirEndpoint&) = default;
};

/// One namespace of identifiers, as HD writes it and as FHIR does (2.5.1 section 2.A.33).
struct AssigningAuthority {
    std::string namespace_id;    ///< HD.1
    std::string universal_id;    ///< HD.2
    std::string universal_type;  ///< HD.3, "ISO" when empty and universal_id is an OID
    std::string system;          ///< the identifier system in FHIR
    bool national = false;       ///< its numbers say who is who, whichever record holds them
    friend bool operator==(const AssigningAuthority&, const AssigningAuthority&) = default;
};

/// Deviations of a sender that are accepted in silence; what is not named here is still read where that is safe, and
/// counted.
struct Tolerances {
    std::string charset_override;        ///< instead of MSH-18, for senders that declare the wrong one
    std::string default_charset;         ///< where MSH-18 is empty and the bytes are not ASCII
    bool unmapped_is_error = false;      ///< a required element that cannot be mapped: AE (true) or a warning
    bool accept_unknown_events = false;  ///< store and answer AA to a message no map exists for, instead of AR
    bool results_are_snapshots = false;  ///< a result missing in a later report of the same filler number is withdrawn
    hl7v2::Tolerances syntax = hl7v2::Tolerances::usual();  ///< departures from the encoding rules, by name
    friend bool operator==(const Tolerances&, const Tolerances&) = default;
};

/// What becomes of a message to a partner that breaks one of its message profiles.
enum class ProfileErrors : std::uint8_t {
    report,  ///< it goes, and the report stands with it in the queue
    refuse,  ///< it becomes a dead letter
};

/// One system we exchange with.
///
/// Plain data: read from the configuration, checked by validate(), then immutable and shared. A changed configuration
/// is a new set of partners, swapped as a whole.
struct Partner {
    std::string name;  ///< unique; appears in rows, logs, metrics and as the principal's id
    PartnerKind kind = PartnerKind::other;

    // Its messages to us are recognised by these (MSH-3, MSH-4); empty matches any.
    std::string application;  ///< its name in MSH-3, and in MSH-5 of what we send
    std::string facility;     ///< MSH-4, MSH-6
    std::string our_application = "CAUSEWAY";
    std::string our_facility;

    /// If any: only connections that show one of these certificates speak for it.
    std::vector<tls::Pin> certificates;
    /// If any: only connections from one of these addresses or networks ("10.1.2.0/24") do.
    std::vector<std::string> addresses;
    /// If any: only these messages are taken from it, "ADT" (any event) or "ORU^R01".
    std::vector<std::string> accepts;
    /// Its messages may be about patients with identifiers of its own assigning authorities only (PID-3).
    bool own_authorities_only = false;

    // How we reach it: at most one of these sends. None: we never send to it.
    std::optional<MllpEndpoint> mllp;
    std::optional<HttpEndpoint> http;
    std::optional<DirectoryEndpoint> directory;
    std::optional<SftpEndpoint> sftp;
    std::optional<FhirEndpoint> fhir;
    std::vector<Window> windows;            ///< when messages may go, in its time zone; empty: always
    std::uint32_t messages_per_minute = 0;  ///< 0: as fast as it answers
    /// Connections that deliver side by side; messages of one ordering key keep their order.
    std::uint32_t lanes = 1;
    AlertRules alerts;
    std::string version = "2.5.1";  ///< MSH-12 of what we send
    std::string charset = "UNICODE UTF-8";
    hl7v2::Unmappable unmappable = hl7v2::Unmappable::transliterate;  ///< characters that the set lacks
    std::string timezone = "UTC";  ///< IANA name or offset, for its times without an offset
    AcknowledgementMode acknowledgement = AcknowledgementMode::original;
    std::string processing_id = "P";  ///< MSH-11 of what we send
    /// It numbers its messages to us in MSH-13 (2.5.1 section 2.10.1): gaps and repeats are told apart, MSA-4 says which
    /// number is expected.
    bool sequence_numbers = false;
    /// We number our messages to it. While the two sides disagree the queue is paused; resuming it makes our number the
    /// base.
    bool sequence_numbers_sent = false;
    /// An application acknowledgement that MSH-16 asks for goes as a message of its own over our connection to it, and
    /// not back over the one its message came on.
    bool acknowledge_apart = false;
    std::string site;  ///< map overrides; empty = the base library

    std::vector<AssigningAuthority> authorities;
    /// Namespaces of which it is told (ADT^A31, IHE ITI-10) when the numbers of one person change; "*": all. Empty: it is
    /// told nothing.
    std::vector<std::string> identity_updates;
    /// What it answers to a PIX query of ours is true: the identifiers become those of our patient.
    bool cross_references = false;
    Tolerances tolerances;
    /// Message profiles that what we send is checked against before it is queued: names of built-in ones, or files.
    std::vector<std::string> profiles;
    ProfileErrors profile_errors = ProfileErrors::report;
    RetryPolicy retry;
    std::uint32_t queue_max =
        1'000'000;  ///< outbox rows waiting; beyond it what would add one is refused, so nothing is dropped in silence

    /// Whether a connection that has shown this certificate (null: none) may bring messages in its name.
    bool speaks_through(const tls::Certificate* certificate) const noexcept;
    /// Whether anything is sent to it.
    bool reachable() const noexcept;
    friend bool operator==(const Partner&, const Partner&) = default;
};

/// Which FHIR write a rule looks at.
enum class WriteKind : std::uint8_t { create, update, remove };

/// One rule: what happened, under which condition, goes to whom, as what.
///
/// Rules are tried in the order of the configuration and every one that fits fires (fan-out); a rule never fires for a
/// write or message that came from the partner it leads to.
struct RoutingRule {
    std::string name;

    // Source: either FHIR ...
    std::string resource_type;  ///< "ServiceRequest"; empty = this is a v2 rule
    std::vector<WriteKind> on;  ///< empty = create and update
    std::string criteria;       ///< FHIR search criteria on that type, "status=active&intent=order"; empty = all
    // ... or v2.
    std::vector<std::string> messages;  ///< "ADT^A01", "ADT" (any event), "*"

    /// Empty = all. Of a v2 source a condition on paths, `PV1-2 in (I, O) and MSH-4 = "NORTH"`; of a FHIR source a
    /// FHIRPath expression, `priority = 'stat' and subject.resolve().active`.
    std::string where;
    std::string codes;  ///< file (code_list.hpp): only what names one of these codes; empty = all
    std::string to;     ///< partner
    /// The message to make: "OML^O21^OML_O21". Empty in a v2 rule: the message itself with its header re-addressed.
    std::string as;
    std::string
        ordering_key;  ///< "partner" (default: strictly in order) or "patient": what keeps its order in the queue

    bool from_fhir() const noexcept { return !resource_type.empty(); }
};

/// Everything the exchange is told by the configuration.
struct ExchangeSettings {
    std::vector<Partner> partners;
    std::vector<RoutingRule> rules;
    std::uint32_t duplicate_window_days = 30;
    std::uint32_t message_bytes_max = 64u << 20;
    /// What holds for a sender no partner describes. Its name is "unknown"; it cannot be sent to.
    Partner unknown_sender = unnamed_sender();
    bool accept_unknown_senders = true;  ///< false: they are answered AR

    static Partner unnamed_sender();
};

/// One fault of the configuration. `where` names the setting as the operator wrote it: `partner "lab": mllp.port`.
struct ConfigurationFault {
    std::string where;
    std::string text;
};

/// All faults, in the order of the configuration; empty = usable.
std::vector<ConfigurationFault> validate(const ExchangeSettings& settings);

/// The partner that speaks in MSH-3.1/MSH-4.1: the one with most names equal, the first of equals; `unknown_sender` or
/// null if none fits.
const Partner* find_sender(const ExchangeSettings& settings, std::string_view application, std::string_view facility);

const Partner* find_partner(const ExchangeSettings& settings, std::string_view name);

std::string_view to_string(PartnerKind kind) noexcept;
std::optional<PartnerKind> partner_kind(std::string_view text) noexcept;
std::string_view to_string(AcknowledgementMode mode) noexcept;
std::optional<hl7v2::Unmappable> unmappable(std::string_view text) noexcept;
std::optional<AcknowledgementMode> acknowledgement_mode(std::string_view text) noexcept;
std::string_view to_string(FailureClass failure) noexcept;

}  // namespace causeway::exchange
