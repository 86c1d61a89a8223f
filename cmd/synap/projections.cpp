#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"
#include "synap/table.h"
#include "synap/terminal.h"

namespace synap::cli {
namespace {

constexpr std::chrono::milliseconds kProgressPause{200};

struct ProjectionOptions {
  ClientOptions client;
  std::string name;
  std::optional<std::string> only;
};

std::int64_t integer_of(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_integer() ? value->as_integer() : 0;
}

// How much of the log a second set of tables has, and how long the rest will take.
std::string filled_text(const Json& projection, std::int64_t end) {
  if (projection.find("filledTo") == nullptr || end <= 0) return "";
  auto text = fmt::format("{} %", 100 * integer_of(projection, "filledTo") / end);
  if (projection.find("secondsLeft") != nullptr) {
    text += fmt::format(", {} s left", integer_of(projection, "secondsLeft"));
  }
  return text;
}

std::string readable(const Json& projection, std::int64_t end) {
  auto line = fmt::format("{:<12} {:<9} {:<10} {:>10}", projection.string_or("name", ""),
                          projection.string_or("kind", ""), projection.string_or("status", ""),
                          integer_of(projection, "position"));
  if (const auto lag = integer_of(projection, "lag"); lag > 0) line += fmt::format("  lag {}", lag);
  if (const auto filled = filled_text(projection, end); !filled.empty()) line += "  " + filled;
  if (const auto error = projection.string_or("error", ""); !error.empty()) {
    line += fmt::format("  {}", error);
  }
  return printable(line);
}

void show_table(const Json::Array& projections, std::int64_t end) {
  Table table({{.heading = "NAME", .is_fixed = true},
               {.heading = "KIND"},
               {.heading = "STATUS", .is_fixed = true},
               {.heading = "POSITION", .is_number = true},
               {.heading = "LAG", .is_number = true},
               {.heading = "FILLED"},
               {.heading = "ERROR"}});
  for (const auto& each : projections) {
    const auto status = each.string_or("status", "");
    const Colour colour = status == "live"      ? Colour::kGood
                          : status == "stopped" ? Colour::kBad
                                                : Colour::kBusy;
    table.add({{std::string(each.string_or("name", ""))},
               {std::string(each.string_or("kind", "")), Colour::kFaint},
               {std::string(status), colour},
               {std::to_string(integer_of(each, "position"))},
               {std::to_string(integer_of(each, "lag"))},
               {filled_text(each, end)},
               {std::string(each.string_or("error", "")), Colour::kBad}});
  }
  table.show("projections");
}

Result<Json> status_of(PodClient& pod, std::string_view name, std::int64_t& end) {
  auto list = pod.query("projections.list", Json::object());
  if (!list) return list;
  end = integer_of(*list, "end");
  const Json* all = list->find("projections");
  if (all != nullptr && all->is_array()) {
    for (const auto& each : all->as_array()) {
      if (each.string_or("name", "") == name) return each;
    }
  }
  return fail(Code::kNotFound, fmt::format("There is no projection \"{}\"", name));
}

int list(const ProjectionOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto found = pod->query("projections.list", Json::object());
  if (!found) return report(found.error(), is_json);
  if (is_json) {
    print_json(*found);
    return kExitOk;
  }
  const auto& all = found->find("projections")->as_array();
  const auto end = integer_of(*found, "end");
  if (is_terminal()) {
    show_table(all, end);
  } else {
    for (const auto& each : all) print_line(readable(each, end));
  }
  return kExitOk;
}

// Begins it and stays until it has ended, showing how far it is where somebody looks.
int rebuild(const ProjectionOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto begun = pod->mutate("projections.rebuild", Json::object({{"name", options.name}}));
  if (!begun) return report(begun.error(), is_json);
  const bool shows_progress = !is_json && ::isatty(STDERR_FILENO) == 1;
  for (;;) {
    std::int64_t end = 0;
    auto status = status_of(*pod, options.name, end);
    if (!status) return report(status.error(), is_json);
    if (shows_progress) print_error_text("\r\x1b[K" + readable(*status, end));
    if (status->string_or("status", "") != "rebuilding") {
      if (shows_progress) print_error_text("\n");
      const bool is_live = status->string_or("status", "") == "live";
      if (is_json) {
        print_json(*status);
      } else {
        print_line(readable(*status, end));
      }
      return is_live ? kExitOk : kExitFailure;
    }
    std::this_thread::sleep_for(kProgressPause);
  }
}

Result<std::vector<std::string>> names_of(PodClient& pod, const ProjectionOptions& options) {
  if (options.only) return std::vector<std::string>{*options.only};
  auto found = pod.query("projections.list", Json::object());
  if (!found) return fail(found.error());
  std::vector<std::string> names;
  for (const auto& each : found->find("projections")->as_array()) {
    names.emplace_back(each.string_or("name", ""));
  }
  return names;
}

int verify(const ProjectionOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto names = names_of(*pod, options);
  if (!names) return report(names.error(), is_json);
  Json all = Json::array();
  bool is_ok = true;
  for (const auto& name : *names) {
    auto found = pod->mutate("projections.verify", Json::object({{"name", name}}));
    if (!found) return report(found.error(), is_json);
    const Json* ok = found->find("ok");
    const bool is_equal = ok != nullptr && ok->is_bool() && ok->as_bool();
    is_ok = is_ok && is_equal;
    if (!is_json) {
      print_line(printable(
          fmt::format("{}  {:<12} {:>10} rows  {}", is_equal ? "ok  " : "FAIL", name,
                      integer_of(*found, "rows"),
                      found->string_or("firstDifference", found->string_or("liveDigest", "")))));
    }
    all.push_back(std::move(*found));
  }
  if (is_json) {
    print_json(Json::object({{"ok", is_ok}, {"projections", std::move(all)}}));
  }
  return is_ok ? kExitOk : kExitFailure;
}

Command with_client_options(Command command, const std::shared_ptr<ProjectionOptions>& options) {
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace

Command projections_list_command() {
  auto options = std::make_shared<ProjectionOptions>();
  return with_client_options({.words = "projections list",
                              .docs = "List the read models and how they stand.",
                              .example = "synap projections list",
                              .run = [options] { return list(*options); }},
                             options);
}

Command projections_rebuild_command() {
  auto options = std::make_shared<ProjectionOptions>();
  return with_client_options(
      {.words = "projections rebuild",
       .docs = "Make a read model again from the log, while the pod goes on.",
       .example = "synap projections rebuild notes",
       .options = {{"NAME", "Of the projection.", &options->name, "", true}},
       .run = [options] { return rebuild(*options); },
       .outlives_readers = true},
      options);
}

Command projections_verify_command() {
  auto options = std::make_shared<ProjectionOptions>();
  return with_client_options(
      {.words = "projections verify",
       .docs = "Compare read models, row by row, with what follows from the log.",
       .example = "synap projections verify",
       .options = {{"NAME", "Of one projection. Default: all of them", &options->only}},
       .run = [options] { return verify(*options); },
       .outlives_readers = true},
      options);
}

}  // namespace synap::cli
