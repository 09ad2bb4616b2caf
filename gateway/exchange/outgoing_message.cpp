#include "gateway/exchange/outgoing_message.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "fhir/json/json.hpp"
#include "gateway/exchange/candidate.hpp"
#include "gateway/exchange/fhir_push.hpp"
#include "gateway/exchange/pharmacy_rules.hpp"
#include "gateway/exchange/script/script_writer.hpp"
#include "hl7v2/builder.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/continuation.hpp"
#include "hl7v2/mllp.hpp"
#include "mappings/engine/backward.hpp"

namespace causeway::exchange {
namespace {

using namespace hl7v2::literals;

/// The relative references of a document, "Type/id", in document order.
std::vector<std::string> references_of(fhir::Element root) {
    std::vector<std::string> found;
    std::vector<fhir::Element> open = {root};
    for (std::size_t i = 0; i < open.size(); ++i) {
        for (const auto child : open[i].children()) {
            if (child.kind() == fhir::Kind::object || child.kind() == fhir::Kind::array) open.push_back(child);
        }
        if (const auto reference = relative_reference(open[i]))
            found.push_back(std::string(reference.type) + "/" + std::string(reference.id));
        const auto content = open[i]["url"].text();  // of an attachment: the document itself
        if (content.starts_with("Binary/") && content.find('/', 7) == std::string_view::npos)
            found.emplace_back(content);
    }
    return found;
}

/// "OML^O21^OML_O21" apart; the structure defaults to type_event.
struct MessageName {
    std::string type, event, structure;
    explicit MessageName(std::string_view text) {
        const auto first = std::min(text.find('^'), text.size());
        type = text.substr(0, first);
        text.remove_prefix(std::min(first + 1, text.size()));
        const auto second = std::min(text.find('^'), text.size());
        event = text.substr(0, second);
        text.remove_prefix(std::min(second + 1, text.size()));
        structure = text.empty() ? type + "_" + event : std::string(text);
    }
};

void set_acknowledgement_wishes(hl7v2::MessageBuilder& builder, AcknowledgementMode mode) {
    switch (mode) {
        case AcknowledgementMode::original:
            builder.set("MSH-15"_v2, "");
            builder.set("MSH-16"_v2, "");
            return;
        case AcknowledgementMode::accept:
            builder.set("MSH-15"_v2, "AL");
            builder.set("MSH-16"_v2, "NE");
            return;
        case AcknowledgementMode::accept_and_application:
            builder.set("MSH-15"_v2, "AL");
            builder.set("MSH-16"_v2, "AL");
            return;
        case AcknowledgementMode::none:
            builder.set("MSH-15"_v2, "NE");
            builder.set("MSH-16"_v2, "NE");
            return;
    }
}

/// In the partner's character set, which MSH-18 then names. Empty, and the fault is said, if it cannot be sent so.
std::string encode_text(std::string_view text, const Partner& partner, std::string& fault) {
    auto encoded = hl7v2::encode_message(text, partner.charset, partner.unmappable);
    if (encoded.has_error()) {
        fault = "charset: " + std::string(hl7v2::describe(encoded.error().code));
    } else if (!hl7v2::mllp::can_frame(encoded->bytes)) {
        fault = "frame: the message holds a byte that MLLP reserves";
    } else {
        return std::move(encoded->bytes);
    }
    return {};
}

/// The message, cut if it is longer than `most` bytes (0: never). The last fragment keeps the message's control id: its
/// answer is the answer to the whole (2.5.1 section 2.10.2.2), so the others ask for no application acknowledgement.
std::vector<MadeMessage::Fragment> cut(const std::string& text, std::size_t most, const MessageParties& parties,
                                       std::string& fault) {
    if (most == 0 || text.size() <= most || !parties.next_id) return {{std::string(parties.control_id), text}};
    const auto view = hl7v2::MessageView::parse(std::string_view(text));
    const auto parts =
        view ? hl7v2::fragment(*view, most, parties.next_id) : hl7v2::Result<std::vector<std::string>>(view.error());
    if (!parts) {
        fault = "fragments: " + std::string(hl7v2::describe(parts.error().code));
        return {};
    }
    std::vector<MadeMessage::Fragment> out;
    for (std::size_t i = 0; i < parts->size(); ++i) {
        const bool last = i + 1 == parts->size();
        const auto part = hl7v2::MessageView::parse(std::string_view((*parts)[i]));
        if (!part) {
            fault = "fragments: " + std::string(hl7v2::describe(part.error().code));
            return {};
        }
        // the first has the message's id, which the last is to have
        std::string id(last ? parties.control_id : part->control_id());
        if (i == 0 && !last) id = parties.next_id();
        auto builder = hl7v2::MessageBuilder::edit(*part);
        builder.set("MSH-10"_v2, id);
        if (!last && part->at("MSH-16"_v2).valued()) builder.set("MSH-16"_v2, "NE");
        out.push_back({std::move(id), builder.text()});
    }
    return out;
}

MadeMessage encode(const hl7v2::MessageBuilder& builder, const Partner& partner, const MessageParties& parties,
                   std::string kind) {
    MadeMessage made;
    made.kind = std::move(kind);
    const std::string text = builder.text();
    const std::size_t most = partner.mllp ? partner.mllp->fragment_bytes_max : 0;
    // The partner counts the bytes of its own character set, and MSH-18 comes to them: what got too long is cut shorter.
    for (std::size_t size = most, over = 0; made.fault.empty(); size -= over) {
        made.before = cut(text, size, parties, made.fault);
        over = 0;
        for (auto& part : made.before) {
            if (made.fault.empty()) part.bytes = encode_text(part.bytes, partner, made.fault);
            if (most != 0 && part.bytes.size() > most) over = std::max(over, part.bytes.size() - most);
        }
        if (over == 0 || over >= size || !parties.next_id) break;
    }
    if (!made.fault.empty()) {
        made.before.clear();
        return made;
    }
    made.bytes = std::move(made.before.back().bytes);
    made.before.pop_back();
    return made;
}

/// A number below 2.25 (X.667) that stands for a name: its first bytes.
std::string oid_arc(std::string_view name) {
    std::uint64_t value = 14'695'981'039'346'656'037u;
    for (const char c : name) value = (value ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
    return std::to_string(value);
}

/// 2026-03-02T14:02:07.250Z -> 20260302140207.250+0000
std::string hl7_time(std::string_view instant) {
    std::string out;
    for (const char c : instant.substr(0, 23)) {
        if ((c >= '0' && c <= '9') || c == '.') out += c;
    }
    return out + "+0000";
}

}  // namespace

storage::Result<std::vector<fhir::DocumentPtr>> gather(storage::Reader& reader, fhir::DocumentPtr anchor,
                                                       std::size_t resources_max) {
    std::vector<fhir::DocumentPtr> found = {std::move(anchor)};
    std::unordered_set<std::string> known;
    known.insert(std::string(found[0]->resource_type()) + "/" + std::string(found[0]->id()));
    for (std::size_t i = 0; i < found.size(); ++i) {
        for (const auto& reference : references_of(found[i]->root())) {
            if (found.size() >= resources_max) return found;
            if (!known.insert(reference).second) continue;
            const auto slash = reference.find('/');
            auto stored = reader.read(reference.substr(0, slash), reference.substr(slash + 1));
            if (stored.has_error()) return stored.error();
            if (!*stored || (*stored)->erased()) continue;
            auto document = fhir::parse_json(std::move((*stored)->body.json));
            if (document.has_error()) continue;
            found.push_back(std::move(*document));
        }
    }
    return found;
}

namespace {

/// What the resource's own elements do not say of the event: a renewal that is asked for (RF), approved (AF) or denied
/// (DF), and how much was dispensed.
void set_pharmacy_event(hl7v2::MessageBuilder& builder, const std::vector<fhir::DocumentPtr>& resources) {
    const auto& anchor = *resources.front();
    const auto root = anchor.root();
    const auto status = root["status"].text();
    if (anchor.resource_type() == "MedicationRequest") {
        const bool proposal = root["intent"].text() == "proposal";
        if (proposal && status == "draft") builder.set("ORC-1"_v2, "RF");
        if (proposal && (status == "cancelled" || status == "stopped")) builder.set("ORC-1"_v2, "DF");
        if (!proposal && status == "active" && answers_renewal(resources)) builder.set("ORC-1"_v2, "AF");
    } else if (anchor.resource_type() == "MedicationDispense") {
        if (status == "completed") builder.set("ORC-5"_v2, "CM");
        if (status == "in-progress" || status == "preparation") builder.set("ORC-5"_v2, "A");
        if (status == "declined" || status == "stopped") {
            builder.set("ORC-1"_v2, "UF");
            builder.set("ORC-5"_v2, "CA");
        }
    }
}

bool is_controlled_substance(const hl7v2::MessageView& message) {
    return script::is_controlled(message.at("RXE-35.1"_v2).text());
}

MadeMessage make_v2(const mappings::MapSet& maps, const Partner& partner, std::string_view as,
                    const std::vector<fhir::DocumentPtr>& resources, const MessageParties& parties);

MadeMessage make_script(const mappings::MapSet& maps, const Partner& partner, std::string_view as,
                        const std::vector<fhir::DocumentPtr>& resources, const MessageParties& parties) {
    Partner utf8 = partner;
    utf8.charset = "UNICODE UTF-8";
    auto made = make_v2(maps, utf8, script::v2_name(as), resources, parties);
    made.kind = std::string("SCRIPT ") + std::string(as);
    if (!made.fault.empty()) return made;
    const auto view = hl7v2::MessageView::parse(made.bytes);
    auto written = view.has_error() ? script::Written{{}, "map: the message cannot be read"}
                                    : script::write(as, *view, parties.now);
    made.bytes = std::move(written.xml);
    made.fault = std::move(written.fault);
    return made;
}

}  // namespace

MadeMessage make_message(const mappings::MapSet& maps, const Partner& partner, std::string_view as,
                         const std::vector<fhir::DocumentPtr>& resources, const MessageParties& parties) {
    if (partner.fhir) {
        if (as == "ITI-65")
            return make_document_submission(resources, "urn:oid:2.25." + oid_arc(partner.our_application), parties.now,
                                            "urn:oid:2.25." + oid_arc(parties.control_id));
        return make_transaction(resources, partner.fhir->ids == "theirs");
    }
    if (partner.http && partner.http->format == "script") return make_script(maps, partner, as, resources, parties);
    return make_v2(maps, partner, as, resources, parties);
}

namespace {

MadeMessage make_v2(const mappings::MapSet& maps, const Partner& partner, std::string_view as,
                    const std::vector<fhir::DocumentPtr>& resources, const MessageParties& parties) {
    const MessageName name(as);
    MadeMessage made;
    made.kind = name.type + "^" + name.event;
    const auto plan = maps.plan(partner.site, partner.version);
    if (!plan) {
        made.fault = "no maps for site \"" + partner.site + "\"";
        return made;
    }
    std::vector<mappings::SourceResource> sources;
    for (const auto& resource : resources) sources.push_back({resource->root(), {}});
    mappings::BackwardContext context;
    context.now = parties.now;
    context.control_id = parties.control_id;
    context.sending_application = partner.our_application;
    context.sending_facility = partner.our_facility;
    context.receiving_application = partner.application;
    context.receiving_facility = partner.facility;
    context.version = partner.version;
    context.processing_id = partner.processing_id;
    context.event = name.event;
    context.anchor = std::string(resources.front()->resource_type()) + "/" + std::string(resources.front()->id());
    const auto result = mappings::backward(*plan, sources, name.structure, context);
    if (result.refused || result.er7.empty()) {
        made.fault = "map";
        for (const auto& issue : result.issues) {
            if (issue.severity == mappings::Severity::error)
                made.fault += ": " + issue.code + (issue.v2_path.empty() ? "" : " " + issue.v2_path);
        }
        return made;
    }
    const auto view = hl7v2::MessageView::parse(result.er7);
    if (view.has_error()) {
        made.fault = "map: the message cannot be read";
        return made;
    }
    if (is_controlled_substance(*view)) {
        made.fault = "controlled substance: only its original may be sent";
        return made;
    }
    auto builder = hl7v2::MessageBuilder::edit(*view);
    set_acknowledgement_wishes(builder, partner.acknowledgement);
    set_pharmacy_event(builder, resources);
    return encode(builder, partner, parties, std::move(made.kind));
}

}  // namespace

MadeMessage readdress(const Partner& partner, const hl7v2::MessageView& message, const MessageParties& parties) {
    auto builder = hl7v2::MessageBuilder::edit(message);
    builder.set("MSH-3"_v2, partner.our_application);
    builder.set("MSH-4"_v2, partner.our_facility);
    builder.set("MSH-5"_v2, partner.application);
    builder.set("MSH-6"_v2, partner.facility);
    builder.set("MSH-7"_v2, hl7_time(parties.now));
    builder.set("MSH-10"_v2, parties.control_id);
    builder.set("MSH-11"_v2, partner.processing_id);
    set_acknowledgement_wishes(builder, partner.acknowledgement);
    return encode(builder, partner, parties,
                  std::string(message.message_type()) + "^" + std::string(message.trigger_event()));
}

}  // namespace causeway::exchange
