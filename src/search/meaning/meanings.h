// Meanings: the half of search that looks for meaning: which model is used, its index, which
// follows the log far behind everybody, and what is near to a query.
//
// Texts are embedded on one thread of the lowest priority that there is; queries, for which
// somebody waits, on another. Nothing here is waited for longer than its caller says: then search
// answers by words, and says why.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/background.h"
#include "base/metrics.h"
#include "embedding/embedders.h"
#include "search/candidates.h"
#include "search/index_keeper.h"
#include "search/meaning/vector_index.h"

namespace synap::search {

struct MeaningOptions {
  std::shared_ptr<embedding::Embedders> embedders;
  std::size_t blocks_bytes_max = 256 << 20;
  /// How long a query waits for its vector, before words alone answer.
  std::chrono::milliseconds patience{150};
  /// So often it is looked whether another model is to be used.
  std::chrono::milliseconds look_interval{1'000};
};

/// Where its indexes are: files of a directory, or tables of the pod's database.
struct MeaningPlace {
  std::string directory;
  std::shared_ptr<db::Engine> shared = nullptr;  // nullptr: in the directory
  Watermark* leads = nullptr;                    // of what is shared (KeeperOptions)
  /// Of what is shared: VectorIndex::Options.
  std::function<Result<std::shared_ptr<db::Engine>>()> open_another = {};
};

/// What compares a user's vectors: this node, which has them in memory; where they are more than it
/// has room for an index of neighbours (neighbours.h); or nothing, and words answer.
enum class ComparedBy : std::uint8_t { kMemory, kNeighbours, kNothing };

struct MeaningStatus {
  std::string model;  // that is used, or was last; empty: none
  std::size_t dimension = 0;
  std::vector<std::string> models;  // all that there are
  std::string problem;              // why there is no model; empty: there is one
  std::string query_problem;        // as Meanings::State
  std::optional<IndexKeeper::Progress> index = {};
  std::int64_t lag = 0;                    // events
  std::int64_t passages = 0;               // of the user
  double passages_per_second = 0;          // lately
  std::optional<std::int64_t> eta_s = {};  // while it is filled
  std::size_t blocks_bytes = 0;            // of memory
  std::size_t blocks_bytes_max = 0;
  bool is_shared = false;  // its index is in the database, one for all nodes
  ComparedBy compared_by = ComparedBy::kMemory;
};

class Meanings {
 public:
  Meanings(const Rooms& rooms, const std::vector<Kind>& kinds, MeaningPlace place,
           MeaningOptions options);
  ~Meanings();  // stop()
  Meanings(const Meanings&) = delete;
  Meanings& operator=(const Meanings&) = delete;

  void start();
  void stop();

  // All of these: any thread.

  /// What looks for a user are made with.
  struct Look {
    std::shared_ptr<VectorIndex> index;
    std::shared_ptr<const UserBlock> block;  // nullptr: it is too large
    BlockOwner owner = {};                   // then: whose index of neighbours is asked
    embedding::Vector query;                 // empty, if no text was given
    std::string note;  // what is not as it should be: the index is not complete
  };
  struct Query {
    std::string text;
    std::string key_id = {};  // by which it is asked; empty: by none
  };
  /// Any error says, in a sentence, why there are none now: no model, not within `patience`,
  /// nothing left of the budget of who asks.
  Task<Result<Look>> look(std::string user_id, std::optional<Query> query,
                          std::chrono::milliseconds patience);

  struct Asked {
    std::size_t count = 0;  // of the nearest
    std::shared_ptr<const Candidates> rules;
    std::vector<Uuid> others = {};  // how near these are
  };
  struct Seen {
    std::vector<Near> nearest;
    std::vector<std::optional<Near>> others;
    vectors::Background background;
  };
  /// Scans on a thread of its own. `look` has a query.
  Task<Result<Seen>> see(const Look& look, Asked asked);
  /// Where passages are.
  Task<Result<std::vector<std::optional<PassagePlace>>>> places(const Look& look,
                                                                std::vector<std::int64_t> passages);
  /// The mean of the vectors of a thing's passages, of length 1; empty, where it has no words.
  /// Nothing: it is not in there.
  Task<Result<std::optional<embedding::Vector>>> vector_of(const Look& look, Uuid entity);

  Task<Result<MeaningStatus>> status(std::string user_id);
  /// How it stands, without a look into the index.
  struct State {
    std::string model;    // that is used, or was last; empty: none
    std::string problem;  // why there is no model; empty: there is one
    /// Why the last query had no vector, and somebody has to see to it.
    std::string query_problem;
    std::string only_language;  // of the model (Embedder::only_language)
    bool has_models = false;
    bool is_shared = false;
    std::optional<IndexKeeper::Progress> index = {};
    std::int64_t lag = 0;
  };
  State state() const;
  /// Why whoever has more vectors than there is memory for is answered by words; empty: an index of
  /// neighbours answers.
  Task<std::string> why_no_neighbours() const;
  /// Of what is answered from; nothing: there is no index.
  std::optional<std::int64_t> lag() const;
  std::size_t blocks_bytes() const;
  std::int64_t embedded() const { return embedded_.value(); }
  const MeaningOptions& options() const { return options_; }
  /// Up to which event things are in the index of the model that is used; -1: there is none.
  std::int64_t indexed() const;

 private:
  struct Pending;
  struct Remembered {
    std::string user_id;
    std::string text;
    std::string model;
    embedding::Vector vector;
  };
  Task<void> run();
  Task<void> use(std::shared_ptr<embedding::Embedder> embedder);
  Task<bool> until_other_model(std::string model, IndexKeeper& keeper, std::stop_token over);
  std::shared_ptr<IndexKeeper> make_keeper(const std::shared_ptr<embedding::Embedder>& embedder,
                                           std::stop_token stop);
  Task<void> prepare(std::shared_ptr<Pending> pending, std::string user_id,
                     std::optional<Query> query);
  Task<bool> keep_neighbours(IndexKeeper& keeper, std::stop_token over);
  Task<Result<ComparedBy>> compared_by(VectorIndex& index, const BlockOwner& owner) const;
  Task<Result<Look>> look_at_large(Look look, const std::string& user_id, Error too_large);
  Task<Result<Look>> prepared(const std::string& user_id, const std::optional<Query>& query);
  Task<Result<embedding::Vector>> vector_of_query(VectorIndex& index, const std::string& user_id,
                                                  const Query& query);
  Task<Result<embedding::Vector>> embed_query(VectorIndex& index, const std::string& user_id,
                                              const Query& query);
  Result<std::shared_ptr<embedding::Embedder>> query_embedder(const std::string& model);
  std::shared_ptr<IndexKeeper> keeper() const;
  std::shared_ptr<VectorIndex> serving() const;
  void say(std::string problem);
  Error failed(Error error) const;

  const Rooms rooms_;
  const std::vector<Kind>& kinds_;
  const MeaningPlace place_;
  const MeaningOptions options_;

  mutable std::mutex mutex_;
  std::string problem_ = "the model is being opened";
  std::string query_problem_;
  // The model that was refused last, which is not asked again until then.
  std::string refused_model_;
  SteadyClock::time_point refused_until_;
  std::string model_;
  std::string only_language_;
  std::shared_ptr<IndexKeeper> keeper_;  // while there is a model
  std::shared_ptr<embedding::Embedder> query_embedder_;
  std::list<Remembered> remembered_;  // queries, the newest first
  double passages_per_second_ = 0;
  double events_per_second_ = 0;

  Counter embedded_;
  std::atomic<int> looking_ = 0;
  const std::shared_ptr<std::atomic<int>> embedding_thread_ = std::make_shared<std::atomic<int>>(0);
  const std::unique_ptr<Executor> embedding_executor_;
  const std::unique_ptr<Executor> query_executor_;
  const std::unique_ptr<Executor> executor_;
  Background looks_{*query_executor_};
  Background background_{*executor_};
};

}  // namespace synap::search
