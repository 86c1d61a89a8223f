#include "pod/log_procedures.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "api/procedures.h"
#include "base/clock.h"

namespace synap::pod {
namespace {

using api::Session;

constexpr std::int64_t kLinesMax = 10'000;  // more than are remembered

std::vector<std::string> level_names() {
  std::vector<std::string> names;
  for (const auto level : {LogLevel::kError, LogLevel::kWarn, LogLevel::kInfo, LogLevel::kDebug}) {
    names.emplace_back(log_level_name(level));
  }
  return names;
}

/// What both can be asked for.
struct LineFilter {
  std::string level = "debug";
  std::optional<std::string> since;
};
template <class T>
void add_filter_fields(ObjectSchema<T>& schema) {
  const auto of_filter = []<class M>(M LineFilter::* member) -> M T::* { return member; };
  schema
      .field_or("level", of_filter(&LineFilter::level), one_of(level_names()), "debug",
                "Lines of this level and of more important ones.")
      .field("since", of_filter(&LineFilter::since), string().datetime(),
             "Only lines of this time or later.");
}

struct ReadLogs : LineFilter {
  std::int64_t limit = 100;
};
const ObjectSchema<ReadLogs>& describe(Type<ReadLogs>) {
  static const auto schema = [] {
    auto read = object<ReadLogs>("ReadLogs");
    add_filter_fields(read);
    read.field_or("limit", &ReadLogs::limit, integer().min(1).max(kLinesMax), 100,
                  "So many of the newest.");
    return read;
  }();
  return schema;
}

struct WatchLogs : LineFilter {
  std::optional<std::string> last_event_id;
};
const ObjectSchema<WatchLogs>& describe(Type<WatchLogs>) {
  static const auto schema = [] {
    auto watch = object<WatchLogs>("WatchLogs");
    add_filter_fields(watch);
    watch.field("lastEventId", &WatchLogs::last_event_id, string().nullish(),
                "Go on behind this line. Absent: begin with the oldest that is remembered.");
    return watch;
  }();
  return schema;
}

struct LogLine {
  std::string id;
  std::string time;
  std::string level;
  std::string room;
  std::string message;
  RawJson fields;
};
const ObjectSchema<LogLine>& describe(Type<LogLine>) {
  static const auto schema =
      object<LogLine>("LogLine")
          .field("id", &LogLine::id, string(), "Its place in the log of one process.")
          .field("time", &LogLine::time, string().datetime())
          .field("level", &LogLine::level, one_of(level_names()))
          .field("room", &LogLine::room, string(), "The part of the pod that says it.")
          .field("message", &LogLine::message, string(), "A sentence.")
          .field("fields", &LogLine::fields, record(any()), "What the sentence is about, by name.");
  return schema;
}

struct LogLines {
  std::vector<LogLine> lines;
  std::string last_id;
  std::string written_level;
  std::int64_t forgotten = 0;
};
const ObjectSchema<LogLines>& describe(Type<LogLines>) {
  static const auto schema =
      object<LogLines>("LogLines")
          .field("lines", &LogLines::lines, array(schema_of<LogLine>()), "The oldest first.")
          .field("lastId", &LogLines::last_id, string(),
                 "The end of the log: pod.watchLogs goes on behind it.")
          .field("writtenLevel", &LogLines::written_level, one_of(level_names()),
                 "Less important lines are not written (the setting log_level).")
          .field("forgotten", &LogLines::forgotten, integer().min(0),
                 "Lines since the start that are not remembered any more.");
  return schema;
}

/// The lines of this process, and their ids: PROCESS.NUMBER.
struct Source {
  RecentLines& lines;
  std::string process;

  std::string id_of(std::int64_t number) const { return fmt::format("{}.{}", process, number); }

  LogLine shown(LoggedLine line) const {
    return {.id = id_of(line.number),
            .time = to_iso8601(line.unix_ms),
            .level = std::string(log_level_name(line.level)),
            .room = std::move(line.room),
            .message = std::move(line.message),
            .fields = {std::move(line.fields)}};
  }

  // Of another process, which this one has followed: all that this one has said comes behind it.
  Result<std::int64_t> number_of(const std::optional<std::string>& id) const {
    if (!id) return 0;
    const auto dot = id->find('.');
    std::int64_t number = 0;
    const char* end = id->data() + id->size();
    const auto read = dot == id->npos ? std::from_chars_result{}
                                      : std::from_chars(id->data() + dot + 1, end, number);
    if (dot == id->npos || read.ec != std::errc{} || read.ptr != end || number < 0) {
      return fail(Code::kBadRequest, "lastEventId is the id of a line of the log");
    }
    if (id->substr(0, dot) != process) return 0;
    return std::min(number, lines.find({.count_max = 0}).end);
  }
};

RecentLines::Query query_of(const LineFilter& filter) {
  RecentLines::Query query;
  query.level = log_level_by_name(filter.level).value_or(LogLevel::kDebug);
  if (filter.since) query.since_unix_ms = parse_iso8601(*filter.since).value_or(0);
  return query;
}

Task<Result<LogLines>> read(const Source& source, ReadLogs input) {
  auto query = query_of(input);
  query.count_max = static_cast<std::size_t>(input.limit);
  auto found = source.lines.find(query);
  LogLines answer{.last_id = source.id_of(found.end),
                  .written_level = std::string(log_level_name(log_level())),
                  .forgotten = found.forgotten};
  for (auto& line : found.lines) answer.lines.push_back(source.shown(std::move(line)));
  co_return answer;
}

// What a slow follower has missed is said where it is missing.
LogLine gap(const Source& source, std::int64_t forgotten, std::int64_t number) {
  return source.shown({.number = number,
                       .unix_ms = unix_ms_now(),
                       .level = LogLevel::kWarn,
                       .room = "pod",
                       .message = fmt::format("{} lines are not remembered any more", forgotten),
                       .fields = fmt::format(R"({{"forgotten":{}}})", forgotten)});
}

rpc::Item item_of(const LogLine& line) {
  std::string json;
  encode(json, line);
  return {line.id, std::move(json)};
}

rpc::Items watch(const Source& source, Session session, WatchLogs input,
                 Result<std::int64_t> after) {
  if (!after) co_return fail(after.error());
  auto query = query_of(input);
  query.after = *after;
  query.count_max = std::numeric_limits<std::size_t>::max();
  bool has_gap = query.after > 0;  // before the first line nobody has missed anything
  while (!session.stop.stop_requested()) {
    auto found = source.lines.find(query);
    if (has_gap && found.forgotten > 0) {
      co_yield item_of(gap(source, found.forgotten, query.after + found.forgotten));
    }
    has_gap = true;
    for (auto& line : found.lines) co_yield item_of(source.shown(std::move(line)));
    query.after = found.end;
    co_await source.lines.end().wait_past(query.after, session.stop);
  }
  co_return rpc::Text{};
}

}  // namespace

void add_log_procedures(rpc::ProcedureTable& procedures, RecentLines& lines, std::string process) {
  const auto source = std::make_shared<const Source>(Source{lines, std::move(process)});
  api::add_query<ReadLogs, LogLines>(
      procedures, "pod.logs",
      {.summary = "The newest lines of the pod's log. For owners.",
       .docs = "They are in memory, 1 MiB of them since the start. All are on the pod's stderr, "
               "wherever that goes. No key and nothing that people have written is in them.",
       .access = rpc::Access::kOwner,
       .examples = {{.input = R"({"level":"warn","limit":20})", .output = ""}}},
      [source](Session, ReadLogs input) { return read(*source, std::move(input)); });
  api::add_subscription<WatchLogs, LogLine>(
      procedures, "pod.watchLogs",
      {.summary = "The lines of the pod's log as they are written. For owners.",
       .docs = "Resume with the id of the last line: where the pod was started again meanwhile, "
               "all lines since that start come.",
       .access = rpc::Access::kOwner,
       .examples = {{.input = R"({"level":"warn"})", .output = ""}}},
      [source](Session session, WatchLogs input) {
        auto after = source->number_of(input.last_event_id);
        return watch(*source, std::move(session), std::move(input), std::move(after));
      });
}

}  // namespace synap::pod
