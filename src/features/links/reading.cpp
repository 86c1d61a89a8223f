// Links and tags in notes, and their aliases, that were stored before the pod read them: a run
// reads the texts of a user's notes, some in a commit, and appends for each what its completion
// would have appended, and asks for an update where its tags are not known, as these are the
// completion's. What is known of a note already, or is found by an update meanwhile, is not found
// again. A run reads so many notes, and asks for another one, which goes on behind them: one that
// is called again reads no more than these.
#include <fmt/format.h>

#include <algorithm>

#include "features/command.h"
#include "features/links/reading.h"
#include "features/procedures.h"
#include "workers/step.h"

namespace synap::features::links {
namespace {

using api::Session;
using events::Event;
using events::EventType;
using workers::Outcome;
using workers::Step;

// In one commit: some 10 ms of the writer.
constexpr std::int64_t kNotesACommit = 50;
// Before it: where notes have so many links to aliases, fewer notes are read at a time.
constexpr std::size_t kRelationsACommit = 10'000;
constexpr std::string_view kEnd = "end";

/// How far it has come.
struct Progress {
  std::optional<std::string> behind;  // the note behind which to go on
  std::int64_t read = 0;              // notes
  std::int64_t found = 0;             // those whose links, tags or aliases were not known
  std::int64_t unreadable = 0;        // those without their text in the content store
};
const ObjectSchema<Progress>& describe(Type<Progress>) {
  static const auto schema =
      object<Progress>("NoteLinkReading")
          .field("behind", &Progress::behind, string(),
                 "The note behind which to go on; absent: from the first one on.")
          .field("read", &Progress::read, integer().min(0), "Notes.")
          .field("found", &Progress::found, integer().min(0),
                 "Those of them whose links, tags or aliases were not known as they are.")
          .field("unreadable", &Progress::unreadable, integer().min(0),
                 "Those whose text is not where it was stored.");
  return schema;
}

constexpr EventType<Progress> kRequested{.name = "note.link_reading.requested",
                                         .needs_aggregate = true};
constexpr EventType<Progress> kCompleted{.name = "note.link_reading.completed",
                                         .needs_aggregate = true};

TextOptions::Consequence awaited(const std::vector<std::string>& names) {
  Json all = Json::array();
  for (const auto& name : names) all.push_back(name);
  return {std::string(kNameAwaited), Json::object({{"names", std::move(all)}})};
}

constexpr std::string_view kUpdate = "note.update.requested";
Json read_again() {
  return Json::object({{"text", Json::object({{"present", Json::object()}})}});
}

struct Note {
  Uuid id;
  std::int64_t version = 0;
  std::string file;
  std::optional<Json> links;  // absent: its text is not there
  Json tags = Json::array();
  std::vector<std::string> awaited;  // aliases of it
};

struct Notes {
  std::vector<Note> all;
  bool are_last = false;
};

class Reading final : public workers::EventHandler {
 public:
  Reading(const Rooms& rooms, TextOptions::Consequences wanted, TextOptions::Tags tags,
          int parts_max)
      : rooms_(rooms), wanted_(std::move(wanted)), tags_(std::move(tags)), parts_max_(parts_max) {}
  std::string_view event_type() const override { return kRequested.name; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto asked = data_of(event, kRequested);
    if (!asked) co_return Outcome::failed_for_good(asked.error());
    auto progress = **asked;
    for (int part = 1; part <= parts_max_ && progress.behind != kEnd; ++part) {
      auto notes = co_await read_some(event.user_id, progress.behind);
      if (!notes) co_return Outcome::failed(notes.error());
      auto done = co_await step.commit(fmt::format("links-{}", part), [&](db::Tx& tx) {
        return append_some(tx, event, step.run_id(), *notes, progress);
      });
      if (!done) co_return Outcome::failed(done.error());
      progress = *std::move(done);
    }
    co_return co_await step.finish(
        "publish-end", [&](db::Tx& tx) { publish_end(tx, event, step.run_id(), progress); });
  }

 private:
  Task<Result<Notes>> read_some(std::string user_id, std::optional<std::string> behind) const {
    auto notes = co_await rooms_.database.read_as(user_id, [&](db::Tx& tx) {
      std::vector<Note> found;
      const auto last = Uuid::parse(behind.value_or("")).value_or(Uuid{});
      auto rows =
          tx.query("SELECT id, version, file_path FROM notes WHERE id > $1 ORDER BY id LIMIT $2",
                   last, kNotesACommit);
      while (rows.next()) {
        found.push_back(
            {rows.uuid(0).value_or(Uuid{}), rows.integer(1), rows.text(2), {}, Json::array(), {}});
      }
      return found;
    });
    if (!notes) co_return fail(notes.error());
    const bool are_last = static_cast<std::int64_t>(notes->size()) < kNotesACommit;
    auto read = co_await rooms_.database.read([&](db::Tx& tx) {
      Notes found{.all = *std::move(notes), .are_last = are_last};
      find_awaited(tx, user_id, found);
      return found;
    });
    if (!read) co_return fail(read.error());
    for (auto& note : read->all) {
      auto key = content::ContentKey::parse(note.file);
      if (!key) continue;
      auto text = co_await rooms_.content.get(
          *key,
          {.length = static_cast<std::int64_t>(std::max(wanted_.bytes_max, tags_.bytes_max))});
      if (!text && text.error().code == Code::kNotFound) continue;
      if (!text) co_return fail(text.error());
      const std::string_view beginning = *text;
      note.links = wanted_.read(beginning.substr(0, wanted_.bytes_max));
      for (auto& tag : tags_.read(beginning.substr(0, tags_.bytes_max))) {
        note.tags.push_back(std::move(tag));
      }
    }
    co_return std::move(*read);
  }

  static void find_awaited(db::Tx& tx, std::string_view user_id, Notes& notes) {
    LinkedNotes linked(user_id);
    for (std::size_t i = 0; i < notes.all.size(); ++i) {
      if (linked.looked_at() > kRelationsACommit) {
        notes.all.erase(notes.all.begin() + static_cast<std::ptrdiff_t>(i), notes.all.end());
        notes.are_last = false;
        return;
      }
      notes.all[i].awaited = linked.awaited_aliases(tx, notes.all[i].id);
    }
  }

  // What its row says of the tags in its text; nothing: it is not as it was read.
  static std::optional<Json> known_tags(db::Tx& tx, const Event& event, const Note& note) {
    auto rows =
        tx.query("SELECT data FROM notes_data WHERE id = $1 AND user_id = $2 AND version = $3",
                 note.id, event.user_id, note.version);
    if (!rows.next()) return std::nullopt;
    const auto state = parse_json(rows.view(0));
    const Json* tags = state ? state->find("textTags") : nullptr;
    return tags != nullptr ? *tags : Json::array();
  }

  Progress append_some(db::Tx& tx, const Event& event, const Uuid& run_id, const Notes& notes,
                       Progress progress) const {
    for (const auto& note : notes.all) {
      ++progress.read;
      if (!note.links) {
        ++progress.unreadable;
      } else if (const auto tags = known_tags(tx, event, note)) {
        // What changes it meanwhile reads it as well.
        auto following =
            wanted_.decide(tx, {.user_id = event.user_id, .id = note.id, .read = note.links});
        if (!note.awaited.empty()) following.push_back(awaited(note.awaited));
        if (*tags != note.tags) following.push_back({std::string(kUpdate), read_again()});
        if (!following.empty()) ++progress.found;
        for (const auto& [type, data] : following) append(tx, event, run_id, note.id, type, data);
      }
      if (!tx.ok()) return progress;
    }
    progress.behind = notes.are_last ? std::string(kEnd) : notes.all.back().id.to_string();
    return progress;
  }

  void append(db::Tx& tx, const Event& event, const Uuid& run_id, const Uuid& note,
              const std::string& type, const Json& data) const {
    auto envelope = caused_by(event, run_id);
    envelope.aggregate_id = note;
    envelope.aggregate_type = "note";
    if (type == kUpdate) envelope.request_id = rooms_.types.world().new_id();
    auto found = rooms_.types.make(type, data.dump(), std::move(envelope));
    if (!found) return tx.abort(found.error());
    rooms_.log.append(tx, {.events = {*std::move(found)}});
  }

  void publish_end(db::Tx& tx, const Event& event, const Uuid& run_id, Progress progress) const {
    auto envelope = caused_by(event, run_id);
    const bool is_over = progress.behind == kEnd;
    if (is_over) {
      progress.behind.reset();
    } else {
      // A stream of its own, as the first run has.
      envelope.aggregate_id = rooms_.types.world().new_id();
    }
    auto said = rooms_.types.make(is_over ? kCompleted : kRequested, std::move(progress),
                                  std::move(envelope));
    if (!said) return tx.abort(said.error());
    rooms_.log.append(tx, {.events = {*std::move(said)}});
  }

  const Rooms& rooms_;
  const TextOptions::Consequences wanted_;
  const TextOptions::Tags tags_;
  const int parts_max_;
};

Task<Result<Accepted>> find_links(const Rooms& rooms, Session session) {
  const auto id = rooms.types.world().new_id();
  auto envelope = requested_by(session, id, id, "note_link_reading");
  envelope.starts_stream = true;
  auto event = rooms.types.make(kRequested, Progress{}, std::move(envelope));
  if (!event) co_return fail(event.error());
  auto submitted = co_await submit(rooms, {.event = *std::move(event)});
  if (!submitted) co_return fail(submitted.error());
  co_return std::move(submitted->accepted);
}

}  // namespace

void add_reading(const Rooms& rooms, TextOptions::Consequences wanted, TextOptions::Tags tags,
                 int parts_max) {
  rooms.types.add(kRequested, "The links in all notes of a user are to be found.");
  rooms.types.add(kCompleted, "The links in all notes that the user had are found.");
  auto appends = wanted.types;
  appends.emplace_back(kRequested.name);
  appends.emplace_back(kCompleted.name);
  appends.emplace_back(kUpdate);
  rooms.workers.add("notes.findLinks",
                    std::make_unique<Reading>(rooms, std::move(wanted), std::move(tags), parts_max),
                    {.fulfills = true, .appends = std::move(appends)});
  add_mutation(
      rooms, "notes.findLinks",
      {.summary =
           "Find the [[links]] and #tags in notes that were stored before the pod read them.",
       .docs = "Notes that are made or changed have theirs found by themselves: this "
               "is for once, behind an earlier version. A run reads all of your notes, and "
               "tells each whose links or aliases are not known as they are, and updates each "
               "whose tags are not; the completed event says how many. Done again it finds nothing "
               "more.",
       .effects = rpc::Effects::kIdempotent,
       .appends = {std::string(kRequested.name)}},
      find_links);
}

}  // namespace synap::features::links
