#include <fmt/format.h>

#include <functional>

#include "base/check.h"
#include "bus/function_events.h"
#include "engine_work/work.h"
#include "workers/local_driver.h"
#include "workers/step.h"

namespace synap::engine_work {

using std::chrono::milliseconds;
using workers::Outcome;
using workers::Step;

namespace {

constexpr std::string_view kTables = R"(
CREATE TABLE effects(number INTEGER PRIMARY KEY, run BLOB, step TEXT, function TEXT, at INTEGER);
CREATE TABLE batched(number INTEGER PRIMARY KEY, position INTEGER);
)";
// Far beyond what a clock jumps.
constexpr auto kLong = std::chrono::hours(24 * 1'000);

std::int64_t number_in(const events::Event& event, const char* name) {
  const auto data = parse_json(event.data);
  const Json* inner = data->find("data");  // of an invocation
  const Json* value = (inner != nullptr ? *inner : *data).find(name);
  return value != nullptr ? value->as_integer() : -1;
}

Json order_json(std::int64_t number) {
  Json json{Json::Object{}};
  json.set("order", number);
  return json;
}

std::string signal_of(std::int64_t number) {
  return fmt::format("go-{}", number);
}

Error failing(const char* what) {
  return {Code::kServiceUnavailable, what, nullptr};
}

class Handler final : public workers::EventHandler {
 public:
  using Function = std::function<Task<Outcome>(const events::Event&, Step&)>;
  explicit Handler(Function function) : function_(std::move(function)) {}
  std::string_view event_type() const override { return ""; }
  Task<Outcome> handle(const events::Event& event, Step& step) override {
    return function_(event, step);
  }

 private:
  Function function_;
};

cel::Expression expression(const char* text) {
  auto parsed = cel::Expression::parse(text);
  SYNAP_CHECK(parsed.has_value(), text);
  return std::move(*parsed);
}

}  // namespace

// What the functions do.
class Work::Functions {
 public:
  explicit Functions(Work& work) : work_(work) {}

  void add();

  // A step whose function fails now and then, and may be called again where its result could not
  // be stored, but not when it was.
  // `within`: what is in front of the name where it is stored, of a branch of a race.
  Task<Result<std::string>> effect(Step& step, std::string name, std::string within = "") {
    return step.run<std::string>(name, [this, &step, name, within]() -> Task<Result<std::string>> {
      const auto stored_as = within + name;
      const auto key = step.run_id().to_string() + " " + stored_as;
      auto is_stored = co_await work_.database_.read([&](db::Tx& tx) {
        auto rows = tx.query("SELECT 1 FROM run_steps_data WHERE run = $1 AND name = $2",
                             step.run_id(), stored_as);
        return rows.next();
      });
      if (!is_stored) co_return fail(is_stored.error());
      if (*is_stored) work_.witness_.see_wrong("done again: " + key);
      work_.witness_.see_effect(key);
      if (work_.engine_.runs.random() < 0.2) co_return fail(failing("not this time"));
      co_return "done";
    });
  }
  Task<Result<std::string>> row(Step& step, std::string name, std::string function) {
    return step.commit(name, [this, &step, name, function](db::Tx& tx) {
      write(tx, step, name, function);
      return std::string("done");
    });
  }
  void write(db::Tx& tx, const Step& step, const std::string& name, const std::string& function) {
    tx.run("INSERT INTO effects(run, step, function, at) VALUES ($1, $2, $3, $4)", step.run_id(),
           name, function, work_.world_.unix_ms());
  }
  void look_whether_ended(const Step& step) {
    if (!work_.ended_.contains(step.run_id())) return;
    work_.witness_.see_wrong("called after its end: " + step.run_id().to_string());
  }
  // Fails until there is such a wait.
  Task<Result<std::string>> seen(Step& step, std::string type, std::string value) {
    return step.run<std::string>("look", [this, type, value]() -> Task<Result<std::string>> {
      auto is_there = co_await work_.database_.read([&](db::Tx& tx) {
        auto rows =
            tx.query("SELECT 1 FROM waits_data WHERE type = $1 AND value = $2", type, value);
        return rows.next();
      });
      if (!is_there) co_return fail(is_there.error());
      if (!*is_there) co_return fail(failing("nobody waits yet"));
      co_return "seen";
    });
  }

  Task<Outcome> order(const events::Event& event, Step& step);
  Task<Outcome> price(const events::Event& event, Step& step);
  Task<Outcome> pay(const events::Event& event, Step& step);
  Task<Outcome> give_signal(const events::Event& event, Step& step);
  Task<Outcome> batch(const events::Event& event, Step& step);
  Task<Outcome> whole(const events::Event& event, Step& step);
  Task<Outcome> lone_call(const events::Event& event, Step& step);

  // A call of `lone`: of each shop there is one at a time. It ends with its coroutine.
  class Calling {
   public:
    Calling(Work& work, std::int64_t shop) : work_(work), shop_(shop) {
      std::lock_guard lock(work_.mutex_);
      if (++work_.calling_[shop] > 1) work_.witness_.see_wrong("two calls at once of one key");
    }
    ~Calling() {
      std::lock_guard lock(work_.mutex_);
      --work_.calling_[shop_];
    }
    Calling(const Calling&) = delete;
    Calling& operator=(const Calling&) = delete;

   private:
    Work& work_;
    const std::int64_t shop_;
  };

 private:
  Work& work_;
};

namespace {

Task<Result<std::string>> slept(Step& step, milliseconds time) {
  co_await step.sleep("rest", time);
  co_return "slept";
}

auto sleeping(milliseconds time) {
  return [time](Step& branch) { return slept(branch, time); };
}

Task<Result<std::string>> paid(Step& step, std::int64_t number) {
  auto came = co_await step.wait_for_event(
      "paid", {.type = "order.paid", .path = "data.order", .value = Json(number)}, kLong);
  if (!came) co_return fail(came.error());
  if (!*came) co_return fail(Code::kBadRequest, "a payment was lost");
  co_return "paid";
}

Task<Result<std::string>> told(Step& step, std::int64_t number) {
  auto came = co_await step.wait_for_signal("go", {signal_of(number)}, kLong);
  if (!came) co_return fail(came.error());
  if (!*came) co_return fail(Code::kBadRequest, "a signal was lost");
  co_return "told";
}

Task<Result<std::string>> priced(Step& step, std::int64_t number) {
  auto price = co_await step.invoke<std::int64_t>("price", {"price", order_json(number)}, kLong);
  if (!price) co_return fail(price.error());
  if (*price != 2 * number) co_return fail(Code::kBadRequest, "another's price");
  co_return "priced";
}

}  // namespace

Task<Outcome> Work::Functions::order(const events::Event& event, Step& step) {
  look_whether_ended(step);
  const auto number = number_in(event, "order");
  if (auto done = co_await effect(step, "reserve"); !done) co_return Outcome::failed(done.error());
  if (auto done = co_await row(step, "book", "order"); !done) {
    co_return Outcome::failed(done.error());
  }
  auto sent = co_await step.send_event("announce", "order.announced", order_json(number));
  if (!sent) co_return Outcome::failed(sent.error());
  std::vector<Task<Result<std::string>>> all;
  all.push_back(effect(step, "pack"));
  all.push_back(slept(step, milliseconds(5 + number % 200)));
  all.push_back(paid(step, number));
  all.push_back(told(step, number));
  all.push_back(priced(step, number));
  all.push_back(row(step, "label", "order"));
  for (const auto& done : co_await when_all(std::move(all))) {
    if (!done) co_return Outcome::failed(done.error());
  }
  // Twice of one name: two that end at nearly the same time, one of them a race itself; one that
  // fails now and then; and a signal that nobody sends. What was first leaves its row, and no other
  // ever does.
  for (const std::string within : {"race \u203a 2 \u203a ", "race \u203a1 \u203a 2 \u203a "}) {
    auto first = co_await step.race(
        "race", sleeping(milliseconds(number % 20)),
        [number](Step& branch) {
          return branch.race("inner", sleeping(milliseconds(number % 21)), sleeping(kLong));
        },
        [&](Step& branch) { return effect(branch, "rest", within); },
        [number](Step& branch) {
          return branch.wait_for_signal("rest", {"never " + std::to_string(number)}, kLong);
        });
    if (!first) co_return Outcome::failed(first.error());
    auto done = co_await row(step, fmt::format("{}{}", within, first->index()), "first");
    if (!done) co_return Outcome::failed(done.error());
  }
  co_return co_await step.finish("ship", [&](db::Tx& tx) { write(tx, step, "ship", "order"); });
}

Task<Outcome> Work::Functions::price(const events::Event& event, Step& step) {
  look_whether_ended(step);
  const auto number = number_in(event, "order");
  if (auto done = co_await effect(step, "add"); !done) co_return Outcome::failed(done.error());
  co_await step.sleep("think", milliseconds(number % 50));
  if (auto done = co_await row(step, "note", "price"); !done) {
    co_return Outcome::failed(done.error());
  }
  co_return Outcome::done(std::to_string(2 * number));
}

Task<Outcome> Work::Functions::pay(const events::Event& event, Step& step) {
  const auto number = number_in(event, "order");
  auto is_seen = co_await seen(step, "order.paid", std::to_string(number));
  if (!is_seen) co_return Outcome::failed(is_seen.error());
  auto sent = co_await step.send_event("pay", "order.paid", order_json(number));
  co_return sent ? Outcome::done() : Outcome::failed(sent.error());
}

Task<Outcome> Work::Functions::give_signal(const events::Event& event, Step& step) {
  const auto signal = signal_of(number_in(event, "order"));
  auto is_seen = co_await seen(step, "signal.sent", Json(signal).dump());
  if (!is_seen) co_return Outcome::failed(is_seen.error());
  Json data{Json::Object{}};
  data.set("signal", signal);
  data.set("data", Json(true));
  auto sent = co_await step.send_event("send", "signal.sent", std::move(data));
  co_return sent ? Outcome::done() : Outcome::failed(sent.error());
}

Task<Outcome> Work::Functions::batch(const events::Event&, Step& step) {
  std::vector<std::int64_t> positions;
  for (const auto& event : step.events()) positions.push_back(event->position);
  auto done = co_await step.commit("batch", [&](db::Tx& tx) {
    for (const auto position : positions) {
      tx.run("INSERT INTO batched(position) VALUES ($1)", position);
    }
  });
  co_return done ? Outcome::done() : Outcome::failed(done.error());
}

// From its first row to its last no other of its shop.
Task<Outcome> Work::Functions::whole(const events::Event&, Step& step) {
  look_whether_ended(step);
  if (auto done = co_await row(step, "begin", "whole"); !done) {
    co_return Outcome::failed(done.error());
  }
  co_await step.sleep("nap", milliseconds(20));
  co_return co_await step.finish("end", [&](db::Tx& tx) { write(tx, step, "end", "whole"); });
}

// Its calls are one at a time.
Task<Outcome> Work::Functions::lone_call(const events::Event& event, Step& step) {
  look_whether_ended(step);
  const Calling calling(work_, number_in(event, "shop"));
  auto done = co_await row(step, "row", "lone");
  if (!done) co_return Outcome::failed(done.error());
  co_await step.sleep("nap", milliseconds(1));
  co_return Outcome::done();
}

void Work::Functions::add() {
  auto* const does = this;
  auto& pool = *work_.engine_.pool;
  const auto add = [&](bus::Function function, Handler::Function handler) {
    function.retry = {.retries_max = 10'000, .delay_ms = 10, .delay_ms_max = 100};
    std::shared_ptr<workers::Driver> driver = std::make_shared<workers::LocalDriver>(
        std::make_unique<Handler>(std::move(handler)), work_.engine_.runs);
    if (work_.wrap_) driver = work_.wrap_(std::move(driver));
    pool.put(std::move(function), std::move(driver));
  };
  // One row, which it has once, after `sleep_ms`.
  const auto add_row = [&](bus::Function function, milliseconds sleep = milliseconds(0)) {
    add(function,
        [does, id = function.id, sleep](const events::Event&, Step& step) -> Task<Outcome> {
          does->look_whether_ended(step);
          if (sleep.count() > 0) co_await step.sleep("nap", sleep);
          auto done = co_await does->row(step, "row", id);
          co_return done ? Outcome::done() : Outcome::failed(done.error());
        });
  };
  using E = const events::Event&;
  add({.id = "order", .triggers = {{"order.placed"}}, .appends = {"order.announced"}},
      [does](E event, Step& step) { return does->order(event, step); });
  add({.id = "price"}, [does](E event, Step& step) { return does->price(event, step); });
  add({.id = "pay", .triggers = {{"order.announced"}}, .appends = {"order.paid"}},
      [does](E event, Step& step) { return does->pay(event, step); });
  add({.id = "signal", .triggers = {{"order.announced"}}, .appends = {"signal.sent"}},
      [does](E event, Step& step) { return does->give_signal(event, step); });
  add({.id = "batch",
       .triggers = {{"order.paid"}},
       .flow = {.batch = bus::Batch{.size_max = 7, .timeout = milliseconds(1'000)}}},
      [does](E event, Step& step) { return does->batch(event, step); });
  const auto shop = [] { return expression("event.data.shop"); };
  add_row({.id = "line", .triggers = {{"order.placed"}}, .in_aggregate_order = true});
  add_row({.id = "once",
           .triggers = {{"order.placed"}},
           .flow = {.idempotency = expression("event.data.group")}});
  add_row({.id = "quiet",
           .triggers = {{"order.placed"}},
           .flow = {.debounce = bus::Debounce{.period = milliseconds(1'000), .key = shop()}}});
  add_row({.id = "alone",
           .triggers = {{"order.placed"}},
           .flow = {.singleton = bus::Singleton{.key = shop()}}},
          milliseconds(50));
  add_row({.id = "slow",
           .triggers = {{"order.paid"}},
           .flow = {.throttle = bus::Throttle{.limit = 100}}});
  add_row({.id = "limited",
           .triggers = {{"order.placed"}},
           .flow = {.rate_limit = bus::RateLimit{.limit = 5, .key = shop()}}});
  add({.id = "whole",
       .triggers = {{"order.placed"}},
       .flow = {.run_concurrency = bus::RunConcurrency{.key = shop()},
                .priority = expression("event.data.order % 7")}},
      [does](E event, Step& step) { return does->whole(event, step); });
  add({.id = "lone",
       .triggers = {{"order.placed"}},
       .flow = {.concurrency = {{.key = shop()}}, .priority = expression("event.data.order % 7")}},
      [does](E event, Step& step) { return does->lone_call(event, step); });
  // Ended by what its order announces or, where that came before it was looked at, by its time.
  add_row(
      {.id = "recalled",
       .triggers = {{"order.placed"}},
       .flow = {.timeouts = {.finish = milliseconds(3'000)},
                .cancel_on = {{.event = "order.announced",
                               .condition = expression("event.data.order == async.data.order")}}}},
      kLong);
  add_row({.id = "late",
           .triggers = {{"order.placed"}},
           .flow = {.run_concurrency = bus::RunConcurrency{.key = shop()},
                    .timeouts = {.start = milliseconds(1'500)}}},
          milliseconds(100));
  add_row({.id = "heard", .triggers = {{"function.failed"}}});
  add_row({.id = "tick",
           .user_id = "ann",
           .schedules = {{"@every 1s", *cron::Schedule::parse("@every 1s")}}});
  add_row({.id = "stuck", .triggers = {{"order.placed", expression("event.data.order%10==1")}}},
          kLong);
  add({.id = "doomed", .triggers = {{"order.placed", expression("event.data.order%10==2")}}},
      [](E, Step&) -> Task<Outcome> {
        co_return Outcome::failed_for_good({Code::kBadRequest, "as it must", nullptr});
      });
}

Work::Work(db::Database& database, events::EventLog& log, events::EventTypes& types,
           workers::Engine& engine, Witness& witness, World& world, Wrap wrap)
    : database_(database),
      log_(log),
      types_(types),
      engine_(engine),
      witness_(witness),
      world_(world),
      wrap_(std::move(wrap)),
      functions_(std::make_unique<Functions>(*this)) {}

Work::~Work() = default;

std::vector<db::Database::Migration> Work::migrations() {
  return {{"work.1", kTables}};
}

void Work::add_types(events::EventTypes& types) {
  for (const char* name : {"order.placed", "order.announced", "order.paid"}) {
    types.add(name,
              object("Order")
                  .field("order", integer())
                  .field("shop", optional(integer()))
                  .field("group", optional(integer())),
              "");
  }
}

Task<Result<>> Work::prepare() {
  auto read = co_await database_.read_at_start([&](db::Tx& tx) {
    auto ended =
        tx.query("SELECT id FROM runs_data WHERE status IN ('completed', 'failed', 'cancelled')");
    while (ended.next()) ended_.insert(*ended.uuid(0));
  });
  if (read) functions_->add();
  co_return read;
}

Task<Result<>> Work::place(std::int64_t number) {
  auto data = order_json(number);
  const auto shop = number % kShops;
  data.set("shop", shop);
  data.set("group", number / kOrdersOfGroup);
  events::Envelope envelope;
  envelope.user_id = "ann";
  envelope.aggregate_id = Uuid::parse(fmt::format("00000000-0000-7000-8000-00000000000{}", shop));
  auto event = types_.make("order.placed", data.dump(), std::move(envelope));
  SYNAP_CHECK(event.has_value());
  events::Append append;
  append.events.push_back(std::move(*event));
  auto appended = co_await log_.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  co_return Result<>{};
}

Task<Result<>> Work::attend() {
  auto stuck = co_await database_.read([&](db::Tx& tx) {
    std::vector<Uuid> all;
    auto rows =
        tx.query("SELECT run FROM parked_jobs WHERE function = 'stuck' AND due_at > 0 LIMIT 20");
    while (rows.next()) all.push_back(*rows.uuid(0));
    return all;
  });
  if (!stuck) co_return fail(stuck.error());
  for (const auto& run : *stuck) {
    std::ignore = co_await engine_.pool->cancel("ann", run, std::nullopt);
  }
  auto suspect = co_await database_.read([&](db::Tx& tx) {
    std::vector<Uuid> all;
    auto rows = tx.query(
        "SELECT id FROM runs_data WHERE user_id = 'ann' AND status = 'failed' AND "
        "error LIKE '%It was done alone%' LIMIT 20");
    while (rows.next()) all.push_back(*rows.uuid(0));
    return all;
  });
  if (!suspect) co_return fail(suspect.error());
  for (const auto& run : *suspect) {
    if (co_await engine_.control.retry({.user_id = "ann"}, run)) ended_.erase(run);
  }
  co_return Result<>{};
}

Task<Result<bool>> Work::is_idle() {
  auto left = co_await count(
      "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM parked_jobs) + (SELECT "
      "count(*) FROM admissions) + (SELECT count(*) FROM flow_debounces) + (SELECT count(*) "
      "FROM flow_batches)");
  if (!left) co_return fail(left.error());
  co_return *left == 0;
}

Task<std::string> Work::what_is_left() {
  auto left = co_await database_.read_at_start([](db::Tx& tx) {
    std::string all;
    for (const auto* sql :
         {"SELECT 'job of ' || function || ' at ' || position || ', state ' || state || ', attempt "
          "' || "
          "attempt || ', starts ' || starts || ', fence ' || fence FROM jobs",
          "SELECT 'parked ' || function || ' at ' || position || ', due ' || coalesce(due_at, '-') "
          "FROM parked_jobs",
          "SELECT 'pending ' || op || ' ' || name FROM pending_steps_data",
          "SELECT 'place ' || function || ' of ' || key || ', ' || has_place FROM run_places",
          "SELECT 'admission ' || function || ' at ' || position FROM admissions",
          "SELECT 'quiet ' || function || ', due ' || due_at FROM flow_debounces",
          "SELECT 'batch ' || function || ', due ' || due_at FROM flow_batches"}) {
      auto rows = tx.query(std::string(sql) + " LIMIT 10");
      while (rows.next()) all += rows.text(0) + "; ";
    }
    return all;
  });
  co_return fmt::format("at {}, {} queued, {} under way: {}", engine_.jobs.clock().now(),
                        engine_.queue.waiting_count(), engine_.queue.running_count(),
                        left ? *left : left.error().message);
}

Task<Result<std::int64_t>> Work::count(std::string sql) {
  co_return co_await database_.read_at_start([&](db::Tx& tx) {
    auto rows = tx.query(sql);
    return rows.next() ? rows.integer(0) : -1;
  });
}

}  // namespace synap::engine_work
