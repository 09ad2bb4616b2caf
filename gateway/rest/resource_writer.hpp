#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "fhir/search/custom_parameters.hpp"
#include "gateway/rest/fault.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::rest {

/// A resource ready to be written: checked, indexed and compressed on the caller's thread. Immutable, cheap to copy.
struct Draft {
    std::string type, id;
    fhir::DocumentPtr document;                         ///< as it was given: its own `id` may differ or be missing
    std::shared_ptr<const storage::PreparedBody> body;  ///< the JSON that will be stored
    storage::PreparedResource prepared;
    fhir::Issues warnings;  ///< of validation; errors made a Fault
};

/// On whose behalf something is written, and how.
struct WriteContext {
    const security::Principal& principal;
    storage::WriteKind kind = storage::WriteKind::update;
    std::optional<std::int64_t> if_version;  ///< as in storage::ResourceWrite
    storage::InboxId origin = 0;
    std::string_view correlation;  ///< id of the request or message, for the audit row
    /// An update with the content that is stored already makes no version (repeated A08 feeds).
    bool skip_same_content = true;
    bool fresh = false;  ///< as in storage::ResourceWrite
};

/// What happened to one resource.
struct Written {
    std::string_view type, id;
    storage::VersionInfo version;
    bool created = false;
    bool same_content = false;  ///< nothing was written: `version` is the one that stands
    bool erased = false;
    fhir::DocumentPtr document;  ///< of the new content; null if erased
};

/// Called inside the transaction for each version that is written, by whichever way it came: the patient index,
/// routing, subscriptions. What it writes commits with the resource; a Failure undoes the whole transaction.
class WriteObserver {
public:
    virtual ~WriteObserver() = default;
    virtual storage::Result<void> written(storage::Transaction& transaction, const Written& written,
                                          const security::Principal& principal) = 0;
};

/// The one way in which resources come into the store: checked, given an id, indexed, written, audited, observed. Used
/// by REST, by bundles and by the exchange. Thread-safe once the observers are added.
class ResourceWriter {
public:
    struct Options {
        std::string base_url;  ///< absolute references under it are indexed as relative ones
        std::int32_t zone_offset_minutes = 0;
        /// Search parameters beside R4's own; may be empty. Called from every thread.
        std::function<fhir::search::CustomParametersPtr()> custom = {};
    };
    explicit ResourceWriter(storage::Store& store) : ResourceWriter(store, Options()) {}
    ResourceWriter(storage::Store& store, Options options);

    /// `observer` outlives the writer. Order of adding is order of calling.
    void add_observer(WriteObserver& observer) { observers_.push_back(&observer); }

    /// Everything that needs no transaction: checks the content, indexes and compresses it. An empty `id` makes a new
    /// one. `json` is the document's text if the caller has it; otherwise it is written from the document. Costs tens
    /// of microseconds for an ordinary resource.
    Outcome<Draft> prepare(fhir::DocumentPtr document, std::string id = {}, std::string_view json = {}) const;
    /// The same content under another id: for a condition that turned out otherwise inside the job.
    Outcome<Draft> with_id(const Draft& draft, std::string id) const;

    /// Inside a job.
    storage::Result<Written> write(storage::Transaction& transaction, const Draft& draft,
                                   const WriteContext& context) const;
    /// Inside a job. Nothing if there was no live version.
    storage::Result<std::optional<Written>> erase(storage::Transaction& transaction, std::string_view type,
                                                  std::string_view id, const WriteContext& context) const;

private:
    Outcome<void> check(const fhir::Document& document, fhir::Issues& warnings) const;
    Outcome<Draft> index(fhir::DocumentPtr document, std::string id, std::string_view json) const;
    storage::Result<void> after(storage::Transaction& transaction, const Written& written,
                                const WriteContext& context) const;

    storage::Store& store_;
    const Options options_;
    std::vector<WriteObserver*> observers_;
};

/// The logical id of the patient a resource is about, if it says so; for the audit row.
std::string_view patient_of(std::string_view type, std::string_view id, fhir::Element resource);

}  // namespace causeway::rest
