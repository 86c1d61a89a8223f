// Passages: a long Markdown text in pieces that a model can read, along its headings. A model reads
// the first few hundred tokens of a text and no more, and what it makes of a whole page means
// nothing in particular; a hit in a passage also says where in the text it is.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

namespace synap::embedding {

/// Bytes `begin` to `end` of the text, which begin and end with a character that is no space.
struct Passage {
  std::size_t begin = 0;
  std::size_t end = 0;
  /// The line of the heading that its first word is in or under. Empty where there is none.
  std::size_t heading_begin = 0;
  std::size_t heading_end = 0;
  friend bool operator==(const Passage&, const Passage&) = default;
};

struct PassageOptions {
  std::size_t tokens_max = 200;
  /// So many tokens of a passage, at most, begin the next one, too: a sentence that is cut off from
  /// what it speaks of is found all the same. Not across a heading. At most half of tokens_max.
  std::size_t tokens_shared = 30;
  /// The tokens of a piece of text that ends where words end. Never more than its bytes.
  std::function<std::size_t(std::string_view)> count_tokens;
};

/// The passages of `text`, in its order. Together they have all of it but space; each has
/// tokens_max at most, and so much of a text is together as fits. Cuts are before a heading, else
/// between paragraphs, else between sentences, else between words; a word that is longer is cut,
/// too, between characters. Takes time that grows with the text, and calls count_tokens once for
/// each word.
std::vector<Passage> passages_of(std::string_view text, const PassageOptions& options);

}  // namespace synap::embedding
