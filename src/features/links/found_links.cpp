// Which links the text of each note has, and by which names each note is found; both are rows of
// the note itself, folded with its own events.
#include <algorithm>
#include <map>
#include <memory>

#include "base/text.h"
#include "features/links/links.h"
#include "features/links/reading.h"
#include "markdown/html.h"
#include "markdown/wiki_links.h"

namespace synap::features::links {
namespace {

using db::ColumnType;
using events::Event;
using events::EventType;
using projections::Projection;

constexpr std::string_view kFound = "note.links.found";
constexpr std::string_view kCreated = "note.creation.completed";
constexpr std::string_view kUpdated = "note.update.completed";
constexpr std::string_view kDeleted = "note.deletion.completed";

std::shared_ptr<const Json> data_of_json(db::Tx& tx, const Event& event) {
  auto data = data_of(event, EventType<Json>{event.type});
  if (data) return *data;
  tx.abort(data.error());
  return nullptr;
}

// Which users have links at all. Where one has none, nobody waits for a name of his, and there is
// nothing to be asked of the database when he makes a note. On the writer's thread, of a pod that
// is alone with its database.
class LinkedUsers {
 public:
  bool has(db::Tx& tx, std::string_view user_id) {
    if (known_.size() >= kUsersMax || undone_ != tx.undone()) known_.clear();
    undone_ = tx.undone();
    if (const auto known = known_.find(user_id); known != known_.end()) return known->second;
    auto rows = tx.query("SELECT 1 FROM note_links_data WHERE user_id = $1 LIMIT 1", user_id);
    const bool has = rows.next();
    if (tx.ok()) known_.emplace(user_id, has);
    return has;
  }
  void note_link(std::string_view user_id) {
    if (const auto known = known_.find(user_id); known != known_.end()) known->second = true;
  }

 private:
  static constexpr std::size_t kUsersMax = 10'000;
  std::map<std::string, bool, std::less<>> known_;
  std::int64_t undone_ = -1;
};

Projection found_links(std::shared_ptr<LinkedUsers> linked) {
  return {
      .name = "note_links",
      .kind = Projection::Kind::kInline,
      .tables = {{.name = "note_links",
                  .columns = {{"entity", ColumnType::kBytes},
                              {"place", ColumnType::kInteger},
                              {"user_id"},
                              {"key"},
                              {"target"},
                              {"heading"},
                              {"around"}},
                  .primary_key = {"entity", "place"},
                  .indexes = {{.columns = {"user_id", "key", "entity"}}}}},
      .types = {std::string(kFound), std::string(kDeleted)},
      .revision = 2,  // keys in NFC
      .fold = [linked = std::move(linked)](db::Tx& tx, const Event& event) {
        tx.run("DELETE FROM note_links_data WHERE entity = $1", event.aggregate_id);
        if (event.type == kDeleted || event.is_erased) return;
        const auto data = data_of_json(tx, event);
        if (data == nullptr) return;
        linked->note_link(event.user_id);
        std::int64_t place = 0;
        for (const auto& link : data->find("links")->as_array()) {
          const auto target = link.string_or("target", "");
          tx.run(
              "INSERT INTO note_links_data(entity, place, user_id, key, target, heading, around) "
              "VALUES ($1, $2, $3, $4, $5, $6, $7)",
              event.aggregate_id, place++, event.user_id, key_of(target), target,
              link.string_or("heading", ""), link.string_or("around", ""));
        }
      }};
}

void remove_names(db::Tx& tx, const Event& event, std::string_view kind) {
  tx.run("DELETE FROM note_names_data WHERE entity = $1 AND kind = $2", event.aggregate_id, kind);
}

void add_name(db::Tx& tx, const Event& event, std::string_view kind, std::int64_t place,
              std::string_view name) {
  tx.run(
      "INSERT INTO note_names_data(entity, kind, place, user_id, key, name) "
      "VALUES ($1, $2, $3, $4, $5, $6)",
      event.aggregate_id, kind, place, event.user_id, key_of(name), composed(name));
}

// A completed event says what has changed.
void put_names(db::Tx& tx, const Event& event, const Json& said) {
  const Json* title = said.find("title");
  if (title != nullptr && title->is_string()) {
    remove_names(tx, event, "title");
    add_name(tx, event, "title", 0, title->as_string());
  }
  const Json* origin = said.find("origin");
  if (origin != nullptr && origin->is_object()) {
    remove_names(tx, event, "file");
    add_name(tx, event, "file", 0, origin->string_or("path", ""));
  }
  if (const Json* properties = said.find("properties")) {
    if (event.type != kCreated) remove_names(tx, event, "alias");
    std::int64_t place = 0;
    for (const auto& alias : aliases_in(*properties)) {
      add_name(tx, event, "alias", place++, alias);
    }
  }
}

Projection names() {
  return {.name = "note_names",
          .kind = Projection::Kind::kInline,
          .tables = {{.name = "note_names",
                      .columns = {{"entity", ColumnType::kBytes},
                                  {"kind"},  // file: the name is its path; title; alias
                                  {"place", ColumnType::kInteger},
                                  {"user_id"},
                                  {"key"},
                                  {"name"}},  // in NFC
                      .primary_key = {"entity", "kind", "place"},
                      .indexes = {{.columns = {"user_id", "key", "entity"}}}}},
          .types = {std::string(kCreated), std::string(kUpdated), std::string(kDeleted)},
          .fold = [](db::Tx& tx, const Event& event) {
            if (event.type == kDeleted) {
              tx.run("DELETE FROM note_names_data WHERE entity = $1", event.aggregate_id);
              return;
            }
            if (event.is_erased) return;
            const auto data = data_of_json(tx, event);
            if (data != nullptr) put_names(tx, event, *data);
          }};
}

bool is_awaited(db::Tx& tx, const TextOptions::Change& change, std::string_view name) {
  const auto key = key_of(name);
  auto rows = tx.query(
      "SELECT 1 FROM note_links_data WHERE user_id = $1 AND key = $2 AND entity <> $3 LIMIT 1",
      change.user_id, key, change.id);
  return rows.next();
}

// Whether the text says something else than before.
bool has_changed(db::Tx& tx, const TextOptions::Change& change) {
  const auto& links = change.read->as_array();
  if (change.is_creation) return !links.empty();
  auto rows = tx.query(
      "SELECT target, heading, around FROM note_links_data WHERE entity = $1 ORDER BY place",
      change.id);
  for (const auto& link : links) {
    if (!rows.next() || rows.view(0) != link.string_or("target", "") ||
        rows.view(1) != link.string_or("heading", "") ||
        rows.view(2) != link.string_or("around", "")) {
      return true;
    }
  }
  return rows.next();
}

// The names of a note that is deleted which others have as well: links may go on to these.
std::vector<std::string> names_left(db::Tx& tx, const TextOptions::Change& change) {
  std::vector<std::string> left;
  auto rows = tx.query(
      "SELECT n.name FROM note_names_data AS n WHERE n.entity = $1 AND EXISTS (SELECT 1 FROM "
      "note_names_data AS o WHERE o.user_id = $2 AND o.key = n.key AND o.entity <> $1)",
      change.id, change.user_id);
  while (rows.next()) left.push_back(rows.text(0));
  return left;
}

std::vector<std::string> aliases_of(db::Tx& tx, const Uuid& note) {
  std::vector<std::string> aliases;
  auto rows = tx.query(
      "SELECT name FROM note_names_data WHERE entity = $1 AND kind = 'alias' ORDER BY place", note);
  while (rows.next()) aliases.push_back(rows.text(0));
  return aliases;
}

// The title that it had, where links may say it and it gets another one. Not by an import: what
// its files say is theirs, and they say it all.
std::optional<std::string> title_left(db::Tx& tx, const TextOptions::Change& change) {
  const Json* title = change.fields.find("title");
  const bool is_imported = change.fields.find("origin") != nullptr;
  if (change.is_creation || is_imported || title == nullptr || !title->is_string()) {
    return std::nullopt;
  }
  std::string former;
  {
    auto rows = tx.query("SELECT name FROM note_names_data WHERE entity = $1 AND kind = 'title'",
                         change.id);
    if (!rows.next() || rows.view(0) == composed(title->as_string())) return std::nullopt;
    former = rows.text(0);
  }
  const auto key = key_of(former);
  auto links = tx.query("SELECT 1 FROM note_links_data WHERE user_id = $1 AND key = $2 LIMIT 1",
                        change.user_id, key);
  return links.next() ? std::optional(former) : std::nullopt;
}

// Aliases are said with all other properties: those that it had already are no news.
std::vector<std::string> new_aliases(db::Tx& tx, const TextOptions::Change& change) {
  const Json* properties = change.fields.find("properties");
  auto aliases = properties != nullptr ? aliases_in(*properties) : std::vector<std::string>();
  if (aliases.empty() || change.is_creation) return aliases;
  for (const auto& known : aliases_of(tx, change.id)) std::erase(aliases, known);
  return aliases;
}

std::vector<std::string> names_given(db::Tx& tx, const TextOptions::Change& change) {
  auto given = new_aliases(tx, change);
  const Json* title = change.fields.find("title");
  if (title != nullptr && title->is_string()) given.push_back(title->as_string());
  const Json* origin = change.fields.find("origin");
  if (origin != nullptr && origin->is_object()) given.emplace_back(origin->string_or("path", ""));
  return given;
}

Json renamed_in(const Json& asked) {
  return Json::object({{"from", *asked.find("links")}, {"to", *asked.find("newTarget")}});
}

std::vector<TextOptions::Consequence> decide(LinkedUsers& linked, db::Tx& tx,
                                             const TextOptions::Change& change) {
  std::vector<TextOptions::Consequence> following;
  if (change.read && has_changed(tx, change)) {
    Json found = Json::object({{"links", *change.read}});
    if (!change.renamed.is_null()) found.set("renamed", renamed_in(change.renamed));
    following.push_back({std::string(kFound), std::move(found)});
  }
  Json names = Json::array();
  if (!linked.has(tx, change.user_id)) return following;
  if (auto former = title_left(tx, change)) {
    following.push_back(
        {std::string(kLinksOutdated), Json::object({{"title", *std::move(former)}})});
  }
  for (auto& name : change.is_deletion ? names_left(tx, change) : names_given(tx, change)) {
    if (is_awaited(tx, change, name)) names.push_back(std::move(name));
  }
  if (!names.as_array().empty()) {
    following.push_back({std::string(kNameAwaited), Json::object({{"names", std::move(names)}})});
  }
  return following;
}

Json read(std::string_view text) {
  Json links = Json::array();
  for (auto& link : markdown::wiki_links(text)) {
    Json one = Json::object({{"target", std::move(link.target)}});
    if (!link.heading.empty()) one.set("heading", std::move(link.heading));
    one.set("around", std::move(link.around));
    links.push_back(std::move(one));
  }
  return links;
}

void add_event_type(const Rooms& rooms, std::string_view name, const Schema& data,
                    std::string docs) {
  rooms.types.add(
      name, data, std::move(docs),
      {.needs_aggregate = true,
       .decode = [](const Event& event,
                    const events::EventTypes::Options& options) -> std::shared_ptr<const void> {
         return data_of(event, EventType<Json>{event.type, options.data_version, options.upcast})
             .value_or(nullptr);
       }});
}

}  // namespace

std::vector<std::string> LinkedNotes::awaited_aliases(db::Tx& tx, const Uuid& note) {
  // The relations of one name are made by one run, so some say how it is with all.
  constexpr std::int64_t kLinksLookedAt = 10;
  std::vector<std::string> awaited;
  for (auto& alias : aliases_of(tx, note)) {
    const auto key = key_of(alias);
    std::vector<std::pair<Uuid, std::string>> links;
    {
      auto rows = tx.query(
          "SELECT entity, target FROM note_links_data WHERE user_id = $1 AND key = $2 AND "
          "entity <> $3 ORDER BY entity LIMIT $4",
          user_id_, key, note, kLinksLookedAt);
      while (rows.next()) links.emplace_back(rows.uuid(0).value_or(Uuid{}), rows.text(1));
    }
    const bool is_awaited = std::ranges::any_of(links, [&](const auto& link) {
      if (resolve(tx, user_id_, link.second) != note) return false;
      const auto& relations = of(tx, link.first);
      return !relations.has(link.second) && !relations.is_closed_to(note);
    });
    if (is_awaited) awaited.push_back(std::move(alias));
  }
  return awaited;
}

const LinkRelations& LinkedNotes::of(db::Tx& tx, const Uuid& note) {
  const auto [known, is_new] = known_.try_emplace(note);
  if (is_new) {
    known->second = relations_of_links(tx, user_id_, note);
    // A note without any has been asked for as well.
    looked_at_ += known->second.all.size() + 1;
  }
  return known->second;
}

TextOptions::Consequences add_found_links(const Rooms& rooms, const TextOptions::Tags& tags,
                                          int reading_parts_max) {
  auto link = object("WikiLink");
  link.field("target", string().min(1),
             "What it leads to, as it is written: [[target#heading|words]].")
      .field("heading", optional(string()), "Of the first link to it that has one.")
      .field("around", string(), "The words next to it.");
  auto found = object("NoteLinksFound");
  auto renamed = object("WikiLinksRenamed");
  renamed.field("from", array(string())).field("to", string());
  found.field("links", array(link), "Each target once; the first 500.")
      .field("renamed", optional(renamed),
             "The note to which some of them lead has another title, which they say now.");
  add_event_type(rooms, kFound, found,
                 "The text of a note has [[wiki links]], or had some before: these, now.");
  auto awaited = object("NoteNameAwaited");
  awaited.field("names", array(string().min(1)), "Titles, aliases, or paths of files.");
  add_event_type(rooms, kNameAwaited, awaited,
                 "[[Wiki links]] of other notes may lead to this note now, or no longer.");
  auto outdated = object("NoteLinksOutdated");
  outdated.field("title", string().min(1), "That the note had.")
      .field("behind", optional(string().uuid()),
             "Of a run that goes on where another one ended: the relation behind which.")
      .field("changed", optional(integer().min(0)), "Notes that runs before it have changed.")
      .field("left", optional(integer().min(0)), "Notes that runs before it have left.");
  add_event_type(rooms, kLinksOutdated, outdated,
                 "A note has another title, and [[wiki links]] may say the one that it had.");
  auto renewed = object("NoteLinksRenewed");
  renewed.field("changed", integer().min(0), "Notes of which an update was asked for, once each.")
      .field("left", optional(integer().min(1)),
             "Notes whose links say the former title still: the new one cannot stand in a link or "
             "in this text, or leads to another note; or they were being changed all the time.");
  add_event_type(rooms, kLinksRenewed, renewed,
                 "[[Wiki links]] to a note that has another title say that one.");
  const auto linked = std::make_shared<LinkedUsers>();
  rooms.projections.add(found_links(linked));
  rooms.projections.add(names());
  TextOptions::Consequences consequences{
      .types = {std::string(kFound), std::string(kNameAwaited), std::string(kLinksOutdated)},
      .fields = {"title", "origin", "properties"},
      // One more shows that there is more: the last line is then a part of one.
      .bytes_max = markdown::kTextBytesMax + 1,
      .read = read,
      .renamed = markdown::with_links_renamed,
      .decide = [linked](db::Tx& tx, const TextOptions::Change& change) {
        return decide(*linked, tx, change);
      }};
  add_relinking(rooms, reading_parts_max);
  add_reading(rooms, consequences, tags, reading_parts_max);
  return consequences;
}

}  // namespace synap::features::links
