// Links: [[wiki links]] in the texts of notes, as relations. The note to which a link leads is
// mentioned_in the note that has the link.
//
//   note.creation.completed, note.update.completed
//     note.links.found     the text has links, or had some: which, and the words around each
//       relations.link       makes and deletes relations until they are as the links say
//     note.links.outdated  its title is another, and links of notes say the one that it had
//       notes.relink         asks for an update of each note whose links say it, until they say the
//                            new one: note.links.renewed
//     note.name.awaited    a title, alias or file that links of others lead to has come (or gone,
//                          and another note has it as well)
//       relations.link-awaited  the same for each of those notes, as far as links to it go
//
// These events are appended with the completion by the run that stores the text, which has the text
// at hand, and only where they say something: a note without links has no run and no event more.
//
// A relation belongs to a link by its properties, {"wikiLink": "Title", "heading": "Part"}, and is
// the worker's as long as its source is "system". One that somebody else made or changed is never
// deleted by it. It stands as long as the link is in the text, whatever either note is called by
// now: so the link leads on to a note that is renamed, until the text says the new title, and a new
// note of the old title takes no link away. Where the other note is deleted the relation goes with
// it, and the link waits for the next of that name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/noun/noun.h"
#include "features/rooms.h"

namespace synap::features::links {

inline constexpr std::string_view kRelationType = "mentioned_in";
// Properties of a relation: a link's target, and its heading, if it has one.
inline constexpr std::string_view kWikiLink = "wikiLink";
inline constexpr std::string_view kHeading = "heading";
// Of a note that says several names of the other one: further targets, kOtherLinksMax of them.
inline constexpr std::string_view kOtherLinks = "otherWikiLinks";
inline constexpr std::size_t kOtherLinksMax = 20;

/// The targets that a relation is of: its wikiLink first; none: it is no link's.
std::vector<std::string> targets_in(const Json* properties);

inline constexpr std::string_view kNameAwaited = "note.name.awaited";
inline constexpr std::string_view kLinksOutdated = "note.links.outdated";
inline constexpr std::string_view kLinksRenewed = "note.links.renewed";

/// What a target and the names of notes have in common where the one may mean the other: the last
/// part of the path, without ".md", in small letters and NFC.
std::string key_of(std::string_view name);

inline constexpr std::size_t kAliasesMax = 100;  // of a note; as tags

/// The other names that the properties of a note give it, `aliases` or `alias` in any case: a list,
/// or one text. Each once, in NFC; at most kAliasesMax, and none that no link could have.
std::vector<std::string> aliases_in(const Json& properties);

/// Whether two names differ in capitals and Unicode forms alone.
bool is_same_name(std::string_view one, std::string_view other);

/// The relations of the links of one note.
struct LinkRelations {
  struct One {
    std::string from_id;               // the note to which the links lead
    std::vector<std::string> targets;  // as targets_in() says; not empty
    bool is_own = false;               // the worker's
  };
  std::vector<One> all;
  bool are_all = true;  // false: there are more relations than are looked at

  /// Whether there is one of this target; true where that is not known.
  bool has(std::string_view target) const;
  /// Whether one of this target leads to another note; true where that is not known.
  bool lead_elsewhere(std::string_view target, const Uuid& note) const;
  /// Whether there is one to this note that is given no further target.
  bool is_closed_to(const Uuid& note) const;
};

/// Looks at a thousand relations at most, among which are those of kWikiLinksMax links unless
/// people have made as many beside them.
LinkRelations relations_of_links(db::Tx& tx, std::string_view user_id, const Uuid& note);

/// The note of this user that a link's target means; nothing: none, now. In this order: the target
/// is its file's path or the end of it, its title, or an alias of it, as it is written, before one
/// that differs in capitals; files before titles before aliases; the shortest path; the oldest.
/// Unicode forms make no difference.
std::optional<Uuid> resolve(db::Tx& tx, std::string_view user_id, std::string_view target);

/// Commits by which one run finds links in notes of before (notes.findLinks), or asks for notes to
/// say the new title of one; then another goes on.
inline constexpr int kReadingPartsMax = 20;

/// Event types and projections: which links each note has, and by which names it is found. What
/// follows from a change of a note. notes.findLinks. Once a pod.
TextOptions::Consequences add_found_links(const Rooms& rooms, const TextOptions::Tags& tags,
                                          int reading_parts_max);
/// The workers. Behind relations.
void add_linking(const Rooms& rooms);
/// What becomes of links to a note that gets another title. One run asks in `parts_max` commits at
/// most. Behind the noun.
void add_relinking(const Rooms& rooms, int parts_max);
/// notes.backlinks. Behind relations.
void add_backlinks(const Rooms& rooms);

}  // namespace synap::features::links
