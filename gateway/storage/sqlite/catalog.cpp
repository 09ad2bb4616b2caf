#include "gateway/storage/sqlite/catalog.hpp"

namespace causeway::storage {

namespace {
constexpr std::size_t types_max = 4096;
}

std::int64_t Catalog::find_type(std::string_view name) const {
    const std::shared_lock lock(mutex_);
    const auto found = codes_.find(name);
    return found == codes_.end() ? 0 : found->second;
}

std::int64_t Catalog::type_code(std::string_view name) {
    if (const auto code = find_type(name)) return code;
    const std::unique_lock lock(mutex_);
    if (const auto found = codes_.find(name); found != codes_.end()) return found->second;
    if (names_.size() >= types_max) throw FailureException({FailureCode::refused, "too many resource types"});
    names_.emplace_back(name);
    return codes_[std::string(name)] = static_cast<std::int64_t>(names_.size());
}

std::string Catalog::type_name(std::int64_t code) const {
    const std::shared_lock lock(mutex_);
    if (code < 1 || static_cast<std::size_t>(code) > names_.size())
        throw FailureException({FailureCode::corrupt, "a row names a resource type that is not known"});
    return names_[static_cast<std::size_t>(code - 1)];
}

void Catalog::load_type(std::int64_t code, std::string_view name) {
    const std::unique_lock lock(mutex_);
    if (code < 1 || static_cast<std::size_t>(code) > types_max)
        throw FailureException({FailureCode::corrupt, "bad type code"});
    if (names_.size() < static_cast<std::size_t>(code)) names_.resize(static_cast<std::size_t>(code));
    names_[static_cast<std::size_t>(code - 1)] = name;
    codes_[std::string(name)] = code;
    stored_ = names_.size();
}

std::vector<std::pair<std::int64_t, std::string>> Catalog::unstored_types() const {
    const std::shared_lock lock(mutex_);
    std::vector<std::pair<std::int64_t, std::string>> out;
    for (auto i = stored_; i < names_.size(); ++i) out.emplace_back(static_cast<std::int64_t>(i + 1), names_[i]);
    return out;
}

void Catalog::stored_types(std::size_t count) {
    const std::unique_lock lock(mutex_);
    stored_ += count;
}

}  // namespace causeway::storage
