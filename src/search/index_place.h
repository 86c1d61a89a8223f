// IndexPlace: where indexes of one family are, by name: files of a directory (DirectoryPlace), or
// tables of the pod's database, which nodes share (shared_index.h). The name of an index says its
// description, so that one of another is beside it until it takes its place.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timer.h"
#include "search/index_file.h"

namespace synap::search {

class IndexPlace {
 public:
  IndexPlace() = default;
  IndexPlace(const IndexPlace&) = delete;
  IndexPlace& operator=(const IndexPlace&) = delete;
  virtual ~IndexPlace() = default;

  /// Of one that others read: grows when this process has written here; nullptr: nobody else does.
  virtual Watermark* shared_commits() { return nullptr; }
  virtual std::string name_of(std::string_view version) const = 0;
  /// Whether this program knows its tables.
  virtual bool is_readable(const std::string& name) const = 0;
  /// Before all below.
  virtual Task<Result<>> prepare() = 0;
  virtual Task<Result<std::vector<std::string>>> names() = 0;
  /// To be loaded.
  virtual Result<std::unique_ptr<IndexFile>> open(const std::string& name) = 0;
  /// Now, whoever reads it.
  virtual Task<Result<>> remove(std::string name) = 0;
  /// One that nobody is to answer from any more.
  virtual Task<Result<>> retire(std::string name) { return remove(std::move(name)); }
  /// What there is to be done later; now and then.
  virtual Task<Result<>> tidy() { co_return Result<>{}; }
  /// Of one that another writes; nothing: it is not there, or nobody is to answer from it.
  virtual Task<Result<std::optional<Checkpoint>>> checkpoint_of(std::string name) = 0;
};

class DirectoryPlace final : public IndexPlace {
 public:
  struct Options {
    std::string directory;    // of indexes of all families; made where it is missing
    std::string_view family;  // "index-": how the names of its files begin
    std::string_view prefix;  // "index-1-": of those that can still be read
    std::function<Result<std::unique_ptr<IndexFile>>(const std::string& path)> open;
  };
  explicit DirectoryPlace(Options options) : options_(std::move(options)) {}

  std::string name_of(std::string_view version) const override;
  bool is_readable(const std::string& name) const override;
  Task<Result<>> prepare() override;
  Task<Result<std::vector<std::string>>> names() override;
  Result<std::unique_ptr<IndexFile>> open(const std::string& name) override;
  Task<Result<>> remove(std::string name) override;
  Task<Result<std::optional<Checkpoint>>> checkpoint_of(std::string name) override;

 private:
  std::string path_of(const std::string& name) const;

  const Options options_;
};

}  // namespace synap::search
