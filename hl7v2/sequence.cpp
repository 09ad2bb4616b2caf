#include "hl7v2/sequence.hpp"

#include <charconv>

namespace causeway::hl7v2::sequence {

std::optional<std::int64_t> parse(std::string_view raw) noexcept {
    std::int64_t value = 0;
    const char* const end = raw.data() + raw.size();
    const auto [stop, error] = std::from_chars(raw.data(), end, value);
    if (error != std::errc{} || stop != end || value < resync || value > number_max) return std::nullopt;
    return value;
}

std::optional<std::int64_t> read(const MessageView& message) noexcept {
    return parse(message.segment("MSH").at({13, 1, 1, 1}).raw());
}

ReceiverStep receive(const ReceiverState& state, std::optional<std::int64_t> number) noexcept {
    using Action = ReceiverStep::Action;
    if (!number) return {Action::not_in_use, std::nullopt, state};
    if (*number == start_link) return {Action::header_only, state.last ? after(*state.last) : resync, state};
    if (*number == resync) return {Action::header_only, resync, {std::nullopt}};
    if (!state.last || *number == after(*state.last)) return {Action::process, *number, {*number}};
    if (*number == *state.last) return {Action::repeat, after(*number), state};
    return {Action::refuse, after(*state.last), state};
}

SenderState start(const SenderState& state) noexcept {
    return {SenderState::Phase::starting, state.next, state.under_way};
}
SenderState sending(const SenderState& state) noexcept { return {state.phase, state.next, true}; }
SenderState resynchronise(const SenderState& state) noexcept {
    return {SenderState::Phase::resyncing, state.next, state.under_way};
}

namespace {

/// Whether `number` lies from `first` up to `last`, where the numbers may have wrapped in between.
bool between(std::int64_t number, std::int64_t first, std::int64_t last) noexcept {
    return first <= last ? number >= first && number <= last : number >= first || number <= last;
}

SenderStep freeze(const SenderState& state) noexcept {
    return {SenderStep::Action::freeze, {SenderState::Phase::frozen, state.next, state.under_way}};
}

}  // namespace

SenderStep answered(const SenderState& state, std::optional<std::int64_t> expected, std::int64_t oldest) noexcept {
    using Action = SenderStep::Action;
    using Phase = SenderState::Phase;
    switch (state.phase) {
        case Phase::starting:
            // -1: the receiver has no history and takes whatever comes
            if (expected == resync) return {Action::send, {Phase::running, state.next, state.under_way}};
            if (state.under_way && expected == after(state.next)) {
                return {Action::settled_before, {Phase::running, after(state.next)}};
            }
            if (!expected || *expected < 1 || !between(*expected, oldest, state.next)) return freeze(state);
            return {Action::send, {Phase::running, *expected, *expected == state.next && state.under_way}};
        case Phase::resyncing:
            if (expected != resync) return freeze(state);
            return {Action::send, {Phase::running, state.next, state.under_way}};
        case Phase::running:
            if (expected == state.next) return {Action::settled, {Phase::running, after(state.next)}};
            if (expected == after(state.next)) return {Action::settled_before, {Phase::running, after(state.next)}};
            return freeze(state);
        case Phase::idle:
        case Phase::frozen:
            break;
    }
    return freeze(state);
}

}  // namespace causeway::hl7v2::sequence
