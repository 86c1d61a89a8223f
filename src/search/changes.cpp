#include "search/changes.h"

#include <fmt/format.h>

#include "analysis/folding.h"

namespace synap::search {
void Changes::carry_out(const Change& change) {
  const auto before = stored(change.id);
  const auto& document = change.document;
  const auto after = document ? std::optional(kept_of(*document)) : std::nullopt;
  if (before && after && before->kept == *after) return;
  if (before) remove(*before);
  if (after) insert(*document, *after);
}

std::optional<Changes::Stored> Changes::stored(const Uuid& id) {
  auto rows = tx_.query(
      "SELECT place, \"user\", type, title, text, tags, others, fields, language, updated_at "
      "FROM documents WHERE entity = $1",
      id);
  if (!rows.next()) return std::nullopt;
  return Stored{rows.integer(0),
                rows.integer(1),
                {rows.text(2), rows.text(3), rows.text(4), rows.text(5), rows.text(6), rows.text(7),
                 static_cast<analysis::Language>(rows.integer(8)), rows.integer(9)}};
}

void Changes::remove(const Stored& stored) {
  auto streams = streams_of(analyzer_, stored.user, stored.kept);
  tx_.run("DELETE FROM documents WHERE place = $1", stored.place);
  count(stored.user, streams, stored.kept.language, -1);
  if (added_.erase(stored.place) == 0) removed_.emplace(stored.place, std::move(streams));
}

void Changes::insert(const Document& document, const Kept& kept) {
  const auto user = user_of(document.user_id);
  const auto place = (user << kPlaceBits) | ++users_[user].last;
  auto streams = streams_of(analyzer_, user, kept);
  const auto key = analysis::folded(beginning_of(kept.title, kTitleKeyBytesMax));
  tx_.run(
      "INSERT INTO documents(place, \"user\", entity, type, title, title_key, text, tags, others, "
      "fields, language, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      place, user, document.id, kept.type, kept.title, key, kept.text, kept.tags, kept.others,
      kept.fields, static_cast<int>(kept.language), kept.updated_at);
  count(user, streams, kept.language, 1);
  added_.emplace(place, std::move(streams));
}

std::int64_t Changes::user_of(const std::string& user_id) {
  const auto [known, is_new] = numbers_.try_emplace(user_id, 0);
  if (!is_new) return known->second;
  tx_.run(
      "INSERT INTO users(user_id, last, \"documents\", title, text, tags, others) "
      "VALUES ($1, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING",
      user_id);
  auto rows = tx_.query("SELECT number, last FROM users WHERE user_id = $1", user_id);
  if (!rows.next()) return 0;
  users_[rows.integer(0)].last = rows.integer(1);
  return known->second = rows.integer(0);
}

void Changes::count(std::int64_t user, const Streams& streams, analysis::Language language,
                    int by) {
  auto& sum = users_[user];
  sum.documents += by;
  for (std::size_t i = 0; i < sum.sizes.size(); ++i) sum.sizes[i] += by * streams.sizes[i];
  sum.languages[language] += by;
}

void Changes::finish() {
  terms_.write(tx_, removed_, added_);
  for (const auto& [number, user] : users_) {
    tx_.run(
        "UPDATE users SET last = max(last, $2), \"documents\" = \"documents\" + $3, title = title "
        "+ $4, "
        "text = text + $5, tags = tags + $6, others = others + $7 WHERE number = $1",
        number, user.last, user.documents, user.sizes[0], user.sizes[1], user.sizes[2],
        user.sizes[3]);
    for (const auto& [language, documents] : user.languages) {
      tx_.run(
          "INSERT INTO languages(\"user\", language, \"documents\") VALUES ($1, $2, $3) "
          "ON CONFLICT(\"user\", language) DO UPDATE "
          "SET \"documents\" = languages.\"documents\" + $3",
          number, static_cast<int>(language), documents);
    }
  }
}

}  // namespace synap::search
