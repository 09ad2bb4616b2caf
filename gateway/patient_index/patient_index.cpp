#include "gateway/patient_index/patient_index.hpp"

#include <limits>

namespace causeway::patient_index {
namespace {

constexpr std::size_t page = 1000;

/// Runs a step that may throw the store's failure and hands it on as a result.
template <class Step>
auto caught(const Step& step) -> storage::Result<decltype(step())> {
    try {
        return step();
    } catch (const storage::FailureException& failure) {
        return failure.failure();
    }
}

}  // namespace

PatientIndex::PatientIndex(Options options)
    : options_(std::move(options)),
      model_(options_.model ? options_.model
                            : std::shared_ptr<const match::Model>(std::shared_ptr<void>(), &match::shipped_model())) {}

Matcher PatientIndex::matcher() const {
    Matcher out;
    out.model = model();
    out.statistics = &statistics_;
    out.block_max = options_.block_max;
    out.candidates_max = options_.candidates_max;
    out.combinations = options_.combinations;
    return out;
}

storage::Result<void> PatientIndex::load(storage::Store& store) {
    try {
        const auto snapshot = store.snapshot().value();
        std::int64_t seen = std::numeric_limits<std::int64_t>::max();
        for (std::size_t shard = 0; shard < Statistics::shard_count; ++shard) {
            const auto content = snapshot->note(Statistics::shard_name(shard)).value();
            seen = std::min(seen, content ? statistics_.load(shard, *content) : 0);
        }
        auto& patients = snapshot->patients();
        for (storage::Rid after = seen;;) {
            const auto records = patients.records_after(after, page).value();
            for (const auto& record : records) statistics_.catch_up(match::deserialise(record.data), record.record);
            if (records.size() < page) break;
            after = records.back().record;
        }
        statistics_.set_records(patients.record_count().value());
        return {};
    } catch (const storage::FailureException& failure) {
        return failure.failure();
    }
}

storage::Result<void> PatientIndex::written(storage::Transaction& transaction, const rest::Written& written,
                                            const security::Principal& principal) {
    if (written.type != "Patient" || written.same_content) return {};
    try {
        const auto rid = written.version.rid;
        if (written.erased) {
            with_registry(transaction, [&](Registry& registry) {
                registry.erase(rid, {EventSource::feed, principal.id, transaction.now_us()});
                return 0;
            });
            return {};
        }
        const auto features = features_of(written.document->root());
        const auto done = with_registry(
            transaction, [&](Registry& registry) { return registry.put(rid, features, transaction.now_us()); });
        (done.decision == EventKind::linked    ? counters_.linked
         : done.decision == EventKind::created ? counters_.created
                                               : counters_.kept)++;
        counters_.reviews += done.reviews;
        counters_.truncated += done.truncated;
        if (const auto shard = statistics_.next_to_save()) transaction.set_note(shard->name, shard->content).value();
        return {};
    } catch (const storage::FailureException& failure) {
        return failure.failure();
    }
}

namespace {

/// Resource numbers of two live patients, 0 for one that does not exist.
std::pair<storage::Rid, storage::Rid> numbers(storage::Transaction& transaction, std::string_view a,
                                              std::string_view b) {
    const auto number = [&](std::string_view id) {
        const auto version = transaction.version("Patient", id).value();
        return version ? version->rid : storage::Rid{0};
    };
    return {number(a), number(b)};
}

}  // namespace

storage::Result<Refusal> PatientIndex::merge(storage::Transaction& transaction, std::string_view survivor,
                                             std::string_view subsumed, const Actor& actor, std::int64_t* event) {
    return caught([&] {
        const auto [kept, gone] = numbers(transaction, survivor, subsumed);
        if (kept == 0 || gone == 0) return Refusal::unknown_record;
        return with_registry(
            transaction, [&, a = kept, b = gone](Registry& registry) { return registry.merge(a, b, actor, event); });
    });
}

storage::Result<Refusal> PatientIndex::unmerge(storage::Transaction& transaction, std::string_view survivor,
                                               std::string_view subsumed, const Actor& actor,
                                               storage::TimeUs* merged_us) {
    return caught([&] {
        const auto [kept, gone] = numbers(transaction, survivor, subsumed);
        return with_registry(transaction, [&, a = kept, b = gone](Registry& registry) {
            const auto event = registry.merge_between(a, b);
            if (event && merged_us) *merged_us = transaction.patients().events_after(event - 1, 1).value().at(0).at_us;
            return event ? registry.unmerge(event, actor) : Refusal::no_such_merge;
        });
    });
}

storage::Result<Refusal> PatientIndex::link(storage::Transaction& transaction, std::string_view patient,
                                            std::string_view other, const Actor& actor) {
    return caught([&] {
        const auto [a, b] = numbers(transaction, patient, other);
        const auto record = transaction.patients().record(b).value();
        if (a == 0 || !record) return Refusal::unknown_record;
        return with_registry(transaction,
                             [&, rid = a](Registry& registry) { return registry.link(rid, record->person, actor); });
    });
}

storage::Result<Refusal> PatientIndex::unlink(storage::Transaction& transaction, std::string_view patient,
                                              std::string_view other, const Actor& actor) {
    return caught([&] {
        const auto [a, b] = numbers(transaction, patient, other);
        return with_registry(transaction, [&, rid = a, other_rid = b](Registry& registry) {
            return registry.not_the_same(rid, other_rid, actor);
        });
    });
}

storage::Result<Refusal> PatientIndex::resolve(storage::Transaction& transaction, storage::ReviewId review, bool same,
                                               const Actor& actor) {
    return caught([&] {
        return with_registry(transaction, [&](Registry& registry) { return registry.resolve(review, same, actor); });
    });
}

Found PatientIndex::find(storage::PatientReader& reader, fhir::Element patient) const {
    return find(reader, features_of(patient));
}

Found PatientIndex::find(storage::PatientReader& reader, const match::Features& features, storage::Rid self) const {
    return find_candidates(reader, features, matcher(), self);
}

}  // namespace causeway::patient_index
