// A pod's functions as an app of an Inngest server, and one that executes their runs in the test:
// as the reference has it, one call after another, each written down in a line.
//
//   -> step 0 2                the function from its beginning, attempt 0, two memos
//   <- 206 [StepRun a 1]       what was answered
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "inngest/canonical.h"
#include "inngest/serve/endpoint.h"
#include "inngest/ulid.h"
#include "outbound/test_server.h"
#include "workers/engine.h"
#include "workers/step.h"

namespace synap::inngest {

using events::Event;
using workers::Outcome;
using workers::Step;

class TestHandler final : public workers::EventHandler {
 public:
  using Function = std::function<Task<Outcome>(const Event&, Step&)>;
  TestHandler(std::string type, Function function)
      : type_(std::move(type)), function_(std::move(function)) {}
  std::string_view event_type() const override { return type_; }
  Task<Outcome> handle(const Event& event, Step& step) override { return function_(event, step); }

 private:
  std::string type_;
  Function function_;
};

inline std::string hash_of(std::string_view step) {
  return to_hex(workers::step_hash(step, 0));
}

class ServeTest : public testing::Test {
 protected:
  ServeTest() {
    types.add("thing.making.requested", object("Thing"), "");
    types.add("thing.making.completed", object("Thing"), "");
    types.add("thing.other.requested", object("Thing"), "");
    database =
        std::move(*db::sqlite::SqliteDatabase::open({.path = directory.path() + "/test.db"}));
    auto migrations = events::sqlite::SqliteEventLog::migrations();
    for (const auto& list : {workers::Engine::migrations(), BusHistory::migrations(),
                             ServedStore::migrations(), Relay::migrations()}) {
      migrations.insert(migrations.end(), list.begin(), list.end());
    }
    migrations.push_back({"test.1", "CREATE TABLE marks(text TEXT)"});
    SYNAP_CHECK(database->migrate(migrations).has_value());
    log = std::move(*events::sqlite::SqliteEventLog::open(*database));
    engine.emplace(*database, *log, types, workers::EngineOptions{.takes_events = false});
    history = std::move(
        *sync_wait(executor, BusHistory::enter(*database, *log, Bus::kInngest, world.unix_ms())));
  }
  ~ServeTest() override {
    stopping.request_stop();
    if (relaying.joinable()) relaying.join();
    if (engine) engine->pool->stop(std::chrono::seconds(5));
    endpoint.reset();
    relay.reset();
    database->close();
  }

  void add(std::string id, TestHandler::Function function,
           workers::WorkerPool::FunctionOptions options = {},
           std::string type = "thing.making.requested") {
    engine->pool->add(std::move(id),
                      std::make_unique<TestHandler>(std::move(type), std::move(function)),
                      std::move(options));
  }
  /// When all functions are added.
  void open(bool is_dev = true) {
    ASSERT_TRUE(engine->start());
    client.emplace(outbound::Policy::anywhere());
    upstream_options.event_url = upstream_options.url;
    upstream.emplace(upstream_options, *client);
    functions.emplace(
        ServedFunctionsOptions{.url = "http://pod/api/inngest", .event_prefix = prefix},
        engine->functions.now()->all());
    store.emplace(engine->runs);
    relay.emplace(relay_options, history,
                  Relay::Rooms{*database, *log, types, *store, *upstream, *functions, world});
    endpoint.emplace(EndpointOptions{.is_dev = is_dev},
                     Endpoint::Rooms{*engine, types, *functions, *store, *upstream, *relay});
  }
  void start_relay() {
    relaying = std::thread([this] { sync_wait(relay_executor, relay->run(stopping.get_token())); });
  }

  events::EventRef append(std::string_view type = "thing.making.requested", std::string data = "{}",
                          std::optional<Uuid> aggregate = std::nullopt, std::string user = "ann") {
    events::Envelope envelope;
    envelope.user_id = std::move(user);
    envelope.aggregate_id = aggregate;
    if (aggregate) envelope.aggregate_type = "thing";
    auto made = types.make(type, std::move(data), std::move(envelope));
    SYNAP_CHECK(made.has_value());
    auto done = sync_wait(executor, log->append({.events = {std::move(*made)}}));
    SYNAP_CHECK(done.has_value());
    return done->events.front();
  }
  /// As the server has it of the relay.
  Json posted(const Event& event) {
    return Json::object({{"name", prefix + event.type},
                         {"id", event.id.to_string()},
                         {"ts", event.timestamp},
                         {"data", *parse_json(event.data)}});
  }

  net::Response serve(std::string method, std::string query, std::string body,
                      net::Headers headers = {}) {
    net::Request request{.method = std::move(method),
                         .target = "/api/inngest?" + query,
                         .path = "/api/inngest",
                         .query = std::move(query),
                         .headers = std::move(headers),
                         .body = std::move(body),
                         .peer = "127.0.0.1"};
    return sync_wait(executor, ask(request));
  }
  Task<net::Response> ask(net::Request request) {
    auto admission = co_await endpoint->admit(request);
    if (admission.answer) co_return std::move(*admission.answer);
    co_return co_await endpoint->serve(request);
  }
  net::Response signed_call(const SigningKey& key, std::string query, const std::string& body,
                            std::int64_t skew = 0) {
    return serve("POST", std::move(query), body,
                 {{"x-inngest-signature", key.sign(body, world.unix_ms() / 1'000 + skew)}});
  }

  std::string text_of(std::string_view sql) {
    return *test::run(executor, [&] {
      return database->read([&](db::Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.text(0) : std::string();
      });
    });
  }
  /// How many events of a type there are.
  std::string count_of(std::string_view type) {
    return text_of(fmt::format(
        "SELECT count(*) FROM events JOIN names ON number = events.type WHERE name = '{}'", type));
  }
  bool wait_until(std::string_view sql, std::string_view text) {
    return test::wait_until(executor, database->commits(), [&] { return text_of(sql) == text; });
  }

  World& world = real_world();
  test::TempDirectory directory;
  events::EventTypes types{world};
  ThreadExecutor executor{"test"};
  ThreadExecutor relay_executor{"relay"};
  std::unique_ptr<db::sqlite::SqliteDatabase> database;
  std::unique_ptr<events::sqlite::SqliteEventLog> log;
  std::optional<workers::Engine> engine;
  BusHistory history;
  std::string prefix;
  UpstreamOptions upstream_options{.url = "http://127.0.0.1:1", .version = "1.2.3"};
  RelayOptions relay_options;
  std::optional<outbound::Client> client;
  std::optional<Upstream> upstream;
  std::optional<ServedFunctions> functions;
  std::optional<ServedStore> store;
  std::optional<Relay> relay;
  std::optional<Endpoint> endpoint;
  std::stop_source stopping;
  std::thread relaying;
};

/// One run, as an Inngest server executes it, without checkpoints.
class Execution {
 public:
  using Call = std::function<net::Response(std::string query, std::string body)>;

  Execution(Call call, std::string slug, Json event)
      : call_(std::move(call)), slug_(std::move(slug)), event_(std::move(event)) {}

  /// To its end; what happened.
  std::string carry_out() {
    for (int calls = 0; calls < 100; ++calls) {
      const auto response = call("step", attempt);
      if (response.status == 200) {
        output = std::string(response.body.view());
        return trace_;
      }
      if (response.status != 206) {
        const auto* no_retry = response.headers.find("x-inngest-no-retry");
        if ((no_retry != nullptr && *no_retry == "true") || ++attempt >= attempts_max) {
          return trace_ + "given up\n";
        }
        continue;
      }
      const auto ops = parse_json(response.body.view())->as_array();
      std::vector<std::string> planned;
      is_planning = ops.size() > 1;
      for (const auto& op : ops) {
        if (op.string_or("op", "") == "StepPlanned") {
          planned.emplace_back(op.string_or("id", ""));
        } else {
          take(op);
        }
      }
      for (const auto& hash : planned) do_planned(hash);
      is_planning = false;
    }
    return trace_ + "no end\n";
  }

  std::string body(int its_attempt, bool plans = false) const {
    Json stack = Json::array();
    for (const auto& [hash, memo] : steps.as_object()) stack.push_back(hash);
    const auto size = static_cast<std::int64_t>(steps.as_object().size());
    return Json::object(
               {{"ctx",
                 Json::object({{"run_id", run_id},
                               {"attempt", its_attempt},
                               {"max_attempts", attempts_max},
                               {"disable_immediate_execution", plans},
                               {"use_api", false},
                               {"stack", Json::object({{"stack", stack}, {"current", size}})}})},
                {"event", event_},
                {"events", Json(Json::Array{event_})},
                {"steps", steps},
                {"version", -1},
                {"use_api", false}})
        .dump();
  }
  net::Response call(const std::string& step, int its_attempt) {
    trace_ += fmt::format("-> {} {} {}\n", name_of(step), its_attempt, steps.as_object().size());
    auto response = call_(fmt::format("fnId={}&stepId={}", slug_, step),
                          body(its_attempt, is_planning && step == "step"));
    trace_ += "<- " + shown(response) + "\n";
    return response;
  }

  std::string run_id = "01ARYZ6S41TSV4RRFFQ69G5FAV";
  int attempts_max = 5;
  int attempt = 0;
  bool is_planning = false;
  Json steps = Json::object();
  std::map<std::string, Json> comes;  // by step: what it is answered with
  std::string output;

 private:
  void do_planned(const std::string& hash) {
    for (int tries = 0; tries < attempts_max; ++tries) {
      const auto before = steps.as_object().size();
      const auto ops = parse_json(call(hash, tries).body.view())->as_array();
      for (const auto& op : ops) take(op);
      attempt = 0;
      if (steps.as_object().size() > before) return;
    }
  }
  void take(const Json& op) {
    const auto kind = op.string_or("op", "");
    const auto id = op.string_or("id", "");
    names_[std::string(id)] = op.find("userland")->string_or("id", "");
    if (kind == "StepError") {
      ++attempt;
      return;
    }
    attempt = 0;
    const auto coming = comes.find(names_[std::string(id)]);
    if (kind == "StepRun") {
      steps.set(id, Json::object({{"data", *op.find("data")}}));
    } else if (kind == "StepFailed") {
      steps.set(id, Json::object({{"error", *op.find("error")}}));
    } else {
      steps.set(id, coming != comes.end() ? coming->second : Json());
    }
  }
  std::string name_of(const std::string& step) const {
    const auto known = names_.find(step);
    return known != names_.end() ? known->second : step;
  }
  std::string shown(const net::Response& response) {
    std::string text = std::to_string(response.status);
    for (const char* name : {"x-inngest-no-retry", "retry-after"}) {
      if (const auto* value = response.headers.find(name))
        text += fmt::format(" {}={}", name, *value);
    }
    const auto json = parse_json(response.body.view());
    if (!json) return text + " " + std::string(response.body.view());
    if (response.status != 206) return text + " " + without_stack(*json).dump();
    std::string ops;
    for (const auto& op : json->as_array()) {
      if (!ops.empty()) ops += ", ";
      const auto id = std::string(op.find("userland")->string_or("id", ""));
      names_[std::string(op.string_or("id", ""))] = id;
      const Json* index = op.find("userland")->find("index");
      EXPECT_EQ(op.string_or("id", ""),
                to_hex(workers::step_hash(
                    id, index != nullptr ? static_cast<int>(index->as_integer()) : 0)));
      ops += fmt::format("{} {}", op.string_or("op", ""), id);
      if (op.string_or("name", "") != id)
        ops += fmt::format(" name:\"{}\"", op.string_or("name", ""));
      if (const Json* error = op.find("error")) {
        ops += " " + without_stack(*error).dump();
      } else if (op.string_or("op", "") == "StepRun") {
        ops += " " + op.find("data")->dump();
      } else {
        EXPECT_TRUE(op.find("data")->is_null());
      }
      if (const Json* opts = op.find("opts"); !opts->as_object().empty()) ops += " " + opts->dump();
    }
    return fmt::format("{} [{}]", text, ops);
  }
  static Json without_stack(Json json) {
    if (!json.is_object()) return json;
    std::erase_if(json.as_object(), [](const auto& one) {
      return one.first == "stack" || one.first == "__serialized";
    });
    return json;
  }

  const Call call_;
  const std::string slug_;
  const Json event_;
  std::map<std::string, std::string> names_;
  std::string trace_;
};

}  // namespace synap::inngest
