// What tests of the tables of jobs need. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/manual_world.h"
#include "base/test_support.h"
#include "bus/dispatcher.h"
#include "bus/job_store.h"
#include "events/test_store.h"

namespace synap::bus {

class JobStoreTest : public testing::Test {
 protected:
  JobStoreTest() {
    for (const auto* id : {"f", "g"}) functions.add({.id = id, .triggers = {{"thing"}}});
    opened = place->open(migrations());
    restart();
  }
  /// As after a kill: what was claimed stays claimed, and nobody has it.
  void restart(QueueLimits limits = {}) {
    store.reset();
    queue.emplace(limits);
    store.emplace(*database, functions, *queue, JobStoreOptions{.world = world});
    ASSERT_TRUE(sync_wait(executor, store->take_over()));
  }
  Job job(std::int64_t position, std::optional<Uuid> line = std::nullopt,
          const std::string& function_id = "f", const std::string& user_id = "ann") {
    Job made;
    made.run_id = world.new_id();
    made.line = line.value_or(made.run_id);
    made.position = position;
    made.function = functions.find(function_id);
    made.user_id = user_id;
    return made;
  }
  template <class F>
  Result<> write(F closure) {
    return test::run(executor, [&] { return database->write(closure); });
  }
  void add(Job job) {
    ASSERT_TRUE(write([&](db::Tx& tx) { store->add(tx, job, true); }));
  }
  void claim() {
    ASSERT_TRUE(write([&](db::Tx& tx) { store->claim(tx); }));
  }
  Result<> finish(const Job& job) {
    return write([&](db::Tx& tx) { store->finish(tx, job); });
  }
  Result<> park(const Job& job, std::optional<std::int64_t> wait_ms) {
    return write([&](db::Tx& tx) { store->park(tx, job, wait_ms); });
  }
  bool wake(const Job& job) {
    bool found = false;
    EXPECT_TRUE(write([&](db::Tx& tx) { found = store->wake(tx, job); }));
    return found;
  }
  /// The job that is handed out next, or position 0.
  Job next() {
    auto job = queue->next();
    return job ? std::move(*job) : Job{};
  }
  /// Positions of all that is handed out now, in order; each is done.
  std::vector<std::int64_t> done_now() {
    std::vector<std::int64_t> done;
    for (;;) {
      const auto job = next();
      if (job.position == 0) return done;
      done.push_back(job.position);
      EXPECT_TRUE(finish(job));
      queue->release(job);
    }
  }
  using Positions = std::vector<std::int64_t>;

  ManualWorld world;
  std::unique_ptr<events::TestStore> place = events::TestStore::make();
  ThreadExecutor executor{"test"};
  Functions functions;
  events::Store opened;
  std::unique_ptr<db::Engine>& database = opened.database;
  std::optional<Queue> queue;
  std::optional<JobStore> store;
};

}  // namespace synap::bus
