#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/terminology/database.hpp"

namespace causeway::terminology {

struct NewConcept {
    std::string_view code;
    std::string_view display;
    std::string_view definition = {};
    bool inactive = false;
    bool is_abstract = false;
};

/// Writes one code system into a file of its own: `<folder>/<name>.db.new`, which finish() puts in the place of
/// `<folder>/<name>.db` in one step. Readers see the old system or the new one, never half of one; an import that ends
/// early leaves the old one. Failures throw std::runtime_error.
class SystemWriter {
public:
    SystemWriter(const std::filesystem::path& folder, std::string_view name);
    ~SystemWriter();

    /// The concept's number; a second one of the same code is passed over (0).
    std::int64_t add(const NewConcept& entry);
    /// 0 if there is no such code.
    std::int64_t find(std::string_view code) const;
    std::string_view code_of(std::int64_t id);
    void set_display(std::int64_t id, std::string_view display);
    void set_inactive(std::int64_t id);
    void add_designation(std::int64_t id, std::string_view language, std::string_view use, std::string_view value);
    /// `type` as in $lookup: code, string.
    void add_property(std::int64_t id, std::string_view property, std::string_view value, bool is_code = false);
    void add_parent(std::int64_t child, std::int64_t parent);
    /// Another spelling under which the code is found.
    void add_alias(std::string_view spelling, std::int64_t id);
    void set(std::string_view key, std::string_view value);

    std::size_t concepts() const noexcept { return ids_.size(); }
    /// Indexes what was written and puts the file in its place.
    void finish();

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };

    std::filesystem::path final_;
    std::filesystem::path temporary_;
    Database db_;
    Statement insert_concept_;
    Statement update_display_;
    Statement update_inactive_;
    Statement insert_designation_;
    Statement insert_property_name_;
    Statement insert_property_;
    Statement insert_edge_;
    Statement insert_alias_;
    Statement insert_meta_;
    Statement select_code_;
    std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> ids_;
    std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> properties_;
    std::string code_;
    bool done_ = false;
};

}  // namespace causeway::terminology
