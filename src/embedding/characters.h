// What the BERT family's tokenizers make of single characters. Unicode's tables are ICU's; the
// lists are those of the reference (`tokenizers`, normalizers/bert.rs and pre_tokenizers/bert.rs).
// Private to the room.
#pragma once

#include <string>

namespace synap::embedding {

/// Where words end.
bool is_space(char32_t c);
/// What a text loses: controls, formats, what is not assigned or is private.
bool is_dropped(char32_t c);
/// Chinese characters and their like, which are words of their own.
bool is_ideograph(char32_t c);
bool is_punctuation(char32_t c);
char32_t to_lower(char32_t c);
/// In canonical decomposition (NFD) and without the marks that take no place.
std::u32string without_accents(const std::u32string& word);

}  // namespace synap::embedding
