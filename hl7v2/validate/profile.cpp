#include "hl7v2/validate/profile.hpp"

#include <algorithm>

namespace causeway::hl7v2 {

bool ProfileTable::has(std::string_view code) const noexcept {
    const auto found =
        std::ranges::lower_bound(codes, code, {}, [](const auto& row) { return std::string_view(row.first); });
    return found != codes.end() && found->first == code;
}

bool Profile::covers(std::string_view message_type, std::string_view trigger_event) const noexcept {
    return std::ranges::any_of(messages, [&](const auto& message) {
        return message.first == message_type && (message.second == "*" || message.second == trigger_event);
    });
}

const ProfileTable* Profile::table(std::string_view wanted) const noexcept {
    const auto found = std::ranges::find(tables, wanted, &ProfileTable::name);
    return found == tables.end() ? nullptr : &*found;
}

std::shared_ptr<const Profile> find_profile(std::string_view name) {
    for (const auto& profile : built_in_profiles()) {
        if (profile->name == name) return profile;
    }
    return nullptr;
}

std::vector<std::shared_ptr<const Profile>> declared_profiles(const MessageView& message,
                                                              std::span<const std::shared_ptr<const Profile>> among) {
    std::vector<std::shared_ptr<const Profile>> out;
    const FieldView named = message.segment("MSH").field(21);
    for (const auto& profile : among) {
        if (!profile->covers(message.message_type(), message.trigger_event())) continue;
        for (const RepetitionView repetition : named.repetitions()) {
            const auto is = [&](const std::string& identifier) {
                return repetition.component(1).value().is(identifier) || repetition.component(3).value().is(identifier);
            };
            if (std::ranges::any_of(profile->identifiers, is)) {
                out.push_back(profile);
                break;
            }
        }
    }
    return out;
}

}  // namespace causeway::hl7v2
