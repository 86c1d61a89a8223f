#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"

namespace synap::cli {
namespace {

struct OpenOptions {
  ClientOptions client;
  bool only_prints = false;
};

// Asks the desktop for a browser. False: there is none here, as on a server.
bool show_in_browser(const std::string& url) {
  const bool has_desktop =
      std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
  if (!has_desktop || ::isatty(STDOUT_FILENO) == 0) return false;
  std::string program = "xdg-open";
  std::string argument = url;
  char* const arguments[] = {program.data(), argument.data(), nullptr};
  pid_t pid = 0;
  if (::posix_spawnp(&pid, program.c_str(), nullptr, nullptr, arguments, environ) != 0)
    return false;
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int open(const OpenOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto link = pod->mutate("sessions.createLink", Json::object());
  if (!link) return report(link.error(), is_json);
  const auto path = link->string_or("path", "");
  // Whatever it says, the link leads to the pod that was asked.
  if (!path.starts_with("/#") || printable(path) != path) {
    return report({Code::kServiceUnavailable,
                   fmt::format("What answers at {} makes no links of this version", pod->url())},
                  is_json);
  }
  const auto url = pod->url() + std::string(path);
  if (is_json) {
    link->set("url", url);
    print_json(*link);
    return kExitOk;
  }
  if (!options.only_prints && show_in_browser(url)) {
    tell(fmt::format("{} is in your browser", pod->url()));
    return kExitOk;
  }
  tell("open this in a browser; it signs you in once, within 15 minutes:");
  print_line(url);
  return kExitOk;
}

}  // namespace

Command open_command() {
  auto options = std::make_shared<OpenOptions>();
  Command command{.words = "open",
                  .docs =
                      "Open the pod's page in a browser, signed in. Without a desktop: print a "
                      "link that does, once.",
                  .example = "synap open",
                  .options = {{"--print", "Only print the link.", &options->only_prints}},
                  .run = [options] { return open(*options); }};
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace synap::cli
