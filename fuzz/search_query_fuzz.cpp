// Any text as a query, and as a text: what is asked is refused with its place or understood, and
// never more than so much of it; terms and snippets are parts of the text.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/analyzer.h"
#include "analysis/folding.h"
#include "base/check.h"
#include "base/json.h"
#include "search/query.h"
#include "search/snippet.h"

namespace {

using namespace synap;

void check_tokens(analysis::Analyzer& analyzer, std::string_view text) {
  std::size_t begin = 0;
  std::uint32_t position = 0;
  std::size_t count = 0;
  analyzer.analyze(text, analysis::Language::kEnglish, [&](const analysis::Token& token) {
    SYNAP_CHECK(!token.term.empty(), text);
    SYNAP_CHECK(token.begin >= begin && token.begin < token.end && token.end <= text.size(), text);
    SYNAP_CHECK(count == 0 || token.position > position, text);
    begin = token.begin;
    position = token.position;
    ++count;
    return true;
  });
  SYNAP_CHECK(count <= text.size(), text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static analysis::Analyzer analyzer;
  static const std::vector<std::string> kFields = {"tag", "type", "status"};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_tokens(analyzer, text);
  const auto lowered = analysis::lowered(text);
  if (!is_valid_utf8(text)) return 0;
  // Of bytes that are no characters a soft hyphen may be left out, and what was around it make one.
  // What is longer is folded in pieces, whose seams lie elsewhere the second time.
  constexpr std::size_t kOnePiece = 1'024;
  if (text.size() <= kOnePiece && lowered.size() <= kOnePiece) {
    SYNAP_CHECK(analysis::lowered(lowered) == lowered, text);
  }
  const auto items = search::parse_query(text, kFields);
  if (!items) {
    SYNAP_CHECK(items.error().details != nullptr, text);
    return 0;
  }
  SYNAP_CHECK(items->size() <= search::kItemsMax, text);
  search::Marked marked;
  for (const auto& item : *items) {
    SYNAP_CHECK(item.place <= size && !item.text.empty(), text);
    marked.insert(item.text);
  }
  std::size_t look_bytes = 4'096;
  std::string snippet;
  for (const auto& part : search::snippet_of(analyzer, text, analysis::Language::kNone, marked,
                                             marked.size(), look_bytes)) {
    snippet += part.text;
  }
  SYNAP_CHECK(is_valid_utf8(snippet), text);
  return 0;
}
