// deadLetters.groups, deadLetters.replay, deadLetters.discard: runs that were given up, many at
// once.
#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/json.h"
#include "features/functions/functions.h"
#include "features/procedures.h"
#include "features/runs/run_shapes.h"

namespace synap::features::runs {
namespace {

using api::Session;

// Dead letters that one answer is made of, and groups that it has.
constexpr std::int64_t kLookedAtMax = 10'000;
constexpr std::size_t kGroupsMax = 500;
constexpr std::size_t kMessageMax = 2'000;

struct DeadLetterGroup {
  std::string function;
  std::string name;
  std::string message;
  std::int64_t count = 0;
  std::string first_at;
  std::string last_at;
  std::string last_run_id;
};
const ObjectSchema<DeadLetterGroup>& describe(Type<DeadLetterGroup>) {
  static const auto schema =
      object<DeadLetterGroup>("DeadLetterGroup")
          .field("function", &DeadLetterGroup::function)
          .field("name", &DeadLetterGroup::name, string(), "The kind of the error.")
          .field("message", &DeadLetterGroup::message, string(), "What it says.")
          .field("count", &DeadLetterGroup::count, integer().min(1))
          .field("firstAt", &DeadLetterGroup::first_at, string().datetime(),
                 "When the first of them was queued.")
          .field("lastAt", &DeadLetterGroup::last_at, string().datetime(), "And the last.")
          .field("lastRunId", &DeadLetterGroup::last_run_id, string().uuid());
  return schema;
}

struct AskForGroups {
  std::optional<std::string> function;
};
const ObjectSchema<AskForGroups>& describe(Type<AskForGroups>) {
  static const auto schema = object<AskForGroups>("AskForGroups")
                                 .field("function", &AskForGroups::function,
                                        string().min(1).max(400), functions::kFunctionNameDocs);
  return schema;
}

struct DeadLetterGroups {
  std::vector<DeadLetterGroup> groups;
  std::int64_t looked_at = 0;
  bool is_cut = false;
};
const ObjectSchema<DeadLetterGroups>& describe(Type<DeadLetterGroups>) {
  static const auto schema =
      object<DeadLetterGroups>("DeadLetterGroups")
          .field("groups", &DeadLetterGroups::groups, array(schema_of<DeadLetterGroup>()),
                 "The largest first.")
          .field("lookedAt", &DeadLetterGroups::looked_at, integer(),
                 "So many dead letters, the newest.")
          .field("isCut", &DeadLetterGroups::is_cut, boolean(), "There are more, older ones.");
  return schema;
}

Task<Result<DeadLetterGroups>> groups(const Rooms& rooms, Session session, AskForGroups input) {
  auto meant = co_await functions::find_id(rooms, session, input.function);
  if (!meant) co_return fail(meant.error());
  using Key = std::tuple<std::string, std::string, std::string>;
  DeadLetterGroups found;
  std::map<Key, DeadLetterGroup> by_key;
  Uuid before;
  before.bytes.fill(0xff);
  for (bool is_at_end = false; !is_at_end && !found.is_cut;) {
    auto read = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
      auto rows = tx.query(
          "SELECT id, function, coalesce(error, '{}'), created_at FROM runs WHERE "
          "status = 'failed' AND id < $1 ORDER BY id DESC",
          before);
      while (rows.next()) {
        if (found.looked_at == kLookedAtMax || by_key.size() > kGroupsMax) {
          found.is_cut = true;
          return false;
        }
        ++found.looked_at;
        before = rows.uuid(0).value_or(Uuid{});
        if (input.function && rows.view(1) != *input.function) continue;
        const auto error = parse_json(rows.view(2)).value_or(Json::object());
        auto message = std::string(error.string_or("message", ""));
        const auto name = std::string(error.string_or("name", ""));
        if (message.size() > kMessageMax) {
          const auto begin = message.substr(0, kMessageMax);
          message = begin.substr(0, valid_utf8_prefix(begin));
        }
        auto& group = by_key[{rows.text(1), name, message}];
        const auto at = to_iso8601(rows.integer(3));
        if (group.count++ == 0) {
          group = {rows.text(1), name, message, 1, at, at, before.to_string()};
        }
        group.first_at = at;
        if (tx.is_out_of_time()) return false;
      }
      return true;
    });
    if (!read) co_return fail(read.error());
    is_at_end = *read;
  }
  for (auto& [key, group] : by_key) found.groups.push_back(std::move(group));
  std::ranges::sort(found.groups, std::greater{}, &DeadLetterGroup::count);
  co_return found;
}

struct WhichDeadLetters {
  std::optional<std::string> id;
  std::optional<std::string> function;
  std::optional<std::string> name;
  std::optional<std::string> message;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<bool> all;
  std::int64_t limit = 1'000;
  std::optional<std::string> cursor;
};

template <class T>
void add_which_fields(ObjectSchema<T>& schema) {
  const auto of = []<class M>(M WhichDeadLetters::* member) -> M T::* { return member; };
  schema.field("id", of(&WhichDeadLetters::id), string().uuid(), "Of one run. Or a filter:")
      .field("function", of(&WhichDeadLetters::function), string().min(1).max(400),
             functions::kFunctionNameDocs)
      .field("name", of(&WhichDeadLetters::name), string(), "Of the error, as deadLetters.groups.")
      .field("message", of(&WhichDeadLetters::message), string(), "Of the error, the whole.")
      .field("from", of(&WhichDeadLetters::from), string().datetime(), "Queued then or later.")
      .field("to", of(&WhichDeadLetters::to), string().datetime(), "Queued before.")
      .field("all", of(&WhichDeadLetters::all), boolean(), "True, where no filter is meant.")
      .field_or("limit", of(&WhichDeadLetters::limit), integer().min(1).max(5'000), 1'000,
                "At most so many in one call.")
      .field("cursor", of(&WhichDeadLetters::cursor), string().uuid().nullish(),
             "The nextCursor of the call before.");
}

struct ReplayDeadLetters : WhichDeadLetters {
  std::optional<Json> data;
};
const ObjectSchema<ReplayDeadLetters>& describe(Type<ReplayDeadLetters>) {
  static const auto schema = [] {
    auto replay = object<ReplayDeadLetters>("ReplayDeadLetters");
    add_which_fields(replay);
    replay.field("data", &ReplayDeadLetters::data, record(any()),
                 "With id, for functions of apps: the dead letter is put away, and its function "
                 "invoked with these data instead of its event's.");
    return replay;
  }();
  return schema;
}

struct DiscardDeadLetters : WhichDeadLetters {};
const ObjectSchema<DiscardDeadLetters>& describe(Type<DiscardDeadLetters>) {
  static const auto schema = [] {
    auto discard = object<DiscardDeadLetters>("DiscardDeadLetters");
    add_which_fields(discard);
    return discard;
  }();
  return schema;
}

struct SweptDeadLetters {
  std::int64_t count = 0;
  std::int64_t passed_over = 0;
  std::optional<std::string> next_cursor;
  std::optional<std::string> run_id;
};
const ObjectSchema<SweptDeadLetters>& describe(Type<SweptDeadLetters>) {
  static const auto schema =
      object<SweptDeadLetters>("SweptDeadLetters")
          .field("count", &SweptDeadLetters::count, integer(), "So many were.")
          .field("passedOver", &SweptDeadLetters::passed_over, integer(),
                 "So many were not: their functions are gone, or have a run that is to be the "
                 "only one, or others were faster.")
          .field("nextCursor", &SweptDeadLetters::next_cursor, string().uuid(),
                 "Absent: there are no more. Call again with it.")
          .field("runId", &SweptDeadLetters::run_id, string().uuid(),
                 "With data: the new run, if it was made at once.");
  return schema;
}

Result<workers::DeadLetters> filter_of(const WhichDeadLetters& input) {
  const bool has_filter = input.function || input.name || input.message || input.from || input.to;
  if (!has_filter && !input.all.value_or(false)) {
    return fail(Code::kBadRequest, "Say which: an id, a filter, or all");
  }
  workers::DeadLetters which{.function = input.function,
                             .name = input.name,
                             .message = input.message,
                             .limit = input.limit};
  if (input.from) which.from = parse_iso8601(*input.from);
  if (input.to) which.to = parse_iso8601(*input.to);
  if (input.cursor) which.before = Uuid::parse(*input.cursor);
  return which;
}

Task<Result<SweptDeadLetters>> sweep(const Rooms& rooms, const Session& session,
                                     const WhichDeadLetters& input,
                                     workers::RunControl::Fate fate) {
  auto which = filter_of(input);
  if (!which) co_return fail(which.error());
  auto meant = co_await functions::find_id(rooms, session, which->function);
  if (!meant) co_return fail(meant.error());
  auto swept = co_await rooms.control.sweep(functions::person_of(session), std::move(*which), fate);
  if (!swept) co_return fail(swept.error());
  SweptDeadLetters told{swept->done, swept->passed_over};
  if (swept->next_before) told.next_cursor = swept->next_before->to_string();
  co_return told;
}

Task<Result<SweptDeadLetters>> replay(const Rooms& rooms, Session session,
                                      ReplayDeadLetters input) {
  const auto person = functions::person_of(session);
  if (!input.id) {
    if (input.data) co_return fail(Code::kBadRequest, "Data are given to one run: say its id");
    co_return co_await sweep(rooms, session, input, workers::RunControl::Fate::kRetry);
  }
  const auto id = Uuid::parse(*input.id).value_or(Uuid{});
  if (!input.data) {
    auto done = co_await rooms.control.retry_dead(person, id);
    if (!done) co_return fail(done.error());
    co_return SweptDeadLetters{1};
  }
  auto replaced = co_await rooms.control.replace(person, id, std::move(*input.data));
  if (!replaced) co_return fail(replaced.error());
  SweptDeadLetters told{1};
  if (replaced->run_id) told.run_id = replaced->run_id->to_string();
  co_return told;
}

Task<Result<SweptDeadLetters>> discard(const Rooms& rooms, Session session,
                                       DiscardDeadLetters input) {
  if (!input.id) {
    co_return co_await sweep(rooms, session, input, workers::RunControl::Fate::kDiscard);
  }
  auto done = co_await rooms.control.discard(functions::person_of(session),
                                             Uuid::parse(*input.id).value_or(Uuid{}));
  if (!done) co_return fail(done.error());
  co_return SweptDeadLetters{1};
}

}  // namespace

void add_dead_letters(const Rooms& rooms) {
  const rpc::ErrorMeta no_such{Code::kNotFound,
                               "There is no such run, or no such function, for your events."};
  const rpc::ErrorMeta is_none{Code::kConflict, "It is no dead letter, or its function is gone."};
  const rpc::ErrorMeta which{Code::kBadRequest,
                             "Neither an id nor a filter was given, nor that all are meant; or "
                             "several of your apps have a function of this name."};
  add_query(
      rooms, "deadLetters.groups",
      {.summary = "Runs that were given up, by function and error.",
       .docs = "Made of the newest 10,000 of them; runs.list with the status failed has each.",
       .errors = functions::errors_of_name(),
       .reach = rpc::Reach::kPod},
      groups);
  add_mutation(
      rooms, "deadLetters.replay",
      {.summary = "Try one dead letter again, or all that a filter finds.",
       .docs = "With all their attempts; steps that are done stay done. The newest first, "
               "in transactions of 100: while there is a nextCursor, call again with it.",
       .effects = rpc::Effects::kAppends,
       .errors = {no_such, is_none, which},
       .examples = {{.input = R"({"function":"notes.create","limit":100})"}},
       .appends = {std::string(bus::kRunRetried.name), std::string(bus::kRunDiscarded.name),
                   std::string(bus::kFunctionInvoked.name)}},
      replay);
  add_mutation(rooms, "deadLetters.discard",
               {.summary = "Put one dead letter away, or all that a filter finds.",
                .docs = "Their runs stay, as discarded, and can be done again by runs.rerun. In "
                        "transactions of 100: while there is a nextCursor, call again with it.",
                .effects = rpc::Effects::kDestroys,
                .errors = {no_such, is_none, which},
                .examples = {{.input = R"({"function":"notes.create","limit":100})"}},
                .appends = {std::string(bus::kRunDiscarded.name)}},
               discard);
}

}  // namespace synap::features::runs
