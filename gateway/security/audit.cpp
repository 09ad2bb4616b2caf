#include "gateway/security/audit.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include "gateway/security/json_web_key.hpp"

namespace causeway::security {
namespace {

std::string_view code(Principal::Kind kind) {
    switch (kind) {
        case Principal::Kind::system:
            return "system";
        case Principal::Kind::client:
            return "client";
        case Principal::Kind::partner:
            return "partner";
        case Principal::Kind::operator_:
            return "operator";
    }
    return "unknown";
}

constexpr std::array<bool, 256> escaped_bytes = [] {
    std::array<bool, 256> out{};
    for (std::size_t byte = 0; byte < out.size(); ++byte)
        out[byte] = byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\';
    return out;
}();

bool must_be_escaped(char c) { return escaped_bytes[static_cast<unsigned char>(c)]; }

void number(std::string& out, std::int64_t value) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

/// `name` with what stands around it: `,"who":`.
void member(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.append(name).push_back('"');
    for (std::size_t plain = 0; plain < value.size();) {
        auto end = plain;
        while (end < value.size() && !must_be_escaped(value[end])) ++end;
        out.append(value, plain, end - plain);
        if (end == value.size()) break;
        const char c = value[end];
        if (c == '"' || c == '\\')
            out.append(1, '\\').append(1, c);
        else
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
        plain = end + 1;
    }
    out += '"';
}

void member(std::string& out, std::string_view name, std::int64_t value) {
    if (value == 0) return;
    out.append(name);
    number(out, value);
}

AuditView view_of(const AuditEntry& entry) {
    return {entry.at_us,   entry.principal, entry.interaction, entry.type,       entry.id,      entry.version,
            entry.query,   entry.operation, entry.patient,     entry.patients,   entry.request, entry.token,
            entry.purpose, entry.status,    entry.outcome,     entry.correlation};
}

}  // namespace

std::string render(const AuditEntry& entry) {
    std::string out;
    out.reserve(320 + entry.request.size() * 4 / 3);
    render(view_of(entry), out);
    return out;
}

void render(const AuditView& entry, std::string& out) {
    out += "{\"at\":";
    number(out, entry.at_us);
    member(out, ",\"kind\":", code(entry.principal.kind));
    member(out, ",\"who\":", entry.principal.id);
    member(out, ",\"from\":", entry.principal.address);
    member(out, ",\"did\":", security::code(entry.interaction));
    member(out, ",\"operation\":", entry.operation);
    member(out, ",\"type\":", entry.type);
    member(out, ",\"id\":", entry.id);
    member(out, ",\"version\":", entry.version);
    member(out, ",\"query\":", entry.query);
    if (!entry.request.empty()) member(out, ",\"request\":", encode_base64(entry.request.substr(0, request_bytes_max)));
    member(out, ",\"patient\":", entry.patient);
    if (!entry.patients.empty()) {
        out += ",\"patients\":[";
        for (std::size_t i = 0; i < std::min(entry.patients.size(), audited_patients_max); ++i)
            fmt::format_to(std::back_inserter(out), "{}\"{}\"", i == 0 ? "" : ",", entry.patients[i]);
        out += ']';
    }
    member(out, ",\"token\":", entry.token);
    member(out, ",\"purpose\":", entry.purpose);
    member(out, ",\"status\":", entry.status);
    member(out, ",\"outcome\":", entry.outcome);
    member(out, ",\"correlation\":", entry.correlation);
    out += '}';
}

namespace {

/// Rendered rows, one after the other in one buffer: no row is an allocation of one thread that another frees.
struct Batch {
    std::string bytes;
    std::vector<std::size_t> ends;

    std::size_t size() const noexcept { return ends.size(); }
    std::string_view row(std::size_t i) const {
        const auto begin = i == 0 ? 0 : ends[i - 1];
        return std::string_view(bytes).substr(begin, ends[i] - begin);
    }
    void add(std::string_view row) {
        bytes.append(row);
        ends.push_back(bytes.size());
    }
    void clear() {
        constexpr std::size_t kept_bytes_max = 4 * 1024 * 1024;
        if (bytes.capacity() > kept_bytes_max) *this = {};
        bytes.clear();
        ends.clear();
    }
};

}  // namespace

/// Outlives the ReadAudit while a job of its is still queued.
struct ReadAudit::State {
    State(storage::Store& store_used, std::size_t max) : store(store_used), entries_max(max) {}

    storage::Store& store;
    const std::size_t entries_max;
    mutable std::mutex mutex;
    Batch waiting, spare;       // spare: a buffer that is written to next, so that its memory is used again
    std::size_t in_flight = 0;  // rows handed to the writer and not yet committed
    bool submitted = false;     // one job is enough for all that wait when it runs

    /// Takes the rows when the writer runs it: whatever was queued until then shares the group.
    class Rows final : public storage::Work {
    public:
        explicit Rows(std::shared_ptr<State> state) : state_(std::move(state)) {}
        storage::Result<void> run(storage::Transaction& transaction) override {
            {
                const std::lock_guard lock(state_->mutex);
                if (rows_.size() == 0) {  // a second run repeats the rows of the first
                    rows_ = std::exchange(state_->waiting, std::exchange(state_->spare, {}));
                    state_->in_flight += rows_.size();
                }
                state_->submitted = false;
            }
            for (std::size_t i = 0; i < rows_.size(); ++i) {
                const auto appended = transaction.append_audit(rows_.row(i));
                if (appended.has_error()) return appended.error();
            }
            return {};
        }
        bool patient() const noexcept override { return true; }
        void finished(storage::Result<void> outcome) noexcept override {
            const std::lock_guard lock(state_->mutex);
            state_->in_flight -= rows_.size();
            if (outcome.has_error()) {
                // Nothing is given up: the rows go back to the front, and the next read tries again. Once too many
                // wait, record() refuses, so a store that stays broken stops the reads.
                for (std::size_t i = 0; i < state_->waiting.size(); ++i) rows_.add(state_->waiting.row(i));
                rows_.ends.swap(state_->waiting.ends);
                rows_.bytes.swap(state_->waiting.bytes);
                state_->submitted = false;
            }
            rows_.clear();
            state_->spare = std::move(rows_);
        }

    private:
        std::shared_ptr<State> state_;
        Batch rows_;
    };
};

ReadAudit::ReadAudit(storage::Store& store, std::size_t entries_max)
    : state_(std::make_shared<State>(store, entries_max)) {}

ReadAudit::~ReadAudit() = default;

bool ReadAudit::record(const AuditEntry& entry) { return record(view_of(entry)); }

bool ReadAudit::record(const AuditView& entry) {
    thread_local std::string row;
    row.clear();
    render(entry, row);
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->waiting.size() + state_->in_flight >= state_->entries_max) return false;
        state_->waiting.add(row);
        if (state_->submitted) return true;
        state_->submitted = true;
    }
    // Outside the lock: a store that is full or stopped finishes the work at once, on this thread.
    state_->store.submit(std::make_unique<State::Rows>(state_));
    return true;
}

std::size_t ReadAudit::waiting() const {
    const std::lock_guard lock(state_->mutex);
    return state_->waiting.size() + state_->in_flight;
}

}  // namespace causeway::security
