#include "search/text_sizes.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "db/sqlite/varint.h"

namespace synap::search {
namespace {

std::optional<TextSizes::Sizes> sizes_in(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  TextSizes::Sizes sizes{};
  for (auto& size : sizes) {
    std::uint64_t number = 0;
    if (!db::sqlite::read_varint(at, end, number) || number > INT32_MAX) return std::nullopt;
    size = static_cast<int>(number);
  }
  return sizes;
}

}  // namespace

TextSizes::Sizes TextSizes::Block::read(db::Tx& tx, std::int64_t place) {
  auto rows = tx.query("SELECT sz FROM terms_docsize WHERE id = $1", place);
  const auto sizes = rows.next() ? sizes_in(rows.view(0)) : std::nullopt;
  if (!sizes) {
    tx.abort({Code::kInternalServerError, "A text of the search index has no sizes", nullptr,
              Fault::kDamaged});
  }
  return sizes.value_or(Sizes{});
}

void TextSizes::Block::keep(std::int64_t place, const Sizes& sizes) {
  if (!std::ranges::all_of(sizes, [](int size) { return size < kUnknown; })) return;
  std::ranges::transform(sizes, sizes_[static_cast<std::size_t>(place & (kBlockTexts - 1))].begin(),
                         [](int size) { return static_cast<std::uint16_t>(size); });
}

std::shared_ptr<const TextSizes::Block> TextSizes::block(db::Tx& tx, std::int64_t number,
                                                         std::int64_t highest) {
  const auto last = std::min(highest, (number << kBlockBits) + kBlockTexts - 1);
  std::shared_ptr<const Block> known;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = blocks_.find(number); found != blocks_.end()) known = found->second;
  }
  if (known != nullptr && known->known_to_ >= last) return known;
  std::shared_ptr<Block> more;
  if (known != nullptr) {
    more = std::make_shared<Block>(*known);
  } else {
    more = std::make_shared<Block>();
    for (auto& sizes : more->sizes_) sizes.fill(Block::kUnknown);
    more->known_to_ = (number << kBlockBits) - 1;
  }
  auto rows = tx.query("SELECT id, sz FROM terms_docsize WHERE id BETWEEN $1 AND $2",
                       more->known_to_ + 1, last);
  while (rows.next()) {
    if (const auto sizes = sizes_in(rows.view(1))) more->keep(rows.integer(0), *sizes);
  }
  if (!tx.ok()) return more;
  more->known_to_ = last;
  const std::lock_guard lock(mutex_);
  // Half of them go, whichever these are: one query after the other asks for all of a user's, and
  // those that were asked for longest ago are those that come next.
  if ((blocks_.size() + 1) * sizeof(Block) > kBytesMax) {
    bool stays = false;
    std::erase_if(blocks_, [&](const auto&) { return std::exchange(stays, !stays); });
  }
  auto& kept = blocks_[number];
  if (kept == nullptr || kept->known_to_ < last) kept = more;
  return more;
}

}  // namespace synap::search
