#include "gateway/exchange/numbered_link.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "hl7v2/builder.hpp"

namespace causeway::exchange {
namespace {

using namespace hl7v2::literals;
namespace sequence = hl7v2::sequence;
using Phase = sequence::SenderState::Phase;

constexpr std::array<std::pair<Phase, std::string_view>, 5> phases = {{{Phase::idle, "idle"},
                                                                       {Phase::starting, "starting"},
                                                                       {Phase::resyncing, "resyncing"},
                                                                       {Phase::running, "running"},
                                                                       {Phase::frozen, "frozen"}}};

std::string_view next_word(std::string_view& text) noexcept {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

template <class Number>
Number read_number(std::string_view word, Number otherwise) noexcept {
    Number value = otherwise;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc{} && end == word.data() + word.size() ? value : otherwise;
}

}  // namespace

NumberedLink::NumberedLink(std::string_view stored) {
    const auto phase = next_word(stored);
    for (const auto& [known, name] : phases)
        if (name == phase) state_.phase = known;
    state_.next = std::max<std::int64_t>(1, read_number<std::int64_t>(next_word(stored), 1));
    state_.under_way = next_word(stored) == "1";
    row_ = read_number<std::uint64_t>(next_word(stored), 0);
}

NumberedLink NumberedLink::from(std::int64_t next) noexcept {
    NumberedLink link;
    link.state_.next = next;
    return link;
}

std::string NumberedLink::text() const {
    std::string out;
    for (const auto& [known, name] : phases)
        if (known == state_.phase) out = name;
    return out + ' ' + std::to_string(state_.next) + (state_.under_way ? " 1 " : " 0 ") + std::to_string(row_);
}

std::string NumberedLink::note(std::string_view partner) { return "exchange.sequence.out." + std::string(partner); }

std::string NumberedLink::question(std::string_view message, std::string_view control_id) {
    const auto view = hl7v2::MessageView::parse(message, {{}, hl7v2::Tolerances::all()});
    if (view.has_error()) return {};
    const bool anew = frozen() && std::exchange(resynchronise_, false);
    state_ = anew ? sequence::resynchronise(state_) : sequence::start(state_);
    const std::string header = std::string((*view)[0].raw()) + '\r';
    const auto alone = hl7v2::MessageView::parse(header, {{}, hl7v2::Tolerances::all()});
    if (alone.has_error()) return {};
    auto builder = hl7v2::MessageBuilder::edit(*alone);
    builder.set("MSH-10"_v2, control_id);
    builder.set("MSH-13"_v2, std::to_string(anew ? sequence::resync : sequence::start_link));
    if (!alone->at("MSH-15"_v2).absent()) builder.set("MSH-16"_v2, "NE");
    return builder.text();
}

std::string NumberedLink::number(std::string_view message, std::uint64_t row) {
    state_ = sequence::sending(state_);
    row_ = row;
    const auto view = hl7v2::MessageView::parse(message, {{}, hl7v2::Tolerances::all()});
    if (view.has_error()) return std::string(message);
    auto builder = hl7v2::MessageBuilder::edit(*view);
    builder.set("MSH-13"_v2, std::to_string(state_.next));
    return builder.text();
}

NumberedLink::Step NumberedLink::take(const sequence::SenderStep& step) {
    using Action = sequence::SenderStep::Action;
    state_ = step.next;
    switch (step.action) {
        case Action::send:
            agreed_ = true;
            return Step::send;
        case Action::settled:
        case Action::settled_before:
            agreed_ = true;
            return Step::accepted;
        case Action::freeze:
            break;
    }
    agreed_ = false;
    return Step::freeze;
}

/// Only the number under way can be sent again: what was settled before it has left the queue.
NumberedLink::Step NumberedLink::answered(std::optional<std::int64_t> expected) {
    return take(sequence::answered(state_, expected, state_.next));
}

void NumberedLink::accepted_without_number() { state_ = {Phase::running, sequence::after(state_.next), false}; }

}  // namespace causeway::exchange
