// A function with flow control, over a pool of its own whose time is the test's.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "bus/function_events.h"
#include "workers/local_driver.h"
#include "workers/pool_test.h"

namespace synap::workers {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline cel::Expression expression(std::string_view text) {
  auto parsed = cel::Expression::parse(text);
  SYNAP_CHECK(parsed.has_value(), text);
  return *parsed;
}

// Functions with flow control hear thing.told; what was handled is the n of its data.
class AdmissionTest : public WorkerPoolTest {
 protected:
  AdmissionTest() : WorkerPoolTest(Time::kManual) {
    types.add("thing.told",
              object("Told").field("n", optional(number())).field("key", optional(string())), "");
    start([](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); });
  }

  void put(bus::Flow flow, std::optional<cel::Expression> condition = std::nullopt,
           FunctionHandler::Function function = nullptr) {
    if (function == nullptr) {
      function = [](const Event& event, Step& step) -> Task<Outcome> {
        std::string all;
        for (const auto& one : step.events()) all += n_of(*one) + ",";
        co_return Outcome::done(Json(all.empty() ? n_of(event) : all).dump());
      };
    }
    pool->put(
        {.id = "g", .triggers = {{"thing.told", std::move(condition)}}, .flow = std::move(flow)},
        std::make_shared<LocalDriver>(
            std::make_unique<FunctionHandler>("thing.told", std::move(function)), engine->runs));
  }
  static std::string n_of(const Event& event) { return parse_json(event.data)->find("n")->dump(); }
  void tell(int n, std::string key = "a", std::string user = "ann",
            std::optional<std::int64_t> timestamp = std::nullopt) {
    events::Envelope envelope;
    envelope.user_id = std::move(user);
    envelope.timestamp = timestamp;
    auto event = types.make("thing.told", Json::object({{"n", n}, {"key", std::move(key)}}).dump(),
                            std::move(envelope));
    ASSERT_TRUE(event);
    ASSERT_TRUE(sync_wait(executor, log->append({.events = {std::move(*event)}})));
  }
  void tell_other(std::string_view type) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    ASSERT_TRUE(sync_wait(executor,
                          log->append({.events = {*types.make(type, "{}", std::move(envelope))}})));
  }
  /// All that can be looked at was, and nothing is to be done now.
  void settle() { wait_until("SELECT count(*) FROM admissions", "0"); }
  /// What runs have come to, in the order in which they were made.
  std::string outputs() {
    return text_of(
        "SELECT coalesce(group_concat(output, ' '), '') FROM (SELECT output FROM runs_data "
        "WHERE function = 'g' AND status = 'completed' ORDER BY id) AS found");
  }
  void wait_for_outputs(std::string_view expected) {
    wait_until(
        "SELECT coalesce(group_concat(output, ' '), '') FROM (SELECT output FROM runs_data "
        "WHERE function = 'g' AND status = 'completed' ORDER BY id) AS found",
        expected);
  }
  Uuid only_run() {
    return *test::run(executor, [&] {
      return database->read([](db::Tx& tx) {
        auto rows = tx.query("SELECT id FROM runs_data");
        return rows.next() ? rows.uuid(0).value_or(Uuid{}) : Uuid{};
      });
    });
  }
  const AdmissionCounts& counts() { return engine->admission.counts(); }
  bus::Key key() { return expression("event.data.key"); }
  /// Lets time pass when somebody sleeps until something is due, who looks at the clock so often.
  void pass(milliseconds span) {
    ASSERT_TRUE(world.wait_for_sleeper(milliseconds(200)));
    world.pass(span);
  }

  ManualWorld& world = manual_time;
};

class SingletonTest : public AdmissionTest {
 protected:
  void put_waiting(bus::Singleton::Mode mode) {
    put({.singleton = bus::Singleton{.key = key(), .mode = mode}}, std::nullopt,
        [](const Event& event, Step& step) -> Task<Outcome> {
          std::ignore =
              co_await step.wait_for_signal("go", {"go " + n_of(event)}, std::chrono::hours(1));
          co_return Outcome::done(Json(n_of(event)).dump());
        });
  }
  void wait_until_asleep(std::string_view count) {
    wait_until("SELECT count(*) FROM waits_data", count);
  }
  void go(int n) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    ASSERT_TRUE(sync_wait(
        executor,
        log->append({.events = {*types.make(bus::kSignalSent,
                                            bus::Signal{"go " + std::to_string(n), Json(nullptr)},
                                            std::move(envelope))}})));
  }
};

class CancelOnTest : public SingletonTest {
 protected:
  void put_cancelled(std::optional<cel::Expression> condition,
                     std::optional<milliseconds> timeout = std::nullopt) {
    types.add("thing.ended", object("Ended").field("key", optional(string())), "");
    put({.cancel_on = {{"thing.ended", std::move(condition), timeout}}}, std::nullopt,
        [](const Event& event, Step& step) -> Task<Outcome> {
          std::ignore =
              co_await step.wait_for_signal("go", {"go " + n_of(event)}, std::chrono::hours(1));
          co_return Outcome::done(Json(n_of(event)).dump());
        });
  }
  void end(std::string key, std::string user = "ann") {
    events::Envelope envelope;
    envelope.user_id = std::move(user);
    ASSERT_TRUE(sync_wait(
        executor, log->append({.events = {*types.make(
                                   "thing.ended", Json::object({{"key", std::move(key)}}).dump(),
                                   std::move(envelope))}})));
  }
  void wait_for_statuses(std::string_view expected) {
    wait_until(
        "SELECT group_concat(status) FROM (SELECT status FROM runs_data WHERE "
        "function = 'g' ORDER BY id) AS found",
        expected);
  }
};

}  // namespace synap::workers
