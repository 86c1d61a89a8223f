// NoteFile: a note as a Markdown file that an import reads back as the same note.
//
//   "---" title, tags, the properties as YAML, and `synap`: id, version, createdAt, updatedAt "---"
//   the text, byte for byte
//
// Where YAML would be read back as something else (a name of more than 1,024 characters, a title
// that ends with a space), the block is JSON between ";;;" and says title, tags and properties in
// `synap`, exactly. Which of the two it is decides a try: what is written was read.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace synap::cli {

/// `note` is an answer of notes.get. kUnprocessableContent: no file is read back as this note.
Result<std::string> note_file(const Json& note);

/// The tags of a note that its text does not say by itself (#tag): those that a file has beside it.
Json own_tags(const Json& note);

/// True if a file is read as exactly this note: title, text, tags, properties and times.
bool is_file_of(std::string_view bytes, const Json& note);

/// True if it is such a file and says no more than an export does: what is read of it with a remark
/// (a comment, a name that comes twice) was written by somebody.
bool is_export_of(std::string_view bytes, const Json& note);

/// Equal, in whatever order the members of objects are.
bool is_same_value(const Json& one, const Json& other);

/// A name for a file of this title, without extension: of one directory, not hidden, at most 120
/// bytes, and without what a file system or a terminal takes for something else.
std::string file_name_of(std::string_view title);

/// The names that are taken in one directory, on file systems that ignore the case of letters, too.
class FileNames {
 public:
  /// False: another has it.
  bool take(std::string_view name);

 private:
  std::set<std::string> taken_;
};

}  // namespace synap::cli
