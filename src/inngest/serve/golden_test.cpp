// The functions of the reference's traces, written in C++: what a server that executes them sees.
#include "bus/function_events.h"
#include "inngest/serve/test_rig.h"

namespace synap::inngest {
namespace {

using std::chrono::milliseconds;

template <class T>
auto gives(T value) {
  return [value = std::move(value)]() -> Task<Result<T>> { co_return value; };
}

class GoldenTraces : public ServeTest {
 protected:
  Execution execution(const std::string& slug, const Event& event) {
    return {[this](std::string query, std::string body) {
              return serve("POST", std::move(query), std::move(body));
            },
            slug, posted(event)};
  }
  std::string trace_of(TestHandler::Function function,
                       workers::WorkerPool::FunctionOptions options = {}) {
    add("fn", std::move(function), std::move(options));
    open();
    return execution("synap-fn", *append()).carry_out();
  }
};

TEST_F(GoldenTraces, Hello) {
  EXPECT_EQ(trace_of([](const Event&, Step&) -> Task<Outcome> {
              co_return Outcome::done(R"({"hi":1})");
            }),
            "-> step 0 0\n"
            "<- 200 {\"hi\":1}\n");
}

TEST_F(GoldenTraces, Serial) {
  EXPECT_EQ(trace_of([](const Event&, Step& step) -> Task<Outcome> {
              auto a = co_await step.run<int>("a", gives(1));
              auto b = co_await step.run<int>("b", gives(2));
              co_await step.sleep("z", std::chrono::seconds(1));
              auto c = co_await step.run<int>("c", gives(*a + *b));
              co_return Outcome::done(fmt::format(R"({{"a":{},"b":{},"c":{}}})", *a, *b, *c));
            }),
            "-> step 0 0\n"
            "<- 206 [StepRun a 1]\n"
            "-> step 0 1\n"
            "<- 206 [StepRun b 2]\n"
            "-> step 0 2\n"
            "<- 206 [Sleep z name:\"1s\"]\n"
            "-> step 0 3\n"
            "<- 206 [StepRun c 3]\n"
            "-> step 0 4\n"
            "<- 200 {\"a\":1,\"b\":2,\"c\":3}\n");
}

TEST_F(GoldenTraces, Parallel) {
  EXPECT_EQ(trace_of([](const Event&, Step& step) -> Task<Outcome> {
              std::vector<Task<Result<std::string>>> both;
              both.push_back(step.run<std::string>("a", gives(std::string("A"))));
              both.push_back(step.run<std::string>("b", gives(std::string("B"))));
              auto done = co_await when_all(std::move(both));
              const auto text = *done[0] + *done[1];
              co_await step.run<int>("c", gives(3));
              co_return Outcome::done(Json(text).dump());
            }),
            "-> step 0 0\n"
            "<- 206 [StepPlanned a, StepPlanned b]\n"
            "-> a 0 0\n"
            "<- 206 [StepRun a \"A\"]\n"
            "-> b 0 1\n"
            "<- 206 [StepRun b \"B\"]\n"
            "-> step 0 2\n"
            "<- 206 [StepRun c 3]\n"
            "-> step 0 3\n"
            "<- 200 \"AB\"\n");
}

// As of the SDK's: what the server asks for is done, also where it cannot be first any more.
TEST_F(GoldenTraces, Race) {
  EXPECT_EQ(trace_of([](const Event&, Step& step) -> Task<Outcome> {
              auto first = co_await step.race(
                  "first", [](Step& branch) { return branch.run<int>("a", gives(1)); },
                  [](Step& branch) { return branch.run<int>("b", gives(2)); });
              co_await step.run<int>("c", gives(3));
              co_return Outcome::done(std::to_string(first->index()));
            }),
            "-> step 0 0\n"
            "<- 206 [StepPlanned first \u203a 0 \u203a a, StepPlanned first \u203a 1 \u203a b]\n"
            "-> first \u203a 0 \u203a a 0 0\n"
            "<- 206 [StepRun first \u203a 0 \u203a a 1]\n"
            "-> first \u203a 1 \u203a b 0 1\n"
            "<- 206 [StepRun first \u203a 1 \u203a b 2]\n"
            "-> step 0 2\n"
            "<- 206 [StepRun first 0]\n"
            "-> step 0 3\n"
            "<- 206 [StepRun c 3]\n"
            "-> step 0 4\n"
            "<- 200 0\n");
}

TEST_F(GoldenTraces, FoundStepsAreOnlyPlannedWhereTheServerSaysSo) {
  add("fn", [](const Event&, Step& step) -> Task<Outcome> {
    co_await step.run<int>("a", gives(1));
    co_return Outcome::done();
  });
  open();
  auto run = execution("synap-fn", *append());
  run.is_planning = true;
  EXPECT_EQ(parse_json(run.call("step", 0).body.view())->as_array()[0].string_or("op", ""),
            "StepPlanned");
}

TEST_F(GoldenTraces, Wait) {
  add("fn", [](const Event&, Step& step) -> Task<Outcome> {
    auto got = co_await step.wait_for_event(
        "w", {.type = "thing.other.requested", .path = "data.x", .value = 1},
        std::chrono::seconds(10));
    auto never = co_await step.wait_for_event("w2", {.type = "t/never"}, std::chrono::seconds(1));
    co_return Outcome::done(Json::object({{"got", *(**got).find("data")},
                                          {"type", *(**got).find("type")},
                                          {"n", *never ? **never : Json()}})
                                .dump());
  });
  open();
  const auto awaited = append("thing.other.requested", R"({"x":1})");
  auto run = execution("synap-fn", *append());
  run.comes["w"] = posted(*awaited);
  EXPECT_EQ(run.carry_out(),
            "-> step 0 0\n"
            "<- 206 [WaitForEvent w name:\"thing.other.requested\" {\"if\":\"async.user.id == "
            "\\\"ann\\\" && async.data.x == 1\",\"timeout\":\"10s\"}]\n"
            "-> step 0 1\n"
            "<- 206 [WaitForEvent w2 name:\"t/never\" {\"if\":\"async.user.id == "
            "\\\"ann\\\"\",\"timeout\":\"1s\"}]\n"
            "-> step 0 2\n"
            "<- 200 {\"got\":{\"x\":1},\"n\":null,\"type\":\"thing.other.requested\"}\n");
  EXPECT_EQ(text_of("SELECT group_concat(type) FROM (SELECT type FROM relay_types ORDER BY type) "
                    "AS found"),
            "t/never,thing.other.requested");
}

TEST_F(GoldenTraces, Invoke) {
  add("hello", [](const Event& event, Step&) -> Task<Outcome> {
    const auto asked = data_of(event, bus::kFunctionInvoked);
    co_return Outcome::done(Json::object({{"hi", *(*asked)->data.find("n")}}).dump());
  });
  add(
      "inv",
      [](const Event&, Step& step) -> Task<Outcome> {
        auto told = co_await step.invoke<Json>(
            "i", {.function = "hello", .data = Json::object({{"n", 7}})}, std::chrono::hours(1));
        co_return told ? Outcome::done(told->dump()) : Outcome::failed(told.error());
      },
      {}, "thing.other.requested");
  open();
  auto run = execution("synap-inv", *append("thing.other.requested"));
  const auto first = run.call("step", 0);
  const auto op = parse_json(first.body.view())->as_array()[0];
  const auto& opts = *op.find("opts");
  EXPECT_EQ(op.string_or("op", ""), "InvokeFunction");
  EXPECT_EQ(opts.string_or("function_id", ""), "synap-hello");
  EXPECT_EQ(opts.string_or("timeout", ""), "1h");
  const auto data = *opts.find("payload")->find("data");
  EXPECT_EQ(*data.find("n"), Json(7));
  // Whose run it is stands in the pod's log, and once, however often the call is repeated.
  EXPECT_EQ(run.call("step", 0).body.view(), first.body.view());
  EXPECT_EQ(count_of("function.invoked"), "1");
  Execution callee(
      [this](std::string query, std::string body) {
        return serve("POST", std::move(query), std::move(body));
      },
      "synap-hello",
      Json::object({{"name", "inngest/function.invoked"}, {"id", "01ARYZ"}, {"data", data}}));
  EXPECT_EQ(callee.carry_out(), "-> step 0 0\n<- 200 {\"hi\":7}\n");
  run.comes["i"] = Json::object({{"data", *parse_json(callee.output)}});
  const auto trace = run.carry_out();
  EXPECT_TRUE(trace.ends_with("-> step 0 1\n<- 200 {\"hi\":7}\n")) << trace;
}

TEST_F(GoldenTraces, ForeignInvocationsAreRefused) {
  add("hello", [](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  open();
  Execution callee(
      [this](std::string query, std::string body) {
        return serve("POST", std::move(query), std::move(body));
      },
      "synap-hello",
      Json::object({{"name", "inngest/function.invoked"}, {"data", Json::object({{"n", 7}})}}));
  EXPECT_EQ(callee.carry_out(),
            "-> step 0 0\n"
            "<- 400 x-inngest-no-retry=true {\"message\":\"Functions of a pod are invoked by "
            "functions of this pod only\",\"name\":\"NOT_FOUND\"}\n"
            "given up\n");
}

TEST_F(GoldenTraces, Send) {
  add("fn",
      [](const Event&, Step& step) -> Task<Outcome> {
        auto id = co_await step.send_event("s", "thing.other.requested", Json::object());
        co_return Outcome::done(id ? R"("sent")" : R"("not sent")");
      },
      {.appends = {"thing.other.requested"}});
  open();
  auto run = execution("synap-fn", *append());
  const auto first = run.call("step", 0);
  EXPECT_EQ(run.call("step", 0).body.view(), first.body.view());
  EXPECT_TRUE(run.carry_out().ends_with("-> step 0 1\n<- 200 \"sent\"\n"));
  EXPECT_EQ(count_of("thing.other.requested"), "1");
}

TEST_F(GoldenTraces, Retry) {
  std::atomic<int> tries = 0;
  EXPECT_EQ(trace_of([&](const Event&, Step& step) -> Task<Outcome> {
              auto got = co_await step.run<int>("flaky", [&]() -> Task<Result<int>> {
                if (++tries == 1) co_return fail(Code::kTimeout, "boom");
                co_return 2;
              });
              co_return Outcome::done(std::to_string(*got));
            }),
            "-> step 0 0\n"
            "<- 206 x-inngest-no-retry=false [StepError flaky "
            "{\"message\":\"boom\",\"name\":\"TIMEOUT\"}]\n"
            "-> step 1 0\n"
            "<- 206 [StepRun flaky 2]\n"
            "-> step 0 1\n"
            "<- 200 2\n");
}

TEST_F(GoldenTraces, Fail) {
  EXPECT_EQ(trace_of([](const Event&, Step&) -> Task<Outcome> {
              co_return Outcome::failed_for_good({Code::kBadRequest, "nope", nullptr});
            }),
            "-> step 0 0\n"
            "<- 400 x-inngest-no-retry=true {\"message\":\"nope\",\"name\":\"BAD_REQUEST\"}\n"
            "given up\n");
}

TEST_F(GoldenTraces, RetryAfter) {
  std::atomic<int> tries = 0;
  EXPECT_EQ(trace_of([&](const Event&, Step&) -> Task<Outcome> {
              if (++tries == 1) {
                co_return Outcome::failed_retry_in({Code::kTimeout, "later", nullptr}, 1'000);
              }
              co_return Outcome::done();
            }),
            "-> step 0 0\n"
            "<- 500 x-inngest-no-retry=false retry-after=1 "
            "{\"message\":\"later\",\"name\":\"TIMEOUT\"}\n"
            "-> step 1 0\n"
            "<- 200 null\n");
}

TEST_F(GoldenTraces, TryAndCatch) {
  add("fn", [](const Event&, Step& step) -> Task<Outcome> {
    auto bad = co_await step.run<int>(
        "bad", []() -> Task<Result<int>> { co_return fail(Code::kTimeout, "x"); });
    auto instead = co_await step.run<std::string>("fb", gives(bad.error().message));
    co_return Outcome::done(Json("recovered:" + *instead).dump());
  });
  open();
  auto run = execution("synap-fn", *append());
  run.attempts_max = 1;
  EXPECT_EQ(run.carry_out(),
            "-> step 0 0\n"
            "<- 206 x-inngest-no-retry=true [StepFailed bad "
            "{\"message\":\"x\",\"name\":\"TIMEOUT\"}]\n"
            "-> step 0 1\n"
            "<- 206 [StepRun fb \"x\"]\n"
            "-> step 0 2\n"
            "<- 200 \"recovered:x\"\n");
}

TEST_F(GoldenTraces, Signal) {
  add("fn", [](const Event&, Step& step) -> Task<Outcome> {
    auto got = co_await step.wait_for_signal("s", {.signal = "go"}, std::chrono::seconds(5));
    co_return Outcome::done((*got)->dump());
  });
  open();
  auto run = execution("synap-fn", *append());
  const auto sent = Json::object({{"signal", "ann/go"}, {"data", 7}});
  run.comes["s"] = Json::object({{"data", sent}});
  EXPECT_EQ(run.carry_out(),
            "-> step 0 0\n"
            "<- 206 [WaitForSignal s name:\"ann/go\" "
            "{\"conflict\":\"fail\",\"signal\":\"ann/go\",\"timeout\":\"5s\"}]\n"
            "-> step 0 1\n"
            "<- 200 {\"data\":7,\"signal\":\"go\"}\n");
}

TEST_F(GoldenTraces, ARepeatedIdHasAnIndex) {
  add("fn", [](const Event&, Step& step) -> Task<Outcome> {
    co_await step.run<int>("a", gives(1));
    co_await step.run<int>("a", gives(2));
    co_return Outcome::done();
  });
  open();
  auto run = execution("synap-fn", *append());
  run.steps.set(hash_of("a"), Json::object({{"data", 1}}));
  const auto op =
      parse_json(run.body(0).empty()
                     ? ""
                     : serve("POST", "fnId=synap-fn&stepId=step", run.body(0)).body.view())
          ->as_array()[0];
  EXPECT_EQ(op.string_or("id", ""), to_hex(workers::step_hash("a", 1)));
  EXPECT_EQ(*op.find("userland"), Json::object({{"id", "a"}, {"index", 1}}));
}

TEST_F(GoldenTraces, KnownHashes) {
  EXPECT_EQ(hash_of("a"), "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
  EXPECT_EQ(hash_of("b"), "e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98");
}

}  // namespace
}  // namespace synap::inngest
