// Pieces: a document as the texts whose meanings are kept of it: its passages, each under the title
// and the heading that it stands under, without which a passage often does not say what it is
// about.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "embedding/embedder.h"
#include "search/document.h"
#include "search/shower.h"

namespace synap::search {

/// Another, where pieces of the same document would be others.
inline constexpr int kPiecesVersion = 1;

using PieceHash = std::array<std::uint8_t, 16>;

struct Piece {
  PartOfDocument part = PartOfDocument::kText;
  // In bytes of that part.
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;  // that is embedded
  PieceHash hash;    // of `text`
};

/// In the order of the document. One that has words in its title alone is one piece; one without
/// any is none.
std::vector<Piece> pieces_of(const Document& document, const embedding::Embedder& embedder);

}  // namespace synap::search
