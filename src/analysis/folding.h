// Folding: forms of a text in which what people take for the same word is the same bytes: without
// the difference of capitals, of ways to encode a character (NFKC), and of accents.
#pragma once

#include <string>
#include <string_view>

namespace synap::analysis {

/// NFKC with cases folded: "Ärger" and "ÄRGER" are "ärger", "ﬁ" is "fi", "Straße" is "strasse".
/// Bytes that are no UTF-8 stay as they are.
std::string lowered(std::string_view text);

/// The same without accents: "arger". Of Latin, Greek and Cyrillic letters only: a mark is a part
/// of the letter in the scripts of India and of Thailand.
std::string folded(std::string_view text);
/// Of a text that is lowered() already.
std::string without_accents(std::string_view lowered);

bool is_ascii(std::string_view text);

}  // namespace synap::analysis
