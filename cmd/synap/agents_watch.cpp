// agents watch: a run of an agent as it goes on, with the words of its answer as they come.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "synap/commands.h"
#include "synap/output.h"
#include "synap/patience.h"
#include "synap/pod_client.h"
#include "synap/short_ids.h"
#include "synap/terminal.h"

namespace synap::cli {
namespace {

constexpr std::string_view kWatch = "agents.watch";

struct WatchOptions {
  ClientOptions client;
  std::string id;
};

// What is told as lines, and the pieces of an answer between them as they are.
class WatchedAgent {
 public:
  void see(const Json& item) {
    const auto type = item.string_or("type", "");
    if (type == "text") {
      is_in_text_ = true;
      print(printable_lines(item.string_or("text", "")));
    } else if (type == "run") {
      see_run(item);
    } else if (type == "tool") {
      line(fmt::format("tool    {}  {}", item.string_or("name", ""),
                       item.string_or("arguments", "")));
    } else if (type == "result") {
      const Json* ok = item.find("ok");
      const bool is_ok = ok != nullptr && ok->is_bool() && ok->as_bool();
      line(fmt::format("{}  {}  {}", is_ok ? "gave  " : "failed", item.string_or("name", ""),
                       item.string_or("text", "")));
    } else if (type == "state") {
      see_state(item);
    } else if (type == "answer") {
      line("answer");  // what was said of one before it that broke off is void
    }
  }

 private:
  void line(const std::string& text) {
    if (std::exchange(is_in_text_, false)) print("\n");
    const auto shown = printable(text);
    print_line(is_terminal() ? truncated(shown, terminal_width()) : shown);
  }
  // An answer has line feeds; anything else that moves the cursor is shown as what it is.
  static std::string printable_lines(std::string_view text) {
    std::string shown;
    for (;;) {
      const auto end = text.find('\n');
      shown += printable(text.substr(0, end));
      if (end == std::string_view::npos) return shown;
      shown += '\n';
      text.remove_prefix(end + 1);
    }
  }
  void see_run(const Json& item) {
    const Json* run = item.find("run");
    if (run == nullptr) return;
    auto text = fmt::format("{}  {}  {}", run->string_or("id", ""), run->string_or("agent", ""),
                            run->string_or("status", ""));
    if (const Json* error = run->find("error"); error != nullptr && error->is_object()) {
      text += fmt::format("  {}", error->string_or("message", ""));
    }
    line(text);
    const Json* questions = run->find("questions");
    if (questions == nullptr || !questions->is_array()) return;
    for (const auto& one : questions->as_array()) line("asks    " + one.dump());
  }
  void see_state(const Json& item) {
    const Json* number = item.find("number");
    std::string text = "state   ";
    if (const Json* path = item.find("path"); path != nullptr && path->is_array()) {
      for (const auto& graph : path->as_array()) {
        if (graph.is_string()) text += graph.as_string() + "  ";
      }
    }
    text += number != nullptr ? number->dump() : "";
    const Json* next = item.find("next");
    if (next != nullptr && next->is_array()) {
      for (const auto& node : next->as_array()) {
        if (node.is_string()) text += "  " + node.as_string();
      }
    }
    line(text);
  }

  bool is_in_text_ = false;
};

int watch(const WatchOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  const auto id = whole_id(*pod, "agents.runs", options.id);
  if (!id) return report(id.error(), is_json);
  WatchedAgent watched;
  std::string status;
  Patience patience;
  std::string last_id;
  bool was_connected = false;
  for (;;) {
    auto ended = pod->subscribe(
        kWatch, Json::object({{"id", *id}}), last_id,
        [&](const Json& item) {
          if (const Json* run = item.find("run")) status = run->string_or("status", "");
          if (is_json) {
            print_json(item);
          } else {
            watched.see(item);
          }
          return true;
        },
        [&] {
          was_connected = true;
          patience.reset();
        });
    if (ended && *ended) return status == "completed" ? kExitOk : kExitFailure;
    if (!ended && (!was_connected || !is_passing(ended.error()))) {
      return report(ended.error(), is_json);
    }
    patience.wait();
  }
}

}  // namespace

Command agents_watch_command() {
  auto options = std::make_shared<WatchOptions>();
  Command command{
      .words = "agents watch",
      .docs =
          "Follow a run of an agent until it has ended: its states, the tools that it calls, "
          "and what its model answers, as it comes. The exit code is 0 if it has completed, "
          "else 1.",
      .example = "synap agents watch 7a3c2f19",
      .options =
          {{.name = "ID", .docs = "Of the run.", .target = &options->id, .is_required = true}},
      .run = [options] { return watch(*options); }};
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace synap::cli
