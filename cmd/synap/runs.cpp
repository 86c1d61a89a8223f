#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "bus/function_name.h"
#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"
#include "synap/run_text.h"
#include "synap/short_ids.h"
#include "synap/table.h"
#include "synap/terminal.h"
#include "synap/times.h"

namespace synap::cli {
namespace {

constexpr std::int64_t kPageMax = 500;  // of runs.list
constexpr int kPagesMax = 100;          // to look back with; the pod bounds the work of each

struct RunOptions {
  ClientOptions client;
  std::string status;
  std::string function;
  std::string event_type;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::string text;
  std::int64_t limit = 50;
  std::string_view things = "runs";
  std::string id;
};

// In a terminal: how long it took instead of when it ended, and what went wrong.
void show_table(const Json::Array& runs, std::string_view things) {
  Table table({{.heading = "ID", .is_fixed = true},
               {.heading = "STATUS", .is_fixed = true},
               {.heading = "STARTED", .is_fixed = true},
               {.heading = "TOOK", .is_fixed = true},
               {.heading = "ATTEMPTS", .is_number = true},
               {.heading = "FUNCTION"},
               {.heading = "EVENT", .is_extra = true},
               {.heading = "ERROR"}});
  for (const auto& run : runs) {
    const auto status = run.string_or("status", "");
    const Json* error = run.find("error");
    const bool has_error = error != nullptr && error->is_object();
    table.add({{short_id(run.string_or("id", "")), Colour::kFaint},
               {std::string(status), colour_of(status)},
               {local_time(run.string_or("createdAt", "")).substr(0, 16)},
               {duration_between(run.string_or("createdAt", ""), run.string_or("endedAt", ""))},
               {number_of(run, "attempts")},
               {std::string(bus::name_of_function(run.string_or("function", "")))},
               {std::string(run.string_or("eventType", ""))},
               {has_error ? error_text(*error) : "", Colour::kBad}});
  }
  table.show(things);
}

int list(const RunOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  Json input = Json::object();
  const std::pair<const char*, const std::string*> filters[] = {{"status", &options.status},
                                                                {"function", &options.function},
                                                                {"eventType", &options.event_type},
                                                                {"text", &options.text}};
  for (const auto& [name, value] : filters) {
    if (!value->empty()) input.set(name, *value);
  }
  const auto times = set_times(input, options.from, "--from", options.to, "--to", unix_ms_now());
  if (!times) return report(times.error(), is_json);
  Json::Array found;
  std::string cursor;
  auto missing = options.limit;
  int pages = 0;
  while (missing > 0) {
    input.set("limit", std::min(missing, kPageMax));
    auto page = pod->query("runs.list", input);
    if (!page) return report(page.error(), is_json);
    const Json* runs = page->find("runs");
    if (runs == nullptr) break;
    for (const auto& run : runs->as_array()) found.push_back(run);
    missing -= static_cast<std::int64_t>(runs->as_array().size());
    cursor = page->string_or("nextCursor", "");
    if (cursor.empty()) break;
    // So much is looked at and no more: who wants older ones says until when.
    if (++pages == kPagesMax && missing > 0) {
      tell(fmt::format("Runs queued since {} were looked at; --to {} goes on from there",
                       page->string_or("lookedTo", ""), page->string_or("lookedTo", "")));
      break;
    }
    input.set("cursor", cursor);
  }
  if (is_json) {
    Json all = Json::object({{"runs", Json(std::move(found))}});
    if (!cursor.empty()) all.set("nextCursor", cursor);
    print_json(all);
  } else if (is_terminal()) {
    show_table(found, options.things);
  } else {
    for (const auto& run : found) print_line(run_line(run));
  }
  if (!is_json && missing <= 0 && !cursor.empty()) {
    tell(fmt::format("the newest {} are shown; there may be older ones: --limit shows more",
                     options.limit));
  }
  return kExitOk;
}

void print_field(std::string_view name, std::string_view value) {
  if (!value.empty()) print_line(printable(fmt::format("{:<10} {}", name, value)));
}

// Of a pod that does not tell when a step began it follows from when the one before was stored.
void print_steps(const Json::Array& steps, std::string_view created) {
  print_line(steps.empty() ? "steps      none is done" : "steps");
  std::string before(created);
  for (const auto& step : steps) {
    const auto at = step.string_or("storedAt", "");
    const auto began = step.string_or("startedAt", before);
    const auto ended = step.string_or("endedAt", at);
    auto line = printable(fmt::format("  {}  {:<6}  {:<24}  {:>10}  {}", time_text(ended),
                                      word_of(step.string_or("op", "")), step.string_or("name", ""),
                                      duration_between(began, ended), result_text(step)));
    while (line.ends_with(' ')) line.pop_back();
    print_line(is_terminal() ? truncated(line, terminal_width()) : line);
    before = at;
  }
}

// What is begun and not done: until when, and why it was not done before.
void print_pending(const Json::Array& steps) {
  if (!steps.empty()) print_line("pending");
  for (const auto& step : steps) {
    const auto due = step.string_or("dueAt", "");
    std::string when = due.empty() ? "" : time_text(due);
    if (!due.empty()) {
      when.insert(0, step.string_or("op", "") == "StepError" ? " at " : " until ");
    }
    auto line = printable(fmt::format("  {}  {}{}", step.string_or("name", ""),
                                      pending_word_of(step.string_or("op", "")), when));
    if (const Json* error = step.find("error")) {
      line += printable(
          fmt::format(", after {} attempts: {}", number_of(step, "attempts"), error_text(*error)));
    }
    print_line(is_terminal() ? truncated(line, terminal_width()) : line);
  }
}

// What it came to, as result_text() has that of a step.
void print_output(const Json& run) {
  const Json* output = run.find("output");
  if (output != nullptr && !output->is_null()) return print_field("output", output->dump());
  if (run.find("outputBytes") == nullptr) return;
  print_field("output", fmt::format("{} bytes: {}…; `synap runs result {}` has all of it",
                                    number_of(run, "outputBytes"),
                                    run.string_or("outputPreview", ""), run.string_or("id", "")));
}

// Why there is the run, if it is not that its event triggered its function.
void print_origin(const Json& origin) {
  auto text = std::string(origin.string_or("kind", ""));
  for (const char* key : {"runId", "replayId"}) {
    if (const auto id = origin.string_or(key, ""); !id.empty()) text += fmt::format(" of {}", id);
  }
  if (const auto step = origin.string_or("fromStep", ""); !step.empty()) {
    text += fmt::format(" from {}", step);
  }
  if (origin.find("edited") != nullptr) text += ", edited";
  print_field("origin", text);
}

void print_attempts(const Json::Array& attempts) {
  if (!attempts.empty()) print_line("failed attempts");
  for (const auto& attempt : attempts) {
    const auto ended = attempt.string_or("endedAt", "");
    const Json* error = attempt.find("error");
    auto line = printable(fmt::format(
        "  {}  {:<24}  {:>10}  {}", time_text(ended), attempt.string_or("name", "(the function)"),
        duration_between(attempt.string_or("startedAt", ended), ended),
        error != nullptr ? error_text(*error) : ""));
    print_line(is_terminal() ? truncated(line, terminal_width()) : line);
  }
}

void print_run(const Json& run) {
  const auto created = run.string_or("createdAt", "");
  const auto ended = run.string_or("endedAt", "");
  print_field("run", run.string_or("id", ""));
  print_field("function", run.string_or("function", ""));
  print_field("status", run.string_or("status", ""));
  print_field("attempts", number_of(run, "attempts"));
  print_field("event", fmt::format("{} {} at position {}", run.string_or("eventType", ""),
                                   run.string_or("eventId", ""), number_of(run, "eventPosition")));
  print_field("created", time_text(created));
  if (const auto started = run.string_or("startedAt", ""); !started.empty()) {
    print_field("started", fmt::format("{}, after {}", time_text(started),
                                       duration_between(created, started)));
  }
  print_field("ended", time_text(ended));
  print_field("took", duration_between(created, ended));
  if (const Json* error = run.find("error")) print_field("error", error_text(*error));
  print_output(run);
  if (const Json* origin = run.find("origin")) print_origin(*origin);
  const Json* attempts = run.find("failedAttempts");
  if (attempts != nullptr && attempts->is_array()) print_attempts(attempts->as_array());
  const Json* steps = run.find("steps");
  if (steps != nullptr && steps->is_array()) print_steps(steps->as_array(), created);
  const Json* pending = run.find("pendingSteps");
  if (pending != nullptr && pending->is_array()) print_pending(pending->as_array());
}

int show(const RunOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  const auto id = whole_id(*pod, "runs.list", options.id);
  if (!id) return report(id.error(), is_json);
  auto run = pod->query("runs.get", Json::object({{"id", *id}}));
  if (!run) return report(run.error(), is_json);
  if (is_json) {
    print_json(*run);
  } else {
    print_run(*run);
  }
  return kExitOk;
}

int retry(const RunOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  const auto id = whole_id(*pod, "runs.list", options.id);
  if (!id) return report(id.error(), is_json);
  auto retried = pod->mutate("runs.retry", Json::object({{"id", *id}}));
  if (!retried) return report(retried.error(), is_json);
  print_line(is_json ? json_text(retried->dump()) : fmt::format("run {} is tried again", *id));
  return kExitOk;
}

Command with_client_options(Command command, const std::shared_ptr<RunOptions>& options) {
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace

Command runs_list_command() {
  auto options = std::make_shared<RunOptions>();
  return with_client_options(
      {.words = "runs list",
       .docs = "List runs, the newest first.",
       .example = "synap runs list --status failed",
       .options =
           {{"--status", "Only these: active, sleeping, completed, failed, cancelled or discarded.",
             &options->status},
            {"--function", "Only runs of this function.", &options->function},
            {"--event-type", "Only runs for events of this type; note.* is all that begin so.",
             &options->event_type},
            {.name = "--from",
             .docs = "Only runs queued then or later: 90s, 15m, 2h, 3d, 1w, a day or a time.",
             .target = &options->from,
             .value = "WHEN"},
            {.name = "--to",
             .docs = "Only runs queued before, as --from has it; a day counts whole.",
             .target = &options->to,
             .value = "WHEN"},
            {"--text", "Only runs for events in whose data this stands.", &options->text},
            {.name = "--limit",
             .docs = "At most so many. Default: 50",
             .target = &options->limit,
             .least = 1}},
       .run = [options] { return list(*options); }},
      options);
}

Command dlq_list_command() {
  auto options = std::make_shared<RunOptions>();
  options->status = "failed";
  options->things = "dead letters";
  return with_client_options(
      {.words = "dlq list",
       .docs = "List dead letters, the newest first: runs that were given up.",
       .example = "synap dlq list",
       .options = {{"--function", "Only those of this function.", &options->function},
                   {"--text", "Only those for events in whose data this stands.", &options->text},
                   {.name = "--limit",
                    .docs = "At most so many. Default: 50",
                    .target = &options->limit,
                    .least = 1}},
       .run = [options] { return list(*options); }},
      options);
}

Command runs_show_command() {
  auto options = std::make_shared<RunOptions>();
  return with_client_options({.words = "runs show",
                              .docs = "Show a run: its steps, their results, what it came to.",
                              .example = "synap runs show 01980000-0000-7000-8000-000000000000",
                              .options = {{"ID", "Of the run.", &options->id, "", true}},
                              .run = [options] { return show(*options); }},
                             options);
}

Command runs_retry_command() {
  auto options = std::make_shared<RunOptions>();
  return with_client_options({.words = "runs retry",
                              .docs = "Try a run again that has failed for good, or now one that "
                                      "waits. Steps that are done stay "
                                      "done.",
                              .example = "synap runs retry 01980000-0000-7000-8000-000000000000",
                              .options = {{"ID", "Of the run.", &options->id, "", true}},
                              .run = [options] { return retry(*options); }},
                             options);
}

}  // namespace synap::cli
