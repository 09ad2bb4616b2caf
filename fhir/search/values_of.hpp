#pragma once
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "fhir/path/item.hpp"
#include "fhir/path/ucum.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/search/parameters.hpp"

namespace causeway::fhir::search {

/// Turns what a parameter's expression found into search values, by the parameter's type and the element's.
class ValueReader {
public:
    ValueReader(SearchValues& values, const ExtractOptions& options) : values_(values), options_(options) {}

    /// `implicit_system`: of a `code` element, whose system its binding names.
    void read(const path::Item& item, ParameterType type, bool contact, std::string_view implicit_system,
              std::vector<SearchValue>& out);

private:
    using Out = std::vector<SearchValue>;
    void read_token(const path::Item& item, bool contact, std::string_view implicit_system, Out& out);
    void read_string(const path::Item& item, Out& out);
    void read_date(const path::Item& item, Out& out);
    void read_number(const path::Item& item, Out& out);
    void read_quantity(const path::Item& item, Out& out);
    void read_reference(const path::Item& item, Out& out);
    void read_uri(const path::Item& item, Out& out);
    void read_position(const path::Item& item, Out& out);

    void coding(Element element, Out& out);
    void codings(Element concept_, Out& out);
    void identifier(Element element, Out& out);
    void text(std::string_view text, Out& out, bool later_parts = false);
    void quantity(Element element, Out& out);
    void sampled_data(Element element, Out& out);
    void range(Element element, Out& out);
    void reference_text(std::string_view text, bool canonical, Out& out);

    /// The answer is good until the next call.
    const std::optional<path::UnitForm>& unit_form(std::string_view unit);
    void add_canonical(const std::optional<path::Decimal>& low, const std::optional<path::Decimal>& high,
                       QuantityValue& quantity);

    SearchValues& values_;
    const ExtractOptions& options_;
    std::vector<std::pair<std::string_view, std::optional<path::UnitForm>>> units_;  ///< one resource names few
};

}  // namespace causeway::fhir::search
