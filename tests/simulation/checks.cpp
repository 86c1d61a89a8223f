// What must be true of a pod at rest, whatever has happened to its machine.
#include <fmt/format.h>

#include "simulation/callers.h"

namespace synap::simulation {
namespace {

// A follower that has not caught up in so many looks stands still.
constexpr int kLooksMax = 2'000;

// How often something has happened, by aggregate or by user: what the rows of the simulation's own
// projections must say.
template <class Key>
using Counts = std::map<Key, std::int64_t>;

}  // namespace

Task<std::vector<events::EventRef>> Callers::whole_log() {
  std::vector<events::EventRef> all;
  std::int64_t after = 0;
  for (bool is_at_end = false; !is_at_end;) {
    auto page =
        co_await pod_->log->read(events::Tenancy::whole_pod(), {.after = after, .limit = 500});
    if (!page) {
      if (is_alive()) ledger_.violate("the log cannot be read: " + page.error().message);
      break;
    }
    all.insert(all.end(), page->events.begin(), page->events.end());
    after = page->next_after;
    is_at_end = page->is_at_end;
  }
  co_return all;
}

Task<void> Callers::check() {
  const auto all = co_await whole_log();
  if (!is_alive()) co_return;
  ledger_.check_log(all);
  for (const auto& event : all) trace_.add(event->id.raw());
  co_await check_chain();
  Counts<Uuid> happenings;
  for (const auto& event : all) {
    if (event->type == kThing.name) ++happenings[*event->aggregate_id];
    const auto at = event->data.find("\"name\":\"");
    if (at == std::string::npos || !event->type.starts_with("note.")) continue;
    const auto begin = at + 8;
    const auto path = event->data.substr(begin, event->data.find('"', begin) - begin);
    ledger_.require(ledger_.files[path].state == KnownFile::State::kThere,
                    "an event names a file that nobody has stored: " + path);
  }
  const auto rows = co_await pod_->database->read([](db::Tx& tx) {
    Counts<Uuid> counts;
    auto found = tx.query("SELECT id, happenings FROM things_data");
    while (found.next()) counts[found.uuid(0).value_or(Uuid{})] = found.integer(1);
    return counts;
  });
  if (!is_alive()) co_return;
  ledger_.require(rows && *rows == happenings, "the things' rows are not what the log says");
  std::vector<std::string> paths;
  for (auto& [path, file] : ledger_.files) {
    file.is_busy = false;  // whoever was at it is gone
    paths.push_back(path);
  }
  for (const auto& path : paths) co_await check_file(path);
}

Task<void> Callers::check_projections() {
  for (int look = 0;; ++look) {
    const auto list = co_await pod_->projections->list();
    if (!is_alive()) co_return;
    if (!ledger_.require(list && look < kLooksMax, "a follower stands still")) co_return;
    bool is_behind = false;
    for (const auto& status : *list) {
      // A rebuild that the storage failed waits for somebody to begin it again.
      const bool is_of_storage =
          status.error.starts_with("The disk") || status.error.starts_with("The database");
      if (!ledger_.require(status.error.empty() || is_of_storage,
                           status.name + ": " + status.error)) {
        co_return;
      }
      if (is_of_storage) std::ignore = co_await pod_->projections->rebuild(status.name);
      is_behind = is_behind || status.lag() > 0 || !status.is_current;
    }
    if (!is_behind) break;
    co_await machine_.world.sleep_for(std::chrono::milliseconds(5));
  }
  for (const auto& name : pod_->projection_names()) {
    const auto found = co_await pod_->projections->verify(name);
    if (!is_alive()) co_return;
    if (!found && found.error().code == Code::kConflict) continue;  // it is being rebuilt
    if (!ledger_.require(found.has_value(), found ? "" : found.error().message)) co_return;
    ledger_.require(found->is_equal(),
                    fmt::format("{} is not what the log says: {}", name, found->first_difference));
  }
  const auto all = co_await whole_log();
  Counts<std::string> sums;
  Counts<std::string> tasks;
  for (const auto& event : all) {
    if (event->type == kThing.name) ++sums[event->user_id];
    if (event->type == "task.creation.completed") ++tasks[event->user_id];
    if (event->type == "task.deletion.completed") --tasks[event->user_id];
  }
  const auto rows = co_await pod_->database->read([](db::Tx& tx) {
    std::pair<Counts<std::string>, Counts<std::string>> counts;
    auto of_sums = tx.query("SELECT user_id, happenings FROM sums_data");
    while (of_sums.next()) counts.first[of_sums.text(0)] = of_sums.integer(1);
    auto of_tasks = tx.query("SELECT user_id, count FROM task_totals_data");
    while (of_tasks.next()) counts.second[of_tasks.text(0)] = of_tasks.integer(1);
    return counts;
  });
  if (!is_alive()) co_return;
  ledger_.require(rows && rows->first == sums, "the sums are not what the log says");
  ledger_.require(rows && rows->second == tasks, "the tasks' totals are not what the log says");
}

}  // namespace synap::simulation
