// MarkdownNote: a Markdown file as the note it becomes.
//
// Of its properties (front_matter.h) `title` and `tags` become the note's own, and dates become its
// times (kCreatedNames, kUpdatedNames in the source, docs/import.md); those stay properties as
// well. A title that is no text, or tags that are no list of texts, are no front matter that a note
// can have: the block stays text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace synap::cli {

struct MarkdownNote {
  std::string title;    // of the front matter, or the first heading, or the file's name
  std::string content;  // without front matter; "\n" where that is all there is
  std::vector<std::string> tags;
  Json properties = Json::object();
  std::optional<std::int64_t> created_at;  // Unix ms
  std::optional<std::int64_t> updated_at;
  /// Of the note that it was exported from, and the version that it was then.
  std::string exported_id;
  std::int64_t exported_version = 0;
  std::vector<std::string> remarks;  // what was done otherwise than one may expect
};

/// `name` is the file's, without its folder; `now` is Unix ms. The errors say why the file is no
/// note: it is empty (kNotFound: there is none), or no UTF-8, or too large.
Result<MarkdownNote> read_note(std::string_view name, std::string_view bytes,
                               const std::vector<std::string>& more_tags, std::int64_t now);

/// Larger files are not even read.
inline constexpr std::size_t kFileBytesMax = 10 * 1024 * 1024;

// The bounds of notes.create, in characters.
inline constexpr std::size_t kContentCharactersMax = 5'000'000;
inline constexpr std::size_t kTitleCharactersMax = 500;
inline constexpr std::size_t kTagCharactersMax = 100;
inline constexpr std::size_t kTagsMax = 100;

/// The property that says how the source spells others: an object, by JSON Pointer.
inline constexpr std::string_view kSpellingName = "$spelling";
/// A property of this name no client could read: it is kept as text, below its pointer there.
inline constexpr std::string_view kPrototypeName = "__proto__";
/// What an export says of the note itself: an object with id, version, createdAt, updatedAt, and
/// title, tags and properties, exactly, where no other line of the block can say them.
inline constexpr std::string_view kExportName = "synap";

/// "#a" and " a " are the tag "a".
std::string_view tag_of(std::string_view text);
/// The moment that a date of front matter means, without a zone: in UTC. Nothing: it is none.
std::optional<std::int64_t> moment_of(std::string_view text);

}  // namespace synap::cli
