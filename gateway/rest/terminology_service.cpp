#include "gateway/rest/terminology_service.hpp"

#include "fhir/json/json.hpp"
#include "fhir/search/query.hpp"

namespace causeway::rest {
namespace {

constexpr std::size_t definitions_max = 20'000;
constexpr std::array<std::string_view, 4> definition_types = {"CodeSystem", "ValueSet", "ConceptMap",
                                                              "StructureDefinition"};

/// False if the store cannot be read; oldest first, so that of two of one URL the later one answers.
bool add_stored(storage::Reader& reader, std::string_view type, fhir::ValidatorBuilder& builder) {
    const fhir::search::QueryParameter order{"_sort", "_lastUpdated"};
    fhir::search::ParsedQuery query = fhir::search::parse_query(type, {&order, 1});
    query.plan.count = 500;
    std::string token;
    std::size_t count = 0;
    do {
        storage::SearchOptions options;
        options.page_token = token;
        options.binding = "terminology";
        auto page = reader.search(query.plan, options);
        if (page.has_error()) return false;
        for (const auto& each : page->matches) {
            auto document = fhir::parse_json(each.json());
            if (document.has_value()) builder.add(*document);
        }
        count += page->matches.size();
        token = std::move(page->next_page);
    } while (!token.empty() && count < definitions_max);
    return true;
}

}  // namespace

TerminologyService::TerminologyService(std::shared_ptr<const fhir::ConceptStore> concepts,
                                       std::shared_ptr<const fhir::Validator> base)
    : concepts_(std::move(concepts)), base_(base ? std::move(base) : fhir::Validator::built_in()) {
    fhir::ValidatorBuilder builder(*base_);
    if (concepts_) builder.set_store(concepts_);
    current_ = std::move(builder).build();
}

std::shared_ptr<const fhir::Terminology> TerminologyService::current() const {
    auto validator = this->validator();
    const fhir::Terminology* const terminology = &validator->terminology();
    return {std::move(validator), terminology};
}

std::shared_ptr<const fhir::Validator> TerminologyService::validator() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

void TerminologyService::refresh() {
    if (!store_ || changed_.load() <= made_.load()) return;
    const std::lock_guard lock(making_);
    const storage::Vid last = store_->metrics().last_vid;
    if (changed_.load() <= made_.load() || last == made_.load()) return;
    auto snapshot = store_->snapshot();
    if (snapshot.has_error()) return;  // what is known goes on answering; the next one tries again
    fhir::ValidatorBuilder builder(*base_);
    if (concepts_) builder.set_store(concepts_);
    for (const std::string_view type : definition_types)
        if (!add_stored(**snapshot, type, builder)) return;
    auto made = std::move(builder).build();
    {
        const std::lock_guard swap(mutex_);
        current_ = std::move(made);
    }
    made_ = last;
}

storage::Result<void> TerminologyService::written(storage::Transaction&, const Written& written,
                                                  const security::Principal&) {
    for (const std::string_view type : definition_types)
        if (written.type == type && written.version.vid > changed_.load()) changed_ = written.version.vid;
    return {};
}

}  // namespace causeway::rest
