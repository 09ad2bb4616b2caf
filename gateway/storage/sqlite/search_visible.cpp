// What somebody may see, as a part of every search.
#include "gateway/storage/sqlite/searcher.hpp"

#include <limits>

namespace causeway::storage {

using fhir::search::Criterion;

void Searcher::begin(const Visibility* visibility) {
    budget_ = {};
    bodies_ = 0;
    depth_ = 0;
    visibility_ = visibility;
    value_sets_.clear();
    shown_.clear();
}

std::shared_ptr<const Criterion> Searcher::confined(std::string_view type, const Criterion& criterion) const {
    // Without bounds the plan's own criterion serves: it outlives the call.
    if (!visibility_) return {std::shared_ptr<const void>(), &criterion};
    const auto* const seen = visibility_->find(type);
    if (!seen) return nullptr;
    auto both = std::make_shared<Criterion>();
    both->kind = Criterion::Kind::all;
    both->children.push_back(*seen);
    both->children.push_back(criterion);
    return both;
}

bool Searcher::shown(Vid vid, std::string_view type) {
    if (!visibility_) return true;
    Candidate candidate;
    std::string keys;
    Vid asked = vid;
    if (!fetch(vid, candidate, keys)) {
        // A deletion has no content of its own: it is seen by who saw what was deleted.
        auto query = reads_.connection.query(sql::Statement::version_prev);
        query.bind(vid);
        if (!query.step() || query.integer(0) == 0) return false;
        asked = query.integer(0);
    }
    if (asked != vid && !fetch(asked, candidate, keys)) return false;
    std::string name;
    if (type.empty()) {
        const auto found = reads_.name_of(candidate.rid);
        if (!found) return false;
        name = found->type;
        type = name;
    }
    static const Criterion everything;
    auto at = shown_.find(type);
    if (at == shown_.end()) {
        const bool verify = verify_;
        at = shown_.emplace(std::string(type), compile(type, everything, false)).first;
        verify_ = verify;
    }
    return at->second.owned && accept(at->second, candidate, false, keys);
}

bool Searcher::sees(const Visibility& visibility, const StoredResource& resource) {
    const auto* const condition = visibility.find(resource.type);
    if (!condition) return false;
    if (condition->kind == Criterion::Kind::all && condition->children.empty()) return true;  // all of this type
    begin(&visibility);
    snapshot_ = group_ ? std::numeric_limits<Vid>::max() : state_.committed;
    return shown(resource.version.vid, resource.type);
}

}  // namespace causeway::storage
