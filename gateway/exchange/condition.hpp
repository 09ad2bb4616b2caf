#pragma once
#include <boost/system/result.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/message_view.hpp"
#include "hl7v2/path.hpp"

namespace causeway::exchange {

/// What a condition says about one v2 place.
struct ConditionTest {
    enum class Op { equal, not_equal, in, not_in, valued, absent };
    hl7v2::Path path;  ///< PV1-2, PID-3.4, OBR-4.1
    Op op = Op::valued;
    std::vector<std::string> values;
};

struct ConditionError {
    std::string text;
    std::size_t position = 0;  ///< byte in the condition
};

[[noreturn]] void throw_exception_from_error(const ConditionError& error, const boost::source_location& where);

/// The condition of a routing rule on a v2 message: tests joined by `and`.
///
///     PV1-2 in (I, E) and MSH-4 = "NORTH WING" and PID-3.4 valued and OBR-24 != RAD
///
/// `=` and `in` hold if any value found at the path is one of those named; `!=` and `not in` are their opposites; a path without a
/// segment or field number means every one of them. Whoever needs `or` writes two rules.
class Condition {
public:
    using Result = boost::system::result<Condition, ConditionError>;
    /// Empty text is the condition that always holds.
    static Result parse(std::string_view text);

    bool holds(const hl7v2::MessageView& message) const { return first_failing(message) == nullptr; }
    /// The first test that does not hold; null if all do. For `explain`.
    const ConditionTest* first_failing(const hl7v2::MessageView& message) const;

    const std::vector<ConditionTest>& tests() const noexcept { return tests_; }

private:
    std::vector<ConditionTest> tests_;
};

std::string to_string(const ConditionTest& test);

/// Calls `found` for each value at `path`, decoded, until it returns true: all segments of the name and all repetitions
/// of the field unless the path names one.
void each_value(const hl7v2::MessageView& message, const hl7v2::Path& path,
                const std::function<bool(std::string_view)>& found);

}  // namespace causeway::exchange
