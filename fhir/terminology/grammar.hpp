#pragma once
#include <string_view>

namespace causeway::fhir {

/// Says whether a text is a code of a system that has a grammar instead of a list.
using CodeGrammar = bool (*)(std::string_view code) noexcept;

/// For media types (urn:ietf:bcp:13) and language tags (urn:ietf:bcp:47); null for any other system.
CodeGrammar code_grammar(std::string_view system) noexcept;

}  // namespace causeway::fhir
