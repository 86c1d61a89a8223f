#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/clock.h"
#include "base/uuid.h"
#include "bus/function_name.h"
#include "synap/commands.h"
#include "synap/event_search.h"
#include "synap/output.h"
#include "synap/patience.h"
#include "synap/pod_client.h"
#include "synap/short_ids.h"
#include "synap/table.h"
#include "synap/terminal.h"
#include "synap/times.h"

namespace synap::cli {
namespace {

struct EventOptions {
  ClientOptions client;
  std::int64_t after = -1;  // not given
  std::int64_t limit = 100;
  bool wants_all = false;
  std::optional<std::string> since;
  std::optional<std::string> until;
  std::vector<std::string> types;
  std::string aggregate_id;
  std::string correlation_id;
  std::string id;
};

std::string number_of(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_integer() ? std::to_string(value->as_integer()) : "-";
}

bool is_damaged(const Json& event) {
  const Json* damaged = event.find("damaged");
  return damaged != nullptr && damaged->is_bool() && damaged->as_bool();
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
  if (is_damaged(event)) line += "  damaged on disk";
  return printable(line);
}

Json array_of(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const auto& text : texts) array.push_back(text);
  return array;
}

// What an event is about that is about no thing: of runs and functions which, and what went wrong.
std::string words_of(const Json& event) {
  const Json* data = event.find("data");
  if (data == nullptr || !data->is_object()) return "";
  const auto name = bus::name_of_function(data->string_or("function", ""));
  const auto message = data->string_or("message", "");
  return fmt::format("{}{}{}", name, name.empty() || message.empty() ? "" : ": ", message);
}

// In a terminal: the position, the local time, what happened, and the ends of ids.
std::vector<Cell> cells_of(const Json& event) {
  const auto type = event.string_or("type", "");
  const auto about = event.string_or("aggregateId", "");
  return {
      {number_of(event, "position"), Colour::kFaint},
      {local_time(event.string_or("timestamp", ""))},
      {is_damaged(event) ? std::string(type) + " (damaged)" : std::string(type),
       is_damaged(event) ? Colour::kBad : colour_of(type)},
      {about.empty() ? words_of(event)
                     : fmt::format("{} {}", event.string_or("aggregateType", ""), short_id(about))},
      {short_id(event.string_or("requestId", "")), Colour::kFaint}};
}

void show(const std::vector<Json>& events) {
  if (!is_terminal()) {
    for (const auto& event : events) print_line(readable(event));
    return;
  }
  Table table({{.heading = "POSITION", .is_number = true},
               {.heading = "TIME", .is_fixed = true},
               {.heading = "TYPE"},
               {.heading = "ABOUT"},
               {.heading = "REQUEST", .is_fixed = true, .is_extra = true}});
  for (const auto& event : events) table.add(cells_of(event));
  table.show("events");
}

Result<EventSearch> search_of(PodClient& pod, const EventOptions& options) {
  const auto id_of = [&](std::string_view member, const std::string& text) -> Result<std::string> {
    if (text.empty()) return text;
    auto id = whole_id_of_events(pod, member, text);
    const bool is_none = id ? !Uuid::parse(*id) : id.error().code == Code::kBadRequest;
    if (!is_none) return id;
    return fail(Code::kBadRequest,
                fmt::format("--{} must be an id, as 01980000-0000-7000-8000-000000000000, or the "
                            "end of one; it is \"{}\"",
                            member.substr(0, member.size() - 2), text));
  };
  const auto aggregate_id = id_of("aggregateId", options.aggregate_id);
  if (!aggregate_id) return fail(aggregate_id.error());
  const auto correlation_id = id_of("correlationId", options.correlation_id);
  if (!correlation_id) return fail(correlation_id.error());
  EventSearch search{.after = std::max<std::int64_t>(options.after, 0), .limit = options.limit};
  auto types = event_types(pod, options.types);
  if (!types) return fail(types.error());
  if (!types->empty()) search.filter.set("types", array_of(*types));
  if (!aggregate_id->empty()) search.filter.set("aggregateId", *aggregate_id);
  if (!correlation_id->empty()) search.filter.set("correlationId", *correlation_id);
  if (options.wants_all) search.limit = std::numeric_limits<std::int64_t>::max();
  auto times =
      set_times(search.filter, options.since, "--since", options.until, "--until", unix_ms_now());
  if (!times) return fail(times.error());
  return search;
}

void tell_more(const FoundEvents& found, bool are_newest, bool is_filtered) {
  if (!found.has_more) return;
  if (!are_newest) {
    tell(fmt::format(
        "there may be more behind position {}: --after {} goes on there, --all shows all", found.to,
        found.to));
  } else if (found.events.empty()) {
    tell(fmt::format("nothing was found behind position {}; --all looks at what is before it",
                     found.from));
  } else {
    tell(
        fmt::format("the newest {} are shown; there {} older ones: --limit, --since or --all show "
                    "more, --after 0 begins with the oldest",
                    found.events.size(), is_filtered ? "may be" : "are"));
  }
}

// Without --after and --all the newest: whoever looks at a log wants its end.
int list(const EventOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto search = search_of(*pod, options);
  if (!search) return report(search.error(), is_json);
  const bool are_newest = options.after < 0 && !options.wants_all;
  auto found = are_newest ? newest_events(*pod, *search) : events_after(*pod, *search);
  if (!found) return report(found.error(), is_json);
  if (is_json) {
    print_json(Json::object({{"events", Json(std::move(found->events))},
                             {"nextAfter", found->to},
                             {"hasMore", found->has_more}}));
  } else {
    // Said before a pager begins; and what it begins with is what is looked for.
    tell_more(*found, are_newest, !search->filter.as_object().empty());
    if (are_newest && is_terminal()) std::ranges::reverse(found->events);
    show(found->events);
  }
  return kExitOk;
}

// An id, or a position, which is what people see.
Result<Json> find_event(PodClient& pod, const std::string& id) {
  const bool is_position =
      !id.empty() && id.size() <= 15 && id.find_first_not_of("0123456789") == std::string::npos;
  if (!is_position) {
    auto whole = whole_id_of_events(pod, "id", id);
    if (!whole) return fail(whole.error());
    return pod.query("events.get", Json::object({{"id", *whole}}));
  }
  const std::int64_t position = std::stoll(id);
  auto found = events_after(pod, {.after = std::max<std::int64_t>(position - 1, 0), .limit = 1});
  if (!found) return fail(found.error());
  if (!found->events.empty() &&
      number_of(found->events[0], "position") == std::to_string(position)) {
    return std::move(found->events[0]);
  }
  return fail(Code::kNotFound, fmt::format("There is no event of yours at position {}", position));
}

int get(const EventOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto event = find_event(*pod, options.id);
  if (!event) return report(event.error(), is_json);
  print_line(json_text(is_json ? event->dump() : event->dump_pretty()));
  return kExitOk;
}

// A line as they come: there is no table whose widths could be known.
std::string live_line(const Json& event) {
  if (!is_terminal()) return readable(event);
  const auto cells = cells_of(event);
  auto line = fmt::format("{:>8}  {}  {}  {}  {}", cells[0].text, cells[1].text,
                          padded(cells[2].text, 26), padded(cells[3].text, 13), cells[4].text);
  return coloured(truncated(printable(line), terminal_width()), cells[2].colour, has_colour());
}

int tail(const EventOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  // A place in the log from the start: so that nothing is missed if the connection is lost before
  // the first event. And a pod that has answered once is waited for.
  const auto end = pod->end_of_log();
  if (!end) return report(end.error(), is_json);
  auto types = event_types(*pod, options.types);
  if (!types) return report(types.error(), is_json);
  if (options.after > *end) {
    return report({Code::kBadRequest,
                   fmt::format("--after {} is beyond the end of the log, {}", options.after, *end)},
                  is_json);
  }
  std::string last_id = std::to_string(options.after < 0 ? *end : options.after);
  if (options.since) {
    const auto time = parse_since(*options.since, unix_ms_now());
    const auto begin = time ? position_at(*pod, to_iso8601(*time)) : fail(time.error());
    if (!begin) return report(begin.error(), is_json);
    last_id = std::to_string(*begin);
  }
  Json input = Json::object();
  if (!types->empty()) input.set("types", array_of(*types));
  Patience patience;
  for (;;) {
    auto ended = pod->subscribe(
        "events.watch", input, last_id,
        [&](const Json& event) {
          print_line(is_json ? json_text(event.dump()) : live_line(event));
          return true;
        },
        [&] { patience.reset(); });
    if (!ended && !is_passing(ended.error())) return report(ended.error(), is_json);
    patience.wait();
  }
}

Command with_client_options(Command command, const std::shared_ptr<EventOptions>& options) {
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

Option types_option(EventOptions& options) {
  return {"--type",
          "Only events of this type; may be given several times. note.* is all that begin so.",
          &options.types};
}

Option since_option(EventOptions& options) {
  return {.name = "--since",
          .docs = "Only events since then: 90s, 15m, 2h, 3d, 1w, a day or a time.",
          .target = &options.since,
          .value = "WHEN"};
}

}  // namespace

Command events_list_command() {
  auto options = std::make_shared<EventOptions>();
  return with_client_options(
      {.words = "events list",
       .docs = "List the newest events: in a terminal the newest first, elsewhere the oldest of "
               "them first. --after and --all begin with the oldest of all.",
       .example = "synap events list --type 'note.*' --since 2h",
       .options = {{"--after", "Only events behind this position, the oldest first.",
                    &options->after},
                   {.name = "--limit",
                    .docs = "At most so many. Default: 100",
                    .target = &options->limit,
                    .least = 1},
                   {"--all", "However many there are.", &options->wants_all},
                   since_option(*options),
                   {.name = "--until",
                    .docs = "Only events before then, as --since has it; a day counts whole.",
                    .target = &options->until,
                    .value = "WHEN"},
                   types_option(*options),
                   {"--aggregate", "Only events about this thing.", &options->aggregate_id},
                   {"--correlation", "Only events of this cause, a requestId.",
                    &options->correlation_id}},
       .run = [options] { return list(*options); }},
      options);
}

Command events_get_command() {
  auto options = std::make_shared<EventOptions>();
  return with_client_options(
      {.words = "events get",
       .docs = "Print one event as JSON.",
       .example = "synap events get 01980000-0000-7000-8000-000000000000",
       .options = {{"ID", "Of the event, or its position.", &options->id, "", true}},
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
                   since_option(*options),
                   {"--after", "Begin behind this position. Default: from now on",
                    &options->after}},
       .run = [options] { return tail(*options); }},
      options);
}

}  // namespace synap::cli
