#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/search/parameters.hpp"
#include "fhir/search/query.hpp"

namespace causeway::fhir::search {

/// A fault of one parameter: its issue code and a sentence that does not repeat the value.
struct QueryFault {
    IssueCode code = IssueCode::value;
    std::string text;
};

/// Reads one of the values that commas separate. Answers false with `fault` set.
class OperandReader {
public:
    OperandReader(const QueryOptions& options, QueryFault& fault) : options_(options), fault_(fault) {}

    /// `escaped`: still with its escapes. `target`: the type of a `:Type` modifier.
    bool read(const Parameter& parameter, Modifier modifier, std::string_view target, std::string_view escaped,
              Operand& out);
    /// A value without escapes, of a plain type; also for composites' parts and `_filter`.
    bool read_plain(ParameterType type, std::string_view text, Operand& out);
    bool read_reference(std::string_view text, std::span<const std::string_view> targets, std::string_view target,
                        Operand& out);
    bool read_token(std::string_view escaped, bool contact, Operand& out);

private:
    bool fail(std::string text, IssueCode code = IssueCode::value);
    bool text_of(std::string_view escaped, std::string& out);
    bool read_string(std::string_view escaped, Modifier modifier, Operand& out);
    bool read_of_type(std::string_view escaped, Operand& out);
    bool read_composite(const Parameter& parameter, std::string_view escaped, Operand& out);
    bool read_prefixed(ParameterType type, std::string_view escaped, Operand& out);
    bool read_date(std::string_view text, Operand& out);
    bool read_number(std::string_view text, Operand& out);
    bool read_quantity(std::string_view escaped, Operand& out);
    bool read_near(std::string_view escaped, Operand& out);

    const QueryOptions& options_;
    QueryFault& fault_;
};

/// Builds the condition for one resource type.
class CriterionReader {
public:
    CriterionReader(const QueryOptions& options, QueryFault& fault) : options_(options), fault_(fault) {}

    /// `name`: `code`, `code:modifier`, `ref.code`, `ref:Type.code`, `_has:...`, `_list`, `_filter`.
    std::optional<Criterion> read(std::string_view type, std::string_view name, std::string_view value,
                                  std::size_t depth = 0);
    /// The grammar of `_filter` (filter.cpp).
    std::optional<Criterion> read_current_list(std::string_view type, std::string_view value, std::size_t depth);
    std::optional<Criterion> read_filter(std::string_view type, std::string_view text);
    /// The fault was that no such parameter exists: lenient handling may go on without it.
    bool unknown() const { return unknown_; }

private:
    friend class FilterReader;
    std::optional<Criterion> read_chain(std::string_view type, std::string_view head, std::string_view rest,
                                        std::string_view value, std::size_t depth);
    std::optional<Criterion> read_has(std::string_view type, std::string_view rest, std::string_view value,
                                      std::size_t depth);
    std::optional<Criterion> read_values(const Parameter& parameter, std::string_view modifier, std::string_view value);
    const Parameter* find(std::string_view type, std::string_view code);
    bool count_values(std::size_t values);
    std::nullopt_t fail(std::string text, IssueCode code = IssueCode::value);

    const QueryOptions& options_;
    QueryFault& fault_;
    bool unknown_ = false;
    std::size_t values_ = 0;
    static constexpr std::size_t steps_max = 2000;
    std::size_t steps_ = 0;
};

/// All codes of a type, for people.
std::string known_parameters(std::string_view type, const QueryOptions& options);
/// R4's own or one of `options.custom`; nullptr if there is none. A custom one that is not `ready` is found all the same.
const Parameter* find_parameter(std::string_view type, std::string_view code, const QueryOptions& options);
/// May it be searched now?
bool is_ready(const Parameter& parameter, const QueryOptions& options);
/// Has the type the modifier? `target` is set for `:Type`.
std::optional<Modifier> find_modifier(const Parameter& parameter, std::string_view text, std::string_view& target);

}  // namespace causeway::fhir::search
