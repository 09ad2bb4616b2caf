#include "gateway/exchange/fragments.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "hl7v2/builder.hpp"
#include "hl7v2/group.hpp"

namespace causeway::exchange {
namespace {

using namespace hl7v2::literals;

Refusal refusal(std::uint16_t field, std::string text) {
    return {hl7v2::AckCode::ae, hl7v2::ErrorCode::segment_sequence, "MSH", hl7v2::Position{field}, std::move(text)};
}

/// The row that a note names; nothing if there is no such note or row.
storage::Result<std::optional<storage::InboxRow>> find(storage::Reader& reader, const std::string& note) {
    const auto stored = reader.note(note);
    if (stored.has_error()) return stored.error();
    if (!*stored) return std::optional<storage::InboxRow>();
    storage::InboxId id = 0;
    std::from_chars((*stored)->data(), (*stored)->data() + (*stored)->size(), id);
    return reader.inbox(id);
}

/// The whole with the control id of its last fragment, which its acknowledgement must name.
std::unique_ptr<const hl7v2::Message> rename(const std::string& bytes, const Envelope& last,
                                             const hl7v2::ParseOptions& options) {
    const auto view = hl7v2::MessageView::parse(bytes, options);
    if (view.has_error()) return nullptr;
    auto builder = hl7v2::MessageBuilder::edit(*view);
    builder.set("MSH-10"_v2, last.control_id);
    auto whole = builder.build(options);
    return whole.has_error() ? nullptr : std::make_unique<const hl7v2::Message>(std::move(*whole));
}

}  // namespace

std::string fragment_note(std::string_view partner, std::string_view pointer) {
    return "exchange.fragment." + std::string(partner) + "." + std::string(pointer);
}

storage::Result<WholeMessage> assemble(storage::Reader& reader, const Envelope& last,
                                       const ExchangeSettings& settings) {
    const hl7v2::ReassemblyLimits limits{.message_bytes_max = settings.message_bytes_max,
                                         .bytes_max = settings.message_bytes_max};
    WholeMessage whole;
    std::vector<std::unique_ptr<const hl7v2::Message>> messages;  // last to first
    auto pointer = hl7v2::continuation(last.message->view()).from;
    std::size_t bytes = last.raw.size();
    while (!pointer.empty()) {
        auto note = fragment_note(last.partner->name, pointer);
        auto row = find(reader, note);
        if (row.has_error()) return row.error();
        if (!*row || std::find(whole.notes.begin(), whole.notes.end(), note) != whole.notes.end()) {
            whole.refusal = refusal(14, "MSH-14 continues no message that is waited for");
            return whole;
        }
        bytes += (*row)->message.raw.size();
        if (messages.size() >= limits.fragments_max || bytes > limits.message_bytes_max) {
            whole.refusal = refusal(14, "the message is too large, all fragments together");
            return whole;
        }
        auto part = open_envelope(std::move((*row)->message.raw), settings);
        if (part.message == nullptr) {
            whole.refusal = refusal(14, "a fragment cannot be read");
            return whole;
        }
        pointer = hl7v2::continuation(part.message->view()).from;
        messages.push_back(std::move(part.message));
        whole.parts.push_back((*row)->id);
        whole.notes.push_back(std::move(note));
    }
    std::reverse(whole.parts.begin(), whole.parts.end());
    hl7v2::Reassembly reassembly(limits);
    for (auto each = messages.rbegin(); each != messages.rend(); ++each) reassembly.take((*each)->view(), 0);
    const auto step = reassembly.take(last.message->view(), 0);
    if (step.outcome == hl7v2::Reassembly::Outcome::complete) {
        const hl7v2::ParseOptions options{.limits = {.message_bytes_max = settings.message_bytes_max},
                                          .tolerances = last.partner->tolerances.syntax};
        whole.message = rename(step.message, last, options);
    }
    if (whole.message == nullptr) whole.refusal = refusal(14, "the fragments do not make a message");
    return whole;
}

bool stands_alone(const hl7v2::MessageView& message) {
    using Kind = hl7v2::StructureIssue::Kind;
    if (message.size() < 2 || message.is(1, "ADD")) return false;
    const auto structure = hl7v2::dictionary::structure_of(message);
    if (!structure) return true;
    const auto tree = hl7v2::group(message, *structure);
    return std::none_of(tree.issues().begin(), tree.issues().end(), [](const hl7v2::StructureIssue& issue) {
        return issue.kind == Kind::missing_segment || issue.kind == Kind::missing_group;
    });
}

storage::Result<std::optional<Refusal>> fragment_refusal(storage::Reader& reader, const Envelope& fragment,
                                                         const hl7v2::Continuation& way) {
    const auto& partner = fragment.partner->name;
    if (!way.from.empty()) {
        const auto before = reader.note(fragment_note(partner, way.from));
        if (before.has_error()) return before.error();
        if (!*before) return std::optional(refusal(14, "MSH-14 continues no message that is waited for"));
    }
    const auto other = reader.note(fragment_note(partner, way.to));
    if (other.has_error()) return other.error();
    if (*other) return std::optional(refusal(10, "DSC-1 is the continuation pointer of another message"));
    return std::optional<Refusal>();
}

}  // namespace causeway::exchange
