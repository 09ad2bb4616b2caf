#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fhir/terminology/store.hpp"

namespace causeway::terminology {

struct LoadedSystem {
    std::string url;
    std::string title;
    std::string version;
    std::size_t concepts = 0;
    std::filesystem::path file;
};

/// The imported code systems of a folder, one SQLite file each (system_writer.hpp), as the terminology's store.
///
/// Thread-safe: a call borrows a connection of its system and gives it back. Nothing but pages that SQLite caches is
/// in memory, 4 MB for each connection at most. A file that is replaced or taken away while this runs is noticed within
/// two seconds. A file that cannot be read throws std::runtime_error.
class ConceptFiles final : public fhir::ConceptStore {
public:
    explicit ConceptFiles(std::filesystem::path folder);
    ~ConceptFiles() override;

    std::vector<LoadedSystem> systems() const;

    std::optional<std::string> version_of(std::string_view system) const override;
    std::optional<fhir::StoredConcept> find(std::string_view system, std::string_view code) const override;
    std::optional<bool> subsumes(std::string_view system, std::string_view ancestor,
                                 std::string_view code) const override;
    std::optional<bool> has_property(std::string_view system, std::string_view code, std::string_view property,
                                     std::string_view value) const override;
    std::vector<fhir::ConceptProperty> properties(std::string_view system, std::string_view code) const override;
    std::vector<fhir::ConceptDesignation> designations(std::string_view system, std::string_view code) const override;
    std::vector<std::string> parents(std::string_view system, std::string_view code) const override;
    std::vector<std::string> children(std::string_view system, std::string_view code) const override;
    void search(std::string_view system, const fhir::ConceptQuery& query,
                const std::function<bool(const fhir::StoredConcept&)>& each) const override;

private:
    class Reader;
    class File;
    class Borrowed;
    using Files = std::map<std::string, std::shared_ptr<File>, std::less<>>;

    std::shared_ptr<File> file_of(std::string_view system) const;
    void look_again() const;

    std::filesystem::path folder_;
    mutable std::mutex mutex_;
    mutable Files files_;
    mutable std::chrono::steady_clock::time_point looked_{};
};

}  // namespace causeway::terminology
