// ModelStore: the sentence models of a pod, a file each in one directory. They are added whole or
// not at all, also where the power goes, and never changed. Any process, also beside a pod that
// runs: who has a model open keeps it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "embedding/model.h"

namespace synap::embedding {

class ModelStore {
 public:
  explicit ModelStore(std::string directory) : directory_(std::move(directory)) {}

  struct Listed {
    std::string id;
    Result<ModelInfo> info;  // an error: the file is damaged
  };
  /// By their ids. None where there is no directory.
  Result<std::vector<Listed>> list() const;

  /// The ids alone, without a look into the files: that which was added last first. None where
  /// there is no directory, or none that can be read.
  std::vector<std::string> newest_ids() const;

  /// kNotFound: there is none of this id. Errors of Model::open.
  Result<std::shared_ptr<const Model>> open(const std::string& id) const;

  /// Gives what was added; the same again is no error. Makes the directory (mode 0700) where that
  /// above it is there. kConflict: somebody else adds or removes one right now. Errors of
  /// Model::file_of.
  Result<ModelInfo> add(const ModelSource& source) const;
  /// kNotFound: there is none of this id; one that is damaged is removed, too.
  Result<> remove(const std::string& id) const;

 private:
  std::string path_of(const std::string& id) const;
  std::string directory_;
};

}  // namespace synap::embedding
