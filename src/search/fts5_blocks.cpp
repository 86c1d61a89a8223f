#include "search/fts5_blocks.h"

namespace synap::search {

bool TableBlocks::has_known_version() {
  constexpr std::int64_t kVersion = 4;
  auto rows = tx_.query("SELECT v FROM terms_config WHERE k = 'version'");
  return rows.next() && rows.integer(0) == kVersion;
}

std::optional<std::vector<Segment>> TableBlocks::segments() {
  constexpr std::int64_t kStructureBlock = 10;
  const auto structure = read(kStructureBlock, 1);
  if (structure.empty()) return std::nullopt;
  const std::string_view bytes = structure.front();
  return segments_of(bytes.substr(0, bytes.size() - kFts5Padding));
}

std::vector<std::string> TableBlocks::read(std::int64_t first, std::int64_t most) {
  std::vector<std::string> blocks;
  auto rows = tx_.query("SELECT id, block FROM terms_data WHERE id BETWEEN $1 AND $2", first,
                        first + most - 1);
  while (rows.next() && rows.integer(0) == first + static_cast<std::int64_t>(blocks.size())) {
    const auto block = rows.view(1);
    auto& padded = blocks.emplace_back();
    padded.reserve(block.size() + kFts5Padding);
    padded.append(block).append(kFts5Padding, '\0');
  }
  return blocks;
}

std::optional<TermPlace> TableBlocks::place_of(std::int64_t segment, std::string_view term) {
  auto rows = tx_.query(
      "SELECT term, pgno FROM terms_idx WHERE segid = $1 AND term <= $2 "
      "ORDER BY term DESC LIMIT 1",
      segment, db::Blob{term});
  if (!rows.next()) return std::nullopt;
  const auto page = rows.integer(1);
  return TermPlace{.beginning = rows.text(0), .page = page >> 1, .has_index = (page & 1) != 0};
}

}  // namespace synap::search
