#include "gateway/rest/batch.hpp"

#include <mutex>

#include "fhir/validate/outcome.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/bundle_entry.hpp"
#include "gateway/rest/bundle_writer.hpp"
#include "gateway/rest/references.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

constexpr std::size_t in_flight_max = 64;

/// A batch under way. Shared by the answers that are still to come.
class Batch : public std::enable_shared_from_this<Batch> {
public:
    Batch(CallPtr call, fhir::DocumentPtr bundle, Dispatch dispatch, Answer answer)
        : call_(std::move(call)),
          bundle_(std::move(bundle)),
          dispatch_(std::move(dispatch)),
          answer_(std::move(answer)) {
        for (const fhir::Element entry : bundle_->root()["entry"].items()) entries_.push_back(entry);
        outcomes_.resize(entries_.size(), Outcome<http::Response>(http::Response{}));
    }

    /// Starts entries until enough are under way. An entry that answers at once comes back here through done(), which
    /// then leaves the loop to the call that is in it.
    void pump() {
        for (;;) {
            std::size_t index;
            {
                const std::lock_guard lock(mutex_);
                if (next_ == entries_.size() || in_flight_ >= in_flight_max) {
                    pumping_ = false;
                    break;
                }
                pumping_ = true;
                index = next_++;
                ++in_flight_;
            }
            start(index);
        }
        const std::unique_lock lock(mutex_);
        if (next_ < entries_.size() || in_flight_ > 0 || finished_) return;
        finished_ = true;
        finish();
    }

private:
    void start(std::size_t index) {
        auto entry = parse_entry(*call_, entries_[index], index);
        if (entry.has_error()) return done(index, entry.error());
        if (entry->route.kind == Route::Kind::system && entry->method == http::Method::post)
            return done(index, fault(400, IssueCode::not_supported, "A batch may not hold another one"));
        const CallPtr call = call_of(*call_, *entry);
        if (entry->resource) call->document = rewrite_references(bundle_, entry->resource, entry->full_url, {});
        dispatch_(call, [self = shared_from_this(), index](Outcome<http::Response> outcome) {
            self->done(index, std::move(outcome));
        });
    }

    void done(std::size_t index, Outcome<http::Response> outcome) {
        {
            const std::lock_guard lock(mutex_);
            outcomes_[index] = std::move(outcome);
            --in_flight_;
            if (pumping_) return;
            pumping_ = true;
        }
        pump();
    }

    void finish() {
        BundleWriter bundle("batch-response", call_->now_us);
        for (const auto& outcome : outcomes_) {
            bundle.begin_entry();
            if (outcome.has_error()) {
                const std::string status = std::to_string(outcome.error().status) + " " +
                                           std::string(http::reason_phrase(outcome.error().status));
                bundle.response(status, {}, 0, 0, fhir::to_outcome(outcome.error().issues));
            } else {
                const http::Response& response = *outcome;
                const std::string json = response.body.to_string();
                const bool is_json = response.headers.get("Content-Type").starts_with("application/fhir+json");
                const bool resource = !json.empty() && is_json && response.status < 300;
                if (resource) bundle.resource([&](std::string& out) { out += json; });
                bundle.response(
                    std::to_string(response.status) + " " + std::string(http::reason_phrase(response.status)),
                    response.headers.get("Location"), version_in_etag(response.headers.get("ETag")).value_or(0),
                    parse_http_date_us(response.headers.get("Last-Modified")).value_or(0));
            }
            bundle.end_entry();
        }
        answer_(json_response(call_->format, 200, std::move(bundle).finish()));
    }

    const CallPtr call_;
    const fhir::DocumentPtr bundle_;
    const Dispatch dispatch_;
    const Answer answer_;
    std::vector<fhir::Element> entries_;
    std::mutex mutex_;
    std::vector<Outcome<http::Response>> outcomes_;
    std::size_t next_ = 0, in_flight_ = 0;
    bool pumping_ = true, finished_ = false;
};

}  // namespace

void run_batch(const Services& services, CallPtr call, fhir::DocumentPtr bundle, const Dispatch& dispatch,
               Answer answer) {
    if (bundle->root()["entry"].size() > services.settings.bundle_entries_max)
        return answer(fault(413, IssueCode::too_long, "The bundle has more entries than this server takes at once"));
    std::make_shared<Batch>(std::move(call), std::move(bundle), dispatch, std::move(answer))->pump();
}

}  // namespace causeway::rest
