#include "synap/doctor_checks.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/clock.h"
#include "outbound/url.h"
#include "pod/config.h"
#include "pod/data_directory.h"
#include "synap/key_source.h"
#include "synap/port_holder.h"

namespace synap::cli {
namespace {

namespace fs = std::filesystem;
using Status = Check::Status;

constexpr std::uint64_t kMiB = 1024 * 1024;
// A group commit waits for one of these; slower disks work, but every command waits that long.
constexpr double kFsyncSlowMs = 50;
constexpr std::uint64_t kSpaceLow = 1024 * kMiB;
constexpr std::uint64_t kSpaceNone = 64 * kMiB;
// 2025-01-01: this program is younger. And ids have room for times far beyond 2100.
constexpr std::int64_t kTimeMin = 1'735'689'600'000;
constexpr std::int64_t kTimeMax = 4'102'444'800'000;
constexpr std::int64_t kClockBehindMaxMs = 60'000;

std::string because() {
  return std::strerror(errno);
}

// `data`, or the nearest directory above it that exists.
fs::path existing(const std::string& data) {
  std::error_code failed;
  fs::path path = fs::absolute(data, failed).lexically_normal();
  while (!fs::exists(path, failed) && path.has_relative_path()) path = path.parent_path();
  return path;
}

double write_and_sync_ms(int file) {
  const std::array<char, 4096> page{};
  const auto begin = std::chrono::steady_clock::now();
  if (::pwrite(file, page.data(), page.size(), 0) != static_cast<ssize_t>(page.size())) return -1;
  if (::fsync(file) != 0) return -1;
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

}  // namespace

// The directory's lock, and that of the file for one that cannot be locked.
LockProbe::LockProbe(const std::string& data) {
  directory_ = ::open(data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_ < 0) return;
  lock_ = ::openat(directory_, "synap.lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  for (const int held : {directory_, lock_}) {
    is_held_by_pod_ = is_held_by_pod_ ||
                      (held >= 0 && ::flock(held, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK);
  }
  if (lock_ < 0) return;
  std::array<char, 32> holder{};
  const auto count = ::pread(lock_, holder.data(), holder.size(), 0);
  pid_.assign(holder.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
}

LockProbe::~LockProbe() {
  for (const int held : {directory_, lock_}) {
    if (held >= 0) ::close(held);
  }
}

Check check_directory(const std::string& data) {
  const auto path = existing(data);
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return {"directory", Status::kFail, fmt::format("{} is no directory", path.string())};
  }
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return {"directory", Status::kFail,
            fmt::format("{} cannot be written: {}", path.string(), because())};
  }
  std::error_code failed;
  if (!fs::exists(data, failed)) {
    return {
        "directory", Status::kOk,
        fmt::format("{} is not there yet; the first start makes it in {}", data, path.string())};
  }
  if (pod::is_open_to_writers(status.st_mode)) {
    return {"directory", Status::kFail,
            fmt::format("{} can be written by others (mode {:o}), and no pod uses it; chmod go-w "
                        "closes it",
                        path.string(), status.st_mode & 0777)};
  }
  if ((status.st_mode & 0077) != 0) {
    return {"directory", Status::kWarn,
            fmt::format("{} is open to other users (mode {:o}); chmod 700 closes it", path.string(),
                        status.st_mode & 0777)};
  }
  return {"directory", Status::kOk, fmt::format("{} can be written", path.string())};
}

Check check_fsync(const std::string& data) {
  // A file without a name leaves nothing behind, however this ends; not every filesystem has such.
  const auto directory = existing(data);
  int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) {
    auto name = (directory / ".synap-doctor-XXXXXX").string();
    file = ::mkostemp(name.data(), O_CLOEXEC);
    if (file >= 0) ::unlink(name.c_str());
  }
  if (file < 0) return {"fsync", Status::kFail, fmt::format("no file can be made: {}", because())};
  std::vector<double> times;
  times.reserve(9);
  for (int i = 0; i < 9; ++i) times.push_back(write_and_sync_ms(file));
  const auto reason = because();
  ::close(file);
  std::ranges::sort(times);
  if (times.front() < 0) return {"fsync", Status::kFail, fmt::format("it fails: {}", reason)};
  const auto median = times[times.size() / 2];
  return {"fsync", median > kFsyncSlowMs ? Status::kWarn : Status::kOk,
          fmt::format("{:.1f} ms in the middle, {:.1f} ms at worst{}", median, times.back(),
                      median > kFsyncSlowMs ? "; every command waits for one" : "")};
}

Check check_space(const std::string& data) {
  struct statvfs system{};
  if (::statvfs(existing(data).c_str(), &system) != 0) {
    return {"disk", Status::kFail, fmt::format("it cannot be asked for: {}", because())};
  }
  const std::uint64_t free = std::uint64_t{system.f_bavail} * system.f_frsize;
  const auto status = free < kSpaceNone  ? Status::kFail
                      : free < kSpaceLow ? Status::kWarn
                                         : Status::kOk;
  return {"disk", status,
          fmt::format("{} are free", pod::size_text(static_cast<std::int64_t>(free)))};
}

Check check_clock(const std::string& data) {
  const auto now = unix_ms_now();
  if (now < kTimeMin || now > kTimeMax) {
    return {"clock", Status::kFail, fmt::format("it says {}, which cannot be", to_iso8601(now))};
  }
  struct stat status{};
  for (const auto* name : {"/synap.db-wal", "/synap.db"}) {
    if (::stat((data + name).c_str(), &status) != 0) continue;
    const auto written = static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1000;
    if (written > now + kClockBehindMaxMs) {
      return {"clock", Status::kWarn,
              fmt::format("it says {}, but the database was written at {}", to_iso8601(now),
                          to_iso8601(written))};
    }
  }
  return {"clock", Status::kOk, fmt::format("it says {}", to_iso8601(now))};
}

Check check_sqlite() {
  return {"sqlite", Status::kOk, fmt::format("version {}", sqlite3_libversion())};
}

Check check_key_file(const std::string& data) {
  const auto path = data + "/owner.key";
  if (const auto why = unreadable(data); !why.empty()) return {"key file", Status::kFail, why};
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    const bool is_new = ::access((data + "/synap.db").c_str(), F_OK) != 0;
    return {"key file", is_new ? Status::kOk : Status::kWarn,
            is_new ? "there is none yet; the first start makes it"
                   : fmt::format("{} is gone; commands need --key", path)};
  }
  if ((status.st_mode & 0077) != 0) {
    return {"key file", Status::kFail,
            fmt::format("{} can be read by others (mode {:o}); chmod 600 closes it", path,
                        status.st_mode & 0777)};
  }
  if (const auto file = read_key_file(path); file.key.empty()) {
    return {"key file", Status::kFail,
            fmt::format("{}: {}", path, file.problem.empty() ? "it is gone" : file.problem)};
  }
  return {"key file", Status::kOk, fmt::format("{}, mode {:o}", path, status.st_mode & 0777)};
}

Check check_pod(PodClient& pod, const std::string& data) {
  const auto answer = pod.get("/ready");
  if (!answer) return {"pod", Status::kFail, answer.error().message};
  const auto here = url_in(data);
  if (!here.empty() && !is_same_place(here, pod.url())) {
    return {"pod", Status::kWarn,
            fmt::format("{} answers; the pod of {} is at {}: --data {} asks that one", pod.url(),
                        data, here, data)};
  }
  if (answer->status == 200) return {"pod", Status::kOk, pod.url() + " answers and can write"};
  const auto body = parse_json(answer->body);
  return {"pod", Status::kFail,
          fmt::format("{} answers {}: {}", pod.url(), answer->status,
                      body ? body->string_or("reason", answer->body) : answer->body)};
}

Check check_key(PodClient& pod) {
  const auto known = pod.try_key();
  if (!known) return {"key", Status::kFail, known.error().message};
  return {"key", Status::kOk, *known ? "the pod knows it" : "the pod knows it; it has few scopes"};
}

std::vector<Check> checks_of_pod(PodClient& pod) {
  constexpr std::string_view kTold[] = {"mode", "search", "search meaning"};
  // What stands still while they fail.
  constexpr std::string_view kMustBeWell[] = {"inngest server", "read models"};
  std::vector<Check> told;
  const auto answer = pod.query("pod.doctor", Json::object());
  const Json* checks = answer ? answer->find("checks") : nullptr;
  if (checks == nullptr || !checks->is_array()) return told;
  for (const auto& check : checks->as_array()) {
    const auto name = check.string_or("name", "");
    const bool must_be_well = std::ranges::find(kMustBeWell, name) != std::end(kMustBeWell);
    if (!must_be_well && std::ranges::find(kTold, name) == std::end(kTold)) continue;
    const auto status = check.string_or("status", "");
    told.push_back({std::string(name),
                    status == "ok"                     ? Status::kOk
                    : must_be_well && status == "fail" ? Status::kFail
                                                       : Status::kWarn,
                    std::string(check.string_or("message", ""))});
  }
  return told;
}

// A pod answers its health to everybody, in a shape that is no accident.
bool is_pod(PodClient& pod) {
  const auto health = pod.query("health", Json::object());
  return health && health->string_or("status", "") == "ok";
}

std::string unreadable(const std::string& data) {
  if (::access(data.c_str(), R_OK | X_OK) == 0 || errno == ENOENT) return "";
  return fmt::format("{} cannot be read ({}), so it was not looked at", data, because());
}

Check check_port(PodClient& pod) {
  const auto& url = pod.url();
  const auto parts = outbound::parse_url(url);
  if (!parts || !pod::is_loopback(parts->host)) {
    return {"port", Status::kWarn, url + " is not on this machine; not looked at"};
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(parts->port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_free =
      ::bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
      ::listen(listener, 1) == 0;
  const auto reason = because();
  ::close(listener);
  if (is_free) return {"port", Status::kOk, fmt::format("{} is free", parts->port)};
  if (is_pod(pod)) {
    const auto ready = pod.get("/ready");
    if (ready && ready->status != 200) {
      const auto body = parse_json(ready->body);
      return {"port", Status::kFail,
              fmt::format("the pod at {} is not ready: {}", url,
                          body ? body->string_or("reason", ready->body) : ready->body)};
    }
    return {"port", Status::kOk,
            fmt::format("a pod answers at {}; its data directory is another than this one: --data "
                        "says which to look at",
                        url)};
  }
  const auto holder = holder_of_port(parts->port);
  if (holder && holder->program == "synap") {
    return {"port", Status::kFail,
            fmt::format("a pod has port {} and does not answer; {}", parts->port, who_has(holder))};
  }
  return {"port", Status::kFail,
          fmt::format("{} cannot be used: {}; {}; choose another with --listen", parts->port,
                      reason, who_has(holder))};
}

}  // namespace synap::cli
