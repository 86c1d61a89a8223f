// runs.get, runs.result, runs.list by what its events say, runs.rerun and dead letters, over a
// function whose steps the test directs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/background.h"
#include "base/clock.h"
#include "features/feature_test.h"
#include "features/functions/functions.h"
#include "features/runs/runs.h"
#include "workers/step.h"

namespace synap::features::runs {
namespace {

// Two steps for each signal "begin"; the second fails as often as is said, and gives `size` bytes.
struct Directions {
  std::atomic<int> failures = 0;
  std::atomic<int> size = 4;
  std::atomic<int> firsts = 0;  // calls of the first step
  std::atomic<bool> is_doomed = false;
};

class Director final : public workers::EventHandler {
 public:
  explicit Director(Directions& directions) : directions_(directions) {}
  std::string_view event_type() const override { return "signal.sent"; }
  Task<workers::Outcome> handle(const events::Event&, workers::Step& step) override {
    auto first = co_await step.run<int>(
        "first", [this]() -> Task<Result<int>> { co_return ++directions_.firsts; });
    if (!first) co_return workers::Outcome::failed(first.error());
    auto second = co_await step.run<std::string>("second", [this]() -> Task<Result<std::string>> {
      if (directions_.is_doomed) co_return fail(Code::kUnprocessableContent, "it is doomed");
      if (directions_.failures-- > 0) co_return fail(Code::kTimeout, "not yet");
      co_return std::string(static_cast<std::size_t>(directions_.size.load()), 'x');
    });
    if (!second) co_return workers::Outcome::failed_for_good(second.error());
    co_return workers::Outcome::done(R"({"sum":1})");
  }

 private:
  Directions& directions_;
};

class Trace : public FeatureTest {
 protected:
  Trace()
      : FeatureTest([this](const Rooms& rooms) {
          functions::add(rooms);
          runs::add(rooms);
          rooms.workers.add("test.two", std::make_unique<Director>(directions),
                            {.retry = {.retries_max = 3, .delay_ms = 1}});
        }) {}
  void send(const char* signal, Json data = Json(nullptr)) {
    ASSERT_TRUE(call("signals.send", Json::object({{"signal", signal}, {"data", data}})));
  }
  Json::Array list(Json::Object asked, const std::string& user = "ann") {
    const auto page = call("runs.list", Json(std::move(asked)), user);
    EXPECT_TRUE(page) << page.error().message;
    return page ? page->find("runs")->as_array() : Json::Array{};
  }
  void wait_for(const char* status, std::size_t count) {
    ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] {
      return list({{"status", status}}).size() == count;
    })) << status;
  }
  std::string newest(const char* status) {
    return std::string(list({{"status", status}}).front().string_or("id", ""));
  }
  Json get(const std::string& id) { return *call("runs.get", input(id)); }

  Directions directions;
};

TEST_F(Trace, TellsWhenEverythingBeganAndEndedAndWhatFailed) {
  directions.failures = 2;
  send("begin");
  wait_for("completed", 1);
  const auto run = get(newest("completed"));
  const auto time = [&](const Json& of, const char* key) {
    return parse_iso8601(of.string_or(key, "")).value_or(-1);
  };
  const auto created = time(run, "createdAt");
  EXPECT_GE(time(run, "startedAt"), created);
  EXPECT_EQ(run.find("queueDelayMs")->as_integer(), time(run, "startedAt") - created);
  EXPECT_EQ(run.find("output")->dump(), R"({"sum":1})");
  const auto& steps = run.find("steps")->as_array();
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].find("attempts")->as_integer(), 1);
  EXPECT_EQ(steps[1].find("attempts")->as_integer(), 3);
  EXPECT_EQ(steps[1].find("result")->dump(), R"({"data":"xxxx"})");
  for (const auto& step : steps) {
    EXPECT_GE(time(step, "startedAt"), time(run, "startedAt"));
    EXPECT_GE(time(step, "endedAt"), time(step, "startedAt"));
    EXPECT_GE(time(step, "storedAt"), time(step, "endedAt"));
  }
  const auto& failed = run.find("failedAttempts")->as_array();
  ASSERT_EQ(failed.size(), 2U);
  EXPECT_EQ(failed[1].string_or("name", ""), "second");
  EXPECT_EQ(failed[1].string_or("step", ""), steps[1].string_or("hash", "-"));
  EXPECT_EQ(failed[1].find("error")->string_or("message", ""), "not yet");
  EXPECT_LE(time(failed[0], "endedAt"), time(failed[1], "startedAt"));
}

TEST_F(Trace, HasTheBeginningOfALargeResultAndAnotherProcedureTheWhole) {
  directions.size = 20'000;
  send("begin");
  wait_for("completed", 1);
  const auto id = newest("completed");
  const auto step = get(id).find("steps")->as_array().at(1);
  EXPECT_EQ(step.find("result"), nullptr);
  EXPECT_EQ(step.find("resultBytes")->as_integer(), 20'000 + 11);
  EXPECT_EQ(step.string_or("resultPreview", "").size(), 512U);
  const auto asked = input(id, {{"step", *step.find("hash")}});
  const auto whole = call("runs.result", asked);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->find("result")->string_or("data", "").size(), 20'000U);
  EXPECT_EQ(call("runs.result", input(id))->find("result")->dump(), R"({"sum":1})");
  EXPECT_EQ(call("runs.result", asked, "bob").error().code, Code::kNotFound);
  EXPECT_EQ(call("runs.result", input(id), "bob").error().code, Code::kNotFound);
}

TEST_F(Trace, RunsAreFoundByWhatTheirEventsSay) {
  send("begin", Json::object({{"title", "Blue Whale"}}));
  send("begin", Json::object({{"title", "red fox"}}));
  wait_for("completed", 2);
  const auto found = list({{"text", "blue whale"}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].find("eventPosition")->as_integer(), 1);
  EXPECT_EQ(list({{"eventType", "signal.*"}}).size(), 2U);
  EXPECT_EQ(list({{"eventType", "note.*"}}).size(), 0U);
  EXPECT_EQ(list({{"text", "blue whale"}}, "bob").size(), 0U);
  const auto at = *found[0].find("createdAt");
  EXPECT_GE(list({{"from", at}}).size(), 1U);
  EXPECT_EQ(list({{"to", "2020-01-01T00:00:00Z"}}).size(), 0U);
  EXPECT_EQ(list({{"from", "2099-01-01T00:00:00Z"}}).size(), 0U);
}

TEST_F(Trace, ARunIsDoneAgainFromAStepOn) {
  send("begin");
  wait_for("completed", 1);
  const auto id = newest("completed");
  const auto second = *get(id).find("steps")->as_array().at(1).find("hash");
  EXPECT_EQ(call("runs.rerun", input(id), "bob").error().code, Code::kNotFound);
  const auto again = call("runs.rerun", input(id, {{"fromStep", second}}));
  ASSERT_TRUE(again) << again.error().message;
  wait_for("completed", 2);
  EXPECT_EQ(directions.firsts, 1);  // was taken over
  const auto run = get(std::string(again->string_or("runId", "")));
  EXPECT_EQ(run.find("steps")->as_array().at(0).find("result")->dump(), R"({"data":1})");
  EXPECT_EQ(run.find("origin")->dump(),
            R"({"kind":"rerun","runId":")" + id + R"(","fromStep":"second"})");
  ASSERT_TRUE(call("runs.rerun", input(id)));
  wait_for("completed", 3);
  EXPECT_EQ(directions.firsts, 2);
  const auto told = sync_wait(executor, log->at(2));
  EXPECT_EQ((*told)->type, "run.rerun");
  EXPECT_EQ((*told)->actor->id, "key");
  // Its steps have no input that could be another.
  const auto edited = call("runs.rerun", input(id, {{"fromStep", second}, {"input", Json(1)}}));
  EXPECT_EQ(edited.error().code, Code::kBadRequest);
  const auto nowhere = std::string(40, 'a');
  EXPECT_EQ(call("runs.rerun", input(id, {{"fromStep", nowhere}})).error().code, Code::kNotFound);
}

TEST_F(Trace, DeadLettersAreGroupedTriedAgainAndPutAway) {
  directions.is_doomed = true;
  for (int i = 0; i < 3; ++i) send("begin");
  wait_for("failed", 3);
  const auto groups = call("deadLetters.groups", Json::object());
  const auto& group = groups->find("groups")->as_array().at(0);
  EXPECT_EQ(groups->find("groups")->as_array().size(), 1U);
  EXPECT_EQ(group.find("count")->as_integer(), 3);
  EXPECT_EQ(group.string_or("message", ""), "it is doomed");
  EXPECT_EQ(call("deadLetters.groups", Json::object(), "bob")->find("groups")->dump(), "[]");

  const auto first = newest("failed");
  EXPECT_EQ(call("deadLetters.discard", input(first), "bob").error().code, Code::kNotFound);
  ASSERT_TRUE(call("deadLetters.discard", input(first)));
  EXPECT_EQ(get(first).string_or("status", ""), "discarded");
  EXPECT_EQ(call("deadLetters.discard", input(first)).error().code, Code::kConflict);
  EXPECT_EQ(call("deadLetters.replay", input(first)).error().code, Code::kConflict);

  directions.is_doomed = false;
  EXPECT_EQ(call("deadLetters.replay", Json::object()).error().code, Code::kBadRequest);
  const auto none = call("deadLetters.replay", Json::object({{"message", "another"}}));
  EXPECT_EQ(none->find("count")->as_integer(), 0);
  // One call is bounded, and says where to go on.
  const auto one =
      call("deadLetters.replay", Json::object({{"message", "it is doomed"}, {"limit", 1}}));
  EXPECT_EQ(one->find("count")->as_integer(), 1);
  const auto rest = call("deadLetters.replay",
                         Json::object({{"all", true}, {"cursor", *one->find("nextCursor")}}));
  EXPECT_EQ(rest->find("count")->as_integer(), 1);
  EXPECT_EQ(rest->find("nextCursor"), nullptr);
  wait_for("completed", 2);
}

TEST_F(Trace, AFunctionOfAUserIsInvokedByHand) {
  const auto invoked = call("functions.invoke", Json::object({{"id", "test.two"}}));
  ASSERT_TRUE(invoked) << invoked.error().message;
  wait_for("completed", 1);
  const auto run = get(std::string(invoked->string_or("runId", "")));
  EXPECT_EQ(run.string_or("eventType", ""), "function.invoked");
  EXPECT_EQ(run.find("origin")->dump(), R"({"kind":"invoke"})");
  EXPECT_EQ(call("functions.invoke", Json::object({{"id", "test.none"}})).error().code,
            Code::kNotFound);
}

// Ann's, as an app of hers has it; `is_there`: else it is gone.
void put_own(workers::Engine& engine, const char* app, bool is_there = true) {
  const auto id = std::string(app) + "-two@ann";
  if (is_there) {
    engine.functions.put({.id = id, .triggers = {{"signal.sent"}}, .user_id = "ann", .app = app});
  } else {
    engine.functions.remove(id);
  }
}

TEST_F(Trace, AFunctionOfAnAppIsFoundByTheNamesThatAreShown) {
  put_own(*engine, "shop");
  for (const char* name : {"shop-two@ann", "shop-two", "two"}) {
    const Json of = Json::object({{"id", name}});
    const auto got = call("functions.get", of);
    ASSERT_TRUE(got) << name << ": " << got.error().message;
    EXPECT_EQ(got->string_or("id", ""), "shop-two@ann");
    EXPECT_EQ(got->string_or("name", ""), "shop-two");
    EXPECT_EQ(call("functions.get", of, "bob").error().code, Code::kNotFound);
    const auto paused = call("functions.pause", of);
    ASSERT_TRUE(paused) << paused.error().message;
    EXPECT_EQ(paused->string_or("id", ""), "shop-two@ann");
    EXPECT_TRUE(call("functions.invoke", of));
    EXPECT_EQ(list({{"function", name}}).size(), list({{"function", "shop-two@ann"}}).size());
    ASSERT_TRUE(call("functions.resume", of));
  }
  EXPECT_EQ(list({{"function", "two"}}).size(), 3U);
}

TEST_F(Trace, AFilterWithANameThatMeansNothingIsAnError) {
  put_own(*engine, "shop");
  ASSERT_TRUE(call("functions.invoke", Json::object({{"id", "shop-two"}})));
  const std::pair<const char*, Json> asked[] = {
      {"runs.list", Json::object({{"function", "thre"}})},
      {"deadLetters.groups", Json::object({{"function", "thre"}})},
      {"deadLetters.replay", Json::object({{"function", "thre"}})},
      {"deadLetters.discard", Json::object({{"function", "thre"}})},
      {"functions.replays", Json::object({{"function", "thre"}})}};
  for (const auto& [path, input] : asked) {
    const auto answer = call(path, input);
    ASSERT_FALSE(answer) << path;
    EXPECT_EQ(answer.error().code, Code::kNotFound) << path;
  }
  // What ran and is gone is found by the name that its runs are shown with, and by no stranger.
  put_own(*engine, "shop", false);
  EXPECT_EQ(list({{"function", "shop-two"}}).size(), 1U);
  const auto stranger = call("runs.list", Json::object({{"function", "shop-two@ann"}}), "bob");
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, Code::kNotFound);
}

TEST_F(Trace, APausedFunctionWaitsAlsoOverARestart) {
  const auto of = Json::object({{"id", "test.two"}});
  EXPECT_EQ(call("functions.pause", of).error().code, Code::kForbidden);
  const workers::Person owner{.user_id = "ann", .actor = {}, .is_owner = true};
  EXPECT_TRUE(
      test::run(executor, [&] { return engine->control.pause(owner, "test.two"); })->has_changed);
  EXPECT_FALSE(
      test::run(executor, [&] { return engine->control.pause(owner, "test.two"); })->has_changed);
  send("begin");
  const auto function = call("functions.get", of);
  EXPECT_EQ(function->find("pause")->string_or("by", ""), "person");
  EXPECT_EQ(function->find("waiting")->as_integer(), 1);
  open();  // as at the next start
  send("begin");
  EXPECT_EQ(call("functions.get", of)->find("waiting")->as_integer(), 2);
  EXPECT_EQ(directions.firsts, 0);
  EXPECT_TRUE(
      test::run(executor, [&] { return engine->control.resume(owner, "test.two"); })->has_changed);
  wait_for("completed", 2);
  EXPECT_EQ(call("functions.get", of)->find("pause"), nullptr);
  const auto listed = call("functions.list", Json::object());
  EXPECT_EQ(listed->find("functions")->as_array().size(), 1U);
}

TEST_F(Trace, AReplayMakesRunsForEventsOfThePastAndGoesOnWhereItWas) {
  for (int i = 0; i < 3; ++i) send("begin", Json(i));
  wait_for("completed", 3);
  const auto begin = [&](Json::Object more) {
    Json asked(std::move(more));
    asked.set("id", "test.two");
    return call("functions.replay", asked);
  };
  const auto follow = [&](const std::string& id, const char* status) {
    Background background(executor);
    background.begin(engine->replays.follow(background.token()));
    EXPECT_TRUE(test::wait_until(executor, database->commits(), [&] {
      const auto all = call("functions.replays", Json::object())->find("replays")->as_array();
      return std::ranges::any_of(all, [&](const Json& one) {
        return one.string_or("id", "") == id && one.string_or("status", "") == status;
      });
    }));
    background.stop();
    const auto all = call("functions.replays", Json::object())->find("replays")->as_array();
    return std::ranges::find_if(all, [&](const Json& one) { return one.string_or("id", "") == id; })
        ->dump();
  };
  // They all had a run.
  const auto first = std::string(begin({})->string_or("id", ""));
  EXPECT_THAT(follow(first, "completed"), testing::HasSubstr(R"("made":0,"passedOver":3)"));
  // One of them is to have another; begun, and gone on with by the next process.
  const auto again = begin({{"repeats", true}, {"filter", "event.data.data == 1"}});
  ASSERT_TRUE(again) << again.error().message;
  const auto second = std::string(again->string_or("id", ""));
  open();
  EXPECT_THAT(follow(second, "completed"), testing::HasSubstr(R"("made":1,"passedOver":0)"));
  wait_for("completed", 4);
  const auto run = get(newest("completed"));
  EXPECT_EQ(run.find("eventPosition")->as_integer(), 2);
  EXPECT_EQ(run.find("origin")->dump(), R"({"kind":"replay","replayId":")" + second + R"("})");

  EXPECT_EQ(begin({{"filter", "event.data.("}}).error().code, Code::kBadRequest);
  const auto third = std::string(begin({})->string_or("id", ""));
  EXPECT_EQ(call("functions.cancelReplay", input(third), "bob").error().code, Code::kNotFound);
  ASSERT_TRUE(call("functions.cancelReplay", input(third)));
  EXPECT_EQ(call("functions.cancelReplay", input(third)).error().code, Code::kConflict);
  EXPECT_EQ(call("functions.replays", Json::object(), "bob")->find("replays")->dump(), "[]");
}

}  // namespace
}  // namespace synap::features::runs
