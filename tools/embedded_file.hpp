#pragma once
#include <string_view>

namespace causeway::embedded {

/// A file that was compiled in (cmake/build.cmake, causeway_embed). Both views live as long as the program.
struct File {
    std::string_view path;   ///< relative to the repository root
    std::string_view bytes;  ///< followed by a NUL that is not counted
};

}  // namespace causeway::embedded
