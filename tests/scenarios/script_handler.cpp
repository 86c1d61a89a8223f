#include "script_handler.h"

#include <sstream>

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

std::map<std::string, int> World::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

bool World::is_halted() const {
  std::lock_guard lock(mutex_);
  return is_halted_;
}

void World::forget_halt() {
  std::lock_guard lock(mutex_);
  is_halted_ = false;
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
  is_halted_ = true;
  halts_seen_.raise(halts_seen_.value() + 1);
}

ScriptHandler::ScriptHandler(World& world, std::string event_type, const std::string& script)
    : world_(world), event_type_(std::move(event_type)) {
  std::istringstream stream(script);
  for (std::string op; std::getline(stream, op, ';');) ops_.push_back(words_of(op));
}

ScriptHandler::Failing ScriptHandler::failing_of(const Words& op) {
  Failing failing;
  if (op.size() == 4 && op[2] == "broken") {
    failing.times = std::stoi(op[3]);
    failing.fault = Fault::kFull;
  }
  if (op.size() < 5) return failing;
  failing.times = std::stoi(op[3]);
  failing.code = code_of(op[4]);
  failing.is_caught = op.size() > 5 && op[5] == "caught";
  return failing;
}

Task<Result<>> ScriptHandler::run_step(Words op, workers::Step& step) {
  const auto failing = failing_of(op);
  const auto& name = op[1];
  auto done = co_await step.run<std::string>(name, [&]() -> Task<Result<std::string>> {
    const int call = world_.count(name);
    auto error = error_of(failing.code, name);
    error.fault = failing.fault;
    if (call <= failing.times) co_return fail(std::move(error));
    co_return name + " " + std::to_string(call);
  });
  if (!done && !failing.is_caught) co_return fail(done.error());
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::commit_step(Words op, const events::Event& event,
                                          workers::Step& step) {
  const auto failing = failing_of(op);
  const auto& name = op[1];
  auto done = co_await step.commit(name, [&](db::Tx& tx) {
    tx.run("INSERT INTO effects(name, event) VALUES ($1, $2)", name, event.position);
    if (world_.count(name) <= failing.times) tx.abort(error_of(failing.code, name));
  });
  if (!done && !failing.is_caught) co_return fail(done.error());
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::wait_step(Words op, workers::Step& step) {
  workers::EventWait wait{.type = op[2]};
  if (op.size() > 5) {
    wait.path = op[4];
    wait.value = parse_json(op[5]).value_or(Json());
  }
  auto came = co_await step.wait_for_event(op[1], std::move(wait),
                                           std::chrono::milliseconds(std::stoi(op[3])));
  if (!came) co_return fail(came.error());
  world_.count(op[1] + (*came ? " came" : " did not come"));
  co_return Result<>{};
}

Task<Result<>> ScriptHandler::both(std::vector<Task<Result<>>> tasks) {
  for (const auto& done : co_await when_all(std::move(tasks))) {
    if (!done) co_return fail(done.error());
  }
  co_return Result<>{};
}

Task<Outcome> ScriptHandler::handle(const events::Event& event, workers::Step& step) {
  for (const auto& op : ops_) {
    Result<> done;
    if (op[0] == "run") done = co_await run_step(op, step);
    if (op[0] == "wait") done = co_await wait_step(op, step);
    if (op[0] == "both") {
      std::vector<Task<Result<>>> tasks;
      tasks.push_back(run_step({"run", op[1]}, step));
      tasks.push_back(run_step(Words(op.begin() + 1, op.end()), step));
      done = co_await both(std::move(tasks));
    }
    if (op[0] == "nap-beside") {
      std::vector<Task<Result<>>> tasks;
      tasks.push_back([](workers::Step& of, Words words) -> Task<Result<>> {
        co_await of.sleep(words[1], std::chrono::milliseconds(std::stoi(words[2])));
        co_return Result<>{};
      }(step, op));
      tasks.push_back(run_step(Words(op.begin() + 2, op.end()), step));
      done = co_await both(std::move(tasks));
    }
    if (op[0] == "commit") done = co_await commit_step(op, event, step);
    if (op[0] == "sleep") {
      co_await step.sleep(op[1], std::chrono::milliseconds(std::stoi(op[2])));
    }
    if (op[0] == "halt" && world_.halts(op[1])) co_await Halt{world_};
    if (op[0] == "fail") co_return Outcome::failed(error_of(code_of(op[1]), "handler"));
    if (op[0] == "give-up") {
      co_return Outcome::failed_for_good(error_of(code_of(op[1]), "handler"));
    }
    if (!done) co_return Outcome::failed(done.error());
  }
  co_return Outcome::done("\"fine\"");
}

}  // namespace synap::scenarios
