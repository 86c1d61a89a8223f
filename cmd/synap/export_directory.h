// ExportDirectory: where exported notes are written, and the directories in it. What is there and
// was not exported stays as it is; symbolic links are not followed; a file is whole or not there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace synap::cli {

class ExportDirectory {
 public:
  /// Makes the directory (not those above it) if it is not there, and reads which notes the files
  /// at its top were exported from. kNotFound, kForbidden: why it cannot be.
  static Result<ExportDirectory> open(const std::string& path);
  ExportDirectory(ExportDirectory&& other) noexcept;
  ~ExportDirectory();

  struct Exported {
    std::string name;          // from the directory on: "of/them.md"
    std::int64_t version = 0;  // of the note
  };
  /// The file that was exported from this note, if there is one: of the given names, in their
  /// order, or at the top. What lies elsewhere is somebody's: a copy, another export.
  std::optional<Exported> of_note(const std::string& id,
                                  const std::vector<std::string>& names) const;

  /// The bytes of a file. kNotFound: there is none. kForbidden: it is no regular file.
  Result<std::string> read(const std::string& name) const;
  /// Makes the directories of its name, too. kConflict: there is one of this name, whatever it is;
  /// or what is no directory, where one is to be.
  Result<> add(const std::string& name, std::string_view bytes) const;
  /// In the place of what is there under this name, which was `present` when it was read.
  /// kConflict: it is that no more, and stays.
  Result<> replace(const std::string& name, std::string_view present, std::string_view bytes) const;
  /// Of the files at the top that were exported.
  std::vector<std::string> names() const;

 private:
  explicit ExportDirectory(int directory) : directory_(directory) {}
  Result<> find_exported();
  std::optional<Exported> exported_at(const std::string& id, const std::string& name) const;

  int directory_ = -1;
  std::map<std::string, Exported> exported_;  // at the top, by the note's id
};

}  // namespace synap::cli
