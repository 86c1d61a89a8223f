// WordPieces: the tokenizer of the BERT family. A text becomes the numbers of pieces of words, as
// the model was trained with them: what is invisible is dropped, Chinese characters and punctuation
// stand alone, of a model without case letters are made small and lose their accents, and each word
// is cut into the longest pieces that the vocabulary has.
//
// The judge is the tokenizer that the models are published with (docs/models.md). One difference is
// meant: "[CLS]", "[SEP]" and the like in a text are words as others, not the marks themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::embedding {

class WordPieces {
 public:
  /// Of a vocabulary at most this long: 1,000,000 pieces of whatever length come to less.
  static constexpr std::size_t kVocabularyBytesMax = 32 << 20;

  struct Options {
    bool is_lower_case = true;
    bool strips_accents = true;
  };

  /// `vocabulary` is a vocab.txt: a piece a line, whose number is that of its line. kBadRequest: it
  /// has not [UNK], [CLS] and [SEP], a piece twice, or is no UTF-8.
  static Result<WordPieces> make(std::string vocabulary, Options options);
  ~WordPieces();
  WordPieces(WordPieces&&) noexcept;
  WordPieces& operator=(WordPieces&&) noexcept;

  /// [CLS], the pieces, [SEP]: at most `count_max` (2 or more), the first ones. No more of the text
  /// is looked at than these need. What is no UTF-8 is dropped.
  std::vector<std::int32_t> encode(std::string_view text, std::size_t count_max) const;
  /// How many pieces a text has, without the two marks; stops counting at `count_max`.
  std::size_t count(std::string_view text, std::size_t count_max = SIZE_MAX) const;

  std::size_t size() const;  // of the vocabulary
  const std::string& vocabulary() const;
  Options options() const;

 private:
  struct Parts;
  explicit WordPieces(std::unique_ptr<const Parts> parts);
  std::unique_ptr<const Parts> parts_;
};

}  // namespace synap::embedding
