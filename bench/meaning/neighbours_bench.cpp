// The nearest ten of one user's vectors: compared in the pod's memory, by one thread, against
// pgvector's HNSW index as the pod keeps it, asked over one connection by a prepared statement.
//
//   neighbours_bench URL VECTORS [COUNT] [--block-only]
//
//   URL      of a PostgreSQL server with pgvector 0.8 or later, and a database that may be filled
//   VECTORS  raw floats, 384 a vector (scan_bench --embed); "made": drawn by chance, for a look at
//            whether this works, and no measure
//   COUNT    so many vectors; beyond those that there are, they are made from them
//
// The last 1,000 are the queries. Prints what each takes, and at last the ratios, a line of JSON
// each: the first effort (hnsw.ef_search) counts that finds 0.99 of what floats find.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/run_on.h"
#include "db/postgres/postgres_database.h"
#include "search/meaning/shared_vector_index.h"
#include "vector_corpus.h"
#include "vectors/block.h"

namespace {

using namespace synap;
using namespace synap::bench;
using Clock = std::chrono::steady_clock;

constexpr double kRecall = 0.99;
constexpr std::string_view kName = "meaning_1_bench";

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// In a few directions more than in others, as of real texts.
Vector drawn(std::mt19937& random) {
  std::normal_distribution<float> normal;
  Vector vector(kDimension);
  for (std::size_t i = 0; i < kDimension; ++i) {
    vector[i] = normal(random) / std::sqrt(static_cast<float>(i + 1));
  }
  be_of_length_one(vector);
  return vector;
}

struct Corpus {
  std::vector<Vector> all;
  std::vector<Vector> queries;
  std::size_t real = 0;
  std::vector<std::vector<std::size_t>> nearest;  // of the first kJudged queries, by floats
};

Corpus corpus_of(const std::string& path, std::size_t count) {
  Corpus corpus;
  std::mt19937 random(1);
  if (path == "made") {
    while (corpus.all.size() < count + kQueries) corpus.all.push_back(drawn(random));
  } else {
    corpus.all = read_vectors(path);
  }
  if (corpus.all.size() < 2 * kQueries) return {};
  corpus.queries.assign(corpus.all.end() - kQueries, corpus.all.end());
  corpus.all.resize(corpus.all.size() - kQueries);
  if (count == 0) count = corpus.all.size();
  corpus.real = path == "made" ? 0 : std::min(count, corpus.all.size());
  const auto from = corpus.all;
  while (corpus.all.size() < count) corpus.all.push_back(made_from(from, random));
  corpus.all.resize(count);
  for (std::size_t q = 0; q < kJudged; ++q) {
    corpus.nearest.push_back(exactly(corpus.all, corpus.queries[q]));
  }
  return corpus;
}

struct Figures {
  double p50_ms = 0;
  double p99_ms = 0;
  double per_second = 0;
  double recall = 0;
  double mib = 0;
};

// `ask` gives the numbers of the nearest.
template <class Ask>
Figures measure(const Corpus& corpus, Ask ask) {
  for (std::size_t q = 0; q < kJudged; ++q) ask(corpus.queries[q]);
  std::vector<double> times;
  std::size_t found = 0;
  const auto begin = Clock::now();
  double compared = 0;  // which is no part of a query
  for (std::size_t q = 0; q < kQueries; ++q) {
    const auto at = Clock::now();
    const std::vector<std::size_t> numbers = ask(corpus.queries[q]);
    times.push_back(1e3 * seconds_since(at));
    const auto comparing = Clock::now();
    if (q < kJudged) {
      for (const auto number : numbers) {
        found += static_cast<std::size_t>(std::ranges::count(corpus.nearest[q], number));
      }
    }
    compared += seconds_since(comparing);
  }
  Figures figures;
  figures.per_second = kQueries / (seconds_since(begin) - compared);
  figures.recall = static_cast<double>(found) / static_cast<double>(kJudged * kTop);
  std::ranges::sort(times);
  figures.p50_ms = times[kQueries / 2];
  figures.p99_ms = times[kQueries * 99 / 100];
  return figures;
}

void print(std::string_view what, const Figures& figures) {
  fmt::print(
      "{{\"what\":\"{}\",\"p50_ms\":{:.3f},\"p99_ms\":{:.3f},\"queries_per_s\":{:.1f},"
      "\"recall_at_10\":{:.4f},\"mib\":{:.1f}}}\n",
      what, figures.p50_ms, figures.p99_ms, figures.per_second, figures.recall, figures.mib);
  std::fflush(stdout);
}

Figures of_block(const Corpus& corpus) {
  auto block = std::move(*vectors::Block::make(kDimension));
  for (std::size_t i = 0; i < corpus.all.size(); ++i) {
    if (!block->put(i, corpus.all[i])) std::abort();
  }
  auto figures = measure(corpus, [&](const Vector& query) {
    std::vector<std::size_t> numbers;
    const auto hits = block->search(query, {.count = kTop});
    for (const auto& hit : *hits) numbers.push_back(hit.id);
    return numbers;
  });
  figures.mib = static_cast<double>(block->bytes()) / (1 << 20);
  return figures;
}

// A text is the number of its vector.
class NumberEmbedder final : public embedding::Embedder {
 public:
  explicit NumberEmbedder(const std::vector<Vector>& all) : all_(all) {}
  const std::string& model() const override { return model_; }
  std::size_t dimension() const override { return kDimension; }
  std::size_t tokens_max() const override { return 64; }
  std::size_t count_tokens(std::string_view) const override { return 3; }
  Task<Result<embedding::Embedded>> embed(embedding::Ask ask) override {
    embedding::Embedded embedded;
    auto& vectors = embedded.vectors;
    for (const auto& text : ask.texts) {
      std::size_t number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      vectors.push_back(all_[number % all_.size()]);
    }
    co_return embedded;
  }

 private:
  const std::string model_ = "bench";
  const std::vector<Vector>& all_;
};

// Fills the index of meanings, and then that of neighbours, as a pod does.
class Filled {
 public:
  Filled(std::string url, const Corpus& corpus) : url_(std::move(url)) {
    auto engine = open();
    search::VectorIndex::Options options;
    options.blocks_bytes_max = 1;
    options.embedder = std::make_shared<NumberEmbedder>(corpus.all);
    options.open_another = [this]() -> Result<std::shared_ptr<db::Engine>> { return open(); };
    index_ = std::make_unique<search::SharedVectorIndex>(engine, std::string(kName), options);
    check(sync_wait(executor_, index_->load()));
    const auto begin = Clock::now();
    constexpr std::size_t kAtOnce = 1'000;
    for (std::size_t i = 0; i < corpus.all.size();) {
      std::vector<search::Change> changes;
      for (; i < corpus.all.size() && changes.size() < kAtOnce; ++i) {
        search::Document one{.id = Uuid::v7(), .user_id = "bench", .type = "note"};
        one.text = fmt::format("{}", i);
        changes.push_back({one.id, std::move(one)});
      }
      check(sync_wait(executor_, index_->apply(std::move(changes), {})));
    }
    stored_s = seconds_since(begin);
    const auto from = Clock::now();
    while (true) {
      const auto kept = sync_wait(executor_, index_->keep_neighbours(Clock::now()));
      check(kept);
      if (!*kept) break;
    }
    filled_s = seconds_since(from);
  }
  double stored_s = 0;
  double filled_s = 0;

 private:
  template <class R>
  static void check(const R& result) {
    if (result) return;
    fmt::print(stderr, "{}\n", result.error().message);
    std::exit(1);
  }
  std::shared_ptr<db::Engine> open() {
    auto opened = db::postgres::PostgresDatabase::open(
        {.url = url_, .readers = 1, .statement_time_max = std::chrono::hours(2)});
    check(opened);
    return std::shared_ptr<db::Engine>(std::move(*opened));
  }
  const std::string url_;
  ThreadExecutor executor_{"bench"};
  std::unique_ptr<search::SharedVectorIndex> index_;
};

class Server {
 public:
  explicit Server(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) {
      fmt::print(stderr, "{}\n", PQerrorMessage(connection_));
      std::exit(1);
    }
  }
  ~Server() { PQfinish(connection_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::vector<std::string> ask(const std::string& sql, const char* parameter = nullptr) {
    auto* result = parameter == nullptr ? PQexec(connection_, sql.c_str())
                                        : PQexecPrepared(connection_, sql.c_str(), 1, &parameter,
                                                         nullptr, nullptr, 0);
    const auto status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      fmt::print(stderr, "{}: {}\n", sql, PQresultErrorMessage(result));
      std::exit(1);
    }
    std::vector<std::string> values;
    for (int i = 0; i < PQntuples(result); ++i) values.emplace_back(PQgetvalue(result, i, 0));
    PQclear(result);
    return values;
  }
  void prepare(const char* name, const std::string& sql) {
    PQclear(PQprepare(connection_, name, sql.c_str(), 0, nullptr));
  }

 private:
  PGconn* connection_;
};

std::string text_of(const Vector& vector) {
  std::string text = "[";
  for (const float value : vector) fmt::format_to(std::back_inserter(text), "{},", value);
  text.back() = ']';
  return text;
}

// At the first effort that finds enough, or the largest; each is printed.
Figures of_pgvector(const std::string& url, const Corpus& corpus) {
  Server server(url);
  const auto part =
      server
          .ask(fmt::format(
              "SELECT relname FROM pg_class WHERE relname LIKE 'neighbours_{}_%' AND relkind = 'r'",
              kName))
          .at(0);
  const auto mib_of = [&](const std::string& sql) {
    return std::stod(server.ask(sql).at(0)) / (1 << 20);
  };
  const auto index_mib = mib_of(fmt::format("SELECT pg_relation_size('{}_nearest')", part));
  const auto table_mib = mib_of(fmt::format("SELECT pg_table_size('{}')", part));
  fmt::print("{{\"what\":\"pgvector's memory\",\"index_mib\":{:.1f},\"table_mib\":{:.1f}}}\n",
             index_mib, table_mib);
  // All of it in the memory of the server, as far as it has room.
  server.ask("SET jit = off");
  server.ask(fmt::format("SELECT count(*), sum(length(CAST(vector AS text))) FROM {}", part));
  server.prepare("nearest", fmt::format("SELECT id >> 16 FROM {} ORDER BY vector <=> "
                                        "CAST($1 AS vector({})) LIMIT {}",
                                        part, kDimension, kTop));
  // Numbers of things grow as they were put in, from 1 on.
  const auto first =
      std::stoul(server.ask(fmt::format("SELECT min(id >> 16) FROM {}", part)).at(0));
  Figures figures;
  for (const int effort : {10, 20, 40, 80, 120, 200, 400, 800}) {
    server.ask(fmt::format("SET hnsw.ef_search = {}", effort));
    figures = measure(corpus, [&](const Vector& query) {
      std::vector<std::size_t> numbers;
      for (const auto& number : server.ask("nearest", text_of(query).c_str())) {
        numbers.push_back(std::stoul(number) - first);
      }
      return numbers;
    });
    figures.mib = index_mib;
    print(fmt::format("pgvector, ef_search {}", effort), figures);
    if (figures.recall >= kRecall) break;
  }
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool is_block_only = std::erase(arguments, "--block-only") > 0;
  if (arguments.size() < 2) {
    return fmt::print(stderr, "neighbours_bench URL VECTORS [COUNT] [--block-only]\n"), 2;
  }
  const auto corpus =
      corpus_of(arguments[1], arguments.size() > 2 ? std::stoul(arguments[2]) : 5'000);
  if (corpus.all.empty()) return fmt::print(stderr, "too few vectors\n"), 1;
  fmt::print("{{\"what\":\"corpus\",\"vectors\":{},\"real\":{},\"dimension\":{}}}\n",
             corpus.all.size(), corpus.real, kDimension);
  const auto block = of_block(corpus);
  print("in the pod", block);
  if (is_block_only) return 0;
  {
    const Filled filled(arguments[0], corpus);
    const auto count = static_cast<double>(corpus.all.size());
    fmt::print(
        "{{\"what\":\"filled\",\"stored_s\":{:.1f},\"stored_per_s\":{:.0f},"
        "\"neighbours_s\":{:.1f},\"neighbours_per_s\":{:.0f}}}\n",
        filled.stored_s, count / filled.stored_s, filled.filled_s, count / filled.filled_s);
    std::fflush(stdout);
  }
  const auto peer = of_pgvector(arguments[0], corpus);
  const bool is_fair = peer.recall >= kRecall;
  fmt::print(
      "{{\"what\":\"ratios\",\"queries\":{:.2f},\"queries_at_least\":1.2,\"memory\":{:.2f},"
      "\"memory_at_most\":0.5,\"p99_ms\":{:.2f},\"recall\":{:.4f},\"peer_recall\":{:.4f},"
      "\"peer_finds_enough\":{}}}\n",
      block.per_second / peer.per_second, block.mib / peer.mib, block.p99_ms, block.recall,
      peer.recall, is_fair);
  return 0;
}
