#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fhir/model/document.hpp"
#include "fhir/search/query.hpp"
#include "gateway/http/message.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/rest/format.hpp"
#include "gateway/rest/route.hpp"
#include "gateway/rest/visibility.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/security/door.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::rest {

class Operations;
class ResourceWriter;
class SearchParameters;
class TerminologyService;

/// What the FHIR side is configured with.
struct Settings {
    std::string base_path = "/fhir";  ///< where the router mounts us
    std::string base_url;             ///< fixed absolute base without a slash at the end; empty: from Host
    std::uint32_t page_default = 20;
    std::uint32_t page_max = 1000;
    std::size_t includes_max = 1000;
    std::size_t bundle_entries_max = 5000;
    std::size_t conditional_delete_max = 1000;  ///< 1: several matches are a 412
    std::uint32_t json_depth_max = 100;
    std::uint32_t elements_max = 500'000;  ///< of a document; 64 bytes each
    bool update_create = true;             ///< PUT with an unknown id creates
    bool if_match_required = false;
    bool validate_writes = false;  ///< what clients write is checked as $validate does, not for its structure alone
    bool tokens_required = false;
    bool anonymous_network = false;                 ///< without tokens, others than this machine are served too
    std::string token_path;                         ///< where tokens are had, below the root; empty: nowhere
    std::int32_t zone_offset_minutes = 0;           ///< for dates without zone
    std::vector<std::string> ignorable_parameters;  ///< dropped from searches without a word ("utm_source")
    std::string software_version = "0.1.0";
    /// Bodies up to this are parsed on the I/O thread, larger ones on the pool.
    std::size_t inline_body_bytes = 64 * 1024;
};

struct Call;
using CallPtr = std::shared_ptr<Call>;
/// Takes the answer of an interaction, once, on any thread.
using Answer = std::function<void(Outcome<http::Response>)>;

/// What interactions work with; wired by main, outlives every request.
struct Services {
    storage::Store& store;
    const security::Door& door;
    security::ReadAudit* reads = nullptr;  ///< null: reads leave no audit row
    const ops::Clock& clock;
    const ResourceWriter& writer;
    Operations& operations;
    std::optional<boost::asio::any_io_executor> cpu;  ///< none: everything runs on the caller's thread
    Settings settings = {};
    Visibilities visibilities = {};
    const SearchParameters* search_parameters = nullptr;  ///< null: R4's own alone
    TerminologyService* terminology = nullptr;  ///< null: none of its operations, no :in, :above, :below on codes
    /// The ids of all Patients that are the same human being as this one, itself among them; empty: no `:mdm`.
    std::function<storage::Result<std::vector<std::string>>(storage::Reader&, std::string_view id)> linked_patients =
        {};
    /// True: the entry of a batch is somebody else's to answer (the audit trail's), as it would be if it had come alone.
    std::function<bool(const CallPtr& entry, const Answer& answer)> entry_taken = {};
};

/// One interaction: the request as understood before its body was looked at.
struct Call {
    http::Request request;
    Route route;
    std::vector<fhir::search::QueryParameter> parameters;  ///< of the URL, and of a _search form
    Format format;
    Prefer prefer;
    security::Principal principal;
    std::shared_ptr<const security::AccessFilter> filter;   ///< set by authorize(); see access()
    std::shared_ptr<const storage::Visibility> visibility;  ///< of the filter, for the store; null: everything
    std::string base;                                       ///< absolute, without a slash at the end
    std::int64_t now_us = 0;
    /// The body where it is already a document: an entry of a batch.
    fhir::DocumentPtr document;

    const security::AccessFilter& access() const noexcept {
        static const security::AccessFilter everything;
        return filter ? *filter : everything;
    }
    bool is_get() const noexcept { return request.method == http::Method::get || request.method == http::Method::head; }
};
}  // namespace causeway::rest
