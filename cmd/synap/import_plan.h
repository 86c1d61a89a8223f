// ImportPlan: what is to be done about a file, by what the pod knows of it.
//
//   its note was exported from this pod      nothing, or a new version where the file was edited
//   a note was imported from its path        nothing, or a new version where the file has changed
//   ... and was deleted                      nothing, or with `again` a new note
//   a note has its content, and the file     the note is told its new path
//     that it came from is gone
//   none of these                            a new note
//   the pod has lost the text of its note    a new version with it, if it is this file's
//
// A new version has what the file changed since it was imported last. What was changed in the pod
// alone stays; where both changed, the file counts, and a remark names the version that has the
// other.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "synap/markdown_note.h"
#include "synap/pod_client.h"

namespace synap::cli {

/// A file of the tree, read.
struct SourceFile {
  std::size_t index = 0;  // in the tree
  std::string path;       // absolute, valid UTF-8
  std::string checksum;   // SHA-256 of its bytes, hexadecimal
  MarkdownNote note;
};

struct ImportPlan {
  enum class Action { kCreate, kUpdate, kRename, kNothing, kDeleted };
  Action action = Action::kCreate;
  std::string note_id;     // of the note that is there, or was
  Json input;              // of the command: notes.create, or notes.update
  std::string key_of;      // what the idempotency key follows from besides the input
  std::string moved_from;  // kRename: the path before
  std::vector<std::string> remarks = {};
};

/// The notes that a file of this import is already about: so that two copies of a file do not
/// become one note. For any thread.
class NoteClaims {
 public:
  /// False: another file has it.
  bool take(const std::string& note_id, std::string_view path) {
    std::lock_guard lock(mutex_);
    return taken_.emplace(note_id, path).first->second == path;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> taken_;
};

struct PlanOptions {
  bool brings_back = false;              // --again: what was deleted becomes a new note
  const std::vector<std::string>& tags;  // of the command, for every note
};

/// The input of notes.create for a file, as it is without anything in the pod.
Json creation_of(const SourceFile& file);

/// A plan for each of `files`, in their order. Errors are those of the pod's answers; a passing one
/// may be tried again.
Result<std::vector<ImportPlan>> make_plans(PodClient& pod, const std::vector<SourceFile>& files,
                                           const PlanOptions& options, NoteClaims& claims);

}  // namespace synap::cli
