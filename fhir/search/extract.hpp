#pragma once
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "fhir/model/document.hpp"
#include "fhir/search/value.hpp"

namespace causeway::fhir::search {

/// The search values of one resource, with everything their views point into: the document and the derived texts.
/// Movable; the views stay valid.
class SearchValues {
public:
    SearchValues() = default;
    explicit SearchValues(DocumentPtr document) : document_(std::move(document)) {}
    SearchValues(SearchValues&&) noexcept = default;
    SearchValues& operator=(SearchValues&&) noexcept = default;

    const std::vector<SearchValue>& values() const noexcept { return values_; }
    auto begin() const noexcept { return values_.begin(); }
    auto end() const noexcept { return values_.end(); }
    std::size_t size() const noexcept { return values_.size(); }
    const DocumentPtr& document() const noexcept { return document_; }

    /// For extractors: a text of its own, kept as long as the values.
    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
    const SearchValue* keep(std::vector<SearchValue> parts) { return parts_.emplace_back(std::move(parts)).data(); }
    void add(const SearchValue& value) { values_.push_back(value); }
    /// Drops equal values among those from `first` on.
    void drop_duplicates(std::size_t first);

private:
    DocumentPtr document_;
    std::vector<SearchValue> values_;
    std::deque<std::string> texts_;
    std::deque<std::vector<SearchValue>> parts_;
};

class CustomParameters;

struct ExtractOptions {
    std::int32_t zone_offset_minutes = 0;  ///< for dates without zone
    std::string_view base_url;             ///< own base: absolute references under it become type and id
    std::size_t values_max = 20'000;       ///< the rest of a resource is not indexed; `truncated` says so
    std::shared_ptr<const CustomParameters> custom = nullptr;  ///< beside R4's own
};

struct Extraction {
    SearchValues values;
    bool truncated = false;
};

/// Every value of every R4 search parameter of the document's type, `_id`, `_lastUpdated`, `_type` and `_source` and so
/// on included if they stand in the document. Never fails: what has an unexpected shape gives no value. Values of one
/// parameter are adjacent, parameters ascend, doubles are dropped.
Extraction extract(DocumentPtr document, const ExtractOptions& options = {});

/// Values of `options.custom` alone.
Extraction extract_custom(DocumentPtr document, const ExtractOptions& options);

/// A contained resource with the values of its own type's parameters.
struct ContainedValues {
    Element resource;  ///< of the document
    SearchValues values;
};
/// The same for what the document contains; those of no known type are left out.
std::vector<ContainedValues> extract_contained(const DocumentPtr& document, const ExtractOptions& options = {});

}  // namespace causeway::fhir::search
