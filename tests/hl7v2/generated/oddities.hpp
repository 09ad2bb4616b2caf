#pragma once
#include <string>
#include <vector>

#include "hl7v2/delimiters.hpp"
#include "tests/hl7v2/generated/random.hpp"

namespace causeway::hl7v2::testing {

/// Delimiters a sender may declare: the usual ones, any printable characters, one to five in MSH-2.
Delimiters random_delimiters(Random& random);

/// Does to a message (segments ended by CR) what senders, interface engines and copying do to messages. `segments` are
/// its segments without line ends.
///
/// Each function leaves something that a reader with all tolerances must still read, except cut_off.
namespace oddity {

void line_ends(Random& random, std::string& text);
void surroundings(Random& random, std::string& text);
void control_bytes(Random& random, std::string& text);
void lower_case_names(Random& random, std::string& text);
void line_breaks_in_text(Random& random, std::string& text, const Delimiters& delimiters);
void extra_segments(Random& random, std::string& text, const Delimiters& delimiters);
void moved_segments(Random& random, std::string& text);
void addenda(Random& random, std::string& text, const Delimiters& delimiters);
void long_repetitions(Random& random, std::string& text, const Delimiters& delimiters);
void huge_value(Random& random, std::string& text, const Delimiters& delimiters);
void odd_escapes(Random& random, std::string& text, const Delimiters& delimiters);
void extra_parts(Random& random, std::string& text, const Delimiters& delimiters);
void erased_values(Random& random, std::string& text, const Delimiters& delimiters);
void wrong_header(Random& random, std::string& text, const Delimiters& delimiters);
void damaged_bytes(Random& random, std::string& text);
/// May cut MSH itself, so that nothing readable is left.
void cut_off(Random& random, std::string& text);

}  // namespace oddity

/// Applies a few of them; their names, for a failing test's output. `readable` is false if cut_off was among them.
std::vector<std::string> make_odd(Random& random, std::string& text, const Delimiters& delimiters, bool& readable);

}  // namespace causeway::hl7v2::testing
