#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace causeway::fhir::search {

/// XHTML without its tags, and with a blank where one stood.
void append_untagged(std::string_view xhtml, std::string& out);

/// The different words of a narrative, normalised, ascending: what `_text` is indexed by. At most 2000 of them; `cut` says
/// that there are more.
std::vector<std::string> narrative_words(std::string_view xhtml, bool& cut);

/// What a `_text` or `_content` operand asks for: words, normalised. A word that ends in * stands for a beginning.
struct WantedText {
    std::vector<std::string> words;       ///< whole words, all of which must be there
    std::vector<std::string> beginnings;  ///< of words
    std::vector<std::string> phrases;     ///< words side by side
};
WantedText wanted_text(std::string_view operand);

/// Does normalised text hold everything that is wanted, and is anything wanted at all?
bool text_meets(std::string_view normalised, const WantedText& wanted);

}  // namespace causeway::fhir::search
