#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "synap/commands.h"
#include "synap/doctor_checks.h"
#include "synap/output.h"
#include "synap/patience.h"
#include "synap/pod_client.h"
#include "synap/table.h"
#include "synap/terminal.h"
#include "synap/times.h"

namespace synap::cli {
namespace {

constexpr std::int64_t kLinesMax = 10'000;  // of pod.logs

struct LogsOptions {
  ClientOptions client;
  std::int64_t lines = 100;
  std::optional<std::string> level;
  std::optional<std::string> since;
  bool follows = false;
};

Colour colour_of_level(std::string_view level) {
  if (level == "error") return Colour::kBad;
  if (level == "warn") return Colour::kBusy;
  return level == "debug" ? Colour::kFaint : Colour::kNone;
}

// What the sentence does not say already.
std::string rest_of(const Json& line, std::string_view message) {
  std::string rest;
  const Json* fields = line.find("fields");
  if (fields == nullptr || !fields->is_object()) return rest;
  for (const auto& [name, value] : fields->as_object()) {
    const auto text = value.is_string() ? value.as_string() : value.dump();
    if (!text.empty() && message.contains(text)) continue;
    const bool is_word = !text.empty() && text.find_first_of(" \"=") == text.npos;
    rest += fmt::format(" {}={}", name, is_word ? text : value.dump());
  }
  return rest;
}

// In a terminal the local time and colour; elsewhere tabs between time, level, room and message.
void show(const Json& line) {
  const auto level = printable(line.string_or("level", ""));
  const auto room = printable(line.string_or("room", ""));
  const auto message = line.string_or("message", "");
  const auto text = printable(fmt::format("{}{}", message, rest_of(line, message)));
  if (is_terminal()) {
    const auto shown =
        fmt::format("{}  {:<5}  {:<8}  {}", printable(local_time(line.string_or("time", ""))),
                    level, room, text);
    print_line(coloured(shown, colour_of_level(level), has_colour()));
  } else {
    print_line(
        fmt::format("{}\t{}\t{}\t{}", printable(line.string_or("time", "")), level, room, text));
  }
}

// Where a pod of this machine writes what it does not remember: its stderr.
std::string where_all_are(const std::string& data) {
  const LockProbe probe(data);
  std::error_code failed;
  const auto target =
      std::filesystem::read_symlink("/proc/" + probe.pid() + "/fd/2", failed).string();
  if (!probe.is_pod_running() || target.empty()) return "the pod's stderr has them all";
  if (target.starts_with("socket:")) {
    return fmt::format("`journalctl _PID={}` may have them", probe.pid());
  }
  if (target.starts_with("pipe:")) return "the program that the pod's stderr is piped to has them";
  return fmt::format("the pod's stderr has them all: {}", target);
}

void tell_what_is_missing(const Json& answer, const LogsOptions& options) {
  const auto written = log_level_by_name(answer.string_or("writtenLevel", ""));
  if (options.level && written && log_level_by_name(*options.level) > written) {
    tell(fmt::format("this pod writes no lines below {}; `synap serve --log-level {}` does",
                     log_level_name(*written), *options.level));
  }
  const Json* forgotten = answer.find("forgotten");
  const Json* lines = answer.find("lines");
  const bool wants_older =
      lines != nullptr && static_cast<std::int64_t>(lines->as_array().size()) < options.lines;
  if (wants_older && forgotten != nullptr && forgotten->is_integer() &&
      forgotten->as_integer() > 0) {
    tell(fmt::format("{} older lines are not remembered any more; {}", forgotten->as_integer(),
                     where_all_are(data_of(options.client))));
  }
}

int follow(PodClient& pod, const LogsOptions& options, Json input, std::string last_id) {
  const bool is_json = options.client.is_json;
  Patience patience;
  for (;;) {
    auto ended = pod.subscribe(
        "pod.watchLogs", input, last_id,
        [&](const Json& line) {
          if (is_json) {
            print_json(line);
          } else {
            show(line);
          }
          return true;
        },
        [&] { patience.reset(); });
    if (!ended && !is_passing(ended.error())) return report(ended.error(), is_json);
    patience.wait();
  }
}

Error with_version(Error error) {
  if (error.code == Code::kNotFound) {
    error.message = "This pod keeps no log that can be asked for: it is older than this program";
  }
  return error;
}

int logs(const LogsOptions& options) {
  const bool is_json = options.client.is_json;
  if (options.lines > kLinesMax) {
    return report_usage(fmt::format("--lines must be from 0 to {}", kLinesMax), is_json);
  }
  Json input = Json::object();
  if (options.level) input.set("level", *options.level);
  if (options.since) {
    const auto time = parse_since(*options.since, unix_ms_now());
    if (!time) return report(time.error(), is_json);
    input.set("since", to_iso8601(*time));
  }
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  Json newest = input;
  newest.set("limit", std::max<std::int64_t>(options.lines, 1));
  auto answer = pod->query("pod.logs", newest);
  if (!answer) return report(with_version(answer.error()), is_json);
  const Json* lines = answer->find("lines");
  if (lines != nullptr && lines->is_array() && options.lines > 0) {
    for (const auto& line : lines->as_array()) {
      if (is_json) {
        print_json(line);
      } else {
        show(line);
      }
    }
  }
  if (!is_json) tell_what_is_missing(*answer, options);
  if (!options.follows) return kExitOk;
  return follow(*pod, options, std::move(input), std::string(answer->string_or("lastId", "")));
}

}  // namespace

Command logs_command() {
  auto options = std::make_shared<LogsOptions>();
  Command command{
      .words = "logs",
      .docs =
          "Print the newest lines of the pod's log, wherever it runs. It remembers some thousands "
          "of lines since its start; all go to its stderr.",
      .example = "synap logs --follow --level warn",
      .options = {{"-n,--lines,--limit",
                   fmt::format("So many of the newest, 0 to {}. Default: 100", kLinesMax),
                   &options->lines},
                  {.name = "--level",
                   .docs = "Lines of this level and of more important ones. Default: all that are "
                           "written",
                   .target = &options->level,
                   .values = {"error", "warn", "info", "debug"}},
                  {.name = "--since",
                   .docs = "Only lines since then: 90s, 15m, 2h, 3d, 1w, a day or a time.",
                   .target = &options->since,
                   .value = "WHEN"},
                  {"-f,--follow",
                   "Go on with what is written, until stopped. Goes on where it was "
                   "when the pod was away.",
                   &options->follows}},
      .run = [options] { return logs(*options); }};
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace synap::cli
