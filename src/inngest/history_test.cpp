// What tools are told of runs, by REST and GraphQL, and how many runs are cancelled at once.
#include "inngest/history.h"

#include <thread>

#include "bus/function_events.h"
#include "inngest/app_event.h"
#include "inngest/cancellations.h"
#include "inngest/graphql.h"
#include "inngest/ingestion.h"
#include "inngest/serve/test_rig.h"

namespace synap::inngest {
namespace {

using workers::Judged;

class HistoryTest : public ServeTest {
 protected:
  HistoryTest() {
    SYNAP_CHECK(database->migrate(Cancellations::migrations()).has_value());
    add("app-f@ann", [](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
    SYNAP_CHECK(engine->start().has_value());
  }
  /// A run that nobody begins, with this id.
  void make_run(Uuid id, std::string user = "ann") {
    const auto event = append("thing.other.requested", "{}", std::nullopt, std::move(user));
    ASSERT_TRUE(test::run(executor, [&] {
      return database->write([&](db::Tx& tx) {
        const Judged judged{.function = engine->functions.find("app-f@ann"),
                            .event = event,
                            .due_at = engine->runs.clock().now() + 3'600'000};
        engine->maker.begin(tx, judged, {}, id, {});
      });
    }));
  }
  void change(std::string_view sql) {
    ASSERT_TRUE(
        test::run(executor, [&] { return database->write([&](db::Tx& tx) { tx.run(sql); }); }));
  }
  Json rest(std::string method, std::string path) {
    net::Request request{.method = std::move(method), .path = std::move(path)};
    auto answer = sync_wait(executor, history.answer(request, {"ann", std::nullopt}));
    return answer ? *answer->find("data") : Json(answer.error().message);
  }
  Json run_of(const std::string& id) {
    const auto query = "{run(runID:\"" + id + "\"){id status startedAt trace{startedAt status}}}";
    auto answer = sync_wait(
        executor, graphql.answer(Json::object({{"query", query}}), {"ann", std::nullopt}));
    return answer ? *answer->find("run") : Json(answer.error().message);
  }

  History history{*engine, types};
  Graphql graphql{*engine, history};
};

TEST_F(HistoryTest, ARunTellsWhenItWasCalledAndHowItEnded) {
  const auto id = Uuid::v7();
  make_run(id);
  const auto path = "/v1/runs/" + ulid_of(id);
  change("UPDATE runs_data SET created_at = 1000");
  EXPECT_EQ(rest("GET", path).string_or("run_started_at", ""), "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(rest("GET", path).string_or("status", ""), "Running");
  EXPECT_EQ(run_of(ulid_of(id)).dump(), R"({"id":")" + ulid_of(id) +
                                            R"(","status":"RUNNING","startedAt":null,)"
                                            R"("trace":{"startedAt":null,"status":"RUNNING"}})");
  change(
      "UPDATE runs_data SET started_at = 2000, ended_at = 3000, status = 'discarded', error = "
      "'{\"name\":\"E\"}'");
  EXPECT_EQ(rest("GET", path).string_or("run_started_at", ""), "1970-01-01T00:00:02.000Z");
  EXPECT_EQ(rest("GET", path).string_or("status", ""), "Failed");
  EXPECT_EQ(run_of(ulid_of(id)).dump(),
            R"({"id":")" + ulid_of(id) +
                R"(","status":"FAILED","startedAt":"1970-01-01T00:00:02.000Z",)"
                R"("trace":{"startedAt":"1970-01-01T00:00:02.000Z","status":"FAILED"}})");
}

// Of a run of an endpoint: six bits of it are others in the pod.
TEST_F(HistoryTest, ARunIsFoundByTheIdThatAnAppHasMade) {
  const std::string of_app = "00000000000000000000000001";
  make_run(*parse_foreign_id(of_app));
  EXPECT_EQ(rest("GET", "/v1/runs/" + of_app).string_or("status", ""), "Running");
  EXPECT_EQ(run_of(of_app).string_or("status", ""), "RUNNING");
}

TEST_F(HistoryTest, RunsAreCancelledByWhenTheyWereMadeWhateverTheirIds) {
  make_run(*parse_foreign_id("00000000000000000000000001"));
  make_run(Uuid::v7());
  make_run(Uuid::v7());
  change("UPDATE runs_data SET created_at = 1000 WHERE event_position = 3");
  Cancellations cancellations(*engine, world);
  net::Request request{.method = "POST", .path = "/v1/cancellations"};
  request.body = R"({"app_id":"app","function_id":"f","started_after":"2020-01-01T00:00:00Z"})";
  auto made = sync_wait(executor, cancellations.answer(request, {"ann", std::nullopt}));
  ASSERT_TRUE(made) << made.error().message;
  std::jthread running([&](std::stop_token stop) {
    ThreadExecutor own{"cancellations"};
    sync_wait(own, cancellations.run(stop));
  });
  EXPECT_TRUE(wait_until("SELECT is_done FROM run_cancellations_data", "1"));
  EXPECT_EQ(text_of("SELECT group_concat(status) FROM (SELECT status FROM runs_data ORDER BY "
                    "event_position)"),
            "cancelled,cancelled,active");
}

// As one that a person asked the pod for: replays count it among those that wait.
TEST_F(HistoryTest, ARunThatAnAppAsksForSaysSo) {
  Ingestion ingestion(*engine, types);
  const Asker ann{"ann", std::nullopt};
  ASSERT_TRUE(sync_wait(executor, ingestion.invoke(ann, "app-f", Json::object({{"n", 1}}))));
  EXPECT_EQ(text_of("SELECT origin FROM runs_data"), R"({"kind":"invoke"})");
  const auto none = sync_wait(executor, ingestion.invoke(ann, "app-g", Json::object()));
  EXPECT_TRUE(!none && none.error().code == Code::kNotFound);
}

TEST_F(HistoryTest, AnInvocationTellsWhoAskedForIt) {
  workers::PendingStep step{
      .hash = workers::step_hash("ask", 0), .name = "ask", .op = workers::OpCode::kInvokeFunction};
  step.invoked =
      workers::InvokedFunction{"app-g@ann", Json::object({{"n", 1}}), 1'700'000'000'000,
                               Json::object({{"v", "2"}, {"meta", Json::object({{"a", "b"}})}})};
  const auto function = std::make_shared<const bus::Function>(
      bus::Function{.id = "app-f@ann", .user_id = "ann", .is_remote = true, .app = "app"});
  const bus::Job job{.run_id = Uuid{}, .function = function, .user_id = "ann"};
  auto asked = engine->runs.events().invocation_of(job, *append(), step);
  ASSERT_TRUE(asked);
  auto appended = sync_wait(executor, log->append({.events = {std::move(*asked)}}));
  ASSERT_TRUE(appended);
  const auto shown = app_view(*appended->events.front(), types);
  EXPECT_EQ(shown.string_or("v", ""), "2");
  EXPECT_EQ(shown.find("meta")->dump(), R"({"a":"b"})");
  const auto& facts = *shown.find("data")->find("_inngest");
  EXPECT_EQ(facts.string_or("name", ""), "ask");
  EXPECT_EQ(facts.string_or("fn_id", ""), "app-g");
  EXPECT_EQ(facts.string_or("gid", ""), hash_of("ask"));
  EXPECT_EQ(facts.string_or("correlation_id", ""), ulid_of(Uuid{}) + "." + hash_of("ask"));
  EXPECT_EQ(facts.find("expire")->as_integer(), 1'700'000'000'000);
  EXPECT_EQ(facts.find("source_fn_v")->as_integer(), 1);
  for (const auto* id : {"source_app_id", "source_fn_id"}) {
    EXPECT_TRUE(Uuid::parse(facts.string_or(id, ""))) << id;
  }
}

}  // namespace
}  // namespace synap::inngest
