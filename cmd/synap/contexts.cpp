#include "synap/contexts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/json.h"
#include "synap/file.h"

namespace synap::cli {
namespace {

// Of thousands of contexts; what is larger is another file.
constexpr std::size_t kFileBytesMax = 16 * 1024 * 1024;
constexpr std::chrono::seconds kLockWaitMax{10};
constexpr std::chrono::milliseconds kLockPause{5};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::unexpected<Error> cannot(std::string_view what, const std::string& path) {
  return fail(Code::kBadRequest,
              fmt::format("{} cannot be {}: {}", path, what, std::strerror(errno)));
}

Json json_of(const Contexts& contexts) {
  Json all = Json::array();
  for (const auto& context : contexts.all) {
    all.push_back(
        Json::object({{"name", context.name}, {"url", context.url}, {"key", context.key}}));
  }
  return Json::object({{"current", contexts.current}, {"contexts", std::move(all)}});
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(file) == 0;
}

// Who changes the file: one at a time, since what each writes is what it read and its own. The lock
// has a file of its own, as contexts.json is another file after each change; it is left there.
class ContextsLock {
 public:
  explicit ContextsLock(const std::string& path)
      : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    // Others hold it for some milliseconds; one that was stopped is not waited for for ever.
    const auto until = std::chrono::steady_clock::now() + kLockWaitMax;
    while (file_ >= 0 && !is_held_) {
      is_held_ = ::flock(file_, LOCK_EX | LOCK_NB) == 0;
      if (is_held_ || (errno != EWOULDBLOCK && errno != EINTR)) return;
      if (std::chrono::steady_clock::now() > until) return;
      std::this_thread::sleep_for(kLockPause);
      errno = EWOULDBLOCK;
    }
  }
  ~ContextsLock() {
    if (file_ >= 0) ::close(file_);
  }
  ContextsLock(const ContextsLock&) = delete;
  ContextsLock& operator=(const ContextsLock&) = delete;
  /// False: errno says why.
  bool is_held() const { return is_held_; }

 private:
  int file_;
  bool is_held_ = false;
};

// Written beside it and renamed, so that a full disk takes no keys away.
Result<> write_contexts(const Contexts& contexts, const std::string& path) {
  auto beside = path + ".XXXXXX";
  const int file = ::mkostemp(beside.data(), O_CLOEXEC);  // mode 0600
  if (file < 0) return cannot("written", path);
  const bool is_written =
      write_all(file, json_of(contexts).dump_pretty() + "\n") && ::fsync(file) == 0;
  const int reason = errno;
  ::close(file);
  if (is_written && ::rename(beside.c_str(), path.c_str()) == 0) return {};
  if (!is_written) errno = reason;
  auto refused = cannot("written", path);
  ::unlink(beside.c_str());
  return refused;
}

}  // namespace

const Context* Contexts::find(std::string_view name) const {
  const auto found = std::ranges::find(all, name, &Context::name);
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> Contexts::names() const {
  std::vector<std::string> names;
  for (const auto& context : all) names.push_back(context.name);
  return names;
}

void Contexts::set(Context context) {
  const auto found = std::ranges::find(all, context.name, &Context::name);
  if (found == all.end()) {
    all.push_back(std::move(context));
  } else {
    *found = std::move(context);
  }
}

bool Contexts::remove(std::string_view name) {
  const bool is_current = current == name;
  if (std::erase_if(all, [&](const Context& each) { return each.name == name; }) == 0) return false;
  if (is_current) current.clear();
  return true;
}

std::string contexts_path() {
  auto home = variable("XDG_CONFIG_HOME");
  if (home.empty() && !variable("HOME").empty()) home = variable("HOME") + "/.config";
  return home.empty() ? "" : home + "/synap/contexts.json";
}

Result<Contexts> load_contexts() {
  const auto path = contexts_path();
  if (path.empty()) return Contexts{};
  const auto text = read_file(path, {.bytes_max = kFileBytesMax});
  if (!text && text.error().code == Code::kNotFound) return Contexts{};
  if (!text) return fail(Code::kBadRequest, fmt::format("{} {}", path, text.error().message));
  const auto json = parse_json(*text);
  const Json* all = json ? json->find("contexts") : nullptr;
  if (all == nullptr || !all->is_array()) {
    return fail(
        Code::kBadRequest,
        fmt::format("{} is no file of contexts: remove it, and `synap login` makes a new one",
                    path));
  }
  Contexts contexts{.current = std::string(json->string_or("current", "")), .all = {}};
  for (const auto& each : all->as_array()) {
    contexts.set({std::string(each.string_or("name", "")), std::string(each.string_or("url", "")),
                  std::string(each.string_or("key", ""))});
  }
  return contexts;
}

Result<> change_contexts(const std::function<Result<>(Contexts&)>& change) {
  const auto path = contexts_path();
  if (path.empty()) {
    return fail(Code::kBadRequest, "There is no place to keep a key: set HOME or XDG_CONFIG_HOME");
  }
  std::error_code failed;
  const auto directory = std::filesystem::path(path).parent_path();
  std::filesystem::create_directories(directory.parent_path(), failed);
  ::mkdir(directory.c_str(), 0700);
  const ContextsLock lock(path + ".lock");
  if (!lock.is_held()) return cannot("changed", path);
  auto contexts = load_contexts();
  if (!contexts) return fail(contexts.error());
  if (auto changed = change(*contexts); !changed) return changed;
  return write_contexts(*contexts, path);
}

}  // namespace synap::cli
