// notes.backlinks: where a note is mentioned.
#include <algorithm>

#include "features/links/links.h"
#include "features/noun/all_nouns.h"
#include "features/procedures.h"

namespace synap::features::links {
namespace {

using api::Session;

constexpr std::int64_t kLimitMax = 100;

struct BacklinksOf {
  std::string id;
  std::int64_t limit = 0;
  std::optional<std::string> cursor;
};
const ObjectSchema<BacklinksOf>& describe(Type<BacklinksOf>) {
  static const auto schema =
      object<BacklinksOf>("BacklinksOf")
          .field("id", &BacklinksOf::id, string().uuid(), "The note.")
          .field_or("limit", &BacklinksOf::limit, integer().min(1).max(kLimitMax), 20)
          .field("cursor", &BacklinksOf::cursor, string().uuid(),
                 "The nextCursor of the page before.");
  return schema;
}

struct Backlink {
  std::string id;
  std::string title;
  std::string target;
  std::string around;
  std::string relation_id;
};
const ObjectSchema<Backlink>& describe(Type<Backlink>) {
  static const auto schema =
      object<Backlink>("Backlink")
          .field("id", &Backlink::id, string().uuid(), "The note that mentions it.")
          .field("title", &Backlink::title, string(), "Of that note.")
          .field("target", &Backlink::target, string(),
                 "What stands in the link there, [[target]]; \"\" where the relation was made by "
                 "hand.")
          .field("around", &Backlink::around, string(),
                 "The words next to the link, some 240 bytes at most; \"\" without one.")
          .field("relationId", &Backlink::relation_id, string().uuid(),
                 "The relation, of type mentioned_in.");
  return schema;
}

struct Backlinks {
  std::vector<Backlink> backlinks;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<Backlinks>& describe(Type<Backlinks>) {
  static const auto schema =
      object<Backlinks>("Backlinks")
          .field("backlinks", &Backlinks::backlinks, array(schema_of<Backlink>()),
                 "The newest relation first.")
          .field("nextCursor", &Backlinks::next_cursor, string(), "Absent on the last page.");
  return schema;
}

std::string target_in(std::string_view data) {
  const auto state = parse_json(data);
  const Json* properties = state ? state->find("properties") : nullptr;
  return properties != nullptr ? std::string(properties->string_or(kWikiLink, "")) : "";
}

// What of it is said by the note that has the link. False: there is no such note.
bool fill(db::Tx& tx, Backlink& link) {
  const auto id = Uuid::parse(link.id).value_or(Uuid{});
  auto notes = tx.query("SELECT data FROM notes WHERE id = $1", id);
  if (!notes.next()) return false;
  link.title = text_in(notes.view(0), "title");
  if (link.target.empty()) return true;
  auto rows =
      tx.query("SELECT around FROM note_links WHERE entity = $1 AND target = $2", id, link.target);
  if (rows.next()) link.around = rows.text(0);
  return true;
}

std::optional<Backlinks> find(db::Tx& tx, const BacklinksOf& asked) {
  const auto id = Uuid::parse(asked.id).value_or(Uuid{});
  if (!tx.query("SELECT 1 FROM notes WHERE id = $1", id).next()) return std::nullopt;
  constexpr std::string_view kLastId = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  const auto from_id = id.to_string();
  const auto before = Uuid::parse(asked.cursor.value_or(std::string(kLastId))).value_or(Uuid{});
  const auto limit = asked.limit + 1;
  std::vector<Backlink> links;
  Backlinks page;
  auto rows = tx.query(
      "SELECT id, f_toId, data FROM relations WHERE f_fromId = $1 AND f_type = $2 AND id < $3 "
      "ORDER BY id DESC LIMIT $4",
      from_id, kRelationType, before, limit);
  while (rows.next()) {
    if (static_cast<std::int64_t>(links.size()) == asked.limit) {
      page.next_cursor = links.back().relation_id;
      break;
    }
    links.push_back({.id = rows.text(1),
                     .target = target_in(rows.view(2)),
                     .relation_id = rows.uuid(0).value_or(Uuid{}).to_string()});
  }
  for (auto& link : links) {
    if (fill(tx, link)) page.backlinks.push_back(std::move(link));
  }
  return page;
}

Task<Result<Backlinks>> backlinks(const Rooms& rooms, Session session, BacklinksOf asked) {
  auto found = co_await rooms.database.read_as(session.user_id(),
                                               [&](db::Tx& tx) { return find(tx, asked); });
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such note of yours");
  co_return **std::move(found);
}

}  // namespace

void add_backlinks(const Rooms& rooms) {
  add_query(rooms, "notes.backlinks",
            {.summary = "Where a note is mentioned: the notes that link to it.",
             .docs = "A [[wiki link]] in the text of a note becomes a relation, shortly after the "
                     "note is stored. Relations of type mentioned_in that were made by hand are "
                     "told as well.",
             .errors = {{Code::kNotFound, "You have no such note."}},
             .reach = rpc::Reach::kPod},
            backlinks);
}

}  // namespace synap::features::links
