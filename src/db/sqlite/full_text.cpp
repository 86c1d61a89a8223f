#include "db/sqlite/full_text.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.h"

namespace synap::db::sqlite {
namespace {

// Of BM25, as everybody has them.
constexpr double kSaturation = 1.2;  // k1: how soon a further occurrence counts for little
constexpr double kLengths = 0.75;    // b: how much a long text has to have more of them
// So much of a relevance is kept by a row that has the rarest of many words alone.
constexpr double kPartKept = 0.3;

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
  std::vector<double> numbers;
  std::size_t columns = 0;
  std::size_t phrases = 0;
  std::size_t groups = 0;
  std::vector<int> counts;  // by group and column

  double weight(std::size_t column) const { return numbers[3 + 2 * column]; }
  double mean_size(std::size_t column) const { return numbers[4 + 2 * column]; }
  double group(std::size_t phrase) const { return numbers[3 + 2 * columns + phrase]; }
  double rarity(std::size_t index) const { return numbers[3 + 2 * columns + phrases + index]; }
};

std::unique_ptr<Counter> read_relevance(sqlite3_value* value) {
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
  auto counter = std::make_unique<Counter>();
  auto& numbers = counter->numbers;
  numbers.resize(size / sizeof(double));
  if (size % sizeof(double) != 0 || numbers.size() < 3) return nullptr;
  std::memcpy(numbers.data(), sqlite3_value_blob(value), size);
  constexpr double kMost = 100'000;
  for (int i = 0; i < 3; ++i) {
    const bool is_number = numbers[i] >= 0 && numbers[i] <= kMost;
    if (!is_number) return nullptr;
  }
  counter->columns = static_cast<std::size_t>(numbers[0]);
  counter->phrases = static_cast<std::size_t>(numbers[1]);
  counter->groups = static_cast<std::size_t>(numbers[2]);
  if (numbers.size() != 3 + 2 * counter->columns + counter->phrases + counter->groups) {
    return nullptr;
  }
  counter->counts.resize(counter->groups * counter->columns);
  return counter;
}

Counter* counter_of(const Fts5ExtensionApi* api, Fts5Context* row, sqlite3_value* value) {
  auto* kept = static_cast<Counter*>(api->xGetAuxdata(row, 0));
  if (kept != nullptr) return kept;
  auto made = read_relevance(value);
  if (made == nullptr || static_cast<int>(made->phrases) != api->xPhraseCount(row) ||
      static_cast<int>(made->columns) != api->xColumnCount(row)) {
    return nullptr;
  }
  kept = made.release();
  const auto forget = [](void* counter) { delete static_cast<Counter*>(counter); };
  return api->xSetAuxdata(row, kept, forget) == SQLITE_OK ? kept : nullptr;
}

int count_occurrences(Counter& counter, const Fts5ExtensionApi* api, Fts5Context* row) {
  std::ranges::fill(counter.counts, 0);
  int instances = 0;
  if (const int code = api->xInstCount(row, &instances); code != SQLITE_OK) return code;
  for (int i = 0; i < instances; ++i) {
    int phrase = 0;
    int column = 0;
    int place = 0;
    const int code = api->xInst(row, i, &phrase, &column, &place);
    if (code != SQLITE_OK) return code;
    const auto group = counter.group(static_cast<std::size_t>(phrase));
    if (group < 0) continue;
    ++counter.counts[static_cast<std::size_t>(group) * counter.columns +
                     static_cast<std::size_t>(column)];
  }
  return SQLITE_OK;
}

int relevance_of(const Counter& counter, const Fts5ExtensionApi* api, Fts5Context* row,
                 double& relevance) {
  std::vector<double> factors(counter.columns);
  for (std::size_t column = 0; column < counter.columns; ++column) {
    if (counter.weight(column) <= 0) continue;
    int size = 0;
    const int code = api->xColumnSize(row, static_cast<int>(column), &size);
    if (code != SQLITE_OK) return code;
    const double length = size / std::max(counter.mean_size(column), 1.0);
    factors[column] = counter.weight(column) / (1 - kLengths + kLengths * length);
  }
  double found = 0;
  double all = 0;
  relevance = 0;
  for (std::size_t group = 0; group < counter.groups; ++group) {
    double frequency = 0;
    for (std::size_t column = 0; column < counter.columns; ++column) {
      frequency += factors[column] * counter.counts[group * counter.columns + column];
    }
    const double rarity = counter.rarity(group);
    all += rarity;
    if (frequency <= 0) continue;
    found += rarity;
    relevance += rarity * frequency * (kSaturation + 1) / (frequency + kSaturation);
  }
  if (all > 0) relevance *= kPartKept + (1 - kPartKept) * found / all;
  return SQLITE_OK;
}

void relevance(const Fts5ExtensionApi* api, Fts5Context* row, sqlite3_context* context, int count,
               sqlite3_value** values) {
  auto* counter = count == 1 ? counter_of(api, row, values[0]) : nullptr;
  if (counter == nullptr) {
    return sqlite3_result_error(context, "relevance() of another number of phrases or columns", -1);
  }
  double sum = 0;
  int code = count_occurrences(*counter, api, row);
  if (code == SQLITE_OK) code = relevance_of(*counter, api, row, sum);
  if (code != SQLITE_OK) return sqlite3_result_error_code(context, code);
  sqlite3_result_double(context, sum);
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
  if (api->xCreateTokenizer(api, "given_terms", nullptr, &tokenizer, nullptr) != SQLITE_OK ||
      api->xCreateFunction(api, "relevance", nullptr, &relevance, nullptr) != SQLITE_OK) {
    return fail(Code::kServiceUnavailable, "Full-text search cannot be prepared");
  }
  return {};
}

}  // namespace synap::db::sqlite
