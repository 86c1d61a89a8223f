#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <semaphore>
#include <thread>

#include "base/log.h"
#include "outbound/url.h"
#include "page/files.h"
#include "pod/config.h"
#include "pod/data_directory.h"
#include "pod/pod.h"
#include "synap/commands.h"
#include "synap/doctor_checks.h"
#include "synap/environment.h"
#include "synap/file.h"
#include "synap/output.h"
#include "synap/port_holder.h"

namespace synap::cli {
namespace {

struct ServeOptions {
  std::optional<std::string> file;
  std::vector<std::optional<std::string>> settings;   // as pod::settings() lists them
  std::map<std::string, bool, std::less<>> switches;  // by setting
  bool is_json = false;
};

// What a pod that is told to stop may take beyond its own grace, to close what is open.
constexpr std::chrono::milliseconds kStopMargin{1'500};
// On standby. A start waits by itself for the pod that has the database to let go of it, for 5 s.
constexpr std::chrono::milliseconds kBetweenStarts{500};
// Where there is no server to ask, later and later.
constexpr std::chrono::milliseconds kBetweenStartsMax{4'000};
constexpr std::chrono::milliseconds kBetweenLooks{1'000};

// SIGTERM and SIGINT: the first is waited for by the caller, the second ends the process at once,
// and so does a stop that takes too long. Made before any other thread, which inherits the mask.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  void watch(std::chrono::milliseconds stop_max) {
    // Detached: it waits for a signal that may never come, and the process ends without it.
    std::thread([this, stop_max] {
      int first = 0;
      sigwait(&signals_, &first);
      first_.release();
      const int second = wait_for_second(std::chrono::steady_clock::now() + stop_max);
      if (second > 0) std::_Exit(128 + second);
      write_log(LogLevel::kWarn, "pod",
                "the stop takes too long and ends here; what was under way goes on at the next "
                "start");
      std::_Exit(kExitOk);
    }).detach();
  }

  /// True: it has come. No later than after `span`.
  bool wait(std::chrono::milliseconds span) { return first_.try_acquire_for(span); }

 private:
  // The signal, or 0 if none comes in time.
  int wait_for_second(std::chrono::steady_clock::time_point until) {
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      if (left.count() <= 0) return 0;
      const timespec limit{.tv_sec = static_cast<time_t>(left.count() / 1000),
                           .tv_nsec = static_cast<long>(left.count() % 1000) * 1'000'000};
      const int second = sigtimedwait(&signals_, nullptr, &limit);
      if (second > 0) return second;  // otherwise late, or woken by SIGCONT
    }
  }

  sigset_t signals_{};
  std::binary_semaphore first_{0};
};

pod::ConfigSources sources_of(const ServeOptions& options) {
  pod::ConfigSources sources;
  sources.environment = pod_environment();
  sources.file = options.file;
  const auto& settings = pod::settings();
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (options.settings[i]) sources.flags.emplace(settings[i].name, *options.settings[i]);
  }
  for (const auto& [name, is_on] : options.switches) {
    if (is_on) sources.flags.emplace(name, "true");
  }
  return sources;
}

// A key is no line of a log, which is kept and sent about: where programs read the log, it is only
// said where the key is.
void tell_owner_key(const std::string& key, const std::string& data, const LogOptions& log) {
  if (log.format == LogFormat::kText) {
    tell(fmt::format("the owner's key, shown this once: {}", key));
    tell(fmt::format("it is kept in {}/owner.key, which only you can read", data));
  } else {
    write_log(LogLevel::kInfo, "pod", "the owner's key is in {file}, which only you can read",
              {{"file", data + "/owner.key"}});
  }
}

// Where a browser finds the page.
std::string page_url(const pod::Pod& pod, const pod::Config& config) {
  if (!config.pod.public_url.empty()) return config.pod.public_url;
  return "http://" + pod::address_text(pod::own_address(config.pod.host), pod.port());
}

void say_ready(const pod::Pod& pod, const pod::Config& config, bool is_json) {
  const auto url = "http://" + pod::address_text(config.pod.host, pod.port());
  std::error_code failed;
  const auto data = std::filesystem::absolute(config.pod.data, failed).lexically_normal().string();
  if (!pod.new_owner_key().empty()) tell_owner_key(pod.new_owner_key(), data, config.log);
  write_log(LogLevel::kInfo, "pod", "serving {url} from {data}", {{"url", url}, {"data", data}});
  // A program without the page has nothing to look at.
  const bool has_page = !page::files().empty() && config.log.format == LogFormat::kText;
  if (!pod.new_owner_link().empty() && has_page) {
    tell(fmt::format("look at it, signed in once, within 15 minutes (later: `synap open`): {}{}",
                     page_url(pod, config), pod.new_owner_link()));
  }
  if (pod.new_owner_key().empty() && has_page) {
    tell("look at it: `synap open`");
  }
  if (config.pod.inngest.is_dev) {
    write_log(LogLevel::kWarn, "pod",
              "dev mode: programs on this machine act as the owner's workers without a key");
  }
  if (!is_json) return;
  print_json(Json::object({{"url", url}, {"data", data}, {"pid", std::int64_t{::getpid()}}}));
}

// Whether the pod of the directory has said that it listens on the port: where we may not look into
// its process.
bool is_port_of(const pod::PodOptions& options) {
  constexpr std::size_t kUrlBytesMax = 4096;
  const auto text =
      read_file(pod::DataDirectory::url_of(options.data), {.bytes_max = kUrlBytesMax});
  const auto end = text ? text->find_first_of("\r\n") : 0;
  const auto url = outbound::parse_url(text ? text->substr(0, end) : "");
  return url && url->port == options.port;
}

// A second start by mistake is no matter of ports. Otherwise who has the port is what is asked
// next, and it need not be the pod that has the directory.
Error with_holder(Error error, const pod::PodOptions& options) {
  if (error.code != Code::kConflict || !error.message.starts_with("cannot listen")) return error;
  const LockProbe probe(options.data);
  const auto holder = holder_of_port(options.port);
  const auto other = probe.is_pod_running()
                         ? fmt::format("Another synap process (pid {}) has the data directory {}",
                                       probe.pid(), options.data)
                         : "";
  if (!other.empty() && (holder ? holder->pid == probe.pid() : is_port_of(options))) {
    error.message = fmt::format("{} and its port; stop it first ({})", other, error.message);
    return error;
  }
  error.message += fmt::format("; {}: stop that, or choose another with --listen {}",
                               who_has(holder), pod::address_text(options.host, 0));
  if (!other.empty()) error.message += fmt::format(". {}, too: stop it first", other);
  return error;
}

int cannot_start(Error error, const pod::PodOptions& options, const LogOptions& log, bool is_json) {
  error = with_holder(std::move(error), options);
  if (is_json || log.format == LogFormat::kText) return report(error, is_json);
  write_log(LogLevel::kError, "pod", "{error}",
            {{"error", error.message}, {"code", info(error.code).name}});
  return exit_code_of(error.code);
}

// Rather than give up where the database is away, or another has it.
bool waits(const pod::Config& config) {
  return config.is_standby || config.pod.node.is_one_of_many;
}

// On standby, when its database is there and nobody else has it. Null: it was stopped before that.
Result<std::unique_ptr<pod::Pod>> start(const pod::Config& config, StopSignals& signals) {
  std::string said;
  auto pause = kBetweenStarts;
  for (;;) {
    auto pod = pod::Pod::start(config.pod);
    const bool is_to_wait = !pod && waits(config) && pod.error().code == Code::kServiceUnavailable;
    if (!is_to_wait) return pod;
    if (std::exchange(said, pod.error().message) != pod.error().message) {
      write_log(LogLevel::kInfo, "pod", "standing by: {why}", {{"why", said}});
    }
    const bool is_away = pod.error().fault == Fault::kGone;
    if (signals.wait(pause)) return nullptr;
    pause = is_away ? std::min(2 * pause, kBetweenStartsMax) : kBetweenStarts;
  }
}

// True: it stopped by itself, for another pod has its database.
bool run_until_stopped(pod::Pod& pod, const pod::Config& config, StopSignals& signals) {
  const bool may_be_lost = !config.pod.database.empty();
  while (!signals.wait(may_be_lost ? kBetweenLooks : std::chrono::hours(24))) {
    if (may_be_lost && pod.is_lost()) return true;
  }
  return false;
}

int serve(const ServeOptions& options, StopSignals& signals) {
  auto config = pod::load_config(sources_of(options));
  if (!config) {
    report(config.error(), options.is_json);
    return kExitUsage;
  }
  set_log(config->log);
  for (const auto& warning : config->warnings) {
    write_log(LogLevel::kWarn, "pod", "{warning}", {{"warning", warning}});
  }
  // The database holds all that its users have written, and its directory may be one that others
  // can read.
  ::umask(0077);
  signals.watch(config->pod.drain + config->pod.stop_grace + kStopMargin);
  for (;;) {
    auto pod = start(*config, signals);
    if (!pod) return cannot_start(pod.error(), config->pod, config->log, options.is_json);
    if (*pod == nullptr) return kExitOk;
    say_ready(**pod, *config, options.is_json);
    const bool is_lost = run_until_stopped(**pod, *config, signals);
    const bool is_node = config->pod.node.is_one_of_many;
    write_log(LogLevel::kInfo, "pod",
              !is_lost         ? "stopping; once more to stop at once"
              : is_node        ? "the other nodes go on without this one: it stops, and starts anew"
              : waits(*config) ? "another pod has the database: this one stops, and waits for it"
                               : "another pod has had the database: this one serves nothing more");
    (*pod)->drain();
    if (!is_lost) std::this_thread::sleep_for(config->pod.drain);
    const bool is_finished = (*pod)->stop();
    write_log(LogLevel::kInfo, "pod",
              is_finished ? "stopped" : "stopped; what was under way goes on at the next start");
    // What is still running then uses all that would be destroyed here. Whoever has started the
    // program starts it again.
    if (!is_finished) std::_Exit(is_lost ? kExitFailure : kExitOk);
    if (!is_lost) return kExitOk;
    if (waits(*config)) continue;
    // What it knows of keys is of before. Whoever would start it again at once would take the
    // database back from the other one, which would do the same.
    while (!signals.wait(std::chrono::hours(24))) {
    }
    return kExitFailure;
  }
}

// What it may be and what it is otherwise are said where the docs do not.
Option option_of(const pod::SettingInfo& setting, std::optional<std::string>& target) {
  Option option{
      .name = pod::flag_of(setting.name), .docs = std::string(setting.docs), .target = &target};
  option.value = setting.name == "listen" ? "HOST:PORT" : setting.is_number ? "NUMBER" : "TEXT";
  if (setting.is_number) option.docs += fmt::format(" It is {}.", setting.expected);
  if (!setting.value.empty()) option.docs += fmt::format(" Default: {}", setting.value);
  option.docs += fmt::format(" [{}]", pod::variable_of(setting.name));
  return option;
}

}  // namespace

Command serve_command() {
  auto options = std::make_shared<ServeOptions>();
  Command command{
      .words = "serve",
      .docs =
          "Run a pod until SIGTERM or SIGINT. Settings come from --config FILE, over it from "
          "SYNAP_* variables, over both from flags. The first start prints the owner's key.",
      .example = "synap serve --data ~/synap --listen 127.0.0.1:4400",
      .options = {{"--config", "A TOML file with the settings below, as listen = \"…\".",
                   &options->file, "SYNAP_CONFIG"}},
      .run =
          [options] {
            static StopSignals signals;
            return serve(*options, signals);
          },
      .outlives_readers = true};
  const auto& settings = pod::settings();
  options->settings.resize(settings.size());
  for (std::size_t i = 0; i < settings.size(); ++i) {
    command.options.push_back(option_of(settings[i], options->settings[i]));
    if (!settings[i].is_switch) continue;
    command.options.back().target = &options->switches[std::string(settings[i].name)];
  }
  command.options.push_back(
      {"--json", "One line {\"url\",\"data\",\"pid\"} on stdout when ready.", &options->is_json});
  return command;
}

}  // namespace synap::cli
