// Shower: hits as they are shown, with the part of their text that was found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "search/reading.h"

namespace synap::search {

/// What of a document a passage is of.
enum class PartOfDocument : std::uint8_t { kTitle, kText, kOthers };

/// A passage that was found.
struct PassagePlace {
  PartOfDocument part = PartOfDocument::kText;
  // In bytes of that part.
  std::size_t begin = 0;
  std::size_t end = 0;
  std::int64_t updated_at = 0;  // of the document that it is a part of, as it was read
};

/// Of one answer, within one Tx of the index.
class Shower {
 public:
  Shower(db::Tx& tx, const Reading& reading);

  /// By its place; leaves the type empty where there is nothing any more. The snippet is of the
  /// passage, where that is what the hit was found by.
  void fill(Hit& hit, const std::optional<PassagePlace>& passage = std::nullopt);

 private:
  db::Tx& tx_;
  const Reading& reading_;
  analysis::Analyzer analyzer_;
  std::size_t words_ = 0;  // of the query
  std::size_t look_bytes_ = kSnippetLookBytesMaxOfAll;
};

}  // namespace synap::search
