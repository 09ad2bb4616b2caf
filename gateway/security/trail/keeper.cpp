#include "gateway/security/trail/keeper.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "gateway/ops/log.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/security/trail/search.hpp"
#include "gateway/security/trail/syslog.hpp"

namespace causeway::security {
namespace {

namespace logging = ops::log;
constexpr std::int64_t minute_us = 60'000'000;

bool append_line(const std::string& path, const std::string& line) {
    const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return false;
    const bool good =
        ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(file) == 0;
    ::close(file);
    return good;
}

/// The first row that is younger than `before_us`; the one after the newest if none is.
storage::Result<std::int64_t> first_younger(storage::Reader& reader, std::int64_t before_us) {
    auto range = trail_range(reader);
    if (range.has_error()) return range.error();
    while (range->first <= range->last && range->last > 0) {
        const auto middle = range->first + (range->last - range->first) / 2;
        const auto rows = reader.audit({middle - 1, 1});
        if (rows.has_error()) return rows.error();
        if (!rows->empty() && rows->front().at_us < before_us)
            range->first = middle + 1;
        else
            range->last = middle - 1;
    }
    return range->first;
}

}  // namespace

storage::Result<std::int64_t> purge_trail(storage::Store& store, std::int64_t before_us, std::string_view who,
                                          std::int64_t through_max) {
    std::int64_t through = 0;
    {
        auto snapshot = store.snapshot();
        if (snapshot.has_error()) return snapshot.error();
        const auto younger = first_younger(**snapshot, before_us);
        if (younger.has_error()) return younger.error();
        through = std::min(*younger - 1, through_max);
    }
    if (through < 1) return 0;
    std::int64_t gone = 0;
    for (;;) {
        const auto step = storage::transact_blocking(
            store, [through, name = std::string(who)](storage::Transaction& t) -> storage::Result<std::int64_t> {
                // The row of the purge comes first, so that the newest row always stays.
                AuditEntry entry;
                entry.at_us = t.now_us();
                entry.principal = {Principal::Kind::system, name, {}, {}};
                entry.interaction = Interaction::admin_write;
                entry.id = "audit/through/" + std::to_string(through);
                entry.operation = "purge";
                const auto rows = t.audit({0, 1});
                if (rows.has_error()) return rows.error();
                if (rows->empty() || rows->front().sequence > through) return 0;
                const auto row = t.append_audit(render(entry));
                if (row.has_error()) return row.error();
                return t.purge_audit(through);
            });
        if (step.has_error()) return step.error();
        gone += *step;
        if (*step == 0) return gone;
    }
}

TrailKeeper::TrailKeeper(storage::Store& store, const ops::Clock& clock, Options options)
    : store_(store), clock_(clock), options_(std::move(options)) {
    anchored_us_ = clock_.now_us();
}

TrailKeeper::~TrailKeeper() { stop(); }

void TrailKeeper::start() {
    if (!options_.key && options_.retention_days == 0) return;
    thread_ = std::thread([this] {
        std::unique_lock lock(mutex_);
        while (!wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; })) {
            lock.unlock();
            look();
            lock.lock();
        }
    });
}

void TrailKeeper::stop() {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        stopping_ = true;
    }
    wake_.notify_all();
    if (!thread_.joinable()) return;
    thread_.join();
    look(true);
}

void TrailKeeper::look(bool last) {
    const auto now_us = clock_.now_us();
    if (options_.key) {
        std::optional<storage::AuditRow> newest;
        {
            auto snapshot = store_.snapshot();
            if (snapshot.has_error()) return;
            auto row = last_audit_row(**snapshot);
            if (row.has_error()) return;
            newest = std::move(*row);
        }
        const auto waiting = newest ? newest->sequence - anchored_sequence_ : 0;
        if (waiting == 0) anchored_us_ = now_us;
        const bool due = waiting >= options_.rows || now_us - anchored_us_ >= options_.minutes * minute_us;
        if (waiting > 0 && (due || last || anchored_sequence_ == 0)) {
            if (anchor({newest->sequence, newest->hash}, now_us)) {
                anchored_sequence_ = newest->sequence;
                anchored_us_ = now_us;
                failing_ = false;
            } else if (!std::exchange(failing_, true)) {
                logging::error("audit.anchor_failed", {{"sequence", newest->sequence}});
            }
        }
    }
    constexpr std::int64_t hour_us = 60 * minute_us;
    if (options_.retention_days > 0 && !last && now_us - purged_us_ >= hour_us) {
        purged_us_ = now_us;
        purge(now_us);
    }
}

bool TrailKeeper::anchor(const storage::AuditMark& mark, std::int64_t now_us) {
    const auto line = render_anchor(*options_.key, mark, now_us);
    bool good = true;
    if (!options_.file.empty()) good = append_line(options_.file, line + "\n");
    if (options_.post) good = options_.post(line) && good;
    return good;
}

void TrailKeeper::purge(std::int64_t now_us) {
    const auto before_us = now_us - options_.retention_days * 24 * 60 * minute_us;
    std::int64_t through_max = INT64_MAX;
    if (options_.after_syslog) {
        auto snapshot = store_.snapshot();
        if (snapshot.has_error()) return logging::error("audit.purge_failed", {{"reason", snapshot.error().message}});
        const auto sent = syslog_sent(**snapshot);
        const auto younger = first_younger(**snapshot, before_us);
        if (sent.has_error() || younger.has_error())
            return logging::error("audit.purge_failed", {{"reason", "the feed's place cannot be read"}});
        through_max = *sent;
        const bool behind = *younger - 1 > *sent;
        if (behind && !std::exchange(behind_, true))
            logging::warning("audit.purge_waits", {{"rows", *younger - 1 - *sent}});
        behind_ = behind;
    }
    const auto gone = purge_trail(store_, before_us, "retention", through_max);
    if (gone.has_error()) return logging::error("audit.purge_failed", {{"reason", gone.error().message}});
    if (*gone > 0) logging::info("audit.purged", {{"rows", *gone}});
}

double TrailKeeper::unanchored_s() const {
    return options_.key ? static_cast<double>(clock_.now_us() - anchored_us_.load()) / 1e6 : 0;
}

}  // namespace causeway::security
