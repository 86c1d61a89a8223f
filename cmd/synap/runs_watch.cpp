// runs watch: a run, or all of them, as they go on. Runs are no events: so the pod is asked again
// and again, as the page does it, for the newest and for those that had not ended.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "synap/commands.h"
#include "synap/output.h"
#include "synap/patience.h"
#include "synap/pod_client.h"
#include "synap/run_text.h"
#include "synap/short_ids.h"
#include "synap/table.h"
#include "synap/terminal.h"
#include "synap/times.h"

namespace synap::cli {
namespace {

constexpr std::chrono::milliseconds kPause(500);
constexpr std::int64_t kPageMax = 200;  // of runs.list
constexpr int kPagesMax = 5;            // of runs that are new since the last look
// Runs that had not ended and are asked for again; of those beyond, the oldest are left.
constexpr std::size_t kFollowedMax = 100;

struct WatchOptions {
  ClientOptions client;
  std::string function;
  std::string event_type;
  std::string id;
};

bool has_ended(const Json& run) {
  const auto status = run.string_or("status", "");
  return status != "active" && status != "sleeping";
}

void show_line(const WatchOptions& options, const Json& run) {
  if (options.client.is_json) {
    print_json(run);
  } else if (is_terminal()) {
    const auto status = run.string_or("status", "");
    print_line(
        coloured(truncated(run_line(run), terminal_width()), colour_of(status), has_colour()));
  } else {
    print_line(run_line(run));
  }
}

// Which runs were told, and as what.
class Watched {
 public:
  explicit Watched(const WatchOptions& options) : options_(options) {}

  /// Tells it if it is new or has changed.
  void see(const Json& run, bool is_told) {
    const std::string id(run.string_or("id", ""));
    auto state = fmt::format("{} {}", run.string_or("status", ""), number_of(run, "attempts"));
    auto& before = states_[id];
    if (before == state) return;
    before = std::move(state);
    if (is_told || !has_ended(run)) show_line(options_, run);
    if (has_ended(run)) {
      open_.erase(id);
    } else {
      open_.insert(id);
    }
  }
  bool knows(std::string_view id) const { return states_.contains(id); }
  /// Those that had not ended, the newest, but those that were just looked at.
  std::vector<std::string> open_but(const std::set<std::string>& seen) const {
    std::vector<std::string> ids;
    for (auto at = open_.rbegin(); at != open_.rend() && ids.size() < kFollowedMax; ++at) {
      if (!seen.contains(*at)) ids.push_back(*at);
    }
    return ids;
  }
  /// Of those that have ended nobody has to know for ever; ids grow with time.
  void forget_before(const std::string& oldest) {
    std::erase_if(
        states_, [&](const auto& one) { return one.first < oldest && !open_.contains(one.first); });
  }

 private:
  const WatchOptions& options_;
  std::map<std::string, std::string, std::less<>> states_;
  std::set<std::string> open_;
};

Result<> look(PodClient& pod, const WatchOptions& options, Watched& watched, bool is_first) {
  Json input = Json::object({{"limit", kPageMax}});
  if (!options.function.empty()) input.set("function", options.function);
  if (!options.event_type.empty()) input.set("eventType", options.event_type);
  Json::Array found;
  std::set<std::string> seen;
  for (int pages = 0; pages < kPagesMax; ++pages) {
    auto page = pod.query("runs.list", input);
    if (!page) return fail(page.error());
    const Json* runs = page->find("runs");
    if (runs == nullptr || !runs->is_array()) break;
    bool is_known = runs->as_array().empty();
    for (const auto& run : runs->as_array()) {
      is_known = is_known || watched.knows(run.string_or("id", ""));
      seen.emplace(run.string_or("id", ""));
      found.push_back(run);
    }
    const auto cursor = page->string_or("nextCursor", "");
    if (is_first || is_known || cursor.empty()) break;
    if (pages + 1 == kPagesMax) tell("there are more new runs than are told here: synap runs list");
    input.set("cursor", cursor);
  }
  if (const auto ids = watched.open_but(seen); !ids.empty()) {
    std::vector<Json> inputs;
    for (const auto& id : ids) inputs.push_back(Json::object({{"id", id}}));
    auto runs = pod.query_batch("runs.get", inputs);
    if (!runs) return fail(runs.error());
    for (auto& run : *runs) {
      if (run) watched.see(*run, true);
    }
  }
  // The oldest first, as they came.
  std::ranges::reverse(found);
  for (const auto& run : found) watched.see(run, !is_first);
  if (!found.empty()) watched.forget_before(std::string(found.front().string_or("id", "")));
  return {};
}

int watch_all(PodClient& pod, const WatchOptions& options) {
  Watched watched(options);
  Patience patience;
  for (bool is_first = true;;) {
    auto looked = look(pod, options, watched, is_first);
    if (!looked) {
      if (is_first || !is_passing(looked.error())) {
        return report(looked.error(), options.client.is_json);
      }
      patience.wait();
      continue;
    }
    is_first = false;
    patience.reset();
    std::this_thread::sleep_for(kPause);
  }
}

// What of a run was told: so much of each list, which only grow, and what it waited for.
class WatchedRun {
 public:
  void see(const Json& run) {
    const auto before = std::exchange(status_, std::string(run.string_or("status", "")));
    if (before.empty()) print_line(run_line(run));
    attempts_ = tell_new(run, "failedAttempts", attempts_, [](const Json& attempt) {
      const Json* error = attempt.find("error");
      return fmt::format("failed  {}  {}", attempt.string_or("name", "(the function)"),
                         error != nullptr ? error_text(*error) : "");
    });
    steps_ = tell_new(run, "steps", steps_, [](const Json& step) {
      return fmt::format("{:<6}  {}  {}", word_of(step.string_or("op", "")),
                         step.string_or("name", ""), result_text(step));
    });
    tell_pending(run);
    if (!before.empty() && before != status_) tell_end(run);
  }

 private:
  static void tell_one(std::string_view time, const std::string& text) {
    auto line = printable(fmt::format("  {}  {}", time_text(time), text));
    while (line.ends_with(' ')) line.pop_back();
    print_line(is_terminal() ? truncated(line, terminal_width()) : line);
  }
  template <class Text>
  static std::size_t tell_new(const Json& run, std::string_view list, std::size_t told, Text text) {
    const Json* all = run.find(list);
    if (all == nullptr || !all->is_array()) return told;
    for (std::size_t i = told; i < all->as_array().size(); ++i) {
      const auto& one = all->as_array()[i];
      tell_one(one.string_or("endedAt", one.string_or("storedAt", "")), text(one));
    }
    return all->as_array().size();
  }
  void tell_pending(const Json& run) {
    std::set<std::string> now;
    const Json* all = run.find("pendingSteps");
    if (all == nullptr || !all->is_array()) return;
    for (const auto& step : all->as_array()) {
      const auto due = step.string_or("dueAt", "");
      auto text = fmt::format("{}  {}{}", step.string_or("name", ""),
                              pending_word_of(step.string_or("op", "")),
                              due.empty() ? "" : fmt::format(" until {}", time_text(due)));
      if (!pending_.contains(text)) tell_one(step.string_or("startedAt", ""), text);
      now.insert(std::move(text));
    }
    pending_ = std::move(now);
  }
  static void tell_end(const Json& run) {
    auto text = std::string(run.string_or("status", ""));
    if (const Json* error = run.find("error"); error != nullptr && error->is_object()) {
      text += "  " + error_text(*error);
    }
    tell_one(run.string_or("endedAt", ""), text);
  }

  std::string status_;
  std::size_t attempts_ = 0;
  std::size_t steps_ = 0;
  std::set<std::string> pending_;
};

int watch_one(PodClient& pod, const WatchOptions& options) {
  const bool is_json = options.client.is_json;
  const auto id = whole_id(pod, "runs.list", options.id);
  if (!id) return report(id.error(), is_json);
  WatchedRun watched;
  Patience patience;
  std::string told;
  for (bool is_first = true;; is_first = false) {
    auto run = pod.query("runs.get", Json::object({{"id", *id}}));
    if (!run) {
      if (is_first || !is_passing(run.error())) return report(run.error(), is_json);
      patience.wait();
      continue;
    }
    patience.reset();
    if (!is_json) {
      watched.see(*run);
    } else if (auto text = run->dump(); text != told) {
      print_line(text);
      told = std::move(text);
    }
    if (has_ended(*run)) {
      return run->string_or("status", "") == "completed" ? kExitOk : kExitFailure;
    }
    std::this_thread::sleep_for(kPause);
  }
}

int watch(const WatchOptions& options) {
  if (!options.id.empty() && (!options.function.empty() || !options.event_type.empty())) {
    return report_usage("--function and --event-type are for the list, without an ID",
                        options.client.is_json);
  }
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), options.client.is_json);
  return options.id.empty() ? watch_all(*pod, options) : watch_one(*pod, options);
}

}  // namespace

Command runs_watch_command() {
  auto options = std::make_shared<WatchOptions>();
  Command command{
      .words = "runs watch",
      .docs =
          "Follow runs as they go on, until stopped: a line for each that begins, is tried "
          "again, sleeps or ends. Of one run, with its ID, each step, until it has ended: the "
          "exit code is then 0 if it has completed, else 1.",
      .example = "synap runs watch --function notes.create",
      .options = {{"ID", "Of one run.", &options->id},
                  {"--function", "Only runs of this function.", &options->function},
                  {"--event-type",
                   "Only runs for events of this type; note.* is all that begin so.",
                   &options->event_type}},
      .run = [options] { return watch(*options); }};
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace synap::cli
