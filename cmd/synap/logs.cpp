#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "synap/commands.h"
#include "synap/doctor_checks.h"
#include "synap/output.h"

namespace synap::cli {
namespace {

constexpr std::chrono::milliseconds kPause{200};  // files do not say when they grow
// Of the end of a file, in which the last lines are looked for.
constexpr std::int64_t kTailBytesMax = 4 * 1024 * 1024;

struct LogsOptions {
  std::string data = "./synap-data";
  std::int64_t lines = 100;
  bool follows = false;
};

// A pod writes its log to stderr and keeps none: where that goes is known of its process.
std::string target_of(const std::string& pid) {
  std::error_code failed;
  return std::filesystem::read_symlink("/proc/" + pid + "/fd/2", failed).string();
}

std::string where(const std::string& target, const std::string& pid) {
  if (target.empty())
    return "where it goes is not to be seen from here: it is another user's process";
  if (target.starts_with("/dev/pts/") || target.starts_with("/dev/tty")) {
    return fmt::format("it goes to the terminal {}", target);
  }
  if (target == "/dev/null") return "it goes to /dev/null: it is lost";
  if (target.starts_with("socket:")) {
    return fmt::format("it goes to a socket, as under systemd: journalctl _PID={} shows it", pid);
  }
  if (target.starts_with("pipe:")) return "it goes to another program, by a pipe";
  return fmt::format("it goes to {}", target);
}

// Where the last `lines` of the file begin.
std::int64_t begin_of_last(std::ifstream& file, std::int64_t lines) {
  file.seekg(0, std::ios::end);
  const std::int64_t end = file.tellg();
  const auto from = std::max<std::int64_t>(0, end - kTailBytesMax);
  std::string text(static_cast<std::size_t>(end - from), '\0');
  file.seekg(from);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  auto at = text.size();
  if (at > 0 && text.back() == '\n') --at;
  for (std::int64_t count = 0; at > 0; --at) {
    if (text[at - 1] == '\n' && ++count == lines) break;
  }
  return lines == 0 ? end : from + static_cast<std::int64_t>(at);
}

// What is written after the sentence is said is followed.
int show(const std::string& path, const LogsOptions& options, const std::string& sentence) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return report({Code::kForbidden, path + " cannot be read"}, false);
  auto at = begin_of_last(file, options.lines);
  tell(sentence);
  std::array<char, 64 * 1024> buffer{};
  for (;;) {
    file.clear();
    file.seekg(at);
    file.read(buffer.data(), buffer.size());
    const auto count = file.gcount();
    if (count > 0) print({buffer.data(), static_cast<std::size_t>(count)});
    at += count;
    if (count > 0) continue;
    if (!options.follows) return kExitOk;
    std::this_thread::sleep_for(kPause);
  }
}

int logs(const LogsOptions& options) {
  const LockProbe probe(options.data);
  if (!probe.is_pod_running()) {
    return report(
        {Code::kNotFound,
         fmt::format("No pod has {}: --data says where its directory is. A pod writes its "
                     "log to its stderr; `synap serve 2> FILE` keeps it",
                     options.data)},
        false);
  }
  const auto target = target_of(probe.pid());
  struct stat status{};
  const bool is_file = ::stat(target.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  const auto sentence = fmt::format("the log of the pod (pid {}) is its stderr; {}", probe.pid(),
                                    where(target, probe.pid()));
  if (is_file) return show(target, options, sentence);
  tell(sentence);
  return kExitOk;
}

}  // namespace

Command logs_command() {
  auto options = std::make_shared<LogsOptions>();
  return {
      .words = "logs",
      .docs =
          "Say where the log of the pod on this machine goes, and show its end if that is a "
          "file. A pod writes to its stderr and keeps no log of its own.",
      .example = "synap logs --follow",
      .options = {{.name = "--data",
                   .docs = "The pod's directory. Default: ./synap-data",
                   .target = &options->data,
                   .variable = "SYNAP_DATA",
                   .value = "DIR"},
                  {"--lines", "So many of the last lines.", &options->lines},
                  {"--follow", "Go on with what is written, until stopped.", &options->follows}},
      .run = [options] { return logs(*options); }};
}

}  // namespace synap::cli
