// Noun: things of one kind that users keep: tasks, projects, contacts. From one described struct
// come their event types, table, view, indexes and fold, their history, and their procedures:
//
//   tasks.create, update, delete, get, list, history, restore
//
// so that a noun costs a page (docs/a-noun-in-ten-minutes.md):
//
//   struct Task { std::string title; std::string status; std::optional<std::string> due_date; };
//   const ObjectSchema<Task>& describe(Type<Task>) { ... .field("title", &Task::title, ...) ... }
//
//   Noun<Task> tasks(rooms, {.name = "task", .plural = "tasks", .indexed = {"status", "dueDate"}});
//   tasks.add_field_change({.procedure = "complete", ..., .field = "status", .value = "done"});
//   tasks.add_change<Delay>({...}, [](Task now, const Delay& asked) -> Result<Task> { ... });
//
// Commands without outside effects complete at once: `.requested` and `.completed` are appended and
// folded in one commit, and the answer says what version the thing has now. The event is still the
// only cause, and whoever listens to `.requested` hears it.
//
// A noun with a text (NounOptions::text) keeps it in the content store, a file for each version.
// Its commands append `.requested` and are answered "pending"; workers store the text and append
// `.completed`, for one thing in the order in which it was asked.
//
// A field that follows from the text (TextOptions::derived) and was not given follows it further:
// a change of the text renews it, until somebody gives one. Where older events do not say whether
// it was given, it was not if it is what follows from how the text began.
//
// A field that is added needs a default (field_or, or an optional): then older events are read with
// it, and the table fills itself again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/procedures.h"
#include "features/command.h"
#include "features/rooms.h"
#include "schema/schema.h"

namespace synap::features {

/// The text that things of a noun have beside their fields: `content` in its procedures.
struct TextOptions {
  std::string extension;  // of its files: "md"
  std::string docs;       // of the text: "Markdown."
  /// Fields that a creation may leave out, since they follow from the text.
  struct Derived {
    std::string field;
    std::function<Json(std::string_view text)> from;
  };
  std::vector<Derived> derived = {};
  /// What follows from a completed change besides, in its commit: other events of the same thing.
  /// A noun pays for it where something follows, and for one look otherwise.
  struct Change {
    std::string_view user_id;
    Uuid id;
    bool is_creation = false;  // there is nothing from before
    bool is_deletion = false;
    Json fields = Json::object();             // those of Consequences::fields that it says
    std::optional<Json> read = std::nullopt;  // absent: the text is as it was
    // What the update asked of the text that was there (Consequences::renamed): `links`, the names,
    // and `newTarget`; null: nothing.
    Json renamed = nullptr;
  };
  struct Consequence {
    std::string type;  // of the event
    Json data;
  };
  struct Consequences {
    std::vector<std::string> types;   // of the events
    std::vector<std::string> fields;  // which decide() is told, where a change says them
    std::size_t bytes_max = 0;  // of the beginning of a text, which is all that `read` is given
    /// Pure.
    std::function<Json(std::string_view text)> read;
    /// The text with what it says of other things by one of these names saying `to` instead, for
    /// updates that ask for it (kPresentText); nothing: none do. Pure.
    std::function<std::string(std::string_view text, const std::vector<std::string>& names,
                              std::string_view to)>
        renamed = nullptr;
    /// In the transaction of the completion, before it is appended.
    std::function<std::vector<Consequence>(db::Tx& tx, const Change& change)> decide;
  };
  std::optional<Consequences> consequences = std::nullopt;
  /// How a text says that its thing has tags, beside those that are given (NounOptions::tags).
  struct Tags {
    std::size_t bytes_max = 0;  // of the beginning of a text, which is all that `read` is given
    /// Each once. Pure.
    std::function<std::vector<std::string>(std::string_view text)> read;
    /// The text with a tag renamed; or with nothing there that is one (`to`: nothing, or what
    /// cannot stand there). Pure.
    std::function<std::string(std::string_view text, std::string_view tag, std::string_view to)>
        renamed;
  };
  std::optional<Tags> tags = std::nullopt;
  /// Commands may say what imports know: createdAt and updatedAt, when a thing was made and changed
  /// where it comes from, and batch, the import that they are a part of.
  bool takes_imports = false;
};

/// A field that holds a list of names by which things are found: lists are filtered by one of them,
/// and how many things have each is counted. Names that come twice are kept once.
struct TagOptions {
  std::string field;          // "tags"; also the name of the follower that counts
  std::string one;            // "tag": the filter, and in the names of tables
  std::string procedure;      // "tags.list": lists them with their counts; empty: none does
  bool have_colours = false;  // then "tags.colour" gives them
};

struct NounOptions {
  std::string name;    // "task": in the names of events and as the aggregate type
  std::string plural;  // "tasks": of its procedures and its table
  /// Fields by which lists are filtered and sorted, each with an index of its own.
  std::vector<std::string> indexed = {};
  /// Fields that hold the id of another noun's thing, and that noun's plural: what they name must
  /// be there when they are set (kBadRequest). Without a plural: a thing of any other noun, which
  /// the command is about as well (kNotFound).
  struct Reference {
    std::string field;
    std::string plural = "";
  };
  std::vector<Reference> references = {};
  std::optional<TextOptions> text = std::nullopt;
  std::optional<TagOptions> tags = std::nullopt;
  /// Fields that may be large: lists show them where they are at most 2 KiB, `get` and `history`
  /// always. Events leave them out where they have their default. Of a noun with a text.
  std::vector<std::string> large = {};
  /// Fields that a restore leaves as they are. Of a noun with a text.
  std::vector<std::string> unrestored = {};
  /// Fields that a creation gives and no update changes. Of a noun without a text.
  std::vector<std::string> fixed = {};
  /// Fields that no command takes, since `make` gives them. Of a noun without a text.
  std::vector<std::string> made = {};
  /// Fields that are objects: of them an update gives the members that change; null takes one away.
  /// Of a noun without a text.
  std::vector<std::string> merged = {};
  /// What a thing is to be, from what a command would have it be: judges its fields together,
  /// or by what is stored elsewhere, and fills in those that are `made`. `before`: what it is now;
  /// null: it is created.
  struct Made {
    Json fields;
    /// Streams that this was decided by: when one has changed before the commit it is made anew.
    std::vector<events::Expectation> relies_on = {};
  };
  std::function<Task<Result<Made>>(const api::Session& session, Json fields, Json before)> make =
      nullptr;
  /// Tables that follow from the things as well, and are folded with them.
  struct Beside {
    std::vector<db::Table> tables;
    std::vector<std::string> types;  // of events that are folded besides
    /// `fields`: what the thing is now; nullptr: it is deleted, or the event is of `types`. Where a
    /// thing changes its row is written before, where it is deleted the row goes afterwards.
    std::function<void(db::Tx& tx, const events::Event& event, const Json* fields)> fold;
  };
  std::optional<Beside> beside = std::nullopt;
  bool has_list = true;  // false: it has one of its own (NounCore::shown, columns and read)
  /// Fields whose words are searched (search.query), beside its tags and text; `title` or `name` of
  /// them is the title. Absent: all that hold words, which ids and dates do not. Empty: its
  /// things are not found by search.
  std::optional<std::vector<std::string>> searched = std::nullopt;
  /// Judges the fields that a command gives, beyond what their schemas can say. kBadRequest.
  std::function<Result<>(const Json& given)> check = nullptr;
  std::string example = "";  // JSON text: the input of a creation, for readers of the docs
};

/// What became of a command that completes at once.
struct Completed {
  std::string status = "completed";
  std::string request_id;
  std::string entity_id;
  std::int64_t version = 0;
  std::optional<std::string> proposal_id = {};  // as Accepted has it
};
const ObjectSchema<Completed>& describe(Type<Completed>);

/// A command of a noun's own, beside those that every noun has.
struct ChangeOptions {
  std::string procedure;  // "complete": tasks.complete
  std::string action;     // "completion": task.completion.requested
  std::string summary;    // "Say that a task is done."
  rpc::Effects effects = rpc::Effects::kIdempotent;
};

/// A command that gives one field one value, whatever it was.
struct FieldChangeOptions {
  std::string procedure;  // "complete": tasks.complete
  std::string action;     // "completion": task.completion.requested
  std::string summary;    // "Say that a task is done."
  std::string field;      // "status"
  Json value;             // "done"
};

/// The part of a noun that knows its fields as schemas only. Registers event types, projections and
/// procedures, which keep what they need; itself it is needed for add_change() only.
class NounCore {
 public:
  /// Gives the thing's fields as they are to be, from those it has and the (valid) input of the
  /// command without id, expectedVersion and idempotencyKey.
  using Decide = std::function<Result<Json>(const Json& now, const Json& input)>;

  /// `rooms` must outlive the procedures. CHECKs what `options` says of `fields`.
  NounCore(const Rooms& rooms, NounOptions options, Schema fields);

  /// CHECKs that the noun has no text, as such a change completes at once.
  void add_change(const ChangeOptions& options, const Schema& input, Decide decide);
  /// `get` under a name that it had once.
  void add_former_get(const std::string& procedure);
  /// CHECKs that the noun has the field, and that it takes the value.
  void add_field_change(const FieldChangeOptions& options);

  // For a list of its own.

  /// A thing as lists show it.
  Schema shown() const;
  /// Of a row of the noun's view; read() takes them from `first` on.
  std::string columns() const;
  Json read(db::Rows& row, const Uuid& id, int first) const;

 private:
  std::shared_ptr<struct NounParts> parts_;
};

/// A noun whose fields are those of T.
template <class T>
class Noun {
 public:
  Noun(const Rooms& rooms, NounOptions options)
      : core_(rooms, std::move(options), schema_of<T>()) {}

  void add_former_get(const std::string& procedure) { core_.add_former_get(procedure); }
  void add_field_change(const FieldChangeOptions& options) { core_.add_field_change(options); }
  const NounCore& core() const { return core_; }

  /// `decide` is a callable (T now, const In& input) -> Result<T>.
  template <class In, class Decide>
  void add_change(const ChangeOptions& options, Decide decide) {
    core_.add_change(options, schema_of<In>(),
                     [decide](const Json& now, const Json& input) -> Result<Json> {
                       auto thing = decode<T>(now);
                       if (!thing) return fail(thing.error());
                       auto in = decode<In>(input);
                       if (!in) return fail(in.error());
                       auto then = decide(std::move(*thing), *in);
                       if (!then) return fail(then.error());
                       return parse_json(json_text(*then));
                     });
  }

 private:
  NounCore core_;
};

}  // namespace synap::features
