#pragma once
#include "gateway/http/handler.hpp"
#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// The FHIR R4 REST interface as a handler, mounted at Settings::base_path.
///
/// Point reads run on the thread that calls; searches, large bodies and bundles go to the pool; writes answer from the
/// writer's thread after their commit.
class Rest : public http::Handler {
public:
    /// `services` and what it points to outlive this.
    explicit Rest(const Services& services) : services_(services) {}

    std::optional<http::Response> screen(http::Request& head) override;
    void handle(http::Request request, http::Reply reply) override;
    /// One interaction by whatever way it came; the entries of a batch take this.
    void dispatch(CallPtr call, Answer answer);

private:
    Outcome<CallPtr> understand(http::Request request) const;
    void run(CallPtr call, Answer answer);
    void run_get(CallPtr call, Answer answer);
    void run_post(CallPtr call, Answer answer);
    void run_operation(CallPtr call, Answer answer);
    void run_batch_or_transaction(CallPtr call, Answer answer);
    template <class Read>
    void with_snapshot(Read read, const CallPtr& call, const Answer& answer);
    template <class Work>
    void on_pool(bool worth_a_hop, Work work);

    const Services& services_;
};

}  // namespace causeway::rest
