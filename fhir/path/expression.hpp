#pragma once
#include <array>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fhir/path/item.hpp"
#include "fhir/result.hpp"

namespace causeway::fhir::path {

struct Program;

struct CompileOptions {
    /// The type of what it will be evaluated on ("Patient", "Observation.component"). Known, member steps are resolved
    /// at compile time.
    std::string_view context_type;
    /// With `context_type`: an element that the types cannot have is an error.
    bool strict = false;
    /// `as` on several items keeps those that fit, as R4's search parameters and invariants expect; otherwise it is an
    /// error.
    bool as_filters = false;
    /// `|` keeps duplicates, as combine() does: cheaper, for callers that drop them later.
    bool union_combines = false;
};

/// A compiled FHIRPath expression: immutable, cheap to copy, shared between threads.
class Expression {
public:
    /// Errors carry byte, line and column.
    static Result<Expression> compile(std::string_view text, const CompileOptions& options = {});
    std::string_view text() const;
    const Program& program() const { return *program_; }

private:
    explicit Expression(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
    std::shared_ptr<const Program> program_;
};

/// What an evaluation asks of the world around the document. Every answer may be "cannot tell" (nullopt or absent).
class Hooks {
public:
    virtual ~Hooks() = default;
    /// The resource a reference names (contained ones are found without asking).
    virtual Element resolve(std::string_view reference) const;
    virtual std::optional<bool> member_of(const Item& coded, std::string_view value_set) const;
    virtual std::optional<bool> subsumes(std::string_view system, std::string_view ancestor,
                                         std::string_view descendant) const;
    virtual std::optional<bool> conforms_to(Element element, std::string_view profile) const;
    virtual void trace(std::string_view name, std::span<const Item> items) const;
};

struct Environment {
    Element resource;         ///< %resource; default: the focus
    Element root_resource;    ///< %rootResource: the container of a contained resource; default: %resource
    std::int64_t now_us = 0;  ///< now(), today()
    std::int16_t zone_minutes = 0;
    const Hooks* hooks = nullptr;
    /// resolve() without an answer gives a stand-in that has only the type that the reference names.
    bool resolve_to_type = false;
    /// `%name` beyond the standard's own. The items must outlive the evaluation.
    std::span<const std::pair<std::string_view, std::span<const Item>>> variables;
    std::size_t steps_max = 5'000'000;  ///< items touched, in all
};

/// Runs expressions and owns what their results borrow. One per thread; use it again and again, it keeps its memory.
class Evaluation {
public:
    Evaluation();
    Evaluation(const Evaluation&) = delete;
    Evaluation& operator=(const Evaluation&) = delete;

    /// The result is valid until the next run(). An error says where in the expression.
    Result<std::span<const Item>> run(const Expression& expression, const Item& focus,
                                      const Environment& environment = {});
    /// On a resource or any other element with its type.
    Result<std::span<const Item>> run(const Expression& expression, Element focus, std::string_view type,
                                      const Environment& environment = {});
    /// A resource: the type is read from it.
    Result<std::span<const Item>> run(const Expression& expression, Element resource,
                                      const Environment& environment = {});
    /// For invariants: empty and false are false, a single other item is true; several items are an error.
    Result<bool> test(const Expression& expression, const Item& focus, const Environment& environment = {});

private:
    alignas(16) std::array<std::byte, 8192> first_;
    std::pmr::monotonic_buffer_resource memory_;
    std::optional<Collection> result_;
};

/// An item for an element: its type by name, or by its resourceType where `type` is empty.
Item item_of(Element element, std::string_view type = {});

}  // namespace causeway::fhir::path
