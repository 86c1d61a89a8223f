#include "features/searching/searching.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/clock.h"
#include "features/noun/dates.h"
#include "features/procedures.h"
#include "search/search.h"

namespace synap::features::searching {
namespace {

using api::Session;
using search::Item;

constexpr std::int64_t kLimitMax = 100;
constexpr std::size_t kTypesMax = 20;
constexpr std::size_t kTagsMax = 20;

struct Filters {
  std::optional<std::string> project;
  std::optional<std::string> status;
  std::optional<std::string> from;
  std::optional<std::string> to;
};
const ObjectSchema<Filters>& describe(Type<Filters>) {
  static const auto schema =
      object<Filters>("SearchFilters")
          .field("project", &Filters::project, string().uuid(), "Only what is for this project.")
          .field("status", &Filters::status, string().min(1).max(100),
                 "Only what has this status: open, done, ...")
          .field("from", &Filters::from, date_schema(),
                 "Only what was changed then or later. A day or a time, as dueDate of tasks.")
          .field("to", &Filters::to, date_schema(),
                 "Only what was changed before; of a day, on it.");
  return schema;
}

struct SearchQuery {
  std::string q;
  std::string mode;
  std::vector<std::string> types;
  std::vector<std::string> tags;
  std::optional<Filters> filters;
  std::int64_t limit = 20;
  std::optional<std::string> cursor;
};
const ObjectSchema<SearchQuery>& describe(Type<SearchQuery>) {
  static const auto schema =
      object<SearchQuery>("SearchQuery")
          .field("q", &SearchQuery::q, string().max(search::kQueryCharactersMax),
                 "Words, \"phrases\", prefix*, -exclusion, title:word, text:word, tag:name, "
                 "type:note, status:open. Things with more of the words, and with rarer ones, come "
                 "first.")
          .field_or("mode", &SearchQuery::mode, one_of({"text", "hybrid", "semantic"}), "text",
                    "text: by words. The others, by meaning, are refused so far.")
          .field_or("types", &SearchQuery::types, array(string().min(1).max(100)).max(kTypesMax),
                    {}, "Only these: note, task, ... Empty: all.")
          .field_or("tags", &SearchQuery::tags, array(string().min(1).max(100)).max(kTagsMax), {},
                    "Only what has all of these. Capitals and accents do not matter.")
          .field("filters", &SearchQuery::filters, schema_of<Filters>())
          .field_or("limit", &SearchQuery::limit, integer().min(1).max(kLimitMax), 20)
          .field("cursor", &SearchQuery::cursor, string().max(100),
                 "The nextCursor of the page before.");
  return schema;
}

struct Part {
  std::string text;
  bool is_match = false;
};
const ObjectSchema<Part>& describe(Type<Part>) {
  static const auto schema =
      object<Part>("SnippetPart")
          .field("text", &Part::text)
          .field("match", &Part::is_match, boolean(), "It is what was looked for.");
  return schema;
}

struct Hit {
  std::string entity_id;
  std::string entity_type;
  std::string title;
  std::vector<Part> snippet;
  double score = 0;
  std::string updated_at;
};
const ObjectSchema<Hit>& describe(Type<Hit>) {
  static const auto schema =
      object<Hit>("SearchHit")
          .field("entityId", &Hit::entity_id, string().uuid())
          .field("entityType", &Hit::entity_type, string(), "note, task, ...")
          .field("title", &Hit::title, string(), "\"\" where it has none.")
          .field("snippet", &Hit::snippet, array(schema_of<Part>()),
                 "Of its text, where most of what was looked for stands together, on one line: the "
                 "parts behind each other. How it begins, where only its title or tags match.")
          .field("score", &Hit::score, number(),
                 "Larger is better; to be compared within one answer only. 0: by filters alone.")
          .field("updatedAt", &Hit::updated_at, string().datetime());
  return schema;
}

struct Hits {
  std::vector<Hit> hits;
  std::optional<std::int64_t> total;
  bool is_partial = false;
  std::int64_t lag = 0;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<Hits>& describe(Type<Hits>) {
  static const auto schema =
      object<Hits>("SearchHits")
          .field("hits", &Hits::hits, array(schema_of<Hit>()), "The best first.")
          .field("total", &Hits::total, integer(), "All that match; absent in a partial answer.")
          .field("partial", &Hits::is_partial, boolean(),
                 "True: a word is in more than 50,000 texts, of which the newest were looked at.")
          .field("lag", &Hits::lag, integer(),
                 "So many events of the pod are not in the index yet: mostly 0.")
          .field("nextCursor", &Hits::next_cursor, string(), "Absent on the last page.");
  return schema;
}

struct SuggestQuery {
  std::string prefix;
  std::int64_t limit = 10;
};
const ObjectSchema<SuggestQuery>& describe(Type<SuggestQuery>) {
  static const auto schema =
      object<SuggestQuery>("SuggestQuery")
          .field("prefix", &SuggestQuery::prefix, string().min(1).max(100),
                 "How the title begins. Capitals and accents do not matter.")
          .field_or("limit", &SuggestQuery::limit, integer().min(1).max(50), 10);
  return schema;
}

struct Suggested {
  std::string entity_id;
  std::string entity_type;
  std::string title;
};
const ObjectSchema<Suggested>& describe(Type<Suggested>) {
  static const auto schema = object<Suggested>("Suggestion")
                                 .field("entityId", &Suggested::entity_id, string().uuid())
                                 .field("entityType", &Suggested::entity_type)
                                 .field("title", &Suggested::title);
  return schema;
}

struct Suggestions {
  std::vector<Suggested> suggestions;
};
const ObjectSchema<Suggestions>& describe(Type<Suggestions>) {
  static const auto schema =
      object<Suggestions>("Suggestions")
          .field("suggestions", &Suggestions::suggestions, array(schema_of<Suggested>()),
                 "In the order of their titles.");
  return schema;
}

struct IndexStatus {
  std::string status;
  std::int64_t documents = 0;
  std::int64_t position = 0;
  std::int64_t end = 0;
  std::int64_t lag = 0;
  std::optional<std::int64_t> filled_to;
  std::optional<std::string> error;
};
const ObjectSchema<IndexStatus>& describe(Type<IndexStatus>) {
  static const auto schema =
      object<IndexStatus>("SearchStatus")
          .field(
              "status", &IndexStatus::status, one_of({"live", "filling", "rebuilding", "failing"}),
              "filling: it is behind the log by more than a moment; rebuilding: the index before "
              "answers meanwhile; failing: it is tried again.")
          .field("documents", &IndexStatus::documents, integer(), "Of yours, that can be found.")
          .field("position", &IndexStatus::position, integer(), "The events up to here are in it.")
          .field("end", &IndexStatus::end, integer(), "The last position of the log.")
          .field("lag", &IndexStatus::lag, integer(), "Events that are not in it.")
          .field("filledTo", &IndexStatus::filled_to, integer(),
                 "While it is rebuilt: how far the new one is.")
          .field("error", &IndexStatus::error, string(), "Why nothing is written into it.");
  return schema;
}

// A cursor is the place of the last hit: the bits of its relevance, and its number.
std::string cursor_of(const search::Place& place) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &place.relevance, sizeof bits);
  return fmt::format("{:016x}{:x}", bits, place.number);
}

std::optional<search::Place> place_of(std::string_view cursor) {
  constexpr std::size_t kBitsSize = 16;
  if (cursor.size() <= kBitsSize) return std::nullopt;
  const auto* middle = cursor.data() + kBitsSize;
  const auto* end = cursor.data() + cursor.size();
  std::uint64_t bits = 0;
  search::Place place;
  const auto first = std::from_chars(cursor.data(), middle, bits, 16);
  const auto second = std::from_chars(middle, end, place.number, 16);
  if (first.ec != std::errc() || first.ptr != middle || second.ec != std::errc() ||
      second.ptr != end) {
    return std::nullopt;
  }
  std::memcpy(&place.relevance, &bits, sizeof bits);
  if (!std::isfinite(place.relevance)) return std::nullopt;
  return place;
}

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

// A day is all of it.
std::int64_t time_of(const std::string& date, bool is_end) {
  const bool is_day = date.size() == 10;
  const auto at = parse_iso8601(is_day ? date + "T00:00:00Z" : date).value_or(0);
  return is_day && is_end ? at + kDayMs : at;
}

void add_filter(search::Ask& ask, std::string field, const std::string& value) {
  ask.items.push_back({.kind = Item::Kind::kFilter, .field = std::move(field), .text = value});
}

Result<> check_types(const Rooms& rooms, const std::vector<std::string>& types) {
  std::vector<std::string> known;
  for (const auto& kind : rooms.search.kinds()) known.push_back(kind.name);
  for (const auto& type : types) {
    if (std::ranges::find(known, type) != known.end()) continue;
    return fail(Code::kBadRequest,
                fmt::format("types: \"{}\" is none that is searched; these are {}", type,
                            fmt::join(known, ", ")));
  }
  return {};
}

Result<search::Ask> ask_of(const Rooms& rooms, const SearchQuery& query) {
  if (query.mode != "text") {
    return fail(Code::kBadRequest,
                fmt::format("mode: this version searches by words only, not by meaning ({}); ask "
                            "with mode text",
                            query.mode));
  }
  if (auto known = check_types(rooms, query.types); !known) return fail(known.error());
  search::Ask ask{.text = query.q, .types = query.types, .limit = static_cast<int>(query.limit)};
  auto items = search::parse_query(query.q, rooms.search.fields());
  if (!items) return fail(items.error());
  ask.items = std::move(*items);
  for (const auto& tag : query.tags) add_filter(ask, "tag", tag);
  if (query.filters) {
    const auto& filters = *query.filters;
    if (filters.project) add_filter(ask, "projectId", *filters.project);
    if (filters.status) add_filter(ask, "status", *filters.status);
    if (filters.from) ask.from = time_of(*filters.from, false);
    if (filters.to) ask.to = time_of(*filters.to, true);
  }
  if (query.cursor) {
    ask.after = place_of(*query.cursor);
    if (!ask.after) return fail(Code::kBadRequest, "cursor: it is none of search.query");
  }
  return ask;
}

Hit shown(search::Hit hit) {
  Hit shown{.entity_id = hit.id.to_string(),
            .entity_type = std::move(hit.type),
            .title = std::move(hit.title),
            .score = hit.place.relevance,
            .updated_at = to_iso8601(hit.updated_at)};
  for (auto& part : hit.snippet) shown.snippet.push_back({std::move(part.text), part.is_match});
  return shown;
}

Task<Result<Hits>> query(const Rooms& rooms, Session session, SearchQuery input) {
  auto ask = ask_of(rooms, input);
  if (!ask) co_return fail(ask.error());
  // Before it is read: what is told must not be less than what was missing.
  const auto lag = rooms.search.lag();
  auto found = co_await rooms.search.find(std::string(session.user_id()), std::move(*ask));
  if (!found) co_return fail(found.error());
  Hits hits{.total = found->total, .is_partial = !found->total.has_value(), .lag = lag};
  if (found->next) hits.next_cursor = cursor_of(*found->next);
  for (auto& hit : found->hits) hits.hits.push_back(shown(std::move(hit)));
  co_return hits;
}

Task<Result<Suggestions>> suggest(const Rooms& rooms, Session session, SuggestQuery input) {
  auto found = co_await rooms.search.suggest(std::string(session.user_id()), input.prefix,
                                             static_cast<int>(input.limit));
  if (!found) co_return fail(found.error());
  Suggestions answer;
  for (auto& one : *found) {
    answer.suggestions.push_back({one.id.to_string(), std::move(one.type), std::move(one.title)});
  }
  co_return answer;
}

// So far behind is a moment of an import, and no more.
constexpr std::int64_t kMomentLag = 1'000;

Task<Result<IndexStatus>> status(const Rooms& rooms, Session session) {
  auto found = co_await rooms.search.status(std::string(session.user_id()));
  if (!found) co_return fail(found.error());
  IndexStatus answer{.status = "live",
                     .documents = found->documents,
                     .position = found->position,
                     .end = found->end,
                     .lag = found->lag(),
                     .filled_to = found->next_position};
  if (!found->error.empty()) {
    answer.status = "failing";
    answer.error = found->error;
  } else if (found->next_position) {
    answer.status = "rebuilding";
  } else if (found->lag() > kMomentLag) {
    answer.status = "filling";
  }
  co_return answer;
}

const rpc::ErrorMeta kUnavailable = {Code::kServiceUnavailable,
                                     "The index is being opened, or cannot be read now; with why."};

}  // namespace

void add(const Rooms& rooms) {
  add_query(
      rooms, "search.query",
      {.summary = "Find your notes, tasks and all else by their words.",
       .docs =
           "Words are found in any form (\"running\" by \"run\"), without capitals and accents. "
           "A thing needs one of the words; those with more of them, with rarer ones, and with "
           "them in the title come first. A \"phrase\" and what has a field must be there, what "
           "has a minus must not. See docs/search.md. What was changed a moment ago is found "
           "within a tenth of a second.",
       .errors = {{Code::kBadRequest,
                   "q says nothing that could be found: the message says where and why, and "
                   "error.data.reason is SEARCH_SYNTAX, with position, the number of characters "
                   "before it. Or a mode, type or cursor that there is not."},
                  kUnavailable},
       .examples = {{R"({"q":"garden \"old oak\" -draft","types":["note"]})", ""}}},
      query);
  add_query(rooms, "search.suggest",
            {.summary = "Your things whose titles begin so.", .errors = {kUnavailable}}, suggest);
  add_query(rooms, "search.status",
            {.summary = "How far the index of search is behind the log.", .errors = {kUnavailable}},
            status);
}

}  // namespace synap::features::searching
