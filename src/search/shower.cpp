#include "search/shower.h"

#include <algorithm>

namespace synap::search {
namespace {

using analysis::Language;

// What is shown of a passage: all of it, where it is one of words as people write them.
constexpr std::size_t kPassageBytesMax = 2'000;

std::string passage_in(std::string_view text, const PassagePlace& place) {
  if (place.part == PartOfDocument::kTitle || place.begin >= place.end || place.end > text.size()) {
    return "";
  }
  return std::string(
      beginning_of(text.substr(place.begin, place.end - place.begin), kPassageBytesMax));
}

}  // namespace

Shower::Shower(db::Tx& tx, const Reading& reading) : tx_(tx), reading_(reading) {
  for (const auto& wanted : reading.wanted) {
    if (!wanted.is_filter && !wanted.is_excluded) words_ += wanted.places.size();
  }
}

void Shower::fill(Hit& hit, const std::optional<PassagePlace>& passage) {
  auto rows = tx_.query(
      "SELECT entity, type, title, text, others, language, updated_at, fields FROM documents "
      "WHERE place = $1",
      hit.place.number);
  if (!rows.next()) return;
  hit.id = rows.uuid(0).value_or(Uuid{});
  hit.type = rows.text(1);
  hit.own_type = own_type_in(rows.view(7));
  hit.title = rows.text(2);
  hit.updated_at = rows.integer(6);
  const auto language = static_cast<Language>(rows.integer(5));
  // Of another version of the text it would be any part of it.
  if (passage && passage->updated_at == hit.updated_at) {
    hit.passage = passage_in(passage->part == PartOfDocument::kOthers ? rows.view(4) : rows.view(3),
                             *passage);
  }
  const bool is_by_meaning = hit.meaning.value_or(0) > hit.words.value_or(0);
  if (is_by_meaning && !hit.passage.empty()) {
    hit.snippet =
        snippet_of(analyzer_, hit.passage, language, reading_.marked, words_, look_bytes_);
    return;
  }
  hit.snippet = snippet_of(analyzer_, rows.view(3), language, reading_.marked, words_, look_bytes_);
  if (has_match(hit.snippet)) return;
  auto others = snippet_of(analyzer_, rows.view(4), language, reading_.marked, words_, look_bytes_);
  if (has_match(others) || hit.snippet.empty()) hit.snippet = std::move(others);
}

}  // namespace synap::search
