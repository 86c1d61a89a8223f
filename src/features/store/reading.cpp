// store.get and store.namespaces.
#include <fmt/format.h>

#include <algorithm>

#include "features/store/items.h"

namespace synap::features::store {
namespace {

using api::Session;

// That one call looks at.
constexpr std::int64_t kNamespacesMax = 10'000;
constexpr std::string_view kAnyLabel = "*";

Task<Result<GottenItem>> get(const Rooms& rooms, Session session, ItemName input) {
  const auto place = text_of(input.labels);
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    GottenItem gotten;
    auto rows = tx.query(
        fmt::format("SELECT {} FROM store_items WHERE namespace = $1 AND key = $2", kItemColumns),
        place, input.key);
    if (rows.next()) gotten.item = item_of(rows);
    return gotten;
  });
}

bool is_label_of(const std::string& pattern, const std::string& label) {
  return pattern == kAnyLabel || pattern == label;
}

bool fits(const ListNamespaces& input, const Labels& labels) {
  if (input.prefix) {
    const auto& prefix = *input.prefix;
    if (prefix.size() > labels.size() ||
        !std::equal(prefix.begin(), prefix.end(), labels.begin(), is_label_of)) {
      return false;
    }
  }
  if (!input.suffix) return true;
  const auto& suffix = *input.suffix;
  return suffix.size() <= labels.size() &&
         std::equal(suffix.rbegin(), suffix.rend(), labels.rbegin(), is_label_of);
}

// The labels of a prefix before its first wildcard: where namespaces are looked for.
std::string known_beginning(const ListNamespaces& input) {
  if (!input.prefix) return {};
  const auto& prefix = *input.prefix;
  return text_of({prefix.begin(), std::ranges::find(prefix, kAnyLabel)});
}

// Each namespace there is, by one step in the index: however many items are in it.
std::string listing(bool has_beginning) {
  const std::string_view to = has_beginning ? " AND namespace < $3" : "";
  return fmt::format(
      "WITH RECURSIVE found(name) AS ("
      "SELECT min(namespace) FROM store_items WHERE namespace >= $1{0} UNION ALL "
      "SELECT (SELECT min(namespace) FROM store_items WHERE namespace > found.name{0}) FROM found "
      "WHERE found.name IS NOT NULL) "
      "SELECT name FROM found WHERE name IS NOT NULL LIMIT $2",
      to);
}

Task<Result<NamespaceList>> namespaces(const Rooms& rooms, Session session, ListNamespaces input) {
  const auto from = known_beginning(input);
  const auto to = end_of(from);
  const auto sql = listing(!from.empty());
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    NamespaceList list;
    std::int64_t seen = 0;
    std::int64_t skipped = 0;
    Labels before;
    std::vector<db::Value> values = {from, kNamespacesMax + 1};
    if (!from.empty()) values.emplace_back(to);
    auto rows = tx.query_with(sql, values);
    while (rows.next()) {
      if (++seen > kNamespacesMax || tx.is_out_of_time()) {
        list.is_cut = true;
        break;
      }
      auto labels = labels_of(rows.view(0));
      if (!fits(input, labels)) continue;
      if (input.max_depth && std::ssize(labels) > *input.max_depth) labels.resize(*input.max_depth);
      // They come in order: what is cut to the same stands together.
      if (labels == before) continue;
      before = labels;
      if (skipped++ < input.offset) continue;
      list.namespaces.push_back(std::move(labels));
      if (std::ssize(list.namespaces) == input.limit) break;
    }
    return list;
  });
}

}  // namespace

void add_reading(const Rooms& rooms) {
  add_query(rooms, "store.get",
            {.summary = "An item of the store, with its version; or that there is none.",
             .examples = {{R"({"namespace":["memories","ann"],"key":"tea"})", ""}}},
            get);
  add_query(rooms, "store.namespaces",
            {.summary = "The namespaces in which you have items.",
             .examples = {{R"({"prefix":["memories"],"maxDepth":2})", ""}}},
            namespaces);
}

}  // namespace synap::features::store
