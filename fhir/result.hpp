#pragma once
#include <boost/system/result.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace causeway::fhir {

/// Why text or an expression could not be read at all. Faults of content are Issues (fhir/issue.hpp), not errors.
enum class Errc {
    syntax = 1,  ///< not well-formed JSON, XML, FHIRPath, query or patch
    bad_utf8,
    duplicate_member,  ///< a JSON object has two members of one name
    too_deep,
    too_large,
    wrong_shape,    ///< well-formed, but not the shape FHIR gives this place (an array for a single element ...)
    unknown_name,   ///< a type, element, function or parameter that does not exist
    bad_value,      ///< a value that its type does not allow
    not_supported,  ///< known and valid, but not built
    evaluation,     ///< an expression that is valid fails on this input
};

/// A failure with its place. `message` is English for people and holds no clinical content.
struct Error {
    Errc code;
    std::string message;
    std::string path;        ///< FHIRPath of the element, or the text of the expression's part; empty if not known
    std::size_t offset = 0;  ///< byte in the input
    std::size_t line = 0;    ///< counted from 1; 0 = not known
    std::size_t column = 0;
};

template <class T>
using Result = boost::system::result<T, Error>;

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace causeway::fhir
