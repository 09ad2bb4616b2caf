#include "gateway/patient_index/v2/feed_rules.hpp"

#include <algorithm>
#include <array>

#include "gateway/exchange/identity_keys.hpp"
#include "hl7v2/builder.hpp"

namespace causeway::patient_index::v2 {
namespace {

using exchange::Refusal;
using hl7v2::AckCode;
using hl7v2::ErrorCode;
using hl7v2::Position;

constexpr std::array<std::string_view, 13> merge_events = {"A18", "A30", "A34", "A35", "A36", "A39", "A40",
                                                           "A41", "A42", "A43", "A46", "A47", "A49"};

constexpr std::array<std::uint16_t, 5> patient_number_fields = {2, 3, 4, 18, 21};  // of PID

Refusal refused(AckCode code, ErrorCode error, std::string_view segment, Position position, std::string text) {
    return {code, error, std::string(segment), position, std::move(text)};
}

bool is_merge(const exchange::Envelope& envelope) {
    return std::find(merge_events.begin(), merge_events.end(), envelope.event) != merge_events.end();
}

class Feed {
public:
    Feed(const exchange::Envelope& envelope, const Authorities& authorities, storage::Reader& reader)
        : envelope_(envelope), authorities_(authorities), reader_(reader) {}

    std::optional<Refusal> run() {
        for (const auto segment : envelope_.message->view()) {
            if (segment.name() == "PID") {
                own_.clear();
                if (auto refusal = patient(segment)) return refusal;
            }
            if (segment.name() == "MRG" && is_merge(envelope_))
                if (auto refusal = merged(segment)) return refusal;
        }
        return std::nullopt;
    }

private:
    std::optional<Refusal> patient(const hl7v2::SegmentView& pid) {
        std::uint16_t repetition = 0;
        for (const auto cx : pid.field(3).repetitions()) {
            ++repetition;
            if (!cx.valued()) continue;
            const Position at{3, repetition, 4, 0};
            const auto hd = cx.component(4);
            if (!hd.valued())
                return refused(AckCode::ae, ErrorCode::required_field_missing, "PID", at,
                               "an identifier without assigning authority");
            const auto* domain = authorities_.find(hd);
            if (domain == nullptr)
                return refused(AckCode::ar, ErrorCode::unknown_key, "PID", at, "unknown assigning authority");
            if (domain->owned_by(envelope_.partner->name)) own_.push_back(domain);
        }
        if (repetition == 0)
            return refused(AckCode::ae, ErrorCode::required_field_missing, "PID", Position{3},
                           "a patient without identifier");
        if (own_.empty())
            return refused(AckCode::ar, ErrorCode::application_error, "PID", Position{3},
                           "no identifier is of a domain of the sender");
        return std::nullopt;
    }

    std::optional<Refusal> merged(const hl7v2::SegmentView& mrg) {
        std::uint16_t repetition = 0;
        for (const auto cx : mrg.field(1).repetitions()) {
            ++repetition;
            if (!cx.valued()) continue;
            const Position at{1, repetition, 4, 0};
            const auto* domain = authorities_.find(cx.component(4));
            if (domain == nullptr)
                return refused(AckCode::ar, ErrorCode::unknown_key, "MRG", at, "unknown assigning authority");
            if (std::find(own_.begin(), own_.end(), domain) == own_.end())
                return refused(AckCode::ar, ErrorCode::application_error, "MRG", at,
                               "the identifier is not of the sender's domain that PID-3 names");
            const auto key = exchange::identity_key("Patient", {}, domain->system, cx.value().text());
            if (!reader_.identity(key).value())
                return refused(AckCode::ae, ErrorCode::unknown_key, "MRG", Position{1, repetition, 1, 0},
                               "unknown patient identifier");
        }
        if (repetition == 0)
            return refused(AckCode::ae, ErrorCode::required_field_missing, "MRG", Position{1}, "MRG-1 is missing");
        return std::nullopt;
    }

    const exchange::Envelope& envelope_;
    const Authorities& authorities_;
    storage::Reader& reader_;
    std::vector<const Domain*> own_;  ///< domains of the sender that the current PID-3 names
};

}  // namespace

std::optional<Refusal> feed_refusal(const exchange::Envelope& envelope, const Authorities& authorities,
                                    storage::Reader& reader) {
    if (envelope.type != "ADT" || envelope.partner == nullptr || envelope.partner->authorities.empty())
        return std::nullopt;
    return Feed(envelope, authorities, reader).run();
}

namespace {

struct Reading {
    std::string_view event, as_event, as_structure;
};
constexpr std::array<Reading, 2> older_events = {{{"A30", "A40", "ADT_A39"}, {"A39", "A40", "ADT_A39"}}};

bool read_older_event(const hl7v2::MessageView& message, hl7v2::MessageBuilder& builder) {
    if (message.message_type() != "ADT") return false;
    for (const auto& reading : older_events) {
        if (message.trigger_event() != reading.event) continue;
        builder.header().set(Position{9, 1, 2, 0}, reading.as_event).set(Position{9, 1, 3, 0}, reading.as_structure);
        return true;
    }
    return false;
}

/// Writes the assigning authorities of one field in full.
bool complete_field(const hl7v2::SegmentView& segment, std::uint16_t field, const Authorities& authorities,
                    hl7v2::MessageBuilder& builder) {
    bool changed = false;
    std::uint16_t repetition = 0;
    for (const auto cx : segment.field(field).repetitions()) {
        ++repetition;
        const auto hd = cx.component(4);
        const auto* domain = hd.valued() ? authorities.find(hd) : nullptr;
        // where neither the universal id nor the name makes the configured system, the system itself is written
        if (domain == nullptr || domain->system == "urn:causeway:authority:" + domain->namespace_id) continue;
        const bool by_oid = domain->universal_type == "ISO" && domain->system == "urn:oid:" + domain->universal_id;
        auto writer = builder.segment(segment.index());
        writer.set(Position{field, repetition, 4, 1},
                   by_oid ? std::string_view(domain->namespace_id) : std::string_view());
        writer.set(Position{field, repetition, 4, 2}, by_oid ? domain->universal_id : domain->system);
        writer.set(Position{field, repetition, 4, 3}, by_oid ? std::string_view("ISO") : std::string_view("URI"));
        changed = true;
    }
    return changed;
}

/// Some countries' senders put the national number with its authority into PID-19, which is the US social security
/// number: it is read as one more of PID-3.
bool move_national_number(const hl7v2::SegmentView& pid, const Authorities& authorities,
                          hl7v2::MessageBuilder& builder) {
    const auto number = pid.field(19).repetition(1);
    const auto* domain = number.component(4).valued() ? authorities.find(number.component(4)) : nullptr;
    if (domain == nullptr) return false;
    const auto repetition = static_cast<std::uint16_t>(pid.field(3).repetition_count() + 1);
    auto writer = builder.segment(pid.index());
    writer.set(Position{3, repetition, 1, 0}, number.value().text());
    writer.set(Position{3, repetition, 4, 1}, domain->namespace_id);
    writer.set(Position{3, repetition, 4, 2}, domain->universal_id);
    writer.set(Position{3, repetition, 4, 3}, domain->universal_type);
    writer.set(19, {});
    return true;
}

/// A field of blanks says nothing.
bool clear_blanks(const hl7v2::SegmentView& pid, hl7v2::MessageBuilder& builder) {
    bool changed = false;
    for (const auto [number, field] : pid.fields()) {
        if (field.raw().empty() || field.raw().find_first_not_of(' ') != std::string_view::npos) continue;
        builder.segment(pid.index()).set(Position{static_cast<std::uint16_t>(number)}, {});
        changed = true;
    }
    return changed;
}

}  // namespace

std::unique_ptr<const hl7v2::Message> complete_message(const hl7v2::MessageView& message,
                                                       const Authorities& authorities) {
    auto builder = hl7v2::MessageBuilder::edit(message);
    bool changed = read_older_event(message, builder);
    for (const auto segment : message) {
        if (segment.name() == "PID") changed = clear_blanks(segment, builder) || changed;
        if (!authorities.configured()) continue;
        if (segment.name() == "PID")
            for (const auto field : patient_number_fields)
                changed = complete_field(segment, field, authorities, builder) || changed;
        if (segment.name() == "PID") changed = move_national_number(segment, authorities, builder) || changed;
        if (segment.name() == "MRG") changed = complete_field(segment, 1, authorities, builder) || changed;
    }
    if (!changed) return nullptr;
    auto built = builder.build();
    return built.has_error() ? nullptr : std::make_unique<const hl7v2::Message>(std::move(*built));
}

namespace {

/// Numbers of a person, an account or an insurance: shared by records, sometimes by a family.
bool names_no_record(fhir::Element identifier, std::string_view partner, const Authorities& authorities) {
    constexpr std::array<std::string_view, 14> types = {"SS", "DL",  "PPN", "MB", "SN",  "NI",  "NH",
                                                        "MC", "MCR", "MA",  "AN", "TAX", "ANC", "DN"};
    const auto system = identifier["system"].text();
    if (system == "http://hl7.org/fhir/sid/us-ssn" || system == "http://hl7.org/fhir/sid/us-mbi") return true;
    if (const auto* domain = authorities.find_system(system)) return domain->national && !domain->owned_by(partner);
    for (const auto coding : identifier["type"]["coding"].items())
        if (std::find(types.begin(), types.end(), coding["code"].text()) != types.end()) return true;
    return false;
}

}  // namespace

void restrict_keys(std::string_view partner, const Authorities& authorities, mappings::ForwardResult& mapped) {
    for (auto& resource : mapped.resources) {
        if (resource.type != "Patient" || !resource.doc) continue;
        std::vector<std::string> shared;
        for (const auto identifier : resource.doc->root()["identifier"].items())
            if (names_no_record(identifier, partner, authorities))
                shared.push_back(
                    exchange::identity_key("Patient", {}, identifier["system"].text(), identifier["value"].text()));
        std::vector<std::string> own;
        for (const auto key : resource.identity_keys)
            if (std::find(shared.begin(), shared.end(), key) == shared.end()) own.emplace_back(key);
        if (!own.empty() && own.size() != resource.identity_keys.size())
            mappings::replace_keys(mapped, resource, std::move(own));
    }
}

}  // namespace causeway::patient_index::v2
