// DiskFiles: the file system of the content store over a simulated disk.
#pragma once

#include <map>

#include "content/local/file_system.h"
#include "simulation/disk.h"

namespace synap::simulation {

/// Of the world's one thread. A root is a directory in the root of the disk.
class DiskFiles final : public content::FileSystem {
 public:
  explicit DiskFiles(Disk& disk) : disk_(disk) {}

  /// After a loss of power, when nothing is open any more.
  void forget();

  int open_root(const std::string& path) override;
  int open(int directory, const std::string& name, int flags) override;
  void close(int file) override { open_.erase(file); }
  bool make_directory(int directory, const std::string& name) override;
  bool rename(int from, const std::string& from_name, int to, const std::string& to_name,
              unsigned flags) override;
  bool unlink(int directory, const std::string& name) override;
  ssize_t read(int file, char* to, std::size_t count, off_t at) override;
  ssize_t write(int file, const char* from, std::size_t count) override;
  bool sync(int file) override;
  bool sync_all(int file) override;
  bool look(int file, content::FileInfo& info) override;
  bool look(int directory, const std::string& name, content::FileInfo& info) override;
  bool list(int directory, const std::function<void(const char* name, Kind)>& use) override;

 private:
  struct Open {
    NodeRef node;
    std::size_t at = 0;  // where the next write goes
  };
  int open_node(NodeRef node);
  bool is_fine(int error);
  NodeRef node_of(int file) { return open_.at(file).node; }

  Disk& disk_;
  std::map<int, Open> open_;
  int next_ = 3;
};

}  // namespace synap::simulation
