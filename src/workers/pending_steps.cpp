#include "workers/pending_steps.h"

#include <algorithm>
#include <charconv>

namespace synap::workers {

db::Blob blob_of(const StepHash& hash) {
  return db::Blob{{reinterpret_cast<const char*>(hash.data()), hash.size()}};
}

StepHash hash_of(std::string_view raw) {
  StepHash hash{};
  std::copy_n(raw.begin(), std::min(raw.size(), hash.size()), hash.begin());
  return hash;
}

std::optional<StepHash> parse_hash(std::string_view hex) {
  StepHash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const auto* digits = hex.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, hash[i], 16).ptr != digits + 2) return std::nullopt;
  }
  return hash;
}

StepHash hash_from_hex(std::string_view hex) {
  return parse_hash(hex).value_or(StepHash{});
}

bool answer_pending(db::Tx& tx, const Uuid& run_id, const StepHash& step, std::string_view memo,
                    std::int64_t unix_ms) {
  const std::int64_t stored = tx.run(
      "INSERT INTO run_steps_data(run, hash, place, name, op, memo, stored_at, started_at, "
      "input) SELECT run, hash, (SELECT coalesce(max(place) + 1, 0) FROM run_steps_data WHERE run "
      "= $1), "
      "name, op, $3, $4, begun_at, input FROM pending_steps_data WHERE run = $1 AND hash = $2 "
      "ON CONFLICT DO NOTHING",
      run_id, blob_of(step), memo, unix_ms);
  if (stored == 0) return false;
  tx.run("DELETE FROM pending_steps_data WHERE run = $1 AND hash = $2", run_id, blob_of(step));
  return true;
}

}  // namespace synap::workers
