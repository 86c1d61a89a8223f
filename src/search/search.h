// Search: finds things of a user by their words, by their meaning, and by both.
//
//   search.add({.name = "note", ...});   // where documents come from
//   search.lead();                       // where nodes share an index: this one keeps it
//   search.start();                      // the indexes are opened, and follow the log
//   auto found = co_await search.find("ann", ask);
//
// The indexes are files beside the database, or, on PostgreSQL, tables in it that are written over
// a connection of their own: nobody's command waits for them. They are written behind the log, each
// with a checkpoint of its own, in the same transaction as what it stands for (index_keeper.h).
// Words answer always; meaning where there is a model (meaning/meanings.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/background.h"
#include "base/executor.h"
#include "search/candidates.h"
#include "search/finder.h"
#include "search/index.h"
#include "search/index_keeper.h"
#include "search/meaning/meanings.h"

namespace synap::search {

struct Status {
  std::int64_t position = 0;   // the events up to here are in what is answered from
  std::int64_t end = 0;        // of the log
  std::int64_t documents = 0;  // of the user
  /// How far a new index is that will take the place of the one that is answered from.
  std::optional<std::int64_t> next_position;
  std::string error;                     // why nothing is written into it now; empty: it is
  std::optional<MeaningStatus> meaning;  // nothing: this pod searches by words only

  std::int64_t lag() const { return end - position; }
};

struct SimilarAsk {
  Uuid entity;
  std::vector<std::string> types;  // any of these; empty: of any
  int limit = 20;
};

class Search {
 public:
  /// `directory` is made where it is missing; it holds nothing but indexes. Where there is
  /// `shared`, a database on PostgreSQL, they are there. `open_another`: MeaningPlace.
  Search(const Rooms& rooms, std::string directory, std::optional<MeaningOptions> meaning = {},
         std::shared_ptr<db::Engine> shared = nullptr,
         std::function<Result<std::shared_ptr<db::Engine>>()> open_another = {});
  ~Search();  // stop()
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  /// Before start().
  void add(Kind kind);
  const std::vector<Kind>& kinds() const { return kinds_; }
  /// The fields that queries may name besides title and text: "tag", "type", and those of kinds.
  std::vector<std::string> fields() const;
  /// What things of any kind can have as this field; nothing: whatever they like.
  std::optional<std::vector<std::string>> values_of(const std::string& field) const;

  void start();
  /// This node keeps what is shared, from now on; before or behind start(). Any thread.
  void lead();
  void stop();

  /// Those of the user alone, whatever is asked. Where meaning cannot answer, words do, and the
  /// answer says so. kBadRequest: the query says nothing that could be found, or goes on with an
  /// answer of another model. kServiceUnavailable: there is no index that can be read now; with
  /// why.
  Task<Result<Found>> find(std::string user_id, Ask ask);
  /// The things that are nearest to one of the user by meaning, never itself. kNotFound: he has no
  /// such thing. kPreconditionFailed: there is no model. kServiceUnavailable: not now.
  Task<Result<Found>> similar(std::string user_id, SimilarAsk ask);
  Task<Result<std::vector<Suggestion>>> suggest(std::string user_id, std::string beginning,
                                                int limit);
  Task<Result<Status>> status(std::string user_id);
  /// In how many languages the user's things are, and how many in each, as far as the index of
  /// words has them: those of most things first.
  Task<Result<std::vector<LanguageCount>>> languages(std::string user_id);
  /// How many events are not in what is answered from. Any thread.
  std::int64_t lag() const;
  /// Of the index of words. Any thread.
  IndexKeeper::Progress progress() const;
  /// Up to which event things are in the index of words, for those who wait for that; -1 until it
  /// is open.
  Watermark& indexed();
  /// nullptr: this pod searches by words only.
  const Meanings* meanings() const { return meanings_.get(); }

 private:
  std::string version() const;
  Task<void> remove_files();
  std::shared_ptr<Index> serving() const {
    return std::static_pointer_cast<Index>(words_->serving());
  }
  Task<std::shared_ptr<Index>> opened() {
    co_return std::static_pointer_cast<Index>(co_await words_->opened());
  }
  /// What was found by meaning; an Error that says why words are to answer; or the failure of the
  /// whole.
  struct ByMeaningAnswer {
    Result<Found> found;
    std::optional<Error> unmeant = {};
  };
  Task<Result<Found>> find_in(std::shared_ptr<Index> index, const std::string& user_id,
                              const Ask& ask);
  Task<ByMeaningAnswer> find_by_meaning(std::shared_ptr<Index> index, const std::string& user_id,
                                        const Ask& ask);
  Task<ByMeaningAnswer> answer(std::shared_ptr<Index> index, const Ask& ask,
                               const Candidates& candidates, Meanings::Look look);
  Task<Result<Found>> show(std::shared_ptr<Index> index, const Reading& reading, Choice choice,
                           const std::vector<std::optional<PassagePlace>>& places);
  Task<Result<Meanings::Look>> look_from(const std::string& user_id, Uuid entity);

  const Rooms rooms_;
  const std::string directory_;
  const std::shared_ptr<db::Engine> shared_;
  Watermark leads_{0};
  std::vector<Kind> kinds_;
  std::unique_ptr<IndexKeeper> words_;
  std::unique_ptr<Meanings> meanings_;
  const std::unique_ptr<Executor> executor_;
  Background background_{*executor_};
};

}  // namespace synap::search
