#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhir/profile/profile.hpp"

namespace causeway::fhir {

/// Profiles and extension definitions by URL: R4's own, read when they are asked for from the condensed lines compiled
/// in, and those added. Compiled once, at first need, behind a mutex; a Profile stays valid as long as this does. A copy
/// shares what is there, compiled or not, and the mutex with it; what is added to the copy is the copy's alone.
class Definitions : public DefinitionSource {
public:
    Definitions() : mutex_(std::make_shared<std::recursive_mutex>()) {}
    Definitions(const Definitions&) = default;
    Definitions& operator=(const Definitions&) = delete;

    struct Found {
        const Profile* profile = nullptr;  ///< null: not known, or `fault` says why it cannot be used
        std::string_view fault = {};
    };

    /// Before it is shared. True for a StructureDefinition that constrains a type.
    bool add(const DocumentPtr& definition);
    /// One condensed definition a line; the bytes must outlive this.
    void add_condensed(std::string_view ndjson);

    Found find(std::string_view canonical) const;
    /// The definition, of that version where one is asked for; null if it is not known.
    DocumentPtr definition(std::string_view canonical) const override;
    std::size_t size() const noexcept { return size_; }

private:
    struct Entry {
        std::string_view line = {};  ///< not read yet
        DocumentPtr document = {};
        bool compiled = false;
        std::shared_ptr<const Profile> profile = {};
        std::string fault = {};
    };
    void put(std::string_view url, std::string_view version, std::shared_ptr<Entry> entry);
    Entry* entry(std::string_view canonical) const;

    std::shared_ptr<std::recursive_mutex> mutex_;  ///< recursive: compiling one asks for its base
    std::unordered_map<std::string, std::shared_ptr<Entry>>
        entries_;  ///< by url (the last one added) and by url|version
    std::size_t size_ = 0;
};

}  // namespace causeway::fhir
