// A pool of workers over a database of its own: for the tests of pool and steps.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/manual_world.h"
#include "base/test_support.h"
#include "events/test_store.h"
#include "workers/engine.h"
#include "workers/step.h"

namespace synap::workers {

using events::Event;

class FunctionHandler final : public EventHandler {
 public:
  using Function = std::function<Task<Outcome>(const Event&, Step&)>;
  FunctionHandler(std::string type, Function function)
      : type_(std::move(type)), function_(std::move(function)) {}
  std::string_view event_type() const override { return type_; }
  Task<Outcome> handle(const Event& event, Step& step) override { return function_(event, step); }

 private:
  std::string type_;
  Function function_;
};

class WorkerPoolTest : public testing::Test {
 protected:
  enum class Time : std::uint8_t { kReal, kManual };
  explicit WorkerPoolTest(Time kind = Time::kReal)
      : time(kind == Time::kManual ? static_cast<World&>(manual_time) : real_world()) {
    types.add("thing.making.requested", object("Thing"), "");
    auto opened = store->open(Engine::migrations());
    database = std::move(opened.database);
    log = std::move(opened.log);
  }
  // What is queued is finished while those are there whose closures it is.
  ~WorkerPoolTest() override {
    if (engine) engine->pool.reset();
    database->close();
  }
  void start(FunctionHandler::Function function, int concurrency = 16) {
    engine.emplace(
        *database, *log, types,
        EngineOptions{
            .world = time, .queue = {.running_of_function = concurrency}, .tracer = tracer});
    pool = engine->pool.get();
    if (add_first) add_first(*pool);
    pool->add(
        "f", std::make_unique<FunctionHandler>("thing.making.requested", std::move(function)),
        {.retry = {.retries_max = 3, .delay_ms = 1}, .fulfills = fulfills, .appends = appends});
    ASSERT_TRUE(engine->start());
  }
  void append(int count = 1) {
    events::Append batch;
    for (int i = 0; i < count; ++i) {
      events::Envelope envelope;
      envelope.user_id = "ann";
      batch.events.push_back(*types.make("thing.making.requested", "{}", std::move(envelope)));
    }
    ASSERT_TRUE(sync_wait(executor, log->append(std::move(batch))));
  }
  std::string text_of(std::string_view sql) {
    return *test::run(executor, [&] {
      return database->read([&](db::Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.text(0) : std::string();
      });
    });
  }
  /// Until the query gives this.
  void wait_until(std::string_view sql, std::string_view text) {
    ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] {
      return text_of(sql) == text;
    })) << text_of(sql);
  }
  void wait_until_idle() {
    wait_until("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM parked_jobs)", "0");
  }

  bool fulfills = true;
  std::vector<std::string> appends;  // of "f"
  Tracer* tracer = nullptr;
  std::function<void(WorkerPool&)> add_first;  // functions that are before "f"
  std::unique_ptr<events::TestStore> store = events::TestStore::make();
  ManualWorld manual_time;
  World& time;
  events::EventTypes types{time};
  ThreadExecutor executor{"test"};
  std::unique_ptr<db::Engine> database;
  std::unique_ptr<events::EventLog> log;
  std::optional<Engine> engine;
  WorkerPool* pool = nullptr;  // of the engine
};

// Processes with a pool in them, one after another over one database, each of them killed: what was
// under way is never settled.
class KilledPoolTest : public testing::Test {
 protected:
  struct Process {
    explicit Process(World& world) : types(world) {}
    // What is queued is finished while the store is there, whose closures it is.
    ~Process() {
      if (engine) engine->pool.reset();
      database->close();
    }
    events::EventTypes types;
    std::unique_ptr<db::Engine> database;
    std::unique_ptr<events::EventLog> log;
    std::optional<Engine> engine;
  };

  void start(FunctionHandler::Function function) {
    own = std::make_unique<Process>(world);
    own->types.add("thing.making.requested", object("Thing"), "");
    auto opened = store->open(Engine::migrations());
    own->database = std::move(opened.database);
    own->log = std::move(opened.log);
    own->engine.emplace(
        *own->database, *own->log, own->types,
        EngineOptions{.world = world,
                      .queue = {.running_of_function = 16},
                      .pool = {.suspect_pause = pause, .unstored_bytes_max = unstored_bytes_max}});
    own->engine->pool->add(
        "f", std::make_unique<FunctionHandler>("thing.making.requested", std::move(function)),
        {.fulfills = true});
    ASSERT_TRUE(own->engine->start());
  }
  void append(int count, const std::string& user_id = "ann") {
    events::Append batch;
    for (int i = 0; i < count; ++i) {
      events::Envelope envelope;
      envelope.user_id = user_id;
      batch.events.push_back(*own->types.make("thing.making.requested", "{}", std::move(envelope)));
    }
    ASSERT_TRUE(sync_wait(executor, own->log->append(std::move(batch))));
  }
  void wait(Watermark& mark) {
    sync_wait(executor, [](Watermark& it) -> Task<void> { co_await it.wait_past(0); }(mark));
  }
  /// Ends with the first event's run under way. Before that, everybody else's is done.
  void die_of_the_first_run(int new_events = 0) {
    Watermark deadly;
    // Of the whole process, so that the runs which wait for it, and are left where a kill leaves
    // them, are known to somebody.
    static auto& never = *new Watermark;
    start([&](const Event& event, Step&) -> Task<Outcome> {
      if (event.position > 1) co_return Outcome::done();
      deadly.raise(1);
      co_await never.wait_past(0);
      co_return Outcome::done();
    });
    if (new_events > 0) append(new_events);
    wait(deadly);
    own.reset();
  }
  /// Ends with the runs of all events under way, which `append_all` appends.
  void die_of(int runs, const std::function<void()>& append_all = nullptr) {
    Watermark deadly;
    static auto& never = *new Watermark;
    start([&](const Event&, Step&) -> Task<Outcome> {
      deadly.raise(deadly.value() + 1);
      co_await never.wait_past(0);
      co_return Outcome::done();
    });
    if (append_all) append_all();
    sync_wait(executor, [](Watermark& it, int all) -> Task<void> {
      co_await it.wait_past(all - 1);
    }(deadly, runs));
    own.reset();
  }
  std::int64_t count(std::string_view sql) {
    return *test::run(executor, [&] {
      return own->database->read([&](db::Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.integer(0) : -1;
      });
    });
  }
  /// Until no more than these are left.
  void wait_for_jobs(std::int64_t left) {
    ASSERT_TRUE(
        test::wait_until(executor, own->database->commits(), [&] { return left_to_do() <= left; }));
  }
  std::int64_t left_to_do() {
    return count("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM parked_jobs)");
  }
  /// Until so many runs are put off, and the pool sleeps until the first of them is due.
  void wait_for_delayed(std::int64_t delayed = 1) {
    ASSERT_TRUE(test::wait_until(executor, own->database->commits(), [&] {
      return count("SELECT count(*) FROM parked_jobs") == delayed;
    }));
    ASSERT_TRUE(world.wait_for_sleeper(std::chrono::seconds(1)));
  }
  /// Until it is so, with a commit of the pool's own between two looks.
  void wait_for_answers(const std::function<bool()>& is_so) {
    for (int i = 0; i < 10'000 && !is_so(); ++i) {
      ASSERT_TRUE(test::run(own->engine->pool->executor(), [&] {
        return own->database->write(db::Lane::kBackground, [](db::Tx&) {});
      }));
    }
    ASSERT_TRUE(is_so());
  }
  // One run, whose first attempt has failed: the second is to be made so much later, and succeeds.
  void start_to_succeed_second(std::atomic<int>& calls, std::int64_t delay_ms) {
    start([&calls, delay_ms](const Event&, Step&) -> Task<Outcome> {
      if (++calls == 2) co_return Outcome::done();
      co_return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, delay_ms);
    });
    append(1);
    wait_for_delayed();
  }
  std::int64_t failed() { return count("SELECT count(*) FROM runs_data WHERE status = 'failed'"); }

  std::chrono::milliseconds pause{0};
  std::int64_t unstored_bytes_max = 1 << 20;
  ManualWorld world;
  std::unique_ptr<events::TestStore> store = events::TestStore::make();
  ThreadExecutor executor{"test"};
  std::unique_ptr<Process> own;
};

}  // namespace synap::workers
