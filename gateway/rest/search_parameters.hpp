#pragma once
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "fhir/search/custom_parameters.hpp"
#include "gateway/rest/call.hpp"
#include "gateway/rest/resource_writer.hpp"

namespace causeway::rest {

/// Search parameters that stored SearchParameter resources define. What is written after one became active is indexed by
/// it at once; a thread of ours indexes what was there before, a slice of writes at a time, and notes beside the slice how
/// far it is, so that a restart goes on from there. Until that is done a search by it is a 400.
///
/// Attached after the store and the services exist, since both ask it for current().
class SearchParameters final : public WriteObserver {
public:
    SearchParameters();
    ~SearchParameters() override;

    std::shared_ptr<const fhir::search::CustomParameters> current() const;

    /// Reads what is stored and begins to index. `services` outlive this.
    void start(const Services& services);
    void stop();

    storage::Result<void> written(storage::Transaction& transaction, const Written& written,
                                  const security::Principal& principal) override;

    /// How far the parameters of a stored SearchParameter are: Parameters. Who does not see everything is not told of how
    /// many resources there are.
    Outcome<std::string> status(storage::Reader& reader, std::string_view id,
                                const storage::Visibility* visibility) const;

private:
    void work();
    /// Reads the definitions anew and publishes them; false where the store did not answer.
    bool reload();
    /// One slice of one parameter that is not ready; false if there is none to do.
    bool index_some();
    storage::Result<bool> index_slice(const fhir::search::CustomParameter& parameter);
    void publish(std::vector<fhir::search::CustomParameter> definitions);

    const Services* services_ = nullptr;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::shared_ptr<const fhir::search::CustomParameters> current_;
    std::map<std::string, fhir::search::ParameterId> ids_;  ///< by name, for the life of the process
    std::map<std::string, std::int64_t> caught_up_us_;      ///< when a walk first found nothing more
    storage::Vid changed_ = 0;                              ///< the newest version of a SearchParameter
    storage::Vid known_ = -1;
    bool stopping_ = false;
    std::thread thread_;
};

/// SearchParameter/[id]/$status.
void add_search_parameter_operations(Operations& operations, const SearchParameters& parameters);

}  // namespace causeway::rest
