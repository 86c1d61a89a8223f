// ExportLayout: where in an export each note has its file. One that was imported has the place that
// its file had, below what all imported ones had in common: so links by path find it in the next
// pod, too. Others lie at the top, by their titles.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace synap::cli {

class ExportLayout {
 public:
  /// The path of a file that a note was imported from. All of them, and then settle().
  void add(std::string_view path);
  /// What they have in common is taken off. Where that is nothing but the root of the file system,
  /// they come from several places, each of which has a directory of its own.
  void settle();

  /// The name of the file of an answer of notes.get, without extension: names of directories and
  /// of a file that file_name_of() gives, with "/" between them.
  std::string name_of(const Json& note) const;

 private:
  using Directories = std::vector<std::string>;
  struct Place {
    Directories shared;
    std::string name;  // of the directory that stands for it; empty: none
  };
  static void keep_shared(Directories& shared, const Directories& other);

  bool has_any_ = false;
  Directories shared_;
  // By the first directory of a path: what those that begin so have in common.
  std::map<std::string, Place> places_;
};

}  // namespace synap::cli
