#include "embedding/word_pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"
#include "embedding/characters.h"

namespace synap::embedding {
namespace {

constexpr std::size_t kWordCharactersMax = 100;  // a longer word is [UNK]
// What has no space for so long is cut, so that the memory it takes is bounded.
constexpr std::size_t kRunCharactersMax = 1 << 16;
constexpr std::string_view kContinued = "##";

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6U));
    put(0x80 | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12U));
    put(0x80 | ((c >> 6U) & 0x3FU));
    put(0x80 | (c & 0x3FU));
  } else {
    put(0xF0 | (c >> 18U));
    put(0x80 | ((c >> 12U) & 0x3FU));
    put(0x80 | ((c >> 6U) & 0x3FU));
    put(0x80 | (c & 0x3FU));
  }
}

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

}  // namespace

struct WordPieces::Parts {
  using Pieces = std::unordered_map<std::string_view, std::int32_t>;
  std::string vocabulary;
  Options options;
  Pieces first;      // pieces that begin a word
  Pieces continued;  // those that go on, without their "##"
  std::size_t first_bytes_max = 0;
  std::size_t continued_bytes_max = 0;
  std::size_t size = 0;
  std::int32_t unknown = -1;
  std::int32_t begin = -1;
  std::int32_t end = -1;

  Result<> read();
  Result<> add(std::string_view piece);
  // Gives the pieces of a text to `use`, which says whether it wants more.
  using Use = std::function<bool(std::int32_t)>;
  void each_piece(std::string_view text, const Use& use) const;
  bool pieces_of_run(const std::u32string& run, const Use& use) const;
  bool pieces_of_word(const std::u32string& word, const Use& use) const;
};

Result<> WordPieces::Parts::add(std::string_view piece) {
  const auto id = static_cast<std::int32_t>(size++);
  const bool is_continued = piece.starts_with(kContinued) && piece.size() > kContinued.size();
  auto& pieces = is_continued ? continued : first;
  auto& bytes_max = is_continued ? continued_bytes_max : first_bytes_max;
  if (is_continued) piece.remove_prefix(kContinued.size());
  if (!pieces.emplace(piece, id).second) {
    return fail(Code::kBadRequest, fmt::format("line {} of the vocabulary has a piece that an "
                                               "earlier one has",
                                               size));
  }
  bytes_max = std::max(bytes_max, piece.size());
  return {};
}

Result<> WordPieces::Parts::read() {
  if (vocabulary.size() > kVocabularyBytesMax) {
    return fail(Code::kBadRequest, fmt::format("the vocabulary has {} bytes, more than {}",
                                               vocabulary.size(), kVocabularyBytesMax));
  }
  if (!is_valid_utf8(vocabulary)) return fail(Code::kBadRequest, "the vocabulary is no UTF-8");
  std::string_view rest = vocabulary;
  while (!rest.empty()) {
    const auto line_end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, line_end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (auto added = add(line); !added) return added;
    rest.remove_prefix(std::min(line_end + 1, rest.size()));
  }
  for (const auto& [name, id] :
       {std::pair{"[UNK]", &unknown}, {"[CLS]", &begin}, {"[SEP]", &end}}) {
    const auto at = first.find(name);
    if (at == first.end()) {
      return fail(Code::kBadRequest, fmt::format("the vocabulary has no {}", name));
    }
    *id = at->second;
  }
  return {};
}

// A word without space and punctuation: the longest pieces from the left. Of a word whose rest is
// no piece nothing is known.
bool WordPieces::Parts::pieces_of_word(const std::u32string& word, const Use& use) const {
  if (word.size() > kWordCharactersMax) return use(unknown);
  std::string text;
  for (const char32_t c : word) append_utf8(text, c);
  std::vector<std::int32_t> found;
  for (std::size_t from = 0; from < text.size();) {
    const auto& pieces = from == 0 ? first : continued;
    const auto bytes_max = from == 0 ? first_bytes_max : continued_bytes_max;
    auto bytes = std::min(text.size() - from, bytes_max);
    auto at = pieces.end();
    for (; bytes > 0; --bytes) {
      if (from + bytes < text.size() && !begins_character(text[from + bytes])) continue;
      at = pieces.find(std::string_view(text).substr(from, bytes));
      if (at != pieces.end()) break;
    }
    if (at == pieces.end()) return use(unknown);
    found.push_back(at->second);
    from += bytes;
  }
  return std::ranges::all_of(found, use);
}

// What stands between two spaces, or is one ideograph.
bool WordPieces::Parts::pieces_of_run(const std::u32string& run, const Use& use) const {
  auto bare = options.strips_accents ? without_accents(run) : run;
  std::u32string word;
  const auto end_word = [&] {
    if (word.empty()) return true;
    const bool wants_more = pieces_of_word(word, use);
    word.clear();
    return wants_more;
  };
  for (char32_t c : bare) {
    if (options.is_lower_case) c = to_lower(c);
    if (is_space(c)) {
      if (!end_word()) return false;
    } else if (is_punctuation(c)) {
      if (!end_word() || !pieces_of_word({c}, use)) return false;
    } else {
      word.push_back(c);
    }
  }
  return end_word();
}

void WordPieces::Parts::each_piece(std::string_view text, const Use& use) const {
  std::u32string run;
  const auto end_run = [&] {
    if (run.empty()) return true;
    const bool wants_more = pieces_of_run(run, use);
    run.clear();
    return wants_more;
  };
  while (!text.empty()) {
    const auto c = first_code_point(text);
    text.remove_prefix(c.bytes);
    if (!c.is_valid || is_dropped(c.value)) continue;
    if (is_space(c.value)) {
      if (!end_run()) return;
    } else if (is_ideograph(c.value)) {
      if (!end_run()) return;
      run.push_back(c.value);
      if (!end_run()) return;
    } else {
      run.push_back(c.value);
      if (run.size() == kRunCharactersMax && !end_run()) return;
    }
  }
  end_run();
}

Result<WordPieces> WordPieces::make(std::string vocabulary, Options options) {
  auto parts = std::make_unique<Parts>();
  parts->vocabulary = std::move(vocabulary);
  parts->options = options;
  if (auto read = parts->read(); !read) return fail(read.error());
  return WordPieces(std::move(parts));
}

WordPieces::WordPieces(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
WordPieces::~WordPieces() = default;
WordPieces::WordPieces(WordPieces&&) noexcept = default;
WordPieces& WordPieces::operator=(WordPieces&&) noexcept = default;

std::vector<std::int32_t> WordPieces::encode(std::string_view text, std::size_t count_max) const {
  std::vector<std::int32_t> ids{parts_->begin};
  if (count_max > 2) {
    parts_->each_piece(text, [&](std::int32_t id) {
      ids.push_back(id);
      return ids.size() + 1 < count_max;
    });
  }
  ids.push_back(parts_->end);
  return ids;
}

std::size_t WordPieces::count(std::string_view text, std::size_t count_max) const {
  std::size_t count = 0;
  if (count_max == 0) return 0;
  parts_->each_piece(text, [&](std::int32_t) { return ++count < count_max; });
  return count;
}

std::size_t WordPieces::size() const {
  return parts_->size;
}
const std::string& WordPieces::vocabulary() const {
  return parts_->vocabulary;
}
WordPieces::Options WordPieces::options() const {
  return parts_->options;
}

}  // namespace synap::embedding
