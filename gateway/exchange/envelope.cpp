#include "gateway/exchange/envelope.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <utility>

#include "gateway/exchange/script/script_reader.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/continuation.hpp"
#include "hl7v2/dictionary/dictionary.hpp"

namespace causeway::exchange {
namespace {

using namespace hl7v2::literals;

/// The content but for MSH-7: a resend may carry a new time.
storage::ContentHash hash_without_time(const hl7v2::MessageView& message) {
    const auto bytes = message.bytes();
    const auto time = message[0].field(7).raw();
    const auto from = time.empty() ? bytes.size() : message.offset_of(time);
    storage::ContentHash hash{};
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    unsigned size = 0;
    const auto rest = bytes.substr(std::min(bytes.size(), from + time.size()));
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), bytes.data(), from) != 1 ||
        EVP_DigestUpdate(context.get(), rest.data(), rest.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(hash.data()), &size) != 1 ||
        size != hash.size()) {
        throw std::runtime_error("SHA-256 failed");
    }
    return hash;
}

hl7v2::ParseOptions parse_options(const ExchangeSettings& settings, const Partner* sender) {
    hl7v2::ParseOptions options;
    if (sender != nullptr) options.tolerances = sender->tolerances.syntax;
    options.limits.message_bytes_max = settings.message_bytes_max;
    return options;
}

/// In the place of an MSH-10 that a sender leaves out: the same for the same content, so that a repeat is known.
std::string id_of_content(const storage::ContentHash& hash) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string id = "#";
    for (const auto byte : std::span(hash).first(12)) {
        const auto value = static_cast<unsigned char>(byte);
        id.append(1, digits[value >> 4U]).append(1, digits[value & 0x0FU]);
    }
    return id;
}

Refusal refuse(hl7v2::ErrorCode error, std::uint16_t field, std::string text) {
    return {hl7v2::AckCode::ar, error, "MSH", hl7v2::Position{field}, std::move(text)};
}

/// What an engine must be able to name before it can work on a message (2.5.1 section 2.9.2.2).
std::optional<Refusal> check_header(const Envelope& envelope) {
    using hl7v2::ErrorCode;
    if (envelope.control_id.empty()) return refuse(ErrorCode::required_field_missing, 10, "MSH-10 is missing");
    if (envelope.control_id.size() > 199)
        return refuse(ErrorCode::value_too_long, 10, "MSH-10 is longer than 199 characters");
    if (envelope.type.empty()) return refuse(ErrorCode::required_field_missing, 9, "MSH-9 is missing");
    if (!envelope.processing_id.empty() && envelope.processing_id != "P" && envelope.processing_id != "T" &&
        envelope.processing_id != "D") {
        return refuse(ErrorCode::unsupported_processing_id, 11, "MSH-11 must be P, T or D");
    }
    if (!envelope.version.empty() && !envelope.version.starts_with("2.")) {
        return refuse(ErrorCode::unsupported_version, 12, "MSH-12 is not a version 2");
    }
    if (envelope.partner == nullptr)
        return refuse(ErrorCode::internal_error, 3, "the sender in MSH-3 and MSH-4 is not a configured partner");
    return std::nullopt;
}

/// The first MSH-3.1 and MSH-4.1 of bytes in any character set: ASCII in all of them.
const Partner* find_partner_raw(std::string_view bytes, const ExchangeSettings& settings) {
    const auto head =
        hl7v2::MessageView::parse(bytes.substr(0, bytes.find_first_of("\r\n")), {{}, hl7v2::Tolerances::all()});
    return head.has_error() ? nullptr
                            : find_sender(settings, head->at("MSH-3.1"_v2).text(), head->at("MSH-4.1"_v2).text());
}

void read_header(Envelope& envelope, hl7v2::Message parsed, const ExchangeSettings& settings) {
    envelope.message = std::make_unique<const hl7v2::Message>(std::move(parsed));
    const auto& view = envelope.message->view();
    envelope.application = view.at("MSH-3.1"_v2).text();
    envelope.facility = view.at("MSH-4.1"_v2).text();
    envelope.type = view.at("MSH-9.1"_v2).text();
    envelope.event = hl7v2::dictionary::trigger_event(view);
    envelope.control_id = view.at("MSH-10"_v2).text();
    envelope.processing_id = view.at("MSH-11.1"_v2).text();
    envelope.version = view.at("MSH-12.1"_v2).text();
    envelope.asks = hl7v2::ack_request(view);
    envelope.hash = hash_without_time(view);
    if (view.deviations()[hl7v2::Tolerance::missing_control_id] > 0) envelope.control_id = id_of_content(envelope.hash);
    envelope.partner = find_sender(settings, envelope.application, envelope.facility);
    envelope.refusal = check_header(envelope);
}

/// NCPDP SCRIPT: worked on as the HL7 v2 message that says the same; the original is what is kept.
Envelope open_script(Envelope envelope, const ExchangeSettings& settings) {
    auto twin = script::to_v2(envelope.raw);
    envelope.script = std::move(twin.kind);
    if (twin.er7.empty()) {
        envelope.refusal =
            Refusal{hl7v2::AckCode::ar, hl7v2::ErrorCode::unsupported_message_type, {}, {}, std::move(twin.error)};
        return envelope;
    }
    auto parsed = hl7v2::Message::parse(std::move(twin.er7), parse_options(settings, nullptr));
    if (parsed.has_error()) {
        envelope.refusal = Refusal{hl7v2::AckCode::ar,
                                   hl7v2::ErrorCode::segment_sequence,
                                   {},
                                   {},
                                   std::string(hl7v2::describe(parsed.error().code))};
        return envelope;
    }
    read_header(envelope, std::move(*parsed), settings);
    return envelope;
}

}  // namespace

std::string Envelope::kind() const {
    if (!script.empty()) return "SCRIPT " + script;
    if (type.empty()) return "?";
    return event.empty() ? type : type + "^" + event;
}

bool Envelope::is_acknowledgement() const {
    return message != nullptr && (type == "ACK" || type == "MCF") && static_cast<bool>(message->view().segment("MSA"));
}

Envelope open_envelope(std::string bytes, const ExchangeSettings& settings) {
    Envelope envelope;
    envelope.raw = std::move(bytes);
    if (script::is_script(envelope.raw)) return open_script(std::move(envelope), settings);
    const auto* likely = find_partner_raw(envelope.raw, settings);
    hl7v2::CharsetOptions charset;
    if (likely != nullptr) {
        charset.override_name = likely->tolerances.charset_override;
        if (!likely->tolerances.default_charset.empty()) charset.default_name = likely->tolerances.default_charset;
    }
    auto decoded = hl7v2::decode_to_utf8(envelope.raw, charset);
    envelope.undecodable = decoded.invalid_bytes;
    auto parsed = hl7v2::Message::parse(std::move(decoded.text), parse_options(settings, likely));
    if (parsed.has_error()) {
        const auto& error = parsed.error();
        envelope.refusal =
            Refusal{hl7v2::AckCode::ar,
                    hl7v2::ErrorCode::segment_sequence,
                    {},
                    {},
                    std::string(hl7v2::describe(error.code)) + " (byte " + std::to_string(error.offset + 1) + ")"};
        return envelope;
    }
    if (hl7v2::has_addenda(parsed->view())) {
        auto joined = hl7v2::Message::parse(hl7v2::join_addenda(parsed->view()), parse_options(settings, likely));
        if (joined.has_value()) parsed = std::move(joined);
    }
    read_header(envelope, std::move(*parsed), settings);
    return envelope;
}

}  // namespace causeway::exchange
