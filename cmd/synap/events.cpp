#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"

namespace synap::cli {
namespace {

constexpr std::int64_t kPageMax = 1'000;  // of events.list
constexpr std::chrono::milliseconds kReconnectDelayMin{200};
constexpr std::chrono::milliseconds kReconnectDelayMax{5'000};

struct EventOptions {
  ClientOptions client;
  std::int64_t after = 0;
  std::int64_t limit = 100;
  std::vector<std::string> types;
  std::string aggregate_id;
  std::string correlation_id;
  std::string id;
  std::optional<std::string> tail_after;
};

std::string number_of(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_integer() ? std::to_string(value->as_integer()) : "-";
}

//      12  2026-01-31T12:00:00.000Z  note.creation.completed   note 0198…  request 0198…
std::string readable(const Json& event) {
  auto line = fmt::format("{:>8}  {}  {:<26}", number_of(event, "position"),
                          event.string_or("timestamp", ""), event.string_or("type", ""));
  if (const auto id = event.string_or("aggregateId", ""); !id.empty()) {
    line += fmt::format("  {} {}", event.string_or("aggregateType", ""), id);
  }
  if (const auto id = event.string_or("requestId", ""); !id.empty()) {
    line += fmt::format("  request {}", id);
  }
  return printable(line);
}

Json array_of(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const auto& text : texts) array.push_back(text);
  return array;
}

int list(const EventOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  Json input = Json::object();
  if (!options.types.empty()) input.set("types", array_of(options.types));
  if (!options.aggregate_id.empty()) input.set("aggregateId", options.aggregate_id);
  if (!options.correlation_id.empty()) input.set("correlationId", options.correlation_id);
  Json events = Json::array();
  std::int64_t after = options.after;
  auto missing = options.limit;
  while (missing > 0) {
    const auto limit = std::min(missing, kPageMax);
    input.set("after", after).set("limit", limit);
    auto page = pod->query("events.list", input);
    if (!page) return report(page.error(), is_json);
    const Json* found = page->find("events");
    const Json* next = page->find("nextAfter");
    if (found == nullptr || next == nullptr) break;
    for (const auto& event : found->as_array()) {
      if (is_json) {
        events.push_back(event);
      } else {
        print_line(readable(event));
      }
    }
    missing -= static_cast<std::int64_t>(found->as_array().size());
    after = next->as_integer();
    // A page that is not full, or is empty, may end before the log does.
    const Json* at_end = page->find("atEnd");
    if (at_end == nullptr || !at_end->is_bool() || at_end->as_bool()) break;
  }
  if (is_json)
    print_line(Json::object({{"events", std::move(events)}, {"nextAfter", after}}).dump());
  return kExitOk;
}

int get(const EventOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto event = pod->query("events.get", Json::object({{"id", options.id}}));
  if (!event) return report(event.error(), is_json);
  print_line(is_json ? event->dump() : event->dump_pretty());
  return kExitOk;
}

// Says once that the connection is lost, and once that it is back.
class Patience {
 public:
  void wait() {
    if (delay_ == kReconnectDelayMin) tell("the pod does not answer any more; trying again");
    std::this_thread::sleep_for(delay_);
    delay_ = std::min(delay_ * 2, kReconnectDelayMax);
  }
  void reset() { delay_ = kReconnectDelayMin; }

 private:
  std::chrono::milliseconds delay_ = kReconnectDelayMin;
};

int tail(const EventOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  // A place in the log from the start: so that nothing is missed if the connection is lost before
  // the first event. And a pod that has answered once is waited for.
  const auto end = pod->end_of_log();
  if (!end) return report(end.error(), is_json);
  std::string last_id = options.tail_after.value_or(std::to_string(*end));
  Json input = Json::object();
  if (!options.types.empty()) input.set("types", array_of(options.types));
  Patience patience;
  for (;;) {
    auto ended = pod->subscribe("events.watch", input, last_id, [&](const Json& event) {
      patience.reset();
      print_line(is_json ? event.dump() : readable(event));
      return true;
    });
    if (!ended && !is_passing(ended.error())) return report(ended.error(), is_json);
    patience.wait();
  }
}

Command with_client_options(Command command, const std::shared_ptr<EventOptions>& options) {
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

Option types_option(EventOptions& options) {
  return {"--type", "Only events of this type; may be given several times.", &options.types};
}

}  // namespace

Command events_list_command() {
  auto options = std::make_shared<EventOptions>();
  return with_client_options(
      {.words = "events list",
       .docs = "List events, the oldest first.",
       .example = "synap events list --type note.creation.completed --limit 20",
       .options = {{"--after", "Only events behind this position. Default: 0", &options->after},
                   {"--limit", "At most so many. Default: 100", &options->limit},
                   types_option(*options),
                   {"--aggregate", "Only events about this thing.", &options->aggregate_id},
                   {"--correlation", "Only events of this cause, a requestId.",
                    &options->correlation_id}},
       .run = [options] { return list(*options); }},
      options);
}

Command events_get_command() {
  auto options = std::make_shared<EventOptions>();
  return with_client_options({.words = "events get",
                              .docs = "Print one event as JSON.",
                              .example = "synap events get 01980000-0000-7000-8000-000000000000",
                              .options = {{"ID", "Of the event.", &options->id, "", true}},
                              .run = [options] { return get(*options); }},
                             options);
}

Command events_tail_command() {
  auto options = std::make_shared<EventOptions>();
  return with_client_options(
      {.words = "events tail",
       .docs = "Print events as they happen, a line each, until stopped. Goes on where it was when "
               "the pod was away.",
       .example = "synap events tail --type note.creation.completed --json",
       .options = {types_option(*options),
                   {"--after", "Begin behind this position. Default: from now on",
                    &options->tail_after}},
       .run = [options] { return tail(*options); }},
      options);
}

}  // namespace synap::cli
