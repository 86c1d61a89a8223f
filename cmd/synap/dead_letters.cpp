#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "bus/function_name.h"
#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"
#include "synap/short_ids.h"
#include "synap/table.h"
#include "synap/terminal.h"
#include "synap/times.h"

namespace synap::cli {
namespace {

struct LetterOptions {
  ClientOptions client;
  std::string id;
  std::string function;
  std::string name;
  std::string message;
  std::optional<std::string> from;
  std::optional<std::string> to;
  bool is_all = false;
};

std::int64_t integer_of(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_integer() ? value->as_integer() : 0;
}

int groups(const LetterOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  Json input = Json::object();
  if (!options.function.empty()) input.set("function", options.function);
  auto answer = pod->query("deadLetters.groups", input);
  if (!answer) return report(answer.error(), is_json);
  if (is_json) {
    print_json(*answer);
    return kExitOk;
  }
  const Json* found = answer->find("groups");
  if (found == nullptr || !found->is_array()) return kExitOk;
  if (!is_terminal()) {
    for (const auto& group : found->as_array()) {
      print_line(
          printable(fmt::format("{:>6}  {}  {}  {}: {}", integer_of(group, "count"),
                                group.string_or("lastAt", ""), group.string_or("function", ""),
                                group.string_or("name", ""), group.string_or("message", ""))));
    }
  } else {
    Table table({{.heading = "COUNT", .is_number = true},
                 {.heading = "LAST", .is_fixed = true},
                 {.heading = "FUNCTION"},
                 {.heading = "ERROR"}});
    for (const auto& group : found->as_array()) {
      table.add(
          {{std::to_string(integer_of(group, "count"))},
           {local_time(group.string_or("lastAt", "")).substr(0, 16)},
           {std::string(bus::name_of_function(group.string_or("function", "")))},
           {fmt::format("{}: {}", group.string_or("name", ""), group.string_or("message", "")),
            Colour::kBad}});
    }
    table.show("dead letters");
  }
  if (const Json* is_cut = answer->find("isCut"); is_cut != nullptr && *is_cut == Json(true)) {
    tell(fmt::format("Of the newest {}; there are more", integer_of(*answer, "lookedAt")));
  }
  return kExitOk;
}

// Call after call, while the pod says that there are more.
int sweep(const LetterOptions& options, const char* path, std::string_view done) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  Json input = Json::object();
  if (!options.id.empty()) {
    const auto id = whole_id(*pod, "runs.list", options.id);
    if (!id) return report(id.error(), is_json);
    input.set("id", *id);
  }
  const std::pair<const char*, const std::string*> filters[] = {
      {"function", &options.function}, {"name", &options.name}, {"message", &options.message}};
  for (const auto& [name, value] : filters) {
    if (!value->empty()) input.set(name, *value);
  }
  const auto times = set_times(input, options.from, "--from", options.to, "--to", unix_ms_now());
  if (!times) return report(times.error(), is_json);
  if (options.is_all) input.set("all", true);
  std::int64_t count = 0;
  std::int64_t passed_over = 0;
  for (;;) {
    auto answer = pod->mutate(path, input);
    if (!answer) return report(answer.error(), is_json);
    count += integer_of(*answer, "count");
    passed_over += integer_of(*answer, "passedOver");
    const auto cursor = answer->string_or("nextCursor", "");
    if (cursor.empty()) break;
    input.set("cursor", cursor);
  }
  if (is_json) {
    print_json(Json::object({{"count", count}, {"passedOver", passed_over}}));
  } else {
    print_line(fmt::format("{} {}{}", count, done,
                           passed_over > 0 ? fmt::format(", {} passed over", passed_over) : ""));
  }
  return kExitOk;
}

Command with_filters(Command command, const std::shared_ptr<LetterOptions>& options) {
  command.options = {{"ID", "Of one run; or a filter.", &options->id},
                     {"--function", "Only those of this function.", &options->function},
                     {"--name", "Only those with an error of this name.", &options->name},
                     {"--message", "Only those whose error says this.", &options->message},
                     {.name = "--from",
                      .docs = "Only runs queued then or later: 2h, 3d, a day or a time.",
                      .target = &options->from,
                      .value = "WHEN"},
                     {.name = "--to",
                      .docs = "Only runs queued before; a day counts whole.",
                      .target = &options->to,
                      .value = "WHEN"},
                     {"--all", "All there are.", &options->is_all}};
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace

Command dlq_groups_command() {
  auto options = std::make_shared<LetterOptions>();
  Command command{.words = "dlq groups",
                  .docs = "Dead letters by function and error, the most first.",
                  .example = "synap dlq groups",
                  .options = {{"--function", "Only those of this function.", &options->function}},
                  .run = [options] { return groups(*options); }};
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

Command dlq_replay_command() {
  auto options = std::make_shared<LetterOptions>();
  return with_filters(
      {.words = "dlq replay",
       .docs = "Try one dead letter again, or all that a filter finds. Steps that are done stay "
               "done.",
       .example = "synap dlq replay --function notes.create",
       .run = [options] { return sweep(*options, "deadLetters.replay", "are tried again"); }},
      options);
}

Command dlq_discard_command() {
  auto options = std::make_shared<LetterOptions>();
  return with_filters(
      {.words = "dlq discard",
       .docs = "Put one dead letter away, or all that a filter finds. Their runs stay, as "
               "discarded.",
       .example = "synap dlq discard --name BAD_REQUEST",
       .run = [options] { return sweep(*options, "deadLetters.discard", "are put away"); }},
      options);
}

}  // namespace synap::cli
