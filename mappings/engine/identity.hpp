#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "mappings/engine/composer.hpp"

namespace causeway::mappings {

/// How the resources of a message are recognised again (the maps' `identity` lines).
class Identities {
public:
    /// `message_key` names this message: its sender and control id.
    Identities(const Plan& plan, Composer& composer, std::string message_key);

    /// Per draft, the keys that hold for it, most specific first; never empty.
    std::vector<std::vector<std::string>> keys();

private:
    const std::string& first_key(std::uint32_t draft);
    void find_keys(std::uint32_t draft);
    /// Adds the keys a `by` alternative yields to those of a draft; none if a part of it is missing.
    void add_keys(const KeyPlan& key, std::uint32_t draft, std::vector<std::string>& out);
    void add_key(const KeyPlan& key, std::string text, std::vector<std::string>& out);
    /// What a part of a tuple says; false if it is missing.
    bool append_part(const KeyPlan& part, std::uint32_t draft, std::string& out);
    void append_text(fhir::Element element, std::string& out);
    class Found;

    const Plan& plan_;
    Composer& composer_;
    std::string message_key_;
    std::vector<std::vector<std::string>> keys_;
    std::vector<char> state_;           ///< 0 not begun, 1 at work, 2 done
    std::vector<fhir::Element> found_;  ///< stack of Found
    std::unordered_map<std::string, std::uint32_t>
        seen_;  ///< how often a key that cannot tell siblings apart was given
};

/// Joins drafts that are the same resource: what the later says and the earlier does not is taken over. Gives for each
/// draft the one it became; the trace and the pending references follow.
std::vector<std::uint32_t> join_same(Composer& composer, const std::vector<std::vector<std::string>>& keys);

}  // namespace causeway::mappings
