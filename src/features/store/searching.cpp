// store.search: by namespace and filter, the items changed last first; or by a query, which the
// room of search answers.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <unordered_map>

#include "base/first_of.h"
#include "features/store/filter.h"
#include "features/store/items.h"
#include "features/store/paths.h"
#include "search/search.h"

namespace synap::features::store {
namespace {

using api::Session;

// Of a prefix with more items than this the newest of some are found.
constexpr std::int64_t kRankedMax = 100'000;
// That a filter looks at, and so many bytes of them.
constexpr std::int64_t kLookedAtMax = 10'000;
constexpr std::size_t kLookedAtBytesMax = 32 << 20;
constexpr std::size_t kAnswerBytesMax = 8 << 20;
// Read by one statement.
constexpr std::size_t kTogether = 100;
// Hits of a query that are looked at.
constexpr std::int64_t kHitsMax = 1'000;
// How long a query waits for the index to have what was put before it.
constexpr std::chrono::milliseconds kIndexWait(500);
// An index that is this many events behind will not have it in that time.
constexpr std::int64_t kIndexLagMax = 1'000;

/// Candidates, taken one by one in their order, until the answer is full.
class Taker {
 public:
  Taker(const SearchItems& input, std::string prefix)
      : input_(input), prefix_(std::move(prefix)), has_filter_(!input.filter.as_object().empty()) {}

  bool is_full() const { return is_full_; }
  FoundItems& found() { return found_; }
  void cut() {
    found_.is_cut = true;
    is_full_ = true;
  }

  /// Reads those of `ids` that there still are, by the user's own view.
  void take(db::Tx& tx, std::span<const Uuid> ids, std::span<const double> scores = {}) {
    auto items = read(tx, ids);
    for (std::size_t i = 0; i < ids.size() && !is_full_; ++i) {
      const auto found = items.find(ids[i]);
      if (found == items.end()) continue;
      consider(std::move(found->second), scores.empty() ? std::nullopt : std::optional(scores[i]));
    }
  }

 private:
  std::unordered_map<Uuid, Item> read(db::Tx& tx, std::span<const Uuid> ids) {
    std::vector<std::string> marks;
    std::vector<db::Value> values;
    for (const auto& id : ids) {
      values.emplace_back(id);
      marks.push_back(fmt::format("${}", values.size()));
    }
    std::unordered_map<Uuid, Item> items;
    if (ids.empty()) return items;
    auto rows = tx.query_with(fmt::format("SELECT {}, id FROM store_items WHERE id IN ({})",
                                          kItemColumns, fmt::join(marks, ", ")),
                              values);
    while (rows.next()) {
      // A filter of search folds letters, and cuts what is long.
      if (rows.view(0).starts_with(prefix_)) items.emplace(*rows.uuid(6), item_of(rows));
    }
    return items;
  }

  void consider(Item item, std::optional<double> score) {
    looked_at_ += item.value.text.size();
    if (looked_at_ > kLookedAtBytesMax) return cut();
    if (has_filter_) {
      const auto value = parse_json(item.value.text);
      if (!value || !passes(*value, input_.filter)) return;
    }
    if (skipped_ < input_.offset) {
      ++skipped_;
      return;
    }
    answered_ += item.value.text.size();
    if (answered_ > kAnswerBytesMax && !found_.items.empty()) return cut();
    found_.items.push_back({std::move(item), score});
    is_full_ = std::ssize(found_.items) == input_.limit;
  }

  const SearchItems& input_;
  const std::string prefix_;
  const bool has_filter_;
  FoundItems found_;
  std::int64_t skipped_ = 0;
  std::size_t looked_at_ = 0;
  std::size_t answered_ = 0;
  bool is_full_ = false;
};

// The ids of a prefix, the newest first; one more than are looked at tells that there are more.
std::vector<Uuid> newest(db::Tx& tx, const std::string& prefix, std::int64_t count, bool& is_cut) {
  const auto to = end_of(prefix);
  std::vector<db::Value> values = {prefix, count, kRankedMax + 1};
  if (!prefix.empty()) values.emplace_back(to);
  const std::string sql = fmt::format(
      "SELECT id, count(*) OVER () FROM (SELECT id, position FROM store_items WHERE namespace >= "
      "$1{} LIMIT $3) AS ranked ORDER BY position DESC LIMIT $2",
      prefix.empty() ? "" : " AND namespace < $4");
  std::vector<Uuid> ids;
  auto rows = tx.query_with(sql, values);
  while (rows.next()) {
    ids.push_back(rows.uuid(0).value_or(Uuid{}));
    is_cut = rows.integer(1) > kRankedMax;
  }
  return ids;
}

Task<Result<FoundItems>> search_newest(const Rooms& rooms, const Session& session,
                                       const SearchItems& input, const std::string& prefix) {
  const bool has_filter = !input.filter.as_object().empty();
  // Without a filter what is skipped need not be looked at.
  auto asked = input;
  if (!has_filter) asked.offset = 0;
  Taker taker(asked, prefix);
  const auto most = has_filter ? kLookedAtMax : input.offset + input.limit;
  bool is_cut = false;
  auto ids = co_await rooms.database.read_as(
      session.user_id(), [&](db::Tx& tx) { return newest(tx, prefix, most + 1, is_cut); });
  if (!ids) co_return fail(ids.error());
  const bool are_more = has_filter && std::ssize(*ids) > most;
  if (std::ssize(*ids) > most) ids->resize(most);
  std::span<const Uuid> left(*ids);
  if (!has_filter) left = left.subspan(std::min<std::size_t>(input.offset, left.size()));
  // A filter may look for longer than one read may last.
  while (!left.empty() && !taker.is_full()) {
    auto taken = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
      while (!left.empty() && !taker.is_full()) {
        const auto some = left.first(std::min(left.size(), kTogether));
        left = left.subspan(some.size());
        taker.take(tx, some);
        if (tx.is_out_of_time()) break;
      }
      return true;
    });
    if (!taken) co_return fail(taken.error());
  }
  if (is_cut || (are_more && !taker.is_full())) taker.cut();
  co_return std::move(taker.found());
}

// The words of a query as they are: what a person types to search has signs of its own, which a
// sentence of an agent does not mean.
std::vector<search::Item> words_of(std::string_view query) {
  std::vector<search::Item> items;
  while (items.size() < search::kItemsMax - 1) {
    const auto from = query.find_first_not_of(" \t\r\n");
    if (from == query.npos) break;
    query.remove_prefix(from);
    const auto word = query.substr(0, query.find_first_of(" \t\r\n"));
    items.push_back({.text = std::string(word)});
    query.remove_prefix(word.size());
  }
  return items;
}

std::string_view name_of(search::Mode mode) {
  return mode == search::Mode::kHybrid ? "hybrid"
         : mode == search::Mode::kText ? "text"
                                       : "semantic";
}

Task<void> wait_for_index(const Rooms& rooms) {
  const auto end = rooms.log.end().value();
  auto& indexed = rooms.search.indexed();
  const auto lag = end - indexed.value();
  if (lag <= 0 || lag > kIndexLagMax) co_return;
  co_await first_of(
      {}, [&](std::stop_token over) { return indexed.wait_past(end - 1, std::move(over)); },
      [&](std::stop_token over) {
        return rooms.types.world().sleep_for(kIndexWait, std::move(over));
      });
}

Task<Result<FoundItems>> search_by_query(const Rooms& rooms, const Session& session,
                                         const SearchItems& input, const std::string& prefix) {
  co_await wait_for_index(rooms);
  search::Ask ask{.text = *input.query,
                  .key_id = session.authority->key_behind(session.actor),
                  .mode = std::nullopt,
                  .items = words_of(*input.query),
                  .types = {std::string(kItemType)},
                  .limit = static_cast<int>(kTogether)};
  if (!prefix.empty()) {
    ask.items.push_back({.kind = search::Item::Kind::kFilter,
                         .field = field_of_depth(static_cast<int>(input.prefix.size())),
                         .text = prefix});
  }
  Taker taker(input, prefix);
  for (std::int64_t looked_at = 0; !taker.is_full();) {
    auto found = co_await rooms.search.find(std::string(session.user_id()), ask);
    if (!found) co_return fail(found.error());
    taker.found().mode = std::string(name_of(found->mode));
    if (!found->mode_reason.empty()) taker.found().mode_reason = found->mode_reason;
    std::vector<Uuid> ids;
    std::vector<double> scores;
    for (const auto& hit : found->hits) {
      ids.push_back(hit.id);
      scores.push_back(hit.place.relevance);
    }
    auto taken = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
      taker.take(tx, ids, scores);
      return true;
    });
    if (!taken) co_return fail(taken.error());
    if (!found->next || taker.is_full()) break;
    looked_at += std::ssize(ids);
    if (looked_at >= kHitsMax) {
      taker.cut();
      break;
    }
    ask.mode = found->mode;
    ask.after = found->next;
    if (found->mode != search::Mode::kText) ask.after_index = found->index;
  }
  co_return std::move(taker.found());
}

Task<Result<FoundItems>> search_items(const Rooms& rooms, Session session, SearchItems input) {
  if (auto fine = check_filter(input.filter); !fine) co_return fail(fine.error());
  if (const auto bytes = input.filter.dump().size(); bytes > kFilterBytesMax) {
    co_return fail(Code::kBadRequest,
                   fmt::format("filter: {} bytes of JSON, at most {}", bytes, kFilterBytesMax));
  }
  const auto prefix = text_of(input.prefix);
  const bool has_query = input.query && !words_of(*input.query).empty();
  if (has_query) co_return co_await search_by_query(rooms, session, input, prefix);
  co_return co_await search_newest(rooms, session, input, prefix);
}

}  // namespace

void add_searching(const Rooms& rooms) {
  add_query(
      rooms, "store.search",
      {.summary = "Items of the store whose namespace begins so.",
       .docs = "A filter looks through 10,000 items, those changed last; a query through the 1,000 "
               "that fit best. isCut says that there were more.",
       .errors = {{Code::kBadRequest, "The filter has an operator that there is none of."},
                  {Code::kServiceUnavailable, "There is a query, and no index can be read now."}},
       .examples = {{R"({"namespacePrefix":["memories"],"filter":{"kind":"taste"}})", ""},
                    {R"({"namespacePrefix":["memories","ann"],"query":"what does she drink"})",
                     ""}}},
      search_items);
}

}  // namespace synap::features::store
