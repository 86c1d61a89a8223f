#include "features/searching/searching.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/clock.h"
#include "features/entities/entities.h"
#include "features/noun/dates.h"
#include "features/procedures.h"
#include "search/search.h"
#include "search/streams.h"

namespace synap::features::searching {
namespace {

using api::Session;
using search::Item;
using search::Mode;

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
  std::optional<std::string> mode;
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
          .field("mode", &SearchQuery::mode, one_of({"hybrid", "text", "semantic"}),
                 "text: by words. semantic: by meaning. hybrid: by both. Without one: hybrid where "
                 "there is a sentence model, else text. The answer says which it was.")
          .field_or(
              "types", &SearchQuery::types, array(string().min(1).max(100)).max(kTypesMax), {},
              "Only these: note, task, ..., or a type of entities of your own: x.book. Empty: "
              "all.")
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

struct Scores {
  std::optional<double> text;
  std::optional<double> semantic;
  std::optional<double> title;
};
const ObjectSchema<Scores>& describe(Type<Scores>) {
  static const auto schema =
      object<Scores>("SearchScores")
          .field("text", &Scores::text, number(),
                 "By its words: 0 for none of them, 0.67 for each of them once. Absent where words "
                 "were not looked for.")
          .field("semantic", &Scores::semantic, number(),
                 "By its meaning: 0.5 where it is as near as the nearest of a thousand unrelated "
                 "texts. Absent where meaning was not looked for, or is not known yet.")
          .field("title", &Scores::title, number(),
                 "0.999 where the title is what was looked for, word for word. Else absent.");
  return schema;
}

constexpr const char* kOwnTypeDocs =
    "Of a thing of a type of your own: x.book. It is an entity. Else absent.";

struct Hit {
  std::string entity_id;
  std::string entity_type;
  std::optional<std::string> type;
  std::string title;
  std::vector<Part> snippet;
  std::optional<std::string> passage;
  double score = 0;
  Scores scores;
  std::string updated_at;
};
const ObjectSchema<Hit>& describe(Type<Hit>) {
  static const auto schema =
      object<Hit>("SearchHit")
          .field("entityId", &Hit::entity_id, string().uuid())
          .field("entityType", &Hit::entity_type, string(), "note, task, ...")
          .field("type", &Hit::type, string(), kOwnTypeDocs)
          .field("title", &Hit::title, string(), "\"\" where it has none.")
          .field(
              "snippet", &Hit::snippet, array(schema_of<Part>()),
              "Of its text, where most of what was looked for stands together, on one line: the "
              "parts behind each other. How it begins, where only its title or tags match. Of the "
              "passage, where it was found by its meaning above all.")
          .field("passage", &Hit::passage, string(),
                 "What of its text is nearest to what was looked for, by its meaning.")
          .field("score", &Hit::score, number(),
                 "Larger is better; to be compared within one answer only. 0: by filters alone.")
          .field("scores", &Hit::scores, schema_of<Scores>(),
                 "What the score is made of, each 0 to 1.")
          .field("updatedAt", &Hit::updated_at, string().datetime());
  return schema;
}

/// Of an index that is made for the first time, or again after damage.
struct Building {
  std::int64_t position = 0;
  std::int64_t end = 0;
};
const ObjectSchema<Building>& describe(Type<Building>) {
  static const auto schema =
      object<Building>("SearchBuilding")
          .field("position", &Building::position, integer(), "The events up to here are in it.")
          .field("end", &Building::end, integer(), "The last position of the log.");
  return schema;
}

struct Hits {
  std::vector<Hit> hits;
  std::string mode;
  std::optional<std::string> mode_reason;
  std::optional<std::int64_t> total;
  bool is_partial = false;
  std::int64_t lag = 0;
  std::optional<Building> building;
  std::vector<std::string> notices;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<Hits>& describe(Type<Hits>) {
  static const auto schema =
      object<Hits>("SearchHits")
          .field("hits", &Hits::hits, array(schema_of<Hit>()), "The best first.")
          .field("mode", &Hits::mode, one_of({"hybrid", "text", "semantic"}), "What answered.")
          .field("modeReason", &Hits::mode_reason, string(),
                 "Why not the mode that was asked for, or what is missing in it: no model; its "
                 "index is not complete; it took too long.")
          .field("total", &Hits::total, integer(),
                 "All that match, of whom an answer by meaning has the best only; absent in a "
                 "partial answer.")
          .field("partial", &Hits::is_partial, boolean(),
                 "True: words are in more texts than are ranked (100,000, with a phrase or times "
                 "50,000; on PostgreSQL 2,000), of which the newest with the rarest words were "
                 "looked at; or a filter is about more than 20,000 things, of which those nearest "
                 "to what is meant were; or the index is being made (building).")
          .field("lag", &Hits::lag, integer(),
                 "So many events of the pod are not in the index yet: mostly 0.")
          .field("building", &Hits::building, schema_of<Building>(),
                 "The index of words is being made, and has not come to the end of the log yet: "
                 "how far it is. Else absent.")
          .field("notices", &Hits::notices, array(string()),
                 "What explains that nothing is found: filters that nothing of yours passes.")
          .field("nextCursor", &Hits::next_cursor, string(), "Absent on the last page.");
  return schema;
}

struct SimilarQuery {
  std::string entity_id;
  std::vector<std::string> types;
  std::int64_t limit = 20;
};
const ObjectSchema<SimilarQuery>& describe(Type<SimilarQuery>) {
  static const auto schema =
      object<SimilarQuery>("SimilarQuery")
          .field("entityId", &SimilarQuery::entity_id, string().uuid())
          .field_or("types", &SimilarQuery::types, array(string().min(1).max(100)).max(kTypesMax),
                    {}, "Only these: note, task, ... Empty: all.")
          .field_or("limit", &SimilarQuery::limit, integer().min(1).max(kLimitMax), 20);
  return schema;
}

struct SimilarHits {
  std::vector<Hit> hits;
  std::optional<std::string> reason;
};
const ObjectSchema<SimilarHits>& describe(Type<SimilarHits>) {
  static const auto schema = object<SimilarHits>("SimilarHits")
                                 .field("hits", &SimilarHits::hits, array(schema_of<Hit>()),
                                        "The nearest first, never itself.")
                                 .field("reason", &SimilarHits::reason, string(),
                                        "What is missing: the index of meanings is not complete.");
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
  std::optional<std::string> type;
  std::string title;
};
const ObjectSchema<Suggested>& describe(Type<Suggested>) {
  static const auto schema = object<Suggested>("Suggestion")
                                 .field("entityId", &Suggested::entity_id, string().uuid())
                                 .field("entityType", &Suggested::entity_type)
                                 .field("type", &Suggested::type, string(), kOwnTypeDocs)
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

struct MeaningStatus {
  std::string status;
  std::optional<std::string> model;
  std::vector<std::string> models;
  std::optional<std::int64_t> dimension;
  std::int64_t passages = 0;
  std::optional<std::int64_t> position;
  std::optional<std::int64_t> lag;
  std::optional<std::int64_t> filled_to;
  double passages_per_second = 0;
  std::optional<std::int64_t> eta;
  std::int64_t memory_bytes = 0;
  std::int64_t memory_bytes_max = 0;
  std::string place = "directory";
  std::string compared_by = "memory";
  std::optional<std::string> error;
};
const ObjectSchema<MeaningStatus>& describe(Type<MeaningStatus>) {
  static const auto schema =
      object<MeaningStatus>("MeaningStatus")
          .field("status", &MeaningStatus::status,
                 one_of({"none", "live", "filling", "rebuilding", "failing"}),
                 "none: there is no model, words answer alone; filling: things are missing still; "
                 "rebuilding: the model before answers meanwhile; failing: it is tried again.")
          .field("model", &MeaningStatus::model, string(), "That is used.")
          .field("models", &MeaningStatus::models, array(string()),
                 "That were added, the newest first.")
          .field("dimension", &MeaningStatus::dimension, integer(), "Numbers of a vector.")
          .field("passages", &MeaningStatus::passages, integer(), "Of your texts.")
          .field("position", &MeaningStatus::position, integer(), "The events up to here are in.")
          .field("lag", &MeaningStatus::lag, integer(), "Events that are not.")
          .field("filledTo", &MeaningStatus::filled_to, integer(),
                 "While it is rebuilt: how far the new one is.")
          .field("passagesPerSecond", &MeaningStatus::passages_per_second, number(), "Lately.")
          .field("etaSeconds", &MeaningStatus::eta, integer(), "Until all is in, at that speed.")
          .field("memoryBytes", &MeaningStatus::memory_bytes, integer(),
                 "Of vectors that are in memory.")
          .field("memoryBytesMax", &MeaningStatus::memory_bytes_max, integer())
          .field("place", &MeaningStatus::place, one_of({"directory", "database"}),
                 "Where its index is: in the database nodes have one together.")
          .field(
              "comparedBy", &MeaningStatus::compared_by,
              one_of({"memory", "neighbours", "nothing"}),
              "What compares your vectors: neighbours: they are more than memoryBytesMax, and an "
              "index of pgvector does; nothing: they are more, and words answer.")
          .field("error", &MeaningStatus::error, string(), "Why there is none, or it fails.");
  return schema;
}

struct SearchedType {
  std::string name;
  std::optional<std::string> icon;
};
const ObjectSchema<SearchedType>& describe(Type<SearchedType>) {
  static const auto schema =
      object<SearchedType>("SearchedType")
          .field("name", &SearchedType::name, string(), "note, task, ..., x.book")
          .field("icon", &SearchedType::icon, string(), "Of a type of your own that has one.");
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
  std::vector<SearchedType> types;
  MeaningStatus meaning;
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
          .field("error", &IndexStatus::error, string(), "Why nothing is written into it.")
          .field("types", &IndexStatus::types, array(schema_of<SearchedType>()),
                 "By which search.query filters: those of the pod, and behind entity your own.")
          .field("meaning", &IndexStatus::meaning, schema_of<MeaningStatus>(),
                 "Of search by meaning: its model, and its index.");
  return schema;
}

// A cursor is the place of the last hit: the bits of its score, and its number. Of an answer by
// meaning it begins with its mode and the number of the index that it is by.
std::string cursor_of(const search::Found& found) {
  const auto& place = *found.next;
  std::uint64_t bits = 0;
  std::memcpy(&bits, &place.relevance, sizeof bits);
  auto cursor = fmt::format("{:016x}{:x}", bits, place.number);
  if (found.mode == Mode::kText) return cursor;
  return fmt::format("{}{:08x}{}", found.mode == Mode::kHybrid ? 'h' : 's', found.index, cursor);
}

template <class Number>
bool read_hex(std::string_view& text, std::size_t size, Number& number) {
  if (text.size() < size || size == 0) return false;
  const auto read = std::from_chars(text.data(), text.data() + size, number, 16);
  text.remove_prefix(size);
  return read.ec == std::errc() && read.ptr == text.data();
}

// False: it is no cursor, or of another mode than is asked for.
bool go_on_behind(search::Ask& ask, std::string_view cursor) {
  constexpr std::size_t kIndexSize = 8;
  constexpr std::size_t kBitsSize = 16;
  auto mode = Mode::kText;
  if (cursor.starts_with('h') || cursor.starts_with('s')) {
    mode = cursor.starts_with('h') ? Mode::kHybrid : Mode::kSemantic;
    cursor.remove_prefix(1);
    std::uint32_t index = 0;
    if (!read_hex(cursor, kIndexSize, index)) return false;
    ask.after_index = index;
    if (ask.mode && *ask.mode != mode) return false;
  }
  std::uint64_t bits = 0;
  search::Place place;
  if (!read_hex(cursor, kBitsSize, bits) || !read_hex(cursor, cursor.size(), place.number)) {
    return false;
  }
  std::memcpy(&place.relevance, &bits, sizeof bits);
  if (!std::isfinite(place.relevance)) return false;
  // Words have answered, whatever was asked for: so they go on.
  ask.mode = mode;
  ask.after = place;
  return true;
}

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

// A day is all of it.
std::int64_t time_of(const std::string& date, bool is_end) {
  const bool is_day = date.size() == 10;
  const auto at = parse_iso8601(is_day ? date + "T00:00:00Z" : date).value_or(0);
  return is_day && is_end ? at + kDayMs : at;
}

void add_filter(search::Ask& ask, std::string field, const std::string& value) {
  ask.items.push_back({.kind = Item::Kind::kFilter,
                       .field = std::move(field),
                       .text = value,
                       .is_of_query = false});
}

// Those of the pod, and the user's own types of entities, where one of these is asked for.
Task<Result<std::vector<std::string>>> known_types(const Rooms& rooms, const std::string& user_id,
                                                   const std::vector<std::string>& asked) {
  std::vector<std::string> known;
  for (const auto& kind : rooms.search.kinds()) known.push_back(kind.name);
  if (std::ranges::any_of(asked, entities::is_type_name)) {
    auto own = co_await entities::types_of(rooms, user_id);
    if (!own) co_return fail(own.error());
    for (auto& type : *own) known.push_back(std::move(type.name));
  }
  co_return known;
}

std::string none_of(std::string_view value, const std::vector<std::string>& known) {
  return fmt::format("\"{}\" is none that is searched; these are {}", value,
                     fmt::join(known, ", "));
}

Task<Result<>> check_types(const Rooms& rooms, const std::string& user_id,
                           const std::vector<std::string>& types) {
  const auto known = co_await known_types(rooms, user_id, types);
  if (!known) co_return fail(known.error());
  for (const auto& type : types) {
    if (std::ranges::find(*known, type) != known->end()) continue;
    co_return fail(Code::kBadRequest, "types: " + none_of(type, *known));
  }
  co_return Result<>{};
}

// Names of types have no others.
std::string in_small_letters(std::string text) {
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// What could never be found: types and statuses that there are not. Tags and projects may come.
Task<Result<>> check_filters(const Rooms& rooms, const std::string& user_id,
                             const search::Ask& ask) {
  std::vector<std::string> types;
  for (const auto& item : ask.items) {
    if (item.field == "type") types.push_back(in_small_letters(item.text));
  }
  const auto known = co_await known_types(rooms, user_id, types);
  if (!known) co_return fail(known.error());
  for (const auto& item : ask.items) {
    if (item.kind != Item::Kind::kFilter) continue;
    const auto values =
        item.field == "type" ? std::optional(*known) : rooms.search.values_of(item.field);
    if (!values) continue;
    const bool is_known = std::ranges::any_of(*values, [&](const std::string& value) {
      return search::key_of("", value) == search::key_of("", item.text);
    });
    if (is_known) continue;
    if (item.is_of_query) {
      co_return fail(search::wrong_at(ask.text, item.place, none_of(item.text, *values)));
    }
    co_return fail(Code::kBadRequest,
                   fmt::format("filters.{}: {}", item.field, none_of(item.text, *values)));
  }
  co_return Result<>{};
}

std::string notice_of(const search::Unmatched& filter) {
  const auto& [field, value] = filter;
  if (field == "tag") return fmt::format("Nothing of yours has the tag \"{}\"", value);
  if (field == "type") return fmt::format("Nothing of yours is of the type \"{}\"", value);
  if (field == "projectId") return fmt::format("Nothing of yours is for the project {}", value);
  return fmt::format("Nothing of yours has the {} \"{}\"", field, value);
}

std::optional<Mode> mode_of(const std::optional<std::string>& name) {
  if (!name) return std::nullopt;
  return *name == "hybrid" ? Mode::kHybrid : *name == "text" ? Mode::kText : Mode::kSemantic;
}

std::string_view name_of(Mode mode) {
  return mode == Mode::kHybrid ? "hybrid" : mode == Mode::kText ? "text" : "semantic";
}

Result<search::Ask> ask_of(const Rooms& rooms, const SearchQuery& query) {
  search::Ask ask{.text = query.q,
                  .mode = mode_of(query.mode),
                  .types = query.types,
                  .limit = static_cast<int>(query.limit)};
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
  if (query.cursor && !go_on_behind(ask, *query.cursor)) {
    return fail(Code::kBadRequest, "cursor: it is none of search.query");
  }
  return ask;
}

std::optional<std::string> own_type(std::string type) {
  if (type.empty()) return std::nullopt;
  return type;
}

Hit shown(search::Hit hit) {
  Hit shown{.entity_id = hit.id.to_string(),
            .entity_type = std::move(hit.type),
            .type = own_type(std::move(hit.own_type)),
            .title = std::move(hit.title),
            .score = hit.place.relevance,
            .scores = {hit.words, hit.meaning, hit.title_score},
            .updated_at = to_iso8601(hit.updated_at)};
  for (auto& part : hit.snippet) shown.snippet.push_back({std::move(part.text), part.is_match});
  if (!hit.passage.empty()) shown.passage = std::move(hit.passage);
  return shown;
}

Task<Result<Hits>> query(const Rooms& rooms, Session session, SearchQuery input) {
  auto known = co_await check_types(rooms, session.user_id(), input.types);
  if (!known) co_return fail(known.error());
  auto ask = ask_of(rooms, input);
  if (!ask) co_return fail(ask.error());
  auto possible = co_await check_filters(rooms, session.user_id(), *ask);
  if (!possible) co_return fail(possible.error());
  ask->key_id = session.authority->key_behind(session.actor);
  // Before it is read: what is told must not be less than what was missing.
  const auto lag = rooms.search.lag();
  const auto position = rooms.search.progress().position;
  auto found = co_await rooms.search.find(std::string(session.user_id()), std::move(*ask));
  if (!found) co_return fail(found.error());
  Hits hits{.mode = std::string(name_of(found->mode)),
            .total = found->total,
            .is_partial = !found->total.has_value(),
            .lag = lag};
  if (!found->mode_reason.empty()) hits.mode_reason = found->mode_reason;
  if (found->is_being_made) hits.building = Building{position, position + lag};
  for (const auto& filter : found->unmatched) hits.notices.push_back(notice_of(filter));
  if (found->next) hits.next_cursor = cursor_of(*found);
  for (auto& hit : found->hits) hits.hits.push_back(shown(std::move(hit)));
  co_return hits;
}

Task<Result<Suggestions>> suggest(const Rooms& rooms, Session session, SuggestQuery input) {
  auto found = co_await rooms.search.suggest(std::string(session.user_id()), input.prefix,
                                             static_cast<int>(input.limit));
  if (!found) co_return fail(found.error());
  Suggestions answer;
  for (auto& one : *found) {
    answer.suggestions.push_back({one.id.to_string(), std::move(one.type),
                                  own_type(std::move(one.own_type)), std::move(one.title)});
  }
  co_return answer;
}

// So far behind is a moment of an import, and no more.
constexpr std::int64_t kMomentLag = 1'000;

MeaningStatus meaning_of(const std::optional<search::MeaningStatus>& found) {
  if (!found) return {.status = "none", .error = "this pod searches by words only"};
  MeaningStatus answer{.status = "none",
                       .models = found->models,
                       .passages = found->passages,
                       .passages_per_second = std::round(found->passages_per_second * 10) / 10,
                       .eta = found->eta_s,
                       .memory_bytes = static_cast<std::int64_t>(found->blocks_bytes),
                       .memory_bytes_max = static_cast<std::int64_t>(found->blocks_bytes_max)};
  if (found->is_shared) answer.place = "database";
  if (found->compared_by == search::ComparedBy::kNeighbours) answer.compared_by = "neighbours";
  if (found->compared_by == search::ComparedBy::kNothing) answer.compared_by = "nothing";
  if (!found->model.empty()) answer.model = found->model;
  if (found->dimension > 0) answer.dimension = static_cast<std::int64_t>(found->dimension);
  if (!found->problem.empty()) answer.error = found->problem;
  if (!found->index) return answer;
  const auto& index = *found->index;
  answer.position = index.position;
  answer.lag = found->lag;
  answer.filled_to = index.next_position;
  if (!index.error.empty()) {
    answer.status = "failing";
    answer.error = index.error;
  } else if (!found->query_problem.empty()) {
    answer.status = "failing";
    answer.error = found->query_problem;
  } else if (index.next_position) {
    answer.status = "rebuilding";
  } else {
    const bool is_behind = !index.is_complete || found->lag > kMomentLag;
    answer.status = is_behind ? "filling" : "live";
  }
  return answer;
}

Task<Result<SimilarHits>> similar(const Rooms& rooms, Session session, SimilarQuery input) {
  auto known = co_await check_types(rooms, session.user_id(), input.types);
  if (!known) co_return fail(known.error());
  search::SimilarAsk ask{.entity = Uuid::parse(input.entity_id).value_or(Uuid{}),
                         .types = input.types,
                         .limit = static_cast<int>(input.limit)};
  auto found = co_await rooms.search.similar(std::string(session.user_id()), std::move(ask));
  if (!found) co_return fail(found.error());
  SimilarHits answer;
  if (!found->mode_reason.empty()) answer.reason = found->mode_reason;
  for (auto& hit : found->hits) answer.hits.push_back(shown(std::move(hit)));
  co_return answer;
}

Task<Result<IndexStatus>> status(const Rooms& rooms, Session session) {
  auto found = co_await rooms.search.status(std::string(session.user_id()));
  if (!found) co_return fail(found.error());
  IndexStatus answer{.status = "live",
                     .documents = found->documents,
                     .position = found->position,
                     .end = found->end,
                     .lag = found->lag(),
                     .filled_to = found->next_position,
                     .meaning = meaning_of(found->meaning)};
  if (!found->error.empty()) {
    answer.status = "failing";
    answer.error = found->error;
  } else if (found->next_position) {
    answer.status = "rebuilding";
  } else if (found->lag() > kMomentLag) {
    answer.status = "filling";
  }
  for (const auto& kind : rooms.search.kinds()) {
    answer.types.push_back({kind.name, std::nullopt});
    if (kind.name != entities::kNoun) continue;
    auto own = co_await entities::types_of(rooms, session.user_id());
    if (!own) co_return fail(own.error());
    for (auto& type : *own) answer.types.push_back({std::move(type.name), std::move(type.icon)});
  }
  co_return answer;
}

const rpc::ErrorMeta kUnavailable = {Code::kServiceUnavailable,
                                     "The index is being opened, or cannot be read now; with why."};

}  // namespace

void add(const Rooms& rooms) {
  add_query(
      rooms, "search.query",
      {.summary = "Find your notes, tasks and all else by their words and their meaning.",
       .docs =
           "Words are found in any form (\"running\" by \"run\"), without capitals and accents. "
           "A thing needs one of the words; those with more of them, with rarer ones, and with "
           "them in the title come first. A \"phrase\" and what has a field must be there, what "
           "has a minus must not. Where there is a sentence model, things whose meaning is near "
           "are "
           "found, too, under the same rules. See docs/search.md. What was changed a moment ago "
           "is found by its words within a tenth of a second, by its meaning later.",
       .errors = {{Code::kBadRequest,
                   "q says nothing that could be found: the message says where and why, and "
                   "error.data.reason is SEARCH_SYNTAX, with position, the number of characters "
                   "before it. Or a mode, type, status or cursor that there is not."},
                  kUnavailable},
       .examples = {{R"({"q":"garden \"old oak\" -draft","types":["note"]})", ""}},
       // The words go to the provider of the sentence model, where one is set.
       .reach = rpc::Reach::kPod},
      query);
  add_query(rooms, "search.similar",
            {.summary = "Your things that are nearest to one of them by their meaning.",
             .errors = {{Code::kNotFound, "You have no such thing, or it is not indexed yet."},
                        {Code::kBadRequest, "A type that there is not."},
                        {Code::kPreconditionFailed, "There is no sentence model."},
                        kUnavailable},
             .reach = rpc::Reach::kPod},
            similar);
  add_query(rooms, "search.suggest",
            {.summary = "Your things whose titles begin so.",
             .errors = {kUnavailable},
             .reach = rpc::Reach::kPod},
            suggest);
  add_query(rooms, "search.status",
            {.summary = "How far the indexes of search are behind the log, and by which model.",
             .errors = {kUnavailable},
             .reach = rpc::Reach::kPod},
            status);
}

}  // namespace synap::features::searching
