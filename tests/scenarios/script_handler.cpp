#include "script_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "base/check.h"
#include "db/database.h"

namespace synap::scenarios {
namespace {

using workers::Outcome;

// Suspends and is never resumed: the process ends here.
struct Halt {
  World& world;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) { world.keep(self); }
  void await_resume() const noexcept {}
};

Error error_of(Code code, const std::string& name) {
  return {code, name + " does not work", nullptr};
}

std::chrono::milliseconds milliseconds_of(const std::string& word) {
  return std::chrono::milliseconds(std::stoll(word));
}

bool has(const std::vector<std::string>& op, const char* word) {
  return std::ranges::find(op, word) != op.end();
}

Code code_of(const std::string& name) {
  const Code* code = code_by_name(name);
  SYNAP_CHECK(code != nullptr, name);
  return *code;
}

}  // namespace

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

int World::count(const std::string& effect) {
  std::lock_guard lock(mutex_);
  return ++counts_[effect];
}

void World::note(const std::string& answer) {
  std::lock_guard lock(mutex_);
  counts_[answer] = 1;
}

std::map<std::string, int> World::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

bool World::is_halted(int count) const {
  std::lock_guard lock(mutex_);
  return halted_ >= count;
}

void World::forget_halt() {
  std::lock_guard lock(mutex_);
  halted_ = 0;
}

bool World::halts(const std::string& name) {
  std::lock_guard lock(mutex_);
  return !std::exchange(has_halted_[name], true);
}

void World::keep(std::coroutine_handle<> halted) {
  // Never freed, as nothing is when a process is killed; kept where a leak checker finds it.
  static auto* all = new std::vector<std::coroutine_handle<>>;
  std::lock_guard lock(mutex_);
  all->push_back(halted);
  note_halt_locked();
}

void World::note_halt_locked() {
  ++halted_;
  halts_seen_.raise(halts_seen_.value() + 1);
}

Watermark& World::watermark_for_good() {
  static std::mutex mutex;
  static auto* all = new std::vector<std::unique_ptr<Watermark>>;  // for a leak checker, as above
  std::lock_guard lock(mutex);
  return *all->emplace_back(std::make_unique<Watermark>());
}

Task<void> World::hold() {
  if (released_.value() > 0) co_return;
  {
    std::lock_guard lock(mutex_);
    note_halt_locked();
  }
  co_await released_.wait_past(0);
  std::lock_guard lock(mutex_);
  --halted_;
}

ScriptHandler::ScriptHandler(World& world, std::string event_type, const std::string& script)
    : world_(world), event_type_(std::move(event_type)) {
  std::istringstream stream(script);
  for (std::string op; std::getline(stream, op, ';');) ops_.push_back(words_of(op));
}

ScriptHandler::Failing ScriptHandler::failing_of(const Words& op) {
  Failing failing;
  if (op.size() == 3 && op[2] == "halts") failing.halts = true;
  if (op.size() == 4 && op[2] == "broken") {
    failing.times = std::stoi(op[3]);
    failing.fault = Fault::kFull;
  }
  if (op.size() < 5) return failing;
  failing.times = std::stoi(op[3]);
  failing.code = code_of(op[4]);
  return failing;
}

Task<Result<>> ScriptHandler::run_step(const Words& op, workers::Step& step) {
  const auto failing = failing_of(op);
  const auto& name = op[1];
  auto done = co_await step.run<std::string>(name, [&]() -> Task<Result<std::string>> {
    const int call = world_.count(name);
    if (failing.halts && world_.halts(name)) co_await Halt{world_};
    auto error = error_of(failing.code, name);
    error.fault = failing.fault;
    if (call <= failing.times) co_return fail(std::move(error));
    co_return name + " " + std::to_string(call);
  });
  if (!done) co_return fail(done.error());
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::events_step(const Words& op, const events::Event& event,
                                          workers::Step& step) {
  auto done = co_await step.run<std::string>(op[1], [&]() -> Task<Result<std::string>> {
    auto text = fmt::format("event {} of", event.position);
    for (const auto& one : step.events()) text += fmt::format(" {}", one->position);
    co_return text;
  });
  if (!done) co_return fail(done.error());
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::commit_step(const Words& op, const events::Event& event,
                                          workers::Step& step) {
  const auto failing = failing_of(op);
  const auto& name = op[1];
  auto done = co_await step.commit(name, [&](db::Tx& tx) {
    tx.run("INSERT INTO effects(name, event) VALUES ($1, $2)", name, event.position);
    if (world_.count(name) <= failing.times) tx.abort(error_of(failing.code, name));
  });
  if (!done) co_return fail(done.error());
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::wait_step(const Words& op, workers::Step& step) {
  workers::EventWait wait{.type = op[2]};
  if (op.size() > 5) {
    wait.path = op[4];
    wait.value = parse_json(op[5]).value_or(Json());
  }
  auto came = co_await step.wait_for_event(op[1], std::move(wait), milliseconds_of(op[3]));
  if (!came) co_return fail(came.error());
  world_.note(op[1] + (*came ? " came" : " did not come"));
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::signal_step(const Words& op, workers::Step& step) {
  auto came =
      co_await step.wait_for_signal(op[1], {op[2], has(op, "replaces")}, milliseconds_of(op[3]));
  if (!came) co_return fail(came.error());
  world_.note(op[1] + (*came ? " came" : " did not come"));
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::invoke_step(const Words& op, workers::Step& step) {
  auto given =
      co_await step.invoke<Json>(op[1], {op[2], Json(Json::Object{})}, milliseconds_of(op[3]));
  if (!given) co_return fail(given.error());
  world_.note(op[1] + " gave " + given->dump());
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::send_step(const Words& op, workers::Step& step) {
  auto data = op.size() > 3 ? parse_json(op[3]).value_or(Json()) : Json(Json::Object{});
  auto sent = co_await step.send_event(op[1], op[2], std::move(data));
  if (!sent) co_return fail(sent.error());
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::all(const Words& op, const events::Event& event,
                                  workers::Step& step) {
  std::vector<Task<Result<>>> tasks;
  for (auto at = op.begin(); at != op.end();) {
    const auto end = std::find(at + 1, op.end(), "&");
    tasks.push_back(do_op(Words(at + 1, end), event, step));
    at = end;
  }
  for (const auto& done : co_await when_all(std::move(tasks))) {
    if (!done) co_return fail(done.error());
  }
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::do_op(Words op, const events::Event& event, workers::Step& step) {
  Result<> done;
  if (op[0] == "run") done = co_await run_step(op, step);
  if (op[0] == "events") done = co_await events_step(op, event, step);
  if (op[0] == "commit") done = co_await commit_step(op, event, step);
  if (op[0] == "sleep") co_await step.sleep(op[1], milliseconds_of(op[2]));
  if (op[0] == "wait") done = co_await wait_step(op, step);
  if (op[0] == "wait-signal") done = co_await signal_step(op, step);
  if (op[0] == "invoke") done = co_await invoke_step(op, step);
  if (op[0] == "send") done = co_await send_step(op, step);
  if (op[0] == "all") done = co_await all(op, event, step);
  if (op[0] == "hold") co_await world_.hold();
  if (op[0] == "halt" && world_.halts(op[1])) co_await Halt{world_};
  if (!done && has(op, "caught")) {
    world_.note(fmt::format("{} failed: {}", op[1], info(done.error().code).name));
    co_return Result<>{};
  }
  co_return done;
}

Task<Outcome> ScriptHandler::handle(const events::Event& event, workers::Step& step) {
  for (const auto& op : ops_) {
    if (op[0] == "fail") co_return Outcome::failed(error_of(code_of(op[1]), "handler"));
    if (op[0] == "give-up") {
      co_return Outcome::failed_for_good(error_of(code_of(op[1]), "handler"));
    }
    if (op[0] == "throw") throw std::runtime_error("the handler is broken");
    if (op[0] == "finish") {
      co_return co_await step.finish(op[1], [&](db::Tx& tx) {
        tx.run("INSERT INTO effects(name, event) VALUES ($1, $2)", op[1], event.position);
      });
    }
    if (auto done = co_await do_op(op, event, step); !done) {
      co_return Outcome::failed(done.error());
    }
  }
  co_return Outcome::done("\"fine\"");
}

}  // namespace synap::scenarios
