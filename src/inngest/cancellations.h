// Cancellations: ends many runs of one function at once: those that were made in a span of time,
// and whose event is as an expression says.
//
//   POST   /v1/cancellations {"app_id","function_id","started_after"?,"started_before"?,"if"?} GET
//   /v1/cancellations        the newest first DELETE /v1/cancellations/{id}   what is not cancelled
//   yet is not
//
// A cancellation is a row, with how far it has come; it is carried out in slices behind the answer,
// and goes on after a restart. Runs that come later are not touched. Of one user kKeptMax are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "base/timer.h"
#include "cel/expression.h"
#include "inngest/asker.h"
#include "net/http.h"
#include "workers/engine.h"

namespace synap::inngest {

class Cancellations {
 public:
  static constexpr int kKeptMax = 100;
  static std::vector<db::Database::Migration> migrations();

  /// Both must outlive it.
  Cancellations(workers::Engine& engine, World& world) : engine_(engine), world_(world) {}

  /// By which methods `path` is asked for; empty: it is none of these.
  static std::string_view methods_of(std::string_view path);
  /// What is to be answered; null: an answer without a body. kPreconditionFailed: kKeptMax of this
  /// user are not done.
  Task<Result<Json>> answer(const net::Request& request, const Asker& asker);

  /// Carries them out, until `stop` is asked for.
  Task<void> run(std::stop_token stop);
  /// Another node may have been asked for one.
  void look_again() { made_.raise(made_.value() + 1); }

 private:
  struct Row;
  Task<Result<Json>> create(Json body, const Asker& asker);
  Task<Result<Json>> list(const Asker& asker);
  Task<Result<Json>> remove(std::string_view id, const Asker& asker);
  Task<Result<std::optional<Row>>> next(Uuid after);
  Task<Result<>> carry_on(Row row);
  Task<Result<bool>> is_meant(const Row& row, std::int64_t position);

  workers::Engine& engine_;
  World& world_;
  Watermark made_;
};

}  // namespace synap::inngest
