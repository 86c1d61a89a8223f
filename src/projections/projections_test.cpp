#include "projections/projections.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/simulated_world.h"
#include "base/test_support.h"
#include "db/failing_database.h"
#include "events/test_store.h"

namespace synap::projections {
namespace {

using db::ColumnType;

struct ThingMade {
  std::string name;
  std::int64_t weight = 0;
};
const ObjectSchema<ThingMade>& describe(Type<ThingMade>) {
  static const auto schema = object<ThingMade>("ThingMade")
                                 .field("name", &ThingMade::name)
                                 .field("weight", &ThingMade::weight);
  return schema;
}
constexpr events::EventType<ThingMade> kThingMade{"thing.making.completed"};

// A machine so busy that time passes whenever somebody looks at the clock.
class BusyWorld final : public World {
 public:
  explicit BusyWorld(SimulatedWorld& world) : world_(world) {}
  std::int64_t unix_ms() override { return world_.unix_ms(); }
  SteadyClock::time_point now() override {
    if (looks > 0) {
      --looks;
      world_.pass(step);
    }
    return world_.now();
  }
  void random(std::uint8_t* out, std::size_t count) override { world_.random(out, count); }
  Uuid new_id() override { return world_.new_id(); }
  Timers& timers() override { return world_.timers(); }
  std::unique_ptr<Executor> make_executor(std::string name, ThreadPriority priority) override {
    return world_.make_executor(std::move(name), priority);
  }
  std::unique_ptr<Signal> make_signal() override { return world_.make_signal(); }
  std::unique_ptr<WorldThread> start_thread(std::string name, ThreadPriority priority,
                                            std::function<bool()> turn) override {
    return world_.start_thread(std::move(name), priority, std::move(turn));
  }

  std::int64_t looks = 0;  // for so many more
  std::chrono::milliseconds step{0};

 private:
  SimulatedWorld& world_;
};

class ProjectionsTest : public testing::Test {
 protected:
  ProjectionsTest() {
    types.add(kThingMade, "");
    types.add("other.making.completed", object("Other"), "");
  }
  ~ProjectionsTest() override { close(); }

  void close() {
    if (projections) projections->stop();
    projections.reset();
    failing.reset();
    log.reset();
    database.reset();
  }
  void open_store(World& in = real_world()) {
    auto opened = store->open({Projections::migrations()}, in);
    database = std::move(opened.database);
    log = std::move(opened.log);
  }
  // The pod's start, with these projections.
  void open(std::vector<Projection> with) {
    close();
    open_store();
    projections.emplace(*database, *log, types);
    for (auto& projection : with) projections->add(std::move(projection));
    const auto prepared = projections->prepare();
    ASSERT_TRUE(prepared) << prepared.error().message;
  }

  // The same with time that tests say, and everything in this thread; and started.
  std::unique_ptr<Executor> open_simulated(Projection projection, World* other = nullptr) {
    auto test = prepare_simulated(std::move(projection), other);
    projections->start();
    world.settle();
    return test;
  }
  std::unique_ptr<Executor> prepare_simulated(Projection projection, World* other = nullptr) {
    World& in = other != nullptr ? *other : world;
    close();
    open_store(in);
    failing.emplace(*database);
    projections.emplace(*failing, *log, types, in);
    projections->add(std::move(projection));
    SYNAP_CHECK(projections->prepare().has_value());
    return world.make_executor("test");
  }
  // In one commit.
  void append_all(Executor& on, const std::vector<std::string>& names) {
    std::vector<events::NewEvent> many;
    for (const auto& name : names) {
      events::Envelope envelope{.user_id = "ann", .aggregate_id = Uuid::v7()};
      many.push_back(*types.make(kThingMade, ThingMade{name, 1}, std::move(envelope)));
    }
    ASSERT_TRUE(sync_wait(on, log->append({.events = std::move(many)})));
  }

  Projection things() {
    return {.name = "things",
            .tables = {{.name = "things",
                        .columns = {{"id", ColumnType::kBytes},
                                    {"user_id"},
                                    {"name"},
                                    {"weight", ColumnType::kInteger}},
                        .primary_key = {"id"},
                        .indexes = {{.columns = {"user_id", "weight"}}}}},
            .types = {"thing.making.completed"},
            .fold = [this](db::Tx& tx, const events::Event& event) {
              const auto made = *data_of(event, kThingMade);
              if (made->name == refused) {
                return tx.abort({Code::kBadRequest, "refused by the fold", nullptr});
              }
              if (made->name == thrown) throw std::runtime_error("thrown by the fold");
              tx.run("INSERT INTO things_data(id, user_id, name, weight) VALUES ($1, $2, $3, $4)",
                     event.aggregate_id, event.user_id, made->name, made->weight);
            }};
  }
  Projection sums(std::string name = "sums") {
    return {.name = name,
            .kind = Projection::Kind::kFollower,
            .tables = {{.name = name,
                        .columns = {{"user_id"}, {"total", ColumnType::kInteger}},
                        .primary_key = {"user_id"}}},
            .types = {"thing.making.completed"},
            .fold = [this, name](db::Tx& tx, const events::Event& event) {
              const auto made = *data_of(event, kThingMade);
              if (made->name == unsummable && name == "sums") throw std::runtime_error("no sum");
              tx.run("INSERT INTO " + name +
                         "_data(user_id, total) VALUES ($1, $2) "
                         "ON CONFLICT(user_id) DO UPDATE SET total = " +
                         name + "_data.total + $2",
                     event.user_id, made->weight);
            }};
  }

  Result<events::Appended> append(std::string name, std::int64_t weight = 1,
                                  std::string user = "ann") {
    events::Envelope envelope;
    envelope.user_id = std::move(user);
    envelope.aggregate_id = Uuid::v7();
    auto event = types.make(kThingMade, ThingMade{std::move(name), weight}, std::move(envelope));
    return sync_wait(executor, log->append({.events = {std::move(*event)}}));
  }
  template <class F>
  auto write(F closure) {
    return test::run(executor, [&] { return database->write(closure); });
  }
  std::vector<std::string> names() {
    return *test::run(executor, [&] {
      return database->read_as("ann", [](db::Tx& tx) {
        std::vector<std::string> all;
        auto rows = tx.query("SELECT name FROM things ORDER BY id");
        while (rows.next()) all.push_back(rows.text(0));
        return all;
      });
    });
  }
  std::int64_t total(const std::string& of = "sums") {
    // On a busy machine a follower takes longer than anybody is made to wait for it.
    for (int i = 0; i < 40 && !sync_wait(executor, projections->settled(of, "ann")); ++i) {
      if (is_stopped(of)) break;
    }
    return *test::run(executor, [&] {
      return database->read_as("ann", [&](db::Tx& tx) {
        auto rows = tx.query("SELECT total FROM " + of);
        return rows.next() ? rows.integer(0) : std::int64_t{0};
      });
    });
  }
  bool is_stopped(const std::string& name) {
    return std::ranges::any_of(projections->progress(),
                               [&](const auto& one) { return one.name == name && one.is_stopped; });
  }
  Status status(const std::string& name) {
    auto list = sync_wait(executor, projections->list());
    for (auto& each : *list) {
      if (each.name == name) return each;
    }
    return {};
  }
  // Until nothing is rebuilt any more.
  void settle_rebuilds() {
    ASSERT_TRUE(test::wait_until(executor, projections->changes(), [this] {
      return std::ranges::all_of(*sync_wait(executor, projections->list()), &Status::is_current);
    }));
  }
  Result<Comparison> verify(const std::string& name) {
    return sync_wait(executor, projections->verify(name));
  }
  std::string digest(const std::string& name) {
    return *sync_wait(executor, projections->digest(name));
  }
  using Names = std::vector<std::string>;

  std::string refused = "refused";
  std::string thrown = "thrown";
  std::string unsummable = "unsummable";
  std::unique_ptr<events::TestStore> store = events::TestStore::make();
  events::EventTypes types;
  SimulatedWorld world{1};  // of the tests that say when time passes
  BusyWorld busy{world};
  ThreadExecutor executor{"test"};
  std::unique_ptr<db::Engine> database;
  std::unique_ptr<events::EventLog> log;
  std::optional<db::contract::FailingDatabase> failing;  // of the projections of a simulation
  std::optional<Projections> projections;
};

TEST_F(ProjectionsTest, AnInlineRowIsThereWhenTheAppendHasAnswered) {
  open({things()});
  ASSERT_TRUE(append("a"));
  EXPECT_EQ(names(), Names{"a"});
}

TEST_F(ProjectionsTest, AnInlineFoldThatFailsRefusesItsOwnAppendAndNoOther) {
  open({things()});
  test::Started<Result<events::Appended>> appends(executor);
  for (const char* name : {"a", "refused", "b", "thrown", "c"}) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    envelope.aggregate_id = Uuid::v7();
    auto event = types.make(kThingMade, ThingMade{name, 1}, std::move(envelope));
    appends.add(log->append({.events = {std::move(*event)}}));
  }
  const auto results = appends.wait();
  ASSERT_EQ(results.size(), 5u);
  EXPECT_TRUE(results[0] && results[2] && results[4]);
  EXPECT_EQ(results[1].error().message, "refused by the fold");
  EXPECT_EQ(results[3].error().code, Code::kInternalServerError);
  EXPECT_EQ(names(), (Names{"a", "b", "c"}));
  EXPECT_EQ(log->end().value(), 3);
}

TEST_F(ProjectionsTest, AFollowerFoldsEachEventOnceAlsoAfterARestart) {
  open({sums()});
  projections->start();
  ASSERT_TRUE(append("a", 2));
  EXPECT_EQ(total(), 2);
  open({sums()});
  ASSERT_TRUE(append("b", 3));
  projections->start();
  EXPECT_EQ(total(), 5);
  EXPECT_TRUE(
      test::wait_until(executor, database->commits(), [&] { return status("sums").lag() == 0; }));
}

TEST_F(ProjectionsTest, AFollowerGathersUnlessSomebodyWaitsOrThereIsMuch) {
  auto test = open_simulated(sums());
  const auto append_many = [&](int count) {
    append_all(*test, std::vector<std::string>(static_cast<std::size_t>(count), "a"));
    world.settle();
  };
  const auto lag = [&] { return projections->progress()[0].lag; };
  const auto begin = world.now();

  append_many(2);
  EXPECT_EQ(lag(), 2);
  sync_wait(*test, projections->settled("sums", "ann"));
  EXPECT_EQ(lag(), 0);

  append_many(1'000);
  EXPECT_EQ(lag(), 1'000);
  append_many(1);
  EXPECT_EQ(lag(), 0);
  EXPECT_EQ(world.now(), begin);

  append_many(1);
  world.pass(std::chrono::milliseconds(199));
  world.settle();
  EXPECT_EQ(lag(), 1);
  world.pass(std::chrono::milliseconds(1));
  world.settle();
  EXPECT_EQ(lag(), 0);
  close();
}

TEST_F(ProjectionsTest, AFollowerIsNotBehindWhatDoesNotConcernIt) {
  auto test = open_simulated(sums());
  const auto append_others = [&] {
    events::Envelope envelope{.user_id = "ann"};
    const auto made = types.make("other.making.completed", "{}", envelope);
    ASSERT_TRUE(sync_wait(*test, log->append({.events = {*made}})));
  };
  append_others();
  EXPECT_EQ(projections->progress().front().lag, 0) << "at once";
  append_all(*test, {"a"});
  append_others();
  EXPECT_EQ(projections->progress().front().lag, 2) << "until it has folded what concerns it";
  world.pass(std::chrono::milliseconds(300));
  world.settle();
  EXPECT_EQ(projections->progress().front().lag, 0);
  append_all(*test, {"b"});
  world.settle();
  world.pass(std::chrono::milliseconds(300));
  world.settle();
  const auto total = test::run(*test, [&] {
    return database->read([](db::Tx& tx) {
      auto rows = tx.query("SELECT total FROM sums_data");
      return rows.next() ? rows.integer(0) : -1;
    });
  });
  EXPECT_EQ(*total, 2);
  close();
}

TEST_F(ProjectionsTest, WhoeverWaitsForAFollowerIsToldWhetherItGotThere) {
  auto projection = sums();
  bool is_full = false;
  projection.fold = [&is_full, fold = projection.fold](db::Tx& tx, const events::Event& event) {
    if (is_full) return tx.abort({Code::kServiceUnavailable, "the disk is full", nullptr});
    fold(tx, event);
  };
  auto test = open_simulated(projection);
  const auto settled = [&](const char* user) {
    return sync_wait(*test, projections->settled("sums", user));
  };
  append_all(*test, {"a"});
  EXPECT_TRUE(settled("ann"));
  is_full = true;
  append_all(*test, {"b"});
  const auto begin = world.now();
  EXPECT_FALSE(settled("ann"));
  EXPECT_EQ(world.now() - begin, std::chrono::milliseconds(250));
  EXPECT_TRUE(settled("bob")) << "nothing of his is behind";
  EXPECT_FALSE(sync_wait(*test, projections->settled("sums")));
  is_full = false;
  world.pass(std::chrono::seconds(1));
  EXPECT_TRUE(settled("ann"));

  // Too many to be waited for, or to be looked through.
  is_full = true;
  append_all(*test, std::vector<std::string>(5'001, "c"));
  EXPECT_FALSE(settled("ann"));
  EXPECT_FALSE(settled("bob"));
  is_full = false;
  world.pass(std::chrono::seconds(1));
  world.settle();
  EXPECT_TRUE(settled("ann"));
  testing::internal::CaptureStderr();
  append_all(*test, {"unsummable"});
  EXPECT_FALSE(settled("ann"));
  EXPECT_FALSE(settled("ann"));
  testing::internal::GetCapturedStderr();
  close();
}

TEST_F(ProjectionsTest, AFollowerWhoseFoldFailsIsStoppedAloneAndSaysWhy) {
  open({sums(), sums("others")});
  testing::internal::CaptureStderr();
  projections->start();
  ASSERT_TRUE(append("a", 2));
  EXPECT_EQ(total(), 2);
  ASSERT_TRUE(append("unsummable", 3));
  ASSERT_TRUE(append("c", 4));
  EXPECT_EQ(total("others"), 9);
  EXPECT_EQ(total(), 2);
  projections->stop();
  const auto progress = projections->progress();
  ASSERT_EQ(progress.size(), 2u);
  EXPECT_EQ(progress[0].name, "sums");
  EXPECT_TRUE(progress[0].is_stopped);
  EXPECT_EQ(progress[0].lag, 2);
  EXPECT_FALSE(progress[1].is_stopped);
  EXPECT_EQ(progress[1].lag, 0);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("position 2"), std::string::npos);
  EXPECT_EQ(status("sums").error, "The event at position 2 cannot be folded: no sum");
  EXPECT_EQ(status("others").error, "");

  // The next start finds that it can be folded, and says no more that it cannot.
  unsummable = "none";
  open({sums(), sums("others")});
  projections->start();
  EXPECT_EQ(total(), 9);
  EXPECT_TRUE(test::wait_until(executor, projections->changes(),
                               [this] { return status("sums").error.empty(); }));
}

TEST_F(ProjectionsTest, AFollowerThatStopsWhileItIsRebuiltGoesOnAfterwards) {
  int failures = 0;
  auto projection = sums();
  projection.fold = [&failures, fold = projection.fold](db::Tx& tx, const events::Event& event) {
    if ((*data_of(event, kThingMade))->name == "late" && failures > 0) {
      --failures;
      throw std::runtime_error("not now");
    }
    fold(tx, event);
  };
  auto test = open_simulated(projection);
  // Many slices, so that the rebuild is still under way when the live one stops.
  for (int i = 0; i < 20; ++i) append_all(*test, std::vector<std::string>(1'000, "a"));
  sync_wait(*test, projections->settled("sums"));
  failures = 1;
  testing::internal::CaptureStderr();
  ASSERT_TRUE(sync_wait(*test, projections->rebuild("sums")));
  append_all(*test, {"late"});
  sync_wait(*test, projections->settled("sums"));
  EXPECT_EQ(failures, 0);
  world.settle();
  const auto said = testing::internal::GetCapturedStderr();
  if (store->is_on_server() && said.find("was stopped") == std::string::npos) {
    GTEST_SKIP() << "on a server the rebuild may be done before the live one comes to the event";
  }
  EXPECT_LT(said.find("was stopped"), said.find("was rebuilt")) << said;
  append_all(*test, {"b"});
  sync_wait(*test, projections->settled("sums"));
  const auto now = projections->progress()[0];
  EXPECT_FALSE(now.is_stopped);
  EXPECT_EQ(now.lag, 0);
  const auto verified = sync_wait(*test, projections->verify("sums"));
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->is_equal()) << verified->first_difference;
  close();
}

TEST_F(ProjectionsTest, ARebuildGivesTheSameRowsWhileOthersWrite) {
  open({things(), sums()});
  projections->start();
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(append("n" + std::to_string(i), i));
  // A row that the log does not tell of goes, and one that it tells of comes back.
  ASSERT_TRUE(write([](db::Tx& tx) {
    tx.run("UPDATE things_data SET name = 'changed' WHERE name = 'n7'");
    tx.run("DELETE FROM things_data WHERE name = 'n8'");
  }));
  ASSERT_TRUE(sync_wait(executor, projections->rebuild("things")));
  ASSERT_TRUE(sync_wait(executor, projections->rebuild("sums")));
  for (int i = 300; i < 400; ++i) ASSERT_TRUE(append("n" + std::to_string(i), i));
  settle_rebuilds();
  const auto all = names();
  ASSERT_EQ(all.size(), 400u);
  for (int i = 0; i < 400; ++i)
    EXPECT_EQ(all[static_cast<std::size_t>(i)], "n" + std::to_string(i));
  EXPECT_EQ(total(), 399 * 400 / 2);
  ASSERT_TRUE(append("after", 1));
  EXPECT_EQ(names().back(), "after");
  EXPECT_TRUE(verify("things")->is_equal());
  EXPECT_TRUE(verify("sums")->is_equal());
}

TEST_F(ProjectionsTest, ARebuildGoesOnAfterARestart) {
  open({things()});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(append("n" + std::to_string(i)));
  // What a process that was killed in the middle leaves: some rows of the second set.
  ASSERT_TRUE(write([&](db::Tx& tx) {
    auto kept = store::find(tx, "things");
    ++kept->generation;
    kept->second = {Purpose::kRebuild, kept->version, 0};
    TableSet(things()).create_second(tx, kept->generation);
    store::put(tx, *kept);
    tx.run("DELETE FROM things_data");
  }));
  open({things()});
  EXPECT_TRUE(names().empty());
  projections->start();
  settle_rebuilds();
  EXPECT_EQ(names().size(), 100u);
}

TEST_F(ProjectionsTest, ANewColumnIsServedAtOnceAndFilledBesideTheOldRows) {
  open({things()});
  for (const char* name : {"a", "b"}) ASSERT_TRUE(append(name, 5));
  auto changed = things();
  changed.tables[0].columns.push_back({"double_weight", ColumnType::kInteger});
  changed.fold = [](db::Tx& tx, const events::Event& event) {
    const auto made = *data_of(event, kThingMade);
    tx.run(
        "INSERT INTO things_data(id, user_id, name, weight, double_weight) "
        "VALUES ($1, $2, $3, $4, $5)",
        event.aggregate_id, event.user_id, made->name, made->weight, 2 * made->weight);
  };
  open({changed});
  const auto doubles = [&] {
    return *test::run(executor, [&] {
      return database->read_as("ann", [](db::Tx& tx) {
        std::int64_t sum = 0;
        auto rows = tx.query("SELECT double_weight FROM things");
        while (rows.next()) sum += rows.integer(0);
        return sum;
      });
    });
  };
  EXPECT_EQ(doubles(), 0);
  ASSERT_TRUE(append("c", 7));
  EXPECT_EQ(doubles(), 14);
  projections->start();
  settle_rebuilds();
  EXPECT_EQ(doubles(), 34);
  EXPECT_TRUE(verify("things")->is_equal());
}

// Not until the next start, and with few lines in the log for half an hour without storage.
TEST_F(ProjectionsTest, AChangedProjectionIsRebuiltWhenTheStorageThatFailedItWorksAgain) {
  using db::contract::FailingDatabase;
  const decltype(failing->refusal) refuses_reads = [](bool is_read) {
    return is_read ? std::optional(FailingDatabase::gone()) : std::nullopt;
  };
  const decltype(failing->refusal) refuses_writes = [](bool is_read) {
    return is_read ? std::nullopt : std::optional(FailingDatabase::full());
  };
  auto test = open_simulated(things());
  append_all(*test, std::vector<std::string>(300, "a"));
  const auto is_current = [&] { return sync_wait(*test, projections->list())->front().is_current; };
  const auto old_tables = [&] {
    const auto read = [&]() -> Task<Result<std::int64_t>> {
      co_return co_await database->read([](db::Tx& tx) {
        auto rows = tx.query("SELECT count(*) FROM projection_leftovers");
        return rows.next() ? rows.integer(0) : -1;
      });
    };
    return *sync_wait(*test, read());
  };
  const auto pass = [&](std::chrono::milliseconds step, int steps) {
    for (int i = 0; i < steps; ++i) {
      world.settle();
      world.pass(step);
    }
    world.settle();
  };
  auto changed = things();
  for (const auto& [refusal, column] :
       {std::pair(refuses_reads, "name"), std::pair(refuses_writes, "weight")}) {
    changed.tables[0].indexes.push_back({.columns = {column}});
    test = prepare_simulated(changed);
    failing->refusal = refusal;
    testing::internal::CaptureStderr();
    projections->start();
    pass(std::chrono::seconds(30), 60);
    const auto told = testing::internal::GetCapturedStderr();
    EXPECT_GE(std::ranges::count(told, '\n'), 5) << told;
    EXPECT_LE(std::ranges::count(told, '\n'), 40) << told;
    EXPECT_NE(told.find("of things is tried again"), std::string::npos) << told;
    failing->refusal = nullptr;
    EXPECT_FALSE(is_current());
    testing::internal::CaptureStderr();
    pass(std::chrono::minutes(1), 1);
    pass(std::chrono::milliseconds(20), 100);
    testing::internal::GetCapturedStderr();
    EXPECT_TRUE(is_current());
    EXPECT_EQ(old_tables(), 0);
    const auto found = sync_wait(*test, projections->verify("things"));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->is_equal()) << found->first_difference;
    EXPECT_EQ(found->rows, 300);
  }
  close();
}

TEST_F(ProjectionsTest, TablesThatCannotServeAreFilledBeforeTheStartGoesOn) {
  open({things()});
  for (const char* name : {"a", "b"}) ASSERT_TRUE(append(name));
  auto changed = things();
  changed.tables[0].primary_key = {"user_id", "id"};
  testing::internal::CaptureStderr();
  open({changed, sums()});
  EXPECT_NE(testing::internal::GetCapturedStderr().find("things"), std::string::npos);
  EXPECT_EQ(names(), (Names{"a", "b"}));
  projections->start();
  EXPECT_EQ(total(), 2);
}

TEST_F(ProjectionsTest, AChangedFollowerIsFilledBeforeTheStartGoesOn) {
  open({sums()});
  projections->start();
  for (const char* name : {"a", "b"}) ASSERT_TRUE(append(name, 2));
  EXPECT_EQ(total(), 4);
  auto changed = sums();
  changed.tables[0].columns[1].type = ColumnType::kReal;
  testing::internal::CaptureStderr();
  open({changed});
  EXPECT_NE(testing::internal::GetCapturedStderr().find("sums"), std::string::npos);
  EXPECT_EQ(total(), 4);
  EXPECT_TRUE(status("sums").is_current);
  // One that nobody had before, too.
  testing::internal::CaptureStderr();
  open({changed, sums("others")});
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(total("others"), 4);
}

TEST_F(ProjectionsTest, ARebuildThatAnEarlierVersionHasBegunDoesNotStandInTheWay) {
  open({things()});
  for (const char* name : {"a", "b"}) ASSERT_TRUE(append(name));
  for (const auto* table : {"more", ""}) {
    ASSERT_TRUE(write([&](db::Tx& tx) {
      auto kept = store::find(tx, "things");
      ++kept->generation;
      kept->second = {Purpose::kRebuild, kept->version, 0};
      // The earlier version has a table less than today's, or one more.
      tx.run("CREATE TABLE things_data__second(id BLOB PRIMARY KEY)");
      if (*table == 0) tx.run("CREATE TABLE more_data__second(id BLOB PRIMARY KEY)");
      store::put(tx, *kept);
    }));
    auto changed = things();
    if (*table != 0) {
      changed.tables.push_back(
          {.name = table, .columns = {{"id"}, {"user_id"}}, .primary_key = {"id"}});
    }
    testing::internal::CaptureStderr();
    open({changed});
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(names(), (Names{"a", "b"}));
    EXPECT_TRUE(verify("things")->is_equal());
  }
}

TEST_F(ProjectionsTest, VerifyNamesTheFirstRowThatDiffers) {
  open({things(), sums()});
  projections->start();
  for (int i = 0; i < 2'500; ++i) {
    if (i % 50 == 0) {
      ASSERT_TRUE(append("n" + std::to_string(i)));
    }
  }
  auto equal = verify("things");
  ASSERT_TRUE(equal) << equal.error().message;
  EXPECT_TRUE(equal->is_equal()) << equal->first_difference;
  EXPECT_EQ(equal->rows, 50);
  EXPECT_EQ(equal->live_digest, digest("things"));
  ASSERT_TRUE(write(
      [](db::Tx& tx) { tx.run("UPDATE things_data SET name = 'forged' WHERE name = 'n1000'"); }));
  auto differs = verify("things");
  ASSERT_TRUE(differs);
  EXPECT_FALSE(differs->is_equal());
  EXPECT_NE(differs->first_difference.find(R"(name is "forged" and should be "n1000")"),
            std::string::npos)
      << differs->first_difference;
  EXPECT_FALSE(verify("nothing"));
}

// What the start removes is of an earlier process, and not of who asks while it starts.
TEST_F(ProjectionsTest, AVerificationIsLeftAloneByTheStart) {
  auto first = prepare_simulated(things());
  append_all(*first, {"a", "b"});
  for (int turns = 0; turns < 60; turns += 3) {
    auto test = prepare_simulated(things());
    test::Started<Result<Comparison>> verifying(*test);
    verifying.add(projections->verify("things"));
    for (int i = 0; i < turns; ++i) world.turn();
    projections->start();
    int looks = 0;  // in vain: it would go on for ever
    world.run_until([&] { return verifying.done() == 1 || ++looks > 10'000; });
    ASSERT_EQ(verifying.done(), 1u) << turns;
    const auto found = std::move(verifying.wait().front());
    ASSERT_TRUE(found) << turns << ": " << found.error().message;
    EXPECT_TRUE(found->is_equal()) << turns;
    close();
  }
}

TEST_F(ProjectionsTest, AVerifyWhoseReadsGetNoTimeGoesOn) {
  int folds = 0;
  auto projection = things();
  projection.fold = [&, fold = projection.fold](db::Tx& tx, const events::Event& event) {
    fold(tx, event);
    // The second set is full.
    if (++folds == 600) busy.looks = 5'000;
  };
  auto test = open_simulated(projection, &busy);
  append_all(*test, std::vector<std::string>(300, "a"));
  busy.step = std::chrono::hours(1);
  testing::internal::CaptureStderr();
  const auto found = sync_wait(*test, projections->verify("things"));
  testing::internal::GetCapturedStderr();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->is_equal()) << found->first_difference;
  EXPECT_EQ(found->rows, 300);
  EXPECT_EQ(busy.looks, 0);
  close();
}

TEST_F(ProjectionsTest, AVerifyReadsAsManyRowsAtATimeAsItHasTimeFor) {
  auto test = open_simulated(things(), &busy);
  append_all(*test, std::vector<std::string>(300, "a"));
  busy.step = std::chrono::milliseconds(20);
  busy.looks = 1'000'000;
  testing::internal::CaptureStderr();
  const auto found = sync_wait(*test, projections->verify("things"));
  const auto digest = sync_wait(*test, projections->digest("things"));
  testing::internal::GetCapturedStderr();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->is_equal()) << found->first_difference;
  EXPECT_EQ(found->rows, 300);
  ASSERT_TRUE(digest) << digest.error().message;
  EXPECT_EQ(*digest, found->live_digest);
  close();
}

TEST_F(ProjectionsTest, VerifyFindsWhatDiffersBehindLargeRows) {
  auto test = open_simulated(things());
  std::vector<std::string> large(12, std::string(200'000, 'a'));
  large.emplace_back("z");
  for (const auto& name : large) append_all(*test, {name});
  EXPECT_TRUE(sync_wait(*test, projections->verify("things"))->is_equal());
  auto change = [&](const char* sql) {
    auto write = [&]() -> Task<Result<>> {
      co_return co_await database->write([&](db::Tx& tx) { tx.run(sql); });
    };
    ASSERT_TRUE(sync_wait(*test, write()));
  };
  change("UPDATE things_data SET name = 'y' WHERE name = 'z'");
  auto found = sync_wait(*test, projections->verify("things"));
  EXPECT_NE(found->first_difference.find(R"(name is "y" and should be "z")"), std::string::npos)
      << found->first_difference;
  change("DELETE FROM things_data WHERE name = 'y'");
  found = sync_wait(*test, projections->verify("things"));
  EXPECT_NE(found->first_difference.find("is missing"), std::string::npos)
      << found->first_difference;
  change(
      "INSERT INTO things_data SELECT x'ffffffffffffffffffffffffffffffff', user_id, name, weight "
      "FROM things_data LIMIT 1");
  found = sync_wait(*test, projections->verify("things"));
  EXPECT_NE(found->first_difference.find("is in one of the two only"), std::string::npos)
      << found->first_difference;
  close();
}

TEST_F(ProjectionsTest, AVerifyThatCannotTidyUpBurdensNoLaterAppend) {
  int folds = 0;
  auto projection = things();
  projection.fold = [&folds, fold = projection.fold](db::Tx& tx, const events::Event& event) {
    ++folds;
    fold(tx, event);
  };
  auto test = open_simulated(projection);
  append_all(*test, std::vector<std::string>(500, "a"));
  const auto change = [&](const std::vector<std::string>& statements) {
    auto write = [&]() -> Task<Result<>> {
      co_return co_await database->write([&](db::Tx& tx) {
        for (const auto& sql : statements) tx.run(sql);
      });
    };
    ASSERT_TRUE(sync_wait(*test, write()));
  };
  change(store->refuse("UPDATE", "projections", "new.second_purpose IS NULL"));
  EXPECT_FALSE(sync_wait(*test, projections->verify("things")));
  change(store->refuse_no_more("projections"));
  EXPECT_EQ(sync_wait(*test, projections->list())->front().second_position, std::nullopt);
  folds = 0;
  append_all(*test, {"b"});
  EXPECT_EQ(folds, 1) << "of the live tables";

  // The next one begins anew, and what comes in the same commit folds no more than itself.
  std::optional<Result<Comparison>> found;
  auto verify = [&]() -> Task<void> { found = co_await projections->verify("things"); };
  Background beside(*test);
  beside.begin(verify());
  folds = 0;
  append_all(*test, {"c"});
  EXPECT_LT(folds, 100);
  world.settle();
  for (int i = 0; i < 1'000 && !found; ++i) {
    world.pass(std::chrono::milliseconds(20));
    world.settle();
  }
  ASSERT_TRUE(found && *found);
  EXPECT_TRUE((*found)->is_equal()) << (*found)->first_difference;
  EXPECT_EQ((*found)->rows, 502);
  beside.stop();
  close();
}

TEST_F(ProjectionsTest, AnErasedEventIsNotFoldedAgain) {
  open({things()});
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(append(name));
  ASSERT_TRUE(write([](db::Tx& tx) {
    tx.run("UPDATE events SET salt = NULL, metadata = NULL, data = '{}' WHERE position = 2");
    tx.run("DELETE FROM things_data WHERE name = 'b'");
  }));
  const auto before = digest("things");
  open({things()});
  const auto verified = verify("things");
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->is_equal()) << verified->first_difference;
  EXPECT_EQ(verified->built_digest, before);
}

}  // namespace
}  // namespace synap::projections
