#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "hl7v2/delimiters.hpp"
#include "hl7v2/dictionary/dictionary.hpp"
#include "tests/hl7v2/generated/random.hpp"

namespace causeway::hl7v2::testing {

/// A message made by the dictionary alone: a structure of a version with some of its optional segments and fields, every
/// required one, and values of the right type, table and length.
struct ConformingMessage {
    dictionary::Version version;
    dictionary::Structure structure;
    std::string text;                  ///< UTF-8, segments ended by CR
    std::vector<std::uint32_t> items;  ///< of the structure, one for each segment
    /// MSH-9 leads to the structure again. Some have no event of their own, or share it with another.
    bool found_by_header = false;
};

/// How much of what is optional is there, in percent.
struct Density {
    std::size_t segments = 30;
    std::size_t fields = 30;
    std::size_t components = 40;
};

ConformingMessage make_conforming(Random& random, dictionary::Version version, dictionary::Structure structure,
                                  const Delimiters& delimiters, const Density& density);

}  // namespace causeway::hl7v2::testing
