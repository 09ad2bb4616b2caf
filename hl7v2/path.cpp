#include "hl7v2/path.hpp"

#include <cstdlib>

namespace causeway::hl7v2 {

std::string Path::text() const {
    std::string out(segment());
    if (segment_ordinal != 0) out += '(' + std::to_string(segment_ordinal) + ')';
    if (position.field == 0) return out;
    out += '-' + std::to_string(position.field);
    if (position.repetition != 0) out += '(' + std::to_string(position.repetition) + ')';
    if (position.component != 0) out += '.' + std::to_string(position.component);
    if (position.subcomponent != 0) out += '.' + std::to_string(position.subcomponent);
    return out;
}

void detail::this_path_literal_cannot_be_read() { std::abort(); }
void detail::this_path_literal_names_nothing_in_the_standard() { std::abort(); }

}  // namespace causeway::hl7v2
