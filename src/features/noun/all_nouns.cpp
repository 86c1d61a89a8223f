#include "features/noun/all_nouns.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace synap::features {

void AllNouns::add_set(std::string_view plural, std::string procedure, Json fields) {
  const auto found = std::ranges::find(entries_, plural, &Entry::plural);
  SYNAP_CHECK(found != entries_.end(), procedure);
  found->sets.emplace(std::move(procedure), std::move(fields));
}

const AllNouns::Entry* AllNouns::named(std::string_view plural) const {
  const auto found = std::ranges::find(entries_, plural, &Entry::plural);
  return found != entries_.end() ? &*found : nullptr;
}

bool AllNouns::has(db::Tx& tx, std::string_view plural, std::string_view user_id, const Uuid& id) {
  auto rows = tx.query(fmt::format("SELECT 1 FROM {}_data WHERE id = $1 AND user_id = $2", plural),
                       id, user_id);
  return rows.next();
}

const AllNouns::Entry* AllNouns::find(db::Tx& tx, std::string_view user_id, const Uuid& id) const {
  for (const auto& entry : entries_) {
    if (has(tx, entry.plural, user_id, id)) return &entry;
  }
  return nullptr;
}

std::string text_in(std::string_view data, std::string_view field) {
  const auto fields = parse_json(data);
  return fields && fields->is_object() ? std::string(fields->string_or(field, "")) : "";
}

}  // namespace synap::features
