#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fhir/xml/xml_patch.hpp"
#include "gateway/rest/body.hpp"
#include "gateway/rest/call.hpp"
#include "gateway/rest/resource_writer.hpp"

namespace causeway::rest {

/// One write interaction: alone in its transaction, or one of the entries of a bundle. What can be done without the
/// store's lock (reading, checking, indexing the body) was done when it was made.
struct WriteStep {
    enum class Kind : std::uint8_t { create, update, erase, patch };
    Kind kind = Kind::create;
    std::string type;
    std::string id;            ///< update, erase: of the URL; empty if conditional
    bool id_resolved = false;  ///< `id` came from a condition: it may be made whatever the setting says
    std::optional<fhir::search::SearchPlan> condition;
    std::string body_id;   ///< of a conditional update's body
    std::string if_match;  ///< the header; empty: none
    bool if_none_match_any = false;
    std::shared_ptr<const storage::Visibility> visibility;  ///< what the principal may see; null: everything
    std::optional<Draft> draft;                             ///< create and update; a patch makes it inside the job
    fhir::DocumentPtr patch;                                ///< an array (JSON Patch) or Parameters (FHIRPath Patch)
    std::optional<fhir::XmlPatch> xml_patch;                ///< instead of `patch`
    std::function<Outcome<void>(Draft&)> check;             ///< of what a patch makes; empty: none

    /// What came of it; set anew by each run.
    struct Done {
        unsigned status = 0;                           ///< 200, 201 or 204
        std::string id;                                ///< of the resource that was written or found
        storage::VersionInfo version;                  ///< number 0: nothing was there to be deleted
        std::optional<storage::StoredResource> found;  ///< a conditional create that matched: the match
        std::size_t deleted = 0;
    };
    Done done;
    std::optional<Fault> fault;
};

/// Who writes, and for which request.
struct WriteActor {
    const Services& services;
    const security::Principal& principal;
    std::string_view correlation;
};

/// Inside a job. A refusal is in step.fault and gives FailureCode::refused, which undoes the job.
storage::Result<void> run_step(storage::Transaction& transaction, WriteStep& step, const WriteActor& actor);

/// The resources that meet the step's condition; none without a condition.
storage::Result<std::vector<storage::Match>> resolve(storage::Reader& reader, const WriteStep& step, std::size_t limit);
/// The id that a conditional update writes to; `new_id` if there is no match and the body names none. A refusal is in
/// step.fault.
storage::Result<std::string> resolve_update(storage::Reader& reader, WriteStep& step, const Settings& settings,
                                            const std::string& new_id);
/// Puts the fault into the step and gives the Failure that undoes the job.
storage::Failure refuse(WriteStep& step, Fault why);
Fault several_matches();

/// The answer to a write that stands alone.
http::Response write_response(const Call& call, const WriteStep& step);
/// What was written or found, as `return=representation` gives it; nullopt after a delete.
std::optional<storage::StoredResource> representation(const WriteStep& step);

/// The single interactions. They answer after the commit.
void create(const Services& services, CallPtr call, Answer answer);
void update(const Services& services, CallPtr call, Answer answer);
void erase(const Services& services, CallPtr call, Answer answer);
void patch(const Services& services, CallPtr call, Answer answer);

}  // namespace causeway::rest
