#pragma once
#include <string>
#include <string_view>

namespace causeway::fhir::search {

/// The one form in which strings are indexed and searched: canonical decomposition, combining marks dropped, case
/// folded, letters with strokes and ligatures written out (ø -> o, ß -> ss), and every run of white space and
/// punctuation turned into one blank, none at either end. `García-Márquez` and `GARCIA MARQUEZ` give the same. Bytes
/// that are no UTF-8 are dropped. Cost: one pass; ASCII takes a fast way.
std::string normalise(std::string_view utf8);
void normalise_into(std::string_view utf8, std::string& out);  ///< appends

/// Telephone numbers and mail addresses: ASCII letters in lower case, and for what is made of digits and phone
/// punctuation alone only the digits (and a leading '+').
std::string normalise_contact(std::string_view value);

/// ASCII case folded, nothing else: how tokens are compared where the code system does not say that case matters.
std::string fold_token(std::string_view code);

}  // namespace causeway::fhir::search
