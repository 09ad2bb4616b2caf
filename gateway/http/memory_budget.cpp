#include "gateway/http/memory_budget.hpp"

#include <algorithm>

namespace causeway::http {

MemoryBudget::MemoryBudget(std::size_t bytes_max) : small_max_(bytes_max / 4) {
    account(Part::bodies).max = bytes_max / 4;
    account(Part::documents).max = bytes_max / 2;
    account(Part::answers).max = bytes_max / 4;
}

std::size_t MemoryBudget::held() const {
    const std::lock_guard lock(mutex_);
    std::size_t sum = small_held_ + alone_held_;
    for (const auto& each : accounts_) sum += each.held;
    return sum;
}

void MemoryBudget::take_back(Share& share) {
    auto& from = account(share.part_);
    switch (share.as_) {
        case Share::As::nothing:
            break;
        case Share::As::small:
            small_held_ -= share.bytes_;
            break;
        case Share::As::alone:
            alone_held_ -= share.bytes_;
            from.alone = nullptr;
            break;
        case Share::As::usual:
            from.held -= share.bytes_;
            if (!share.peer_.empty()) {
                const auto peer = from.by_peer.find(share.peer_);
                peer->second -= share.bytes_;
                if (peer->second == 0) from.by_peer.erase(peer);
            }
            break;
    }
    share.as_ = Share::As::nothing;
    share.bytes_ = 0;
}

void MemoryBudget::put(Share& share, Part part, std::size_t bytes, Share::As as) {
    auto& to = account(part);
    switch (as) {
        case Share::As::nothing:
            break;
        case Share::As::small:
            small_held_ += bytes;
            break;
        case Share::As::alone:
            alone_held_ += bytes;
            to.alone = &share;
            break;
        case Share::As::usual:
            to.held += bytes;
            if (!share.peer_.empty()) to.by_peer[share.peer_] += bytes;
            break;
    }
    share.part_ = part;
    share.as_ = as;
    share.bytes_ = bytes;
}

/// `share` holds nothing at this moment.
bool MemoryBudget::fits(const Share& share, Part part, std::size_t bytes) {
    const auto& to = account(part);
    if (to.held + bytes > to.max) return false;
    if (share.peer_.empty()) return true;
    const auto peer = to.by_peer.find(share.peer_);
    return (peer == to.by_peer.end() ? 0 : peer->second) + bytes <= to.max / 2;
}

bool MemoryBudget::Share::hold(Part part, std::size_t bytes) {
    // Most requests are small and have been counted already: no lock for them.
    if (bytes == 0 && as_ == As::nothing) return true;
    const std::lock_guard lock(budget_.mutex_);
    const auto part_before = part_;
    const auto as_before = as_;
    const auto bytes_before = bytes_;
    budget_.take_back(*this);
    auto& to = budget_.account(part);
    if (bytes <= small_bytes_max && budget_.small_held_ + bytes <= budget_.small_max_) {
        budget_.put(*this, part, bytes, As::small);
        return true;
    }
    const bool grows = part != part_before || bytes > bytes_before;
    const bool others_first = grows && !to.line.empty() && to.line.front() != this &&
                              !(part == part_before && as_before != As::nothing && as_before != As::small);
    if (!others_first) {
        if (budget_.fits(*this, part, bytes)) {
            budget_.put(*this, part, bytes, As::usual);
            return true;
        }
        const auto share_max = peer_.empty() ? to.max : to.max / 2;
        // Bodies that fill their part together would wait for each other for ever: the first of the line may grow.
        const bool stuck = part == Part::bodies && as_before == As::usual && part == part_before && !to.line.empty() &&
                           to.line.front() == this;
        if ((bytes > share_max || as_before == As::alone || stuck) && to.alone == nullptr) {
            budget_.put(*this, part, bytes, As::alone);
            return true;
        }
    }
    budget_.put(*this, part_before, bytes_before, as_before);
    return false;
}

void MemoryBudget::Share::hold_anyway(Part part, std::size_t bytes) {
    if (hold(part, bytes)) return;
    const std::lock_guard lock(budget_.mutex_);
    budget_.take_back(*this);
    budget_.put(*this, part, bytes, As::usual);
}

bool MemoryBudget::Share::wait(Part part, std::size_t bytes) {
    const std::lock_guard lock(budget_.mutex_);
    auto& account = budget_.account(part);
    const std::size_t held_meanwhile = part == Part::answers ? bytes : 0;
    if (account.line.size() >= waiting_max || account.waiting_bytes + held_meanwhile > account.max / 2) return false;
    account.line.push_back(this);
    account.waiting_bytes += held_meanwhile;
    waits_with_ = held_meanwhile;
    waiting_ = true;
    waits_for_ = part;
    return true;
}

void MemoryBudget::Share::leave_line() {
    if (!waiting_) return;
    const std::lock_guard lock(budget_.mutex_);
    auto& account = budget_.account(waits_for_);
    std::erase(account.line, this);
    account.waiting_bytes -= waits_with_;
    waiting_ = false;
}

void MemoryBudget::Share::release() {
    leave_line();
    if (as_ == As::nothing) return;
    const std::lock_guard lock(budget_.mutex_);
    budget_.take_back(*this);
}

std::size_t document_bytes(std::string_view body) noexcept {
    constexpr std::size_t json_element_bytes = 64, xml_element_bytes = 192;
    std::size_t elements = 0;
    // Plain loops over one condition: the compiler makes them wide.
    if (body.substr(0, 64).find('<') != std::string_view::npos) {
        for (const char c : body) elements += c == '<';
        return 3 * body.size() + elements * xml_element_bytes / 2;  // most have an end tag
    }
    for (const char c : body) elements += (c == ',') | (c == '{') | (c == '[');
    return 3 * body.size() + elements * json_element_bytes;
}

}  // namespace causeway::http
