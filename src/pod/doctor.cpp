#include "pod/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <filesystem>

#include "analysis/language.h"
#include "base/clock.h"

namespace synap::pod {
namespace {

using Status = Check::Status;

constexpr std::int64_t kMiB = 1024 * 1024;
constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;
// Beside what /ready asks for: days of notes rather than minutes.
constexpr std::int64_t kSpaceLow = 1024 * kMiB;
// A follower that folds 20,000 events a second has caught up with these before anybody looks twice.
constexpr std::int64_t kLagMax = 10'000;
constexpr int kDeadLettersMax = 1'000;  // that are counted
// Clocks of two machines differ by less.
constexpr std::int64_t kClockBehindMaxMs = 5'000;
constexpr std::int64_t kExpiresSoonMs = 7 * kDayMs;

Check failed(std::string name, const Error& error) {
  return {std::move(name), Status::kFail, fmt::format("It cannot be looked at: {}", error.message)};
}

// The mode of a file, or nothing where it is not there.
std::optional<unsigned> mode_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status.st_mode & 07777U;
}

std::string capitalised(std::string_view name) {
  std::string text(name);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] -= 'a' - 'A';
  return text;
}

}  // namespace

std::string_view check_status_name(Check::Status status) {
  return status == Status::kOk ? "ok" : status == Status::kWarn ? "warn" : "fail";
}

Task<Check> Doctor::ready() {
  const auto ready = co_await patient_.readiness.check();
  if (ready) co_return Check{"ready", Status::kOk, "A row can be written and synced."};
  co_return Check{"ready", Status::kFail, ready.error().message,
                  "Writes are refused as long as that is so; /ready says when it has passed."};
}

Task<Check> Doctor::content_store() {
  const auto checked = co_await patient_.content->check();
  if (checked) {
    co_return Check{"content store", Status::kOk,
                    fmt::format("{} takes an object and gives it back.", patient_.content_place)};
  }
  co_return Check{"content store", Status::kFail,
                  fmt::format("{}: {}.", patient_.content_place, checked.error().message),
                  "Functions that need it wait, and go on by themselves; nothing is lost."};
}

Check Doctor::disk() const {
  const auto free = patient_.directory.free_bytes();
  if (!free) return failed("disk", free.error());
  auto message = fmt::format("{} are free.", size_text(*free));
  if (*free < patient_.disk_free_bytes_min) {
    return {"disk", Status::kFail, std::move(message),
            "Make room: below disk_free_bytes_min the pod is not ready."};
  }
  if (*free < kSpaceLow) return {"disk", Status::kWarn, std::move(message), "Make room soon."};
  return {"disk", Status::kOk, std::move(message)};
}

Check Doctor::permissions() const {
  const auto folder = std::filesystem::path(patient_.directory.database()).parent_path().string();
  const auto of_folder = mode_of(folder);
  if (!of_folder) return {"permissions", Status::kFail, fmt::format("{} is gone.", folder)};
  if (is_open_to_writers(*of_folder)) {
    return {"permissions", Status::kFail,
            fmt::format("Others can write to {} (mode {:o}).", folder, *of_folder),
            "chmod 700 closes it."};
  }
  const auto key = patient_.directory.owner_key();
  const auto of_key = mode_of(key);
  if (of_key && (*of_key & 0077U) != 0) {
    return {"permissions", Status::kFail,
            fmt::format("Others can read the owner's key in {} (mode {:o}).", key, *of_key),
            "chmod 600 closes it; then make another key and revoke this one."};
  }
  if ((*of_folder & 0077U) != 0) {
    return {"permissions", Status::kWarn,
            fmt::format("Others can look into {} (mode {:o}).", folder, *of_folder),
            "chmod 700 closes it."};
  }
  return {"permissions", Status::kOk, "Only their owner can read the data."};
}

Check Doctor::read_models() const {
  std::vector<std::string> stopped;
  std::vector<std::string> behind;
  std::vector<std::string> rebuilding;
  for (const auto& each : patient_.projections.progress()) {
    if (each.is_stopped) stopped.emplace_back(each.name);
    if (each.is_rebuilding) rebuilding.emplace_back(each.name);
    if (each.lag > kLagMax) behind.push_back(fmt::format("{} by {} events", each.name, each.lag));
  }
  if (!stopped.empty()) {
    return {"read models", Status::kFail, fmt::format("Stopped: {}.", fmt::join(stopped, ", ")),
            "projections.list says why; the log has everything, and projections.rebuild makes "
            "them again."};
  }
  if (!behind.empty()) {
    return {"read models", Status::kWarn, fmt::format("Behind: {}.", fmt::join(behind, ", ")),
            "They catch up by themselves unless more comes than they can fold."};
  }
  if (!rebuilding.empty()) {
    return {"read models", Status::kOk,
            fmt::format("Being made again: {}.", fmt::join(rebuilding, ", "))};
  }
  return {"read models", Status::kOk, "All follow the log."};
}

Check Doctor::words() const {
  constexpr const char* kName = "search";
  const auto progress = patient_.search.progress();
  const auto lag = patient_.search.lag();
  if (!progress.error.empty()) {
    return {kName, Status::kWarn, fmt::format("Nothing is written into it: {}.", progress.error),
            "What is new is not found until then; the index is made from the log, so nothing is "
            "lost."};
  }
  if (progress.next_position) {
    return {kName, Status::kOk, "The index is being made again; the one before answers."};
  }
  if (lag > kLagMax) {
    return {kName, Status::kWarn, fmt::format("{} events are not in the index.", lag),
            "It catches up by itself unless more comes than it can take."};
  }
  return {kName, Status::kOk, "The index of words follows the log."};
}

// What of the user's things is in languages that the model does not know, in a sentence; empty: too
// little to speak of. Of users' things nobody else is told, so it is of whoever asks.
Task<std::string> Doctor::foreign(std::string user_id, std::string_view only_language) const {
  // Words that a language has borrowed are no language.
  constexpr std::int64_t kOneOf = 10;
  const auto counted = co_await patient_.search.languages(std::move(user_id));
  // That the index of words cannot be read another check says.
  if (!counted) co_return "";
  std::int64_t all = 0;
  std::int64_t others = 0;
  std::vector<std::string> some;
  for (const auto& [language, things] : *counted) {
    all += things;
    if (analysis::name_of(language) == only_language) continue;
    others += things;
    constexpr std::size_t kNamedMax = 3;
    if (language == analysis::Language::kNone || some.size() == kNamedMax) continue;
    some.push_back(fmt::format("{} in {}", things, capitalised(analysis::name_of(language))));
  }
  if (others == 0 || others * kOneOf < all) co_return "";
  co_return fmt::format("{} of your {} texts are not in {}{}", others, all,
                        capitalised(only_language),
                        some.empty() ? "" : fmt::format(" ({})", fmt::join(some, ", ")));
}

Task<Check> Doctor::meanings(std::string user_id) const {
  constexpr const char* kName = "search meaning";
  const auto* meanings = patient_.search.meanings();
  if (meanings == nullptr) co_return Check{kName, Status::kOk, "This pod searches by words only."};
  const auto state = meanings->state();
  if (!state.problem.empty()) {
    const auto message = fmt::format("Words answer alone: {}.", state.problem);
    if (!state.has_models) co_return Check{kName, Status::kOk, message};
    co_return Check{kName, Status::kWarn, message,
                    "synap model list says which are good; adding one again makes it anew."};
  }
  if (!state.index) co_return Check{kName, Status::kOk, "The model is being opened."};
  if (!state.index->error.empty()) {
    co_return Check{kName, Status::kWarn,
                    fmt::format("Nothing is written into it: {}.", state.index->error),
                    "It is tried again; words answer meanwhile."};
  }
  if (!state.query_problem.empty()) {
    co_return Check{kName, Status::kWarn,
                    fmt::format("Words answer alone: {}.", state.query_problem),
                    "Queries are asked again as they come."};
  }
  if (!state.only_language.empty()) {
    const auto foreign = co_await this->foreign(std::move(user_id), state.only_language);
    if (!foreign.empty()) {
      co_return Check{
          kName, Status::kWarn,
          fmt::format(
              "{}, and {} makes next to nothing of those: it knows {} alone (docs/models.md).",
              foreign, state.model, capitalised(state.only_language)),
          "Words find them. For their meaning ask a provider whose model knows them, by "
          "[[models.embed]]: see docs/language-models.md."};
    }
  }
  if (state.lag > kLagMax || !state.index->is_complete || state.index->next_position) {
    co_return Check{kName, Status::kOk,
                    fmt::format("{} is being filled in the background: {} events are not in it.",
                                state.model, state.lag),
                    "search.status says when it will be done."};
  }
  auto message = fmt::format("{} follows the log", state.model);
  if (state.is_shared) {
    const auto why = co_await meanings->why_no_neighbours();
    message += ", in the database, for all nodes. Who has more vectors than search_memory_mib is ";
    message += why.empty() ? "answered by pgvector" : fmt::format("answered by words: {}", why);
  }
  co_return Check{kName, Status::kOk, message + "."};
}

Task<Check> Doctor::dead_letters() {
  // An index has these rows and no others.
  const auto count = co_await patient_.database.read([](db::Tx& tx) {
    auto rows = tx.query(
        "SELECT count(*) FROM (SELECT 1 FROM runs_data WHERE status = 'failed' LIMIT $1) AS found",
        kDeadLettersMax);
    return rows.next() ? rows.integer(0) : std::int64_t{0};
  });
  if (!count) co_return failed("dead letters", count.error());
  if (*count == 0) co_return Check{"dead letters", Status::kOk, "No run was given up."};
  co_return Check{
      "dead letters", Status::kWarn,
      fmt::format("{}{} runs were given up.", *count == kDeadLettersMax ? "At least " : "", *count),
      "runs.list {status: \"failed\"} says why, and runs.retry tries one again."};
}

Check Doctor::wal(const db::LogOfChanges& log) {
  auto message = fmt::format("{} of {}.", size_text(log.bytes), size_text(log.bytes_max));
  if (log.bytes < log.bytes_max) return {"log of changes", Status::kOk, std::move(message)};
  return {"log of changes", Status::kWarn, std::move(message),
          "Something reads the database without an end: another process that has it open?"};
}

Check Doctor::mode() const {
  if (!patient_.is_dev) return {"mode", Status::kOk, "Workers need keys."};
  return {"mode", Status::kWarn,
          "Dev mode is on: programs on this machine act as the owner's workers without a key.",
          "Start without --dev what others rely on."};
}

Check Doctor::agent_guard() const {
  constexpr const char* kName = "agent guard";
  if (patient_.guards_agents) {
    return {kName, Status::kOk, "What models ask for after something was read waits for a person."};
  }
  return {kName, Status::kWarn,
          "The guard of agents is off: a text that was stored can make a model change things.",
          "Start without agent_guard = \"off\", unless nobody else's texts come into the pod."};
}

// It takes what happens in the pod, or lags.
Check Doctor::inngest_server() const {
  constexpr const char* kName = "inngest server";
  const auto& bus = **patient_.inngest_bus;
  const auto now = bus.relay().progress();
  const auto waiting = now.lag + now.held;
  if (now.is_down) {
    // Where it was the bus once, and has all, its absence may be meant.
    const bool is_needed = bus.is_bus() || waiting > 0;
    return {
        kName, is_needed ? Status::kFail : Status::kWarn,
        fmt::format("{} events wait. {}.", waiting, now.problem),
        fmt::format("Nothing is lost, and nothing is done: see to {} and its keys.", bus.url())};
  }
  if (now.lag > kLagMax) {
    return {kName, Status::kWarn, fmt::format("{} events wait to be handed over.", now.lag),
            "They go by themselves unless more comes than it takes."};
  }
  return {kName, Status::kOk, fmt::format("{} has all that it is to have.", bus.url())};
}

Task<Check> Doctor::clock() {
  const auto now = patient_.world.unix_ms();
  const auto newest = co_await patient_.log.at(patient_.log.end().value());
  if (!newest) co_return failed("clock", newest.error());
  if ((*newest)->timestamp <= now + kClockBehindMaxMs) {
    co_return Check{"clock", Status::kOk, fmt::format("It says {}.", to_iso8601(now))};
  }
  co_return Check{"clock", Status::kWarn,
                  fmt::format("It says {}, but the newest event is of {}.", to_iso8601(now),
                              to_iso8601((*newest)->timestamp)),
                  "Set the clock; a time server keeps it right."};
}

Task<Check> Doctor::expiring_keys(std::string user_id) {
  const auto page =
      co_await patient_.keys.list(std::move(user_id), "", api::Keys::kKeysMax, api::KeyKind::kKey);
  if (!page) co_return failed("keys", page.error());
  std::vector<std::string> soon;
  const auto now = patient_.keys.now();
  for (const auto& key : page->items) {
    if (key.revoked_at || !key.expires_at) continue;
    const auto end = parse_iso8601(*key.expires_at).value_or(0);
    if (end > now && end < now + kExpiresSoonMs) {
      soon.push_back(fmt::format("{} ({}) at {}", key.name, key.prefix, *key.expires_at));
    }
  }
  if (soon.empty()) co_return Check{"keys", Status::kOk, "None of yours expires within a week."};
  co_return Check{"keys", Status::kWarn, fmt::format("Expire soon: {}.", fmt::join(soon, ", ")),
                  "keys.create makes another one."};
}

Task<std::vector<Check>> Doctor::examine(std::string user_id) {
  std::vector<Check> checks;
  checks.push_back(co_await ready());
  if (!patient_.content_place.empty()) checks.push_back(co_await content_store());
  checks.push_back(disk());
  checks.push_back(permissions());
  checks.push_back(read_models());
  checks.push_back(words());
  checks.push_back(co_await meanings(user_id));
  checks.push_back(co_await dead_letters());
  const auto statistics = patient_.database.statistics();
  if (statistics.log_of_changes) checks.push_back(wal(*statistics.log_of_changes));
  checks.push_back(mode());
  checks.push_back(agent_guard());
  if (patient_.inngest_bus != nullptr && *patient_.inngest_bus != nullptr) {
    checks.push_back(inngest_server());
  } else if (patient_.left_to_inngest > 0) {
    checks.push_back({"inngest server", Status::kFail,
                      fmt::format("Up to {} events wait for the server that was the bus.",
                                  patient_.left_to_inngest),
                      "Nothing is done for them: set inngest_url and its keys, as they were, until "
                      "it has them."});
  }
  checks.push_back(co_await clock());
  checks.push_back(co_await expiring_keys(std::move(user_id)));
  co_return checks;
}

}  // namespace synap::pod
