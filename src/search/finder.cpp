#include "search/finder.h"

#include <algorithm>

#include "analysis/folding.h"
#include "search/mix.h"
#include "search/ranking.h"
#include "search/shower.h"

namespace synap::search {

Found find(IndexTx& index, std::string_view user_id, const Ask& ask) {
  auto& tx = index.tx;
  const auto reading = read_query(index, user_id, ask);
  if (!tx.ok()) return {};
  auto ranked = rank(index.terms(), reading, ask);
  Found found{.total = ranked.total, .unmatched = reading.unmatched};
  Shower shower(tx, reading);
  for (const auto& place : ranked.places) {
    found.hits.push_back({.place = place});
    found.hits.back().words = words_score(place.relevance, reading.relevance_typical);
    if (reading.is_titled(place.number)) found.hits.back().title_score = kTitleScore;
    shower.fill(found.hits.back());
  }
  if (ranked.has_more) found.next = ranked.places.back();
  // Of an index that is being replaced: what was changed since is not shown.
  std::erase_if(found.hits, [](const Hit& hit) { return hit.type.empty(); });
  return found;
}

std::vector<Suggestion> suggest(db::Tx& tx, std::string_view user_id, std::string_view beginning,
                                int limit) {
  std::vector<Suggestion> all;
  const auto from = analysis::folded(beginning);
  const auto to = from + "\xf4\x8f\xbf\xbf";  // the last character that there is
  auto rows = tx.query(
      "SELECT entity, type, title, fields FROM documents WHERE \"user\" = "
      "(SELECT number FROM users WHERE user_id = $1) AND title_key >= $2 AND title_key < $3 "
      "ORDER BY title_key, place LIMIT $4",
      user_id, from, to, limit);
  while (rows.next()) {
    all.push_back(
        {rows.uuid(0).value_or(Uuid{}), rows.text(1), own_type_in(rows.view(3)), rows.text(2)});
  }
  return all;
}

std::int64_t count_documents(db::Tx& tx, std::string_view user_id) {
  auto rows = tx.query("SELECT \"documents\" FROM users WHERE user_id = $1", user_id);
  return rows.next() ? rows.integer(0) : 0;
}

}  // namespace synap::search
