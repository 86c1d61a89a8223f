// NounParts: what the commands, queries and folds of one noun share. Private to this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "db/table.h"
#include "features/noun/noun.h"
#include "features/noun/stored_text.h"

namespace synap::features {

/// A field by which lists are filtered and sorted, and its column.
struct IndexedField {
  /// The place of a value that is not listed, as an event of an earlier version may have it: behind
  /// all that are, and behind those that will be.
  static constexpr std::int64_t kUnlisted = std::int64_t{1} << 32;

  std::string name;    // "dueDate"
  std::string column;  // "f_dueDate"
  db::ColumnType type = db::ColumnType::kText;
  bool is_nullable = false;
  bool has_ranges = false;  // numbers and texts in the order of time: ...From, ...To
  Schema schema;

  /// Its values are listed: the column holds the place of each in the list, so that they are in the
  /// order in which they are declared.
  bool is_listed() const { return schema.kind() == SchemaKind::kEnum; }
};

/// The value of an indexed field in its column; views what it was made of.
db::Value column_value(const IndexedField& field, const Json* value);

struct NounParts {
  NounParts(const Rooms& rooms, NounOptions options, Schema fields);

  std::string type(std::string_view action, std::string_view suffix) const;  // task.creation.failed
  std::string title(std::string_view rest) const;                            // TaskCreated
  std::string one() const;                                                   // "a task"
  /// The thing's fields, and nothing else, in their order; what is absent and has a default too.
  Json filled(const Json& state) const;
  /// True where its commands may say what imports know (TextOptions::takes_imports).
  bool takes_imports() const { return options.text && options.text->takes_imports; }
  bool has_derived() const { return options.text && !options.text->derived.empty(); }
  /// True where the text of a thing may say that it has tags (TextOptions::tags).
  bool has_text_tags() const { return options.tags && options.text && options.text->tags; }

  const Rooms& rooms;
  const NounOptions options;
  const Schema fields;
  Schema taken;       // its fields without those that are made
  Schema changeable;  // of these those that are not fixed
  Schema shown;       // a thing as lists show it
  Schema full;        // as `get` shows it
  Schema said;        // its fields in events: large ones are absent where they have their default
  std::vector<IndexedField> indexed;
  /// Its projections, while commands are being added: each brings an event that is folded.
  projections::Projection* things = nullptr;
  projections::Projection* counts = nullptr;
  std::string totals;  // the table of how many things each user has
};

// Characters, not bytes, of a text. The request body's limit is reached first by most of this
// length.
inline constexpr std::size_t kTextCharactersMax = 5'000'000;

/// What a creation says of its upload: {id, size, checksum}.
Schema upload_schema();
/// A text that a user has put into the bucket by the URL of an upload, which is whole then.
struct UploadedText {
  std::string text;
  StoredText file;
};
/// It is as `said`. kNotFound: there is none, or of long ago; kUnprocessableContent: it is another,
/// or no text.
Task<Result<UploadedText>> uploaded_text(const NounParts& parts, std::string user_id, Uuid id,
                                         Json said);

// Where the life of a thing with a text is, as far as it was asked for: kept in its row, so that
// the next change can be decided on by one look, however long its history is.
inline constexpr std::string_view kCreating = "creating";
inline constexpr std::string_view kLive = "live";
inline constexpr std::string_view kDeleting = "deleting";

// In events and rows of a noun with a text: the names of the fields that would follow from it and
// were given.
inline constexpr std::string_view kGiven = "given";
// In what an update asks for: the names of the fields that are to follow from the text again.
inline constexpr std::string_view kFollowing = "following";
// In events and rows of a noun whose text may have tags: those that it has; and those that were
// given, where some of them are in the text as well, so that they stay when the text changes.
inline constexpr std::string_view kTextTags = "textTags";
inline constexpr std::string_view kOwnTags = "ownTags";
// In what an update asks for, of its text: the one that there is, looked at anew.
inline constexpr std::string_view kPresentText = "present";
// In commands and events: when a thing was made and changed where it comes from.
inline constexpr std::string_view kCreatedAt = "createdAt";
inline constexpr std::string_view kUpdatedAt = "updatedAt";
// In commands and in the metadata of their events: which import they are a part of. A repeat of an
// idempotency key may come from another one, so it is no part of what a repeat has in common.
inline constexpr std::string_view kBatch = "batch";

inline constexpr auto kCreatedAtDocs = "When it was made where it comes from; absent: now.";
inline constexpr auto kUpdatedAtDocs = "When it was changed where it comes from; absent: now.";

/// What the procedure does to a thing, as its events call it: "creation" of "create"; to restore is
/// an update.
std::string_view action_of(std::string_view procedure);

/// The first letter as a capital.
std::string capital(std::string_view word);

void add_noun_event_types(NounParts& parts);
void add_noun_change_events(NounParts& parts, const ChangeOptions& options, const Schema& input);
void add_noun_projections(const std::shared_ptr<NounParts>& parts);
void add_noun_commands(const std::shared_ptr<NounParts>& parts);
/// Those of a noun with a text, and what the workers do when one of them was asked for.
void add_text_commands(const std::shared_ptr<NounParts>& parts);
/// The procedures that give URLs of texts: to get one from the bucket, and to put one there.
void add_text_urls(const std::shared_ptr<NounParts>& parts);
void add_text_handlers(const std::shared_ptr<NounParts>& parts);
void add_noun_queries(const std::shared_ptr<NounParts>& parts);
void add_noun_list(const std::shared_ptr<NounParts>& parts);
/// Makes its things known to search, unless NounOptions::searched says that they are not found.
void add_noun_search(const std::shared_ptr<NounParts>& parts);
void add_tag_list(const std::shared_ptr<NounParts>& parts);
/// A tag as it is stored: in NFC, or as it is where that has too many characters, as a few letters
/// are two there.
std::string tag_form(const NounParts& parts, std::string_view tag);
/// The tags of a state or event in this form, each once: events of earlier versions may have
/// others.
void compose_tags(const NounParts& parts, Json& state);
/// The procedures that rename a tag, or take it away, on all things; of a noun with a text.
void add_retagging(const std::shared_ptr<NounParts>& parts);
/// The procedure that gives a tag a colour, and the follower that keeps them. After
/// add_retagging(), if that is.
void add_tag_colours(const std::shared_ptr<NounParts>& parts);
void add_former_get(const std::shared_ptr<NounParts>& parts, const std::string& procedure);
/// The events and the procedure of a command of its own.
void add_noun_change(const std::shared_ptr<NounParts>& parts, const ChangeOptions& options,
                     const Schema& input, NounCore::Decide decide);

/// A thing as it is or was in one version.
/// Of the marker that a damaged thing has in lists.
inline constexpr const char* kDamagedDocs =
    "True: what is stored of it cannot be read; its fields are empty, and the log has what they "
    "were.";

struct Thing {
  std::int64_t version = 0;
  std::int64_t created_at = 0;  // Unix ms
  std::int64_t updated_at = 0;
  std::string source;
  std::optional<Uuid> request_id;
  Json state;                  // its fields, filled
  bool is_damaged = false;     // what is stored of them cannot be read: they are empty values
  Json given = Json::array();  // the names of those that would follow from its text
  Json text_tags = nullptr;    // as its row has them (kTextTags)
  Json own_tags = nullptr;
  // Of a noun with a text.
  StoredText file;
  std::string preview;
};
/// The columns of a thing's row; read_thing() reads a row of them that begins at `first`.
std::string thing_columns(const NounParts& parts);
Thing read_thing(const NounParts& parts, db::Rows& row, int first);
/// What a row's `data` say of a thing. Nothing where they are damaged: no object, with a field of
/// another kind than the noun's, or with none of those that it must have (one that was added to the
/// noun later may be absent).
std::optional<Json> stored_state(const NounParts& parts, std::string_view data);
/// What whoever needs a damaged row is told: kInternalServerError, which names it, with
/// {"reason":"ROW_DAMAGED","projection":"notes","id":"..."}.
Error damaged_row(const NounParts& parts, const Uuid& id);
/// kNotFound: the user has none of this id; or it has no such version. damaged_row().
Task<Result<Thing>> find_thing(const NounParts& parts, const api::Session& session, Uuid id);
Task<Result<Thing>> find_version(const NounParts& parts, const api::Session& session, Uuid id,
                                 std::int64_t version);
Error no_such(const NounParts& parts);

/// The follower that counts a noun's things, and those of each tag.
std::string counting_follower(const NounParts& parts);
/// The table of the things that it has counted.
std::string counted_table(const NounParts& parts);
std::string tags_table(const NounParts& parts);
/// Whether a thing of the user's has the tag itself.
bool has_tag(const NounParts& parts, db::Tx& tx, std::string_view user_id, std::string_view tag);
/// A tag below this one that a thing of the user's has: "year/2026" of "year".
std::optional<std::string> tag_below(const NounParts& parts, db::Tx& tx, std::string_view user_id,
                                     const std::string& tag);
std::string tag_counts_table(const NounParts& parts);
/// Also the name of the follower that keeps them.
std::string tag_colours_table(const NounParts& parts);
/// One tag, as the noun's field has it.
Schema tag_schema(const NounParts& parts);
/// The names of the colours that a tag may have.
Schema tag_colour_schema();
/// The tables of a noun's tags: which thing has which, beside the things themselves.
db::Table tag_index_table(const NounParts& parts);
/// Makes the index of a thing's tags right: `before` and `after` are its fields, nullptr: none.
void index_tags(const NounParts& parts, db::Tx& tx, const events::Event& event, const Json* before,
                const Json* after);
/// Where the tags of a thing come from, as its row has them: those that were given, and those that
/// its text has.
struct TagSources {
  Json::Array given;
  Json::Array of_text;
};
TagSources tag_sources(const NounParts& parts, const Json& state);
/// Sets all tags of a thing, in `fields` of an event: the given ones first, as many as one may
/// have, and which of them are whose.
void set_tags(const NounParts& parts, Json& fields, const TagSources& sources);
/// The same of a row: what is said of where its tags come from; absent: as it was `before`.
void keep_tag_sources(Json& state, const Json& said, const Json* before);
/// The tags of a thing that were given.
Json::Array given_tags_of(const NounParts& parts, const Thing& thing);
/// Of tags that somebody gives those that are his: one that he has read of the thing, and that only
/// its text had, is none by being sent back.
Json::Array given_tags(const Json::Array& tags, const TagSources& before);
/// The tags that a text has; of those that a thing can have.
Json::Array tags_in_text(const NounParts& parts, std::string_view beginning);
projections::Projection tag_counts_projection(std::shared_ptr<NounParts> parts);
/// The fold of a noun with a text.
std::function<void(db::Tx&, const events::Event&)> text_fold(std::shared_ptr<NounParts> parts);

/// What is given replaces what was; null takes away.
Json patched(const Json& now, const Json& patch);

/// What a caller is shown of a thing; its schema is NounParts::full without the text.
Json shown(const NounParts& parts, const Uuid& id, Thing thing);

}  // namespace synap::features
