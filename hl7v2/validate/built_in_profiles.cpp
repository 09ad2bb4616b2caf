#include <algorithm>
#include <cassert>

#include "hl7v2/validate/built_in_profile_files.hpp"
#include "hl7v2/validate/profile.hpp"

namespace causeway::hl7v2 {

std::span<const std::shared_ptr<const Profile>> built_in_profiles() {
    static const auto profiles = [] {
        std::vector<std::shared_ptr<const Profile>> out;
        for (const auto& file : embedded::built_in_profile_files()) {
            ProfileLoad load = Profile::parse(file.bytes);
            assert(load.profile != nullptr);  // a test reads each of them
            if (load.profile != nullptr) out.push_back(std::move(load.profile));
        }
        std::ranges::sort(out, {}, [](const auto& profile) { return std::string_view(profile->name); });
        return out;
    }();
    return profiles;
}

}  // namespace causeway::hl7v2
