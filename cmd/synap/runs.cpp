#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"

namespace synap::cli {
namespace {

constexpr std::int64_t kPageMax = 500;  // of runs.list

struct RunOptions {
  ClientOptions client;
  std::string status;
  std::int64_t limit = 50;
  std::string id;
};

std::string number_of(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_integer() ? std::to_string(value->as_integer()) : "-";
}

std::string error_text(const Json& error) {
  return fmt::format("{}: {}", error.string_or("name", "error"), error.string_or("message", ""));
}

// 0198…  completed  1  2026-01-31T12:00:00.000Z  note-creation  note.creation.requested
std::string readable(const Json& run) {
  auto line = fmt::format("{}  {:<9}  {:>2}  {}  {}  {}", run.string_or("id", ""),
                          run.string_or("status", ""), number_of(run, "attempts"),
                          run.string_or("createdAt", ""), run.string_or("function", ""),
                          run.string_or("eventType", ""));
  if (const Json* error = run.find("error")) line += "  " + error_text(*error);
  return printable(line);
}

int list(const RunOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  Json input = Json::object();
  if (!options.status.empty()) input.set("status", options.status);
  Json all = Json::object({{"runs", Json::array()}});
  auto missing = options.limit;
  while (missing > 0) {
    input.set("limit", std::min(missing, kPageMax));
    auto page = pod->query("runs.list", input);
    if (!page) return report(page.error(), is_json);
    const Json* runs = page->find("runs");
    if (runs == nullptr) break;
    for (const auto& run : runs->as_array()) {
      if (is_json) {
        all.as_object().front().second.push_back(run);
      } else {
        print_line(readable(run));
      }
    }
    missing -= static_cast<std::int64_t>(runs->as_array().size());
    const auto cursor = page->string_or("nextCursor", "");
    if (cursor.empty()) break;
    input.set("cursor", cursor);
    if (missing == 0) all.set("nextCursor", cursor);
  }
  if (is_json) print_line(all.dump());
  return kExitOk;
}

void print_field(std::string_view name, std::string_view value) {
  if (!value.empty()) print_line(printable(fmt::format("{:<10} {}", name, value)));
}

void print_run(const Json& run) {
  print_field("run", run.string_or("id", ""));
  print_field("function", run.string_or("function", ""));
  print_field("status", run.string_or("status", ""));
  print_field("attempts", number_of(run, "attempts"));
  print_field("event", fmt::format("{} {} at position {}", run.string_or("eventType", ""),
                                   run.string_or("eventId", ""), number_of(run, "eventPosition")));
  print_field("created", run.string_or("createdAt", ""));
  print_field("ended", run.string_or("endedAt", ""));
  if (const Json* error = run.find("error")) print_field("error", error_text(*error));
  const Json* steps = run.find("steps");
  if (steps == nullptr || !steps->is_array()) return;
  print_line(steps->as_array().empty() ? "steps      none is done" : "steps");
  for (const auto& step : steps->as_array()) {
    const Json* result = step.find("result");
    print_line(printable(fmt::format("  {}  {}  {}  {}", step.string_or("storedAt", ""),
                                     step.string_or("op", ""), step.string_or("name", ""),
                                     result == nullptr ? "" : result->dump())));
  }
}

int show(const RunOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto run = pod->query("runs.get", Json::object({{"id", options.id}}));
  if (!run) return report(run.error(), is_json);
  if (is_json) {
    print_line(run->dump());
  } else {
    print_run(*run);
  }
  return kExitOk;
}

int retry(const RunOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto retried = pod->mutate("runs.retry", Json::object({{"id", options.id}}));
  if (!retried) return report(retried.error(), is_json);
  print_line(is_json ? retried->dump() : fmt::format("run {} is tried again", options.id));
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
       .options = {{"--status", "Only these: active, sleeping, completed or failed.",
                    &options->status},
                   {"--limit", "At most so many. Default: 50", &options->limit}},
       .run = [options] { return list(*options); }},
      options);
}

Command runs_show_command() {
  auto options = std::make_shared<RunOptions>();
  return with_client_options({.words = "runs show",
                              .docs = "Show a run: its steps, their results, its error.",
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
