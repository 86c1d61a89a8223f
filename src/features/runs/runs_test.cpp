#include "features/runs/runs.h"

#include <gtest/gtest.h>

#include "features/feature_test.h"
#include "features/notes/notes.h"
#include "workers/step.h"

namespace synap::features::runs {
namespace {

// Does nothing, for every event of a note.
class Onlooker final : public workers::EventHandler {
 public:
  std::string_view event_type() const override { return "note.*"; }
  Task<workers::Outcome> handle(const events::Event&, workers::Step&) override {
    co_return workers::Outcome::done();
  }
};

class Runs : public FeatureTest {
 protected:
  Runs()
      : FeatureTest([](const Rooms& rooms) {
          notes::add(rooms);
          runs::add(rooms);
          rooms.workers.add("test.one", std::make_unique<Onlooker>(), {});
          rooms.workers.add("test.two", std::make_unique<Onlooker>(), {});
        }) {}

  /// The request of a note that was made.
  std::string make(const std::string& text) {
    const auto before = log->end().value();
    const auto accepted = call("notes.create", Json::object({{"content", text}}));
    // An onlooker's run ends without an event; its commit was that of the event it is for.
    test::run(executor, [&] { return log->end().wait_past(before + 1, {}); });
    return accepted->find("requestId")->as_string();
  }
  /// "function position" of each run, all pages of at most `limit`, and that no page is longer.
  std::vector<std::string> listed(Json::Object input, int limit = 50,
                                  const std::string& user = "ann") {
    std::vector<std::string> runs;
    Json asked(std::move(input));
    asked.set("limit", limit);
    for (;;) {
      const auto page = call("runs.list", asked, user);
      EXPECT_TRUE(page) << page.error().message;
      if (!page) return runs;
      const auto& list = page->find("runs")->as_array();
      EXPECT_LE(static_cast<int>(list.size()), limit);
      for (const auto& run : list) {
        runs.push_back(run.find("function")->as_string() + " " +
                       std::to_string(run.find("eventPosition")->as_integer()));
      }
      const auto* next = page->find("nextCursor");
      if (next == nullptr || runs.size() > 100) return runs;
      asked.set("cursor", *next);
    }
  }
  using Names = std::vector<std::string>;
  static Names sorted(Names names) {
    std::ranges::sort(names);
    return names;
  }
};

TEST_F(Runs, OfOneCauseAreListedWhateverElseRan) {
  make("before");
  const auto request = make("note");
  make("behind");
  const Names expected = {"notes.create 3", "test.one 3", "test.one 4", "test.two 3", "test.two 4"};
  for (const int limit : {1, 2, 3, 50}) {
    EXPECT_EQ(sorted(listed({{"correlationId", request}}, limit)), expected) << limit;
  }
  EXPECT_EQ(listed({{"correlationId", request}, {"function", "notes.create"}}),
            Names{"notes.create 3"});
  EXPECT_EQ(listed({{"correlationId", request}, {"status", "failed"}}), Names{});
  EXPECT_EQ(listed({{"correlationId", request}}, 50, "bob"), Names{});
}

TEST_F(Runs, OfOneEventAreListedAlsoWithTheCauseItHas) {
  const auto request = make("note");
  const auto other = make("other");
  const auto event = sync_wait(executor, log->at(1));
  const auto id = (*event)->id.to_string();
  const Names expected = {"notes.create 1", "test.one 1", "test.two 1"};
  EXPECT_EQ(sorted(listed({{"eventId", id}}, 2)), expected);
  EXPECT_EQ(sorted(listed({{"eventId", id}, {"correlationId", request}})), expected);
  EXPECT_EQ(listed({{"eventId", id}, {"correlationId", other}}), Names{});
  EXPECT_EQ(listed({{"eventId", id}}, 50, "bob"), Names{});
  EXPECT_EQ(listed({{"eventId", "01980000-0000-7000-8000-000000000001"}}), Names{});
}

TEST_F(Runs, ThatAreNotDoneTellWhatTheyWaitForAndUntilWhen) {
  make("note");
  const auto page = call("runs.list", Json::object({{"function", "test.one"}, {"limit", 1}}));
  const auto id = page->find("runs")->as_array().front().find("id")->as_string();
  // As the workers write them; no function of this test parks.
  constexpr std::string_view kInsert =
      "INSERT INTO pending_steps_data(run, hash, name, op, attempts, due_at, error) VALUES "
      "($1, x'01', 'again', 'StepError', 2, 1767225600000, '{\"message\":\"no\"}'),"
      "($1, x'02', 'at once', 'StepError', 1, 0, '{}'),"
      "($1, x'03', 'day', 'Sleep', 0, 1767225600001, NULL),"
      "($1, x'04', 'paid', 'WaitForEvent', 0, 9223372036854775807, NULL)";
  const auto written = test::run(executor, [&] {
    return database->write([&](db::Tx& tx) { tx.run(kInsert, Uuid::parse(id).value()); });
  });
  ASSERT_TRUE(written);
  const auto run = call("runs.get", Json::object({{"id", id}}));
  ASSERT_TRUE(run);
  EXPECT_EQ(
      run->find("pendingSteps")->dump(),
      R"([{"hash":"0100000000000000000000000000000000000000","name":"again","op":"StepError",)"
      R"("attempts":2,"dueAt":"2026-01-01T00:00:00.000Z","error":{"message":"no"}},)"
      R"({"hash":"0200000000000000000000000000000000000000","name":"at once","op":"StepError",)"
      R"("attempts":1,"error":{}},)"
      R"({"hash":"0300000000000000000000000000000000000000","name":"day","op":"Sleep",)"
      R"("attempts":0,"dueAt":"2026-01-01T00:00:00.001Z"},)"
      R"({"hash":"0400000000000000000000000000000000000000","name":"paid","op":"WaitForEvent",)"
      R"("attempts":0}])");
}

TEST_F(Runs, OfOneFunctionAreListedTheNewestFirst) {
  for (const char* text : {"1", "2", "3"}) make(text);
  EXPECT_EQ(listed({{"function", "notes.create"}}, 2),
            (Names{"notes.create 5", "notes.create 3", "notes.create 1"}));
  // A name that means nothing would otherwise look like nothing that has happened.
  const auto none = call("runs.list", Json::object({{"function", "notes.none"}}));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::kNotFound);
}

// Waits for a signal, for each event of its type.
class Waiter final : public workers::EventHandler {
 public:
  std::string_view event_type() const override { return "signal.sent"; }
  Task<workers::Outcome> handle(const events::Event& event, workers::Step& step) override {
    if (event.data.contains("\"go\"")) co_return workers::Outcome::done();
    auto got = co_await step.wait_for_signal("wait", {"go"}, std::chrono::hours(1));
    if (!got) co_return workers::Outcome::failed_for_good(got.error());
    co_return workers::Outcome::done((*got)->dump());
  }
};

class Signals : public FeatureTest {
 protected:
  Signals()
      : FeatureTest([](const Rooms& rooms) {
          runs::add(rooms);
          rooms.workers.add("test.waiter", std::make_unique<Waiter>(), {});
        }) {}
  Json signal(const char* name, Json::Object more = {}) {
    Json asked(std::move(more));
    asked.set("signal", name);
    return asked;
  }
  void wait_for_run(const char* status, int count) {
    ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] {
      const auto page = call("runs.list", Json::object({{"status", status}}));
      return page->find("runs")->as_array().size() == static_cast<std::size_t>(count);
    }));
  }
  std::string newest_run(const char* status) {
    const auto page = call("runs.list", Json::object({{"status", status}}));
    return page->find("runs")->as_array().back().find("id")->as_string();
  }
};

TEST_F(Signals, LetTheRunThatWaitsGoOn) {
  ASSERT_TRUE(call("signals.send", signal("begin")));
  wait_for_run("sleeping", 1);
  const auto run = newest_run("sleeping");
  ASSERT_TRUE(call("signals.send", signal("go", {{"data", 7}})));
  wait_for_run("completed", 2);
  const auto got = call("runs.get", input(run));
  EXPECT_EQ(got->find("steps")->as_array().at(0).find("result")->dump(),
            R"({"signal":"go","data":7})");
}

TEST_F(Signals, AreSentOnceWithOneKey) {
  const auto first = call("signals.send", signal("begin", {{"idempotencyKey", "k"}}));
  const auto again = call("signals.send", signal("begin", {{"idempotencyKey", "k"}}));
  EXPECT_EQ(first->dump(), again->dump());
  EXPECT_EQ(call("signals.send", signal("other", {{"idempotencyKey", "k"}})).error().code,
            Code::kConflict);
}

TEST_F(Signals, ARunIsCancelledByWhoeverOwnsIt) {
  ASSERT_TRUE(call("signals.send", signal("begin")));
  wait_for_run("sleeping", 1);
  const auto run = input(newest_run("sleeping"));
  EXPECT_EQ(call("runs.cancel", run, "bob").error().code, Code::kNotFound);
  EXPECT_EQ(call("runs.cancel", run)->find("status")->as_string(), "cancelled");
  EXPECT_EQ(call("runs.get", run)->find("status")->as_string(), "cancelled");
  EXPECT_EQ(call("runs.cancel", run).error().code, Code::kConflict);
  const auto told = sync_wait(executor, log->at(2));
  EXPECT_EQ((*told)->type, "function.cancelled");
  EXPECT_EQ((*told)->actor->id, "key");
}

}  // namespace
}  // namespace synap::features::runs
