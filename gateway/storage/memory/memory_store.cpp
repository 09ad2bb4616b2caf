#include "gateway/storage/memory/memory_store.hpp"

#include "gateway/storage/identifier.hpp"
#include "gateway/storage/keys.hpp"
#include "gateway/storage/memory/memory_state.hpp"
#include "gateway/storage/prepared.hpp"

#include <chrono>
#include <mutex>

namespace causeway::storage {

namespace {

class MemoryStore final : public Store {
public:
    explicit MemoryStore(MemoryOptions options)
        : options_(std::move(options)), state_(std::make_shared<MemoryState>()) {
        if (!options_.now_us) {
            options_.now_us = [] {
                return std::chrono::duration_cast<std::chrono::microseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                    .count();
            };
        }
    }

    std::string new_id() override { return identifiers_.next(options_.now_us()); }

    PackedBytes pack(std::string_view bytes) const override { return {std::string(bytes), bytes.size()}; }

    PreparedResource prepare(std::string_view type, std::string_view id, PreparedBody body,
                             std::span<const fhir::search::SearchValue> values,
                             std::span<const fhir::search::SearchValue>) override {
        auto content = std::make_shared<PreparedResource::Content>();
        content->type = type;
        content->id = id;
        content->size = body.json.size();
        content->body = std::move(body);
        for (const auto& value : values) {
            if (const auto* const reference = std::get_if<fhir::search::ReferenceValue>(&value.value);
                reference && reference->url.empty() && reference->fragment.empty())
                content->references.push_back({{}, std::string(reference->type), std::string(reference->id)});
        }
        return PreparedResource(std::move(content));
    }

    void submit(std::unique_ptr<Work> work) override {
        auto outcome = run(*work);
        work->finished(std::move(outcome));
    }

    Result<Snapshot> snapshot() override {
        const std::lock_guard lock(mutex_);
        if (closed_) return Failure{FailureCode::stopped, "the store is closed"};
        // The state of this moment stays while the snapshot lives.
        struct Held {
            std::shared_ptr<const MemoryState> state;
            std::unique_ptr<Reader> reader;
        };
        auto held = std::make_shared<Held>();
        held->state = state_;
        held->reader = make_memory_reader(*held->state);
        auto& reader = *held->reader;
        return Snapshot(reader, [held]() mutable { held.reset(); });
    }

    StoreMetrics metrics() const override {
        const std::lock_guard lock(mutex_);
        StoreMetrics out = metrics_;
        out.last_vid = state_->next_vid - 1;
        return out;
    }
    std::string engine() const override { return "memory"; }
    Result<BackupReport> backup_blocking(const std::string&) override {
        return Failure{FailureCode::not_supported, "the fake has no file"};
    }
    Result<CheckReport> check_blocking() override { return CheckReport{}; }
    Result<void> rebuild_index_blocking() override { return {}; }
    void close() override {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }

private:
    Result<void> run(Work& work) {
        const std::lock_guard lock(mutex_);
        if (closed_) return Failure{FailureCode::stopped, "the store takes no more work"};
        auto copy = std::make_shared<MemoryState>(*state_);
        copy->now_us = options_.now_us();
        try {
            const auto transaction = make_memory_transaction(*copy);
            auto outcome = work.run(*transaction);
            if (outcome.has_value() && options_.fault && options_.fault("commit"))
                outcome = Failure{FailureCode::full, "injected failure at commit"};
            if (outcome.has_error()) {
                ++metrics_.jobs_failed;
                return outcome;
            }
        } catch (const FailureException& exception) {
            ++metrics_.jobs_failed;
            return exception.failure();
        } catch (const std::exception& exception) {
            ++metrics_.jobs_failed;
            return Failure{FailureCode::internal, std::string("a job threw: ") + exception.what()};
        }
        ++metrics_.groups;
        ++metrics_.jobs;
        metrics_.versions += copy->versions.size() - state_->versions.size();
        state_ = std::move(copy);
        return {};
    }

    MemoryOptions options_;
    IdentifierSource identifiers_;
    mutable std::mutex mutex_;
    std::shared_ptr<MemoryState> state_;
    StoreMetrics metrics_;
    bool closed_ = false;
};

}  // namespace

std::unique_ptr<Store> make_memory_store(MemoryOptions options) {
    return std::make_unique<MemoryStore>(std::move(options));
}

}  // namespace causeway::storage
