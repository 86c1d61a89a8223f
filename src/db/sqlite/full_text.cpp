#include "db/sqlite/full_text.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "db/sqlite/row_sizes.h"

namespace synap::db::sqlite {
namespace {

constexpr std::size_t kColumnsMax = 8;

int new_tokenizer(void*, const char**, int, Fts5Tokenizer** out) {
  static int none = 0;  // it has no state, but FTS5 wants a pointer
  *out = reinterpret_cast<Fts5Tokenizer*>(&none);
  return SQLITE_OK;
}

void delete_tokenizer(Fts5Tokenizer*) {}

using TakeToken = int (*)(void*, int, const char*, int, int, int);

int tokenize(Fts5Tokenizer*, void* context, int, const char* bytes, int size, TakeToken take) {
  const std::string_view text(bytes, static_cast<std::size_t>(std::max(size, 0)));
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find(' ', at), text.size());
    const bool is_beside = text[at] == '/';
    const auto begin = at + (is_beside ? 1 : 0);
    if (begin < end) {
      const int code =
          take(context, is_beside ? FTS5_TOKEN_COLOCATED : 0, text.data() + begin,
               static_cast<int>(end - begin), static_cast<int>(at), static_cast<int>(end));
      if (code != SQLITE_OK) return code;
    }
    at = end + 1;
  }
  return SQLITE_OK;
}

// What one statement computes with: the Relevance that it was given, and room for counting.
struct Counter {
  Bm25f rule;
  std::vector<double> groups;  // of each phrase
  std::vector<int> sizes;      // by column
  std::vector<int> counts;     // by group and column
  std::string table = {};
};

std::unique_ptr<Counter> read_relevance(sqlite3_value* value) {
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
  std::vector<double> numbers(size / sizeof(double));
  if (size % sizeof(double) != 0 || numbers.size() < 3) return nullptr;
  std::memcpy(numbers.data(), sqlite3_value_blob(value), size);
  constexpr double kMost = 100'000;
  for (int i = 0; i < 3; ++i) {
    const bool is_number = numbers[i] >= 0 && numbers[i] <= kMost;
    if (!is_number) return nullptr;
  }
  const auto columns = static_cast<std::size_t>(numbers[0]);
  const auto phrases = static_cast<std::size_t>(numbers[1]);
  const auto groups = static_cast<std::size_t>(numbers[2]);
  if (numbers.size() != 3 + 2 * columns + phrases + groups || columns > kColumnsMax) return nullptr;
  auto* next = numbers.data() + 3;
  std::vector<RankedColumn> ranked;
  for (std::size_t i = 0; i < columns; ++i, next += 2) {
    ranked.push_back({.weight = next[0], .mean_size = next[1]});
  }
  auto* const rarities = next + phrases;
  return std::make_unique<Counter>(
      Counter{.rule = Bm25f(std::move(ranked), std::vector<double>(rarities, rarities + groups)),
              .groups = std::vector<double>(next, rarities),
              .sizes = std::vector<int>(columns),
              .counts = std::vector<int>(groups * columns)});
}

Counter* counter_of(const Fts5ExtensionApi* api, Fts5Context* row, sqlite3_value* value) {
  auto* kept = static_cast<Counter*>(api->xGetAuxdata(row, 0));
  if (kept != nullptr) return kept;
  auto made = read_relevance(value);
  if (made == nullptr || static_cast<int>(made->groups.size()) != api->xPhraseCount(row) ||
      static_cast<int>(made->rule.columns()) != api->xColumnCount(row)) {
    return nullptr;
  }
  kept = made.release();
  const auto forget = [](void* counter) { delete static_cast<Counter*>(counter); };
  return api->xSetAuxdata(row, kept, forget) == SQLITE_OK ? kept : nullptr;
}

int count_occurrences(Counter& counter, const Fts5ExtensionApi* api, Fts5Context* row) {
  std::ranges::fill(counter.counts, 0);
  for (std::size_t phrase = 0; phrase < counter.groups.size(); ++phrase) {
    if (counter.groups[phrase] < 0) continue;
    const auto first = static_cast<std::size_t>(counter.groups[phrase]) * counter.rule.columns();
    Fts5PhraseIter next;
    int column = 0;
    int place = 0;
    const int code = api->xPhraseFirst(row, static_cast<int>(phrase), &next, &column, &place);
    if (code != SQLITE_OK) return code;
    for (; column >= 0; api->xPhraseNext(row, &next, &column, &place)) {
      // As the page says it, which FTS5 does not look at.
      if (static_cast<std::size_t>(column) >= counter.rule.columns()) return SQLITE_CORRUPT_VTAB;
      ++counter.counts[first + static_cast<std::size_t>(column)];
    }
  }
  return SQLITE_OK;
}

void relevance(const Fts5ExtensionApi* api, Fts5Context* row, sqlite3_context* context, int count,
               sqlite3_value** values) {
  auto* counter = count == 2 ? counter_of(api, row, values[0]) : nullptr;
  if (counter == nullptr) {
    return sqlite3_result_error(context, "relevance() of another number of phrases or columns", -1);
  }
  int code = count_occurrences(*counter, api, row);
  if (code == SQLITE_OK && counter->table.empty()) {
    counter->table = reinterpret_cast<const char*>(sqlite3_value_text(values[1]));
  }
  if (code == SQLITE_OK) {
    auto* sizes = static_cast<RowSizes*>(api->xUserData(row));
    code = sizes->read(counter->table, api, row, counter->sizes);
  }
  if (code != SQLITE_OK) return sqlite3_result_error_code(context, code);
  sqlite3_result_double(context, counter->rule.relevance(counter->sizes, counter->counts));
}

// How FTS5 hands out its interface since 3.20.
fts5_api* full_text_of(sqlite3* handle) {
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle, "SELECT fts5(?1)", -1, &statement, nullptr) == SQLITE_OK) {
    sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
  }
  sqlite3_finalize(statement);
  return api;
}

}  // namespace

std::string Relevance::bytes() const {
  std::vector<double> numbers = {static_cast<double>(columns.size()),
                                 static_cast<double>(groups.size()),
                                 static_cast<double>(rarities.size())};
  for (const auto& column : columns) {
    numbers.push_back(column.weight);
    numbers.push_back(column.mean_size);
  }
  for (const int group : groups) {
    SYNAP_CHECK(group < static_cast<int>(rarities.size()));
    numbers.push_back(group);
  }
  numbers.insert(numbers.end(), rarities.begin(), rarities.end());
  std::string bytes(numbers.size() * sizeof(double), '\0');
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

Result<> add_full_text(sqlite3* handle) {
  auto* api = full_text_of(handle);
  if (api == nullptr) {
    return fail(Code::kServiceUnavailable, "This SQLite has no full-text search (FTS5)");
  }
  fts5_tokenizer tokenizer = {&new_tokenizer, &delete_tokenizer, &tokenize};
  auto sizes = std::make_unique<RowSizes>(handle);
  const auto forget = [](void* sizes) { delete static_cast<RowSizes*>(sizes); };
  if (api->xCreateTokenizer(api, "given_terms", nullptr, &tokenizer, nullptr) != SQLITE_OK ||
      api->xCreateFunction(api, "relevance", sizes.get(), &relevance, forget) != SQLITE_OK) {
    return fail(Code::kServiceUnavailable, "Full-text search cannot be prepared");
  }
  std::ignore = sizes.release();
  return {};
}

}  // namespace synap::db::sqlite
