// runs.list: runs by what they are, by what they are for, and by when. The work for one page is
// bounded: what only a look at each run or event can tell is looked for in so many of them.
#include <algorithm>
#include <cctype>
#include <limits>

#include "base/clock.h"
#include "features/functions/functions.h"
#include "features/procedures.h"
#include "features/runs/run_shapes.h"

namespace synap::features::runs {
namespace {

using api::Session;

// Rows that one read walks over: some 10 ms.
constexpr std::int64_t kWalkedMax = 10'000;
// Runs of a page whose events are looked at, and bytes of their data: some 50 ms where none of them
// is in memory.
constexpr int kEventsSeenMax = 2'000;
constexpr std::int64_t kBytesSeenMax = 16 << 20;
// Events whose runs are looked up in one read: some 2 us each.
constexpr int kEventsPage = 1'000;
// A run for a batch has an id of when the batch began.
constexpr std::int64_t kIdSlackMs = 3'600'000;

struct ListRuns {
  std::int64_t limit = 50;
  std::optional<std::string> cursor;
  std::optional<std::string> status;
  std::optional<std::string> function;
  std::optional<std::string> event_id;
  std::optional<std::string> correlation_id;
  std::optional<std::string> event_type;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::string> text;

  bool fits(const Run& run) const;
  bool fits(const events::Event& event) const;
  bool asks_for_event() const { return event_type || text; }
};
const ObjectSchema<ListRuns>& describe(Type<ListRuns>) {
  static const auto schema =
      object<ListRuns>("ListRuns")
          .field_or("limit", &ListRuns::limit, integer().min(1).max(500), 50)
          .field("cursor", &ListRuns::cursor, string().uuid().nullish(),
                 "The nextCursor of the page before.")
          .field("status", &ListRuns::status, run_status_schema())
          .field("function", &ListRuns::function, string().min(1).max(400),
                 "Only runs of this function, by its id, its name, or its name in its app: "
                 "notes.create.")
          .field("eventId", &ListRuns::event_id, string().uuid(), "Only runs for this event.")
          .field("correlationId", &ListRuns::correlation_id, string().uuid(),
                 "Only runs for events that share this cause.")
          .field("eventType", &ListRuns::event_type, string().min(1).max(200),
                 "Only runs for events of this type; note.* is all that begin with \"note.\".")
          .field("from", &ListRuns::from, string().datetime(), "Only runs queued then or later.")
          .field("to", &ListRuns::to, string().datetime(), "Only runs queued before.")
          .field("text", &ListRuns::text, string().min(1).max(200),
                 "Only runs for events in whose data, as JSON, this stands; letters of the "
                 "alphabet large or small.");
  return schema;
}

struct RunList {
  std::vector<Run> runs;
  std::optional<std::string> next_cursor;
  std::optional<bool> is_cut;
  std::optional<std::string> looked_to;
};
const ObjectSchema<RunList>& describe(Type<RunList>) {
  static const auto schema =
      object<RunList>("RunList")
          .field("runs", &RunList::runs, array(schema_of<Run>()), "The newest first.")
          .field("nextCursor", &RunList::next_cursor, string().uuid(),
                 "Absent on the last page. A page before it may be short, or empty.")
          .field("isCut", &RunList::is_cut, boolean(),
                 "True: this page ends before it is full, since enough was looked at for it. Go on "
                 "with nextCursor.")
          .field("lookedTo", &RunList::looked_to, string().datetime(),
                 "Of a page that is cut: all runs queued since then were looked at.");
  return schema;
}

char lower(char letter) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
}

bool contains(std::string_view text, std::string_view part) {
  const auto found = std::ranges::search(text, part, {}, lower, lower);
  return !found.empty();
}

bool ListRuns::fits(const Run& run) const {
  return (!status || run.status == *status) && (!function || run.function == *function) &&
         (!from || run.created_ms >= parse_iso8601(*from).value_or(0)) &&
         (!to || run.created_ms < parse_iso8601(*to).value_or(0));
}

bool ListRuns::fits(const events::Event& event) const {
  return (!event_type || events::is_of_type(event.type, *event_type)) &&
         (!text || contains(event.data, *text));
}

// The smallest id of a run that was made at this time.
Uuid first_id_of(std::int64_t unix_ms) {
  Uuid id{};
  for (int i = 0; i < 6; ++i) {
    id.bytes[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(std::max<std::int64_t>(unix_ms, 0) >> (40 - 8 * i));
  }
  return id;
}

// What one read of rows came to.
struct Walked {
  std::vector<Run> runs;
  std::string last;  // the last row that was taken or passed over
  std::int64_t last_ms = 0;
  bool is_at_end = true;  // there was nothing further
  bool is_full = false;   // there was, and what is wanted was found
};

// The newest first. The index of dead letters leads to those; others are looked at one by one, over
// a bounded number of rows.
Walked walk(db::Tx& tx, const ListRuns& input, const Uuid& before, std::int64_t wanted) {
  const auto from =
      first_id_of(input.from ? parse_iso8601(*input.from).value_or(0) - kIdSlackMs : 0);
  const bool is_led =
      !input.function && !input.from && !input.to && (!input.status || input.status == "failed");
  const auto* where = input.status == "failed" ? "WHERE status = 'failed' AND id < $1 AND id >= $3"
                                               : "WHERE id < $1 AND id >= $3";
  Walked walked;
  auto rows = tx.query(std::string(kRunColumns) + where + " ORDER BY id DESC LIMIT $2", before,
                       is_led ? wanted + 1 : kWalkedMax + 1, from);
  for (std::int64_t count = 0; rows.next(); ++count) {
    Run run;
    read_run(rows, run);
    walked.is_full = static_cast<std::int64_t>(walked.runs.size()) == wanted;
    if ((walked.is_full && input.fits(run)) || count == kWalkedMax ||
        (count > 0 && tx.is_out_of_time())) {
      walked.is_at_end = false;
      break;
    }
    walked.last = run.id;
    walked.last_ms = run.created_ms;
    if (input.fits(run)) walked.runs.push_back(std::move(run));
  }
  return walked;
}

void cut(RunList& list, std::string cursor, std::int64_t looked_to) {
  list.next_cursor = std::move(cursor);
  list.is_cut = true;
  list.looked_to = to_iso8601(looked_to);
}

Task<Result<RunList>> newest_runs(const Rooms& rooms, const Session& session,
                                  const ListRuns& input) {
  Uuid before;
  before.bytes.fill(0xff);
  if (input.to) before = first_id_of(parse_iso8601(*input.to).value_or(0));
  if (input.cursor) before = Uuid::parse(*input.cursor).value_or(before);
  RunList found;
  int seen = 0;
  std::int64_t bytes_seen = 0;
  for (;;) {
    const auto wanted = input.asks_for_event()
                            ? std::int64_t{kEventsSeenMax / 4}
                            : input.limit - static_cast<std::int64_t>(found.runs.size());
    auto walked = co_await rooms.database.read_as(
        session.user_id(), [&](db::Tx& tx) { return walk(tx, input, before, wanted); });
    if (!walked) co_return fail(walked.error());
    std::string last;
    for (auto& run : walked->runs) {
      if (static_cast<std::int64_t>(found.runs.size()) == input.limit) {
        found.next_cursor = last;
        co_return found;
      }
      last = run.id;
      const auto created_ms = run.created_ms;
      auto event = co_await event_at(rooms, run.event_position);
      if (!event) co_return fail(event.error());
      if (*event != nullptr) bytes_seen += static_cast<std::int64_t>((*event)->data.size());
      if (*event != nullptr ? input.fits(**event) : !input.asks_for_event()) {
        set_event(run, *event);
        found.runs.push_back(std::move(run));
      }
      if (input.asks_for_event() && (++seen == kEventsSeenMax || bytes_seen > kBytesSeenMax)) {
        cut(found, last, created_ms);
        co_return found;
      }
    }
    if (walked->is_at_end) co_return found;
    const bool is_full = static_cast<std::int64_t>(found.runs.size()) == input.limit;
    if (is_full) {
      found.next_cursor = walked->is_full ? last : walked->last;
      co_return found;
    }
    if (!walked->is_full) {
      cut(found, walked->last, walked->last_ms);
      co_return found;
    }
    before = Uuid::parse(walked->last).value_or(Uuid{});
  }
}

// Of one event, the newest first. One for each of its functions: they are few.
void add_runs_of(db::Tx& tx, std::int64_t event_position, const ListRuns& input,
                 std::vector<Run>& runs) {
  auto rows = tx.query(std::string(kRunColumns) + "WHERE event_position = $1 ORDER BY id DESC",
                       event_position);
  while (rows.next()) {
    Run run;
    read_run(rows, run);
    if (input.fits(run)) runs.push_back(std::move(run));
  }
}

// The events that runs are asked for, a page at a time, the newest first: one event, or those of a
// cause, from that of the cursor's run on.
class EventsAskedFor {
 public:
  EventsAskedFor(const Rooms& rooms, const Session& session, const ListRuns& input)
      : rooms_(rooms), session_(session), input_(input) {}

  Task<Result<events::Page>> next(std::int64_t before) const {
    if (!input_.event_id) {
      co_return co_await rooms_.log.read(session_.tenancy(),
                                         {.limit = kEventsPage,
                                          .correlation_id = Uuid::parse(*input_.correlation_id),
                                          .before = before,
                                          .order = events::Order::kNewestFirst});
    }
    events::Page page;
    page.is_at_end = true;
    auto event = co_await rooms_.log.find(session_.tenancy(),
                                          Uuid::parse(*input_.event_id).value_or(Uuid{}));
    if (!event && event.error().code != Code::kNotFound) co_return fail(event.error());
    const auto cause = Uuid::parse(input_.correlation_id.value_or(""));
    if (event && (!input_.correlation_id || (*event)->correlation_id == cause)) {
      page.events.push_back(std::move(*event));
    }
    co_return page;
  }

 private:
  const Rooms& rooms_;
  const Session& session_;
  const ListRuns& input_;
};

// An index leads to the events, and one from each of them to its runs. The runs of a page are in
// the order of their events; behind the cursor are those of its event that stand behind it, and
// those of earlier events.
Task<Result<RunList>> runs_for_events(const Rooms& rooms, const Session& session,
                                      const ListRuns& input) {
  RunList found;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  std::int64_t cursor_position = 0;
  if (input.cursor) {
    const auto cursor = Uuid::parse(*input.cursor).value_or(Uuid{});
    auto position = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
      auto rows = tx.query("SELECT event_position FROM runs WHERE id = $1", cursor);
      return rows.next() ? rows.integer(0) : std::int64_t{0};
    });
    if (!position) co_return fail(position.error());
    cursor_position = *position;
    before = cursor_position + 1;
  }
  const EventsAskedFor asked(rooms, session, input);
  for (bool is_at_end = false; !is_at_end && !found.next_cursor;) {
    auto page = co_await asked.next(before);
    if (!page) co_return fail(page.error());
    auto read = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
      std::vector<Run> runs;
      for (const auto& event : page->events) {
        if (input.fits(*event)) add_runs_of(tx, event->position, input, runs);
      }
      return runs;
    });
    if (!read) co_return fail(read.error());
    for (auto& run : *read) {
      if (run.event_position == cursor_position && run.id >= *input.cursor) continue;
      if (static_cast<std::int64_t>(found.runs.size()) == input.limit) {
        found.next_cursor = found.runs.back().id;
        break;
      }
      auto event = co_await event_at(rooms, run.event_position);
      if (!event) co_return fail(event.error());
      set_event(run, *event);
      found.runs.push_back(std::move(run));
    }
    before = page->next_before;
    is_at_end = page->is_at_end;
  }
  co_return found;
}

Task<Result<RunList>> list(const Rooms& rooms, Session session, ListRuns input) {
  auto meant = co_await functions::find_id(rooms, session, input.function);
  if (!meant) co_return fail(meant.error());
  if (input.event_id || input.correlation_id) {
    co_return co_await runs_for_events(rooms, session, input);
  }
  co_return co_await newest_runs(rooms, session, input);
}

}  // namespace

void add_list(const Rooms& rooms) {
  add_query(rooms, "runs.list",
            {.summary = "What was done for your events, the newest first.",
             .docs = "The work for one page is bounded. What cannot be looked up (a function, a "
                     "type, a text) is looked for in so many runs; then the page ends, and says "
                     "that it is cut, with a cursor to go on from.",
             .errors = functions::errors_of_name(),
             .reach = rpc::Reach::kPod},
            list);
}

}  // namespace synap::features::runs
