// What tests of content stores need: keys, bytes, and bytes that come in pieces. Included by tests
// only.
#pragma once

#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "content/store.h"

namespace synap::content::contract {

inline ContentKey key_of(std::string_view id, std::string_view user = "ann") {
  auto key = ContentKey::make(user, "note", id, "md");
  SYNAP_CHECK(key.has_value());
  return std::move(*key);
}

inline ContentKey version_of(std::string_view id, std::string_view request) {
  auto key = ContentKey::make_version("ann", "note", id, request, "md");
  SYNAP_CHECK(key.has_value());
  return std::move(*key);
}

/// `pieces`, and then `end`.
inline Chunks chunks_of(std::vector<std::string> pieces, Result<> end = {}) {
  for (auto& piece : pieces) co_yield std::move(piece);
  co_return end;
}

/// All that comes, piece by piece.
inline Task<Result<std::vector<std::string>>> pieces_of(Chunks chunks) {
  std::vector<std::string> pieces;
  while (auto piece = co_await chunks.next()) pieces.push_back(std::move(*piece));
  if (!chunks.end()) co_return fail(chunks.end().error());
  co_return pieces;
}

inline std::string joined(const std::vector<std::string>& pieces) {
  return std::accumulate(pieces.begin(), pieces.end(), std::string());
}

/// Bytes that are nowhere the same twice.
inline std::string varied(std::size_t size) {
  std::string bytes(size, 0);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

}  // namespace synap::content::contract
