#include "embedding/passages.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/check.h"
#include "base/text.h"

namespace synap::embedding {
namespace {

constexpr std::size_t kTokensMin = 16;      // of tokens_max
constexpr std::size_t kPieceBytesMax = 64;  // of a word

// What stands before a word, by how good a place for a cut it is.
enum class Gap : std::uint8_t { kNone, kWord, kSentence, kParagraph, kHeading };

struct Word {
  std::size_t begin;
  std::size_t end;
  Gap gap;
  std::size_t tokens_before;  // of all words before it
};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct Line {
  std::size_t begin;
  std::size_t end;  // without its end
};

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

// "## Like this"; at most three spaces before, else it is code.
bool is_heading(std::string_view line) {
  const auto spaces = line.find_first_not_of(' ');
  if (spaces == std::string_view::npos || spaces > 3) return false;
  line.remove_prefix(spaces);
  const auto marks = std::min(line.find_first_not_of('#'), line.size());
  return marks >= 1 && marks <= 6 && (marks == line.size() || is_blank(line[marks]));
}

// "=====" or "-----" below a line makes that a heading.
bool is_underline(std::string_view line) {
  line = trimmed(line);
  return line.size() >= 2 && (line.find_first_not_of('=') == std::string_view::npos ||
                              line.find_first_not_of('-') == std::string_view::npos);
}

// The mark and its length of a line that begins code, or could end it.
std::optional<std::pair<char, std::size_t>> fence_of(std::string_view line) {
  const auto spaces = line.find_first_not_of(' ');
  if (spaces == std::string_view::npos || spaces > 3) return std::nullopt;
  line.remove_prefix(spaces);
  const char mark = line.front();
  if (mark != '`' && mark != '~') return std::nullopt;
  const auto length = std::min(line.find_first_not_of(mark), line.size());
  if (length < 3) return std::nullopt;
  return std::pair(mark, length);
}

bool begins_item(std::string_view line) {
  line = trimmed(line);
  return line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ") ||
         line.starts_with("> ") || line.starts_with("| ");
}

bool ends_sentence(std::string_view word) {
  while (!word.empty() && (word.back() == '"' || word.back() == '\'' || word.back() == ')' ||
                           word.back() == '*' || word.back() == '_')) {
    word.remove_suffix(1);
  }
  for (const std::string_view end :
       {".", "!", "?", "\xE3\x80\x82" /* 。 */, "\xEF\xBC\x81" /* ！ */, "\xEF\xBC\x9F" /* ？ */}) {
    if (word.ends_with(end)) return true;
  }
  return false;
}

// Cuts a text into words, each with what stands before it, and finds its headings.
class Reader {
 public:
  Reader(std::string_view text, const PassageOptions& options) : text_(text), options_(options) {
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      const Line line{at, end};
      const auto next_end = std::min(text.find('\n', std::min(end + 1, text.size())), text.size());
      read(line, end < text.size() ? text.substr(end + 1, next_end - end - 1) : std::string_view());
      at = end + 1;
    }
  }
  std::vector<Word> words;
  std::vector<Line> headings;
  std::size_t tokens = 0;

 private:
  std::string_view of(const Line& line) const {
    return text_.substr(line.begin, line.end - line.begin);
  }

  void read(const Line& line, std::string_view next) {
    const auto text = of(line);
    if (trimmed(text).empty()) {
      gap_ = std::max(gap_, Gap::kParagraph);
      is_in_paragraph_ = false;
      return;
    }
    const auto fence = fence_of(text);
    if (fence_) {
      if (fence && fence->first == fence_->first && fence->second >= fence_->second) fence_.reset();
    } else if (fence) {
      fence_ = fence;
      gap_ = std::max(gap_, Gap::kParagraph);
    } else if (is_heading(text) ||
               (!is_in_paragraph_ && !begins_item(text) && is_underline(next))) {
      gap_ = Gap::kHeading;
      headings.push_back(line);
    } else if (begins_item(text)) {
      gap_ = std::max(gap_, Gap::kSentence);
    }
    is_in_paragraph_ = true;
    add_words(line);
    // What follows a heading belongs to it, and is not cut off from it if that can be.
    if (!headings.empty() && headings.back().begin == line.begin) is_in_paragraph_ = false;
  }

  void add_words(const Line& line) {
    for (std::size_t at = line.begin; at < line.end;) {
      if (is_blank(text_[at])) {
        ++at;
        continue;
      }
      auto end = at;
      while (end < line.end && !is_blank(text_[end])) ++end;
      add_word(at, end);
      gap_ = ends_sentence(text_.substr(at, end - at)) ? Gap::kSentence : Gap::kWord;
      at = end;
    }
  }

  // In pieces, if it has more bytes than may be tokens: no piece has more than fit.
  void add_word(std::size_t begin, std::size_t end) {
    const auto bytes_max = std::min(kPieceBytesMax, options_.tokens_max / 4);
    while (begin < end) {
      auto piece = std::min(end, begin + bytes_max);
      while (piece < end && piece > begin + 1 &&
             (static_cast<unsigned char>(text_[piece]) & 0xC0U) == 0x80U) {
        --piece;
      }
      words.push_back({begin, piece, gap_, tokens});
      tokens += options_.count_tokens(text_.substr(begin, piece - begin));
      gap_ = Gap::kNone;
      begin = piece;
    }
  }

  std::string_view text_;
  const PassageOptions& options_;
  std::optional<std::pair<char, std::size_t>> fence_;
  Gap gap_ = Gap::kHeading;
  bool is_in_paragraph_ = false;
};

class Cutter {
 public:
  Cutter(const Reader& reader, const PassageOptions& options)
      : words_(reader.words), tokens_(reader.tokens), options_(options) {}

  // The word behind the last of the passage that begins with `begin`, which is behind `least`, the
  // end of the passage before.
  std::size_t end_of(std::size_t begin, std::size_t least) const {
    std::size_t end = std::max(begin, least) + 1;
    while (end < words_.size() && tokens_between(begin, end + 1) <= options_.tokens_max) ++end;
    if (end == words_.size()) return end;
    // The best cut in what is not the first quarter; of equal ones the last.
    std::size_t best = end;
    for (std::size_t at = end; at > std::max(begin, least); --at) {
      if (tokens_between(begin, at) < options_.tokens_max / 4) break;
      if (words_[at].gap > words_[best].gap) best = at;
    }
    return best;
  }
  // Where the next begins, which shares something with the one before.
  std::size_t next(std::size_t begin, std::size_t end) const {
    if (words_[end].gap == Gap::kHeading) return end;
    std::size_t best = end;
    auto best_gap = Gap::kNone;
    for (std::size_t at = end - 1; at > begin; --at) {
      if (tokens_between(at, end) > options_.tokens_shared) break;
      const auto gap = std::min(words_[at].gap, Gap::kParagraph);
      // A heading that ends a passage is not told again without what is under it.
      if (words_[at].gap == Gap::kHeading) break;
      if (gap >= best_gap) {
        best = at;
        best_gap = gap;
      }
    }
    return best;
  }

 private:
  std::size_t tokens_between(std::size_t begin, std::size_t end) const {
    return (end < words_.size() ? words_[end].tokens_before : tokens_) -
           words_[begin].tokens_before;
  }
  const std::vector<Word>& words_;
  const std::size_t tokens_;
  const PassageOptions& options_;
};

}  // namespace

std::vector<Passage> passages_of(std::string_view text, const PassageOptions& options) {
  SYNAP_CHECK(options.tokens_max >= kTokensMin && options.tokens_shared <= options.tokens_max / 2,
              "bounds of passages");
  const Reader reader(text, options);
  const Cutter cutter(reader, options);
  const auto& words = reader.words;
  std::vector<Passage> passages;
  std::size_t heading = 0;  // how many begin before the passage's first word ends
  std::size_t end = 0;
  for (std::size_t begin = 0; begin < words.size();) {
    end = cutter.end_of(begin, end);
    Passage passage{.begin = words[begin].begin, .end = words[end - 1].end};
    while (heading < reader.headings.size() && reader.headings[heading].begin < words[begin].end) {
      ++heading;
    }
    if (heading > 0) {
      passage.heading_begin = reader.headings[heading - 1].begin;
      passage.heading_end = reader.headings[heading - 1].end;
    }
    passages.push_back(passage);
    begin = end == words.size() ? end : cutter.next(begin, end);
  }
  return passages;
}

}  // namespace synap::embedding
