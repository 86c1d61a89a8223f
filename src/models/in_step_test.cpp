#include "models/in_step.h"

#include <future>

#include "models/test_rig.h"
#include "workers/pool_test.h"

namespace synap::models {
namespace {

using events::Event;
using workers::Outcome;
using workers::Step;

// A pod's workers and models, one process after another over one store.
class InStepTest : public ModelsRig {
 protected:
  ~InStepTest() override { die(); }

  void start() {
    die();
    auto provider = chat(llm);
    open({.chat = {provider}});
    types.add("thing.making.requested", object("Thing"), "");
    engine.emplace(*database, *log, types, workers::EngineOptions{});
    engine->pool->add(
        "f",
        std::make_unique<workers::FunctionHandler>(
            "thing.making.requested",
            [this](const Event& event, Step& step) -> Task<Outcome> { return work(event, step); }),
        {.retry = {.retries_max = 3, .delay_ms = 1}, .fulfills = true});
    ASSERT_TRUE(engine->start());
  }
  // As a kill: nothing that is under way is settled.
  void die() {
    if (!engine) return;
    models->account().stop();
    engine->pool.reset();
    database->close();  // what it is at work on is of the engine
    engine.reset();
    close();
  }
  void append() {
    events::Envelope envelope;
    envelope.user_id = "ann";
    events::Append one;
    one.events.push_back(*types.make("thing.making.requested", "{}", std::move(envelope)));
    ASSERT_TRUE(sync_wait(executor, log->append(std::move(one))));
  }
  Task<Outcome> work(const Event& event, Step& step) {
    std::string both;
    for (const std::string name : {"one", "two"}) {
      auto answer = co_await generate_in_step(step, name, *models, event, ask("prompt " + name));
      if (!answer) co_return Outcome::failed(answer.error());
      both += answer->text + ";";
    }
    co_return Outcome::done(Json(both).dump());
  }
  void wait_until_done() {
    ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] {
      return count("SELECT count(*) FROM runs_data WHERE status = 'completed'") == 1;
    }));
  }
  int asked(std::string_view prompt) {
    int times = 0;
    for (std::size_t i = 0; i < llm.asked(); ++i)
      times += llm.seen(i).body.contains(prompt) ? 1 : 0;
    return times;
  }

  ScriptedProvider llm;
  std::optional<workers::Engine> engine;
};

TEST_F(InStepTest, ACrashRepeatsNoFinishedCallAndOneCutShortIsCalledAgain) {
  Watermark reached;
  llm.then(sse(chat_answer("first")));
  llm.then([&](outbound::Wire& wire, const outbound::Seen&) {
    const auto whole = sse(chat_answer("lost"));
    wire.send(whole.substr(0, whole.find("finish_reason")));
    reached.raise(1);
    wire.wait_for_end();
  });
  llm.then(sse(chat_answer("second")));
  start();
  append();
  sync_wait(executor, [](Watermark& mark) -> Task<void> { co_await mark.wait_past(0); }(reached));
  start();
  wait_until_done();
  EXPECT_EQ(asked("prompt one"), 1);
  EXPECT_EQ(asked("prompt two"), 2);
  const auto all = calls();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].finish, "stop");
  EXPECT_EQ(all[1].finish, "interrupted");
  EXPECT_EQ(all[2].finish, "stop");
  EXPECT_EQ(count("SELECT calls FROM model_usage_data"), 3);
  EXPECT_EQ(count("SELECT count(*) FROM runs_data WHERE output = '\"first;second;\"'"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM model_calls"), 0);
}

TEST_F(InStepTest, ACallThatFailsIsTriedAgainAsAStepAndEachIsInTheAccount) {
  llm.then(outbound::answer(500, "{}"));
  llm.then(sse(chat_answer("first")));
  llm.then(sse(chat_answer("second")));
  start();
  append();
  wait_until_done();
  const auto all = calls();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].finish, "error");
  EXPECT_EQ(all[1].finish, "stop");
  EXPECT_EQ(all[2].finish, "stop");
}

TEST_F(InStepTest, ACallThatEndsWhenItsRunIsCancelledIsSettled) {
  Watermark reached;
  std::promise<void> cancelled;
  llm.then([&](outbound::Wire& wire, const outbound::Seen&) {
    reached.raise(1);
    cancelled.get_future().wait();
    wire.send(sse(chat_answer("for nobody")));
  });
  start();
  append();
  sync_wait(executor, [](Watermark& mark) -> Task<void> { co_await mark.wait_past(0); }(reached));
  const auto run = *test::run(executor, [&] {
    return database->read([](db::Tx& tx) {
      auto rows = tx.query("SELECT id FROM runs_data");
      return rows.next() ? rows.uuid(0).value_or(Uuid{}) : Uuid{};
    });
  });
  ASSERT_TRUE(sync_wait(executor, engine->pool->cancel("ann", run, std::nullopt)));
  cancelled.set_value();
  ASSERT_TRUE(test::wait_until(executor, database->commits(),
                               [&] { return count("SELECT count(*) FROM model_calls") == 0; }));
  const auto all = calls();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].finish, "stop");
  EXPECT_EQ(all[0].output, 5) << "what the provider counted";
}

}  // namespace
}  // namespace synap::models
