#include "search/meaning/pieces.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/crypto.h"
#include "embedding/passages.h"
#include "search/streams.h"

namespace synap::search {
namespace {

// Of a passage: what is longer is about several things, and its vector about none of them.
constexpr std::size_t kTokensMax = 200;
constexpr std::size_t kTokensMin = 16;
// So much of a title and of a heading stands before a passage.
constexpr std::size_t kTitleBytesMax = 160;
constexpr std::size_t kHeadingBytesMax = 100;
// Where a passage begins with its title all but so many bytes ("# "), it is not said twice.
constexpr std::size_t kMarksBytesMax = 8;

class Pieces {
 public:
  Pieces(const Document& document, const embedding::Embedder& embedder)
      : embedder_(embedder),
        marks_(embedder.count_tokens("")),
        title_(beginning_of(document.title, kTitleBytesMax)) {}

  void cut(PartOfDocument part, std::string_view text) {
    for (const auto& passage : embedding::passages_of(text, options())) {
      const auto heading =
          text.substr(passage.heading_begin, passage.heading_end - passage.heading_begin);
      const auto words = text.substr(passage.begin, passage.end - passage.begin);
      std::string whole;
      if (words.substr(0, title_.size() + kMarksBytesMax).find(title_) == words.npos) {
        add_line(whole, title_);
      }
      const bool has_heading = passage.heading_begin >= passage.begin;
      if (!has_heading && heading.find(title_) == heading.npos) {
        add_line(whole, beginning_of(heading, kHeadingBytesMax));
      }
      add_line(whole, words);
      add(part, passage.begin, passage.end, std::move(whole));
    }
  }
  void add_title() {
    if (title_.find_first_not_of(" \t\r\n") == title_.npos) return;
    add(PartOfDocument::kTitle, 0, title_.size(), std::string(title_));
  }
  std::vector<Piece> take() { return std::move(pieces_); }
  bool is_empty() const { return pieces_.empty(); }

 private:
  embedding::PassageOptions options() const {
    const auto before = tokens(title_) + kHeadingBytesMax / 5;
    const auto most = embedder_.tokens_max();
    const auto left = most > before + marks_ ? most - before - marks_ : 0;
    const auto tokens_max = std::clamp(left, kTokensMin, kTokensMax);
    return {.tokens_max = tokens_max,
            .tokens_shared = std::min(embedding::PassageOptions{}.tokens_shared, tokens_max / 2),
            .count_tokens = [this](std::string_view text) { return tokens(text); }};
  }
  std::size_t tokens(std::string_view text) const {
    return std::min(embedder_.count_tokens(text) - marks_, text.size());
  }
  static void add_line(std::string& whole, std::string_view line) {
    if (line.empty()) return;
    if (!whole.empty()) whole += '\n';
    whole += line;
  }
  void add(PartOfDocument part, std::size_t begin, std::size_t end, std::string text) {
    Piece piece{.part = part, .begin = begin, .end = end, .text = std::move(text), .hash = {}};
    const auto hash = sha256(piece.text);
    std::memcpy(piece.hash.data(), hash.data(), piece.hash.size());
    pieces_.push_back(std::move(piece));
  }

  const embedding::Embedder& embedder_;
  const std::size_t marks_;
  const std::string_view title_;
  std::vector<Piece> pieces_;
};

}  // namespace

std::vector<Piece> pieces_of(const Document& document, const embedding::Embedder& embedder) {
  Pieces pieces(document, embedder);
  pieces.cut(PartOfDocument::kText, beginning_of(document.text, kTextBytesMax));
  pieces.cut(PartOfDocument::kOthers, beginning_of(document.others, kTextBytesMax));
  if (pieces.is_empty()) pieces.add_title();
  return pieces.take();
}

}  // namespace synap::search
